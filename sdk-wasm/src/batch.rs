//! The batch that is being filled: items as JSON, each with its place in the payload.
//!
//! It has one meta, taken when its first item comes. An item whose page, view or user is another says so itself (in Faro's
//! protocol it cannot, and the batch is sealed before it). A batch is sealed once, by count, bytes, age, because the page is
//! hidden, or on demand; then it is bytes with an id and JavaScript's.

use alloc::vec::Vec;

use crate::host::Host;
use crate::meta::Fixed;
use crate::pen::Pen;
use crate::text::cut;

/// Places in the payload's fixed order, which also numbers the items.
pub(crate) mod place {
    pub(crate) const LOGS: u8 = 0;
    pub(crate) const EXCEPTIONS: u8 = 1;
    pub(crate) const MEASUREMENTS: u8 = 2;
    pub(crate) const EVENTS: u8 = 3;
    /// Spans by scope: the page's own, `fetch`, `XMLHttpRequest`.
    pub(crate) const SPANS: u8 = 4;
}

/// What opens each place; the spans' scopes come within `traces`.
const NAMES: [&str; 7] = [
    "logs",
    "exceptions",
    "measurements",
    "events",
    "farol",
    "farol.fetch",
    "farol.xhr",
];

/// The parts of the meta that can change. The first one never differs within a batch.
const PARTS: [&str; 4] = ["session", "user", "page", "view"];

/// The parts as JSON objects.
pub(crate) type Parts<'a> = [&'a [u8]; 4];

/// Marks: this batch holds the first of its kind in its session.
pub(crate) mod first {
    pub(crate) const SESSION: u8 = 1;
    pub(crate) const EXCEPTION: u8 = 2;
}

/// What every payload of a client has in common.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) fixed: Fixed,
    pub(crate) client: Vec<u8>,
    pub(crate) rate: f64,
    /// Items sealed so far: the next one's sequence number.
    pub(crate) sequence: u32,
}

/// An item in the batch. Of identical exceptions there is one, with their count.
#[derive(Debug)]
struct Item {
    place: u8,
    /// Its JSON ends with its context, as we wrote it.
    ours: bool,
    key: u32,
    count: u32,
    /// Behind the byte that `HOOK` has before it.
    json: Vec<u8>,
}

/// See above.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) meta: [Vec<u8>; 4],
    items: Vec<Item>,
    pub(crate) bytes: usize,
    /// Its items' clock: epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
    /// When it is sealed at the latest.
    pub(crate) due: f64,
    pub(crate) first: u8,
}

