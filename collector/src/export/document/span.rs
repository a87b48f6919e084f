//! The document of a span.

use opentelemetry_proto::tonic::trace::v1::{Span, span};

use super::{Document, Field, ITEM, map};
use crate::export::group::Place;
use crate::hex::hex;

pub(super) fn document<'a>(place: Place<'a>, span: &'a Span) -> Document<'a> {
    let mut it = Document {
        time_ns: span.start_time_unix_nano,
        ..Document::default()
    };
    it.reserve(&place, &span.attributes);
    it.fields.time("@timestamp", span.start_time_unix_nano);
    it.fields.text("signal", "traces");
    it.fields.time("end_timestamp", span.end_time_unix_nano);
    it.fields.put("duration_ns", Field::Int(duration(span)));
    it.fields.text("name", &*span.name);
    it.fields.text("kind", kind(span));
    it.fields.hex("trace_id", &span.trace_id);
    it.fields.hex("span_id", &span.span_id);
    it.fields.hex("parent_span_id", &span.parent_span_id);
    it.fields.text("trace_state", &*span.trace_state);
    it.fields.flags("trace_flags", span.flags);
    if let Some(status) = &span.status {
        let code = match status.code {
            1 => "OK",
            2 => "ERROR",
            _ => "",
        };
        it.fields.text("otel.status_code", code);
        it.fields.text("otel.status_description", &*status.message);
    }
    let dropped = [
        (
            "otel.dropped_attributes_count",
            span.dropped_attributes_count,
        ),
        ("otel.dropped_events_count", span.dropped_events_count),
        ("otel.dropped_links_count", span.dropped_links_count),
    ];
    for (name, dropped) in dropped {
        it.fields.number(name, dropped.into());
    }
    for (name, list) in lists(span) {
        it.fields.put(name, list);
    }
    // What it hangs on first: no page takes the name of its service.
    it.place(place);
    it.attributes(ITEM, &span.attributes);
    it
}

/// How long it took, in nanoseconds; nothing where it ended before it began.
pub(crate) fn duration(span: &Span) -> i64 {
    let nanos = span
        .end_time_unix_nano
        .saturating_sub(span.start_time_unix_nano);
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

/// OTLP's name of its kind.
pub(crate) fn kind(span: &Span) -> &'static str {
    match span.kind {
        1 => "INTERNAL",
        2 => "SERVER",
        3 => "CLIENT",
        4 => "PRODUCER",
        5 => "CONSUMER",
        _ => "",
    }
}

/// What happened within it and what it is linked with, where there is any.
pub(crate) fn lists(span: &Span) -> impl Iterator<Item = (&'static str, Field<'_>)> {
    let events = span.events.iter().map(event).collect();
    let links = span.links.iter().map(link).collect();
    let both: [(_, Vec<_>); 2] = [("events", events), ("links", links)];
    let both = both.into_iter().filter(|(_, list)| !list.is_empty());
    both.map(|(name, list)| (name, Field::List(list)))
}

fn event(event: &span::Event) -> Field<'_> {
    Field::Map(vec![
        ("timestamp".into(), Field::Time(event.time_unix_nano)),
        ("name".into(), Field::Text((&*event.name).into())),
        ("attributes".into(), map(&event.attributes)),
    ])
}

fn link(link: &span::Link) -> Field<'_> {
    Field::Map(vec![
        ("trace_id".into(), Field::Text(hex(&link.trace_id).into())),
        ("span_id".into(), Field::Text(hex(&link.span_id).into())),
        (
            "trace_state".into(),
            Field::Text((&*link.trace_state).into()),
        ),
        ("attributes".into(), map(&link.attributes)),
    ])
}
