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
mod told;

pub(crate) use told::Told;

/// By how much what is owed at the end comes later than what was told before: the least that Prometheus, which counts milliseconds, tells apart.
const A_MOMENT_NS: u64 = 1_000_000;

/// Runs until the aggregator has ended and its last state is delivered.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut snapshots: Snapshots,
    mut told: Told,
    changes_only: bool,
) {
    told.begin(&shared).await;
    let first = snapshots.borrow().clone();
    if let Some(first) = first.filter(|it| shared.concern.of(it).series.is_empty()) {
        shared.stats.has_metrics(first.time_ns);
    }
    while snapshots.changed().await.is_ok() {
        let Some(latest) = snapshots.borrow_and_update().clone() else {
            continue;
        };
        let repeated = changes_only && latest.unchanged && !told.owing;
        // Before the first series there is nothing to say: an empty request, or line, would be no news.
        if latest.series.is_empty() || repeated {
            shared.stats.has_metrics(latest.time_ns);
            continue;
        }
        deliver(&shared, &mut snapshots, latest, &mut told).await;
    }
    let last = snapshots.borrow().clone();
    if let Some(last) = last.filter(|_| told.owing) {
        let last = Snapshot {
            time_ns: last.time_ns + A_MOMENT_NS,
            ..(*last).clone()
        };
        deliver(&shared, &mut snapshots, Arc::new(last), &mut told).await;
    }
}

/// Tries until the destination has taken this snapshot or a newer one.
async fn deliver(
    shared: &Shared,
    snapshots: &mut Snapshots,
    mut snapshot: Arc<Snapshot>,
    told: &mut Told,
) {
    let mut backoff = Backoff::new(&shared.retry);
    loop {
        let concerned = shared.concern.of(&snapshot);
        let said = told.say(&concerned);
        let Some(batch) = of(shared, said.as_ref().unwrap_or(&concerned)) else {
            shared.known.is_told(&shared.name, snapshot.time_ns);
            return shared.stats.has_metrics(snapshot.time_ns);
        };
        match attempt(shared, batch, &mut backoff).await {
            Next::Again(_, wait) => tokio::time::sleep(wait).await,
            // The next snapshot holds what was not taken of this one. What is new in that goes without its 0: one tenant that takes nothing holds no
            // other's at 0.
            Next::Part(..) => {
                shared.stats.snapshots.fetch_add(1, Ordering::Relaxed);
                return told.taken(shared, &snapshot, said.is_some()).await;
            }
            Next::Done => {
                told.taken(shared, &snapshot, said.is_some()).await;
                // What was said as 0 alone comes once more.
                if !told.owing {
                    shared.stats.has_metrics(snapshot.time_ns);
                }
                return;
            }
        }
        if snapshots.has_changed().unwrap_or(false)
            && let Some(newer) = snapshots.borrow_and_update().clone()
        {
            let superseded = &shared.stats.snapshots_superseded;
            superseded.fetch_add(1, Ordering::Relaxed);
            snapshot = newer;
        }
    }
}

/// The metrics of a snapshot that are this destination's.
pub(super) fn batch(shared: &Shared, snapshot: &Snapshot) -> Option<Batch> {
    of(shared, &shared.concern.of(snapshot))
}

fn of(shared: &Shared, concerned: &Snapshot) -> Option<Batch> {
    if concerned.series.is_empty() {
        return None;
    }
    let source = Source::Metrics(Arc::new(points::metrics(concerned, shared.form)));
    Some(Batch::new(Signal::Metrics, vec![source]))
}

/// What is left to do after a try.
pub(super) enum Next {
    /// Nothing: taken, or refused for good.
    Done,
    /// The same again, after a wait.
    Again(Batch, Duration),
    /// The rest was taken, or refused for good; this was not taken now.
    Part(Batch, Duration),
}

/// One try.
pub(super) async fn attempt(shared: &Shared, batch: Batch, backoff: &mut Backoff) -> Next {
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
            Next::Done
        }
        Outcome::Each {
            refused,
            again,
            after,
            reason,
            ..
        } => {
            stats.remember(&reason);
            refused::named(shared, &batch, &refused, &again).await;
            if again.is_empty() {
                stats.snapshots.fetch_add(1, Ordering::Relaxed);
                return Next::Done;
            }
            let wait = backoff.next((shared.random)(), after);
            Next::Part(batch.only(&again), wait)
        }
        Outcome::Refused(reason) => {
            let why = reason.code.clone();
            if !refused::divide(shared, batch, reason, backoff).await {
                // It was too large in one piece.
                stats.snapshots.fetch_add(1, Ordering::Relaxed);
                return Next::Done;
            }
            let before = stats.snapshots_refused.fetch_add(1, Ordering::Relaxed);
            // Every interval brings the next one: said once, counted each time.
            if before == 0 {
                tracing::warn!(
                    destination = shared.name,
                    reason = why,
                    "the destination refused the metrics"
                );
            }
            Next::Done
        }
        Outcome::Retry { after, .. } => {
            let wait = backoff.next((shared.random)(), after);
            Next::Again(batch, wait)
        }
    }
}

#[cfg(test)]
mod tests;
