//! One lane: takes one batch to its end. Tries, waits, tries again; divides what is refused for good down to the culprit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::concern::Concern;
use super::cut::Hold;
use super::dead_letters::DeadLetters;
use super::destination::{Destination, Outcome, Reason};
use super::metrics::refused::Refused;
use super::points::Form;
use super::retry::Backoff;
use super::tally::Fate;
use super::{Batch, Signal, Stats};
use crate::config::Retry;
use crate::outcome::DropReason;
use crate::queue::Position;

/// After so many server errors in a row, while other batches pass, the batch itself is taken for their cause and divided.
/// With the default waits that is about a minute.
const SUSPECT_AFTER: u32 = 6;
/// A part of a batch under suspicion needs less while others still pass, and more where nothing else passes (the traffic may
/// have ended, or the server broken down by now).
const SUSPECT_PART_AFTER: (u32, u32) = (1, 2 * SUSPECT_AFTER);

/// What all lanes of a destination share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) destination: Arc<dyn Destination>,
    pub(crate) retry: Retry,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) stats: Arc<Stats>,
    /// Which metrics it gets.
    pub(crate) concern: Concern,
    /// Which buckets those have for it.
    pub(crate) form: Form,
    /// Which of them it does not take.
    pub(super) refused_metrics: Refused,
    /// Numbers from 0 to 1; a parameter so that tests know their waits.
    pub(crate) random: fn() -> f64,
    /// Nothing is sent before: a destination that asks for a pause asks all lanes.
    pause: watch::Sender<Option<Instant>>,
    /// Batches taken so far, by signal: the evidence that the destination is alive. One that takes spans may have no place for logs.
    taken: [AtomicU64; Signal::ALL.len()],
    /// Batches that may be what the destination fails at, while nothing shows whether they are.
    in_doubt: watch::Sender<usize>,
    failing: AtomicBool,
}

/// A batch and the queue positions of its sources.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    pub(crate) positions: Arc<[Position]>,
    /// Its share of what may be on the way.
    pub(super) hold: Hold,
}

impl Job {
    /// The same for other items of its sources.
    fn with(&self, batch: Batch) -> Self {
        Self {
            batch,
            positions: Arc::clone(&self.positions),
            hold: self.hold.clone(),
        }
    }

    fn only(&self, places: &[usize]) -> Self {
        self.with(self.batch.only(places))
    }
}

/// A part of a job that met its fate.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) job: Job,
    pub(crate) fate: Fate,
    /// How many of its items were dropped all the same.
    pub(crate) rejected: u64,
}

/// A batch in doubt.
struct Doubt<'a>(&'a watch::Sender<usize>);

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

enum End {
    Taken(u64),
    /// Of some items another verdict than of the others.
    Each(Verdicts),
    Refused(Reason),
    /// Not refused, but it is what the server fails at.
    Suspected(Reason),
    Exhausted(Reason),
}

/// What a destination says item by item. The rest was taken.
struct Verdicts {
    refused: Vec<(usize, Reason)>,
    again: Vec<usize>,
    /// How many of the rest were dropped all the same, and why.
    rejected: Option<(u64, Reason)>,
    /// Before what is to come again comes again.
    wait: Duration,
}

