//! The times that leave: the client's, corrected by what is known of its clock, within what can be true.

use crate::record::Header;
use farol_protocol::time::Time;

/// How far back an item's time is believed. The SDK keeps what it could not send for at most 47 hours; a week leaves room
/// for other senders and is what log stores take by default.
const MAX_AGE_NS: u64 = 7 * 24 * 3_600 * 1_000_000_000;

/// How far ahead of its reception an item's time may lie. Clients that say when they sent have their clock corrected;
/// another's is left alone within what log stores take (ten minutes), because one time for a whole batch would lose the
/// order within it.
const MAX_AHEAD_NS: u64 = 10 * 60 * 1_000_000_000;

/// A time and, if it is not the client's, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) nanos: u64,
    pub(super) replaced: Option<&'static str>,
}

/// The time that stands on a record or at a span's end.
pub(super) fn stamp(header: &Header, time: &Time) -> Stamp {
    let replace = |why| Stamp {
        nanos: header.received_ns,
        replaced: Some(why),
    };
    let client = match time {
        Time::Missing => return replace("missing"),
        Time::Unreadable(_) => return replace("unreadable"),
        Time::At(nanos) => *nanos,
    };
    let nanos = shift(client, i128::from(header.clock_offset_ms) * 1_000_000);
    let nearest = bound(header, nanos);
    nearest.replaced.map_or(nearest, replace)
}

/// A time no further off than one may lie, and why it is another, if it is: for what is beside one that was judged already (where a span starts, what happened within it).
pub(super) fn bound(header: &Header, nanos: u64) -> Stamp {
    let first = header.received_ns.saturating_sub(MAX_AGE_NS);
    let last = header.received_ns.saturating_add(MAX_AHEAD_NS);
    Stamp {
        nanos: nanos.clamp(first, last),
        replaced: match nanos {
            early if early < first => Some("past"),
            late if late > last => Some("future"),
            _ => None,
        },
    }
}

/// Moves a time and stays within the range.
pub(super) fn shift(nanos: u64, by: i128) -> u64 {
    let moved = (i128::from(nanos) + by).max(0);
    u64::try_from(moved).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MAX_AGE_NS, MAX_AHEAD_NS, stamp};
    use crate::record::Header;
    use farol_protocol::time::Time;

    const NOW: u64 = 1_795_145_670_000_000_000;

    fn at(offset_ms: i64, time: &Time) -> (u64, Option<&'static str>) {
        let header = Header {
            received_ns: NOW,
            clock_offset_ms: offset_ms,
            ..Header::default()
        };
        let stamp = stamp(&header, time);
        (stamp.nanos, stamp.replaced)
    }

    #[test]
    fn the_offset_of_the_clocks_is_added() {
        let second = 1_000_000_000;
        assert_eq!(at(0, &Time::At(NOW - second)), (NOW - second, None));
        assert_eq!(
            at(-3_000, &Time::At(NOW + second)),
            (NOW - 2 * second, None)
        );
        assert_eq!(
            at(3_000, &Time::At(NOW - 5 * second)),
            (NOW - 2 * second, None)
        );
    }

    #[test]
    fn a_time_that_cannot_be_true_gives_way_to_the_time_of_reception() {
        assert_eq!(
            at(0, &Time::At(NOW + MAX_AHEAD_NS)),
            (NOW + MAX_AHEAD_NS, None)
        );
        assert_eq!(
            at(0, &Time::At(NOW + MAX_AHEAD_NS + 1)),
            (NOW, Some("future"))
        );
        assert_eq!(at(i64::MAX, &Time::At(NOW)), (NOW, Some("future")));
        assert_eq!(at(i64::MIN, &Time::At(NOW)), (NOW, Some("past")));
        assert_eq!(at(0, &Time::At(NOW - MAX_AGE_NS - 1)), (NOW, Some("past")));
        assert_eq!(at(0, &Time::At(NOW - MAX_AGE_NS)).1, None);
        assert_eq!(at(0, &Time::Missing), (NOW, Some("missing")));
        assert_eq!(
            at(0, &Time::Unreadable("x".into())),
            (NOW, Some("unreadable"))
        );
    }
}
