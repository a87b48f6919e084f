//! Network addresses of visitors. A version looks like one, so what stands around it decides; the host of an address is a server's
//! and stays, and so does what no visitor has: loopback, networks, masks.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::cut::{Cuts, Kind};
use super::digits::is_word;

/// The IPv4 address that begins at `at`.
pub(super) fn v4(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map(|i| bytes[i]);
    if is_word(before.as_ref()) {
        return None;
    }
    let mut octets = [0_u8; 4];
    let mut end = at;
    for (i, octet) in octets.iter_mut().enumerate() {
        if i > 0 {
            if bytes.get(end) != Some(&b'.') {
                return None;
            }
            end += 1;
        }
        let digits = bytes[end..]
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        // A zero in front is a version's, or a date's.
        if digits == 0 || (digits > 1 && bytes[end] == b'0') {
            return None;
        }
        *octet = text.get(end..end + digits)?.parse().ok()?;
        end += digits;
    }
    let behind = bytes.get(end);
    let more = bytes.get(end + 1);
    let goes_on = is_word(behind)
        || (behind == Some(&b'.') && is_word(more))
        || (matches!(behind, Some(b'-' | b'+')) && more.is_some_and(u8::is_ascii_alphabetic));
    let is_host = is_visitors(Ipv4Addr::from(octets));
    if goes_on || !is_host || is_version(text, at) || is_authority(text, at) {
        return None;
    }
    Some(at..end)
}

fn is_visitors(address: Ipv4Addr) -> bool {
    let [first, rest @ ..] = address.octets();
    !address.is_loopback() && !matches!(first, 0 | 255) && rest != [0, 0, 0]
}

/// Words that a version stands behind.
const VERSION: &[&str] = &[
    "version", "versions", "ver", "v", "release", "build", "firmware", "fw", "rev", "revision",
    "sdk", "update", "upgrade", "upgraded", "chrome", "firefox", "driver", "webview", "webkit",
    "opera", "edge", "oid",
];

/// Whether what stands in front says that this is a version.
fn is_version(text: &str, at: usize) -> bool {
    let front = &text[..at];
    let bytes = front.as_bytes();
    match bytes {
        // `1.2.3.4.5`
        [.., b'0'..=b'9', b'.'] => return true,
        // `lib-1.2.3.4`, `lib_1.2.3.4`
        [.., letter, b'-'] if letter.is_ascii_alphabetic() => return true,
        [.., b'/'] => {
            // `Chrome/1.2.3.4` is a product, `/lookup/1.2.3.4` a path.
            let word = super::before(text, at, 256)
                .rsplit(char::is_whitespace)
                .next()
                .unwrap_or_default();
            let product = word
                .trim_end_matches('/')
                .trim_start_matches(['(', '"', '\'']);
            if !product.is_empty()
                && product
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            {
                return true;
            }
        }
        _ => {}
    }
    let front =
        front.trim_end_matches([' ', '"', '\'', '\\', ':', '=', '(', '[', '>', '<', '^', '~']);
    let letters = front
        .bytes()
        .rev()
        .take(16)
        .take_while(u8::is_ascii_alphabetic)
        .count();
    let word = &front[front.len() - letters..];
    VERSION.iter().any(|v| word.eq_ignore_ascii_case(v))
        || word.len() > 7 && word.to_ascii_lowercase().ends_with("version")
}

/// Whether this is the host of an address.
fn is_authority(text: &str, at: usize) -> bool {
    let front = super::before(text, at, 256).trim_end_matches('[');
    if front.ends_with("//") {
        return true;
    }
    // Behind `user:password@`.
    front.ends_with('@')
        && front
            .rfind("//")
            .is_some_and(|slashes| !front[slashes + 2..].contains(['/', ' ', '?', '#']))
}

/// Finds IPv6 addresses. The caller knows that there are two colons at least.
pub(super) fn find_v6(text: &str, cuts: &mut Cuts) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(colon) = memchr::memchr(b':', &bytes[from..]) {
        let colon = from + colon;
        let start = colon
            - bytes[from..colon]
                .iter()
                .rev()
                .take(4)
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
        let run = bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
            .count();
        let end = start + run;
        from = end.max(colon + 1);
        let before = start.checked_sub(1).map(|i| &bytes[i]);
        if is_word(before) || is_word(bytes.get(end)) {
            continue;
        }
        let mut address = text.get(start..end).unwrap_or_default();
        address = address.trim_end_matches('.');
        if !address.ends_with("::") {
            address = address.trim_end_matches(':');
        }
        if looks_v6(address) && !is_authority(text, start) {
            cuts.add(start..start + address.len(), Kind::Ip);
        }
    }
}

fn looks_v6(text: &str) -> bool {
    // `a::b` is a path in many languages.
    let groups = || text.split(':').filter(|group| !group.is_empty());
    let telling = groups().count() >= 4 || groups().any(|group| group.len() >= 3);
    telling
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|address: Ipv6Addr| {
            let mapped = address.to_ipv4_mapped();
            !address.is_loopback() && mapped.is_none_or(is_visitors)
        })
}
