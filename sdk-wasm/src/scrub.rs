//! Takes out of URLs what must not leave the page: user names and passwords, and the values of keys that hold secrets.

use alloc::vec::Vec;

use crate::json::shorten;

/// Bytes of a URL that are kept: what servers and browsers agree on in practice.
const URL_BYTES: usize = 2048;

/// A fragment without structure and at least this long, with letters and digits mixed, is taken for a token.
const TOKEN_BYTES: usize = 24;

const REDACTED: &[u8] = b"REDACTED";

/// Ends of key names (letter case, `-` and `_` do not count) whose values are secrets. OpenTelemetry's default list
/// (`X-Amz-Signature`, `X-Amz-Credential`, `X-Amz-Security-Token`, `AWSAccessKeyId`, `Signature`, `X-Goog-Signature`) is in it.
const ENDS: [&[u8]; 12] = [
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"signature",
    b"credential",
    b"apikey",
    b"accesskeyid",
    b"jwt",
    b"sessionid",
    b"authorization",
    b"privatekey",
];

/// Whole key names whose values are secrets, but not every name that ends so.
const WHOLE: [&[u8]; 6] = [b"sig", b"auth", b"code", b"pwd", b"otp", b"sid"];

/// Appends `url` without its secrets.
pub(crate) fn url(out: &mut Vec<u8>, url: &[u8]) {
    if url.starts_with(b"data:") {
        // The data themselves say nothing that a reader of telemetry needs.
        let head = url.iter().take(64).position(|&b| b == b',').unwrap_or(5);
        out.extend_from_slice(url.get(..head).unwrap_or(url));
        return;
    }
    let url = shorten(url, URL_BYTES);
    let (rest, fragment) = split(url, b'#');
    let (path, query) = split(rest, b'?');
    let authority = authority(path);
    match authority.and_then(|(from, to)| {
        Some((
            from,
            path.get(from..to)?.iter().rposition(|&b| b == b'@')? + from,
        ))
    }) {
        Some((from, at)) => {
            out.extend_from_slice(path.get(..from).unwrap_or_default());
            out.extend_from_slice(path.get(at + 1..).unwrap_or_default());
        }
        None => out.extend_from_slice(path),
    }
    if let Some(query) = query {
        out.push(b'?');
        parameters(out, query);
    }
    if let Some(fragment) = fragment {
        out.push(b'#');
        // Routers that live in the fragment have a query there, and OAuth's implicit flow has nothing else.
        let (route, query) = split(fragment, b'?');
        if route.contains(&b'=') {
            parameters(out, route);
        } else {
            out.extend_from_slice(if token(route) { REDACTED } else { route });
        }
        if let Some(query) = query {
            out.push(b'?');
            parameters(out, query);
        }
    }
}

/// A URL's text, scrubbed.
pub(crate) fn scrubbed(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().min(URL_BYTES));
    url(&mut out, text);
    out
}

/// Where the authority (user, host, port) of an absolute URL begins and ends.
pub(crate) fn authority(url: &[u8]) -> Option<(usize, usize)> {
    let from = url.windows(3).take(32).position(|w| w == b"://")? + 3;
    let rest = url.get(from..)?;
    let len = rest
        .iter()
        .position(|b| matches!(b, b'/' | b'?' | b'#' | b'\\'))
        .unwrap_or(rest.len());
    Some((from, from + len))
}

/// What stands before and behind the first `separator`.
pub(crate) fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&b| b == separator) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn parameters(out: &mut Vec<u8>, query: &[u8]) {
    let mut rest = Some(query);
    while let Some(query) = rest {
        let (pair, more) = split(query, b'&');
        let (name, value) = split(pair, b'=');
        out.extend_from_slice(name);
        if let Some(value) = value {
            out.push(b'=');
            out.extend_from_slice(if secret(name) { REDACTED } else { value });
        }
        if more.is_some() {
            out.push(b'&');
        }
        rest = more;
    }
}

fn secret(name: &[u8]) -> bool {
    let plain: Vec<u8> = name
        .iter()
        .filter(|b| b.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    ENDS.iter().any(|end| plain.ends_with(end)) || WHOLE.contains(&&*plain)
}

fn token(text: &[u8]) -> bool {
    text.len() >= TOKEN_BYTES
        && text
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'+'))
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().any(u8::is_ascii_uppercase)
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
