//! Attributes in OTLP's spelling: a list of keys, each with a value that is tagged with its type.

use crate::base64;
use crate::map::{Attributes, Map};
use crate::read::{Key, Read, Seed};
use crate::value::Value;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};
use std::fmt;

/// Attributes in OTLP's spelling: a list of keys and tagged values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyValues(pub Attributes);

impl std::ops::Deref for KeyValues {
    type Target = Attributes;

    fn deref(&self) -> &Attributes {
        &self.0
    }
}

impl std::ops::DerefMut for KeyValues {
    fn deref_mut(&mut self) -> &mut Attributes {
        &mut self.0
    }
}

impl crate::read::Absent for KeyValues {
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for KeyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Pairs(&self.0).serialize(serializer)
    }
}

struct Pairs<'a>(&'a Attributes);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for (key, value) in self.0.iter() {
            seq.serialize_element(&Pair { key, value })?;
        }
        seq.end()
    }
}

struct Pair<'a> {
    key: &'a str,
    value: &'a Value,
}

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_struct("KeyValue", 2)?;
        pair.serialize_field("key", self.key)?;
        pair.serialize_field("value", &Tagged(self.value))?;
        pair.end()
    }
}

struct Tagged<'a>(&'a Value);

impl Serialize for Tagged<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tag = serializer.serialize_struct("AnyValue", 1)?;
        match self.0 {
            Value::Null => {}
            Value::Bool(value) => tag.serialize_field("boolValue", value)?,
            Value::Int(value) => tag.serialize_field("intValue", &value.to_string())?,
            Value::Double(value) if value.is_finite() => {
                tag.serialize_field("doubleValue", value)?;
            }
            Value::Double(value) => tag.serialize_field("doubleValue", non_finite(*value))?,
            Value::Text(text) => tag.serialize_field("stringValue", text)?,
            Value::Bytes(bytes) => tag.serialize_field("bytesValue", &base64::encode(bytes))?,
            Value::List(list) => {
                tag.serialize_field("arrayValue", &Values(TaggedList(list)))?;
            }
            Value::Map(inner) => tag.serialize_field("kvlistValue", &Values(Pairs(inner)))?,
        }
        tag.end()
    }
}

struct Values<T>(T);

impl<T: Serialize> Serialize for Values<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_struct("Values", 1)?;
        list.serialize_field("values", &self.0)?;
        list.end()
    }
}

struct TaggedList<'a>(&'a [Value]);

impl Serialize for TaggedList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Tagged))
    }
}

fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

impl Read for KeyValues {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(KeyValuesVisitor)
            .map(KeyValues)
    }
}

struct KeyValuesVisitor;

impl<'de> Visitor<'de> for KeyValuesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys and values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Attributes, A::Error> {
        let mut map = Map::default();
        while let Some(KeyValue { key, value }) = items.next_element_seed(Seed::<KeyValue>::new())?
        {
            map.push(key, value.0);
        }
        map.settle();
        Ok(map)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Attributes, A::Error> {
        // A plain object, as hand-written senders make it.
        let mut map = Map::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            map.push(
                key.into_owned(),
                entries.next_value_seed(Seed::<Any>::new())?.0,
            );
        }
        map.settle();
        Ok(map)
    }

    fn visit_unit<E>(self) -> Result<Attributes, E> {
        Ok(Map::default())
    }
}

#[derive(Default)]
struct KeyValue {
    key: String,
    value: Any,
}

impl Read for KeyValue {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeyValueVisitor)
    }
}

struct KeyValueVisitor;

impl<'de> Visitor<'de> for KeyValueVisitor {
    type Value = KeyValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of key and value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<KeyValue, A::Error> {
        let mut out = KeyValue::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            match &*key {
                "key" => out.key = entries.next_value_seed(Seed::<String>::new())?,
                "value" => out.value = entries.next_value_seed(Seed::<Any>::new())?,
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(out)
    }
}

/// OTLP's tagged value; a bare one is taken too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Any(pub Value);

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Tagged(&self.0).serialize(serializer)
    }
}

