//! What is known about a destination's health, for `/metrics` and the status page.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::breaker::{Breaker, Circuit};
use super::{Reason, Signal};
use crate::aggregate;

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
    /// Whether it gets metrics, and the time of the latest snapshot that it has all of.
    gets_metrics: AtomicBool,
    has_metrics_ns: AtomicU64,
    /// Times that the task was started again after a panic.
    pub restarts: AtomicU64,
    /// A bit a signal: set from an attempt of it that failed to the next one of it that is answered. What passes says nothing of what does not.
    failing: AtomicU8,
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

    /// An attempt with items of this signal failed.
    pub(crate) fn fails(&self, signal: Signal) {
        if self.failing.fetch_or(bit(signal), Relaxed) == 0 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            self.since
                .store(now.map_or(0, |now| now.as_secs()), Relaxed);
        }
    }

    /// An attempt was answered.
    pub(crate) fn answers(&self, signal: Signal) {
        self.failing.fetch_and(!bit(signal), Relaxed);
    }

    /// Nothing of other signals comes from now on: how those were says nothing any more. What it has of the metrics its task will say.
    pub(crate) fn wants(&self, signals: impl Iterator<Item = Signal>) {
        let wanted = signals.fold(0, |bits, signal| bits | bit(signal));
        self.failing.fetch_and(wanted, Relaxed);
        self.has_metrics_ns.store(0, SeqCst);
        let metrics = wanted & bit(Signal::Metrics) != 0;
        self.gets_metrics.store(metrics, SeqCst);
    }

    /// It took all that is its own of the snapshot of that time, or refused it for good.
    pub(crate) fn has_metrics(&self, time_ns: u64) {
        self.has_metrics_ns.store(time_ns, SeqCst);
    }

    /// Whether metrics are still to come to it.
    pub fn lacks_metrics(&self, counted: &aggregate::Stats) -> bool {
        self.gets_metrics.load(SeqCst)
            && counted.all_said_ns.load(SeqCst) != self.has_metrics_ns.load(SeqCst)
    }

    /// Whether the latest attempt of some signal failed.
    pub fn failing(&self) -> bool {
        self.failing.load(Relaxed) != 0
    }

    /// Whether that of items did; metrics go another way.
    pub(crate) fn failing_at_items(&self) -> bool {
        self.failing.load(Relaxed) & !bit(Signal::Metrics) != 0
    }

    /// Since when it fails, seconds since 1970.
    pub fn failing_since(&self) -> Option<u64> {
        self.failing().then(|| self.since.load(Relaxed))
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

fn bit(signal: Signal) -> u8 {
    1 << signal as u8
}
