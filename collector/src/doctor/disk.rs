//! The data folder: whether it can be written and made durable, what room there is, and what waits in it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::geteuid;

use super::finding::Report;
use crate::config::{Config, QueueType};
use crate::data_folder::DataFolder;
use crate::queue::disk::look;

/// Each answer to a browser waits for one; from here on a group of them is felt.
const SLOW: Duration = Duration::from_millis(100);

/// What is written to see whether it can be.
const TRY: &[u8] = b"written by farol-collector doctor, and taken away again\n";

pub(super) fn look(config: &Config, report: &mut Report<'_>) {
    let data = &config.data_dir;
    if !data.exists() {
        report.ok(
            "data folder",
            format!("{} is made by the start", data.display()),
        );
        return;
    }
    folder("data folder", data, report);
    if config.queue.kind == QueueType::Disk {
        room(config, report);
    }
    queue(data, report);
    refused(data, report);
}

/// Whether a folder can be written as it has to be.
pub(super) fn folder(what: &str, path: &Path, report: &mut Report<'_>) {
    let shown = path.display();
    if !path.exists() {
        report.ok(what, format!("{shown} is made by the start"));
        return;
    }
    let owner = fs::metadata(path).map_or(0, |it| it.uid());
    if geteuid().is_root() && owner != 0 {
        report.warn(
            what,
            format!(
                "{shown} belongs to user {owner}, and who asks is root, who may write anywhere"
            ),
            "ask again as the collector's user",
        );
        return;
    }
    match writes(path) {
        Ok(took) if took < SLOW => report.ok(
            what,
            format!("{shown} is written and synced in {} ms", took.as_millis()),
        ),
        Ok(took) => report.warn(
            what,
            format!(
                "{shown}: a sync takes {} ms, and every answer waits for one",
                took.as_millis()
            ),
            "put the folder on a faster disk, not on one of the network",
        ),
        Err(error) => report.fail(
            what,
            format!("{shown} cannot be written and synced ({})", error.kind()),
            "give it to the collector's user, make room, or name another folder",
        ),
    }
}

/// Writes a file, makes it and its name durable, and takes it away; how long the syncs took.
fn writes(folder: &Path) -> io::Result<Duration> {
    let path: PathBuf = folder.join(format!(".doctor-{}", std::process::id()));
    let done = (|| {
        let mut file = File::create_new(&path)?;
        file.write_all(TRY)?;
        let before = Instant::now();
        file.sync_data()?;
        File::open(folder)?.sync_all()?;
        Ok(before.elapsed())
    })();
    let _ = fs::remove_file(&path);
    done
}

fn room(config: &Config, report: &mut Report<'_>) {
    const WHAT: &str = "disk";
    let space = match rustix::fs::statvfs(&config.data_dir) {
        Ok(space) => space,
        Err(error) => {
            let words = format!("its room cannot be told ({error})");
            return report.warn(WHAT, words, "see df for the data folder");
        }
    };
    let free = space.f_bavail * space.f_frsize;
    let least = config.queue.min_free.of(space.f_blocks * space.f_frsize);
    let most = config.queue.max_bytes as u64;
    let words = format!("{} MiB free", free >> 20);
    if free <= least {
        let words = format!(
            "{words}, and queue.min_free keeps {} MiB: nothing is taken",
            least >> 20
        );
        report.fail(WHAT, words, "make room, or lower queue.min_free");
    } else if free - least < most {
        let words = format!(
            "{words}, less than the queue may grow to ({} MiB)",
            most >> 20
        );
        report.warn(WHAT, words, "make room, or lower queue.max_bytes");
    } else {
        report.ok(
            WHAT,
            format!("{words}, enough for a full queue of {} MiB", most >> 20),
        );
    }
}

fn queue(data: &Path, report: &mut Report<'_>) {
    let folder = DataFolder::queue_of(data);
    if !folder.is_dir() {
        return;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX));
    let seen = match look::inspect(&folder, now) {
        Ok(seen) => seen,
        // One that never had a record has no files yet.
        Err(error) => {
            let words = format!("{error:#}");
            return report.warn("queue", words, "see `farol-collector queue verify`");
        }
    };
    let damaged: u64 = seen.segments.iter().map(|it| it.damaged_places).sum();
    let records: u64 = seen.segments.iter().map(|it| it.records).sum();
    let bytes: u64 = seen.segments.iter().map(|it| it.bytes).sum();
    if damaged > 0 || !seen.unreadable.is_empty() {
        report.warn(
            "queue",
            format!(
                "{damaged} damaged places, {} files that cannot be read",
                seen.unreadable.len()
            ),
            "see `farol-collector queue verify`, and the health of the disk",
        );
    } else {
        report.ok(
            "queue",
            format!("{records} records, {} KiB, none damaged", bytes >> 10),
        );
    }
}

fn refused(data: &Path, report: &mut Report<'_>) {
    let Ok(entries) = fs::read_dir(data.join("dead-letters")) else {
        return;
    };
    for entry in entries.flatten() {
        let bytes = entry.metadata().map_or(0, |it| it.len());
        let path = entry.path();
        if bytes > 0 && path.extension().is_some_and(|it| it == "jsonl") {
            report.warn(
                "dead letters",
                format!(
                    "{} KiB of items that were refused in {}",
                    bytes.div_ceil(1 << 10),
                    path.display()
                ),
                "each line says why; mend the cause at the destination",
            );
        }
    }
}
