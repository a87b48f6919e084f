//! The way of an item: into JSON, past `beforeSend`, into the batch, and with it out.

use alloc::vec::Vec;

use crate::abi::{diagnostic, signal};
use crate::batch::{BURST_BYTES, Batch, Item, first, how, place};
use crate::host::Host;
use crate::item::kind;
use crate::message::Message;
use crate::options::flag;
use crate::text::{after, keep};
use crate::time::ISO_BYTES;

use super::Client;
use super::visit::Consent;

/// A batch with an exception goes after this: an error is news.
const SOON_MS: f64 = 1000.0;

/// A batch that is full waits for so long, at most, for what comes with it. What a page that goes at that moment loses is what does not fit its
/// keepalive requests.
const FULL_MS: f64 = 2000.0;

/// What was captured this long ago is in the outbox.
const DRAFT_MS: f64 = 500.0;

/// How long after the page was hidden each message is sealed at once: nothing may run after it. Later, timers serve again.
const LEAVING_MS: f64 = 1000.0;

/// Bytes of items in a batch that is to outlive its page: with its meta, and one more small batch, in the half of 64 KiB that the page leaves to us.
const PART_BYTES: usize = 24 * 1024;

/// Batches that the ring keeps. Each user and each session's attributes are another; what is sent at once is to fit the sender's memory (64).
const RING_BATCHES: usize = 48;

/// Bytes kept while consent is pending: some hundred items, or what a visitor does before answering a banner.
const PENDING_BYTES: usize = 128 * 1024;

/// How an exception begins; its timestamp follows.
const HEAD: &[u8] = b"\x01{\"timestamp\":\"";

impl<H: Host> Client<H> {
    /// Begins an item, unless none of its kind is wanted. Its JSON comes behind a byte that names the kind, as `HOOK` has it.
    #[inline(never)]
    pub(super) fn begin(&mut self, kind: u8, now: f64) -> bool {
        let cap = self.options.cap(kind);
        let makes = self.makes(kind);
        let Some(count) = self.counts.get_mut(usize::from(kind)) else {
            return false;
        };
        if !makes {
            return false;
        }
        if *count >= cap {
            // Told once, and counted each time.
            let number = if *count == cap {
                f64::from(kind)
            } else {
                diagnostic::AGAIN
            };
            *count = cap + 1;
            self.diagnose(diagnostic::CAP_REACHED, number);
            return false;
        }
        if self.batch.len() == 0 {
            let wall = self.pen.host.wall();
            self.clock.set(now, wall);
        }
        self.pen.offset = self.clock.offset;
        self.pen.start(self.options.bytes());
        self.pen.byte(kind);
        true
    }

    /// Ends an item: takes it into the batch, with page and view of the time that it names; false: it was dropped. `key` is what a repeat is
    /// known by, `count` how many it stands for.
    #[inline(never)]
    pub(super) fn finish(&mut self, place: u8, key: u32, count: u32, now: f64) -> bool {
        let at = self.pen.at;
        if at < self.agreed {
            return false;
        }
        let mut mark = core::mem::take(&mut self.mark);
        let mut json = self.pen.take();
        let kind = place.min(kind::SPAN);
        if self.pen.cut {
            self.diagnose(diagnostic::ITEM_CUT, f64::from(kind));
        }
        // As it was before the page's hook saw it: a repeat is given to that in its turn.
        if place == place::EXCEPTIONS {
            self.last.0 = key;
            keep(&mut self.last.1, &json);
        }
        let mut ours = true;
        if self.options.has(flag::HOOK) && !self.hooked {
            let answer = self.pen.host.emit(signal::HOOK, &json);
            if answer == -1.0 {
                if place == place::EXCEPTIONS {
                    self.last.1.clear();
                }
                return false;
            }
            if answer >= 0.0 {
                let answer = self.pen.host.answer(answer as usize);
                if answer.starts_with(b"{")
                    && answer.ends_with(b"}")
                    && answer.len() <= self.options.bytes()
                {
                    ours = false;
                    json.truncate(1);
                    json.extend_from_slice(answer);
                } else {
                    self.diagnose(diagnostic::HOOK_INVALID, f64::from(kind));
                }
            }
        }
        let failed = place == place::EXCEPTIONS && !self.session.failed;
        if failed {
            mark |= first::EXCEPTION;
        }
        let item = Item {
            place,
            ours,
            key,
            count,
            mark,
            at: now,
            json,
        };
        let bytes = item.json.len();
        let splits = self.pen.faro && !self.nowhere && self.history.then(at) != self.batch.whence;
        if splits || self.batch.bytes + bytes > self.most() {
            self.seal(false);
        }
        if self.consent == Consent::Pending
            && self.held_bytes() + self.batch.bytes + bytes > PENDING_BYTES
        {
            self.diagnose(diagnostic::PENDING_FULL, f64::from(kind));
            return false;
        }
        let whence = self.history.then(at);
        if self.batch.len() == 0 {
            let ring = !self.session.share.sampled;
            let offset = self.clock.offset;
            self.batch.begin(whence, &self.who, offset, ring);
            self.batch.due = now + self.options.age();
        }
        if place == place::EXCEPTIONS || self.hidden_at <= now {
            self.batch.due = self.batch.due.min(now + SOON_MS);
        }
        self.batch.push(item, (!self.nowhere).then_some(whence));
        if self.rings() {
            self.trim(now);
        } else {
            self.batch.count(1, &mut self.counts);
        }
        if failed {
            self.session.failed = true;
            self.store(now);
        }
        if self.batch.draft == f64::INFINITY && self.options.has(flag::OUTBOX) {
            self.batch.draft = now + DRAFT_MS;
        }
        if self.batch.len() >= self.options.items() || self.batch.bytes >= self.most() {
            self.seal(false);
        } else if self.batch.bytes >= self.options.bytes() {
            self.batch.due = self.batch.due.min(now + FULL_MS);
        }
        true
    }

