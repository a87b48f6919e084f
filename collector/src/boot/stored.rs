//! The queue's beginning and end: opened as the settings say, what an earlier run left taken up, what is not delivered kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::config::{QueueSettings, QueueType};
use crate::dedupe::Dedupe;
use crate::outcome::{DropReason, Ledgers};
use crate::queue::{Queue, disk, spill};
use crate::telemetry::Meters;

/// The queue, before anything is in it.
pub(super) fn open(settings: &QueueSettings, folder: &Path) -> Result<Queue> {
    match settings.kind {
        QueueType::Disk => Queue::on_disk(folder, *settings),
        QueueType::Memory if disk::holds_something(folder) => bail!(
            "queue.type = \"memory\": {} holds what the queue on disk has not delivered; start with \"disk\" until it is empty, or name another data_dir",
            folder.display()
        ),
        QueueType::Memory => Ok(Queue::new(settings.max_bytes)),
    }
}

/// Takes up what an earlier run left, and removes its files once every destination has it. Returns these files.
pub(super) fn recover(
    queue: &Queue,
    folder: &Path,
    ledgers: &Ledgers,
    meters: &Meters,
    dedupe: &Dedupe,
) -> Result<Vec<PathBuf>> {
    let recovery = queue.recover(ledgers);
    for batch in &recovery.batches {
        dedupe.know(*batch);
    }
    if recovery.records > 0 || recovery.damaged > 0 {
        tracing::info!(
            records = recovery.records,
            damaged_files = recovery.damaged,
            "took up what the last run had not delivered"
        );
    }
    if queue.id().is_some() {
        return Ok(Vec::new());
    }
    let found = spill::recover(queue, folder, ledgers)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    for _ in 0..found.damaged {
        meters.recovery_damaged();
    }
    if found.files.is_empty() {
        return Ok(Vec::new());
    }
    if found.damaged > 0 {
        tracing::error!(
            files = found.damaged,
            folder = %folder.display(),
            "files of what the last run had not delivered are damaged: what is whole in them is delivered, the rest is lost"
        );
    }
    tracing::info!(
        records = found.records,
        damaged_files = found.damaged,
        "took up what the last run had not delivered"
    );
    let (queue, files) = (queue.clone(), found.files.clone());
    tokio::spawn(async move {
        if queue.passed(found.until).await {
            remove(&files);
        }
    });
    Ok(found.files)
}

/// Says what of the memory of batches could not be read.
pub(super) fn say_forgotten(dedupe: &Dedupe, folder: &Path) {
    let files = dedupe.memory().damaged;
    if files > 0 {
        tracing::error!(
            files,
            folder = %folder.display(),
            "files of the batches that were taken are damaged: a batch that is in none of the others would be taken twice"
        );
    }
}

fn remove(files: &[PathBuf]) {
    for file in files {
        if let Err(error) = std::fs::remove_file(file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(kind = %error.kind(), "a delivered queue file could not be removed; it will be delivered again");
        }
    }
}

/// The end of the queue: on disk its cursors are kept, in memory what is not delivered goes to the data folder. What is left of the files of
/// an earlier run is in that, so they go: the next start would take up both, and with each restart beside a destination that is away
/// all that waits would double.
pub(super) async fn keep(queue: Queue, folder: PathBuf, recovered: Vec<PathBuf>) {
    let kept = move || {
        if queue.id().is_some() {
            return queue.stop();
        }
        match spill::save(&queue, &folder) {
            Ok(records) => {
                if records > 0 {
                    tracing::info!(records, "kept what is not delivered in the data folder");
                }
                remove(&recovered);
            }
            Err(error) => {
                spill::give_up(&queue);
                tracing::error!(kind = %error.kind(), reason = %DropReason::Shutdown, "what is not delivered could not be kept");
            }
        }
    };
    let _ = tokio::task::spawn_blocking(kept).await;
}
