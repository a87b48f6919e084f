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
use crate::queue::disk::look::{self, Overview};

/// Each answer to a browser waits for one; from here on a group of them is felt.
const SLOW: Duration = Duration::from_millis(100);

/// What is written to see whether it can be.
const TRY: &[u8] = b"written by farol-collector doctor, and taken away again\n";

const DISK: &str = "disk";

pub(super) fn look(config: &Config, report: &mut Report<'_>) {
    let data = &config.data_dir;
    if !data.exists() {
        report.ok(
            "data folder",
            format!("{} is made by the start", data.display()),
        );
        // It comes to be on the disk of what is there of its path.
        let mut above = data.ancestors().skip(1);
        let above = above.find(|it| it.exists() || it.as_os_str().is_empty());
        let above = above.filter(|it| !it.as_os_str().is_empty());
        if config.queue.kind == QueueType::Disk {
            room(config, above.unwrap_or(Path::new(".")), 0, report);
        }
        return;
    }
    folder("data folder", data, report);
    let seen = seen(data);
    if config.queue.kind == QueueType::Disk {
        let held = seen.as_ref().and_then(|it| it.as_ref().ok());
        room(config, data, held.map_or(0, bytes), report);
    }
    if let Some(seen) = seen {
        queue(seen, report);
    }
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

/// What is in the queue; nothing where it has no folder yet.
fn seen(data: &Path) -> Option<anyhow::Result<Overview>> {
    let folder = DataFolder::queue_of(data);
    if !folder.is_dir() {
        return None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX));
    Some(look::inspect(&folder, now))
}

fn bytes(seen: &Overview) -> u64 {
    seen.segments.iter().map(|it| it.bytes).sum()
}

fn room(config: &Config, at: &Path, held: u64, report: &mut Report<'_>) {
    let space = match rustix::fs::statvfs(at) {
        Ok(space) => space,
        Err(error) => {
            let words = format!("its room cannot be told ({error})");
            return report.warn(DISK, words, "see df for the data folder");
        }
    };
    let space = Space {
        free: space.f_bavail * space.f_frsize,
        least: config.queue.min_free.of(space.f_blocks * space.f_frsize),
        most: config.queue.max_bytes as u64,
        held,
    };
    enough(&space, report);
}

/// Bytes of the disk under the queue.
pub(super) struct Space {
    pub(super) free: u64,
    /// What stays free.
    pub(super) least: u64,
    /// The most that the queue holds, and what of it is there.
    pub(super) most: u64,
    pub(super) held: u64,
}

/// Whether the queue can grow to its bound. What it holds already wants no room any more.
pub(super) fn enough(space: &Space, report: &mut Report<'_>) {
    let &Space {
        free,
        least,
        most,
        held,
    } = space;
    let words = format!("{} MiB free", free >> 20);
    if free <= least {
        let words = format!(
            "{words}, and queue.min_free keeps {} MiB: nothing is taken",
            least >> 20
        );
        report.fail(DISK, words, "make room, or lower queue.min_free");
    } else if free - least < most.saturating_sub(held) {
        let words = format!(
            "{words}, less than the queue may still grow by ({} of {} MiB)",
            most.saturating_sub(held) >> 20,
            most >> 20
        );
        report.warn(DISK, words, "make room, or lower queue.max_bytes");
    } else {
        report.ok(
            DISK,
            format!("{words}, enough for a full queue of {} MiB", most >> 20),
        );
    }
}

fn queue(seen: anyhow::Result<Overview>, report: &mut Report<'_>) {
    let seen = match seen {
        Ok(seen) => seen,
        // One that never had a record has no files yet.
        Err(error) => {
            let words = format!("{error:#}");
            return report.warn("queue", words, "see `farol-collector queue verify`");
        }
    };
    let damaged: u64 = seen.segments.iter().map(|it| it.damaged_places).sum();
    let records: u64 = seen.segments.iter().map(|it| it.records).sum();
    let bytes = bytes(&seen);
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
