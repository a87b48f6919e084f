//! What is known under the queue's lock: the segments, the decoded tail, and all readers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::super::settled::Settled;
use super::super::{Depth, Entry, Lag, Position, ReaderOptions, seat};
use super::behind::Behind;
use super::fetch::Fetch;
use super::marks::Marks;
use super::ranges::Ranges;
use super::reader::{Held, ReaderState};
use super::shares::{self, Shares};
use crate::outcome::DropReason;

/// The decoded tail that readers who keep up share. About 4,000 payloads: more than come in while a batch is gathered; who falls
/// further behind reads the disk and holds nothing in memory.
const TAIL_BYTES: usize = 8 << 20;

/// A file of records.
#[derive(Debug, Clone, Default)]
pub(in crate::queue) struct Segment {
    pub(in crate::queue) base: Position,
    /// Behind its last record.
    pub(in crate::queue) end: Position,
    pub(in crate::queue) records: u64,
    pub(in crate::queue) items: u64,
    /// When the newest of its records was taken, nanoseconds since 1970.
    pub(in crate::queue) newest_ns: u64,
    /// The same of the oldest; 0 while there is none.
    pub(in crate::queue) oldest_ns: u64,
    /// When what stands in it was taken.
    pub(super) marks: Marks,
    /// When it was begun; 0 where an earlier run did that.
    pub(super) begun_ns: u64,
    /// Where no record is: what is damaged, and what a crash left unfinished.
    pub(in crate::queue) gaps: Vec<(Position, Position)>,
    /// Something in it that had been acknowledged is lost.
    pub(in crate::queue) damaged: bool,
    /// Since when nobody wants anything of it.
    pub(in crate::queue) done_ns: Option<u64>,
}

impl Segment {
    /// The next record that it holds, and when that was taken.
    pub(in crate::queue) fn took(&mut self, at: Position, received_ns: u64) {
        self.marks.note(at, received_ns);
        self.newest_ns = self.newest_ns.max(received_ns);
        self.oldest_ns = match self.oldest_ns {
            0 => received_ns,
            oldest => oldest.min(received_ns),
        };
    }

    pub(in crate::queue) fn bytes(&self) -> u64 {
        self.end - self.base
    }

    /// Whether a record stands where none is any more.
    pub(in crate::queue) fn is_given_up(&self, from: Position, to: Position) -> bool {
        self.gaps.iter().any(|(a, b)| *a <= from && to <= *b)
    }

    /// How much of it holds no record.
    pub(in crate::queue) fn gap_bytes(&self) -> u64 {
        self.gaps.iter().map(|(from, to)| to - from).sum()
    }
}

#[derive(Debug, Default)]
pub(in crate::queue) struct State {
    pub(in crate::queue) segments: VecDeque<Segment>,
    /// Behind the last record that is durable.
    pub(in crate::queue) end: Position,
    /// Behind the last record that any file holds. Not behind one that could not be begun: what a crash brings back of it is no record.
    pub(in crate::queue) sound: Option<Position>,
    pub(super) tail: VecDeque<Arc<Entry>>,
    /// What nobody is handed any more. To free it takes time, so that is left to who does not hold the lock.
    pub(super) gone: Vec<Arc<Entry>>,
    tail_bytes: usize,
    /// A reader that is before this reads the disk, and nothing is kept in memory for its sake.
    tail_from: Position,
    /// What was read from the disk.
    pub(super) behind: Behind,
    pub(in crate::queue) readers: Vec<ReaderState>,
    /// Whose what is that somebody still wants.
    pub(in crate::queue) shares: Shares,
    /// What crashes left unfinished in the segments that there are.
    pub(in crate::queue) torn: Vec<(Position, Position)>,
    /// Where the segment that is written begins.
    pub(in crate::queue) active: Option<Position>,
    /// A group is on its way into the active segment.
    pub(in crate::queue) writing: bool,
    /// The segment that is written is to be ended with that group.
    pub(in crate::queue) seal: bool,
    /// How often segments were written anew: what was read of them before is not what they hold.
    pub(in crate::queue) erasures: u64,
    pub(in crate::queue) recovered: bool,
    pub(in crate::queue) closed: bool,
    /// It was looked whether a segment may go to make room, none may, and nothing has changed since that could be a reason for one.
    pub(super) stuck: bool,
    /// The kept cursors are not these.
    pub(in crate::queue) moved: bool,
    /// There is a reader that the kept cursors do not know: it would start in the wrong place after a crash.
    pub(in crate::queue) unknown_reader: bool,
}

