//! A log record as an entry: its time, its line, and beside it as structured metadata what neither the line nor a label says.

use std::collections::HashSet;

use farol_protocol::names::attr;
use farol_protocol::time::to_iso;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::{Map, Value};

use super::push::{Entry, Pair, Timestamp};
use crate::config::Dialect;
use crate::export::{group, plain};
use crate::hex::hex;

/// Loki takes 128 pairs unless told otherwise, and adds some itself (`detected_level`). What is more goes together into the last one.
const MAX_PAIRS: usize = 120;
/// That one's name.
const MORE: &str = "farol_more";

/// A record and what is known of it.
pub(super) struct Known<'a> {
    pub(super) place: group::Place<'a>,
    pub(super) record: &'a LogRecord,
    /// When it came in, told apart from its neighbours.
    pub(super) arrival: u64,
    pub(super) dialect: Dialect,
}

impl Known<'_> {
    /// An attribute of the resource, else of the record; empty where neither has it. What an app is comes before what a client writes on
    /// one record.
    pub(super) fn attribute(&self, name: &str) -> String {
        let own = self.record.attributes.iter();
        let mut all = self.resource().chain(own);
        let found = all.find(|it| it.key == self.spelled(name));
        plain::text(found.and_then(|it| it.value.as_ref())).into_owned()
    }

    fn resource(&self) -> impl Iterator<Item = &KeyValue> {
        self.place.resource.iter().flat_map(|it| &it.attributes)
    }

    /// The attribute's name in this dialect.
    fn spelled<'a>(&self, name: &'a str) -> &'a str {
        match self.dialect {
            Dialect::Alloy | Dialect::Contrib if name == attr::ITEM_KIND => "kind",
            _ => name,
        }
    }
}

/// The entry; `labels` are the attributes that its stream says.
pub(super) fn entry(known: &Known<'_>, labels: &[(String, String)]) -> Entry {
    let record = known.record;
    let labels: Vec<_> = labels.iter().map(|(_, name)| known.spelled(name)).collect();
    let of_resource = |name: &&str| known.resource().any(|it| it.key == *name);
    let (of_resource, of_record): (Vec<_>, Vec<_>) = labels.into_iter().partition(of_resource);
    let mut metadata = Metadata::new();
    if known.dialect == Dialect::Semconv {
        metadata.own(record);
        let scope = known.place.scope;
        metadata.text("scope_name", scope.map_or("", |it| &it.name));
        metadata.text("scope_version", scope.map_or("", |it| &it.version));
    }
    metadata.attributes(&record.attributes, &of_record);
    // A line of the other dialects says what they know of the resource.
    if known.dialect == Dialect::Semconv
        && let Some(resource) = known.place.resource
    {
        metadata.attributes(&resource.attributes, &of_resource);
    }
    let arrival = match known.arrival {
        0 => record.time_unix_nano,
        arrival => arrival,
    };
    Entry {
        timestamp: Some(Timestamp::of(arrival)),
        line: line(record),
        metadata: metadata.end(),
    }
}

/// The body; where there is none, the event's name, so that there is something to see.
fn line(record: &LogRecord) -> String {
    match plain::text(record.body.as_ref()) {
        body if body.is_empty() => record.event_name.clone(),
        body => body.into_owned(),
    }
}

/// Pairs under construction, with distinct names.
struct Metadata {
    names: HashSet<String>,
    pairs: Vec<Pair>,
    more: Map<String, Value>,
}

impl Metadata {
    fn new() -> Self {
        Self {
            names: HashSet::new(),
            pairs: Vec::new(),
            more: Map::new(),
        }
    }

    /// What a record says outside its attributes. Its own time stands here: an entry's is that of its arrival.
    fn own(&mut self, record: &LogRecord) {
        if record.time_unix_nano > 0 {
            self.text("timestamp", &to_iso(record.time_unix_nano));
        }
        self.text("event_name", &record.event_name);
        self.text("severity_text", &record.severity_text);
        if record.severity_number > 0 {
            self.text("severity_number", &record.severity_number.to_string());
        }
        self.text("trace_id", &hex(&record.trace_id));
        self.text("span_id", &hex(&record.span_id));
    }

    /// All but those that the labels say.
    fn attributes(&mut self, attributes: &[KeyValue], labels: &[&str]) {
        for attribute in attributes {
            if !labels.contains(&attribute.key.as_str()) {
                self.value(&attribute.key, attribute.value.as_ref());
            }
        }
    }

    fn value(&mut self, name: &str, value: Option<&AnyValue>) {
        let text = plain::text(value);
        // To Loki an empty value is none.
        if text.is_empty() {
            return;
        }
        if self.pairs.len() + 1 >= MAX_PAIRS {
            self.more.insert(name.to_owned(), plain::json(value));
            return;
        }
        self.text(name, &text);
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let name = self.name(name);
            self.pairs.push(Pair::new(name, value));
        }
    }

    /// As Loki spells names: letters, digits and `_`. Two that come to the same are told apart by a number.
    fn name(&mut self, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = name.chars().map(plain).collect();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert_str(0, "key_");
        }
        let mut distinct = name.clone();
        let mut number = 2;
        while !self.names.insert(distinct.clone()) {
            distinct = format!("{name}_{number}");
            number += 1;
        }
        distinct
    }

    fn end(mut self) -> Vec<Pair> {
        if !self.more.is_empty() {
            let more = Value::Object(std::mem::take(&mut self.more)).to_string();
            self.text(MORE, &more);
        }
        self.pairs
    }
}
