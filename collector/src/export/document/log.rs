//! The document of a log record.

use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::{Document, Field, ITEM};
use crate::export::group::Place;

pub(super) fn document<'a>(place: Place<'a>, record: &'a LogRecord) -> Document<'a> {
    let happened = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    };
    let mut it = Document {
        time_ns: happened,
        ..Document::default()
    };
    it.reserve(&place, &record.attributes);
    it.fields.time("@timestamp", happened);
    it.fields.text("signal", "logs");
    it.fields
        .time("observed_timestamp", record.observed_time_unix_nano);
    it.fields
        .number("severity_number", record.severity_number.into());
    it.fields.text("severity_text", &*record.severity_text);
    it.fields.text("event_name", &*record.event_name);
    if let Some(body) = &record.body {
        it.fields.put("body", Field::Any(body));
    }
    it.fields.hex("trace_id", &record.trace_id);
    it.fields.hex("span_id", &record.span_id);
    it.fields.flags("trace_flags", record.flags);
    it.fields.number(
        "otel.dropped_attributes_count",
        record.dropped_attributes_count.into(),
    );
    // What it hangs on first: no page takes the name of its service.
    it.place(place);
    it.attributes(ITEM, &record.attributes);
    it
}
