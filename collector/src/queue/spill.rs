//! What was not exported when the collector stopped: written to the data folder, read at start.
//!
//! One segment of records in their final format, and beside it who still wants which of them. The durable queue will write the same
//! segments as it goes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::memory::{Mask, bit};
use super::{Position, Queue};
use crate::outcome::{DropReason, Ledgers};
use crate::record::{Record, RecordError};

/// The first bytes of a segment: what it is, and the version of its framing.
const MAGIC: &[u8; 8] = b"FAROLQ\x00\x01";

/// The ending of a segment's name.
const SEGMENT: &str = "farolq";
/// The ending of the name of who wants what.
const CURSORS: &str = "cursors.json";

/// Who has acknowledged what of a segment, by place in it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursors {
    version: u32,
    readers: BTreeMap<String, Cursor>,
}

/// A low watermark and the ranges above it, ends exclusive.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    low: u64,
    acked: Vec<(u64, u64)>,
    /// Of which the destination took something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    got: Vec<(u64, u64)>,
}

/// What was found in the data folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records put into the queue again.
    pub records: u64,
    /// Files that held something damaged.
    pub damaged: u64,
    /// Files to remove when [`Recovered::until`] is passed.
    pub files: Vec<PathBuf>,
    /// The position behind the last of these records.
    pub until: Position,
}

/// What one stop left, for the queue on disk to take up.
pub(super) struct Left {
    /// Files to remove when it is taken up.
    pub(super) files: [PathBuf; 2],
    /// Records by their place in the file.
    pub(super) records: Vec<(u64, Record)>,
    /// Files that held something damaged.
    pub(super) damaged: u64,
    cursors: Option<BTreeMap<String, Cursor>>,
}

impl Left {
    /// Whether a reader that is configured wants a record. Where nothing is known everybody does.
    pub(super) fn wants(&self, name: &str, place: u64) -> bool {
        let Some(cursors) = &self.cursors else {
            return true;
        };
        cursors.get(name).is_some_and(|c| c.wants(place))
    }

    /// Whether a destination took something of a record.
    pub(super) fn got(&self, name: &str, place: u64) -> bool {
        let cursor = self.cursors.as_ref().and_then(|c| c.get(name));
        cursor.is_some_and(|c| c.got(place))
    }

    /// Who wants a record and is not configured any more.
    pub(super) fn gone<'a>(
        &'a self,
        configured: &'a [String],
        place: u64,
    ) -> impl Iterator<Item = &'a String> {
        let cursors = self.cursors.iter().flatten();
        let gone = cursors.filter(|(name, _)| !configured.contains(name));
        gone.filter(move |(_, c)| c.wants(place)).map(|(n, _)| n)
    }
}

/// Reads all that stops left in a folder, each by itself: one that cannot be read costs no other.
pub(super) fn left(folder: &Path) -> io::Result<Vec<io::Result<Left>>> {
    let all = segments(folder)?.into_iter();
    let all = all.map(|(number, path)| {
        let mut records = Vec::new();
        let whole = read_segment(&fs::read(&path)?, |place, record| {
            records.push((place, record));
        });
        let beside = folder.join(format!("{number:020}.{CURSORS}"));
        let cursors = fs::read(&beside).ok();
        let cursors = cursors.and_then(|b| serde_json::from_slice::<Cursors>(&b).ok());
        Ok(Left {
            files: [path, beside],
            records,
            damaged: u64::from(!whole) + u64::from(cursors.is_none()),
            cursors: cursors.map(|c| c.readers),
        })
    });
    Ok(all.collect())
}

/// Whether a file of this name is one that a stop left.
pub(super) fn is_one(name: &str) -> bool {
    let stem = name
        .strip_suffix(CURSORS)
        .or_else(|| name.strip_suffix(SEGMENT));
    stem.and_then(|s| s.strip_suffix('.'))
        .is_some_and(|s| s.len() == 20 && s.bytes().all(|b| b.is_ascii_digit()))
}

/// The name of the segment beside which a file of this name stands, if it says who wants what.
pub(super) fn segment_of(name: &str) -> Option<String> {
    let stem = name.strip_suffix(CURSORS).filter(|_| is_one(name))?;
    Some(format!("{stem}{SEGMENT}"))
}

