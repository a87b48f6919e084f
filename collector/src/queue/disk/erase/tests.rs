//! What is erased is gone for good and for all, and nothing else moves: on a queue at work, on a stopped one, and where the disk fails
//! or the power goes at any step.

use bytes::Bytes;

use super::super::super::{Reader, ReaderOptions, Start};
use super::super::tests::sim::{Lies, SimDisk};
use super::super::tests::{Bench, read, record, settings};
use super::super::{Clock, look};
use super::*;
use crate::config::QueueSettings;
use crate::record::Counts;

/// Even ones are a person's.
fn blank_even(record: &Record) -> Option<Record> {
    let theirs = record.header.generation.is_multiple_of(2) && record.header.counts.items() > 0;
    theirs.then(|| {
        let mut blank = record.clone();
        blank.header.counts = Counts::default();
        blank.body = Bytes::from(vec![b' '; record.body.len()]);
        blank
    })
}

fn small() -> QueueSettings {
    QueueSettings {
        retain_after_export: Duration::from_secs(1 << 20),
        ..settings(32 << 10)
    }
}

/// Every byte of the folder's files, one after the other.
fn bytes_in(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|it| std::fs::read(it.unwrap().path()).unwrap());
    files.collect::<Vec<_>>().concat()
}

/// A record with two items whose body is easily found.
fn taken(id: u32) -> Record {
    let mut record = record(id, 2, 0);
    record.body = Bytes::from(format!("<{id:05}>").repeat(20));
    record
}

fn holds(folder: &Path, id: u32) -> bool {
    memchr::memmem::find(&bytes_in(folder), format!("<{id:05}>").as_bytes()).is_some()
}

/// Forty records: `a` has acknowledged the first ten, and is handed five more; `b` has none.
fn lived(folder: &Path) -> (Bench, Reader, Reader) {
    let mut bench = Bench::with(folder, small());
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    for id in 0..40 {
        assert!(bench.append([taken(id)])[0].is_ok());
    }
    let got = bench.shared.lock().take(a.index(), 30, usize::MAX);
    let super::super::Taken::Entries(entries) = got else {
        panic!("it is in memory")
    };
    let done: Vec<_> = entries[..10].iter().map(|e| e.position).collect();
    bench.ledgers.destination("a").exported(20);
    a.ack(&done);
    bench.shared.keep();
    (bench, a, b)
}

#[test]
fn a_queue_at_work_hands_out_the_rest_and_its_books_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (mut bench, a, b) = lived(folder.path());
    let before = bench.shared.lock().segments.clone();
    assert!(before.len() > 1);
    let erased = bench.shared.erase(&blank_even, &|| false).unwrap();
    assert_eq!((erased.records, erased.items), (20, 40));
    assert_eq!(
        erased.readers,
        [("a".to_owned(), 30, 10), ("b".to_owned(), 40, 0)]
    );
    for id in 0..40 {
        assert_eq!(holds(folder.path(), id), id % 2 == 1, "{id}");
    }
    let after = bench.shared.lock().segments.clone();
    let places = |all: &std::collections::VecDeque<super::super::state::Segment>| -> Vec<_> {
        all.iter().map(|s| (s.base, s.end, s.records)).collect()
    };
    assert_eq!(places(&before), places(&after));
    for (reader, name, pending) in [(&a, "a", 30), (&b, "b", 40)] {
        let books = bench.ledgers.destination(name).snapshot();
        assert_eq!(books.dropped[&DropReason::Erased], pending, "{name}");
        assert_eq!(
            (books.pending(), reader.pending().items),
            (pending, pending)
        );
    }
    // More comes, in a segment of its own, and is not touched by what was asked before it.
    assert!(bench.append([taken(40)])[0].is_ok());
    let again = bench.reader("a");
    let got = read(&bench, &again);
    assert_eq!(
        got.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
        (10..41).collect::<Vec<_>>()
    );
    for (at, id) in &got {
        again.ack(&[*at]);
        let items = if *id % 2 == 1 || *id == 40 { 2 } else { 0 };
        bench.ledgers.destination("a").exported(items);
    }
    assert_eq!(bench.ledgers.destination("a").snapshot().pending(), 0);
    assert_eq!(again.pending(), super::super::super::Lag::default());
    assert!(!look::verify(folder.path()).unwrap().is_damaged());
}

#[test]
fn at_a_stop_the_segment_in_hands_is_ended_and_the_next_erasure_finds_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, _a, _b) = lived(folder.path());
    let segments = bench.shared.lock().segments.len() as u64;
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) == 1;
    let first = bench.shared.erase(&blank_even, &stop).unwrap();
    assert_eq!(first.left, segments - 1);
    assert!(first.records > 0 && first.records < 20);
    let rest = bench.shared.erase(&blank_even, &|| false).unwrap();
    assert_eq!((first.records + rest.records, rest.left), (20, 0));
    assert!((0..40).all(|id| holds(folder.path(), id) == (id % 2 == 1)));
}

