//! What the queue on disk promises, on a real disk and without its threads: a test says when a group is committed.

use std::path::Path;

use bytes::Bytes;

use super::super::{Entry, Queue, Reader, ReaderOptions, Start, Store, spill};
use super::io::RealDisk;
use super::*;
use crate::config::{MinFree, QueueType};
use crate::outcome::{DropReason, Ledgers};
use crate::record::{Counts, Header};

pub(super) fn record(id: u32, items: u32, length: usize) -> Record {
    Record {
        header: Header {
            counts: Counts {
                logs: items,
                ..Counts::default()
            },
            generation: id,
            received_ns: u64::from(id),
            ..Header::default()
        },
        body: Bytes::from(vec![b'x'; length]),
    }
}

pub(super) fn settings(max_bytes: usize) -> QueueSettings {
    QueueSettings {
        max_bytes,
        commit_wait: Duration::ZERO,
        min_free: MinFree::Bytes(0),
        ..QueueSettings::new(QueueType::Disk)
    }
}

/// A queue whose groups are committed when a test says so.
pub(super) struct Bench {
    pub(super) queue: Queue,
    pub(super) shared: Arc<Shared>,
    pub(super) writer: Writer,
    pub(super) ledgers: Ledgers,
}

impl Bench {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: QueueSettings,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let opened = DiskQueue::open(disk, folder, settings, clock)?;
        let shared = opened.shared().clone();
        Ok(Self {
            writer: Writer::new(shared.clone()),
            queue: Queue(Store::Disk(Arc::new(opened))),
            ledgers: Ledgers::new(),
            shared,
        })
    }

    pub(super) fn real(folder: &Path) -> Self {
        Self::with(folder, settings(1 << 20))
    }

    pub(super) fn with(folder: &Path, settings: QueueSettings) -> Self {
        Self::open(Arc::new(RealDisk), folder, settings, Clock::SYSTEM).unwrap()
    }

    pub(super) fn reader(&self, name: &str) -> Reader {
        self.reader_with(ReaderOptions::destination(self.ledgers.destination(name)))
    }

    pub(super) fn reader_with(&self, options: ReaderOptions) -> Reader {
        self.queue.reader(options)
    }

    pub(super) fn recover(&self) -> Recovery {
        self.queue.recover(&self.ledgers)
    }

    /// Puts a group down and commits it.
    pub(super) fn append(
        &mut self,
        records: impl IntoIterator<Item = Record>,
    ) -> Vec<Result<Position, Refused>> {
        let told: Vec<_> = records
            .into_iter()
            .map(|record| {
                let (tell, told) = oneshot::channel();
                let claim = Claim::new(&self.shared, record.encoded_len() as u64);
                let put = self.shared.put(record, None, tell);
                if put.is_ok() {
                    claim.hand_on();
                }
                (put, told)
            })
            .collect();
        self.writer.commit();
        told.into_iter()
            .map(|(put, mut told)| put.and_then(|()| told.try_recv().unwrap()))
            .collect()
    }

    pub(super) fn append_ids(&mut self, ids: std::ops::Range<u32>) {
        for id in ids {
            assert!(self.append([record(id, 1, 100)])[0].is_ok());
        }
    }

    pub(super) fn stop(self) {
        self.shared.groups.close();
        self.shared.finish();
    }

    fn pending(&self, name: &str) -> u64 {
        self.ledgers.destination(name).snapshot().pending()
    }

    fn segments(&self) -> usize {
        self.shared.lock().segments.len()
    }
}

/// Reads all that there is at the moment: positions and ids. Nothing waits.
pub(super) fn read(bench: &Bench, reader: &Reader) -> Vec<(Position, u32)> {
    let mut all = Vec::new();
    loop {
        let entries = take(&bench.shared, reader.index(), u64::MAX);
        if entries.is_empty() {
            return all;
        }
        let ids = entries.iter();
        all.extend(ids.map(|e| (e.position, e.record.header.generation)));
    }
}

/// The same, as records.
pub(super) fn read_records(bench: &Bench, reader: &Reader) -> Vec<Record> {
    let mut all = Vec::new();
    loop {
        let entries = take(&bench.shared, reader.index(), u64::MAX);
        if entries.is_empty() {
            return all;
        }
        all.extend(entries.iter().map(|e| e.record.clone()));
    }
}

/// The next entries, if there are any.
fn take(shared: &Shared, index: usize, most: u64) -> Vec<Arc<Entry>> {
    loop {
        let taken = shared.lock().take(index, most, usize::MAX);
        match taken {
            Taken::Entries(entries) => return entries,
            Taken::Wait | Taken::Closed => return Vec::new(),
            Taken::Fetch(fetch) => {
                let chunk = shared.fetch(&fetch);
                let entries = shared.fetched(index, chunk);
                if !entries.is_empty() {
                    return entries;
                }
            }
        }
    }
}

pub(super) fn ids(read: &[(Position, u32)]) -> Vec<u32> {
    read.iter().map(|(_, id)| *id).collect()
}

