//! The one place where metrics are made: a reader of the queue with its own place in it, so that metrics see all that was taken,
//! whatever destinations do.
//!
//! It yields plain snapshots; `export` spells them in OTLP.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use crate::memory::{LARGE, give_back, room};
use crate::queue::{Position, Queue, Reader, ReaderOptions, Start};

mod checkpoint;
mod heard;
mod held;
mod histogram;
mod instance;
mod known;
mod met;
pub mod names;
mod observe;
mod route;
mod series;
mod window;

pub(crate) use checkpoint::Checkpoint;
use checkpoint::Place;
pub use held::HOLD;
pub(crate) use histogram::Histogram;
pub use known::Known;
pub(crate) use met::Met;
use observe::State;
pub(crate) use series::{App, Exemplar, Series, Value};
pub(crate) use window::between;

/// How often metrics go out at most. Half of the minute that OpenTelemetry's SDKs wait would do for charts; ten seconds is what people
/// who look at a page and then at its numbers put up with, and a state is some kilobytes.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// Unchanged metrics are said again this often: Prometheus takes a series for gone after five minutes, and one of these may be lost.
const HEARTBEAT: Duration = Duration::from_secs(120);
/// Taken from the queue at once: enough that the lock is no matter, few enough that other tasks get their turn.
const MAX_ITEMS: u64 = 1_000;
const MAX_BYTES: usize = 1 << 20;
/// The reader's name in the queue.
pub(crate) const READER: &str = "aggregate";

/// All metrics at one moment. A histogram holds exponential buckets, for OTLP, and the counts of its family's classic bounds, for
/// who has no use for those.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) series: Vec<Series>,
    pub(crate) time_ns: u64,
    /// Which collector counted; stable over restarts.
    pub(crate) instance: Arc<str>,
    /// Whether nothing was added since the snapshot before.
    pub(crate) unchanged: bool,
    /// Whether it holds what was added since another, rather than all.
    pub(crate) delta: bool,
}

/// What others get to see: the latest snapshot. The first is what an earlier run left.
pub type Snapshots = watch::Receiver<Option<Arc<Snapshot>>>;

/// How often, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How often metrics go out at most.
    pub interval: Duration,
    /// How long a vital that grows waits for a later report of its visit; zero counts the first.
    pub hold: Duration,
}

/// Figures for `/metrics`.
#[derive(Debug, Default)]
pub struct Stats {
    /// Series that there are.
    pub series: AtomicU64,
    /// Reports of vitals that wait for a later one.
    pub held: AtomicU64,
    /// Reports that counted after their wait.
    pub settled: AtomicU64,
    /// Reports that counted before its end, for want of room or of time.
    pub early: AtomicU64,
    /// Reports that a later one of their visit overtook.
    pub replaced: AtomicU64,
    /// Reports that came when their visit had been counted.
    pub late: AtomicU64,
    /// Sessions that were known to have met an exception, and had to be forgotten.
    pub forgotten: AtomicU64,
    /// The time of the snapshot that says all that was counted; [`UNSAID`] where the latest does not, or has to say some of it once more.
    pub(crate) all_said_ns: AtomicU64,
}

/// Before any snapshot that says it.
pub(crate) const UNSAID: u64 = u64::MAX;

/// Makes metrics out of what is taken.
pub struct Aggregator {
    reader: Reader,
    state: State,
    checkpoint: Checkpoint,
    instance: Arc<str>,
    options: Options,
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    stats: Arc<Stats>,
    known: Known,
    /// Which queue it reads; `None` in memory, where each run counts anew.
    queue: Option<u64>,
    /// Behind the last entry that the state holds.
    cursor: Option<Position>,
    changed: bool,
    /// Bytes that the state came to last.
    encoded: usize,
    /// By when all series of the last snapshot began, and whether one was new in it: such a one is said as 0 first, and has to be said again.
    said_ns: u64,
    again: bool,
    /// Told where the queue is short of room that what the state holds takes.
    keep: Arc<Notify>,
    /// The state could not be written the last time.
    failed: bool,
    now: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl std::fmt::Debug for Aggregator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aggregator").finish_non_exhaustive()
    }
}

