//! A document as one line of JSON.

use std::borrow::Cow;

use base64::Engine as _;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::{Document, Field, Fields};
use crate::export::json::{
    MAX_DEPTH, write_boolean, write_double, write_list, write_map, write_text,
};
use farol_protocol::time::to_iso;
use farol_protocol::write;

impl Document<'_> {
    /// Writes it, without a line end.
    pub(crate) fn json(&self, out: &mut Vec<u8>) {
        self.fields.json(out);
    }
}

impl Fields<'_> {
    /// Writes them as one object, without a line end.
    pub(crate) fn json(&self, out: &mut Vec<u8>) {
        object(out, self.pairs());
    }
}

fn object(out: &mut Vec<u8>, fields: &[(Cow<'_, str>, Field<'_>)]) {
    let fields = fields.iter().map(|(name, value)| (&**name, value));
    write_map(out, fields, field);
}

fn field(out: &mut Vec<u8>, it: &Field<'_>) {
    match it {
        Field::Text(text) => write_text(out, text),
        Field::Int(number) => write::signed(*number, out),
        Field::Time(nanos) => write_text(out, &to_iso(*nanos)),
        Field::Any(value) => any(out, value, 0),
        Field::List(list) => write_list(out, list, field),
        Field::Map(fields) => object(out, fields),
    }
}

/// A value as plain JSON: what OTLP marks with its type is told by the form alone.
pub(crate) fn any(out: &mut Vec<u8>, value: &AnyValue, depth: u32) {
    match &value.value {
        Some(Value::StringValue(text)) => write_text(out, text),
        Some(Value::BoolValue(flag)) => write_boolean(out, *flag),
        Some(Value::IntValue(number)) => write::signed(*number, out),
        Some(Value::DoubleValue(number)) => write_double(out, *number),
        Some(Value::BytesValue(bytes)) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
            write_text(out, &encoded);
        }
        Some(Value::ArrayValue(list)) if depth < MAX_DEPTH => {
            write_list(out, &list.values, |out, value| any(out, value, depth + 1));
        }
        Some(Value::KvlistValue(pairs)) if depth < MAX_DEPTH => {
            let pairs = pairs.values.iter();
            let pairs = pairs.map(|it| (it.key.as_str(), it.value.as_ref()));
            write_map(out, pairs, |out, value| match value {
                Some(value) => any(out, value, depth + 1),
                None => out.extend_from_slice(b"null"),
            });
        }
        // String-table indices belong to profiles, which carry the table.
        Some(Value::StringValueStrindex(_) | Value::ArrayValue(_) | Value::KvlistValue(_))
        | None => out.extend_from_slice(b"null"),
    }
}
