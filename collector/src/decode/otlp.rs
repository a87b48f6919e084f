//! OTLP in: an export request in JSON or protobuf to a payload that holds its spans, log records or metrics. As lenient as Faro's
//! bodies are read: one typed pass, and item by item where that does not pass.
//!
//! Protobuf is written as JSON first, within the same bounds, so that both forms are read by the same code.

mod protobuf;
mod tree;

use std::borrow::Cow;

use farol_protocol::span::Traces;
use serde::Deserialize;

use super::recover::{Reader, fields, whole};
use super::{DecodeError, Decoded, Limits, Reason, Repair, limit, scan};
use crate::record::SourceKind;
use protobuf::Written;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OTLP/JSON.
    Json,
    /// Protobuf.
    Protobuf,
}

/// Reads an export request of the signal that `kind` names.
///
/// # Errors
/// When the body as a whole cannot be taken.
pub fn otlp(
    kind: SourceKind,
    form: Form,
    body: &[u8],
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    let mut written = Written::default();
    let text = match form {
        Form::Json => {
            let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            let text = String::from_utf8_lossy(body);
            if matches!(text, Cow::Owned(_)) {
                decoded.repaired.push(Repair::Text);
            }
            text
        }
        // A request without anything in it has no byte in this form.
        Form::Protobuf if body.is_empty() => return Ok(decoded),
        Form::Protobuf => {
            written = protobuf::to_json(kind, body, limits)?;
            Cow::Owned(std::mem::take(&mut written.text))
        }
    };
    let found = scan::scan(text.as_bytes(), limits.depth)?;
    let text = match found.surrogates {
        true => scan::mend(text),
        false => text,
    };
    read(kind, &text, limits, &mut decoded)?;
    decoded.cut.points += written.points;
    for item in &mut decoded.unreadable {
        if written.too_long.binary_search(&item.index).is_ok() {
            item.reason = Reason::TooLong;
        }
    }
    Ok(decoded)
}

/// How many messages there are in a request in protobuf: each takes some hundred bytes once it is read, of two.
pub(crate) fn messages(kind: SourceKind, body: &[u8], limits: &Limits) -> usize {
    protobuf::messages(kind, body, limits)
}

fn read(
    kind: SourceKind,
    text: &str,
    limits: &Limits,
    decoded: &mut Decoded,
) -> Result<(), DecodeError> {
    let object = text.trim_start().starts_with('{');
    match kind {
        SourceKind::OtlpTraces => {
            match serde_json::from_str::<Traces>(text) {
                Ok(traces) if object => decoded.payload.traces = traces,
                _ => again(text, limits, decoded, |reader, raw, payload| {
                    payload.traces.resource_spans = reader.resources(raw);
                })?,
            }
            decoded.payload.traces.extra = Default::default();
        }
        SourceKind::OtlpLogs => match serde_json::from_str::<tree::Logs>(text) {
            Ok(logs) if object => decoded.payload.otlp.resource_logs = logs.0,
            _ => again(text, limits, decoded, |reader, raw, payload| {
                payload.otlp.resource_logs = tree::logs(reader, raw);
            })?,
        },
        SourceKind::OtlpMetrics => match serde_json::from_str::<tree::Metrics>(text) {
            Ok(metrics) if object => decoded.payload.otlp.resource_metrics = metrics.0,
            _ => again(text, limits, decoded, |reader, raw, payload| {
                payload.otlp.resource_metrics = tree::metrics(reader, raw);
            })?,
        },
        SourceKind::Faro => {}
    }
    tree::bound(decoded, limits);
    limit::apply(decoded, limits, None);
    Ok(())
}

type Raw<'r> = Option<&'r serde_json::value::RawValue>;

/// Reads the request item by item.
fn again(
    text: &str,
    limits: &Limits,
    decoded: &mut Decoded,
    take: impl FnOnce(&mut Reader<'_>, Raw<'_>, &mut farol_protocol::payload::Payload),
) -> Result<(), DecodeError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let raw = <&serde_json::value::RawValue>::deserialize(&mut json);
    let raw = raw.and_then(|raw| json.end().map(|()| raw));
    let raw = raw.map_err(|error| whole(text, &error))?;
    let Some(mut top) = fields(raw) else {
        let error = <serde_json::Error as serde::de::Error>::custom("no object");
        return Err(whole(text, &error));
    };
    let names = [
        "resourceSpans",
        "resource_spans",
        "resourceLogs",
        "resource_logs",
        "resourceMetrics",
        "resource_metrics",
    ];
    let list = names.iter().find_map(|name| top.take(name));
    let mut reader = Reader::new(limits);
    take(&mut reader, list, &mut decoded.payload);
    reader.end(decoded);
    Ok(())
}

/// The door for fuzzers: any bytes in any form, and what must hold of the answer.
#[doc(hidden)]
pub fn fuzz(kind: SourceKind, form: Form, body: &[u8]) -> Option<Decoded> {
    use farol_protocol::payload::Payload;
    let decoded = otlp(kind, form, body, &Limits::default()).ok()?;
    let stored = decoded.payload.encode();
    match Payload::decode(&stored) {
        Ok(again) => assert!(again.encode() == stored, "it reads back equal"),
        Err(error) => panic!("the stored payload does not read back: {error}"),
    }
    Some(decoded)
}

#[cfg(test)]
mod tests;
