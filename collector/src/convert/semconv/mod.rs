//! OpenTelemetry's conventions. The resource says what service it is and nothing of the visitor, who is on each record:
//! else every visitor would be a resource, and an index label somewhere.

mod device;
mod event;
mod exception;
mod measurement;
mod record;
mod resource;
mod span;
mod visitor;

use super::Otlp;
use super::attrs::Attrs;
use crate::record::Header;
use farol_protocol::item::Item;
use farol_protocol::names::{SCHEMA_URL, scope};
use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

/// What the conversion of each item of a payload needs.
struct Source<'a> {
    header: &'a Header,
    payload: &'a Payload,
    /// What is said of the visitor of every item that does not say otherwise.
    visitor: Vec<KeyValue>,
}

impl Source<'_> {
    /// The visitor's attributes for one item.
    fn visitor(&self, item: Item<'_>) -> std::borrow::Cow<'_, [KeyValue]> {
        match item.overrides() {
            None => std::borrow::Cow::Borrowed(&self.visitor),
            Some(own) => visitor::attributes(self.header, self.payload, Some(own))
                .0
                .into(),
        }
    }

    /// Adds who sent the item and its place in what its client ever sent.
    fn origin(&self, out: &mut Attrs, index: u32) {
        use farol_protocol::names::attr;
        use opentelemetry_proto::tonic::common::v1::any_value::Value;
        out.text(attr::CLIENT_ID, &self.payload.farol.client);
        if let Some(seq) = self.payload.farol.seq {
            let sequence = i64::try_from(seq.saturating_add(u64::from(index)));
            out.put(
                attr::ITEM_SEQUENCE,
                Value::IntValue(sequence.unwrap_or(i64::MAX)),
            );
        }
    }
}

pub(super) use record::{replaced, template};
pub(super) use span::times as span_times;

/// What is said of the visitor of a whole payload.
pub(super) fn visitor(header: &Header, payload: &Payload) -> Vec<KeyValue> {
    visitor::attributes(header, payload, None).0
}

pub(super) fn convert(header: &Header, payload: &Payload) -> Otlp {
    let source = Source {
        header,
        payload,
        visitor: visitor::attributes(header, payload, None).0,
    };
    let records: Vec<LogRecord> = payload
        .items()
        .filter_map(|(index, item)| record::record(&source, index, item))
        .collect();
    let mut otlp = Otlp {
        traces: span::convert(&source),
        ..Otlp::default()
    };
    if !records.is_empty() {
        otlp.logs.push(ResourceLogs {
            resource: Some(resource::of(header, payload)),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope {
                    name: scope::COLLECTOR.to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                log_records: records,
                schema_url: SCHEMA_URL.to_owned(),
            }],
            schema_url: SCHEMA_URL.to_owned(),
        });
    }
    otlp
}
