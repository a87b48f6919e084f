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
        // In blocks that no count of 14 bits runs over in.
        for block in text.as_bytes().chunks(1 << 13) {
            let (mut seen, mut sum) = (0, 0);
            for byte in block {
                let told = TOLD[usize::from(*byte)];
                seen |= told;
                sum += told & COUNTS;
            }
            let count = |lane: u32| (sum >> lane) as usize & 0x3fff;
            shape.bits |= seen as u8;
            shape.digits += count(DIGIT);
            shape.dots += count(DOT);
            shape.colons += count(COLON_COUNT);
            shape.hyphens += count(HYPHEN);
        }
        shape
    }

    pub(super) fn has(self, bits: u8) -> bool {
        self.bits & bits != 0
    }
}

/// Where the counts stand in what is told of a byte; below them stand the bits.
const DIGIT: u32 = 8;
const DOT: u32 = 22;
const COLON_COUNT: u32 = 36;
const HYPHEN: u32 = 50;
const COUNTS: u64 = !0xff;

/// What each byte tells: its bits, and one in each count that it belongs to. A look at a table and two operations do for all.
const TOLD: [u64; 256] = {
    let mut told = [0; 256];
    told[b'@' as usize] = AT as u64;
    told[b'=' as usize] = EQUALS as u64;
    told[b':' as usize] = COLON as u64 | 1 << COLON_COUNT;
    told[b'%' as usize] = PERCENT as u64;
    told[b'?' as usize] = QUERY as u64;
    told[b'#' as usize] = QUERY as u64;
    told[b'\\' as usize] = ESCAPE as u64;
    told[b'&' as usize] = ESCAPE as u64;
    told[b'.' as usize] = 1 << DOT;
    told[b'-' as usize] = 1 << HYPHEN;
    let mut digit = b'0';
    while digit <= b'9' {
        told[digit as usize] = 1 << DIGIT;
        digit += 1;
    }
    told
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_counted_to_their_end() {
        for length in [0, 1, 8_191, 8_192, 8_193, 70_000] {
            let shape = Shape::of(&"0.:-".repeat(length));
            let counts = [shape.digits, shape.dots, shape.colons, shape.hyphens];
            assert_eq!(counts, [length; 4]);
            let shape = Shape::of(&format!("{}9", "-".repeat(length)));
            assert_eq!((shape.digits, shape.hyphens), (1, length));
            assert_eq!((shape.dots, shape.colons), (0, 0));
        }
        assert!(Shape::of("a@b").has(AT) && !Shape::of("a@b").has(EQUALS | COLON | PERCENT));
        assert!(Shape::of("a\\b").has(ESCAPE) && Shape::of("#").has(QUERY));
    }
}
