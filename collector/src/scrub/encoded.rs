//! Words with percent-encoding: what they hide is looked for in what they say, and where something is found the whole word goes, unless all of it may stay.

use super::cut::{Cuts, Kind};

/// How often a value is encoded into another address's query at most.
const DEEP: usize = 3;

/// Looks at each encoded word. `find` looks for everything in a plain text.
pub(super) fn find(
    text: &str,
    depth: usize,
    cuts: &mut Cuts,
    find: impl Fn(&str, usize, &mut Cuts),
) {
    if depth >= DEEP {
        return;
    }
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'%', &bytes[from..]) {
        let at = from + at;
        let start = bytes[..at]
            .iter()
            .rposition(|byte| is_end(*byte))
            .map_or(0, |i| i + 1)
            .max(from);
        let end = bytes[at..]
            .iter()
            .position(|byte| is_end(*byte))
            .map_or(bytes.len(), |i| at + i);
        from = end.max(at + 1);
        let Some(word) = text.get(start..end) else {
            continue;
        };
        let plain = percent_encoding::percent_decode_str(word).decode_utf8_lossy();
        if plain.len() == word.len() {
            continue;
        }
        let mut inner = Cuts::default();
        find(&plain, depth + 1, &mut inner);
        // The first of those that may not stay says what kind of thing the word is.
        let mut kinds = Vec::new();
        for cut in inner.0 {
            let whole = match cut.kind {
                Kind::Login | Kind::Query => [Kind::Named, cut.kind],
                kind => [kind, kind],
            };
            for kind in whole {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                    cuts.add(start..end, kind);
                }
            }
        }
    }
}

/// What divides the parts of an address, and words.
fn is_end(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"/?&=#;,\"'<>()|".contains(&byte)
}
