//! What is there of batches that are not there whole: a store that asks for patience at some file of many is not given those before it again.
//!
//! A key ends in a hash of its file, so a file that is remembered is the same file. Nothing is remembered that the store did not acknowledge.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keys, about 200 bytes each. The batches in hand of both signals, with all their parts; of batches that were given up the oldest go.
const MOST: usize = 1024;

/// Keys of files that the store has.
#[derive(Default)]
pub(super) struct Taken(Mutex<VecDeque<String>>);

impl Taken {
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys().iter().any(|it| it == key)
    }

    pub(super) fn keep(&self, key: String) {
        let mut keys = self.keys();
        if keys.len() >= MOST {
            keys.pop_front();
        }
        keys.push_back(key);
    }

    /// Of a batch that is done with.
    pub(super) fn forget(&self, done: &[String]) {
        self.keys().retain(|it| !done.contains(it));
    }

    /// The bucket went, and all in it.
    pub(super) fn clear(&self) {
        self.keys().clear();
    }

    fn keys(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_remembered_and_the_oldest_go() {
        let taken = Taken::default();
        for n in 0..=MOST {
            taken.keep(n.to_string());
        }
        assert!(!taken.has("0") && taken.has("1"));
        assert_eq!(taken.keys().len(), MOST);
        taken.forget(&["1".to_owned()]);
        assert!(!taken.has("1") && taken.has("2"));
        taken.clear();
        assert!(!taken.has("2"));
    }
}
