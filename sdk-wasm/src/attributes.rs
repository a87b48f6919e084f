//! Attributes of an item, in the three forms that the wire has for them: members of an object (in Faro's protocol all strings),
//! or OTLP's list of keys and values.

use farol_protocol::limits::{ATTRIBUTES, KEY_BYTES};

use crate::host::Host;
use crate::message::{Attrs, Message, Value};
use crate::pen::{Pen, shorten};
use crate::text::find;

impl<H: Host> Pen<H> {
    /// Opens the object `key`; the answer is for `close`.
    #[inline(never)]
    pub(crate) fn open(&mut self, key: &str) -> usize {
        let before = self.out.len();
        self.key(key.as_bytes());
        self.byte(b'{');
        before
    }

    /// Closes the object that was opened at `before`; takes it back where nothing is in it.
    #[inline(never)]
    pub(crate) fn close(&mut self, before: usize) {
        if self.out.last() == Some(&b'{') {
            self.out.truncate(before);
        } else {
            self.byte(b'}');
        }
    }

    /// The attributes that the page gave, then those of every item, behind what is ours from `from` on in `out`.
    #[inline(never)]
    pub(crate) fn attributes(&mut self, from: usize, local: Attrs<'_>, otlp: bool) {
        self.list(from, local, otlp);
        let global = core::mem::take(&mut self.global);
        self.list(from, Message::new(&global).attrs(), otlp);
        self.global = global;
    }

    /// Attributes, without those whose key comes between `from` and here already.
    #[inline(never)]
    pub(crate) fn list(&mut self, from: usize, attrs: Attrs<'_>, otlp: bool) {
        let to = self.out.len();
        for (count, (key, value)) in attrs.enumerate() {
            if count == ATTRIBUTES || self.full() {
                self.cut = true;
                return;
            }
            self.attribute(key, value, otlp, from..to);
        }
    }

    /// One that is ours, in OTLP's form.
    pub(crate) fn otlp(&mut self, key: &str, value: Value<'_>) {
        self.attribute(key.as_bytes(), value, true, 0..0);
    }

    /// One that is a text, in OTLP's form.
    pub(crate) fn otlp_text(&mut self, key: &[u8], text: &[u8]) {
        self.attribute(key, Value::Text(text), true, 0..0);
    }

    /// Writes one, unless its key is in `known` already. A number that is none is left out, as JSON has no word for it.
    #[inline(never)]
    fn attribute(
        &mut self,
        key: &[u8],
        value: Value<'_>,
        otlp: bool,
        known: core::ops::Range<usize>,
    ) {
        let mut whole = false;
        if let Value::Number(number) = value {
            if !number.is_finite() {
                return;
            }
            // JavaScript has one kind of number; what it writes without a fraction is an integer here.
            whole = f64::from(number as i32) == number;
        }
        let before = self.out.len();
        self.comma();
        let start = self.out.len();
        if otlp {
            self.raw(b"{\"key\":");
        }
        self.text(shorten(key, KEY_BYTES));
        if !otlp {
            self.byte(b':');
        }
        // Quotes in texts are escaped, so what is found is a key.
        let (written, name) = self.out.split_at_checked(start).unwrap_or_default();
        if find(written.get(known).unwrap_or_default(), name).is_some() {
            self.out.truncate(before);
            return;
        }
        if otlp {
            self.raw(match value {
                Value::Text(_) => b",\"value\":{\"stringValue\":",
                Value::Bool(_) => b",\"value\":{\"boolValue\":",
                Value::Number(_) if whole => b",\"value\":{\"intValue\":",
                Value::Number(_) => b",\"value\":{\"doubleValue\":",
            });
        }
        let quote = if otlp {
            whole
        } else {
            self.faro && !matches!(value, Value::Text(_))
        };
        if quote {
            self.byte(b'"');
        }
        match value {
            Value::Text(text) => self.text(text),
            Value::Number(number) => self.number(number),
            Value::Bool(value) => self.boolean(value),
        }
        if quote {
            self.byte(b'"');
        }
        if otlp {
            self.raw(b"}}");
        }
    }
}
