//! What of a session is captured: the session as a whole by its rate, a kind of item by a rate of its own, and what the ring keeps of a
//! session outside of the sample in case that something goes wrong in it.
//!
//! Both rates are held against the hash of the session's id (`farol_protocol::sampling`), so a session that a small rate lets in is let in by
//! each larger one.

use farol_protocol::sampling;

use crate::item::kind;
use crate::options::{Options, flag};

/// The states of a session, as `SESSION` tells them.
pub(crate) mod state {
    /// Nothing of it is captured.
    pub(crate) const OFF: u8 = 0;
    /// Outside of the sample, and nothing has gone wrong: what is captured is kept back.
    pub(crate) const RING: u8 = 1;
    /// In the sample.
    pub(crate) const ON: u8 = 2;
    /// Outside of the sample, and sent all the same: something has gone wrong, or a kind has a rate of its own.
    pub(crate) const SENT: u8 = 3;
}

/// What a session's id decides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    /// In the sample.
    pub(crate) sampled: bool,
    /// Kept in the ring where it is not.
    ring: bool,
    /// Kinds that have a rate of their own, a bit each; those of them that the session is in.
    own: u8,
    kept: u8,
}

impl Share {
    pub(crate) const NONE: Self = Self {
        sampled: false,
        ring: false,
        own: 0,
        kept: 0,
    };

    #[inline(never)]
    pub(crate) fn of(id: &[u8], options: &Options) -> Self {
        // SAFETY: ids are ASCII: hexadecimal digits, or what `session::valid` let through.
        let id = unsafe { core::str::from_utf8_unchecked(id) };
        let mut share = Self {
            sampled: sampling::sampled(id, options.rate()),
            ring: options.has(flag::RING),
            ..Self::NONE
        };
        for (kind, rate) in options.kept().into_iter().enumerate() {
            if rate <= 1.0 {
                share.own |= 1 << kind;
                share.kept |= u8::from(sampling::sampled(id, rate)) << kind;
            }
        }
        share
    }

    /// Whether items of this kind are made.
    pub(crate) fn makes(self, kind: u8) -> bool {
        if self.own >> kind & 1 != 0 {
            self.kept >> kind & 1 != 0
        } else {
            self.sampled || self.ring
        }
    }

    /// Whether its items are kept back until something goes wrong. `woken`: it has.
    pub(crate) fn rings(self, woken: bool) -> bool {
        self.ring && !self.sampled && !woken
    }

    /// The session's state. Exceptions of their own rate alone are no reason to bring more of the SDK before there is one.
    pub(crate) fn state(self, woken: bool) -> u8 {
        if self.sampled {
            state::ON
        } else if !self.ring && self.kept == 0 {
            state::OFF
        } else if woken || !self.ring && self.kept & !(1 << kind::EXCEPTION) != 0 {
            state::SENT
        } else {
            state::RING
        }
    }
}
