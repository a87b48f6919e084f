//! A log record as an entry: its time, its line, and beside it as structured metadata what neither the line nor a label says.

use std::borrow::Cow;
use std::ops::Range;

use farol_protocol::names::attr;
use farol_protocol::time::to_iso;
use farol_protocol::write;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::{Map, Value};

use crate::config::Dialect;
use crate::export::taken::Taken;
use crate::export::{group, plain};
use crate::hex::hex;

/// Loki takes 128 pairs unless told otherwise, and adds some itself (`detected_level`). What is more goes together into the last one.
const MAX_PAIRS: usize = 120;
/// That one's name.
const MORE: &str = "farol_more";

/// Labels with the attributes that they come from.
pub(super) type Labels = [(String, String)];

/// A record and what is known of it.
pub(super) struct Known<'a> {
    pub(super) place: group::Place<'a>,
    pub(super) record: &'a LogRecord,
    /// The attributes that its line says.
    pub(super) said: &'a [KeyValue],
    /// When it came in, told apart from its neighbours.
    pub(super) arrival: u64,
    pub(super) dialect: Dialect,
    /// Those that its stream says of it.
    pub(super) labels: &'a Labels,
}

impl<'a> Known<'a> {
    /// An attribute of the resource, else of the record, be it beside its line or in it; empty where neither has it. What an app is comes before
    /// what a client writes on one record.
    pub(super) fn attribute(&self, name: &str) -> Cow<'a, str> {
        let name = self.spelled(name);
        let find = |name: &str| {
            let own = self.record.attributes.iter().chain(self.said);
            self.resource().chain(own).find(|it| it.key == name)
        };
        let found = find(name).or_else(|| match (self.dialect, name) {
            // The Collector has the older of its names.
            (Dialect::Contrib, attr::DEPLOYMENT_ENVIRONMENT) => {
                find(attr::DEPLOYMENT_ENVIRONMENT_OLD)
            }
            _ => None,
        });
        plain::text(found.and_then(|it| it.value.as_ref()))
    }

    fn resource(&self) -> impl Iterator<Item = &'a KeyValue> + use<'a> {
        self.place
            .resource
            .into_iter()
            .flat_map(|it| &it.attributes)
    }

    /// The attribute's name in this dialect.
    fn spelled<'b>(&self, name: &'b str) -> &'b str {
        match self.dialect {
            Dialect::Alloy | Dialect::Contrib if name == attr::ITEM_KIND => "kind",
            _ => name,
        }
    }

    /// When it is at.
    pub(super) fn time(&self) -> u64 {
        match self.arrival {
            0 => self.record.time_unix_nano,
            arrival => arrival,
        }
    }

    /// The body; where there is none, the event's name, so that there is something to see.
    pub(super) fn line(&self) -> Cow<'a, str> {
        match plain::text(self.record.body.as_ref()) {
            body if body.is_empty() => Cow::Borrowed(&self.record.event_name),
            body => body,
        }
    }
}

/// What stands beside a line: pairs with distinct names. One serves for all entries of a push, one after the other.
#[derive(Default)]
pub(super) struct Metadata<'a> {
    /// All names, one after the other, as Loki spells them.
    names: Vec<u8>,
    pairs: Vec<(Range<usize>, Cow<'a, str>)>,
    taken: Taken,
    more: Map<String, Value>,
}

impl<'a> Metadata<'a> {
    /// What stands beside this entry, in place of what stood beside the last.
    pub(super) fn fill(&mut self, known: &Known<'a>) {
        self.names.clear();
        self.pairs.clear();
        self.taken = Taken::default();
        let (record, place) = (known.record, known.place);
        let labels = known.labels.iter();
        let labels = labels.map(|(_, name)| known.spelled(name));
        let of_resource = |name: &&str| known.resource().any(|it| it.key == *name);
        let (of_resource, of_record): (Vec<_>, Vec<_>) = labels.partition(of_resource);
        let lines = known.dialect != Dialect::Semconv;
        if !lines {
            self.own(record);
            if let Some(scope) = place.scope {
                self.text("scope_name", scope.name.as_str());
                self.text("scope_version", scope.version.as_str());
            }
        }
        // In the other dialects what the resource says stands among them.
        let is_copy = |it: &KeyValue| {
            lines && of_resource.contains(&&*it.key) && known.resource().any(|own| own == it)
        };
        self.attributes(&record.attributes, |it| {
            of_record.contains(&&*it.key) || is_copy(it)
        });
        if !lines && let Some(resource) = place.resource {
            self.attributes(&resource.attributes, |it| of_resource.contains(&&*it.key));
        }
        if !self.more.is_empty() {
            let more = Value::Object(std::mem::take(&mut self.more));
            self.text(MORE, more.to_string());
        }
    }

    /// Names, which are letters, digits and `_`, and values.
    pub(super) fn pairs(&self) -> impl ExactSizeIterator<Item = (&[u8], &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(name, value)| (&self.names[name.clone()], &**value))
    }

    /// What a record says outside its attributes. Its own time stands here: an entry's is that of its arrival.
    fn own(&mut self, record: &'a LogRecord) {
        if record.time_unix_nano > 0 {
            self.text("timestamp", to_iso(record.time_unix_nano));
        }
        self.text("event_name", record.event_name.as_str());
        self.text("severity_text", record.severity_text.as_str());
        if record.severity_number > 0 {
            self.text("severity_number", record.severity_number.to_string());
        }
        self.text("trace_id", hex(&record.trace_id));
        self.text("span_id", hex(&record.span_id));
    }

    /// All but those that the labels say.
    fn attributes(&mut self, attributes: &'a [KeyValue], is_said: impl Fn(&KeyValue) -> bool) {
        for attribute in attributes {
            if !is_said(attribute) {
                self.value(&attribute.key, attribute.value.as_ref());
            }
        }
    }

    fn value(&mut self, name: &str, value: Option<&'a AnyValue>) {
        let text = plain::text(value);
        // To Loki an empty value is none.
        if text.is_empty() {
            return;
        }
        if self.pairs.len() + 1 >= MAX_PAIRS {
            self.more.insert(name.to_owned(), plain::json(value));
            return;
        }
        self.text(name, text);
    }

    fn text(&mut self, name: &str, value: impl Into<Cow<'a, str>>) {
        let value = value.into();
        if !value.is_empty() {
            let name = self.name(name);
            self.pairs.push((name, value));
        }
    }

    /// As Loki spells names: letters, digits and `_`. Two that come to the same are told apart by a number.
    fn name(&mut self, name: &str) -> Range<usize> {
        let start = self.names.len();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            self.names.extend_from_slice(b"key_");
        }
        let plain = |byte: u8| match byte.is_ascii_alphanumeric() {
            true => byte,
            false => b'_',
        };
        match name.is_ascii() {
            true => self.names.extend(name.bytes().map(plain)),
            // One sign for each letter, whatever its bytes.
            false => {
                let plain = |c: char| u8::try_from(c).map_or(b'_', plain);
                self.names.extend(name.chars().map(plain));
            }
        }
        let end = self.names.len();
        let mut number = 2;
        while self.holds(start) {
            self.names.truncate(end);
            self.names.push(b'_');
            write::unsigned(number, &mut self.names);
            number += 1;
        }
        self.taken.take(&self.names[start..]);
        start..self.names.len()
    }

    /// Whether a pair has the name that was written last, from there on.
    fn holds(&self, start: usize) -> bool {
        let name = &self.names[start..];
        let is = |(taken, _): &(Range<usize>, _)| self.names[taken.clone()] == *name;
        self.taken.may_hold(name) && self.pairs.iter().any(is)
    }
}
