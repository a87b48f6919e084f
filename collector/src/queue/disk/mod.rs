//! The queue on disk: segments that are only appended to, cursors beside them, two threads.
//!
//! `writer.rs` commits groups; `keep.rs` keeps cursors, deletes what nobody wants and what is over a bound; `recover.rs` finds all of it
//! again. Readers that keep up share the tail in memory, others read the disk through `fetch.rs` and share what is in `behind.rs`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use farol_protocol::payload::Payload;

use super::entry::{Conversions, Warm};
use super::{Position, Refused, usual_record};
use crate::config::QueueSettings;
use crate::outcome::Refusal;
use crate::record::Record;

mod again;
mod behind;
mod claim;
mod clock;
pub mod cursors;
pub(crate) mod erase;
pub mod figures;
pub mod io;
pub mod look;
pub mod ranges;
pub(crate) mod replay;
pub mod segment;
mod shares;

mod fetch;
mod find;
mod group;
mod import;
mod keep;
mod keeper;
mod marks;
mod reader;
mod recover;
mod retain;
mod state;
mod sync;
mod writer;

pub(super) use again::Again;
use claim::Claim;
pub(super) use clock::Clock;
use cursors::CursorFile;
pub(super) use fetch::Chunk;
pub use figures::Figures;
use group::{Groups, NotTaken};
use io::Disk;
use keeper::Keeper;
pub use recover::Recovery;
pub(super) use state::{State, Taken};
use writer::{Member, Writer};

/// Failed writes in a row after which the collector says that it is not ready. One may be a passing fault of a network disk.
const FAILURES: u32 = 3;

/// The most bytes that wait for their group: what a stalled disk may cost in memory. At 50 MB/s it is a third of a second.
const MOST_WAITING: usize = 16 << 20;

/// A group of this size waits for nothing more.
const ENOUGH: usize = 1 << 20;

/// Segments of more would make deleting coarse, of less would make many files and syncs of the folder.
const MOST_SEGMENT: u64 = 8 << 20;

/// The least parts that the queue's bound is divided into, so that making room costs a small part of it.
const PARTS: u64 = 16;

/// How long a client waits whose record could not be written: a disk comes back within seconds or not for long.
const RETRY_STORAGE: Duration = Duration::from_secs(5);

impl Refused {
    pub(super) fn storage() -> Self {
        Self {
            why: Refusal::Storage,
            retry_after: RETRY_STORAGE,
        }
    }
}

/// The queue on disk, running. Dropping it keeps nothing more, as a crash would; [`DiskQueue::stop`] ends it in order.
#[derive(Debug)]
pub(super) struct DiskQueue {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What all its parts share.
#[derive(Debug)]
pub(super) struct Shared {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    settings: QueueSettings,
    groups: Groups<Member>,
    state: Mutex<State>,
    warm: Warm,
    cursors: Mutex<CursorFile>,
    keeper: Keeper,
    figures: Figures,
    queue_id: AtomicU64,
    /// Bytes on disk and on their way there.
    used: AtomicU64,
    failed_in_a_row: AtomicU32,
    /// The disk has less room than is to be left.
    low: AtomicBool,
    /// The cursors could not be kept the last time.
    cursors_fail: AtomicBool,
    looked_at_space_ns: AtomicU64,
    /// One at a time makes room.
    retaining: Mutex<()>,
    /// One at a time deletes a segment or writes one anew.
    changing: Mutex<()>,
    /// What an earlier run left, until the readers are known.
    found: Mutex<Option<recover::Found>>,
    /// It ends: nobody waits for the disk any more.
    stopped: AtomicBool,
    clock: Clock,
}

impl DiskQueue {
    /// Opens the queue of a folder. Records are taken and handed out after [`DiskQueue::recover`] only.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: QueueSettings,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let shared = Shared::open(disk, folder, settings, clock)?;
        Ok(Self {
            shared: Arc::new(shared),
            threads: Mutex::default(),
        })
    }

