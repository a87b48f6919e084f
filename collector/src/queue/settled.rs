//! How much of the records that a reader let go is settled: those items are in its books, and what becomes of the rest is all that is left to count.

use std::collections::BTreeMap;

use super::{Lag, Position};
use crate::outcome::DestinationLedger;

/// By position: items that have their fate.
#[derive(Debug, Default)]
pub(super) struct Settled(BTreeMap<Position, u64>);

impl Settled {
    /// Of a record with `items` in all, `n` more are settled. They wait no more.
    pub(super) fn add(&mut self, at: Position, n: u64, items: u64, lag: &mut Lag) {
        if n > 0 {
            let settled = self.0.entry(at).or_default();
            let n = n.min(items.saturating_sub(*settled));
            *settled += n;
            lag.items = lag.items.saturating_sub(n);
        }
    }

    /// What is settled of the records of a range.
    pub(super) fn of(&self, from: Position, to: Position) -> u64 {
        self.0.range(from..to).map(|(_, n)| n).sum()
    }

    /// The same, and they are through now.
    pub(super) fn take(&mut self, from: Position, to: Position) -> u64 {
        let mut sum = 0;
        // Nearly always there is none.
        while let Some((&at, &n)) = self.0.range(from..to).next() {
            self.0.remove(&at);
            sum += n;
        }
        sum
    }

    /// All of it will be read again as it lies there: what was settled comes a second time.
    pub(super) fn put_back(&mut self, lag: &mut Lag, ledger: Option<&DestinationLedger>) {
        let again = std::mem::take(&mut self.0).into_values().sum();
        lag.items += again;
        if let Some(ledger) = ledger.filter(|_| again > 0) {
            ledger.enqueued(again);
        }
    }
}
