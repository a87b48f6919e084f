//! What the queue on disk knows about itself, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::telemetry::Histogram;

/// Counted as it happens.
#[derive(Debug)]
pub struct Figures {
    /// Seconds that making a group durable took: the write and the sync.
    pub sync: Histogram,
    /// Records made durable at once.
    pub group: Histogram,
    /// Segments on disk.
    pub segments: AtomicU64,
    /// Writes or syncs that failed; their writers were refused.
    pub write_failures: AtomicU64,
    /// Reads that failed.
    pub read_failures: AtomicU64,
    /// Cursors that could not be kept.
    pub cursor_failures: AtomicU64,
    /// Bytes free on the disk, when last looked at.
    pub free: AtomicU64,
    /// Records found at start.
    pub recovered: AtomicU64,
    /// Damaged places found, at start or later.
    pub gaps: AtomicU64,
    /// Bytes at the end of the last segment that a crash left unfinished; nobody was told that they were taken.
    pub torn_bytes: AtomicU64,
    /// Files that held something damaged.
    pub damaged_files: AtomicU64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            // A fast drive takes 0.1 ms, a cloud's network disk some, a spinning one 10, one that is about to fail seconds.
            sync: Histogram::new(&[
                0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0,
                5.0,
            ]),
            group: Histogram::new(&[
                1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
            ]),
            segments: AtomicU64::new(0),
            write_failures: AtomicU64::new(0),
            read_failures: AtomicU64::new(0),
            cursor_failures: AtomicU64::new(0),
            free: AtomicU64::new(0),
            recovered: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
            torn_bytes: AtomicU64::new(0),
            damaged_files: AtomicU64::new(0),
        }
    }
}

impl Figures {
    pub(super) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }
}
