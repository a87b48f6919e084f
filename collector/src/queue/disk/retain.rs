//! Deleting: what nobody wants, and what is over a bound, counted for those who still wanted it.

use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::super::{Lag, Position};
use super::Shared;
use super::figures::Figures;
use super::io::{Disk, is_damage};
use super::keep::nanos;
use super::reader::{Held, ReaderState};
use super::segment::{self, Piece, Scan};
use super::shares;
use super::state::{Segment, State};
use crate::outcome::DropReason;
use crate::record::Record;

/// Damaged files that are kept aside for somebody to look at. A disk that damages more will be replaced, not studied.
const ASIDE: usize = 4;
/// The ending that they get.
const ASIDE_ENDING: &str = "damaged";

/// What is lost with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Nothing,
    /// What was made of it, if a crash comes before that is durable.
    Counts,
    /// What some destination still wants.
    Items,
}

/// Records of a segment: position, and what a reader holds of it.
pub(super) type Places = Vec<(Position, Held)>;

impl State {
    /// Whether a segment is being written at this moment.
    pub(super) fn is_written(&self, base: Position) -> bool {
        self.writing && self.active == Some(base)
    }

    /// The segment that goes first to make room: of those that may, the oldest of which the least is lost.
    pub(super) fn victim(&mut self) -> Option<Position> {
        if self.stuck {
            debug_assert!(self.find_victim().is_none(), "something changed unseen");
            return None;
        }
        let victim = self.find_victim();
        self.stuck = victim.is_none();
        victim
    }

    /// Whether there is one, without looking for the best.
    pub(super) fn has_victim(&mut self) -> bool {
        self.stuck = self.stuck || !self.segments.iter().any(|s| self.cost_of(s).is_some());
        !self.stuck
    }

    fn find_victim(&self) -> Option<Position> {
        let costs = self
            .segments
            .iter()
            .filter_map(|s| Some((self.cost_of(s)?, s.base)));
        costs.min().map(|(_, base)| base)
    }

    /// What it costs if a segment goes, where it may: nobody wants it, or a destination keeps up that took something of it. It may not where somebody has something of
    /// it in hands: a crash before the verdict would lose that and nobody would count it. That is a batch or two a destination.
    fn cost_of(&self, segment: &Segment) -> Option<Cost> {
        let (mut cost, mut keeps_up) = (Cost::Nothing, false);
        for (_, reader) in self.living() {
            if reader.holds_some_of(segment) {
                return None;
            }
            let covered = reader.done.covers(segment.base, segment.end);
            keeps_up |= reader.keeps_up(segment);
            cost = cost.max(match covered {
                true if reader.through(segment) => Cost::Nothing,
                true => Cost::Counts,
                false => Cost::Items,
            });
        }
        let may = (cost < Cost::Items || keeps_up) && !self.is_written(segment.base);
        may.then_some(cost)
    }

    /// Whether a segment stays because what somebody made of it is not durable yet, who is told to make it so.
    fn asks_to_keep(&self, base: Position) -> bool {
        let segment = self.segments.iter().find(|s| s.base == base);
        let Some(segment) = segment.filter(|s| self.cost_of(s) == Some(Cost::Counts)) else {
            return false;
        };
        let pinned = self.living().filter(|(_, r)| !r.through(segment));
        for (_, reader) in pinned {
            if let Some(keep) = &reader.options.pinned {
                keep.notify_one();
            }
        }
        true
    }

