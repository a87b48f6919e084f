//! The way of an item: into JSON, past `beforeSend`, into the batch, and with it out.

use alloc::vec::Vec;

use crate::abi::{diagnostic, signal};
use crate::batch::{Parts, first, place};
use crate::host::Host;
use crate::item::kind;
use crate::options::flag;
use crate::text::{cut, starts};
use crate::time::ISO_BYTES;

use super::Client;
use super::visit::Consent;

/// The first batch of a client, and one with an exception, goes after this: a start and an error are news.
const SOON_MS: f64 = 1000.0;

/// How long after the page was hidden each message is sealed at once: nothing may run after it. Later, timers serve again.
const LEAVING_MS: f64 = 1000.0;

/// Bytes kept while consent is pending: some hundred items, or what a visitor does before answering a banner.
const PENDING_BYTES: usize = 128 * 1024;

/// How an exception begins that we wrote; its timestamp follows.
const HEAD: &[u8] = b"\x01{\"timestamp\":\"";

impl<H: Host> Client<H> {
    /// Begins an item, unless none of its kind is wanted. Its JSON comes behind a byte that names the kind, as `HOOK` has it.
    #[inline(never)]
    pub(super) fn begin(&mut self, kind: u8, now: f64) -> bool {
        let cap = self.options.cap(kind);
        let Some(count) = self
            .counts
            .get_mut(usize::from(kind))
            .filter(|_| self.session.sampled && self.consent != Consent::Denied)
        else {
            return false;
        };
        if *count >= cap {
            if *count == cap {
                *count += 1;
                self.diagnose(diagnostic::CAP_REACHED, f64::from(kind));
            }
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

    /// Ends an item; `bad`: it could not be read, and is dropped. `at` is the instant whose page and view it belongs to; `NaN`:
    /// the present one's.
    #[inline(never)]
    pub(super) fn finish(&mut self, place: u8, bad: bool, at: f64, now: f64) {
        if !bad {
            self.admit(place, 0, 1, at, now);
            self.seal_full();
        }
    }

    /// Ends an exception, which stands for `count` of its `key`.
    pub(super) fn finish_exception(&mut self, key: u32, count: u32, bad: bool, now: f64) {
        if bad {
            return;
        }
        if !self.session.failed {
            self.mark = first::EXCEPTION;
        }
        if self.admit(place::EXCEPTIONS, key, count, f64::NAN, now) {
            self.batch.due = self.batch.due.min(now + SOON_MS);
            if !self.session.failed {
                self.session.failed = true;
                self.store(now);
            }
        }
        self.mark = 0;
        self.seal_full();
    }

    /// Counts repeats of the last exception; where its batch is gone, a follow-up stands for them.
    pub(super) fn repeated(&mut self, count: u32, now: f64) {
        let (key, last) = core::mem::take(&mut self.last);
        if count > 0
            && !last.is_empty()
            && !self.batch.repeat(key, count)
            && self.begin(kind::EXCEPTION, now)
        {
            let ours = starts(&last, HEAD);
            if ours {
                self.pen.out.clear();
                self.pen.raw(HEAD);
                self.pen.iso(now + self.clock.offset);
            }
            self.pen
                .raw(cut(&last, 0, if ours { HEAD.len() + ISO_BYTES } else { 1 }).1);
            self.finish_exception(key, count, false, now);
        } else {
            self.last = (key, last);
        }
    }

    /// Takes the item into the batch; false: it was dropped.
    fn admit(&mut self, place: u8, key: u32, count: u32, at: f64, now: f64) -> bool {
        let json = self.pen.take();
        let kind = place.min(kind::SPAN);
        if self.pen.cut {
            self.diagnose(diagnostic::ITEM_CUT, f64::from(kind));
        }
        let len = json.len();
        let Some((json, ours)) = self.ask(kind, json) else {
            return false;
        };
        // A session has its own payloads: their first-in-session marks speak of one session.
        let splits = self
            .parts(at)
            .is_none_or(|parts| self.batch.splits(&parts, self.pen.faro));
        if splits || self.batch.bytes + len > self.options.bytes() {
            self.seal(false);
        }
        if self.consent == Consent::Pending
            && self.held_bytes + self.batch.bytes + len > PENDING_BYTES
        {
            self.diagnose(diagnostic::PENDING_FULL, f64::from(kind));
            return false;
        }
        if place == place::EXCEPTIONS {
            self.last = (key, json.clone());
        }
        let Some(moment) = self.history.at(at) else {
            return false;
        };
        let parts: Parts<'_> = [
            &self.session_part,
            &self.user_part,
            &moment.page,
            &moment.view,
        ];
        if self.batch.len() == 0 {
            self.batch.meta = parts.map(<[u8]>::to_vec);
            self.batch.offset = self.clock.offset;
            let soon = self.envelope.sequence == 0 || self.hidden_at <= now;
            self.batch.due = now
                + if soon {
                    self.options.age().min(SOON_MS)
                } else {
                    self.options.age()
                };
        }
        self.batch
            .push(&mut self.pen, place, key, count, ours, json, &parts);
        self.batch.first |= self.mark;
        if let Some(count) = self.counts.get_mut(usize::from(kind)) {
            *count += 1;
        }
        true
    }

    /// The parts of the meta that an item of this instant has.
    fn parts(&self, at: f64) -> Option<Parts<'_>> {
        let moment = self.history.at(at)?;
        Some([
            &self.session_part,
            &self.user_part,
            &moment.page,
            &moment.view,
        ])
    }

