//! Which batches were taken already. A batch that is being taken makes its doubles wait: they are answered once the first is in
//! the queue, and one of them is taken instead where the first fails.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long a batch is remembered: the SDKs give up a batch held in memory after minutes.
pub const WINDOW: Duration = Duration::from_secs(600);

/// The most batches remembered: with their bookkeeping about 8 MiB. More than this within the window shortens it, which `/metrics` shows.
pub const MAX_BATCHES: usize = 128 * 1024;

/// A batch: the record id, a hash of app and batch id.
pub type BatchId = [u8; 16];

/// The memory of batches. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub struct Dedupe(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    done: HashSet<BatchId>,
    /// In the order they were taken, with the second of it.
    order: VecDeque<(u32, BatchId)>,
    pending: HashMap<BatchId, Arc<Notify>>,
    /// How far back the memory reached when it last had to forget early.
    shortened_to: Option<u32>,
}

/// What is known of a batch.
#[derive(Debug)]
#[must_use]
pub enum Claim {
    /// New: the caller takes it.
    First(First),
    /// Taken already.
    Duplicate,
}

/// The right and duty to take a batch. Dropped without [`First::taken`], the batch counts as not taken.
#[derive(Debug)]
pub struct First {
    dedupe: Dedupe,
    id: BatchId,
    wake: Arc<Notify>,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Batches remembered.
    pub batches: usize,
    /// How far back duplicates are recognised, seconds.
    pub window: u32,
}

impl Dedupe {
    /// Claims a batch; waits where another request is just taking it. `now` is any clock in seconds that never goes back.
    pub async fn claim(&self, id: BatchId, now: u32) -> Claim {
        loop {
            let wake = match self.try_claim(id, now) {
                Ok(claim) => return claim,
                Err(wake) => wake,
            };
            let woken = wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            // Settled between the look and the wait? Then nobody will wake us.
            if self
                .lock()
                .pending
                .get(&id)
                .is_some_and(|w| Arc::ptr_eq(w, &wake))
            {
                woken.await;
            }
        }
    }

    /// How much is remembered.
    pub fn memory(&self) -> Memory {
        let inner = self.lock();
        Memory {
            batches: inner.done.len(),
            window: inner.shortened_to.unwrap_or(WINDOW.as_secs() as u32),
        }
    }

    fn try_claim(&self, id: BatchId, now: u32) -> Result<Claim, Arc<Notify>> {
        let mut inner = self.lock();
        inner.forget(now);
        if inner.done.contains(&id) {
            return Ok(Claim::Duplicate);
        }
        if let Some(wake) = inner.pending.get(&id) {
            return Err(wake.clone());
        }
        let wake = Arc::new(Notify::new());
        inner.pending.insert(id, wake.clone());
        Ok(Claim::First(First {
            dedupe: self.clone(),
            id,
            wake,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, now: u32) {
        let window = WINDOW.as_secs() as u32;
        while let Some((at, id)) = self.order.front().copied() {
            let age = now.saturating_sub(at);
            if age < window {
                break;
            }
            self.order.pop_front();
            self.done.remove(&id);
            // The memory reaches back the whole window again.
            self.shortened_to = None;
        }
    }

    fn remember(&mut self, id: BatchId, now: u32) {
        if self.order.len() >= MAX_BATCHES
            && let Some((at, oldest)) = self.order.pop_front()
        {
            self.done.remove(&oldest);
            self.shortened_to = Some(now.saturating_sub(at));
        }
        if self.done.insert(id) {
            self.order.push_back((now, id));
        }
    }
}

impl First {
    /// The batch is in the queue.
    pub fn taken(self, now: u32) {
        self.dedupe.lock().remember(self.id, now);
    }
}

impl Drop for First {
    fn drop(&mut self) {
        // Remembered before it stops being pending, so that no double slips in between.
        self.dedupe.lock().pending.remove(&self.id);
        self.wake.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> BatchId {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_le_bytes());
        id
    }

    async fn first(dedupe: &Dedupe, n: u32, now: u32) -> First {
        match dedupe.claim(id(n), now).await {
            Claim::First(first) => first,
            Claim::Duplicate => panic!("a duplicate"),
        }
    }

    #[tokio::test]
    async fn a_batch_is_new_once_within_the_window() {
        let dedupe = Dedupe::default();
        first(&dedupe, 1, 0).await.taken(0);
        assert!(matches!(dedupe.claim(id(1), 599).await, Claim::Duplicate));
        first(&dedupe, 1, 600).await.taken(600);
    }

    #[tokio::test]
    async fn doubles_wait_for_the_first_and_one_takes_over_where_it_fails() {
        let dedupe = Dedupe::default();
        let leader = first(&dedupe, 1, 0).await;
        let follow = |dedupe: Dedupe| {
            tokio::spawn(async move {
                match dedupe.claim(id(1), 0).await {
                    Claim::First(first) => {
                        tokio::task::yield_now().await;
                        first.taken(0);
                        "first"
                    }
                    Claim::Duplicate => "duplicate",
                }
            })
        };
        let (a, b) = (follow(dedupe.clone()), follow(dedupe.clone()));
        tokio::task::yield_now().await;
        assert!(!a.is_finished() && !b.is_finished());
        drop(leader);
        let mut verdicts = [a.await.unwrap(), b.await.unwrap()];
        verdicts.sort_unstable();
        assert_eq!(verdicts, ["duplicate", "first"]);
    }

    #[tokio::test]
    async fn memory_is_bounded_and_a_shortened_window_shows() {
        let dedupe = Dedupe::default();
        for n in 0..MAX_BATCHES as u32 {
            first(&dedupe, n, n / 1000).await.taken(n / 1000);
        }
        assert_eq!(dedupe.memory().window, 600);
        first(&dedupe, u32::MAX, 140).await.taken(140);
        assert_eq!(
            dedupe.memory(),
            Memory {
                batches: MAX_BATCHES,
                window: 140
            }
        );
        first(&dedupe, 0, 140).await.taken(140);
        assert!(matches!(dedupe.claim(id(2), 140).await, Claim::Duplicate));
    }
}
