//! The ids of batches that were taken: the newest in memory, the rest in sorted runs, merged into one an hour and kept for two days.
//!
//! Memory is at most 8 MiB: two tables of ids (one that fills, one that is being written), the list that it is sorted in, and filters
//! in front of the runs of the last ten minutes. What has no filter is looked up in its file, which costs time and loses nothing.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::log::{self, Log};
use super::run::{Run, Taken, merged};
use super::{BatchId, KEPT, WINDOW};
use crate::queue::disk::io::is_damage;

/// Ids in memory before they become a run: a table of 65,536 places is full at seven eighths, and takes 1.4 MiB.
const IN_MEMORY: usize = 57_344;
/// Bytes of filters: with two tables and a list (1.1 MiB) 7.4 MiB. Enough for 6,000 batches a second.
const FILTERS: usize = 3_500 << 10;
/// Runs of one size before they are merged: a look-up sees few files, and an id is written three times or four.
const MERGE_AT: usize = 8;
const HOUR: u32 = 3600;

/// There while the queue is in memory: ids of a run that was killed are those of records that are lost, so they are forgotten too.
const VOLATILE: &str = "volatile";

/// What is known of taken batches.
#[derive(Debug)]
pub(super) struct Store {
    /// None keeps all in memory, and forgets what does not fit.
    folder: Option<PathBuf>,
    volatile: bool,
    max_bytes: u64,
    inner: Mutex<Inner>,
    /// The log, and the number of the next file. Held through a piece of work, so that there is one at a time.
    desk: Mutex<Desk>,
    pub(super) work: Notify,
    pub(super) damaged: AtomicU64,
    pub(super) failed: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    current: Ids,
    /// The hour of what is in `current`.
    hour: u32,
    unlogged: Vec<Taken>,
    sealed: Option<Arc<Ids>>,
    runs: Arc<Vec<Arc<Run>>>,
    /// Nothing that was taken before this is known.
    known_since: u32,
}

#[derive(Debug, Default)]
struct Desk {
    log: Option<Log>,
    next: u64,
}

type Ids = HashMap<BatchId, u32, BuildHasherDefault<First8>>;

/// Ids are hashes already.
#[derive(Debug, Default)]
struct First8(u64);

impl Hasher for First8 {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

impl Store {
    /// In memory only.
    pub(super) fn in_memory() -> Self {
        Self {
            folder: None,
            volatile: true,
            max_bytes: 0,
            inner: Mutex::default(),
            desk: Mutex::default(),
            work: Notify::new(),
            damaged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Takes up what is in the folder.
    pub(super) fn open(
        folder: &Path,
        max_bytes: u64,
        volatile: bool,
        now: u32,
    ) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let store = Self {
            folder: Some(folder.to_owned()),
            volatile,
            max_bytes,
            ..Self::in_memory()
        };
        let mark = folder.join(VOLATILE);
        let forget = mark.exists();
        if forget {
            store.lock().known_since = now;
        }
        let mut runs = Vec::new();
        let mut logs = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let number = path
                .file_stem()
                .and_then(|s| s.to_str()?.parse::<u64>().ok());
            let ending = path.extension().and_then(|e| e.to_str());
            let (Some(number), Some(ending @ ("ids" | "log" | "draft"))) = (number, ending) else {
                continue;
            };
            let mut desk = store.desk();
            desk.next = desk.next.max(number + 1);
            match ending {
                _ if forget => fs::remove_file(&path)?,
                // One that stays is in nobody's way: names are not used again.
                "draft" => drop(fs::remove_file(&path)),
                "log" => logs.push(path),
                _ => match Run::open(&path) {
                    Ok(run) => runs.push(Arc::new(run)),
                    Err(error) => {
                        store.forgot(now);
                        if is_gone(&error) {
                            let _ = fs::remove_file(&path);
                        }
                    }
                },
            }
        }
        match volatile {
            true => drop(File::create(&mark)?),
            false if forget => fs::remove_file(&mark)?,
            false => {}
        }
        sync_folder(&mark)?;
        store.lock().runs = in_order(runs);
        for path in &logs {
            store.take_up(path, now);
        }
        Ok(store)
    }

