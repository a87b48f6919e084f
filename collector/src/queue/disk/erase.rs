//! Erasing: a segment is written anew beside its place, as long as it was and without what is to go, synced, and moved there as one. A
//! crash leaves the one or the other; positions and cursors stay what they are.
//!
//! What is damaged may hold anything: its bytes are cleared with it, and files that were kept aside for being damaged go.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::super::Position;
use super::io::{Disk, RealDisk, is_damage};
use super::look::Folder;
use super::reader::ReaderState;
use super::replay::owned;
use super::retain::is_aside;
use super::segment::{self, HEAD, Piece, Scan};
use super::state::State;
use super::{FAILURES, Shared};
use crate::aggregate::READER;
use crate::data_folder::DataFolder;
use crate::outcome::DropReason;
use crate::record::Record;

/// What a record is to be instead, of the same length; `None` leaves it as it is.
pub(crate) type Rewrite<'a> = &'a dyn Fn(&Record) -> Option<Record>;

/// Whether no further segment is to be begun: the collector is to end in a bounded time, and a whole queue takes as long as it takes.
pub(crate) type Stop<'a> = &'a dyn Fn() -> bool;

/// The ending of what is written beside a segment until it takes its place.
const DRAFT: &str = ".draft";

/// How long a group that is being written is waited for before it is looked again: a sync takes milliseconds.
const MOMENT: Duration = Duration::from_millis(1);

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Erased {
    /// Records in which there was something.
    pub(crate) records: u64,
    /// Items that are gone.
    pub(crate) items: u64,
    /// Destinations, and what of these items each was not through with, and what it was.
    pub(crate) readers: Vec<(String, u64, u64)>,
    /// Damaged bytes that were cleared, because nobody can tell whose they are.
    pub(crate) cleared: u64,
    /// Files kept aside for being damaged that went.
    pub(crate) aside: u64,
    /// Segments that were not begun.
    pub(crate) left: u64,
}

/// A record that was changed.
#[derive(Debug, Clone, Copy)]
struct Changed {
    at: Position,
    /// Items that went.
    gone: u64,
}

/// A segment without what is to go, beside its place.
struct Draft {
    path: PathBuf,
    changed: Vec<Changed>,
    cleared: u64,
}

impl Erased {
    fn add(&mut self, draft: &Draft) {
        self.records += draft.changed.len() as u64;
        self.items += draft.changed.iter().map(|it| it.gone).sum::<u64>();
        self.cleared += draft.cleared;
    }

    /// Of these items a reader was not through with so many, and through with so many.
    pub(in crate::queue) fn of_reader(&mut self, name: &str, waiting: u64, had: u64) {
        match self.readers.iter_mut().find(|it| it.0 == name) {
            Some(reader) => (reader.1, reader.2) = (reader.1 + waiting, reader.2 + had),
            None => self.readers.push((name.to_owned(), waiting, had)),
        }
    }
}

/// Removes what an erasure that did not come to its end left.
pub(super) fn remove_drafts(disk: &dyn Disk, folder: &Path) {
    let names = disk.list(folder).unwrap_or_default();
    for name in names.iter().filter(|name| is_draft(name)) {
        let _ = disk.remove(&folder.join(name));
    }
}

fn is_draft(name: &str) -> bool {
    let stem = name.strip_suffix(DRAFT);
    stem.is_some_and(|stem| segment::base_of(stem).is_some())
}

fn remove_aside(disk: &dyn Disk, folder: &Path) -> io::Result<u64> {
    let mut gone = 0;
    for name in disk.list(folder)?.iter().filter(|name| is_aside(name)) {
        disk.remove(&folder.join(name))?;
        gone += 1;
    }
    Ok(gone)
}

