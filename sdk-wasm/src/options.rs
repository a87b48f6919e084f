//! The `START` message: what the page chose and what the browser said of itself.
//!
//! Its fields in order (forms as in `abi.rs`):
//!
//! 1. u8 flags (`flag`): 1 Faro's protocol, 2 there is a `beforeSend`, 4 there is an `ignoreErrors`, 8 there is a `denyUrls`,
//!    16 keep the errors of browser extensions, 32 the page is hidden now, 64 there is an outbox, 128 the ring is on
//! 2. u8 consent: 0 pending, 1 granted, 2 denied
//! 3. u32 × 4: a seed from the browser's cryptographic source
//! 4. f64 × 18, `NaN` where the page gave none (the default is taken); one out of bounds (JavaScript writes −∞ where it is
//!    no number at all) is told by `BAD_OPTION` with its place and the default taken. Place, name, bounds, default:
//!    0 sample rate, 0 to 1, 1 · 1 session idle ms, 1 to 24 h, 15 min · 2 session lifetime ms, 1 to 24 h, 4 h ·
//!    3 items a batch, 1 to 1,000, 1,000 · 4 bytes a batch, 1,024 to 60,000, 49,152 · 5 age of a batch ms, 0 to 20,000, 5,000 ·
//!    6 to 10 items a session of each kind (log, exception, measurement, event, span), 0 to 1,000,000, 10,000 (exceptions 1,000) ·
//!    11 age of what the ring keeps ms, 1 s to 1 h, 60 s · 12 bytes of it, 1,024 to 98,304, 65,536 ·
//!    13 to 17 rate of each kind of its own, 0 to 1, none
//! 5. str names of query parameters whose values stay, str those whose values go (`scrub::Rules`)
//! 6. str a fresh session id (16 hex digits); str what the tab's storage holds (empty: nothing)
//! 7. str app name, str namespace, str version, str environment, str release
//! 8. str page id, str url, str view
//! 9. the user, as in `USER`
//! 10. attrs of the session, as in `SESSION`
//! 11. attrs of every item, as in `ATTRIBUTES`
//!
//! An empty text is one that is not known and is left out of the payload.

use crate::item::kind;
use crate::message::Message;
use crate::session::Bounds;

/// Bits of the flags.
pub mod flag {
    /// Speak to a receiver of Faro's: no field of ours, strings alone in attributes.
    pub const FARO: u8 = 1;
    /// There is a `beforeSend`.
    pub const HOOK: u8 = 2;
    /// There is an `ignoreErrors`.
    pub const IGNORE: u8 = 4;
    /// There is a `denyUrls`.
    pub const DENY: u8 = 8;
    /// Keep the errors of browser extensions.
    pub const EXTENSIONS: u8 = 16;
    /// The page is hidden now.
    pub const HIDDEN: u8 = 32;
    /// There is an outbox, which wants drafts of what is not sealed yet.
    pub const OUTBOX: u8 = 64;
    /// What a session outside of the sample did last is kept, and sent where something goes wrong.
    pub const RING: u8 = 128;
}

const DAY_MS: u32 = 86_400_000;

/// The default of a rate that not every client has: more than all is none.
const NO_RATE: u32 = 2;

/// Least, most and default of each number, in the order of their places.
const NUMBERS: [[u32; 3]; 18] = [
    [0, 1, 1],
    // Faro's 15 minutes and 4 hours, which Grafana's dashboards assume.
    [1, DAY_MS, 900_000],
    [1, DAY_MS, 14_400_000],
    // A request costs the page as much as some hundred events; bytes and age fill a batch before this many do.
    [1, 1000, 1000],
    // 48 KiB and the meta fit the 64 KiB of a request that outlives its page, where one item is all of it.
    [1024, 60_000, 49_152],
    // Its draft is its page's for 30 s (`TIMEOUT` in network.ts): by then it is sealed, and a request of it has had its time.
    [0, 20_000, 5_000],
    // A visit of 4 hours can log every 1.4 s; a loop is stopped at some 3 MB.
    [0, 1_000_000, 10_000],
    // Repeats are counted and cost nothing; a thousand different errors tell no more than the first hundreds.
    [0, 1_000_000, 1_000],
    [0, 1_000_000, 10_000],
    [0, 1_000_000, 10_000],
    [0, 1_000_000, 10_000],
    // What leads to an error is its last minute.
    [1_000, 3_600_000, 60_000],
    // One request that outlives its page; a third of what waits for consent is left for what went wrong.
    [1_024, 98_304, 65_536],
    [0, 1, NO_RATE],
    [0, 1, NO_RATE],
    [0, 1, NO_RATE],
    [0, 1, NO_RATE],
    [0, 1, NO_RATE],
];

/// What the page chose, within bounds.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) flags: u8,
    /// The numbers, by place.
    numbers: [f64; NUMBERS.len()],
}

/// Bytes of the numbers in a message.
pub(crate) const NUMBERS_BYTES: usize = NUMBERS.len() * size_of::<f64>();

impl Options {
    pub(crate) const NONE: Self = Self {
        flags: 0,
        numbers: [0.0; NUMBERS.len()],
    };

    /// Reads the numbers; the answer has a bit for each that was out of bounds.
    pub(crate) fn read(&mut self, m: &mut Message<'_>) -> u32 {
        let mut bad = 0;
        for (place, (number, [least, most, default])) in
            self.numbers.iter_mut().zip(NUMBERS).enumerate()
        {
            let given = m.number();
            let fits = given >= f64::from(least) && given <= f64::from(most);
            *number = if fits { given } else { f64::from(default) };
            bad |= u32::from(!fits && !given.is_nan()) << place;
        }
        bad
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn rate(&self) -> f64 {
        self.numbers[0]
    }

    pub(crate) fn session(&self) -> Bounds {
        Bounds {
            idle: self.numbers[1],
            lifetime: self.numbers[2],
        }
    }

    /// Items a batch.
    pub(crate) fn items(&self) -> usize {
        self.numbers[3] as usize
    }

    /// Bytes a batch, and an item.
    pub(crate) fn bytes(&self) -> usize {
        self.numbers[4] as usize
    }

    /// Age of a batch in ms.
    pub(crate) fn age(&self) -> f64 {
        self.numbers[5]
    }

    /// Items a session of a kind.
    pub(crate) fn cap(&self, kind: u8) -> u32 {
        self.numbers
            .get(6 + usize::from(kind))
            .map_or(0, |&cap| cap as u32)
    }

    /// How long the ring keeps an item, in ms.
    pub(crate) fn ring_age(&self) -> f64 {
        self.numbers[11]
    }

    /// Bytes that the ring keeps.
    pub(crate) fn ring_bytes(&self) -> usize {
        self.numbers[12] as usize
    }

    /// The rate of each kind that has one of its own, as payloads tell it; above 1: it has none. Where the ring is on it keeps the exceptions of
    /// all sessions, and beside it no other kind can have more than the session's rate says.
    pub(crate) fn kept(&self) -> [f64; 5] {
        let mut rates = [f64::NAN; 5];
        for ((kind, rate), &given) in rates.iter_mut().enumerate().zip(&self.numbers[13..]) {
            *rate = if !self.has(flag::RING) || given < self.rate() {
                given
            } else if kind == usize::from(kind::EXCEPTION) {
                given.min(1.0)
            } else {
                f64::from(NO_RATE)
            };
        }
        rates
    }
}
