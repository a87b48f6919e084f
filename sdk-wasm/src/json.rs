//! Whole numbers beyond 32 bits as text, for the vitals' ids.

use alloc::vec::Vec;

/// Appends a whole number.
pub(crate) fn int(out: &mut Vec<u8>, value: u64) {
    if value > 9 {
        int(out, value / 10);
    }
    out.push(b'0' + (value % 10) as u8);
}
