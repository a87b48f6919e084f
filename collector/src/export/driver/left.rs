//! What is left to the queue while its tenant or signal rests: it takes no memory, holds no lane, is not acknowledged, and is read again by its place.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Driver, Job, Key, LOOK};
use crate::export::breaker::Circuit;
use crate::export::tally::Fate;
use crate::export::{Signal, lane::Settled};
use crate::queue::{Entry, MOST_LET_GO, Position, Reader};

/// What was read.
pub(super) enum Read {
    /// What nobody has seen yet; nothing where the queue has ended.
    New(Vec<Arc<Entry>>),
    /// What was left, and where to go on.
    Again(Vec<Arc<Entry>>, Option<Position>),
}

/// Reads on, or again from a position.
pub(super) async fn read(reader: &mut Reader, again: Option<Position>, room: (u64, usize)) -> Read {
    match again {
        None => Read::New(reader.next(room.0, room.1).await),
        Some(from) => {
            let (entries, next) = reader.again(from, room.0, room.1).await;
            Read::Again(entries, next)
        }
    }
}

impl Driver {
    /// Whether the destination is there, for somebody at least. What waits for one that is not is not left: all does.
    pub(super) fn is_there(&self) -> bool {
        self.shared.stats.breaker.circuit() == Circuit::Closed
    }

    /// Whether what is of a key at a position is to be left.
    pub(super) fn leaves(&self, key: Key, position: Position) -> bool {
        let Some(seat) = self.seats.get(key) else {
            return false;
        };
        let full = seat.is_full() && !seat.may_come_again();
        // Where there is nobody else it would be read twice for nothing.
        let for_others = || self.is_there() && self.seats.some_but(key);
        // What came before it goes out before it: some servers take nothing that is much older than what they have.
        let behind = seat.left_from.is_some_and(|from| from <= position);
        let room = self.left.len() < MOST_LET_GO && self.seats.may_leave(key);
        room && (behind || full && for_others())
    }

    /// Leaves batches that wait for a lane behind a key that rests.
    pub(super) fn leave_waiting(&mut self) {
        if !self.seats.some_rest() {
            return;
        }
        self.leave_those(|driver, job| {
            let first = job.positions.first().copied().unwrap_or_default();
            job.whole && !driver.has_lane(job) && driver.leaves(job.key, first)
        });
    }

    /// Leaves those of the batches that wait for a lane.
    pub(super) fn leave_those(&mut self, leaves: impl Fn(&Self, &Job) -> bool) {
        let waiting = std::mem::take(&mut self.waiting);
        let (leave, stay): (VecDeque<Job>, _) =
            waiting.into_iter().partition(|job| leaves(self, job));
        self.waiting = stay;
        for job in leave {
            self.seats.get_mut(job.key).queued -= 1;
            self.settle(&Settled {
                job,
                fate: Fate::Left,
                rejected: 0,
            });
        }
    }

    /// Whether a batch that waits for a lane waits for a key that rests, which keeps nobody else waiting.
    pub(super) fn is_aside(&self, job: &Job) -> bool {
        let rests = self.seats.get(job.key).is_some_and(|it| it.health.rests());
        rests && self.is_there() && self.seats.some_but(job.key)
    }

    /// Leaves an entry as it was read, where all of it is of signals that rest.
    pub(super) fn leaves_unseen(&mut self, entry: &Entry) -> bool {
        let Some(keys) = self.keys_of(entry) else {
            return false;
        };
        if !keys.iter().all(|key| self.leaves(*key, entry.position)) {
            return false;
        }
        self.leave_unseen(entry, keys, false);
        true
    }

