//! What comes again after a replay, for whom, and how the books count it.

use super::super::super::{Reader, ReaderOptions, Start};
use super::super::tests::{Bench, ids, read, record, settings};
use super::*;
use crate::config::QueueSettings;
use crate::record::Record;

fn second(n: u64) -> u64 {
    n * 1_000_000_000
}

fn taken(id: u32) -> Record {
    let mut record = record(id, 2, 100);
    record.header.received_ns = second(u64::from(id));
    record
}

/// What is retained, in segments of a few records each.
fn retaining() -> QueueSettings {
    QueueSettings {
        retain_after_export: std::time::Duration::from_secs(1 << 20),
        ..settings(32 << 10)
    }
}

fn open(data: &DataFolder) -> (Bench, Reader, Reader) {
    let bench = Bench::with(&data.queue(), retaining());
    let readers = (bench.reader("a"), bench.reader("b"));
    bench.reader_with(ReaderOptions::new(READER, Start::Tail));
    bench.recover();
    (bench, readers.0, readers.1)
}

/// Thirty records: `a` is through with all but 20 and 28, `b` has none.
fn lived(data: &DataFolder) {
    let (mut bench, a, b) = open(data);
    for id in 0..30 {
        assert!(bench.append([taken(id)])[0].is_ok());
    }
    let got = read(&bench, &a);
    let done = got.iter().filter(|(_, id)| ![20, 28].contains(id));
    a.ack(&done.map(|(at, _)| *at).collect::<Vec<_>>());
    end(bench, (a, b));
}

fn end(bench: Bench, readers: (Reader, Reader)) {
    bench.stop();
    drop(readers);
}

#[test]
fn one_destination_gets_again_what_it_had_from_then_on_and_the_books_call_it_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    lived(&data);
    let replayed = replay(&data, "a", second(12) - 1).unwrap();
    assert_eq!((replayed.records, replayed.items), (16, 32));

    let (bench, a, b) = open(&data);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(
        (books.recovered, books.replayed, books.pending()),
        (4, 32, 36)
    );
    let others = bench.ledgers.destination("b").snapshot();
    assert_eq!((others.recovered, others.replayed), (60, 0));
    let got = read(&bench, &a);
    assert_eq!(ids(&got), (12..30).collect::<Vec<_>>());
    assert_eq!(ids(&read(&bench, &b)), (0..30).collect::<Vec<_>>());
    a.ack(&got[..10].iter().map(|(at, _)| *at).collect::<Vec<_>>());
    end(bench, (a, b));

    let (bench, a, b) = open(&data);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!((books.recovered, books.replayed), (16, 0), "told once");
    assert_eq!(ids(&read(&bench, &a)), (22..30).collect::<Vec<_>>());
    end(bench, (a, b));
}

#[test]
fn asked_for_twice_it_goes_back_to_the_earlier_and_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    lived(&data);
    replay(&data, "a", second(25)).unwrap();
    let more = replay(&data, "a", second(10)).unwrap();
    assert_eq!(more.records, 14, "those before the first time's");
    let again = replay(&data, "a", second(26)).unwrap_err().to_string();
    assert!(again.contains("gets all of it"), "never forward: {again}");
    let (bench, a, b) = open(&data);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!((books.recovered, books.replayed), (4, 36));
    assert_eq!(ids(&read(&bench, &a)), (10..30).collect::<Vec<_>>());
    end(bench, (a, b));
}

#[test]
fn a_crash_after_the_replay_and_before_the_start_or_during_it_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    lived(&data);
    replay(&data, "a", 0).unwrap();
    // Opened, and killed before the readers had their places.
    drop(Bench::with(&data.queue(), retaining()));
    let (bench, a, b) = open(&data);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!((books.recovered, books.replayed), (4, 56));
    assert_eq!(read(&bench, &a).len(), 30);
    end(bench, (a, b));
}

#[test]
fn what_cannot_be_replayed_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    assert!(replay(&data, "a", 0).is_err(), "there is no queue");
    lived(&data);
    let cursors = |name: &str| std::fs::read(data.queue().join(name)).unwrap();
    let before = (cursors("cursors-a"), cursors("cursors-b"));
    for (name, from_ns, expected) in [
        ("c", 0, "there are: a, b"),
        (READER, 0, "is the collector itself"),
        ("a", second(100), "nothing is kept"),
        ("b", 0, "gets all of it without a replay"),
    ] {
        let error = replay(&data, name, from_ns).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    assert_eq!((cursors("cursors-a"), cursors("cursors-b")), before);
    for name in ["cursors-a", "cursors-b"] {
        std::fs::write(data.queue().join(name), b"FAROL").unwrap();
    }
    let error = replay(&data, "a", 0).unwrap_err().to_string();
    assert!(error.contains("delivers all"), "{error}");
}