    /// Nothing in here is worth a collector that does not start: its queue would not drain either, which may be the way out.
    fn take_up(&self, path: &Path, now: u32) {
        // Where something could not be written, an id may stand in it twice.
        let mut all = Ids::default();
        let read = log::read(path, |(id, at)| {
            all.insert(id, at);
        });
        if read.is_err() {
            self.forgot(now);
        }
        // One that was killed between writing a run and removing the log has both.
        all.retain(|id, at| !self.holds(id, *at));
        let all: Vec<Taken> = all.into_iter().collect();
        let mut done = read.as_ref().err().is_none_or(is_gone);
        for part in all.chunks(IN_MEMORY) {
            if let Err(error) = self.write_run(part.to_vec(), now) {
                self.cannot_write(&error);
                self.keep(part, now);
                done = false;
            }
        }
        if done {
            // One that stays is read again at the next start, which changes nothing.
            let _ = fs::remove_file(path);
        }
    }

    /// Ids of a log that stays where it is, since no run can be written of it.
    fn keep(&self, ids: &[Taken], now: u32) {
        let mut inner = self.lock();
        inner.hour = now / HOUR;
        for (id, at) in ids {
            if inner.current.len() >= IN_MEMORY {
                self.seal(&mut inner);
            }
            inner.current.insert(*id, *at);
        }
    }

    /// A file cannot be read. What it says of its age is worth nothing either.
    fn forgot(&self, now: u32) {
        self.damaged.fetch_add(1, Relaxed);
        self.lock().known_since = now;
    }

    /// What the tables say; where they say nothing, the runs that have to be asked.
    pub(super) fn in_tables(&self, id: &BatchId, since: u32) -> Result<bool, Arc<Vec<Arc<Run>>>> {
        let inner = self.lock();
        let sealed = inner.sealed.as_ref().and_then(|ids| ids.get(id));
        let at = inner.current.get(id).or(sealed);
        match at {
            Some(at) => Ok(*at >= since),
            None if inner.runs.is_empty() => Ok(false),
            None => Err(Arc::clone(&inner.runs)),
        }
    }

    /// Whether an id is remembered that was taken at `since` or later. Reads files.
    pub(super) fn holds(&self, id: &BatchId, since: u32) -> bool {
        match self.in_tables(id, since) {
            Ok(known) => known,
            Err(runs) => in_runs(&runs, id, since),
        }
    }

    pub(super) fn remember(&self, id: BatchId, now: u32) {
        let mut inner = self.lock();
        let new_hour = now / HOUR != inner.hour;
        if inner.current.len() >= IN_MEMORY || (new_hour && !inner.current.is_empty()) {
            self.seal(&mut inner);
        }
        inner.hour = now / HOUR;
        inner.current.insert(id, now);
        if self.folder.is_none() {
            return;
        }
        self.work.notify_one();
        if inner.unlogged.len() < IN_MEMORY {
            inner.unlogged.push((id, now));
        }
    }

    fn seal(&self, inner: &mut Inner) {
        if let Some(lost) = inner.sealed.take() {
            // It could not be written in all the time that the next one took to fill.
            let newest = lost.values().max().copied().unwrap_or_default();
            inner.known_since = inner.known_since.max(newest);
        }
        inner.sealed = Some(Arc::new(std::mem::take(&mut inner.current)));
        inner.unlogged = Vec::new();
        self.work.notify_one();
    }

    /// Ids that are remembered, and since when nothing was forgotten.
    pub(super) fn figures(&self) -> (u64, u64, u32) {
        let inner = self.lock();
        let sealed = inner.sealed.as_ref().map_or(0, |ids| ids.len());
        let runs: u64 = inner.runs.iter().map(|run| run.facts.ids).sum();
        let bytes = inner.runs.iter().map(|run| run.bytes()).sum();
        let ids = runs + (inner.current.len() + sealed) as u64;
        let known_since = inner.known_since.max(newest_damaged(&inner.runs));
        (ids, bytes, known_since)
    }

    pub(super) fn damaged_files(&self) -> u64 {
        let runs = Arc::clone(&self.lock().runs);
        let found = runs.iter().filter(|run| run.is_damaged()).count() as u64;
        self.damaged.load(Relaxed) + found
    }