/// Writes all that some reader has not acknowledged into a new segment in `folder`; returns how many records that were.
/// The queue must be closed and its readers idle.
pub fn save(queue: &Queue, folder: &Path) -> io::Result<u64> {
    let Some(state) = queue.memory() else {
        return Ok(0);
    };
    let wanted: Vec<Mask> = state.wanted().map(|slot| slot.wanted).collect();
    let got: Vec<Mask> = state.wanted().map(|slot| slot.got).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let readers = state.readers.iter().enumerate().filter(|(_, r)| !r.removed);
    let cursors = Cursors {
        version: 1,
        readers: readers
            .map(|(i, r)| (r.name.clone(), Cursor::of(&wanted, &got, bit(i))))
            .collect(),
    };
    create_folder(folder)?;
    let number = segments(folder)?.last().map_or(0, |(n, _)| n + 1);
    // Who wants what comes first: a segment without it is wanted by all.
    write(folder, &format!("{number:020}.{CURSORS}"), |file| {
        Ok(serde_json::to_writer(file, &cursors)?)
    })?;
    write(folder, &format!("{number:020}.{SEGMENT}"), |file| {
        file.write_all(MAGIC)?;
        let mut bytes = Vec::new();
        for slot in state.wanted() {
            bytes.clear();
            slot.entry.record.encode(&mut bytes);
            file.write_all(&bytes)?;
        }
        Ok(())
    })?;
    Ok(wanted.len() as u64)
}

/// Counts what could not be saved as lost, for every destination.
pub fn give_up(queue: &Queue) {
    if let Some(mut state) = queue.memory() {
        state.drop_all(DropReason::Shutdown);
    }
}

/// Puts what an earlier run left into the queue, for the readers that want it; what destinations wanted that are gone is counted as
/// dropped in their books. The readers must be open already.
pub fn recover(queue: &Queue, folder: &Path, ledgers: &Ledgers) -> io::Result<Recovered> {
    let mut found = Recovered::default();
    for (number, path) in segments(folder)? {
        let bytes = fs::read(&path)?;
        let cursors = folder.join(format!("{number:020}.{CURSORS}"));
        let wants = Wants::read(queue, &cursors, &mut found);
        let whole = read_segment(&bytes, |place, record| {
            for name in wants.gone(place) {
                let books = ledgers.destination(name);
                let items = record.header.counts.items();
                books.recovered(items);
                books.dropped(DropReason::DestinationRemoved, items);
            }
            let mask = wants.of(place);
            if mask != 0 {
                if let Some(mut state) = queue.memory() {
                    state.recover(record, mask, wants.got(place));
                }
                found.records += 1;
            }
        });
        found.damaged += u64::from(!whole);
        found.files.extend([path, cursors]);
    }
    found.until = queue.memory().map_or(0, |state| state.end());
    Ok(found)
}

/// Has every whole record in what stops left be what `rewrite` says, of the same length; returns how many records changed, and the items
/// that went.
pub(crate) fn erase(
    folder: &Path,
    rewrite: super::disk::erase::Rewrite<'_>,
) -> io::Result<(u64, u64)> {
    let (mut records, mut items) = (0, 0);
    for (_, path) in segments(folder)? {
        let bytes = fs::read(&path)?;
        let mut new = MAGIC.to_vec();
        let mut changed = 0;
        let whole = read_segment(&bytes, |_, record| {
            let rest = rewrite(&record);
            if let Some(rest) = &rest {
                changed += 1;
                let before = record.header.counts.items();
                items += before.saturating_sub(rest.header.counts.items());
            }
            rest.as_ref().unwrap_or(&record).encode(&mut new);
        });
        records += changed;
        // What is damaged may be anybody's; places of what stands behind it would move, so it is delivered to all.
        if (changed > 0 || !whole)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            if !whole {
                let _ = fs::remove_file(path.with_extension(CURSORS));
            }
            write(folder, name, |file| file.write_all(&new))?;
        }
    }
    Ok((records, items))
}

