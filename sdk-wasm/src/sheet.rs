//! What JSON is written on: one piece of memory, used for each item and each payload in turn, so that a byte costs a store and
//! a comparison, and nothing grows. It is no part of the client's static memory: what lies behind it there would have long addresses.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::batch::BURST_BYTES;

/// Bytes of the longest text: a payload of at most `BURST_BYTES` of items, with a meta of at most four parts of some 4 KiB each, and the
/// counts of repeated exceptions. What does not fit would be lost; the bounds of items and parts see to it that nothing does.
const BYTES: usize = 256 * 1024;
const _: () = assert!(BURST_BYTES + 48 * 1024 < BYTES);

/// See above. Reads as the bytes written so far.
pub(crate) struct Sheet {
    bytes: Vec<u8>,
    len: usize,
}

impl Sheet {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            len: 0,
        }
    }

    /// An empty sheet.
    pub(crate) fn begin(&mut self) {
        self.len = 0;
        if self.bytes.is_empty() {
            self.bytes = vec![0; BYTES];
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// Appends many bytes: engines copy memory by a call, which pays only for long texts.
    pub(crate) fn copy(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Takes back what was written from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = len;
    }

    /// The last byte, taken back.
    pub(crate) fn pop(&mut self) -> u8 {
        let last = self.last().copied().unwrap_or_default();
        self.len = self.len.saturating_sub(1);
        last
    }

    /// Room for `write`, which says how much of it it took.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut [u8]) -> usize) {
        if let Some(room) = self.bytes.get_mut(self.len..) {
            self.len += write(room);
        }
    }
}

impl Deref for Sheet {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl core::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Sheet").field(&self.len).finish()
    }
}
