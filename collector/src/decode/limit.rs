//! Holds a payload to its limits, and takes out items that were read but say nothing.

use super::{Cut, Decoded, Limits, Reason, Repair, Unreadable};
use farol_protocol::Kind;
use farol_protocol::item::Item;
use farol_protocol::limits;
use farol_protocol::parse::Longest;
use farol_protocol::payload::Payload;
use farol_protocol::time::Time;
use farol_protocol::walk::{At, Walk};

/// `longest` is what was seen while it was read, if somebody looked.
pub(super) fn apply(decoded: &mut Decoded, limits: &Limits, longest: Option<Longest>) {
    let payload = &mut decoded.payload;
    cut_items(payload, limits.items, &mut decoded.cut);
    if payload.items().any(|(_, item)| useless(item).is_some()) {
        let unreadable = &mut decoded.unreadable;
        payload.retain(|index, item| match useless(item) {
            Some(reason) => {
                unreadable.push(Unreadable {
                    kind: item.kind(),
                    index,
                    reason,
                });
                false
            }
            None => true,
        });
        unreadable.sort_unstable_by_key(|item| item.index);
    }
    for resource in &mut payload.traces.resource_spans {
        resource.scope_spans.retain(|scope| !scope.spans.is_empty());
    }
    payload
        .traces
        .resource_spans
        .retain(|resource| !resource.scope_spans.is_empty());
    for (index, item) in payload.items() {
        if unreadable_time(item) {
            decoded.repaired.push(Repair::Time(index));
        }
    }
    if longest.is_some_and(|longest| all_fits(payload, longest, limits)) {
        return;
    }
    tell_cuts(payload, limits);
    payload.visit(&mut Scissors {
        limits,
        cut: &mut decoded.cut,
    });
}

/// Whether nothing can be too long wherever it stands. True of most payloads, which need no walk for it then.
fn all_fits(payload: &Payload, longest: Longest, limits: &Limits) -> bool {
    // The least bound of a list but for causes, of which exceptions have few or none.
    let list = limits.attributes.min(limits.items).min(limits::TRAIL);
    // Bytes are walked as the text that they may be, where each that is none takes three: 2.25 times their base64.
    longest.text <= limits::KEY_BYTES
        && longest.text.saturating_mul(3) <= limits.string
        && longest.list <= list
        && longest.object <= limits.attributes
        && (payload.exceptions.iter())
            .all(|it| it.causes.len() <= limits::CAUSES.min(limits.attributes))
}

/// Adds what will be cut off spans and log records, and what they belong to, to the numbers in which OTLP says what was left out.
fn tell_cuts(payload: &mut Payload, limits: &Limits) {
    fn over(len: usize, bound: usize, left_out: &mut u64) {
        *left_out = left_out.saturating_add(len.saturating_sub(bound) as u64);
    }
    macro_rules! attributes {
        ($it:expr) => {
            over(
                $it.attributes.len(),
                limits.attributes,
                &mut $it.dropped_attributes_count,
            )
        };
    }
    for resource in &mut payload.traces.resource_spans {
        attributes!(resource.resource);
        for scope in &mut resource.scope_spans {
            attributes!(scope.scope);
            for span in &mut scope.spans {
                let (events, links) = (span.events.len(), span.links.len());
                attributes!(span);
                over(events, limits::SPAN_EVENTS, &mut span.dropped_events_count);
                over(links, limits::SPAN_EVENTS, &mut span.dropped_links_count);
                span.events.iter_mut().for_each(|it| attributes!(it));
                span.links.iter_mut().for_each(|it| attributes!(it));
            }
        }
    }
    for resource in &mut payload.otlp.resource_logs {
        attributes!(resource.resource);
        for scope in &mut resource.scope_logs {
            attributes!(scope.scope);
            scope.log_records.iter_mut().for_each(|it| attributes!(it));
        }
    }
    for resource in &mut payload.otlp.resource_metrics {
        attributes!(resource.resource);
        let scopes = resource.scope_metrics.iter_mut();
        scopes.for_each(|it| attributes!(it.scope));
    }
}

/// Drops the items whose place is past the bound. They are the last of the order, so that no place before them moves.
fn cut_items(payload: &mut Payload, bound: usize, cut: &mut Cut) {
    let all = payload.len();
    let mut room = payload
        .items()
        .take_while(|(place, _)| (*place as usize) < bound)
        .count();
    if room == all {
        return;
    }
    fn keep<T>(list: &mut Vec<T>, room: &mut usize, cut: &mut u64) {
        *cut += list.len().saturating_sub(*room) as u64;
        list.truncate(*room);
        *room -= list.len();
    }
    keep(
        &mut payload.logs,
        &mut room,
        &mut cut.items[Kind::Log as usize],
    );
    keep(
        &mut payload.exceptions,
        &mut room,
        &mut cut.items[Kind::Exception as usize],
    );
    keep(
        &mut payload.measurements,
        &mut room,
        &mut cut.items[Kind::Measurement as usize],
    );
    keep(
        &mut payload.events,
        &mut room,
        &mut cut.items[Kind::Event as usize],
    );
    for scope in payload
        .traces
        .resource_spans
        .iter_mut()
        .flat_map(|r| &mut r.scope_spans)
    {
        keep(
            &mut scope.spans,
            &mut room,
            &mut cut.items[Kind::Span as usize],
        );
    }
}

