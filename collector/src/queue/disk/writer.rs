//! Makes groups durable: one write and one sync for all that came meanwhile, then their writers are told together.
//!
//! A file whose write or sync failed is never touched again: what the kernel holds of it may look written and not be. The next group
//! begins a new segment, whose head says where the good part of the one before ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use farol_protocol::payload::Payload;

use super::super::{Entry, Position, Refused};
use super::Shared;
use super::figures::Figures;
use super::group::Group;
use super::io::DiskFile;
use super::segment::{self, HEAD, Head};
use super::state::Segment;
use crate::memory::give_back_at_times;
use crate::record::Record;

/// A record on its way to the disk, and who waits for it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) record: Record,
    pub(super) payload: Option<Box<Payload>>,
    pub(super) tell: oneshot::Sender<Result<Position, Refused>>,
}

/// The one who writes.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    active: Option<Active>,
    /// A new segment begins here or later: before it lies the name of one that failed.
    least: Position,
    spare: Group<Member>,
    /// Where those run who wait.
    runtime: Option<Handle>,
}

#[derive(Debug)]
struct Active {
    file: Arc<dyn DiskFile>,
    base: Position,
    length: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            active: None,
            least: 0,
            spare: Group::default(),
            runtime: None,
        }
    }

    /// Those who wait run there.
    pub(super) fn on(self, runtime: Option<Handle>) -> Self {
        Self { runtime, ..self }
    }

    /// Until nothing comes any more.
    pub(super) fn run(mut self) {
        while self.shared.groups.wait() {
            let linger = self.shared.settings.commit_wait;
            if !linger.is_zero() && self.shared.groups.waiting() < self.shared.enough() {
                std::thread::sleep(linger);
            }
            self.commit();
            give_back_at_times();
        }
        self.shared.lock().close();
    }

    /// Makes durable what lies there.
    pub(super) fn commit(&mut self) {
        let mut group = self.shared.groups.take(std::mem::take(&mut self.spare));
        if group.members.is_empty() {
            self.spare = group;
            return self.let_go();
        }
        let start = Instant::now();
        let written = self.write(&group.bytes);
        let shared = self.shared.clone();
        match written {
            Ok(base) => {
                shared.figures.sync.observe(start.elapsed().as_secs_f64());
                shared.figures.group.observe(group.members.len() as f64);
                shared.failed_in_a_row.store(0, Relaxed);
                publish(&shared, base, &mut group, self.runtime.as_ref());
            }
            Err(error) => {
                shared.write_failed(&error);
                shared.lock().written();
                shared.give_back(group.bytes.len() as u64);
                for (_, member) in group.members.drain(..) {
                    let _ = member.tell.send(Err(Refused::storage()));
                }
            }
        }
        group.bytes.clear();
        // One huge group shall not pin its memory for good.
        if group.bytes.capacity() <= 4 * shared.enough() {
            self.spare = group;
        }
        shared.look_at_space_now();
    }

    /// Closes the file of a segment that was deleted: the disk has its room only then.
    fn let_go(&mut self) {
        if self.shared.lock().active.is_none() && self.active.take().is_some() {
            self.shared.look_at_space_now();
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Position> {
        let (end, sound) = {
            let mut state = self.shared.lock();
            state.writing = true;
            let unknown_reader = state.unknown_reader;
            if state.active.is_none() {
                self.active = None;
            }
            let end = state.end;
            let sound = state.sound.unwrap_or(end);
            drop(state);
            if unknown_reader {
                self.shared.keep_cursors()?;
            }
            (end, sound)
        };
        let full = |a: &Active| {
            a.length > 0 && a.length + bytes.len() as u64 > self.shared.segment_bytes()
        };
        let active = match self.active.take() {
            Some(active) if !full(&active) => active,
            _ => return self.begin(end, sound, bytes),
        };
        match store(&*active.file, bytes, HEAD as u64 + active.length) {
            Ok(()) => {
                let at = active.base + active.length;
                self.active = Some(Active {
                    length: active.length + bytes.len() as u64,
                    ..active
                });
                Ok(at)
            }
            Err(error) => {
                // If this fails too, the next segment's head says it.
                let _ = active.file.truncate(HEAD as u64 + active.length);
                self.shared.lock().leave_active();
                Err(error)
            }
        }
    }

    /// Begins a segment with a group.
    fn begin(&mut self, end: Position, sound: Position, bytes: &[u8]) -> io::Result<Position> {
        let base = end.max(self.least);
        match self.begin_at(base, sound, bytes) {
            Ok(file) => {
                self.active = Some(Active {
                    file,
                    base,
                    length: bytes.len() as u64,
                });
                let mut state = self.shared.lock();
                state.active = Some(base);
                state.segments.push_back(Segment {
                    base,
                    end: base,
                    begun_ns: (self.shared.clock.now)(),
                    ..Segment::default()
                });
                self.shared
                    .figures
                    .segments
                    .store(state.segments.len() as u64, Relaxed);
                Ok(base)
            }
            Err(error) => {
                self.shared.lock().leave_active();
                self.least = base + 1;
                Err(error)
            }
        }
    }

    fn begin_at(
        &self,
        base: Position,
        sound: Position,
        bytes: &[u8],
    ) -> io::Result<Arc<dyn DiskFile>> {
        let shared = &self.shared;
        let path = shared.folder.join(segment::name(base));
        let file = shared.disk.create(&path)?;
        let head = Head {
            queue: shared.id(),
            base,
            previous_end: sound,
            created_ns: (shared.clock.now)(),
        };
        let stored = file
            .write_at(&head.encode(), 0)
            .and_then(|()| store(&*file, bytes, HEAD as u64))
            .and_then(|()| shared.disk.sync_folder(&shared.folder));
        if stored.is_err() {
            let _ = shared.disk.remove(&path);
        }
        stored.map(|()| file)
    }

    /// Whether a segment can be begun: asked while writes fail, because nobody else does.
    pub(super) fn probe(shared: &Shared) -> io::Result<()> {
        let path = shared.folder.join("probe");
        let _ = shared.disk.remove(&path);
        let file = shared.disk.create(&path)?;
        let probed = file.write_at(&[0; 4096], 0).and_then(|()| file.sync());
        let removed = shared.disk.remove(&path);
        probed.and(removed)
    }
}

/// Those who wait are told on the runtime where there is one: from this thread each of them would be a wake-up of its own, and on one processor a change of
/// threads and back.
fn publish(shared: &Shared, base: Position, group: &mut Group<Member>, runtime: Option<&Handle>) {
    let mut at = base;
    let mut entries = Vec::with_capacity(group.members.len());
    let mut told = Vec::with_capacity(group.members.len());
    let warm = shared.warm.clone();
    let readers = shared.lock().hasty().count();
    for (length, member) in group.members.drain(..) {
        let next = at + length as u64;
        let entry = Entry::with(at, next, member.record, member.payload, warm.clone());
        entries.push(Arc::new(entry.for_readers(readers)));
        told.push((at, member.tell));
        at = next;
    }
    let mut state = shared.lock();
    let wakes = state.publish(entries);
    state.written();
    let behind = state.living().any(|(_, r)| {
        let most = r.options.max_lag;
        most.is_some_and(|most| r.lag.bytes > most)
    });
    let gone = state.gone();
    drop(state);
    let announce = move || {
        for wake in wakes {
            wake.notify_one();
        }
        for (at, tell) in told {
            // A writer that went away is no reason to take the record back.
            let _ = tell.send(Ok(at));
        }
    };
    match runtime {
        Some(runtime) => drop(runtime.spawn(async { announce() })),
        None => announce(),
    }
    drop(gone);
    if behind || shared.short_of_room() {
        shared.keeper.stir();
    } else {
        shared.keeper.soon();
    }
}

fn store(file: &dyn DiskFile, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_at(bytes, at)?;
    file.sync()?;
    // Somebody may have deleted the data folder.
    file.named()
}

impl Shared {
    fn write_failed(&self, error: &io::Error) {
        Figures::add(&self.figures.write_failures, 1);
        let failed = self.failed_in_a_row.fetch_add(1, Relaxed) + 1;
        tracing::error!(kind = %error.kind(), "the queue could not be written; its clients are told to come again");
        if failed >= super::FAILURES {
            self.keeper.stir();
        }
    }
}
