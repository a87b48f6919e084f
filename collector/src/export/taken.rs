//! Which names are taken, told mostly without a comparison: a name has a bit of some hundred, and where that is not set, no other is the same.

use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

const WORDS: usize = 16;
/// The bits: of a hundred names nearly all have one of their own.
const BITS: u64 = 64 * WORDS as u64;

/// The marks of the names that were taken.
#[derive(Debug, Default)]
pub(crate) struct Taken([u64; WORDS]);

impl Taken {
    /// Takes a name.
    pub(crate) fn take(&mut self, name: &[u8]) {
        let (word, bit) = mark(name);
        self.0[word] |= bit;
    }

    /// Whether it may be taken. What says no is sure; what says yes is to be looked at.
    pub(crate) fn may_hold(&self, name: &[u8]) -> bool {
        let (word, bit) = mark(name);
        self.0[word] & bit != 0
    }
}

fn mark(name: &[u8]) -> (usize, u64) {
    let place = xxh3_64(name) % BITS;
    ((place / 64) as usize, 1 << (place % 64))
}

/// Finds names of ours: nobody but us chooses what is in a table by these, so that nobody can make it slow.
pub(crate) type Cheaply = BuildHasherDefault<OfName>;

/// A hash of a text.
#[derive(Debug, Default)]
pub(crate) struct OfName(u64);

impl Hasher for OfName {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.rotate_left(1) ^ xxh3_64(bytes);
    }

    /// What ends a text.
    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.wrapping_add(u64::from(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_told_and_of_what_is_not_nearly_all() {
        let mut taken = Taken::default();
        let names = (0..100).map(|at| format!("session.attribute.{at}").into_bytes());
        let names: Vec<_> = names.collect();
        let mut doubtful = 0;
        for name in &names {
            doubtful += usize::from(taken.may_hold(name));
            taken.take(name);
        }
        assert!(names.iter().all(|it| taken.may_hold(it)));
        assert!(doubtful < 15, "{doubtful}");
    }
}
