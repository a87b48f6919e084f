//! What became of the items of each entry, until all of them have a fate.
//!
//! The ledger is written and the queue told once an entry is through, in one go: a batch that is abandoned half-way (a stop, a
//! panic) leaves its entries pending as a whole, and nothing is counted twice when they are read again.

use std::collections::HashMap;

use crate::outcome::{DestinationLedger, DropReason, Filter};
use crate::queue::Position;

/// What became of some items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Exported,
    Dropped(DropReason),
}

/// Entries that were read and are not through.
#[derive(Debug, Default)]
pub(crate) struct Tallies(HashMap<Position, Tally>);

#[derive(Debug, Default)]
struct Tally {
    open: u64,
    /// Whether a part of the entry is still to come.
    more: bool,
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
}

impl Tallies {
    /// An entry, or the next part of one, was read. Returns true where it is through already.
    pub(crate) fn open(
        &mut self,
        position: Position,
        shares: Shares,
        ledger: &DestinationLedger,
    ) -> bool {
        let mut tally = self.0.remove(&position).unwrap_or_default();
        tally.open += shares.wanted;
        tally.filtered += shares.filtered;
        tally.elsewhere += shares.elsewhere;
        tally.sampled_out += shares.sampled_out;
        tally.unconvertible += shares.unconvertible;
        tally.more = shares.more;
        if tally.open == 0 && !tally.more {
            tally.book(ledger);
            return true;
        }
        self.0.insert(position, tally);
        false
    }

    /// `n` items of an entry met their fate. Returns true where it is through now.
    pub(crate) fn settle(
        &mut self,
        position: Position,
        n: u64,
        fate: Fate,
        ledger: &DestinationLedger,
    ) -> bool {
        let Some(tally) = self.0.get_mut(&position) else {
            return false;
        };
        match fate {
            Fate::Exported => tally.exported += n,
            Fate::Dropped(DropReason::RetriesExhausted) => tally.exhausted += n,
            Fate::Dropped(_) => tally.rejected += n,
        }
        tally.open = tally.open.saturating_sub(n);
        if tally.open > 0 || tally.more {
            return false;
        }
        if let Some(tally) = self.0.remove(&position) {
            tally.book(ledger);
        }
        true
    }
}

impl Tally {
    fn book(&self, ledger: &DestinationLedger) {
        if self.exported > 0 {
            ledger.exported(self.exported);
        }
        ledger.filtered(Filter::Signal, self.filtered);
        ledger.filtered(Filter::Route, self.elsewhere);
        ledger.filtered(Filter::SampledOut, self.sampled_out);
        ledger.dropped(DropReason::Rejected, self.rejected);
        ledger.dropped(DropReason::RetriesExhausted, self.exhausted);
        ledger.dropped(DropReason::Unconvertible, self.unconvertible);
    }
}
