//! Spans: as they came, with the visitor on each, under the resource that the records have too.

use super::record::replaced;
use super::{Source, resource};
use crate::convert::attrs::Attrs;
use crate::convert::clock::{Stamp, shift, stamp};
use crate::convert::spans::{to_scope, to_span};
use crate::record::Header;
use farol_protocol::item::Item;
use farol_protocol::map::Attributes;
use farol_protocol::names::{SCHEMA_URL, attr};
use farol_protocol::span as wire;
use farol_protocol::time::Time;
use farol_protocol::value::Value;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

pub(super) fn convert(source: &Source<'_>) -> Vec<ResourceSpans> {
    let items = source
        .payload
        .items()
        .filter_map(|(index, item)| match item {
            Item::Span(resource, _, _) => Some((index, item, resource)),
            _ => None,
        });
    let mut out: Vec<ResourceSpans> = Vec::new();
    let mut last: Option<(*const wire::ResourceSpans, *const wire::ScopeSpans)> = None;
    for (index, item, wire_resource) in items {
        let Item::Span(_, wire_scope, wire_span) = item else {
            continue;
        };
        let resource = of(source, wire_resource);
        let place = (
            std::ptr::from_ref(wire_resource),
            std::ptr::from_ref(wire_scope),
        );
        let same_resource = last.is_some_and(|(resource, _)| resource == place.0);
        if !same_resource {
            out.push(ResourceSpans {
                resource: Some(resource.clone()),
                scope_spans: Vec::new(),
                schema_url: SCHEMA_URL.to_owned(),
            });
        }
        let Some(group) = out.last_mut() else {
            continue;
        };
        if last != Some(place) {
            let given = &wire_scope.schema_url;
            group.scope_spans.push(ScopeSpans {
                scope: Some(to_scope(&wire_scope.scope)),
                spans: Vec::new(),
                schema_url: if given.is_empty() {
                    SCHEMA_URL.to_owned()
                } else {
                    given.clone()
                },
            });
        }
        if let Some(scope) = group.scope_spans.last_mut() {
            let given = Given {
                index,
                item,
                span: wire_span,
                group: wire_resource,
            };
            scope.spans.push(span(source, &given, &resource));
        }
        last = Some(place);
    }
    out
}

/// Our resource, with the SDK that the spans' own resource names.
fn of(source: &Source<'_>, given: &wire::ResourceSpans) -> Resource {
    let sdk = &source.payload.meta.sdk;
    let text = |name, or: &str| match given.resource.attributes.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => or.to_owned(),
    };
    let name = text(attr::TELEMETRY_SDK_NAME, &sdk.name);
    let version = text(attr::TELEMETRY_SDK_VERSION, &sdk.version);
    Resource {
        dropped_attributes_count: u32::try_from(given.resource.dropped_attributes_count)
            .unwrap_or(u32::MAX),
        ..resource::with_sdk(source.header, source.payload, &name, &version)
    }
}

/// A span as it came, with where it stood.
struct Given<'a> {
    index: u32,
    item: Item<'a>,
    span: &'a wire::Span,
    group: &'a wire::ResourceSpans,
}

fn span(source: &Source<'_>, given: &Given<'_>, resource: &Resource) -> Span {
    let wire = given.span;
    let mut span = to_span(wire);
    let mut out = Attrs(std::mem::take(&mut span.attributes));
    let mut origin = Attrs::default();
    source.origin(&mut origin, given.index);
    for attribute in origin.0.iter().chain(source.visitor(given.item).iter()) {
        out.or_put(attribute);
    }
    if span.parent_span_id.is_empty() && !wire.parent_span_id.bytes().all(|byte| byte == b'0') {
        out.text(attr::BAD_PARENT_ID, &wire.parent_span_id);
    }
    super::template(&mut out, source.payload);
    times(source.header, &mut span, &mut out, wire);
    rest(&mut out, resource, given.group);
    out.under(&format!("{}span.", attr::EXTRA), wire.extra.iter());
    out.under(
        &format!("{}span.status.", attr::EXTRA),
        wire.status.extra.iter(),
    );
    out.under(
        &format!("{}traces.", attr::EXTRA),
        source.payload.traces.extra.iter(),
    );
    span.attributes = out.0;
    span
}

/// What the spans' own resource says beyond ours: of the browser, mostly, so it belongs on the span.
fn rest(out: &mut Attrs, resource: &Resource, group: &wire::ResourceSpans) {
    let ours = Attrs(resource.attributes.clone());
    for (name, value) in group.resource.attributes.iter() {
        let known = if name == attr::DEPLOYMENT_ENVIRONMENT_OLD {
            attr::DEPLOYMENT_ENVIRONMENT
        } else {
            name
        };
        match ours.get(known) {
            None => out.free(name, value),
            Some(stands) if *stands == crate::convert::attrs::to_any(value) => {}
            Some(_) => out.free(&format!("{}resource.{name}", attr::EXTRA), value),
        }
    }
    out.under(
        &format!("{}resource.", attr::EXTRA),
        group.resource.extra.iter(),
    );
    out.under(&format!("{}resource.", attr::EXTRA), group.extra.iter());
}

/// Corrects the clock. A span keeps its length and its events their distance, whatever is done to its place.
pub(in crate::convert) fn times(
    header: &Header,
    span: &mut Span,
    out: &mut Attrs,
    given: &wire::Span,
) {
    let (start, end) = (&given.start.0, &given.end.0);
    let stamp = stamp(header, if end.nanos().is_some() { end } else { start });
    let bad = [start, end]
        .into_iter()
        .find(|time| matches!(time, Time::Unreadable(_)));
    match bad {
        Some(time) => replaced(
            out,
            Stamp {
                replaced: Some("unreadable"),
                ..stamp
            },
            time,
        ),
        None => replaced(out, stamp, start),
    }
    let anchor = end.nanos().or(start.nanos()).unwrap_or(stamp.nanos);
    let by = i64::try_from(i128::from(stamp.nanos) - i128::from(anchor)).unwrap_or(0);
    span.start_time_unix_nano = shift(start.nanos().unwrap_or(anchor), by);
    span.end_time_unix_nano =
        shift(end.nanos().unwrap_or(anchor), by).max(span.start_time_unix_nano);
    for (event, given) in span.events.iter_mut().zip(&given.events) {
        event.time_unix_nano = given
            .time
            .0
            .nanos()
            .map_or(span.start_time_unix_nano, |nanos| shift(nanos, by));
        event.attributes = with_extra(std::mem::take(&mut event.attributes), &given.extra);
    }
}

fn with_extra(attributes: Vec<KeyValue>, extra: &Attributes) -> Vec<KeyValue> {
    let mut out = Attrs(attributes);
    out.under(attr::EXTRA, extra.iter());
    out.0
}
