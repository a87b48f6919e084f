//! OTLP in: the first byte chooses signal and form, the rest is the body. Decoded, scrubbed, and converted to every dialect.
#![no_main]

use farol_collector::convert::{Dialect, to_otlp};
use farol_collector::decode::{Form, fuzz_otlp};
use farol_collector::record::{Header, SourceKind};
use farol_collector::scrub::Scrubber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let kinds = [SourceKind::OtlpTraces, SourceKind::OtlpLogs, SourceKind::OtlpMetrics];
    let kind = kinds[usize::from(choice >> 1) % kinds.len()];
    let form = if choice & 1 == 0 { Form::Json } else { Form::Protobuf };
    if let Some(mut decoded) = fuzz_otlp(kind, form, body) {
        Scrubber::default().scrub(&mut decoded.payload);
        let header = Header {
            kind,
            ..Header::default()
        };
        for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
            let _ = to_otlp(&header, &decoded.payload, dialect);
        }
    }
});
