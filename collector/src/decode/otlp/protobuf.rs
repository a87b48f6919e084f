//! Protobuf to OTLP/JSON. First a look over the bytes, as for JSON: how deep they nest and how many values they hold, before
//! anything is made of them. Then resource by resource and item by item; one that cannot be read becomes `null`'s place in the list.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::super::{Code, DecodeError, Limits};
use crate::export::json as otlp_json;
use crate::record::SourceKind;
use farol_protocol::limits;

/// What an item that cannot be read is written as: no object, so that the reader counts it in its place.
const UNREADABLE: &[u8] = b"0";

/// Writes a request as OTLP/JSON.
pub(super) fn to_json(
    kind: SourceKind,
    body: &[u8],
    limits: &Limits,
) -> Result<String, DecodeError> {
    let mut look = Look {
        values: 0,
        bound: limits.depth,
    };
    look.message(Shape::Request(kind), body, 1)?;
    let (resources, scopes, items) = match kind {
        SourceKind::OtlpLogs => ("resourceLogs", "scopeLogs", "logRecords"),
        SourceKind::OtlpMetrics => ("resourceMetrics", "scopeMetrics", "metrics"),
        SourceKind::OtlpTraces | SourceKind::Faro => ("resourceSpans", "scopeSpans", "spans"),
    };
    let mut out = Vec::with_capacity(2 * body.len());
    open(&mut out, b"{", resources);
    for (n, resource) in parts(body, 1).enumerate() {
        comma(&mut out, n);
        out.extend_from_slice(b"{\"resource\":");
        match merged::<Resource>(resource, 1) {
            Some(resource) => otlp_json::resource(&resource, &mut out),
            None => out.extend_from_slice(b"{}"),
        }
        open(&mut out, b",", scopes);
        for (n, scope) in parts(resource, 2).enumerate() {
            comma(&mut out, n);
            out.extend_from_slice(b"{\"scope\":");
            match merged::<InstrumentationScope>(scope, 1) {
                Some(scope) => otlp_json::scope(&scope, &mut out),
                None => out.extend_from_slice(b"{}"),
            }
            open(&mut out, b",", items);
            for (n, item) in parts(scope, 2).enumerate() {
                comma(&mut out, n);
                write(kind, item, &mut out);
            }
            close(&mut out, scope);
        }
        close(&mut out, resource);
    }
    out.extend_from_slice(b"]}");
    // Strings were checked by the decoder, and all else is ours.
    String::from_utf8(out).map_err(|_| broken())
}

fn write(kind: SourceKind, item: &[u8], out: &mut Vec<u8>) {
    fn one<T: Message + Default>(item: &[u8], out: &mut Vec<u8>, write: fn(&T, &mut Vec<u8>)) {
        match T::decode(item) {
            Ok(item) => write(&item, out),
            Err(_) => out.extend_from_slice(UNREADABLE),
        }
    }
    match kind {
        SourceKind::OtlpLogs => one::<LogRecord>(item, out, otlp_json::log_record),
        SourceKind::OtlpMetrics => one::<Metric>(item, out, otlp_json::metric),
        SourceKind::OtlpTraces | SourceKind::Faro => one::<Span>(item, out, otlp_json::span),
    }
}

fn open(out: &mut Vec<u8>, before: &[u8], name: &str) {
    out.extend_from_slice(before);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
}

/// Ends a list and its object, with the schema that stands beside the list.
fn close(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b']');
    if let Some(schema) = parts(bytes, 3).last() {
        let schema = String::from_utf8_lossy(schema);
        out.extend_from_slice(b",\"schemaUrl\":");
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut *out, &schema);
    }
    out.push(b'}');
}

fn comma(out: &mut Vec<u8>, n: usize) {
    if n > 0 {
        out.push(b',');
    }
}

/// A message that may come in several parts, as protobuf allows.
fn merged<T: Message + Default>(bytes: &[u8], field: u32) -> Option<T> {
    let mut message = T::default();
    for part in parts(bytes, field) {
        message.merge(part).ok()?;
    }
    Some(message)
}

/// The length-delimited occurrences of a field. The look has seen that the bytes are well-formed this far down.
fn parts(bytes: &[u8], field: u32) -> impl Iterator<Item = &[u8]> {
    Fields(bytes)
        .filter_map(Result::ok)
        .filter_map(move |it| match it {
            (number, Some(inner)) if number == field => Some(inner),
            _ => None,
        })
}

/// The fields of a message: number, and the bytes of one that has a length.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Option<&'a [u8]>), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(broken))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u32, Option<&'a [u8]>)> {
        let key = u32::try_from(self.varint()?).ok()?;
        let number = key >> 3;
        let inner = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.take(8)?;
                None
            }
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Some(self.take(len)?)
            }
            5 => {
                self.take(4)?;
                None
            }
            // Groups are of another age; nothing of OTLP has them.
            _ => return None,
        };
        (number > 0).then_some((number, inner))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}

