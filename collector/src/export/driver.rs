//! The driver of one destination: reads on from its own place in the queue, gathers batches, keeps a bounded number of them in
//! flight, and acknowledges an entry when each of its items has a fate.
//!
//! Each destination has its own driver and its own reader, so none waits for another. Dropping a running driver loses nothing:
//! what was not acknowledged is still in the queue.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::batch::{Source, count};
use super::cut::{Cutter, Lot, Ready};
use super::lane::{Job, Settled, Shared};
use super::route::Route;
use super::tally::{Fate, Shares, Tallies};
use super::{Batch, Signal};
use crate::background;
use crate::config::{Batch as Bounds, Dialect, Signals};
use crate::outcome::{DestinationLedger, DropReason};
use crate::queue::{Entry, Position, Reader};

mod whole;

/// Verdicts that may wait for the driver; lanes that have more wait a moment.
const SETTLED: usize = 64;

/// What a driver needs to know of its destination.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) signals: Signals,
    pub(crate) dialect: Dialect,
    pub(crate) route: Route,
    /// Records go out as they are, whatever the three before say.
    pub(crate) whole: bool,
    pub(crate) bounds: Bounds,
    /// Batches in flight at once.
    pub(crate) lanes: usize,
    pub(crate) ledger: DestinationLedger,
}

/// Drives one destination.
pub(crate) struct Driver {
    plan: Plan,
    shared: Arc<Shared>,
    reader: Reader,
    gathered: Gathered,
    cutter: Cutter,
    waiting: VecDeque<Job>,
    lanes: JoinSet<()>,
    tallies: Tallies,
    settled: (mpsc::Sender<Settled>, mpsc::Receiver<Settled>),
    ended: bool,
    doubts: watch::Receiver<usize>,
    halt: watch::Receiver<bool>,
}

#[derive(Default)]
struct Gathered {
    entries: Vec<Ready>,
    items: u64,
    bytes: usize,
    due: Option<Instant>,
}

impl Driver {
    /// `halt` makes it end early: what is on its way is awaited, the rest stays in the queue.
    pub(crate) fn new(
        plan: Plan,
        shared: Arc<Shared>,
        reader: Reader,
        halt: watch::Receiver<bool>,
    ) -> Self {
        Self {
            cutter: Cutter::new(plan.lanes),
            plan,
            reader,
            gathered: Gathered::default(),
            waiting: VecDeque::new(),
            lanes: JoinSet::new(),
            tallies: Tallies::default(),
            settled: mpsc::channel(SETTLED),
            ended: false,
            doubts: shared.doubts(),
            shared,
            halt,
        }
    }

