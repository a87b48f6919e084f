//! Which items came to a destination, whatever it is: log records by `log.record.uid`, spans by their id, found by the name before it in protobuf,
//! MessagePack and JSON alike. Destinations that hold the same have the same number and the same sum.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Mutex, PoisonError};

use memchr::memmem;
use serde_json::{Value, json};

use crate::lake;
use crate::protobuf::{Field, fields};

/// What stands before a record's unique name: as OTLP and most documents have it, in Loki, and in Elasticsearch.
const UID: [&[u8]; 3] = [b"log.record.uid", b"log_record_uid", b"event.id"];
/// What stands before a span's id in documents: OTLP/JSON, Elasticsearch, ClickHouse, the others.
const SPAN: [&[u8]; 4] = [b"\"spanId\"", b"span.id", b"SpanId", b"span_id"];
const UID_DIGITS: usize = 32;
const SPAN_DIGITS: usize = 16;
/// An id begins within so many bytes behind its name: `","value":{"stringValue":"` is the longest of what lies between.
const NEAR: usize = 40;

/// The items of one signal.
#[derive(Debug, Default)]
struct Ids {
    received: u64,
    /// Hashes: names of a minute at every destination would be some gigabytes.
    distinct: HashSet<u64>,
}

impl Ids {
    fn add(&mut self, id: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(id);
        self.received += 1;
        self.distinct.insert(hasher.finish());
    }

    fn told(&self) -> Value {
        let sum = self.distinct.iter().fold(0_u64, |a, b| a.wrapping_add(*b));
        json!({ "received": self.received, "distinct": self.distinct.len(), "sum": format!("{sum:016x}") })
    }
}

/// One destination's.
#[derive(Debug, Default)]
struct Book {
    logs: Ids,
    spans: Ids,
}

/// Those of all destinations, by name.
#[derive(Debug, Default)]
pub struct Books(Mutex<BTreeMap<String, Book>>);

/// How items stand in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An OTLP request for spans, protobuf.
    Spans,
    /// Log records alone.
    Logs,
    /// A document a line.
    Lines,
    /// Events of the Forward protocol.
    Events,
    /// OTLP/JSON requests for spans.
    SpansJson,
}

impl Books {
    /// Notes what came to a destination.
    pub fn note(&self, name: &str, form: Form, body: &[u8]) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let book = books.entry(name.to_owned()).or_default();
        match form {
            Form::Spans => span_ids(body, |id| book.spans.add(hex(id).as_bytes())),
            Form::SpansJson => behind(body, SPAN[0], SPAN_DIGITS, |id| book.spans.add(id)),
            Form::Logs => {
                for name in UID {
                    behind(body, name, UID_DIGITS, |id| book.logs.add(id));
                }
            }
            Form::Lines => {
                let lines = body.split(|byte| *byte == b'\n');
                lines.for_each(|line| book.document(line));
            }
            Form::Events => events(body, |event| book.document(event)),
        }
    }

    /// Notes what a Parquet file holds.
    pub(crate) fn rows(&self, name: &str, rows: &lake::Ids) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let book = books.entry(name.to_owned()).or_default();
        rows.logs.iter().for_each(|id| book.logs.add(id.data()));
        rows.spans.iter().for_each(|id| book.spans.add(id.data()));
    }

    /// What was noted, as JSON.
    pub fn told(&self) -> String {
        let books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = books.iter().map(|(name, book)| {
            let told = json!({ "logs": book.logs.told(), "spans": book.spans.told() });
            (name.clone(), told)
        });
        Value::Object(all.collect()).to_string()
    }
}

impl Book {
    /// One item: a span has no unique name, a log record may say of which span it is.
    fn document(&mut self, document: &[u8]) {
        let first =
            |names: &[&[u8]], digits| names.iter().find_map(|name| next(document, name, digits));
        if let Some(uid) = first(&UID, UID_DIGITS) {
            self.logs.add(uid);
        } else if let Some(id) = first(&SPAN, SPAN_DIGITS) {
            self.spans.add(id);
        }
    }
}

/// Each id behind a name.
fn behind(text: &[u8], name: &[u8], digits: usize, mut found: impl FnMut(&[u8])) {
    for at in memmem::find_iter(text, name) {
        if let Some(id) = run(&text[at + name.len()..], digits) {
            found(id);
        }
    }
}

