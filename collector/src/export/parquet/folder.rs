//! A folder on this machine.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Outcome, Reason, tables};
use crate::export::Batch;
use crate::export::pack::{aside, aside_for_long};
use crate::export::rolling;

/// Where files are until they are whole. No reader of partitions looks there.
pub(super) const UNFINISHED: &str = "_unfinished";

/// What a crash left unfinished is taken away after so long; another collector that writes to the same folder is done with a file by then.
pub(super) const LEFT: Duration = Duration::from_secs(3_600);

/// A folder of files.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it, and takes away what a crash left.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        rolling::make_folder(&path.join(UNFINISHED))?;
        // The folder's own name. One that the collector made lies in one that it may read; any other was there before.
        if let Some(Ok(parent)) = path.parent().map(fs::File::open) {
            parent.sync_all()?;
        }
        for entry in fs::read_dir(path.join(UNFINISHED))? {
            let entry = entry?;
            // What is gone by now was another collector's, which is done with it.
            let Ok(about) = entry.metadata() else {
                continue;
            };
            let age = about.modified().map(|it| it.elapsed());
            if about.is_file() && age.is_ok_and(|age| age.is_ok_and(|age| age > LEFT)) {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    done => done?,
                }
            }
        }
        Ok(Self { path })
    }

    pub(super) async fn send(&self, batch: &Batch) -> Outcome {
        let (batch, path) = (batch.clone(), self.path.clone());
        // To make the files takes a processor, to write them takes a disk.
        let made = match aside(move || made(&batch)).await {
            Ok(Ok(files)) => files,
            Ok(Err(reason)) => return Outcome::Refused(reason),
            Err(outcome) => return outcome,
        };
        match aside_for_long(move || write(&made, &path)).await {
            Ok(Ok(())) => Outcome::accepted(),
            Ok(Err(error)) => {
                let code = format!("file {}", error.kind());
                Outcome::retry(Reason::new(code, error.to_string()))
            }
            Err(outcome) => outcome,
        }
    }
}

/// A file, below the folder of all.
struct Made {
    folder: PathBuf,
    name: String,
    bytes: Vec<u8>,
}

fn made(batch: &Batch) -> Result<Vec<Made>, Reason> {
    let signal = batch.signal();
    let all = tables(batch).into_iter().map(|((app, hour), rows)| {
        let (name, bytes) = rows.file()?;
        Ok(Made {
            folder: PathBuf::from(super::folder(signal, &app, hour)),
            name,
            bytes,
        })
    });
    all.collect()
}

fn write(files: &[Made], path: &Path) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for file in files {
        keep(path, &file.folder, &file.name, &file.bytes)?;
        // Those that it is in, up to the first, whose name is empty.
        folders.extend(file.folder.ancestors().map(|it| path.join(it)));
    }
    // A name is as durable as what it names, and so are the folders that it is in.
    for folder in folders {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Puts a whole file, durable but for its name, under that name.
fn keep(path: &Path, folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.join(folder);
    let unfinished = path.join(UNFINISHED);
    rolling::make_folder(&unfinished)?;
    rolling::make_folder(&folder)?;
    let draft = unfinished.join(name);
    let mut file = rolling::private().write(true).truncate(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, folder.join(name))
}
