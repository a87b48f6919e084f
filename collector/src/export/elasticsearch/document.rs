//! One item as a document: fields by the Elastic Common Schema, other attributes below `labels`, and what an index cannot hold below
//! `unindexed`, so that no document is refused for its content.

use std::borrow::Cow;

use farol_protocol::names::attr;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::ecs;
use crate::export::document::{Field, duration, hex, kind, lists, text_of, write_object};
use crate::export::group::Place;

/// Elasticsearch's bound on what it indexes of a value below `labels`; far below Lucene's own, at which a document is refused.
const LONGEST_LABEL: usize = 8_191;

type Fields<'a> = Vec<(Cow<'a, str>, Field<'a>)>;

/// A document, and the id under which it is there once.
pub(super) struct Document<'a> {
    /// Empty where the item has none; the server makes one then.
    pub(super) id: String,
    fields: Fields<'a>,
    labels: Fields<'a>,
    unindexed: Fields<'a>,
}

pub(super) fn log<'a>(place: Place<'a>, record: &'a LogRecord, dataset: &'a str) -> Document<'a> {
    let happened = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    };
    let id = text_of(&record.attributes, attr::LOG_RECORD_UID).unwrap_or_default();
    let mut it = Document::new(id.to_owned(), happened, dataset);
    it.time("event.created", record.observed_time_unix_nano);
    it.text("event.action", &*record.event_name);
    it.text("log.level", &*record.severity_text);
    it.number("event.severity", record.severity_number.into());
    match &record.body {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => it.text("message", &**text),
        Some(body) => it.unindexed.push(("body".into(), Field::Any(body))),
        None => {}
    }
    it.text("trace.id", hex(&record.trace_id));
    it.text("span.id", hex(&record.span_id));
    it.number("trace.flags", record.flags.into());
    let dropped = record.dropped_attributes_count;
    it.number("otel.dropped_attributes_count", dropped.into());
    // What it hangs on first: no page takes the name of its service.
    it.place(place);
    it.attributes("item.", &record.attributes);
    it
}

pub(super) fn span<'a>(place: Place<'a>, span: &'a Span, dataset: &'a str) -> Document<'a> {
    let (trace, own) = (hex(&span.trace_id), hex(&span.span_id));
    let id = match own.is_empty() {
        true => String::new(),
        false => format!("{trace}-{own}"),
    };
    let mut it = Document::new(id, span.start_time_unix_nano, dataset);
    it.time("event.start", span.start_time_unix_nano);
    it.time("event.end", span.end_time_unix_nano);
    it.put("event.duration", Field::Int(duration(span)));
    it.text("span.name", &*span.name);
    it.text("span.kind", kind(span));
    it.text("trace.id", trace);
    it.text("span.id", own);
    it.text("parent.id", hex(&span.parent_span_id));
    it.text("trace.state", &*span.trace_state);
    it.number("trace.flags", span.flags.into());
    if let Some(status) = &span.status {
        let outcome = match status.code {
            1 => "success",
            2 => "failure",
            _ => "",
        };
        it.text("event.outcome", outcome);
        it.text("otel.status_description", &*status.message);
    }
    for (name, dropped) in [
        (
            "otel.dropped_attributes_count",
            span.dropped_attributes_count,
        ),
        ("otel.dropped_events_count", span.dropped_events_count),
        ("otel.dropped_links_count", span.dropped_links_count),
    ] {
        it.number(name, dropped.into());
    }
    for (name, list) in lists(span) {
        it.unindexed.push((name.into(), list));
    }
    // What it hangs on first: no page takes the name of its service.
    it.place(place);
    it.attributes("item.", &span.attributes);
    it
}

impl<'a> Document<'a> {
    fn new(id: String, happened: u64, dataset: &'a str) -> Self {
        let mut it = Self {
            id,
            fields: Vec::new(),
            labels: Vec::new(),
            unindexed: Vec::new(),
        };
        // A data stream takes nothing without it.
        it.put("@timestamp", Field::Time(happened));
        it.text("event.dataset", dataset);
        it
    }

    /// Writes it, without a line end.
    pub(super) fn json(mut self, out: &mut Vec<u8>) {
        for (name, below) in [("labels", self.labels), ("unindexed", self.unindexed)] {
            if !below.is_empty() {
                self.fields.push((name.into(), Field::Map(below)));
            }
        }
        write_object(out, &self.fields);
    }

    fn put(&mut self, name: &'static str, field: Field<'a>) {
        self.fields.push((name.into(), field));
    }

    fn text(&mut self, name: &'static str, text: impl Into<Cow<'a, str>>) {
        let text = text.into();
        if !text.is_empty() {
            self.put(name, Field::Text(text));
        }
    }

    fn number(&mut self, name: &'static str, number: i64) {
        if number != 0 {
            self.put(name, Field::Int(number));
        }
    }

    fn time(&mut self, name: &'static str, nanos: u64) {
        if nanos != 0 {
            self.put(name, Field::Time(nanos));
        }
    }

    fn place(&mut self, place: Place<'a>) {
        if let Some(resource) = place.resource {
            self.attributes("resource.", &resource.attributes);
        }
        if let Some(scope) = place.scope {
            self.text("otel.scope.name", &*scope.name);
            self.text("otel.scope.version", &*scope.version);
            self.attributes("scope.", &scope.attributes);
        }
    }

    /// `of` stands before names that are taken.
    fn attributes(&mut self, of: &str, attributes: &'a [KeyValue]) {
        for pair in attributes {
            let Some(value) = &pair.value else { continue };
            let field = ecs::field(&pair.key);
            let below = match (field, is_flat(value), fits(value)) {
                (Some(field), true, _) if !has(&self.fields, field) => {
                    self.put(field, Field::Any(value));
                    continue;
                }
                (_, true, true) => &mut self.labels,
                _ => &mut self.unindexed,
            };
            let mut name = match pair.key.is_empty() {
                true => Cow::Borrowed("_"),
                false => Cow::Borrowed(pair.key.as_str()),
            };
            while has(below, &name) {
                name = Cow::Owned(format!("{of}{name}"));
            }
            below.push((name, Field::Any(value)));
        }
    }
}

fn has(fields: &Fields<'_>, name: &str) -> bool {
    fields.iter().any(|(taken, _)| taken == name)
}

/// Whether a field can hold it: a value, or a list of values.
fn is_flat(value: &AnyValue) -> bool {
    let leaf = |value: &AnyValue| {
        !matches!(
            value.value,
            Some(Value::ArrayValue(_) | Value::KvlistValue(_))
        )
    };
    match &value.value {
        Some(Value::ArrayValue(list)) => list.values.iter().all(leaf),
        _ => leaf(value),
    }
}

/// Whether a label can hold all texts in it.
fn fits(value: &AnyValue) -> bool {
    match &value.value {
        Some(Value::StringValue(text)) => text.len() <= LONGEST_LABEL,
        // As base64.
        Some(Value::BytesValue(bytes)) => bytes.len() <= LONGEST_LABEL / 4 * 3,
        Some(Value::ArrayValue(list)) => list.values.iter().all(fits),
        _ => true,
    }
}