    /// Lets go of what the ring need not keep, the oldest first; never of the newest item, which may be what went wrong.
    #[inline(never)]
    fn trim(&mut self, now: f64) {
        let since = now - self.options.ring_age();
        loop {
            let parts = self.ring.len();
            let sealed: usize = self.ring.iter().map(|batch| batch.bytes).sum();
            let over =
                sealed + self.batch.bytes > self.options.ring_bytes() || parts > RING_BATCHES;
            let batch = self.ring.first_mut().unwrap_or(&mut self.batch);
            if batch.len() > usize::from(parts == 0) && (over || batch.oldest() < since) {
                batch.shift();
            } else if parts > 0 && batch.len() == 0 {
                self.ring.remove(0);
            } else {
                return;
            }
        }
    }

    /// Something went wrong: what the ring kept goes out, and from now on what this session does.
    #[inline(never)]
    pub(super) fn wake(&mut self, now: f64) {
        if self.session.share.sampled || self.session.woken {
            return;
        }
        self.trim(now);
        self.seal(false);
        let ring = core::mem::take(&mut self.ring);
        self.session.woken = true;
        for batch in &ring {
            batch.count(batch.len(), &mut self.counts);
        }
        self.tell(now);
        self.release(ring);
    }

    /// Counts repeats of the last exception; where its batch is gone, a follow-up stands for them.
    pub(super) fn repeated(&mut self, count: u32, now: f64) {
        let (key, last) = core::mem::take(&mut self.last);
        if count > 0
            && !self.batch.repeat(key, count)
            && !last.is_empty()
            // From within the hook it would go past it.
            && !self.hooked
            && self.begin(kind::EXCEPTION, now)
        {
            self.pen.out.truncate(0);
            self.pen.raw(HEAD);
            self.pen.iso(now + self.clock.offset);
            self.pen.raw(after(&last, HEAD.len() + ISO_BYTES));
            self.finish(place::EXCEPTIONS, key, count, now);
        } else {
            self.last = (key, last);
        }
    }

    /// Bytes of items at which a batch is sealed at once: some times what fills it.
    fn most(&self) -> usize {
        (self.options.bytes() * 4).min(BURST_BYTES)
    }

    /// Whether what is sealed leaves.
    fn sends(&self) -> bool {
        self.consent == Consent::Granted && !self.rings()
    }

    /// Bytes that wait for consent.
    fn held_bytes(&self) -> usize {
        self.held.iter().map(|batch| batch.bytes).sum()
    }

    /// Seals what waits and gives it to JavaScript; keeps it while consent is pending. What outlives the page is bounded by the
    /// browser: on hiding, more than fills a batch is several.
    #[inline(never)]
    pub(super) fn seal(&mut self, hidden: bool) {
        if self.sends() {
            self.write(if hidden { how::HIDDEN } else { how::SEALED });
            self.batch.clear();
        } else if self.batch.len() > 0 {
            let batch = core::mem::replace(&mut self.batch, Batch::new());
            let kept = if self.rings() {
                &mut self.ring
            } else {
                &mut self.held
            };
            kept.push(batch);
        }
    }

    /// What waits, for the outbox, if it is time: a page may die before it seals. A batch that is full by then is sealed at once: as much work, done once.
    pub(super) fn draft(&mut self, now: f64) {
        if self.batch.draft <= now {
            self.batch.draft = f64::INFINITY;
            if self.batch.bytes >= self.options.bytes() {
                self.seal(false);
            } else {
                self.write(how::DRAFT);
            }
        }
    }

    #[inline(never)]
    fn write(&mut self, how: u8) {
        if self.batch.len() > 0 && self.envelope.fixed.meta.is_empty() {
            let length = self.pen.host.emit(signal::META, &[]);
            let answer = self.pen.host.answer(length as usize).to_vec();
            self.envelope.fixed = self
                .pen
                .fixed(Message::new(&self.app), &mut Message::new(&answer));
        }
        let mut from = 0;
        while from < self.batch.len() {
            // Under the id of its draft the outbox has it once.
            let mut id = core::mem::take(&mut self.batch.id);
            if id.is_empty() {
                id = self.random.id(20, 5);
            }
            if how == how::DRAFT {
                keep(&mut self.batch.id, &id);
            }
            from = self.batch.seal(
                &mut self.pen,
                &mut self.envelope,
                &id,
                how,
                self.options.bytes().min(PART_BYTES),
                from,
            );
            self.pen.host.emit(signal::BATCH, &self.pen.out);
        }
    }

    /// Seals what was kept back.
    #[inline(never)]
    pub(super) fn release(&mut self, kept: Vec<Batch>) {
        for batch in kept {
            self.batch = batch;
            self.seal(false);
        }
    }

    /// When to be called again.
    pub(super) fn due(&self) -> f64 {
        if self.batch.len() > 0 && self.sends() {
            self.batch.due.min(self.batch.draft)
        } else {
            f64::INFINITY
        }
    }

    /// Whether the page is about to go: it was hidden a moment ago.
    pub(super) fn leaving(&self, now: f64) -> bool {
        let since = now - self.hidden_at;
        (0.0..LEAVING_MS).contains(&since)
    }
}