pub(super) fn only_segment(folder: &Path) -> PathBuf {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == segment::ENDING))
        .collect();
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

#[test]
fn what_is_acknowledged_comes_again_after_a_crash_and_only_for_those_who_had_not_acknowledged_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..6);
    let read_a = read(&bench, &a);
    let read_b = read(&bench, &b);
    assert_eq!(ids(&read_a), [0, 1, 2, 3, 4, 5]);
    a.ack(&[read_a[0].0, read_a[1].0, read_a[3].0]);
    b.ack(&[5, 4, 3, 2, 1, 0].map(|n: usize| read_b[n].0));
    bench.shared.keep();
    drop((a, b, bench));

    let bench = Bench::real(folder.path());
    let (b, a, new) = (bench.reader("b"), bench.reader("a"), bench.reader("new"));
    let recovery = bench.recover();
    assert_eq!((recovery.records, recovery.damaged), (3, 0));
    assert_eq!(ids(&read(&bench, &a)), [2, 4, 5]);
    assert!(read(&bench, &b).is_empty());
    assert!(
        read(&bench, &new).is_empty(),
        "a new one starts at the tail"
    );
    assert_eq!(bench.ledgers.destination("a").snapshot().recovered, 3);
    assert_eq!((bench.pending("a"), bench.pending("b")), (3, 0));
}

#[test]
fn a_reader_that_came_just_before_a_crash_is_known_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..2);
    let _late = bench.reader("late");
    bench.append_ids(2..3);
    drop(bench);
    let bench = Bench::real(folder.path());
    let (a, late) = (bench.reader("a"), bench.reader("late"));
    bench.recover();
    assert_eq!(ids(&read(&bench, &a)), [0, 1, 2]);
    assert_eq!(ids(&read(&bench, &late)), [2]);
}

#[test]
fn without_cursors_everybody_gets_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..3);
    let got = read(&bench, &a);
    a.ack(&[got[0].0]);
    bench.shared.keep();
    drop((a, bench));
    for name in ["cursors-a", "cursors-b"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let bench = Bench::real(folder.path());
    let a = bench.reader("a");
    bench.recover();
    assert_eq!(ids(&read(&bench, &a)), [0, 1, 2]);
}

#[test]
fn what_a_destination_wanted_that_is_gone_is_counted_as_its_loss() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let (_a, _b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..3);
    bench.stop();
    let bench = Bench::real(folder.path());
    let _b = bench.reader("b");
    bench.recover();
    let gone = bench.ledgers.destination("a").snapshot();
    assert_eq!(
        (gone.recovered, gone.dropped_total(), gone.pending()),
        (3, 3, 0)
    );
    assert_eq!(bench.pending("b"), 3);
}

#[test]
fn a_torn_end_is_no_damage_where_nobody_was_told_that_it_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..2);
    drop(bench);
    let path = only_segment(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let mut torn = Vec::new();
    record(2, 1, 100).encode(&mut torn);
    bytes.extend_from_slice(&torn[..torn.len() - 1]);
    std::fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        let mut bench = Bench::real(folder.path());
        let a = bench.reader("a");
        assert_eq!(bench.recover().damaged, 0);
        assert_eq!(ids(&read(&bench, &a))[..2], [0, 1]);
        bench.append_ids(7..8);
        assert_eq!(
            ids(&read(&bench, &a)),
            [7],
            "what comes next stands behind it"
        );
    }
    let bench = Bench::real(folder.path());
    let a = bench.reader("a");
    assert_eq!(bench.recover().damaged, 0);
    assert_eq!(ids(&read(&bench, &a)), [0, 1, 7, 7]);
}

#[test]
fn damage_costs_what_is_damaged_is_counted_and_the_file_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..4);
    bench.stop();
    let path = only_segment(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[segment::HEAD + 300] ^= 1;
    let last = bytes.len() - 5;
    std::fs::write(&path, &bytes[..last]).unwrap();

    let bench = Bench::real(folder.path());
    let a = bench.reader("a");
    let recovery = bench.recover();
    assert_eq!((recovery.records, recovery.damaged), (2, 1));
    let got = read(&bench, &a);
    assert_eq!(ids(&got), [0, 2]);
    a.ack(&[got[0].0, got[1].0]);
    assert_eq!(bench.shared.figures.gaps.load(Relaxed), 2);
    bench.stop();
    assert!(!path.exists());
    let aside = format!("{}.damaged", path.display());
    assert!(Path::new(&aside).exists());
}

#[test]
fn damage_that_shows_when_it_is_read_is_counted_as_a_drop() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let _a = bench.reader("a");
    bench.recover();
    for id in 0..4 {
        bench.append([record(id, id + 1, 100)])[0].unwrap();
    }
    bench.stop();
    let bench = Bench::real(folder.path());
    let a = bench.reader("a");
    bench.recover();
    let path = only_segment(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[segment::HEAD + 300] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let got = read(&bench, &a);
    assert_eq!(ids(&got), [0, 2, 3]);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(
        (books.recovered, books.dropped[&DropReason::Damaged]),
        (10, 2)
    );
    let positions: Vec<_> = got.iter().map(|(at, _)| *at).collect();
    bench.ledgers.destination("a").exported(8);
    a.ack(&positions);
    assert_eq!(
        (a.pending(), bench.pending("a")),
        (super::super::Lag::default(), 0)
    );
}

