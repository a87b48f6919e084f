//! What is known about a destination's health, for `/metrics` and the status page.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Reason;
use super::breaker::{Breaker, Circuit};

/// Counted by attempts, not by items: those are the ledger's.
#[derive(Debug, Default)]
pub struct Stats {
    /// Attempts that the destination answered by taking the batch.
    pub accepted: AtomicU64,
    /// Attempts that will be repeated.
    pub retried: AtomicU64,
    /// Attempts that were refused for good.
    pub refused: AtomicU64,
    /// Snapshots of the metrics that were delivered.
    pub snapshots: AtomicU64,
    /// Snapshots of the metrics that a newer one overtook. Their values are cumulative: the newer one holds them.
    pub snapshots_superseded: AtomicU64,
    /// Snapshots of the metrics that the destination refused.
    pub snapshots_refused: AtomicU64,
    /// Times that the task was started again after a panic.
    pub restarts: AtomicU64,
    /// True from a failed attempt to the next one that is answered.
    pub failing: AtomicBool,
    /// What its lanes ask before they try.
    pub breaker: Breaker,
    /// The same for what an answer is about: how many of those breakers are open, and how often one opened.
    pub(crate) open: AtomicUsize,
    pub(crate) opened: AtomicU64,
    /// When it began to fail, seconds since 1970.
    since: AtomicU64,
    last: Mutex<Option<Reason>>,
    kind: Mutex<&'static str>,
}

impl Stats {
    /// The type of destination that it is, as the configuration calls it.
    pub fn kind(&self) -> &'static str {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of the configuration may make another one of it.
    pub(crate) fn is(&self, kind: &'static str) {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner) = kind;
    }

    /// What all of its breakers let through: open where some tenant or signal waits.
    pub fn circuit(&self) -> &'static str {
        match self.breaker.circuit() {
            Circuit::Closed if self.open.load(Relaxed) > 0 => Circuit::NAMES[1],
            circuit => circuit.name(),
        }
    }

    /// How often one of them opened.
    pub fn opened(&self) -> u64 {
        self.breaker.opened() + self.opened.load(Relaxed)
    }

    /// An attempt failed.
    pub(crate) fn fails(&self) {
        if !self.failing.swap(true, Relaxed) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            self.since
                .store(now.map_or(0, |now| now.as_secs()), Relaxed);
        }
    }

    /// An attempt was answered.
    pub(crate) fn answers(&self) {
        self.failing.store(false, Relaxed);
    }

    /// Since when it fails, seconds since 1970.
    pub fn failing_since(&self) -> Option<u64> {
        let failing = self.failing.load(Relaxed);
        failing.then(|| self.since.load(Relaxed))
    }

    /// The latest failure.
    pub fn last_reason(&self) -> Option<Reason> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    pub(crate) fn remember(&self, reason: &Reason) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(reason.clone());
    }
}
