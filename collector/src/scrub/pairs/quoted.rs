//! Quotation marks and what stands between them, however deep the text stands in other texts: JSON within JSON has a backslash in front of
//! each mark, and that within JSON three.

use super::SIGNS;

/// What opens a quoted value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    sign: u8,
    /// Backslashes in front.
    depth: usize,
    /// How often it stands there: more than once in CSV, and in Python's texts of several lines.
    times: usize,
}

impl Mark {
    /// The mark at the beginning.
    pub(super) fn opens(rest: &[u8]) -> Option<Self> {
        let depth = run(rest, b'\\').min(SIGNS);
        let sign = *rest.get(depth)?;
        if !matches!(sign, b'"' | b'\'' | b'`') {
            return None;
        }
        let times = match depth {
            0 => run(rest, sign).min(3),
            _ => 1,
        };
        Some(Self { sign, depth, times })
    }

    /// Whether both stand as deep.
    pub(super) fn is_like(self, other: Self) -> bool {
        (self.sign, self.depth) == (other.sign, other.depth)
    }

    /// Its length.
    pub(super) fn len(self) -> usize {
        self.depth + self.times
    }

    /// Whether it is two marks with nothing in between; `rest` begins with it.
    pub(super) fn is_empty(self, rest: &[u8]) -> bool {
        let behind = rest.get(self.len());
        self.times == 2 && behind.is_none_or(|byte| b" \t\r\n,;:)}]>&".contains(byte))
    }

    /// Where the value ends that this opens; at the end of the line at the latest, if it is of one.
    pub(super) fn closes(self, rest: &[u8], of_one_line: bool) -> usize {
        let mut from = 0;
        while let Some(at) = memchr::memchr2(self.sign, b'\n', &rest[from..]) {
            let at = from + at;
            from = at + 1;
            if rest[at] == b'\n' {
                if of_one_line {
                    return at;
                }
                continue;
            }
            let slashes = run_back(&rest[..at]);
            // A mark within the value has more: its own, and those of each backslash that the value has in front of it are twice as many.
            let outer = slashes < self.depth;
            if !outer && slashes % (2 * (self.depth + 1)) != self.depth {
                continue;
            }
            let times = run(&rest[at..], self.sign);
            from = at + times;
            let before = at.checked_sub(slashes + 1).map(|i| rest[i]);
            if !outer && (times < self.times || is_within(before, rest.get(from).copied())) {
                continue;
            }
            return at - slashes.min(self.depth);
        }
        rest.len()
    }
}

/// A mark between two letters closes nothing: `it's`, `it''s`, and what was put between marks without looking at it.
pub(super) fn is_within(before: Option<u8>, behind: Option<u8>) -> bool {
    let letter = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    letter(before) && letter(behind)
}

/// Whether what stands behind a mark is within it: else the mark closes what stands before it.
pub(super) fn begins_value(behind: Option<u8>) -> bool {
    behind.is_some_and(|byte| !b" \t\r\n,;)}]".contains(&byte))
}

/// How often a sign stands at the beginning.
fn run(bytes: &[u8], sign: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == sign).count()
}

/// How many backslashes stand at the end.
pub(super) fn run_back(bytes: &[u8]) -> usize {
    let back = bytes.iter().rev();
    back.take_while(|byte| **byte == b'\\').count()
}