impl Read for Any {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor).map(Any)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Value::Null;
        while let Some(key) = entries.next_key_seed(Key)? {
            let value = match &*key {
                "stringValue" | "string_value" => {
                    text(entries.next_value_seed(Seed::<Value>::new())?)?
                }
                "boolValue" | "bool_value" => entries
                    .next_value_seed(Seed::<Option<bool>>::new())?
                    .map_or(Value::Null, Value::Bool),
                "intValue" | "int_value" => int(entries.next_value_seed(Seed::<Value>::new())?)?,
                "doubleValue" | "double_value" => {
                    double(entries.next_value_seed(Seed::<Value>::new())?)?
                }
                "bytesValue" | "bytes_value" => {
                    bytes(&text(entries.next_value_seed(Seed::<Value>::new())?)?)?
                }
                "arrayValue" | "array_value" => {
                    let list = entries.next_value_seed(Seed::<ArrayValues>::new())?.0;
                    list.map_or(Value::Null, Value::List)
                }
                "kvlistValue" | "kvlist_value" => {
                    let pairs = entries.next_value_seed(Seed::<KvValues>::new())?.0;
                    pairs.map_or(Value::Null, Value::Map)
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    Value::Null
                }
            };
            // Some serializers write every member, null but for the one that counts.
            if value != Value::Null {
                out = value;
            }
        }
        Ok(out)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Double(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed::<Any>::new())? {
            list.push(item.0);
        }
        Ok(Value::List(list))
    }
}

fn text<E: Error>(value: Value) -> Result<Value, E> {
    match value {
        Value::Null | Value::Text(_) => Ok(value),
        Value::Bool(_) | Value::Int(_) | Value::Double(_) => Ok(Value::Text(value.to_text())),
        _ => Err(E::custom("a stringValue that is no text")),
    }
}

fn bytes<E: Error>(text: &Value) -> Result<Value, E> {
    let Some(text) = text.as_str() else {
        return Ok(Value::Null);
    };
    let bytes = base64::decode(text).map(Value::Bytes);
    bytes.ok_or_else(|| E::custom("a bytesValue that is not base64"))
}

fn int<E: Error>(value: Value) -> Result<Value, E> {
    match value {
        Value::Text(text) => match text.trim().parse::<i64>() {
            Ok(value) => Ok(Value::Int(value)),
            Err(_) => Err(E::custom("an intValue that is no whole number")),
        },
        Value::Null | Value::Int(_) | Value::Double(_) => Ok(value),
        _ => Err(E::custom("an intValue that is no number")),
    }
}

fn double<E: Error>(value: Value) -> Result<Value, E> {
    match value {
        // Rust reads the three names that protobuf's JSON has for what is no finite number.
        Value::Text(text) => match text.trim().parse::<f64>() {
            Ok(value) => Ok(Value::Double(value)),
            Err(_) => Err(E::custom("a doubleValue that is no number")),
        },
        Value::Int(value) => Ok(Value::Double(value as f64)),
        Value::Null | Value::Double(_) => Ok(value),
        _ => Err(E::custom("a doubleValue that is no number")),
    }
}

#[derive(Default)]
struct ArrayValues(Option<Vec<Value>>);

impl Read for ArrayValues {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = deserializer.deserialize_any(ValuesVisitor::<Vec<Any>>::new())?;
        let plain = |list: Vec<Any>| list.into_iter().map(|any| any.0).collect();
        Ok(ArrayValues(list.map(plain)))
    }
}

#[derive(Default)]
struct KvValues(Option<Attributes>);

impl Read for KvValues {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = deserializer.deserialize_any(ValuesVisitor::<KeyValues>::new())?;
        Ok(KvValues(pairs.map(|pairs| pairs.0)))
    }
}

/// The object with one key, `values`, that OTLP wraps lists and maps in.
struct ValuesVisitor<T>(std::marker::PhantomData<T>);

impl<T> ValuesVisitor<T> {
    fn new() -> Self {
        ValuesVisitor(std::marker::PhantomData)
    }
}

impl<'de, T: Read> Visitor<'de> for ValuesVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<T>, A::Error> {
        let mut out = T::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            if key == "values" {
                out = entries.next_value_seed(Seed::<T>::new())?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Some(out))
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
}
