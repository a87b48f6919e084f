//! One entry of the queue, shared by all readers.

use crate::record::Record;

use super::Position;

/// A record and its position.
#[derive(Debug)]
pub struct Entry {
    /// Where it stands in the queue.
    pub position: Position,
    /// What was stored.
    pub record: Record,
}

impl Entry {
    /// The items that it holds.
    pub fn items(&self) -> u64 {
        self.record.header.counts.items()
    }

    /// What it costs of the queue's bound.
    pub fn cost(&self) -> usize {
        cost(&self.record)
    }
}

/// What a record costs of the queue's bound: its bytes, and about what the bookkeeping of an entry takes.
pub(super) fn cost(record: &Record) -> usize {
    record.encoded_len() + OVERHEAD
}

/// Size of an entry, its slot and its reference counts, rounded up.
const OVERHEAD: usize = 256;
