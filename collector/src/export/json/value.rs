//! The leaves: objects that leave out defaults, and OTLP's AnyValue.

use std::ops::Range;

use base64::Engine as _;
use farol_protocol::write;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

use crate::hex;

/// Nesting that is written; deeper values become empty, or null. The decoder refuses deeper input long before, this guards the stack alone.
pub(crate) const MAX_DEPTH: u32 = 64;

/// An object being written. A field that holds its default is left out, as protobuf's JSON mapping has it.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(crate) fn end(self) -> &'a mut Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    /// How much is written, with what stood before it.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Fields as they were written before, for another object that had others before them.
    pub(crate) fn again(&mut self, fields: Range<usize>) {
        self.empty &= fields.is_empty();
        self.out.extend_from_within(fields);
    }

    /// Field names are ours and need no escaping.
    pub(crate) fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            text(self.key(name), value);
        }
    }

    /// 32-bit numbers and enums.
    pub(super) fn number(&mut self, name: &str, value: i64) {
        if value != 0 {
            write::signed(value, self.key(name));
        }
    }

    /// 64-bit numbers, which JSON readers with doubles would round: strings.
    pub(super) fn long(&mut self, name: &str, value: u64) {
        if value != 0 {
            quoted(self.key(name), value);
        }
    }

    /// A 64-bit number that means something at zero too (a oneof's).
    pub(super) fn long_always(&mut self, name: &str, value: i64) {
        let out = self.key(name);
        out.push(b'"');
        write::signed(value, out);
        out.push(b'"');
    }

    pub(super) fn boolean(&mut self, name: &str, value: bool) {
        if value {
            boolean(self.key(name), value);
        }
    }

    pub(super) fn double(&mut self, name: &str, value: f64) {
        double(self.key(name), value);
    }

    pub(super) fn hex(&mut self, name: &str, bytes: &[u8]) {
        if !bytes.is_empty() {
            let out = self.key(name);
            out.push(b'"');
            hex::write(bytes, out);
            out.push(b'"');
        }
    }

    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let mut inner = Object::new(self.key(name));
        fill(&mut inner);
        inner.end();
    }

    pub(crate) fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
        if !items.is_empty() {
            list(self.key(name), items, write);
        }
    }

    pub(super) fn attributes(&mut self, name: &str, attributes: &[KeyValue]) {
        self.list(name, attributes, |out, it| key_value(out, it, 0));
    }

    pub(super) fn any(&mut self, name: &str, value: Option<&AnyValue>) {
        if let Some(value) = value {
            any(self.key(name), Some(value), 0);
        }
    }
}

pub(crate) fn list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// An object whose names may be anything.
pub(crate) fn map<'a, T>(
    out: &mut Vec<u8>,
    pairs: impl Iterator<Item = (&'a str, T)>,
    write: impl Fn(&mut Vec<u8>, T),
) {
    out.push(b'{');
    for (at, (name, value)) in pairs.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        write(out, value);
    }
    out.push(b'}');
}

pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    write::text(value, out);
}

/// A number in quotes.
pub(super) fn quoted(out: &mut Vec<u8>, value: u64) {
    out.push(b'"');
    write::unsigned(value, out);
    out.push(b'"');
}

pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    let word: &[u8] = if value { b"true" } else { b"false" };
    out.extend_from_slice(word);
}

pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        let name: &[u8] = if value > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        };
        out.extend_from_slice(name);
    } else {
        serde_json::to_writer(out, &value).expect("a finite double is JSON, and a Vec takes all");
    }
}

fn key_value(out: &mut Vec<u8>, pair: &KeyValue, depth: u32) {
    let mut it = Object::new(out);
    // An empty key is kept: a pair without one is not a pair to some readers.
    text(it.key("key"), &pair.key);
    any(it.key("value"), pair.value.as_ref(), depth);
    it.end();
}

/// A value without content is `{}`: present, and of no type.
fn any(out: &mut Vec<u8>, value: Option<&AnyValue>, depth: u32) {
    let mut it = Object::new(out);
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(value)) => text(it.key("stringValue"), value),
        Some(Value::BoolValue(value)) => {
            boolean(it.key("boolValue"), *value);
        }
        Some(Value::IntValue(value)) => it.long_always("intValue", *value),
        Some(Value::DoubleValue(value)) => it.double("doubleValue", *value),
        Some(Value::BytesValue(value)) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(value);
            text(it.key("bytesValue"), &encoded);
        }
        // An empty list is written out: some readers want it, none minds.
        Some(Value::ArrayValue(array)) if depth < MAX_DEPTH => it.object("arrayValue", |it| {
            list(it.key("values"), &array.values, |out, value| {
                any(out, Some(value), depth + 1);
            });
        }),
        Some(Value::KvlistValue(pairs)) if depth < MAX_DEPTH => it.object("kvlistValue", |it| {
            list(it.key("values"), &pairs.values, |out, pair| {
                key_value(out, pair, depth + 1);
            });
        }),
        // String-table indices belong to profiles, which carry the table.
        Some(Value::StringValueStrindex(_) | Value::ArrayValue(_) | Value::KvlistValue(_))
        | None => {}
    }
    it.end();
}
