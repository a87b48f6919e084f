//! Looking into a queue's folder from outside, whether or not a collector runs on it: nothing is locked, written, renamed or made.
//!
//! The cursors are read before the segments: what they call acknowledged is then in the files, and what a collector writes meanwhile lies
//! behind that, where a record that is not whole is one on its way.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::super::{Position, spill};
use super::cursors::{CursorFile, Cursors};
use super::figures::Figures;
use super::find::{self, Bounds, Opened};
use super::io::Disk;
use super::retain::is_aside;
use super::segment::{self, HEAD, Piece, Scan};
use crate::record::Record;

mod export;
mod inspect;
mod read_only;
mod verify;

pub use export::{Chosen, export};
pub use inspect::{Overview, Reader, SegmentSeen, inspect};
pub use verify::{Place, Verdict, verify};

use read_only::ReadOnly;

/// How often it is looked at where the cursors are not whole or not there: a collector that starts may be writing the first.
const TRIES: u32 = 3;

/// A queue's folder, as it was when it was looked at.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) cursors: Option<Cursors>,
    /// Nobody knows who has what, though there is something.
    pub(super) cursors_lost: bool,
    pub(super) opened: Vec<Opened>,
    /// Segments that the medium does not give.
    pub(super) unreadable: Vec<String>,
    /// Damaged files of earlier, kept for somebody to look at.
    pub(super) aside: Vec<String>,
    /// What a queue in memory, or the first version, left at its stop.
    pub(super) left: Vec<String>,
}

/// What is found in a segment.
pub(super) enum Found {
    Record(Position, usize, Record),
    /// Something that was acknowledged is lost.
    Damaged(Position, Position),
    /// Never acknowledged: left by a crash, or being written.
    Unfinished(Position, Position),
}

impl Folder {
    /// Opens all that there is below a collector's data folder.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut tries = 1;
        loop {
            let folder = Self::open_once(path)?;
            if !folder.cursors_lost || tries == TRIES {
                return Ok(folder);
            }
            tries += 1;
        }
    }

    fn open_once(path: &Path) -> Result<Self> {
        let shown = || {
            format!(
                "{} cannot be read; run it as the user that the collector runs as",
                path.display()
            )
        };
        let disk: Arc<dyn Disk> = Arc::new(ReadOnly);
        match disk.list(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "there is no queue at {}; name the collector's settings (--config) or its folder (--data-dir)",
                path.display()
            ),
            listed => drop(listed.with_context(shown)?),
        }
        let (_, cursors, bad_cursors) = CursorFile::open(disk.clone(), path).with_context(shown)?;
        let (opened, _) =
            find::open_segments(&*disk, path, &Figures::default()).with_context(shown)?;
        let queue = opened.iter().find_map(|o| Some(o.head?.queue));
        let cursors = cursors.filter(|c| queue.is_none_or(|queue| c.queue == queue));
        let mut names = disk.list(path).with_context(shown)?;
        names.sort_unstable();
        let is_lost = |name: &&String| {
            let base = segment::base_of(name);
            // One that is gone by now was done with, and one that opens now is new.
            base.is_some_and(|base| opened.iter().all(|o| o.base != base))
                && matches!(disk.open(&path.join(name)), Err(error) if error.kind() != io::ErrorKind::NotFound)
        };
        Ok(Self {
            cursors_lost: bad_cursors || (cursors.is_none() && !opened.is_empty()),
            unreadable: names.iter().filter(is_lost).cloned().collect(),
            aside: names.iter().filter(|n| is_aside(n)).cloned().collect(),
            left: names.iter().filter(|n| spill::is_one(n)).cloned().collect(),
            cursors,
            opened,
        })
    }

    /// Reads one of the segments, each checksum of it; returns where its last record ends.
    pub(super) fn read(
        &self,
        n: usize,
        mut each: impl FnMut(Found) -> io::Result<()>,
    ) -> io::Result<Position> {
        let this = &self.opened[n];
        let cursors = self.cursors.as_ref();
        let bounds = Bounds::of(this, &self.opened[n + 1..], cursors);
        let mut end = bounds.end;
        let mut scan = Scan::forgiving(&*this.file, this.base, this.base, bounds.end);
        while let Some(piece) = scan.piece()? {
            match piece {
                Piece::Record(at, length, record) => each(Found::Record(at, length, record))?,
                Piece::Gap(from, to) => {
                    let (lost, unfinished) = bounds.judge((from, to), cursors);
                    if lost.0 < lost.1 {
                        each(Found::Damaged(lost.0, lost.1))?;
                    }
                    if unfinished.0 < unfinished.1 {
                        if unfinished.1 == bounds.end && bounds.open {
                            end = unfinished.0;
                        }
                        each(Found::Unfinished(unfinished.0, unfinished.1))?;
                    }
                }
            }
        }
        Ok(end)
    }

    /// Whether a segment's head is lost that had been written: something in the file was acknowledged.
    pub(super) fn lost_head(&self, n: usize) -> bool {
        let this = &self.opened[n];
        let bounds = Bounds::of(this, &self.opened[n + 1..], self.cursors.as_ref());
        bounds.lost_head(this, self.cursors.as_ref())
    }
}

/// Where in its file a position stands.
pub(super) fn offset(base: Position, at: Position) -> u64 {
    HEAD as u64 + (at - base)
}

/// A time in nanoseconds since 1970, as people and machines read it.
pub(super) fn time(ns: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns))
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests;
