//! Records that go out as they are: nothing is converted, and each is one thing to send, however many items it holds.

use super::{Driver, Key};
use crate::export::tally::{Shares, State};
use crate::export::{Batch, Signal};

impl Driver {
    /// Makes a batch of what is gathered. False where there is none, or what is on its way leaves no room.
    pub(super) fn take_whole(&mut self, stuck: bool) -> bool {
        let Some((entries, hold)) = self.cutter.whole(stuck) else {
            return false;
        };
        let mut through = Vec::new();
        let mut wanted = Vec::new();
        for entry in entries {
            entry.done();
            entry.through();
            let shares = Shares {
                wanted: entry.items(),
                ..Shares::default()
            };
            match self.tallies.open(entry.position, shares, &self.plan.ledger) {
                State::Through => through.push(entry.position),
                State::Open | State::Left => wanted.push(entry),
            }
        }
        self.reader.pass(&through);
        if !wanted.is_empty() {
            let positions = wanted.iter().map(|it| it.position).collect();
            // An answer concerns all of them.
            let key = Key::of(Signal::Logs);
            let batch = Batch::of_records(wanted);
            self.push(key, batch, positions, [hold].into(), false);
        }
        true
    }
}
