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

use super::group::{Group, Item};

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
    bytes(1, &span.trace_id, out);
    bytes(2, &span.span_id, out);
    text(3, &span.trace_state, out);
    bytes(4, &span.parent_span_id, out);
    text(5, &span.name, out);
    number(6, i64::from(span.kind) as u64, out);
    fixed64(7, span.start_time_unix_nano, out);
    fixed64(8, span.end_time_unix_nano, out);
    pairs(9, &span.attributes, out);
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

/// A message in a message: most are shorter than 128 bytes, and their length takes the one byte that is left for it.
fn nested(field: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(field, WireType::LengthDelimited, out);
    out.push(0);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    let more = encoded_len_varint(length as u64) - 1;
    out.resize(out.len() + more, 0);
    out.copy_within(start..start + length, start + more);
    let mut place = &mut out[start - 1..start + more];
    encode_varint(length as u64, &mut place);
}

fn message(field: u32, message: &impl Message, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    message
        .encode_length_delimited(out)
        .expect("a Vec has room for what fits memory");
}

fn delimited(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint(field: u32, value: u64, out: &mut Vec<u8>) {
    encode_key(field, WireType::Varint, out);
    encode_varint(value, out);
}

fn text(field: u32, text: &str, out: &mut Vec<u8>) {
    bytes(field, text.as_bytes(), out);
}

fn bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        delimited(field, bytes, out);
    }
}

fn number(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        varint(field, value, out);
    }
}

fn fixed64(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(field, WireType::SixtyFourBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn fixed32(field: u32, value: u32, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(field, WireType::ThirtyTwoBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
