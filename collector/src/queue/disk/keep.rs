//! What the queue's keeper does: keeps cursors, deletes what nobody wants any more, holds the bounds, and looks after a disk that fails.

use std::collections::BTreeMap;
use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::Position;
use super::cursors::Cursors;
use super::figures::Figures;
use super::keeper::Wake;
use super::ranges::Ranges;
use super::reader::ReaderState;
use super::writer::Writer;
use super::{FAILURES, Shared};
use crate::memory::give_back_at_times;
use crate::outcome::DropReason;

/// How often a disk that is full or fails is asked whether it is well again.
const WATCH: Duration = Duration::from_secs(1);

/// How often ages are looked at: a hundredth of the least that can be set.
const AGES: Duration = Duration::from_secs(10);

/// How old a file gets at least before it is ended for the sake of what is done with in it: each time costs a file and a sync of the folder.
const DONE_AFTER: Duration = Duration::from_secs(60);

/// The same for the sake of what expires.
const OLD_AFTER: Duration = Duration::from_secs(10);

/// The parts of a time after which something goes that a file may span. What goes goes by files, so late by one part at the most; and there
/// are no more files of few records than these.
const PARTS_OF_TIME: u32 = 64;

/// How often the room on the disk is looked at while nothing is written.
const SPACE_NS: u64 = 1_000_000_000;

impl Shared {
    pub(super) fn keep_until_stopped(&self) {
        while self.keeper.wait(self.longest_wait()) == Wake::Work {
            self.keep();
            give_back_at_times();
        }
    }

    /// No timer runs where nothing comes with time.
    pub(super) fn longest_wait(&self) -> Option<Duration> {
        if self.refusal().is_some() || self.cursors_fail.load(Relaxed) {
            return Some(WATCH);
        }
        let ages = self.settings.max_age.is_some() || !self.settings.retain_after_export.is_zero();
        let state = self.lock();
        let waits = state.active.is_some() || (ages && !state.segments.is_empty());
        waits.then_some(AGES)
    }

    /// One round.
    pub(super) fn keep(&self) {
        // Until readers have their places it looks as if nobody wanted anything. What waits is done after that.
        if !self.lock().recovered {
            return;
        }
        if self.failed_in_a_row.load(Relaxed) >= FAILURES && Writer::probe(self).is_ok() {
            tracing::info!("the queue can be written again");
            self.failed_in_a_row.store(0, Relaxed);
        }
        if self.low.load(Relaxed) {
            self.look_at_space_now();
        }
        self.enforce_max_lag();
        self.end_in_time();
        self.free_done();
        self.drop_old();
        if self.short_of_room() {
            self.make_room(self.segment_bytes());
        }
        self.count_again();
        if self.lock().moved {
            match self.keep_cursors() {
                Ok(()) => {
                    if self.cursors_fail.swap(false, Relaxed) {
                        tracing::info!("the cursors of the queue can be kept again");
                    }
                }
                Err(error) => {
                    Figures::add(&self.figures.cursor_failures, 1);
                    // Once: they are tried time and again.
                    if !self.cursors_fail.swap(true, Relaxed) {
                        tracing::error!(kind = %error.kind(), "the cursors of the queue could not be kept");
                    }
                }
            }
        }
    }

    /// Writes down what each reader has done.
    pub(super) fn keep_cursors(&self) -> io::Result<()> {
        let mut file = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        let cursors = {
            let mut state = self.lock();
            state.moved = false;
            state.unknown_reader = false;
            let readers: BTreeMap<String, Ranges> = state
                .living()
                .map(|(_, r)| (r.name.clone(), r.durably_done()))
                .collect();
            let first = state.segments.front().map_or(state.end, |s| s.base);
            state.torn.retain(|(from, _)| *from >= first);
            Cursors {
                queue: self.id(),
                end: state.end,
                ends: state.ends(),
                torn: state.torn.clone(),
                readers,
                got: state.got(),
                replayed: BTreeMap::new(),
            }
        };
        let ranges = cursors.readers.values().map(Ranges::count).sum();
        self.keeper.weighs(ranges);
        file.save(&cursors).inspect_err(|_| {
            let mut state = self.lock();
            state.moved = true;
            state.unknown_reader = true;
        })
    }

