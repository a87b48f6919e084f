//! How much of what is still wanted in the queue belongs to which app: what a quota is compared with.
//!
//! Kept by parts of the queue and not by record, so that a queue of any length costs little; what all destinations are through with is let go of by whole parts.

use std::collections::{BTreeMap, HashMap};

use super::super::Position;

/// Positions of one part. A quota is at least as much (`apps[].disk_quota`), so that none is used up by what is only not let go of yet.
const PART: u64 = 1 << 18;

/// Apps that are told apart: as many as there can be keys. Where names are free, the rest has no quota either.
const MOST_APPS: usize = 10_000;

/// An app's name as a hash: where no apps are declared a name is what clients say, of any length, and it is kept as long as its records.
type Name = u128;

fn name(app: &str) -> Name {
    xxhash_rust::xxh3::xxh3_128(app.as_bytes())
}

/// The shares.
#[derive(Debug, Default)]
pub(in crate::queue) struct Shares {
    all: HashMap<Name, u64>,
    parts: BTreeMap<u64, HashMap<Name, u64>>,
}

impl Shares {
    /// A record of this app stands here.
    pub(in crate::queue) fn add(&mut self, at: Position, app: &str, bytes: u64) {
        let app = name(app);
        if self.all.len() >= MOST_APPS && !self.all.contains_key(&app) {
            return;
        }
        *self.all.entry(app).or_default() += bytes;
        *self
            .parts
            .entry(at / PART)
            .or_default()
            .entry(app)
            .or_default() += bytes;
    }

    /// Nobody wants anything before this position.
    pub(in crate::queue) fn wanted_from(&mut self, low: Position) {
        while let Some(first) = self.parts.first_entry()
            && (first.key() + 1) * PART <= low
        {
            for (app, bytes) in first.remove() {
                let Some(sum) = self.all.get_mut(&app) else {
                    continue;
                };
                *sum -= bytes;
                if *sum == 0 {
                    self.all.remove(&app);
                }
            }
        }
    }

    /// How many bytes are this app's.
    pub(in crate::queue) fn of(&self, app: &str) -> u64 {
        self.all.get(&name(app)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_let_go_of_by_whole_parts() {
        let mut shares = Shares::default();
        shares.add(0, "a", 10);
        shares.add(PART - 1, "b", 20);
        shares.add(PART, "a", 30);
        shares.wanted_from(PART - 1);
        assert_eq!((shares.of("a"), shares.of("b")), (40, 20));
        shares.wanted_from(PART);
        assert_eq!((shares.of("a"), shares.of("b")), (30, 0));
        shares.wanted_from(10 * PART);
        assert_eq!(shares.of("a"), 0);
        assert!(shares.all.is_empty() && shares.parts.is_empty());
    }

    #[test]
    fn names_without_end_take_no_room_without_end() {
        let mut shares = Shares::default();
        for n in 0..MOST_APPS as u64 + 50 {
            shares.add(n, &format!("app {n}"), 1);
        }
        assert_eq!(shares.all.len(), MOST_APPS);
        shares.add(0, "app 0", 1);
        assert_eq!(shares.of("app 0"), 2);
        shares.wanted_from(u64::MAX);
        assert!(shares.all.is_empty());
    }
}
