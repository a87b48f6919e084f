//! The batch that is being filled: items as JSON, one section for each place that the payload has for them.
//!
//! It has one meta, taken when its first item comes. An item whose page, view or user is another says so itself (in Faro's
//! protocol it cannot, and the batch is sealed before it). A batch is sealed once, by count, bytes, age, because the page is
//! hidden, or on demand; then it is bytes with an id and JavaScript's.

use alloc::vec::Vec;

use crate::json::Json;
use crate::options::VERSION;

/// Sections in the payload's fixed order, which also numbers the items.
pub(crate) mod section {
    pub(crate) const LOGS: usize = 0;
    pub(crate) const EXCEPTIONS: usize = 1;
    pub(crate) const MEASUREMENTS: usize = 2;
    pub(crate) const EVENTS: usize = 3;
    /// Spans by scope: the page's own, `fetch`, `XMLHttpRequest`.
    pub(crate) const SPANS: usize = 4;
    pub(crate) const COUNT: usize = 7;
}

const NAMES: [&str; section::SPANS] = ["logs", "exceptions", "measurements", "events"];
const SCOPES: [&str; section::COUNT - section::SPANS] = ["farol", "farol.fetch", "farol.xhr"];

/// The parts of the meta that can change. The first one never differs within a batch.
const PARTS: [&str; 4] = ["session", "user", "page", "view"];

/// Marks: this batch holds the first of its kind in its session.
pub(crate) mod first {
    pub(crate) const SESSION: u8 = 1;
    pub(crate) const EXCEPTION: u8 = 2;
}

/// What every payload of a client has in common.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    pub(crate) faro: bool,
    /// The constant members of `meta`.
    pub(crate) meta: Vec<u8>,
    pub(crate) resource: Vec<u8>,
    pub(crate) client: Vec<u8>,
    pub(crate) rate: f64,
    /// Items sealed so far: the next one's sequence number.
    pub(crate) sequence: u32,
}

/// An exception in the batch, which may come again.
#[derive(Debug)]
struct Counted {
    key: u32,
    /// Where in its section it ends.
    end: usize,
    count: u32,
    /// Its JSON ends with its context, as we wrote it.
    ours: bool,
}

/// See above.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) meta: [Vec<u8>; 4],
    sections: [Vec<u8>; section::COUNT],
    exceptions: Vec<Counted>,
    pub(crate) items: u32,
    pub(crate) bytes: usize,
    /// Its items' clock: epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
    /// When it is sealed at the latest.
    pub(crate) due: f64,
    pub(crate) first: u8,
}

impl Batch {
    /// The session that its items belong to.
    pub(crate) fn session(&self) -> &[u8] {
        let [session, ..] = &self.meta;
        session
    }

    /// Whether an item of this meta has to say so itself.
    pub(crate) fn differs(&self, meta: &[&[u8]; 4]) -> bool {
        self.meta.iter().zip(meta).any(|(own, other)| own != other)
    }

    /// Appends an item, with the parts of `meta` that are not the batch's.
    pub(crate) fn push(&mut self, place: usize, item: &[u8], meta: &[&[u8]; 4]) {
        let differs = self.differs(meta);
        let Some(section) = self.sections.get_mut(place) else {
            return;
        };
        let before = section.len();
        let mut json = Json::new(Vec::new(), usize::MAX);
        core::mem::swap(&mut json.out, section);
        if before > 0 {
            json.byte(b',');
        }
        if differs {
            json.raw(item.get(..item.len().saturating_sub(1)).unwrap_or_default());
            json.open_key("farol", b'{');
            for ((name, own), other) in PARTS.iter().zip(&self.meta).zip(meta) {
                if own != other {
                    json.key(name);
                    json.raw(other);
                }
            }
            json.raw(b"}}");
        } else {
            json.raw(item);
        }
        self.items += 1;
        self.bytes += json.out.len() - before;
        *section = json.out;
    }

    /// Says of the exception just pushed what a repeat is known by.
    pub(crate) fn counted(&mut self, key: u32, count: u32, ours: bool) {
        let end = self.sections.get(section::EXCEPTIONS).map_or(0, Vec::len);
        self.exceptions.push(Counted {
            key,
            end,
            count,
            ours,
        });
    }

