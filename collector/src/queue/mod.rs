//! The queue between receiving and exporting. One append, many readers; each reader acknowledges in any order.
//!
//! It lives on disk (`disk/`), or in memory where the operator chose that by name: then what is not acknowledged when the collector stops
//! goes to the data folder (`spill.rs`). Positions only grow, and a reader resumes where it stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use farol_protocol::payload::Payload;

use crate::config::QueueSettings;
use crate::outcome::{DestinationLedger, Ledgers, Refusal};
use crate::record::Record;

pub mod disk;
mod entry;
mod memory;
mod reader;
mod settled;
pub mod spill;

pub use entry::{Conversions, Entry};
pub use reader::{Lag, Reader};

use disk::DiskQueue;
pub(crate) use disk::cursors::MOST_LET_GO;
pub(crate) use memory::MAX_READERS;
use memory::State;

/// A place in the queue. Positions only grow.
pub type Position = u64;

/// How long a client is told to wait when the queue has no room: destinations come back within seconds or not for minutes,
/// and the SDKs' own back-off grows from there.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What readiness asks room for: more than nearly all payloads need.
const USUAL_RECORD: usize = 64 * 1024;

/// What is left of a bound where nearly all records do not fit any more: so many bytes, and of a small bound a small part. Who knows that
/// need not look at each record.
fn usual_record(bound: u64) -> u64 {
    (USUAL_RECORD as u64).min(bound / 64)
}

/// A record was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: Refusal,
    /// When to try again.
    pub retry_after: Duration,
}

impl Refused {
    fn full() -> Self {
        Self {
            why: Refusal::QueueFull,
            retry_after: RETRY_AFTER,
        }
    }

    /// It would not fit into an empty queue, or could not be read back: trying again does not help.
    fn too_large() -> Self {
        Self {
            why: Refusal::TooLarge,
            ..Self::full()
        }
    }

    fn stopping() -> Self {
        Self {
            why: Refusal::ShuttingDown,
            ..Self::full()
        }
    }
}

/// Gives a reader a place: one whose reader was removed, else a new one.
fn seat<R>(readers: &mut Vec<R>, fresh: R, removed: impl Fn(&R) -> bool) -> usize {
    if let Some(i) = readers.iter().position(removed) {
        readers[i] = fresh;
        return i;
    }
    assert!(
        readers.len() < MAX_READERS,
        "the configuration bounds the number of destinations"
    );
    readers.push(fresh);
    readers.len() - 1
}

/// Where a reader that the queue does not know yet begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With what comes from now on.
    #[default]
    Tail,
    /// With the oldest entry that is still there.
    Oldest,
}

/// What makes a reader.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// Its identity: a reader of the same name resumes where that one stopped.
    pub name: String,
    /// Where it begins when it is new.
    pub start: Start,
    /// The most bytes it may be behind; beyond it the oldest that it has not been handed are dropped for it, counted.
    pub max_lag: Option<usize>,
    /// The books of its destination. Readers without are the collector's own, and never a reason to drop for others.
    pub ledger: Option<DestinationLedger>,
    /// It keeps its own place: it goes on here, whatever the queue knows of it.
    pub resume: Option<Position>,
    /// What it acknowledges is kept until [`Reader::unpin`] says that what it made of it is durable too. It is told here where
    /// room is wanted for which that should be soon.
    pub pinned: Option<Arc<Notify>>,
    /// It has time: what is converted for others is not kept until it comes.
    pub patient: bool,
}

impl ReaderOptions {
    /// A reader of the collector's own: no books, no bound but the queue's.
    pub fn new(name: &str, start: Start) -> Self {
        Self {
            name: name.to_owned(),
            start,
            max_lag: None,
            ledger: None,
            resume: None,
            pinned: None,
            patient: false,
        }
    }

    /// A reader for a destination.
    pub fn destination(ledger: DestinationLedger) -> Self {
        Self {
            name: ledger.name().to_owned(),
            start: Start::Tail,
            max_lag: None,
            ledger: Some(ledger),
            resume: None,
            pinned: None,
            patient: false,
        }
    }
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Entries held.
    pub records: usize,
    /// Bytes held.
    pub bytes: usize,
    /// Bytes that may be held.
    pub max_bytes: usize,
}