/// The messages of OTLP, as far as the look tells them apart.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Request(SourceKind),
    Resources(SourceKind),
    Scopes(SourceKind),
    Item(SourceKind),
    Resource,
    Scope,
    /// A key and a value.
    Pair,
    Any,
    /// Values, or pairs, one after the other.
    Values,
    Pairs,
    SpanEvent,
    SpanLink,
    /// A metric's data, by its field in the metric; and its points.
    Data(u32),
    Point(u32),
    Exemplar,
    /// Numbers one after the other, packed.
    Buckets,
    Packed,
    /// A message that holds no other; its fields are counted.
    Leaf,
    /// Text, bytes, or a number.
    Plain,
}

const GAUGE: u32 = 5;
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;
const EXPONENTIAL: u32 = 10;
const SUMMARY: u32 = 11;

/// Bytes of a number in memory; packed it can be one.
const NUMBER: usize = 8;

impl Shape {
    /// What a field with a length is.
    fn of(self, field: u32) -> Shape {
        use SourceKind::{OtlpLogs, OtlpMetrics};
        match (self, field) {
            (Shape::Request(kind), 1) => Shape::Resources(kind),
            (Shape::Resources(kind), 2) => Shape::Scopes(kind),
            (Shape::Scopes(kind), 2) => Shape::Item(kind),
            (Shape::Resources(_), 1) => Shape::Resource,
            (Shape::Scopes(_), 1) => Shape::Scope,
            (Shape::Resource, 1) | (Shape::Scope, 3) => Shape::Pair,
            (Shape::Item(OtlpLogs), 5) | (Shape::Pair, 2) => Shape::Any,
            (Shape::Item(OtlpLogs), 6) | (Shape::Item(OtlpMetrics), 12) => Shape::Pair,
            (Shape::Item(OtlpMetrics), 5 | 7 | 9 | 10 | 11) => Shape::Data(field),
            (Shape::Item(OtlpLogs | OtlpMetrics), _) => Shape::Plain,
            (Shape::Item(_), 9) => Shape::Pair,
            (Shape::Item(_), 11) => Shape::SpanEvent,
            (Shape::Item(_), 13) => Shape::SpanLink,
            (Shape::Any, 5) => Shape::Values,
            (Shape::Any, 6) => Shape::Pairs,
            (Shape::Values, 1) => Shape::Any,
            (Shape::SpanEvent, 3) | (Shape::SpanLink, 4) => Shape::Pair,
            (Shape::Pairs, 1) | (Shape::Exemplar, 7) => Shape::Pair,
            (Shape::Data(kind), 1) => Shape::Point(kind),
            (Shape::Point(GAUGE | SUM | SUMMARY), 7) => Shape::Pair,
            (Shape::Point(HISTOGRAM), 9) | (Shape::Point(EXPONENTIAL), 1) => Shape::Pair,
            (Shape::Point(GAUGE | SUM), 5) => Shape::Exemplar,
            (Shape::Point(HISTOGRAM), 8) | (Shape::Point(EXPONENTIAL), 11) => Shape::Exemplar,
            (Shape::Point(EXPONENTIAL), 8 | 9) => Shape::Buckets,
            (Shape::Buckets, 2) => Shape::Packed,
            (Shape::Resource, 3) | (Shape::Point(SUMMARY), 6) => Shape::Leaf,
            _ => Shape::Plain,
        }
    }
}

struct Look {
    values: usize,
    bound: usize,
}

impl Look {
    fn message(&mut self, shape: Shape, bytes: &[u8], depth: usize) -> Result<(), DecodeError> {
        if depth > self.bound {
            return Err(DecodeError {
                code: Code::TooDeep,
                message: format!(
                    "The body nests deeper than {} levels. Flatten the attribute there, or send it as a string.",
                    self.bound
                ),
            });
        }
        for field in Fields(bytes) {
            let (number, inner) = match (field, shape) {
                (Ok(field), _) => field,
                // Only down to the items a fault is the body's; within one it is that item's.
                (Err(error), Shape::Request(_) | Shape::Resources(_) | Shape::Scopes(_)) => {
                    return Err(error);
                }
                (Err(_), _) => return Ok(()),
            };
            self.values += 1;
            if self.values > limits::VALUES {
                return Err(DecodeError {
                    code: Code::TooMany,
                    message: format!(
                        "The body holds more than {} values. Send smaller batches.",
                        limits::VALUES
                    ),
                });
            }
            match (shape.of(number), inner) {
                (Shape::Plain, _) | (_, None) => {}
                (Shape::Packed, Some(inner)) => self.values += inner.len() / NUMBER,
                (shape, Some(inner)) => self.message(shape, inner, depth + 1)?,
            }
        }
        Ok(())
    }
}

fn broken() -> DecodeError {
    DecodeError {
        code: Code::BadPayload,
        message:
            "The body is no OTLP protobuf: it was cut on the way, or its content type is wrong."
                .to_owned(),
    }
}
