//! What a reader let go: it stays in the queue unacknowledged, behind the reader's cursor, and is handed out once more when the reader asks for it.

use std::sync::Arc;

use super::super::{Entry, Position};
use super::Shared;
use super::fetch::{Chunk, Fetch};
use super::reader::ReaderState;
use super::state::State;

/// What a reader gets that asks for what it let go.
pub(in crate::queue) enum Again {
    /// Entries, and where to go on; nothing where there is no more.
    Entries(Vec<Arc<Entry>>, Option<Position>),
    /// The disk has it.
    Fetch(Fetch),
}

impl ReaderState {
    /// Whether a record waits that it was handed once and has not in hands.
    fn let_go_of(&self, at: Position) -> bool {
        at < self.cursor && !self.done.contains(at) && !self.held.contains_key(&at)
    }
}

impl State {
    /// A reader has a record in hands no more that it is not done with.
    pub(in crate::queue) fn let_go(&mut self, i: usize, at: Position, settled: u64) {
        self.stuck = false;
        let reader = &mut self.readers[i];
        if let Some(held) = reader.held.remove(&at) {
            let items = u64::from(held.items);
            (reader.settled).add(at, settled, items, &mut reader.lag);
            if let Some(why) = self.nowhere(i, at) {
                self.settle(i, at, held, Some(why));
            }
        }
        self.advance(i);
    }

    /// The first position from one on that a reader let go, if there is any.
    fn next_let_go(&self, i: usize, from: Position) -> Option<Position> {
        let reader = &self.readers[i];
        let mut at = from;
        loop {
            let before = at;
            at = reader.done.skip(at);
            let n = self.segments.partition_point(|s| s.end <= at);
            at = at.max(self.segments.get(n)?.base);
            if let Some(held) = reader.held.get(&at) {
                at += u64::from(held.length);
            }
            if at >= reader.cursor {
                return None;
            }
            if at == before {
                return Some(at);
            }
        }
    }

    /// Hands out some of what a reader let go, from a position on.
    pub(in crate::queue) fn again(
        &mut self,
        i: usize,
        from: Position,
        max_items: u64,
        max_bytes: usize,
    ) -> Again {
        let Some(at) = self.next_let_go(i, from) else {
            return Again::Entries(Vec::new(), None);
        };
        if self.tail.front().is_none_or(|e| e.position > at) {
            // It is there: `next_let_go` found it.
            return match self.segment_of(at) {
                None => Again::Entries(Vec::new(), None),
                Some(segment) => Again::Fetch(Fetch {
                    base: segment.base,
                    at,
                    end: segment.end,
                    erasures: self.erasures,
                    known: segment.gaps.clone(),
                    max_items,
                    max_bytes,
                }),
            };
        };
        let reader = &mut self.readers[i];
        let from = self.tail.partition_point(|e| e.position < at);
        let (mut items, mut bytes, mut next) = (0, 0, at);
        let mut taken = Vec::new();
        for entry in self.tail.range(from..) {
            if next >= reader.cursor {
                break;
            }
            if reader.let_go_of(entry.position) {
                items += entry.items();
                bytes += entry.cost();
                if !taken.is_empty() && (items > max_items || bytes > max_bytes) {
                    break;
                }
                reader.grasp(entry);
                taken.push(Arc::clone(entry));
            }
            next = entry.next;
        }
        let next = (next < reader.cursor).then_some(next);
        Again::Entries(taken, next)
    }
}

impl Shared {
    /// As [`State::let_go`].
    pub(in crate::queue) fn let_go(&self, index: usize, at: Position, settled: u64) {
        self.lock().let_go(index, at, settled);
        self.keeper.soon();
    }

    /// Hands out what was read of what a reader let go, and where to go on.
    pub(in crate::queue) fn found_again(
        &self,
        index: usize,
        from: Position,
        chunk: Chunk,
    ) -> (Vec<Arc<Entry>>, Option<Position>) {
        let entries = self.entries_of(chunk.records);
        let mut state = self.lock();
        if state.erasures != chunk.erasures {
            // It may hold what is erased by now: read again.
            return (Vec::new(), Some(from));
        }
        let first = state.next_let_go(index, from);
        if first.is_some_and(|first| first < chunk.at) {
            // In hands when the read was begun, and let go since: read again.
            return (Vec::new(), Some(from));
        }
        self.note_gaps(&mut state, chunk.base, &chunk.gaps, chunk.whole);
        let reader = &mut state.readers[index];
        let mut wanted = Vec::with_capacity(entries.len());
        for entry in entries {
            if reader.let_go_of(entry.position) {
                reader.grasp(&entry);
                wanted.push(entry);
            }
        }
        let next = (chunk.next < reader.cursor).then_some(chunk.next);
        state.advance(index);
        let gone = state.gone();
        drop(state);
        drop(gone);
        (wanted, next)
    }
}

#[cfg(test)]
mod tests;
