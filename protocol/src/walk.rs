//! One walk over every place of a payload that can hold text, in which scrubbing and the limits are rules. A field that is
//! added to the wire is walked from then on: the macro that declares it writes its step.

use crate::item::Own;
use crate::key_values::{Any, KeyValues};
use crate::map::Map;
use crate::meta::Brands;
use crate::signals::{Real, Severity, Temporality, Whole};
use crate::span::{SpanKind, StatusCode};
use crate::time::{Nanos, Time};
use crate::value::Value;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<'a> {
    /// Object and field, in the wire's spelling: `Page.url`, `Frame.filename`, `Log.context`.
    pub field: &'static str,
    /// The attribute's name where the field is a map, else empty.
    pub key: &'a str,
}

/// What is done at each place.
pub trait Walk {
    /// A text that is a value.
    fn text(&mut self, at: At<'_>, text: &mut String);

    /// The name of an attribute. True when it was changed.
    fn name(&mut self, _at: At<'_>, _name: &mut String) -> bool {
        false
    }

    /// Whether the name of an attribute was looked at before and needs no further look: [`Walk::name`] is not asked then.
    fn knows(&mut self, _name: &str) -> bool {
        false
    }

    /// An attribute, before its value is visited, and whether its name is [known](Walk::knows). False when it must go.
    fn entry(&mut self, _at: At<'_>, _value: &mut dyn Walked, _known: bool) -> bool {
        true
    }

    /// A whole number among attributes. What it must become where it cannot stay.
    fn integer(&mut self, _at: At<'_>, _number: i64) -> Option<String> {
        None
    }

    /// How many entries of a list or map may stay.
    fn bound(&mut self, _at: At<'_>, len: usize) -> usize {
        len
    }
}

/// What can be walked.
pub trait Walked {
    /// Visits every place within.
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk);

    /// The value as text, where it is one that tells something: a text or a number.
    fn told(&self) -> Option<String> {
        None
    }

    /// Puts a text in the value's place. False where no text can stand there.
    fn put(&mut self, _text: String) -> bool {
        false
    }
}

impl Walked for String {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if !self.is_empty() {
            walk.text(at, self);
        }
    }

    fn told(&self) -> Option<String> {
        Some(self.clone()).filter(|text| !text.is_empty())
    }

    fn put(&mut self, text: String) -> bool {
        *self = text;
        true
    }
}

impl Walked for Time {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if let Time::Unreadable(text) = self {
            walk.text(at, text);
        }
    }
}

impl Walked for Nanos {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        self.0.walk(at, walk);
    }
}

impl Walked for f64 {
    fn walk(&mut self, _at: At<'_>, _walk: &mut dyn Walk) {}

    fn told(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! no_text {
    ($($ty:ty),*) => { $(
        impl Walked for $ty {
            fn walk(&mut self, _at: At<'_>, _walk: &mut dyn Walk) {}
        }
    )* };
}
no_text!(
    Option<bool>,
    Option<u64>,
    Option<f64>,
    u64,
    SpanKind,
    StatusCode,
    Severity,
    Temporality,
    Real,
    Option<Real>,
    Option<Whole>
);

impl<T: Walked> Walked for Vec<T> {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if self.is_empty() {
            return;
        }
        let bound = walk.bound(at, self.len());
        self.truncate(bound);
        for item in self {
            item.walk(at, walk);
        }
    }
}

impl<T: Walked> Walked for Option<Box<T>> {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if let Some(inner) = self {
            inner.walk(at, walk);
        }
    }
}

impl Walked for Own {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        self.0.walk(at, walk);
    }
}

impl Walked for Brands {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        match self {
            Brands::List(list) => list.walk(at, walk),
            Brands::Text(text) => text.walk(at, walk),
        }
    }
}

impl<V: Walked> Walked for Map<V> {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if self.is_empty() {
            return;
        }
        let bound = walk.bound(at, self.len());
        self.truncate(bound);
        let mut renamed = false;
        self.retain_mut(|name, value| {
            let known = walk.knows(name);
            let keep = walk.entry(At { key: name, ..at }, value, known);
            if keep {
                value.walk(At { key: name, ..at }, walk);
                renamed |= !known && walk.name(at, name);
            }
            keep
        });
        if renamed {
            self.distinct();
        }
    }
}

impl Walked for KeyValues {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        self.0.walk(at, walk);
    }
}

impl Walked for Any {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        self.0.walk(at, walk);
    }
}

/// A number without a fraction that 64 bits hold, as some languages write all of theirs.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e18).then_some(number as i64)
}

impl Walked for Value {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        match self {
            Value::Text(text) => text.walk(at, walk),
            Value::List(list) => list.walk(at, walk),
            Value::Map(map) => map.walk(at, walk),
            Value::Int(number) => {
                if let Some(text) = walk.integer(at, *number) {
                    *self = Value::Text(text);
                }
            }
            Value::Double(number) => {
                if let Some(text) = whole(*number).and_then(|n| walk.integer(at, n)) {
                    *self = Value::Text(text);
                }
            }
            Value::Bytes(bytes) => {
                // Whoever reads them as text finds what a text would hold; what is none stays as it is where nothing is found.
                let found = String::from_utf8_lossy(bytes);
                let mut text = found.clone().into_owned();
                text.walk(at, walk);
                if text != found {
                    *bytes = text.into_bytes();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            Value::Null | Value::Bool(_) => None,
            value => Some(value.to_text()).filter(|text| !text.is_empty()),
        }
    }

    fn put(&mut self, text: String) -> bool {
        *self = Value::Text(text);
        true
    }
}

impl crate::payload::Payload {
    /// Walks every text of the payload.
    pub fn visit(&mut self, walk: &mut dyn Walk) {
        self.walk(At { field: "", key: "" }, walk);
    }
}
