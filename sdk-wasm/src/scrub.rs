//! Takes out of URLs what must not leave the page: user names and passwords, and the values of keys that hold secrets.

use alloc::vec::Vec;

use crate::pen::shorten;
use crate::text::{after, before, find};

/// Bytes of a URL that are kept: what servers and browsers agree on in practice.
const URL_BYTES: usize = 2048;

/// A fragment without structure and at least this long, with letters and digits mixed, is taken for a token.
const TOKEN_BYTES: usize = 24;

/// Ends of the names of keys whose values are secrets, written backwards; `^` marks whole names. Letter case, `-` and `_` do not
/// count. They are: token, secret, password, passwd, signature, credential, apikey, accesskeyid, jwt, sessionid, authorization,
/// privatekey; sig, auth, code, pwd, otp, sid. OpenTelemetry's default list is among them (`X-Amz-Signature`,
/// `X-Amz-Credential`, `X-Amz-Security-Token`, `AWSAccessKeyId`, `Signature`, `sig`, `X-Goog-Signature`).
const SECRETS: &str = "nekot terces drowssap dwssap erutangis laitnederc yekipa diyekssecca twj dinoisses noitazirohtua yeketavirp \
    gis^ htua^ edoc^ dwp^ pto^ dis^";

/// `url` without its secrets.
#[inline(never)]
pub(crate) fn scrubbed(url: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    // Of a data URL the data say nothing that a reader of telemetry needs.
    let url = if url.starts_with(b"data:") {
        before(url, find(url, b","))
    } else {
        url
    };
    // Where in `out` the authority begins while we are in it, then where the last name of a key begins.
    let mut authority = usize::MAX;
    let mut name = usize::MAX;
    let mut fragment = usize::MAX;
    let mut secret_value = false;
    for &byte in shorten(url, URL_BYTES) {
        match byte {
            b'?' | b'&' | b'#' if !(secret_value && byte == b'?') => {
                secret_value = false;
                authority = usize::MAX;
                name = out.len() + 1;
                if byte == b'#' {
                    fragment = name;
                }
            }
            _ if secret_value => continue,
            b'/' if out.ends_with(b":/") && name == usize::MAX => authority = out.len() + 1,
            b'/' => authority = usize::MAX,
            b'@' if authority <= out.len() => {
                out.truncate(authority);
                continue;
            }
            b'=' if secret(after(&out, name)) => {
                out.extend_from_slice(b"=REDACTED");
                secret_value = true;
                continue;
            }
            _ => {}
        }
        out.push(byte);
    }
    // Routers that live in the fragment have a query there, and OAuth's implicit flow has nothing else.
    let route = after(&out, fragment);
    let len = find(route, b"?");
    if token(before(route, len)) {
        let rest = after(route, len).to_vec();
        out.truncate(fragment);
        out.extend_from_slice(b"REDACTED");
        out.extend_from_slice(&rest);
    }
    out
}

fn secret(name: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(32);
    // From the last byte, so that the ends of names are beginnings.
    for byte in name.iter().rev() {
        if byte.is_ascii_alphanumeric() {
            plain.push(byte.to_ascii_lowercase());
        }
    }
    let mut list = SECRETS.as_bytes();
    while !list.is_empty() {
        let len = find(list, b" ");
        let end = before(list, len);
        if plain.starts_with(end) || end.last() == Some(&b'^') && *plain == *before(end, len - 1) {
            return true;
        }
        list = after(list, len + 1);
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
