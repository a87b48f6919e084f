//! Spans as they came, in OTLP's binary form. The dialects add to them what they each add.

use super::attrs::{Attrs, owned, pairs};
use super::ids::id;
use super::tree::Scope;
use farol_protocol::map::Attributes;
use farol_protocol::names::attr;
use farol_protocol::span as wire;
use farol_protocol::time::Time;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

/// Attributes as they came.
pub(super) fn attributes(given: &Attributes) -> Vec<KeyValue> {
    owned(&pairs(given.iter()))
}

/// All spans unchanged, as receivers do that pass traces through.
pub(super) fn unchanged(traces: &wire::Traces) -> Vec<ResourceSpans> {
    let resources = traces.resource_spans.iter().map(|resource| ResourceSpans {
        resource: Some(to_resource(&resource.resource, &resource.extra)),
        scope_spans: resource
            .scope_spans
            .iter()
            .map(|scope| ScopeSpans {
                scope: Some(to_scope(&scope.scope, &scope.extra)),
                spans: (scope.spans.iter())
                    .map(|span| Span {
                        attributes: attributes(&span.attributes),
                        ..to_span(span)
                    })
                    .collect(),
                schema_url: scope.schema_url.clone(),
            })
            .collect(),
        schema_url: resource.schema_url.clone(),
    });
    resources.collect()
}

pub(super) fn to_scope(scope: &wire::Scope, group: &Attributes) -> InstrumentationScope {
    Scope::given(scope, group).owned()
}

/// A resource as it came, with what is not known of it and of the group under it.
pub(super) fn to_resource(given: &wire::Resource, group: &Attributes) -> Resource {
    let mut attributes = Attrs::of(pairs(given.attributes.iter()));
    let prefix = || [attr::EXTRA, "resource."].concat();
    attributes.under(prefix, given.extra.iter());
    attributes.under(prefix, group.iter());
    Resource {
        attributes: attributes.owned(),
        dropped_attributes_count: count(given.dropped_attributes_count),
        ..Resource::default()
    }
}

/// A span without its attributes.
pub(super) fn to_span(span: &wire::Span) -> Span {
    let links: Vec<Link> = span.links.iter().filter_map(to_link).collect();
    let bad_links = (span.links.len() - links.len()) as u64;
    Span {
        // Decoding let no span pass whose ids are not valid.
        trace_id: bytes::<16>(&span.trace_id),
        span_id: bytes::<8>(&span.span_id),
        parent_span_id: bytes::<8>(&span.parent_span_id),
        trace_state: span.trace_state.clone(),
        flags: count(span.flags),
        name: span.name.clone(),
        kind: span.kind.0,
        start_time_unix_nano: nanos(&span.start.0),
        end_time_unix_nano: nanos(&span.end.0),
        attributes: Vec::new(),
        dropped_attributes_count: count(span.dropped_attributes_count),
        events: span.events.iter().map(to_event).collect(),
        dropped_events_count: count(span.dropped_events_count),
        links,
        dropped_links_count: count(span.dropped_links_count.saturating_add(bad_links)),
        status: Some(Status {
            code: span.status.code.0,
            message: span.status.message.clone(),
        }),
    }
}

fn to_event(event: &wire::SpanEvent) -> Event {
    Event {
        time_unix_nano: nanos(&event.time.0),
        name: event.name.clone(),
        attributes: attributes(&event.attributes),
        dropped_attributes_count: count(event.dropped_attributes_count),
    }
}

/// A link without valid ids points nowhere; OTLP has no place for it.
fn to_link(link: &wire::Link) -> Option<Link> {
    let mut attributes = Attrs::of(pairs(link.attributes.iter()));
    attributes.under(|| attr::EXTRA, link.extra.iter());
    Some(Link {
        trace_id: id::<16>(&link.trace_id)?.into(),
        span_id: id::<8>(&link.span_id)?.into(),
        trace_state: link.trace_state.clone(),
        attributes: attributes.owned(),
        dropped_attributes_count: count(link.dropped_attributes_count),
        flags: count(link.flags),
    })
}

fn bytes<const N: usize>(text: &str) -> Vec<u8> {
    id::<N>(text).map(Vec::from).unwrap_or_default()
}

fn nanos(time: &Time) -> u64 {
    time.nanos().unwrap_or_default()
}

pub(super) fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