/// What a reader gets.
pub(in crate::queue) enum Taken {
    Entries(Vec<Arc<Entry>>),
    /// It is behind: the disk has it.
    Fetch(Fetch),
    Wait,
    Closed,
}

impl State {
    pub(in crate::queue) fn open_reader(&mut self, options: ReaderOptions) -> (usize, Arc<Notify>) {
        self.stuck = false;
        let living = |r: &ReaderState| !r.removed;
        if let Some(i) = self
            .readers
            .iter()
            .position(|r| living(r) && r.name == options.name)
        {
            self.resume(i, options);
            return (i, self.readers[i].wake.clone());
        }
        let wake = Arc::new(Notify::new());
        let mut fresh = ReaderState {
            name: options.name.clone(),
            done: Ranges::default(),
            cursor: 0,
            held: BTreeMap::new(),
            pin: None,
            lag: Lag::default(),
            settled: Settled::default(),
            got: BTreeSet::new(),
            lost: BTreeSet::new(),
            wake: wake.clone(),
            rests: false,
            removed: false,
            options,
        };
        if self.recovered {
            self.place(&mut fresh);
            self.unknown_reader = true;
        }
        let i = seat(&mut self.readers, fresh, |r| r.removed);
        (i, wake)
    }

    /// Where a reader begins that comes while the queue runs.
    fn place(&self, reader: &mut ReaderState) {
        let oldest = self.segments.front().map_or(self.end, |s| s.base);
        let start = match reader.options.start {
            super::super::Start::Tail => self.end,
            super::super::Start::Oldest => oldest,
        };
        reader.done = Ranges::below(start);
        reader.cursor = start;
        reader.pin = reader.options.pinned.as_ref().map(|_| start);
        for segment in self.segments.iter().filter(|s| s.base >= start) {
            reader.lag.records += segment.records;
            reader.lag.items += segment.items;
            reader.lag.bytes += segment.bytes().saturating_sub(segment.gap_bytes()) as usize;
        }
        if let Some(ledger) = &reader.options.ledger {
            ledger.enqueued(reader.lag.items);
        }
        reader.wake.notify_one();
    }

    fn resume(&mut self, i: usize, options: ReaderOptions) {
        self.readers[i].options = options;
        self.take_back(i);
        let reader = &mut self.readers[i];
        reader.cursor = reader.done.low();
        reader.wake.notify_one();
    }

    /// Nobody has anything in hands any more.
    pub(in crate::queue) fn take_back(&mut self, i: usize) {
        self.stuck = false;
        let reader = &mut self.readers[i];
        reader.put_back();
        let held = std::mem::take(&mut reader.held);
        for (at, held) in held {
            if let Some(why) = self.nowhere(i, at) {
                self.settle(i, at, held, Some(why));
            }
        }
    }

    /// Why what goes out of a reader's hands is nowhere any more, where that is so: its segment went meanwhile, or damage was found where it lay.
    pub(super) fn nowhere(&self, i: usize, at: Position) -> Option<DropReason> {
        match self.segment_of(at) {
            None => Some(DropReason::Lag),
            Some(_) => (self.readers[i].done.contains(at)).then_some(DropReason::Damaged),
        }
    }

    /// The segment that holds a position.
    pub(in crate::queue) fn segment_of(&self, at: Position) -> Option<&Segment> {
        let i = self.segments.partition_point(|s| s.end <= at);
        self.segments.get(i).filter(|s| s.base <= at)
    }

