//! The log of ids that are in memory only: written a few times a second, so that a process that is killed forgets next to nothing. It is
//! not fsynced: what a power cut takes are ids whose records the queue still has, or that no destination has confirmed for long.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::run::{ENTRY, Taken};

/// A frame is believed up to this; a larger one is damage.
const MAX_FRAME: usize = 1 << 20;
/// A log is at most this, where no run can be written instead of it: two tables of ids, each id a frame of its own.
const MAX_LOG: u64 = 4 << 20;

/// An open log.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    pub(super) path: PathBuf,
    /// Bytes of whole frames.
    length: u64,
    /// A write failed, so that a part of a frame may stand at the end.
    torn: bool,
}

impl Log {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            file,
            path,
            length,
            torn: false,
        })
    }

    /// Adds ids as one frame: number, entries, checksum.
    pub(super) fn write(&mut self, taken: &[Taken]) -> io::Result<()> {
        for part in taken.chunks(MAX_FRAME / ENTRY - 1) {
            let mut frame = Vec::with_capacity(8 + part.len() * ENTRY);
            frame.extend_from_slice(&(part.len() as u32).to_le_bytes());
            for (id, at) in part {
                frame.extend_from_slice(id);
                frame.extend_from_slice(&at.to_le_bytes());
            }
            let sum = crc32c::crc32c(&frame);
            frame.extend_from_slice(&sum.to_le_bytes());
            if self.length + frame.len() as u64 > MAX_LOG {
                return Err(ErrorKind::FileTooLarge.into());
            }
            // Behind a part of a frame nothing would be read.
            if self.torn {
                self.file.set_len(self.length)?;
            }
            self.torn = true;
            self.file.write_all(&frame)?;
            self.torn = false;
            self.length += frame.len() as u64;
        }
        Ok(())
    }

    pub(super) fn remove(self) {
        // One that stays is read again at the next start, which changes nothing.
        let _ = fs::remove_file(&self.path);
    }
}

/// Reads a log. An error of kind `InvalidData` is damage: what stands before it is taken. A frame that was being written when the process
/// ended is none.
pub(super) fn read(path: &Path, mut take: impl FnMut(Taken)) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let mut rest = &bytes[..];
    while let Some((n, tail)) = rest.split_first_chunk::<4>() {
        let length = (u32::from_le_bytes(*n) as usize).saturating_mul(ENTRY);
        if length > MAX_FRAME {
            return Err(ErrorKind::InvalidData.into());
        }
        let (Some(entries), Some(sum)) = (tail.get(..length), tail.get(length..length + 4)) else {
            return Ok(());
        };
        if crc32c::crc32c(&rest[..4 + length]).to_le_bytes() != sum {
            return Err(ErrorKind::InvalidData.into());
        }
        for entry in entries.chunks_exact(ENTRY) {
            if let Some((id, at)) = entry.split_first_chunk::<16>() {
                take((*id, u32::from_le_bytes([at[0], at[1], at[2], at[3]])));
            }
        }
        rest = &tail[length + 4..];
    }
    Ok(())
}
