//! Messages to the SDK's core: any operation with any bytes.
#![no_main]

use farol_sdk::client::Client;
use farol_sdk::host::Host;
use libfuzzer_sys::fuzz_target;

struct Deaf;

impl Host for Deaf {
    fn emit(&mut self, _signal: u32, _bytes: &[u8]) -> f64 {
        -2.0
    }
    fn number(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(value.to_string().as_bytes());
    }
    fn wall(&self) -> f64 {
        1.7e12
    }
    fn answer(&self, _len: usize) -> &[u8] {
        &[]
    }
}

fuzz_target!(|messages: Vec<(u8, u16, Vec<u8>)>| {
    let mut client = Client::new(Deaf);
    let mut now = 0.0;
    for (op, later, bytes) in messages {
        now += f64::from(later);
        client.put(u32::from(op % 24), now, &bytes);
    }
});
