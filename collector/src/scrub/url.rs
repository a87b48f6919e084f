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
    query(text, at(question)..at(hash), policy, cuts);
    let fragment = at(hash)..at(address.len());
    match address.get(hash + 1..) {
        Some(value) if is_token(value) => cuts.add(fragment.start + 1..fragment.end, Kind::Named),
        // `#/route?token=…` of routers that live in the fragment, and `#access_token=…` of sign-in.
        Some(value) => match value.find('?') {
            Some(route) => query(text, fragment.start + 1 + route..fragment.end, policy, cuts),
            None if value.contains('=') => query(text, fragment, policy, cuts),
            None => {}
        },
        None => {}
    }
}

/// What the policy says of a query, or of a fragment that has the form of one.
fn query(text: &str, range: Range<usize>, policy: Policy<'_>, cuts: &mut Cuts) {
    match policy.query {
        Query::Strip => cuts.add(range, Kind::Query),
        Query::Scrub => pairs(text, range, cuts, |name| {
            match policy.names.is_secret_parameter(name) {
                true => Judged::Secret,
                false if is_fingerprint(name) => Judged::Plain,
                false => Judged::Look,
            }
        }),
        Query::Allow(allowed) => pairs(text, range, cuts, |name| {
            match allowed.iter().any(|allowed| allowed == name) {
                true => Judged::Look,
                false => Judged::Secret,
            }
        }),
    }
}

/// What a parameter's name says of its value.
enum Judged {
    Secret,
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

/// Secret values among `key=value` pairs; the first character of the range is `?` or `#`.
fn pairs(text: &str, range: Range<usize>, cuts: &mut Cuts, judge: impl Fn(&str) -> Judged) {
    let mut start = range.start + 1;
    while start < range.end {
        let rest = &text[start..range.end];
        let end = start + rest.find(['&', ';', '?']).unwrap_or(rest.len());
        let pair = &text[start..end];
        match pair.split_once('=') {
            Some((_, value))
                if matches!(
                    value.trim_matches(|c: char| !c.is_alphanumeric()),
                    "" | REDACTED
                ) => {}
            Some((key, value)) => {
                let secret = match judge(&percent_decode_str(key).decode_utf8_lossy()) {
                    Judged::Secret => true,
                    Judged::Plain => false,
                    Judged::Look => is_token(value),
                };
                if secret {
                    cuts.add(start + key.len() + 1..end, Kind::Named);
                }
            }
            None if is_token(pair) => cuts.add(start..end, Kind::Named),
            None => {}
        }
        start = end + 1;
    }
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
