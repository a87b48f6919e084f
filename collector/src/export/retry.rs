//! When to try again. Pure: randomness and time come from outside.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::config::Retry;

/// The longest wait that a destination may ask for. A mistyped `Retry-After` shall not stop an export for a year.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Exponential back-off with full jitter: many collectors that lost one destination do not come back in step.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
    tries: u32,
    /// Tries of others that say as much.
    before: u32,
}

impl Backoff {
    pub(crate) fn new(settings: &Retry) -> Self {
        Self {
            initial: settings.initial,
            max: settings.max,
            tries: 0,
            before: 0,
        }
    }

    /// With waits as if so many tries had been made.
    pub(crate) fn after(self, before: u32) -> Self {
        Self { before, ..self }
    }

    /// How many waits were given out.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// The next wait. `random` is from 0 to 1. What the destination asked for is the least; jitter comes on top, since all of its
    /// clients were told the same.
    pub(crate) fn next(&mut self, random: f64, asked: Option<Duration>) -> Duration {
        let tries = self.tries.max(self.before);
        let doubled = self.initial.saturating_mul(1_u32 << tries.min(20));
        let ceiling = doubled.min(self.max);
        self.tries = self.tries.saturating_add(1);
        match asked {
            Some(asked) => asked.min(MAX_RETRY_AFTER) + self.initial.min(self.max).mul_f64(random),
            None => ceiling.mul_f64(random),
        }
    }
}

/// Reads `Retry-After`: seconds, or a date.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date gone by means now.
    let wait = date.duration_since(now).unwrap_or_default();
    Some(wait.min(MAX_RETRY_AFTER))
}

/// A number from 0 to 1, good enough to spread retries. The standard library seeds each `RandomState` differently.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(&Retry {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            max_elapsed: None,
        })
    }

    #[test]
    fn ceilings_double_up_to_the_longest_wait() {
        let mut backoff = backoff();
        let ceilings: Vec<u64> = (0..7).map(|_| backoff.next(1.0, None).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn jitter_takes_from_the_whole_of_the_wait() {
        let mut backoff = backoff();
        backoff.next(0.0, None);
        assert_eq!(backoff.next(0.0, None), Duration::ZERO);
        assert_eq!(backoff.next(0.25, None), Duration::from_secs(1));
    }

    #[test]
    fn what_the_destination_asks_for_is_the_least() {
        let mut backoff = backoff();
        let asked = Some(Duration::from_secs(7));
        assert_eq!(backoff.next(0.0, asked), Duration::from_secs(7));
        assert_eq!(backoff.next(0.5, asked), Duration::from_millis(7_500));
    }

    #[test]
    fn nobody_can_ask_for_a_wait_without_end() {
        let wait = backoff().next(0.0, Some(Duration::from_secs(u64::MAX / 2)));
        assert_eq!(wait, MAX_RETRY_AFTER);
        let mut long = backoff();
        for _ in 0..100 {
            assert!(long.next(1.0, None) <= Duration::from_secs(30));
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 12 ", now), Some(Duration::from_secs(12)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("99999999", now), Some(MAX_RETRY_AFTER));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn random_numbers_spread_over_the_unit() {
        let sum: f64 = (0..1_000).map(|_| random()).sum();
        assert!((300.0..700.0).contains(&sum), "{sum}");
    }
}