    pub(in crate::queue) fn take(&mut self, i: usize, max_items: u64, max_bytes: usize) -> Taken {
        if !self.recovered {
            return Taken::Wait;
        }
        let end = self.end;
        let cursor = self.next_wanted(i);
        let reader = &mut self.readers[i];
        reader.cursor = cursor;
        reader.rests = false;
        if cursor >= end {
            return match self.closed {
                true => Taken::Closed,
                false => Taken::Wait,
            };
        }
        if self.tail.front().is_none_or(|e| e.position > cursor) {
            let already = self.read_already(i, cursor, max_items, max_bytes);
            if !already.is_empty() {
                return Taken::Entries(already);
            }
            let segment = self.segment_of(cursor);
            // Never without: `next_wanted` goes on to one, or to the end.
            let Some(segment) = segment else {
                return Taken::Wait;
            };
            return Taken::Fetch(Fetch {
                base: segment.base,
                at: cursor,
                end: segment.end,
                erasures: self.erasures,
                known: segment.gaps.clone(),
                max_items,
                max_bytes,
            });
        }
        let from = self.tail.partition_point(|e| e.position < cursor);
        let reader = &mut self.readers[i];
        let taken = reader.hand_out(self.tail.range(from..), max_items, max_bytes);
        self.trim_tail();
        self.went_on();
        match taken.is_empty() {
            true => Taken::Wait,
            false => Taken::Entries(taken),
        }
    }

    /// Whether a reader is about to take what nobody has converted, and others come to it soon.
    pub(in crate::queue) fn leads(&self, i: usize) -> bool {
        let reader = &self.readers[i];
        // Who makes metrics is pinned, and converts nothing; nobody keeps anything for who has time.
        let apart = reader.options.pinned.is_some() || reader.options.patient;
        if self.closed || apart || reader.cursor >= self.end {
            return false;
        }
        let cursor = reader.cursor;
        let next = match self.tail.front() {
            Some(front) if front.position <= cursor => {
                let at = self.tail.partition_point(|e| e.position < cursor);
                self.tail.get(at)
            }
            _ => self.behind.get(cursor),
        };
        next.is_none_or(|entry| entry.is_fresh()) && self.is_followed(i)
    }

    /// The first position from a reader's cursor on that it wants and that a segment holds, or the end.
    fn next_wanted(&self, i: usize) -> Position {
        let reader = &self.readers[i];
        let mut at = reader.cursor;
        loop {
            let from = at;
            at = reader.done.skip(at);
            let n = self.segments.partition_point(|s| s.end <= at);
            match self.segments.get(n) {
                None => return self.end.max(at),
                Some(segment) => at = at.max(segment.base),
            }
            if at == from {
                return at;
            }
        }
    }

    /// A reader has no further use for records, and took something of each, or nothing.
    pub(in crate::queue) fn ack(&mut self, i: usize, positions: &[Position], took: bool) {
        let took = took && self.readers[i].ledger().is_some();
        for at in positions {
            if let Some(held) = self.readers[i].held.remove(at) {
                self.settle(i, *at, held, None);
                if took && let Some(base) = self.segment_of(*at).map(|s| s.base) {
                    self.readers[i].got.insert(base);
                }
            }
        }
        self.advance(i);
    }

    /// Takes a reader's low watermark over what holds nothing: deleted segments, and damage that is known.
    pub(in crate::queue) fn advance(&mut self, i: usize) {
        self.moved = true;
        self.stuck = false;
        loop {
            let low = self.readers[i].done.low();
            if low >= self.end {
                break;
            }
            let n = self.segments.partition_point(|s| s.end <= low);
            let to = match self.segments.get(n) {
                None => self.end,
                Some(segment) if segment.base > low => segment.base,
                Some(segment) => {
                    let gap = segment.gaps.iter().find(|(a, b)| (*a..*b).contains(&low));
                    match gap {
                        None => break,
                        Some((_, end)) => *end,
                    }
                }
            };
            self.readers[i].done.add(low, to);
        }
        self.trim_tail();
    }

