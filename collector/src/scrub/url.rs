//! Finding what is secret in an address. By hand and not by a URL library: what is no valid address is scrubbed all the
//! same, and what is left must stay byte for byte as it came.

use super::REDACTED;
use std::ops::Range;

/// Query keys whose values are secret. The first seven are those that OpenTelemetry names; the others are what sites put
/// there by themselves. Compared without regard to case, `-` and `_`.
const SECRET: &[&str] = &[
    "xamzsignature",
    "xamzcredential",
    "xamzsecuritytoken",
    "awsaccesskeyid",
    "signature",
    "sig",
    "xgoogsignature",
    "xgoogcredential",
    "accesstoken",
    "apikey",
    "apitoken",
    "assertion",
    "auth",
    "authcode",
    "authorization",
    "authtoken",
    "bearer",
    "clientsecret",
    "code",
    "credential",
    "credentials",
    "csrf",
    "csrftoken",
    "idtoken",
    "jwt",
    "key",
    "oauthtoken",
    "oauthverifier",
    "otp",
    "passwd",
    "password",
    "passphrase",
    "privatekey",
    "pwd",
    "refreshtoken",
    "resettoken",
    "samlresponse",
    "secret",
    "session",
    "sessionid",
    "sessiontoken",
    "sid",
    "ticket",
    "token",
    "xcsrftoken",
];

/// Shorter values are no token; the shortest that are common (hexadecimal MD5, 192 bits of base64) have 32 characters.
const TOKEN_LENGTH: usize = 32;

/// Scrubs a text that is one address. None where nothing was to be done.
pub(super) fn whole(text: &str) -> Option<String> {
    // Unusual ones, like `blob:https://…` or a list of addresses, hold others.
    let inner = within(text);
    let text = inner.as_deref().unwrap_or(text);
    let mut cuts = Vec::new();
    secrets(text, 0..text.len(), &mut cuts);
    replace(text, &cuts).or(inner)
}

/// Scrubs each address in a text that may hold any number. None where nothing was to be done.
pub(super) fn within(text: &str) -> Option<String> {
    let mut cuts = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let colon = from + at;
        let scheme = text[from..colon]
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
        let start = colon - scheme.count();
        let rest = colon + 3;
        let end = text[rest..]
            .find(ends_address)
            .map_or(text.len(), |end| rest + end);
        if start < colon {
            secrets(text, start..end, &mut cuts);
        }
        from = end.max(rest);
    }
    replace(text, &cuts)
}

/// What no address holds unescaped, and what therefore ends one in a text.
fn ends_address(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '<' | '>' | '`' | '\\' | '^' | '{' | '}' | '|')
}

/// Collects the ranges to be replaced in the address that stands at `range`.
fn secrets(text: &str, range: Range<usize>, cuts: &mut Vec<(Range<usize>, &'static str)>) {
    let address = &text[range.clone()];
    let at = |offset: usize| range.start + offset;
    let hash = address.find('#').unwrap_or(address.len());
    let question = address[..hash].find('?').unwrap_or(hash);
    if let Some(authority) = authority(&address[..question])
        && let Some(sign) = address[authority.clone()].rfind('@')
    {
        cuts.push((at(authority.start)..at(authority.start + sign + 1), ""));
    }
    pairs(text, at(question)..at(hash), cuts);
    let fragment = at(hash)..at(address.len());
    match address.get(hash + 1..) {
        Some(value) if is_token(value) => cuts.push((fragment.start + 1..fragment.end, REDACTED)),
        // `#/route?token=…` of routers that live in the fragment, and `#access_token=…` of sign-in.
        _ => pairs(text, fragment, cuts),
    }
}

/// Where the part with user and host stands: between `//` and the path.
fn authority(address: &str) -> Option<Range<usize>> {
    let start = match address.find("//") {
        Some(0) => 2,
        Some(at) if address[..at].ends_with(':') => at + 2,
        _ => return None,
    };
    let end = address[start..]
        .find(['/', '\\'])
        .map_or(address.len(), |end| start + end);
    Some(start..end)
}

/// Secret values among `key=value` pairs; the first character of the range is `?` or `#`.
fn pairs(text: &str, range: Range<usize>, cuts: &mut Vec<(Range<usize>, &'static str)>) {
    let mut start = range.start + 1;
    while start < range.end {
        let rest = &text[start..range.end];
        let end = start + rest.find(['&', ';', '?']).unwrap_or(rest.len());
        let pair = &text[start..end];
        match pair.split_once('=') {
            Some((_, "" | REDACTED)) => {}
            Some((key, value)) if is_secret(key) || is_token(value) => {
                cuts.push((start + key.len() + 1..end, REDACTED));
            }
            None if is_token(pair) => cuts.push((start..end, REDACTED)),
            _ => {}
        }
        start = end + 1;
    }
}

fn is_secret(key: &str) -> bool {
    // `user[password]` and `form.password` as well: the last word says what it is.
    let key = percent_decoded(key);
    let mut words = key.rsplit(['[', '.', '/']);
    let last = words
        .find(|word| !word.trim_end_matches(']').is_empty())
        .unwrap_or(&key);
    let letters = last.chars().filter(char::is_ascii_alphanumeric);
    let bare: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    SECRET.contains(&bare.as_str())
}

/// ASCII escapes only: enough for keys.
fn percent_decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let digits = rest
            .get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match digits.filter(u8::is_ascii) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether a value looks made by a machine to be kept secret: a JWT, or long and without words. UUIDs are names of
/// things more often than secrets, and stay.
fn is_token(value: &str) -> bool {
    if value.starts_with("eyJ") && value.bytes().filter(|byte| *byte == b'.').count() >= 2 {
        return true;
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

fn replace(text: &str, cuts: &[(Range<usize>, &'static str)]) -> Option<String> {
    if cuts.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (range, by) in cuts {
        out.push_str(&text[from..range.start.max(from)]);
        out.push_str(by);
        from = range.end.max(from);
    }
    out.push_str(&text[from..]);
    Some(out)
}
