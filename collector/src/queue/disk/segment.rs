//! A segment: a head, then records one after the other. Positions count bytes of records, so damage in one place moves nothing in
//! another, and a reader's place needs no index.
//!
//! Head, 64 bytes, little-endian: magic with version | queue id | position of the first record | where the data before it ends |
//! time made, ns | padding | crc32c of the 60 bytes before.

use std::io;

use super::super::Position;
use super::FAILURES;
use super::io::{DiskFile, is_damage};
use crate::record::{MAX_BLOCK, Record, RecordError};

/// The bytes of a head.
pub const HEAD: usize = 64;

/// The ending of a segment's name.
pub const ENDING: &str = "segment";

const MAGIC: &[u8; 7] = b"FAROLQ\0";

/// The version of segments that this build writes. Version 1 was the file that a stop left behind (`spill.rs`).
pub const VERSION: u8 = 2;

/// Looked at before more is read: nearly all records are shorter.
const AHEAD: usize = 32 << 10;

/// Read at once.
const CHUNK: usize = 256 << 10;

/// What a disk reads or cannot read at once.
const PAGE: usize = 4096;

/// The first bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which queue it belongs to: another one counts its positions anew.
    pub queue: u64,
    /// The position of its first record.
    pub base: Position,
    /// Where the data before it ends: what stands behind this in an older segment was never acknowledged.
    pub previous_end: Position,
    /// When it was made, nanoseconds since 1970.
    pub created_ns: u64,
}

/// Why a head cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadError {
    /// Cut short or damaged.
    Damaged,
    /// Whole, and of another version.
    Version(u8),
}

impl Head {
    /// Its bytes.
    pub fn encode(&self) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[..7].copy_from_slice(MAGIC);
        out[7] = VERSION;
        for (n, value) in [self.queue, self.base, self.previous_end, self.created_ns]
            .iter()
            .enumerate()
        {
            out[8 + 8 * n..16 + 8 * n].copy_from_slice(&value.to_le_bytes());
        }
        let sum = crc32c::crc32c(&out[..HEAD - 4]);
        out[HEAD - 4..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads it.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeadError> {
        let bytes: &[u8; HEAD] = bytes.first_chunk().ok_or(HeadError::Damaged)?;
        let sum = u32::from_le_bytes([bytes[60], bytes[61], bytes[62], bytes[63]]);
        if &bytes[..7] != MAGIC || crc32c::crc32c(&bytes[..HEAD - 4]) != sum {
            return Err(HeadError::Damaged);
        }
        if bytes[7] != VERSION {
            return Err(HeadError::Version(bytes[7]));
        }
        let number = |n: usize| {
            let mut out = [0; 8];
            out.copy_from_slice(&bytes[8 + 8 * n..16 + 8 * n]);
            u64::from_le_bytes(out)
        };
        Ok(Self {
            queue: number(0),
            base: number(1),
            previous_end: number(2),
            created_ns: number(3),
        })
    }
}

/// The name of the segment that begins at `base`.
pub fn name(base: Position) -> String {
    format!("{base:020}.{ENDING}")
}

/// Where the segment of this name begins.
pub fn base_of(name: &str) -> Option<Position> {
    let (number, ending) = name.split_once('.')?;
    (ending == ENDING && number.len() == 20)
        .then(|| number.parse().ok())
        .flatten()
}

/// What is found in a segment.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A whole record, its position and its bytes.
    Record(Position, usize, Record),
    /// Nothing that can be read, up to the next whole record or the end.
    Gap(Position, Position),
}

/// Reads a segment from a position on, past damage.
#[derive(Debug)]
pub struct Scan<'a> {
    file: &'a dyn DiskFile,
    base: Position,
    at: Position,
    end: Position,
    buffer: Vec<u8>,
    buffer_at: Position,
    gap: Option<Position>,
    forgiving: bool,
    /// How often the next bytes could not be read.
    failed: u32,
}