#[test]
fn what_one_has_in_hands_of_what_another_finds_damaged_has_one_fate() {
    for delivered in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Bench::real(folder.path());
        let _both = [bench.reader("a"), bench.reader("b")];
        bench.recover();
        for id in 0..4 {
            bench.append([record(id, id + 1, 100)])[0].unwrap();
        }
        bench.stop();
        let bench = Bench::real(folder.path());
        let (a, b) = (bench.reader("a"), bench.reader("b"));
        bench.recover();
        let got = read(&bench, &a);
        assert_eq!(ids(&got), [0, 1, 2, 3]);
        let path = only_segment(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[segment::HEAD + 300] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        bench.shared.lock().clear_tail();
        let left = read(&bench, &b);
        assert_eq!(ids(&left), [0, 2, 3]);
        for (name, reader, got) in [("a", &a, &got), ("b", &b, &left)] {
            let ledger = bench.ledgers.destination(name);
            for (at, id) in got {
                if name == "a" && *id == 1 && !delivered {
                    reader.let_go(*at, 0);
                    continue;
                }
                ledger.exported(u64::from(id + 1));
                reader.ack(&[*at]);
            }
            let books = ledger.snapshot();
            let lost = books.dropped.get(&DropReason::Damaged).copied();
            let want = (name == "b" || !delivered).then_some(2);
            assert_eq!((books.bugs, lost), (0, want), "{name} {delivered}");
            assert_eq!(
                (reader.pending(), books.pending()),
                (super::super::Lag::default(), 0),
                "{name} {delivered}"
            );
        }
    }
}

#[test]
fn a_full_queue_drops_for_those_who_fell_behind_while_another_keeps_up_and_refuses_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(20_000));
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    let room = |bench: &Bench| bench.shared.make_room(500);
    let mut id = 0;
    while room(&bench) {
        bench.append_ids(id..id + 1);
        id += 1;
    }
    assert!(id > 50, "{id}");
    assert!(!bench.queue.has_room());
    let got = read(&bench, &a);
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    assert!(room(&bench));
    let dropped = bench.ledgers.destination("b").snapshot().dropped[&DropReason::Lag];
    assert!(dropped > 0);
    assert_eq!(bench.pending("b") + dropped, u64::from(id));
    assert_eq!(b.pending().records, bench.pending("b"));
    let left = read(&bench, &b);
    assert_eq!(
        left.len() as u64,
        bench.pending("b"),
        "what was counted is what comes"
    );
}

#[test]
fn a_full_queue_is_looked_through_once_until_something_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(40_000));
    let a = bench.reader("a");
    bench.recover();
    let mut id = 0;
    while bench.queue.refuses("", None, 0).is_none() {
        bench.append_ids(id..id + 1);
        id += 1;
    }
    let used = bench.shared.used.load(Relaxed);
    assert!(used <= 40_000 && used > 30_000, "{used}");
    assert!(bench.shared.lock().stuck);
    assert_eq!(bench.queue.refuses("", None, 0), Some(Refused::full()));
    assert!(!bench.queue.has_room());
    // What is in hands is no room yet, what is done with is.
    let got = read(&bench, &a);
    assert_eq!(bench.queue.refuses("", None, 0), Some(Refused::full()));
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    assert!(!bench.shared.lock().stuck);
    assert_eq!(bench.queue.refuses("", None, 0), None);
    assert!(bench.queue.has_room());
}

#[test]
fn the_oldest_that_waits_for_each_is_known_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(3..6);
    let got = read(&bench, &a);
    a.ack(&[got[0].0]);
    let oldest = |bench: &Bench| Vec::from_iter(bench.queue.oldest());
    let of = |a, b| vec![("a".to_owned(), a), ("b".to_owned(), b)];
    assert_eq!(oldest(&bench), of(4, 3));
    drop((a, b));
    bench.stop();
    let bench = Bench::real(folder.path());
    let (_a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    assert_eq!(
        oldest(&bench),
        of(3, 3),
        "of what only the disk has, its segment's"
    );
    let got = read(&bench, &b);
    b.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    // Read for one that comes before it, it is known by itself.
    assert_eq!(oldest(&bench), of(4, 0)[..1]);
}

#[test]
fn beyond_its_lag_a_destination_loses_its_oldest_and_not_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let options = ReaderOptions {
        max_lag: Some(4_000),
        ..ReaderOptions::destination(bench.ledgers.destination("a"))
    };
    let a = bench.reader_with(options);
    bench.recover();
    bench.append_ids(0..1);
    let held = read(&bench, &a);
    bench.append_ids(1..60);
    bench.shared.keep();
    let lag = a.pending();
    assert!(lag.bytes <= 4_000 && lag.bytes > 3_000, "{lag:?}");
    let rest = ids(&read(&bench, &a));
    assert_eq!(*rest.last().unwrap(), 59);
    assert_eq!(rest.len() as u64 + 1, lag.records);
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(books.dropped[&DropReason::Lag] + lag.items, 60);
    a.ack(&[held[0].0]);
    assert_eq!(a.pending().records, lag.records - 1);
}

