//! What went before an exception: the last few things that happened, in order.

use alloc::vec::Vec;

use crate::json::{Json, shorten};
use crate::time;

/// Things remembered. A person reads them; what led to an error is among the last few.
const ENTRIES: usize = 20;

/// Bytes of one thing's text: a line on a screen.
const TEXT_BYTES: usize = 200;

/// Names of `abi::trail`'s kinds on the wire.
const KINDS: [&str; 6] = ["navigation", "fetch", "click", "log", "event", "error"];

#[derive(Debug)]
struct Entry {
    epoch: f64,
    kind: u8,
    text: Vec<u8>,
}

/// A ring of the last things.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    entries: Vec<Entry>,
    next: usize,
}

impl Trail {
    pub(crate) fn push(&mut self, kind: u8, epoch: f64, text: &[&[u8]]) {
        if self.next >= ENTRIES {
            self.next = 0;
        }
        if self.next >= self.entries.len() {
            self.entries.push(Entry {
                epoch,
                kind,
                text: Vec::new(),
            });
        }
        if let Some(entry) = self.entries.get_mut(self.next) {
            entry.epoch = epoch;
            entry.kind = kind;
            entry.text.clear();
            for part in text {
                entry
                    .text
                    .extend_from_slice(shorten(part, TEXT_BYTES.saturating_sub(entry.text.len())));
            }
        }
        self.next += 1;
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The things, oldest first: a list, or (`lines`) a text of one line each, as Faro's context holds texts alone.
    pub(crate) fn write(&self, json: &mut Json, lines: bool) {
        if self.entries.is_empty() {
            return;
        }
        json.key("trail");
        json.byte(if lines { b'"' } else { b'[' });
        let (new, old) = self.entries.split_at(self.next.min(self.entries.len()));
        for entry in old.iter().chain(new) {
            if json.full() {
                break;
            }
            let kind = KINDS.get(usize::from(entry.kind)).unwrap_or(&"event");
            if lines {
                time::iso(json, entry.epoch);
                json.byte(b' ');
                json.raw(kind.as_bytes());
                json.byte(b' ');
                json.escape(&entry.text);
                json.raw(b"\\n");
            } else {
                json.open(b'{');
                time::iso_field(json, "t", entry.epoch);
                json.field("k", kind.as_bytes());
                json.field("m", &entry.text);
                json.byte(b'}');
            }
        }
        json.byte(if lines { b'"' } else { b']' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_come_oldest_first() {
        let mut trail = Trail::default();
        for n in 0..53u8 {
            trail.push(1, f64::from(n), &[b"GET ", &[b'A' + n % 26]]);
        }
        let mut json = Json::new(Vec::new(), 60_000);
        json.byte(b'{');
        trail.write(&mut json, false);
        json.byte(b'}');
        let value: serde_json::Value = serde_json::from_slice(&json.out).unwrap();
        let list = value["trail"].as_array().unwrap();
        assert_eq!(list.len(), ENTRIES);
        assert_eq!(list[0]["t"], "1970-01-01T00:00:00.033Z");
        assert_eq!(
            list[19],
            serde_json::json!({"t": "1970-01-01T00:00:00.052Z", "k": "fetch", "m": "GET A"})
        );
    }
}
