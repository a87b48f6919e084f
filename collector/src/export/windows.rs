//! Deltas for one destination: what was added since what it got last. A window is frozen on disk before it is sent the first time,
//! so that every further try, a restart between them included, sends the same; only then the next one begins.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::lane::Shared;
use super::metrics::{Next, attempt, batch};
use super::retry::Backoff;
use crate::aggregate::{Checkpoint, Snapshot, Snapshots, between};

/// Where the states are, below the data folder.
const FOLDER: &str = "metrics-windows";

/// What a destination got, and what it is getting.
pub(crate) struct Windows {
    /// The state at the end of the last window that it took.
    base: Checkpoint,
    /// The state at the end of the window that is being sent.
    frozen: Checkpoint,
}

impl Windows {
    pub(crate) fn new(data_dir: &Path, destination: &str) -> Self {
        let folder = data_dir.join(FOLDER);
        let file = |what| Checkpoint::at(folder.join(format!("{destination}.{what}.json")));
        Self {
            base: file("sent"),
            frozen: file("sending"),
        }
    }

    /// Takes away what is known of all destinations but these. One of the same name that comes later would get all that came meanwhile as
    /// one window.
    pub(crate) fn keep_only(data_dir: &Path, names: &[&str]) -> io::Result<()> {
        let kept: Vec<String> = (names.iter())
            .flat_map(|name| ["sent", "sending"].map(|what| format!("{name}.{what}.json")))
            .collect();
        keep_only(&data_dir.join(FOLDER), &kept)
    }

    /// Runs until the aggregator has ended and its last window is delivered.
    pub(crate) async fn run(self, shared: Arc<Shared>, mut snapshots: Snapshots) {
        let Some(first) = snapshots.borrow().clone() else {
            return;
        };
        let mut base = match read(&self.base, &first) {
            Some(base) => base,
            None => {
                // A new destination: its first window begins now.
                self.keep(&self.base, &first, &shared).await;
                first.clone()
            }
        };
        if let Some(frozen) = read(&self.frozen, &first) {
            deliver(&shared, &between(&base, &frozen)).await;
            base = self.advance(frozen, &shared);
        }
        if between(&base, &first).series.is_empty() {
            shared.stats.has_metrics(first.time_ns);
        }
        shared.known.is_told(&shared.name, base.time_ns);
        while snapshots.changed().await.is_ok() {
            let Some(later) = snapshots.borrow_and_update().clone() else {
                continue;
            };
            let window = between(&base, &later);
            let time_ns = later.time_ns;
            if !window.series.is_empty() {
                self.keep(&self.frozen, &later, &shared).await;
                deliver(&shared, &window).await;
                base = self.advance(later, &shared);
            }
            shared.known.is_told(&shared.name, base.time_ns);
            shared.stats.has_metrics(time_ns);
        }
    }

    /// The window is through: its end is the next one's beginning.
    fn advance(&self, end: Arc<Snapshot>, shared: &Shared) -> Arc<Snapshot> {
        if let Err(error) = fs::rename(self.frozen.path(), self.base.path()) {
            failed(shared, &error);
        }
        end
    }

    async fn keep(&self, place: &Checkpoint, state: &Arc<Snapshot>, shared: &Shared) {
        let state = Arc::clone(state);
        let bytes = move || Checkpoint::encode_series(&state.series, state.time_ns);
        write(shared, place, bytes).await;
    }
}

/// Writes what a destination got, off the threads that send.
pub(super) async fn write(
    shared: &Shared,
    place: &Checkpoint,
    bytes: impl FnOnce() -> Vec<u8> + Send + 'static,
) {
    let place = place.clone();
    let write = move || {
        if let Some(folder) = place.path().parent() {
            fs::create_dir_all(folder)?;
        }
        place.write(&bytes())
    };
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => failed(shared, &error),
        Err(_) => {}
    }
}

/// Takes away the files of a folder but these, and what a crash may have left of writing them.
pub(super) fn keep_only(folder: &Path, kept: &[String]) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().map(|it| it.trim_end_matches(".next"));
        if !kept.iter().any(|it| Some(&**it) == name) {
            match fs::remove_file(entry.path()) {
                // One that was just being written has its name now, or is gone as well.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
    }
    Ok(())
}

/// Metrics go out all the same: what is at stake is a restart before the next of these is written.
fn failed(shared: &Shared, error: &io::Error) {
    tracing::error!(
        destination = shared.name,
        kind = %error.kind(),
        "what a destination got of the metrics cannot be written to the data folder; after a restart some of it may count twice"
    );
}

fn read(place: &Checkpoint, like: &Snapshot) -> Option<Arc<Snapshot>> {
    let (series, time_ns) = place.load_series().ok()??;
    Some(Arc::new(Snapshot {
        series,
        time_ns,
        instance: Arc::clone(&like.instance),
        unchanged: true,
        delta: false,
    }))
}

/// Tries until the destination has taken it, or refused it for good: a newer window holds nothing of it.
async fn deliver(shared: &Shared, window: &Snapshot) {
    let mut backoff = Backoff::new(&shared.retry);
    let mut left = batch(shared, window);
    while let Some(batch) = left {
        let (rest, wait) = match attempt(shared, batch, &mut backoff).await {
            Next::Done => return,
            Next::Again(rest, wait) | Next::Part(rest, wait) => (rest, wait),
        };
        left = Some(rest);
        tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
    }
}

#[cfg(test)]
mod tests;
