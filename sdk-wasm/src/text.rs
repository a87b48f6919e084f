//! Looking for bytes in bytes. `str`'s own ways to search cost kilobytes; these loops are shared by all that reads text.

/// Where `what` first stands in `text`.
#[inline(never)]
pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    (0..text.len()).find(|&at| text.get(at..).is_some_and(|rest| starts(rest, what)))
}

/// Where `what` last stands in `text`.
#[inline(never)]
pub(crate) fn rfind(text: &[u8], what: &[u8]) -> Option<usize> {
    (0..text.len())
        .rev()
        .find(|&at| text.get(at..).is_some_and(|rest| starts(rest, what)))
}

/// Whether `text` begins with `what`.
#[inline(never)]
pub(crate) fn starts(text: &[u8], what: &[u8]) -> bool {
    text.get(..what.len()) == Some(what)
}

/// What stands before `at` and what behind `at + len`.
#[inline(never)]
pub(crate) fn cut(text: &[u8], at: usize, len: usize) -> (&[u8], &[u8]) {
    (
        text.get(..at).unwrap_or_default(),
        text.get(at + len..).unwrap_or_default(),
    )
}

/// `text` without `what` at its beginning, if it is there.
#[inline(never)]
pub(crate) fn without<'a>(text: &'a [u8], what: &[u8]) -> &'a [u8] {
    if starts(text, what) {
        cut(text, 0, what.len()).1
    } else {
        text
    }
}

/// What stands before and behind the first `separator`.
#[inline(never)]
pub(crate) fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&b| b == separator) {
        Some(at) => (cut(text, at, 1).0, Some(cut(text, at, 1).1)),
        None => (text, None),
    }
}

/// A whole number of at most 15 decimal digits.
#[inline(never)]
pub(crate) fn decimal(digits: &[u8]) -> Option<f64> {
    let mut number = 0.0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10.0 + f64::from(byte - b'0');
    }
    if digits.is_empty() || digits.len() > 15 {
        None
    } else {
        Some(number)
    }
}
