//! The driver of one destination: reads on from its own place in the queue, gathers batches, keeps a bounded number of them in
//! flight, and acknowledges an entry when each of its items has a fate. A batch is of one signal, and of one tenant where the destination sends
//! those apart; what waits for one of them keeps no other waiting (`left.rs`).
//!
//! Each destination has its own driver and its own reader, so none waits for another. Dropping a running driver loses nothing:
//! what was not acknowledged is still in the queue.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::batch::{Source, count};
use super::cut::{Cutter, Hold, Lot, Piece, Ready};
use super::health::Key;
use super::lane::{Job, Settled, Shared};
use super::route::Route;
use super::tally::{Fate, Shares, State, Tallies};
use super::{Batch, Signal};
use crate::background;
use crate::config::{Batch as Bounds, Dialect, Signals};
use crate::outcome::{DestinationLedger, DropReason};
use crate::queue::{Entry, Position, Reader};

mod away;
mod left;
mod seats;
mod whole;

use left::{Read, read};
use seats::Seats;

/// Verdicts that may wait for the driver; lanes that have more wait a moment.
const SETTLED: usize = 64;

/// Batches that may wait with lanes of their own beside those that are on their way; room for them is given by their weight.
const MOST_WAITING: usize = 64;

/// How often it is looked whether the queue still has what is left, where that is as much as may be.
const LOOK: Duration = Duration::from_secs(1);

/// What a driver needs to know of its destination.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) signals: Signals,
    pub(crate) dialect: Dialect,
    pub(crate) route: Route,
    /// Records go out as they are, whatever the three before say.
    pub(crate) whole: bool,
    pub(crate) bounds: Bounds,
    /// Batches in flight at once.
    pub(crate) lanes: usize,
    pub(crate) ledger: DestinationLedger,
}

/// Drives one destination.
pub(crate) struct Driver {
    plan: Plan,
    shared: Arc<Shared>,
    reader: Reader,
    gathered: Gathered,
    cutter: Cutter,
    waiting: VecDeque<Job>,
    lanes: JoinSet<Key>,
    /// The right to have something on its way.
    permits: Arc<Semaphore>,
    seats: Seats,
    /// What is left to the queue.
    left: BTreeSet<Position>,
    /// When it was last looked whether the queue still has what is left.
    looked: Option<Instant>,
    /// It is away, and what waits for it was given back to the queue.
    gave_back: bool,
    tallies: Tallies,
    settled: (mpsc::Sender<Settled>, mpsc::Receiver<Settled>),
    ended: bool,
    halted: bool,
    halt: watch::Receiver<bool>,
}

#[derive(Default)]
struct Gathered {
    entries: Vec<Ready>,
    items: u64,
    bytes: usize,
    due: Option<Instant>,
}

/// Items of one key.
#[derive(Default)]
struct Heap {
    sources: Vec<Source>,
    /// Of each source the places of those that are of the key, where that is not all.
    places: Vec<Option<Vec<usize>>>,
    positions: Vec<Position>,
    holds: Vec<Hold>,
    items: u64,
}

/// By key, and whether they are all that their records have of its signal.
type Heaps = BTreeMap<(Key, bool), Heap>;

impl Driver {
    /// `halt` makes it end early: what is on its way is awaited, the rest stays in the queue.
    pub(crate) fn new(
        plan: Plan,
        shared: Arc<Shared>,
        reader: Reader,
        halt: watch::Receiver<bool>,
    ) -> Self {
        let lanes = plan.lanes.max(1);
        // One is always there for the others.
        let each = match shared.destination.sends_apart() {
            true => (lanes - 1).max(1),
            false => lanes,
        };
        Self {
            cutter: Cutter::new(plan.lanes),
            plan,
            reader,
            gathered: Gathered::default(),
            waiting: VecDeque::new(),
            lanes: JoinSet::new(),
            permits: Arc::new(Semaphore::new(lanes)),
            seats: Seats::new(each, &shared.stats),
            left: BTreeSet::new(),
            looked: None,
            gave_back: false,
            tallies: Tallies::default(),
            settled: mpsc::channel(SETTLED),
            ended: false,
            halted: false,
            shared,
            halt,
        }
    }