    /// A part of a segment turned out to be damaged. True where that is news.
    pub(super) fn damaged(
        &mut self,
        base: Position,
        gap: (Position, Position),
        whole: Option<(u64, u64)>,
    ) -> bool {
        let Some(segment) = self.segments.iter_mut().find(|s| s.base == base) else {
            return false;
        };
        if segment.is_given_up(gap.0, gap.1) {
            return false;
        }
        segment.gaps.push(gap);
        segment.damaged = true;
        let (records, items) = whole.unwrap_or((segment.records, segment.items));
        let lost_records = segment.records.saturating_sub(records);
        let lost_items = segment.items.saturating_sub(items);
        segment.records -= lost_records;
        segment.items -= lost_items;
        self.inexact(gap.0, gap.1);
        for i in 0..self.readers.len() {
            let reader = &mut self.readers[i];
            if reader.removed || reader.done.covers(gap.0, gap.1) {
                continue;
            }
            let most = reader.most_to_lose(base, &self.segments);
            let gone = reader.beyond_hands(gap, lost_records, lost_items);
            let gone = Lag {
                records: gone.records.min(most.records),
                items: gone.items.min(most.items),
                bytes: gone.bytes.min(most.bytes),
            };
            let lost = gone.items.min(reader.lag.items);
            reader.lag.items -= lost;
            reader.lag.records -= gone.records.min(reader.lag.records);
            reader.lag.bytes = reader.lag.bytes.saturating_sub(gone.bytes);
            if let Some(ledger) = reader.ledger() {
                ledger.dropped(DropReason::Damaged, lost);
            }
            reader.done.add(gap.0, gap.1);
            self.advance(i);
        }
        true
    }

    /// Drops what a reader wants of a segment and was not handed. False where `places` are wanted for that.
    fn drop_for(
        &mut self,
        i: usize,
        segment: &Segment,
        why: DropReason,
        places: Option<&Places>,
    ) -> bool {
        let reader = &mut self.readers[i];
        if reader.done.covers(segment.base, segment.end) {
            return true;
        }
        if reader.untouched(segment) {
            let items =
                (segment.items).saturating_sub(reader.settled.take(segment.base, segment.end));
            let lag = &mut reader.lag;
            let bytes = segment.bytes().saturating_sub(segment.gap_bytes()) as usize;
            lag.records = lag.records.saturating_sub(segment.records);
            lag.items = lag.items.saturating_sub(items);
            lag.bytes = lag.bytes.saturating_sub(bytes);
            if let Some(ledger) = reader.ledger() {
                ledger.dropped(why, items);
            }
            reader.done.add(segment.base, segment.end);
            reader.lost.insert(segment.base);
            self.inexact(segment.base, segment.end);
        } else if reader.holds_the_rest_of(segment) {
            // Known without reading it, which each round of the keeper would do anew.
            return true;
        } else {
            let Some(places) = places else { return false };
            for (at, record) in places {
                let reader = &self.readers[i];
                if !reader.done.contains(*at) && !reader.held.contains_key(at) {
                    self.settle(i, *at, *record, Some(why));
                }
            }
        }
        self.advance(i);
        true
    }
}

impl ReaderState {
    /// Whether all that it is not done with in a segment is in its hands, or damaged.
    fn holds_the_rest_of(&self, segment: &Segment) -> bool {
        let mut at = segment.base;
        while at < segment.end {
            let before = at;
            at = self.done.skip(at);
            if let Some(held) = self.held.get(&at) {
                at += u64::from(held.length);
            }
            let gap = segment.gaps.iter().find(|(a, b)| (*a..*b).contains(&at));
            at = gap.map_or(at, |(_, to)| *to);
            if at == before {
                return false;
            }
        }
        true
    }
}

