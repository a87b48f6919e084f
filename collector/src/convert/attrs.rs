//! A list of OTLP attributes with distinct names. Names and texts are borrowed as long as they can be: most of what a record says stands in
//! the payload already, and what a destination gets of it are bytes.

use std::borrow::Cow;

use farol_protocol::names::attr;
use farol_protocol::value::Value;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Owned;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};

/// An attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Any<'a>,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Any<'a> {
    /// Nothing.
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    List(Vec<Any<'a>>),
    Pairs(Vec<Pair<'a>>),
}

/// Attributes under construction. Our own names go in by `put` and its family; what clients name goes in by
/// [`Attrs::free`] and steps aside for ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attrs<'a> {
    list: Vec<Pair<'a>>,
    known: Known,
}

/// Which names may be in a list: most that are asked for are not, which is seen here without comparing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Known([u64; 4]);

impl Known {
    fn place(name: &str) -> (usize, u64) {
        let bytes = name.as_bytes();
        let last = match bytes {
            [.., a, b, c] => u32::from_le_bytes([*a, *b, *c, 0]),
            _ => 0,
        };
        let mixed = (last ^ (bytes.len() as u32) << 24).wrapping_mul(0x9e37_79b1) >> 24;
        ((mixed >> 6) as usize, 1 << (mixed & 63))
    }

    fn add(&mut self, name: &str) {
        let (word, bit) = Self::place(name);
        self.0[word] |= bit;
    }

    fn may_have(&self, name: &str) -> bool {
        let (word, bit) = Self::place(name);
        self.0[word] & bit != 0
    }
}

impl<'a> Attrs<'a> {
    /// With distinct names.
    pub(super) fn of(list: Vec<Pair<'a>>) -> Self {
        let mut known = Known::default();
        for pair in &list {
            known.add(&pair.key);
        }
        Self { list, known }
    }

    /// With room for so many.
    pub(super) fn with_room(count: usize) -> Self {
        Self {
            list: Vec::with_capacity(count),
            known: Known::default(),
        }
    }

    pub(super) fn list(&self) -> &[Pair<'a>] {
        &self.list
    }

