//! The batch that is being filled: items as JSON, each with its place in the payload.
//!
//! It has one meta, taken when its first item comes. An item whose page or view is another says so itself (in Faro's protocol it
//! cannot, and the batch is sealed before it); another user or session is another batch. A batch is sealed once, by count, bytes, age, because the page is
//! hidden, or on demand; then it is bytes with an id and JavaScript's.

use alloc::vec::Vec;

use farol_protocol::Kind;

use crate::host::Host;
use crate::meta::Fixed;
use crate::pen::Pen;
use crate::sampling::Share;
use crate::session::Session;
use crate::text::{after, before, find, keep};

/// Places in the payload's fixed order, which also numbers the items.
pub(crate) mod place {
    pub(crate) const LOGS: u8 = 0;
    pub(crate) const EXCEPTIONS: u8 = 1;
    pub(crate) const MEASUREMENTS: u8 = 2;
    pub(crate) const EVENTS: u8 = 3;
    /// Spans by scope: the page's own, `fetch`, `XMLHttpRequest`.
    pub(crate) const SPANS: u8 = 4;
}

/// Bytes of items at which a batch is sealed at once. One that is full waits a moment for what follows it (`record.rs`): a request costs the
/// page as much as some hundred events, and a burst of a thousand is one.
pub(crate) const BURST_BYTES: usize = 192 * 1024;

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

/// Marks: this batch holds the first of its kind in its session.
pub(crate) mod first {
    pub(crate) const SESSION: u8 = 1;
    pub(crate) const EXCEPTION: u8 = 2;
}

/// How a batch is written: bits of `BATCH`'s flags.
pub(crate) mod how {
    pub(crate) const SEALED: u8 = 0;
    pub(crate) const HIDDEN: u8 = 1;
    pub(crate) const DRAFT: u8 = 4;
}

/// What every payload of a client has in common.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) fixed: Fixed,
    pub(crate) client: Vec<u8>,
    pub(crate) rate: f64,
    /// The rate of each kind that has one of its own; above 1: none.
    pub(crate) kept: [f64; 5],
    /// Items sealed so far: the next one's sequence number.
    pub(crate) sequence: u32,
}

/// An item in the batch. Of identical exceptions there is one, with their count.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) place: u8,
    /// Its JSON ends with its context, as we wrote it.
    pub(crate) ours: bool,
    pub(crate) key: u32,
    pub(crate) count: u32,
    /// What it is the first of in its session (`first`).
    pub(crate) mark: u8,
    /// When it was made, on the clock of `now`.
    pub(crate) at: f64,
    /// Behind the byte that `HOOK` has before it.
    pub(crate) json: Vec<u8>,
}

/// See above.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Page and view of its first item, as members of the meta.
    pub(crate) whence: Vec<u8>,
    /// Session and user, as members of the meta.
    pub(crate) who: Vec<u8>,
    items: Vec<Item>,
    pub(crate) bytes: usize,
    /// Its items' clock: epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
    /// When it is sealed at the latest.
    pub(crate) due: f64,
    /// When what it holds is to be in the outbox, be it sealed or not.
    pub(crate) draft: f64,
    /// The id under which it stands there.
    pub(crate) id: Vec<u8>,
    /// Its session is outside of the sample.
    pub(crate) ring: bool,
}

impl Batch {
    pub(crate) const fn new() -> Self {
        Self {
            whence: Vec::new(),
            who: Vec::new(),
            items: Vec::new(),
            bytes: 0,
            offset: 0.0,
            due: 0.0,
            draft: f64::INFINITY,
            id: Vec::new(),
            ring: false,
        }
    }

