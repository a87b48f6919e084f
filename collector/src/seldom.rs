//! Log lines that others can cause without end, whoever they are: one a minute, and how many there would have been.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long nothing more is said: a line a minute is 1,440 a day, which any log holds.
const SILENCE: Duration = Duration::from_secs(60);

/// When it was said last, and how often it was not since.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    /// Whether it is said now; if so, how often it was not since the last time.
    pub(crate) fn says(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (said, untold) = &mut *state;
        if said.is_some_and(|at| at.elapsed() < SILENCE) {
            *untold += 1;
            return None;
        }
        *said = Some(Instant::now());
        Some(std::mem::take(untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_of_a_minute_is_said_with_the_number_of_those_that_were_not() {
        let seldom = Seldom::default();
        assert_eq!(seldom.says(), Some(0));
        assert!((0..999).all(|_| seldom.says().is_none()));
        tokio::time::advance(SILENCE).await;
        assert_eq!(seldom.says(), Some(999));
        assert_eq!(seldom.says(), None);
    }
}
