//! Ids in their binary form, and the names of records.

use xxhash_rust::xxh3::xxh3_128;

/// Hexadecimal digits of `N` bytes that are not all zero.
pub(crate) fn id<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut any = 0;
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
        any |= *byte;
    }
    (any != 0).then_some(bytes)
}

/// Hexadecimal digits as `N` bytes, cut or filled with zeros, as the OpenTelemetry Collector's Faro translation takes ids of another length.
/// Nothing where they are no such digits, or all zero.
pub(super) fn filled<const N: usize>(text: &str) -> Vec<u8> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| digit(byte).is_some()) {
        return Vec::new();
    }
    let mut digits = text.to_owned();
    digits.truncate(2 * N);
    digits.extend(std::iter::repeat_n('0', 2 * N - digits.len()));
    id::<N>(&digits).map(Vec::from).unwrap_or_default()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The unique id of an item: the same on every try and every replica, because it is made of the record's id and the
/// item's place alone.
pub(super) fn uid(record: &[u8; 16], index: u32) -> String {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(record);
    bytes[16..].copy_from_slice(&index.to_le_bytes());
    let mut out = String::with_capacity(32);
    for byte in xxh3_128(&bytes).to_be_bytes() {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    out
}
