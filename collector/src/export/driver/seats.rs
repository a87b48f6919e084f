//! What a driver knows of each key that it has something of: how the destination takes it, what is on its way, and what of it is left to the queue.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::export::Stats;
use crate::export::health::{Health, Key};
use crate::queue::Position;

/// Keys that are remembered; of more, those that nothing is on its way of are forgotten. Names of tenants and apps may come from clients.
const MOST: usize = 256;

/// Keys of which something may be left to the queue: as many tenants at once may be told to wait while the others go on.
const MOST_LEFT: usize = MOST / 2;

/// One key.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) health: Arc<Health>,
    /// Batches of it that lanes have.
    pub(super) out: usize,
    /// Batches that wait for a lane.
    pub(super) queued: usize,
    /// How many it may have: fewer where it rests and others want the room.
    pub(super) most: usize,
    /// The first position at which something of it is left to the queue.
    pub(super) left_from: Option<Position>,
}

impl Seat {
    /// Whether nothing is on its way but what may be at fault itself. Nothing would ever show whether it is, so one batch more is let through: what
    /// passes is the evidence against the rest.
    pub(super) fn is_stuck(&self) -> bool {
        let alone = self.health.maybe_alone().load(Relaxed);
        self.is_all(alone + self.health.in_doubt().load(Relaxed))
    }

    fn is_all(&self, of: usize) -> bool {
        of > 0 && of >= self.out
    }

    /// Whether the last batch of it stays, since it knows how often it was tried. One that waits for an operator need not: there may be as many as tenants.
    fn keeps_last(&self) -> bool {
        self.is_all(self.health.in_doubt().load(Relaxed))
    }

    pub(super) fn has_lane(&self) -> bool {
        self.out < self.most.max(1) + usize::from(self.is_stuck())
    }

    /// Whether one batch more of it would wait, and behind enough others.
    pub(super) fn is_full(&self) -> bool {
        self.in_memory() >= self.most + usize::from(self.is_stuck())
    }

    pub(super) fn in_memory(&self) -> usize {
        self.out + self.queued
    }

    /// Whether it rests no more; or one more batch is to show that, or which of those in doubt is at fault.
    pub(super) fn may_come_again(&self) -> bool {
        let is_due = || self.in_memory() == 0 && self.health.until().is_none();
        let shows = || self.is_stuck() && !self.is_full();
        !self.health.rests() || is_due() || shows()
    }

    /// Something of it is left to the queue.
    pub(super) fn leaves(&mut self, at: Position) {
        self.left_from = Some(self.left_from.map_or(at, |it| it.min(at)));
    }

    /// Lanes that are not waiting with a batch of it.
    fn busy(&self) -> usize {
        self.out.saturating_sub(self.health.waiting())
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Seats {
    all: BTreeMap<Key, Seat>,
    /// Lanes that one may have.
    lanes: usize,
    stats: Arc<Stats>,
}

impl Seats {
    pub(super) fn new(lanes: usize, stats: &Arc<Stats>) -> Self {
        Self {
            all: BTreeMap::new(),
            lanes,
            stats: Arc::clone(stats),
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&Seat> {
        self.all.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> &mut Seat {
        if self.all.len() >= MOST && !self.all.contains_key(&key) {
            self.all
                .retain(|_, it| it.in_memory() > 0 || it.left_from.is_some());
        }
        let seat = self.all.entry(key).or_insert_with(|| Seat {
            health: Health::new(&self.stats),
            out: 0,
            queued: 0,
            most: self.lanes,
            left_from: None,
        });
        if seat.most < self.lanes && !seat.health.rests() {
            seat.most = self.lanes;
        }
        seat
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Seat)> {
        self.all.iter().map(|(key, seat)| (*key, seat))
    }

    /// Whether there is any other.
    pub(super) fn some_but(&self, key: Key) -> bool {
        self.all.keys().any(|other| *other != key)
    }

    /// Lanes that do something.
    pub(super) fn busy(&self) -> usize {
        self.all.values().map(Seat::busy).sum()
    }

    pub(super) fn some_stuck(&self) -> bool {
        self.all.values().any(Seat::is_stuck)
    }

    pub(super) fn some_rest(&self) -> bool {
        self.all.values().any(|it| it.health.rests())
    }

    /// Whether something of a key may be left to the queue.
    pub(super) fn may_leave(&self, key: Key) -> bool {
        let left = |it: &Seat| it.left_from.is_some();
        self.get(key).is_some_and(left)
            || self.all.values().filter(|it| left(it)).count() < MOST_LEFT
    }

    pub(super) fn some_left(&self) -> bool {
        self.all.values().any(|it| it.left_from.is_some())
    }

    /// Has one of those that rest make room: who has most.
    pub(super) fn ask_for_room(&self) {
        let mut rest: Vec<&Seat> = (self.all.values())
            .filter(|it| it.health.rests() && (it.out > 1 || !it.keeps_last()))
            .collect();
        rest.sort_by_key(|it| std::cmp::Reverse(it.out));
        rest.into_iter().any(|it| it.health.ask_to_leave());
    }

    /// Has all lanes but so many give back what they wait with, as far as they may: those first who have most.
    pub(super) fn ask_to_give_back(&self, but: usize) {
        let could = self
            .all
            .values()
            .map(|it| (it.health.could_give_back(), &it.health));
        let mut could: Vec<_> = could.collect();
        let all: usize = could.iter().map(|(lanes, _)| lanes).sum();
        for _ in but..all {
            if let Some((lanes, health)) = could.iter_mut().max_by_key(|(lanes, _)| *lanes) {
                *lanes -= 1;
                health.ask_to_give_back();
            }
        }
    }

    /// Nothing is left any more, and what waits need not.
    pub(super) fn give_up(&mut self) {
        for seat in self.all.values_mut() {
            seat.left_from = None;
            seat.health.all_leave();
        }
    }
}
