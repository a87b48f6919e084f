//! A document as one line of JSON.

use std::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::{Document, Field};
use crate::export::json::{write_double, write_text};
use farol_protocol::time::to_iso;

/// Nesting that is written; what is deeper becomes null. The decoder refuses deeper input long before, this guards the stack alone.
pub(super) const MAX_DEPTH: u32 = 64;

impl Document<'_> {
    /// Writes it, without a line end.
    pub(crate) fn json(&self, out: &mut Vec<u8>) {
        object(out, &self.fields);
    }
}

pub(crate) fn object(out: &mut Vec<u8>, fields: &[(Cow<'_, str>, Field<'_>)]) {
    out.push(b'{');
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(out, name);
        out.push(b':');
        field(out, value);
    }
    out.push(b'}');
}

fn field(out: &mut Vec<u8>, it: &Field<'_>) {
    match it {
        Field::Text(text) => write_text(out, text),
        Field::Int(number) => display(out, number),
        Field::Time(nanos) => write_text(out, &to_iso(*nanos)),
        Field::Any(value) => any(out, value, 0),
        Field::List(list) => {
            out.push(b'[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                field(out, value);
            }
            out.push(b']');
        }
        Field::Map(fields) => object(out, fields),
    }
}

/// A value as plain JSON: what OTLP marks with its type is told by the form alone.
pub(crate) fn any(out: &mut Vec<u8>, value: &AnyValue, depth: u32) {
    match &value.value {
        Some(Value::StringValue(text)) => write_text(out, text),
        Some(Value::BoolValue(flag)) => display(out, flag),
        Some(Value::IntValue(number)) => display(out, number),
        Some(Value::DoubleValue(number)) => write_double(out, *number),
        Some(Value::BytesValue(bytes)) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
            write_text(out, &encoded);
        }
        Some(Value::ArrayValue(list)) if depth < MAX_DEPTH => {
            out.push(b'[');
            for (at, value) in list.values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                any(out, value, depth + 1);
            }
            out.push(b']');
        }
        Some(Value::KvlistValue(pairs)) if depth < MAX_DEPTH => {
            out.push(b'{');
            for (at, pair) in pairs.values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(out, &pair.key);
                out.push(b':');
                match &pair.value {
                    Some(value) => any(out, value, depth + 1),
                    None => out.extend_from_slice(b"null"),
                }
            }
            out.push(b'}');
        }
        // String-table indices belong to profiles, which carry the table.
        Some(Value::StringValueStrindex(_) | Value::ArrayValue(_) | Value::KvlistValue(_))
        | None => out.extend_from_slice(b"null"),
    }
}

fn display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    write!(out, "{value}").expect("a Vec takes all");
}
