//! A list of OTLP attributes with distinct names.

use farol_protocol::names::attr;
use farol_protocol::value::Value;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};

/// Attributes under construction. Our own names go in by `put` and its family; what clients name goes in by
/// [`Attrs::free`] and steps aside for ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attrs(pub(super) Vec<KeyValue>);

impl Attrs {
    /// Adds a text unless it is empty, which on this wire is absent.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.put(name, Any::StringValue(text.to_owned()));
        }
    }

    /// Adds text that spells a whole number as one.
    pub(super) fn number(&mut self, name: &str, text: &str) {
        match text.parse::<i64>() {
            // Only what reads back the same: `007` is a name, not seven.
            Ok(number) if number.to_string() == text => self.put(name, Any::IntValue(number)),
            _ => self.text(name, text),
        }
    }

    pub(super) fn flag(&mut self, name: &str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.put(name, Any::BoolValue(flag));
        }
    }

    pub(super) fn texts<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        let values: Vec<AnyValue> = texts
            .map(|text| any(Any::StringValue(text.to_owned())))
            .collect();
        if !values.is_empty() {
            self.put(name, Any::ArrayValue(ArrayValue { values }));
        }
    }

    /// Adds one of our own attributes. A client's of that name, as a span may bring, steps aside.
    pub(super) fn put(&mut self, name: &str, value: Any) {
        if let Some(at) = self.0.iter().position(|attribute| attribute.key == name) {
            let taken = self.0.remove(at);
            self.aside(name, taken.value.unwrap_or_default());
        }
        self.0.push(KeyValue {
            key: name.to_owned(),
            value: Some(any(value)),
            ..KeyValue::default()
        });
    }

    /// With room for so many.
    pub(super) fn with_room(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Adds attributes with distinct names of their own, each where none stands yet.
    pub(super) fn or_put_all(&mut self, attributes: &[KeyValue]) {
        let stood = self.0.len();
        self.0.reserve(attributes.len());
        for attribute in attributes {
            let mut before = self.0[..stood].iter();
            if !before.any(|own| own.key == attribute.key) {
                self.0.push(attribute.clone());
            }
        }
    }

    /// Adds one of our own attributes where the item does not say otherwise.
    pub(super) fn or_put(&mut self, attribute: &KeyValue) {
        if self.get(&attribute.key).is_none() {
            self.0.push(attribute.clone());
        }
    }

    /// Adds an attribute that a client named. Equal to one that stands already it is dropped; different, it keeps its
    /// value under a prefix.
    pub(super) fn free(&mut self, name: &str, value: &Value) {
        let value = to_any(value);
        match self.get(name) {
            _ if name.is_empty() => self.aside("_", value),
            None => self.0.push(KeyValue {
                key: name.to_owned(),
                value: Some(value),
                ..KeyValue::default()
            }),
            Some(taken) if same(taken, &value) => {}
            Some(_) => self.aside(name, value),
        }
    }

    fn aside(&mut self, name: &str, value: AnyValue) {
        let mut key = format!("{}{name}", attr::CLASH);
        while self.get(&key).is_some() {
            key.push('_');
        }
        self.0.push(KeyValue {
            key,
            value: Some(value),
            ..KeyValue::default()
        });
    }

    /// Adds attributes that a client named, each under a prefix.
    pub(super) fn under<'a>(
        &mut self,
        prefix: &str,
        entries: impl Iterator<Item = (&'a str, &'a Value)>,
    ) {
        for (name, value) in entries {
            self.free(&format!("{prefix}{name}"), value);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&AnyValue> {
        let found = self.0.iter().find(|attribute| attribute.key == name);
        found.and_then(|attribute| attribute.value.as_ref())
    }
}

/// The same value, a number and its spelling included: Faro writes `"200"` where OpenTelemetry has 200.
fn same(a: &AnyValue, b: &AnyValue) -> bool {
    match (&a.value, &b.value) {
        (Some(Any::IntValue(n)), Some(Any::StringValue(text))) => n.to_string() == *text,
        (Some(Any::StringValue(text)), Some(Any::IntValue(n))) => n.to_string() == *text,
        (a, b) => a == b,
    }
}

/// Wraps a value.
pub(super) fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

/// Our value as OTLP's.
pub(super) fn to_any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => return AnyValue::default(),
        Value::Bool(value) => Any::BoolValue(*value),
        Value::Int(value) => Any::IntValue(*value),
        Value::Double(value) => Any::DoubleValue(*value),
        Value::Text(text) => Any::StringValue(text.clone()),
        Value::Bytes(bytes) => Any::BytesValue(bytes.clone()),
        Value::List(list) => Any::ArrayValue(ArrayValue {
            values: list.iter().map(to_any).collect(),
        }),
        Value::Map(map) => Any::KvlistValue(KeyValueList {
            values: pairs(map.iter()),
        }),
    };
    any(value)
}

/// A map's entries as OTLP's.
pub(super) fn pairs<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<KeyValue> {
    let pair = |(key, value): (&str, &Value)| KeyValue {
        key: key.to_owned(),
        value: Some(to_any(value)),
        ..KeyValue::default()
    };
    entries.map(pair).collect()
}
