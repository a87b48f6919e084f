//! A record as the bytes of OTLP's protobuf, item by item: what destinations that speak OTLP send as it stands. Made straight from the
//! payload, with nothing in between that would have to be allocated, kept and freed for every attribute.

use std::ops::Range;

use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::encoding::{WireType, encode_key};

use super::attrs::{Any, Pair};
use super::tree::{Branch, Record, Resource, Scope, Spanned, Tree};
use super::{Dialect, Otlp, semconv, to_otlp};
use crate::protobuf::{
    bytes, delimited, fixed32, fixed64, message, nested, number, text, text_pair, varint,
};
use crate::record::{Header, SourceKind};
use farol_protocol::payload::Payload;

/// About what an item comes to.
const USUAL_ITEM: usize = 1_536;

/// A conversion, written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    bytes: Vec<u8>,
    places: Vec<PlaceOf>,
    logs: Vec<Item>,
    spans: Vec<Item>,
    /// What a client sent as metrics, which is rare.
    pub(crate) metrics: Vec<ResourceMetrics>,
}

/// An item with the tag and the length that it has within its scope.
#[derive(Debug)]
struct Item {
    place: u32,
    range: Range<usize>,
}

/// Where items hang, as ranges of the bytes.
#[derive(Debug, Default)]
struct PlaceOf {
    resource: Option<Range<usize>>,
    resource_schema: Range<usize>,
    scope: Option<Range<usize>>,
    scope_schema: Range<usize>,
}

/// Where an item hangs: what it is grouped by. The messages of resource and scope are without tag and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) resource: Option<&'a [u8]>,
    pub(crate) resource_schema: &'a [u8],
    pub(crate) scope: Option<&'a [u8]>,
    pub(crate) scope_schema: &'a [u8],
}

impl Place<'_> {
    /// Whether it is the very same, which is told without looking at what stands there.
    pub(crate) fn is(&self, other: &Self) -> bool {
        fn one(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
            a.map(std::ptr::from_ref) == b.map(std::ptr::from_ref)
        }
        one(self.resource, other.resource)
            && one(self.scope, other.scope)
            && std::ptr::eq(self.resource_schema, other.resource_schema)
            && std::ptr::eq(self.scope_schema, other.scope_schema)
    }
}

/// Converts one record.
pub(crate) fn to_written(header: &Header, payload: &Payload, dialect: Dialect) -> Written {
    if header.kind != SourceKind::Faro || dialect != Dialect::Semconv {
        return Written::from(to_otlp(header, payload, dialect));
    }
    let mut out = Written {
        bytes: Vec::with_capacity(USUAL_ITEM * (payload.len() + 1)),
        ..Written::default()
    };
    let Tree { logs, traces } = semconv::convert(header, payload);
    if let Some(branch) = logs {
        out.logs(&branch);
    }
    for branch in traces {
        out.spans(&branch);
    }
    out
}

impl Written {
    /// How many log records there are.
    pub(crate) fn log_count(&self) -> usize {
        self.logs.len()
    }

    /// How many spans there are.
    pub(crate) fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// A log record, with where it hangs.
    pub(crate) fn log(&self, at: usize) -> Option<(Place<'_>, &[u8])> {
        self.item(self.logs.get(at)?)
    }

    /// A span, with where it hangs.
    pub(crate) fn span(&self, at: usize) -> Option<(Place<'_>, &[u8])> {
        self.item(self.spans.get(at)?)
    }

    /// Its log records, or its spans, in OTLP's types, in their order. When they arrived is not known there.
    pub(crate) fn typed(&self, logs: bool) -> Otlp {
        let mut otlp = Otlp::default();
        macro_rules! walk {
            ($list:ident, $one:ident, $roots:ident, $Root:ident, $scopes:ident, $Scope:ident, $items:ident) => {{
                let mut last = None;
                for (place, item) in (0..self.$list.len()).filter_map(|at| self.$one(at)) {
                    let read: $Scope = decoded(item);
                    let same = last
                        .replace(place)
                        .is_some_and(|last: Place<'_>| last.is(&place));
                    if !same {
                        otlp.$roots.push($Root {
                            resource: place.resource.map(decoded),
                            $scopes: vec![$Scope {
                                scope: place.scope.map(decoded),
                                schema_url: text_of(place.scope_schema),
                                ..$Scope::default()
                            }],
                            schema_url: text_of(place.resource_schema),
                        });
                    }
                    if let Some(root) = otlp.$roots.last_mut() {
                        // One for each, so that places hold: prost reads no deeper than it does, where the configuration allows that.
                        let item = read.$items.into_iter().next();
                        root.$scopes[0].$items.push(item.unwrap_or_default());
                    }
                }
            }};
        }
        match logs {
            true => walk!(
                logs,
                log,
                logs,
                ResourceLogs,
                scope_logs,
                ScopeLogs,
                log_records
            ),
            false => walk!(
                spans,
                span,
                traces,
                ResourceSpans,
                scope_spans,
                ScopeSpans,
                spans
            ),
        }
        otlp
    }

    /// What it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.capacity()
            + self.places.capacity() * size_of::<PlaceOf>()
            + (self.logs.capacity() + self.spans.capacity()) * size_of::<Item>()
    }

