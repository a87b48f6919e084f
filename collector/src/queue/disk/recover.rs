//! Finding again what an earlier run left: all that is whole is kept, what is not is counted, and a place in doubt means delivering twice.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};

use super::super::entry::Warm;
use super::super::{Position, Start};
use super::cursors::{CursorFile, Cursors};
use super::figures::Figures;
use super::group::Groups;
use super::io::Disk;
use super::keeper::Keeper;
use super::ranges::Ranges;
use super::reader::ReaderState;
use super::retain::Places;
use super::state::State;
use super::{Clock, Shared, erase, find, import, segment};
use crate::config::QueueSettings;
use crate::outcome::{DropReason, Ledgers};

/// What was found, until the readers are known.
#[derive(Debug)]
pub(super) struct Found {
    cursors: Option<Cursors>,
    damaged: u64,
    batches: Vec<[u8; 16]>,
}

/// What recovery came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Records that some reader still wants.
    pub records: u64,
    /// Files that held something damaged.
    pub damaged: u64,
    /// Ids of the newest records. Deduplication writes its own later than the queue does, and a crash may have come between.
    pub batches: Vec<[u8; 16]>,
}

impl Shared {
    pub(in crate::queue) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: QueueSettings,
        clock: Clock,
    ) -> Result<Self> {
        let shown = || format!("the queue's folder {}", folder.display());
        disk.create_folder(folder).with_context(shown)?;
        erase::remove_drafts(&*disk, folder);
        let figures = Figures::default();
        let (opened, lost) = find::open_segments(&*disk, folder, &figures).with_context(shown)?;
        let (cursor_file, cursors, bad_cursors) =
            CursorFile::open(disk.clone(), folder).with_context(shown)?;
        let of_heads = opened.iter().find_map(|o| Some(o.head?.queue));
        let id = of_heads
            .or(cursors.as_ref().map(|c| c.queue))
            .map_or_else(random_id, Ok)?;
        let cursors = cursors.filter(|c| c.queue == id);
        let missing = cursors.is_none() && !opened.is_empty();
        let scanned = find::scan(&opened, cursors.as_ref(), &figures).with_context(shown)?;
        let mut state = State::default();
        state.end = opened.last().map_or(0, find::Opened::behind);
        state.segments = scanned.segments;
        state.torn = scanned.torn;
        // Where no file tells, none of them holds a record.
        state.sound = scanned.sound.or_else(|| opened.first().map(|o| o.base));
        if let Some(last) = opened.last() {
            // The process may have died and the machine not: what is read now shall be there after the next crash as well.
            if last.file.sync().is_err() {
                Figures::add(&figures.write_failures, 1);
            }
            let _ = disk.sync_folder(folder);
        }
        if let Some(cursors) = &cursors {
            let highest = cursors.readers.values().map(Ranges::high).max();
            state.end = state.end.max(cursors.end).max(highest.unwrap_or_default());
        }
        let damaged = lost + scanned.damaged + u64::from(bad_cursors || missing);
        say(folder, &state, lost, bad_cursors, missing);
        let found = Found {
            cursors,
            damaged,
            batches: scanned.batches,
        };
        Figures::add(&figures.damaged_files, damaged);
        figures.segments.store(state.segments.len() as u64, Relaxed);
        let warm = Warm::default();
        let shared = Self {
            used: AtomicU64::new(state.bytes()),
            disk,
            folder: folder.to_owned(),
            settings,
            groups: Groups::default(),
            state: Mutex::new(state),
            warm,
            cursors: Mutex::new(cursor_file),
            keeper: Keeper::default(),
            figures,
            queue_id: AtomicU64::new(id),
            failed_in_a_row: AtomicU32::new(0),
            low: AtomicBool::new(false),
            cursors_fail: AtomicBool::new(false),
            looked_at_space_ns: AtomicU64::new(0),
            retaining: Mutex::new(()),
            changing: Mutex::new(()),
            found: Mutex::new(Some(found)),
            stopped: AtomicBool::new(false),
            clock,
        };
        shared.look_at_space();
        Ok(shared)
    }

    /// Gives each reader its place and counts what it has before it; what destinations wanted that are gone is counted as dropped in
    /// their books.
    pub(in crate::queue) fn recover(&self, ledgers: &Ledgers) -> Recovery {
        let found = self
            .found
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(found) = found else {
            return Recovery::default();
        };
        let mut recovery = Recovery {
            damaged: found.damaged,
            batches: found.batches,
            ..Recovery::default()
        };
        let resumed = {
            let state = self.lock();
            state.living().filter_map(|(_, r)| r.options.resume).max()
        };
        let mut state = self.lock();
        state.end = state.end.max(resumed.unwrap_or_default());
        for i in 0..state.readers.len() {
            let place = state.found_place(&state.readers[i], found.cursors.as_ref());
            let got = state.found_got(&state.readers[i], found.cursors.as_ref());
            let reader = &mut state.readers[i];
            reader.got = got;
            reader.cursor = place.low();
            reader.pin = reader.options.pinned.as_ref().map(|_| place.low());
            reader.done = place;
        }
        drop(state);
        let imported = import::import(self, ledgers);
        recovery.damaged += imported.damaged;
        self.count_wanted(&mut recovery, found.cursors.as_ref());
        self.count_gone(found.cursors.as_ref(), ledgers);
        {
            let mut state = self.lock();
            for i in 0..state.readers.len() {
                state.advance(i);
            }
            state.clear_tail();
            state.recovered = true;
            state.stuck = false;
            state.unknown_reader = true;
            for reader in &state.readers {
                reader.wake.notify_one();
            }
        }
        Figures::add(&self.figures.recovered, recovery.records);
        match self.keep_cursors() {
            Ok(()) => import::remove(self, &imported),
            // The first group tries again and is refused where it fails.
            Err(error) => {
                tracing::error!(kind = %error.kind(), "the cursors of the queue could not be kept");
            }
        }
        self.keeper.soon();
        recovery
    }

    /// Reads a segment once for all, and not at all where nobody wants something of it.
    fn count_wanted(&self, recovery: &mut Recovery, cursors: Option<&Cursors>) {
        let segments = self.lock().segments.clone();
        for segment in &segments {
            let wants = |done: &Ranges| !done.covers(segment.base, segment.end);
            if !self.lock().readers.iter().any(|r| wants(&r.done)) {
                continue;
            }
            // It was read a moment ago.
            let places = self.places(segment).unwrap_or_default();
            let mut most = 0;
            let mut state = self.lock();
            for reader in &mut state.readers {
                let (records, items, bytes) = wanted(&places, &reader.done);
                reader.lag.records += records;
                reader.lag.items += items;
                reader.lag.bytes += bytes as usize;
                let had = cursors.and_then(|c| c.replayed.get(&reader.name));
                let again = had.map_or(0, |had| {
                    items - wanted(&places, &joined(&reader.done, had)).1
                });
                if let Some(ledger) = reader.ledger() {
                    ledger.recovered(items - again);
                    ledger.replayed(again);
                }
                most = most.max(records);
            }
            recovery.records += most;
            state.count_shares(segment.base, &places);
        }
    }

    fn count_gone(&self, cursors: Option<&Cursors>, ledgers: &Ledgers) {
        let Some(cursors) = cursors else { return };
        let segments = self.lock().segments.clone();
        for (name, done) in &cursors.readers {
            if self.lock().living().any(|(_, r)| r.name == *name) {
                continue;
            }
            let open = segments.iter().filter(|s| !done.covers(s.base, s.end));
            let items = open
                .map(|s| wanted(&self.places(s).unwrap_or_default(), done).1)
                .sum();
            if items > 0 {
                let books = ledgers.destination(name);
                books.recovered(items);
                books.dropped(DropReason::DestinationRemoved, items);
            }
        }
    }
}

