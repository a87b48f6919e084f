//! Random ids out of the seed that `START` brings: the core asks the browser for randomness once.

use alloc::vec::Vec;

/// Marsaglia's xorshift of 128 bits: ids have to differ, not to keep a secret.
#[derive(Debug)]
pub(crate) struct Random([u32; 4]);

impl Random {
    pub(crate) const fn new(seed: [u32; 4]) -> Self {
        let [a, b, c, d] = seed;
        // All zeros would stay so for ever.
        Self([a, b, c, if a | b | c | d == 0 { 1 } else { d }])
    }

    fn next(&mut self) -> u32 {
        let [a, b, c, d] = self.0;
        let t = d ^ (d << 11);
        let t = t ^ (t >> 8) ^ a ^ (a >> 19);
        self.0 = [t, a, b, c];
        t
    }

    /// `len` characters of the alphabet 0-9a-v cut to `bits` (at most 5) each: 4 gives hexadecimal digits.
    pub(crate) fn id(&mut self, len: usize, bits: u32) -> Vec<u8> {
        let mut id = Vec::with_capacity(len);
        for _ in 0..len {
            let digit = (self.next() >> 9) as u8 & ((1 << bits) - 1);
            id.push(digit + if digit < 10 { b'0' } else { b'a' - 10 });
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_of_their_alphabet_and_differ() {
        for seed in [[0; 4], [1, 2, 3, 4], [u32::MAX; 4]] {
            let mut random = Random::new(seed);
            let ids: HashSet<_> = (0..10_000).map(|_| random.id(16, 4)).collect();
            assert_eq!(ids.len(), 10_000);
            assert!(ids.iter().flatten().all(u8::is_ascii_hexdigit));
            assert!(
                random
                    .id(20, 5)
                    .iter()
                    .all(|c| c.is_ascii_digit() || (b'a'..=b'v').contains(c))
            );
        }
    }
}