    /// Runs until the queue is closed and all of it is delivered.
    pub(crate) async fn run(mut self) {
        loop {
            self.gave_back &= !self.is_there();
            self.dispatch();
            let idle = self.cutter.is_empty() && self.waiting.iter().all(|it| self.is_aside(it));
            let quiet = idle && self.waiting.is_empty() && self.lanes.is_empty();
            let nothing = self.gathered.entries.is_empty() && !self.seats.some_left();
            if self.ended && nothing && quiet {
                // A lane is joined after its last verdict was sent; what is left in the channel is all there is.
                while let Ok(done) = self.settled.1.try_recv() {
                    self.settle(&done);
                }
                if self.seats.some_left() {
                    continue;
                }
                return;
            }
            // What was left goes first, so that each key's items go out in the order in which they came.
            let again = self.comes_again();
            let all_left = self.is_all_left();
            let on = !self.ended && !all_left && again.is_none() && self.reads_on();
            let next_try = self.next_try();
            let due = self.gathered.due;
            let Bounds {
                max_items,
                max_bytes,
                ..
            } = self.plan.bounds;
            let room = (
                max_items.saturating_sub(self.gathered.items).max(1),
                max_bytes.saturating_sub(self.gathered.bytes).max(1),
            );
            let reads = idle && (on || again.is_some()) && !self.waits_for_its_return();
            if !reads {
                self.rest();
            }
            tokio::select! {
                Some(done) = self.settled.1.recv() => {
                    // What is given back while it is away says nothing of the room that it may have.
                    if done.fate == Fate::Left && !self.gave_back {
                        let seat = self.seats.get_mut(done.job.key);
                        seat.most = seat.most.min(seat.out.saturating_sub(1));
                    }
                    self.settle(&done);
                }
                Some(lane) = self.lanes.join_next() => match lane {
                    Ok(key) => self.seats.get_mut(key).out -= 1,
                    // The entries of that lane would never be acknowledged: let the supervisor start anew from the queue.
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(_) => {}
                },
                read = read(&mut self.reader, again.map(|it| it.1), room), if reads => {
                    match (read, again) {
                        (Read::Again(entries, next), Some(again)) => self.found(again, entries, next),
                        (Read::New(entries) | Read::Again(entries, _), _) => self.gather(entries),
                    }
                }
                () = halted(&mut self.halt), if !self.ended => {
                    // Read again by whoever comes after this driver.
                    (self.ended, self.halted) = (true, true);
                    self.gathered = Gathered::default();
                    self.cutter.clear();
                    self.waiting.clear();
                    self.seats.give_up();
                }
                // Each turn of this loop looks whether nothing goes on.
                () = self.shared.stir.notified() => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.flush(),
                () = sleep_until(next_try.unwrap_or_else(Instant::now)), if next_try.is_some() => {}
                () = sleep(LOOK), if all_left => {}
            }
        }
    }

    fn gather(&mut self, entries: Vec<Arc<Entry>>) {
        if entries.is_empty() {
            self.ended = true;
            return self.flush();
        }
        for entry in entries {
            if self.leaves_unseen(&entry) {
                continue;
            }
            let written = match self.plan.whole {
                true => None,
                false => self.plan.route.warm(&entry, self.plan.dialect),
            };
            self.gathered.items += entry.items();
            self.gathered.bytes += entry.cost();
            self.gathered.entries.push(Ready { entry, written });
        }
        if self.gathered.entries.is_empty() {
            return;
        }
        let Bounds {
            max_items,
            max_bytes,
            max_wait,
        } = self.plan.bounds;
        if self.gathered.items >= max_items || self.gathered.bytes >= max_bytes {
            return self.flush();
        }
        self.gathered.due.get_or_insert(Instant::now() + max_wait);
    }

    /// What was gathered goes out as soon as there is room.
    fn flush(&mut self) {
        self.cutter.put(std::mem::take(&mut self.gathered).entries);
    }

