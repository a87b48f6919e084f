//! The one place where metrics are made: a reader of the queue with its own place in it, so that metrics see all that was taken,
//! whatever destinations do.
//!
//! It yields plain snapshots; `export` spells them in OTLP.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::queue::{Position, Queue, Reader, ReaderOptions, Start};

mod checkpoint;
mod histogram;
mod instance;
pub mod names;
mod observe;
mod route;
mod series;

use checkpoint::Checkpoint;
pub(crate) use histogram::Histogram;
use series::Store;
pub(crate) use series::{App, Series, Value};

/// How often metrics go out at most. Half of the minute that OpenTelemetry's SDKs wait would do for charts; ten seconds is what people
/// who look at a page and then at its numbers put up with, and a state is some kilobytes.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// Unchanged metrics are said again this often: Prometheus takes a series for gone after five minutes, and one of these may be lost.
const HEARTBEAT: Duration = Duration::from_secs(120);
/// Taken from the queue at once: enough that the lock is no matter, few enough that other tasks get their turn.
const MAX_ITEMS: u64 = 1_000;
const MAX_BYTES: usize = 1 << 20;
/// The reader's name in the queue.
const READER: &str = "aggregate";

/// All metrics at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) series: Vec<Series>,
    pub(crate) time_ns: u64,
    /// Which collector counted; stable over restarts.
    pub(crate) instance: Arc<str>,
    /// Whether nothing was added since the snapshot before.
    pub(crate) unchanged: bool,
}

/// What others get to see: the latest snapshot, once there is one.
pub type Snapshots = watch::Receiver<Option<Arc<Snapshot>>>;

/// Makes metrics out of what is taken.
#[derive(Debug)]
pub struct Aggregator {
    reader: Reader,
    store: Store,
    checkpoint: Checkpoint,
    instance: Arc<str>,
    interval: Duration,
    publish: watch::Sender<Option<Arc<Snapshot>>>,
    cursor: Option<Position>,
    changed: bool,
    now: fn() -> u64,
}

impl Aggregator {
    /// Reads the state of the last run and takes its place in the queue. Snapshots come once [`Aggregator::run`] runs.
    ///
    /// # Errors
    /// When the data folder cannot be used.
    pub fn open(data_dir: &Path, queue: &Queue, interval: Duration) -> Result<(Self, Snapshots)> {
        let context = || format!("data folder {}", data_dir.display());
        std::fs::create_dir_all(data_dir).with_context(context)?;
        let checkpoint = Checkpoint::new(data_dir);
        let store = checkpoint.load().with_context(context)?;
        let instance = instance::id(data_dir).with_context(context)?;
        let (publish, snapshots) = watch::channel(None);
        // What an earlier run left counts as news: destinations want it, whether or not anything comes.
        let changed = store.len() > 0;
        let aggregator = Self {
            reader: queue.reader(ReaderOptions::new(READER, Start::Tail)),
            store,
            checkpoint,
            instance: instance.into(),
            interval,
            publish,
            cursor: None,
            changed,
            now: unix_now,
        };
        Ok((aggregator, snapshots))
    }

    /// Runs until the queue is closed and read to its end; then the last snapshot goes out and the state to disk.
    pub async fn run(mut self) {
        let mut due = Instant::now() + self.interval;
        let mut heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let next = if self.changed { due } else { heartbeat };
            let waiting = self.changed || self.store.len() > 0;
            tokio::select! {
                entries = self.reader.next(MAX_ITEMS, MAX_BYTES) => {
                    if entries.is_empty() {
                        break;
                    }
                    self.take(&entries);
                }
                () = sleep_until(next), if waiting => {
                    self.publish(true).await;
                    due = Instant::now() + self.interval;
                    heartbeat = Instant::now() + HEARTBEAT;
                }
            }
        }
        if self.changed {
            self.publish(false).await;
        }
    }

    fn take(&mut self, entries: &[Arc<crate::queue::Entry>]) {
        let now = (self.now)();
        for entry in entries {
            let payload = entry.payload();
            observe::observe(&entry.record.header, &payload, now, &mut self.store);
        }
        self.changed = true;
        let positions: Vec<Position> = entries.iter().map(|it| it.position).collect();
        self.cursor = positions.last().copied();
        // Acknowledged before the checkpoint: what the queue in memory held is gone with the process anyway. The durable queue
        // keeps it and the cursor says where to go on.
        self.reader.ack(&positions);
    }

    async fn publish(&mut self, may_forget: bool) {
        let now = (self.now)();
        if may_forget && self.store.forget_stale(now) > 0 {
            self.changed = true;
        }
        let snapshot = Snapshot {
            series: self.store.sorted().into_iter().cloned().collect(),
            time_ns: now,
            instance: Arc::clone(&self.instance),
            unchanged: !self.changed,
        };
        self.publish.send_replace(Some(Arc::new(snapshot)));
        if std::mem::take(&mut self.changed) {
            let bytes = Checkpoint::encode(&self.store, self.cursor);
            let checkpoint = self.checkpoint.clone();
            let written = tokio::task::spawn_blocking(move || checkpoint.write(&bytes)).await;
            if !matches!(written, Ok(Ok(()))) {
                tracing::error!("the state of the metrics cannot be written to the data folder");
                // Tried again with the next one.
                self.changed = true;
            }
        }
    }
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
    let mut store = Store::default();
    for (app, family, values, amount) in rows {
        let app = App {
            name: (*app).to_owned(),
            ..App::default()
        };
        let family = names::Id::named(family).expect("a family of the table");
        store.add(family, &app, values, *amount, added_ns);
    }
    Snapshot {
        series: store.sorted().into_iter().cloned().collect(),
        time_ns,
        instance: "one".into(),
        unchanged: false,
    }
}

#[cfg(test)]
mod tests;
