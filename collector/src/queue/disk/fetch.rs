//! Reading for those who are behind: from the disk, a chunk at a time, and what of it stays is in `behind.rs`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::{Entry, Position};
use super::figures::Figures;
use super::io::{Disk, is_damage};
use super::segment::{self, Piece, Scan};
use super::state::State;
use super::{FAILURES, Shared};
use crate::record::Record;

/// The most bytes read at once, whatever the reader could take: it is asked again.
const MOST: usize = 1 << 20;

/// How long a disk that could not be read is left alone.
const WAIT: Duration = Duration::from_secs(1);

/// What to read.
#[derive(Debug, Clone)]
pub(in crate::queue) struct Fetch {
    /// Of which segment.
    pub(in crate::queue) base: Position,
    pub(in crate::queue) at: Position,
    pub(in crate::queue) end: Position,
    /// What [`super::State`] said of it then.
    pub(in crate::queue) erasures: u64,
    /// Damage that is counted already.
    pub(in crate::queue) known: Vec<(Position, Position)>,
    pub(in crate::queue) max_items: u64,
    pub(in crate::queue) max_bytes: usize,
}

/// What was read.
#[derive(Debug, Default)]
pub(in crate::queue) struct Chunk {
    pub(in crate::queue) base: Position,
    pub(in crate::queue) erasures: u64,
    /// Position, length, record.
    pub(in crate::queue) records: Vec<(Position, usize, Record)>,
    /// Damage, known or not.
    pub(in crate::queue) gaps: Vec<(Position, Position)>,
    /// Records and items that are whole in the segment; counted only where new damage was met.
    pub(in crate::queue) whole: Option<(u64, u64)>,
    /// From where on it was read, and how far.
    pub(in crate::queue) at: Position,
    pub(in crate::queue) next: Position,
}

impl Fetch {
    /// Reads it; `forgiving` takes what cannot be read for damaged.
    pub(in crate::queue) fn run(
        &self,
        disk: &dyn Disk,
        folder: &std::path::Path,
        forgiving: bool,
    ) -> io::Result<Chunk> {
        let file = disk.open(&folder.join(segment::name(self.base)))?;
        let scan = |from| match forgiving {
            false => Scan::new(&*file, self.base, from, self.end),
            true => Scan::forgiving(&*file, self.base, from, self.end),
        };
        let mut pieces = scan(self.at);
        let mut chunk = Chunk {
            base: self.base,
            erasures: self.erasures,
            at: self.at,
            next: self.at,
            ..Chunk::default()
        };
        let (mut items, mut bytes) = (0, 0);
        while let Some(piece) = pieces.piece()? {
            match piece {
                Piece::Gap(from, to) => {
                    chunk.gaps.push((from, to));
                    chunk.next = to;
                }
                // Once given up, nobody's any more, whatever the disk says later.
                Piece::Record(at, length, _) if self.knows((at, at + length as u64)) => {
                    chunk.next = at + length as u64;
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
            chunk.whole = Some(self.count(scan(self.base))?);
        }
        Ok(chunk)
    }

    fn knows(&self, gap: (Position, Position)) -> bool {
        self.known.iter().any(|k| k.0 <= gap.0 && gap.1 <= k.1)
    }

    /// Records and items that are whole.
    fn count(&self, mut scan: Scan<'_>) -> io::Result<(u64, u64)> {
        let (mut records, mut items) = (0, 0);
        while let Some(piece) = scan.piece()? {
            if let Piece::Record(at, length, record) = piece
                && !self.knows((at, at + length as u64))
            {
                records += 1;
                items += record.header.counts.items();
            }
        }
        Ok((records, items))
    }
}

impl Shared {
    /// Reads what a reader that is behind asked for. Blocks: a disk that fails is asked again, and only what the medium itself has lost
    /// is given up.
    pub(in crate::queue) fn fetch(&self, fetch: &Fetch) -> Chunk {
        let nothing = Chunk {
            base: fetch.base,
            erasures: fetch.erasures,
            at: fetch.at,
            next: fetch.at,
            ..Chunk::default()
        };
        let mut lost = 0;
        while lost < FAILURES {
            let forgiving = lost + 1 >= FAILURES;
            let error = match fetch.run(&*self.disk, &self.folder, forgiving) {
                Ok(chunk) => return chunk,
                Err(error) => error,
            };
            if self.is_gone(fetch) || self.stopped.load(Relaxed) {
                return nothing;
            }
            Figures::add(&self.figures.read_failures, 1);
            tracing::error!(kind = %error.kind(), "a segment of the queue cannot be read");
            lost += u32::from(is_damage(&error));
            if lost < FAILURES {
                (self.clock.pause)(WAIT);
            }
        }
        Chunk {
            gaps: vec![(fetch.at, fetch.end)],
            whole: Some((0, 0)),
            next: fetch.end,
            ..nothing
        }
    }

    /// Whether what was to be read was deleted meanwhile.
    fn is_gone(&self, fetch: &Fetch) -> bool {
        let state = self.lock();
        state
            .segment_of(fetch.at)
            .is_none_or(|s| s.base != fetch.base)
    }

    /// Records that were read, as entries.
    pub(super) fn entries_of(&self, records: Vec<(Position, usize, Record)>) -> Vec<Arc<Entry>> {
        let entry = |(at, length, record)| {
            let next = at + length as u64;
            Arc::new(Entry::with(at, next, record, None, self.warm.clone()))
        };
        records.into_iter().map(entry).collect()
    }

    /// Books the damage that was met.
    pub(super) fn note_gaps(
        &self,
        state: &mut State,
        base: Position,
        gaps: &[(Position, Position)],
        whole: Option<(u64, u64)>,
    ) {
        for gap in gaps {
            if state.damaged(base, *gap, whole) {
                Figures::add(&self.figures.gaps, 1);
                Figures::add(&self.figures.damaged_files, 1);
            }
        }
    }

    /// Hands out what was read for a reader.
    pub(in crate::queue) fn fetched(&self, index: usize, chunk: Chunk) -> Vec<Arc<Entry>> {
        let entries = self.entries_of(chunk.records);
        let mut state = self.lock();
        if state.erasures != chunk.erasures {
            // It may hold what is erased by now: read again.
            return Vec::new();
        }
        self.note_gaps(&mut state, chunk.base, &chunk.gaps, chunk.whole);
        let entries = state.share(entries);
        let reader = &mut state.readers[index];
        let mut wanted = Vec::with_capacity(entries.len());
        for entry in entries {
            // Something may have been dropped for it while the disk was read.
            if !reader.done.contains(entry.position) && entry.position >= reader.cursor {
                reader.hold(&entry);
                wanted.push(entry);
            }
        }
        reader.cursor = reader.cursor.max(chunk.next);
        state.advance(index);
        state.went_on();
        let gone = state.gone();
        drop(state);
        drop(gone);
        wanted
    }
}
