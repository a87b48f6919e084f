//! What was read from the disk, for those who are behind together: read and converted once, and handed from one to the next. Who
//! comes too late for what others have read reads it again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::{Entry, Position};
use super::reader::ReaderState;
use super::state::State;

/// How far apart in the log the first and the last may be that read together: about 2,000 payloads, more than a destination has in its hands.
const SPREAD: u64 = 4 << 20;

/// The most bytes of records that are kept, of all places at which somebody reads: two groups that are as far apart as can be.
const MOST_BYTES: usize = 2 * SPREAD as usize;

/// Entries by position.
#[derive(Debug, Default)]
pub(super) struct Behind {
    entries: BTreeMap<Position, Arc<Entry>>,
    bytes: usize,
}

impl Behind {
    /// The entry as all share it.
    fn share(&mut self, entry: Arc<Entry>) -> Arc<Entry> {
        let cost = entry.cost();
        let shared = self.entries.entry(entry.position).or_insert_with(|| {
            self.bytes += cost;
            entry
        });
        Arc::clone(shared)
    }

    pub(super) fn get(&self, at: Position) -> Option<&Arc<Entry>> {
        self.entries.get(&at)
    }

    /// Those from a position on that follow one another without a gap.
    fn run(&self, from: Position) -> impl Iterator<Item = &Arc<Entry>> {
        let mut at = from;
        let all = self.entries.range(from..).map(|(_, entry)| entry);
        all.take_while(move |entry| {
            let follows = entry.position == at;
            at = entry.next;
            follows
        })
    }

    /// Keeps nothing.
    pub(super) fn clear(&mut self, gone: &mut Vec<Arc<Entry>>) {
        gone.extend(std::mem::take(self).entries.into_values());
    }

    /// Keeps what is wanted, and no more than the bound: the oldest go first.
    fn keep(&mut self, gone: &mut Vec<Arc<Entry>>, wanted: impl Fn(Position) -> bool) {
        while let Some(first) = self.entries.first_entry()
            && (self.bytes > MOST_BYTES || !wanted(*first.key()))
        {
            let entry = first.remove();
            self.bytes -= entry.cost();
            gone.push(entry);
        }
    }

    #[cfg(test)]
    pub(in crate::queue) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ReaderState {
    /// Whether it comes to a position soon, and has no time.
    fn is_before(&self, at: Position) -> bool {
        let waited_for = !self.removed && !self.options.patient && !self.rests;
        waited_for && self.cursor <= at && at - self.cursor <= SPREAD
    }
}

impl State {
    /// What a reader that is behind finds read already, from `cursor` on.
    pub(super) fn read_already(
        &mut self,
        i: usize,
        cursor: Position,
        max_items: u64,
        max_bytes: usize,
    ) -> Vec<Arc<Entry>> {
        let reader = &mut self.readers[i];
        let taken = reader.hand_out(self.behind.run(cursor), max_items, max_bytes);
        self.went_on();
        taken
    }

    /// Keeps what was read for a reader for others who come to it soon, and returns it as all of them have it.
    pub(super) fn share(&mut self, entries: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
        let shared = entries.into_iter().map(|entry| {
            if let Some(entry) = self.in_tail(entry.position) {
                return entry;
            }
            let soon = self.readers.iter().filter(|r| r.is_before(entry.position));
            match soon.count() {
                0 | 1 => entry,
                readers => {
                    entry.is_for(readers);
                    self.behind.share(entry)
                }
            }
        });
        shared.collect()
    }

    /// Whether another reader comes to where this one is soon.
    pub(super) fn is_followed(&self, i: usize) -> bool {
        let at = self.readers[i].cursor;
        let mut others = self.living().filter(|(j, _)| *j != i);
        others.any(|(_, r)| r.cursor < at && r.is_before(at))
    }

    /// A reader has moved: what nobody comes to soon goes.
    pub(super) fn went_on(&mut self) {
        let Self {
            behind,
            readers,
            gone,
            ..
        } = self;
        behind.keep(gone, |at| readers.iter().any(|r| r.is_before(at)));
    }
}

#[cfg(test)]
mod tests;
