//! Rounds of a random life on the simulated disk: records come, destinations read and acknowledge, cursors are kept, the disk fails, the
//! clock jumps, the power goes. What was acknowledged must come out, what the cursors hold must not come twice, and a crash is no damage.
//!
//! FAROL_FULL asks for a hundred thousand rounds. A round is its seed: `FAROL_SEED=<n>` plays one again, `<n>..<m>` many.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use rustix::io::Errno;

use super::sim::{Lies, Rng, SimDisk};
use super::*;

const DESTINATIONS: [&str; 3] = ["a", "b", "c"];
/// The reader that keeps its own place, as the aggregator does.
const OWN: usize = DESTINATIONS.len();

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_700_000_000_000_000_000) };
}

const CLOCK: Clock = Clock {
    now: || NOW.get(),
    pause: |_| {},
};

/// What may go wrong in a round.
#[derive(Debug, Clone, Copy, Default)]
struct Perils {
    lies: Lies,
    /// Of a thousand writes so many fail at times.
    writes: u32,
    reads: u32,
    full: bool,
    clock: bool,
}

/// What must be true of a destination.
#[derive(Debug, Default)]
struct Expected {
    /// Read and acknowledged.
    got: BTreeSet<u32>,
    /// Acknowledged as far as this life of the queue knows, and what of it the kept cursors know. Where a sync may fail and the kernel forget
    /// what it wrote, nothing is firm over the next start.
    done: BTreeSet<u32>,
    firm: BTreeSet<u32>,
    held: Vec<Arc<Entry>>,
    dropped: u64,
}

/// What the reader with its own place made durable: its place, and what it counted.
#[derive(Debug, Clone, Default)]
struct Counted {
    place: Option<(u64, Position)>,
    ids: BTreeMap<u32, u32>,
}

struct World {
    disk: SimDisk,
    rng: Rng,
    perils: Perils,
    settings: QueueSettings,
    next_id: u32,
    acknowledged: BTreeSet<u32>,
    /// What of it is gone for good.
    erased: BTreeSet<u32>,
    may_be_erased: BTreeSet<u32>,
    expected: Vec<Expected>,
    kept: Counted,
}

/// One life of the process.
struct Life {
    bench: Bench,
    readers: Vec<usize>,
    counted: Counted,
}

fn body(id: u32, length: usize) -> Bytes {
    static PATTERN: [u8; 4096] = {
        let mut all = [0; 4096];
        let mut n = 0;
        while n < all.len() {
            // Not one that repeats with what a disk writes at once.
            all[n] = (n % 251) as u8;
            n += 1;
        }
        all
    };
    Bytes::from_static(&PATTERN[id as usize % 251..][..length])
}

impl World {
    fn new(seed: u64, perils: Perils) -> Self {
        let mut rng = Rng(seed);
        NOW.set(1_700_000_000_000_000_000);
        // Small, so that a round has many segments and sometimes comes to the bound.
        let max_bytes = [48 << 10, 256 << 10][rng.below(2) as usize];
        let retain = [0, 0, 60][rng.below(3) as usize];
        Self {
            disk: SimDisk::new(rng.next(), perils.lies),
            settings: QueueSettings {
                retain_after_export: Duration::from_secs(retain),
                ..settings(max_bytes)
            },
            rng,
            perils,
            next_id: 0,
            acknowledged: BTreeSet::new(),
            erased: BTreeSet::new(),
            may_be_erased: BTreeSet::new(),
            expected: (0..=OWN).map(|_| Expected::default()).collect(),
            kept: Counted::default(),
        }
    }

    /// Starts; `None` where the disk would not have it.
    fn open(&mut self) -> Option<Life> {
        let disk = Arc::new(self.disk.clone());
        let opened = Bench::open(disk, Path::new("/queue"), self.settings, CLOCK);
        let bench = match opened {
            Ok(bench) => bench,
            Err(error) => {
                assert!(self.perils.writes + self.perils.reads > 0, "{error:#}");
                return None;
            }
        };
        let mut readers = Vec::new();
        for name in DESTINATIONS {
            let options = ReaderOptions {
                start: Start::Oldest,
                ..ReaderOptions::destination(bench.ledgers.destination(name))
            };
            readers.push(bench.shared.lock().open_reader(options).0);
        }
        let id = bench.queue.id();
        let resume = self.kept.place.filter(|(queue, _)| Some(*queue) == id);
        let own = ReaderOptions {
            pinned: Some(Arc::default()),
            resume: resume.map(|(_, at)| at),
            ..ReaderOptions::new("own", Start::Oldest)
        };
        readers.push(bench.shared.lock().open_reader(own).0);
        let recovery = bench.recover();
        // Where a kernel showed what it had failed to write, and the start before took that up, it is missed.
        if self.perils.writes == 0 {
            assert_eq!(recovery.damaged, 0, "a crash is no damage");
        }
        for expected in &mut self.expected {
            expected.held.clear();
            if self.perils.writes > 0 {
                expected.firm.clear();
            }
            expected.done.clone_from(&expected.firm);
        }
        Some(Life {
            bench,
            readers,
            counted: self.kept.clone(),
        })
    }

