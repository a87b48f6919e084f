//! The circuit breaker of a destination: where attempts fail one after the other, all lanes wait but one, whose next try tells whether
//! the destination is back. A destination that is down then costs one request a wait, not one a lane.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Failures in a row before it opens: with the default waits about half a minute of a single lane, or a moment of four.
pub(crate) const OPEN_AFTER: u32 = 5;

/// What the breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Everything.
    Closed,
    /// Nothing, until then.
    Open(Instant),
    /// One try is on its way.
    HalfOpen,
}

impl Circuit {
    /// The names of all states, for `/metrics`.
    pub const NAMES: [&str; 3] = ["closed", "open", "half_open"];

    /// The name of this one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => Self::NAMES[0],
            Self::Open(_) => Self::NAMES[1],
            Self::HalfOpen => Self::NAMES[2],
        }
    }
}

/// The breaker that all lanes of a destination ask.
#[derive(Debug)]
pub struct Breaker {
    state: watch::Sender<Circuit>,
    failures: AtomicU32,
    opened: AtomicU64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: watch::Sender::new(Circuit::Closed),
            failures: AtomicU32::new(0),
            opened: AtomicU64::new(0),
        }
    }
}

/// The right to one try. Dropped without a verdict, another lane gets it.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Breaker {
    /// What it lets through.
    pub fn circuit(&self) -> Circuit {
        *self.state.borrow()
    }

    /// How often it opened.
    pub fn opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// How many attempts failed since one was answered.
    pub(crate) fn failures(&self) -> u32 {
        self.failures.load(Relaxed)
    }

    /// Waits for the right to try.
    pub(crate) async fn permit(&self) -> Permit<'_> {
        let mut changes = self.state.subscribe();
        loop {
            let state = *changes.borrow_and_update();
            match state {
                Circuit::Closed => {
                    return Permit {
                        breaker: self,
                        probe: false,
                    };
                }
                Circuit::Open(until) if until <= Instant::now() => {
                    let won = self.state.send_if_modified(|now| {
                        let won = *now == state;
                        if won {
                            *now = Circuit::HalfOpen;
                        }
                        won
                    });
                    if won {
                        return Permit {
                            breaker: self,
                            probe: true,
                        };
                    }
                }
                Circuit::Open(until) => {
                    tokio::select! {
                        () = sleep_until(until) => {}
                        _ = changes.changed() => {}
                    }
                }
                // Its sender is this breaker, so it cannot end.
                Circuit::HalfOpen => drop(changes.changed().await),
            }
        }
    }
}

impl Permit<'_> {
    /// The destination answered.
    pub(crate) fn answered(mut self) {
        self.probe = false;
        self.breaker.failures.store(0, Relaxed);
        if self.breaker.circuit() != Circuit::Closed {
            self.breaker.state.send_replace(Circuit::Closed);
        }
    }

    /// It did not, and this lane tries again after `wait`.
    pub(crate) fn failed(mut self, wait: Duration) {
        let breaker = self.breaker;
        let failures = breaker.failures.fetch_add(1, Relaxed) + 1;
        let closed = breaker.circuit() == Circuit::Closed;
        if self.probe || (closed && failures >= OPEN_AFTER) {
            if closed {
                breaker.opened.fetch_add(1, Relaxed);
            }
            // A little less than its own wait: another lane, if one waits, tries first. Else a batch that a server fails at would be all it is
            // ever asked.
            let until = Instant::now() + wait.mul_f64(0.9);
            breaker.state.send_replace(Circuit::Open(until));
        }
        self.probe = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            let now = Circuit::Open(Instant::now());
            self.breaker.state.send_replace(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    async fn broken() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..OPEN_AFTER {
            assert_eq!(breaker.circuit().name(), "closed");
            breaker.permit().await.failed(WAIT);
        }
        assert_eq!((breaker.circuit().name(), breaker.opened()), ("open", 1));
        breaker
    }

    async fn is_let_through(breaker: &Breaker) -> bool {
        let soon = Duration::from_millis(1);
        tokio::time::timeout(soon, breaker.permit()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_one_try_tells_when_to_close() {
        let breaker = broken().await;
        assert!(!is_let_through(&breaker).await);
        let probe = breaker.permit().await;
        assert_eq!(breaker.circuit().name(), "half_open");
        assert!(!is_let_through(&breaker).await);
        probe.failed(WAIT);
        assert!(!is_let_through(&breaker).await);
        breaker.permit().await.answered();
        assert_eq!((breaker.circuit().name(), breaker.opened()), ("closed", 1));
        assert!(is_let_through(&breaker).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_is_given_up_leaves_the_right_to_the_next() {
        let breaker = broken().await;
        drop(breaker.permit().await);
        assert!(is_let_through(&breaker).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..3 * OPEN_AFTER {
            breaker.permit().await.failed(WAIT);
            breaker.permit().await.answered();
        }
        assert_eq!((breaker.circuit().name(), breaker.opened()), ("closed", 0));
    }
}