    /// Writes, merges and forgets what is due. Blocks.
    pub(super) fn tidy(&self, now: u32) {
        if self.folder.is_none() {
            return;
        }
        let sealed = self.lock().sealed.clone();
        // Each for itself: on a full disk a few ids may still be logged, and what is forgotten gives room back.
        let done = [
            sealed.map_or(Ok(()), |ids| self.write_sealed(&ids, now)),
            self.log_new(),
            self.merge_one(now),
            self.forget(now),
        ];
        self.trim_filters(now);
        if let Err(error) = done.into_iter().collect::<io::Result<()>>() {
            self.cannot_write(&error);
        }
    }

    fn cannot_write(&self, error: &io::Error) {
        // Said once and counted each time: a full disk comes with each piece of work.
        if self.failed.fetch_add(1, Relaxed) == 0 {
            tracing::warn!(kind = %error.kind(), "ids of batches could not be written; they are kept in memory for as long as they fit");
        }
    }

    /// Writes all that is in memory to its place, at a stop in order.
    pub(super) fn close(&self, now: u32) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let (sealed, current) = {
            let inner = self.lock();
            (inner.sealed.clone(), Arc::new(inner.current.clone()))
        };
        for ids in sealed.iter().chain([&current]) {
            if !ids.is_empty() {
                self.write_sealed(ids, now)?;
            }
        }
        match fs::remove_file(folder.join(VOLATILE)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => sync_folder(&folder.join(VOLATILE)),
        }
    }

    fn write_sealed(&self, ids: &Arc<Ids>, now: u32) -> io::Result<()> {
        self.write_run(ids.iter().map(|(id, at)| (*id, *at)).collect(), now)?;
        let mut inner = self.lock();
        if inner.sealed.as_ref().is_some_and(|it| Arc::ptr_eq(it, ids)) {
            inner.sealed = None;
        }
        // The log may hold some of these too, where the table waited for long.
        inner.unlogged = inner.current.iter().map(|(id, at)| (*id, *at)).collect();
        drop(inner);
        // What else it holds is in the run by now.
        if let Some(log) = self.desk().log.take() {
            log.remove();
        }
        Ok(())
    }

    fn write_run(&self, mut ids: Vec<Taken>, now: u32) -> io::Result<()> {
        ids.sort_unstable();
        let recent = ids.iter().any(|(_, at)| *at + WINDOW > now);
        let path = self.next_path("ids");
        let n = ids.len() as u64;
        let run = Run::write(&path, 0, n, recent, ids.into_iter().map(Ok))?;
        self.install(run, &[]);
        Ok(())
    }

    /// Writes what is new to the log. What cannot be written is tried again.
    fn log_new(&self) -> io::Result<()> {
        let mut taken = std::mem::take(&mut self.lock().unlogged);
        if self.volatile || taken.is_empty() {
            return Ok(());
        }
        let done = self.log(&taken);
        if done.is_err() {
            let mut inner = self.lock();
            taken.append(&mut inner.unlogged);
            taken.truncate(IN_MEMORY);
            inner.unlogged = taken;
        }
        done
    }

    fn log(&self, taken: &[Taken]) -> io::Result<()> {
        let path = self.next_path("log");
        let mut desk = self.desk();
        let log = match &mut desk.log {
            Some(log) => log,
            none => none.insert(Log::create(path)?),
        };
        log.write(taken)
    }