#[test]
fn what_all_have_is_deleted_and_what_is_retained_is_deleted_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(40_000));
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..60);
    assert!(bench.segments() > 3);
    let got = read(&bench, &a);
    let (first, rest) = got.split_at(1);
    a.ack(&rest.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    bench.shared.keep();
    assert_eq!(
        bench.segments(),
        2,
        "one that is waited for and the one that is written"
    );
    a.ack(&[first[0].0]);
    bench.shared.keep();
    assert_eq!(bench.segments(), 1);
    bench.append_ids(60..61);
    assert_eq!(ids(&read(&bench, &a)), [60]);

    let folder = tempfile::tempdir().unwrap();
    let retain = QueueSettings {
        retain_after_export: Duration::from_secs(3600),
        ..settings(40_000)
    };
    let mut bench = Bench::with(folder.path(), retain);
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..60);
    let all = bench.segments();
    let got = read(&bench, &a);
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    bench.shared.keep();
    assert_eq!(bench.segments(), all);
    assert!(
        bench.shared.make_room(35_000),
        "it goes first where room is short"
    );
    assert!(bench.segments() < all);
    assert_eq!(bench.ledgers.destination("a").snapshot().dropped_total(), 0);
}

#[test]
fn where_room_is_short_what_nobody_wants_goes_before_what_somebody_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let retain = QueueSettings {
        retain_after_export: Duration::from_secs(3600),
        ..settings(40_000)
    };
    let mut bench = Bench::with(folder.path(), retain);
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..60);
    a.ack(&all_of(&bench, &a));
    let positions = all_of(&bench, &b);
    b.ack(&positions[1..]);
    b.let_go(positions[0], 0);
    let all = bench.segments();
    assert!(bench.shared.make_room(30_000));
    assert!(bench.segments() < all);
    assert_eq!(bench.ledgers.destination("b").snapshot().dropped_total(), 0);
    assert_eq!(b.pending().records, 1);
}

/// Where what it reads stands, of all that there is at the moment.
fn all_of(bench: &Bench, reader: &Reader) -> Vec<Position> {
    read(bench, reader).into_iter().map(|(at, _)| at).collect()
}

#[test]
fn a_segment_whose_counts_are_not_durable_goes_last_and_not_ahead_of_need() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::new(tokio::sync::Notify::new());
    let mut bench = Bench::with(folder.path(), settings(40_000));
    let own = bench.reader_with(ReaderOptions {
        pinned: Some(asked.clone()),
        ..ReaderOptions::new("own", Start::Tail)
    });
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..60);
    let positions = all_of(&bench, &own);
    own.ack(&positions);
    a.ack(&all_of(&bench, &a));
    let is_asked = || is_ready(asked.notified());
    assert!(!bench.shared.make_room(30_000), "it is waited for");
    assert!(is_asked());
    let all = bench.segments();
    own.unpin(positions[30]);
    assert!(!bench.shared.make_room(39_000), "half of it is durable");
    assert!(is_asked() && bench.segments() < all);
    own.unpin(Position::MAX);
    assert!(bench.shared.make_room(39_000));
    assert!(!is_asked());
}

/// Whether it is ready as it stands.
fn is_ready(future: impl Future) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(future).poll(&mut context).is_ready()
}

#[test]
fn what_is_too_old_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let aged = QueueSettings {
        max_age: Some(Duration::from_secs(60)),
        ..settings(1 << 20)
    };
    // The records say that they came in 1970.
    let mut bench = Bench::with(folder.path(), aged);
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..5);
    bench.shared.keep();
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(
        (books.dropped[&DropReason::Expired], books.pending()),
        (5, 0)
    );
    assert_eq!(bench.segments(), 0);
    bench.append_ids(5..6);
    assert_eq!(bench.segments(), 1);
}

#[test]
fn what_is_too_old_and_in_hands_stays_until_it_is_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let aged = QueueSettings {
        max_age: Some(Duration::from_secs(60)),
        ..settings(1 << 20)
    };
    let mut bench = Bench::with(folder.path(), aged);
    let (a, _b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..5);
    let got = read(&bench, &a);
    bench.shared.keep();
    let books = |name| bench.ledgers.destination(name).snapshot();
    assert_eq!((books("a").dropped_total(), books("a").pending()), (0, 5));
    assert_eq!(books("b").dropped[&DropReason::Expired], 5);
    assert_eq!(
        bench.segments(),
        1,
        "a crash now would lose what a has in hands"
    );
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    bench.shared.keep();
    assert_eq!(bench.segments(), 0);
}

