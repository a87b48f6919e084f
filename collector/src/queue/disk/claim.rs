//! Bytes of the queue's bound that somebody means to fill. A request that is given up while it waits for room gives them back.

use std::sync::atomic::Ordering::Relaxed;

use super::Shared;

#[derive(Debug)]
pub(super) struct Claim<'a> {
    shared: &'a Shared,
    bytes: u64,
}

impl<'a> Claim<'a> {
    pub(super) fn new(shared: &'a Shared, bytes: u64) -> Self {
        shared.used.fetch_add(bytes, Relaxed);
        Self { shared, bytes }
    }

    /// The group that the record went into settles them.
    pub(super) fn hand_on(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.shared.give_back(self.bytes);
    }
}
