//! Memory after large bodies. An allocator keeps what a thread gave back for what that thread asks next; the threads that large bodies are
//! worked on, and a flood of such bodies, would make it keep hundreds of megabytes.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// What is worth being given back at once: some hundred times what a page's payload takes.
pub(crate) const LARGE: usize = 1 << 20;

/// How thoroughly memory is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// What lies in pages that are wholly free, and has not been asked for again for a while.
    Usual,
    /// What lies in any page, and at once.
    Thorough,
}

static GIVE_BACK: OnceLock<fn(How)> = OnceLock::new();

/// Says how what the calling thread has freed is given back to the system. The program knows its allocator, the library does not. The
/// first word counts.
pub fn give_back_by(how: fn(How)) {
    let _ = GIVE_BACK.set(how);
}

static KEEP_FOR: OnceLock<fn(Duration)> = OnceLock::new();

/// Says how the allocator is told for how long a page that is free stays with the process, which may want it again. The first word counts.
pub fn keep_by(keep: fn(Duration)) {
    let _ = KEEP_FOR.set(keep);
}

/// So many destinations are few.
const FEW: usize = 3;

/// For how long where there are few. With one, a fifth of that made all that the collector does a tenth to a quarter dearer, and four times that
/// nothing cheaper.
const KEPT: Duration = Duration::from_millis(50);

/// For how long where there are many. Each has bodies of a megabyte that come and go: with twelve, 3,000 requests a second took 163 MiB with
/// [`KEPT`] and 118 with this.
const KEPT_OF_MANY: Duration = Duration::from_millis(10);

/// Tells the allocator how many destinations there are.
pub(crate) fn keep_for(destinations: usize) {
    if let Some(keep) = KEEP_FOR.get() {
        keep(kept(destinations));
    }
}

fn kept(destinations: usize) -> Duration {
    match destinations <= FEW {
        true => KEPT,
        false => KEPT_OF_MANY,
    }
}

/// How often a thread that is always at work gives back what it has freed.
const EVERY: Duration = Duration::from_secs(1);

/// How often it does so thoroughly. That goes through what all threads have freed, and takes away what is about to be asked for again: done by each
/// of twenty threads in each second it was 4 % of what the collector did, without what the system did for it.
const THOROUGHLY_EVERY: Duration = Duration::from_secs(8);

/// When a thread last gave back, and when thoroughly.
#[derive(Clone, Copy, Debug)]
struct Last {
    usual: Instant,
    thorough: Instant,
}

thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// Gives back what the calling thread has freed, once a second at most. For threads that live long: what is allocated on one is freed on
/// another, and without this it stays with the one, whose pages nobody empties. Measured at 2,000 requests a second: 14 MiB in use, 50 to
/// 100 held, and growing with each kind of load.
pub(crate) fn give_back_at_times() {
    let now = Instant::now();
    let (due, last) = due(LAST.get(), now);
    LAST.set(Some(last));
    if let Some(how) = due {
        give_back_as(how);
    }
}

/// What is to be done now, and what is known afterwards.
fn due(last: Option<Last>, now: Instant) -> (Option<How>, Last) {
    let Some(mut last) = last else {
        let (usual, thorough) = (now, now);
        return (None, Last { usual, thorough });
    };
    let due = if now - last.thorough >= THOROUGHLY_EVERY {
        last.thorough = now;
        How::Thorough
    } else if now - last.usual >= EVERY {
        How::Usual
    } else {
        return (None, last);
    };
    last.usual = now;
    (Some(due), last)
}

/// Gives back what the calling thread has freed, at once.
pub(crate) fn give_back() {
    give_back_as(How::Thorough);
}

fn give_back_as(how: How) {
    if let Some(give) = GIVE_BACK.get() {
        give(how);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_destinations_keep_memory_for_a_shorter_time() {
        assert_eq!(kept(0), KEPT);
        assert_eq!(kept(FEW), KEPT);
        assert_eq!(kept(FEW + 1), KEPT_OF_MANY);
    }

    #[test]
    fn a_thread_gives_back_each_second_and_now_and_then_thoroughly() {
        let start = Instant::now();
        let mut last = None;
        let mut told = Vec::new();
        for tenth in 0..=170 {
            let (due, known) = due(last, start + Duration::from_millis(100) * tenth);
            last = Some(known);
            told.extend(due.map(|how| (tenth, how)));
        }
        let want = (1..=17).map(|second| match second {
            8 | 16 => (second * 10, How::Thorough),
            _ => (second * 10, How::Usual),
        });
        assert_eq!(told, want.collect::<Vec<_>>());
    }

    #[test]
    fn one_that_was_idle_for_long_gives_back_thoroughly() {
        let start = Instant::now();
        let (_, last) = due(None, start);
        let (due, _) = due(Some(last), start + Duration::from_secs(60));
        assert_eq!(due, Some(How::Thorough));
    }
}
