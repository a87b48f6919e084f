//! `name=value` and `name: value` in texts, where the name says that the value is secret: in messages, dumped objects, headers, JSON.

use super::cut::{Cuts, Kind};
use super::names::Names;

mod cookie;
mod credentials;
mod quoted;
mod value;

/// The most bytes of a name that are looked at.
const NAME: usize = 64;

/// The most signs between a name, what gives it a value, and that: tables are aligned by blanks, and JSON within JSON within JSON has seven
/// backslashes in front of a quotation mark.
const SIGNS: usize = 16;

/// Finds the values.
pub(super) fn find(text: &str, names: &Names, cuts: &mut Cuts) {
    let bytes = text.as_bytes();
    let mut past = 0;
    for at in memchr::memchr2_iter(b'=', b':', bytes) {
        if at < past {
            continue;
        }
        let Some(name) = name_before(text, at) else {
            continue;
        };
        if !names.is_secret(name.text) {
            continue;
        }
        if let Some((start, end)) = value::behind(text, at, &name) {
            // A value may hold a name itself, whose own value goes on behind it: `token: password="…"`. Of a long one only the end is looked
            // at again, so that a text full of names is read once and not once for each.
            past = past.max(end.saturating_sub(NAME + SIGNS).max(at));
            cuts.add(start..end, Kind::Named);
        }
    }
}

struct Name<'a> {
    text: &'a str,
    quoted: bool,
    /// What gives it a value is `=>`.
    arrow: bool,
}

/// The name in front of a sign.
fn name_before(text: &str, at: usize) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    // Comparisons, schemes and paths of modules give nothing a value.
    if matches!(bytes.get(at + 1), Some(b'=' | b':'))
        || at
            .checked_sub(1)
            .is_some_and(|i| b"=!<>:".contains(&bytes[i]))
        || bytes[at + 1..].starts_with(b"//")
    {
        return None;
    }
    let mut end = at;
    let signs = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\' | b']' | b'`' | b' ' | b'\t');
    while end > 0 && signs(&bytes[end - 1]) && at - end < SIGNS {
        end -= 1;
    }
    let length = bytes[..end]
        .iter()
        .rev()
        .take(NAME)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || **byte >= 0x80
        })
        .count();
    let begin = end - length;
    let name = text.get(begin..end)?;
    let behind = bytes[end];
    let quoted = end < at && matches!(behind, b'"' | b'\'' | b'\\' | b'`');
    let arrow = bytes[at..].starts_with(b"=>");
    // An arrow's name is a key where it is written as one: `"token" =>`, `:token =>`, `[token] =>`. Else it is what a function is given.
    let is_key = || quoted || behind == b']' || begin > 0 && bytes[begin - 1] == b':';
    if arrow && !is_key() || bytes[at..].starts_with(b":>") {
        return None;
    }
    Some(Name {
        text: name,
        quoted,
        arrow,
    })
}

#[cfg(test)]
mod tests;
