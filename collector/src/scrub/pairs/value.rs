//! The value behind a name, and where there is none: what stands there is code, a template or a sentence.

use super::quoted::{Mark, is_within, run_back};
use super::{Name, SIGNS, cookie, credentials};
use crate::scrub::REDACTED;

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

/// A value ends with a space or a sign that none holds; or here.
const WORD: usize = 512;

/// From where to where it is; `at` is where the sign stands that gives it to the name.
pub(super) fn behind(text: &str, at: usize, name: &Name<'_>) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let from = at + 1 + usize::from(name.arrow);
    let (mut start, broken) = begin(bytes, from);
    let spaced = start > from;
    let lower = name.text.to_ascii_lowercase();
    if let Some((start, end)) = in_marks(text, start) {
        let value = &text[start..end];
        let behind = text[end..].trim_start_matches(['"', '\'', '\\']);
        let told = (!broken || name.quoted || stands_alone(value, behind)) && tells(value);
        return told.then_some((start, end));
    }
    let password = is_password(&lower);
    let rest = &text[start..];
    match rest.bytes().next()? {
        b'{' => return None,
        b'[' if password && is_mixed(&rest[1..end_of_word(rest)]) => start += 1,
        b'(' if password && is_open(rest) => {}
        b'[' | b'(' => return None,
        b'$' if is_variable(rest) => return None,
        _ => {}
    }
    let rest = &text[start..];
    let cookie = lower.ends_with("cookie") || lower.ends_with("cookies");
    let length = if cookie && cookie::is_list(rest) {
        // Before their end is looked for, which is that of the line: a text may have such a name every ten letters.
        if (!name.quoted || name.arrow) && is_call(rest, &lower) {
            return None;
        }
        cookie::end(rest)
    } else if lower.ends_with("authorization") {
        credentials::end(rest)
    } else {
        end_of_word(rest)
    };
    let value = &rest[..length];
    if !tells(value) || broken && !stands_alone(value, &rest[length..]) {
        return None;
    }
    let code = || is_code_or_prose(text, at, spaced, start, value, &lower);
    if !name.quoted && code() || name.arrow && is_call(value, &lower) {
        return None;
    }
    Some((start, start + length))
}

/// Where a value begins, behind blanks and one line's end at most; and whether that was there.
fn begin(bytes: &[u8], from: usize) -> (usize, bool) {
    let blanks = |from: usize| {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        from + bytes[from..].iter().take(SIGNS).take_while(blank).count()
    };
    let start = blanks(from);
    match &bytes[start..] {
        [b'\r', b'\n', ..] => (blanks(start + 2), true),
        [b'\n', ..] => (blanks(start + 1), true),
        _ => (start, false),
    }
}

/// A value in quotation marks, or all those of a list: `["a=1", "b=2"]`.
fn in_marks(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let list = bytes[from..].starts_with(b"[");
    let from = match list {
        true => begin(bytes, from + 1).0,
        false => from,
    };
    let mut mark = Mark::opens(&bytes[from..])?;
    let start = from + mark.len();
    if mark.is_empty(&bytes[from..]) {
        return Some((start, start));
    }
    let mut end = start + mark.closes(&bytes[start..], false);
    // Each of a list has marks of its own.
    let next = |behind: usize| {
        let comma = list && bytes.get(behind) == Some(&b',');
        let at = comma.then(|| begin(bytes, behind + 1).0)?;
        Some((at, Mark::opens(&bytes[at..])?))
    };
    while let Some((at, of_next)) = next(end + mark.len()) {
        mark = of_next;
        let start = at + mark.len();
        end = start + mark.closes(&bytes[start..], false);
    }
    Some((start, end))
}

/// Whether a value says anything.
fn tells(value: &str) -> bool {
    value.trim_matches(|c: char| !c.is_alphanumeric()) != REDACTED
        && value
            .bytes()
            .any(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
        && !NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Where a value ends that is not quoted.
pub(super) fn end_of_word(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut chars = rest.char_indices();
    for (at, c) in chars.by_ref().take(WORD) {
        let before = at.checked_sub(1).map(|i| bytes[i]);
        let ends = match c {
            '"' | '\'' | '`' if !is_within(before, bytes.get(at + 1).copied()) => {
                // What stands in front of the mark is its own.
                return at - run_back(&bytes[..at]);
            }
            '"' | '\'' | '`' => false,
            c => c.is_whitespace() || "<>&,;)}]|".contains(c),
        };
        if ends {
            return at;
        }
    }
    chars.offset()
}

fn is_password(name: &str) -> bool {
    name.contains("pass") || name.ends_with("pwd") || name.ends_with("senha")
}

/// Whether it is more than a word.
fn is_mixed(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a bracket opens that nothing closes, as a password's may: `(hunter2`, but not `(required)` or `(x1: string) => …`.
fn is_open(rest: &str) -> bool {
    let word = &rest[1..];
    let (word, behind) = word.split_at(end_of_word(word));
    is_mixed(word) && !word.ends_with(':') && !behind.starts_with([')', ','])
}

/// Something else stands here once the text is used.
pub(super) fn is_template(rest: &str) -> bool {
    rest.starts_with(['{', '<', '[', '(']) || rest.starts_with("${") || rest.starts_with("$(")
}

/// Whether this is a variable (`$password`, `$this->token`, `$API_KEY_2`), a template or a place in a statement (`$1`); `$hunter2` is a password.
fn is_variable(rest: &str) -> bool {
    if is_template(rest) {
        return true;
    }
    let word = &rest[1..end_of_word(rest).max(1)];
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, behind) = word.split_at(word.find(|c| !letter(c)).unwrap_or(word.len()));
    // The word ends with the arrow's second sign.
    let goes_on = behind == "-" || behind.starts_with(['[', '(', '.']) || behind.starts_with("::");
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let small = name.bytes().any(|byte| byte.is_ascii_lowercase());
    goes_on && !name.is_empty()
        || behind.is_empty() && (digits == 0 || digits == name.len() || !small)
}

/// Whether a value on the next line is one: alone there, and more than a word.
fn stands_alone(value: &str, behind: &str) -> bool {
    let behind = behind.trim_start_matches([' ', '\t']);
    (behind.is_empty() || behind.starts_with(['\n', '\r']))
        && is_mixed(value)
        && !value.contains([':', ' '])
}

/// Whether a value is what a function returns: `next()`, `Token::new()`, `await read()`, `format!()`. Of a long one only the beginning is looked at.
fn is_call(value: &str, name: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || "_$.: !".contains(c);
    let sign = value.chars().take(WORD).find(|c| !letter(*c));
    !name.contains("pass") && sign == Some('(')
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
    if is_call(value, name) {
        return true;
    }
    let colon = text.as_bytes()[at] == b':';
    if colon && !spaced && PSEUDO.contains(&value) {
        return true;
    }
    if !letters || (!colon && !spaced) {
        return false;
    }
    let mut behind = rest[value.len()..].chars();
    let goes_on = behind.next() == Some(' ') && behind.next().is_some_and(char::is_alphabetic);
    !is_password(name) || goes_on || word.len() < value.len()
}
