//! Which items came, log records by `log.record.uid` and spans by their id: what was delivered again is told from what is new.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use serde_json::json;

use crate::ids::span_ids;
use crate::protobuf::{Field, fields};
use crate::receipts::{log_records, unpacked};

/// The items so far.
#[derive(Debug, Default)]
pub struct Uids(Mutex<Book>, RandomState);

#[derive(Debug, Default)]
struct Book {
    records: u64,
    nameless: u64,
    /// Hashes: five million names would be half a gigabyte.
    distinct: HashSet<u64>,
    spans: HashSet<u64>,
}

impl Uids {
    /// Notes a request for log records, packed with gzip or not.
    pub fn note(&self, body: &[u8]) {
        let body = unpacked(body);
        let mut book = self.0.lock().unwrap_or_else(|e| e.into_inner());
        log_records(&body, &mut |record| {
            book.records += 1;
            match uid(record) {
                Some(uid) => {
                    book.distinct.insert(self.1.hash_one(uid));
                }
                None => book.nameless += 1,
            }
        });
    }

    /// Notes a request for spans.
    pub fn note_spans(&self, body: &[u8]) {
        let body = unpacked(body);
        let mut book = self.0.lock().unwrap_or_else(|e| e.into_inner());
        span_ids(&body, |id| {
            book.spans.insert(self.1.hash_one(id));
        });
    }

    /// What was noted, as JSON.
    pub fn told(&self) -> String {
        let book = self.0.lock().unwrap_or_else(|e| e.into_inner());
        json!({ "records": book.records, "distinct": book.distinct.len(), "nameless": book.nameless, "spans": book.spans.len() }).to_string()
    }
}

/// attributes 6: key 1, value 2: string_value 1.
fn uid(record: &[u8]) -> Option<&[u8]> {
    let mut uid = None;
    fields(record, |number, value| {
        let (6, Field::Bytes(attribute)) = (number, value) else {
            return;
        };
        let (mut ours, mut text) = (false, None);
        fields(attribute, |number, value| match (number, value) {
            (1, Field::Bytes(key)) => ours = key == b"log.record.uid",
            (2, Field::Bytes(value)) => fields(value, |number, value| {
                if let (1, Field::Bytes(value)) = (number, value) {
                    text = Some(value);
                }
            }),
            _ => {}
        });
        if ours {
            uid = text;
        }
    });
    uid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, inner: &[u8]) -> Vec<u8> {
        let len = inner.len() as u8;
        // A length of more than 127 takes two bytes.
        let len = [len | 0x80, (inner.len() >> 7) as u8];
        [&[tag], &len[..], inner].concat()
    }

    fn record(uid: &str) -> Vec<u8> {
        let value = wrap(0x12, &wrap(0x0a, uid.as_bytes()));
        let named = wrap(
            0x32,
            &[wrap(0x0a, b"log.record.uid"), value.clone()].concat(),
        );
        let other = wrap(0x32, &[wrap(0x0a, b"session.id"), value].concat());
        wrap(0x12, &[other, named].concat())
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let scope = [record("a-0"), record("a-1"), record("a-0"), wrap(0x12, b"")].concat();
        let uids = Uids::default();
        uids.note(&wrap(0x0a, &wrap(0x12, &scope)));
        let span = |id: &[u8]| wrap(0x12, &wrap(0x12, id));
        let scope = [span(b"11111111"), span(b"22222222"), span(b"11111111")].concat();
        uids.note_spans(&wrap(0x0a, &wrap(0x12, &scope)));
        assert_eq!(
            uids.told(),
            r#"{"distinct":2,"nameless":1,"records":4,"spans":2}"#
        );
    }
}
