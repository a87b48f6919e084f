//! Memory after large bodies. An allocator keeps what a thread gave back for what that thread asks next; the threads that large bodies are
//! worked on, and a flood of such bodies, would make it keep hundreds of megabytes.

use std::sync::OnceLock;

static GIVE_BACK: OnceLock<fn()> = OnceLock::new();

/// Says how what the calling thread has freed is given back to the system. The program knows its allocator, the library does not. The
/// first word counts.
pub fn give_back_by(how: fn()) {
    let _ = GIVE_BACK.set(how);
}

/// Gives back what the calling thread has freed.
pub(crate) fn give_back() {
    if let Some(how) = GIVE_BACK.get() {
        how();
    }
}
