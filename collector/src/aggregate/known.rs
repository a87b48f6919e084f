//! How far destinations know the metrics. A series that one of them does not know in full is not let go, within a bound: what it gained while that one was
//! away would be told nobody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// By when each destination knows all that was added, by its name. Cloning gives another handle.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<BTreeMap<String, u64>>>);

impl Known {
    /// This one gets metrics from now on, and goes on from where it was where it was there before.
    pub(crate) fn begins(&self, destination: &str) {
        self.with(|all| *all.entry(destination.to_owned()).or_default());
    }

    /// This one knows all that was added until then.
    pub(crate) fn is_told(&self, destination: &str, until_ns: u64) {
        self.with(|all| {
            if let Some(known) = all.get_mut(destination) {
                *known = until_ns;
            }
        });
    }

    /// Forgets all destinations but these.
    pub(crate) fn keep_only(&self, destinations: &[&str]) {
        self.with(|all| all.retain(|name, _| destinations.contains(&name.as_str())));
    }

    /// By when all of them know all.
    pub(crate) fn by_all(&self) -> u64 {
        self.with(|all| all.values().min().copied().unwrap_or(u64::MAX))
    }

    fn with<T>(&self, of: impl FnOnce(&mut BTreeMap<String, u64>) -> T) -> T {
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_know_is_what_the_one_behind_knows() {
        let known = Known::default();
        assert_eq!(known.by_all(), u64::MAX);
        for name in ["a", "b"] {
            known.begins(name);
        }
        known.is_told("a", 20);
        known.is_told("gone", 5);
        assert_eq!(known.by_all(), 0);
        known.is_told("b", 10);
        // Ended for a moment.
        known.begins("b");
        assert_eq!(known.by_all(), 10);
        known.keep_only(&["a"]);
        assert_eq!(known.by_all(), 20);
    }
}
