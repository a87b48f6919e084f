//! The reader's end of the queue.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::disk::{Again, Chunk, Shared, Taken};
use super::{Entry, Position, Queue, Store};
use crate::background;
use crate::memory::give_back_at_times;

/// How far a reader is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Entries it has not acknowledged.
    pub records: u64,
    /// Their items.
    pub items: u64,
    /// Their bytes.
    pub bytes: usize,
}

/// A reader. Dropping it keeps its place: the next reader of its name goes on from there. [`Reader::remove`] gives the place up.
#[derive(Debug)]
pub struct Reader {
    queue: Queue,
    index: usize,
    wake: Arc<Notify>,
    /// What is being read from the disk. It outlives a call of [`Reader::next`] that is given up, so that the next one gets it.
    fetching: Option<JoinHandle<Chunk>>,
    /// The same of [`Reader::again`], and from where on.
    looking: Option<(Position, JoinHandle<Chunk>)>,
    courtesy: Courtesy,
    /// It asks for nothing, and the queue knows.
    rests: bool,
}

/// How long one that leads waits for the others at a time, and how often it looks.
const COURTESY: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(5);

/// Who is ahead of the others lets them come on while what was converted for them fills the memory that it may take: else they would have to convert it
/// again, and fall behind further. Only while processors are what all wait for: one whose server is slow or away holds nobody up for longer.
#[derive(Debug, Default)]
struct Courtesy {
    /// Since when it waits. Kept by a call that is given up.
    since: Option<Instant>,
    /// It waited in vain, and does not until somebody has come on.
    over: bool,
}

impl Courtesy {
    fn waits(&mut self, shared: &Shared, reader: usize) -> bool {
        let warm = shared.warm();
        let matters = warm.is_crowded() && background::is_busy();
        let leads = matters && shared.lock().leads(reader);
        self.waits_while(leads, warm.is_roomy(), Instant::now())
    }

    fn waits_while(&mut self, leads: bool, roomy: bool, now: Instant) -> bool {
        self.over &= !roomy;
        if self.over || !leads {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        self.over = now - since >= COURTESY;
        !self.over
    }
}

impl Reader {
    pub(super) fn new(queue: Queue, index: usize, wake: Arc<Notify>) -> Self {
        Self {
            queue,
            index,
            wake,
            fetching: None,
            looking: None,
            courtesy: Courtesy::default(),
            rests: false,
        }
    }

    /// The next entries: at most `max_items` items and `max_bytes` bytes, but always one entry at least. Waits until there is one;
    /// nothing means that the queue is closed and read to its end. Giving up the call loses nothing.
    pub async fn next(&mut self, max_items: u64, max_bytes: usize) -> Vec<Arc<Entry>> {
        self.rests = false;
        loop {
            if let Some(entries) = self.fetched().await {
                return entries;
            }
            let wake = self.wake.notified();
            match &self.queue.0 {
                Store::Memory(state) => {
                    let (entries, closed) =
                        super::lock(state).take(self.index, max_items, max_bytes);
                    if !entries.is_empty() || closed {
                        return entries;
                    }
                }
                Store::Disk(queue) => {
                    while self.courtesy.waits(queue.shared(), self.index) {
                        sleep(STEP).await;
                    }
                    let (taken, gone) = {
                        let mut state = queue.shared().lock();
                        let taken = state.take(self.index, max_items, max_bytes);
                        (taken, state.gone())
                    };
                    drop(gone);
                    match taken {
                        Taken::Entries(entries) => return entries,
                        Taken::Closed => return Vec::new(),
                        Taken::Wait => {}
                        Taken::Fetch(fetch) => {
                            let shared = queue.shared().clone();
                            let read = move || {
                                let chunk = shared.fetch(&fetch);
                                give_back_at_times();
                                chunk
                            };
                            self.fetching = Some(tokio::task::spawn_blocking(read));
                            continue;
                        }
                    }
                }
            }
            wake.await;
        }
    }

    /// Asks for nothing before the next call of [`Reader::next`]: until then no memory is kept for it. What it wants meanwhile it reads from the disk.
    pub fn rest(&mut self) {
        if std::mem::replace(&mut self.rests, true) {
            return;
        }
        match &self.queue.0 {
            Store::Memory(state) => super::lock(state).rest(self.index),
            Store::Disk(queue) => {
                let gone = {
                    let mut state = queue.shared().lock();
                    state.rest(self.index);
                    state.gone()
                };
                drop(gone);
            }
        }
    }

    /// Its number in the queue, for tests that read without waiting.
    #[cfg(test)]
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// What was read from the disk, if something was and some of it is wanted.
    async fn fetched(&mut self) -> Option<Vec<Arc<Entry>>> {
        let chunk = self.fetching.as_mut()?.await;
        self.fetching = None;
        let Store::Disk(queue) = &self.queue.0 else {
            return None;
        };
        // A read that panicked is tried again.
        let entries = queue.shared().fetched(self.index, chunk.ok()?);
        (!entries.is_empty()).then_some(entries)
    }

