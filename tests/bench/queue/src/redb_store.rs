//! redb: a copy-on-write B-tree. A group is one transaction.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use redb::{Database, ReadableDatabase as _, TableDefinition};

use crate::store::{self, Reads, Writes};
use crate::{Run, TAKE};

const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

pub fn run(folder: &Path, each: usize) -> Result<Run> {
    let database = Arc::new(Database::create(folder.join("redb"))?);
    let begin = database.begin_write()?;
    begin.open_table(RECORDS)?;
    begin.commit()?;
    let read = Arc::new(AtomicU64::new(0));
    let writer = Writer {
        database: Arc::clone(&database),
        next: 0,
        removed: 0,
        read: Arc::clone(&read),
    };
    store::run(writer, Reader { database, read }, each)
}

struct Writer {
    database: Arc<Database>,
    next: u64,
    removed: u64,
    read: Arc<AtomicU64>,
}

impl Writes for Writer {
    fn commit(&mut self, records: &[Vec<u8>]) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(RECORDS)?;
            for record in records {
                table.insert(self.next, record.as_slice())?;
                self.next += 1;
            }
            let read = self.read.load(Ordering::SeqCst);
            table.retain_in(self.removed..read, |_, _| false)?;
            self.removed = read;
        }
        transaction.commit()?;
        Ok(())
    }
}

struct Reader {
    database: Arc<Database>,
    read: Arc<AtomicU64>,
}

impl Reads for Reader {
    fn take(&mut self) -> Result<usize> {
        let from = self.read.load(Ordering::SeqCst);
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut taken = 0;
        for record in table.range(from..)?.take(TAKE) {
            std::hint::black_box(record?.1.value());
            taken += 1;
        }
        self.read.store(from + taken as u64, Ordering::SeqCst);
        Ok(taken)
    }
}
