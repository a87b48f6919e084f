//! The queue on disk against a model of it in memory that is too simple to be wrong: whatever is done in whatever order, and whenever the
//! power goes, each reader has exactly its records coming, in order, and the books say so.
//!
//! FAROL_FULL asks for a hundred thousand sequences. One that fails is made as short as it can be and printed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rustix::io::Errno;

use super::sim::{Lies, SimDisk};
use super::*;

const SECOND: u64 = 1_000_000_000;

/// The last is the collector's own: it has no books.
const NAMES: [&str; 3] = ["a", "b", "own"];

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

const CLOCK: Clock = Clock {
    now: || NOW.get(),
    pause: |_| {},
};

#[derive(Debug, Clone)]
enum Step {
    /// One group of records: bytes and items of each.
    Append(Vec<(u16, u32)>),
    Read(usize, u64),
    /// A range of what it has in hands.
    Acknowledge(usize, usize, usize),
    /// The same given back, to be read again.
    LetGo(usize, usize, usize),
    /// So many items at most of what was given back, from its nth record on.
    Again(usize, usize, u64),
    /// A reader asks for nothing for a while.
    Rest(usize),
    /// A destination's task begins anew.
    Resume(usize),
    Keep,
    /// Time passes: ages, and what is retained.
    Wait(u64),
    /// So many bytes are wanted.
    Room(u64),
    /// What was taken so long ago and later, again.
    Replay(usize, u64),
    /// Every nth record is a person's.
    Erase(u32),
    End(End),
}

#[derive(Debug, Clone)]
enum End {
    Stop,
    Kill,
    Crash,
    /// The power goes within a step: its nth operation on the disk fails, half-way perhaps, and what follows of it goes with the power.
    Within(Box<Step>, u64),
}

#[derive(Debug, Clone)]
struct Plan {
    seed: u64,
    max_bytes: usize,
    retain: u64,
    max_age: Option<u64>,
    max_lag: Option<usize>,
    steps: Vec<Step>,
}

