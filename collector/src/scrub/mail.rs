//! Mail addresses. Looked for around each `@`, because everything else of one is ordinary text.

use std::ops::Range;

use super::cut::{Cuts, Kind};

/// The most bytes of a local part, and of a domain: what RFC 5321 allows.
const LOCAL: usize = 64;
const DOMAIN: usize = 255;

/// How else an `@` is written: in JSON within a text, and in HTML. (`%40` is found where percent-encoding is undone.)
const ESCAPED: [&str; 3] = ["\\u0040", "&#64;", "&commat;"];

/// Ends of file names, which stand where a domain would: `react-dom@18.2.0.min.js`, `logo@2x.png`.
pub(super) const FILES: &[&str] = &[
    "js", "mjs", "cjs", "jsx", "ts", "tsx", "css", "scss", "less", "map", "html", "htm", "json",
    "vue", "svelte", "wasm", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "woff",
    "woff2", "ttf", "mp4", "mp3", "pdf", "txt", "xml", "php", "jsbundle", "bundle", "tgz", "zip",
];

/// Finds each mail address. `escaped` says that the text has signs that an `@` may be written with.
pub(super) fn find(text: &str, at: bool, escaped: bool, cuts: &mut Cuts) {
    // The user in an address is another rule's; what stands there goes without a trace.
    let logins = cuts.places(Kind::Login);
    let mut look = |at: usize, sign: usize| match around(text, at, sign) {
        Some(mail) if !logins.contain(at) => cuts.add(mail, Kind::Mail),
        _ => {}
    };
    if at {
        for at in memchr::memchr_iter(b'@', text.as_bytes()) {
            look(at, 1);
        }
    }
    if escaped {
        for sign in ESCAPED {
            for (at, _) in text.match_indices(sign) {
                look(at, sign.len());
            }
        }
    }
}

/// The address around a sign.
fn around(text: &str, at: usize, sign: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let local = bytes[..at]
        .iter()
        .rev()
        .take(LOCAL)
        .take_while(|byte| is_local(**byte))
        .count();
    let mut start = at - local;
    // What stands in front of a name as punctuation is no part of it.
    while start < at && matches!(bytes[start], b'.' | b'-' | b'\'' | b'+' | b'%' | b'*') {
        start += 1;
    }
    let rest = &bytes[at + sign..];
    let domain = rest
        .iter()
        .take(DOMAIN)
        .take_while(|byte| is_domain(**byte))
        .count();
    let mut end = at + sign + domain;
    while end > at + sign && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = text.get(at + sign..end).unwrap_or_default();
    // `git@` names a protocol's user, nobody's mailbox.
    let mail = start < at && text.get(start..at) != Some("git") && is_host(domain);
    mail.then_some(start..end)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%'*+-^_`{}~".contains(&byte) || byte >= 0x80
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') || byte >= 0x80
}

/// Labels with a dot between them, the last of letters, and no file's name.
fn is_host(domain: &str) -> bool {
    let Some((front, last)) = domain.rsplit_once('.') else {
        return false;
    };
    let letters = last.chars().count() >= 2
        && (last.chars().all(char::is_alphabetic) || last.starts_with("xn--"));
    letters
        && !front.is_empty()
        && !front.contains("..")
        && !FILES.iter().any(|file| last.eq_ignore_ascii_case(file))
}
