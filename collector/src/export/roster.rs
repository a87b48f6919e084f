//! Which destinations there are at the moment, for those who show them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Stats;

/// The destinations that run, by name. Cloning gives another handle.
#[derive(Clone, Debug, Default)]
pub struct Roster(Arc<Mutex<BTreeMap<String, Arc<Stats>>>>);

impl Roster {
    /// The health of each destination, by name.
    pub fn all(&self) -> Vec<(String, Arc<Stats>)> {
        let all = self.lock();
        all.iter().map(|(n, s)| (n.clone(), s.clone())).collect()
    }

    /// The figures of a destination; a successor of the same name goes on counting.
    pub(crate) fn enter(&self, name: &str, kind: &'static str) -> Arc<Stats> {
        let stats = self.lock().entry(name.to_owned()).or_default().clone();
        stats.is(kind);
        stats
    }

    pub(crate) fn leave(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Stats>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
