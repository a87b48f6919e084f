//! One lane: takes one batch to its end. Tries, waits, tries again; divides what is refused for good down to the culprit. While it waits it is
//! nobody else's lane that it holds, and a batch that was not divided may be left to the queue meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::breaker::Permit;
use super::concern::Concern;
use super::cut::Hold;
use super::dead_letters::DeadLetters;
use super::destination::{Destination, Outcome, Reason};
use super::health::{Health, Here, Key, May};
use super::metrics::refused::Refused;
use super::points::Form;
use super::retry::Backoff;
use super::tally::Fate;
use super::{Batch, Signal, Stats};
use crate::aggregate::Known;
use crate::config::Retry;
use crate::outcome::DropReason;
use crate::queue::Position;
use crate::seldom::Seldom;

/// After so many server errors in a row, while other batches pass, the batch itself is taken for their cause and divided.
/// With the default waits that is about a minute.
const SUSPECT_AFTER: u32 = 6;
/// A part of a batch under suspicion needs less while others still pass, and more where nothing else passes (the traffic may
/// have ended, or the server broken down by now).
const SUSPECT_PART_AFTER: (u32, u32) = (1, 2 * SUSPECT_AFTER);

/// What an operator can mend is waited for. A batch alone that fails so this often and for this long, while after each try others of its kind
/// passed, is what a guard before the destination stops, and is divided as well; its parts as slowly, so that a server at its limit buries none.
const ALONE_AFTER: (u32, Duration) = (20, Duration::from_secs(600));

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
    /// Where it says how far it knows them.
    pub(crate) known: Known,
    /// Which of them it does not take.
    pub(super) refused_metrics: Refused,
    /// Numbers from 0 to 1; a parameter so that tests know their waits.
    pub(crate) random: fn() -> f64,
    /// The most that was on the way at once.
    #[cfg(test)]
    pub(super) most_on_the_way: std::sync::atomic::AtomicUsize,
    /// A lane waits, or is in doubt whether its batch is what the destination fails at: something else may go on.
    pub(super) stir: Notify,
    failing: AtomicBool,
    /// Of what is refused: whoever can send may send what this destination does not take.
    says: Seldom,
}

/// A batch and the queue positions of its sources.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) batch: Batch,
    pub(crate) positions: Arc<[Position]>,
    /// Its share of what may be on the way.
    pub(super) holds: Arc<[Hold]>,
    /// What an answer to it concerns, and how that is.
    pub(super) key: Key,
    pub(super) health: Arc<Health>,
    /// It has all items of its signal of each of its records, so that it can be read anew.
    pub(super) whole: bool,
    /// It finds out whether the destination takes such again.
    pub(super) probe: bool,
}

