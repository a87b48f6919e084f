//! Rows of `otel_logs` and `otel_traces`, as lines of JSON. Attributes are maps of texts there: what is no text is written as JSON.

use std::borrow::Cow;
use std::ops::Range;

use farol_protocol::write;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::export::document::{duration, write_any};
use crate::export::group::Place;
use crate::export::json::{Object, write_map, write_text};
use crate::export::template::app;
use crate::hex::hex;

/// Where the last row hangs, and where what it says of that stands in what was written: rows of one record say the same.
#[derive(Default)]
pub(super) struct Last<'a>(Option<(Place<'a>, Range<usize>)>);

pub(super) fn log<'a>(
    place: Place<'a>,
    record: &LogRecord,
    last: &mut Last<'a>,
    out: &mut Vec<u8>,
) {
    let happened = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    };
    let mut row = Row::new(out);
    row.time("Timestamp", happened);
    row.text("TraceId", &hex(&record.trace_id));
    row.text("SpanId", &hex(&record.span_id));
    // W3C's flags are the lowest byte, and the column has no room for more.
    row.number("TraceFlags", u64::from(record.flags & 0xff));
    row.text("SeverityText", &record.severity_text);
    let severity = u64::try_from(record.severity_number).unwrap_or_default();
    row.number("SeverityNumber", severity.min(u64::from(u8::MAX)));
    row.text("ServiceName", app(place));
    let body = record.body.as_ref();
    row.text("Body", &body.map(plain).unwrap_or_default());
    row.place(place, last);
    row.map("LogAttributes", &record.attributes);
    row.text("EventName", &record.event_name);
    row.end();
}

pub(super) fn span(place: Place<'_>, span: &Span, out: &mut Vec<u8>) {
    let mut row = Row::new(out);
    row.time("Timestamp", span.start_time_unix_nano);
    row.text("TraceId", &hex(&span.trace_id));
    row.text("SpanId", &hex(&span.span_id));
    row.text("ParentSpanId", &hex(&span.parent_span_id));
    row.text("TraceState", &span.trace_state);
    row.text("SpanName", &span.name);
    row.text("SpanKind", kind(span.kind));
    row.text("ServiceName", app(place));
    let attributes = place.resource.map_or(&[][..], |it| &it.attributes);
    row.map("ResourceAttributes", attributes);
    if let Some(scope) = place.scope {
        row.text("ScopeName", &scope.name);
        row.text("ScopeVersion", &scope.version);
    }
    row.map("SpanAttributes", &span.attributes);
    row.number("Duration", duration(span).unsigned_abs());
    row.text("StatusCode", status(span.status.as_ref()));
    let words = span.status.as_ref().map_or("", |it| &it.message);
    row.text("StatusMessage", words);
    let events = &span.events;
    row.list("Events.Timestamp", events, |out, it| {
        time(out, it.time_unix_nano);
    });
    row.list("Events.Name", events, |out, it| write_text(out, &it.name));
    row.list("Events.Attributes", events, |out, it| {
        map(out, &it.attributes);
    });
    let links = &span.links;
    row.list("Links.TraceId", links, |out, it| {
        write_text(out, &hex(&it.trace_id));
    });
    row.list("Links.SpanId", links, |out, it| {
        write_text(out, &hex(&it.span_id));
    });
    row.list("Links.TraceState", links, |out, it| {
        write_text(out, &it.trace_state);
    });
    row.list("Links.Attributes", links, |out, it| {
        map(out, &it.attributes);
    });
    row.end();
}

/// As the exporter spells it.
pub(in crate::export) fn kind(kind: i32) -> &'static str {
    match kind {
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "Unspecified",
    }
}

pub(in crate::export) fn status(status: Option<&Status>) -> &'static str {
    match status.map(|it| it.code) {
        Some(1) => "Ok",
        Some(2) => "Error",
        _ => "Unset",
    }
}

/// A row being written. A column that is left out holds nothing.
struct Row<'a>(Object<'a>);

impl<'a> Row<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self(Object::new(out))
    }

    fn end(self) {
        self.0.end().push(b'\n');
    }

    fn text(&mut self, name: &str, text: &str) {
        self.0.text(name, text);
    }

    fn number(&mut self, name: &str, number: u64) {
        write::unsigned(number, self.0.key(name));
    }

    fn time(&mut self, name: &str, nanos: u64) {
        time(self.0.key(name), nanos);
    }

    fn map(&mut self, name: &str, attributes: &[KeyValue]) {
        if !attributes.is_empty() {
            map(self.0.key(name), attributes);
        }
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
        self.0.list(name, items, write);
    }

    fn place<'p>(&mut self, place: Place<'p>, last: &mut Last<'p>) {
        if let Some((known, said)) = &last.0
            && known.is(&place)
        {
            return self.0.again(said.clone());
        }
        let from = self.0.len();
        self.text("ResourceSchemaUrl", place.resource_schema);
        let attributes = place.resource.map_or(&[][..], |it| &it.attributes);
        self.map("ResourceAttributes", attributes);
        self.text("ScopeSchemaUrl", place.scope_schema);
        if let Some(scope) = place.scope {
            self.text("ScopeName", &scope.name);
            self.text("ScopeVersion", &scope.version);
            self.map("ScopeAttributes", &scope.attributes);
        }
        last.0 = Some((place, from..self.0.len()));
    }
}

pub(in crate::export) fn map(out: &mut Vec<u8>, attributes: &[KeyValue]) {
    let pairs = attributes.iter();
    let pairs = pairs.map(|it| (it.key.as_str(), it.value.as_ref()));
    write_map(out, pairs, |out, value| {
        let Some(value) = value else {
            return write_text(out, "");
        };
        // Digits need no escaping, and nothing to be written to before.
        if let Some(Value::IntValue(number)) = value.value {
            out.push(b'"');
            write::signed(number, out);
            out.push(b'"');
        } else {
            write_text(out, &plain(value));
        }
    });
}

/// A value as a text.
pub(in crate::export) fn plain(value: &AnyValue) -> Cow<'_, str> {
    match &value.value {
        Some(Value::StringValue(text)) => Cow::Borrowed(text),
        None => Cow::Borrowed(""),
        Some(Value::DoubleValue(number)) if !number.is_finite() => Cow::Owned(number.to_string()),
        _ => {
            let mut out = Vec::new();
            write_any(&mut out, value, 0);
            Cow::Owned(String::from_utf8_lossy(&out).into_owned())
        }
    }
}

/// Seconds with a fraction, as a text: a number without one is nanoseconds to some versions and seconds to others.
fn time(out: &mut Vec<u8>, nanos: u64) {
    const SECOND: u64 = 1_000_000_000;
    out.push(b'"');
    write::unsigned(nanos / SECOND, out);
    // Its nine digits, with a one before them that gives way to the point.
    let point = out.len();
    write::unsigned(SECOND + nanos % SECOND, out);
    out[point] = b'.';
    out.push(b'"');
}
