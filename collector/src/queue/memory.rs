//! The state under the queue's lock: slots in order of position, and for each reader what it still wants.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use farol_protocol::payload::Payload;

use super::disk::erase::{Erased, Rewrite};
use super::entry::{Conversions, Warm, cost};
use super::settled::Settled;
use super::{Depth, Entry, Lag, Position, ReaderOptions, Refused, Start, seat};
use crate::outcome::{DestinationLedger, DropReason};
use crate::record::Record;

/// One bit for each reader. 64 destinations are more than anybody fans out to; the configuration refuses more.
pub(super) type Mask = u64;

/// The most readers that a queue can have.
pub(crate) const MAX_READERS: usize = Mask::BITS as usize;

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) entry: Arc<Entry>,
    /// Who has not acknowledged it.
    pub(super) wanted: Mask,
    /// Who was handed it. What is in somebody's hands is not dropped for lag: its verdict is on the way.
    handed: Mask,
    /// Destinations that took something of it.
    pub(super) got: Mask,
}

#[derive(Debug)]
pub(super) struct ReaderState {
    pub(super) name: String,
    /// The next position to hand out.
    cursor: Position,
    /// What it wants before this it has in hands, so that nobody looks there for what it could lose.
    held_until: Position,
    lag: Lag,
    settled: Settled,
    max_lag: Option<usize>,
    ledger: Option<DestinationLedger>,
    wake: Arc<Notify>,
    patient: bool,
    /// It asks for nothing at the moment: what is converted is not kept for it.
    rests: bool,
    pub(super) removed: bool,
}

#[derive(Debug)]
pub(super) struct State {
    /// What somebody wants. One that is held for long keeps no place for those that came and went behind it.
    slots: BTreeMap<Position, Slot>,
    /// The position that the next record gets.
    end: Position,
    /// Before this nothing can be dropped for room, so that it is looked through once and not at each append.
    kept_until: Position,
    bytes: usize,
    /// Slots of which some destination took something.
    got: usize,
    max_bytes: usize,
    pub(super) readers: Vec<ReaderState>,
    closed: bool,
    warm: Warm,
    milestones: Vec<(Position, oneshot::Sender<()>)>,
}

