//! What went before an exception: the last few things that happened, in order.

use alloc::vec::Vec;

use crate::host::Host;
use crate::pen::{Pen, shorten};
use crate::text::split;

/// Things remembered. A person reads them; what led to an error is among the last few.
const ENTRIES: usize = 20;

/// Bytes of one thing's text: a line on a screen.
const TEXT_BYTES: usize = 200;

/// Names of `abi::trail`'s kinds on the wire.
const KINDS: &str = "navigation fetch click log event error";

#[derive(Debug)]
struct Entry {
    epoch: f64,
    kind: u8,
    text: Vec<u8>,
}

/// A ring of the last things.
#[derive(Debug)]
pub(crate) struct Trail {
    entries: Vec<Entry>,
    next: usize,
}

impl Trail {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            next: 0,
        }
    }

    #[inline(never)]
    pub(crate) fn push(&mut self, kind: u8, epoch: f64, text: &[&[u8]]) {
        let mut line = Vec::with_capacity(64);
        for part in text {
            line.extend_from_slice(shorten(part, TEXT_BYTES - line.len().min(TEXT_BYTES)));
        }
        let entry = Entry {
            epoch,
            kind,
            text: line,
        };
        match self.entries.get_mut(self.next) {
            Some(place) => *place = entry,
            None => self.entries.push(entry),
        }
        self.next = (self.next + 1) % ENTRIES;
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.next = 0;
    }

    /// The things, oldest first: a list, or in Faro's protocol a text of one line each, as its context holds texts alone.
    pub(crate) fn write<H: Host>(&self, pen: &mut Pen<H>) {
        if self.entries.is_empty() {
            return;
        }
        let lines = pen.faro;
        pen.key(b"trail");
        pen.byte(if lines { b'"' } else { b'[' });
        for nth in 0..ENTRIES {
            if let Some(entry) = self.entries.get((self.next + nth) % ENTRIES)
                && !pen.full()
            {
                let mut kind = KINDS.as_bytes();
                for _ in 0..entry.kind {
                    kind = split(kind, b' ').1.unwrap_or_default();
                }
                let kind = split(kind, b' ').0;
                if lines {
                    pen.iso(entry.epoch);
                    pen.byte(b' ');
                    pen.raw(kind);
                    pen.byte(b' ');
                    pen.escape(&entry.text);
                    pen.raw(b"\\n");
                } else {
                    pen.comma();
                    pen.byte(b'{');
                    pen.iso_field("t", entry.epoch - pen.offset);
                    pen.field("k", kind);
                    pen.field("m", &entry.text);
                    pen.byte(b'}');
                }
            }
        }
        pen.byte(if lines { b'"' } else { b']' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_come_oldest_first() {
        let mut trail = Trail::new();
        for n in 0..53u8 {
            trail.push(1, f64::from(n), &[b"GET ", &[b'A' + n % 26]]);
        }
        let mut pen = Pen::new(crate::fake::Fake::default());
        pen.byte(b'{');
        trail.write(&mut pen);
        pen.byte(b'}');
        let value: serde_json::Value = serde_json::from_slice(&pen.out).unwrap();
        let list = value["trail"].as_array().unwrap();
        assert_eq!(list.len(), ENTRIES);
        assert_eq!(list[0]["t"], "1970-01-01T00:00:00.033Z");
        assert_eq!(
            list[19],
            serde_json::json!({"t": "1970-01-01T00:00:00.052Z", "k": "fetch", "m": "GET A"})
        );
    }
}
