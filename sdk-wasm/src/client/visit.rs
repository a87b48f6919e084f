//! Whether there are items at all: session, sampling, consent.

use alloc::vec::Vec;

use crate::abi::signal;
use crate::batch::first;
use crate::host::Host;
use crate::message::{Attrs, Value};
use crate::meta;
use crate::session::{Session, Stored};

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
    /// Whether items are made.
    pub(super) fn on(&self) -> bool {
        self.session.sampled && self.consent != Consent::Denied
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
        let (session, how) = Session::open(
            stored,
            fresh,
            self.clock.steady(now),
            wall,
            self.options.session,
            self.options.rate,
        );
        self.writable = how != Stored::Foreign;
        self.session = session;
        self.describe_session();
        self.say_session();
        if consent == Consent::Denied {
            self.forget();
        } else {
            self.store(now);
            self.announce(
                if how == Stored::Resumed {
                    "session_resume"
                } else {
                    "session_start"
                },
                now,
            );
        }
    }

    /// Compares the clocks; where they went apart, what is stamped with the old one is sealed.
    pub(super) fn follow_clock(&mut self, now: f64) {
        if self.clock.jumped(now, self.host.wall()) {
            self.seal(false);
        }
    }

    /// Something is told: a session that is over gives way to one that nobody attends.
    pub(super) fn telemetry(&mut self, now: f64) {
        self.renew(now, false);
    }

    /// The visitor did something.
    pub(super) fn activity(&mut self, now: f64) {
        self.renew(now, true);
        self.session.touch(self.clock.steady(now));
        if now - self.stored_at >= STORE_MS {
            self.store(now);
        }
    }

    /// The page was hidden. That is the visitor's doing, but no reason to begin a session that nothing will follow.
    pub(super) fn leave(&mut self, now: f64) {
        self.hidden_at = now;
        let steady = self.clock.steady(now);
        if !self.session.over(steady, true, self.options.session) {
            self.session.touch(steady);
        }
        self.store(now);
    }

    /// Begins another session if this one is over.
    fn renew(&mut self, now: f64, activity: bool) {
        let steady = self.clock.steady(now);
        if self.consent == Consent::Denied
            || !self.session.over(steady, activity, self.options.session)
        {
            return;
        }
        self.seal(false);
        let previous = core::mem::take(&mut self.session.id);
        self.session = Session::new(self.random.id(16, 4), previous, steady, self.options.rate);
        self.counts = [0; 5];
        self.last.1.clear();
        self.describe_session();
        self.say_session();
        if !activity {
            self.session.unattended();
        }
        self.store(now);
        self.announce("session_extend", now);
    }

    /// The session's own event. Where it is the session's first, the batch says so.
    fn announce(&mut self, name: &str, now: f64) {
        self.announced = true;
        let previous = self.session.previous.clone();
        self.mark = if name == "session_resume" {
            0
        } else {
            first::SESSION
        };
        self.own_event(name, &[("previousSession", Value::Text(&previous))], now);
        self.mark = 0;
    }

    /// Writes the meta's part of the session anew.
    pub(super) fn describe_session(&mut self) {
        let form = self.pen().form();
        let attrs = Attrs::kept(&self.session_attrs);
        self.session_part = meta::session(
            &self.session.id,
            &self.session.previous,
            attrs,
            &self.host,
            form,
        );
    }

    fn say_session(&mut self) {
        let state = if self.on() { 2 } else { 0 };
        let mut bytes = Vec::with_capacity(self.session.id.len() + 5);
        bytes.push(state);
        bytes.extend_from_slice(&(self.session.id.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.session.id);
        self.host.emit(signal::SESSION, &bytes);
    }

    /// Writes the session to the tab's storage, if the visitor agreed and it is ours.
    pub(super) fn store(&mut self, now: f64) {
        if self.writable && self.consent == Consent::Granted {
            let text = self
                .session
                .stored(self.clock.steady(now), now + self.clock.offset);
            self.host.emit(signal::STORE, &text);
            self.stored_at = now;
        }
    }

    /// The visitor decided.
    pub(super) fn consent(&mut self, now: f64, consent: Consent) {
        if consent == self.consent {
            return;
        }
        let before = core::mem::replace(&mut self.consent, consent);
        match consent {
            Consent::Denied => {
                self.forget();
                self.say_session();
            }
            Consent::Granted => self.release(true),
            Consent::Pending => {}
        }
        if before == Consent::Denied {
            self.say_session();
        }
        if consent != Consent::Denied {
            self.renew(now, false);
            self.store(now);
            if !self.announced {
                self.announce("session_start", now);
            }
        }
    }

    /// Drops all that was kept of the visitor.
    fn forget(&mut self) {
        self.release(false);
        self.trail.clear();
        self.announced = false;
        self.session.failed = false;
        if self.writable {
            self.host.emit(signal::STORE, b"");
        }
    }
}