    /// Runs until the queue is closed and all of it is delivered.
    pub(crate) async fn run(mut self) {
        loop {
            self.dispatch();
            let idle = self.waiting.is_empty() && self.cutter.is_empty();
            let quiet = idle && self.lanes.is_empty();
            if self.ended && self.gathered.entries.is_empty() && quiet {
                // A lane is joined after its last verdict was sent; what is left in the channel is all there is.
                while let Ok(done) = self.settled.1.try_recv() {
                    self.settle(&done);
                }
                return;
            }
            let read_on = !self.ended && idle;
            let due = self.gathered.due;
            let Bounds {
                max_items,
                max_bytes,
                ..
            } = self.plan.bounds;
            let room = (
                max_items.saturating_sub(self.gathered.items).max(1),
                max_bytes.saturating_sub(self.gathered.bytes).max(1),
            );
            tokio::select! {
                Some(done) = self.settled.1.recv() => self.settle(&done),
                Some(lane) = self.lanes.join_next() => {
                    if let Err(error) = lane && error.is_panic() {
                        // The entries of that lane would never be acknowledged: let the supervisor start anew from the queue.
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
                entries = self.reader.next(room.0, room.1), if read_on => self.gather(entries),
                () = halted(&mut self.halt), if !self.ended => {
                    // Read again by whoever comes after this driver.
                    self.ended = true;
                    self.gathered = Gathered::default();
                    self.cutter.clear();
                    self.waiting.clear();
                }
                // Each turn of this loop looks whether nothing goes on.
                Ok(()) = self.doubts.changed() => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.flush(),
            }
        }
    }

    fn gather(&mut self, entries: Vec<Arc<Entry>>) {
        if entries.is_empty() {
            self.ended = true;
            return self.flush();
        }
        for entry in entries {
            let written = match self.plan.whole {
                true => None,
                false => self.plan.route.warm(&entry, self.plan.dialect),
            };
            self.gathered.items += entry.items();
            self.gathered.bytes += entry.cost();
            self.gathered.entries.push(Ready { entry, written });
        }
        let Bounds {
            max_items,
            max_bytes,
            max_wait,
        } = self.plan.bounds;
        if self.gathered.items >= max_items || self.gathered.bytes >= max_bytes {
            return self.flush();
        }
        self.gathered.due.get_or_insert(Instant::now() + max_wait);
    }

    /// What was gathered goes out as soon as there is room.
    fn flush(&mut self) {
        self.cutter.put(std::mem::take(&mut self.gathered).entries);
    }

    /// Makes batches of a lot, one for each signal.
    fn take(&mut self, lot: Lot) {
        let mut through = Vec::new();
        let mut wanted: [(Vec<Source>, Vec<Position>); 3] = Default::default();
        for piece in lot.pieces {
            let routed = piece.routed;
            let mut shares = Shares {
                elsewhere: routed.elsewhere,
                sampled_out: routed.sampled_out,
                more: piece.more,
                ..Shares::default()
            };
            for (slot, signal) in Signal::ALL.into_iter().enumerate() {
                let items = count(&routed.source, signal);
                // Metrics here are what clients sent as such. What is made here comes from the aggregator.
                match signal.is_of(self.plan.signals) {
                    true => {
                        shares.wanted += items;
                        if items > 0 {
                            wanted[slot].0.push(routed.source.clone());
                            wanted[slot].1.push(piece.position);
                        }
                    }
                    false => shares.filtered += items,
                }
            }
            let left_out = shares.filtered + shares.elsewhere + shares.sampled_out;
            let converted = shares.wanted + left_out;
            shares.unconvertible = piece.items.saturating_sub(converted);
            if self.tallies.open(piece.position, shares, &self.plan.ledger) {
                through.push(piece.position);
            }
        }
        self.reader.ack(&through);
        for ((sources, positions), signal) in wanted.into_iter().zip(Signal::ALL) {
            if sources.is_empty() {
                continue;
            }
            let positions: Arc<[Position]> = positions.into();
            let max_items = usize::try_from(self.plan.bounds.max_items).unwrap_or(usize::MAX);
            for batch in Batch::new(signal, sources).of_at_most(max_items) {
                self.waiting.push_back(Job {
                    batch,
                    positions: Arc::clone(&positions),
                    hold: lot.hold.clone(),
                });
            }
        }
    }

    /// Whether nothing is on its way but what may be at fault itself. Nothing would ever show whether it is, so one batch more is let through: what
    /// passes is the evidence against the rest.
    fn is_stuck(&self) -> bool {
        let in_doubt = *self.doubts.borrow();
        in_doubt > 0 && in_doubt >= self.lanes.len()
    }

    fn dispatch(&mut self) {
        loop {
            let stuck = self.is_stuck();
            if self.lanes.len() >= self.plan.lanes.max(1) + usize::from(stuck) {
                return;
            }
            if let Some(job) = self.waiting.pop_front() {
                let shared = Arc::clone(&self.shared);
                let settled = self.settled.0.clone();
                let position = match self.plan.route.patient {
                    true => background::NOWHERE,
                    false => job.positions.first().copied().unwrap_or_default(),
                };
                let deliver = async move { shared.deliver(job, settled).await };
                self.lanes.spawn(background::at(position, deliver));
            } else if self.plan.whole {
                if !self.take_whole(stuck) {
                    return;
                }
            } else {
                let (route, dialect) = (&self.plan.route, self.plan.dialect);
                let Some(lot) = self.cutter.next(route, dialect, stuck) else {
                    return;
                };
                self.take(lot);
            }
        }
    }

    fn settle(&mut self, done: &Settled) {
        let mut through = Vec::new();
        let mut rejected = done.rejected;
        // Neighbouring items mostly share an entry: one settlement for each run of them.
        let mut sources = done.job.batch.sources().peekable();
        while let Some(source) = sources.next() {
            let fate = if rejected > 0 {
                rejected -= 1;
                Fate::Dropped(DropReason::Rejected)
            } else {
                done.fate
            };
            let mut n = 1;
            while rejected == 0 && fate == done.fate && sources.next_if_eq(&source).is_some() {
                n += 1;
            }
            let position = done.job.positions[source];
            if self.tallies.settle(position, n, fate, &self.plan.ledger) {
                through.push(position);
            }
        }
        self.reader.ack(&through);
    }
}

async fn halted(halt: &mut watch::Receiver<bool>) {
    if halt.wait_for(|halt| *halt).await.is_err() {
        // Nobody is left to ask for it.
        std::future::pending::<()>().await;
    }
}
