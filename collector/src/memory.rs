//! Memory after large bodies. An allocator keeps what a thread gave back for what that thread asks next; the threads that large bodies are
//! worked on, and a flood of such bodies, would make it keep hundreds of megabytes.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// What is worth being given back at once: some hundred times what a page's payload takes.
pub(crate) const LARGE: usize = 1 << 20;

static GIVE_BACK: OnceLock<fn()> = OnceLock::new();

/// Says how what the calling thread has freed is given back to the system. The program knows its allocator, the library does not. The
/// first word counts.
pub fn give_back_by(how: fn()) {
    let _ = GIVE_BACK.set(how);
}

/// How often a thread that is always at work gives back what it has freed. It takes some tenths of a millisecond.
const EVERY: Duration = Duration::from_secs(1);

thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Gives back what the calling thread has freed, once a second at most. For threads that live long: what is allocated on one is freed on
/// another, and without this it stays with the one, whose pages nobody empties. Measured at 2,000 requests a second: 14 MiB in use, 50 to
/// 100 held, and growing with each kind of load.
pub(crate) fn give_back_at_times() {
    let now = Instant::now();
    let last = LAST.get();
    if last.is_none_or(|last| now - last >= EVERY) {
        LAST.set(Some(now));
        if last.is_some() {
            give_back();
        }
    }
}

/// Gives back what the calling thread has freed.
pub(crate) fn give_back() {
    if let Some(how) = GIVE_BACK.get() {
        how();
    }
}

/// What all large payloads may come to that are decoded at once, in KiB: one of the most values that are taken, or a good number of what pages
/// send. Their bytes alone bound nothing: a mebibyte can come to fifty.
const DECODED_KIB: usize = 48 << 10;

static DECODED: Semaphore = Semaphore::const_new(DECODED_KIB);

/// Waits until a payload that comes to `weight` may be decoded; what is returned is held for as long. Whoever holds it waits for nothing.
pub(crate) async fn room(weight: usize) -> Option<SemaphorePermit<'static>> {
    let kib = (weight >> 10).min(DECODED_KIB);
    // It is never closed.
    DECODED
        .acquire_many(u32::try_from(kib).unwrap_or(u32::MAX))
        .await
        .ok()
}
