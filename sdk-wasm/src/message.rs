//! Reads the fields of one message from JavaScript (`abi.rs`). Anything that does not fit is `None`.
//!
//! Texts stay bytes: JavaScript's encoder writes UTF-8 only, and checking it again costs code and time.

/// A cursor over a message's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    rest: &'a [u8],
}

impl<'a> Message<'a> {
    /// Starts at the first field.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[inline(never)]
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Four bytes, little-endian.
    #[inline(never)]
    pub fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    #[inline(never)]
    pub fn f64(&mut self) -> Option<f64> {
        self.take(8)?.try_into().ok().map(f64::from_le_bytes)
    }

    /// A time; `now` where it is none.
    pub fn time(&mut self, now: f64) -> Option<f64> {
        let time = self.f64()?;
        Some(if time.is_finite() { time } else { now })
    }

    /// A text's bytes.
    #[inline(never)]
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()? as usize;
        self.take(len)
    }

    /// Passes over `count` texts.
    pub fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.text().map(|_| ()))
    }

    /// A text.
    pub fn str(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.text()?).ok()
    }

    /// Attributes. They are checked to their end, so that reading them again cannot fail.
    #[inline(never)]
    pub fn attrs(&mut self) -> Option<Attrs<'a>> {
        let count = self.u32()?;
        let from = self.rest;
        for _ in 0..count {
            self.attribute()?;
        }
        Some(Attrs {
            count,
            rest: Message::new(from.get(..from.len() - self.rest.len())?),
        })
    }

    /// Attributes as bytes, to be kept and read again.
    pub fn raw_attrs(&mut self) -> Option<&'a [u8]> {
        let from = self.rest;
        self.attrs()?;
        from.get(..from.len() - self.rest.len())
    }

    fn attribute(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let key = self.text()?;
        let value = match self.u8()? {
            0 => Value::Text(self.text()?),
            1 => Value::Number(self.f64()?),
            2 => Value::Bool(false),
            3 => Value::Bool(true),
            _ => return None,
        };
        Some((key, value))
    }
}

/// An attribute's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a [u8]),
    /// A number, perhaps not finite.
    Number(f64),
    /// True or false.
    Bool(bool),
}

/// The attributes of a message: (key, value) one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Attrs<'a> {
    count: u32,
    rest: Message<'a>,
}

impl<'a> Attrs<'a> {
    /// No attributes.
    pub const NONE: Self = Self {
        count: 0,
        rest: Message { rest: &[] },
    };

    /// Reads what `raw_attrs` gave.
    pub fn kept(bytes: &'a [u8]) -> Self {
        Message::new(bytes).attrs().unwrap_or(Self::NONE)
    }

    /// Whether one has this key.
    pub fn has(mut self, key: &[u8]) -> bool {
        self.any(|(k, _)| k == key)
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        self.rest.attribute()
    }
}
