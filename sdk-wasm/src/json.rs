//! Writes JSON into bytes, without serde and without `format!`, whose costs in bytes are large.
//!
//! An item has a bound of bytes. Free texts are cut to keep it, at a character's boundary and with a mark; what comes in
//! numbers (attributes, frames, causes) asks `full` and stops.

use alloc::vec::Vec;

use crate::host::Host;

/// What the end of a cut text shows: an ellipsis.
const MARK: &[u8] = "…".as_bytes();

/// Bytes of an item that one text cannot take, so that what follows it (ids, times, a stack) still finds room.
const RESERVE: usize = 4096;

/// Bytes an item needs to close what is open. Below that nothing repeated is added.
const TAIL: usize = 512;

/// JSON in the making. Commas come by themselves: whether one is due shows in the last byte.
#[derive(Debug, Default)]
pub(crate) struct Json {
    pub(crate) out: Vec<u8>,
    /// Length of `out` that is not to be passed.
    end: usize,
    /// A text was cut, or something left out, to keep the bound.
    pub(crate) cut: bool,
}

impl Json {
    /// Starts with `head`, which is no JSON and before which nothing counts, in `out`'s memory.
    pub(crate) fn new(mut out: Vec<u8>, bound: usize) -> Self {
        out.clear();
        Self {
            out,
            end: bound,
            cut: false,
        }
    }

    #[inline(never)]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline(never)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// The comma before a further member, where one is due.
    #[inline(never)]
    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':')) {
            self.byte(b',');
        }
    }

    /// `"key":` of an object's next member. Keys here are ours: nothing to escape.
    #[inline(never)]
    pub(crate) fn key(&mut self, key: &str) {
        self.comma();
        self.byte(b'"');
        self.raw(key.as_bytes());
        self.raw(b"\":");
    }

    /// Opens an object or a list as a list's next element or a key's value.
    pub(crate) fn open(&mut self, bracket: u8) {
        self.comma();
        self.byte(bracket);
    }

    /// Opens an object or a list as the value of `key`.
    #[inline(never)]
    pub(crate) fn open_key(&mut self, key: &str, bracket: u8) {
        self.key(key);
        self.byte(bracket);
    }

    /// A member whose value is a text; none where the text is empty.
    #[inline(never)]
    pub(crate) fn field(&mut self, key: &str, text: &[u8]) {
        if !text.is_empty() {
            self.key(key);
            self.text(text);
        }
    }

    /// A member whose value is `true` or `false`.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.boolean(value);
    }

    /// `true` or `false`.
    #[inline(never)]
    pub(crate) fn boolean(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// A list's next element, or a key's value, that is a text: quoted, escaped, cut to the bound.
    #[inline(never)]
    pub(crate) fn text(&mut self, text: &[u8]) {
        self.comma();
        self.byte(b'"');
        self.escape(text);
        self.byte(b'"');
    }

    /// Escapes `text` for the inside of a string, as much of it as the bound allows.
    #[inline(never)]
    pub(crate) fn escape(&mut self, text: &[u8]) {
        let left = self.end.saturating_sub(self.out.len());
        let limit = self.out.len()
            + if left > 2 * RESERVE {
                left - RESERVE
            } else {
                left / 2
            };
        let mut rest = text;
        loop {
            let run = rest
                .iter()
                .position(|&b| b < 0x20 || b == b'"' || b == b'\\')
                .unwrap_or(rest.len());
            let (plain, behind) = rest.split_at(run.min(rest.len()));
            let room = limit.saturating_sub(self.out.len());
            if plain.len() > room || (room == 0 && !behind.is_empty()) {
                self.raw(shorten(plain, room));
                self.raw(MARK);
                self.cut = true;
                return;
            }
            self.raw(plain);
            let Some((&byte, more)) = behind.split_first() else {
                return;
            };
            rest = more;
            self.byte(b'\\');
            match byte {
                b'\n' => self.byte(b'n'),
                0..=0x1f => {
                    self.raw(b"u00");
                    self.byte(hex(byte >> 4));
                    self.byte(hex(byte));
                }
                _ => self.byte(byte),
            }
        }
    }

    /// A finite number, as JavaScript writes it.
    #[inline(never)]
    pub(crate) fn number<H: Host>(&mut self, host: &H, value: f64) {
        let whole = value as i32;
        if f64::from(whole) == value {
            if whole < 0 {
                self.byte(b'-');
            }
            self.digits(whole.unsigned_abs(), 1);
        } else {
            host.number(value, &mut self.out);
        }
    }

    /// A whole number of at least `width` digits.
    #[inline(never)]
    pub(crate) fn digits(&mut self, value: u32, width: usize) {
        let mut text = [b'0'; 10];
        let mut used = 0;
        let mut rest = value;
        for (at, digit) in text.iter_mut().enumerate().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            used = 10 - at;
        }
        self.raw(text.get(10 - used.max(width)..).unwrap_or(&text));
    }

    /// Whether nothing repeated is to be added any more; asking when it is full marks the item as cut.
    pub(crate) fn full(&mut self) -> bool {
        let full = self.out.len() + TAIL > self.end;
        self.cut |= full;
        full
    }
}

