//! What is known of a reader under the queue's lock: what is done for it, what it has in hands, what it lets wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::super::settled::Settled;
use super::super::{Entry, Lag, Position, ReaderOptions};
use super::cursors::MOST_RANGES;
use super::ranges::Ranges;
use super::shares::{self, Name};
use super::state::Segment;
use crate::outcome::{DestinationLedger, DropReason};

/// A record in a reader's hands.
#[derive(Debug, Clone, Copy)]
pub(in crate::queue) struct Held {
    pub(in crate::queue) length: u32,
    pub(in crate::queue) items: u32,
    pub(in crate::queue) app: Name,
}

#[derive(Debug)]
pub(in crate::queue) struct ReaderState {
    pub(in crate::queue) name: String,
    pub(in crate::queue) options: ReaderOptions,
    pub(in crate::queue) done: Ranges,
    /// The next position to hand out.
    pub(in crate::queue) cursor: Position,
    pub(in crate::queue) held: BTreeMap<Position, Held>,
    /// Nothing from here on is deleted: what the reader made of it is not durable yet.
    pub(in crate::queue) pin: Option<Position>,
    pub(in crate::queue) lag: Lag,
    pub(super) settled: Settled,
    /// Segments, by where they begin, of which it took something, and those of which it lost something that it had not got.
    pub(super) got: BTreeSet<Position>,
    pub(super) lost: BTreeSet<Position>,
    pub(in crate::queue) wake: Arc<Notify>,
    /// It asks for nothing at the moment: what it wants is on the disk.
    pub(super) rests: bool,
    pub(in crate::queue) removed: bool,
}

impl ReaderState {
    pub(in crate::queue) fn ledger(&self) -> Option<&DestinationLedger> {
        self.options.ledger.as_ref()
    }

    /// Gives it of what comes next what it wants, up to the bounds, and one entry whatever they are.
    pub(super) fn hand_out<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Arc<Entry>>,
        max_items: u64,
        max_bytes: usize,
    ) -> Vec<Arc<Entry>> {
        let (mut items, mut bytes) = (0, 0);
        let mut taken = Vec::new();
        for entry in entries {
            if self.done.contains(entry.position) {
                self.cursor = entry.next;
                continue;
            }
            items += entry.items();
            bytes += entry.cost();
            if !taken.is_empty() && (items > max_items || bytes > max_bytes) {
                break;
            }
            self.hold(entry);
            taken.push(Arc::clone(entry));
        }
        taken
    }

    /// Gives the next entry into its hands.
    pub(in crate::queue) fn hold(&mut self, entry: &Entry) {
        self.grasp(entry);
        self.cursor = entry.next;
    }

    /// Gives an entry into its hands.
    pub(super) fn grasp(&mut self, entry: &Entry) {
        let held = Held {
            length: (entry.next - entry.position) as u32,
            items: entry.items() as u32,
            app: shares::name(&entry.record.header.app),
        };
        self.held.insert(entry.position, held);
    }

    /// It has no further use for a record.
    pub(in crate::queue) fn settle(
        &mut self,
        at: Position,
        record: Held,
        lost: Option<DropReason>,
    ) {
        let end = at + u64::from(record.length);
        self.done.add(at, end);
        let items = u64::from(record.items).saturating_sub(self.settled.take(at, end));
        // Not below nothing: what damage cost is known by the segment only, and may have been counted as lost already.
        self.lag.records = self.lag.records.saturating_sub(1);
        self.lag.items = self.lag.items.saturating_sub(items);
        self.lag.bytes = self.lag.bytes.saturating_sub(record.length as usize);
        if let (Some(why), Some(ledger)) = (lost, &self.options.ledger) {
            ledger.dropped(why, items);
        }
    }

    /// What a gap costs it, in which so much was: what it has in hands gets its fate there.
    pub(super) fn beyond_hands(
        &mut self,
        (from, to): (Position, Position),
        records: u64,
        items: u64,
    ) -> Lag {
        let mut gone = Lag {
            records,
            items,
            bytes: (to - from) as usize,
        };
        let mut at = from;
        for (&held, record) in self.held.range(from..to) {
            gone.records = gone.records.saturating_sub(1);
            gone.items = gone.items.saturating_sub(u64::from(record.items));
            gone.bytes = gone.bytes.saturating_sub(record.length as usize);
            gone.items = (gone.items).saturating_sub(self.settled.take(at, held));
            at = held + u64::from(record.length);
        }
        gone.items = (gone.items).saturating_sub(self.settled.take(at, to));
        gone
    }

    /// The most that it can lose of a segment: what it wants, but for what it has in hands and other segments of which it is done with nothing. The segment's
    /// own sums say too much where it is done with some of it.
    pub(super) fn most_to_lose(&self, base: Position, segments: &VecDeque<Segment>) -> Lag {
        let mut most = self.lag;
        let mut without = |records: u64, items: u64, bytes: usize| {
            most.records = most.records.saturating_sub(records);
            most.items = most.items.saturating_sub(items);
            most.bytes = most.bytes.saturating_sub(bytes);
        };
        let is_whole = |s: &Segment| s.base != base && self.done.misses(s.base, s.end);
        let mut held = self.held.clone();
        for segment in segments.iter().filter(|s| is_whole(s)) {
            let settled = self.settled.of(segment.base, segment.end);
            let bytes = segment.bytes().saturating_sub(segment.gap_bytes()) as usize;
            let items = segment.items.saturating_sub(settled);
            without(segment.records, items, bytes);
            held.retain(|at, _| !(segment.base..segment.end).contains(at));
        }
        for (at, held) in held {
            let settled = self.settled.of(at, at + u64::from(held.length));
            let items = u64::from(held.items).saturating_sub(settled);
            without(1, items, held.length as usize);
        }
        most
    }

    /// It reads all that it wants anew.
    pub(super) fn put_back(&mut self) {
        let ledger = self.options.ledger.as_ref();
        self.settled.put_back(&mut self.lag, ledger);
    }

    /// What is done for it after any crash: of what a pinned reader has read only what it made durable.
    pub(in crate::queue) fn durably_done(&self) -> Ranges {
        match self.pin {
            None => self.done.bounded(MOST_RANGES),
            Some(pin) => Ranges::below(pin),
        }
    }

    /// Whether it had nothing of a segment yet.
    pub(in crate::queue) fn untouched(&self, segment: &Segment) -> bool {
        self.done.misses(segment.base, segment.end) && !self.holds_some_of(segment)
    }

    /// Whether something of a segment is in its hands.
    pub(in crate::queue) fn holds_some_of(&self, segment: &Segment) -> bool {
        let mut held = self.held.range(segment.base..segment.end);
        held.next().is_some()
    }

    /// Whether it is a destination that has had what there is for it of a segment. Where there was nothing for it, or some of it was dropped, that says nothing.
    pub(super) fn keeps_up(&self, segment: &Segment) -> bool {
        let took = self.got.contains(&segment.base) && !self.lost.contains(&segment.base);
        took && self.ledger().is_some() && self.done.covers(segment.base, segment.end)
    }

    /// Whether it needs nothing of a segment any more.
    pub(in crate::queue) fn through(&self, segment: &Segment) -> bool {
        self.done.covers(segment.base, segment.end) && self.pin.is_none_or(|at| at >= segment.end)
    }
}