    fn step(&mut self, life: &mut Life) {
        match self.rng.below(100) {
            0..35 => self.append(life),
            35..60 => {
                let most = 1 + self.rng.below(6);
                self.read(life, most);
            }
            60..80 => self.acknowledge(life),
            80..90 => self.keep(life),
            90..93 => self.checkpoint(life),
            93..95 => self.resume(life),
            95..97 => {
                life.bench.shared.make_room(1 + self.rng.below(4096));
            }
            97 => self.weather(),
            98 if self.rng.often(300) => self.erase(life),
            _ if self.perils.clock => {
                let jump = self.rng.below(200_000_000_000);
                let now = NOW.get();
                NOW.set(match self.rng.often(400) {
                    true => now - jump.min(now / 2),
                    false => now + jump,
                });
            }
            _ => {}
        }
    }

    /// The disk gets better or worse.
    fn weather(&mut self) {
        let bad = self.rng.often(500);
        let part = |most: u32| if bad { most } else { 0 };
        self.disk
            .fail(part(self.perils.writes), part(self.perils.reads));
        if self.perils.full {
            let room = match bad {
                true => self.rng.below(64 << 10) as usize,
                false => usize::MAX,
            };
            self.disk.set_room(room);
        }
    }

    fn append(&mut self, life: &mut Life) {
        let many = 1 + self.rng.below(5) as u32;
        let ids: Vec<u32> = (self.next_id..self.next_id + many).collect();
        self.next_id += many;
        let records: Vec<Record> = ids
            .iter()
            .map(|id| {
                let most = if self.rng.often(100) { 3000 } else { 300 };
                let length = self.rng.below(most);
                Record {
                    body: body(*id, length as usize),
                    header: Header {
                        received_ns: NOW.get(),
                        ..record(*id, 1, 0).header
                    },
                }
            })
            .collect();
        for (id, told) in ids.into_iter().zip(life.bench.append(records)) {
            if told.is_ok() {
                self.acknowledged.insert(id);
            }
        }
    }

    fn read(&mut self, life: &mut Life, most: u64) {
        let n = self.rng.below(life.readers.len() as u64) as usize;
        let entries = take(&life.bench.shared, life.readers[n], most);
        for entry in &entries {
            let id = entry.record.header.generation;
            self.look_at(&entry.record);
            assert!(id < self.next_id);
            let expected = &self.expected[n];
            assert!(!expected.firm.contains(&id), "{id} came again to {n}");
        }
        if n == OWN {
            for entry in &entries {
                *life
                    .counted
                    .ids
                    .entry(entry.record.header.generation)
                    .or_default() += 1;
                life.counted.place = life.bench.queue.id().zip(Some(entry.next));
            }
            let positions: Vec<_> = entries.iter().map(|e| e.position).collect();
            life.bench.shared.ack(life.readers[n], &positions, true);
        } else {
            self.expected[n].held.extend(entries);
        }
    }

    /// Any of what it holds, in any order.
    fn acknowledge(&mut self, life: &Life) {
        let n = self.rng.below(OWN as u64) as usize;
        let mut positions = Vec::new();
        let mut items = 0;
        let expected = &mut self.expected[n];
        for _ in 0..self.rng.below(8) {
            if expected.held.is_empty() {
                break;
            }
            let which = self.rng.below(expected.held.len() as u64) as usize;
            let entry = expected.held.swap_remove(which);
            expected.got.insert(entry.record.header.generation);
            expected.done.insert(entry.record.header.generation);
            positions.push(entry.position);
            items += entry.items();
        }
        let name = DESTINATIONS[n];
        life.bench.ledgers.destination(name).exported(items);
        life.bench.shared.ack(life.readers[n], &positions, true);
    }

    /// A record is what it was, or erased; for good, where the queue said so.
    fn look_at(&self, record: &Record) {
        let id = record.header.generation;
        match record.header.counts.items() {
            0 => assert!(record.body.iter().all(|byte| *byte == 0), "{id}"),
            _ => {
                assert_eq!(record.body, body(id, record.body.len()));
                assert!(!self.erased.contains(&id), "{id} was erased");
            }
        }
    }

