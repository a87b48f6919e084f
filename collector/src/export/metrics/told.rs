//! What a destination of cumulative metrics was told. A series is told as 0 first, and as what it holds once that was taken: so tries may be
//! repeated in any order of events, and the 0 never comes behind a value, where it would be out of order or count all of it again.
//!
//! It is kept as one time, on disk before a value is told: series that began later were not told yet.

use std::io;
use std::path::Path;

use crate::aggregate::{Aggregator, Checkpoint, Snapshot};
use crate::export::lane::Shared;
use crate::export::windows::{keep_only, write};

/// Where the times are, below the data folder.
const FOLDER: &str = "metrics-told";

/// Of one destination.
pub(crate) struct Told {
    file: Checkpoint,
    /// Series that began later were not told, not even as 0.
    until_ns: u64,
    /// Whether some were told as 0 alone.
    pub(super) owing: bool,
}

impl Told {
    /// `now_ns` is by when all of the latest snapshot began: who is new gets what that holds as it is, since a 0 today would make all of it an increase of today.
    pub(crate) fn new(data_dir: &Path, destination: &str, now_ns: u64) -> Self {
        let file = data_dir.join(FOLDER).join(format!("{destination}.json"));
        Self {
            file: Checkpoint::at(file),
            until_ns: now_ns,
            owing: false,
        }
    }

    /// Takes away what is known of all destinations but these: for one of the same name that comes later, it is all of another time.
    pub(crate) fn keep_only(data_dir: &Path, names: &[&str]) -> io::Result<()> {
        let kept: Vec<_> = names.iter().map(|name| format!("{name}.json")).collect();
        keep_only(&data_dir.join(FOLDER), &kept)
    }

    /// Takes away what is known of all destinations where a version counted last that tells new series at once: it would have them told as 0 behind
    /// their values, and all of it counted again.
    pub(crate) fn follow(data_dir: &Path, aggregator: &Aggregator) -> io::Result<()> {
        match aggregator.told() {
            true => Ok(()),
            false => Self::keep_only(data_dir, &[]),
        }
    }

    /// Goes on where the last run stopped.
    pub(super) async fn begin(&mut self, shared: &Shared) {
        match self.file.load_series() {
            Ok(Some((_, until_ns))) if until_ns <= self.until_ns => self.until_ns = until_ns,
            // Nothing is known; or the clock was set back, and all that there is was told by then.
            _ => self.advance(shared, self.until_ns).await,
        }
    }

    /// A snapshot as it is told now, and whether that has series at 0; `None` where that is nothing new.
    pub(super) fn say(&self, snapshot: &Snapshot) -> Option<Snapshot> {
        snapshot.with_zeros(self.until_ns)
    }

    /// A snapshot was taken as it was told, with series at 0 or without.
    pub(super) async fn taken(&mut self, shared: &Shared, snapshot: &Snapshot, zeros: bool) {
        self.owing = zeros;
        // What was told as 0 began later than that.
        let known_ns = if zeros { self.until_ns } else { u64::MAX };
        let known_ns = known_ns.min(snapshot.time_ns);
        shared.known.is_told(&shared.name, known_ns);
        if zeros {
            self.advance(shared, snapshot.heard_ns()).await;
        }
    }

    async fn advance(&mut self, shared: &Shared, until_ns: u64) {
        self.until_ns = until_ns;
        let bytes = Checkpoint::encode_series(&[], until_ns);
        write(shared, &self.file, move || bytes).await;
    }
}

#[cfg(test)]
mod tests;