/// Appends a whole number.
pub(crate) fn int(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The digit of the low four bits.
pub(crate) fn hex(nibble: u8) -> u8 {
    let nibble = nibble & 15;
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

/// The longest head of `text` of at most `len` bytes that ends with a whole character.
pub(crate) fn shorten(text: &[u8], len: usize) -> &[u8] {
    let mut end = len;
    while end > 0 && text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fake::Fake;

    fn text(bound: usize, text: &str) -> (std::string::String, bool) {
        let mut json = Json::new(Vec::new(), bound);
        json.text(text.as_bytes());
        assert!(
            json.out.len() <= bound / 2 + 16 || bound > 2 * RESERVE,
            "{} of {bound}",
            json.out.len()
        );
        (serde_json::from_slice(&json.out).unwrap(), json.cut)
    }

    proptest! {
        #[test]
        fn a_text_that_fits_comes_back_as_it_was(s in "\\PC{0,200}|[\\x00-\\x7f\"\\\\]{0,200}") {
            let (got, cut) = text(60_000, &s);
            prop_assert!(!cut);
            prop_assert_eq!(got, s);
        }

        #[test]
        fn a_text_that_does_not_fit_is_cut_between_characters_and_marked(s in "[\\PC\\x00-\\x1f]{0,400}", bound in 0usize..400) {
            let (got, cut) = text(bound, &s);
            if cut {
                prop_assert!(s.starts_with(got.strip_suffix('…').unwrap()));
            } else {
                prop_assert_eq!(got, s);
            }
        }

        #[test]
        fn a_number_reads_back_equal(value in prop::num::f64::NORMAL | prop::num::f64::ZERO, whole in any::<i32>()) {
            for value in [value, f64::from(whole)] {
                let mut json = Json::new(Vec::new(), 100);
                json.number(&Fake::default(), value);
                prop_assert_eq!(core::str::from_utf8(&json.out).unwrap().parse::<f64>().unwrap(), value);
            }
        }
    }

    #[test]
    fn digits_are_padded_to_their_width() {
        for (value, width, expected) in [
            (0, 1, "0"),
            (7, 2, "07"),
            (1234, 2, "1234"),
            (u32::MAX, 1, "4294967295"),
            (0, 6, "000000"),
        ] {
            let mut json = Json::new(Vec::new(), 100);
            json.digits(value, width);
            assert_eq!(json.out, expected.as_bytes());
        }
    }

    #[test]
    fn commas_stand_between_members_only() {
        let mut json = Json::new(Vec::new(), 1000);
        json.open(b'{');
        json.field("a", b"1");
        json.field("none", b"");
        json.open_key("b", b'[');
        json.open(b'{');
        json.byte(b'}');
        json.text(b"x");
        json.byte(b']');
        json.flag("c", true);
        json.byte(b'}');
        assert_eq!(json.out, br#"{"a":"1","b":[{},"x"],"c":true}"#);
    }
}
