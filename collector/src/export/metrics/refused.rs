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
    fn is_new(&self, name: &str) -> bool {
        !self.known().contains(name)
    }

    /// What is known once a batch has been divided: of its metrics those that were refused, and no others. Pieces of one metric have one name:
    /// it is refused while one of them is, whatever came of the rest.
    fn settle(&self, batch: &[String], refused: BTreeSet<String>) {
        let mut known = self.known();
        for name in batch.iter().filter(|it| !refused.contains(*it)) {
            known.remove(name);
        }
        for name in refused {
            if known.len() < KNOWN {
                known.insert(name);
            }
        }
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

/// Hands over what can be of a refused batch, at most two requests for each metric in it. True where anything of it is refused for good.
pub(super) async fn divide(
    shared: &Shared,
    batch: Batch,
    reason: Reason,
    backoff: &mut Backoff,
) -> bool {
    let all: Vec<String> = names(&batch).collect();
    let mut culprits = BTreeSet::new();
    let mut refused = vec![(batch, reason)];
    let mut lost = false;
    while let Some((batch, reason)) = refused.pop() {
        let Some((left, right)) = batch.split() else {
            let own: Vec<String> = names(&batch).collect();
            if own.iter().any(|it| shared.refused_metrics.is_new(it)) {
                let letters = &shared.dead_letters;
                letters.keep(&shared.name, &batch, &reason).await;
            }
            culprits.extend(own);
            continue;
        };
        for part in [right, left] {
            match insist(shared, &part, backoff).await {
                Verdict::Taken => {}
                Verdict::InPart => lost = true,
                Verdict::Refused(reason) => refused.push((part, reason)),
            }
        }
    }
    lost |= !culprits.is_empty();
    shared.refused_metrics.settle(&all, culprits);
    lost
}

/// These items of a batch were refused by their places. What became of those that come again is not known yet.
pub(super) async fn named(
    shared: &Shared,
    batch: &Batch,
    refused: &[(usize, Reason)],
    again: &[usize],
) {
    let all: Vec<String> = names(batch).collect();
    let mut culprits = BTreeSet::new();
    for (at, reason) in refused {
        let Some(name) = all.get(*at) else { continue };
        let seen = culprits.contains(name);
        if !seen && shared.refused_metrics.is_new(name) {
            let letters = &shared.dead_letters;
            letters
                .keep(&shared.name, &batch.only(&[*at]), reason)
                .await;
        }
        culprits.insert(name.clone());
    }
    let judged = all.into_iter().enumerate();
    let judged = judged.filter(|(at, _)| !again.contains(at));
    let judged: Vec<String> = judged.map(|(_, name)| name).collect();
    shared.refused_metrics.settle(&judged, culprits);
}

/// What became of a part.
enum Verdict {
    Taken,
    /// But for some metrics, which are seen to.
    InPart,
    Refused(Reason),
}

/// Tries until there is a verdict.
async fn insist(shared: &Shared, batch: &Batch, backoff: &mut Backoff) -> Verdict {
    let mut batch = batch.clone();
    let mut taken = Verdict::Taken;
    loop {
        let after = match shared.attempt(&batch).await {
            Outcome::Refused(reason) => return Verdict::Refused(reason),
            Outcome::Accepted { .. } => return taken,
            Outcome::Each {
                refused,
                again,
                after,
                ..
            } => {
                named(shared, &batch, &refused, &again).await;
                if !refused.is_empty() {
                    taken = Verdict::InPart;
                }
                if again.is_empty() {
                    return taken;
                }
                batch = batch.only(&again);
                after
            }
            Outcome::Retry { after, .. } => after,
        };
        tokio::time::sleep(backoff.next((shared.random)(), after)).await;
    }
}
