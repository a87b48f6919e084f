//! What is known about a source, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::seldom::Seldom;

/// Counted by messages: items are the ledger's.
#[derive(Debug, Default)]
pub struct Stats {
    /// Put into the queue.
    pub taken: AtomicU64,
    /// In the queue already, or delivered.
    pub duplicate: AtomicU64,
    /// No record, or a damaged one: passed over.
    pub unreadable: AtomicU64,
    /// True from a failure to the next time that something is read.
    pub failing: AtomicBool,
    /// Of unreadable ones: a topic of something else is a million messages that are no records.
    pub(super) said: Seldom,
}

impl Stats {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The sources by name. Cloning gives another handle.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<Mutex<BTreeMap<String, Arc<Stats>>>>);

impl Sources {
    /// The figures of each, by name.
    pub fn all(&self) -> Vec<(String, Arc<Stats>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(n, s)| (n.clone(), s.clone())).collect()
    }

    pub(super) fn enter(&self, name: &str) -> Arc<Stats> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_default().clone()
    }
}