fn next<'a>(text: &'a [u8], name: &[u8], digits: usize) -> Option<&'a [u8]> {
    let at = memmem::find(text, name)?;
    run(&text[at + name.len()..], digits)
}

/// The first run of so many hexadecimal digits near the beginning.
fn run(text: &[u8], digits: usize) -> Option<&[u8]> {
    let near = &text[..text.len().min(NEAR + digits)];
    let is = |id: &&[u8]| id.iter().all(u8::is_ascii_hexdigit);
    near.windows(digits).find(is)
}

/// resource_spans 1, scope_spans 2, spans 2, span_id 2.
pub(crate) fn span_ids(request: &[u8], mut found: impl FnMut(&[u8])) {
    crate::receipts::log_records(request, &mut |span| {
        fields(span, |number, value| {
            if let (2, Field::Bytes(id)) = (number, value) {
                found(id);
            }
        });
    });
}

/// Events begin with an array of two and a time, whose seconds are of these days: no number of a document looks like it.
fn events(body: &[u8], mut found: impl FnMut(&[u8])) {
    const HEAD: [u8; 3] = [0x92, 0xd7, 0x00];
    let mut starts: Vec<_> = memmem::find_iter(body, &HEAD[..])
        .filter(|at| matches!(body.get(at + 3), Some(0x60..=0x7f)))
        .collect();
    starts.push(body.len());
    for pair in starts.windows(2) {
        found(&body[pair[0]..pair[1]]);
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID_A: &str = "00112233445566778899aabbccddeeff";

    fn told(form: Form, bodies: &[Vec<u8>]) -> Value {
        let books = Books::default();
        for body in bodies {
            books.note("a", form, body);
        }
        serde_json::from_str::<Value>(&books.told()).unwrap()["a"].clone()
    }

    #[test]
    fn one_item_has_one_id_in_every_form() {
        let protobuf = [
            b"\x32\x34\x0a\x0elog.record.uid\x12\x22\x0a\x20",
            UID_A.as_bytes(),
        ]
        .concat();
        let json = format!(r#"{{"key":"log.record.uid","value":{{"stringValue":"{UID_A}"}}}}"#)
            .into_bytes();
        let line = format!(
            "{{\"create\":{{}}}}\n{{\"event.id\":\"{UID_A}\",\"span.id\":\"00f067aa0ba902b7\"}}\n"
        )
        .into_bytes();
        let event = [
            &[0x92, 0xd7, 0x00, 0x6a, 1, 2, 3, 4, 5, 6, 7][..],
            b"\x81\xaelog.record.uid\xd9\x20",
            UID_A.as_bytes(),
        ]
        .concat();
        let one = told(Form::Logs, &[protobuf]);
        for (form, body) in [
            (Form::Logs, json),
            (Form::Lines, line),
            (Form::Events, event),
        ] {
            assert_eq!(told(form, &[body]), one, "{form:?}");
        }
        assert_eq!(one["logs"]["distinct"], 1);
    }

    #[test]
    fn spans_are_told_by_theirs_and_copies_by_their_number() {
        let id = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
        let wrap = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
        let span = wrap(0x12, &wrap(0x12, &id));
        let request = wrap(0x0a, &wrap(0x12, &span));
        let found = told(Form::Spans, &[request.clone(), request]);
        assert_eq!(
            (&found["spans"]["received"], &found["spans"]["distinct"]),
            (&json!(2), &json!(1))
        );
        for line in [
            r#"{"SpanId":"00f067aa0ba902b7"}"#,
            r#"{"span_id":"00f067aa0ba902b7"}"#,
            r#"{"span.id":"00f067aa0ba902b7"}"#,
        ] {
            assert_eq!(
                told(Form::Lines, &[line.into()])["spans"]["sum"],
                found["spans"]["sum"]
            );
        }
        let json = br#"{"spanId":"00f067aa0ba902b7"}"#.to_vec();
        assert_eq!(
            told(Form::SpansJson, &[json])["spans"]["sum"],
            found["spans"]["sum"]
        );
    }
}
