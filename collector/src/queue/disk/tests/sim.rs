//! A disk in memory that keeps what was synced and no more: a crash discards any subset of the sectors, sizes and names that were not. It
//! fails on demand, as disks do: a write that goes half-way, a sync after which nobody knows what was written.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use rustix::io::Errno;

use super::super::io::{Disk, DiskFile, Space};

/// What a drive writes whole or not at all: nearly always a sector; a crash may find any byte the last one.
const SECTORS: [usize; 4] = [512, 512, 64, 1];

/// Pseudo-random numbers by SplitMix64: the same seed gives the same round on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// So often of a thousand times.
    pub(crate) fn often(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }
}

/// A sync that only says that it was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lies {
    #[default]
    None,
    Files,
    Folders,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Size(usize),
}

#[derive(Debug, Clone)]
enum Named {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// What a process reads.
    seen: Vec<u8>,
    /// What is there after a crash.
    kept: Vec<u8>,
    /// What is not on its way to be kept yet.
    pending: Vec<Change>,
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Size(size) => bytes.resize(*size, 0),
            Self::Write(at, new) => {
                if bytes.len() < at + new.len() {
                    bytes.resize(at + new.len(), 0);
                }
                bytes[*at..at + new.len()].copy_from_slice(new);
            }
        }
    }
}

impl Node {
    /// Any subset of what was not synced reaches the medium.
    fn settle(&mut self, rng: &mut Rng) {
        let before = self.kept.len();
        let luck = [0, 300, 700, 950, 1000][rng.below(5) as usize];
        let sector = SECTORS[rng.below(4) as usize];
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Size(_) if rng.often(luck) => change.apply(&mut self.kept),
                Change::Size(_) => {}
                Change::Write(at, bytes) => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let to = ((at + from) / sector + 1) * sector - at;
                        let to = to.min(bytes.len());
                        if rng.often(luck) {
                            let part = Change::Write(at + from, bytes[from..to].to_vec());
                            part.apply(&mut self.kept);
                        }
                        from = to;
                    }
                    if rng.often(200) {
                        // The size went there and the data did not: zeros, or what stood on the medium before.
                        let size = self.kept.len().max(at + bytes.len());
                        let fill = if rng.often(500) { 0 } else { rng.next() as u8 };
                        self.kept.resize(size, fill);
                    }
                }
            }
        }
        if rng.often(200) {
            self.kept.truncate(before.min(self.kept.len()));
        }
    }
}

impl Named {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Unlink(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

#[derive(Debug)]
struct Inner {
    rng: Rng,
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    kept_names: BTreeMap<String, usize>,
    /// How often each node is open: what has no name any more is there until it is closed.
    open: BTreeMap<usize, usize>,
    pending: Vec<Named>,
    lies: Lies,
    /// Of a thousand operations so many fail.
    writes_fail: u32,
    reads_fail: u32,
    /// Reads that failed one after the other: a fault that passes.
    failed_reads: u32,
    /// The operation with this number fails, and how.
    fail_at: Option<(u64, Errno)>,
    /// The next file is not opened.
    fail_open: Option<Errno>,
    operations: u64,
    reads: u64,
    room: usize,
    epoch: u64,
}

/// The disk. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct SimDisk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    node: usize,
    epoch: u64,
}

impl SimDisk {
    pub(crate) fn new(seed: u64, lies: Lies) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            rng: Rng(seed),
            nodes: Vec::new(),
            names: BTreeMap::new(),
            kept_names: BTreeMap::new(),
            open: BTreeMap::new(),
            pending: Vec::new(),
            lies,
            writes_fail: 0,
            reads_fail: 0,
            failed_reads: 0,
            fail_at: None,
            fail_open: None,
            operations: 0,
            reads: 0,
            room: usize::MAX,
            epoch: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// So many of a thousand writes (creating, syncing, deleting too) and reads fail from now on.
    pub(crate) fn fail(&self, writes: u32, reads: u32) {
        let mut inner = self.lock();
        (inner.writes_fail, inner.reads_fail) = (writes, reads);
    }

    /// One operation that changes something fails, counted from now on.
    pub(crate) fn fail_at(&self, operation: u64, how: Errno) {
        let mut inner = self.lock();
        inner.fail_at = Some((inner.operations + operation, how));
    }

    /// The next file cannot be opened, the one after that can.
    pub(crate) fn fail_open(&self, how: Errno) {
        self.lock().fail_open = Some(how);
    }

    /// Whether that operation has come.
    pub(crate) fn failed(&self) -> bool {
        let inner = self.lock();
        inner.fail_at.is_none_or(|(at, _)| inner.operations > at)
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        self.lock().fail_at = None;
    }

    /// How often something was read.
    pub(crate) fn reads(&self) -> u64 {
        self.lock().reads
    }

    /// How many bytes fit.
    pub(crate) fn set_room(&self, room: usize) {
        self.lock().room = room;
    }

    /// The power goes and comes back.
    pub(crate) fn crash(&self) {
        let inner = &mut *self.lock();
        let luck = [0, 300, 700, 1000][inner.rng.below(4) as usize];
        for change in std::mem::take(&mut inner.pending) {
            if inner.rng.often(luck) {
                change.apply(&mut inner.kept_names);
            }
        }
        inner.names = inner.kept_names.clone();
        let named: Vec<usize> = inner.names.values().copied().collect();
        for (n, node) in inner.nodes.iter_mut().enumerate() {
            match named.contains(&n) {
                true => node.settle(&mut inner.rng),
                false => *node = Node::default(),
            }
            node.seen = node.kept.clone();
        }
        inner.end_process();
    }