    /// What its first item decides.
    pub(crate) fn begin(&mut self, whence: &[u8], who: &[u8], offset: f64, ring: bool) {
        keep(&mut self.whence, whence);
        keep(&mut self.who, who);
        self.offset = offset;
        self.ring = ring;
        self.bytes = whence.len() + who.len();
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// When its oldest item was made.
    pub(crate) fn oldest(&self) -> f64 {
        self.items.first().map_or(f64::NEG_INFINITY, |item| item.at)
    }

    /// Lets go of its oldest item.
    pub(crate) fn shift(&mut self) {
        if !self.items.is_empty() {
            self.bytes -= self.items.remove(0).json.len();
        }
    }

    /// Counts its last items, so many, by their kinds.
    pub(crate) fn count(&self, last: usize, counts: &mut [u32; 5]) {
        for item in self.items.iter().rev().take(last) {
            if let Some(count) = counts.get_mut(usize::from(item.place.min(place::SPANS))) {
                *count += 1;
            }
        }
    }

    /// Appends an item of this page and view; of none: it goes with the others. `key` is what a repeat is known by, `count` how many it stands for.
    pub(crate) fn push(&mut self, mut item: Item, whence: Option<&[u8]>) {
        if let Some(whence) = whence
            && self.whence != whence
        {
            item.json.pop();
            // A hook of the page's may have left nothing in it.
            if item.json.last() != Some(&b'{') {
                item.json.push(b',');
            }
            item.json.extend_from_slice(b"\"farol\":{");
            item.json.extend_from_slice(whence);
            item.json.extend_from_slice(b"}}");
        }
        self.bytes += item.json.len();
        self.items.push(item);
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

    /// Makes its items those of `session`, where they are of the one whose id is `old`, but for the news that there was one: true, where that was in it.
    pub(crate) fn rename(&mut self, old: &[u8], session: &mut Session) -> bool {
        let mut told = false;
        if swap(&mut self.who, b"\"session\":{\"id\":\"", old, &session.id) {
            if let Some(item) = self.items.first() {
                told = item.mark & first::SESSION != 0;
            }
            if told {
                self.shift();
            }
            self.settle(session.share);
            for item in &mut self.items {
                if item.place == place::EXCEPTIONS {
                    // It may have had its first in another page, or in none.
                    item.mark = first::EXCEPTION * u8::from(!session.failed);
                    session.failed = true;
                }
                // A span says it itself: not every receiver of Faro's puts it there.
                self.bytes -= item.json.len();
                swap(
                    &mut item.json,
                    b"\"session.id\",\"value\":{\"stringValue\":\"",
                    old,
                    &session.id,
                );
                self.bytes += item.json.len();
            }
        }
        told
    }

    /// Lets go of the kinds that a session of this share does not keep.
    pub(crate) fn settle(&mut self, share: Share) {
        self.ring = !share.sampled;
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            if share.makes(item.place.min(place::SPANS)) {
                at += 1;
            } else {
                self.bytes -= self.items.remove(at).json.len();
            }
        }
    }

    /// Forgets all items.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
        self.draft = f64::INFINITY;
        self.id.clear();
    }