impl Batch {
    pub(crate) const fn new() -> Self {
        Self {
            meta: [const { Vec::new() }; 4],
            items: Vec::new(),
            bytes: 0,
            offset: 0.0,
            due: 0.0,
            first: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether an item of this meta does not fit: its session is another, or, where it cannot say so itself, any part.
    pub(crate) fn splits(&self, meta: &Parts<'_>, faro: bool) -> bool {
        self.meta
            .iter()
            .zip(meta)
            .take(if faro { 4 } else { 1 })
            .any(|(own, other)| own != other)
    }

    /// Appends an item, with the parts of `meta` that are not the batch's. `key` is what a repeat is known by.
    pub(crate) fn push<H: Host>(
        &mut self,
        pen: &mut Pen<H>,
        place: u8,
        key: u32,
        count: u32,
        ours: bool,
        json: Vec<u8>,
        meta: &Parts<'_>,
    ) {
        pen.out = json;
        let mut open = false;
        for ((name, own), other) in PARTS.iter().zip(&self.meta).zip(meta) {
            if own != other {
                if !open {
                    open = true;
                    pen.out.pop();
                    pen.open("farol");
                }
                pen.key(name.as_bytes());
                pen.raw(other);
            }
        }
        if open {
            pen.raw(b"}}");
        }
        let json = pen.take();
        self.bytes += json.len();
        self.items.push(Item {
            place,
            ours,
            key,
            count,
            json,
        });
    }

    /// Counts `count` repeats of the exception `key` where it is in the batch.
    pub(crate) fn repeat(&mut self, key: u32, count: u32) -> bool {
        for item in &mut self.items {
            if item.place == place::EXCEPTIONS && item.key == key {
                item.count = item.count.saturating_add(count);
                return true;
            }
        }
        false
    }

    /// Forgets all items.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
        self.first = 0;
    }

    /// The sealed batch as a `BATCH` signal. What is left is an empty one.
    pub(crate) fn seal<H: Host>(
        &mut self,
        pen: &mut Pen<H>,
        envelope: &mut Envelope,
        id: &[u8],
        hidden: bool,
    ) -> Vec<u8> {
        let count = self.items.len() as u32;
        let failed = self
            .items
            .iter()
            .any(|item| item.place == place::EXCEPTIONS);
        pen.start(usize::MAX);
        pen.raw(&(id.len() as u32).to_le_bytes());
        pen.raw(id);
        pen.raw(&self.offset.to_le_bytes());
        pen.raw(&count.to_le_bytes());
        pen.byte(u8::from(hidden) | u8::from(failed) << 1);
        pen.raw(b"{\"meta\":{");
        pen.raw(&envelope.fixed.meta);
        for (name, part) in PARTS.iter().zip(&self.meta) {
            if part.len() > 2 {
                pen.key(name.as_bytes());
                pen.raw(part);
            }
        }
        pen.byte(b'}');
        let mut spans = false;
        for (place, name) in NAMES.iter().enumerate() {
            let mut open = false;
            for item in self
                .items
                .iter()
                .filter(|item| usize::from(item.place) == place)
            {
                if !open {
                    open = true;
                    if place < usize::from(place::SPANS) {
                        pen.key(name.as_bytes());
                    } else {
                        if !spans {
                            spans = true;
                            pen.raw(
                                b",\"traces\":{\"resourceSpans\":[{\"resource\":{\"attributes\":[",
                            );
                            pen.raw(&envelope.fixed.resource);
                            pen.raw(b"]},\"scopeSpans\":[");
                        }
                        pen.comma();
                        pen.raw(b"{\"scope\":{\"name\":\"");
                        pen.raw(name.as_bytes());
                        pen.raw(
                            concat!(
                                "\",\"version\":\"",
                                env!("CARGO_PKG_VERSION"),
                                "\"},\"spans\":"
                            )
                            .as_bytes(),
                        );
                    }
                    pen.byte(b'[');
                }
                pen.comma();
                item.write(pen);
            }
            if open {
                pen.byte(b']');
                if place >= usize::from(place::SPANS) {
                    pen.byte(b'}');
                }
            }
        }
        if spans {
            pen.raw(b"]}]}");
        }
        if !pen.faro {
            pen.raw(b",\"farol\":{\"v\":1,\"state\":\"on\"");
            pen.field("client", &envelope.client);
            pen.raw(b",\"seq\":");
            pen.digits(envelope.sequence, 1);
            pen.raw(b",\"rate\":");
            pen.number(envelope.rate);
            if self.first != 0 {
                pen.raw(match self.first {
                    first::SESSION => b",\"first\":[\"session\"]",
                    first::EXCEPTION => b",\"first\":[\"exception\"]",
                    _ => b",\"first\":[\"session\",\"exception\"]",
                });
            }
            pen.byte(b'}');
        }
        pen.byte(b'}');
        envelope.sequence += count;
        self.clear();
        pen.take()
    }
}

impl Item {
    /// Its JSON, with its count if it came more than once. Faro's receivers drop a field that they do not know, but keep what is
    /// in the context, which we write last.
    fn write<H: Host>(&self, pen: &mut Pen<H>) {
        let inside = pen.faro && self.ours;
        let tail = if self.count < 2 {
            0
        } else {
            1 + usize::from(inside)
        };
        let (head, tail) = cut(&self.json, self.json.len() - tail, 0);
        pen.raw(cut(head, 0, 1).1);
        if self.count > 1 {
            pen.key(b"count");
            if inside {
                pen.byte(b'"');
            }
            pen.digits(self.count, 1);
            if inside {
                pen.byte(b'"');
            }
        }
        pen.raw(tail);
    }
}
