//! Protobuf to OTLP/JSON. First a look over the bytes, as for JSON: how deep they nest and how many values they hold, before
//! anything is made of them. Then resource by resource and item by item; one that cannot be read becomes `null`'s place in the list.
//! What the look finds broken, or with a list too long, is not given to the decoder at all, which reads on in places where the look does not.

mod look;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::super::{DecodeError, Limits};
use crate::export::json as otlp_json;
use crate::record::SourceKind;
use look::{Fault, Fields, Look, Shape, broken};

/// What an item that cannot be read is written as: no object, so that the reader counts it in its place.
const UNREADABLE: &[u8] = b"0";

/// A request as OTLP/JSON, and what the JSON does not say.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// The places of items with a list that is too long.
    pub(super) too_long: Vec<u32>,
    /// Data points of metrics that are not in it.
    pub(super) points: u64,
}

/// Writes a request as OTLP/JSON.
pub(super) fn to_json(
    kind: SourceKind,
    body: &[u8],
    limits: &Limits,
) -> Result<Written, DecodeError> {
    let mut look = Look::new(limits.depth);
    look.message(Shape::Request(kind), body, 1)?;
    let judge = Judge {
        sound: look.fault.is_none(),
        bound: limits.depth,
    };
    let (resources, scopes, items) = match kind {
        SourceKind::OtlpLogs => ("resourceLogs", "scopeLogs", "logRecords"),
        SourceKind::OtlpMetrics => ("resourceMetrics", "scopeMetrics", "metrics"),
        SourceKind::OtlpTraces | SourceKind::Faro => ("resourceSpans", "scopeSpans", "spans"),
    };
    let mut written = Written::default();
    let mut place = 0;
    let mut out = Vec::with_capacity(2 * body.len());
    open(&mut out, b"{", resources);
    for (n, resource) in parts(body, 1).enumerate() {
        comma(&mut out, n);
        out.extend_from_slice(b"{\"resource\":");
        match judge.merged::<Resource>(Shape::Resource, resource) {
            Some(resource) => otlp_json::resource(&resource, &mut out),
            None => out.extend_from_slice(b"{}"),
        }
        open(&mut out, b",", scopes);
        for (n, scope) in parts(resource, 2).enumerate() {
            comma(&mut out, n);
            out.extend_from_slice(b"{\"scope\":");
            match judge.merged::<InstrumentationScope>(Shape::Scope, scope) {
                Some(scope) => otlp_json::scope(&scope, &mut out),
                None => out.extend_from_slice(b"{}"),
            }
            open(&mut out, b",", items);
            for (n, item) in parts(scope, 2).enumerate() {
                comma(&mut out, n);
                match judge.look(Shape::Item(kind), item) {
                    Look { fault: None, .. } => write(kind, item, &mut out),
                    Look { fault, points, .. } => {
                        out.extend_from_slice(UNREADABLE);
                        written.points += points as u64;
                        if fault == Some(Fault::TooLong) {
                            written.too_long.push(place);
                        }
                    }
                }
                place += 1;
            }
            close(&mut out, scope);
        }
        close(&mut out, resource);
    }
    out.extend_from_slice(b"]}");
    // Strings were checked by the decoder, and all else is ours.
    written.text = String::from_utf8(out).map_err(|_| broken())?;
    Ok(written)
}

/// How many messages there are in a request, as far as it is read.
pub(super) fn messages(kind: SourceKind, body: &[u8], limits: &Limits) -> usize {
    let mut look = Look::new(limits.depth);
    // What is refused is never decoded.
    let _ = look.message(Shape::Request(kind), body, 1);
    look.messages
}

/// Says of each part whether it may be decoded.
struct Judge {
    /// In all of the body nothing was found. Of nearly all bodies it is so, and none of them is looked at twice.
    sound: bool,
    bound: usize,
}

impl Judge {
    /// What a look at a part by itself sees.
    fn look(&self, shape: Shape, part: &[u8]) -> Look {
        let mut look = Look::new(self.bound);
        if !self.sound && look.message(shape, part, 1).is_err() {
            look.fault = Some(Fault::Broken);
        }
        look
    }

    /// A message in a resource's or a scope's first field. It may come in several parts, as protobuf allows.
    fn merged<T: Message + Default>(&self, shape: Shape, bytes: &[u8]) -> Option<T> {
        let mut message = T::default();
        for part in parts(bytes, 1) {
            if self.look(shape, part).fault.is_some() {
                return None;
            }
            message.merge(part).ok()?;
        }
        Some(message)
    }
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

/// The length-delimited occurrences of a field. The look has seen that the bytes are well-formed this far down.
fn parts(bytes: &[u8], field: u32) -> impl Iterator<Item = &[u8]> {
    Fields(bytes)
        .filter_map(Result::ok)
        .filter_map(move |it| match it {
            (number, Some(inner)) if number == field => Some(inner),
            _ => None,
        })
}
