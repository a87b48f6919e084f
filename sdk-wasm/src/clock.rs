//! Two clocks and which to believe: the wall clock can be set, `performance.now()` can stand still while the machine sleeps.
//!
//! Set back, the wall clock shows less than `performance.now()` says has passed; after sleep, or when it was set forward, it
//! shows more. The last two look the same from here, so both count as time that passed: the worst is a session that ends
//! early. For the same reason a request's `sent` is the later of offset + `performance.now()` and `Date.now()`: in the
//! first case the batch's items were stamped with the clock before it was set back, in the second the time asleep counts.

/// A difference that is no drift and no rounding: clocks are disciplined by some ms at a time.
const JUMP_MS: f64 = 1000.0;

/// What two comparisons of clocks that agree may differ by: the wall clock shows whole milliseconds, and a busy machine may stop between the two.
/// Less is not followed, so that items of two batches, a request and the click that led to it, stand in their order.
const SLACK_MS: f64 = 5.0;

/// What is known of the two clocks.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
    /// Time that passed without `performance.now()` noticing.
    slept: f64,
}

impl Clock {
    pub(crate) const fn new() -> Self {
        Self {
            offset: 0.0,
            slept: 0.0,
        }
    }

    /// Compares the clocks; true if they went apart by more than drift. Then the offset is already the new one.
    pub(crate) fn jumped(&mut self, now: f64, wall: f64) -> bool {
        let ahead = wall - now - self.offset;
        let jumped = ahead.abs() > JUMP_MS;
        if jumped {
            self.slept += ahead.max(0.0);
            self.offset += ahead;
        }
        jumped
    }

    /// Takes the offset anew, without counting the difference as time.
    pub(crate) fn set(&mut self, now: f64, wall: f64) {
        let offset = wall - now;
        if (offset - self.offset).abs() > SLACK_MS {
            self.offset = offset;
        }
    }

    /// A clock that only goes forward, sleep included: for durations.
    pub(crate) fn steady(&self, now: f64) -> f64 {
        now + self.slept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        let mut clock = Clock::new();
        clock.set(0.0, 1_000_000.0);
        clock
    }

    #[test]
    fn sleep_counts_as_time() {
        let mut clock = clock();
        assert!(clock.jumped(10.0, 1_000_010.0 + 60_000.0));
        assert_eq!(clock.steady(10.0), 60_010.0);
        assert_eq!(clock.offset, 1_060_000.0);
    }

    #[test]
    fn a_clock_set_back_takes_no_time_away() {
        let mut clock = clock();
        assert!(clock.jumped(10.0, 400_010.0));
        assert_eq!(clock.steady(10.0), 10.0);
        assert_eq!(clock.offset, 400_000.0);
    }

    #[test]
    fn what_two_readings_differ_by_is_not_followed_and_drift_is() {
        let mut clock = clock();
        clock.set(10.0, 1_000_011.5);
        assert_eq!(clock.offset, 1_000_000.0);
        clock.set(10.0, 1_000_016.0);
        assert_eq!(clock.offset, 1_000_006.0);
    }

    #[test]
    fn drift_is_no_jump() {
        let mut clock = clock();
        assert!(!clock.jumped(10.0, 1_000_900.0));
        assert_eq!((clock.offset, clock.steady(10.0)), (1_000_000.0, 10.0));
    }
}
