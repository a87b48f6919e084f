//! When the queue's keeper has something to do: soon after something moved, at once where room is short, each second while the disk fails.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How old the kept cursors may be, while they are few: what was acknowledged within it may be delivered twice after a crash. Each time costs a sync.
pub(super) const SOON: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
pub(super) struct Keeper {
    state: Mutex<State>,
    stir: Condvar,
}

/// The longest that is waited for the next cursors where those are many.
const SLOW: Duration = Duration::from_secs(1);

/// Ranges whose cursors take about as long to write as a few.
const FEW: usize = 512;

#[derive(Debug, Default)]
struct State {
    /// How many times longer than that work may wait.
    slower: u32,
    /// Work that may wait for more of it.
    since: Option<Instant>,
    now: bool,
    stopped: bool,
}

impl State {
    /// How long work may wait for more of it.
    fn pace(&self) -> Duration {
        SOON.saturating_mul(1 + self.slower).min(SLOW)
    }
}

/// Why the keeper woke.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Work,
    Stop,
}

impl Keeper {
    /// Something moved.
    pub(super) fn soon(&self) {
        let mut state = self.lock();
        if state.since.is_none() {
            state.since = Some(Instant::now());
            self.stir.notify_one();
        }
    }

    /// Something cannot wait.
    pub(super) fn stir(&self) {
        self.lock().now = true;
        self.stir.notify_one();
    }

    /// So many ranges stand in the cursors, which are written whole each time.
    pub(super) fn weighs(&self, ranges: usize) {
        self.lock().slower = u32::try_from(ranges / FEW).unwrap_or(u32::MAX - 1);
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.stir.notify_one();
    }

    /// Waits for work; at most `longest`, where there is something that comes with time.
    pub(super) fn wait(&self, longest: Option<Duration>) -> Wake {
        let deadline = longest.map(|it| Instant::now() + it);
        let mut state = self.lock();
        loop {
            if state.stopped {
                return Wake::Stop;
            }
            let now = Instant::now();
            let due = state.since.map(|since| since + state.pace());
            let due = match (due, deadline) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if state.now || due.is_some_and(|due| due <= now) {
                state.now = false;
                state.since = None;
                return Wake::Work;
            }
            state = match due {
                None => self
                    .stir
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let waited = self.stir.wait_timeout(state, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cursors_are_kept_less_often_and_each_second_at_least() {
        for (ranges, pace) in [(0, SOON), (511, SOON), (1_024, 3 * SOON), (1 << 30, SLOW)] {
            let keeper = Keeper::default();
            keeper.weighs(ranges);
            assert_eq!(keeper.lock().pace(), pace, "{ranges}");
        }
    }
}
