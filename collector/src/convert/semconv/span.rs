//! Spans: as they came, with the visitor on each, under the resource that the records have too.

use super::record::replaced;
use super::{Source, resource};
use crate::address::Address;
use crate::convert::attrs::{Attrs, pairs, to_any};
use crate::convert::clock::{Stamp, bound, shift, stamp};
use crate::convert::spans::to_span;
use crate::convert::tree::{Branch, Resource, Scope, Spanned, Twig};
use crate::record::Header;
use farol_protocol::item::Item;
use farol_protocol::names::{SCHEMA_URL, attr};
use farol_protocol::span as wire;
use farol_protocol::time::Time;
use farol_protocol::value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;

pub(super) fn convert<'a>(source: &Source<'a>) -> Vec<Branch<'a, Spanned<'a>>> {
    let mut out: Vec<Branch<'a, Spanned<'a>>> = Vec::new();
    let mut last: Option<(*const wire::ResourceSpans, *const wire::ScopeSpans)> = None;
    for (index, item) in source.payload.items() {
        let Item::Span(wire_resource, wire_scope, wire_span) = item else {
            continue;
        };
        let place = (
            std::ptr::from_ref(wire_resource),
            std::ptr::from_ref(wire_scope),
        );
        if last.is_none_or(|(resource, _)| resource != place.0) {
            out.push(Branch {
                resource: of(source, wire_resource),
                schema_url: SCHEMA_URL,
                scopes: Vec::new(),
            });
        }
        let Some(group) = out.last_mut() else {
            continue;
        };
        if last != Some(place) {
            let given = &wire_scope.schema_url;
            group.scopes.push(Twig {
                scope: Scope::given(&wire_scope.scope, &wire_scope.extra),
                items: Vec::new(),
                schema_url: if given.is_empty() { SCHEMA_URL } else { given },
            });
        }
        if let Some(scope) = group.scopes.last_mut() {
            let given = Given {
                index,
                item,
                span: wire_span,
                group: wire_resource,
            };
            scope.items.push(span(source, &given, &group.resource));
        }
        last = Some(place);
    }
    out
}

/// Our resource, with the SDK that the spans' own resource names.
fn of<'a>(source: &Source<'a>, given: &'a wire::ResourceSpans) -> Resource<'a> {
    let sdk = &source.payload.meta.sdk;
    let text = |name, or: &'a str| match given.resource.attributes.get(name) {
        Some(Value::Text(text)) => text,
        _ => or,
    };
    let name = text(attr::TELEMETRY_SDK_NAME, &sdk.name);
    let version = text(attr::TELEMETRY_SDK_VERSION, &sdk.version);
    Resource {
        dropped: crate::convert::spans::count(given.resource.dropped_attributes_count),
        ..resource::with_sdk(source.header, source.payload, name, version)
    }
}

/// A span as it came, with where it stood.
struct Given<'a> {
    index: u32,
    item: Item<'a>,
    span: &'a wire::Span,
    group: &'a wire::ResourceSpans,
}

fn span<'a>(source: &Source<'a>, given: &Given<'a>, resource: &Resource<'a>) -> Spanned<'a> {
    let wire = given.span;
    let mut span = to_span(wire);
    let mut out = Attrs::of(pairs(wire.attributes.iter()));
    let mut origin = Attrs::default();
    source.origin(&mut origin, given.index);
    out.or_put_all(origin.list());
    out.or_put_all(&source.visitor(given.item));
    if span.parent_span_id.is_empty() && !wire.parent_span_id.bytes().all(|byte| byte == b'0') {
        out.text(attr::BAD_PARENT_ID, &wire.parent_span_id);
    }
    let address = || Address::of(source.payload, given.item).own;
    super::template(&mut out, source.payload, address);
    times(source.header, &mut span, &mut out, wire);
    rest(&mut out, resource, given.group);
    out.under(|| [attr::EXTRA, "span."].concat(), wire.extra.iter());
    out.under(
        || [attr::EXTRA, "span.status."].concat(),
        wire.status.extra.iter(),
    );
    out.under(
        || [attr::EXTRA, "traces."].concat(),
        source.payload.traces.extra.iter(),
    );
    Spanned {
        span,
        attributes: out.into_list(),
    }
}

/// What the spans' own resource says beyond ours: of the browser, mostly, so it belongs on the span.
fn rest<'a>(out: &mut Attrs<'a>, resource: &Resource<'a>, group: &'a wire::ResourceSpans) {
    for (name, value) in group.resource.attributes.iter() {
        let known = if name == attr::DEPLOYMENT_ENVIRONMENT_OLD {
            attr::DEPLOYMENT_ENVIRONMENT
        } else {
            name
        };
        let value = to_any(value);
        match resource.attributes.get(known) {
            None => out.free(name, value),
            Some(stands) if *stands == value => {}
            Some(_) => out.free(format!("{}resource.{name}", attr::EXTRA), value),
        }
    }
    let prefix = || [attr::EXTRA, "resource."].concat();
    out.under(prefix, group.resource.extra.iter());
    out.under(prefix, group.extra.iter());
}

/// Corrects the clock. A span keeps its length and its events their distance, whatever is done to its place; but nothing of it lies further back or ahead than an item may:
/// stores divide spans by the day on which they start.
pub(in crate::convert) fn times<'a>(
    header: &Header,
    span: &mut Span,
    out: &mut Attrs<'a>,
    given: &'a wire::Span,
) {
    let (start, end) = (&given.start.0, &given.end.0);
    let stamp = stamp(header, if end.nanos().is_some() { end } else { start });
    let anchor = end.nanos().or(start.nanos()).unwrap_or(stamp.nanos);
    let by = i128::from(stamp.nanos) - i128::from(anchor);
    let begin = bound(header, shift(start.nanos().unwrap_or(anchor), by));
    span.start_time_unix_nano = begin.nanos;
    let finish = bound(header, shift(end.nanos().unwrap_or(anchor), by));
    span.end_time_unix_nano = finish.nanos.max(span.start_time_unix_nano);
    let bad = [start, end]
        .into_iter()
        .find(|time| matches!(time, Time::Unreadable(_)));
    let told = Stamp {
        replaced: match bad {
            Some(_) => Some("unreadable"),
            None => stamp.replaced.or(begin.replaced),
        },
        ..stamp
    };
    replaced(out, told, bad.unwrap_or(start));
    for (event, given) in span.events.iter_mut().zip(&given.events) {
        event.time_unix_nano = match given.time.0.nanos() {
            Some(nanos) => bound(header, shift(nanos, by)).nanos,
            None => span.start_time_unix_nano,
        };
        if !given.extra.is_empty() {
            let mut out = Attrs::of(pairs(given.attributes.iter()));
            out.under(|| attr::EXTRA, given.extra.iter());
            event.attributes = out.owned();
        }
    }
}
