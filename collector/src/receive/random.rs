//! Ids for records whose request names no batch.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A source of ids: a secret drawn once, and a counter, hashed. One system call for the process, not one for each request.
#[derive(Debug)]
pub struct RandomIds {
    seed: [u8; 32],
    next: AtomicU64,
}

impl RandomIds {
    /// Draws the secret.
    pub fn new() -> anyhow::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|e| anyhow::anyhow!("no randomness from the system: {e}"))?;
        Ok(Self {
            seed,
            next: AtomicU64::new(0),
        })
    }

    /// An id that was not there before.
    pub fn next(&self) -> [u8; 16] {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(n.to_le_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        id
    }
}
