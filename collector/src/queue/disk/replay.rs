//! `queue replay`: moves a destination's place back, on a folder that nobody else uses. What it was through with is written down beside it,
//! so that the next start counts that as replayed and only the rest as recovered.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::super::{Lag, Position};
use super::Shared;
use super::cursors::CursorFile;
use super::erase::Stop;
use super::io::{RealDisk, is_damage};
use super::look::{Folder, Found};
use crate::aggregate::READER;
use crate::data_folder::DataFolder;

/// What will be delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replay {
    /// The first record's position.
    pub(crate) from: Position,
    /// Records that the destination was through with and gets again.
    pub(crate) records: u64,
    /// Their items.
    pub(crate) items: u64,
}

/// Moves a destination back to the first record taken at `from_ns` or later. The lock on the data folder is held for as long.
pub(crate) fn replay(data: &DataFolder, name: &str, from_ns: u64) -> Result<Replay> {
    let path = &data.queue();
    owned(path)?;
    let folder = Folder::open(path)?;
    ensure!(
        name != READER,
        "{name} is the collector itself, which counts each item once; name a destination"
    );
    if folder.cursors_lost {
        bail!("nobody knows any more who has what; the next start delivers all that is here again");
    }
    let mut cursors = folder
        .cursors
        .clone()
        .context("no collector has run here with a queue on disk; there is nothing to replay")?;
    let Some(done) = cursors.readers.get(name).cloned() else {
        let known = cursors.readers.keys().filter(|name| *name != READER);
        let known: Vec<_> = known.map(String::as_str).collect();
        bail!(
            "no destination {name:?} has a place in this queue; there are: {}",
            known.join(", ")
        );
    };
    let mut first = None;
    let (mut records, mut items) = (0, 0);
    for n in 0..folder.opened.len() {
        folder.read(n, |found| {
            if let Found::Record(at, _, record) = found {
                if record.header.received_ns >= from_ns {
                    first.get_or_insert(at);
                }
                if first.is_some() && done.contains(at) {
                    records += 1;
                    items += record.header.counts.items();
                }
            }
            Ok(())
        })?;
    }
    let replay = first.filter(|_| records > 0);
    let Some(from) = replay else {
        bail!("{}", nothing_again(name, first));
    };
    let had = cursors.replayed.entry(name.to_owned()).or_default();
    had.join(&done);
    cursors.readers.insert(name.to_owned(), done.before(from));
    let (mut file, _, _) = CursorFile::open(Arc::new(RealDisk), path)?;
    file.save(&cursors)
        .with_context(|| format!("the cursors in {} cannot be written", path.display()))?;
    Ok(Replay {
        from,
        records,
        items,
    })
}

impl Shared {
    /// The same while the collector runs. The destination must not be at work.
    pub(in crate::queue) fn replay(
        &self,
        name: &str,
        from_ns: u64,
        stop: Stop<'_>,
    ) -> Result<Replay> {
        // Nothing is deleted meanwhile; what comes meanwhile it has not had.
        let one = self.changing();
        let (i, done, segments) = {
            let mut state = self.lock();
            let known = state.living().filter(|(_, r)| r.ledger().is_some());
            let found = known.map(|(i, r)| (i, r.name.clone())).collect::<Vec<_>>();
            let Some((i, _)) = found.iter().find(|(_, known)| known == name).cloned() else {
                let names: Vec<_> = found.into_iter().map(|(_, name)| name).collect();
                bail!(
                    "no destination {name:?} has a place in this queue; there are: {}",
                    names.join(", ")
                );
            };
            state.take_back(i);
            (i, state.readers[i].done.clone(), state.segments.clone())
        };
        let mut first = None;
        let mut again = Lag::default();
        for segment in &segments {
            ensure!(
                !stop(),
                "the collector is stopping; nothing was moved, ask again once it has"
            );
            let read = self.records_of(segment, |at, length, record| {
                if record.header.received_ns >= from_ns {
                    first.get_or_insert(at);
                }
                if first.is_some() && done.contains(at) {
                    again.records += 1;
                    again.items += record.header.counts.items();
                    again.bytes += length;
                }
            });
            // What the medium has lost is lost to everybody.
            if let Err(error) = read
                && !is_damage(&error)
            {
                return Err(error)
                    .context("the queue cannot be read; nothing was moved, ask again");
            }
        }
        let Some(from) = first.filter(|_| again.records > 0) else {
            bail!("{}", nothing_again(name, first));
        };
        {
            let mut state = self.lock();
            let reader = &mut state.readers[i];
            reader.done = reader.done.before(from);
            reader.cursor = reader.done.low();
            reader.lag.records += again.records;
            reader.lag.items += again.items;
            reader.lag.bytes += again.bytes;
            if let Some(ledger) = reader.ledger() {
                ledger.replayed(again.items);
            }
            for segment in state.segments.iter_mut().filter(|s| s.end > from) {
                segment.done_ns = None;
            }
            state.moved = true;
            // What it holds of segments that are deleted nobody is to get again.
            state.clear_tail();
        }
        drop(one);
        self.keep_cursors()
            .context("it gets them again, and the cursors cannot be written")?;
        Ok(Replay {
            from,
            records: again.records,
            items: again.items,
        })
    }
}

/// Why nothing goes there again; `first` is what is kept of then or later, whether the destination has had it or not.
fn nothing_again(name: &str, first: Option<Position>) -> String {
    match first {
        Some(at) => format!(
            "{name} has had nothing of what is kept and was taken then or later (from position {at} on), and gets all of it without a replay"
        ),
        None => format!(
            "nothing is kept that {name} has had and that was taken then or later; queue.retain_after_export keeps what everybody has"
        ),
    }
}

/// Files that somebody else made are files that the collector cannot open.
pub(super) fn owned(path: &Path) -> Result<()> {
    let shown = path.display();
    let folder =
        std::fs::metadata(path).with_context(|| format!("there is no queue at {shown}"))?;
    ensure!(
        folder.uid() == rustix::process::geteuid().as_raw(),
        "{shown} belongs to another user; run it as the user that the collector runs as"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
