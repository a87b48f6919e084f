//! One walk over every place of a payload that can hold text, in which scrubbing and the limits are rules. A field that is
//! added to the wire is walked from then on: the macro that declares it writes its step.

use crate::item::Own;
use crate::key_values::KeyValues;
use crate::map::Map;
use crate::meta::Brands;
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

    /// How many entries of a list or map may stay.
    fn bound(&mut self, _at: At<'_>, len: usize) -> usize {
        len
    }
}

/// What can be walked.
pub trait Walked {
    /// Visits every place within.
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk);
}

impl Walked for String {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        if !self.is_empty() {
            walk.text(at, self);
        }
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
    f64,
    SpanKind,
    StatusCode
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
            renamed |= walk.name(at, name);
            value.walk(At { key: name, ..at }, walk);
            true
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

impl Walked for Value {
    fn walk(&mut self, at: At<'_>, walk: &mut dyn Walk) {
        match self {
            Value::Text(text) => text.walk(at, walk),
            Value::List(list) => list.walk(at, walk),
            Value::Map(map) => map.walk(at, walk),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Bytes(_) => {}
        }
    }
}

impl crate::payload::Payload {
    /// Walks every text of the payload.
    pub fn visit(&mut self, walk: &mut dyn Walk) {
        self.walk(At { field: "", key: "" }, walk);
    }
}