    /// Ends the file that is written where its time has come: files go as a whole, and one that nothing fills up would keep for good what has expired, or
    /// what everybody has. The next record begins another.
    fn end_in_time(&self) {
        let now = (self.clock.now)();
        let part = |whole: Duration| whole / PARTS_OF_TIME;
        let mut state = self.lock();
        let active = state.active;
        let Some(file) = state.segments.back().filter(|s| active == Some(s.base)) else {
            return;
        };
        // A clock that was set back says nothing of its age.
        let age = now.checked_sub(file.begun_ns).unwrap_or(u64::MAX);
        let is_past = |least: Duration| age >= nanos(least);
        let expires = self.settings.max_age;
        let expires = expires.is_some_and(|most| is_past(part(most).max(OLD_AFTER)));
        let retain = self.settings.retain_after_export;
        // Where somebody has nothing of it yet another file would only be one more.
        let all_take = || {
            let has_begun =
                |r: &ReaderState| r.done.low() > file.base && r.pin.is_none_or(|at| at > file.base);
            state.living().all(|(_, r)| has_begun(r))
        };
        if !(expires || is_past(part(retain).max(DONE_AFTER)) && all_take()) {
            return;
        }
        match state.writing {
            true => state.seal = true,
            false => state.leave_active(),
        }
        drop(state);
        // The writer has the file open.
        self.groups.nudge();
    }

    fn drop_old(&self) {
        let Some(max_age) = self.settings.max_age else {
            return;
        };
        let before = (self.clock.now)().saturating_sub(nanos(max_age));
        let old: Vec<Position> = {
            let state = self.lock();
            let old = state.segments.iter().filter(|s| s.newest_ns < before);
            old.map(|s| s.base).collect()
        };
        for base in old {
            self.drop_segment(base, DropReason::Expired);
        }
    }

    /// Looks whether the disk has room, once a second at most.
    pub(super) fn look_at_space(&self) {
        let now = (self.clock.now)();
        let last = self.looked_at_space_ns.load(Relaxed);
        // A clock that was set back is a reason to look.
        if now >= last && now - last < SPACE_NS {
            return;
        }
        self.look_at_space_now();
    }

    /// Looks after every group that is written, and so at what it took: between two looks nothing more than a group goes beyond the bound.
    pub(super) fn look_at_space_now(&self) {
        self.looked_at_space_ns.store((self.clock.now)(), Relaxed);
        let space = match self.disk.space(&self.folder) {
            Ok(space) => space,
            Err(error) => {
                // Where nothing can be known the write itself will tell.
                if error.kind() == io::ErrorKind::NotFound {
                    self.folder_is_gone();
                }
                return;
            }
        };
        self.figures.free.store(space.free, Relaxed);
        let low = space.free < self.settings.min_free.of(space.total);
        if self.low.swap(low, Relaxed) != low {
            match low {
                true => tracing::error!("the disk is nearly full; nothing more is taken"),
                false => tracing::info!("the disk has room again"),
            }
        }
        if low {
            self.keeper.soon();
        }
    }

    /// Somebody deleted the data folder. It is not made again: the lock on it is gone with it, and whoever did so may have meant it.
    fn folder_is_gone(&self) {
        if self.failed_in_a_row.swap(FAILURES, Relaxed) < FAILURES {
            tracing::error!(
                "the queue's folder is gone; nothing more is taken. Put it back, or start the collector anew"
            );
        }
        self.keeper.stir();
    }

    /// The end of a stop in order.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        state.close();
        for i in 0..state.readers.len() {
            state.take_back(i);
        }
        let recovered = state.recovered;
        drop(state);
        // It ends before it began: all stays as it was found.
        if !recovered {
            return;
        }
        self.free_done();
        if let Err(error) = self.keep_cursors() {
            tracing::error!(kind = %error.kind(), "the cursors of the queue could not be kept; some of it will be delivered twice");
        }
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
