//! Log records and spans as rows, under the names and in the spelling of the OpenTelemetry Collector's ClickHouse tables.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::file::{Columns, Table, Type};
use crate::export::clickhouse::{kind, map, plain, status};
use crate::export::document::duration;
use crate::export::group::Place;
use crate::export::json::Object;
use crate::export::template::app;
use crate::hex::hex;

pub(super) const LOGS: Columns = &[
    ("Timestamp", Type::Time),
    ("ObservedTimestamp", Type::Time),
    ("TraceId", Type::Text),
    ("SpanId", Type::Text),
    ("TraceFlags", Type::Int),
    ("SeverityText", Type::Text),
    ("SeverityNumber", Type::Int),
    ("ServiceName", Type::Text),
    ("Body", Type::Text),
    ("ResourceSchemaUrl", Type::Text),
    ("ResourceAttributes", Type::Map),
    ("ScopeName", Type::Text),
    ("ScopeVersion", Type::Text),
    ("LogAttributes", Type::Map),
    ("EventName", Type::Text),
];

pub(super) const SPANS: Columns = &[
    ("Timestamp", Type::Time),
    ("TraceId", Type::Text),
    ("SpanId", Type::Text),
    ("ParentSpanId", Type::Text),
    ("TraceState", Type::Text),
    ("SpanName", Type::Text),
    ("SpanKind", Type::Text),
    ("ServiceName", Type::Text),
    ("ResourceAttributes", Type::Map),
    ("ScopeName", Type::Text),
    ("ScopeVersion", Type::Text),
    ("SpanAttributes", Type::Map),
    ("Duration", Type::Long),
    ("StatusCode", Type::Text),
    ("StatusMessage", Type::Text),
    ("Events", Type::Text),
    ("Links", Type::Text),
];

/// When it happened, else when it was seen.
pub(super) fn happened(record: &LogRecord) -> u64 {
    match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    }
}

pub(super) fn body(record: &LogRecord) -> Cow<'_, str> {
    record.body.as_ref().map(plain).unwrap_or_default()
}

/// In the order of [`LOGS`].
pub(super) fn log(place: Place<'_>, record: &LogRecord, out: &mut Table) {
    out.long(happened(record));
    out.long(record.observed_time_unix_nano);
    out.text(&hex(&record.trace_id));
    out.text(&hex(&record.span_id));
    // W3C's flags are the lowest byte.
    out.int((record.flags & 0xff) as i32);
    out.text(&record.severity_text);
    out.int(record.severity_number);
    out.text(app(place));
    out.text(&body(record));
    out.text(place.resource_schema);
    whence(place, out);
    attributes(&record.attributes, out);
    out.text(&record.event_name);
}

/// In the order of [`SPANS`].
pub(super) fn span(place: Place<'_>, span: &Span, out: &mut Table) {
    out.long(span.start_time_unix_nano);
    out.text(&hex(&span.trace_id));
    out.text(&hex(&span.span_id));
    out.text(&hex(&span.parent_span_id));
    out.text(&span.trace_state);
    out.text(&span.name);
    out.text(kind(span.kind));
    out.text(app(place));
    whence(place, out);
    attributes(&span.attributes, out);
    out.long(duration(span).unsigned_abs());
    out.text(status(span.status.as_ref()));
    out.text(span.status.as_ref().map_or("", |it| &it.message));
    out.text(&list(&span.events, |row, it| {
        row.text("Timestamp", &it.time_unix_nano.to_string());
        row.text("Name", &it.name);
        map(row.key("Attributes"), &it.attributes);
    }));
    out.text(&list(&span.links, |row, it| {
        row.text("TraceId", &hex(&it.trace_id));
        row.text("SpanId", &hex(&it.span_id));
        row.text("TraceState", &it.trace_state);
        map(row.key("Attributes"), &it.attributes);
    }));
}

fn whence(place: Place<'_>, out: &mut Table) {
    attributes(place.resource.map_or(&[][..], |it| &it.attributes), out);
    out.text(place.scope.map_or("", |it| &it.name));
    out.text(place.scope.map_or("", |it| &it.version));
}

fn attributes(list: &[KeyValue], out: &mut Table) {
    out.map(list.iter().map(|it| {
        let value = it.value.as_ref().map(plain);
        (it.key.as_str(), value.unwrap_or_default())
    }));
}

/// A list of objects as JSON.
fn list<T>(items: &[T], write: impl Fn(&mut Object<'_>, &T)) -> String {
    let mut out = vec![b'['];
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        let mut row = Object::new(&mut out);
        write(&mut row, item);
        row.end();
    }
    out.push(b']');
    String::from_utf8_lossy(&out).into_owned()
}
