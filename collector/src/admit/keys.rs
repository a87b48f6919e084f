//! Whose key it is. The time that this takes tells nothing: a digest is compared with that of every key there is, whole and to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::KeyUse;
use crate::config::{App, counts_at};

/// Every key of every app.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
pub(super) struct Key {
    digest: Digest,
    /// The place of its app.
    pub(super) app: usize,
    not_after: Option<SystemTime>,
    used: Arc<AtomicU64>,
}

type Digest = [u64; 4];

impl Keys {
    /// Of the declared apps. What they admitted is counted in `uses`.
    pub(super) fn new(apps: &[App], uses: &KeyUse) -> Self {
        let of = |(place, app): (usize, &App)| {
            let (name, uses) = (app.name.clone(), uses.clone());
            let keys = app.keys.clone().into_iter();
            keys.map(move |key| Key {
                digest: digest(key.key.reveal()),
                app: place,
                not_after: key.not_after,
                used: uses.of(&name, &key.label),
            })
        };
        Self(apps.iter().enumerate().flat_map(of).collect())
    }

    /// The key that this is.
    pub(super) fn find(&self, key: &str) -> Option<&Key> {
        let given = digest(key);
        let mut found = 0u64;
        for (place, key) in (1u64..).zip(&self.0) {
            let differ = (0..4).fold(0, |differ, i| differ | (given[i] ^ key.digest[i]));
            found.conditional_assign(&place, differ.ct_eq(&0));
        }
        self.0.get(usize::try_from(found).ok()?.checked_sub(1)?)
    }
}

impl Key {
    /// Whether it still counts.
    pub(super) fn counts_at(&self, now: SystemTime) -> bool {
        counts_at(self.not_after, now)
    }

    /// Counts that it admitted a request.
    pub(super) fn used(&self) {
        self.used.fetch_add(1, Relaxed);
    }
}

fn digest(key: &str) -> Digest {
    let bytes = Sha256::digest(key.as_bytes());
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    words
}
