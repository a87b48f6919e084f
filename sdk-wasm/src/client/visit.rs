//! Whether there are items at all: session, sampling, consent.

use crate::abi::signal;
use crate::batch::{Batch, first};
use crate::host::Host;
use crate::item::kind;
use crate::message::Message;
use crate::options::NUMBERS_BYTES;
use crate::sampling::{Share, state};
use crate::session::{FAILED, Session, Stored, WOKEN};
use crate::text::{after, keep};

use super::Client;

/// How often the session is written to the tab's storage while its visitor is active: a crash loses no more of its idle clock.
const STORE_MS: f64 = 5000.0;

/// Whether the visitor agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// Not asked yet: kept, not sent.
    Pending,
    /// Sent.
    Granted,
    /// Dropped.
    Denied,
}

impl From<u8> for Consent {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Pending,
            1 => Self::Granted,
            // A number that we do not know is no agreement.
            _ => Self::Denied,
        }
    }
}

impl<H: Host> Client<H> {
    /// The session's state (`sampling::state`).
    #[inline(never)]
    fn state(&self) -> u8 {
        if self.consent == Consent::Denied {
            state::OFF
        } else {
            self.session.share.state(self.session.woken)
        }
    }

    /// Whether anything is captured.
    pub(super) fn on(&self) -> bool {
        self.state() != state::OFF
    }

    /// Whether nothing has gone wrong in a session outside of the sample.
    pub(super) fn rings(&self) -> bool {
        self.session.share.rings(self.session.woken)
    }

    /// Whether items of this kind are made.
    pub(super) fn makes(&self, kind: u8) -> bool {
        self.on() && self.session.share.makes(kind)
    }

    /// The session of a page that starts.
    pub(super) fn open(
        &mut self,
        now: f64,
        wall: f64,
        stored: &[u8],
        fresh: &[u8],
        consent: Consent,
    ) {
        self.consent = consent;
        self.began = now;
        let steady = self.clock.steady(now);
        let how = self
            .session
            .open(stored, fresh, steady, wall, &self.options, true);
        self.writable = how != Stored::Foreign;
        self.tell(now);
        if consent == Consent::Denied {
            self.forget();
        } else {
            self.announce(how.told("session_start"), how != Stored::Resumed, now);
        }
    }

    /// Compares the clocks; where they went apart, what is stamped with the old one is sealed.
    pub(super) fn follow_clock(&mut self, now: f64) {
        let wall = self.pen.host.wall();
        if self.clock.jumped(now, wall) {
            self.seal(false);
        }
    }

    /// Something is told: a session that is over gives way to one that nobody attends.
    pub(super) fn telemetry(&mut self, now: f64) {
        self.renew(now, false);
    }

    /// The visitor did something.
    #[inline(never)]
    pub(super) fn activity(&mut self, now: f64) {
        self.renew(now, true);
        self.session.active = self.clock.steady(now);
        if now - self.stored_at >= STORE_MS {
            self.store(now);
        }
    }

    /// The page was hidden. That is the visitor's doing, but no reason to begin a session that nothing will follow.
    pub(super) fn leave(&mut self, now: f64) {
        self.hidden_at = now;
        let steady = self.clock.steady(now);
        if !self.session.over(steady, true, self.options.session()) {
            self.session.active = steady;
        }
        self.store(now);
    }

    /// Begins another session if this one is over.
    #[inline(never)]
    fn renew(&mut self, now: f64, activity: bool) {
        let steady = self.clock.steady(now);
        if self.consent == Consent::Denied
            || !self.session.over(steady, activity, self.options.session())
        {
            return;
        }
        self.succeed(now, activity, None);
    }

    /// The page ends the session: what follows belongs to another.
    pub(super) fn end(&mut self, now: f64) {
        if self.consent != Consent::Denied {
            self.announce("session_end", false, now);
            self.succeed(now, true, None);
        }
    }

    /// The storage holds this: its session is ours, or ours gives way to it (`rank` in JavaScript), unless it is over. Nothing: ours is another tab's, and gives
    /// way to a new one.
    pub(super) fn meet(&mut self, now: f64, text: &[u8]) {
        let steady = self.clock.steady(now);
        let wall = self.pen.host.wall();
        let mut there = Session::new();
        if after(text, 32) == self.session.id {
            // Whoever was active there is the same visitor; of `NaN` and a time it is the time.
            let there = Session::attended(text, steady, wall);
            self.session.active = self.session.active.max(there);
            let flags = text.get(30).copied().unwrap_or_default();
            self.session.failed |= flags & FAILED != 0;
            if flags & WOKEN != 0 {
                self.wake(now);
            }
        } else if !text.is_empty()
            && there.open(text, b"", steady, wall, &self.options, self.waits()) != Stored::Resumed
        {
            self.writable &= text.starts_with(b"1 ");
        } else {
            // Only the copy of a tab is a page that somebody has just come to.
            self.succeed(now, text.is_empty(), Some(text));
        }
    }

    /// Whether all that the page has told waits for its visitor's yes.
    fn waits(&self) -> bool {
        self.consent == Consent::Pending && self.envelope.sequence == 0
    }

