//! The machine's disk for one who only looks: what would change something is refused, so that no code shared with the queue can.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::super::io::{Disk, DiskFile, RealDisk, Space};

#[derive(Debug, Clone, Copy)]
pub(super) struct ReadOnly;

/// A file that is open for reading.
#[derive(Debug)]
struct ReadFile(File);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnly {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn create(&self, _: &Path) -> io::Result<Arc<dyn DiskFile>> {
        refused()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(ReadFile(File::open(path)?)))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(folder)
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn space(&self, folder: &Path) -> io::Result<Space> {
        RealDisk.space(folder)
    }
}

impl DiskFile for ReadFile {
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        refused()
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        DiskFile::read_at(&self.0, bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        refused()
    }

    fn size(&self) -> io::Result<u64> {
        DiskFile::size(&self.0)
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        refused()
    }

    fn named(&self) -> io::Result<()> {
        self.0.named()
    }
}
