//! Where the cookies of a header end: at the end of its line, or of the text that it is quoted in. Their values may have quotation marks of
//! their own, and some hold JSON.

use super::quoted::{begins_value, run_back};
use super::value::end_of_word;

/// How far the second cookie is looked for, where the first has no name.
const FAR: usize = 128;

/// Whether cookies begin here, and no word of code or of a sentence: `a=1; b=2`, also where the first has no name.
pub(super) fn is_list(rest: &str) -> bool {
    let (first, behind) = rest.split_at(end_of_word(rest));
    let second = || {
        let mut bytes = behind.bytes().skip(1).take(FAR);
        let sign = bytes.find(|byte| b"=;\n\r(".contains(byte));
        behind.starts_with(';') && sign == Some(b'=')
    };
    first.contains('=') || second()
}

/// Where they end.
pub(super) fn end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    // The mark that a value stands in, and how many brackets are open in one that is JSON.
    let (mut open, mut depth) = (None, 0_usize);
    let mut before = b' ';
    for (at, byte) in bytes.iter().copied().enumerate() {
        let behind = bytes.get(at + 1).copied();
        match byte {
            b'\n' | b'\r' => return at,
            b';' => (open, depth) = (None, 0),
            b'{' | b'[' if before == b'=' || depth > 0 => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' | b'\'' if depth > 0 => {}
            b'"' | b'\'' if open == Some(byte) => open = None,
            b'"' | b'\'' if open.is_some() => {}
            b'"' | b'\'' if before == b'=' && begins_value(behind) => open = Some(byte),
            b'"' | b'\'' if !behind.is_some_and(|it| it.is_ascii_alphanumeric()) => {
                return at - run_back(&bytes[..at]);
            }
            _ => {}
        }
        // Where the header stands in JSON its marks have backslashes in front.
        if byte != b'\\' {
            before = byte;
        }
    }
    rest.len()
}
