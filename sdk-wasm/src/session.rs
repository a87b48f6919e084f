//! The session: which visit an item belongs to.
//!
//! A session ends after `idle` without trusted input, navigation or change of visibility, and after `lifetime` in any case;
//! telemetry does not prolong it. What a page tells after its visitor has gone still needs a session: it opens one that
//! nobody attends, which idleness does not end (else a forgotten tab that polls would open one every quarter of an hour), but
//! the next activity does.
//!
//! What the tab's storage holds is `1 <started> <active> <flags> <id>`, with epoch ms in 13 digits: `active` 0 where nobody
//! attends, flags 1 where the session has had an exception, 2 where its ring was sent. A text that begins otherwise is another version's and left alone.

use alloc::vec::Vec;

use farol_protocol::limits;

use crate::host::Host;
use crate::options::Options;
use crate::pen::Pen;
use crate::sampling::Share;
use crate::text::{after, before, keep};

/// A session. Times are on the steady clock (`clock.rs`).
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Vec<u8>,
    /// The one before it in this tab; empty: none known.
    pub(crate) previous: Vec<u8>,
    started: f64,
    /// The last activity; `NaN`: nobody attends.
    pub(crate) active: f64,
    /// An exception has been sent in it.
    pub(crate) failed: bool,
    /// Something went wrong in it, though it is outside of the sample: what the ring kept was sent, and what follows is.
    pub(crate) woken: bool,
    /// What of it is captured.
    pub(crate) share: Share,
}

/// Flags of what the storage holds.
pub(crate) const FAILED: u8 = 1;
pub(crate) const WOKEN: u8 = 2;

/// When sessions end, in ms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) idle: f64,
    pub(crate) lifetime: f64,
}

/// What the storage held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// A session that goes on.
    Resumed,
    /// Nothing, or a session that is over.
    New,
    /// What another version wrote.
    Foreign,
}

impl Stored {
    /// The event that says so; `fresh` where a session begins.
    pub(crate) fn told(self, fresh: &'static str) -> &'static str {
        if self == Self::Resumed {
            "session_resume"
        } else {
            fresh
        }
    }
}

impl Session {
    pub(crate) const fn new() -> Self {
        Self {
            id: Vec::new(),
            previous: Vec::new(),
            started: 0.0,
            active: 0.0,
            failed: false,
            woken: false,
            share: Share::NONE,
        }
    }

    /// Begins another one, behind the present one.
    #[inline(never)]
    pub(crate) fn begin(&mut self, id: Vec<u8>, steady: f64, options: &Options) {
        self.previous = core::mem::replace(&mut self.id, id);
        self.started = steady;
        self.active = steady;
        self.failed = false;
        self.woken = false;
        self.share = Share::of(&self.id, options);
    }

    /// When somebody was active in the stored session, on the steady clock; `NaN`: nobody attends, or it does not say. `epoch` is the wall clock's now.
    #[inline(never)]
    pub(crate) fn attended(stored: &[u8], steady: f64, epoch: f64) -> f64 {
        let active = decimal(after(stored, 16));
        if active > 0.0 {
            // A time to come was written before the clock was set back: it is as good as now.
            steady - (epoch - active).max(0.0)
        } else {
            f64::NAN
        }
    }

    /// Goes on with the stored session, or begins one with the id `fresh`. `arrives`: its visitor has come to a page, and did not
    /// just leave it open in another tab.
    #[inline(never)]
    pub(crate) fn open(
        &mut self,
        stored: &[u8],
        fresh: &[u8],
        steady: f64,
        epoch: f64,
        options: &Options,
        arrives: bool,
    ) -> Stored {
        let mut how = if stored.is_empty() || stored.starts_with(b"1 ") {
            Stored::New
        } else {
            Stored::Foreign
        };
        let started = decimal(after(stored, 2));
        let active = decimal(after(stored, 16));
        let id = after(stored, 32);
        if how == Stored::New && valid(id) && started > 0.0 && active >= 0.0 {
            keep(&mut self.id, id);
            self.started = steady - (epoch - started).max(0.0);
            self.active = Self::attended(stored, steady, epoch);
            let flags = stored.get(30).map_or(0, |digit| digit & 3);
            self.failed = flags & FAILED != 0;
            self.woken = flags & WOKEN != 0;
            if !self.over(steady, arrives, options.session()) {
                how = Stored::Resumed;
                if arrives {
                    self.active = steady;
                }
                self.share = Share::of(&self.id, options);
            }
        }
        if how != Stored::Resumed {
            self.begin(
                if valid(fresh) { fresh } else { b"0" }.to_vec(),
                steady,
                options,
            );
        }
        how
    }

    /// Whether it is over for something that happens now: an activity of the visitor's, or telemetry.
    pub(crate) fn over(&self, steady: f64, activity: bool, bounds: Bounds) -> bool {
        let since = if self.active.is_nan() && activity {
            self.started
        } else {
            self.active
        };
        // Nothing is over by idleness where nobody attends: any comparison with `NaN` is false.
        steady - since >= bounds.idle || steady - self.started >= bounds.lifetime
    }

