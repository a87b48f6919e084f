//! The reader's end of the queue.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Entry, Position, Queue};

/// How far a reader is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Entries it has not acknowledged.
    pub records: u64,
    /// Their items.
    pub items: u64,
    /// Their bytes.
    pub bytes: usize,
}

/// A reader. Dropping it keeps its place: the next reader of its name goes on from there. [`Reader::remove`] gives the place up.
#[derive(Debug)]
pub struct Reader {
    queue: Queue,
    index: usize,
    wake: Arc<Notify>,
}

impl Reader {
    pub(super) fn new(queue: Queue, index: usize, wake: Arc<Notify>) -> Self {
        Self { queue, index, wake }
    }

    /// The next entries: at most `max_items` items and `max_bytes` bytes, but always one entry at least. Waits until there is one;
    /// nothing means that the queue is closed and read to its end.
    pub async fn next(&mut self, max_items: u64, max_bytes: usize) -> Vec<Arc<Entry>> {
        loop {
            let wake = self.wake.notified();
            let (entries, closed) = self.queue.lock().take(self.index, max_items, max_bytes);
            if !entries.is_empty() || closed {
                return entries;
            }
            wake.await;
        }
    }

    /// Has no further use for these entries, in whatever order they were read.
    pub fn ack(&self, positions: &[Position]) {
        self.queue.lock().ack(self.index, positions);
    }

    /// What it has not acknowledged.
    pub fn pending(&self) -> Lag {
        self.queue.lock().lag(self.index)
    }

    /// Gives the place up: nothing is kept for this name any more. What it had not acknowledged is counted as dropped.
    pub fn remove(self) {
        self.queue.lock().remove_reader(self.index);
    }
}
