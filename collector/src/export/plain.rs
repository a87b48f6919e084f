//! OTLP's values without their types, for stores that have texts or JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use serde_json::{Map, Value};

use super::json::MAX_DEPTH;

/// A text as it is; lists and maps as JSON.
pub(crate) fn text(value: Option<&AnyValue>) -> Cow<'_, str> {
    match value.and_then(|it| it.value.as_ref()) {
        None => Cow::Borrowed(""),
        Some(Any::StringValue(text)) => Cow::Borrowed(text),
        Some(Any::BoolValue(flag)) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Some(Any::IntValue(number)) => Cow::Owned(number.to_string()),
        Some(Any::DoubleValue(number)) => Cow::Owned(number.to_string()),
        Some(Any::BytesValue(bytes)) => Cow::Owned(STANDARD.encode(bytes)),
        Some(_) => Cow::Owned(json(value).to_string()),
    }
}

/// As JSON. What JSON has no number for is its name.
pub(crate) fn json(value: Option<&AnyValue>) -> Value {
    below(value, 0)
}

fn below(value: Option<&AnyValue>, depth: u32) -> Value {
    match value.and_then(|it| it.value.as_ref()) {
        Some(Any::StringValue(text)) => Value::from(text.as_str()),
        Some(Any::BoolValue(flag)) => Value::from(*flag),
        Some(Any::IntValue(number)) => Value::from(*number),
        Some(Any::DoubleValue(number)) => match number.is_finite() {
            true => Value::from(*number),
            false => Value::from(number.to_string()),
        },
        Some(Any::BytesValue(bytes)) => Value::from(STANDARD.encode(bytes)),
        Some(Any::ArrayValue(list)) if depth < MAX_DEPTH => {
            let values = list.values.iter();
            Value::Array(values.map(|it| below(Some(it), depth + 1)).collect())
        }
        Some(Any::KvlistValue(map)) if depth < MAX_DEPTH => {
            let pairs = map.values.iter();
            let pair = |it: &opentelemetry_proto::tonic::common::v1::KeyValue| {
                (it.key.clone(), below(it.value.as_ref(), depth + 1))
            };
            Value::Object(pairs.map(pair).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;

    #[test]
    fn every_type_of_value_has_its_text() {
        let otlp = samples::rich();
        let record = &otlp.logs[0].scope_logs[0].log_records[0];
        let told = |name: &str| {
            let found = record.attributes.iter().find(|it| it.key == name).unwrap();
            text(found.value.as_ref()).into_owned()
        };
        for (name, want) in [
            ("empty", ""),
            ("text", ""),
            ("yes", "true"),
            ("no", "false"),
            ("int", "-9007199254740993"),
            ("double", "0.1"),
            ("whole", "2500"),
            ("nan", "NaN"),
            ("inf", "-inf"),
            ("bytes", "AP8Q"),
            ("list", r#"["a",1]"#),
            ("none", "[]"),
            ("map", r#"{"k":"v"}"#),
        ] {
            assert_eq!(told(name), want, "{name}");
        }
    }
}
