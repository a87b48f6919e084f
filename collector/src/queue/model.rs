//! The queue against a model of it that is too simple to be wrong: whatever is done in whatever order, each reader gets what it has coming,
//! the books balance, and memory is what is held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::outcome::Ledgers;
use crate::record::{Counts, Header};

#[derive(Debug, Clone)]
enum Step {
    Append { items: u32, bytes: usize },
    Read { reader: usize, items: u64 },
    Ack { reader: usize, pick: usize },
    Resume { reader: usize },
    Spill,
}

const NAMES: [&str; 3] = ["a", "b", "own"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        16 => (0..5u32, 0..400usize).prop_map(|(items, bytes)| Step::Append { items, bytes }),
        12 => (0..3usize, 0..8u64).prop_map(|(reader, items)| Step::Read { reader, items }),
        16 => (0..3usize, 0..8usize).prop_map(|(reader, pick)| Step::Ack { reader, pick }),
        4 => (0..3usize).prop_map(|reader| Step::Resume { reader }),
        1 => Just(Step::Spill),
    ]
}

/// What the model knows of a reader.
#[derive(Default)]
struct Expected {
    /// Wanted: id of the record → its items.
    wanted: BTreeMap<u32, u64>,
    /// Handed out and not acknowledged, in the order they came: position and id.
    held: Vec<(Position, u32)>,
}

struct World {
    queue: Queue,
    ledgers: Ledgers,
    readers: Vec<Reader>,
    expected: Vec<Expected>,
    next: u32,
}

impl World {
    fn new(ledgers: Ledgers) -> Self {
        let queue = Queue::new(4_000);
        let readers = NAMES
            .iter()
            .map(|name| queue.reader(options(&ledgers, name)))
            .collect();
        Self {
            queue,
            ledgers,
            readers,
            expected: NAMES.iter().map(|_| Expected::default()).collect(),
            next: 0,
        }
    }

    async fn append(&mut self, items: u32, bytes: usize) {
        let id = self.next;
        self.next += 1;
        let record = Record {
            header: Header {
                counts: Counts {
                    events: items,
                    ..Counts::default()
                },
                generation: id,
                ..Header::default()
            },
            body: Bytes::from(vec![0; bytes]),
        };
        if self.queue.append(record).await.is_ok() {
            for reader in &mut self.expected {
                reader.wanted.insert(id, u64::from(items));
            }
        }
        self.notice_drops();
    }

    /// What was dropped for lag is not wanted any more. It must be what the reader was not handed.
    fn notice_drops(&mut self) {
        for (i, expected) in self.expected.iter_mut().enumerate() {
            let state = self.queue.lock();
            let bit = memory::bit(i);
            let still: BTreeSet<u32> = state
                .wanted()
                .filter(|slot| slot.wanted & bit != 0)
                .map(|slot| slot.entry.record.header.generation)
                .collect();
            drop(state);
            expected.wanted.retain(|id, _| still.contains(id));
            assert_eq!(
                still.len(),
                expected.wanted.len(),
                "nothing is wanted that was not appended or was acknowledged"
            );
            assert!(
                expected
                    .held
                    .iter()
                    .all(|(_, id)| expected.wanted.contains_key(id)),
                "what is held is not dropped"
            );
        }
    }

    async fn read(&mut self, i: usize, items: u64) {
        let expected = &mut self.expected[i];
        let held: BTreeSet<u32> = expected.held.iter().map(|(_, id)| *id).collect();
        let coming: Vec<u32> = expected
            .wanted
            .keys()
            .copied()
            .filter(|id| !held.contains(id))
            .collect();
        if coming.is_empty() {
            return;
        }
        let entries = self.readers[i].next(items, usize::MAX).await;
        let got: Vec<(Position, u32)> = entries
            .iter()
            .map(|e: &Arc<Entry>| (e.position, e.record.header.generation))
            .collect();
        let ids: Vec<u32> = got.iter().map(|(_, id)| *id).collect();
        assert_eq!(
            ids,
            coming[..ids.len()],
            "in order, and nothing is left out"
        );
        let sum: u64 = entries.iter().map(|e| e.items()).sum();
        assert!(entries.len() == 1 || sum <= items);
        expected.held.extend(got);
    }

    fn ack(&mut self, i: usize, pick: usize) {
        let expected = &mut self.expected[i];
        if expected.held.is_empty() {
            return;
        }
        let (position, id) = expected.held.remove(pick % expected.held.len());
        let items = expected.wanted.remove(&id).unwrap();
        if i < 2 {
            self.ledgers.destination(NAMES[i]).exported(items);
        }
        self.readers[i].ack(&[position]);
        // A second time changes nothing.
        self.readers[i].ack(&[position]);
    }

    fn resume(&mut self, i: usize) {
        self.readers[i] = self.queue.reader(options(&self.ledgers, NAMES[i]));
        self.expected[i].held.clear();
    }

    /// To the data folder and back, in another process as it were: positions begin anew and so do the books.
    fn spill(self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        self.queue.close();
        spill::save(&self.queue, folder.path()).unwrap();
        let mut world = Self::new(Ledgers::new());
        let found = spill::recover(&world.queue, folder.path(), &world.ledgers).unwrap();
        assert_eq!(found.damaged, 0);
        world.next = self.next;
        world.expected = self.expected;
        for expected in &mut world.expected {
            expected.held.clear();
        }
        world.notice_drops();
        for (i, expected) in world.expected.iter().enumerate() {
            assert_eq!(
                world.readers[i].pending().records,
                expected.wanted.len() as u64,
                "all came back"
            );
        }
        world
    }

    fn check(&self) {
        let state = self.queue.lock();
        let held: usize = state.wanted().map(|slot| slot.entry.cost()).sum();
        let records = state.wanted().count();
        drop(state);
        let depth = self.queue.depth();
        assert_eq!((depth.bytes, depth.records), (held, records));
        for (i, expected) in self.expected.iter().enumerate() {
            let lag = self.readers[i].pending();
            let items: u64 = expected.wanted.values().sum();
            assert_eq!(
                (lag.records, lag.items),
                (expected.wanted.len() as u64, items)
            );
            if i < 2 {
                assert_eq!(
                    self.ledgers.destination(NAMES[i]).snapshot().pending(),
                    items
                );
            }
        }
    }
}

fn options(ledgers: &Ledgers, name: &str) -> ReaderOptions {
    match name {
        "own" => ReaderOptions::new(name, Start::Tail),
        _ => ReaderOptions::destination(ledgers.destination(name)),
    }
}

// PROPTEST_CASES asks for more of them.
proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_does_what_its_model_does(steps in vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(Ledgers::new());
            for step in steps {
                match step {
                    Step::Append { items, bytes } => world.append(items, bytes).await,
                    Step::Read { reader, items } => world.read(reader, items).await,
                    Step::Ack { reader, pick } => world.ack(reader, pick),
                    Step::Resume { reader } => world.resume(reader),
                    Step::Spill => world = world.spill(),
                }
                world.check();
            }
        });
    }
}
