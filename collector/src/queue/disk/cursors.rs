//! Who has acknowledged what, kept durably: two files written in turn, so that a torn write leaves the one before. A lost one means that
//! something is delivered twice, never that something is lost.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::Position;
use super::FAILURES;
use super::io::{Disk, DiskFile};
use super::ranges::Ranges;

const MAGIC: &[u8; 8] = b"FAROLC\0\x01";
const NAMES: [&str; 2] = ["cursors-a", "cursors-b"];
/// Magic, generation, length; the checksum stands at the end.
const FRAME: usize = 8 + 8 + 4;
/// No honest file is larger: 64 readers with [`MOST_RANGES`] ranges of 44 characters each.
const MOST_BYTES: u64 = 64 << 20;

/// Ranges that are kept of a reader. A destination has one for each record that it let go for a while ([`MOST_LET_GO`]), and as many as batches
/// in flight are interrupted by each other's records: four lanes of 512 come to less than the rest.
pub const MOST_RANGES: usize = 20 << 10;

/// Records that a destination may have let go. At the most the file is half a megabyte, and written the less often (`keeper.rs`).
pub(crate) const MOST_LET_GO: usize = 16 << 10;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursors {
    /// Which queue it is about.
    pub queue: u64,
    /// Where the next record would go.
    pub end: Position,
    /// Where a segment begins and where its last record ends, for the newest, and for those whose next one is deleted or begins elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<(Position, Position)>,
    /// What crashes left unfinished. Nobody was told that it was taken, so it is no damage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub torn: Vec<(Position, Position)>,
    /// By the reader's name.
    pub readers: BTreeMap<String, Ranges>,
    /// Segments of which a destination took something, by the reader's name. Where nothing is said, as by a version before, nothing is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub got: BTreeMap<String, Ranges>,
    /// What readers were through with before an operator asked for it again; until the next start, which counts it as replayed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replayed: BTreeMap<String, Ranges>,
}

/// Where it is kept.
#[derive(Debug)]
pub struct CursorFile {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    files: [Option<Arc<dyn DiskFile>>; 2],
    generation: u64,
}

impl CursorFile {
    /// Finds the latest that is whole. The last is true where there was something and none of it could be read: one of the two a crash
    /// may leave half-written.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path) -> io::Result<(Self, Option<Cursors>, bool)> {
        let mut file = Self {
            disk,
            folder: folder.to_owned(),
            files: [None, None],
            generation: 0,
        };
        let mut latest = None;
        let mut damaged = false;
        for (n, name) in NAMES.iter().enumerate() {
            match file.disk.open(&folder.join(name)) {
                Ok(opened) => {
                    match read(&*opened) {
                        Ok(Some((generation, cursors))) if generation > file.generation => {
                            file.generation = generation;
                            latest = Some(cursors);
                        }
                        Ok(Some(_)) => {}
                        // Cut off before its first write was on the disk, or torn.
                        Ok(None) | Err(_) => damaged = true,
                    }
                    file.files[n] = Some(opened);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => damaged = true,
            }
        }
        let damaged = damaged && latest.is_none();
        // The process may have died between writing it and its sync; the other one is overwritten next.
        if let Some(latest) = &file.files[(file.generation % 2) as usize] {
            let _ = latest.sync();
            let _ = file.disk.sync_folder(folder);
        }
        Ok((file, latest, damaged))
    }

    /// Writes it in the place of the older of the two.
    pub fn save(&mut self, cursors: &Cursors) -> io::Result<()> {
        let generation = self.generation + 1;
        let which = (generation % 2) as usize;
        let bytes = encode(generation, cursors)?;
        let result = self.write(which, &bytes);
        match result {
            Ok(()) => self.generation = generation,
            // A file that failed to sync is not trusted again: the next attempt makes it anew.
            Err(_) => self.files[which] = None,
        }
        result
    }

    fn write(&mut self, which: usize, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &self.files[which] {
            file.write_at(bytes, 0)?;
            file.sync()?;
            return file.named();
        }
        let path = self.folder.join(NAMES[which]);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(&path)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        self.disk.sync_folder(&self.folder)?;
        self.files[which] = Some(file);
        Ok(())
    }
}

fn encode(generation: u64, cursors: &Cursors) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&generation.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    serde_json::to_writer(&mut out, cursors)?;
    let length = (out.len() - FRAME) as u32;
    out[16..20].copy_from_slice(&length.to_le_bytes());
    let sum = crc32c::crc32c(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    Ok(out)
}

fn read(file: &dyn DiskFile) -> io::Result<Option<(u64, Cursors)>> {
    let mut bytes = vec![0; file.size()?.min(MOST_BYTES) as usize];
    let (mut filled, mut failed) = (0, 0);
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(n) => (filled, failed) = (filled + n, 0),
            // A fault that passes shall not bring everything again.
            Err(_) if failed < FAILURES => failed += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(decode(&bytes[..filled]))
}

/// Reads what [`CursorFile::save`] wrote: its generation and what it says. `None` where it is not whole.
pub fn decode(bytes: &[u8]) -> Option<(u64, Cursors)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let generation = u64::from_le_bytes(*rest.first_chunk()?);
    let length = u32::from_le_bytes(*rest.get(8..)?.first_chunk()?) as usize;
    let body = bytes.get(FRAME..FRAME.checked_add(length)?)?;
    let sum = u32::from_le_bytes(*bytes.get(FRAME + length..)?.first_chunk()?);
    if crc32c::crc32c(&bytes[..FRAME + length]) != sum {
        return None;
    }
    Some((generation, serde_json::from_slice(body).ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::io::RealDisk;
    use super::*;

    fn cursors(low: Position) -> Cursors {
        let mut ranges = Ranges::below(low);
        ranges.add(low + 10, low + 20);
        Cursors {
            queue: 9,
            end: low + 30,
            ends: vec![(low, low + 30)],
            torn: vec![(low + 1, low + 2)],
            readers: [("a".to_owned(), ranges.clone())].into(),
            got: [("a".to_owned(), Ranges::below(low))].into(),
            replayed: [("a".to_owned(), ranges)].into(),
        }
    }

    fn open(folder: &Path) -> (CursorFile, Option<Cursors>, bool) {
        CursorFile::open(Arc::new(RealDisk), folder).unwrap()
    }

    #[test]
    fn the_latest_counts_and_a_torn_one_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, none, damaged) = open(folder.path());
        assert_eq!((none, damaged), (None, false));
        for low in 1..=5 {
            file.save(&cursors(low)).unwrap();
            assert_eq!(open(folder.path()).1, Some(cursors(low)));
        }
        let newest = folder.path().join(NAMES[1]);
        let bytes = std::fs::read(&newest).unwrap();
        for end in [0, 7, 19, bytes.len() - 1] {
            std::fs::write(&newest, &bytes[..end]).unwrap();
            let (_, found, damaged) = open(folder.path());
            assert_eq!((found, damaged), (Some(cursors(4)), false));
        }
        std::fs::write(folder.path().join(NAMES[0]), b"FAROL").unwrap();
        let (_, found, damaged) = open(folder.path());
        assert_eq!((found, damaged), (None, true));
    }
}
