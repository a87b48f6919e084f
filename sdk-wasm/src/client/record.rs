//! The way of an item: into JSON, past `beforeSend`, into the batch, and with it out.

use alloc::vec::Vec;

use crate::abi::{diagnostic, signal};
use crate::batch::{first, section};
use crate::host::Host;
use crate::item::{Pen, kind};
use crate::json::Json;
use crate::message::Attrs;
use crate::options::flag;
use crate::time;

use super::visit::Consent;
use super::{Client, LEAVING_MS};

/// The first batch of a client, and one with an exception, goes after this: a start and an error are news.
const SOON_MS: f64 = 1000.0;

/// Bytes kept while consent is pending: some hundred items, or what a visitor does before answering a banner.
const PENDING_BYTES: usize = 128 * 1024;

/// How an exception begins that we wrote; its timestamp follows.
const HEAD: &[u8] = b"{\"timestamp\":\"";

impl<H: Host> Client<H> {
    /// What writes items, as things stand.
    pub(super) fn pen(&self) -> Pen<'_, H> {
        Pen {
            host: &self.host,
            faro: self.envelope.faro,
            global: Attrs::kept(&self.global),
            offset: self.clock.offset,
        }
    }

    /// Begins an item, unless none of its kind is wanted. Its JSON comes behind a byte that names the kind, as `HOOK` has it.
    pub(super) fn begin(&mut self, kind: u8, now: f64) -> Option<Json> {
        if !self.on() {
            return None;
        }
        let place = usize::from(kind);
        let (count, cap) = (self.counts.get_mut(place)?, *self.options.caps.get(place)?);
        if *count >= cap {
            if *count == cap {
                *count += 1;
                self.diagnose(diagnostic::CAP_REACHED, f64::from(kind));
            }
            return None;
        }
        if self.batch.items == 0 {
            self.clock.set(now, self.host.wall());
        }
        let mut json = Json::new(core::mem::take(&mut self.scratch), self.options.bytes);
        json.byte(kind);
        Some(json)
    }

    /// Ends an item: false if it was dropped. `at` is the instant whose page and view it belongs to; `NaN`: the present one's.
    pub(super) fn finish(&mut self, json: Json, kind: u8, place: usize, at: f64, now: f64) -> bool {
        let kept = self.admit(json, kind, place, at, now).is_some();
        self.seal_full();
        kept
    }

    /// Ends an exception, which stands for `count` of its `key`.
    pub(super) fn finish_exception(&mut self, json: Json, key: u32, count: u32, now: f64) {
        let first = !self.session.failed;
        if first {
            self.mark = first::EXCEPTION;
        }
        let admitted = self.admit(json, kind::EXCEPTION, section::EXCEPTIONS, f64::NAN, now);
        self.mark = 0;
        if let Some(ours) = admitted {
            self.last.0 = key;
            self.batch.counted(key, count, ours);
            self.batch.due = self.batch.due.min(now + SOON_MS);
            if first {
                self.session.failed = true;
                self.store(now);
            }
        }
        self.seal_full();
    }

    /// Counts repeats of the last exception; where its batch is gone, a follow-up stands for them.
    pub(super) fn repeated(&mut self, count: u32, now: f64) {
        let key = self.last.0;
        if count == 0 || self.last.1.is_empty() || self.batch.repeat(key, count) {
            return;
        }
        let Some(mut json) = self.begin(kind::EXCEPTION, now) else {
            return;
        };
        match self.last.1.strip_prefix(HEAD) {
            Some(rest) => {
                json.raw(HEAD);
                time::iso(&mut json, now + self.clock.offset);
                json.raw(rest.get(time::ISO_BYTES..).unwrap_or_default());
            }
            None => json.raw(&self.last.1),
        }
        self.finish_exception(json, key, count, now);
    }

    /// Takes the item into the batch. `None`: it was dropped; false: its JSON is the page's, not ours.
    fn admit(&mut self, json: Json, kind: u8, place: usize, at: f64, now: f64) -> Option<bool> {
        if json.cut {
            self.diagnose(diagnostic::ITEM_CUT, f64::from(kind));
        }
        let mut bytes = json.out;
        let ours = self.ask(&mut bytes)?;
        let item = bytes.get(1..)?;

        let at = self.history.at(at);
        if self.batch.items > 0 {
            let moment = self.history.get(at)?;
            let meta: [&[u8]; 4] = [
                &self.session_part,
                &self.user_part,
                &moment.page,
                &moment.view,
            ];
            // A session has its own payloads: their first-in-session marks speak of one session.
            let splits = self.batch.session() != self.session_part
                || self.envelope.faro && self.batch.differs(&meta);
            if splits || self.batch.bytes + item.len() > self.options.bytes {
                self.seal(false);
            }
        }
        if self.consent == Consent::Pending
            && self.held_bytes + self.batch.bytes + item.len() > PENDING_BYTES
        {
            self.diagnose(diagnostic::PENDING_FULL, f64::from(kind));
            return None;
        }

        let moment = self.history.get(at)?;
        let meta: [&[u8]; 4] = [
            &self.session_part,
            &self.user_part,
            &moment.page,
            &moment.view,
        ];
        if self.batch.items == 0 {
            self.batch.meta = meta.map(<[u8]>::to_vec);
            self.batch.offset = self.clock.offset;
            let soon = self.envelope.sequence == 0 || self.hidden_at <= now;
            self.batch.due = now
                + if soon {
                    self.options.age.min(SOON_MS)
                } else {
                    self.options.age
                };
        }
        self.batch.push(place, item, &meta);
        self.batch.first |= self.mark;
        if kind == kind::EXCEPTION {
            self.last.1 = item.to_vec();
        }
        if let Some(count) = self.counts.get_mut(usize::from(kind)) {
            *count += 1;
        }
        self.scratch = bytes;
        Some(ours)
    }

    /// Shows the item to `beforeSend` where there is one. `None`: drop it; false: what is in `bytes` now is its answer.
    fn ask(&mut self, bytes: &mut Vec<u8>) -> Option<bool> {
        if !self.options.has(flag::HOOK) {
            return Some(true);
        }
        let answer = self.host.emit(signal::HOOK, bytes);
        if answer == -1.0 {
            return None;
        }
        if answer >= 0.0 {
            let answer = self.host.answer(answer as usize);
            if answer.starts_with(b"{")
                && answer.ends_with(b"}")
                && answer.len() <= self.options.bytes
            {
                bytes.truncate(1);
                bytes.extend_from_slice(answer);
                return Some(false);
            }
            self.diagnose(diagnostic::HOOK_INVALID, f64::from(*bytes.first()?));
        }
        Some(true)
    }

    /// Seals the batch if it holds as much as it may.
    fn seal_full(&mut self) {
        if self.batch.items >= self.options.items || self.batch.bytes >= self.options.bytes {
            self.seal(false);
        }
    }

    /// Seals what waits and gives it to JavaScript; keeps it while consent is pending.
    pub(super) fn seal(&mut self, hidden: bool) {
        let items = self.batch.items;
        if items == 0 {
            return;
        }
        let id = self.random.id(20, 5);
        let sealed = self.batch.seal(&mut self.envelope, &id, hidden, &self.host);
        if self.consent == Consent::Granted {
            self.host.emit(signal::BATCH, &sealed);
        } else {
            self.held_bytes += sealed.len();
            self.held_items += items;
            self.held.push(sealed);
        }
    }

    /// Gives JavaScript what was kept while consent was pending, or forgets it.
    pub(super) fn release(&mut self, granted: bool) {
        for sealed in core::mem::take(&mut self.held) {
            if granted {
                self.host.emit(signal::BATCH, &sealed);
            }
        }
        if !granted {
            self.batch = crate::batch::Batch::default();
            self.last.1.clear();
            // What was never sent takes no numbers.
            self.envelope.sequence -= self.held_items;
        }
        self.held_bytes = 0;
        self.held_items = 0;
    }

    /// When to be called again.
    pub(super) fn due(&self) -> f64 {
        if self.batch.items > 0 && self.consent == Consent::Granted {
            self.batch.due
        } else {
            f64::INFINITY
        }
    }

    /// Whether the page is about to go: it was hidden a moment ago.
    pub(super) fn leaving(&self, now: f64) -> bool {
        (0.0..LEAVING_MS).contains(&(now - self.hidden_at))
    }
}
