//! The collector's queue on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use farol_collector::config::{MinFree, QueueSettings, QueueType};
use farol_collector::outcome::Ledgers;
use farol_collector::queue::{Queue, Reader, ReaderOptions};
use farol_collector::record::{Counts, Header, Record};

use crate::{Run, TAKE, WRITERS, record};

/// Room for all of a run, so that none is made on the way.
const MAX_BYTES: usize = 4 << 30;
/// Bytes that the reader takes at once: a destination's bound.
const TAKE_BYTES: usize = 2 << 20;

pub fn run(folder: &Path, each: usize) -> Result<Run> {
    let settings = QueueSettings {
        max_bytes: MAX_BYTES,
        commit_wait: Duration::ZERO,
        min_free: MinFree::Bytes(0),
        ..QueueSettings::new(QueueType::Disk)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let queue = Queue::on_disk(folder, settings)?;
        let ledgers = Ledgers::new();
        let reader = queue.reader(ReaderOptions::destination(ledgers.destination("bench")));
        queue.recover(&ledgers);
        let start = Instant::now();
        let reading = tokio::spawn(read(reader, each * WRITERS));
        let writing: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(queue.clone(), writer * each, each)))
            .collect();
        let mut waits = Vec::with_capacity(each * WRITERS);
        for writer in writing {
            waits.extend(writer.await??);
        }
        reading.await?;
        let took = start.elapsed();
        queue.stop();
        Ok(Run { took, waits })
    })
}

async fn write(queue: Queue, from: usize, each: usize) -> Result<Vec<Duration>> {
    let mut waits = Vec::with_capacity(each);
    for number in from..from + each {
        let record = Record {
            header: Header {
                counts: Counts {
                    logs: 1,
                    ..Counts::default()
                },
                ..Header::default()
            },
            body: Bytes::from(record(number)),
        };
        let start = Instant::now();
        queue
            .append(record)
            .await
            .map_err(|_| anyhow::anyhow!("the queue refused a record"))?;
        waits.push(start.elapsed());
    }
    Ok(waits)
}

async fn read(mut reader: Reader, all: usize) {
    let mut read = 0;
    while read < all {
        let entries = reader.next(TAKE as u64, TAKE_BYTES).await;
        read += entries.len();
        let positions: Vec<_> = entries.iter().map(|entry| entry.position).collect();
        reader.ack(&positions);
    }
}