impl Aggregator {
    /// Reads the state of the last run and takes its place in the queue. Snapshots come once [`Aggregator::run`] runs.
    ///
    /// # Errors
    /// When the data folder cannot be used.
    pub fn open(data_dir: &Path, queue: &Queue, options: Options) -> Result<(Self, Snapshots)> {
        let context = || format!("data folder {}", data_dir.display());
        std::fs::create_dir_all(data_dir).with_context(context)?;
        let checkpoint = Checkpoint::new(data_dir);
        let (mut state, place) = checkpoint.load().with_context(context)?;
        state.holding = !options.hold.is_zero();
        let instance: Arc<str> = instance::id(data_dir).with_context(context)?.into();
        // Another queue's positions say nothing about this one.
        let place = place.filter(|p| Some(p.queue) == queue.id());
        // What an earlier run left counts as news: destinations want it, whether or not anything comes.
        let changed = state.store.len() > 0;
        let time_ns = unix_now();
        let first = Snapshot {
            series: state.store.copies(),
            time_ns,
            instance: Arc::clone(&instance),
            unchanged: true,
            delta: false,
        };
        state.store.begins_after(first.heard_ns());
        let (publish, snapshots) = watch::channel(Some(Arc::new(first)));
        let keep = Arc::new(Notify::new());
        let aggregator = Self {
            reader: queue.reader(ReaderOptions {
                resume: place.map(|p| p.next),
                pinned: Some(Arc::clone(&keep)),
                ..ReaderOptions::new(READER, Start::Tail)
            }),
            queue: queue.id(),
            state,
            checkpoint,
            instance,
            options,
            publish,
            stats: Arc::default(),
            known: Known::default(),
            cursor: place.map(|p| p.next),
            changed,
            encoded: 0,
            said_ns: 0,
            again: false,
            keep,
            failed: false,
            now: Box::new(unix_now),
        };
        // Who waits until nothing is held must not find nothing before the first is read.
        aggregator.figures();
        Ok((aggregator, snapshots))
    }

    /// Whether all that destinations heard of the series is in their files: not where another version counted last.
    pub(crate) fn told(&self) -> bool {
        self.state.told
    }

    /// Figures for `/metrics`, kept up while it runs.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Where destinations say how far they know the metrics.
    pub fn known(&self) -> Known {
        self.known.clone()
    }

    /// Runs until the queue is closed and read to its end; then the last snapshot goes out and the state to disk.
    pub async fn run(mut self) {
        let mut due = Instant::now() + self.options.interval;
        let mut heartbeat = Instant::now() + HEARTBEAT;
        let keep = Arc::clone(&self.keep);
        loop {
            let waiting = self.changed || self.state.store.len() > 0;
            let mut next = match (self.changed || self.again, waiting) {
                (true, _) => Some(due),
                (false, true) => Some(heartbeat),
                (false, false) => None,
            };
            if let Some(settles) = self.settles() {
                // Never more often than metrics go out.
                let settles = settles.max(due);
                next = Some(next.map_or(settles, |next| next.min(settles)));
            }
            tokio::select! {
                entries = self.reader.next(MAX_ITEMS, MAX_BYTES) => {
                    if entries.is_empty() {
                        break;
                    }
                    let large = entries.iter().map(|it| comes_to(it)).max().filter(|it| *it > LARGE);
                    let room = match large {
                        Some(weight) => room(weight).await,
                        None => None,
                    };
                    self.take(&entries);
                    if large.is_some() {
                        give_back();
                    }
                    drop(room);
                }
                () = keep.notified() => {
                    if self.changed {
                        self.keep().await;
                    }
                }
                () = sleep_until(next.unwrap_or(heartbeat)), if next.is_some() => {
                    self.settle();
                    let beat = Instant::now() >= heartbeat;
                    due = Instant::now() + self.options.interval;
                    if self.changed || self.again || beat {
                        self.publish(true).await;
                        heartbeat = Instant::now() + HEARTBEAT;
                    }
                }
            }
        }
        // Where the queue goes with its process, so does the folder, as a rule: nobody would count them.
        if self.queue.is_none() {
            let State { store, held, .. } = &mut self.state;
            self.changed |= held.settle_all(store, (self.now)());
            self.figures();
        }
        if self.changed {
            self.publish(false).await;
        }
    }

    fn take(&mut self, entries: &[Arc<crate::queue::Entry>]) {
        let now = (self.now)();
        for entry in entries {
            let payload = entry.payload();
            observe::observe(&entry.record.header, &payload, now, &mut self.state);
            drop(payload);
            entry.done();
            entry.through();
            self.changed = true;
            self.cursor = Some(entry.next);
        }
        self.figures();
        let positions: Vec<Position> = entries.iter().map(|it| it.position).collect();
        // It is pinned: the queue on disk keeps what the state in memory holds until that is on disk too.
        self.reader.ack(&positions);
    }