impl Shared {
    /// Deletes until `need` more bytes fit. False where that would cost somebody what no destination has had, and where it is done ahead and waits for
    /// what somebody made of a segment to become durable.
    pub(super) fn make_room(&self, need: u64) -> bool {
        let _one = self
            .retaining
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.used.load(Relaxed) + need <= self.settings.max_bytes as u64 {
                return true;
            }
            let base = {
                let mut state = self.lock();
                match state.victim() {
                    Some(base) if need == 0 || !state.asks_to_keep(base) => base,
                    _ => return false,
                }
            };
            if !self.drop_segment(base, DropReason::Lag) {
                return false;
            }
        }
    }

    /// Deletes a segment, counted for those who still want something of it. Where somebody has something of it in hands it stays until that
    /// is done with: a crash before the verdict would lose it, and nobody would count it. False where it cannot be read for now to see who wants what of
    /// it; what the medium has lost is counted as damaged.
    pub(super) fn drop_segment(&self, base: Position, why: DropReason) -> bool {
        let _one = self.changing();
        let mut places = None;
        loop {
            let mut state = self.lock();
            let Some(segment) = state.segments.iter().find(|s| s.base == base).cloned() else {
                return true;
            };
            if state.is_written(base) {
                return true;
            }
            let mut all = true;
            for i in 0..state.readers.len() {
                if !state.readers[i].removed {
                    all &= state.drop_for(i, &segment, why, places.as_ref());
                }
            }
            if all {
                if !state.living().any(|(_, r)| r.holds_some_of(&segment)) {
                    let read = places.iter().flatten();
                    let whole = read.fold((0, 0), |(records, items), (_, it)| {
                        (records + 1, items + u64::from(it.items))
                    });
                    if (state.living()).any(|(_, r)| !r.holds_the_rest_of(&segment)) {
                        self.lose(&mut state, &segment, whole);
                        continue;
                    }
                    self.delete(state, &segment);
                }
                return true;
            }
            drop(state);
            match self.places(&segment) {
                Ok(found) => places = Some(found),
                Err(error) => {
                    Figures::add(&self.figures.read_failures, 1);
                    if !is_damage(&error) {
                        return false;
                    }
                    tracing::error!(kind = %error.kind(), "a segment of the queue cannot be read");
                    self.lose(&mut self.lock(), &segment, (0, 0));
                }
            }
        }
    }

    /// What stands in a segment beside so many whole records and items is damaged.
    fn lose(&self, state: &mut State, segment: &Segment, whole: (u64, u64)) {
        let all = (segment.base, segment.end);
        self.note_gaps(state, segment.base, &[all], Some(whole));
    }

    /// Where a segment's whole records are.
    pub(super) fn places(&self, segment: &Segment) -> io::Result<Places> {
        let mut places = Vec::new();
        self.records_of(segment, |at, length, record| {
            let held = Held {
                length: length as u32,
                items: record.header.counts.items() as u32,
                app: shares::name(&record.header.app),
            };
            places.push((at, held));
        })?;
        Ok(places)
    }

    /// Hands out each whole record of a segment: position, length, what it is.
    pub(super) fn records_of(
        &self,
        segment: &Segment,
        mut each: impl FnMut(Position, usize, &Record),
    ) -> io::Result<()> {
        let path = self.folder.join(segment::name(segment.base));
        let file = self.disk.open(&path)?;
        let mut scan = Scan::forgiving(&*file, segment.base, segment.base, segment.end);
        while let Some(piece) = scan.piece()? {
            if let Piece::Record(at, length, record) = piece
                && !segment.is_given_up(at, at + length as u64)
            {
                each(at, length, &record);
            }
        }
        Ok(())
    }

    /// Drops the oldest for readers that are further behind than they may be, down to seven eighths of it, so that it is not looked at with
    /// every record.
    pub(super) fn enforce_max_lag(&self) {
        let behind: Vec<(usize, usize)> = {
            let state = self.lock();
            let over = state.living().filter_map(|(i, r)| {
                let most = r.options.max_lag?;
                (r.lag.bytes > most).then_some((i, most))
            });
            over.collect()
        };
        for (i, most) in behind {
            self.drop_oldest(i, most - most / 8);
        }
    }

    fn drop_oldest(&self, i: usize, down_to: usize) {
        let segments: Vec<Segment> = {
            let state = self.lock();
            let low = state.readers[i].done.low();
            state
                .segments
                .iter()
                .filter(|s| s.end > low)
                .cloned()
                .collect()
        };
        for segment in segments {
            let _one = self.changing();
            // Who reads it finds out what it is, or it can be read the next time.
            let Ok(places) = self.places(&segment) else {
                continue;
            };
            let mut state = self.lock();
            for (at, record) in places {
                let reader = &state.readers[i];
                if reader.lag.bytes <= down_to || reader.removed {
                    break;
                }
                if !reader.done.contains(at) && !reader.held.contains_key(&at) {
                    state.settle(i, at, record, Some(DropReason::Lag));
                }
            }
            state.advance(i);
            if state.readers[i].lag.bytes <= down_to {
                return;
            }
        }
    }

    /// Deletes segments that nobody wants any more, as soon as they need not be retained.
    pub(super) fn free_done(&self) {
        let now = (self.clock.now)();
        let _one = self.changing();
        loop {
            // On a disk that is nearly full what may go goes, the oldest first, until there is room: at last the segment that would be written next,
            // since nobody writes to it, and so it would stay, and the disk full.
            let low = self.low.load(Relaxed);
            let retain = match low {
                true => 0,
                false => nanos(self.settings.retain_after_export),
            };
            let mut state = self.lock();
            let closed = state.closed;
            let active = state.active;
            let through: Vec<Position> = state
                .segments
                .iter()
                .filter(|s| closed || low || active != Some(s.base))
                .filter(|s| state.living().all(|(_, r)| r.through(s)))
                .map(|s| s.base)
                .collect();
            let mut due = None;
            for segment in state.segments.iter_mut() {
                if !through.contains(&segment.base) {
                    continue;
                }
                let since = *segment.done_ns.get_or_insert(now);
                // A clock that was set back retains longer, not shorter.
                if retain == 0 || now.saturating_sub(since) >= retain {
                    due = Some(segment.clone());
                    break;
                }
            }
            let Some(segment) = due else {
                if low {
                    let bases: Vec<_> = state.segments.iter().map(|s| s.base).collect();
                    let _ = bases.into_iter().any(|base| state.asks_to_keep(base));
                }
                return;
            };
            if state.is_written(segment.base) {
                return;
            }
            self.delete(state, &segment);
            if low {
                self.look_at_space_now();
            }
        }
    }

    fn delete(&self, mut state: std::sync::MutexGuard<'_, State>, segment: &Segment) {
        state.segments.retain(|s| s.base != segment.base);
        state.shares.forget(segment.base);
        let active = state.active == Some(segment.base);
        if active {
            state.active = None;
        }
        for i in 0..state.readers.len() {
            state.readers[i].got.remove(&segment.base);
            state.readers[i].lost.remove(&segment.base);
            state.advance(i);
        }
        let count = state.segments.len() as u64;
        // Under the lock: who finds no segment that may go finds the room of the one that went.
        self.give_back(segment.bytes());
        drop(state);
        self.figures.segments.store(count, Relaxed);
        let name = segment::name(segment.base);
        let path = self.folder.join(&name);
        let gone = match segment.damaged {
            false => self.disk.remove(&path),
            true => put_aside(&*self.disk, &self.folder, &name),
        };
        if let Err(error) = gone {
            Figures::add(&self.figures.write_failures, 1);
            tracing::warn!(kind = %error.kind(), "a segment that is done could not be deleted; it will be looked at again at the next start");
        }
        if active {
            // The writer has its file open, and the disk gets the room when that is closed.
            self.groups.nudge();
        }
    }
}

/// Whether a file of this name is kept aside.
pub(super) fn is_aside(name: &str) -> bool {
    name.ends_with(ASIDE_ENDING)
}

/// Keeps a damaged file for somebody to look at, in place of the oldest such.
pub(super) fn put_aside(disk: &dyn Disk, folder: &Path, name: &str) -> io::Result<()> {
    let mut aside: Vec<String> = disk.list(folder)?;
    aside.retain(|n| is_aside(n));
    aside.sort_unstable();
    let many = aside.len().saturating_sub(ASIDE - 1);
    for oldest in &aside[..many] {
        disk.remove(&folder.join(oldest))?;
    }
    let to = format!("{name}.{ASIDE_ENDING}");
    disk.rename(&folder.join(name), &folder.join(to))
}