    /// The process goes and the machine stays.
    pub(crate) fn kill(&self) {
        self.lock().end_process();
    }

    fn file(&self, inner: &mut Inner, node: usize) -> Arc<dyn DiskFile> {
        *inner.open.entry(node).or_default() += 1;
        Arc::new(SimFile {
            disk: self.clone(),
            node,
            epoch: inner.epoch,
        })
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let inner = &mut *self.disk.lock();
        if inner.epoch == self.epoch
            && let Some(times) = inner.open.get_mut(&self.node)
        {
            *times -= 1;
        }
    }
}

impl Inner {
    /// Whether an operation that changes something fails.
    fn fault(&mut self) -> io::Result<()> {
        let n = self.operations;
        self.operations += 1;
        if let Some((at, how)) = self.fail_at
            && at == n
        {
            return Err(how.into());
        }
        if !self.rng.often(self.writes_fail) {
            return Ok(());
        }
        let how = [Errno::IO, Errno::NOSPC, Errno::DQUOT][self.rng.below(3) as usize];
        Err(how.into())
    }

    fn used(&self) -> usize {
        let open = self.open.iter().filter(|(_, times)| **times > 0);
        let mut there: Vec<usize> = open.map(|(n, _)| *n).collect();
        there.extend(self.names.values());
        there.sort_unstable();
        there.dedup();
        there.iter().map(|n| self.nodes[*n].seen.len()).sum()
    }

    fn end_process(&mut self) {
        self.epoch += 1;
        self.open.clear();
    }

    fn rename(&mut self, change: Named) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Disk for SimDisk {
    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.lock();
        inner.fault()?;
        let name = name(path);
        if inner.names.contains_key(&name) {
            return Err(Errno::EXIST.into());
        }
        let node = inner.nodes.len();
        inner.nodes.push(Node::default());
        inner.rename(Named::Link(name, node));
        Ok(self.file(&mut inner, node))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let inner = &mut *self.lock();
        if let Some(how) = inner.fail_open.take() {
            return Err(how.into());
        }
        let node = *inner.names.get(&name(path)).ok_or(Errno::NOENT)?;
        Ok(self.file(inner, node))
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        inner.fault()?;
        inner.rename(Named::Rename(name(from), name(to)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.lock();
        inner.fault()?;
        let name = name(path);
        if !inner.names.contains_key(&name) {
            return Err(Errno::NOENT.into());
        }
        inner.rename(Named::Unlink(name));
        Ok(())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let inner = &mut *self.lock();
        if inner.lies == Lies::Folders {
            return Ok(());
        }
        inner.fault()?;
        for change in std::mem::take(&mut inner.pending) {
            change.apply(&mut inner.kept_names);
        }
        Ok(())
    }

    fn space(&self, _folder: &Path) -> io::Result<Space> {
        let inner = self.lock();
        let total = inner.room.min(1 << 40);
        Ok(Space {
            free: total.saturating_sub(inner.used()) as u64,
            total: total as u64,
        })
    }
}

impl SimFile {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        let inner = self.disk.lock();
        assert_eq!(inner.epoch, self.epoch, "a dead process does nothing");
        inner
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let inner = &mut *self.lock();
        let mut failed = inner.fault();
        let at = at as usize;
        let grows = (at + bytes.len()).saturating_sub(inner.nodes[self.node].seen.len());
        if inner.used().saturating_add(grows) > inner.room {
            failed = Err(Errno::NOSPC.into());
        }
        // It may get half-way.
        let until = match failed {
            Ok(()) => bytes.len(),
            Err(_) => inner.rng.below(bytes.len() as u64 + 1) as usize,
        };
        let change = Change::Write(at, bytes[..until].to_vec());
        let node = &mut inner.nodes[self.node];
        change.apply(&mut node.seen);
        node.pending.push(change);
        failed
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let inner = &mut *self.lock();
        inner.reads += 1;
        if inner.failed_reads < 2 && inner.rng.often(inner.reads_fail) {
            inner.failed_reads += 1;
            return Err(Errno::IO.into());
        }
        inner.failed_reads = 0;
        let there = &inner.nodes[self.node].seen;
        let there = &there[(at as usize).min(there.len())..];
        let n = there.len().min(bytes.len());
        // Less than asked for, now and then.
        let n = match inner.rng.often(50) && n > 1 {
            true => n / 2,
            false => n,
        };
        bytes[..n].copy_from_slice(&there[..n]);
        Ok(n)
    }

    fn sync(&self) -> io::Result<()> {
        let inner = &mut *self.lock();
        if inner.lies == Lies::Files {
            return Ok(());
        }
        let failed = inner.fault();
        let node = &mut inner.nodes[self.node];
        if failed.is_err() {
            // What a kernel could not write it may forget, and go on showing it.
            node.settle(&mut inner.rng);
            return failed;
        }
        for change in std::mem::take(&mut node.pending) {
            change.apply(&mut node.kept);
        }
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.lock().nodes[self.node].seen.len() as u64)
    }

    fn named(&self) -> io::Result<()> {
        let inner = self.lock();
        match inner.names.values().any(|node| *node == self.node) {
            true => Ok(()),
            false => Err(Errno::NOENT.into()),
        }
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let inner = &mut *self.lock();
        inner.fault()?;
        let change = Change::Size(size as usize);
        let node = &mut inner.nodes[self.node];
        change.apply(&mut node.seen);
        node.pending.push(change);
        Ok(())
    }
}