/// Bytes of a segment, anew: what of its records changed, and how many bytes were cleared.
fn anew(
    scan: &mut Scan<'_>,
    given_up: &[(Position, Position)],
    rewrite: Rewrite<'_>,
    out: &mut Vec<u8>,
) -> io::Result<(Vec<Changed>, u64)> {
    let (mut changed, mut cleared) = (Vec::new(), 0);
    while let Some(piece) = scan.piece()? {
        let (from, to) = match piece {
            Piece::Gap(from, to) => (from, to),
            Piece::Record(at, length, record) => {
                let to = at + length as u64;
                if !given_up.iter().any(|(a, b)| *a <= at && to <= *b) {
                    let rest = rewrite(&record);
                    if let Some(rest) = &rest {
                        let items = |it: &Record| it.header.counts.items();
                        let gone = items(&record).saturating_sub(items(rest));
                        changed.push(Changed { at, gone });
                    }
                    let before = out.len();
                    rest.as_ref().unwrap_or(&record).encode(out);
                    if out.len() - before != length {
                        return Err(io::Error::other("a record would change its length"));
                    }
                    continue;
                }
                (at, to)
            }
        };
        out.resize(out.len() + (to - from) as usize, 0);
        cleared += to - from;
    }
    Ok((changed, cleared))
}

/// Writes a segment anew beside its place. `None` where nothing of it is to go.
fn draft(
    disk: &dyn Disk,
    folder: &Path,
    (base, end): (Position, Position),
    given_up: &[(Position, Position)],
    rewrite: Rewrite<'_>,
) -> io::Result<Option<Draft>> {
    let name = segment::name(base);
    let file = disk.open(&folder.join(&name))?;
    let mut lost = 0;
    let (bytes, changed, cleared) = loop {
        let mut bytes = vec![0; HEAD];
        // What the medium has lost is cleared; what it cannot give for a while is asked for again.
        let mut scan = match lost + 1 < FAILURES {
            true => Scan::new(&*file, base, base, end),
            false => Scan::forgiving(&*file, base, base, end),
        };
        let read = read_head(&*file, &mut bytes)
            .and_then(|()| anew(&mut scan, given_up, rewrite, &mut bytes));
        match read {
            Ok((changed, cleared)) => break (bytes, changed, cleared),
            Err(error) if lost + 1 < FAILURES && is_damage(&error) => lost += 1,
            Err(error) => return Err(error),
        }
    };
    if changed.is_empty() && cleared == 0 {
        return Ok(None);
    }
    let path = folder.join(name + DRAFT);
    match disk.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&path)?;
    let written = file
        .write_at(&bytes, 0)
        .and_then(|()| file.sync())
        .and_then(|()| disk.sync_folder(folder));
    if let Err(error) = written {
        let _ = disk.remove(&path);
        return Err(error);
    }
    Ok(Some(Draft {
        path,
        changed,
        cleared,
    }))
}

