//! fjall: a log-structured merge tree. A group is one batch, synced by `fdatasync` as the queue's log is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::store::{self, Reads, Writes};
use crate::{Run, TAKE};

pub fn run(folder: &Path, each: usize) -> Result<Run> {
    let database = Database::builder(folder.join("fjall")).open()?;
    let records = database.keyspace("records", KeyspaceCreateOptions::default)?;
    let read = Arc::new(AtomicU64::new(0));
    let writer = Writer {
        database,
        records: records.clone(),
        next: 0,
        removed: 0,
        read: Arc::clone(&read),
    };
    store::run(writer, Reader { records, read }, each)
}

struct Writer {
    database: Database,
    records: Keyspace,
    next: u64,
    removed: u64,
    read: Arc<AtomicU64>,
}

impl Writes for Writer {
    fn commit(&mut self, records: &[Vec<u8>]) -> Result<()> {
        let mut batch = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        for record in records {
            batch.insert(&self.records, self.next.to_be_bytes(), record.as_slice());
            self.next += 1;
        }
        let read = self.read.load(Ordering::SeqCst);
        for key in self.removed..read {
            batch.remove(&self.records, key.to_be_bytes());
        }
        self.removed = read;
        batch.commit()?;
        Ok(())
    }
}

struct Reader {
    records: Keyspace,
    read: Arc<AtomicU64>,
}

impl Reads for Reader {
    fn take(&mut self) -> Result<usize> {
        let from = self.read.load(Ordering::SeqCst);
        let mut taken = 0;
        for record in self.records.range(from.to_be_bytes()..).take(TAKE) {
            std::hint::black_box(record.value()?);
            taken += 1;
        }
        self.read.store(from + taken as u64, Ordering::SeqCst);
        Ok(taken)
    }
}
