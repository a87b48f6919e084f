//! Delivers snapshots of the metrics to one destination. Cumulative ones: a newer one holds all of an older one, so a destination
//! that is behind is sent the newest alone, and nothing waits but that. Deltas are in `windows`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::batch::Source;
use super::destination::Outcome;
use super::lane::Shared;
use super::retry::Backoff;
use super::{Batch, Signal, points};
use crate::aggregate::{Snapshot, Snapshots};

pub(super) mod refused;

/// Runs until the aggregator has ended and its last state is delivered.
pub(crate) async fn run(shared: Arc<Shared>, mut snapshots: Snapshots, changes_only: bool) {
    while snapshots.changed().await.is_ok() {
        let latest = snapshots.borrow_and_update().clone();
        // Before the first series there is nothing to say: an empty request, or line, would be no news.
        if let Some(snapshot) = latest
            && !snapshot.series.is_empty()
            && !(changes_only && snapshot.unchanged)
        {
            deliver(&shared, &mut snapshots, snapshot).await;
        }
    }
}

/// Tries until the destination has taken this snapshot or a newer one.
async fn deliver(shared: &Shared, snapshots: &mut Snapshots, mut snapshot: Arc<Snapshot>) {
    let mut backoff = Backoff::new(&shared.retry);
    while let Some(wait) = attempt(shared, &snapshot, &mut backoff).await {
        tokio::time::sleep(wait).await;
        if snapshots.has_changed().unwrap_or(false)
            && let Some(newer) = snapshots.borrow_and_update().clone()
        {
            let superseded = &shared.stats.snapshots_superseded;
            superseded.fetch_add(1, Ordering::Relaxed);
            snapshot = newer;
        }
    }
}

/// One try. Says how long to wait before the next, where there is to be one.
pub(super) async fn attempt(
    shared: &Shared,
    snapshot: &Snapshot,
    backoff: &mut Backoff,
) -> Option<Duration> {
    let snapshot = shared.concern.of(snapshot);
    if snapshot.series.is_empty() {
        return None;
    }
    let source = Source::Metrics(Arc::new(points::metrics(&snapshot, shared.form)));
    let batch = Batch::new(Signal::Metrics, vec![source]);
    let stats = &shared.stats;
    match shared.attempt(&batch).await {
        Outcome::Accepted { rejected, reason } => {
            stats.snapshots.fetch_add(1, Ordering::Relaxed);
            shared.refused_metrics.taken(&batch);
            if let Some(reason) = reason
                && rejected > 0
            {
                tracing::debug!(
                    destination = shared.name,
                    points = rejected,
                    "the destination took the metrics in part"
                );
                stats.remember(&reason);
            }
            None
        }
        // The next snapshot holds what was not taken of this one.
        Outcome::Each { reason, .. } => {
            stats.snapshots.fetch_add(1, Ordering::Relaxed);
            stats.remember(&reason);
            None
        }
        Outcome::Refused(reason) => {
            let before = stats.snapshots_refused.fetch_add(1, Ordering::Relaxed);
            // Every interval brings the next one: said once, counted each time.
            if before == 0 {
                tracing::warn!(
                    destination = shared.name,
                    reason = %reason,
                    "the destination refused the metrics"
                );
            }
            refused::divide(shared, batch, reason, backoff).await;
            None
        }
        Outcome::Retry { after, .. } => Some(backoff.next((shared.random)(), after)),
    }
}

#[cfg(test)]
mod tests;
