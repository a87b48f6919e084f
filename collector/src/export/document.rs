//! Documents: a log record or a span as one flat object of names and values, for receivers that are no OpenTelemetry. Pure; written as JSON
//! or as msgpack.
//!
//! Names are OpenTelemetry's for formats other than its own. Nothing is lost where two things have one name: the first has it, the
//! other's stands under what it is an attribute of.

mod fields;
mod json;
mod log;
mod msgpack;
mod span;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::group::Place;
use super::{Batch, Signal};

pub(crate) use fields::Fields;
pub(crate) use json::any as write_any;
pub(crate) use span::{duration, kind, lists};

/// About what a document comes to, so that what it is written to rarely moves while it grows.
pub(crate) const USUAL_DOCUMENT: usize = 2_048;

/// One item.
#[derive(Debug, Default)]
pub(crate) struct Document<'a> {
    /// When it happened, in nanoseconds since 1970.
    pub(crate) time_ns: u64,
    fields: Fields<'a>,
}

/// A value in a document.
#[derive(Debug)]
pub(crate) enum Field<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    /// Nanoseconds since 1970; written as RFC 3339, which is what readers of JSON know a time by.
    Time(u64),
    Any(&'a AnyValue),
    List(Vec<Field<'a>>),
    Map(Vec<(Cow<'a, str>, Field<'a>)>),
}

/// Where a batch's items hang, and their attributes.
pub(crate) fn attributes_of<'a>(
    batch: &'a Batch,
) -> Box<dyn Iterator<Item = (Place<'a>, &'a [KeyValue])> + 'a> {
    match batch.signal() {
        Signal::Logs => Box::new(
            batch
                .placed()
                .map(|(at, it): (_, &LogRecord)| (at, &it.attributes[..])),
        ),
        Signal::Traces => Box::new(
            batch
                .placed()
                .map(|(at, it): (_, &Span)| (at, &it.attributes[..])),
        ),
        // Theirs are of their points.
        Signal::Metrics => Box::new(batch.placed().map(|(at, _): (_, &Metric)| (at, &[][..]))),
    }
}

/// Hands over each item of a batch as a document. Metrics are none.
pub(crate) fn documents<'a>(batch: &'a Batch) -> Box<dyn Iterator<Item = Document<'a>> + 'a> {
    match batch.signal() {
        Signal::Logs => Box::new(
            batch
                .placed::<LogRecord>()
                .map(|(at, it)| log::document(at, it)),
        ),
        Signal::Traces => Box::new(
            batch
                .placed::<Span>()
                .map(|(at, it)| span::document(at, it)),
        ),
        Signal::Metrics => Box::new(std::iter::empty()),
    }
}

/// Names that an item has beside its attributes. No attribute has one of them, though an item without an event name or a trace leaves them free: what a page
/// calls `event_name` is none.
const OWN: [&str; 25] = [
    "@timestamp",
    "signal",
    "trace_id",
    "span_id",
    "trace_flags",
    "observed_timestamp",
    "severity_number",
    "severity_text",
    "event_name",
    "body",
    "name",
    "kind",
    "parent_span_id",
    "trace_state",
    "end_timestamp",
    "duration_ns",
    "otel.status_code",
    "otel.status_description",
    "events",
    "links",
    "otel.scope.name",
    "otel.scope.version",
    "otel.dropped_attributes_count",
    "otel.dropped_events_count",
    "otel.dropped_links_count",
];

/// What an attribute is of: the prefix that it gets where its name is taken.
const ITEM: &str = "attributes.";
const RESOURCE: &str = "resource.attributes.";
const SCOPE: &str = "scope.attributes.";

impl<'a> Document<'a> {
    fn attributes(&mut self, of: &'static str, attributes: &'a [KeyValue]) {
        for pair in attributes {
            let name: Cow<'a, str> = match pair.key.as_str() {
                "" => of.into(),
                own if OWN.contains(&own) => Cow::Owned(format!("{of}{own}")),
                free => free.into(),
            };
            self.fields.add(of, name, any(pair.value.as_ref()));
        }
    }

    /// Makes room for all that an item has beside its own fields.
    fn reserve(&mut self, place: &Place<'a>, own: &[KeyValue]) {
        let resource = place.resource.map_or(0, |it| it.attributes.len());
        self.fields.reserve(OWN.len() + resource + own.len());
    }

    /// What it hangs on.
    fn place(&mut self, place: Place<'a>) {
        if let Some(resource) = place.resource {
            self.attributes(RESOURCE, &resource.attributes);
        }
        if let Some(scope) = place.scope {
            self.fields.scope(scope);
            self.attributes(SCOPE, &scope.attributes);
        }
    }
}

fn any(value: Option<&AnyValue>) -> Field<'_> {
    match value {
        Some(value) => Field::Any(value),
        None => Field::Any(&AnyValue { value: None }),
    }
}

/// Attributes as an object of their own.
fn map(attributes: &[KeyValue]) -> Field<'_> {
    let pairs = attributes.iter();
    let pairs = pairs.map(|it| (it.key.as_str().into(), any(it.value.as_ref())));
    Field::Map(pairs.collect())
}

/// The text of an attribute, where it has one.
pub(crate) fn text_of<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|it| it.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}