impl Shared {
    pub(crate) fn new(
        name: &str,
        destination: Arc<dyn Destination>,
        retry: Retry,
        dead_letters: DeadLetters,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            destination,
            retry,
            dead_letters,
            stats,
            concern: Concern::default(),
            form: Form::Otlp,
            refused_metrics: Refused::default(),
            random: super::retry::random,
            pause: watch::Sender::new(None),
            taken: Default::default(),
            in_doubt: watch::Sender::new(0),
            failing: AtomicBool::new(false),
        }
    }

    /// Takes a job to its end, and says of each part what became of it as soon as that is known.
    pub(crate) async fn deliver(&self, job: Job, settled: mpsc::Sender<Settled>) {
        let mut stack = vec![(job, false)];
        while let Some((job, suspected)) = stack.pop() {
            let end = self.insist(&job.batch, suspected).await;
            let suspected = matches!(end, End::Suspected(_));
            let (fate, rejected) = match end {
                End::Taken(rejected) => (Fate::Exported, rejected),
                End::Each(verdicts) => {
                    let again = job.only(&verdicts.again);
                    let wait = verdicts.wait;
                    if self.divide(&job, verdicts, &settled).await.is_err() {
                        return;
                    }
                    if !again.batch.is_empty() {
                        tokio::time::sleep(wait).await;
                        stack.push((again, false));
                    }
                    continue;
                }
                End::Exhausted(reason) => {
                    let letters = &self.dead_letters;
                    letters.keep(&self.name, &job.batch, &reason).await;
                    (Fate::Dropped(DropReason::RetriesExhausted), 0)
                }
                End::Refused(reason) | End::Suspected(reason) => match job.batch.split() {
                    Some((left, right)) => {
                        for batch in [right, left] {
                            stack.push((job.with(batch), suspected));
                        }
                        continue;
                    }
                    None => {
                        self.bury(&job.batch, &reason).await;
                        (Fate::Dropped(DropReason::Rejected), 0)
                    }
                },
            };
            let done = Settled {
                job,
                fate,
                rejected,
            };
            if settled.send(done).await.is_err() {
                return;
            }
        }
    }

    /// Settles what was judged item by item, but for what is to come again. An error where nobody asks any more.
    async fn divide(
        &self,
        job: &Job,
        verdicts: Verdicts,
        settled: &mpsc::Sender<Settled>,
    ) -> Result<(), mpsc::error::SendError<Settled>> {
        let mut taken = vec![true; job.batch.len()];
        let refused = verdicts.refused.iter().map(|(at, _)| at);
        for at in refused.chain(&verdicts.again) {
            if let Some(taken) = taken.get_mut(*at) {
                *taken = false;
            }
        }
        let places: Vec<_> = (0..taken.len()).filter(|at| taken[*at]).collect();
        if !places.is_empty() {
            let job = job.only(&places);
            let rejected = match verdicts.rejected {
                Some((n, reason)) => self.lost(&job.batch, n, &reason).await,
                None => 0,
            };
            let done = Settled {
                job,
                fate: Fate::Exported,
                rejected,
            };
            settled.send(done).await?;
        }
        for (at, reason) in verdicts.refused {
            let part = job.only(&[at]);
            self.bury(&part.batch, &reason).await;
            let done = Settled {
                job: part,
                fate: Fate::Dropped(DropReason::Rejected),
                rejected: 0,
            };
            settled.send(done).await?;
        }
        Ok(())
    }

    /// Notes that of what was taken so many items were dropped. Returns how many they can be at most.
    async fn lost(&self, batch: &Batch, rejected: u64, reason: &Reason) -> u64 {
        let rejected = rejected.min(batch.len() as u64);
        if rejected > 0 {
            tracing::warn!(
                destination = self.name,
                items = rejected,
                "the destination took a batch in part"
            );
            let letters = &self.dead_letters;
            letters.note(&self.name, batch, rejected, reason).await;
        }
        rejected
    }

    /// One item that nobody will ever take.
    async fn bury(&self, batch: &Batch, reason: &Reason) {
        tracing::warn!(
            destination = self.name,
            reason = %reason,
            "an item was refused for good; it is in the dead-letter file"
        );
        let letters = &self.dead_letters;
        letters.keep(&self.name, batch, reason).await;
    }

    /// Tries until there is an answer that stands.
    async fn insist(&self, batch: &Batch, suspected: bool) -> End {
        let first = Instant::now();
        let signal = batch.signal();
        let taken_before = self.taken(signal).load(Ordering::Relaxed);
        let mut backoff = Backoff::new(&self.retry);
        let mut doubt = None;
        loop {
            self.paused().await;
            let permit = self.stats.breaker.permit().await;
            match self.attempt(batch).await {
                Outcome::Accepted { rejected, reason } => {
                    permit.answered();
                    let reason = reason.unwrap_or_else(|| Reason::code("partial success"));
                    return End::Taken(self.lost(batch, rejected, &reason).await);
                }
                Outcome::Each {
                    refused,
                    again,
                    rejected,
                    after,
                    reason: _,
                    suspect: _,
                } => {
                    permit.answered();
                    let wait = backoff.next((self.random)(), after);
                    return End::Each(Verdicts {
                        refused,
                        again,
                        rejected,
                        wait,
                    });
                }
                Outcome::Refused(reason) => {
                    permit.answered();
                    return End::Refused(reason);
                }
                Outcome::Retry {
                    after,
                    suspect,
                    reason,
                } => {
                    let others_pass = self.taken(signal).load(Ordering::Relaxed) > taken_before;
                    let enough = match (suspected, others_pass) {
                        (true, true) => SUSPECT_PART_AFTER.0,
                        (true, false) => SUSPECT_PART_AFTER.1,
                        (false, true) => SUSPECT_AFTER,
                        (false, false) => u32::MAX,
                    };
                    if suspect && backoff.tries() >= enough {
                        return End::Suspected(reason);
                    }
                    let doubted = suspect && (suspected || backoff.tries() >= SUSPECT_AFTER);
                    match doubted {
                        true if doubt.is_none() => doubt = Some(self.doubt()),
                        true => {}
                        false => doubt = None,
                    }
                    let wait = backoff.next((self.random)(), after);
                    permit.failed(wait);
                    let limit = self.retry.max_elapsed;
                    if limit.is_some_and(|limit| first.elapsed() + wait > limit) {
                        return End::Exhausted(reason);
                    }
                    if after.is_some() {
                        self.pause_all(wait);
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// One attempt, counted.
    pub(crate) async fn attempt(&self, batch: &Batch) -> Outcome {
        let span = tracing::trace_span!(
            target: crate::telemetry::TARGET,
            "export",
            otel.kind = "client",
            farol.destination = self.name,
            farol.signal = batch.signal().as_str(),
            farol.items = batch.len() as i64,
        );
        let outcome = self.destination.send(batch).instrument(span).await;
        let outcome = outcome.of(batch.len());
        let stats = &self.stats;
        match &outcome {
            Outcome::Accepted { .. } | Outcome::Each { .. } => {
                stats.accepted.fetch_add(1, Ordering::Relaxed);
                self.taken(batch.signal()).fetch_add(1, Ordering::Relaxed);
                self.healthy();
            }
            Outcome::Refused(reason) => {
                stats.refused.fetch_add(1, Ordering::Relaxed);
                stats.remember(reason);
                // It answers and judges: that is health.
                self.healthy();
            }
            Outcome::Retry { reason, .. } => {
                stats.retried.fetch_add(1, Ordering::Relaxed);
                stats.remember(reason);
                stats.fails();
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        destination = self.name,
                        reason = %reason,
                        "the destination does not take data; trying on"
                    );
                }
            }
        }
        outcome
    }

    /// Tells how many batches are in doubt, as that changes.
    pub(crate) fn doubts(&self) -> watch::Receiver<usize> {
        self.in_doubt.subscribe()
    }

    fn doubt(&self) -> Doubt<'_> {
        self.in_doubt.send_modify(|n| *n += 1);
        Doubt(&self.in_doubt)
    }

    fn taken(&self, signal: Signal) -> &AtomicU64 {
        &self.taken[signal as usize]
    }

    fn healthy(&self) {
        self.stats.answers();
        if self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(destination = self.name, "the destination takes data again");
        }
    }

    fn pause_all(&self, wait: Duration) {
        let until = Instant::now() + wait;
        self.pause
            .send_modify(|pause| *pause = Some(pause.map_or(until, |it| it.max(until))));
    }

    async fn paused(&self) {
        let until = *self.pause.borrow();
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }
}
