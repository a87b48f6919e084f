//! The folder for all that the collector keeps: made for its owner alone, and locked, because two collectors in one folder would
//! deliver and delete each other's data.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The data folder, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
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
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "data_dir = {shown}: another farol-collector uses it; stop that one or name another folder"
                )
            }
            // A file system without locks: better to run than to insist.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(kind = %error.kind(), "the data folder cannot be locked");
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where the queue's files are.
    pub(crate) fn queue(&self) -> PathBuf {
        self.path.join("queue")
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
}
