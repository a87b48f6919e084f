//! The queue between receiving and exporting. One append, many readers; each reader acknowledges in any order.
//!
//! It lives in memory now, behind the interface of the durable one: positions only grow, a reader resumes at its low watermark,
//! and what is not acknowledged when the collector stops goes to the data folder in the final record format.
//! Memory is bounded in bytes. An entry is freed when all readers acknowledged it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use farol_protocol::payload::Payload;

use crate::outcome::DestinationLedger;
use crate::record::Record;

mod entry;
mod memory;
mod reader;
pub mod spill;

pub use entry::Entry;
pub use reader::{Lag, Reader};

pub(crate) use memory::MAX_READERS;
use memory::State;

/// A place in the queue. Positions only grow.
pub type Position = u64;

/// How long a client is told to wait when the queue has no room: destinations come back within seconds or not for minutes,
/// and the SDKs' own back-off grows from there.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What readiness asks room for: more than nearly all payloads need.
const USUAL_RECORD: usize = 64 * 1024;

/// The queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// When to try again.
    pub retry_after: Duration,
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
}

impl ReaderOptions {
    /// A reader of the collector's own: no books, no bound but the queue's.
    pub fn new(name: &str, start: Start) -> Self {
        Self {
            name: name.to_owned(),
            start,
            max_lag: None,
            ledger: None,
        }
    }

    /// A reader for a destination.
    pub fn destination(ledger: DestinationLedger) -> Self {
        Self {
            name: ledger.name().to_owned(),
            start: Start::Tail,
            max_lag: None,
            ledger: Some(ledger),
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
pub struct Queue(Arc<Mutex<State>>);

impl Queue {
    /// An empty queue that holds at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(State::new(max_bytes))))
    }

    /// Puts a record at the end. Where the queue is full and some destination keeps up, those that do not lose their oldest, counted;
    /// where none keeps up the record is refused.
    // Async because the durable queue waits for its group commit here.
    pub async fn append(&self, record: Record) -> Result<Position, Full> {
        self.append_known(record, None).await
    }

    /// Like [`Queue::append`], with the payload that the record's body was made from, so that the first reader need not read it again.
    pub async fn append_known(
        &self,
        record: Record,
        payload: Option<Payload>,
    ) -> Result<Position, Full> {
        self.lock().append(record, payload).ok_or(Full {
            retry_after: RETRY_AFTER,
        })
    }

    /// A reader; one that existed by this name is resumed: it gets again what it had not acknowledged.
    pub fn reader(&self, options: ReaderOptions) -> Reader {
        let (index, wake) = self.lock().open_reader(options);
        Reader::new(self.clone(), index, wake)
    }

    /// Takes nothing more. Readers get what is left, then nothing.
    pub fn close(&self) {
        self.lock().close();
    }

    /// Whether entries, their positions and who acknowledged them outlive the process. Readers that keep a state of their own then
    /// acknowledge what that state holds once it is on disk.
    pub fn is_durable(&self) -> bool {
        false
    }

    /// How full it is.
    pub fn depth(&self) -> Depth {
        self.lock().depth()
    }

    /// Whether a record of usual size would be taken.
    pub fn has_room(&self) -> bool {
        self.lock().has_room(USUAL_RECORD)
    }

    /// Waits until all before `until` is acknowledged by all readers. False when the queue is gone before that.
    pub async fn passed(&self, until: Position) -> bool {
        let told = self.lock().passed(until);
        told.await.is_ok()
    }

    /// What every reader has before it, by name.
    pub fn lags(&self) -> Vec<(String, Lag)> {
        self.lock().lags()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No call into foreign code happens under the lock, so a panic there cannot leave it half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