    /// The keys of what is wanted of an entry, where that is known without looking into it and there is any.
    pub(super) fn keys_of(&self, entry: &Entry) -> Option<Vec<Key>> {
        let destination = &self.shared.destination;
        let wanted = self.plan.signals;
        if self.plan.whole || destination.sends_apart() || wanted.metrics {
            return None;
        }
        let counts = &entry.record.header.counts;
        let owed = self.tallies.owed(entry.position);
        let has = |signal: &Signal| match (signal, owed) {
            (_, Some(owed)) => owed[*signal as usize].is_some(),
            (Signal::Logs, _) => counts.log_items() > 0,
            (Signal::Traces, _) => counts.spans > 0,
            (Signal::Metrics, _) => false,
        };
        let keys: Vec<Key> = (Signal::of(wanted).filter(has)).map(Key::of).collect();
        (!keys.is_empty()).then_some(keys)
    }

    /// Leaves an entry as it was read; `is_through`: the others know already that this destination asks for nothing of it again.
    pub(super) fn leave_unseen(&mut self, entry: &Entry, keys: Vec<Key>, is_through: bool) {
        if !is_through {
            self.plan.route.is_through(entry);
        }
        for key in keys {
            self.seats.get_mut(key).leaves(entry.position);
        }
        self.left.insert(entry.position);
        self.reader.let_go(entry.position, 0);
    }

    /// Gives an entry back whose rest is left.
    pub(super) fn leave(&mut self, position: Position) {
        if self.halted {
            return;
        }
        let owed = self.tallies.owed(position).unwrap_or_default();
        for (signal, share) in Signal::ALL.into_iter().zip(owed) {
            if let Some(share) = share {
                self.seats.get_mut(Key { signal, share }).leaves(position);
            }
        }
        self.left.insert(position);
        let settled = self.tallies.book_left(position, &self.plan.ledger);
        self.reader.let_go(position, settled);
    }

    /// From where what was left is to be read again: of whom, and the first of it.
    pub(super) fn comes_again(&self) -> Option<(Key, Position)> {
        let quiet = self.lanes.is_empty() && self.waiting.is_empty();
        if !quiet && !self.is_there() && !self.seats.some_stuck() {
            return None;
        }
        let ready = self.seats.iter().filter(|(_, it)| it.may_come_again());
        let ready = ready.filter_map(|(key, it)| Some((key, it.left_from?)));
        ready.min_by_key(|(_, from)| *from)
    }

    /// When somebody may be tried of whom nothing but what is left is there.
    pub(super) fn next_try(&self) -> Option<Instant> {
        let waits = self.seats.iter().map(|(_, it)| it);
        let waits = waits.filter(|it| it.left_from.is_some() && it.in_memory() == 0);
        waits.filter_map(|it| it.health.until()).min()
    }

    /// What was read again of a key, from its first position on.
    pub(super) fn found(
        &mut self,
        (key, from): (Key, Position),
        entries: Vec<Arc<Entry>>,
        next: Option<Position>,
    ) {
        self.seats.get_mut(key).left_from = next;
        let until = next.unwrap_or(Position::MAX);
        let mut seen: BTreeSet<Position> = self.left.range(from..until).copied().collect();
        for at in &seen {
            self.left.remove(at);
        }
        for entry in &entries {
            seen.remove(&entry.position);
        }
        // The queue has dropped them meanwhile, and counted that.
        let gone = self.reader.gone_of(&seen);
        for at in &gone {
            seen.remove(at);
        }
        self.tallies.forget(gone.into_iter());
        // What is neither there nor gone would be nobody's.
        for at in seen {
            self.left.insert(at);
            self.seats.get_mut(key).leaves(at);
        }
        if !entries.is_empty() {
            self.gather(entries);
        }
    }

    /// Whether as much is left as may be. What the queue has dropped of it meanwhile counts no more.
    pub(super) fn is_all_left(&mut self) -> bool {
        if self.left.len() < MOST_LET_GO {
            return false;
        }
        let now = Instant::now();
        if self.looked.is_none_or(|at| now >= at + LOOK) {
            self.looked = Some(now);
            let gone = self.reader.gone_of(&self.left);
            for at in &gone {
                self.left.remove(at);
            }
            self.tallies.forget(gone.into_iter());
        }
        self.left.len() >= MOST_LET_GO
    }
}