    fn item(&self, item: &Item) -> Option<(Place<'_>, &[u8])> {
        let place = self.places.get(item.place as usize)?;
        let of = |range: &Range<usize>| &self.bytes[range.clone()];
        let place = Place {
            resource: place.resource.as_ref().map(of),
            resource_schema: of(&place.resource_schema),
            scope: place.scope.as_ref().map(of),
            scope_schema: of(&place.scope_schema),
        };
        Some((place, of(&item.range)))
    }

    /// Writes something, and says where it stands.
    fn note(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        start..self.bytes.len()
    }

    fn logs(&mut self, branch: &Branch<'_, Record<'_>>) {
        self.branch(branch, |this, place, item| {
            let range = this.note(|out| nested(2, out, |out| record(item, out)));
            this.logs.push(Item { place, range });
        });
    }

    fn spans(&mut self, branch: &Branch<'_, Spanned<'_>>) {
        self.branch(branch, |this, place, item| {
            let range = this.note(|out| nested(2, out, |out| span(item, out)));
            this.spans.push(Item { place, range });
        });
    }

    fn branch<T>(&mut self, branch: &Branch<'_, T>, mut put: impl FnMut(&mut Self, u32, &T)) {
        let root = self.note(|out| resource(&branch.resource, out));
        let root_schema = self.note(|out| out.extend_from_slice(branch.schema_url.as_bytes()));
        for twig in &branch.scopes {
            let own = self.note(|out| scope(&twig.scope, out));
            let schema = self.note(|out| out.extend_from_slice(twig.schema_url.as_bytes()));
            let place = self.places.len() as u32;
            self.places.push(PlaceOf {
                resource: Some(root.clone()),
                resource_schema: root_schema.clone(),
                scope: Some(own),
                scope_schema: schema,
            });
            for item in &twig.items {
                put(self, place, item);
            }
        }
    }
}

impl From<Otlp> for Written {
    fn from(otlp: Otlp) -> Self {
        let mut out = Self::default();
        macro_rules! walk {
            ($roots:expr, $scopes:ident, $items:ident, $list:ident) => {
                for root in &$roots {
                    let resource = (root.resource.as_ref())
                        .map(|it| out.note(|bytes| prost_fields(it, bytes)));
                    let resource_schema =
                        out.note(|bytes| bytes.extend_from_slice(root.schema_url.as_bytes()));
                    for twig in &root.$scopes {
                        let scope = (twig.scope.as_ref())
                            .map(|it| out.note(|bytes| prost_fields(it, bytes)));
                        let scope_schema =
                            out.note(|bytes| bytes.extend_from_slice(twig.schema_url.as_bytes()));
                        let place = out.places.len() as u32;
                        out.places.push(PlaceOf {
                            resource: resource.clone(),
                            resource_schema: resource_schema.clone(),
                            scope,
                            scope_schema,
                        });
                        for item in &twig.$items {
                            let range = out.note(|bytes| message(2, item, bytes));
                            out.$list.push(Item { place, range });
                        }
                    }
                }
            };
        }
        walk!(otlp.logs, scope_logs, log_records, logs);
        walk!(otlp.traces, scope_spans, spans, spans);
        out.metrics = otlp.metrics;
        out
    }
}

