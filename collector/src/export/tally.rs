//! What became of the items of each entry, until all of them have a fate.
//!
//! The ledger is written and the queue told once an entry is through, or its rest is left to the queue, in one go: a batch that is abandoned half-way
//! (a stop, a panic) leaves its entries pending, and nothing is counted twice when they are read again.

use std::collections::HashMap;

use super::Signal;
use super::health::Key;
use crate::outcome::{DestinationLedger, DropReason, Filter};
use crate::queue::Position;

/// What became of some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Exported,
    Dropped(DropReason),
    /// Left to the queue, to be read again.
    Left,
}

/// By signal: the share of what is left.
pub(crate) type Left = [Option<u64>; Signal::ALL.len()];

/// How it is with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Some of it is on its way, or to come.
    Open,
    /// All that is missing is left to the queue.
    Left,
    /// Each of its items has a fate.
    Through,
}

/// Entries that were read and are not through.
#[derive(Debug, Default)]
pub(crate) struct Tallies(HashMap<Position, Tally>);

#[derive(Debug, Default)]
struct Tally {
    open: u64,
    /// Whether a part of the entry is still to come.
    more: bool,
    /// Signals of which all its items are left, and of which share those are.
    left: Left,
    exported: u64,
    filtered: u64,
    elsewhere: u64,
    sampled_out: u64,
    rejected: u64,
    exhausted: u64,
    unconvertible: u64,
}

/// How the items of an entry divide, as far as is known when it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shares {
    /// Will be sent.
    pub(crate) wanted: u64,
    /// Of a signal that this destination does not want.
    pub(crate) filtered: u64,
    /// Go to other destinations.
    pub(crate) elsewhere: u64,
    /// Of sessions that are not in this destination's sample.
    pub(crate) sampled_out: u64,
    /// Came to nothing in conversion.
    pub(crate) unconvertible: u64,
    /// Whether this is a part of the entry, and another follows.
    pub(crate) more: bool,
    /// Signals of which all its items are left to the queue for now, and in none of the numbers; and of which share those are.
    pub(crate) left: Left,
}

impl Tallies {
    /// Of an entry that was left in part: of which signals. The others have their fate.
    pub(super) fn owed(&self, position: Position) -> Option<Left> {
        let tally = self.0.get(&position)?;
        tally.left.iter().any(Option::is_some).then_some(tally.left)
    }

    /// Books what an entry has behind it whose rest is left to the queue, and says how many items that is.
    pub(super) fn book_left(&mut self, position: Position, ledger: &DestinationLedger) -> u64 {
        let Some(tally) = self.0.get_mut(&position) else {
            return 0;
        };
        let settled = std::mem::take(tally);
        tally.left = settled.left;
        settled.book(ledger)
    }

    /// Forgets entries that are nobody's any more.
    pub(crate) fn forget(&mut self, positions: impl Iterator<Item = Position>) {
        for position in positions {
            self.0.remove(&position);
        }
    }

    /// An entry, or the next part of one, was read; or what was left of it, whose shares then tell of that alone.
    pub(crate) fn open(
        &mut self,
        position: Position,
        shares: Shares,
        ledger: &DestinationLedger,
    ) -> State {
        let mut tally = self.0.remove(&position).unwrap_or_default();
        tally.open += shares.wanted;
        tally.filtered += shares.filtered;
        tally.elsewhere += shares.elsewhere;
        tally.sampled_out += shares.sampled_out;
        tally.unconvertible += shares.unconvertible;
        tally.more = shares.more;
        tally.left = shares.left;
        let state = tally.state();
        match state {
            State::Through => {
                tally.book(ledger);
            }
            State::Open | State::Left => drop(self.0.insert(position, tally)),
        }
        state
    }

    /// `n` items of an entry met their fate.
    pub(super) fn settle(
        &mut self,
        position: Position,
        (n, key): (u64, Key),
        fate: Fate,
        ledger: &DestinationLedger,
    ) -> State {
        let Some(tally) = self.0.get_mut(&position) else {
            return State::Open;
        };
        match fate {
            Fate::Exported => tally.exported += n,
            Fate::Left => tally.left[key.signal as usize] = Some(key.share),
            Fate::Dropped(DropReason::RetriesExhausted) => tally.exhausted += n,
            Fate::Dropped(_) => tally.rejected += n,
        }
        tally.open = tally.open.saturating_sub(n);
        let state = tally.state();
        if state == State::Through
            && let Some(tally) = self.0.remove(&position)
        {
            tally.book(ledger);
        }
        state
    }
}

impl Tally {
    fn state(&self) -> State {
        match self.open > 0 || self.more {
            true => State::Open,
            false if self.left.iter().any(Option::is_some) => State::Left,
            false => State::Through,
        }
    }

    /// Books what became of its items, and says how many those are.
    fn book(&self, ledger: &DestinationLedger) -> u64 {
        if self.exported > 0 {
            ledger.exported(self.exported);
        }
        ledger.filtered(Filter::Signal, self.filtered);
        ledger.filtered(Filter::Route, self.elsewhere);
        ledger.filtered(Filter::SampledOut, self.sampled_out);
        ledger.dropped(DropReason::Rejected, self.rejected);
        ledger.dropped(DropReason::RetriesExhausted, self.exhausted);
        ledger.dropped(DropReason::Unconvertible, self.unconvertible);
        let filtered = self.filtered + self.elsewhere + self.sampled_out;
        self.exported + filtered + self.rejected + self.exhausted + self.unconvertible
    }
}