    fn keep(&mut self, life: &Life) {
        life.bench.shared.keep();
        if !life.bench.shared.lock().moved {
            for expected in &mut self.expected {
                expected.firm.clone_from(&expected.done);
            }
        }
    }

    fn checkpoint(&mut self, life: &Life) {
        self.kept = life.counted.clone();
        if let Some((_, next)) = self.kept.place {
            life.bench.shared.unpin(life.readers[OWN], next);
        }
    }

    /// Some of what there is is a person's, and goes. No destination is at work meanwhile.
    fn erase(&mut self, life: &mut Life) {
        for n in 0..OWN {
            self.resume_reader(life, n);
        }
        let of = 2 + self.rng.below(5) as u32;
        let rewrite = |record: &Record| {
            let id = record.header.generation;
            let theirs = id.is_multiple_of(of) && record.header.counts.items() > 0;
            theirs.then(|| Record {
                header: Header {
                    counts: Counts::default(),
                    ..record.header.clone()
                },
                body: Bytes::from(vec![0; record.body.len()]),
            })
        };
        let before = self.next_id;
        let ids = self.acknowledged.range(..before);
        self.may_be_erased
            .extend(ids.filter(|id| id.is_multiple_of(of)));
        if life.bench.shared.erase(&rewrite, &|| false).is_ok() {
            let ids = self.acknowledged.range(..before);
            self.erased.extend(ids.filter(|id| id.is_multiple_of(of)));
        }
    }

    /// A destination's task panicked: its reader comes anew.
    fn resume(&mut self, life: &mut Life) {
        let n = self.rng.below(OWN as u64) as usize;
        self.resume_reader(life, n);
    }

    fn resume_reader(&mut self, life: &mut Life, n: usize) {
        let ledger = life.bench.ledgers.destination(DESTINATIONS[n]);
        let options = ReaderOptions::destination(ledger);
        self.expected[n].held.clear();
        let (index, _) = life.bench.shared.lock().open_reader(options);
        assert_eq!(index, life.readers[n]);
    }

    /// The life's end, and what its books say was lost.
    fn end(&mut self, life: &Life, in_order: bool) {
        let shared = &life.bench.shared;
        if in_order {
            shared.groups.close();
            shared.finish();
            if !shared.lock().moved {
                for expected in &mut self.expected {
                    expected.firm.clone_from(&expected.done);
                }
            }
        }
        self.add_drops(&life.bench);
    }

    /// Reads all that there is, for everybody.
    fn drain(&mut self, life: &mut Life) {
        for (n, reader) in life.readers.iter().enumerate() {
            loop {
                let entries = take(&life.bench.shared, *reader, u64::MAX);
                if entries.is_empty() {
                    break;
                }
                for entry in &entries {
                    let id = entry.record.header.generation;
                    self.look_at(&entry.record);
                    let firm = &self.expected[n].firm;
                    assert!(!firm.contains(&id), "{id} came again to {n}");
                    self.expected[n].got.insert(id);
                    *life.counted.ids.entry(id).or_default() += u32::from(n == OWN);
                }
                let positions: Vec<_> = entries.iter().map(|e| e.position).collect();
                if let Some(name) = DESTINATIONS.get(n) {
                    let books = life.bench.ledgers.destination(name);
                    books.exported(entries.iter().map(|e| e.items()).sum());
                }
                life.bench.shared.ack(*reader, &positions, true);
            }
        }
    }

    fn add_drops(&mut self, bench: &Bench) {
        for (n, name) in DESTINATIONS.iter().enumerate() {
            let books = bench.ledgers.destination(name).snapshot();
            let erased = books.dropped.get(&DropReason::Erased);
            self.expected[n].dropped += books.dropped_total() - erased.copied().unwrap_or_default();
        }
    }
}