    /// Counts `count` repeats of the exception `key` where it is in the batch.
    pub(crate) fn repeat(&mut self, key: u32, count: u32) -> bool {
        let found = self
            .exceptions
            .iter_mut()
            .find(|counted| counted.key == key);
        if let Some(counted) = found {
            counted.count = counted.count.saturating_add(count);
            return true;
        }
        false
    }

    /// The sealed batch as a `BATCH` signal. What is left is an empty one.
    pub(crate) fn seal<H: crate::host::Host>(
        &mut self,
        envelope: &mut Envelope,
        id: &[u8],
        hidden: bool,
        host: &H,
    ) -> Vec<u8> {
        let batch = core::mem::take(self);
        let mut json = Json::new(Vec::with_capacity(batch.bytes + 2048), usize::MAX);
        json.raw(&(id.len() as u32).to_le_bytes());
        json.raw(id);
        json.raw(&batch.offset.to_le_bytes());
        json.raw(&batch.items.to_le_bytes());
        json.byte(u8::from(hidden) | u8::from(!batch.exceptions.is_empty()) << 1);
        json.raw(b"{\"meta\":{");
        json.raw(&envelope.meta);
        for (name, part) in PARTS.iter().zip(&batch.meta) {
            if part.len() > 2 {
                json.key(name);
                json.raw(part);
            }
        }
        json.byte(b'}');
        let (items, spans) = batch.sections.split_at(section::SPANS);
        for (place, (name, items)) in NAMES.iter().zip(items).enumerate() {
            if !items.is_empty() {
                json.open_key(name, b'[');
                if place == section::EXCEPTIONS {
                    batch.exceptions(&mut json, items, envelope.faro);
                } else {
                    json.raw(items);
                }
                json.byte(b']');
            }
        }
        if spans.iter().any(|spans| !spans.is_empty()) {
            json.raw(b",\"traces\":{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
            json.raw(&envelope.resource);
            json.raw(b"]},\"scopeSpans\":[");
            for (scope, spans) in SCOPES.iter().zip(spans) {
                if !spans.is_empty() {
                    json.open(b'{');
                    json.open_key("scope", b'{');
                    json.field("name", scope.as_bytes());
                    json.field("version", VERSION.as_bytes());
                    json.byte(b'}');
                    json.open_key("spans", b'[');
                    json.raw(spans);
                    json.raw(b"]}");
                }
            }
            json.raw(b"]}]}");
        }
        if !envelope.faro {
            json.raw(b",\"farol\":{\"v\":1");
            json.field("client", &envelope.client);
            json.key("seq");
            json.digits(envelope.sequence, 1);
            json.key("rate");
            json.number(host, envelope.rate);
            json.field("state", b"on");
            if batch.first != 0 {
                json.open_key("first", b'[');
                if batch.first & first::SESSION != 0 {
                    json.text(b"session");
                }
                if batch.first & first::EXCEPTION != 0 {
                    json.text(b"exception");
                }
                json.byte(b']');
            }
            json.byte(b'}');
        }
        json.byte(b'}');
        envelope.sequence = envelope.sequence.wrapping_add(batch.items);
        json.out
    }

    /// The exceptions, those that came more than once with their count.
    fn exceptions(&self, json: &mut Json, items: &[u8], faro: bool) {
        let mut from = 0;
        for counted in &self.exceptions {
            // Faro's receivers drop a field that they do not know, but keep what is in the context, which we write last.
            let inside = faro && counted.ours;
            let at = counted.end
                - if counted.count < 2 {
                    0
                } else {
                    1 + usize::from(inside)
                };
            json.raw(items.get(from..at).unwrap_or_default());
            if counted.count > 1 {
                json.key("count");
                let quote: &[u8] = if inside { b"\"" } else { b"" };
                json.raw(quote);
                json.digits(counted.count, 1);
                json.raw(quote);
            }
            json.raw(items.get(at..counted.end).unwrap_or_default());
            from = counted.end;
        }
    }
}