    pub(super) fn into_list(self) -> Vec<Pair<'a>> {
        self.list
    }

    /// In OTLP's own types.
    pub(super) fn owned(&self) -> Vec<KeyValue> {
        owned(&self.list)
    }

    fn push(&mut self, key: Cow<'a, str>, value: Any<'a>) {
        self.known.add(&key);
        self.list.push(Pair { key, value });
    }

    /// Adds a text unless it is empty, which on this wire is absent.
    pub(super) fn text(&mut self, name: &'a str, text: impl Into<Cow<'a, str>>) {
        let text = text.into();
        if !text.is_empty() {
            self.put(name, Any::Text(text));
        }
    }

    /// Adds text that spells a whole number as one.
    pub(super) fn number(&mut self, name: &'a str, text: &'a str) {
        match text.parse::<i64>() {
            // Only what reads back the same: `007` is a name, not seven.
            Ok(number) if spells(number, text) => self.put(name, Any::Int(number)),
            _ => self.text(name, text),
        }
    }

    pub(super) fn flag(&mut self, name: &'a str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.put(name, Any::Bool(flag));
        }
    }

    pub(super) fn texts(&mut self, name: &'a str, texts: impl Iterator<Item = Cow<'a, str>>) {
        let values: Vec<Any<'a>> = texts.map(Any::Text).collect();
        if !values.is_empty() {
            self.put(name, Any::List(values));
        }
    }

    /// Adds one of our own attributes. A client's of that name, as a span may bring, steps aside.
    pub(super) fn put(&mut self, name: &'a str, value: Any<'a>) {
        if let Some(at) = self.position(name) {
            let taken = self.list.remove(at);
            self.aside(name, taken.value);
        }
        self.push(Cow::Borrowed(name), value);
    }

    /// Adds attributes with distinct names of their own, each where none stands yet.
    pub(super) fn or_put_all(&mut self, attributes: &[Pair<'a>]) {
        let (stood, known) = (self.list.len(), self.known);
        self.list.reserve(attributes.len());
        for attribute in attributes {
            let stands = known.may_have(&attribute.key)
                && self.list[..stood]
                    .iter()
                    .any(|own| own.key == attribute.key);
            if !stands {
                self.push(attribute.key.clone(), attribute.value.clone());
            }
        }
    }

    /// Adds an attribute that a client named. Equal to one that stands already it is dropped; different, it keeps its
    /// value under a prefix.
    pub(super) fn free(&mut self, name: impl Into<Cow<'a, str>>, value: Any<'a>) {
        let name = name.into();
        match self.get(&name) {
            _ if name.is_empty() => self.aside("_", value),
            None => self.push(name, value),
            Some(taken) if same(taken, &value) => {}
            Some(_) => self.aside(&name, value),
        }
    }

    fn aside(&mut self, name: &str, value: Any<'a>) {
        let mut key = format!("{}{name}", attr::CLASH);
        while self.get(&key).is_some() {
            key.push('_');
        }
        self.push(Cow::Owned(key), value);
    }

    /// Adds attributes that a client named, each under a prefix, which is asked for only where there is one.
    pub(super) fn under<P: AsRef<str>>(
        &mut self,
        prefix: impl FnOnce() -> P,
        entries: impl ExactSizeIterator<Item = (&'a str, &'a Value)>,
    ) {
        if entries.len() == 0 {
            return;
        }
        let prefix = prefix();
        for (name, value) in entries {
            self.free([prefix.as_ref(), name].concat(), to_any(value));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Any<'a>> {
        self.position(name).map(|at| &self.list[at].value)
    }

    fn position(&self, name: &str) -> Option<usize> {
        if !self.known.may_have(name) {
            return None;
        }
        self.list.iter().position(|pair| pair.key == name)
    }
}

impl<'a> Any<'a> {
    /// In OTLP's own types.
    pub(super) fn owned(&self) -> AnyValue {
        let value = match self {
            Any::Null => return AnyValue::default(),
            Any::Bool(value) => Owned::BoolValue(*value),
            Any::Int(value) => Owned::IntValue(*value),
            Any::Double(value) => Owned::DoubleValue(*value),
            Any::Text(text) => Owned::StringValue(text.clone().into_owned()),
            Any::Bytes(bytes) => Owned::BytesValue(bytes.to_vec()),
            Any::List(list) => Owned::ArrayValue(ArrayValue {
                values: list.iter().map(Any::owned).collect(),
            }),
            Any::Pairs(pairs) => Owned::KvlistValue(KeyValueList {
                values: owned(pairs),
            }),
        };
        AnyValue { value: Some(value) }
    }
}

/// Attributes in OTLP's own types.
pub(super) fn owned(pairs: &[Pair<'_>]) -> Vec<KeyValue> {
    let pair = |pair: &Pair<'_>| KeyValue {
        key: pair.key.clone().into_owned(),
        value: Some(pair.value.owned()),
        ..KeyValue::default()
    };
    pairs.iter().map(pair).collect()
}

fn spells(number: i64, text: &str) -> bool {
    // A plus and zeros in front are all that the parser lets pass beside the digits themselves.
    let digits = text.strip_prefix('-').unwrap_or(text);
    number == 0 && text == "0" || !digits.starts_with(['+', '0'])
}

/// The same value, a number and its spelling included: Faro writes `"200"` where OpenTelemetry has 200.
fn same(a: &Any<'_>, b: &Any<'_>) -> bool {
    match (a, b) {
        (Any::Int(n), Any::Text(text)) | (Any::Text(text), Any::Int(n)) => n.to_string() == **text,
        (a, b) => a == b,
    }
}

/// Our value as OTLP's.
pub(super) fn to_any(value: &Value) -> Any<'_> {
    match value {
        Value::Null => Any::Null,
        Value::Bool(value) => Any::Bool(*value),
        Value::Int(value) => Any::Int(*value),
        Value::Double(value) => Any::Double(*value),
        Value::Text(text) => Any::Text(Cow::Borrowed(text)),
        Value::Bytes(bytes) => Any::Bytes(bytes),
        Value::List(list) => Any::List(list.iter().map(to_any).collect()),
        Value::Map(map) => Any::Pairs(pairs(map.iter())),
    }
}

/// A map's entries as OTLP's.
pub(super) fn pairs<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<Pair<'a>> {
    let pair = |(key, value): (&'a str, &'a Value)| Pair {
        key: Cow::Borrowed(key),
        value: to_any(value),
    };
    entries.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_where_the_number_is_written_like_it() {
        for text in [
            "0",
            "7",
            "-7",
            "007",
            "+7",
            "-0",
            "-07",
            "",
            "-",
            "1e3",
            "9223372036854775808",
            "120",
        ] {
            let mut attrs = Attrs::default();
            attrs.number("n", text);
            let number = text.parse::<i64>().ok().filter(|n| n.to_string() == text);
            let want = match number {
                Some(number) => Some(Any::Int(number)),
                None => (!text.is_empty()).then(|| Any::Text(text.into())),
            };
            assert_eq!(attrs.get("n"), want.as_ref(), "{text:?}");
        }
    }
}
