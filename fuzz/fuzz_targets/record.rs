//! A record of the queue, as it is found on disk.
#![no_main]

use farol_collector::record::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((record, read)) = Record::decode(bytes) {
        assert!(read <= bytes.len());
        let mut again = Vec::new();
        record.encode(&mut again);
        assert!(Record::decode(&again).is_ok());
    }
});