    /// Writes a sealed batch of the items from `from` on as a `BATCH` signal: all of them, or as many as fill one where it is to outlive the
    /// page (`hidden`), of `most` bytes. The answer is where the next one begins. A draft (`HOW`) is written as if it were sealed, and is not.
    pub(crate) fn seal<H: Host>(
        &mut self,
        pen: &mut Pen<H>,
        envelope: &mut Envelope,
        id: &[u8],
        how: u8,
        most: usize,
        from: usize,
    ) -> usize {
        let hidden = how == how::HIDDEN;
        let mut failed = false;
        let mut marks = 0;
        let mut bytes = 0;
        let mut to = from;
        while let Some(item) = self.items.get(to) {
            bytes += item.json.len();
            if hidden && bytes > most && to > from {
                break;
            }
            failed |= item.place == place::EXCEPTIONS;
            marks |= item.mark;
            to += 1;
        }
        let items = self.items.get(from..to).unwrap_or_default();
        let count = items.len() as u32;
        pen.start(usize::MAX);
        pen.raw(&(id.len() as u32).to_le_bytes());
        pen.raw(id);
        pen.raw(&self.offset.to_le_bytes());
        pen.raw(&count.to_le_bytes());
        pen.byte(how | u8::from(failed) << 1);
        pen.raw(b"{\"meta\":{");
        for part in [&*envelope.fixed.meta, &*self.who, &*self.whence] {
            pen.comma();
            pen.out.copy(part);
        }
        pen.byte(b'}');
        let mut traces = (0, 0);
        for (place, name) in NAMES.iter().enumerate() {
            let span = place >= usize::from(place::SPANS);
            if place == usize::from(place::SPANS) {
                let start = pen.out.len();
                pen.raw(b",\"traces\":{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
                pen.out.copy(&envelope.fixed.resource);
                pen.raw(b"]},\"scopeSpans\":[");
                traces = (start, pen.out.len());
            }
            // What turns out to be empty is taken back.
            let start = pen.out.len();
            if span {
                pen.comma();
                pen.raw(b"{\"scope\":{");
                pen.field(b"name", name.as_bytes());
                pen.raw(
                    concat!(
                        ",\"version\":\"",
                        env!("CARGO_PKG_VERSION"),
                        "\"},\"spans\":["
                    )
                    .as_bytes(),
                );
            } else {
                pen.key(name.as_bytes());
                pen.byte(b'[');
            }
            let empty = pen.out.len();
            for item in items {
                if usize::from(item.place) == place {
                    pen.comma();
                    item.write(pen);
                }
            }
            if pen.out.len() == empty {
                pen.out.truncate(start);
            } else {
                pen.raw(if span { b"]}" } else { b"]" });
            }
        }
        if pen.out.len() == traces.1 {
            pen.out.truncate(traces.0);
        } else {
            pen.raw(b"]}]}");
        }
        if !pen.faro {
            pen.raw(b",\"farol\":{\"v\":1");
            pen.field(b"state", if self.ring { b"ring" } else { b"on" });
            pen.field(b"client", &envelope.client);
            pen.key(b"seq");
            pen.digits(envelope.sequence, 1);
            pen.key(b"rate");
            pen.number(envelope.rate);
            let at = pen.open(b"kept");
            for (kind, rate) in Kind::ALL.iter().zip(envelope.kept) {
                if rate <= 1.0 {
                    pen.key(kind.name().as_bytes());
                    pen.number(rate);
                }
            }
            pen.close(at);
            pen.raw(
                FIRST
                    .get(usize::from(marks))
                    .map_or(b"", |marks| marks.as_bytes()),
            );
            pen.byte(b'}');
        }
        pen.byte(b'}');
        if how != how::DRAFT {
            envelope.sequence += count;
        }
        to
    }
}

/// Puts one session's id in another's place, where it first stands behind `key`. Neither needs to be escaped.
#[inline(never)]
fn swap(text: &mut Vec<u8>, key: &[u8], old: &[u8], id: &[u8]) -> bool {
    let what = [key, old, b"\""].concat();
    let at = find(text, &what);
    let found = at < text.len();
    if found {
        let rest = after(text, at + key.len() + old.len());
        *text = [before(text, at + key.len()), id, rest].concat();
    }
    found
}

/// How the marks are written, by their bits.
const FIRST: [&str; 4] = [
    "",
    ",\"first\":[\"session\"]",
    ",\"first\":[\"exception\"]",
    ",\"first\":[\"session\",\"exception\"]",
];

impl Item {
    /// Its JSON, with its count if it came more than once. Faro's receivers drop a field that they do not know, but keep what is
    /// in the context, which we write last.
    fn write<H: Host>(&self, pen: &mut Pen<H>) {
        let inside = pen.faro && self.ours;
        let tail = self.json.len()
            - if self.count < 2 {
                0
            } else {
                1 + usize::from(inside)
            };
        pen.out.copy(after(before(&self.json, tail), 1));
        if self.count > 1 {
            pen.key(b"count");
            let at = pen.out.len();
            pen.digits(self.count, 1);
            if inside {
                pen.fold(at);
            }
        }
        pen.raw(after(&self.json, tail));
    }
}
