//! Names of attributes that were looked at and found to be neither secret nor to hold anything. A site has some hundred of them and sends
//! them with every payload; to know one again takes a tenth of looking at it.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use xxhash_rust::xxh3::xxh3_64;

/// The longest name that is remembered; those of conventions have 40 letters at most.
const LONGEST: usize = 47;

/// How many pairs of names each thread remembers, in 56 KiB: some times those of a site. Of those that share a pair the latest two stay: with one place
/// for each, every fourth of a site's names would be looked at anew each time.
const PAIRS: usize = 512;

/// The names of one set of rules. What is remembered lies with the threads, so that none waits for another.
#[derive(Debug)]
pub(super) struct Plain {
    /// No two sets of rules of a process have the same.
    rules: u64,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    rules: u64,
    length: u8,
    name: [u8; LONGEST],
}

const NOTHING: Known = Known {
    rules: 0,
    length: 0,
    name: [0; LONGEST],
};

thread_local! {
    static KNOWN: RefCell<Vec<[Known; 2]>> = const { RefCell::new(Vec::new()) };
}

impl Plain {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            rules: NEXT.fetch_add(1, Relaxed),
        }
    }

    /// Whether it is such a name.
    pub(super) fn knows(&self, name: &str) -> bool {
        if name.len() > LONGEST {
            return false;
        }
        KNOWN.with_borrow(|known| {
            let pair = known.get(place(name));
            pair.is_some_and(|pair| pair.iter().any(|it| self.is(it, name)))
        })
    }

    fn is(&self, it: &Known, name: &str) -> bool {
        it.rules == self.rules && it.name.get(..it.length.into()) == Some(name.as_bytes())
    }

    /// It is one.
    pub(super) fn learn(&self, name: &str) {
        let mut it = Known {
            rules: self.rules,
            ..NOTHING
        };
        let Some(room) = it.name.get_mut(..name.len()) else {
            return;
        };
        room.copy_from_slice(name.as_bytes());
        it.length = name.len() as u8;
        KNOWN.with_borrow_mut(|known| {
            if known.is_empty() {
                known.resize(PAIRS, [NOTHING; 2]);
            }
            let [first, second] = &mut known[place(name)];
            if !self.is(first, name) {
                *second = std::mem::replace(first, it);
            }
        });
    }
}

fn place(name: &str) -> usize {
    xxh3_64(name.as_bytes()) as usize % PAIRS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_to_the_rules_that_learnt_it_and_to_no_others() {
        let (one, other) = (Plain::new(), Plain::new());
        assert!(!one.knows("url.full"));
        one.learn("url.full");
        assert!(one.knows("url.full"));
        assert!(!one.knows("url.ful") && !one.knows(""));
        assert!(!other.knows("url.full"));
    }

    #[test]
    fn a_name_that_is_too_long_is_looked_at_each_time() {
        let plain = Plain::new();
        for (length, known) in [(LONGEST, true), (LONGEST + 1, false)] {
            let name = "n".repeat(length);
            plain.learn(&name);
            assert_eq!(plain.knows(&name), known, "{length}");
        }
    }

    #[test]
    fn more_names_than_there_are_places_are_none_that_were_not_learnt() {
        let plain = Plain::new();
        for n in 0..10 * PAIRS {
            plain.learn(&format!("name{n}"));
        }
        for n in 0..10 * PAIRS {
            assert!(!plain.knows(&format!("other{n}")));
        }
    }
}
