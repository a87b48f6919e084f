//! Groups as the protobuf of an OTLP export request, written straight from references.
//!
//! prost would want the request owned, that is, every record copied for every destination; and it counts the length of each message anew on
//! every level above it. Here a message is written first and its length put in front of it.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use super::group::{Group, Item, LOOK_BACK};
use crate::convert::{Place, span_fields};
use crate::protobuf::{bytes, delimited, fixed32, fixed64, message, nested, number, text, varint};

/// About what an item takes, so that the buffer rarely moves while it grows.
const USUAL_ITEM: usize = 1_536;

/// The bytes of `Export{Logs,Trace,Metrics}ServiceRequest`: the three have the same shape.
pub(crate) fn request<T: Item>(groups: &[Group<'_, T>]) -> Vec<u8> {
    let scopes = groups.iter().flat_map(|group| &group.scopes);
    let items: usize = scopes.map(|scoped| scoped.items.len()).sum();
    let mut out = Vec::with_capacity(USUAL_ITEM * items.max(1));
    for group in groups {
        nested(1, &mut out, |out| {
            if let Some(resource) = group.resource {
                message(1, resource, out);
            }
            for scoped in &group.scopes {
                nested(2, out, |out| {
                    if let Some(scope) = scoped.scope {
                        message(1, scope, out);
                    }
                    for item in &scoped.items {
                        nested(2, out, |out| item.write_protobuf(out));
                    }
                    text(3, scoped.schema_url, out);
                });
            }
            text(3, group.schema_url, out);
        });
    }
    out
}

/// The same for items that are bytes already, which are put together under equal resources and scopes.
pub(crate) fn written<'a>(items: impl Iterator<Item = (Place<'a>, &'a [u8])>) -> Vec<u8> {
    let mut scopes: Vec<Scope<'a>> = Vec::new();
    // Items of one record follow each other, and hang at the same place.
    let mut last: Option<(Place<'a>, usize)> = None;
    for (place, item) in items {
        let mut recent = scopes.iter().rev().take(LOOK_BACK);
        let at = match last.filter(|(known, _)| known.is(&place)) {
            Some((_, at)) => at,
            None => match recent.position(|it| it.place == place) {
                Some(back) => scopes.len() - 1 - back,
                None => {
                    scopes.push(Scope {
                        place,
                        items: Vec::new(),
                        length: framed(place.scope) + schema(place.scope_schema),
                    });
                    scopes.len() - 1
                }
            },
        };
        last = Some((place, at));
        scopes[at].items.push(item);
        scopes[at].length += item.len();
    }
    let room = |it: &Scope<'_>| {
        it.length + framed(it.place.resource) + schema(it.place.resource_schema) + 2 * FRAME
    };
    let mut out = Vec::with_capacity(scopes.iter().map(room).sum());
    while !scopes.is_empty() {
        let root = scopes[0].place;
        let mut seen = 0;
        let of_root = |it: &mut Scope<'_>| {
            seen += 1;
            let same = it.place.resource == root.resource
                && it.place.resource_schema == root.resource_schema;
            same && seen <= LOOK_BACK
        };
        let under: Vec<Scope<'_>> = scopes.extract_if(.., of_root).collect();
        let length: usize = under.iter().map(|it| framing(it.length) + it.length).sum();
        let length = length + framed(root.resource) + schema(root.resource_schema);
        head(1, length, &mut out);
        if let Some(resource) = root.resource {
            delimited(1, resource, &mut out);
        }
        for scope in under {
            head(2, scope.length, &mut out);
            if let Some(own) = scope.place.scope {
                delimited(1, own, &mut out);
            }
            for item in scope.items {
                out.extend_from_slice(item);
            }
            bytes(3, scope.place.scope_schema, &mut out);
        }
        bytes(3, root.resource_schema, &mut out);
    }
    out
}

/// What hangs under one scope of one resource.
struct Scope<'a> {
    place: Place<'a>,
    items: Vec<&'a [u8]>,
    /// Of its message.
    length: usize,
}

/// The most that a message's tag and length take.
const FRAME: usize = 11;

/// What tag and length of a message take.
fn framing(length: usize) -> usize {
    1 + encoded_len_varint(length as u64)
}

fn framed(message: Option<&[u8]>) -> usize {
    message.map_or(0, |it| framing(it.len()) + it.len())
}

fn schema(url: &[u8]) -> usize {
    framed(Some(url).filter(|it| !it.is_empty()))
}

/// A message's tag and length.
fn head(field: u32, length: usize, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}

/// A log record's fields.
pub(super) fn log_record(record: &LogRecord, out: &mut Vec<u8>) {
    fixed64(1, record.time_unix_nano, out);
    number(2, i64::from(record.severity_number) as u64, out);
    text(3, &record.severity_text, out);
    if let Some(body) = &record.body {
        nested(5, out, |out| any_value(body, out));
    }
    pairs(6, &record.attributes, out);
    number(7, record.dropped_attributes_count.into(), out);
    fixed32(8, record.flags, out);
    bytes(9, &record.trace_id, out);
    bytes(10, &record.span_id, out);
    fixed64(11, record.observed_time_unix_nano, out);
    text(12, &record.event_name, out);
}

/// A span's fields.
pub(super) fn span(span: &Span, out: &mut Vec<u8>) {
    span_fields(span, |out| pairs(9, &span.attributes, out), out);
}

/// A metric's fields. There are few of them, so prost writes them.
pub(super) fn metric(metric: &Metric, out: &mut Vec<u8>) {
    metric
        .encode(out)
        .expect("a Vec has room for what fits memory");
}

fn pairs(field: u32, pairs: &[KeyValue], out: &mut Vec<u8>) {
    for pair in pairs {
        nested(field, out, |out| {
            text(1, &pair.key, out);
            if let Some(value) = &pair.value {
                nested(2, out, |out| any_value(value, out));
            }
            number(3, i64::from(pair.key_strindex) as u64, out);
        });
    }
}

/// One of several says which it is: it is written where it is empty or zero, too.
fn any_value(value: &AnyValue, out: &mut Vec<u8>) {
    match &value.value {
        None => {}
        Some(Value::StringValue(text)) => delimited(1, text.as_bytes(), out),
        Some(Value::BoolValue(value)) => varint(2, u64::from(*value), out),
        Some(Value::IntValue(value)) => varint(3, *value as u64, out),
        Some(Value::DoubleValue(value)) => {
            encode_key(4, WireType::SixtyFourBit, out);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Some(Value::ArrayValue(list)) => nested(5, out, |out| {
            for value in &list.values {
                nested(1, out, |out| any_value(value, out));
            }
        }),
        Some(Value::KvlistValue(list)) => nested(6, out, |out| pairs(1, &list.values, out)),
        Some(Value::BytesValue(value)) => delimited(7, value, out),
        Some(Value::StringValueStrindex(index)) => varint(8, i64::from(*index) as u64, out),
    }
}

#[cfg(test)]
mod tests;
