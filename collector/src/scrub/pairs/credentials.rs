//! What stands behind `Authorization:`: a token, or the name of a scheme with a token or with parameters (RFC 9110). Anybody may make a scheme
//! up, so that it is told from a sentence by what comes next.

use super::SIGNS;
use super::quoted::{Mark, begins_value};
use super::value::{end_of_word, is_template};
use crate::scrub::REDACTED;

/// Schemes whose credentials may be a plain word.
const KNOWN: &[&str] = &[
    "bearer",
    "basic",
    "digest",
    "token",
    "apikey",
    "negotiate",
    "aws4-hmac-sha256",
];

/// Letters of a word that somebody says. What is longer nobody does.
const WORD: usize = 24;

/// How far they reach.
pub(super) fn end(rest: &str) -> usize {
    let scheme = end_of_word(rest);
    let (name, behind) = rest.split_at(scheme);
    let gap = blanks(behind);
    let more = &behind[gap..];
    if gap == 0 || name == REDACTED || !name.bytes().all(is_token) || is_template(more) {
        return scheme;
    }
    let next = &more[..end_of_word(more)];
    let known = KNOWN.iter().any(|it| name.eq_ignore_ascii_case(it));
    match !next.is_empty() && (known || !is_said(next)) {
        true => scheme + gap + parameters(more),
        false => scheme,
    }
}

/// One token, or `name=value, name="value"`.
fn parameters(more: &str) -> usize {
    let bytes = more.as_bytes();
    let mut at = 0;
    loop {
        let begin = at;
        at += end_of_word(&more[at..]);
        if more[begin..at].ends_with('=')
            && let Some(mark) = Mark::opens(&bytes[at..])
            && begins_value(bytes.get(at + mark.len()).copied())
        {
            at += mark.len();
            at += mark.closes(&bytes[at..], true);
            // It closes with its like, or the line or an outer text ends first.
            let closing = Mark::opens(&bytes[at..]).filter(|it| mark.is_like(*it));
            at += closing.map_or(0, |it| it.len().min(mark.len()));
        }
        // AWS has a list in one: `SignedHeaders=host;x-amz-date`.
        while more[begin..at].contains('=')
            && bytes.get(at) == Some(&b';')
            && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            at += 1 + end_of_word(&more[at + 1..]);
        }
        let comma = usize::from(bytes.get(at) == Some(&b','));
        let gap = comma + blanks(&more[at + comma..]);
        let next = &bytes[at + gap..];
        let name = next.iter().take_while(|byte| is_token(**byte)).count();
        let quoted = || Mark::opens(&next[name + 1..]).is_some();
        let goes_on =
            gap > 0 && name > 0 && next.get(name) == Some(&b'=') && (comma > 0 || quoted());
        if !goes_on {
            return at;
        }
        at += gap;
    }
}

/// A word of a sentence, a status, a path or an address.
fn is_said(word: &str) -> bool {
    let plain = word.trim_end_matches(['.', ':', '!', '?']);
    if plain.len() <= 3 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let mut letters = plain.chars();
    letters.next().is_some_and(char::is_alphabetic)
        && letters.all(|c| c.is_lowercase() || matches!(c, '\'' | '-'))
        && plain.len() <= WORD
        || word.starts_with('/')
        || word.contains("://")
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn blanks(text: &str) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    text.bytes().take(SIGNS).take_while(blank).count()
}
