//! A document as a map of MessagePack.

use std::borrow::Cow;

use farol_protocol::time::to_iso;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::{Document, Field};
use crate::export::json::MAX_DEPTH;
use crate::export::msgpack;

impl Document<'_> {
    /// Writes it.
    pub(crate) fn msgpack(&self, out: &mut Vec<u8>) {
        object(out, self.fields.pairs());
    }
}

fn object(out: &mut Vec<u8>, fields: &[(Cow<'_, str>, Field<'_>)]) {
    msgpack::map(out, fields.len());
    for (name, value) in fields {
        msgpack::text(out, name);
        field(out, value);
    }
}

fn field(out: &mut Vec<u8>, it: &Field<'_>) {
    match it {
        Field::Text(text) => msgpack::text(out, text),
        Field::Int(number) => msgpack::int(out, *number),
        // The event has its own time; these are further ones, and a text is what every filter can read.
        Field::Time(nanos) => msgpack::text(out, &to_iso(*nanos)),
        Field::Any(value) => any(out, value, 0),
        Field::List(list) => {
            msgpack::array(out, list.len());
            list.iter().for_each(|it| field(out, it));
        }
        Field::Map(fields) => object(out, fields),
    }
}

fn any(out: &mut Vec<u8>, value: &AnyValue, depth: u32) {
    match &value.value {
        Some(Value::StringValue(text)) => msgpack::text(out, text),
        Some(Value::BoolValue(flag)) => msgpack::boolean(out, *flag),
        Some(Value::IntValue(number)) => msgpack::int(out, *number),
        Some(Value::DoubleValue(number)) => msgpack::double(out, *number),
        Some(Value::BytesValue(bytes)) => msgpack::bytes(out, bytes),
        Some(Value::ArrayValue(list)) if depth < MAX_DEPTH => {
            msgpack::array(out, list.values.len());
            list.values.iter().for_each(|it| any(out, it, depth + 1));
        }
        Some(Value::KvlistValue(pairs)) if depth < MAX_DEPTH => {
            msgpack::map(out, pairs.values.len());
            for pair in &pairs.values {
                msgpack::text(out, &pair.key);
                match &pair.value {
                    Some(value) => any(out, value, depth + 1),
                    None => msgpack::nil(out),
                }
            }
        }
        Some(Value::StringValueStrindex(_) | Value::ArrayValue(_) | Value::KvlistValue(_))
        | None => msgpack::nil(out),
    }
}