#[test]
fn what_is_too_old_is_read_once_to_see_what_of_it_is_in_hands() {
    let aged = QueueSettings {
        max_age: Some(Duration::from_secs(60)),
        ..settings(1 << 20)
    };
    let disk = sim::SimDisk::new(1, sim::Lies::None);
    let folder = Path::new("queue");
    let mut bench = Bench::open(Arc::new(disk.clone()), folder, aged, Clock::SYSTEM).unwrap();
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..5);
    let got = take(&bench.shared, a.index(), 2);
    bench.shared.keep();
    let books = bench.ledgers.destination("a").snapshot();
    assert_eq!(
        (books.dropped[&DropReason::Expired], books.pending()),
        (3, 2)
    );
    let before = disk.reads();
    (0..20).for_each(|_| bench.shared.keep());
    assert_eq!(disk.reads(), before);
    a.ack(&got.iter().map(|e| e.position).collect::<Vec<_>>());
    bench.shared.keep();
    assert_eq!(bench.segments(), 0);
}

#[test]
fn of_what_is_retained_no_more_goes_than_the_disk_needs() {
    let (disk, bench, a, _) = nearly_full(QueueSettings {
        retain_after_export: Duration::from_secs(3_600),
        ..settings(256 << 10)
    });
    let before = bench.segments();
    assert!(before > 2);
    a.ack(&read(&bench, &a).iter().map(|it| it.0).collect::<Vec<_>>());
    bench.shared.keep();
    assert_eq!(bench.segments(), before - 1);
    assert_eq!(bench.shared.refusal(), None);
    disk.set_room(0);
    bench.shared.look_at_space_now();
    bench.shared.keep();
    assert_eq!(bench.segments(), 0);
}

/// What a disk holds in these tests that fills up, and what of it is to stay free.
const ROOM: usize = 100_000;
const KEPT: usize = 10_000;

/// A queue on a disk that it has nearly filled, with a reader that has read nothing; and how many records it took.
fn nearly_full(settings: QueueSettings) -> (sim::SimDisk, Bench, Reader, u32) {
    let settings = QueueSettings {
        min_free: MinFree::Bytes(KEPT as u64),
        ..settings
    };
    let disk = sim::SimDisk::new(1, sim::Lies::None);
    disk.set_room(ROOM);
    // No second passes.
    let clock = Clock {
        now: || 1_000_000_000_000,
        ..Clock::SYSTEM
    };
    let folder = Path::new("queue");
    let mut bench = Bench::open(Arc::new(disk.clone()), folder, settings, clock).unwrap();
    let a = bench.reader("a");
    bench.recover();
    let mut taken = 0;
    while bench.shared.refusal().is_none() {
        assert!(bench.append([record(taken, 1, 1000)])[0].is_ok());
        taken += 1;
    }
    assert_eq!(bench.shared.refusal(), Some(Refusal::DiskFull));
    (disk, bench, a, taken)
}

#[test]
fn a_burst_on_a_disk_that_fills_is_refused_at_the_bound_and_taken_again_with_room() {
    let (disk, bench, a, taken) = nearly_full(settings(1 << 20));
    let free = bench.shared.figures.free.load(Relaxed) as usize;
    assert!((KEPT - 2000..KEPT).contains(&free), "{free}");
    assert_eq!(ids(&read(&bench, &a)), (0..taken).collect::<Vec<_>>());
    disk.set_room(2 * ROOM);
    bench.shared.keep();
    assert_eq!(bench.shared.refusal(), None);
}

#[test]
fn a_disk_that_is_nearly_full_has_room_again_once_all_is_delivered() {
    for (max_bytes, retained) in [(1 << 20, 0), (64 << 20, 0), (64 << 20, 3_600)] {
        let (_disk, mut bench, a, _) = nearly_full(QueueSettings {
            retain_after_export: Duration::from_secs(retained),
            ..settings(max_bytes)
        });
        bench.shared.keep();
        assert!(bench.segments() > 0, "nothing goes that somebody wants");
        a.ack(&read(&bench, &a).iter().map(|it| it.0).collect::<Vec<_>>());
        bench.shared.keep();
        if bench.segments() == 0 {
            // The writer closes the file, as soon as it is woken.
            assert!(bench.shared.groups.wait());
            bench.writer.commit();
        }
        assert_eq!(bench.shared.refusal(), None);
        bench.append_ids(0..3);
        assert_eq!(ids(&read(&bench, &a)), [0, 1, 2]);
    }
}

#[tokio::test]
async fn a_reader_that_is_far_behind_reads_the_disk_and_holds_nothing_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::with(folder.path(), settings(64 << 20));
    let (slow, mut quick) = (bench.reader("slow"), bench.reader("quick"));
    bench.recover();
    for id in 0..40 {
        bench.append([record(id, 1, 1 << 19)])[0].unwrap();
        let got = quick.next(u64::MAX, usize::MAX).await;
        quick.ack(&[got[0].position]);
    }
    assert!(bench.shared.lock().tail_bytes() <= 9 << 20);
    assert_eq!(ids(&read(&bench, &slow)), (0..40).collect::<Vec<_>>());
    assert_eq!(bench.shared.lock().tail_bytes(), 0, "all have read it");
}