    /// Has no further use for these entries, in whatever order they were read: it took something of each.
    pub fn ack(&self, positions: &[Position]) {
        self.end(positions, true);
    }

    /// The same of entries of which it took nothing: nothing of them was for it, or it refused all of that. Nobody else loses anything for this.
    pub fn pass(&self, positions: &[Position]) {
        self.end(positions, false);
    }

    fn end(&self, positions: &[Position], took: bool) {
        match &self.queue.0 {
            Store::Memory(state) => super::lock(state).ack(self.index, positions, took),
            Store::Disk(queue) => queue.shared().ack(self.index, positions, took),
        }
    }

    /// Has an entry in hands no more, and has not acknowledged it either: [`Reader::again`] hands it out, or whoever comes after it. So many more of
    /// its items are settled, and in the reader's books.
    pub fn let_go(&self, position: Position, settled: u64) {
        match &self.queue.0 {
            Store::Memory(state) => super::lock(state).let_go(self.index, position, settled),
            Store::Disk(queue) => queue.shared().let_go(self.index, position, settled),
        }
    }

    /// Some of what it let go, from a position on, with the bounds of [`Reader::next`], and where to go on; nothing where there is no more. It waits for
    /// the disk alone. Giving up the call loses nothing.
    pub async fn again(
        &mut self,
        from: Position,
        max_items: u64,
        max_bytes: usize,
    ) -> (Vec<Arc<Entry>>, Option<Position>) {
        loop {
            let queue = match &self.queue.0 {
                Store::Memory(state) => {
                    return super::lock(state).again(self.index, from, max_items, max_bytes);
                }
                Store::Disk(queue) => queue,
            };
            if let Some((at, looking)) = &mut self.looking {
                let (at, chunk) = (*at, looking.await);
                self.looking = None;
                // A read that panicked is tried again; and one from elsewhere is of no use.
                match chunk {
                    Ok(chunk) if at == from => {
                        return queue.shared().found_again(self.index, from, chunk);
                    }
                    _ => continue,
                }
            }
            let again = {
                let mut state = queue.shared().lock();
                state.again(self.index, from, max_items, max_bytes)
            };
            match again {
                Again::Entries(entries, next) => return (entries, next),
                Again::Fetch(fetch) => {
                    let shared = queue.shared().clone();
                    let read = move || {
                        let chunk = shared.fetch(&fetch);
                        give_back_at_times();
                        chunk
                    };
                    self.looking = Some((from, tokio::task::spawn_blocking(read)));
                }
            }
        }
    }

    /// Those of what it let go that the queue has dropped since.
    pub(crate) fn gone_of(&self, let_go: &BTreeSet<Position>) -> Vec<Position> {
        match &self.queue.0 {
            Store::Memory(state) => {
                let state = super::lock(state);
                let gone = |at: &Position| !state.waits(self.index, *at);
                let_go.iter().copied().filter(gone).collect()
            }
            Store::Disk(queue) => {
                let state = queue.shared().lock();
                let done = &state.readers[self.index].done;
                let gone = |at: &Position| done.contains(*at);
                let_go.iter().copied().filter(gone).collect()
            }
        }
    }

    /// What a pinned reader made of all before `until` is durable.
    pub fn unpin(&self, until: Position) {
        if let Store::Disk(queue) = &self.queue.0 {
            queue.shared().unpin(self.index, until);
        }
    }

    /// What it has not acknowledged.
    pub fn pending(&self) -> Lag {
        match &self.queue.0 {
            Store::Memory(state) => super::lock(state).lag(self.index),
            Store::Disk(queue) => queue.shared().lock().readers[self.index].lag,
        }
    }

    /// Gives the place up: nothing is kept for this name any more. What it had not acknowledged is counted as dropped.
    pub fn remove(self) {
        match &self.queue.0 {
            Store::Memory(state) => super::lock(state).remove_reader(self.index),
            Store::Disk(queue) => queue.shared().remove_reader(self.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leads_waits_until_the_others_have_come_on() {
        let (mut courtesy, now) = (Courtesy::default(), Instant::now());
        assert!(courtesy.waits_while(true, false, now));
        assert!(courtesy.waits_while(true, false, now + COURTESY / 2));
        assert!(!courtesy.waits_while(false, false, now + COURTESY / 2));
        // The next time is another.
        assert!(courtesy.waits_while(true, false, now + COURTESY));
    }

    #[test]
    fn one_that_does_not_come_on_is_waited_for_once() {
        let (mut courtesy, now) = (Courtesy::default(), Instant::now());
        assert!(courtesy.waits_while(true, false, now));
        assert!(!courtesy.waits_while(true, false, now + COURTESY));
        assert!(!courtesy.waits_while(true, false, now + 10 * COURTESY));
        // It has come on after all.
        assert!(!courtesy.waits_while(false, true, now + 11 * COURTESY));
        assert!(courtesy.waits_while(true, false, now + 12 * COURTESY));
    }
}