    /// Merges runs of one size, or those of an hour that is over. One merge at a time, so that a stop never waits for long.
    fn merge_one(&self, now: u32) -> io::Result<()> {
        let runs = Arc::clone(&self.lock().runs);
        let mut hours: BTreeMap<u32, BTreeMap<u32, Vec<Arc<Run>>>> = BTreeMap::new();
        for run in runs.iter() {
            let hour = hours.entry(run.facts.newest / HOUR).or_default();
            hour.entry(run.facts.level).or_default().push(run.clone());
        }
        for (hour, levels) in hours {
            let over = hour < now / HOUR && levels.values().map(Vec::len).sum::<usize>() > 1;
            let many = levels.iter().find(|(_, runs)| runs.len() >= MERGE_AT);
            let some: Vec<_> = match (over, many) {
                (true, _) => levels.values().flatten().cloned().collect(),
                (false, Some((_, runs))) => runs.clone(),
                (false, None) => continue,
            };
            let level = some
                .iter()
                .map(|run| run.facts.level)
                .max()
                .unwrap_or_default()
                + 1;
            let ids: u64 = some.iter().map(|run| run.facts.ids).sum();
            let recent = some.iter().any(|run| run.facts.newest + WINDOW > now);
            let recent = recent && super::filter::Filter::cost(ids) <= FILTERS / 2;
            let path = self.next_path("ids");
            let sorted = merged(&some, now.saturating_sub(KEPT)).map(Ok);
            let run = Run::write(&path, level, ids, recent, sorted)?;
            let damaged = some.iter().filter(|run| run.is_damaged()).count();
            self.damaged.fetch_add(damaged as u64, Relaxed);
            let mut inner = self.lock();
            inner.known_since = inner.known_since.max(newest_damaged(&some));
            drop(inner);
            self.install(run, &some);
            self.work.notify_one();
            return remove(&some);
        }
        Ok(())
    }

    /// Removes what is older than is kept, and the oldest where there is too much.
    fn forget(&self, now: u32) -> io::Result<()> {
        let mut inner = self.lock();
        let mut bytes: u64 = inner.runs.iter().map(|run| run.bytes()).sum();
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for run in inner.runs.iter() {
            let old = run.facts.newest.saturating_add(KEPT) < now;
            if old || bytes > self.max_bytes {
                bytes -= run.bytes();
                gone.push(run.clone());
            } else {
                kept.push(run.clone());
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let newest = gone.iter().map(|run| run.facts.newest).max();
        inner.known_since = inner.known_since.max(newest.unwrap_or_default());
        inner.runs = Arc::new(kept);
        drop(inner);
        let damaged = gone.iter().filter(|run| run.is_damaged()).count();
        self.damaged.fetch_add(damaged as u64, Relaxed);
        remove(&gone)
    }

    fn trim_filters(&self, now: u32) {
        let runs = Arc::clone(&self.lock().runs);
        let mut bytes: usize = runs.iter().map(|run| run.filter_bytes()).sum();
        for run in runs.iter() {
            if run.facts.newest.saturating_add(WINDOW) < now || bytes > FILTERS {
                bytes -= run.filter_bytes();
                run.drop_filter();
            }
        }
    }

    fn install(&self, run: Run, instead_of: &[Arc<Run>]) {
        let mut inner = self.lock();
        let old = inner.runs.iter().filter(|run| {
            let gone = instead_of.iter().any(|it| Arc::ptr_eq(it, run));
            !gone
        });
        let runs = old.cloned().chain([Arc::new(run)]).collect();
        inner.runs = in_order(runs);
    }

    fn next_path(&self, ending: &str) -> PathBuf {
        let mut desk = self.desk();
        desk.next += 1;
        let name = format!("{:012}.{ending}", desk.next - 1);
        self.folder.as_deref().unwrap_or(Path::new("")).join(name)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether one of the runs has the id, taken at `since` or later.
pub(super) fn in_runs(runs: &[Arc<Run>], id: &BatchId, since: u32) -> bool {
    let reach = runs.iter().rev().filter(|run| run.facts.newest >= since);
    reach.filter_map(|run| run.find(id)).any(|at| at >= since)
}

/// Whether an error says that what a file held is lost; what only cannot be opened now is there for another time.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidData || is_damage(error)
}

/// Of what was taken up to this something is forgotten, because a file that held it is damaged.
fn newest_damaged(runs: &[Arc<Run>]) -> u32 {
    let damaged = runs.iter().filter(|run| run.is_damaged());
    damaged
        .map(|run| run.facts.newest)
        .max()
        .unwrap_or_default()
}

/// Oldest first.
fn in_order(mut runs: Vec<Arc<Run>>) -> Arc<Vec<Arc<Run>>> {
    runs.sort_by_key(|run| run.facts.newest);
    Arc::new(runs)
}

fn remove(runs: &[Arc<Run>]) -> io::Result<()> {
    // Whoever looks something up in one of them holds it open.
    runs.iter().try_for_each(|run| fs::remove_file(&run.path))
}

/// What was made, renamed or removed in the folder of `path` is durable after this.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