#[test]
fn a_removed_reader_pins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..3);
    let got = read(&bench, &a);
    a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    b.remove();
    let books = bench.ledgers.destination("b").snapshot();
    assert_eq!(
        (
            books.dropped[&DropReason::DestinationRemoved],
            books.pending()
        ),
        (3, 0)
    );
    bench.stop();
    assert!(!holds_something(folder.path()));
}

#[test]
fn a_pinned_reader_keeps_what_it_made_into_nothing_durable_yet() {
    let folder = tempfile::tempdir().unwrap();
    let pinned = |resume| ReaderOptions {
        pinned: Some(Arc::default()),
        resume,
        ..ReaderOptions::new("own", Start::Tail)
    };
    let mut bench = Bench::real(folder.path());
    let own = bench.reader_with(pinned(None));
    bench.recover();
    bench.append_ids(0..3);
    let got = read(&bench, &own);
    own.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    own.unpin(got[1].0);
    let id = bench.queue.id();
    bench.stop();
    let bench = Bench::real(folder.path());
    assert_eq!(bench.queue.id(), id);
    let own = bench.reader_with(pinned(Some(got[1].0)));
    bench.recover();
    assert_eq!(ids(&read(&bench, &own)), [1, 2]);
}

#[tokio::test]
async fn what_the_version_before_left_is_taken_up_once() {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path()).await;
    for _ in 0..2 {
        let bench = Bench::real(folder.path());
        let (a, b, new) = (bench.reader("a"), bench.reader("b"), bench.reader("new"));
        bench.recover();
        assert_eq!(ids(&read(&bench, &a)), [1, 3]);
        assert_eq!(ids(&read(&bench, &b)), [2, 3]);
        assert!(read(&bench, &new).is_empty());
        assert!(left_in(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn what_the_version_before_left_stays_until_there_is_room_to_take_it_up() {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path()).await;
    leave(folder.path()).await;
    for room in [0, 1, 1] {
        let disk = Arc::new(Cramped(AtomicU64::new(room)));
        let mut bench = Bench::open(disk, folder.path(), settings(1 << 20), Clock::SYSTEM).unwrap();
        let (a, b) = (bench.reader("a"), bench.reader("b"));
        bench.recover();
        let room = room as usize;
        let got = read(&bench, &a);
        assert_eq!(ids(&got), [1, 3][..2 * room]);
        a.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        let got = read(&bench, &b);
        assert_eq!(ids(&got), [2, 3][..2 * room]);
        b.ack(&got.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        let gone = bench.ledgers.destination("gone").snapshot();
        assert_eq!(gone.dropped_total(), 4 * room as u64, "once it is taken up");
        assert!(bench.append([record(9, 1, 10)])[0].is_err());
        bench.shared.keep();
    }
    assert!(left_in(folder.path()).is_empty());
}

#[tokio::test]
async fn what_the_version_before_left_and_cannot_be_read_stays_and_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path()).await;
    // A folder of that name is what a test can make that cannot be read.
    let unreadable = folder.path().join(format!("{:020}.farolq", 7));
    std::fs::create_dir(&unreadable).unwrap();
    // What a crash left between two removals.
    std::fs::write(folder.path().join(format!("{:020}.cursors.json", 9)), "{}").unwrap();
    let bench = Bench::real(folder.path());
    let a = bench.reader("a");
    assert_eq!(bench.recover().damaged, 1);
    assert_eq!(ids(&read(&bench, &a)), [1, 3]);
    let left = left_in(folder.path());
    assert_eq!(left, [unreadable.file_name().unwrap().to_str().unwrap()]);
}

/// A disk that takes so many more segments and then has no room.
#[derive(Debug)]
struct Cramped(AtomicU64);

impl Disk for Cramped {
    fn create_folder(&self, folder: &Path) -> std::io::Result<()> {
        RealDisk.create_folder(folder)
    }

    fn create(&self, path: &Path) -> std::io::Result<Arc<dyn io::DiskFile>> {
        if path.extension().is_some_and(|e| e == segment::ENDING) {
            let left = self.0.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1));
            left.map_err(|_| rustix::io::Errno::NOSPC)?;
        }
        RealDisk.create(path)
    }

    fn open(&self, path: &Path) -> std::io::Result<Arc<dyn io::DiskFile>> {
        RealDisk.open(path)
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        RealDisk.list(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> std::io::Result<()> {
        RealDisk.sync_folder(folder)
    }

    fn space(&self, folder: &Path) -> std::io::Result<io::Space> {
        RealDisk.space(folder)
    }
}

fn left_in(folder: &Path) -> Vec<String> {
    let mut names = RealDisk.list(folder).unwrap();
    names.retain(|n| spill::is_one(n));
    names
}

/// What a queue in memory left that stopped: four records, of which each reader wants others.
async fn leave(folder: &Path) {
    let before = Queue::new(1 << 20);
    let mut readers: Vec<_> = ["a", "b", "gone"]
        .map(|name| before.reader(ReaderOptions::new(name, Start::Tail)))
        .into();
    for id in 0..4 {
        before.append(record(id, 1, 50)).await.unwrap();
    }
    for reader in &mut readers {
        reader.next(100, usize::MAX).await;
    }
    readers[0].ack(&[0, 2]);
    readers[1].ack(&[0, 1]);
    before.close();
    spill::save(&before, folder).unwrap();
}

#[test]
fn the_newest_batches_are_the_last_ones_wherever_the_clock_stood() {
    let of = |id: u8, second: u64| {
        let mut record = record(1, 1, 10);
        record.header.id = [id; 16];
        record.header.received_ns = second * 1_000_000_000;
        record
    };
    for (times, told) in [
        ([100, 4000, 4001], vec![2, 3]),
        // It was set back, and then the process was killed.
        ([4000, 100, 101], vec![1, 2, 3]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut bench = Bench::real(folder.path());
        let _a = bench.reader("a");
        bench.recover();
        bench.append(times.iter().zip(1..).map(|(at, id)| of(id, *at)));
        drop(bench);
        let bench = Bench::real(folder.path());
        let _a = bench.reader("a");
        let batches = bench.recover().batches;
        assert_eq!(batches, told.iter().map(|id| [*id; 16]).collect::<Vec<_>>());
    }
}

#[test]
fn files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(&folder.path().join("queue"));
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..1);
    for entry in std::fs::read_dir(folder.path().join("queue")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mode = std::fs::metadata(folder.path().join("queue"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_folder_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut head = segment::Head {
        queue: 1,
        base: 0,
        previous_end: 0,
        created_ns: 0,
    }
    .encode();
    head[7] = 9;
    let sum = crc32c::crc32c(&head[..60]);
    head[60..].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(folder.path().join(segment::name(0)), head).unwrap();
    let opened = DiskQueue::open(
        Arc::new(RealDisk),
        folder.path(),
        settings(1 << 20),
        Clock::SYSTEM,
    );
    let error = format!("{:#}", opened.unwrap_err());
    assert!(error.contains("newer farol-collector"), "{error}");
}

#[test]
fn before_readers_have_their_places_nothing_is_deleted_or_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..4);
    bench.shared.keep();
    drop(bench);
    let old = QueueSettings {
        max_age: Some(Duration::from_secs(1)),
        ..settings(1 << 20)
    };
    // A start that fails ends before there is anybody.
    Bench::real(folder.path()).stop();
    for (settings, lost) in [(settings(1 << 20), 0), (settings(1000), 0), (old, 4)] {
        let bench = Bench::with(folder.path(), settings);
        // The keeper may wake at any time: a disk that is nearly full, an age that is over.
        bench.shared.keep();
        let _a = bench.reader("a");
        bench.shared.keep();
        bench.recover();
        let books = bench.ledgers.destination("a").snapshot();
        assert_eq!(books.recovered, 4);
        bench.shared.keep();
        assert_eq!(bench.pending("a"), 4 - lost);
        assert_eq!(bench.segments(), usize::from(lost == 0));
    }
}

/// What wrote `tests/data/queue-version-2`: three segments, of which one reader has some records and the other none, and no end in order.
fn recorded_life(folder: &Path) {
    let mut bench = Bench::with(folder, settings(32 << 10));
    let (a, b) = (bench.reader("a"), bench.reader("b"));
    bench.recover();
    bench.append_ids(0..24);
    let got = read(&bench, &a);
    a.ack(&[0, 1, 3, 20].map(|n: usize| got[n].0));
    b.ack(&[]);
    bench.shared.keep();
}

/// Written once by the first version of this queue: every later one must read it. `FAROL_RECORD=1` writes it, for a new version's own.
#[test]
fn a_folder_of_version_2_stays_readable() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/queue-version-2");
    if std::env::var_os("FAROL_RECORD").is_some() {
        recorded_life(&recorded);
    }
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&recorded).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    let fresh = tempfile::tempdir().unwrap();
    recorded_life(fresh.path());
    for folder in [copy.path(), fresh.path()] {
        let bench = Bench::real(folder);
        let (a, b) = (bench.reader("a"), bench.reader("b"));
        let recovery = bench.recover();
        assert_eq!((recovery.records, recovery.damaged), (24, 0));
        assert!(bench.segments() > 1);
        let all: Vec<u32> = (0..24).collect();
        assert_eq!(ids(&read(&bench, &b)), all);
        let left = all.iter().filter(|n| ![0, 1, 3, 20].contains(*n));
        assert_eq!(ids(&read(&bench, &a)), left.copied().collect::<Vec<_>>());
    }
}