    /// Goes over to the session that follows on this one: what is stored, else one that begins.
    #[inline(never)]
    fn succeed(&mut self, now: f64, activity: bool, stored: Option<&[u8]>) {
        let mut along = Batch::new();
        // The page could not know of it before: all that it has told is the other session's, and the visitor has come to it.
        let pending = stored.is_some() && self.waits();
        let young = stored.is_some()
            && self.envelope.sequence == 0
            && (pending || now - self.began < self.options.age());
        if young {
            // The page has just begun: what is told of it is the other session's.
            core::mem::swap(&mut along, &mut self.batch);
        }
        // That the page was loaded is told once, in the session in which it was.
        let mut loaded = !young || self.announced;
        let wakes = pending && (self.session.failed || self.session.woken);
        if pending {
            self.held.append(&mut self.ring);
        } else {
            self.seal(false);
            // Nothing went wrong in it.
            self.ring.clear();
            self.last.1.clear();
            // What led to an error is of its own session: another's may be another visitor's.
            self.trail.list.clear();
        }
        let arrives = pending && stored.is_some_and(|text| !text.is_empty());
        let before = self.session.id.clone();
        let id = self.random.id(16, 4);
        let steady = self.clock.steady(now);
        let wall = self.pen.host.wall();
        let how = self.session.open(
            stored.unwrap_or_default(),
            &id,
            steady,
            wall,
            &self.options,
            arrives,
        );
        if !arrives {
            keep(&mut self.session.previous, &before);
        }
        if !activity && !arrives && how != Stored::Resumed {
            self.session.active = f64::NAN;
        }
        self.counts = [0; 5];
        // Who began it has said so.
        self.announced = how == Stored::Resumed;
        self.describe();
        if pending {
            for batch in &mut self.held {
                loaded &= !batch.rename(&before, &mut self.session);
            }
        }
        if self.on() {
            loaded &= !along.rename(&before, &mut self.session);
            keep(&mut along.who, &self.who);
            self.batch = along;
        }
        self.tell(now);
        if how != Stored::Resumed || !loaded {
            let began = if loaded {
                "session_extend"
            } else {
                "session_start"
            };
            self.announce(how.told(began), how != Stored::Resumed, now);
        }
        if wakes {
            self.wake(now);
        }
    }

    /// Rates that are learnt of before anything may leave the page.
    pub(super) fn rates(&mut self, now: f64, m: &mut Message<'_>) {
        // One that ends early would give what is missing its default.
        if self.consent == Consent::Granted || m.rest().len() < NUMBERS_BYTES {
            return;
        }
        self.options.read(m);
        self.rate();
        self.session.share = Share::of(&self.session.id, &self.options);
        self.held.append(&mut self.ring);
        self.batch.settle(self.session.share);
        for batch in &mut self.held {
            batch.settle(self.session.share);
        }
        self.tell(now);
        if self.session.failed {
            self.wake(now);
        }
    }

    /// What payloads say of them.
    pub(super) fn rate(&mut self) {
        self.envelope.rate = self.options.rate();
        self.envelope.kept = self.options.kept();
    }

    /// The session's own event, for which there is room beside the page's. Where it is the session's first, the batch says so.
    fn announce(&mut self, name: &str, begins: bool, now: f64) {
        let told = core::mem::take(&mut self.counts[kind::EVENT as usize]);
        if let Some(start) = self.begin_event(name, now) {
            self.announced = true;
            self.mark = first::SESSION * u8::from(begins);
            self.pen.field(b"previousSession", &self.session.previous);
            self.finish_event(start, now);
        }
        self.counts[kind::EVENT as usize] = told;
    }

    /// Writes session and user of the meta anew. What waits has the old ones, and is sealed with them.
    pub(super) fn describe(&mut self) {
        let who = self.pen.who(
            &self.session.id,
            &self.session.previous,
            &self.session_attrs,
            &self.user,
        );
        if who != self.who {
            self.seal(false);
            self.who = who;
        }
    }

    /// Tells JavaScript of the session, and stores it.
    #[inline(never)]
    pub(super) fn tell(&mut self, now: f64) {
        self.describe();
        let id = &self.session.id;
        let message = [&[self.state()][..], &(id.len() as u32).to_le_bytes(), id].concat();
        self.pen.host.emit(signal::SESSION, &message);
        self.store(now);
    }

    /// Writes the session to the tab's storage, if the visitor agreed and it is ours.
    pub(super) fn store(&mut self, now: f64) {
        if self.writable && self.consent == Consent::Granted {
            let offset = now + self.clock.offset - self.clock.steady(now);
            let text = self.session.stored(&mut self.pen, offset);
            self.pen.host.emit(signal::STORE, &text);
            self.stored_at = now;
        }
    }

    /// The visitor decided.
    pub(super) fn consent(&mut self, now: f64, consent: Consent) {
        if consent == self.consent {
            return;
        }
        if consent == Consent::Granted {
            // Behind what is held already, which is older.
            self.seal(false);
        }
        if self.consent == Consent::Denied {
            self.agreed = now;
        }
        self.consent = consent;
        if consent == Consent::Denied {
            self.forget();
            self.tell(now);
            return;
        }
        if consent == Consent::Granted {
            let held = core::mem::take(&mut self.held);
            self.release(held);
        }
        self.tell(now);
        self.renew(now, false);
        if !self.announced {
            self.announce("session_start", true, now);
        }
    }

    /// Drops all that was kept of the visitor.
    fn forget(&mut self) {
        self.held.clear();
        self.ring.clear();
        self.batch.clear();
        self.trail.list.clear();
        self.last.1.clear();
        // What was sealed has said it.
        self.announced &= self.envelope.sequence > 0;
        self.session.failed = false;
        if self.writable {
            self.pen.host.emit(signal::STORE, b"");
        }
    }
}
