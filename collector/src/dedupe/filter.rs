//! A blocked Bloom filter over batch ids: says for most ids that a run does not hold them, for the price of one cache line.

use super::BatchId;

/// Bits for each id. With eight of them set in a block of 512, about three in a hundred ids that are not there are looked up for nothing.
const BITS_PER_ID: usize = 8;
const BLOCK_WORDS: usize = 8;

/// The filter of one run.
#[derive(Debug)]
pub(super) struct Filter {
    blocks: Vec<[u64; BLOCK_WORDS]>,
}

impl Filter {
    /// Bytes that a filter for so many ids takes.
    pub(super) fn cost(ids: u64) -> usize {
        blocks(ids) * BLOCK_WORDS * 8
    }

    pub(super) fn new(ids: u64) -> Self {
        Self {
            blocks: vec![[0; BLOCK_WORDS]; blocks(ids)],
        }
    }

    pub(super) fn insert(&mut self, id: &BatchId) {
        let at = self.block(id);
        for (word, bit) in bits(id) {
            self.blocks[at][word] |= bit;
        }
    }

    /// False where it is certain that the id is not there.
    pub(super) fn may_hold(&self, id: &BatchId) -> bool {
        let block = &self.blocks[self.block(id)];
        bits(id).all(|(word, bit)| block[word] & bit != 0)
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK_WORDS * 8
    }

    /// Ids are hashes already, so their bytes serve as they are. The place in sorted runs comes from the first half of them, so the
    /// filter takes the second.
    fn block(&self, id: &BatchId) -> usize {
        let part = u32::from_le_bytes([id[8], id[9], id[10], id[11]]);
        ((u64::from(part) * self.blocks.len() as u64) >> 32) as usize
    }
}

fn blocks(ids: u64) -> usize {
    (ids as usize * BITS_PER_ID)
        .div_ceil(BLOCK_WORDS * 64)
        .max(1)
}

/// One bit in each word of the block.
fn bits(id: &BatchId) -> impl Iterator<Item = (usize, u64)> {
    let tail = u64::from_le_bytes([id[12], id[13], id[14], id[15], id[4], id[5], 0, 0]);
    (0..BLOCK_WORDS).map(move |word| (word, 1 << ((tail >> (6 * word)) & 63)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::record_id;

    #[test]
    fn what_is_in_it_is_found_and_little_else() {
        let id = |n: u32| record_id("app", &n.to_string());
        let mut filter = Filter::new(10_000);
        (0..10_000).for_each(|n| filter.insert(&id(n)));
        assert!((0..10_000).all(|n| filter.may_hold(&id(n))));
        let wrong = (10_000..30_000)
            .filter(|n| filter.may_hold(&id(*n)))
            .count();
        assert!(wrong < 1_000, "{wrong} of 20000");
        assert!(Filter::cost(10_000) <= 10_100);
    }
}
