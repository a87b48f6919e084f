//! One log record of one item: what all kinds share, and the choice of the kind.

use std::borrow::Cow;

use super::{Source, event, exception, measurement};
use crate::address::Address;
use crate::convert::attrs::Attrs;
use crate::convert::clock::{Stamp, stamp};
use crate::convert::ids::{id, uid};
use crate::convert::tree::Record;
use crate::record::SampleState;
use farol_protocol::item::{Action, Item, TraceContext};
use farol_protocol::log::Log;
use farol_protocol::map::Attributes;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::time::{Time, to_iso};
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;

/// W3C's flag of a sampled trace.
const SAMPLED: u32 = 1;

/// Room for what an item has beside its visitor; a timing of a resource has the most.
const OWN: usize = 24;

/// A record under construction.
pub(super) struct Draft<'a> {
    pub(super) event_name: Cow<'a, str>,
    pub(super) severity: SeverityNumber,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: Option<Cow<'a, str>>,
    pub(super) attributes: Attrs<'a>,
}

/// The record of an item; none for a span, which is no log.
pub(super) fn record<'a>(source: &Source<'a>, index: u32, item: Item<'a>) -> Option<Record<'a>> {
    let mut draft = Draft {
        event_name: Cow::default(),
        severity: SeverityNumber::Info,
        severity_text: "INFO".into(),
        body: None,
        attributes: Attrs::with_room(source.visitor.len() + OWN),
    };
    draft
        .attributes
        .text(attr::LOG_RECORD_UID, uid(&source.header.id, index));
    draft.attributes.text(attr::ITEM_KIND, item.kind().name());
    source.origin(&mut draft.attributes, index);
    // What the kind calls its own goes first, then the visitor, and what clients name last: it steps aside.
    let (free, trace, action, extra) = match item {
        Item::Log(item) => {
            log(&mut draft, item);
            (&item.context, &item.trace, &item.action, &item.extra)
        }
        Item::Exception(item) => {
            exception::fill(&mut draft, item);
            (&item.context, &item.trace, &item.action, &item.extra)
        }
        Item::Measurement(item) => {
            measurement::fill(&mut draft, item);
            (&item.context, &item.trace, &item.action, &item.extra)
        }
        Item::Event(item) => {
            event::fill(&mut draft, item);
            (&item.attributes, &item.trace, &item.action, &item.extra)
        }
        Item::Span(..) => return None,
    };
    let out = &mut draft.attributes;
    out.or_put_all(&source.visitor(item));
    let payload = source.payload;
    let url = || Address::of(payload, item).any();
    if out.get(attr::URL_FULL).is_none() {
        out.text(attr::URL_FULL, url());
    }
    template(out, payload, || Some(url()));
    let stamp = stamp(source.header, item.time());
    replaced(out, stamp, item.time());
    let (trace_id, span_id) = ids(out, trace);
    doings(out, action);
    out.under(|| [attr::EXTRA, "item."].concat(), extra.iter());
    out.under(|| [attr::EXTRA, "trace."].concat(), trace.extra.iter());
    out.under(|| [attr::EXTRA, "action."].concat(), action.extra.iter());
    own(&mut draft, item, free);
    let sampled = trace_id.is_some() && source.header.state == SampleState::On;
    Some(Record {
        time_ns: stamp.nanos,
        observed_ns: source.header.received_ns,
        severity: draft.severity as i32,
        severity_text: draft.severity_text,
        body: draft.body,
        attributes: draft.attributes.into_list(),
        flags: if sampled { SAMPLED } else { 0 },
        trace_id,
        span_id,
        event_name: draft.event_name,
    })
}

/// The operator's template of the address that it is about, where it has one and its sender named none.
pub(in crate::convert) fn template<'a>(
    out: &mut Attrs<'a>,
    payload: &'a Payload,
    url: impl FnOnce() -> Option<&'a str>,
) {
    let routes = &payload.farol.routes;
    if routes.is_empty() || out.get(attr::URL_TEMPLATE).is_some() {
        return;
    }
    if let Some(url) = url()
        && let Some(template) = routes.get(url)
    {
        out.text(attr::URL_TEMPLATE, template.to_text());
    }
}

/// The attributes that the page named, as far as the kind did not take them for something better.
fn own<'a>(draft: &mut Draft<'a>, item: Item<'a>, free: &'a Attributes) {
    for (name, value) in free.iter() {
        let taken = match item {
            Item::Event(event) => event::takes(event, name),
            Item::Measurement(measurement) => measurement::takes(measurement, name),
            _ => false,
        };
        if !taken {
            event::free(&mut draft.attributes, name, value);
        }
    }
}

fn log<'a>(draft: &mut Draft<'a>, log: &'a Log) {
    draft.severity = match log.level.to_ascii_lowercase().as_str() {
        "trace" => SeverityNumber::Trace,
        "debug" => SeverityNumber::Debug,
        "info" | "log" | "" => SeverityNumber::Info,
        "warn" | "warning" => SeverityNumber::Warn,
        "error" => SeverityNumber::Error,
        "fatal" | "critical" => SeverityNumber::Fatal,
        _ => SeverityNumber::Unspecified,
    };
    draft.severity_text = log.level.as_str().into();
    draft.body = Some(log.message.as_str().into());
}

/// Says that another time than the client's stands on the record, and which the client's was.
pub(in crate::convert) fn replaced<'a>(out: &mut Attrs<'a>, stamp: Stamp, time: &'a Time) {
    if let Some(why) = stamp.replaced {
        out.text(attr::TIME_REPLACED, why);
        match time {
            Time::Missing => {}
            Time::At(nanos) => out.text(attr::TIME_CLIENT, to_iso(*nanos)),
            Time::Unreadable(text) => out.text(attr::TIME_CLIENT, text),
        }
    }
}

/// Ids where OTLP can hold them; else as they came, as attributes.
fn ids<'a>(out: &mut Attrs<'a>, trace: &'a TraceContext) -> (Option<[u8; 16]>, Option<[u8; 8]>) {
    let trace_id = id::<16>(&trace.trace_id);
    let span_id = id::<8>(&trace.span_id).filter(|_| trace_id.is_some());
    if trace_id.is_none() {
        out.text(attr::BAD_TRACE_ID, &trace.trace_id);
    }
    if span_id.is_none() {
        out.text(attr::BAD_SPAN_ID, &trace.span_id);
    }
    (trace_id, span_id)
}

fn doings<'a>(out: &mut Attrs<'a>, action: &'a Action) {
    out.text(attr::ACTION_ID, &action.id);
    out.text(attr::ACTION_NAME, &action.name);
    out.text(attr::ACTION_PARENT, &action.parent_id);
}
