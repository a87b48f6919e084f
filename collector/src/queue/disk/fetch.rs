//! Reading for those who are behind: from the disk, a chunk at a time, and nothing of it stays here.

use std::io;

use super::super::Position;
use super::io::Disk;
use super::segment::{self, Piece, Scan};
use crate::record::Record;

/// The most bytes read at once, whatever the reader could take: it is asked again.
const MOST: usize = 1 << 20;

/// What to read.
#[derive(Debug, Clone)]
pub(in crate::queue) struct Fetch {
    /// Of which segment.
    pub(in crate::queue) base: Position,
    pub(in crate::queue) at: Position,
    pub(in crate::queue) end: Position,
    /// Damage that is counted already.
    pub(in crate::queue) known: Vec<(Position, Position)>,
    pub(in crate::queue) max_items: u64,
    pub(in crate::queue) max_bytes: usize,
}

/// What was read.
#[derive(Debug, Default)]
pub(in crate::queue) struct Chunk {
    pub(in crate::queue) base: Position,
    /// Position, length, record.
    pub(in crate::queue) records: Vec<(Position, usize, Record)>,
    /// Damage, known or not.
    pub(in crate::queue) gaps: Vec<(Position, Position)>,
    /// Records and items that are whole in the segment; counted only where new damage was met.
    pub(in crate::queue) whole: Option<(u64, u64)>,
    /// How far it was read.
    pub(in crate::queue) next: Position,
}

impl Fetch {
    /// Reads it.
    pub(in crate::queue) fn run(
        &self,
        disk: &dyn Disk,
        folder: &std::path::Path,
    ) -> io::Result<Chunk> {
        let file = disk.open(&folder.join(segment::name(self.base)))?;
        let mut scan = Scan::new(&*file, self.base, self.at, self.end);
        let mut chunk = Chunk {
            base: self.base,
            next: self.at,
            ..Chunk::default()
        };
        let (mut items, mut bytes) = (0, 0);
        while let Some(piece) = scan.piece()? {
            match piece {
                Piece::Gap(from, to) => {
                    chunk.gaps.push((from, to));
                    chunk.next = to;
                }
                Piece::Record(at, length, record) => {
                    items += record.header.counts.items();
                    bytes += length;
                    let much = items > self.max_items || bytes > self.max_bytes.min(MOST);
                    if much && !chunk.records.is_empty() {
                        break;
                    }
                    chunk.next = at + length as u64;
                    chunk.records.push((at, length, record));
                }
            }
        }
        if chunk.gaps.iter().any(|gap| !self.knows(*gap)) {
            chunk.whole = Some(count(&*file, self.base, self.end)?);
        }
        Ok(chunk)
    }

    fn knows(&self, gap: (Position, Position)) -> bool {
        self.known.iter().any(|k| k.0 <= gap.0 && gap.1 <= k.1)
    }
}

/// Records and items of a segment that are whole.
fn count(file: &dyn super::io::DiskFile, base: Position, end: Position) -> io::Result<(u64, u64)> {
    let mut scan = Scan::new(file, base, base, end);
    let (mut records, mut items) = (0, 0);
    while let Some(piece) = scan.piece()? {
        if let Piece::Record(_, _, record) = piece {
            records += 1;
            items += record.header.counts.items();
        }
    }
    Ok((records, items))
}