    /// A reader has no further use for a record.
    pub(super) fn settle(
        &mut self,
        i: usize,
        at: Position,
        record: Held,
        lost: Option<DropReason>,
    ) {
        let had = self.readers[i].done.contains(at);
        if lost.is_some()
            && let Some(base) = self.segment_of(at).map(|s| s.base)
        {
            self.readers[i].lost.insert(base);
        }
        self.readers[i].settle(at, record, lost);
        if !had {
            self.taken_off(at, record);
        }
    }

    /// The segment that was written to takes nothing more.
    pub(in crate::queue) fn leave_active(&mut self) {
        self.active = None;
        self.stuck = false;
    }

    /// A group is written, or is not and never will be.
    pub(in crate::queue) fn written(&mut self) {
        self.writing = false;
        self.stuck = false;
        if std::mem::take(&mut self.seal) {
            self.active = None;
        }
    }

    /// Nobody is handed from memory what there is.
    pub(in crate::queue) fn clear_tail(&mut self) {
        self.gone.extend(self.tail.drain(..));
        self.tail_bytes = 0;
        self.tail_from = self.end;
        self.behind.clear(&mut self.gone);
    }

    /// A group is durable: everybody gets to see it.
    pub(in crate::queue) fn publish(&mut self, entries: Vec<Arc<Entry>>) -> Vec<Arc<Notify>> {
        let Some(last) = entries.last() else {
            return Vec::new();
        };
        let (first, end) = (entries[0].position, last.next);
        let sum: u64 = entries.iter().map(|e| e.items()).sum();
        if let Some(segment) = self.segments.back_mut() {
            for entry in &entries {
                let app = shares::name(&entry.record.header.app);
                self.shares
                    .add(segment.base, app, entry.next - entry.position);
            }
            segment.end = end;
            segment.records += entries.len() as u64;
            segment.items += sum;
            for entry in &entries {
                segment.took(entry.position, entry.record.header.received_ns);
            }
            segment.done_ns = None;
        }
        self.end = end;
        self.sound = Some(end);
        let mut wakes = Vec::new();
        for reader in self.readers.iter_mut().filter(|r| !r.removed) {
            reader.lag.records += entries.len() as u64;
            reader.lag.items += sum;
            reader.lag.bytes += (end - first) as usize;
            if let Some(ledger) = &reader.options.ledger {
                ledger.enqueued(sum);
            }
            wakes.push(reader.wake.clone());
        }
        self.tail_bytes += entries.iter().map(|e| e.cost()).sum::<usize>();
        self.tail.extend(entries);
        self.moved = true;
        self.trim_tail();
        wakes
    }

    /// A reader takes nothing before it asks again: until then it has no claim to anything in memory.
    pub(in crate::queue) fn rest(&mut self, i: usize) {
        self.readers[i].rests = true;
        self.trim_tail();
        self.went_on();
    }

    /// Nothing stays in memory that all have read who keep up, and never more than the bound. Who fell out of it, or rests, has lost its claim: a
    /// destination that is away, for a second or an hour, shall not cost more memory than one that is there.
    fn trim_tail(&mut self) {
        while let Some(front) = self.tail.front() {
            let claim = self.readers.iter().filter(|r| !r.removed && !r.rests);
            let mut keep_up = claim.filter(|r| r.cursor >= self.tail_from);
            let wanted = keep_up.any(|r| r.cursor <= front.position);
            if self.tail_bytes <= TAIL_BYTES && wanted {
                return;
            }
            self.tail_bytes -= front.cost();
            self.tail_from = front.next;
            self.gone.extend(self.tail.pop_front());
        }
    }

    /// What is to be freed, outside of the lock.
    pub(in crate::queue) fn gone(&mut self) -> Vec<Arc<Entry>> {
        std::mem::take(&mut self.gone)
    }

    /// The entry at a position, where memory has it for those who keep up.
    pub(super) fn in_tail(&self, at: Position) -> Option<Arc<Entry>> {
        let found = self.tail.binary_search_by_key(&at, |e| e.position).ok()?;
        self.tail.get(found).cloned()
    }