    /// When the next held report has waited long enough.
    fn settles(&self) -> Option<Instant> {
        let now = (self.now)();
        let due = self.state.held.due(now, self.hold_ns())?;
        let wait = due.saturating_sub(now);
        Some(Instant::now() + Duration::from_nanos(wait))
    }

    fn settle(&mut self) {
        let (now, hold) = ((self.now)(), self.hold_ns());
        let State { store, held, .. } = &mut self.state;
        self.changed |= held.settle(store, now, hold);
        self.figures();
    }

    fn hold_ns(&self) -> u64 {
        u64::try_from(self.options.hold.as_nanos()).unwrap_or(u64::MAX)
    }

    fn figures(&self) {
        // First: what is held no more, or read, waits to be said.
        let latest_ns = (self.publish.borrow().as_ref()).map_or(UNSAID, |it| it.time_ns);
        let unsaid = self.changed || self.again;
        let all_said_ns = if unsaid { UNSAID } else { latest_ns };
        self.stats.all_said_ns.store(all_said_ns, SeqCst);
        let outcomes = self.state.held.outcomes;
        for (figure, value) in [
            (&self.stats.series, self.state.store.len() as u64),
            (&self.stats.held, self.state.held.len() as u64),
            (&self.stats.settled, outcomes.settled),
            (&self.stats.early, outcomes.early),
            (&self.stats.replaced, outcomes.replaced),
            (&self.stats.late, outcomes.late),
            (&self.stats.forgotten, self.state.met.forgotten),
        ] {
            figure.store(value, SeqCst);
        }
    }

    /// To disk first, then out: what a destination was told is never taken back by a crash.
    async fn publish(&mut self, may_forget: bool) {
        let now = (self.now)();
        if may_forget && self.state.store.forget_stale(now, self.known.by_all()) > 0 {
            self.changed = true;
        }
        let unchanged = !self.changed && !self.again;
        if self.changed {
            // Where it cannot be written it is tried again with the next one.
            self.changed = !self.keep().await;
        }
        let series = self.state.store.copies();
        self.again = series.iter().any(|it| it.start_ns > self.said_ns);
        let snapshot = Snapshot {
            series,
            time_ns: now,
            instance: Arc::clone(&self.instance),
            unchanged,
            delta: false,
        };
        self.said_ns = snapshot.heard_ns();
        self.state.store.begins_after(self.said_ns);
        self.publish.send_replace(Some(Arc::new(snapshot)));
        self.figures();
    }

    /// Writes the state to disk; what of the queue it holds may go then.
    async fn keep(&mut self) -> bool {
        let place = self.queue.zip(self.cursor);
        let place = place.map(|(queue, next)| Place { queue, next });
        // A little more than last time: a text of megabytes that grows by doubling is there three times over.
        let about = self.encoded + self.encoded / 8;
        let bytes = Checkpoint::encode(&self.state, place, about);
        self.encoded = bytes.len();
        let checkpoint = self.checkpoint.clone();
        let written = tokio::task::spawn_blocking(move || checkpoint.write(&bytes)).await;
        let kept = matches!(written, Ok(Ok(())));
        match kept {
            true => self.reader.unpin(place.map_or(0, |p| p.next)),
            // Once: it is tried time and again.
            false if !self.failed => {
                tracing::error!("the state of the metrics cannot be written to the data folder");
            }
            false => {}
        }
        self.failed = !kept;
        kept
    }
}

fn comes_to(entry: &crate::queue::Entry) -> usize {
    entry.weight()
}

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX))
}

/// A snapshot for tests: rows of app, family, attributes and amount, added at one time and taken at another.
#[cfg(test)]
pub(crate) fn snapshot_of(
    rows: &[(&str, &str, &[&str], f64)],
    added_ns: u64,
    time_ns: u64,
) -> Snapshot {
    let mut store = series::Store::default();
    for (app, family, values, amount) in rows {
        let app = App {
            name: (*app).to_owned(),
            ..App::default()
        };
        let family = names::Id::named(family).expect("a family of the table");
        store.add(family, &app, values, *amount, added_ns);
    }
    Snapshot {
        series: store.copies(),
        time_ns,
        instance: "one".into(),
        unchanged: false,
        delta: false,
    }
}

#[cfg(test)]
mod tests;