    /// Starts writing and keeping.
    pub(super) fn start(&self) -> std::io::Result<()> {
        let (writing, keeping) = (self.shared.clone(), self.shared.clone());
        let runtime = Handle::try_current().ok();
        let write = move || Writer::new(writing.clone()).on(runtime.clone()).run();
        let threads = [
            supervised("queue-write", write)?,
            supervised("queue-keep", move || keeping.keep_until_stopped())?,
        ];
        self.threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(threads);
        Ok(())
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Ends in order: what waits is written, the cursors are kept, and what nobody wants is deleted. Blocks.
    pub(super) fn stop(&self) {
        self.end_threads();
        self.shared.finish();
    }

    fn end_threads(&self) {
        self.shared.groups.close();
        self.shared.keeper.stop();
        self.shared.stopped.store(true, Relaxed);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for DiskQueue {
    fn drop(&mut self) {
        // Not after it: whoever opens the folder next would find somebody writing there.
        self.end_threads();
    }
}

/// A thread that begins again where it panics: those who waited for it then are told that their record could not be stored.
fn supervised(name: &str, run: impl Fn() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    let named = std::thread::Builder::new().name(name.to_owned());
    named.spawn(move || {
        // The locks' states are whole: nothing panics under them but a bug in this module, and then the disk's is what counts.
        while std::panic::catch_unwind(std::panic::AssertUnwindSafe(&run)).is_err() {
            tracing::error!("a thread of the queue panicked; it begins again");
        }
    })
}

impl Shared {
    /// What is kept of decoded and converted forms.
    pub(super) fn warm(&self) -> &Warm {
        &self.warm
    }

    /// Waits until a record is on the disk.
    pub(super) async fn append(
        self: &Arc<Self>,
        record: Record,
        payload: Option<Box<Payload>>,
        quota: Option<u64>,
    ) -> Result<Position, Refused> {
        self.admit()?;
        let length = record.encoded_len() as u64;
        // However much went for it.
        if length > self.settings.max_bytes as u64 {
            return Err(Refused::too_large());
        }
        if let Some(quota) = quota
            && self.is_over(quota, &record.header.app, length)
        {
            return Err(Refused {
                why: Refusal::AppQuota,
                retry_after: RETRY_STORAGE,
            });
        }
        let claim = Claim::new(self, length);
        if self.used.load(Relaxed) > self.settings.max_bytes as u64 {
            if self.is_stuck(0) {
                return Err(Refused::full());
            }
            let shared = self.clone();
            let room = tokio::task::spawn_blocking(move || shared.make_room(0)).await;
            if !room.unwrap_or_default() {
                return Err(Refused::full());
            }
        }
        let (tell, told) = oneshot::channel();
        self.put(record, payload, tell)?;
        claim.hand_on();
        told.await.unwrap_or_else(|_| Err(Refused::storage()))
    }

    /// Why a record of this app, of about so many bytes or more, would be refused, where that is known without looking for room.
    pub(super) fn refuses(&self, app: &str, quota: Option<u64>, bytes: u64) -> Option<Refused> {
        if let Err(refused) = self.admit() {
            return Some(refused);
        }
        let over_quota = |quota: u64| {
            let bytes = bytes.max(usual_record(quota));
            self.is_over(quota, app, bytes)
        };
        if quota.is_some_and(over_quota) {
            return Some(Refused {
                why: Refusal::AppQuota,
                retry_after: RETRY_STORAGE,
            });
        }
        let bytes = bytes.max(usual_record(self.settings.max_bytes as u64));
        self.is_stuck(bytes).then(Refused::full)
    }

    /// Whether so many bytes more do not fit, and nothing may go for them.
    fn is_stuck(&self, bytes: u64) -> bool {
        let most = self.settings.max_bytes as u64;
        let is_full = || self.used.load(Relaxed) + bytes > most;
        if !is_full() {
            return false;
        }
        let mut state = self.lock();
        // Again, because what went meanwhile gave its room back under the lock.
        !state.has_victim() && is_full()
    }

    /// Puts a record down for the next group. Its bytes are claimed already; the group's end settles them.
    fn put(
        &self,
        record: Record,
        payload: Option<Box<Payload>>,
        tell: oneshot::Sender<Result<Position, Refused>>,
    ) -> Result<(), Refused> {
        let member = Member {
            record,
            payload,
            tell,
        };
        let put = self.groups.put(MOST_WAITING, member, |member, out| {
            member.record.encode(out);
        });
        put.map_err(|not| match not {
            NotTaken::TooMuch(_) => Refused::storage(),
            NotTaken::Closed(_) => Refused::stopping(),
        })
    }

    fn admit(&self) -> Result<(), Refused> {
        match self.refusal() {
            None => Ok(()),
            Some(why) => Err(Refused {
                why,
                retry_after: RETRY_STORAGE,
            }),
        }
    }

    /// Why nothing is taken at the moment, apart from a full queue.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if self.failed_in_a_row.load(Relaxed) >= FAILURES {
            return Some(Refusal::Storage);
        }
        self.low.load(Relaxed).then_some(Refusal::DiskFull)
    }

    /// Whether a record of `bytes` would be taken, or room made for it.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let most = self.settings.max_bytes as u64;
        // While nothing comes nobody else would see that the folder is gone.
        self.look_at_space();
        if self.refusal().is_some() {
            return false;
        }
        let mut state = self.lock();
        !state.closed && (self.used.load(Relaxed) + bytes as u64 <= most || state.has_victim())
    }

    /// Which queue this is.
    pub(super) fn id(&self) -> u64 {
        self.queue_id.load(Relaxed)
    }

    pub(super) fn conversions(&self) -> Arc<Conversions> {
        Arc::clone(&self.warm.1)
    }

    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.settings.max_bytes
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No call into foreign code happens under the lock, so a panic there cannot leave it half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader acknowledged: something may be done with, and the cursors moved.
    pub(super) fn ack(&self, index: usize, positions: &[Position], took: bool) {
        if positions.is_empty() {
            return;
        }
        let gone = {
            let mut state = self.lock();
            state.ack(index, positions, took);
            state.gone()
        };
        drop(gone);
        self.keeper.soon();
    }

    /// Takes nothing more; readers are told once what waits is written.
    pub(super) fn close(&self) {
        self.groups.close();
    }

    pub(super) fn remove_reader(&self, index: usize) {
        self.lock().remove_reader(index);
        self.keeper.soon();
    }

    /// What a reader made of all before `until` is durable.
    pub(super) fn unpin(&self, index: usize, until: Position) {
        let mut state = self.lock();
        let reader = &mut state.readers[index];
        reader.pin = reader.pin.map(|pin| pin.max(until));
        state.moved = true;
        drop(state);
        self.keeper.soon();
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Relaxed);
    }

    fn segment_bytes(&self) -> u64 {
        (self.settings.max_bytes as u64 / PARTS).min(MOST_SEGMENT)
    }

    fn enough(&self) -> usize {
        ENOUGH
    }

    /// So full that room should be made before somebody has to wait for it.
    fn short_of_room(&self) -> bool {
        let most = self.settings.max_bytes as u64;
        self.used.load(Relaxed) + self.segment_bytes() > most
    }
}

/// Whether a folder holds segments of a queue on disk that are not deleted, and so wanted by somebody.
pub(crate) fn holds_something(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .into_iter()
        .any(|name| segment::base_of(&name).is_some())
}

#[cfg(test)]
mod tests;
