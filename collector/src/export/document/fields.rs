//! What a document is made of: names and values, in the order in which they were put.

use std::borrow::Cow;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;

use super::Field;
use crate::export::taken::Taken;
use crate::hex::hex;

/// Names and their values. What is empty or zero is left out where OTLP means "not set" by it.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a> {
    pairs: Vec<(Cow<'a, str>, Field<'a>)>,
    taken: Taken,
}

impl<'a> Fields<'a> {
    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.pairs.reserve(more);
    }

    pub(crate) fn put(&mut self, name: &'static str, field: Field<'a>) {
        self.push(Cow::Borrowed(name), field);
    }

    fn push(&mut self, name: Cow<'a, str>, field: Field<'a>) {
        self.taken.take(name.as_bytes());
        self.pairs.push((name, field));
    }

    pub(crate) fn text(&mut self, name: &'static str, text: impl Into<Cow<'a, str>>) {
        let text = text.into();
        if !text.is_empty() {
            self.put(name, Field::Text(text));
        }
    }

    pub(crate) fn hex(&mut self, name: &'static str, bytes: &[u8]) {
        self.text(name, hex(bytes));
    }

    pub(crate) fn number(&mut self, name: &'static str, number: i64) {
        if number != 0 {
            self.put(name, Field::Int(number));
        }
    }

    /// W3C's flags are the lowest byte; above it OTLP says of a span whether its parent is elsewhere.
    pub(crate) fn flags(&mut self, name: &'static str, flags: u32) {
        self.number(name, (flags & 0xff).into());
    }

    pub(crate) fn time(&mut self, name: &'static str, nanos: u64) {
        if nanos != 0 {
            self.put(name, Field::Time(nanos));
        }
    }

    /// What made it; the scope's attributes are the caller's to place.
    pub(crate) fn scope(&mut self, scope: &'a InstrumentationScope) {
        self.text("otel.scope.name", &*scope.name);
        self.text("otel.scope.version", &*scope.version);
    }

    /// Puts it under a name of the page's; `of` stands before it as often as the name is taken.
    pub(crate) fn add(&mut self, of: &str, mut name: Cow<'a, str>, field: Field<'a>) {
        while self.has(&name) {
            name = Cow::Owned(format!("{of}{name}"));
        }
        self.push(name, field);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.taken.may_hold(name.as_bytes()) && self.pairs.iter().any(|(taken, _)| taken == name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same as a value within another.
    pub(crate) fn map(self) -> Field<'a> {
        Field::Map(self.pairs)
    }

    pub(super) fn pairs(&self) -> &[(Cow<'a, str>, Field<'a>)] {
        &self.pairs
    }
}
