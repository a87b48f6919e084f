//! What the queue's own log does by itself, put around a store: writers who wait, one thread that commits what has come meanwhile as one
//! transaction, and one that reads in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{Run, WRITERS, record, timed};

/// How long a reader that found nothing rests. The log wakes its readers; a store has to be asked.
const REST: Duration = Duration::from_millis(2);

/// A record, and where its writer waits.
type Waiting = (Vec<u8>, SyncSender<()>);

/// One thread's side of a store.
pub trait Writes: Send {
    /// Writes and syncs the records in this order; removes what was read.
    fn commit(&mut self, records: &[Vec<u8>]) -> Result<()>;
}

/// The other's.
pub trait Reads: Send {
    /// Reads on from where it was, at most [`crate::TAKE`] records, and gives them up; how many there were.
    fn take(&mut self) -> Result<usize>;
}

pub fn run(mut writes: impl Writes, mut reads: impl Reads, each: usize) -> Result<Run> {
    let written = AtomicBool::new(false);
    let start = Instant::now();
    let (waits, read) = thread::scope(|scope| {
        let (records, incoming) = mpsc::channel::<Waiting>();
        let committing = scope.spawn(move || commit(&incoming, &mut writes));
        let reading = scope.spawn(|| -> Result<usize> {
            let mut read = 0;
            loop {
                let last = written.load(Ordering::SeqCst);
                match reads.take()? {
                    0 if last => return Ok(read),
                    0 => thread::sleep(REST),
                    some => read += some,
                }
            }
        });
        let writing: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let records = records.clone();
                scope.spawn(move || write(&records, writer * each, each))
            })
            .collect();
        drop(records);
        let waits: Vec<_> = writing
            .into_iter()
            .map(|it| it.join().expect("a writer does not panic"))
            .collect();
        let committed = committing.join().expect("commit does not panic");
        written.store(true, Ordering::SeqCst);
        let read = reading.join().expect("reading does not panic");
        anyhow::Ok((waits, committed.and(read)?))
    })?;
    let waits: Vec<Duration> = waits.into_iter().collect::<Result<Vec<_>>>()?.concat();
    ensure!(
        read == each * WRITERS,
        "{read} of {} records were read",
        each * WRITERS
    );
    Ok(Run {
        took: start.elapsed(),
        waits,
    })
}

fn write(records: &mpsc::Sender<Waiting>, from: usize, each: usize) -> Result<Vec<Duration>> {
    let mut waits = Vec::with_capacity(each);
    for number in from..from + each {
        let record = record(number);
        timed(&mut waits, || {
            let (synced, done) = mpsc::sync_channel(1);
            records
                .send((record, synced))
                .ok()
                .context("nobody commits")?;
            done.recv().context("not committed")
        })?;
    }
    Ok(waits)
}

fn commit(incoming: &Receiver<Waiting>, writes: &mut impl Writes) -> Result<()> {
    while let Ok(first) = incoming.recv() {
        let (records, waiting): (Vec<_>, Vec<_>) =
            std::iter::once(first).chain(incoming.try_iter()).unzip();
        writes.commit(&records)?;
        for writer in waiting {
            // One that is gone has failed elsewhere, and says so.
            let _ = writer.send(());
        }
    }
    Ok(())
}
