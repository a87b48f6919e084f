//! The folder for all that the collector keeps: made for its owner alone, and locked, because two collectors in one folder would
//! deliver and delete each other's data.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// The data folder, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        match Self::locked(path)? {
            Some(folder) => Ok(folder),
            None => bail!(
                "data_dir = {}: another farol-collector uses it; stop that one or name another folder",
                path.display()
            ),
        }
    }

    /// A folder that is there, locked; `None` where a collector uses it.
    pub(crate) fn unused(path: &Path) -> Result<Option<Self>> {
        Self::there(path)?;
        Self::locked(path)
    }

    /// Refuses to find nothing where there is no folder: a collector that was told of another one has its data there.
    pub(crate) fn there(path: &Path) -> Result<()> {
        ensure!(
            path.is_dir(),
            "there is no data folder at {}; name the collector's settings (--config) or its folder (--data-dir)",
            path.display()
        );
        Ok(())
    }

    fn locked(path: &Path) -> Result<Option<Self>> {
        let shown = path.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!("data_dir = {shown}: cannot be made; name a folder that can be written")
            })?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(|| {
                format!("data_dir = {shown}: cannot be written; name a folder that can be")
            })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // A file system without locks: better to run than to insist.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(kind = %error.kind(), "the data folder cannot be locked");
            }
        }
        Ok(Some(Self {
            path: path.to_owned(),
            lock,
        }))
    }

    /// Where remembered batches are.
    pub(crate) fn dedupe(&self) -> PathBuf {
        self.path.join("dedupe")
    }

    /// Where the queue's files are.
    pub(crate) fn queue(&self) -> PathBuf {
        Self::queue_of(&self.path)
    }

    /// Where the queue's files are in a folder that is somebody else's.
    pub(crate) fn queue_of(path: &Path) -> PathBuf {
        path.join("queue")
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that was forked and has not yet become another program holds a copy of it.
        let _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_collector_in_the_same_folder_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("another farol-collector uses it"), "{error}");
        drop(held);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn a_copy_of_the_lock_in_another_process_does_not_outlive_the_collector() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        let copy = held.lock.try_clone().unwrap();
        drop(held);
        DataFolder::open(folder.path()).unwrap();
        drop(copy);
    }
}
