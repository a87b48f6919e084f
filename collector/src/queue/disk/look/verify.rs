//! `queue verify`: every record's checksum, and what of the queue is not whole.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::super::super::Position;
use super::super::segment::{self, HEAD};
use super::{Folder, Found, offset};

/// What of a queue is whole, and what is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Segments that were read.
    pub segments: u64,
    /// Whole records.
    pub records: u64,
    /// What they hold.
    pub items: u64,
    /// What they take.
    pub bytes: u64,
    /// What had been acknowledged and is lost.
    pub damaged: Vec<Place>,
    /// What never was: left by a crash, or being written at this moment.
    pub unfinished: Vec<Place>,
    /// Segments that cannot be opened.
    pub unreadable: Vec<String>,
    /// Nobody knows who has what: all of it will be delivered again.
    pub cursors_lost: bool,
    /// Damaged files of earlier, kept for somebody to look at; they are not read.
    pub aside: Vec<String>,
    /// What a queue in memory, or the first version, left at its stop; it is not read.
    pub left: Vec<String>,
}

/// Bytes of a file that hold no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its name.
    pub file: String,
    /// The first of them, counted from the file's beginning.
    pub offset: u64,
    /// How many.
    pub length: u64,
    /// The same place, as the queue counts; `None` for the head of the file.
    pub position: Option<Position>,
}

impl Verdict {
    /// Whether something is lost.
    pub fn is_damaged(&self) -> bool {
        !self.damaged.is_empty() || !self.unreadable.is_empty() || self.cursors_lost
    }
}

/// Reads all of a queue's folder.
///
/// # Errors
/// When there is none, it cannot be read, or a newer version wrote it.
pub fn verify(path: &Path) -> Result<Verdict> {
    let folder = Folder::open(path)?;
    let mut verdict = Verdict::default();
    for n in 0..folder.opened.len() {
        let base = folder.opened[n].base;
        let place = |from: Position, to: Position| Place {
            file: segment::name(base),
            offset: offset(base, from),
            length: to - from,
            position: Some(from),
        };
        if folder.lost_head(n) {
            verdict.damaged.push(Place {
                offset: 0,
                length: HEAD as u64,
                position: None,
                ..place(base, base)
            });
        }
        folder.read(n, |found| {
            match found {
                Found::Record(_, length, record) => {
                    verdict.records += 1;
                    verdict.items += record.header.counts.items();
                    verdict.bytes += length as u64;
                }
                Found::Damaged(from, to) => verdict.damaged.push(place(from, to)),
                Found::Unfinished(from, to) => verdict.unfinished.push(place(from, to)),
            }
            Ok(())
        })?;
        verdict.segments += 1;
    }
    Ok(Verdict {
        unreadable: folder.unreadable,
        cursors_lost: folder.cursors_lost,
        aside: folder.aside,
        left: folder.left,
        ..verdict
    })
}
