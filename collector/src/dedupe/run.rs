//! A run: batch ids sorted in a file, each with the second it was taken. Ids are hashes, so the place of one is guessed from its first
//! bytes and found in a few blocks; each block has a checksum, and what a damaged one says is not believed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::BatchId;
use super::filter::Filter;

/// An id, and the second since 1970 it was taken.
pub(super) type Taken = (BatchId, u32);

pub(super) const ENTRY: usize = 20;
const BLOCK: usize = 4096;
/// A block begins with its checksum and the number of its entries.
const HEAD: usize = 8;
const PER_BLOCK: usize = (BLOCK - HEAD) / ENTRY;
const MAGIC: &[u8; 8] = b"FAROLD\x00\x01";

/// A file of sorted ids.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) path: PathBuf,
    file: File,
    pub(super) facts: Facts,
    /// Taken away when memory is short.
    filter: Mutex<Option<Filter>>,
    damaged: AtomicBool,
}

/// What the first block says of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) ids: u64,
    pub(super) oldest: u32,
    pub(super) newest: u32,
    /// How often what it holds was merged.
    pub(super) level: u32,
}

/// A run that is being written. It is gone afterwards, by its new name or for good: the next one has another, and on a full disk each that is tried
/// would leave its part.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Run {
    /// Writes a run of sorted ids; it is there whole or not at all. `ids` is at least as many as come.
    pub(super) fn write(
        path: &Path,
        level: u32,
        ids: u64,
        with_filter: bool,
        sorted: impl Iterator<Item = io::Result<Taken>>,
    ) -> io::Result<Self> {
        let draft = Draft(path.with_extension("draft"));
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut out = BufWriter::new(options.open(&draft.0)?);
        out.write_all(&[0; BLOCK])?;
        let mut facts = Facts {
            ids: 0,
            oldest: u32::MAX,
            newest: 0,
            level,
        };
        let mut filter = with_filter.then(|| Filter::new(ids));
        let mut block = Vec::with_capacity(BLOCK);
        block.resize(HEAD, 0);
        for taken in sorted {
            let (id, at) = taken?;
            facts.ids += 1;
            facts.oldest = facts.oldest.min(at);
            facts.newest = facts.newest.max(at);
            if let Some(filter) = &mut filter {
                filter.insert(&id);
            }
            block.extend_from_slice(&id);
            block.extend_from_slice(&at.to_le_bytes());
            if block.len() == HEAD + PER_BLOCK * ENTRY {
                out.write_all(sealed(&mut block))?;
                block.clear();
                block.resize(HEAD, 0);
            }
        }
        if block.len() > HEAD {
            out.write_all(sealed(&mut block))?;
        }
        let file = out.into_inner()?;
        file.write_all_at(&facts.block(), 0)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&draft.0, path)?;
        super::store::sync_folder(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: File::open(path)?,
            facts,
            filter: Mutex::new(filter),
            damaged: AtomicBool::new(false),
        })
    }

    /// Opens what an earlier run of the program wrote. An error of kind `InvalidData` is damage.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut first = [0; BLOCK];
        let short = |e: io::Error| match e.kind() {
            ErrorKind::UnexpectedEof => io::Error::from(ErrorKind::InvalidData),
            _ => e,
        };
        file.read_exact_at(&mut first, 0).map_err(short)?;
        let facts = Facts::read(&first).ok_or(ErrorKind::InvalidData)?;
        let blocks = facts.ids.div_ceil(PER_BLOCK as u64) + 1;
        if file.metadata()?.len() != blocks * BLOCK as u64 {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            facts,
            filter: Mutex::new(None),
            damaged: AtomicBool::new(false),
        })
    }

    /// When the id was taken, if it is in here.
    pub(super) fn find(&self, id: &BatchId) -> Option<u32> {
        if self.lock().as_ref().is_some_and(|f| !f.may_hold(id)) {
            return None;
        }
        self.search(id)
    }

    /// Between two blocks that are known to be on either side of it, the next is guessed by how far the id is from theirs.
    fn search(&self, id: &BatchId) -> Option<u32> {
        let (mut low, mut high) = (0, self.blocks());
        let (mut below, mut above) = (0_u64, u64::MAX);
        let wanted = prefix(id);
        while low < high {
            let span = u128::from(above.saturating_sub(below).max(1));
            let share = u128::from(wanted.saturating_sub(below)) * u128::from(high - low) / span;
            let at = (low + share as u64).min(high - 1);
            let block = self.block(at)?;
            let (first, last) = (entry(&block, 0)?, entry(&block, count(&block) - 1)?);
            if *id < first.0 {
                (high, above) = (at, prefix(&first.0));
            } else if *id > last.0 {
                (low, below) = (at + 1, prefix(&last.0));
            } else {
                return (0..count(&block))
                    .filter_map(|i| entry(&block, i))
                    .find(|(found, _)| found == id)
                    .map(|(_, at)| at);
            }
        }
        None
    }

    /// All ids, in order. A damaged block is left out.
    pub(super) fn all(&self) -> impl Iterator<Item = Taken> + '_ {
        (0..self.blocks()).flat_map(|at| {
            let block = self.block(at);
            let n = block.as_ref().map_or(0, |b| count(b));
            (0..n).filter_map(move |i| entry(block.as_ref()?, i))
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.blocks() + 1) * BLOCK as u64
    }

    pub(super) fn filter_bytes(&self) -> usize {
        self.lock().as_ref().map_or(0, Filter::bytes)
    }

    pub(super) fn drop_filter(&self) {
        *self.lock() = None;
    }

    /// True once something in it was found damaged.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Relaxed)
    }

    fn blocks(&self) -> u64 {
        self.facts.ids.div_ceil(PER_BLOCK as u64)
    }

    /// A block whose checksum is right; nothing is known where it is not.
    fn block(&self, at: u64) -> Option<Box<[u8; BLOCK]>> {
        let mut block = Box::new([0; BLOCK]);
        let read = self
            .file
            .read_exact_at(&mut block[..], (at + 1) * BLOCK as u64);
        let whole = read.is_ok() && is_whole(&block) && (1..=PER_BLOCK).contains(&count(&block));
        if !whole {
            self.damaged.store(true, Relaxed);
        }
        whole.then_some(block)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Filter>> {
        self.filter
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Facts {
    fn block(&self) -> [u8; BLOCK] {
        let mut block = vec![0; HEAD];
        block.extend_from_slice(MAGIC);
        block.extend_from_slice(&self.ids.to_le_bytes());
        for n in [self.oldest, self.newest, self.level] {
            block.extend_from_slice(&n.to_le_bytes());
        }
        let mut whole = [0; BLOCK];
        whole.copy_from_slice(sealed(&mut block));
        whole
    }

    fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let rest = block[HEAD..].strip_prefix(MAGIC)?;
        let number = |at: usize| Some(u32::from_le_bytes(*rest.get(at..)?.first_chunk()?));
        is_whole(block).then_some(Self {
            ids: u64::from_le_bytes(*rest.first_chunk()?),
            oldest: number(8)?,
            newest: number(12)?,
            level: number(16)?,
        })
    }
}

/// Fills a block up and puts its head on.
fn sealed(block: &mut Vec<u8>) -> &[u8] {
    let n = ((block.len() - HEAD) / ENTRY) as u32;
    block.resize(BLOCK, 0);
    block[4..HEAD].copy_from_slice(&n.to_le_bytes());
    let sum = crc32c::crc32c(&block[4..]);
    block[..4].copy_from_slice(&sum.to_le_bytes());
    block
}

fn is_whole(block: &[u8; BLOCK]) -> bool {
    crc32c::crc32c(&block[4..]).to_le_bytes() == block[..4]
}

fn count(block: &[u8; BLOCK]) -> usize {
    u32::from_le_bytes([block[4], block[5], block[6], block[7]]) as usize
}

fn entry(block: &[u8; BLOCK], i: usize) -> Option<Taken> {
    let bytes = block.get(HEAD + i * ENTRY..)?.first_chunk::<ENTRY>()?;
    let (id, at) = bytes.split_first_chunk::<16>()?;
    Some((*id, u32::from_le_bytes(at.try_into().ok()?)))
}

fn prefix(id: &BatchId) -> u64 {
    u64::from_be_bytes([id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]])
}

/// The ids of several runs as one sorted sequence, each once and with the newest time, without what was taken before `since`.
pub(super) fn merged(runs: &[std::sync::Arc<Run>], since: u32) -> impl Iterator<Item = Taken> + '_ {
    let mut heads: Vec<_> = runs.iter().map(|run| run.all().peekable()).collect();
    std::iter::from_fn(move || {
        let id = heads
            .iter_mut()
            .filter_map(|h| h.peek().map(|t| t.0))
            .min()?;
        let mut newest = 0;
        for head in &mut heads {
            while let Some((_, at)) = head.next_if(|taken| taken.0 == id) {
                newest = newest.max(at);
            }
        }
        Some((id, newest))
    })
    .filter(move |(_, at)| *at >= since)
}