/// A queue in a folder of its own that a test may delete, and a reader.
fn in_folder() -> (tempfile::TempDir, PathBuf, Bench, Reader) {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("queue");
    let bench = Bench::real(&folder);
    let a = bench.reader("a");
    bench.recover();
    (data, folder, bench, a)
}

#[test]
fn nothing_is_acknowledged_into_a_folder_that_was_deleted() {
    let (_data, folder, mut bench, a) = in_folder();
    bench.append_ids(0..3);
    std::fs::remove_dir_all(&folder).unwrap();
    for _ in 0..4 {
        assert_eq!(bench.append([record(9, 1, 10)]), [Err(Refused::storage())]);
    }
    assert_eq!(bench.shared.refusal(), Some(Refusal::Storage));
    assert_eq!(
        ids(&read(&bench, &a)),
        [0, 1, 2],
        "what is in memory still goes out"
    );
    bench.shared.keep();
    assert!(!folder.exists(), "it is not made again");
    std::fs::create_dir(&folder).unwrap();
    bench.shared.keep();
    assert_eq!(bench.shared.refusal(), None);
    assert!(bench.append([record(3, 1, 10)])[0].is_ok());
    bench.shared.keep();
    assert!(folder.join("cursors-a").exists() || folder.join("cursors-b").exists());
}