impl State {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            slots: BTreeMap::new(),
            end: 0,
            kept_until: 0,
            bytes: 0,
            got: 0,
            max_bytes,
            readers: Vec::new(),
            closed: false,
            warm: Warm::default(),
            milestones: Vec::new(),
        }
    }

    pub(super) fn conversions(&self) -> Arc<Conversions> {
        Arc::clone(&self.warm.1)
    }

    /// Appends for all readers.
    pub(super) fn append(
        &mut self,
        record: Record,
        payload: Option<Box<Payload>>,
    ) -> Result<Position, Refused> {
        if self.closed {
            return Err(Refused::stopping());
        }
        let cost = cost(&record);
        if cost > self.max_bytes {
            return Err(Refused::too_large());
        }
        if !self.make_room(cost) {
            return Err(Refused::full());
        }
        Ok(self.push(record, payload, (self.everyone(), 0), false))
    }

    /// Appends what an earlier run had acknowledged to its client, so it is taken whatever the bound says.
    pub(super) fn recover(&mut self, record: Record, wanted: Mask, got: Mask) {
        let got = got & self.destinations();
        self.push(record, None, (wanted, got), true);
    }

    fn push(
        &mut self,
        record: Record,
        payload: Option<Box<Payload>>,
        (wanted, got): (Mask, Mask),
        recovered: bool,
    ) -> Position {
        let cost = cost(&record);
        let position = self.end();
        let items = record.header.counts.items();
        for (i, reader) in self.readers.iter_mut().enumerate() {
            if wanted & bit(i) == 0 {
                continue;
            }
            reader.lag.records += 1;
            reader.lag.items += items;
            reader.lag.bytes += cost;
            if let Some(ledger) = &reader.ledger {
                match recovered {
                    true => ledger.recovered(items),
                    false => ledger.enqueued(items),
                }
            }
            reader.wake.notify_one();
        }
        let hasty = self.readers.iter().filter(|r| r.is_hasty());
        let readers = hasty.count();
        let slot = Slot {
            entry: Arc::new(
                Entry::with(position, position + 1, record, payload, self.warm.clone())
                    .for_readers(readers),
            ),
            wanted,
            handed: 0,
            got,
        };
        self.end += 1;
        // Where nobody reads (a collector without destinations, or a test) it is done as soon as it came.
        if wanted != 0 {
            self.slots.insert(position, slot);
            self.got += usize::from(got != 0);
            self.bytes += cost;
        }
        self.enforce_max_lag();
        position
    }

    pub(super) fn open_reader(&mut self, options: ReaderOptions) -> (usize, Arc<Notify>) {
        if let Some(i) = self
            .readers
            .iter()
            .position(|r| r.name == options.name && !r.removed)
        {
            self.resume(i, options);
            return (i, self.readers[i].wake.clone());
        }
        let fresh = ReaderState {
            name: options.name,
            cursor: self.end(),
            held_until: self.end(),
            lag: Lag::default(),
            settled: Settled::default(),
            max_lag: options.max_lag,
            ledger: options.ledger,
            wake: Arc::new(Notify::new()),
            patient: options.patient,
            rests: false,
            removed: false,
        };
        let i = seat(&mut self.readers, fresh, |r| r.removed);
        self.kept_until = 0;
        if options.start == Start::Oldest {
            self.start_at_oldest(i);
        }
        (i, self.readers[i].wake.clone())
    }

    pub(super) fn take(
        &mut self,
        i: usize,
        max_items: u64,
        max_bytes: usize,
    ) -> (Vec<Arc<Entry>>, bool) {
        let (mut items, mut bytes) = (0, 0);
        let mut taken = Vec::new();
        let reader = &mut self.readers[i];
        reader.rests = false;
        let from = std::mem::replace(&mut reader.cursor, self.end);
        for (position, slot) in self.slots.range_mut(from..) {
            if slot.wanted & bit(i) == 0 {
                continue;
            }
            items += slot.entry.items();
            bytes += slot.entry.cost();
            if !taken.is_empty() && (items > max_items || bytes > max_bytes) {
                reader.cursor = *position;
                break;
            }
            slot.handed |= bit(i);
            taken.push(slot.entry.clone());
        }
        (taken, self.closed)
    }

    /// A reader takes nothing before it asks again.
    pub(super) fn rest(&mut self, i: usize) {
        self.readers[i].rests = true;
    }

    pub(super) fn ack(&mut self, i: usize, positions: &[Position], took: bool) {
        let took = took && self.readers[i].ledger.is_some();
        for position in positions {
            if took
                && let Some(slot) = self.slots.get_mut(position)
                && slot.wanted & bit(i) != 0
            {
                self.got += usize::from(slot.got == 0);
                slot.got |= bit(i);
            }
            self.settle(i, *position);
        }
        self.tell_passed();
    }

    /// A reader has an entry in hands no more that it is not done with.
    pub(super) fn let_go(&mut self, i: usize, position: Position, settled: u64) {
        let Some(slot) = self.slots.get_mut(&position) else {
            return;
        };
        slot.handed &= !bit(i);
        let reader = &mut self.readers[i];
        let items = slot.entry.items();
        (reader.settled).add(position, settled, items, &mut reader.lag);
        reader.held_until = reader.held_until.min(position);
        self.kept_until = self.kept_until.min(position);
    }

    /// Some of what a reader let go, from a position on, and where to go on.
    pub(super) fn again(
        &mut self,
        i: usize,
        from: Position,
        max_items: u64,
        max_bytes: usize,
    ) -> (Vec<Arc<Entry>>, Option<Position>) {
        let (mut items, mut bytes) = (0, 0);
        let mut taken = Vec::new();
        let until = self.readers[i].cursor;
        for (position, slot) in self.slots.range_mut(from..until.max(from)) {
            if slot.wanted & !slot.handed & bit(i) == 0 {
                continue;
            }
            items += slot.entry.items();
            bytes += slot.entry.cost();
            if !taken.is_empty() && (items > max_items || bytes > max_bytes) {
                return (taken, Some(*position));
            }
            slot.handed |= bit(i);
            taken.push(slot.entry.clone());
        }
        (taken, None)
    }

    /// All before it is done with by everybody.
    fn low(&self) -> Position {
        self.slots.keys().next().copied().unwrap_or(self.end)
    }

    /// Whether a reader is not done with a record.
    pub(super) fn waits(&self, i: usize, position: Position) -> bool {
        let slot = self.slots.get(&position);
        slot.is_some_and(|slot| slot.wanted & bit(i) != 0)
    }

    pub(super) fn remove_reader(&mut self, i: usize) {
        self.drop_for(i, self.end(), DropReason::DestinationRemoved);
        self.readers[i].removed = true;
        for slot in self.slots.values_mut().filter(|it| it.got == bit(i)) {
            self.got -= 1;
            slot.got = 0;
        }
        // Its seat is another's one day, who was handed nothing and took nothing.
        for slot in self.slots.values_mut() {
            slot.got &= !bit(i);
            slot.handed &= !bit(i);
        }
        self.tell_passed();
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        for reader in &self.readers {
            reader.wake.notify_one();
        }
    }

    pub(super) fn lag(&self, i: usize) -> Lag {
        self.readers[i].lag
    }

    pub(super) fn lags(&self) -> Vec<(String, Lag)> {
        let living = self.readers.iter().filter(|r| !r.removed);
        living.map(|r| (r.name.clone(), r.lag)).collect()
    }

    pub(super) fn oldest(&self) -> Vec<(String, u64)> {
        let waiting = self.readers.iter().enumerate();
        let waiting = waiting.filter(|(_, r)| !r.removed && r.lag.records > 0);
        waiting
            .filter_map(|(i, r)| {
                let oldest = self.wanted().find(|slot| slot.wanted & bit(i) != 0)?;
                Some((r.name.clone(), oldest.entry.record.header.received_ns))
            })
            .collect()
    }

    pub(super) fn depth(&self) -> Depth {
        Depth {
            records: self.slots.len(),
            bytes: self.bytes,
            max_bytes: self.max_bytes,
        }
    }

    /// What there is a place for, and from where on it is looked through for what can be dropped for room.
    #[cfg(test)]
    pub(super) fn places(&self) -> (usize, Position) {
        (self.slots.len(), self.kept_until)
    }

    /// The position that the next record gets.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// Tells when everything before `until` is acknowledged by all.
    pub(super) fn passed(&mut self, until: Position) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.milestones.push((until, tell));
        self.tell_passed();
        told
    }

    /// Has every record be what `rewrite` says, of the same length.
    pub(super) fn erase(&mut self, rewrite: Rewrite<'_>) -> Erased {
        let mut sum = Erased::default();
        (self.readers.iter_mut()).for_each(ReaderState::put_back);
        let books = |reader: &ReaderState| reader.ledger.is_some() && !reader.removed;
        for reader in self.readers.iter().filter(|r| books(r)) {
            sum.of_reader(&reader.name, 0, 0);
        }
        for slot in self.slots.values_mut() {
            let old = slot.entry.items();
            let Some(rest) = rewrite(&slot.entry.record) else {
                continue;
            };
            let position = slot.entry.position;
            let entry = Entry::with(position, position + 1, rest, None, self.warm.clone());
            let gone = old.saturating_sub(entry.items());
            slot.entry = Arc::new(entry);
            sum.records += 1;
            sum.items += gone;
            for (i, reader) in self.readers.iter_mut().enumerate() {
                let waits = slot.wanted & bit(i) != 0;
                if waits {
                    reader.lag.items = reader.lag.items.saturating_sub(gone);
                }
                if reader.removed {
                    continue;
                }
                if let Some(ledger) = &reader.ledger {
                    let waiting = if waits { gone } else { 0 };
                    ledger.dropped(DropReason::Erased, waiting);
                    sum.of_reader(&reader.name, waiting, gone - waiting);
                }
            }
        }
        sum
    }

    /// Drops everything for everybody.
    pub(super) fn drop_all(&mut self, why: DropReason) {
        for i in 0..self.readers.len() {
            self.drop_for(i, self.end(), why);
        }
        self.tell_passed();
    }

    /// What somebody still wants, oldest first.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Slot> {
        self.slots.values()
    }

    pub(super) fn everyone(&self) -> Mask {
        let living = self.readers.iter().enumerate().filter(|(_, r)| !r.removed);
        living.fold(0, |mask, (i, _)| mask | bit(i))
    }

    fn destinations(&self) -> Mask {
        let with_books = self.readers.iter().enumerate();
        let with_books = with_books.filter(|(_, r)| !r.removed && r.ledger.is_some());
        with_books.fold(0, |mask, (i, _)| mask | bit(i))
    }

    fn resume(&mut self, i: usize, options: ReaderOptions) {
        let reader = &mut self.readers[i];
        (reader.cursor, reader.held_until) = (0, 0);
        reader.max_lag = options.max_lag;
        reader.ledger = options.ledger;
        reader.put_back();
        for slot in self.slots.values_mut() {
            slot.handed &= !bit(i);
        }
        self.kept_until = 0;
        self.readers[i].wake.notify_one();
    }

    fn start_at_oldest(&mut self, i: usize) {
        let reader = &mut self.readers[i];
        (reader.cursor, reader.held_until) = (0, 0);
        for slot in self.slots.values_mut() {
            slot.wanted |= bit(i);
            reader.lag.records += 1;
            reader.lag.items += slot.entry.items();
            reader.lag.bytes += slot.entry.cost();
            if let Some(ledger) = &reader.ledger {
                ledger.enqueued(slot.entry.items());
            }
        }
        reader.wake.notify_one();
    }

    /// Whether there is room, or some can be made.
    pub(super) fn has_room(&self, cost: usize) -> bool {
        !self.closed && (self.bytes + cost <= self.max_bytes || self.got > 0)
    }

    /// Makes room by dropping the oldest for those who fell behind, as long as a destination keeps up that took something of it already. One that
    /// nothing of it was for, or that lost it, says nothing.
    fn make_room(&mut self, cost: usize) -> bool {
        if self.bytes + cost <= self.max_bytes {
            return true;
        }
        if self.got == 0 {
            return false;
        }
        let mut from = self.kept_until;
        while self.bytes + cost > self.max_bytes {
            let loose = |slot: &Slot| slot.got != 0 && slot.wanted & slot.handed == 0;
            let found = self.slots.range(from..).find(|(_, slot)| loose(slot));
            let Some((position, wanted)) = found.map(|(at, slot)| (*at, slot.wanted)) else {
                self.kept_until = self.end;
                return false;
            };
            for i in bits(wanted) {
                self.drop_one(i, position, DropReason::Lag);
            }
            from = position + 1;
            self.kept_until = from;
        }
        self.tell_passed();
        true
    }

    fn enforce_max_lag(&mut self) {
        for i in 0..self.readers.len() {
            let Some(max) = self.readers[i].max_lag else {
                continue;
            };
            while self.readers[i].lag.bytes > max {
                let loose = |slot: &Slot| slot.wanted & !slot.handed & bit(i) != 0;
                let mut rest = self.slots.range(self.readers[i].held_until..);
                let Some((&position, _)) = rest.find(|(_, slot)| loose(slot)) else {
                    self.readers[i].held_until = self.end;
                    break;
                };
                self.drop_one(i, position, DropReason::Lag);
                self.readers[i].held_until = position + 1;
            }
        }
        self.tell_passed();
    }

    fn drop_for(&mut self, i: usize, before: Position, why: DropReason) {
        let positions: Vec<_> = self
            .wanted()
            .filter(|s| s.wanted & bit(i) != 0 && s.entry.position < before)
            .map(|s| s.entry.position)
            .collect();
        for position in positions {
            self.drop_one(i, position, why);
        }
    }

    fn drop_one(&mut self, i: usize, position: Position, why: DropReason) {
        let items = self.settle(i, position);
        if let (Some(n), Some(ledger)) = (items, &self.readers[i].ledger) {
            ledger.dropped(why, n);
        }
    }

    /// Takes a reader's want off an entry; returns what of its items was not settled, if it was wanted.
    fn settle(&mut self, i: usize, position: Position) -> Option<u64> {
        let slot = self.slots.get_mut(&position)?;
        if slot.wanted & bit(i) == 0 {
            return None;
        }
        slot.wanted &= !bit(i);
        let (items, cost) = (slot.entry.items(), slot.entry.cost());
        if slot.wanted == 0 {
            self.got -= usize::from(slot.got != 0);
            self.slots.remove(&position);
            self.bytes -= cost;
        }
        // One who had it in hands or fell behind with the others is out of the way.
        self.kept_until = self.kept_until.min(position);
        let reader = &mut self.readers[i];
        let items = items.saturating_sub(reader.settled.take(position, position + 1));
        reader.lag.records -= 1;
        reader.lag.items -= items;
        reader.lag.bytes -= cost;
        Some(items)
    }

    fn tell_passed(&mut self) {
        let low = self.low();
        for (_, tell) in self.milestones.extract_if(.., |(until, _)| *until <= low) {
            // Nobody may wait for it any more.
            let _ = tell.send(());
        }
    }
}

impl ReaderState {
    /// Whether what is converted is kept for it.
    fn is_hasty(&self) -> bool {
        !self.removed && !self.patient && !self.rests
    }

    /// It reads all that it wants anew.
    fn put_back(&mut self) {
        self.settled.put_back(&mut self.lag, self.ledger.as_ref());
    }
}

pub(super) fn bit(i: usize) -> Mask {
    1 << i
}

pub(super) fn bits(mask: Mask) -> impl Iterator<Item = usize> {
    (0..MAX_READERS).filter(move |i| mask & bit(*i) != 0)
}
