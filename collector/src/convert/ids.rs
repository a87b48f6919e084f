//! Ids in their binary form, and the names of records.

use std::fmt::Write;
use xxhash_rust::xxh3::xxh3_128;

/// Hexadecimal digits of `N` bytes that are not all zero.
pub(super) fn id<const N: usize>(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..N).map(|n| byte(2 * n)).collect();
    bytes.filter(|bytes| bytes.iter().any(|byte| *byte != 0))
}

/// The unique id of an item: the same on every try and every replica, because it is made of the record's id and the
/// item's place alone.
pub(super) fn uid(record: &[u8; 16], index: u32) -> String {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(record);
    bytes[16..].copy_from_slice(&index.to_le_bytes());
    let mut out = String::with_capacity(32);
    // Writing to a string cannot fail.
    let _ = write!(out, "{:032x}", xxh3_128(&bytes));
    out
}