    /// The text for the tab's storage; `offset` turns a time on the steady clock into an epoch.
    pub(crate) fn stored<H: Host>(&self, pen: &mut Pen<H>, offset: f64) -> Vec<u8> {
        pen.start(usize::MAX);
        pen.raw(b"1 ");
        pen.millis(self.started + offset);
        pen.byte(b' ');
        // `NaN` is written as 0.
        pen.millis(self.active + offset);
        let flags = u8::from(self.failed) * FAILED + u8::from(self.woken) * WOKEN;
        pen.raw(&[b' ', b'0' + flags, b' ']);
        pen.raw(&self.id);
        pen.take()
    }
}

/// Faro's rule for session ids.
fn valid(id: &[u8]) -> bool {
    let good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@' | b':' | b'-');
    !id.is_empty() && id.len() <= limits::SESSION_ID && id.iter().all(good)
}

/// The number in the first 13 digits; `NaN`: there is none.
fn decimal(text: &[u8]) -> f64 {
    let mut number = 0.0;
    for digit in before(text, 13) {
        number = if digit.is_ascii_digit() {
            number * 10.0 + f64::from(digit - b'0')
        } else {
            f64::NAN
        };
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Message;

    const BOUNDS: Bounds = Bounds {
        idle: 900_000.0,
        lifetime: 14_400_000.0,
    };

    /// Every default.
    fn options() -> Options {
        let mut options = Options::NONE;
        options.read(&mut Message::new(&f64::NAN.to_le_bytes().repeat(18)));
        options
    }
    const EPOCH: f64 = 1_700_000_000_000.0;

    fn stored(session: &Session, offset: f64) -> Vec<u8> {
        session.stored(&mut Pen::new(crate::fake::Fake::default()), offset)
    }

    fn open(stored: &[u8], steady: f64, epoch: f64) -> (Session, Stored) {
        opened(stored, b"fresh", steady, epoch)
    }

    fn opened(stored: &[u8], fresh: &[u8], steady: f64, epoch: f64) -> (Session, Stored) {
        let mut session = Session::new();
        let how = session.open(stored, fresh, steady, epoch, &options(), true);
        (session, how)
    }

    #[test]
    fn a_stored_session_goes_on_within_its_idle_time() {
        let (session, how) = open(b"", 5.0, EPOCH);
        assert_eq!((how, &*session.id), (Stored::New, &b"fresh"[..]));
        let text = stored(&session, EPOCH - 5.0);
        assert_eq!(text, b"1 1700000000000 1700000000000 0 fresh");

        let (next, how) = opened(&text, b"other", 0.0, EPOCH + 899_999.0);
        assert_eq!((how, &*next.id), (Stored::Resumed, &b"fresh"[..]));
        let (next, how) = opened(&text, b"other", 0.0, EPOCH + 900_000.0);
        assert_eq!(
            (how, &*next.id, &*next.previous),
            (Stored::New, &b"other"[..], &b"fresh"[..])
        );
    }

    #[test]
    fn activity_prolongs_it_to_its_lifetime_and_no_further() {
        let (mut session, _) = open(b"", 0.0, EPOCH);
        let mut now = 0.0;
        while now < BOUNDS.lifetime {
            assert!(!session.over(now, true, BOUNDS), "{now}");
            session.active = now;
            now += 600_000.0;
        }
        assert!(session.over(now, true, BOUNDS));
    }

    #[test]
    fn telemetry_does_not_end_a_session_that_nobody_attends_but_activity_does() {
        let (mut session, _) = open(b"", 0.0, EPOCH);
        assert!(session.over(900_000.0, false, BOUNDS));
        session.active = f64::NAN;
        assert!(!session.over(3_600_000.0, false, BOUNDS));
        assert!(session.over(3_600_000.0, true, BOUNDS));
        assert!(!session.over(600_000.0, true, BOUNDS));
        assert!(session.over(BOUNDS.lifetime, false, BOUNDS));
        let text = stored(&session, EPOCH - 600_000.0);
        assert!(
            text.ends_with(b" 0000000000000 0 fresh"),
            "{:?}",
            core::str::from_utf8(&text)
        );
        assert_eq!(open(&text, 0.0, EPOCH + 10.0).1, Stored::Resumed);
    }

    #[test]
    fn a_clock_set_back_between_pages_ends_nothing() {
        let (session, _) = open(b"", 0.0, EPOCH);
        let text = stored(&session, EPOCH);
        let (next, how) = open(&text, 0.0, EPOCH - 86_400_000.0);
        assert_eq!(how, Stored::Resumed);
        assert!(next.over(BOUNDS.lifetime, true, BOUNDS));
    }

    #[test]
    fn what_another_version_stored_is_left_alone_and_what_is_broken_is_replaced() {
        assert_eq!(open(b"2 abc 1 2", 0.0, EPOCH).1, Stored::Foreign);
        assert_eq!(open(b"{\"id\":1}", 0.0, EPOCH).1, Stored::Foreign);
        for broken in [
            "1 ",
            "1 a",
            "1 a b c",
            "1  5 5 0",
            "1 <x> 1700000000000 1700000000000 0",
        ] {
            assert_eq!(
                open(broken.as_bytes(), 0.0, EPOCH).1,
                Stored::New,
                "{broken}"
            );
        }
    }

    #[test]
    fn an_exception_is_remembered_over_pages() {
        let (mut session, _) = open(b"", 0.0, EPOCH);
        session.failed = true;
        assert!(open(&stored(&session, EPOCH), 0.0, EPOCH).0.failed);
    }

    proptest! {
        #[test]
        fn any_stored_bytes_give_a_valid_session(stored in proptest::collection::vec(any::<u8>(), 0..200), fresh in proptest::collection::vec(any::<u8>(), 0..20)) {
            let (session, _) = opened(&stored, &fresh, 0.0, EPOCH);
            prop_assert!(valid(&session.id));
        }
    }
}
