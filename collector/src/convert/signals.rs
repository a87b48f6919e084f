//! What came as OTLP, to OTLP: it passes through as it is, with what the collector knows of the visitor beside it. The dialects of
//! lines get a line for each record.

mod metrics;

pub(super) use metrics::set_apart;

use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::signals as wire;
use farol_protocol::time::Time;
use farol_protocol::value::Value as Own;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::attrs::{Attrs, Pair, pairs, to_any};
use super::clock::stamp;
use super::ids::{id, uid};
use super::{Dialect, Otlp, fingerprint, lines, semconv, spans};
use crate::address::Address;
use crate::record::Header;

/// Converts one record.
pub(super) fn convert(header: &Header, payload: &Payload, dialect: Dialect) -> Otlp {
    let visitor = semconv::visitor(header, payload);
    let (logs, said) = logs(header, payload, dialect, &visitor);
    Otlp {
        logs,
        said,
        traces: match dialect {
            Dialect::Semconv => traces(header, payload, &visitor),
            Dialect::Alloy | Dialect::Contrib => spans::unchanged(&payload.traces),
        },
        metrics: metrics::convert(header, &payload.otlp.resource_metrics),
        ..Otlp::default()
    }
}

/// Spans as they came, in their place by the collector's clock, with the visitor on each.
fn traces<'a>(
    header: &'a Header,
    payload: &'a Payload,
    visitor: &[Pair<'a>],
) -> Vec<opentelemetry_proto::tonic::trace::v1::ResourceSpans> {
    let mut out = spans::unchanged(&payload.traces);
    let given = payload.traces.resource_spans.iter();
    for (resource, group) in out.iter_mut().zip(given) {
        for (scope, given) in resource.scope_spans.iter_mut().zip(&group.scope_spans) {
            for (span, given) in scope.spans.iter_mut().zip(&given.spans) {
                let mut attributes = Attrs::of(pairs(given.attributes.iter()));
                attributes.or_put_all(visitor);
                if span.parent_span_id.is_empty() && !zeroes(&given.parent_span_id) {
                    attributes.text(attr::BAD_PARENT_ID, &given.parent_span_id);
                }
                let address = || Address::of_span(payload, group, given).own;
                semconv::template(&mut attributes, payload, address);
                semconv::span_times(header, span, &mut attributes, given);
                attributes.under(|| [attr::EXTRA, "span."].concat(), given.extra.iter());
                let status = given.status.extra.iter();
                attributes.under(|| [attr::EXTRA, "span.status."].concat(), status);
                span.attributes = attributes.owned();
            }
        }
    }
    out
}

fn logs<'a>(
    header: &'a Header,
    payload: &'a Payload,
    dialect: Dialect,
    visitor: &[Pair<'a>],
) -> (Vec<ResourceLogs>, Vec<Vec<KeyValue>>) {
    let (mut out, mut said) = (Vec::<ResourceLogs>::new(), Vec::new());
    let mut last: Option<(*const wire::ResourceLogs, *const wire::ScopeLogs)> = None;
    for (index, resource, scope, given) in payload.records() {
        let place = (std::ptr::from_ref(resource), std::ptr::from_ref(scope));
        if last.is_none_or(|last| last.0 != place.0) {
            out.push(ResourceLogs {
                resource: Some(spans::to_resource(&resource.resource, &resource.extra)),
                scope_logs: Vec::new(),
                schema_url: resource.schema_url.clone(),
            });
        }
        let Some(group) = out.last_mut() else {
            continue;
        };
        if last != Some(place) {
            group.scope_logs.push(ScopeLogs {
                scope: Some(spans::to_scope(&scope.scope, &scope.extra)),
                log_records: Vec::new(),
                schema_url: scope.schema_url.clone(),
            });
        }
        last = Some(place);
        let address = Address::of_record(payload, resource, given);
        let mut record = record(header, payload, index, given, address, visitor);
        let resource = group.resource.as_ref().map_or(&[][..], |it| &it.attributes);
        let source = |made: &LogRecord| lines::record::Source::new(given, resource, made);
        match dialect {
            Dialect::Semconv => {}
            Dialect::Alloy => {
                let source = source(&record);
                said.push(lines::record::alloy(header, index, &source, &mut record));
            }
            Dialect::Contrib => {
                let source = source(&record);
                said.push(lines::record::contrib(&source, &mut record));
            }
        }
        if let Some(scope) = group.scope_logs.last_mut() {
            scope.log_records.push(record);
        }
    }
    (out, said)
}

fn record<'a>(
    header: &'a Header,
    payload: &'a Payload,
    index: u32,
    given: &'a wire::LogRecord,
    address: Address<'a>,
    visitor: &[Pair<'a>],
) -> LogRecord {
    let mut out = Attrs::of(pairs(given.attributes.iter()));
    if out.get(attr::LOG_RECORD_UID).is_none() {
        out.text(attr::LOG_RECORD_UID, uid(&header.id, index));
    }
    out.or_put_all(visitor);
    if let Some(fingerprint) = fingerprint::of_record(given) {
        out.text(attr::EXCEPTION_FINGERPRINT, fingerprint);
    }
    semconv::template(&mut out, payload, || Some(address.any()));
    // A record may say when it was seen and not when it happened.
    let time = match &given.time.0 {
        Time::Missing => &given.observed.0,
        time => time,
    };
    let seen = stamp(header, &given.observed.0);
    let stamp = stamp(header, time);
    semconv::replaced(&mut out, stamp, time);
    let trace_id = id::<16>(&given.trace_id);
    let span_id = id::<8>(&given.span_id).filter(|_| trace_id.is_some());
    if trace_id.is_none() && !zeroes(&given.trace_id) {
        out.text(attr::BAD_TRACE_ID, &given.trace_id);
    }
    if span_id.is_none() && !zeroes(&given.span_id) {
        out.text(attr::BAD_SPAN_ID, &given.span_id);
    }
    out.under(|| [attr::EXTRA, "record."].concat(), given.extra.iter());
    LogRecord {
        time_unix_nano: stamp.nanos,
        observed_time_unix_nano: seen.nanos,
        severity_number: given.severity_number.0,
        severity_text: given.severity_text.clone(),
        body: (given.body.0 != Own::Null).then(|| to_any(&given.body.0).owned()),
        attributes: out.owned(),
        dropped_attributes_count: spans::count(given.dropped_attributes_count),
        flags: spans::count(given.flags),
        trace_id: trace_id.map(Vec::from).unwrap_or_default(),
        span_id: span_id.map(Vec::from).unwrap_or_default(),
        event_name: given.event_name.clone(),
    }
}

fn zeroes(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}
