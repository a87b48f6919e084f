//! A request's body: decoded, scrubbed, and converted to every dialect.
#![no_main]

use farol_collector::convert::{Dialect, to_otlp};
use farol_collector::decode::{Limits, faro, fuzz};
use farol_collector::record::Header;
use farol_collector::scrub::Scrubber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    fuzz(body);
    if let Ok(mut decoded) = faro(body, &Limits::default()) {
        Scrubber::default().scrub(&mut decoded.payload);
        for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
            let _ = to_otlp(&Header::default(), &decoded.payload, dialect);
        }
    }
});