#[test]
fn what_was_being_read_from_the_disk_meanwhile_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, _a, _b) = lived(folder.path());
    bench.shared.lock().clear_tail();
    let late = bench.reader_with(ReaderOptions::new("late", Start::Oldest));
    let taken = bench.shared.lock().take(late.index(), 100, usize::MAX);
    let super::super::Taken::Fetch(fetch) = taken else {
        panic!("it starts on the disk")
    };
    let chunk = bench.shared.fetch(&fetch);
    bench.shared.erase(&blank_even, &|| false).unwrap();
    assert!(bench.shared.fetched(late.index(), chunk).is_empty());
    assert_eq!(read(&bench, &late).len(), 40);
}

#[test]
fn a_stopped_queue_starts_with_the_rest() {
    let data_dir = tempfile::tempdir().unwrap();
    let data = DataFolder::open(data_dir.path()).unwrap();
    let folder = &data.queue();
    let (bench, a, b) = lived(folder);
    bench.stop();
    std::mem::forget((a, b));
    std::fs::write(folder.join("x.segment.damaged"), "<00000>").unwrap();
    let erased = erase(&data, &blank_even).unwrap();
    assert_eq!((erased.records, erased.items, erased.aside), (20, 40, 1));
    assert_eq!(
        erased.readers,
        [("a".to_owned(), 30, 10), ("b".to_owned(), 40, 0)]
    );
    assert!((0..40).all(|id| holds(folder, id) == (id % 2 == 1)));
    assert!(!look::verify(folder).unwrap().is_damaged());
    assert_eq!(erase(&data, &blank_even).unwrap().records, 0);

    let bench = Bench::with(folder, small());
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    assert_eq!(bench.recover().damaged, 0);
    let books = |name| bench.ledgers.destination(name).snapshot().recovered;
    assert_eq!((books("a"), books("b")), (30, 40));
    assert_eq!((read(&bench, &a).len(), read(&bench, &b).len()), (30, 40));
}

#[test]
fn damaged_bytes_are_cleared_and_stay_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, a, b) = lived(folder.path());
    bench.stop();
    std::mem::forget((a, b));
    let path = folder.path().join(segment::name(0));
    let mut bytes = std::fs::read(&path).unwrap();
    let at = memchr::memmem::find(&bytes, b"<00003>").unwrap();
    bytes[at] = b'?';
    std::fs::write(&path, bytes).unwrap();
    let bench = Bench::with(folder.path(), small());
    let (_a, b) = (bench.reader("a"), bench.reader("b"));
    assert_eq!(bench.recover().damaged, 1);
    let erased = bench.shared.erase(&|_| None, &|| false).unwrap();
    assert_eq!((erased.records, erased.items), (0, 0));
    assert_eq!(erased.cleared, taken(3).encoded_len() as u64);
    assert!(!holds(folder.path(), 3) && holds(folder.path(), 2));
    assert_eq!(read(&bench, &b).len(), 39);
    assert_eq!(
        bench.ledgers.destination("b").snapshot().dropped_total(),
        0,
        "known at start"
    );
}

/// At each step of an erasure the disk fails, or the power goes: the queue then holds the one or the other of each record, and is whole.
#[test]
fn a_crash_at_any_step_leaves_each_record_as_it_was_or_erased() {
    let clock = Clock {
        now: || 1_700_000_000_000_000_000,
        pause: |_| {},
    };
    let mut half_way = 0;
    for seed in 0..40 {
        for step in 0.. {
            let disk = SimDisk::new(seed, Lies::None);
            let open = || {
                let disk = std::sync::Arc::new(disk.clone());
                let bench = Bench::open(disk, Path::new("/queue"), small(), clock).unwrap();
                let reader = bench.reader_with(ReaderOptions {
                    start: Start::Oldest,
                    ..ReaderOptions::destination(bench.ledgers.destination("a"))
                });
                let found = bench.recover();
                (bench, reader, found)
            };
            let (mut bench, reader, _) = open();
            for id in 0..24 {
                assert!(bench.append([taken(id)])[0].is_ok());
            }
            bench.shared.keep();
            disk.fail_at(step, rustix::io::Errno::IO);
            let done = bench.shared.erase(&blank_even, &|| false);
            let came = disk.failed();
            std::mem::forget(reader);
            drop(bench);
            match seed % 2 {
                0 => disk.crash(),
                _ => disk.kill(),
            }
            let (bench, reader, found) = open();
            assert_eq!(found.damaged, 0, "seed {seed}, step {step}");
            let taken = super::super::tests::read_records(&bench, &reader);
            assert_eq!(taken.len(), 24, "seed {seed}, step {step}");
            let left = taken.iter().filter(|r| blank_even(r).is_some()).count();
            for record in &taken {
                let id = record.header.generation;
                let whole = record.body == self::taken(id).body;
                let blank = record.body.iter().all(|byte| *byte == b' ');
                assert!(whole || (blank && id % 2 == 0), "{id}: {record:?}");
            }
            if done.is_ok() {
                assert_eq!(left, 0, "seed {seed}, step {step}");
            }
            half_way += u32::from(left > 0 && left < 12);
            if !came {
                break;
            }
        }
    }
    assert!(half_way > 0, "it was met between two segments too");
}
