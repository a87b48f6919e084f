//! Attributes of an item, in the three forms that the wire has for them: members of an object (in Faro's protocol all strings),
//! or OTLP's list of keys and values.

use farol_protocol::limits::{ATTRIBUTES, KEY_BYTES};

use crate::host::Host;
use crate::message::Message;
use crate::pen::{Pen, shorten};
use crate::scrub;
use crate::text::{after, before, find};

impl<H: Host> Pen<H> {
    /// Opens the object `key`; the answer is for `close`.
    #[inline(never)]
    pub(crate) fn open(&mut self, key: &[u8]) -> usize {
        let at = self.out.len();
        self.key(key);
        self.byte(b'{');
        at
    }

    /// Closes the object that was opened at `at`; takes it back where nothing is in it.
    #[inline(never)]
    pub(crate) fn close(&mut self, at: usize) {
        if self.out.last() == Some(&b'{') {
            self.out.truncate(at);
        } else {
            self.byte(b'}');
        }
    }

    /// The attributes of every item, behind what stands from `from` on in `out`.
    #[inline(never)]
    pub(crate) fn global(&mut self, from: usize, otlp: bool) {
        let global = core::mem::take(&mut self.global);
        self.list(&mut Message::new(&global), from, otlp);
        self.global = global;
    }

    /// A member of OTLP's list that is ours: `kind` is `string` or `int`.
    #[inline(never)]
    pub(crate) fn otlp(&mut self, key: &[u8], kind: &[u8], text: &[u8]) {
        self.comma();
        self.raw(b"{\"key\":");
        self.text(key);
        self.raw(b",\"value\":{\"");
        self.raw(kind);
        self.raw(b"Value\":");
        self.text(text);
        self.raw(b"}}");
    }

    /// The attributes that come next in `m`, without those whose key stands between `from` and here already. A number that is
    /// none is left out, as JSON has no word for it.
    #[inline(never)]
    pub(crate) fn list(&mut self, m: &mut Message<'_>, from: usize, otlp: bool) {
        let to = self.out.len();
        for nth in 0..m.count() as usize {
            let at = self.out.len();
            self.comma();
            let start = self.out.len();
            if otlp {
                self.raw(b"{\"key\":");
            }
            let named = shorten(m.text(), KEY_BYTES);
            self.text(named);
            if !otlp {
                self.byte(b':');
            }
            // Quotes in texts are escaped, so what is found is a key.
            let (head, name) = (before(&self.out, start), after(&self.out, start));
            let mut skip = find(after(before(head, to), from), name) < to - from;
            let tag = m.byte();
            let number = if tag == 1 { m.number() } else { 0.0 };
            // JavaScript has one kind of number; what it writes without a fraction is an integer in OTLP.
            let whole = f64::from(number as i32) == number;
            if otlp {
                self.raw(b",\"value\":{\"");
                self.raw(match tag {
                    0 => b"string",
                    1 if whole => b"int",
                    1 => b"double",
                    _ => b"bool",
                });
                self.raw(b"Value\":");
            }
            let quote = tag != 0 && if otlp { tag == 1 && whole } else { self.faro };
            if quote {
                self.byte(b'"');
            }
            match tag {
                // By its name it is an address.
                0 if named.ends_with(b".url") || named.ends_with(b"url.full") => {
                    let url = scrub::scrubbed(m.text(), &self.rules);
                    self.text(&url);
                }
                0 => self.text(m.text()),
                1 => {
                    skip |= !number.is_finite();
                    if !skip {
                        self.number(number);
                    }
                }
                _ => self.boolean(tag == 3),
            }
            if quote {
                self.byte(b'"');
            }
            if otlp {
                self.raw(b"}}");
            }
            let full = nth >= ATTRIBUTES || self.full();
            self.cut |= full;
            if skip || full {
                self.out.truncate(at);
            }
        }
    }
}
