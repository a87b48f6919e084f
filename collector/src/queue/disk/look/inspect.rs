//! `queue inspect`: what the folder holds, and how far each reader is.

use std::io;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::super::super::Position;
use super::super::segment;
use super::{Folder, Found, time};

/// What a queue's folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Where it is.
    pub folder: String,
    /// The oldest first.
    pub segments: Vec<SegmentSeen>,
    /// By name. The collector's own, such as the aggregator, are among them.
    pub readers: Vec<Reader>,
    /// Nobody knows who has what: all of it will be delivered again.
    pub cursors_lost: bool,
    /// Segments that cannot be opened.
    pub unreadable: Vec<String>,
    /// Damaged files of earlier, kept for somebody to look at.
    pub aside: Vec<String>,
    /// What a queue in memory, or the first version, left at its stop; taken up at the next start.
    pub left: Vec<String>,
}

/// A file of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SegmentSeen {
    /// Its name.
    pub file: String,
    /// The position of its first record.
    pub base: Position,
    /// Behind its last one.
    pub end: Position,
    /// What whole records take.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// What they hold.
    pub items: u64,
    /// When the newest of them was taken.
    pub newest: Option<String>,
    /// How long ago that was, in seconds.
    pub newest_age_s: Option<u64>,
    /// Bytes that were acknowledged and are lost.
    pub damaged_bytes: u64,
    /// Places that they are in; a lost head is one.
    pub damaged_places: u64,
    /// Bytes of records that were never acknowledged: left by a crash, or being written.
    pub unfinished_bytes: u64,
}

/// Who reads the queue, and what it has still before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reader {
    /// The destination's name, or what the collector calls its own.
    pub name: String,
    /// The low watermark: it is done with everything before.
    pub low: Position,
    /// Ranges above that it is done with as well.
    pub ranges: usize,
    /// Records that it is not done with.
    pub lag_records: u64,
    /// Their items.
    pub lag_items: u64,
    /// Their bytes.
    pub lag_bytes: u64,
}

/// Looks at a queue's folder; `now` is in nanoseconds since 1970.
///
/// # Errors
/// When there is none, it cannot be read, or a newer version wrote it.
pub fn inspect(path: &Path, now: u64) -> Result<Overview> {
    let folder = Folder::open(path)?;
    let known = folder.cursors.iter().flat_map(|c| &c.readers);
    let mut readers: Vec<_> = known
        .map(|(name, done)| {
            let reader = Reader {
                name: name.clone(),
                low: done.low(),
                ranges: done.count(),
                lag_records: 0,
                lag_items: 0,
                lag_bytes: 0,
            };
            (reader, done)
        })
        .collect();
    let mut segments = Vec::with_capacity(folder.opened.len());
    for n in 0..folder.opened.len() {
        segments.push(segment_seen(&folder, n, now, |at, items, length| {
            for (reader, done) in &mut readers {
                if !done.contains(at) {
                    reader.lag_records += 1;
                    reader.lag_items += items;
                    reader.lag_bytes += length;
                }
            }
        })?);
    }
    Ok(Overview {
        folder: path.display().to_string(),
        readers: readers.into_iter().map(|(reader, _)| reader).collect(),
        segments,
        cursors_lost: folder.cursors_lost,
        unreadable: folder.unreadable,
        aside: folder.aside,
        left: folder.left,
    })
}

fn segment_seen(
    folder: &Folder,
    n: usize,
    now: u64,
    mut each: impl FnMut(Position, u64, u64),
) -> io::Result<SegmentSeen> {
    let base = folder.opened[n].base;
    let mut seen = SegmentSeen {
        file: segment::name(base),
        base,
        damaged_places: u64::from(folder.lost_head(n)),
        ..SegmentSeen::default()
    };
    let mut newest = None;
    seen.end = folder.read(n, |found| {
        match found {
            Found::Record(at, length, record) => {
                let items = record.header.counts.items();
                seen.records += 1;
                seen.items += items;
                seen.bytes += length as u64;
                newest = newest.max(Some(record.header.received_ns));
                each(at, items, length as u64);
            }
            Found::Damaged(from, to) => {
                seen.damaged_places += 1;
                seen.damaged_bytes += to - from;
            }
            Found::Unfinished(from, to) => seen.unfinished_bytes += to - from,
        }
        Ok(())
    })?;
    seen.newest = newest.map(time);
    seen.newest_age_s = newest.map(|at| now.saturating_sub(at) / 1_000_000_000);
    Ok(seen)
}
