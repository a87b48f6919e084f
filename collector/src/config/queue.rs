//! The settings of the queue: where it lives and what it holds.

use std::time::Duration;

use super::build::Built;
use super::read::{Section, is_beyond, parse_size};

/// The queue between receiving and exporting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// Where it lives.
    pub kind: QueueType,
    /// The most bytes it holds.
    pub max_bytes: usize,
    /// How long a request waits at most for others that are made durable with it.
    pub commit_wait: Duration,
    /// What is older is dropped; `None` keeps it as long as there is room.
    pub max_age: Option<Duration>,
    /// How long data is kept that everybody has.
    pub retain_after_export: Duration,
    /// What it leaves free on the disk.
    pub min_free: MinFree,
}

/// Where the queue lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueType {
    /// On disk: what was acknowledged survives a crash.
    #[default]
    Disk,
    /// In memory: what was acknowledged survives a stop in order.
    Memory,
}

impl QueueType {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Memory => "memory",
        }
    }

    /// On disk hours of a busy site (a GiB is 400,000 payloads of the size that SDKs send); in memory what fits beside the rest.
    fn max_bytes(self) -> usize {
        match self {
            Self::Disk => 1 << 30,
            Self::Memory => 64 << 20,
        }
    }
}

/// Room to leave on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinFree {
    /// So many bytes.
    Bytes(u64),
    /// So many hundredths of the disk.
    Percent(u8),
}

impl MinFree {
    /// In bytes, on a disk of this size.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => total / 100 * u64::from(percent),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(number) => {
                let percent = number.trim().parse().ok().filter(|n| *n < 100)?;
                Some(Self::Percent(percent))
            }
            None => Some(Self::Bytes(parse_size(text)? as u64)),
        }
    }
}

impl QueueSettings {
    /// Everything at its default.
    pub fn new(kind: QueueType) -> Self {
        Self {
            kind,
            max_bytes: kind.max_bytes(),
            // Under load the next group gathers while one is written, so it is what a lonely request waits.
            commit_wait: Duration::from_millis(2),
            max_age: None,
            retain_after_export: Duration::ZERO,
            // Others on the machine need room as well, and so do the cursors and the metrics' state.
            min_free: MinFree::Bytes(256 << 20),
        }
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self::new(QueueType::default())
    }
}

/// Longer would keep browsers waiting for an answer.
const MOST_COMMIT_WAIT: Duration = Duration::from_secs(1);

/// Of bounds that the queue on disk alone has.
pub(super) const DISK_ONLY: &str =
    "the queue in memory has no such bound; leave it out, or write queue.type = \"disk\"";

/// The least bytes of a queue that is one; what is asked of it beside that depends on the limits.
pub(super) const LEAST: usize = 1 << 20;

pub(super) fn build(section: Section<'_>) -> Built<QueueSettings> {
    let words = [("disk", QueueType::Disk), ("memory", QueueType::Memory)];
    let kind = section.word("type", &words)?.unwrap_or_default();
    let default = QueueSettings::new(kind);
    let max_bytes = section.size("max_bytes")?.unwrap_or(default.max_bytes);
    let commit_wait = section.duration("commit_wait")?;
    let max_age = section.duration("max_age")?;
    let retain = section.duration("retain_after_export")?;
    let wanted = "a size such as \"1 GiB\", or \"5%\"";
    let min_free = section.digits("min_free", wanted)?;
    if kind == QueueType::Memory {
        for (key, set) in [
            ("commit_wait", commit_wait.is_some()),
            ("max_age", max_age.is_some()),
            ("retain_after_export", retain.is_some()),
            ("min_free", min_free.is_some()),
        ] {
            if set {
                return Err(section.wrong(key, DISK_ONLY));
            }
        }
    }
    if commit_wait.is_some_and(|wait| wait > MOST_COMMIT_WAIT) {
        return Err(section.wrong("commit_wait", "at most 1s: clients wait for it"));
    }
    if max_age.is_some_and(|age| age < Duration::from_secs(60)) {
        return Err(section.wrong("max_age", "at least 1m"));
    }
    let min_free = match min_free {
        None => default.min_free,
        Some(text) => MinFree::parse(&text).ok_or_else(|| {
            let problem = match is_beyond(&text) {
                true => "less; no disk has so many bytes",
                false => wanted,
            };
            section.wrong("min_free", format!("write {problem}"))
        })?,
    };
    section.finish()?;
    Ok(QueueSettings {
        kind,
        max_bytes,
        commit_wait: commit_wait.unwrap_or(default.commit_wait),
        max_age,
        retain_after_export: retain.unwrap_or_default(),
        min_free,
    })
}