fn decoded<T: prost::Message + Default>(bytes: &[u8]) -> T {
    T::decode(bytes).unwrap_or_default()
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn prost_fields(message: &impl prost::Message, out: &mut Vec<u8>) {
    message
        .encode(out)
        .expect("a Vec has room for what fits memory");
}

fn resource(resource: &Resource<'_>, out: &mut Vec<u8>) {
    pairs(1, resource.attributes.list(), out);
    number(2, resource.dropped.into(), out);
}

fn scope(scope: &Scope<'_>, out: &mut Vec<u8>) {
    text(1, scope.name, out);
    text(2, scope.version, out);
    pairs(3, &scope.attributes, out);
    number(4, scope.dropped.into(), out);
}

fn record(record: &Record<'_>, out: &mut Vec<u8>) {
    fixed64(1, record.time_ns, out);
    number(2, i64::from(record.severity) as u64, out);
    text(3, &record.severity_text, out);
    if let Some(body) = &record.body {
        nested(5, out, |out| delimited(1, body.as_bytes(), out));
    }
    pairs(6, &record.attributes, out);
    fixed32(8, record.flags, out);
    if let Some(id) = &record.trace_id {
        delimited(9, id, out);
    }
    if let Some(id) = &record.span_id {
        delimited(10, id, out);
    }
    fixed64(11, record.observed_ns, out);
    text(12, &record.event_name, out);
}

fn span(given: &Spanned<'_>, out: &mut Vec<u8>) {
    span_fields(&given.span, |out| pairs(9, &given.attributes, out), out);
}

/// A span's fields, but that its attributes come from elsewhere.
pub(crate) fn span_fields(span: &Span, attributes: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
    bytes(1, &span.trace_id, out);
    bytes(2, &span.span_id, out);
    text(3, &span.trace_state, out);
    bytes(4, &span.parent_span_id, out);
    text(5, &span.name, out);
    number(6, i64::from(span.kind) as u64, out);
    fixed64(7, span.start_time_unix_nano, out);
    fixed64(8, span.end_time_unix_nano, out);
    attributes(out);
    number(10, span.dropped_attributes_count.into(), out);
    for event in &span.events {
        message(11, event, out);
    }
    number(12, span.dropped_events_count.into(), out);
    for link in &span.links {
        message(13, link, out);
    }
    number(14, span.dropped_links_count.into(), out);
    if let Some(status) = &span.status {
        message(15, status, out);
    }
    fixed32(16, span.flags, out);
}

fn pairs(field: u32, pairs: &[Pair<'_>], out: &mut Vec<u8>) {
    for pair in pairs {
        match &pair.value {
            Any::Text(value) => text_pair(field, &pair.key, value, out),
            value => nested(field, out, |out| {
                text(1, &pair.key, out);
                nested(2, out, |out| any(value, out));
            }),
        }
    }
}

/// One of several says which it is: it is written where it is empty or zero, too.
fn any(value: &Any<'_>, out: &mut Vec<u8>) {
    match value {
        Any::Null => {}
        Any::Text(text) => delimited(1, text.as_bytes(), out),
        Any::Bool(value) => varint(2, u64::from(*value), out),
        Any::Int(value) => varint(3, *value as u64, out),
        Any::Double(value) => {
            encode_key(4, WireType::SixtyFourBit, out);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Any::List(list) => nested(5, out, |out| {
            for value in list {
                nested(1, out, |out| any(value, out));
            }
        }),
        Any::Pairs(list) => nested(6, out, |out| pairs(1, list, out)),
        Any::Bytes(value) => delimited(7, value, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use prost::Message as _;

    /// An item without the tag and the length that it has within its scope.
    fn read<T: prost::Message + Default>(item: &[u8]) -> T {
        assert_eq!(item[0], 2 << 3 | 2);
        T::decode_length_delimited(&item[1..]).expect("a message")
    }

    #[test]
    fn what_is_written_says_what_the_conversion_says() {
        let maximal = include_str!("../../../tests/fixtures/payload/maximal.json");
        let payload = Payload::decode(maximal.as_bytes()).unwrap();
        let header = Header {
            app: "shop".into(),
            received_ns: 1_795_145_670_000_000_000,
            ..Header::default()
        };
        for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
            let otlp = to_otlp(&header, &payload, dialect);
            let written = to_written(&header, &payload, dialect);
            let mut at = 0;
            for root in &otlp.logs {
                let resource = root.resource.as_ref().map(|it| it.encode_to_vec());
                for scope in &root.scope_logs {
                    for record in &scope.log_records {
                        let (place, item) = written.log(at).unwrap();
                        assert_eq!(place.resource.map(<[u8]>::to_vec), resource);
                        assert_eq!(place.resource_schema, root.schema_url.as_bytes());
                        assert_eq!(place.scope_schema, scope.schema_url.as_bytes());
                        assert_eq!(&read::<LogRecord>(item), record);
                        at += 1;
                    }
                }
            }
            assert_eq!((at, written.log_count()), (written.logs.len(), at));
            let mut at = 0;
            for root in &otlp.traces {
                for scope in &root.scope_spans {
                    for span in &scope.spans {
                        let (place, item) = written.span(at).unwrap();
                        let own = scope.scope.as_ref().map(|it| it.encode_to_vec());
                        assert_eq!(place.scope.map(<[u8]>::to_vec), own);
                        assert_eq!(&read::<Span>(item), span);
                        at += 1;
                    }
                }
            }
            assert!(at > 0 && at == written.span_count());
            let (logs, spans) = (written.typed(true), written.typed(false));
            assert_eq!(logs.logs, otlp.logs);
            assert_eq!(spans.traces, otlp.traces);
            assert!(logs.traces.is_empty() && spans.logs.is_empty());
        }
    }
}