    /// Makes batches of a lot: for each signal, and for each share of it that goes apart.
    fn take(&mut self, lot: Lot) {
        let mut heaps: Heaps = BTreeMap::new();
        for piece in lot.pieces {
            let routed = &piece.routed;
            let owed = self.tallies.owed(piece.position);
            let mut shares = Shares {
                more: piece.more,
                ..Shares::default()
            };
            for (slot, signal) in Signal::ALL.into_iter().enumerate() {
                if owed.is_some_and(|owed| owed[slot].is_none()) {
                    continue;
                }
                let items = count(&routed.source, signal);
                // Metrics here are what clients sent as such. What is made here comes from the aggregator.
                if !signal.is_of(self.plan.signals) {
                    shares.filtered += items;
                } else if items > 0 {
                    shares.left[slot] = self.heap(&mut heaps, signal, items, &piece);
                    if shares.left[slot].is_none() {
                        shares.wanted += items;
                    }
                }
            }
            // What else it holds was seen when it was read first.
            if owed.is_none() {
                shares.elsewhere = routed.elsewhere;
                shares.sampled_out = routed.sampled_out;
                let left_out = shares.filtered + shares.elsewhere + shares.sampled_out;
                let left = Signal::ALL.iter().zip(shares.left);
                let left = left.filter(|(_, left)| left.is_some());
                let left: u64 = left.map(|(it, _)| count(&routed.source, *it)).sum();
                let converted = shares.wanted + left + left_out;
                shares.unconvertible = piece.items.saturating_sub(converted);
            }
            match self.tallies.open(piece.position, shares, &self.plan.ledger) {
                State::Open => {}
                State::Left => self.leave(piece.position),
                State::Through => self.reader.pass(&[piece.position]),
            }
        }
        for ((key, whole), heap) in heaps {
            self.put(key, heap, whole);
        }
    }

    /// Puts a record's items of one signal to those that they go with. Where they are to be left: of which share they are.
    fn heap(
        &mut self,
        heaps: &mut Heaps,
        signal: Signal,
        items: u64,
        piece: &Piece,
    ) -> Option<u64> {
        let destination = Arc::clone(&self.shared.destination);
        let mut share = 0;
        if destination.sends_apart() {
            let batch = Batch::new(signal, vec![piece.routed.source.clone()]);
            let shares = destination.apart(&batch);
            if let [(one, _)] = shares[..] {
                share = one;
            } else {
                for (share, places) in shares {
                    let key = Key { signal, share };
                    self.add(heaps, key, places.len() as u64, Some(places), piece);
                }
                return None;
            }
        }
        let key = Key { signal, share };
        if !piece.part && !heaps.contains_key(&(key, true)) && self.leaves(key, piece.position) {
            return Some(share);
        }
        self.add(heaps, key, items, None, piece);
        None
    }

    /// Adds a record's items to those of their key. Such as are not all of their record go with their like: they cannot be left.
    fn add(
        &mut self,
        heaps: &mut Heaps,
        key: Key,
        items: u64,
        places: Option<Vec<usize>>,
        piece: &Piece,
    ) {
        let max_items = self.plan.bounds.max_items;
        let whole = !piece.part && places.is_none();
        let heap = heaps.entry((key, whole)).or_default();
        if heap.items > 0 && heap.items + items > max_items {
            let full = std::mem::take(heap);
            self.put(key, full, whole);
        }
        heap.sources.push(piece.routed.source.clone());
        heap.places.push(places);
        heap.positions.push(piece.position);
        heap.holds.push(piece.hold.clone());
        heap.items += items;
    }

    fn put(&mut self, key: Key, heap: Heap, whole: bool) {
        let positions: Arc<[Position]> = heap.positions.into();
        let holds: Arc<[Hold]> = heap.holds.into();
        let max_items = usize::try_from(self.plan.bounds.max_items).unwrap_or(usize::MAX);
        let mut batch = Batch::new(key.signal, heap.sources);
        if heap.places.iter().any(Option::is_some) {
            batch = batch.of_sources(&heap.places);
        }
        let batches = batch.of_at_most(max_items);
        let whole = whole && batches.len() == 1;
        for batch in batches {
            self.push(
                key,
                batch,
                Arc::clone(&positions),
                Arc::clone(&holds),
                whole,
            );
        }
    }