impl<'a> Scan<'a> {
    /// From `at` to `end`, both positions, in the segment that begins at `base`.
    pub fn new(file: &'a dyn DiskFile, base: Position, at: Position, end: Position) -> Self {
        Self {
            file,
            base,
            at,
            end,
            buffer: Vec::new(),
            buffer_at: at,
            gap: None,
            forgiving: false,
            failed: 0,
        }
    }

    /// The same, and pages that the medium has lost are damage, no error.
    pub fn forgiving(file: &'a dyn DiskFile, base: Position, at: Position, end: Position) -> Self {
        Self {
            forgiving: true,
            ..Self::new(file, base, at, end)
        }
    }

    /// The next piece; `None` at the end.
    pub fn piece(&mut self) -> io::Result<Option<Piece>> {
        let mut want = AHEAD;
        loop {
            if self.at >= self.end {
                return Ok(self.gap.take().map(|from| Piece::Gap(from, self.end)));
            }
            self.fill(want)?;
            let bytes = &self.buffer[(self.at - self.buffer_at) as usize..];
            if bytes.is_empty() {
                // Shorter than it was said to be.
                self.gap.get_or_insert(self.at);
                self.at = self.end;
                continue;
            }
            let whole = self.at + bytes.len() as u64 >= self.end;
            match Record::decode(bytes) {
                Ok((record, length)) => {
                    if let Some(from) = self.gap.take() {
                        return Ok(Some(Piece::Gap(from, self.at)));
                    }
                    let at = self.at;
                    self.at += length as u64;
                    return Ok(Some(Piece::Record(at, length, record)));
                }
                Err(RecordError::Torn) if !whole && want < needed(bytes) => want = needed(bytes),
                Err(_) => self.resync(),
            }
        }
    }

    /// Has `want` bytes from the present position on in the buffer, or all that there are.
    fn fill(&mut self, want: usize) -> io::Result<()> {
        let want = want.min((self.end - self.at) as usize);
        let have = (self.buffer_at + self.buffer.len() as u64).saturating_sub(self.at) as usize;
        if have >= want {
            return Ok(());
        }
        let used = (self.at - self.buffer_at).min(self.buffer.len() as u64) as usize;
        self.buffer.drain(..used);
        self.buffer_at = self.at;
        let goal = want.max(CHUNK).min((self.end - self.at) as usize);
        let mut filled = self.buffer.len();
        match filled {
            // Zeros from the system, and not by hand.
            0 => self.buffer = vec![0; goal],
            _ => self.buffer.resize(goal.max(filled), 0),
        }
        while filled < self.buffer.len() {
            let offset = HEAD as u64 + (self.buffer_at - self.base) + filled as u64;
            match self.file.read_at(&mut self.buffer[filled..], offset) {
                Ok(0) => break,
                Ok(n) => {
                    filled += n;
                    self.failed = 0;
                }
                Err(error) if self.forgiving && is_damage(&error) => {
                    self.failed += 1;
                    if self.failed < FAILURES {
                        continue;
                    }
                    self.failed = 0;
                    // What stands there is zeros now, which are no record.
                    let page = PAGE - (offset % PAGE as u64) as usize;
                    let lost = filled..(filled + page).min(self.buffer.len());
                    filled = lost.end;
                    self.buffer[lost].fill(0);
                }
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }

    /// Goes on to where a record may begin. The checksum decides whether one does.
    fn resync(&mut self) {
        self.gap.get_or_insert(self.at);
        let bytes = &self.buffer[(self.at - self.buffer_at) as usize..];
        let next = (1..bytes.len()).find(|i| Record::may_begin(&bytes[*i..]));
        self.at += next.unwrap_or(bytes.len()) as u64;
    }
}

/// How many bytes the record at the start of `bytes` says that it takes; all that is believed when it says nonsense.
fn needed(bytes: &[u8]) -> usize {
    let length = bytes
        .first_chunk::<4>()
        .map_or(0, |n| u32::from_le_bytes(*n) as usize);
    8 + length.min(MAX_BLOCK)
}

#[cfg(test)]
mod tests;