/// Hands out every record that is whole; false where something was not.
fn read_segment(bytes: &[u8], mut take: impl FnMut(u64, Record)) -> bool {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return false;
    };
    let (mut whole, mut place) = (true, 0);
    while !rest.is_empty() {
        match Record::decode(rest) {
            Ok((record, used)) => {
                take(place, record);
                rest = &rest[used..];
            }
            Err(RecordError::Torn) => return false,
            Err(RecordError::Corrupt | RecordError::UnknownFormat(_)) => {
                whole = false;
                // The length may be right although what follows is not; where it is not, the next one is torn or damaged as well.
                let length = rest
                    .first_chunk::<4>()
                    .map_or(0, |n| u32::from_le_bytes(*n) as usize);
                match rest.get(4 + length + 4..) {
                    Some(next) if length > 0 => rest = next,
                    _ => return false,
                }
            }
        }
        place += 1;
    }
    whole
}

impl Cursor {
    fn of(wanted: &[Mask], got: &[Mask], reader: Mask) -> Self {
        let done: Vec<bool> = wanted.iter().map(|mask| mask & reader == 0).collect();
        let low = done.iter().take_while(|done| **done).count();
        Self {
            low: low as u64,
            acked: runs((low..done.len()).filter(|i| done[*i])),
            got: runs((0..got.len()).filter(|i| got[*i] & reader != 0)),
        }
    }

    fn got(&self, place: u64) -> bool {
        let mut got = self.got.iter();
        got.any(|(from, end)| (*from..*end).contains(&place))
    }

    fn wants(&self, place: u64) -> bool {
        place >= self.low
            && !self
                .acked
                .iter()
                .any(|(from, end)| (*from..*end).contains(&place))
    }
}

/// Places as ranges, ends exclusive.
fn runs(places: impl Iterator<Item = usize>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for i in places {
        let i = i as u64;
        match runs.last_mut() {
            Some((_, end)) if *end == i => *end += 1,
            _ => runs.push((i, i + 1)),
        }
    }
    runs
}

/// Which readers want what of a segment.
struct Wants {
    /// By the reader's place; `None` where it could not be read.
    cursors: Option<HashMap<usize, Cursor>>,
    /// Of destinations that are configured no longer.
    gone: Vec<(String, Cursor)>,
    everyone: Mask,
}

impl Wants {
    fn read(queue: &Queue, path: &Path, found: &mut Recovered) -> Self {
        let mut wants = Self {
            cursors: None,
            gone: Vec::new(),
            everyone: 0,
        };
        let Some(state) = queue.memory() else {
            return wants;
        };
        wants.everyone = state.everyone();
        let parsed = fs::read(path)
            .ok()
            .and_then(|b| serde_json::from_slice::<Cursors>(&b).ok());
        let Some(parsed) = parsed else {
            found.damaged += 1;
            return wants;
        };
        let mut cursors = HashMap::new();
        for (name, cursor) in parsed.readers {
            match state
                .readers
                .iter()
                .position(|r| r.name == name && !r.removed)
            {
                Some(place) => drop(cursors.insert(place, cursor)),
                None => wants.gone.push((name, cursor)),
            }
        }
        wants.cursors = Some(cursors);
        wants
    }

    fn of(&self, place: u64) -> Mask {
        match &self.cursors {
            // Twice is better than never.
            None => self.everyone,
            Some(cursors) => cursors
                .iter()
                .filter(|(_, c)| c.wants(place))
                .fold(0, |m, (i, _)| m | bit(*i)),
        }
    }

    /// Who took something of it.
    fn got(&self, place: u64) -> Mask {
        let cursors = self.cursors.iter().flatten();
        let got = cursors.filter(|(_, c)| c.got(place));
        got.fold(0, |mask, (i, _)| mask | bit(*i))
    }

    fn gone(&self, place: u64) -> impl Iterator<Item = &str> {
        self.gone
            .iter()
            .filter(move |(_, c)| c.wants(place))
            .map(|(name, _)| name.as_str())
    }
}

fn segments(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let number = path
            .file_stem()
            .and_then(|s| s.to_str())
            .and_then(|s| s.parse().ok());
        if let (Some(number), Some(SEGMENT)) = (number, path.extension().and_then(|e| e.to_str())) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Written beside its place and moved there, so that it is there whole or not at all.
fn write(
    folder: &Path,
    name: &str,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    let mut file = BufWriter::new(file);
    content(&mut file)?;
    file.into_inner()?.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