/// The queue. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Queue(Store);

#[derive(Debug, Clone)]
enum Store {
    Memory(Arc<Mutex<State>>),
    Disk(Arc<DiskQueue>),
}

impl Queue {
    /// An empty queue in memory that holds at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self(Store::Memory(Arc::new(Mutex::new(State::new(max_bytes)))))
    }

    /// The queue of a folder. It takes and hands out nothing before [`Queue::recover`].
    ///
    /// # Errors
    /// When the folder cannot be used, or a newer version wrote what is in it.
    pub fn on_disk(folder: &Path, settings: QueueSettings) -> anyhow::Result<Self> {
        let disk = Arc::new(disk::io::RealDisk);
        let queue = DiskQueue::open(disk, folder, settings, disk::Clock::SYSTEM)?;
        queue.start()?;
        Ok(Self(Store::Disk(Arc::new(queue))))
    }

    /// Gives readers, which must be open already, what an earlier run left for them. Nothing to do in memory: `spill` does it.
    pub fn recover(&self, ledgers: &Ledgers) -> disk::Recovery {
        match &self.0 {
            Store::Memory(_) => disk::Recovery::default(),
            Store::Disk(queue) => queue.shared().recover(ledgers),
        }
    }

    /// Which queue it is: positions of another one say nothing about it. `None` in memory, where each run counts anew.
    pub fn id(&self) -> Option<u64> {
        match &self.0 {
            Store::Memory(_) => None,
            Store::Disk(queue) => Some(queue.shared().id()),
        }
    }

    /// Puts a record at the end; when this returns it is where the operator chose that the queue lives. Where the queue is full and
    /// some destination keeps up, which took something of what is to go, those that do not lose their oldest, counted; where none does the record is refused.
    pub async fn append(&self, record: Record) -> Result<Position, Refused> {
        self.append_known(record, None, None).await
    }

    /// Like [`Queue::append`], with the payload that the record's body was made from, so that the first reader need not read it again. On disk the record is
    /// refused where its app has more than `quota` bytes waiting.
    pub async fn append_known(
        &self,
        record: Record,
        payload: Option<Box<Payload>>,
        quota: Option<u64>,
    ) -> Result<Position, Refused> {
        // In memory too: what is left when it stops goes to the disk, and is read by the next run.
        if !record.is_readable() {
            return Err(Refused::too_large());
        }
        match &self.0 {
            Store::Memory(state) => lock(state).append(record, payload),
            Store::Disk(queue) => queue.shared().append(record, payload, quota).await,
        }
    }

    /// Why a record of this app, of about so many bytes or more, would be refused, where that is known without making room: what saves the work on a
    /// body that is not taken anyway. None is no promise.
    pub fn refuses(&self, app: &str, quota: Option<u64>, bytes: usize) -> Option<Refused> {
        match &self.0 {
            Store::Memory(state) => {
                let state = lock(state);
                let bytes = bytes.max(usual_record(state.depth().max_bytes as u64) as usize);
                (!state.has_room(bytes)).then(Refused::full)
            }
            Store::Disk(queue) => queue.shared().refuses(app, quota, bytes as u64),
        }
    }

    /// A reader; one that existed by this name is resumed: it gets again what it had not acknowledged.
    pub fn reader(&self, options: ReaderOptions) -> Reader {
        let (index, wake) = match &self.0 {
            Store::Memory(state) => lock(state).open_reader(options),
            Store::Disk(queue) => queue.shared().lock().open_reader(options),
        };
        Reader::new(self.clone(), index, wake)
    }

    /// Takes nothing more. Readers get what is left, then nothing.
    pub fn close(&self) {
        match &self.0 {
            Store::Memory(state) => lock(state).close(),
            Store::Disk(queue) => queue.shared().close(),
        }
    }

    /// Ends a queue on disk in order: its cursors are kept and what nobody wants is deleted. Blocks.
    pub fn stop(&self) {
        if let Store::Disk(queue) = &self.0 {
            queue.stop();
        }
    }

    /// Has every record be what `rewrite` says, of the same length, and books what went. No destination may have anything in hands. Blocks, until all is
    /// done or soon after `stop` says so.
    pub(crate) fn erase(
        &self,
        rewrite: disk::erase::Rewrite<'_>,
        stop: disk::erase::Stop<'_>,
    ) -> std::io::Result<disk::erase::Erased> {
        match &self.0 {
            Store::Memory(state) => Ok(lock(state).erase(rewrite)),
            Store::Disk(queue) => queue.shared().erase(rewrite, stop),
        }
    }

    /// Moves a destination, which must not be at work, back to the first record taken at `from_ns` or later. Blocks, until it is done
    /// or soon after `stop` says so; nothing has moved then.
    pub(crate) fn replay(
        &self,
        name: &str,
        from_ns: u64,
        stop: disk::erase::Stop<'_>,
    ) -> anyhow::Result<disk::replay::Replay> {
        match &self.0 {
            Store::Memory(_) => anyhow::bail!(
                "a queue in memory keeps nothing that everybody has had; set queue.type = \"disk\""
            ),
            Store::Disk(queue) => queue.shared().replay(name, from_ns, stop),
        }
    }

    /// How often its records were converted.
    pub fn conversions(&self) -> Arc<Conversions> {
        match &self.0 {
            Store::Memory(state) => lock(state).conversions(),
            Store::Disk(queue) => queue.shared().conversions(),
        }
    }

    /// How full it is.
    pub fn depth(&self) -> Depth {
        match &self.0 {
            Store::Memory(state) => lock(state).depth(),
            Store::Disk(queue) => {
                let shared = queue.shared();
                shared.lock().depth(shared.max_bytes())
            }
        }
    }

    /// Whether a record of usual size would be taken.
    pub fn has_room(&self) -> bool {
        match &self.0 {
            Store::Memory(state) => lock(state).has_room(USUAL_RECORD),
            Store::Disk(queue) => queue.shared().has_room(USUAL_RECORD),
        }
    }

    /// Why nothing is taken at the moment, apart from a queue that is full: the disk.
    pub fn trouble(&self) -> Option<Refusal> {
        match &self.0 {
            Store::Memory(_) => None,
            Store::Disk(queue) => queue.shared().refusal(),
        }
    }

    /// Waits until all before `until` is acknowledged by all readers. False when the queue is gone before that, or not in memory.
    pub async fn passed(&self, until: Position) -> bool {
        let told = match self.memory() {
            None => return false,
            Some(mut state) => state.passed(until),
        };
        told.await.is_ok()
    }

    /// What every reader has before it, by name.
    pub fn lags(&self) -> Vec<(String, Lag)> {
        match &self.0 {
            Store::Memory(state) => lock(state).lags(),
            Store::Disk(queue) => queue.shared().lock().lags(),
        }
    }

    /// When the oldest entry was taken that each reader has not acknowledged, by name, nanoseconds since 1970. Readers that nothing waits for are left out.
    pub fn oldest(&self) -> BTreeMap<String, u64> {
        let oldest = match &self.0 {
            Store::Memory(state) => lock(state).oldest(),
            Store::Disk(queue) => queue.shared().lock().oldest(),
        };
        oldest.into_iter().collect()
    }

    /// What a queue on disk knows about itself.
    pub fn figures(&self) -> Option<&disk::Figures> {
        match &self.0 {
            Store::Memory(_) => None,
            Store::Disk(queue) => Some(queue.shared().figures()),
        }
    }

    fn memory(&self) -> Option<MutexGuard<'_, State>> {
        match &self.0 {
            Store::Memory(state) => Some(lock(state)),
            Store::Disk(_) => None,
        }
    }

    #[cfg(test)]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.memory().expect("a queue in memory")
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // No call into foreign code happens under the lock, so a panic there cannot leave it half-changed.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
