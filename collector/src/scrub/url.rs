//! Finding what is secret in an address. By hand and not by a URL library: what is no valid address is scrubbed all the
//! same, and what is left must stay byte for byte as it came.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::REDACTED;
use super::cut::{Cuts, Kind};
use super::names::Names;
use super::rules::Query;

/// Shorter values are no token; the shortest that are common (hexadecimal MD5, 192 bits of base64) have 32 characters.
const TOKEN_LENGTH: usize = 32;

/// What is to be done with addresses.
#[derive(Clone, Copy)]
pub(super) struct Policy<'a> {
    pub(super) names: &'a Names,
    pub(super) query: &'a Query,
}

/// Finds what is secret in a text that is one address.
pub(super) fn whole(text: &str, policy: Policy<'_>, cuts: &mut Cuts) {
    secrets(text, 0..text.len(), policy, cuts);
}

/// A part of an address that stands alone, without the sign that is in front of it there.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Query,
    Fragment,
}

/// Finds what is secret in a text that is such a part.
pub(super) fn part(text: &str, part: Part, policy: Policy<'_>, cuts: &mut Cuts) {
    logins(text, 0..text.len(), 0, cuts);
    match part {
        Part::Query => query(text, 0..text.len(), 0, policy, cuts),
        Part::Fragment => {
            // Some write it as it stands in an address.
            let signs = usize::from(text.starts_with('#'));
            fragment(text, 0..text.len(), signs, policy, cuts);
        }
    }
}

/// Finds what is secret in each address in a text that may hold any number.
pub(super) fn within(text: &str, policy: Policy<'_>, cuts: &mut Cuts) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr(b':', &bytes[from..]) {
        let colon = from + at;
        if !bytes[colon..].starts_with(b"://") {
            from = colon + 1;
            continue;
        }
        let scheme = text[from..colon]
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
        let start = colon - scheme.count();
        let rest = colon + 3;
        from = rest;
        if start < colon {
            from += text[rest..].find(ends_address).unwrap_or(text.len() - rest);
            secrets(text, start..from, policy, cuts);
        }
    }
}

/// What no address holds unescaped, and what therefore ends one in a text.
fn ends_address(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '<' | '>' | '`' | '\\' | '^' | '{' | '}' | '|')
}

/// Collects what is secret in the address that stands at `range`.
fn secrets(text: &str, range: Range<usize>, policy: Policy<'_>, cuts: &mut Cuts) {
    let address = &text[range.clone()];
    let at = |offset: usize| range.start + offset;
    let hash = address.find('#').unwrap_or(address.len());
    let question = address[..hash].find('?').unwrap_or(hash);
    logins(text, range.clone(), at(question), cuts);
    query(text, at(question)..at(hash), 1, policy, cuts);
    fragment(text, at(hash)..range.end, 1, policy, cuts);
}

/// Collects what is secret in a fragment, which begins with so many signs.
fn fragment(text: &str, range: Range<usize>, signs: usize, policy: Policy<'_>, cuts: &mut Cuts) {
    let start = range.start + signs;
    let Some(value) = text.get(start..range.end) else {
        return;
    };
    if is_token(value) {
        return cuts.add(start..range.end, Kind::Named);
    }
    // `#/route?token=…` of routers that live in the fragment, and `#access_token=…` of sign-in.
    match value.find('?') {
        Some(route) => query(text, start + route..range.end, 1, policy, cuts),
        None if value.contains('=') => query(text, range, signs, policy, cuts),
        None => {}
    }
}

/// What the policy says of a query, or of a fragment that has the form of one; it begins with so many signs.
fn query(text: &str, range: Range<usize>, signs: usize, policy: Policy<'_>, cuts: &mut Cuts) {
    let values = range.start + signs..range.end;
    match policy.query {
        Query::Strip => cuts.add(range, Kind::Query),
        Query::Scrub => pairs(text, values, cuts, |name| {
            match policy.names.is_secret_parameter(name) {
                true => Judged::Secret,
                false if is_fingerprint(name) => Judged::Plain,
                false => Judged::Look,
            }
        }),
        Query::Allow(allowed) => pairs(text, values, cuts, |name| {
            match allowed.iter().any(|allowed| allowed == name) {
                true => Judged::Look,
                false => Judged::Unnamed,
            }
        }),
    }
}