    pub(in crate::queue) fn close(&mut self) {
        self.closed = true;
        for reader in &self.readers {
            reader.wake.notify_one();
        }
    }

    pub(in crate::queue) fn remove_reader(&mut self, i: usize) {
        let reader = &mut self.readers[i];
        let items = std::mem::take(&mut reader.lag).items;
        if let Some(ledger) = &reader.options.ledger {
            ledger.dropped(DropReason::DestinationRemoved, items);
        }
        reader.held.clear();
        reader.removed = true;
        let low = reader.done.low();
        self.inexact(low, self.end);
        self.moved = true;
        self.stuck = false;
        self.trim_tail();
        self.went_on();
    }

    pub(in crate::queue) fn living(&self) -> impl Iterator<Item = (usize, &ReaderState)> {
        self.readers.iter().enumerate().filter(|(_, r)| !r.removed)
    }

    /// Those that what is converted is kept for.
    pub(in crate::queue) fn hasty(&self) -> impl Iterator<Item = &ReaderState> {
        let living = self.living().map(|(_, r)| r);
        living.filter(|r| !r.options.patient && !r.rests)
    }

    /// Where segments end of which the next one does not tell.
    pub(in crate::queue) fn ends(&self) -> Vec<(Position, Position)> {
        let next = self.segments.iter().skip(1).map(|s| Some(s.base));
        let pairs = self.segments.iter().zip(next.chain([None]));
        let alone = pairs.filter(|(s, next)| *next != Some(s.end));
        alone.map(|(s, _)| (s.base, s.end)).collect()
    }

    /// Of which segments each destination took something and lost nothing.
    pub(in crate::queue) fn got(&self) -> BTreeMap<String, Ranges> {
        let takers = self.living().filter(|(_, r)| !r.got.is_empty());
        takers
            .map(|(_, r)| {
                let mut got = Ranges::default();
                for segment in &self.segments {
                    if r.got.contains(&segment.base) && !r.lost.contains(&segment.base) {
                        got.add(segment.base, segment.end);
                    }
                }
                (r.name.clone(), got)
            })
            .collect()
    }

    /// How many bytes all segments hold.
    pub(in crate::queue) fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    pub(in crate::queue) fn depth(&self, max_bytes: usize) -> Depth {
        let most = self.living().map(|(_, r)| r.lag.records).max();
        Depth {
            records: most.unwrap_or_default() as usize,
            bytes: self.bytes() as usize,
            max_bytes,
        }
    }

    #[cfg(test)]
    pub(in crate::queue) fn tail_bytes(&self) -> usize {
        self.tail_bytes
    }

    pub(in crate::queue) fn lags(&self) -> Vec<(String, Lag)> {
        self.living()
            .map(|(_, r)| (r.name.clone(), r.lag))
            .collect()
    }

    /// When the oldest record was taken that each reader has not acknowledged, nanoseconds since 1970. Of one that only the disk has it is what the
    /// segment's marks say.
    pub(in crate::queue) fn oldest(&self) -> Vec<(String, u64)> {
        let waiting = self.living().filter(|(_, r)| r.lag.records > 0);
        waiting
            .filter_map(|(_, r)| Some((r.name.clone(), self.oldest_of(&r.done)?)))
            .collect()
    }

    fn oldest_of(&self, done: &Ranges) -> Option<u64> {
        let from = self.segments.partition_point(|s| s.end <= done.low());
        let mut wanted = self.segments.range(from..);
        let segment = wanted.find(|s| !done.covers(s.base, s.end))?;
        let at = done.skip(segment.base);
        let entry = self.in_tail(at).or_else(|| self.behind.get(at).cloned());
        let taken = entry.map(|it| it.record.header.received_ns);
        let taken = taken.or_else(|| segment.marks.before(at));
        let taken = taken.unwrap_or(segment.oldest_ns);
        (taken > 0).then_some(taken)
    }
}