#[test]
fn cursors_that_cannot_be_kept_are_told_once_and_tried_again() {
    let (_data, folder, mut bench, a) = in_folder();
    bench.append_ids(0..3);
    bench.shared.keep();
    a.ack(&[read(&bench, &a)[0].0]);
    let said = folder.with_file_name("said");
    let writer = Arc::new(std::fs::File::create(&said).unwrap());
    let subscriber = tracing_subscriber::fmt().with_writer(writer);
    tracing::subscriber::with_default(subscriber.finish(), || {
        std::fs::remove_dir_all(&folder).unwrap();
        (0..5).for_each(|_| bench.shared.keep());
        std::fs::create_dir(&folder).unwrap();
        (0..5).for_each(|_| bench.shared.keep());
    });
    let failures = &bench.shared.figures.cursor_failures;
    assert_eq!(failures.load(Relaxed), 5);
    let said = std::fs::read_to_string(said).unwrap();
    assert_eq!(said.matches("could not be kept").count(), 1, "{said}");
    assert_eq!(said.matches("can be kept again").count(), 1, "{said}");
}

#[test]
fn a_collector_that_idles_is_not_ready_without_its_folder() {
    let (_data, folder, bench, _a) = in_folder();
    assert!(bench.shared.has_room(1));
    std::fs::remove_dir_all(&folder).unwrap();
    bench.shared.looked_at_space_ns.store(0, Relaxed);
    assert!(!bench.shared.has_room(1));
    assert_eq!(bench.shared.refusal(), Some(Refusal::Storage));
}

#[test]
fn a_segment_that_was_deleted_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(folder.path());
    let a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..2);
    std::fs::remove_file(only_segment(folder.path())).unwrap();
    assert_eq!(bench.append([record(2, 1, 10)]), [Err(Refused::storage())]);
    bench.append_ids(3..5);
    assert_eq!(ids(&read(&bench, &a)), [0, 1, 3, 4]);
    let end = read_again(&bench);
    assert_eq!(end, [3, 4], "and what was acknowledged since is there");
}

/// What one finds who begins with the oldest that is on the disk.
fn read_again(bench: &Bench) -> Vec<u32> {
    bench.shared.lock().clear_tail();
    let late = bench.reader_with(ReaderOptions::new("late", Start::Oldest));
    ids(&read(bench, &late))
}

#[test]
fn a_file_cut_or_damaged_anywhere_costs_what_stood_there_and_nothing_else() {
    let whole = tempfile::tempdir().unwrap();
    let mut bench = Bench::real(whole.path());
    let _a = bench.reader("a");
    bench.recover();
    bench.append_ids(0..8);
    bench.stop();
    let path = only_segment(whole.path());
    let name = path.file_name().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let length = (bytes.len() - segment::HEAD) / 8;
    for at in (0..bytes.len()).step_by(37) {
        for cut in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            for cursors in ["cursors-a", "cursors-b"] {
                let _ = std::fs::copy(whole.path().join(cursors), folder.path().join(cursors));
            }
            let mut bad = bytes.clone();
            match cut {
                true => bad.truncate(at),
                false => bad[at] ^= 1 << (at % 8),
            }
            std::fs::write(folder.path().join(name), &bad).unwrap();
            let bench = Bench::real(folder.path());
            let a = bench.reader("a");
            let damaged = bench.recover().damaged;
            let got = ids(&read(&bench, &a));
            let record = at.saturating_sub(segment::HEAD) / length;
            let left: Vec<u32> = match (cut, at < segment::HEAD) {
                (true, true) => Vec::new(),
                (true, false) => (0..record as u32).collect(),
                (false, true) => (0..8).collect(),
                (false, false) => (0..8).filter(|n| *n != record as u32).collect(),
            };
            assert_eq!(got, left, "at {at}, cut: {cut}");
            // A lost head costs no record, and is damage all the same.
            let noticed = left.len() < 8 || at < segment::HEAD;
            assert_eq!(damaged, u64::from(noticed), "at {at}, cut: {cut}");
            assert_eq!(bench.pending("a"), left.len() as u64);
        }
    }
}

mod ages;
mod crash;
mod keeps_up;
mod model;
mod rest;
mod schedules;
pub(super) mod sim;
mod unread;