/// What a parameter's name says of its value.
enum Judged {
    Secret,
    /// Nobody allowed it, whether it has a value or is one.
    Unnamed,
    /// Long hexadecimal is usual there.
    Plain,
    Look,
}

/// Parameters that carry versions, hashes of files and ids of traces.
fn is_fingerprint(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "v",
        "ver",
        "version",
        "rev",
        "revision",
        "build",
        "hash",
        "commit",
        "sha",
        "md5",
        "etag",
        "checksum",
        "trace_id",
        "traceid",
        "traceId",
        "span_id",
        "request_id",
        "cb",
        "integrity",
    ];
    NAMES.contains(&name)
}

/// User and password in the address, and in each that stands unescaped within it: the destination of a proxy in its path, the next page in
/// its query, which begins at `question`.
fn logins(text: &str, range: Range<usize>, question: usize, cuts: &mut Cuts) {
    let bytes = &text.as_bytes()[..range.end];
    let mut from = range.start;
    while let Some(slash) = memchr::memchr(b'/', &bytes[from..]) {
        let slash = from + slash;
        from = slash + 1;
        // Relative to a scheme it is first in its address, or all of a value.
        let begins = slash == range.start || matches!(bytes[slash - 1], b':' | b'=');
        if !begins || bytes.get(from) != Some(&b'/') {
            continue;
        }
        let start = slash + 2;
        let ends = |c: char| {
            matches!(c, '/' | '\\' | '?' | '#') || start > question && matches!(c, '&' | ';')
        };
        let rest = text.get(start..range.end).unwrap_or_default();
        let authority = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if let Some(sign) = authority.rfind('@') {
            cuts.add(start..start + sign + 1, Kind::Login);
        }
        from = start + authority.len();
    }
}

/// Secret values among `key=value` pairs, and among what stands there without a name.
fn pairs(text: &str, range: Range<usize>, cuts: &mut Cuts, judge: impl Fn(&str) -> Judged) {
    let mut start = range.start;
    while start < range.end {
        let rest = &text[start..range.end];
        let end = start + rest.find(['&', ';', '?']).unwrap_or(rest.len());
        let pair = &text[start..end];
        let (key, value) = match pair.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (pair, None),
        };
        let judged = || judge(&percent_decode_str(key).decode_utf8_lossy());
        let secret = match value {
            _ if tells_nothing(value.unwrap_or(key)) => false,
            Some(value) => match judged() {
                Judged::Secret | Judged::Unnamed => true,
                Judged::Plain => false,
                Judged::Look => is_token(value),
            },
            // A name alone is no secret, whatever it names.
            None => is_token(key) || matches!(judged(), Judged::Unnamed),
        };
        if secret {
            let value = value.unwrap_or(key);
            cuts.add(end - value.len()..end, Kind::Named);
        }
        start = end + 1;
    }
}

/// Whether a value is empty, or taken out already.
fn tells_nothing(value: &str) -> bool {
    let value = value.trim_matches(|c: char| !c.is_alphanumeric());
    matches!(value, "" | REDACTED)
}

/// Whether a value looks made by a machine to be kept secret: a JWT, or long and without words. UUIDs are names of
/// things more often than secrets, and stay.
fn is_token(value: &str) -> bool {
    if value.starts_with("eyJ") && value.bytes().filter(|byte| *byte == b'.').count() >= 2 {
        return true;
    }
    if value.len() < TOKEN_LENGTH {
        return false;
    }
    let value = value
        .trim_end_matches('=')
        .trim_end_matches("%3D")
        .trim_end_matches("%3d");
    if value.len() < TOKEN_LENGTH {
        return false;
    }
    let (mut lower, mut upper, mut digits, mut other) = (0, 0, 0, 0);
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' => lower += 1,
            b'A'..=b'Z' => upper += 1,
            b'0'..=b'9' => digits += 1,
            b'-' | b'_' | b'+' | b'/' | b'.' | b'~' | b'%' => other += 1,
            _ => return false,
        }
    }
    let hexadecimal = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal && digits > 0 || lower > 2 && upper > 2 && digits > 1 && other * 8 <= value.len()
}
