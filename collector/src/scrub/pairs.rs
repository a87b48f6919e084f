//! `name=value` and `name: value` in texts, where the name says that the value is secret: in messages, dumped objects, headers, JSON.

use super::REDACTED;
use super::cut::{Cuts, Kind};
use super::names::Names;

/// The most bytes of a name that are looked at.
const NAME: usize = 64;

/// The most signs between a name and its value.
const QUOTES: usize = 8;

/// Values that tell nothing.
const NOTHING: &[&str] = &[
    "null",
    "undefined",
    "none",
    "nil",
    "true",
    "false",
    "nan",
    "yes",
    "no",
    "empty",
    "missing",
    "required",
    "invalid",
    "expired",
    "string",
    "number",
    "boolean",
    "object",
];

/// What stands behind a colon in CSS selectors.
const PSEUDO: &[&str] = &[
    "focus",
    "hover",
    "active",
    "visited",
    "checked",
    "disabled",
    "enabled",
    "invalid",
    "valid",
    "required",
    "optional",
    "empty",
    "first-child",
    "last-child",
    "only-child",
    "focus-visible",
    "focus-within",
    "placeholder-shown",
    "autofill",
    "-webkit-autofill",
    "read-only",
    "target",
    "link",
];

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
        if let Some((start, end)) = value_behind(text, at, &name) {
            // A value may hold a name itself, whose own value goes on behind it: `token: password="…"`. Of a long one only the end is looked
            // at again, so that a text full of names is read once and not once for each.
            past = past.max(end.saturating_sub(NAME + QUOTES).max(at));
            cuts.add(start..end, Kind::Named);
        }
    }
}

struct Name<'a> {
    text: &'a str,
    quoted: bool,
}

/// The name in front of a sign.
fn name_before(text: &str, at: usize) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    // Comparisons, arrows, schemes and paths of modules give nothing a value.
    if matches!(bytes.get(at + 1), Some(b'=' | b'>' | b':'))
        || at
            .checked_sub(1)
            .is_some_and(|i| b"=!<>:".contains(&bytes[i]))
        || bytes[at + 1..].starts_with(b"//")
    {
        return None;
    }
    let mut end = at;
    let quotes = |byte: &u8| matches!(byte, b'"' | b'\'' | b'\\' | b']' | b'`' | b' ');
    while end > 0 && quotes(&bytes[end - 1]) && at - end < 4 {
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
    let text = text.get(end - length..end)?;
    Some(Name {
        text,
        quoted: end < at && matches!(bytes[end], b'"' | b'\'' | b'\\' | b'`'),
    })
}

fn value_behind(text: &str, at: usize, name: &Name<'_>) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut start = at + 1;
    while bytes.get(start) == Some(&b' ') && start - at < 4 {
        start += 1;
    }
    let spaced = start > at + 1;
    let lower = name.text.to_ascii_lowercase();
    let quotes = bytes[start..]
        .iter()
        .take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'`'))
        .take(4)
        .count();
    start += quotes;
    let rest = &text[start..];
    let opens = rest
        .bytes()
        .next()
        .is_some_and(|byte| b"({[$".contains(&byte));
    if quotes == 0 && opens {
        return None;
    }
    let mut length = if quotes > 0 {
        let quote = text[..start].chars().next_back()?;
        rest.find(quote).unwrap_or(rest.len())
    } else if lower.ends_with("cookie") || lower.ends_with("cookies") {
        let ends = ['\n', '\r', '"', '\''];
        // A call is known before its end is looked for: that may be far away, and the next name stands in between.
        let mut near = rest.chars().take_while(|c| !ends.contains(c));
        if !name.quoted && is_call(&mut near, &lower) {
            return None;
        }
        rest.find(ends).unwrap_or(rest.len())
    } else {
        end_of_word(rest)
    };
    if quotes > 0 {
        length -= rest[..length].len() - rest[..length].trim_end_matches('\\').len();
    }
    let mut value = &rest[..length];
    if quotes == 0 && lower.ends_with("authorization") {
        // The scheme, and what it is for.
        let scheme = [
            "bearer",
            "basic",
            "digest",
            "token",
            "apikey",
            "negotiate",
            "aws4-hmac-sha256",
        ];
        if scheme.iter().any(|s| value.eq_ignore_ascii_case(s))
            && let Some(more) = rest[length..].strip_prefix(' ')
        {
            length += 1 + end_of_word(more);
            value = &rest[..length];
        }
    }
    let tells = !value.is_empty()
        && value.trim_matches(|c: char| !c.is_alphanumeric()) != REDACTED
        && value
            .bytes()
            .any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
        && !NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word));
    if !tells {
        return None;
    }
    if quotes == 0 && !name.quoted && is_code_or_prose(text, at, spaced, start, value, &lower) {
        return None;
    }
    Some((start, start + length))
}

/// A value ends with a space or a sign that none holds; or here.
const WORD: usize = 512;

fn end_of_word(rest: &str) -> usize {
    let end = |c: char| c.is_whitespace() || "\"'<>&,;)}]|`".contains(c);
    let mut chars = rest.char_indices().take(WORD);
    match chars.find(|(_, c)| end(*c)) {
        Some((at, _)) => at,
        None => rest
            .char_indices()
            .nth(WORD)
            .map_or(rest.len(), |(at, _)| at),
    }
}

/// Whether a value is what a function returns. Of a long one only the beginning is looked at.
fn is_call(value: &mut dyn Iterator<Item = char>, name: &str) -> bool {
    !name.contains("pass") && value.take(WORD).any(|c| c == '(')
}

/// Sentences (`Unexpected token: name`), selectors (`.password:focus`) and calls (`token = next()`).
fn is_code_or_prose(
    text: &str,
    at: usize,
    spaced: bool,
    start: usize,
    value: &str,
    name: &str,
) -> bool {
    let rest = &text[start..];
    let word = value.trim_end_matches(['.', ':', '!', '?']);
    let letters = word.chars().all(|c| c.is_alphabetic() || c == '\'');
    if is_call(&mut value.chars(), name) {
        return true;
    }
    let colon = text.as_bytes()[at] == b':';
    if colon && !spaced && PSEUDO.contains(&value) {
        return true;
    }
    if !letters || (!colon && !spaced) {
        return false;
    }
    let password = name.contains("pass") || name.ends_with("pwd") || name.ends_with("senha");
    let mut behind = rest[value.len()..].chars();
    let goes_on = behind.next() == Some(' ') && behind.next().is_some_and(char::is_alphabetic);
    !password || goes_on || word.len() < value.len()
}
