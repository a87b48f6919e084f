//! A metric that a destination refuses keeps no other from it: what is refused is divided until the culprit stands alone. It comes with every snapshot,
//! so it is a dead letter when that begins, and again only once it was taken in between.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::metrics::v1::Metric;

use crate::export::Batch;
use crate::export::destination::{Outcome, Reason};
use crate::export::lane::Shared;
use crate::export::retry::Backoff;

/// Metrics that are known to be refused: some apps with all that is made of each. What is beyond is a dead letter each time.
const KNOWN: usize = 1_000;

/// The metrics that a destination refuses at the moment.
#[derive(Debug, Default)]
pub(in crate::export) struct Refused(Mutex<BTreeSet<String>>);

impl Refused {
    /// These were taken.
    pub(super) fn taken(&self, batch: &Batch) {
        let mut known = self.known();
        if known.is_empty() {
            return;
        }
        for name in names(batch) {
            known.remove(&name);
        }
    }

    /// Whether that is news.
    fn begins(&self, batch: &Batch) -> bool {
        let mut known = self.known();
        names(batch).any(|name| known.len() >= KNOWN || known.insert(name))
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The metrics of a batch, each with the resource whose it is.
fn names(batch: &Batch) -> impl Iterator<Item = String> {
    let placed = batch.placed::<Metric>();
    placed.map(|(place, metric)| format!("{} {:?}", metric.name, place.resource))
}

/// Hands over what can be of a refused batch, at most two requests for each metric in it.
pub(super) async fn divide(shared: &Shared, batch: Batch, reason: Reason, backoff: &mut Backoff) {
    let mut refused = vec![(batch, reason)];
    while let Some((batch, reason)) = refused.pop() {
        let Some((left, right)) = batch.split() else {
            if shared.refused_metrics.begins(&batch) {
                let letters = &shared.dead_letters;
                letters.keep(&shared.name, &batch, &reason).await;
            }
            continue;
        };
        for part in [right, left] {
            match insist(shared, &part, backoff).await {
                Some(reason) => refused.push((part, reason)),
                None => shared.refused_metrics.taken(&part),
            }
        }
    }
}

/// Tries until there is a verdict: the reason, where it is refused.
async fn insist(shared: &Shared, batch: &Batch, backoff: &mut Backoff) -> Option<Reason> {
    loop {
        match shared.attempt(batch).await {
            Outcome::Refused(reason) => return Some(reason),
            Outcome::Accepted { .. } | Outcome::Each { .. } => return None,
            Outcome::Retry { after, .. } => {
                tokio::time::sleep(backoff.next((shared.random)(), after)).await;
            }
        }
    }
}