/// Why an item that was read cannot be used.
fn useless(item: Item<'_>) -> Option<Reason> {
    let empty = match item {
        Item::Log(log) => {
            log.message.is_empty()
                && log.level.is_empty()
                && log.context.is_empty()
                && log.extra.is_empty()
        }
        Item::Exception(e) => {
            e.kind.is_empty()
                && e.value.is_empty()
                && e.stacktrace.is_blank()
                && e.context.is_empty()
                && e.causes.is_empty()
                && e.extra.is_empty()
        }
        Item::Measurement(m) => {
            m.kind.is_empty() && m.values.is_empty() && m.context.is_empty() && m.extra.is_empty()
        }
        Item::Event(e) => e.name.is_empty() && e.attributes.is_empty() && e.extra.is_empty(),
        Item::Span(_, _, span) => {
            let good = is_id(&span.trace_id, 32) && is_id(&span.span_id, 16);
            return (!good).then_some(Reason::BadId);
        }
    };
    empty.then_some(Reason::Empty)
}

/// Hexadecimal of this length and not all zero, as OTLP wants ids.
fn is_id(text: &str, len: usize) -> bool {
    text.len() == len
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0')
}

fn unreadable_time(item: Item<'_>) -> bool {
    let bad = |time: &Time| matches!(time, Time::Unreadable(_));
    match item {
        Item::Span(_, _, span) => bad(&span.start.0) || bad(&span.end.0),
        other => bad(other.time()),
    }
}

/// The last place up to `at` where a text can be cut.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// Shortens what is too long.
struct Scissors<'a> {
    limits: &'a Limits,
    cut: &'a mut Cut,
}

impl Scissors<'_> {
    /// Cuts a text with a margin, so that no secret is cut in half before it was looked for.
    fn cut(&mut self, text: &mut String, bound: usize) -> bool {
        if text.len() <= bound {
            return false;
        }
        self.cut.strings += 1;
        let margin = self.limits.margin;
        if margin == 0 || text.len() > bound + margin {
            text.truncate(boundary(text, bound + margin));
            if margin > 0 {
                text.push(CUT);
            }
        }
        true
    }
}

/// Stands at the end of a text that was cut with a margin; the last code point, which Unicode has no sign for.
const CUT: char = '\u{10ffff}';

/// Takes margins away: where a text was cut, all of them, since it may have become shorter and end in half a secret.
struct Trim<'a>(&'a Limits);

impl Trim<'_> {
    fn trim(&self, text: &mut String, bound: usize) -> bool {
        let before = text.len();
        if text.ends_with(CUT) {
            text.pop();
            text.truncate(boundary(text, text.len().saturating_sub(self.0.margin)));
        }
        text.truncate(boundary(text, bound));
        text.len() != before
    }
}

impl Walk for Trim<'_> {
    fn text(&mut self, _at: At<'_>, text: &mut String) {
        self.trim(text, self.0.string);
    }

    fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
        self.trim(name, limits::KEY_BYTES)
    }
}

pub(super) fn trim(payload: &mut Payload, limits: &Limits) {
    payload.visit(&mut Trim(limits));
}

impl Walk for Scissors<'_> {
    fn text(&mut self, _at: At<'_>, text: &mut String) {
        self.cut(text, self.limits.string);
    }

    fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
        self.cut(name, limits::KEY_BYTES)
    }

    fn bound(&mut self, at: At<'_>, len: usize) -> usize {
        // Nearly all lists are shorter than what any may have.
        if len
            <= limits::CAUSES
                .min(self.limits.attributes)
                .min(self.limits.items)
        {
            return len;
        }
        let bound = match at.field {
            // Items and what holds them were counted before; lost places are ours.
            "Payload.logs" | "Payload.exceptions" | "Payload.measurements" | "Payload.events" => {
                return len;
            }
            "Traces.resourceSpans"
            | "ResourceSpans.scopeSpans"
            | "ScopeSpans.spans"
            | "Signals.resourceLogs"
            | "ResourceLogs.scopeLogs"
            | "ScopeLogs.logRecords"
            | "Signals.resourceMetrics"
            | "ResourceMetrics.scopeMetrics"
            | "ScopeMetrics.metrics"
            // Half of a histogram would be another; reading bounds these.
            | "HistogramPoint.bucketCounts"
            | "HistogramPoint.explicitBounds"
            | "Buckets.bucketCounts"
            | "Farol.lost" => return len,
            field if field.ends_with(".dataPoints") => {
                self.cut.points += len.saturating_sub(self.limits.items) as u64;
                self.limits.items
            }
            "Stacktrace.frames" => limits::FRAMES,
            "Exception.causes" => limits::CAUSES,
            "Exception.trail" => limits::TRAIL,
            "Span.events" | "Span.links" => limits::SPAN_EVENTS,
            _ => self.limits.attributes,
        };
        self.cut.parts += len.saturating_sub(bound) as u64;
        len.min(bound)
    }
}
