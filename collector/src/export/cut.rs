//! What a destination has gathered, cut into lots by what they come to in memory, and converted lot by lot: a few kilobytes as stored can be
//! a hundred megabytes as they go out. A record that is too much by itself goes in parts.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::part::{part, runs};
use super::route::{Route, Routed};
use crate::convert::{Dialect, Written};
use crate::memory::give_back;
use crate::queue::{Entry, Position};
use crate::symbolicate::symbolicate;

/// What a lot may weigh. The 512 items of a usual request come to 2 to 4 MiB.
pub(super) const LOT: usize = 4 << 20;

/// What a destination may have on its way for each of its lanes: with the usual four, what is encoded of it (half as much again), the forms that the
/// queue keeps warm and the collector itself, this stays within the 96 MiB that it may take under attack.
const LANE: usize = 3 << 20;

/// What was gathered and is not converted yet.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    entries: VecDeque<Ready>,
    /// The record that goes in parts.
    open: Option<Open>,
    on_the_way: Arc<AtomicUsize>,
    most: usize,
}

/// A record that waits for others.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) entry: Arc<Entry>,
    /// Where it is ready, its form is kept here.
    pub(super) written: Option<Arc<Written>>,
}

#[derive(Debug)]
struct Open {
    entry: Arc<Entry>,
    runs: VecDeque<Range<usize>>,
    /// Its items that no part had so far.
    left: u64,
}

/// What goes out together.
#[derive(Debug)]
pub(super) struct Lot {
    pub(super) pieces: Vec<Piece>,
}

/// A record, or a part of one.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) position: Position,
    /// Items of the record that this accounts for.
    pub(super) items: u64,
    pub(super) routed: Routed,
    /// Whether it is a part of a record.
    pub(super) part: bool,
    /// Whether more of the record follows.
    pub(super) more: bool,
    /// Kept by all that is made of it.
    pub(super) hold: Hold,
}

/// Room that is given back when the last clone is dropped.
#[derive(Clone, Debug)]
pub(super) struct Hold(#[expect(dead_code, reason = "it is held")] Arc<Room>);

#[derive(Debug)]
struct Room {
    weight: usize,
    of: Arc<AtomicUsize>,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.fetch_sub(self.weight, Ordering::Relaxed);
    }
}

impl Cutter {
    /// For a destination of so many lanes.
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            most: LANE.saturating_mul(lanes).max(LOT),
            ..Self::default()
        }
    }

    pub(super) fn put(&mut self, entries: Vec<Ready>) {
        self.entries.extend(entries);
    }

    /// Takes out again what was put in and is not begun.
    pub(super) fn take_back(&mut self) -> VecDeque<Ready> {
        std::mem::take(&mut self.entries)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.open.is_none()
    }

    /// What is on its way, about.
    #[cfg(test)]
    pub(super) fn on_the_way(&self) -> usize {
        self.on_the_way.load(Ordering::Relaxed)
    }

    /// Forgets it all; it is still in the queue.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.open = None;
    }

    /// Whether one lot more may be on its way. One always may, whatever it weighs, and one beyond the bound where what is there goes nowhere (`stuck`).
    pub(super) fn has_room(&self, stuck: bool) -> bool {
        let on_the_way = self.on_the_way.load(Ordering::Relaxed);
        let most = self.most + if stuck { LOT } else { 0 };
        on_the_way == 0 || on_the_way + LOT <= most
    }

    /// The next lot. None where nothing is gathered, or what is on its way leaves no room.
    pub(super) fn next(&mut self, route: &Route, dialect: Dialect, stuck: bool) -> Option<Lot> {
        if self.is_empty() || !self.has_room(stuck) {
            return None;
        }
        let mut weight = 0;
        let mut pieces = Vec::new();
        while self.open.is_none()
            && let Some(Ready { entry, .. }) = self.entries.front()
        {
            let own = route.weight(entry, dialect);
            if own <= LOT {
                if !pieces.is_empty() && weight + own > LOT {
                    break;
                }
                weight += own;
                pieces.push(Piece {
                    position: entry.position,
                    items: entry.items(),
                    routed: route.take(entry, dialect),
                    part: false,
                    more: false,
                    hold: self.room(own),
                });
                self.entries.pop_front();
            } else if pieces.is_empty()
                && let Some(Ready { entry, .. }) = self.entries.pop_front()
            {
                // What this version cannot read has no items, and is accounted for as one part.
                let runs = runs(&entry.record.body, LOT).unwrap_or_default().into();
                let left = entry.items();
                self.open = Some(Open { entry, runs, left });
            } else {
                break;
            }
        }
        if let Some(open) = self.open.take() {
            // What the part before it left.
            give_back();
            pieces.push(self.part(open, route, dialect));
        }
        Some(Lot { pieces })
    }

    /// Takes so much room.
    fn room(&self, weight: usize) -> Hold {
        self.on_the_way.fetch_add(weight, Ordering::Relaxed);
        let of = Arc::clone(&self.on_the_way);
        Hold(Arc::new(Room { weight, of }))
    }

    /// The next records as they are, which weigh what they weigh in the queue.
    pub(super) fn whole(&mut self, stuck: bool) -> Option<(Vec<Arc<Entry>>, Hold)> {
        if self.is_empty() || !self.has_room(stuck) {
            return None;
        }
        let (mut weight, mut taken) = (0, Vec::new());
        while let Some(Ready { entry, .. }) = self.entries.front()
            && (taken.is_empty() || weight + entry.cost() <= LOT)
        {
            weight += entry.cost();
            taken.extend(self.entries.pop_front().map(|it| it.entry));
        }
        Some((taken, self.room(weight)))
    }

    fn part(&mut self, mut open: Open, route: &Route, dialect: Dialect) -> Piece {
        let run = open.runs.pop_front().unwrap_or_default();
        let more = !open.runs.is_empty();
        let items = match more {
            true => (run.len() as u64).min(open.left),
            // Whatever its header counted more.
            false => open.left,
        };
        open.left -= items;
        open.entry.converted_apart(dialect);
        let record = &open.entry.record;
        let mut payload = part(&record.body, run).unwrap_or_default();
        symbolicate(&mut payload);
        let piece = Piece {
            position: open.entry.position,
            items,
            routed: route.take_part(&record.header, payload, dialect),
            part: true,
            more,
            // Parts are cut to fill a lot each, but for the last.
            hold: self.room(LOT),
        };
        self.open = more.then_some(open);
        piece
    }
}
