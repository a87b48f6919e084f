//! From what the queue stores to OTLP. Pure: header and payload in, records and spans out, the same each time.

mod attrs;
mod clock;
mod fingerprint;
mod ids;
mod lines;
mod semconv;
mod signals;
mod spans;
mod tree;
pub(crate) mod weight;
mod written;

pub(crate) use ids::id;
pub(crate) use written::{Place, Written, span_fields, to_written};

use crate::record::{Header, SourceKind};
use farol_protocol::item::Item;
use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

/// How the same data is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// OpenTelemetry's conventions: attributes, severity, event names.
    #[default]
    Semconv,
    /// Grafana Alloy's log lines.
    Alloy,
    /// The OpenTelemetry Collector's Faro translation.
    Contrib,
}

impl Dialect {
    /// How many there are.
    pub const COUNT: usize = 3;
}

/// OTLP, ready to be sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Otlp {
    /// Log records by resource.
    pub logs: Vec<ResourceLogs>,
    /// Spans by resource.
    pub traces: Vec<ResourceSpans>,
    /// Metrics by resource, where a client sent metrics. Those made here go another way.
    pub metrics: Vec<ResourceMetrics>,
    /// When each log record came in, in nanoseconds, with its place in its payload added: distinct within a payload, the same on every try.
    /// For stores that know an entry by its time.
    pub arrivals: Vec<u64>,
    /// In the dialects of lines, of each log record the attributes that it has in `Semconv` and not here, as its line says them; long texts cut.
    /// For stores that make labels of attributes, which are to be the same in every dialect.
    pub said: Vec<Vec<KeyValue>>,
}

/// Converts one record.
#[must_use]
pub fn to_otlp(header: &Header, payload: &Payload, dialect: Dialect) -> Otlp {
    let mut otlp = to_otlp_again(header, payload, dialect);
    signals::set_apart(&mut otlp.metrics);
    otlp
}

/// The same of what was converted before, as a dead letter holds it: what clients sent has its names by then, and the collector's own metrics may be in it.
pub(crate) fn to_otlp_again(header: &Header, payload: &Payload, dialect: Dialect) -> Otlp {
    let arrival = |index: u32| header.received_ns.saturating_add(u64::from(index));
    if header.kind != SourceKind::Faro {
        let records = payload.records();
        return Otlp {
            arrivals: records.map(|(index, ..)| arrival(index)).collect(),
            ..signals::convert(header, payload, dialect)
        };
    }
    let logs = payload
        .items()
        .filter(|(_, item)| !matches!(item, Item::Span(..)));
    let otlp = match dialect {
        Dialect::Semconv => semconv::convert(header, payload).owned(),
        Dialect::Alloy => lines::alloy::convert(header, payload),
        Dialect::Contrib => lines::contrib::convert(header, payload),
    };
    Otlp {
        arrivals: logs.map(|(index, _)| arrival(index)).collect(),
        ..otlp
    }
}

#[cfg(test)]
mod tests;
