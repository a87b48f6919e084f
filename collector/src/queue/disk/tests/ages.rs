//! What comes with time: what expires, what everybody has, and how old what waits is said to be.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::*;

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_700_000_000 * SECOND;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(START) };
}

const CLOCK: Clock = Clock {
    now: || NOW.get(),
    pause: |_| {},
};

fn seconds() -> u64 {
    (NOW.get() - START) / SECOND
}

fn open(folder: &Path, settings: QueueSettings) -> Bench {
    Bench::open(Arc::new(RealDisk), folder, settings, CLOCK).unwrap()
}

impl Bench {
    /// One that comes now; its id is the second.
    fn one_comes(&mut self) {
        let mut one = record(seconds() as u32, 1, 100);
        one.header.received_ns = NOW.get();
        assert!(self.append([one])[0].is_ok());
    }

    fn waits(&self, seconds: u64) {
        NOW.set(NOW.get() + seconds * SECOND);
        self.shared.keep();
    }

    /// In seconds since the test began.
    fn oldest_of(&self, name: &str) -> Option<u64> {
        let mut oldest = self.queue.oldest().into_iter();
        let found = oldest.find(|it| it.0 == name)?.1;
        Some((found - START) / SECOND)
    }
}

#[test]
fn what_expires_goes_in_time_however_little_comes() {
    let folder = tempfile::tempdir().unwrap();
    let aged = QueueSettings {
        max_age: Some(Duration::from_secs(60)),
        ..settings(1 << 20)
    };
    let mut bench = open(folder.path(), aged);
    let (dead, living) = (bench.reader("dead"), bench.reader("living"));
    bench.recover();
    for _ in 0..30 {
        bench.one_comes();
        living.ack(&all_of(&bench, &living));
        bench.waits(10);
        let oldest = bench.oldest_of("dead").unwrap();
        assert!(seconds() - oldest <= 60 + 20, "{oldest} at {}", seconds());
        assert!(bench.segments() <= 9);
    }
    let books = bench.ledgers.destination("dead").snapshot();
    assert_eq!(
        books.dropped[&DropReason::Expired],
        30 - dead.pending().records
    );
    assert!(dead.pending().records >= 6, "nothing goes early");
    (0..8).for_each(|_| bench.waits(10));
    assert_eq!((bench.segments(), dead.pending().records), (0, 0));
    assert_eq!(bench.shared.longest_wait(), None);
}

#[test]
fn what_everybody_has_goes_in_time_however_little_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = open(folder.path(), settings(1 << 20));
    let a = bench.reader("a");
    bench.recover();
    assert_eq!(bench.shared.longest_wait(), None);
    bench.one_comes();
    a.ack(&all_of(&bench, &a));
    bench.waits(59);
    assert_eq!(bench.segments(), 1);
    assert!(bench.shared.longest_wait().is_some());
    bench.waits(1);
    assert_eq!(bench.segments(), 0);
    assert_eq!(bench.shared.longest_wait(), None);
    // There is always one that is not done with.
    let mut files = BTreeSet::new();
    let mut held = Vec::new();
    for _ in 0..600 {
        bench.one_comes();
        files.extend(bench.shared.lock().active);
        a.ack(&std::mem::replace(&mut held, all_of(&bench, &a)));
        bench.waits(1);
        assert!(bench.segments() <= 2);
    }
    assert!((9..=11).contains(&files.len()), "{}", files.len());
}

#[test]
fn while_somebody_is_away_files_are_not_made_small() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = open(folder.path(), settings(1 << 20));
    let (_dead, living) = (bench.reader("dead"), bench.reader("living"));
    bench.recover();
    for _ in 0..100 {
        bench.one_comes();
        living.ack(&all_of(&bench, &living));
        bench.waits(60);
    }
    assert_eq!(bench.segments(), 1);
}

#[test]
fn what_is_retained_is_in_few_files() {
    let folder = tempfile::tempdir().unwrap();
    let retained = QueueSettings {
        retain_after_export: Duration::from_secs(64 * 600),
        ..settings(1 << 20)
    };
    let mut bench = open(folder.path(), retained);
    let a = bench.reader("a");
    bench.recover();
    for _ in 0..100 {
        bench.one_comes();
        a.ack(&all_of(&bench, &a));
        bench.waits(60);
    }
    assert!((9..=11).contains(&bench.segments()), "{}", bench.segments());
    bench.waits(64 * 600);
    assert!(bench.segments() <= 1, "what was ended just now");
    bench.waits(64 * 600);
    assert_eq!(bench.segments(), 0);
}

#[test]
fn a_clock_that_is_set_back_keeps_no_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = open(folder.path(), settings(1 << 20));
    let a = bench.reader("a");
    bench.recover();
    bench.one_comes();
    a.ack(&all_of(&bench, &a));
    NOW.set(START - 3_600 * SECOND);
    bench.shared.keep();
    assert_eq!(bench.segments(), 0);
}

#[test]
fn the_oldest_that_waits_is_the_record_and_not_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = open(folder.path(), settings(1 << 20));
    let (a, _b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    for _ in 0..10 {
        bench.one_comes();
        bench.waits(30);
    }
    let all = all_of(&bench, &a);
    a.ack(&all[..7]);
    // In its hands, and not in memory.
    bench.shared.lock().clear_tail();
    assert_eq!(bench.segments(), 1);
    assert_eq!(bench.oldest_of("a"), Some(210));
    assert_eq!(bench.oldest_of("b"), Some(0));
    drop(a);
    bench.stop();
    let bench = open(folder.path(), settings(1 << 20));
    let _readers = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    assert_eq!(bench.oldest_of("a"), Some(210));
    assert_eq!(bench.oldest_of("b"), Some(0));
}
