//! Takes out of URLs what must not leave the page: user names and passwords, and the values of keys that hold secrets.

use alloc::vec::Vec;

use crate::pen::shorten;
use crate::text::{cut, find, split, starts};

/// Bytes of a URL that are kept: what servers and browsers agree on in practice.
const URL_BYTES: usize = 2048;

/// A fragment without structure and at least this long, with letters and digits mixed, is taken for a token.
const TOKEN_BYTES: usize = 24;

const REDACTED: &[u8] = b"REDACTED";

/// Ends of the names of keys whose values are secrets, written backwards; `^` marks whole names. Letter case, `-` and `_` do not
/// count. They are: token, secret, password, passwd, signature, credential, apikey, accesskeyid, jwt, sessionid, authorization,
/// privatekey; sig, auth, code, pwd, otp, sid. OpenTelemetry's default list is among them (`X-Amz-Signature`,
/// `X-Amz-Credential`, `X-Amz-Security-Token`, `AWSAccessKeyId`, `Signature`, `sig`, `X-Goog-Signature`).
const SECRETS: &str = "nekot terces drowssap dwssap erutangis laitnederc yekipa diyekssecca twj dinoisses noitazirohtua yeketavirp \
    gis^ htua^ edoc^ dwp^ pto^ dis^";

/// `url` without its secrets.
#[inline(never)]
pub(crate) fn scrubbed(url: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    // Of a data URL the data say nothing that a reader of telemetry needs.
    let url = if starts(url, b"data:") {
        split(url, b',').0
    } else {
        url
    };
    let (rest, fragment) = split(shorten(url, URL_BYTES), b'#');
    let (mut path, query) = split(rest, b'?');
    if let Some((from, to)) = authority(path)
        && let Some(at) = cut(path, to, 0).0.iter().rposition(|&b| b == b'@')
        && at >= from
    {
        out.extend_from_slice(cut(path, from, 0).0);
        path = cut(path, at, 1).1;
    }
    out.extend_from_slice(path);
    parameters(&mut out, b'?', query);
    if let Some(fragment) = fragment {
        // Routers that live in the fragment have a query there, and OAuth's implicit flow has nothing else.
        let (route, query) = split(fragment, b'?');
        if token(route) {
            out.push(b'#');
            out.extend_from_slice(REDACTED);
        } else {
            parameters(&mut out, b'#', Some(route));
        }
        parameters(&mut out, b'?', query);
    }
    out
}

/// Where the authority (user, host, port) of an absolute URL begins and ends.
#[inline(never)]
pub(crate) fn authority(url: &[u8]) -> Option<(usize, usize)> {
    let from = find(url, b"://")? + 3;
    let rest = cut(url, from, 0).1;
    let len = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#' | b'\\'))
        .unwrap_or(rest.len());
    Some((from, from + len))
}

/// Appends what stands behind `mark`: pairs of names and values, or anything else.
#[inline(never)]
fn parameters(out: &mut Vec<u8>, mark: u8, mut rest: Option<&[u8]>) {
    let mut mark = mark;
    while let Some(query) = rest {
        let (pair, more) = split(query, b'&');
        let (name, value) = split(pair, b'=');
        out.push(mark);
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(if secret(name) { REDACTED } else { value });
        }
        mark = b'&';
        rest = more;
    }
}

fn secret(name: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(32);
    // From the last byte, so that the ends of names are beginnings.
    for byte in name.iter().rev() {
        if byte.is_ascii_alphanumeric() {
            plain.push(byte.to_ascii_lowercase());
        }
    }
    let mut known = Some(SECRETS.as_bytes());
    while let Some(list) = known {
        let (end, more) = split(list, b' ');
        let (end, whole) = split(end, b'^');
        if starts(&plain, end) && (whole.is_none() || plain.len() == end.len()) {
            return true;
        }
        known = more;
    }
    false
}

/// A text that is long, has capitals and digits, and nothing that a path or a sentence would have.
fn token(text: &[u8]) -> bool {
    let (mut digits, mut capitals) = (false, false);
    for byte in text {
        digits |= byte.is_ascii_digit();
        capitals |= byte.is_ascii_uppercase();
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+') {
            return false;
        }
    }
    digits && capitals && text.len() >= TOKEN_BYTES
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        String::from_utf8(scrubbed(text.as_bytes())).unwrap()
    }

    #[test]
    fn what_is_no_secret_stays() {
        for url in [
            "https://shop.example/a/b?page=2&sort=price#top",
            "/relative?x=1&&y",
            "https://u.example:8443/?mail=a@b",
            "blob:https://shop.example/1d3c",
            "https://shop.example/#/products/12?color=red",
            "https://shop.example/#a-section-with-a-long-name-in-words",
            "about:blank",
            "",
        ] {
            assert_eq!(of(url), url);
        }
    }

    #[test]
    fn secrets_are_taken_out() {
        for (url, expected) in [
            ("https://joe:pw@shop.example/a", "https://shop.example/a"),
            ("https://joe@x:p@w@shop.example?q", "https://shop.example?q"),
            (
                "/a?access_token=1&b=2&X-Amz-Signature=3",
                "/a?access_token=REDACTED&b=2&X-Amz-Signature=REDACTED",
            ),
            (
                "/a?AWSAccessKeyId=1&sig=2&X-Goog-Signature=3&design=4",
                "/a?AWSAccessKeyId=REDACTED&sig=REDACTED&X-Goog-Signature=REDACTED&design=4",
            ),
            (
                "/a?code=1&zipcode=2&apiKey=3",
                "/a?code=REDACTED&zipcode=2&apiKey=REDACTED",
            ),
            (
                "/a#access_token=1&state=2",
                "/a#access_token=REDACTED&state=2",
            ),
            ("/a#/reset?token=1", "/a#/reset?token=REDACTED"),
            ("/a#eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0", "/a#REDACTED"),
            ("data:text/html;base64,PGI+", "data:text/html;base64"),
        ] {
            assert_eq!(of(url), expected);
        }
    }

    #[test]
    fn every_name_of_a_secret_is_known() {
        for name in [
            "token",
            "id_token",
            "secret",
            "clientSecret",
            "password",
            "passwd",
            "signature",
            "credential",
            "api-key",
            "X-API-Key",
            "AccessKeyId",
            "jwt",
            "session_id",
            "authorization",
            "private_key",
            "sig",
            "auth",
            "code",
            "pwd",
            "otp",
            "sid",
            "X-Amz-Security-Token",
            "X-Amz-Credential",
        ] {
            assert!(secret(name.as_bytes()), "{name}");
        }
        for name in ["", "design", "zipcode", "author", "page", "tokens", "sides"] {
            assert!(!secret(name.as_bytes()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scrubbed_without_panic_and_stays_text(text in "\\PC{0,3000}") {
            of(&text);
        }

        #[test]
        fn a_password_never_comes_through(user in "[a-z]{1,8}", path in "[a-z/?#&=@:]{0,30}") {
            let text = std::format!("https://{user}:hunter2Q@host.example/{path}");
            prop_assert!(!of(&text).contains("hunter2Q"));
        }
    }
}
