//! Writes JSON into bytes, without serde and without `format!`, whose costs in bytes are large.
//!
//! An item has a bound of bytes. Free texts are cut to keep it, at a character's boundary and with a mark; what comes in
//! numbers (attributes, frames, causes) asks `full` and stops.

use alloc::vec::Vec;

use crate::host::Host;
use crate::message::Message;
use crate::scrub::Rules;
use crate::sheet::Sheet;
use crate::text::{after, before};

/// What the end of a cut text shows: an ellipsis.
const MARK: &[u8] = "…".as_bytes();

/// Bytes of an item that one text cannot take, so that what follows it (ids, times, a stack) still finds room.
const RESERVE: usize = 4096;

/// Bytes an item needs to close what is open. Below that nothing repeated is added.
const TAIL: usize = 512;

/// What to write for a message's next field, with the key that follows: the control bytes of `fill`'s templates.
/// A template is data where calls would be code, and data is what compresses well.
mod fill {
    /// A member that is a text.
    pub(super) const TEXT: u8 = 1;
    /// A member that is a text, left out where it is empty.
    pub(super) const SOME: u8 = 2;
    /// A member of OTLP's list of attributes that is a text, left out where it is empty.
    pub(super) const OTLP: u8 = 3;
    /// A member that is a number in quotes, left out where it is none.
    pub(super) const QUOTED: u8 = 4;
    /// A member that is true or false.
    pub(super) const BOOL: u8 = 5;
    /// No field: what follows is written as it is.
    pub(super) const RAW: u8 = 6;
    /// A member that is an object: attributes, and those of every item.
    pub(super) const ATTRIBUTES: u8 = 7;
    /// The same, without those of every item.
    pub(super) const PART: u8 = 8;
    /// A member that is a small number.
    pub(super) const BYTE: u8 = 9;
    /// A member that is a time, as ISO 8601 has it.
    pub(super) const TIME: u8 = 0xa;
    /// A member that is a time in nanoseconds.
    pub(super) const NANOS: u8 = 0xb;
    /// A member that is an object of numbers, of which one at least has to be finite.
    pub(super) const VALUES: u8 = 0xc;
    /// The members of a list of OTLP's attributes, and those of every item, behind what is there already (`spans`).
    pub(super) const LIST: u8 = 0xd;
    /// A member that is the span that an item belongs to, left out where there is none.
    pub(super) const TRACE: u8 = 0xe;
    /// An event's domain.
    pub(super) const DOMAIN: u8 = 0xf;
}

/// JSON in the making, and what it takes to make it. Commas come by themselves: whether one is due shows in the last byte.
#[derive(Debug)]
pub(crate) struct Pen<H> {
    pub(crate) host: H,
    pub(crate) out: Sheet,
    /// Length of `out` that is not to be passed.
    end: usize,
    /// A text was cut, or something left out, to keep the bound.
    pub(crate) cut: bool,
    /// Faro's protocol: all attributes are strings.
    pub(crate) faro: bool,
    /// Epoch ms at `performance.now()` = 0.
    pub(crate) offset: f64,
    /// The attributes of every item, as the message had them.
    pub(crate) global: Vec<u8>,
    /// Where in `out` the attributes of a span that are ours begin.
    pub(crate) own: usize,
    /// What the page says of query parameters.
    pub(crate) rules: Rules,
    /// The earliest time that the item names, on the clock of `now`; infinity: none.
    pub(crate) at: f64,
}

impl<H: Host> Pen<H> {
    pub(crate) const fn new(host: H) -> Self {
        Self {
            host,
            out: Sheet::new(),
            end: usize::MAX,
            cut: false,
            faro: false,
            offset: 0.0,
            global: Vec::new(),
            own: 0,
            rules: Rules::NONE,
            at: f64::INFINITY,
        }
    }

    /// Starts a text of at most `bound` bytes.
    #[inline(never)]
    pub(crate) fn start(&mut self, bound: usize) {
        self.out.begin();
        self.end = bound;
        self.cut = false;
        self.at = f64::INFINITY;
    }

