//! What a destination costs that takes nothing: no memory that others could use. Where all that is on its way waits the queue keeps nothing for it;
//! where it is away, for everybody, what waits for it waits in the queue as well, and is read again by its place.

use super::{Driver, Key};
use crate::queue::MOST_LET_GO;

/// Batches that lanes keep of one that is away, beside those that may be what it fails at: one finds out that it is back.
const KEPT: usize = 1;

/// With so many on their way nothing is read for one that is away: the first may be what it fails at.
const SCOUTS: usize = 2;

impl Driver {
    /// Whether enough is on its way to find out that it is back, and no more is read before.
    pub(super) fn waits_for_its_return(&self) -> bool {
        let scouts = SCOUTS.min(self.plan.lanes.max(1));
        !self.is_there() && self.lanes.len() >= scouts && !self.seats.some_stuck()
    }

    /// Whether something new may be read. What was given back comes before it, unless nothing else could find out that the destination is back.
    pub(super) fn reads_on(&self) -> bool {
        !self.gave_back || !self.seats.some_left() || self.lanes.is_empty()
    }

    /// Nothing is read at the moment. Where that is because all lanes wait to try again nothing is kept for them.
    pub(super) fn rest(&mut self) {
        let fails = self.shared.stats.failing_at_items();
        if !fails || self.halted || self.seats.busy() > 0 {
            return;
        }
        self.reader.rest();
        if self.is_there() || self.gave_back {
            return;
        }
        // Once each time: what goes out then, for one that is in doubt, stays.
        self.gave_back = true;
        self.seats.ask_to_give_back(KEPT);
        self.leave_those(|driver, job| {
            let has_room = driver.left.len() < MOST_LET_GO;
            job.whole && has_room && driver.seats.may_leave(job.key)
        });
        self.leave_gathered();
    }

    /// Leaves what was gathered, and keeps no form of what cannot be left as it was read.
    fn leave_gathered(&mut self) {
        self.flush();
        for mut ready in self.cutter.take_back() {
            let may_leave = |key: &Key| self.seats.may_leave(*key);
            let keys = self.keys_of(&ready.entry);
            if let Some(keys) = keys.filter(|keys| keys.iter().all(may_leave))
                && self.left.len() < MOST_LET_GO
            {
                let is_through = ready.written.is_some();
                self.leave_unseen(&ready.entry, keys, is_through);
                continue;
            }
            ready.written = None;
            self.cutter.put(vec![ready]);
        }
    }
}