fn breakable() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec((0..600u16, 0..4u32), 1..5).prop_map(Step::Append),
        3 => Just(Step::Keep),
        1 => (0..9000u64).prop_map(Step::Room),
        1 => (2..5u32).prop_map(Step::Erase),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let reader = || 0..NAMES.len();
    let end = prop_oneof![
        1 => Just(End::Stop),
        1 => Just(End::Kill),
        2 => Just(End::Crash),
        3 => (breakable(), 0..12u64).prop_map(|(step, n)| End::Within(Box::new(step), n)),
    ];
    prop_oneof![
        20 => breakable(),
        14 => (reader(), 1..9u64).prop_map(|(r, most)| Step::Read(r, most)),
        12 => (reader(), 0..6usize, 1..9usize).prop_map(|(r, from, n)| Step::Acknowledge(r, from, n)),
        4 => (reader(), 0..6usize, 1..9usize).prop_map(|(r, from, n)| Step::LetGo(r, from, n)),
        4 => (reader(), 0..6usize, 1..9u64).prop_map(|(r, nth, most)| Step::Again(r, nth, most)),
        2 => reader().prop_map(Step::Rest),
        2 => reader().prop_map(Step::Resume),
        3 => (1..90u64).prop_map(Step::Wait),
        2 => (0..2usize, 0..200u64).prop_map(|(r, back)| Step::Replay(r, back)),
        4 => end.prop_map(Step::End),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let bounds = (
        prop_oneof![Just(16 << 10), Just(64 << 10)],
        prop_oneof![Just(0), Just(60u64)],
        prop_oneof![3 => Just(None), 1 => Just(Some(60u64))],
        prop_oneof![2 => Just(None), 1 => Just(Some(4000usize))],
    );
    (any::<u64>(), bounds, vec(step(), 1..40)).prop_map(|(seed, bounds, steps)| Plan {
        seed,
        max_bytes: bounds.0,
        retain: bounds.1,
        max_age: bounds.2,
        max_lag: bounds.3,
        steps,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    id: u32,
    items: u64,
    received: u64,
    length: u64,
}

/// Whose a record is.
fn app_of(id: u32) -> &'static str {
    ["", "a"][id as usize % 2]
}

/// What the model knows of a reader.
#[derive(Debug, Default)]
struct Side {
    /// Has it coming.
    wanted: BTreeSet<Position>,
    /// Handed out, in the order that they came.
    held: Vec<Position>,
    /// Given back.
    let_go: BTreeSet<Position>,
    /// Items of what was given back once that were in the books then.
    settled: BTreeMap<Position, u64>,
    /// Acknowledged or dropped; and what of that the kept cursors know.
    done: BTreeSet<Position>,
    firm: BTreeSet<Position>,
    /// Asked for again when its segment was gone already: a crash may bring it back.
    loose: BTreeSet<Position>,
    /// Counted as dropped in this life of the queue.
    dropped: u64,
}

impl Side {
    /// Items of a record that are in no books yet.
    fn open_items(&self, at: &Position, records: &BTreeMap<Position, Known>) -> u64 {
        records[at].items - self.settled.get(at).copied().unwrap_or_default()
    }
}

struct Model {
    disk: SimDisk,
    settings: QueueSettings,
    max_lag: Option<usize>,
    bench: Bench,
    readers: Vec<usize>,
    /// What there is: on the disk, as far as anybody wants it.
    records: BTreeMap<Position, Known>,
    /// Acknowledged to whoever sent it.
    taken: BTreeSet<Position>,
    /// Refused, and perhaps there all the same.
    perhaps: BTreeSet<u32>,
    /// Erased, or perhaps so where the power went meanwhile.
    erased: BTreeSet<u32>,
    sides: Vec<Side>,
    next_id: u32,
    /// Some of it is wanted that nobody wanted once, and counts for no app.
    replayed: bool,
}

fn open(
    disk: &SimDisk,
    settings: QueueSettings,
    max_lag: Option<usize>,
) -> (Bench, Vec<usize>, Recovery) {
    let shared = Arc::new(disk.clone());
    let bench = Bench::open(shared, Path::new("/queue"), settings, CLOCK).unwrap();
    let reader = |name: &&str| {
        let options = match *name {
            "own" => ReaderOptions::new(name, Start::Oldest),
            _ => ReaderOptions {
                start: Start::Oldest,
                max_lag,
                ..ReaderOptions::destination(bench.ledgers.destination(name))
            },
        };
        bench.shared.lock().open_reader(options).0
    };
    let readers = NAMES.iter().map(reader).collect();
    let recovery = bench.recover();
    (bench, readers, recovery)
}

impl Model {
    fn new(plan: &Plan, lies: Lies) -> Self {
        NOW.set(1_700_000_000 * SECOND);
        let disk = SimDisk::new(plan.seed, lies);
        let settings = QueueSettings {
            retain_after_export: Duration::from_secs(plan.retain),
            max_age: plan.max_age.map(Duration::from_secs),
            ..settings(plan.max_bytes)
        };
        let (bench, readers, _) = open(&disk, settings, plan.max_lag);
        Self {
            disk,
            settings,
            max_lag: plan.max_lag,
            bench,
            readers,
            records: BTreeMap::new(),
            taken: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            erased: BTreeSet::new(),
            sides: NAMES.iter().map(|_| Side::default()).collect(),
            next_id: 1,
            replayed: false,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append(group) => self.append(group),
            Step::Read(reader, most) => self.read(*reader, *most),
            Step::Acknowledge(reader, from, n) => self.acknowledge(*reader, *from, *n),
            Step::LetGo(reader, from, n) => self.let_go(*reader, *from, *n),
            Step::Again(reader, nth, most) => self.again(*reader, *nth, *most),
            Step::Rest(reader) => self.bench.shared.lock().rest(self.readers[*reader]),
            Step::Resume(reader) => self.resume(*reader),
            Step::Keep => self.keep(),
            Step::Wait(seconds) => {
                NOW.set(NOW.get() + seconds * SECOND);
                self.keep();
            }
            Step::Room(bytes) => {
                let shared = self.bench.shared.clone();
                if shared.make_room(*bytes) {
                    let used = shared.used.load(Relaxed);
                    assert!(used + bytes <= shared.max_bytes() as u64);
                }
                self.notice_drops();
            }
            Step::Replay(reader, back) => self.replay(*reader, *back),
            Step::Erase(nth) => self.erase(*nth),
            Step::End(end) => return self.end(end),
        }
        self.check();
    }

    fn append(&mut self, group: &[(u16, u32)]) {
        let first = self.next_id;
        self.next_id += group.len() as u32;
        let known: Vec<Known> = (first..)
            .zip(group)
            .map(|(id, (_, items))| Known {
                id,
                items: u64::from(*items),
                received: NOW.get(),
                length: 0,
            })
            .collect();
        let records = known.iter().zip(group).map(|(known, (length, items))| {
            let mut record = record(known.id, *items, 0);
            record.header.received_ns = known.received;
            record.header.app = app_of(known.id).into();
            record.body = body(known.id, usize::from(*length));
            record
        });
        let records = records.collect::<Vec<_>>();
        let lengths: Vec<_> = records.iter().map(|it| it.encoded_len() as u64).collect();
        let told = self.bench.append(records);
        for ((mut known, told), length) in known.into_iter().zip(told).zip(lengths) {
            let Ok(at) = told else {
                self.perhaps.insert(known.id);
                continue;
            };
            known.length = length;
            assert!(self.taken.insert(at), "a place is nobody else's");
            self.records.insert(at, known);
            for side in &mut self.sides {
                side.wanted.insert(at);
            }
        }
    }

    fn read(&mut self, r: usize, most: u64) {
        let entries = take(&self.bench.shared, self.readers[r], most);
        let side = &mut self.sides[r];
        let free = |at: &&Position| !side.held.contains(at) && !side.let_go.contains(at);
        let coming: Vec<Position> = side.wanted.iter().filter(free).copied().collect();
        let got: Vec<Position> = entries.iter().map(|e| e.position).collect();
        assert_eq!(
            got,
            coming[..got.len()],
            "in order, and nothing is left out"
        );
        assert_eq!(got.is_empty(), coming.is_empty());
        let items: u64 = entries.iter().map(|e| e.items()).sum();
        assert!(items <= most || got.len() == 1, "{items} items");
        side.held.extend(got);
        self.are_whole(&entries);
    }

    fn are_whole(&self, entries: &[Arc<Entry>]) {
        for entry in entries {
            let known = self.records[&entry.position];
            assert_eq!(entry.record.header.generation, known.id);
            assert_eq!(entry.items(), known.items);
            let bytes = &entry.record.body;
            let blank = bytes.iter().all(|byte| *byte == b' ');
            let whole = *bytes == body(known.id, bytes.len());
            assert!(whole || (blank && self.erased.contains(&known.id)));
        }
    }

    fn let_go(&mut self, r: usize, from: usize, n: usize) {
        let side = &mut self.sides[r];
        let from = from.min(side.held.len());
        let to = (from + n).min(side.held.len());
        let positions: Vec<Position> = side.held.drain(from..to).collect();
        side.let_go.extend(&positions);
        for at in positions {
            let settled = side.settled.entry(at).or_default();
            let more = (self.records[&at].items - *settled) / 2;
            *settled += more;
            if NAMES[r] != "own" {
                self.bench.ledgers.destination(NAMES[r]).exported(more);
            }
            self.bench.shared.let_go(self.readers[r], at, more);
        }
        self.notice_drops();
    }

    fn again(&mut self, r: usize, nth: usize, most: u64) {
        let side = &mut self.sides[r];
        let first = side.let_go.iter().nth(nth).copied().unwrap_or_default();
        let coming: Vec<Position> = side.let_go.range(first..).copied().collect();
        let (mut from, mut got) = (first, Vec::new());
        // Where a chunk ends, or what was read is nobody's any more, it goes on.
        loop {
            let again = {
                let mut state = self.bench.shared.lock();
                state.again(self.readers[r], from, most, usize::MAX)
            };
            let (entries, next) = match again {
                Again::Entries(entries, next) => (entries, next),
                Again::Fetch(fetch) => {
                    let chunk = self.bench.shared.fetch(&fetch);
                    self.bench.shared.found_again(self.readers[r], from, chunk)
                }
            };
            got.extend(entries);
            match next {
                Some(next) if got.is_empty() => from = next,
                next => {
                    let positions: Vec<Position> = got.iter().map(|e| e.position).collect();
                    assert_eq!(
                        positions,
                        coming[..positions.len()],
                        "in order, and nothing is left out"
                    );
                    assert!(next.is_some() || positions.len() == coming.len());
                    break;
                }
            }
        }
        let items: u64 = got.iter().map(|e| e.items()).sum();
        assert!(items <= most || got.len() == 1, "{items} items");
        for entry in &got {
            side.let_go.remove(&entry.position);
            side.held.push(entry.position);
        }
        side.held.sort_unstable();
        self.are_whole(&got);
    }

    fn acknowledge(&mut self, r: usize, from: usize, n: usize) {
        let side = &mut self.sides[r];
        let from = from.min(side.held.len());
        let to = (from + n).min(side.held.len());
        let positions: Vec<Position> = side.held.drain(from..to).collect();
        let mut items = 0;
        for at in &positions {
            side.wanted.remove(at);
            side.done.insert(*at);
            items += side.open_items(at, &self.records);
            side.settled.remove(at);
        }
        if NAMES[r] != "own" {
            self.bench.ledgers.destination(NAMES[r]).exported(items);
        }
        self.bench
            .shared
            .ack(self.readers[r], &positions, !n.is_multiple_of(4));
        // A second time changes nothing.
        self.bench
            .shared
            .ack(self.readers[r], &positions, !n.is_multiple_of(4));
    }

    fn resume(&mut self, r: usize) {
        let mut state = self.bench.shared.lock();
        let options = state.readers[self.readers[r]].options.clone();
        assert_eq!(state.open_reader(options).0, self.readers[r]);
        drop(state);
        self.sides[r].held.clear();
        self.sides[r].let_go.clear();
        self.sides[r].settled.clear();
    }

    fn keep(&mut self) {
        self.bench.shared.keep();
        self.notice_drops();
        if !self.bench.shared.lock().moved {
            for side in &mut self.sides {
                side.firm = &side.done - &side.loose;
            }
        }
    }

    /// What was dropped is not wanted any more; it was in nobody's hands, and is counted.
    fn notice_drops(&mut self) {
        let state = self.bench.shared.lock();
        for (r, side) in self.sides.iter_mut().enumerate() {
            let done = &state.readers[self.readers[r]].done;
            let gone = |at: &&Position| done.contains(**at);
            let gone: Vec<Position> = side.wanted.iter().filter(gone).copied().collect();
            for at in gone {
                assert!(!side.held.contains(&at), "{at} is in hands");
                side.let_go.remove(&at);
                side.wanted.remove(&at);
                side.done.insert(at);
                side.dropped += side.open_items(&at, &self.records);
                side.settled.remove(&at);
            }
        }
    }

    fn replay(&mut self, r: usize, back: u64) {
        self.resume(r);
        let from = NOW.get() - back * SECOND;
        let kept = self.on_disk();
        let first = kept.iter().find(|(_, known)| known.received >= from);
        let first = first.map(|(at, _)| *at);
        let side = &mut self.sides[r];
        let again: Vec<Position> = match first {
            Some(first) => kept.range(first..).map(|(at, _)| *at).collect(),
            None => Vec::new(),
        };
        let again: Vec<Position> = again
            .into_iter()
            .filter(|at| !side.wanted.contains(at))
            .collect();
        let done = self.bench.shared.replay(NAMES[r], from, &|| false);
        assert_eq!(done.is_ok(), !again.is_empty(), "{done:?}");
        let Ok(done) = done else { return };
        assert_eq!((Some(done.from), done.records), (first, again.len() as u64));
        self.replayed = true;
        for at in again {
            side.wanted.insert(at);
            side.done.remove(&at);
            self.records.insert(at, kept[&at]);
        }
        let gone = side.done.range(done.from..).copied();
        side.loose.extend(gone.collect::<Vec<_>>());
        for side in &mut self.sides {
            side.firm = &side.done - &side.loose;
        }
    }

    fn erase(&mut self, nth: u32) {
        for r in 0..NAMES.len() - 1 {
            self.resume(r);
        }
        for side in &mut self.sides {
            side.settled.clear();
        }
        let theirs = |id: u32| id.is_multiple_of(nth);
        let rewrite = |record: &Record| {
            let wanted = theirs(record.header.generation) && record.header.counts.items() > 0;
            wanted.then(|| {
                let mut blank = record.clone();
                blank.header.counts = Counts::default();
                blank.body = Bytes::from(vec![b' '; record.body.len()]);
                blank
            })
        };
        self.erased
            .extend((1..self.next_id).filter(|id| theirs(*id)));
        if self.bench.shared.erase(&rewrite, &|| false).is_err() {
            // The power goes now; what became of it shows then.
            return;
        }
        for (at, known) in &mut self.records {
            if !theirs(known.id) {
                continue;
            }
            for side in self
                .sides
                .iter_mut()
                .filter(|side| side.wanted.contains(at))
            {
                side.dropped += known.items;
            }
            known.items = 0;
        }
    }

    /// Every record that a segment holds.
    fn on_disk(&self) -> BTreeMap<Position, Known> {
        let segments = self.bench.shared.lock().segments.clone();
        let mut all = BTreeMap::new();
        for segment in &segments {
            let read = self.bench.shared.records_of(segment, |at, length, record| {
                let known = Known {
                    id: record.header.generation,
                    items: record.header.counts.items(),
                    received: record.header.received_ns,
                    length: length as u64,
                };
                all.insert(at, known);
            });
            read.unwrap();
        }
        all
    }

    fn end(&mut self, end: &End) {
        match end {
            End::Stop => {
                self.bench.shared.groups.close();
                self.bench.shared.finish();
                for side in &mut self.sides {
                    side.firm = &side.done - &side.loose;
                }
                self.disk.kill();
            }
            End::Kill => self.disk.kill(),
            End::Crash => self.disk.crash(),
            End::Within(step, n) => {
                self.disk.fail_at(*n, Errno::IO);
                match &**step {
                    Step::Append(group) => self.append(group),
                    Step::Keep => self.keep(),
                    Step::Erase(nth) => self.erase(*nth),
                    Step::Room(bytes) => {
                        self.bench.shared.make_room(*bytes);
                        self.notice_drops();
                    }
                    other => unreachable!("{other:?} is not broken"),
                }
                self.disk.crash();
            }
        }
        self.reopen();
        self.check();
    }

    fn reopen(&mut self) {
        self.disk.heal();
        let (bench, readers, recovery) = open(&self.disk, self.settings, self.max_lag);
        assert_eq!(recovery.damaged, 0, "an end is no damage");
        (self.bench, self.readers) = (bench, readers);
        self.replayed = false;
        let found = self.on_disk();
        for (at, known) in &found {
            match self.records.get(at).filter(|_| self.taken.contains(at)) {
                Some(before) => {
                    assert_eq!(before.id, known.id);
                    let erased = known.items == 0 && self.erased.contains(&known.id);
                    // What an erasure that failed took with it may be back, or not.
                    assert!(
                        erased || known.items == before.items || self.erased.contains(&known.id)
                    );
                }
                None => assert!(self.perhaps.contains(&known.id) || self.taken.contains(at)),
            }
        }
        let state = self.bench.shared.lock();
        for (r, side) in self.sides.iter_mut().enumerate() {
            let done = &state.readers[self.readers[r]].done;
            let wanted = found.keys().filter(|at| !done.contains(**at)).copied();
            let wanted: BTreeSet<Position> = wanted.collect();
            for at in self.taken.difference(&side.done) {
                assert!(wanted.contains(at), "{at} is lost for {}", NAMES[r]);
            }
            for at in &wanted {
                assert!(!side.firm.contains(at), "{at} came again for {}", NAMES[r]);
                assert!(self.taken.contains(at) || self.perhaps.contains(&found[at].id));
            }
            side.done.retain(|at| !wanted.contains(at));
            side.firm = &side.done - &side.loose;
            side.held.clear();
            side.let_go.clear();
            side.settled.clear();
            side.wanted = wanted;
            side.dropped = 0;
        }
        drop(state);
        self.taken.extend(found.keys());
        self.records.extend(found);
    }

    /// An app is charged for what somebody wants of it.
    fn check_shares(&self) {
        // Somebody has a quota: what is not exact is counted again.
        self.bench.shared.is_over(u64::MAX, "", 0);
        let state = self.bench.shared.lock();
        if self.replayed || !state.shares.is_exact() {
            return;
        }
        let wanted: BTreeSet<&Position> = self.sides.iter().flat_map(|it| &it.wanted).collect();
        for app in ["", "a"] {
            let theirs = wanted.iter().map(|at| self.records[at]);
            let theirs = theirs.filter(|known| app_of(known.id) == app);
            let bytes: u64 = theirs.map(|known| known.length).sum();
            assert_eq!(state.shares.of(app), bytes, "{app}");
        }
    }

    fn check(&self) {
        self.check_shares();
        for (r, side) in self.sides.iter().enumerate() {
            let wanted = side.wanted.iter();
            let items: u64 = wanted.map(|at| side.open_items(at, &self.records)).sum();
            let lag = self.bench.shared.lock().readers[self.readers[r]].lag;
            assert_eq!((lag.records, lag.items), (side.wanted.len() as u64, items));
            if NAMES[r] != "own" {
                let books = self.bench.ledgers.destination(NAMES[r]).snapshot();
                assert_eq!(
                    (books.pending(), books.dropped_total()),
                    (items, side.dropped)
                );
            }
        }
    }
}

/// Any bytes that tell records apart.
fn body(id: u32, length: usize) -> Bytes {
    static PATTERN: [u8; 1024] = {
        let mut all = [0; 1024];
        let mut n = 0;
        while n < all.len() {
            all[n] = (n % 251) as u8 | 1;
            n += 1;
        }
        all
    };
    Bytes::from_static(&PATTERN[id as usize % 256..][..length])
}

fn play(cases: u32, lies: Lies) -> Result<(), String> {
    let config = Config {
        cases,
        failure_persistence: None,
        // What is to be found is not to be made short.
        max_shrink_iters: if lies == Lies::None { 10_000 } else { 0 },
        ..Config::default()
    };
    // The same ones each time: what one machine finds every other finds.
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&plan(), |plan| {
        let mut model = Model::new(&plan, lies);
        for step in &plan.steps {
            model.step(step);
        }
        model.end(&End::Crash);
        Ok(())
    });
    done.map_err(|error| error.to_string())
}

#[test]
fn the_queue_on_disk_does_what_its_model_does() {
    let full = std::env::var_os("FAROL_FULL").is_some();
    let cases = if full { 100_000 } else { 200 };
    if let Err(error) = play(cases, Lies::None) {
        panic!("{error}");
    }
}

/// The test of the test.
#[test]
fn the_model_finds_a_loss_where_syncs_are_taken_out() {
    for lies in [Lies::Files, Lies::Folders] {
        assert!(play(500, lies).is_err(), "{lies:?}");
    }
}
