//! One look over the bytes before they are parsed: how deep they nest, how many values they hold, and whether there may be
//! half a surrogate pair. The parser's own bound on recursion is four times ours and does not see what lies within
//! fields that are skipped; and memory goes with the number of values, not with the bytes.

use super::{Code, DecodeError};
use farol_protocol::limits;
use std::borrow::Cow;

/// What the look found.
pub(super) struct Found {
    /// An escape of the surrogates' range is in the text.
    pub(super) surrogates: bool,
}

/// Checks depth and number. Unbalanced brackets are left to the parser, which says it better.
pub(super) fn scan(text: &[u8], bound: usize) -> Result<Found, DecodeError> {
    if text.trim_ascii().is_empty() {
        return Err(DecodeError {
            code: Code::Empty,
            message: "The body is empty. Send one JSON object with meta and items.".to_owned(),
        });
    }
    let mut depth = 0usize;
    let mut values = 0usize;
    let mut found = Found { surrogates: false };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(rest) = text.get(at..) {
                    let Some(found_at) = memchr::memchr2(b'"', b'\\', rest) else {
                        // It has no end, which the parser says.
                        at = text.len();
                        break;
                    };
                    at += found_at;
                    if text[at] == b'"' {
                        break;
                    }
                    found.surrogates |= is_surrogate(text, at + 1);
                    at += 2;
                }
            }
            b',' => values += 1,
            b'{' | b'[' => {
                values += 1;
                depth += 1;
                if depth > bound {
                    return Err(DecodeError {
                        code: Code::TooDeep,
                        message: format!(
                            "The body nests deeper than {bound} levels at byte {at}. Flatten the attribute there, or send it as a string."
                        ),
                    });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    if values > limits::VALUES {
        return Err(DecodeError {
            code: Code::TooMany,
            message: format!(
                "The body holds too many values: {values} commas and opening brackets, and {} are taken. Send smaller batches.",
                limits::VALUES
            ),
        });
    }
    Ok(found)
}

/// Whether `uD8…` to `uDF…` stands here, after a backslash.
fn is_surrogate(text: &[u8], at: usize) -> bool {
    matches!(
        text.get(at..at + 3),
        Some([b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'])
    )
}

/// Puts U+FFFD in the place of each half of a surrogate pair that has no other half. The escapes have one length, so
/// that every other byte stays where it was and positions in messages stay right.
pub(super) fn mend(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut bytes = text.into_owned().into_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit(&bytes, at) {
            Some(0xd800..=0xdbff) if matches!(unit(&bytes, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => {
                bytes[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            // Any other escape: over the backslash and what it escapes.
            _ => at += 2,
        }
    }
    // ASCII took the place of ASCII, so this is the same memory seen as text again.
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

/// The value of a `\uXXXX` that begins here.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    if &escape[..2] != b"\\u" {
        return None;
    }
    escape[2..].iter().try_fold(0, |value, byte| {
        Some(value * 16 + char::from(*byte).to_digit(16)?)
    })
}
