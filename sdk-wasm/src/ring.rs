//! What is kept back in memory: by the ring until something goes wrong, and while consent is pending. Items stay as they are, unsealed, so that
//! what is never sent takes no sequence numbers.

use alloc::vec::Vec;

use crate::batch::{Batch, Item};

/// Items of one session and user, and of one clock.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) who: Vec<u8>,
    pub(crate) batch: Batch,
}

/// Parts in the order in which they came.
#[derive(Debug)]
pub(crate) struct Ring {
    pub(crate) parts: Vec<Part>,
}

impl Ring {
    pub(crate) const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.parts
            .iter()
            .map(|part| part.who.len() + part.batch.bytes)
            .sum()
    }

    /// Takes an item into the last part, or into one of its own where it does not belong to that: `like` says with its page, clock and
    /// state what a batch of it would be.
    pub(crate) fn push(
        &mut self,
        item: Item,
        whence: &[u8],
        who: &[u8],
        like: Batch,
        fits: impl Fn(&Batch) -> bool,
    ) {
        if !self.parts.last().is_some_and(|part| {
            part.who == who && part.batch.offset == like.offset && fits(&part.batch)
        }) {
            self.parts.push(Part {
                who: who.to_vec(),
                batch: like,
            });
        }
        if let Some(part) = self.parts.last_mut() {
            part.batch.push(item, whence);
        }
    }

    /// Lets go of the oldest: what was made before `since`, and what is more than `most` bytes.
    pub(crate) fn trim(&mut self, since: f64, most: usize) {
        let mut bytes = self.bytes();
        while let Some(part) = self.parts.first_mut() {
            if bytes <= most && part.batch.oldest() >= since {
                return;
            }
            bytes -= part.batch.shift();
            if part.batch.len() == 0 {
                bytes -= part.who.len();
                self.parts.remove(0);
            }
        }
    }
}
