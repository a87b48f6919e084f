//! Looking for bytes in bytes. `str`'s own ways to search cost kilobytes; these few are shared by all that reads text. Places
//! are numbers, not options: what is not found stands at the end.

use alloc::vec::Vec;

/// What stands before `at`.
#[inline(never)]
pub(crate) fn before(text: &[u8], at: usize) -> &[u8] {
    text.get(..at).unwrap_or(text)
}

/// What stands from `at` on.
#[inline(never)]
pub(crate) fn after(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

/// Keeps a text in place of another.
#[inline(never)]
pub(crate) fn keep(place: &mut Vec<u8>, text: &[u8]) {
    place.clear();
    place.extend_from_slice(text);
}

/// Where `what` first stands in `text`.
#[inline(never)]
pub(crate) fn find(text: &[u8], what: &[u8]) -> usize {
    let mut at = 0;
    // Most places are none by their first byte.
    while at < text.len() && (text.get(at) != what.first() || !after(text, at).starts_with(what)) {
        at += 1;
    }
    at
}

/// Whether `text` is one of a list's lines.
#[inline(never)]
pub(crate) fn among(list: &[u8], text: &[u8]) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        let end = find(rest, b"\n");
        if before(rest, end) == text {
            return true;
        }
        rest = after(rest, end + 1);
    }
    false
}

/// How many steps of `Slots::fit` one text may cost in all: a stack of 50 frames takes a tenth. A page's code can write texts
/// that make forms go back and try again; they are not worth more.
const STEPS: u32 = 500_000;

/// What a form found.
#[derive(Debug)]
pub(crate) struct Slots<'a> {
    steps: u32,
    /// What fitted each slot of the last form that fitted.
    pub(crate) found: [&'a [u8]; 8],
}

impl<'a> Slots<'a> {
    pub(crate) fn new() -> Self {
        Self {
            steps: STEPS,
            found: [b""; 8],
        }
    }

    /// Compares a text with a form. Control bytes of the form are slots that take as little as will do: 1 and 7 anything, 2 and 6
    /// anything but nothing, 3 and 4 decimal digits, 5 hexadecimal ones. All else stands for itself.
    pub(crate) fn fit(&mut self, text: &'a [u8], form: &[u8]) -> bool {
        self.steps = self.steps.saturating_sub(1);
        let Some((&slot, rest)) = form.split_first() else {
            return text.is_empty();
        };
        let mut len = usize::from(!matches!(slot, 1 | 7));
        while self.steps > 0 {
            if len > 0 {
                let Some(byte) = text.get(len - 1) else {
                    return false;
                };
                let fits = match slot {
                    3 | 4 => byte.is_ascii_digit(),
                    5 => byte.is_ascii_hexdigit(),
                    1..=7 => true,
                    _ => *byte == slot,
                };
                if !fits {
                    return false;
                }
            }
            // Most tries end at the next byte: they are not worth a call.
            let next = rest.first().copied().unwrap_or_default();
            if (next <= 7 || text.get(len) == Some(&next)) && self.fit(after(text, len), rest) {
                if let Some(found) = self.found.get_mut(usize::from(slot)) {
                    *found = before(text, len);
                }
                return true;
            }
            if slot > 7 {
                return false;
            }
            len += 1;
        }
        false
    }

    /// The number in a slot; what is too large for one is the largest.
    pub(crate) fn number(&self, slot: usize, base: u32) -> u32 {
        let mut number = 0u32;
        for &digit in self.found.get(slot).copied().unwrap_or_default() {
            number = number
                .saturating_mul(base)
                .saturating_add(char::from(digit).to_digit(base).unwrap_or(0));
        }
        number
    }
}
