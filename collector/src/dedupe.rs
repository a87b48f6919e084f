//! Which batches were taken already. A batch that is being taken makes its doubles wait: they are answered once the first is in
//! the queue, and one of them is taken instead where the first fails.
//!
//! An id is remembered after its record is in the queue, never before, and compared as a whole: a false duplicate would be a loss.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};

use crate::memory::give_back_at_times;

mod filter;
mod log;
mod run;
mod store;

use store::{Store, in_runs};

/// How far back the first try of a batch is looked up, in seconds: a double of a first try is a proxy's, or a browser's, within moments.
pub const WINDOW: u32 = 600;

/// How far back any other try is looked up: SDKs keep what they could not send for at most 47 hours.
pub const KEPT: u32 = 48 * 3600;

/// The most bytes of files: 53 million batches, which is 48 hours of 300 a second. Beyond it the oldest are forgotten, which `/metrics` shows.
pub const MAX_BYTES: u64 = 1 << 30;

/// How long ids wait to be written together.
const GATHER: Duration = Duration::from_millis(100);
/// How often it is seen whether an hour is over, where nothing comes.
const LOOK: Duration = Duration::from_secs(60);

/// A batch: the record id, a hash of app, signal and batch id.
pub type BatchId = [u8; 16];

/// The memory of batches. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Dedupe {
    store: Arc<Store>,
    pending: Arc<Mutex<HashMap<BatchId, Arc<Notify>>>>,
    clock: Clock,
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
    pub batches: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// How far back duplicates are recognised, seconds.
    pub window: u32,
    /// Files that held something damaged.
    pub damaged: u64,
    /// Times that ids could not be written.
    pub failed: u64,
}

/// Seconds since 1970 that never go back while the process runs, whatever happens to the system's clock.
#[derive(Debug, Clone, Copy)]
struct Clock {
    unix: Duration,
    since: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            since: Instant::now(),
        }
    }

    fn now(self) -> u32 {
        u32::try_from((self.unix + self.since.elapsed()).as_secs()).unwrap_or(u32::MAX)
    }
}

impl Default for Dedupe {
    /// In memory only: the newest hundred thousand or so.
    fn default() -> Self {
        Self::with(Store::in_memory(), Clock::start())
    }
}

impl Dedupe {
    /// With the memory that a folder holds. `volatile` says that the queue is in memory: when the process is killed records are lost, so
    /// their ids must be forgotten too.
    ///
    /// # Errors
    /// When the folder cannot be used. Files that are damaged are no reason; they are counted.
    pub fn open(folder: &Path, volatile: bool) -> io::Result<Self> {
        let clock = Clock::start();
        let store = Store::open(folder, MAX_BYTES, volatile, clock.now())?;
        Ok(Self::with(store, clock))
    }

    fn with(store: Store, clock: Clock) -> Self {
        Self {
            store: Arc::new(store),
            pending: Arc::default(),
            clock,
        }
    }

    /// Claims a batch; waits where another request is just taking it. `tries` is which try of its client this is, from 1.
    pub async fn claim(&self, id: BatchId, tries: u32) -> Claim {
        self.claim_at(id, tries, self.clock.now()).await
    }

    async fn claim_at(&self, id: BatchId, tries: u32, now: u32) -> Claim {
        loop {
            let wake = match self.lead(id) {
                Ok(first) => {
                    return match self.knows(id, tries, now).await {
                        true => Claim::Duplicate,
                        false => Claim::First(first),
                    };
                }
                Err(wake) => wake,
            };
            let woken = wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            // Settled between the look and the wait? Then nobody will wake us.
            let pending = self.pending().get(&id).map(|w| Arc::ptr_eq(w, &wake));
            if pending == Some(true) {
                woken.await;
            }
        }
    }

    /// Takes note of a batch whose record is in the queue although this memory may not know it: a process that was killed had no time to
    /// write its id.
    pub fn know(&self, id: BatchId) {
        // Most were written; noted again they would count twice.
        if !self.store.holds(&id, 0) {
            self.store.remember(id, self.clock.now());
        }
    }

    /// How much is remembered.
    pub fn memory(&self) -> Memory {
        let (batches, bytes, known_since) = self.store.figures();
        Memory {
            batches,
            bytes,
            window: self.clock.now().saturating_sub(known_since).min(KEPT),
            damaged: self.store.damaged_files(),
            failed: self.store.failed.load(std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// Writes and forgets what is due, until it is stopped.
    pub async fn keep(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.store.work.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::time::sleep(GATHER).await;
            self.off_thread(|store, now| store.tidy(now)).await;
        }
    }

    /// Writes all of it, once nothing is taken any more and what the queue holds is safe.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn close(&self) -> io::Result<()> {
        self.off_thread(Store::close).await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, u32) -> T + Send + 'static,
    ) -> T {
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        match tokio::task::spawn_blocking(move || {
            let done = work(&store, now);
            give_back_at_times();
            done
        })
        .await
        {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    async fn knows(&self, id: BatchId, tries: u32, now: u32) -> bool {
        let back = if tries > 1 { KEPT } else { WINDOW };
        let since = now.saturating_sub(back);
        match self.store.in_tables(&id, since) {
            Ok(known) => known,
            // Filters stand before these files.
            Err(runs) if tries <= 1 => in_runs(&runs, &id, since),
            Err(runs) => {
                let look = move || in_runs(&runs, &id, since);
                // A look-up that panics says nothing; twice is better than never.
                tokio::task::spawn_blocking(look).await.unwrap_or(false)
            }
        }
    }

    fn lead(&self, id: BatchId) -> Result<First, Arc<Notify>> {
        let mut pending = self.pending();
        if let Some(wake) = pending.get(&id) {
            return Err(wake.clone());
        }
        let wake = Arc::new(Notify::new());
        pending.insert(id, wake.clone());
        Ok(First {
            dedupe: self.clone(),
            id,
            wake,
        })
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<BatchId, Arc<Notify>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl First {
    /// The batch is in the queue.
    pub fn taken(self) {
        self.dedupe.store.remember(self.id, self.dedupe.clock.now());
    }
}

impl Drop for First {
    fn drop(&mut self) {
        // Remembered before it stops being pending, so that no double slips in between.
        self.dedupe.pending().remove(&self.id);
        self.wake.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