    /// Shows the item to `beforeSend` where there is one. `None`: drop it; false: it is the page's now, not ours.
    fn ask(&mut self, kind: u8, json: Vec<u8>) -> Option<(Vec<u8>, bool)> {
        if !self.options.has(flag::HOOK) {
            return Some((json, true));
        }
        let answer = self.pen.host.emit(signal::HOOK, &json);
        if answer == -1.0 {
            return None;
        }
        if answer >= 0.0 {
            let answer = self.pen.host.answer(answer as usize);
            if starts(answer, b"{")
                && answer.ends_with(b"}")
                && answer.len() <= self.options.bytes()
            {
                return Some(([&[kind], answer].concat(), false));
            }
            self.diagnose(diagnostic::HOOK_INVALID, f64::from(kind));
        }
        Some((json, true))
    }

    /// Seals the batch if it holds as much as it may.
    fn seal_full(&mut self) {
        if self.batch.len() >= self.options.items() || self.batch.bytes >= self.options.bytes() {
            self.seal(false);
        }
    }

    /// Seals what waits and gives it to JavaScript; keeps it while consent is pending.
    #[inline(never)]
    pub(super) fn seal(&mut self, hidden: bool) {
        if self.batch.len() == 0 {
            return;
        }
        let id = self.random.id(20, 5);
        let sealed = self
            .batch
            .seal(&mut self.pen, &mut self.envelope, &id, hidden);
        if self.consent == Consent::Granted {
            self.sent = self.envelope.sequence;
            self.pen.host.emit(signal::BATCH, &sealed);
        } else {
            self.held_bytes += sealed.len();
            self.held.push(sealed);
        }
    }

    /// Gives JavaScript what was kept while consent was pending, or forgets it.
    pub(super) fn release(&mut self, granted: bool) {
        for sealed in core::mem::take(&mut self.held) {
            if granted {
                self.pen.host.emit(signal::BATCH, &sealed);
            }
        }
        self.held_bytes = 0;
        if granted {
            self.sent = self.envelope.sequence;
        }
        // What was never sent takes no numbers.
        self.envelope.sequence = self.sent;
    }

    /// When to be called again.
    pub(super) fn due(&self) -> f64 {
        if self.batch.len() > 0 && self.consent == Consent::Granted {
            self.batch.due
        } else {
            f64::INFINITY
        }
    }

    /// Whether the page is about to go: it was hidden a moment ago.
    pub(super) fn leaving(&self, now: f64) -> bool {
        let since = now - self.hidden_at;
        since >= 0.0 && since < LEAVING_MS
    }
}
