//! Reads the fields of one message from JavaScript (`abi.rs`).
//!
//! Reading cannot fail: past the end, or past anything that does not fit, fields are empty and the message is `bad`, which is
//! asked once, at the end. A branch at each field would cost more code than all the fields do. Texts stay bytes: JavaScript's
//! encoder writes UTF-8 only, and checking it again costs code and time.

/// A cursor over a message's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    rest: &'a [u8],
    bad: bool,
}

impl<'a> Message<'a> {
    /// Starts at the first field.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            bad: false,
        }
    }

    /// Whether something did not fit.
    pub fn bad(&self) -> bool {
        self.bad
    }

    /// Says that what was read makes no sense.
    pub fn spoil(&mut self) {
        self.bad = true;
    }

    #[inline(never)]
    fn take(&mut self, len: usize) -> &'a [u8] {
        match self.rest.split_at_checked(len) {
            Some((head, rest)) => {
                self.rest = rest;
                head
            }
            None => {
                self.rest = &[];
                self.bad = true;
                &[]
            }
        }
    }

    /// One byte.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// Four bytes, little-endian.
    #[inline(never)]
    pub fn word(&mut self) -> u32 {
        self.take(4).try_into().map_or(0, u32::from_le_bytes)
    }

    /// A number of things that follow: never more than there can be.
    #[inline(never)]
    pub fn count(&mut self) -> u32 {
        let count = self.word();
        self.bad |= count as usize > self.rest.len();
        if self.bad { 0 } else { count }
    }

    /// Eight bytes, little-endian.
    #[inline(never)]
    pub fn number(&mut self) -> f64 {
        self.take(8).try_into().map_or(f64::NAN, f64::from_le_bytes)
    }

    /// A time; `now` where it is none.
    #[inline(never)]
    pub fn time(&mut self, now: f64) -> f64 {
        let time = self.number();
        if time.is_finite() { time } else { now }
    }

    /// A text.
    #[inline(never)]
    pub fn text(&mut self) -> &'a [u8] {
        let len = self.word();
        self.take(len as usize)
    }

    /// Passes over `count` texts.
    pub fn skip(&mut self, count: u32) {
        for _ in 0..count {
            self.text();
            if self.bad {
                return;
            }
        }
    }

    /// Passes over attributes.
    #[inline(never)]
    pub fn skip_attrs(&mut self) {
        for _ in 0..self.count() {
            self.text();
            match self.byte() {
                0 => self.skip(1),
                1 => {
                    self.number();
                }
                tag => self.bad |= tag > 3,
            }
        }
    }

    /// What was read between `before` and now.
    pub fn since(&self, before: &Self) -> &'a [u8] {
        before
            .rest
            .get(..before.rest.len() - self.rest.len())
            .unwrap_or_default()
    }

    /// What was not read yet, to be kept and read again.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}
