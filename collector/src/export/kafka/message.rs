//! What of a batch becomes one message: its topic, its key, its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use farol_protocol::names::attr;
use krafka::producer::ProducerRecord;

use crate::config::{Kafka as Settings, KafkaEncoding};
use crate::export::document::{attributes_of, documents, text_of};
use crate::export::several::keys;
use crate::export::template::{app, divide};
use crate::export::{Batch, Signal};
use crate::hex::hex;
use crate::queue::Entry;

/// The topic of records, where none is named.
pub(crate) const RECORDS: &str = "farol";
/// The header that names a record.
const RECORD_ID: &str = "farol.record.id";
/// A message that would be larger holds fewer items: brokers take 1 MiB (`message.max.bytes`) unless they are told otherwise.
const LARGE: usize = 900 << 10;

/// Kafka's own bound of a topic's name. All letters in it are of one byte.
const LONGEST: usize = 249;

/// A message, and the places of the items that it holds.
pub(super) struct Message {
    pub(super) record: ProducerRecord,
    pub(super) places: Vec<usize>,
}

pub(super) fn messages(batch: &Batch, settings: &Settings) -> Vec<Message> {
    match settings.encoding {
        KafkaEncoding::OtlpProto => requests(batch, settings),
        KafkaEncoding::Json => items(batch, settings),
        KafkaEncoding::Farol => records(batch, settings),
    }
}

/// Where a signal goes that no topic is named for.
fn own(encoding: KafkaEncoding, signal: Signal) -> &'static str {
    match (encoding, signal) {
        (KafkaEncoding::OtlpProto, Signal::Logs) => "otlp_logs",
        (KafkaEncoding::OtlpProto, Signal::Traces) => "otlp_spans",
        (KafkaEncoding::OtlpProto, Signal::Metrics) => "otlp_metrics",
        (KafkaEncoding::Json, Signal::Traces) => "farol_traces",
        (KafkaEncoding::Json, _) => "farol_logs",
        (KafkaEncoding::Farol, _) => RECORDS,
    }
}

/// The topics that are known before anything comes: none where their name depends on what does.
pub(crate) fn named(settings: &Settings, signals: impl Iterator<Item = Signal>) -> Vec<String> {
    let mut all: Vec<String> = match &settings.topic {
        Some(topic) if topic.is_plain() => vec![topic.texts().collect()],
        Some(_) => Vec::new(),
        None => signals
            .map(|it| own(settings.encoding, it).to_owned())
            .collect(),
    };
    all.dedup();
    all
}

/// The places of a batch by topic.
fn topics(batch: &Batch, settings: &Settings) -> Vec<(String, Vec<usize>)> {
    match &settings.topic {
        Some(topic) => {
            let shares = divide(&[topic], &settings.tenants, batch);
            let named = shares
                .into_iter()
                .map(|(texts, at)| (name(texts.concat()), at));
            named.collect()
        }
        None => {
            let name = own(settings.encoding, batch.signal());
            vec![(name.to_owned(), (0..batch.len()).collect())]
        }
    }
}

/// What Kafka takes for a topic's name: an app's may be longer, and a tenant may be none.
fn name(mut text: String) -> String {
    text.truncate(LONGEST);
    match text.is_empty() {
        true => "unknown".to_owned(),
        false => text,
    }
}

/// What is kept in order: a session, else a trace; metrics by their app.
fn keyed(batch: &Batch) -> Vec<String> {
    match batch.signal() {
        Signal::Metrics => {
            let places = attributes_of(batch);
            places.map(|(place, _)| app(place).to_owned()).collect()
        }
        _ => keys(batch),
    }
}

/// One export request for each session, in parts where it is large.
fn requests(batch: &Batch, settings: &Settings) -> Vec<Message> {
    let keys = keyed(batch);
    let mut out = Vec::new();
    for (topic, places) in topics(batch, settings) {
        let mut sessions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in places {
            sessions.entry(&keys[at]).or_default().push(at);
        }
        for (key, places) in sessions {
            let mut parts = vec![places];
            while let Some(places) = parts.pop() {
                let bytes = batch.only(&places).protobuf();
                if bytes.len() > LARGE && places.len() > 1 {
                    let (left, right) = places.split_at(places.len().div_ceil(2));
                    parts.extend([right.to_vec(), left.to_vec()]);
                    continue;
                }
                let record = with_key(ProducerRecord::new(topic.clone(), bytes), key);
                out.push(Message { record, places });
            }
        }
    }
    out
}

/// One document for each item.
fn items(batch: &Batch, settings: &Settings) -> Vec<Message> {
    let mut topic_of = vec![String::new(); batch.len()];
    for (topic, places) in topics(batch, settings) {
        for at in places {
            topic_of[at].clone_from(&topic);
        }
    }
    let keys = keyed(batch);
    let whole = documents(batch).zip(attributes_of(batch)).zip(topic_of);
    let mut out = Vec::new();
    for (at, ((document, (_, attributes)), topic)) in whole.enumerate() {
        let mut bytes = Vec::new();
        document.json(&mut bytes);
        let mut record = with_key(ProducerRecord::new(topic, bytes), &keys[at]);
        if let Some(uid) = text_of(attributes, attr::LOG_RECORD_UID) {
            record = record.with_header(attr::LOG_RECORD_UID, uid.to_owned());
        }
        let places = vec![at];
        out.push(Message { record, places });
    }
    out
}

/// The queue's records as they are.
fn records(batch: &Batch, settings: &Settings) -> Vec<Message> {
    let topic = topics(batch, settings);
    let topic = topic.first().map_or(RECORDS, |(topic, _)| topic);
    let message = |(entry, places): (&Arc<Entry>, Vec<usize>)| {
        let mut bytes = Vec::with_capacity(entry.record.encoded_len());
        entry.record.encode(&mut bytes);
        let id = hex(&entry.record.header.id);
        let payload = entry.payload();
        let session = &payload.meta.session.id;
        let key = if session.is_empty() { &id } else { session };
        let record = with_key(ProducerRecord::new(topic, bytes), key);
        Message {
            record: record.with_header(RECORD_ID, id),
            places,
        }
    };
    batch.stored().into_iter().map(message).collect()
}

/// Without a key a message goes to any partition.
fn with_key(record: ProducerRecord, key: &str) -> ProducerRecord {
    match key {
        "" => record,
        key => record.with_key(key.to_owned()),
    }
}