    /// The text.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.out.to_vec()
    }

    /// Appends a few bytes as they are.
    #[inline(never)]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.out.push(byte);
        }
    }

    #[inline(never)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// The comma before a further member, where one is due.
    #[inline(never)]
    pub(crate) fn comma(&mut self) {
        if let Some(last) = self.out.last()
            && !matches!(last, b'{' | b'[' | b':' | b',')
        {
            self.byte(b',');
        }
    }

    /// `"key":` of an object's next member. Keys here are ours: nothing to escape.
    #[inline(never)]
    pub(crate) fn key(&mut self, key: &[u8]) {
        self.comma();
        self.byte(b'"');
        self.raw(key);
        self.raw(b"\":");
    }

    /// A member whose value is a text; none where the text is empty.
    #[inline(never)]
    pub(crate) fn field(&mut self, key: &[u8], text: &[u8]) {
        if !text.is_empty() {
            self.key(key);
            self.text(text);
        }
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
        for &byte in text {
            if self.out.len() >= limit {
                // What is written of a character that does not end here goes too.
                while byte & 0xc0 == 0x80 && self.out.pop() & 0xc0 == 0x80 {}
                self.raw(MARK);
                self.cut = true;
                return;
            }
            match byte {
                b'\n' => self.raw(b"\\n"),
                0..0x20 => {
                    self.raw(b"\\u00");
                    self.byte(hex(byte >> 4));
                    self.byte(hex(byte));
                }
                b'"' | b'\\' => {
                    self.byte(b'\\');
                    self.byte(byte);
                }
                _ => self.out.push(byte),
            }
        }
    }

    /// A finite number, as JavaScript writes it.
    #[inline(never)]
    pub(crate) fn number(&mut self, value: f64) {
        let whole = value as i32;
        if f64::from(whole) == value {
            if whole < 0 {
                self.byte(b'-');
            }
            self.digits(whole.unsigned_abs(), 1);
        } else {
            let host = &self.host;
            self.out.append(|room| host.number(value, room));
        }
    }

    /// A whole number of at least `width` digits.
    #[inline(never)]
    pub(crate) fn digits(&mut self, value: u32, width: u32) {
        if value > 9 || width > 1 {
            self.digits(value / 10, width.saturating_sub(1));
        }
        self.byte(b'0' + (value % 10) as u8);
    }

    /// Writes the next fields of `m` by a template: a control byte (`fill`) and the key of each.
    #[inline(never)]
    pub(crate) fn fill(&mut self, m: &mut Message<'_>, now: f64, template: &str) {
        let mut rest = template.as_bytes();
        while let Some((what, behind)) = rest.split_first() {
            let mut len = 0;
            while behind.get(len).is_some_and(|&byte| byte > fill::DOMAIN) {
                len += 1;
            }
            let key = before(behind, len);
            rest = after(behind, len);
            match *what {
                fill::RAW => self.raw(key),
                fill::BOOL => {
                    self.key(key);
                    self.boolean(m.byte() != 0);
                }
                fill::BYTE => {
                    self.key(key);
                    self.digits(m.byte().into(), 1);
                }
                fill::TIME | fill::NANOS => {
                    let at = m.time(now);
                    if at < self.at {
                        self.at = at;
                    }
                    if *what == fill::TIME {
                        self.iso_field(key, at);
                    } else {
                        self.nanos_field(key, at);
                    }
                }
                fill::QUOTED => {
                    let value = m.number();
                    if value.is_finite() {
                        self.key(key);
                        self.byte(b'"');
                        self.number(value);
                        self.byte(b'"');
                    }
                }
                fill::ATTRIBUTES | fill::PART => {
                    let at = self.open(key);
                    let from = self.out.len();
                    self.list(m, from, false);
                    if *what == fill::ATTRIBUTES {
                        self.global(from, false);
                    }
                    self.close(at);
                }
                fill::LIST => {
                    let at = self.own;
                    self.list(m, at, true);
                    self.global(at, true);
                }
                fill::TRACE => {
                    let at = self.open(key);
                    self.fill(m, now, "\x02trace_id\x02span_id");
                    self.close(at);
                }
                fill::VALUES => {
                    let at = self.open(key);
                    for _ in 0..m.count() {
                        let (name, value) = (m.text(), m.number());
                        if value.is_finite() && !self.full() {
                            self.text(name);
                            self.byte(b':');
                            self.number(value);
                        }
                    }
                    self.close(at);
                    if self.out.len() == at {
                        m.spoil();
                    }
                }
                what => {
                    let text = m.text();
                    if what == fill::TEXT {
                        self.key(key);
                        self.text(text);
                    } else if what == fill::OTLP && !text.is_empty() {
                        self.otlp(key, b"string", text);
                    } else if what == fill::DOMAIN && text.is_empty() {
                        self.field(key, b"browser");
                    } else if what != fill::OTLP {
                        debug_assert!(matches!(what, fill::SOME | fill::DOMAIN));
                        self.field(key, text);
                    }
                }
            }
        }
    }

    /// `true` or `false`.
    #[inline(never)]
    pub(crate) fn boolean(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// Whether nothing repeated is to be added any more; asking when it is full marks the item as cut.
    pub(crate) fn full(&mut self) -> bool {
        let full = self.out.len() + TAIL > self.end;
        self.cut |= full;
        full
    }
}

/// The digit of the low four bits.
pub(crate) fn hex(nibble: u8) -> u8 {
    let nibble = nibble & 15;
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

/// The longest head of `text` of at most `len` bytes that ends with a whole character.
#[inline(never)]
pub(crate) fn shorten(text: &[u8], len: usize) -> &[u8] {
    let mut end = len;
    while text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) && end > 0 {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fake::{Fake, Writer};

    fn pen(bound: usize) -> Pen<Fake> {
        let mut pen = Pen::new(Fake::default());
        pen.start(bound);
        pen
    }

    fn text(bound: usize, text: &str) -> (std::string::String, bool) {
        let mut pen = pen(bound);
        pen.text(text.as_bytes());
        assert!(
            pen.out.len() <= bound / 2 + 16 || bound > 2 * RESERVE,
            "{} of {bound}",
            pen.out.len()
        );
        (serde_json::from_slice(&pen.out).unwrap(), pen.cut)
    }

    proptest! {
        #[test]
        fn a_text_that_fits_comes_back_as_it_was(s in "\\PC{0,200}|[\\x00-\\x7f\"\\\\]{0,200}") {
            prop_assert_eq!(text(60_000, &s), (s, false));
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
                let mut pen = pen(100);
                pen.number(value);
                prop_assert_eq!(core::str::from_utf8(&pen.out).unwrap().parse::<f64>().unwrap(), value);
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
            let mut pen = pen(100);
            pen.digits(value, width);
            assert_eq!(*pen.out, *expected.as_bytes());
        }
    }

    #[test]
    fn commas_stand_between_members_only() {
        let mut pen = pen(1000);
        let message = Writer::default()
            .many(&["1", "", "", "x"])
            .n(2.5)
            .n(f64::NAN)
            .b(1);
        pen.fill(
            &mut Message::new(&message.0),
            0.0,
            "\x06{\x01a\x02none\x01b\x02c\x04d\x04e\x05f\x06}",
        );
        assert_eq!(*pen.out, *br#"{"a":"1","b":"","c":"x","d":"2.5","f":true}"#);
    }
}