/// The head as it is. One that the medium has lost stays zeros, which is a damaged one too.
fn read_head(file: &dyn super::io::DiskFile, head: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < head.len() {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl State {
    /// What went of a segment: nobody has it before them any more, and the books say why.
    fn erased(&mut self, base: Position, draft: &Draft, sum: &mut Erased) {
        self.erasures += 1;
        self.clear_tail();
        let all: u64 = draft.changed.iter().map(|it| it.gone).sum();
        if let Some(segment) = self.segments.iter_mut().find(|s| s.base == base) {
            segment.items = segment.items.saturating_sub(all);
        }
        for reader in self.readers.iter_mut().filter(|r| !r.removed) {
            let mut waiting = 0;
            for change in &draft.changed {
                if reader.done.contains(change.at) {
                    continue;
                }
                waiting += change.gone;
                if let Some(held) = reader.held.get_mut(&change.at) {
                    held.items = held.items.saturating_sub(change.gone as u32);
                }
            }
            reader.lag.items = reader.lag.items.saturating_sub(waiting);
            if let Some(ledger) = &reader.options.ledger {
                ledger.dropped(DropReason::Erased, waiting);
                sum.of_reader(&reader.name, waiting, all - waiting);
            }
        }
        sum.add(draft);
    }
}

impl Shared {
    /// Erases from all that is durable when this is called. No destination may have anything in hands: what it would book of that is booked
    /// here. Blocks, and at `stop` for one segment more at most.
    pub(in crate::queue) fn erase(
        &self,
        rewrite: Rewrite<'_>,
        stop: Stop<'_>,
    ) -> io::Result<Erased> {
        let mut sum = Erased::default();
        let until = self.seal();
        let bases: Vec<Position> = {
            let mut state = self.lock();
            state.readers.iter_mut().for_each(ReaderState::put_back);
            for (_, reader) in state.living().filter(|(_, r)| r.ledger().is_some()) {
                sum.of_reader(&reader.name, 0, 0);
            }
            let sealed = state.segments.iter().filter(|s| s.base < until);
            sealed.map(|s| s.base).collect()
        };
        for (n, base) in bases.iter().enumerate() {
            if stop() {
                sum.left = (bases.len() - n) as u64;
                return Ok(sum);
            }
            self.erase_segment(*base, rewrite, &mut sum)?;
        }
        sum.aside = remove_aside(&*self.disk, &self.folder)?;
        Ok(sum)
    }

    fn erase_segment(
        &self,
        base: Position,
        rewrite: Rewrite<'_>,
        sum: &mut Erased,
    ) -> io::Result<()> {
        let _one = self.changing();
        let segment = {
            let state = self.lock();
            let found = state.segments.iter().find(|s| s.base == base);
            match found {
                Some(segment) => segment.clone(),
                None => return Ok(()),
            }
        };
        let place = (base, segment.end);
        let Some(draft) = draft(&*self.disk, &self.folder, place, &segment.gaps, rewrite)? else {
            return Ok(());
        };
        // Under the lock, so that nobody is told of the one and reads the other.
        let mut state = self.lock();
        let path = self.folder.join(segment::name(base));
        if let Err(error) = self.disk.rename(&draft.path, &path) {
            drop(state);
            let _ = self.disk.remove(&draft.path);
            return Err(error);
        }
        state.erased(base, &draft, sum);
        drop(state);
        self.disk.sync_folder(&self.folder)
    }

    /// Ends the segment that is written; returns where the next one begins.
    fn seal(&self) -> Position {
        let mut state = self.lock();
        match state.writing {
            true => state.seal = true,
            false => state.active = None,
        }
        while state.seal {
            drop(state);
            (self.clock.pause)(MOMENT);
            state = self.lock();
        }
        state.end
    }

    /// While it is held no segment is deleted or written anew.
    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Erases in a folder that no collector uses.
pub(crate) fn erase(data: &DataFolder, rewrite: Rewrite<'_>) -> Result<Erased> {
    let path = &data.queue();
    if !path.exists() {
        // With its queue in memory a collector has none here, unless a stop left something over.
        return Ok(Erased::default());
    }
    owned(path)?;
    remove_drafts(&RealDisk, path);
    let folder = Folder::open(path)?;
    let mut sum = Erased::default();
    let readers = folder.cursors.iter().flat_map(|c| &c.readers);
    let readers: Vec<_> = readers.filter(|(name, _)| *name != READER).collect();
    for (name, _) in &readers {
        sum.of_reader(name, 0, 0);
    }
    let failed = || format!("{} cannot be written anew", path.display());
    for n in 0..folder.opened.len() {
        let base = folder.opened[n].base;
        let end = folder.read(n, |_| Ok(()))?;
        let drafted = draft(&RealDisk, path, (base, end), &[], rewrite);
        let Some(draft) = drafted.with_context(failed)? else {
            continue;
        };
        let moved = RealDisk.rename(&draft.path, &path.join(segment::name(base)));
        moved
            .and_then(|()| RealDisk.sync_folder(path))
            .with_context(failed)?;
        for (name, done) in &readers {
            let all: u64 = draft.changed.iter().map(|it| it.gone).sum();
            let had = draft.changed.iter().filter(|it| done.contains(it.at));
            let had = had.map(|it| it.gone).sum();
            sum.of_reader(name, all - had, had);
        }
        sum.add(&draft);
    }
    sum.aside = remove_aside(&RealDisk, path).with_context(failed)?;
    Ok(sum)
}

#[cfg(test)]
mod tests;