/// One round; what it found lost, or what it found out otherwise by a panic.
fn round(seed: u64, perils: Perils) -> Vec<String> {
    let mut world = World::new(seed, perils);
    for _ in 0..1 + world.rng.below(4) {
        let Some(mut life) = world.open() else {
            world.disk.fail(0, 0);
            world.disk.set_room(usize::MAX);
            world.disk.crash();
            continue;
        };
        for _ in 0..world.rng.below(80) {
            world.step(&mut life);
        }
        let in_order = world.rng.often(200);
        world.end(&life, in_order);
        drop(life);
        match world.rng.below(4) {
            0 => world.disk.kill(),
            _ => world.disk.crash(),
        }
    }
    world.disk.fail(0, 0);
    world.disk.set_room(usize::MAX);
    let mut life = world.open().expect("a disk that is well");
    world.drain(&mut life);
    world.add_drops(&life.bench);
    for name in DESTINATIONS {
        let books = life.bench.ledgers.destination(name).snapshot();
        let (pending, twice) = (books.pending(), books.bugs);
        assert_eq!((pending, twice), (0, 0), "the books of {name} balance");
    }
    let counted = &life.counted.ids;
    assert!(counted.values().all(|n| *n <= 1), "counted once");
    let mut lost = Vec::new();
    for (n, expected) in world.expected[..OWN].iter().enumerate() {
        // What is erased has no items that a drop could count.
        let due = &world.acknowledged - &world.may_be_erased;
        let missing = due.difference(&expected.got).count() as u64;
        if missing > expected.dropped {
            let dropped = expected.dropped;
            let which: Vec<_> = due.difference(&expected.got).collect();
            lost.push(format!(
                "{n}: {missing} missing ({which:?}), {dropped} counted as dropped"
            ));
        }
    }
    lost
}

fn rounds(normal: u64, full: u64) -> std::ops::Range<u64> {
    if let Ok(asked) = std::env::var("FAROL_SEED") {
        let (from, to) = asked.split_once("..").unwrap_or((&asked, ""));
        let from = from.parse().expect("FAROL_SEED=<n> or <n>..<m>");
        return from..to.parse().unwrap_or(from + 1);
    }
    match std::env::var_os("FAROL_FULL") {
        Some(_) => 0..full,
        None => 0..normal,
    }
}

fn assert_nothing_lost(normal: u64, full: u64, perils: Perils) {
    for seed in rounds(normal, full) {
        let played = std::panic::catch_unwind(|| round(seed, perils));
        let lost = played.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().cloned();
            vec![said.unwrap_or_else(|| "a panic".to_owned())]
        });
        assert!(lost.is_empty(), "FAROL_SEED={seed}: {lost:?}");
    }
}

#[test]
fn a_crash_loses_nothing_that_was_acknowledged_whatever_subset_of_the_rest_it_discards() {
    assert_nothing_lost(300, 100_000, Perils::default());
}

#[test]
fn neither_does_a_disk_that_fills_up_or_cannot_be_read_at_times_and_a_clock_that_jumps() {
    let perils = Perils {
        reads: 30,
        full: true,
        clock: true,
        ..Perils::default()
    };
    assert_nothing_lost(200, 100_000, perils);
}

#[test]
fn neither_does_a_disk_whose_writes_and_syncs_fail_at_any_time() {
    let perils = Perils {
        writes: 150,
        reads: 30,
        full: true,
        clock: true,
        ..Perils::default()
    };
    assert_nothing_lost(200, 100_000, perils);
}

/// The test of the test: what it looks for is found where a sync is none.
#[test]
fn the_same_rounds_find_a_loss_where_syncs_are_taken_out() {
    for lies in [Lies::Files, Lies::Folders] {
        let perils = Perils {
            lies,
            ..Perils::default()
        };
        let found = (0..200).filter(|seed| {
            let played = std::panic::catch_unwind(|| round(*seed, perils));
            played.is_ok_and(|lost| !lost.is_empty())
        });
        assert!(found.count() > 0, "{lies:?}");
    }
}

#[test]
fn every_single_write_may_fail_in_every_way() {
    for how in [Errno::IO, Errno::NOSPC] {
        for crash in [false, true] {
            let mut n = 0;
            while fail_once(n, how, crash) {
                n += 1;
            }
            assert!(n > 60, "{n} writes");
        }
    }
}

/// A life of fixed steps in which one operation fails. False where it has fewer operations.
fn fail_once(operation: u64, how: Errno, crash: bool) -> bool {
    let mut world = World::new(7, Perils::default());
    world.settings = settings(48 << 10);
    world.perils.writes = 1;
    world.disk.fail_at(operation, how);
    let mut came = false;
    for _ in 0..2 {
        let Some(mut life) = world.open() else {
            continue;
        };
        for _ in 0..12 {
            world.append(&mut life);
            for _ in 0..4 {
                world.read(&mut life, 3);
                world.acknowledge(&life);
            }
            world.keep(&life);
        }
        world.end(&life, true);
        drop(life);
        came = world.disk.failed();
        match crash {
            true => world.disk.crash(),
            false => world.disk.kill(),
        }
    }
    let mut life = world.open().expect("a disk that is well");
    world.drain(&mut life);
    for n in 0..OWN {
        let missing = world
            .acknowledged
            .difference(&world.expected[n].got)
            .count();
        assert_eq!(missing, 0, "operation {operation}, {how}, reader {n}");
    }
    world.append(&mut life);
    came
}
