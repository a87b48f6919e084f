//! The time that the queue goes by: the system's, or a test's.

use std::time::{Duration, SystemTime};

#[derive(Debug, Clone, Copy)]
pub(in crate::queue) struct Clock {
    /// Nanoseconds since 1970. It may be set back at any time.
    pub(in crate::queue) now: fn() -> u64,
    /// Waits before a disk is asked again.
    pub(in crate::queue) pause: fn(Duration),
}

impl Clock {
    pub(in crate::queue) const SYSTEM: Self = Self {
        now: unix_now,
        pause: std::thread::sleep,
    };
}

fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX))
}
