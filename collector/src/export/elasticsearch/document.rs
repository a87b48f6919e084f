//! One item as a document: fields by the Elastic Common Schema, other attributes below `labels`, and what an index cannot hold below
//! `unindexed`, so that no document is refused for its content.

use farol_protocol::names::attr;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::ecs;
use crate::convert::id;
use crate::export::document::{Field, Fields, duration, kind, lists, text_of};
use crate::export::group::Place;
use crate::hex::hex;

/// Elasticsearch's bound on what it indexes of a value below `labels`; far below Lucene's own, at which a document is refused.
const LONGEST_LABEL: usize = 8_191;

/// What parts name and value of a label in the index: Elasticsearch refuses a document that has it in a name below `labels`.
const PARTS: char = '\0';

/// About how many fields an item has that are no attributes.
const OWN: usize = 20;

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
    let mut it = Document::new(id_of(record), happened, dataset);
    it.reserve(&place, &record.attributes);
    it.fields
        .time("event.created", record.observed_time_unix_nano);
    it.fields.text("event.action", &*record.event_name);
    it.fields.text("log.level", &*record.severity_text);
    it.fields
        .number("event.severity", record.severity_number.into());
    match &record.body {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => it.fields.text("message", &**text),
        Some(body) => it.unindexed.put("body", Field::Any(body)),
        None => {}
    }
    it.fields.hex("trace.id", &record.trace_id);
    it.fields.hex("span.id", &record.span_id);
    it.fields.flags("trace.flags", record.flags);
    let dropped = record.dropped_attributes_count;
    it.fields
        .number("otel.dropped_attributes_count", dropped.into());
    // What it hangs on first: no page takes the name of its service.
    it.place(place);
    it.attributes("item.", &record.attributes);
    it
}

/// The name of what browsers sent as Faro's or Farol's items is made here, of 32 digits, and no other record has it. One that came in OTLP may be
/// the same on all records of its sender, of which the first alone would be stored, or longer than the 512 bytes for which a bulk request is
/// refused as a whole: there the id is of the name and all that the record says, the same on every try.
fn id_of(record: &LogRecord) -> String {
    let Some(uid) = text_of(&record.attributes, attr::LOG_RECORD_UID) else {
        return String::new();
    };
    let ours = text_of(&record.attributes, attr::ITEM_KIND).is_some();
    if ours && id::<16>(uid).is_some() {
        return uid.to_owned();
    }
    // When it came in is another time where its sender sent it twice.
    let said = LogRecord {
        observed_time_unix_nano: 0,
        ..record.clone()
    };
    hex(&xxhash_rust::xxh3::xxh3_128(&said.encode_to_vec()).to_be_bytes())
}

pub(super) fn span<'a>(place: Place<'a>, span: &'a Span, dataset: &'a str) -> Document<'a> {
    let (trace, own) = (hex(&span.trace_id), hex(&span.span_id));
    let id = match own.is_empty() {
        true => String::new(),
        false => format!("{trace}-{own}"),
    };
    let mut it = Document::new(id, span.start_time_unix_nano, dataset);
    it.reserve(&place, &span.attributes);
    it.fields.time("event.start", span.start_time_unix_nano);
    it.fields.time("event.end", span.end_time_unix_nano);
    it.fields.put("event.duration", Field::Int(duration(span)));
    it.fields.text("span.name", &*span.name);
    it.fields.text("span.kind", kind(span));
    it.fields.text("trace.id", trace);
    it.fields.text("span.id", own);
    it.fields.hex("parent.id", &span.parent_span_id);
    it.fields.text("trace.state", &*span.trace_state);
    it.fields.flags("trace.flags", span.flags);
    if let Some(status) = &span.status {
        let outcome = match status.code {
            1 => "success",
            2 => "failure",
            _ => "",
        };
        it.fields.text("event.outcome", outcome);
        it.fields.text("otel.status_description", &*status.message);
    }
    for (name, dropped) in [
        (
            "otel.dropped_attributes_count",
            span.dropped_attributes_count,
        ),
        ("otel.dropped_events_count", span.dropped_events_count),
        ("otel.dropped_links_count", span.dropped_links_count),
    ] {
        it.fields.number(name, dropped.into());
    }
    for (name, list) in lists(span) {
        it.unindexed.put(name, list);
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
            fields: Fields::default(),
            labels: Fields::default(),
            unindexed: Fields::default(),
        };
        // A data stream takes nothing without it.
        it.fields.put("@timestamp", Field::Time(happened));
        it.fields.text("event.dataset", dataset);
        it
    }

    /// Writes it, without a line end.
    pub(super) fn json(mut self, out: &mut Vec<u8>) {
        for (name, below) in [("labels", self.labels), ("unindexed", self.unindexed)] {
            if !below.is_empty() {
                self.fields.put(name, below.map());
            }
        }
        self.fields.json(out);
    }

    /// Makes room for the attributes.
    fn reserve(&mut self, place: &Place<'a>, own: &[KeyValue]) {
        let resource = place.resource.map_or(0, |it| it.attributes.len());
        // Most have a field.
        self.fields.reserve(OWN + resource + own.len());
    }

    fn place(&mut self, place: Place<'a>) {
        if let Some(resource) = place.resource {
            self.attributes("resource.", &resource.attributes);
        }
        if let Some(scope) = place.scope {
            self.fields.scope(scope);
            self.attributes("scope.", &scope.attributes);
        }
    }

    /// `of` stands before names that are taken.
    fn attributes(&mut self, of: &str, attributes: &'a [KeyValue]) {
        for pair in attributes {
            let Some(value) = &pair.value else { continue };
            let field = ecs::field(&pair.key);
            let below = match (field, is_flat(value), fits(value)) {
                (Some(field), true, _) if !self.fields.has(field) => {
                    self.fields.put(field, Field::Any(value));
                    continue;
                }
                (_, true, true) if !pair.key.contains(PARTS) => &mut self.labels,
                _ => &mut self.unindexed,
            };
            let name = match pair.key.is_empty() {
                true => "_",
                false => pair.key.as_str(),
            };
            below.add(of, name.into(), Field::Any(value));
        }
    }
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