impl Job {
    /// The same for other items of its sources.
    fn with(&self, batch: Batch) -> Self {
        Self {
            batch,
            positions: Arc::clone(&self.positions),
            holds: Arc::clone(&self.holds),
            key: self.key,
            health: Arc::clone(&self.health),
            whole: false,
            probe: self.probe,
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

enum End {
    Taken(u64),
    /// Of some items another verdict than of the others.
    Each(Verdicts),
    Refused(Reason),
    /// Not refused, but it is what the server fails at.
    Suspected(Reason),
    /// It alone does not pass, for something that can be mended.
    Alone(Reason),
    Exhausted(Reason),
    /// The room that it took is wanted.
    Left,
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
            known: Known::default(),
            refused_metrics: Refused::default(),
            random: super::retry::random,
            #[cfg(test)]
            most_on_the_way: Default::default(),
            stir: Notify::new(),
            failing: AtomicBool::new(false),
            says: Seldom::default(),
        }
    }

    /// Takes a job to its end, and says of each part what became of it as soon as that is known.
    pub(crate) async fn deliver(
        &self,
        job: Job,
        lanes: &Semaphore,
        settled: mpsc::Sender<Settled>,
    ) {
        let mut stack = vec![(job, false)];
        while let Some((job, suspected)) = stack.pop() {
            let end = self.insist(&job, suspected, lanes).await;
            let suspected = matches!(end, End::Suspected(_));
            let (fate, rejected) = match end {
                End::Taken(rejected) => (Fate::Exported, rejected),
                End::Left => (Fate::Left, 0),
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
                End::Refused(reason) | End::Suspected(reason) | End::Alone(reason) => {
                    match job.batch.split() {
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
                    }
                }
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
            if let Some(untold) = self.says.says() {
                tracing::warn!(
                    destination = self.name,
                    items = rejected,
                    untold,
                    "the destination took a batch in part; more of what it refuses is counted for a minute, and not told"
                );
            }
            let letters = &self.dead_letters;
            letters.note(&self.name, batch, rejected, reason).await;
        }
        rejected
    }

    /// One item that nobody will ever take.
    async fn bury(&self, batch: &Batch, reason: &Reason) {
        if let Some(untold) = self.says.says() {
            tracing::warn!(
                destination = self.name,
                reason = %reason,
                untold,
                "an item was refused for good; it is in the dead-letter file; more are counted for a minute, and not told"
            );
        }
        let letters = &self.dead_letters;
        letters.keep(&self.name, batch, reason).await;
    }

    /// Tries until there is an answer that stands.
    async fn insist(&self, job: &Job, suspected: bool, lanes: &Semaphore) -> End {
        let first = Instant::now();
        let (batch, health) = (&job.batch, &*job.health);
        let taken_before = health.taken();
        let before = if job.probe {
            health.breaker.failures()
        } else {
            0
        };
        let mut backoff = Backoff::new(&self.retry).after(before);
        let (mut doubt, mut may_be_the_cause) = (None, false);
        let (mut taken_since, mut alone) = (taken_before, 0);
        let may = |is_doubted: bool| May {
            leave: job.whole,
            give_back: job.whole && !is_doubted,
        };
        loop {
            if health.rests() {
                self.stir.notify_one();
            }
            let permits = async { (health.permit().await, self.stats.breaker.permit().await) };
            let Some((permit, whole)) = health
                .wait(may(may_be_the_cause || doubt.is_some()), permits)
                .await
            else {
                return End::Left;
            };
            let lane = lanes.acquire().await;
            let outcome = self.attempt(batch).await;
            drop(lane);
            let permit = Permits {
                permit,
                whole,
                health,
            };
            match outcome {
                Outcome::Accepted { rejected, reason } => {
                    health.took();
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
                    health.took();
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
                    let others_pass = health.taken() > taken_before;
                    let enough = match (suspected, others_pass) {
                        (true, true) => SUSPECT_PART_AFTER.0,
                        (true, false) => SUSPECT_PART_AFTER.1,
                        (false, true) => SUSPECT_AFTER,
                        (false, false) => u32::MAX,
                    };
                    if suspect && backoff.tries() >= enough {
                        return End::Suspected(reason);
                    }
                    let may_be_alone = reason.may_be_of_one_batch();
                    let taken = health.taken();
                    if may_be_alone && taken > taken_since {
                        alone += 1;
                    }
                    taken_since = taken;
                    if alone >= ALONE_AFTER.0 && first.elapsed() >= ALONE_AFTER.1 {
                        return End::Alone(reason);
                    }
                    let often = backoff.tries() >= SUSPECT_AFTER;
                    let doubted = match suspect && (suspected || often) {
                        true => Some(health.in_doubt()),
                        false => (may_be_alone && often).then(|| health.maybe_alone()),
                    };
                    drop(doubt.take());
                    doubt = doubted.map(Here::new);
                    let wait = backoff.next((self.random)(), after);
                    permit.failed(wait, &reason);
                    let limit = self.retry.max_elapsed;
                    if limit.is_some_and(|limit| first.elapsed() + wait > limit) {
                        return End::Exhausted(reason);
                    }
                    if after.is_some() {
                        health.pause(Instant::now() + wait);
                    }
                    // A server that dies of it hangs up, and nobody is there for a while.
                    may_be_the_cause |= may_be_alone && !reason.is_answer();
                    let may = may(may_be_the_cause || doubt.is_some());
                    let waited = health.wait(may, tokio::time::sleep(wait));
                    self.stir.notify_one();
                    if waited.await.is_none() {
                        return End::Left;
                    }
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
                self.healthy(batch.signal());
            }
            Outcome::Refused(reason) => {
                stats.refused.fetch_add(1, Ordering::Relaxed);
                stats.remember(reason);
                // It answers and judges: that is health.
                self.healthy(batch.signal());
            }
            Outcome::Retry { reason, .. } => {
                stats.retried.fetch_add(1, Ordering::Relaxed);
                stats.remember(reason);
                stats.fails(batch.signal());
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

    fn healthy(&self, signal: Signal) {
        self.stats.answers(signal);
        // Not in turns with a tenant or signal that fails on.
        let all = self.stats.open.load(Ordering::Relaxed) == 0 && !self.stats.failing();
        if all && self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(destination = self.name, "the destination takes data again");
        }
    }
}

/// The right to one try: of what the batch is of, and of the destination as a whole.
struct Permits<'a> {
    permit: Permit<'a>,
    whole: Permit<'a>,
    health: &'a Health,
}

impl Permits<'_> {
    fn answered(self) {
        self.permit.answered();
        self.whole.answered();
        self.health.note();
    }

    fn failed(self, wait: Duration, reason: &Reason) {
        self.permit.failed(wait);
        // A server that answers is there, whatever it says of this tenant or signal.
        match reason.is_answer() {
            true => self.whole.answered(),
            false => self.whole.failed(wait),
        }
        self.health.note();
    }
}
