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
        let (mut bits, mut digits, mut dots, mut colons, mut hyphens) = (0, 0, 0, 0, 0);
        // In blocks short enough for counters of a byte, which the compiler turns into vectors.
        for block in text.as_bytes().chunks(128) {
            let (mut d, mut p, mut c, mut h) = (0_u8, 0_u8, 0_u8, 0_u8);
            for byte in block {
                bits |= BITS[usize::from(*byte)];
                d += u8::from(byte.is_ascii_digit());
                p += u8::from(*byte == b'.');
                c += u8::from(*byte == b':');
                h += u8::from(*byte == b'-');
            }
            digits += usize::from(d);
            dots += usize::from(p);
            colons += usize::from(c);
            hyphens += usize::from(h);
        }
        Self {
            bits,
            digits,
            dots,
            colons,
            hyphens,
        }
    }

    pub(super) fn has(self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}

const BITS: [u8; 256] = {
    let mut bits = [0; 256];
    bits[b'@' as usize] = AT;
    bits[b'=' as usize] = EQUALS;
    bits[b':' as usize] = COLON;
    bits[b'%' as usize] = PERCENT;
    bits[b'?' as usize] = QUERY;
    bits[b'#' as usize] = QUERY;
    bits[b'\\' as usize] = ESCAPE;
    bits[b'&' as usize] = ESCAPE;
    bits
};
