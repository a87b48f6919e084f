//! How much of what is still wanted in the queue belongs to which app: what a quota is compared with.
//!
//! A record counts until its last reader is through with it, in whatever order they are, and sums are kept by segment, so that a queue of any length costs
//! little. Where something else than a verdict on a record changes who wants what, the segment is read again (`State::inexact`), if anybody has a quota.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::Position;
use super::Shared;
use super::io::is_damage;
use super::reader::{Held, ReaderState};
use super::retain::Places;
use super::state::State;

/// Apps that are told apart: as many as there can be keys. Where names are free, the rest has no quota either.
const MOST_APPS: usize = 10_000;

/// An app's name as a hash: where no apps are declared a name is what clients say, of any length, and it is kept as long as its records.
pub(in crate::queue) type Name = u128;

pub(super) fn name(app: &str) -> Name {
    xxhash_rust::xxh3::xxh3_128(app.as_bytes())
}

/// The shares.
#[derive(Debug, Default)]
pub(in crate::queue) struct Shares {
    all: HashMap<Name, u64>,
    /// By the segment that they lie in.
    parts: BTreeMap<Position, HashMap<Name, u64>>,
    /// Segments whose sums are not what is wanted of them.
    inexact: BTreeSet<Position>,
    /// Somebody has a quota.
    asked: bool,
}

impl Shares {
    /// A record of this app stands in a segment.
    pub(super) fn add(&mut self, base: Position, app: Name, bytes: u64) {
        if self.all.len() >= MOST_APPS && !self.all.contains_key(&app) {
            return;
        }
        *self.all.entry(app).or_default() += bytes;
        *self.parts.entry(base).or_default().entry(app).or_default() += bytes;
    }

    /// Nobody wants it any more.
    fn take(&mut self, base: Position, app: Name, bytes: u64) {
        let Some(part) = self.parts.get_mut(&base) else {
            return;
        };
        // Not below nothing: where it is inexact, less may stand here.
        let bytes = subtract(part, app, bytes);
        if part.is_empty() {
            self.parts.remove(&base);
        }
        subtract(&mut self.all, app, bytes);
    }

    /// Nobody wants anything of a segment.
    pub(super) fn forget(&mut self, base: Position) {
        self.inexact.remove(&base);
        for (app, bytes) in self.parts.remove(&base).unwrap_or_default() {
            subtract(&mut self.all, app, bytes);
        }
    }

    /// How many bytes are this app's.
    pub(in crate::queue) fn of(&self, app: &str) -> u64 {
        self.all.get(&name(app)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
impl Shares {
    /// Whether all sums are what is wanted.
    pub(in crate::queue) fn is_exact(&self) -> bool {
        self.inexact.is_empty()
    }
}

/// Takes so much off an app's sum, and no more than it is; returns how much that was.
fn subtract(sums: &mut HashMap<Name, u64>, app: Name, bytes: u64) -> u64 {
    let Some(sum) = sums.get_mut(&app) else {
        return 0;
    };
    let bytes = bytes.min(*sum);
    *sum -= bytes;
    if *sum == 0 {
        sums.remove(&app);
    }
    bytes
}

impl State {
    /// A reader is through with a record. What is to go to it once more after that (`replay.rs`, `Start::Oldest`) counts no more: its app has not sent it again.
    pub(super) fn taken_off(&mut self, at: Position, record: Held) {
        if self.living().all(|(_, r)| r.done.contains(at))
            && let Some(base) = self.segment_of(at).map(|s| s.base)
        {
            self.shares.take(base, record.app, u64::from(record.length));
        }
    }

    /// It has changed who wants what of the segments from one position to another, and not record by record.
    pub(super) fn inexact(&mut self, from: Position, to: Position) {
        let touched = self.segments.iter().filter(|s| from < s.end && s.base < to);
        self.shares.inexact.extend(touched.map(|s| s.base));
    }

    /// Counts what of a segment's records somebody wants.
    pub(super) fn count_shares(&mut self, base: Position, places: &Places) {
        self.shares.forget(base);
        for (at, record) in places {
            if self.living().any(|(_, r)| !r.done.contains(*at)) {
                self.shares.add(base, record.app, u64::from(record.length));
            }
        }
    }
}

impl Shared {
    /// Whether an app would have more than its quota with so many bytes more.
    pub(super) fn is_over(&self, quota: u64, app: &str, bytes: u64) -> bool {
        let shares = &mut self.lock().shares;
        shares.asked = true;
        let over = shares.of(app) + bytes > quota;
        if over && !shares.inexact.is_empty() {
            self.keeper.soon();
        }
        over
    }

    /// Reads a segment again whose sums are not what is wanted of it. One a round: the keeper has more to do.
    pub(super) fn count_again(&self) {
        let _one = self.changing();
        let mut state = self.lock();
        if !state.shares.asked {
            return;
        }
        let Some(base) = state.shares.inexact.first().copied() else {
            return;
        };
        if state.active == Some(base) {
            // What is appended while it is read would be left out.
            match state.writing {
                true => state.seal = true,
                false => state.leave_active(),
            }
        }
        let segment = state.segments.iter().find(|s| s.base == base).cloned();
        match segment {
            None => state.shares.forget(base),
            Some(_) if state.active == Some(base) => {}
            Some(segment) => {
                let wanted = |r: &ReaderState| !r.done.covers(base, segment.end);
                let mut places = Places::new();
                if state.living().any(|(_, r)| wanted(r)) {
                    drop(state);
                    match self.places(&segment) {
                        Ok(found) => places = found,
                        // What is there no more is nobody's.
                        Err(error) if is_damage(&error) => {}
                        Err(_) => return,
                    }
                    state = self.lock();
                }
                state.count_shares(base, &places);
            }
        }
        if !state.shares.inexact.is_empty() {
            self.keeper.soon();
        }
    }
}

#[cfg(test)]
mod tests;