    fn push(
        &mut self,
        key: Key,
        batch: Batch,
        positions: Arc<[Position]>,
        holds: Arc<[Hold]>,
        whole: bool,
    ) {
        let seat = self.seats.get_mut(key);
        let probe = seat.in_memory() == 0 && seat.health.rests();
        seat.queued += 1;
        self.waiting.push_back(Job {
            batch,
            positions,
            holds,
            key,
            health: Arc::clone(&seat.health),
            whole,
            probe,
        });
    }

    /// The next batch that has a lane.
    fn next_job(&mut self) -> Option<Job> {
        if self.all_lanes_busy() || self.all_lanes_wait() {
            return None;
        }
        let at = self.waiting.iter().position(|it| self.has_lane(it))?;
        self.waiting.remove(at)
    }

    /// Whether as many batches are on their way as have lanes; one more where some lane is stuck.
    fn all_lanes_busy(&self) -> bool {
        self.seats.busy() >= self.plan.lanes.max(1) + usize::from(self.seats.some_stuck())
    }

    /// Whether as many batches have lanes as may wait in them.
    fn all_lanes_wait(&self) -> bool {
        self.lanes.len() >= self.plan.lanes.max(1) + MOST_WAITING
    }

    /// Whether its key may have one lane more.
    fn has_lane(&self, job: &Job) -> bool {
        self.seats.get(job.key).is_some_and(|it| it.has_lane())
    }

    fn dispatch(&mut self) {
        loop {
            while let Some(job) = self.next_job() {
                let seat = self.seats.get_mut(job.key);
                (seat.queued, seat.out) = (seat.queued - 1, seat.out + 1);
                let shared = Arc::clone(&self.shared);
                let settled = self.settled.0.clone();
                let permits = Arc::clone(&self.permits);
                let position = match self.plan.route.patient {
                    true => background::NOWHERE,
                    false => job.positions.first().copied().unwrap_or_default(),
                };
                let deliver = async move {
                    let key = job.key;
                    shared.deliver(job, &permits, settled).await;
                    key
                };
                self.lanes.spawn(background::at(position, deliver));
            }
            self.leave_waiting();
            let aside = self.waiting.iter().all(|it| self.is_aside(it));
            if self.gave_back && self.waits_for_its_return() {
                return;
            }
            if !aside || self.all_lanes_busy() || self.cutter.is_empty() {
                if self.all_lanes_wait() && self.waiting.iter().any(|it| self.has_lane(it)) {
                    // All wait for who rests.
                    self.seats.ask_for_room();
                }
                return;
            }
            let spare = self.seats.some_stuck() || self.seats.some_rest();
            if !self.cutter.has_room(spare) {
                return self.seats.ask_for_room();
            }
            if self.plan.whole {
                if !self.take_whole(spare) {
                    return;
                }
            } else {
                let (route, dialect) = (&self.plan.route, self.plan.dialect);
                let Some(lot) = self.cutter.next(route, dialect, spare) else {
                    return;
                };
                #[cfg(test)]
                (self.shared.most_on_the_way).fetch_max(
                    self.cutter.on_the_way(),
                    std::sync::atomic::Ordering::Relaxed,
                );
                self.take(lot);
            }
        }
    }

    fn settle(&mut self, done: &Settled) {
        let mut through = Vec::new();
        let mut rejected = done.rejected;
        // Neighbouring items mostly share an entry: one settlement for each run of them.
        let mut sources = done.job.batch.sources().peekable();
        while let Some(source) = sources.next() {
            let fate = if rejected > 0 {
                rejected -= 1;
                Fate::Dropped(DropReason::Rejected)
            } else {
                done.fate
            };
            let mut n = 1;
            while rejected == 0 && fate == done.fate && sources.next_if_eq(&source).is_some() {
                n += 1;
            }
            let position = done.job.positions[source];
            let of = (n, done.job.key);
            match self.tallies.settle(position, of, fate, &self.plan.ledger) {
                State::Open => {}
                State::Left => self.leave(position),
                State::Through => through.push(position),
            }
        }
        match done.fate {
            Fate::Exported => self.reader.ack(&through),
            Fate::Dropped(_) | Fate::Left => self.reader.pass(&through),
        }
    }
}

async fn halted(halt: &mut watch::Receiver<bool>) {
    if halt.wait_for(|halt| *halt).await.is_err() {
        // Nobody is left to ask for it.
        std::future::pending::<()>().await;
    }
}
