//! Those who are behind read together.

use std::sync::atomic::Ordering::Relaxed;

use super::super::tests::{Bench, record, settings};
use super::super::{Shared, Taken};
use super::*;
use crate::convert::Dialect;
use crate::queue::Reader;

const LENGTH: usize = 64 << 10;
const RECORDS: u32 = 160;

/// A queue of 10 MiB that nothing of is in memory, and so many readers at its beginning.
fn lagging(folder: &std::path::Path, names: &[&str]) -> (Bench, Vec<Reader>) {
    let mut bench = Bench::with(folder, settings(64 << 20));
    let readers = names.iter().map(|name| bench.reader(name)).collect();
    bench.recover();
    for id in 0..RECORDS {
        assert!(bench.append([record(id, 1, LENGTH)])[0].is_ok());
    }
    bench.shared.lock().clear_tail();
    (bench, readers)
}

/// One step of a reader that takes at most so many records, converts them and is done with them.
fn step(shared: &Shared, reader: &Reader, most: u64) -> usize {
    let taken = shared.lock().take(reader.index(), most, usize::MAX);
    let entries = match taken {
        Taken::Entries(entries) => entries,
        Taken::Wait | Taken::Closed => Vec::new(),
        Taken::Fetch(fetch) => {
            let chunk = shared.fetch(&fetch);
            shared.fetched(reader.index(), chunk)
        }
    };
    for entry in &entries {
        entry.otlp(Dialect::Semconv);
        entry.done();
        entry.through();
    }
    let positions: Vec<Position> = entries.iter().map(|it| it.position).collect();
    shared.ack(reader.index(), &positions, true);
    entries.len()
}

fn converted(bench: &Bench) -> u64 {
    bench.queue.conversions().shared[Dialect::Semconv as usize].load(Relaxed)
}

#[test]
fn what_one_has_read_others_get_as_it_is_and_nothing_is_converted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, readers) = lagging(folder.path(), &["a", "b", "c"]);
    let mut read = vec![0; readers.len()];
    // By turns, each with steps of its own; who is far ahead has a rest.
    while read.iter().any(|n| *n < RECORDS as usize) {
        let last = *read.iter().min().unwrap();
        for (i, reader) in readers.iter().enumerate() {
            if read[i] - last < 20 {
                read[i] += step(&bench.shared, reader, 3 + i as u64);
            }
            let kept = bench.shared.lock().behind.bytes();
            assert!(kept <= MOST_BYTES, "{kept}");
        }
    }
    assert_eq!(converted(&bench), u64::from(RECORDS));
    assert_eq!(bench.shared.lock().behind.bytes(), 0, "nobody wants it");
}

#[test]
fn one_that_is_far_behind_keeps_nothing_in_memory_and_reads_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, readers) = lagging(folder.path(), &["goes on", "stands"]);
    let mut kept = 0;
    for reader in &readers {
        let mut read = 0;
        while read < RECORDS as usize {
            read += step(&bench.shared, reader, 4);
            kept = kept.max(bench.shared.lock().behind.bytes());
        }
    }
    // As far as the other may be, and the last step.
    assert!(kept > 0 && kept <= SPREAD as usize + 5 * LENGTH, "{kept}");
    assert_eq!(bench.shared.lock().behind.bytes(), 0);
    assert!(converted(&bench) > u64::from(RECORDS));
}

#[test]
fn what_was_erased_meanwhile_is_not_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, readers) = lagging(folder.path(), &["a", "b"]);
    step(&bench.shared, &readers[0], 8);
    assert!(bench.shared.lock().behind.bytes() > 0);
    bench.shared.lock().clear_tail();
    assert_eq!(bench.shared.lock().behind.bytes(), 0);
}

#[test]
fn one_leads_where_another_comes_to_what_nobody_has_converted() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, readers) = lagging(folder.path(), &["a", "b"]);
    let leads = |i: usize| bench.shared.lock().leads(readers[i].index());
    assert!(!leads(0) && !leads(1), "they are at one place");
    step(&bench.shared, &readers[0], 8);
    assert!(leads(0) && !leads(1));
    // What it has converted the other takes as it is.
    step(&bench.shared, &readers[1], 4);
    assert!(leads(0) && !leads(1));
    // Nor does who asks for nothing hold anybody up.
    bench.shared.lock().rest(readers[1].index());
    assert!(!leads(0));
    step(&bench.shared, &readers[1], 1);
    assert!(leads(0));
    // One that is far behind holds nobody up.
    while bench.shared.lock().readers[readers[0].index()].cursor <= 2 * SPREAD {
        step(&bench.shared, &readers[0], 8);
    }
    assert!(!leads(0));
}

#[test]
fn what_memory_still_has_is_not_kept_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (mut bench, readers) = lagging(folder.path(), &["a", "b"]);
    // From here on there is one that keeps up, and what comes is in memory for it.
    let keeps_up = bench.reader("keeps up");
    let end = bench.shared.lock().end;
    for id in 0..8 {
        assert!(bench.append([record(1_000 + id, 1, LENGTH)])[0].is_ok());
    }
    while readers
        .iter()
        .any(|it| bench.shared.lock().readers[it.index()].cursor < end)
    {
        for reader in &readers {
            step(&bench.shared, reader, 16);
        }
    }
    assert_eq!(bench.shared.lock().behind.bytes(), 0);
    assert_eq!(step(&bench.shared, &keeps_up, 100), 8);
    for reader in &readers {
        step(&bench.shared, reader, 100);
    }
    assert_eq!(converted(&bench), u64::from(RECORDS) + 8);
}
