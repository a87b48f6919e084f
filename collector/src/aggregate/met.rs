//! Sessions that met an exception, of senders that do not mark a session's first one as Farol's SDK does: Faro's SDKs, and Farol's in Faro's protocol. Visits of
//! which a 0 was counted (`held`) are remembered alike.
//!
//! Two tables of hashes: what is full, or old, becomes the second, and the second is forgotten. So at least the last [`MAX_MET`] sessions are known,
//! whatever comes, and moving one on costs nothing.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// Sessions in each of the two: those of 2 a second that meet an exception, which are 1 % of 200 a second, for as long as one lasts. 1.2 MB for both, and as
/// much in the file of the state.
const MAX_MET: usize = 32_768;
/// A table becomes the second after this time. Faro's sessions last four hours at most: what was seen longer ago has no more exceptions.
const KEPT_NS: u64 = 4 * 3600 * 1_000_000_000;

/// The sessions.
#[derive(Debug, Default)]
pub(crate) struct Met {
    young: HashSet<u64>,
    old: HashSet<u64>,
    turned_ns: u64,
    /// Sessions that were forgotten before their time, for want of room: their next exception counts them again.
    pub(crate) forgotten: u64,
}

/// What of it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rows {
    young: Vec<u64>,
    old: Vec<u64>,
    turned_ns: u64,
}

impl Met {
    /// Whether this is the first exception that is known of the session.
    pub(crate) fn first(&mut self, session: u64, now: u64) -> bool {
        let early = now < self.turned_ns.saturating_add(KEPT_NS);
        if !early || self.young.len() >= MAX_MET {
            let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.turned_ns = now;
            if early {
                self.forgotten += gone.len() as u64;
            }
        }
        let known = self.old.remove(&session);
        self.young.insert(session) && !known
    }

    /// Whether it is known.
    pub(crate) fn knows(&self, session: u64) -> bool {
        self.young.contains(&session) || self.old.contains(&session)
    }

    /// Lets go of a session; true where it was known.
    pub(crate) fn forget(&mut self, session: u64) -> bool {
        self.young.remove(&session) | self.old.remove(&session)
    }

    /// All of it, to be stored; none where there is nothing.
    pub(crate) fn rows(&self) -> Option<Rows> {
        let sorted = |table: &HashSet<u64>| {
            let mut rows: Vec<u64> = table.iter().copied().collect();
            rows.sort_unstable();
            rows
        };
        let any = !self.young.is_empty() || !self.old.is_empty();
        any.then(|| Rows {
            young: sorted(&self.young),
            old: sorted(&self.old),
            turned_ns: self.turned_ns,
        })
    }

    /// Puts back what was stored.
    pub(crate) fn restore(rows: Rows) -> Self {
        let table = |rows: Vec<u64>| rows.into_iter().take(MAX_MET).collect();
        Self {
            young: table(rows.young),
            old: table(rows.old),
            turned_ns: rows.turned_ns,
            forgotten: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_for_as_long_as_one_lasts_behind_its_last_exception() {
        let mut met = Met::default();
        assert!(met.first(7, 1));
        assert!(!met.first(7, KEPT_NS));
        // Found in the second table, and moved on.
        assert!(!met.first(7, 2 * KEPT_NS));
        assert!(!met.first(7, 3 * KEPT_NS));
        assert!(met.first(8, 5 * KEPT_NS));
        assert!(met.first(7, 6 * KEPT_NS));
        assert_eq!(met.forgotten, 0);
    }

    #[test]
    fn there_are_never_more_than_two_tables_and_what_falls_out_early_is_counted() {
        let mut met = Met::default();
        let most = MAX_MET as u64;
        assert!((0..3 * most).all(|session| met.first(session, 1)));
        assert_eq!((met.young.len(), met.old.len()), (MAX_MET, MAX_MET));
        assert_eq!(met.forgotten, most);
        assert!(
            (most..3 * most)
                .rev()
                .take(MAX_MET)
                .all(|it| !met.first(it, 1))
        );
        assert!(met.first(0, 1), "the bound forgot it");
    }

    #[test]
    fn what_is_stored_is_known_again() {
        let mut met = Met::default();
        assert!(met.rows().is_none());
        met.first(u64::MAX, 1);
        met.first(0, KEPT_NS + 1);
        let stored = serde_json::to_string(&met.rows()).unwrap();
        let mut met = Met::restore(serde_json::from_str(&stored).unwrap());
        assert!(!met.first(0, KEPT_NS + 2) && !met.first(u64::MAX, KEPT_NS + 2));
        assert!(met.first(1, KEPT_NS + 2));
    }
}