/// What is damaged, a line for each kind; what of it was whose is counted when the readers are known.
fn say(folder: &Path, state: &State, lost: u64, bad_cursors: bool, missing: bool) {
    let damaged: Vec<_> = state.segments.iter().filter(|s| s.damaged).collect();
    if let Some(first) = damaged.first() {
        tracing::error!(
            files = damaged.len(),
            bytes = damaged.iter().map(|s| s.gap_bytes()).sum::<u64>(),
            folder = %folder.display(),
            first = segment::name(first.base),
            "segments of the queue are damaged: what is whole in them is delivered, records in these bytes are lost; farol-collector queue verify shows where"
        );
    }
    if lost > 0 {
        tracing::error!(
            files = lost,
            folder = %folder.display(),
            "segments of the queue could not be read at all: they were put aside, and what they held is lost"
        );
    }
    if bad_cursors || missing {
        tracing::error!(
            folder = %folder.display(),
            damaged = bad_cursors,
            "the queue's cursors are gone: all that is in it is delivered again, to every destination"
        );
    }
}

fn joined(a: &Ranges, b: &Ranges) -> Ranges {
    let mut all = a.clone();
    all.join(b);
    all
}

/// Records, items and bytes that are not done.
fn wanted(places: &Places, done: &Ranges) -> (u64, u64, u64) {
    let mut sum = (0, 0, 0);
    for (_, held) in places.iter().filter(|(at, _)| !done.contains(*at)) {
        sum.0 += 1;
        sum.1 += u64::from(held.items);
        sum.2 += u64::from(held.length);
    }
    sum
}

impl State {
    fn found_got(&self, reader: &ReaderState, cursors: Option<&Cursors>) -> BTreeSet<Position> {
        let Some(got) = cursors.and_then(|c| c.got.get(&reader.name)) else {
            return BTreeSet::new();
        };
        let bases = self.segments.iter().map(|s| s.base);
        bases.filter(|base| got.contains(*base)).collect()
    }

    fn found_place(&self, reader: &ReaderState, cursors: Option<&Cursors>) -> Ranges {
        if let Some(at) = reader.options.resume {
            return Ranges::below(at);
        }
        let oldest = self.segments.front().map_or(self.end, |s| s.base);
        match cursors.map(|c| c.readers.get(&reader.name)) {
            Some(Some(done)) => done.clone(),
            // It is new.
            Some(None) => Ranges::below(match reader.options.start {
                Start::Tail => self.end,
                Start::Oldest => oldest,
            }),
            // Nothing is known: twice is better than never.
            None => Ranges::below(oldest),
        }
    }
}

fn random_id() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    Ok(u64::from_le_bytes(bytes))
}
