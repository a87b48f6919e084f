//! What a text is made of, in one pass: most texts hold no byte that any rule begins with, and are done here.

pub(super) const AT: u8 = 1;
pub(super) const EQUALS: u8 = 2;
pub(super) const COLON: u8 = 4;
pub(super) const PERCENT: u8 = 8;
pub(super) const QUERY: u8 = 16;
pub(super) const ESCAPE: u8 = 32;

/// Which of the telling bytes a text has, and how many of those that count.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    bits: u8,
    pub(super) digits: usize,
    pub(super) dots: usize,
    pub(super) colons: usize,
    pub(super) hyphens: usize,
}

impl Shape {
    pub(super) fn of(text: &str) -> Self {
        let mut shape = Self::default();
        // In blocks short enough for counters of a byte, and by comparing alone: so the compiler turns it into vectors.
        for block in text.as_bytes().chunks(128) {
            let (mut d, mut p, mut c, mut h) = (0_u8, 0_u8, 0_u8, 0_u8);
            let mut bits = 0;
            for byte in block {
                let is = |sign: u8, bit: u8| if *byte == sign { bit } else { 0 };
                bits |= is(b'@', AT) | is(b'=', EQUALS) | is(b':', COLON) | is(b'%', PERCENT);
                bits |= is(b'?', QUERY) | is(b'#', QUERY) | is(b'\\', ESCAPE) | is(b'&', ESCAPE);
                d += u8::from(byte.is_ascii_digit());
                p += u8::from(*byte == b'.');
                c += u8::from(*byte == b':');
                h += u8::from(*byte == b'-');
            }
            shape.bits |= bits;
            shape.digits += usize::from(d);
            shape.dots += usize::from(p);
            shape.colons += usize::from(c);
            shape.hyphens += usize::from(h);
        }
        shape
    }

    pub(super) fn has(self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}
