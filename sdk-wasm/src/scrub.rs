//! Takes out of URLs what must not leave the page: user names and passwords, the values of keys that hold secrets, and values that look
//! like a token, a mail address or a card's number.

use alloc::vec::Vec;

use crate::pen::shorten;
use crate::text::{after, among, before, find};

/// Bytes of a URL that are kept: what servers and browsers agree on in practice.
const URL_BYTES: usize = 2048;

/// A value or a fragment without structure and at least this long, with capitals and digits among its letters, is taken for a token.
const TOKEN_BYTES: u32 = 24;

/// So many letters and digits of it stand in one row. What people put together of words (a search, the name of a campaign) has no row as long.
const ROW_BYTES: u32 = 16;

/// Ends of the names of keys whose values are secrets, written backwards; `^` marks whole names. Letter case, `-` and `_` do not
/// count. They are: token, secret, password, passwd, signature, credential, apikey, accesskeyid, jwt, sessionid, authorization,
/// privatekey; sig, auth, code, pwd, otp, sid. OpenTelemetry's default list is among them (`X-Amz-Signature`,
/// `X-Amz-Credential`, `X-Amz-Security-Token`, `AWSAccessKeyId`, `Signature`, `sig`, `X-Goog-Signature`).
const SECRETS: &str = "nekot terces drowssap dwssap erutangis laitnederc yekipa diyekssecca twj dinoisses noitazirohtua yeketavirp \
    gis^ htua^ edoc^ dwp^ pto^ dis^";

/// What stands in the place of a value.
const REDACTED: &[u8] = b"REDACTED";

/// What the page says of query parameters: their names in small letters, one a line.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Their values stay, whatever they look like and whatever their name says.
    pub(crate) allow: Vec<u8>,
    /// Their values go, whatever else is said of them.
    pub(crate) deny: Vec<u8>,
}

impl Rules {
    pub(crate) const NONE: Self = Self {
        allow: Vec::new(),
        deny: Vec::new(),
    };
}

/// `url` without its secrets.
#[inline(never)]
pub(crate) fn scrubbed(url: &[u8], rules: &Rules) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    // Of a data URL the data say nothing that a reader of telemetry needs.
    let url = if url.starts_with(b"data:") {
        before(url, find(url, b","))
    } else {
        url
    };
    // Where in `out` the authority begins while we are in it, then where the last name of a key begins, and its value: a part without a name is one.
    let mut authority = usize::MAX;
    let mut name = usize::MAX;
    let mut value = usize::MAX;
    let mut allowed = false;
    let mut secret_value = false;
    let url = shorten(url, URL_BYTES);
    let mut at = 0;
    // What ends a value also stands behind the last one, and is not written.
    while at <= url.len() {
        let mut byte = url.get(at).copied().unwrap_or(b'&');
        let mut len = 1;
        // An address within a value is escaped there, and its parts are parts.
        if byte == b'%' && name != usize::MAX {
            let escaped = unescaped(url, at);
            if matches!(escaped, b'?' | b'&' | b'#' | b'=') {
                byte = escaped;
                len = 3;
            }
        }
        let raw = url.get(at..at + len).unwrap_or_default();
        at += len;
        match byte {
            // Of a secret it may be a part.
            b'?' | b'&' | b'#' if !(secret_value && (byte == b'?' || len > 1)) => {
                if !allowed && private(after(&out, value)) {
                    out.truncate(value);
                    out.extend_from_slice(REDACTED);
                }
                allowed = false;
                secret_value = false;
                authority = usize::MAX;
                name = out.len() + len;
                value = name;
            }
            _ if secret_value => continue,
            b'/' if out.ends_with(b":/") => authority = out.len() + 1,
            b'/' => authority = usize::MAX,
            b'@' if authority <= out.len() => {
                out.truncate(authority);
                continue;
            }
            b'=' if name <= out.len() => {
                let key = after(&out, name).to_ascii_lowercase();
                // What is escaped may fill up a token.
                if value == name && len == 1 {
                    allowed = among(&rules.allow, &key);
                    value = out.len() + len;
                }
                if among(&rules.deny, &key) || !allowed && secret(&key) {
                    secret_value = true;
                    out.extend_from_slice(raw);
                    out.extend_from_slice(REDACTED);
                    continue;
                }
            }
            _ => {}
        }
        out.extend_from_slice(raw);
    }
    out
}

/// The byte that is escaped at `at`; of what is no escape any other.
#[inline(never)]
fn unescaped(text: &[u8], at: usize) -> u8 {
    let mut byte = 0;
    for digit in after(text, at + 1).iter().take(2) {
        byte = byte << 4 | char::from(*digit).to_digit(16).unwrap_or_default() as u8;
    }
    byte
}

/// Whether the name of a key says that its value is a secret. An index behind the name is none of it.
fn secret(name: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(32);
    // From the last byte, so that the ends of names are beginnings.
    for byte in name.iter().rev() {
        if *byte == b'%' {
            // What was escaped is no letter: the digits that say what it was are none of the name.
            plain.truncate(plain.len().saturating_sub(2));
        } else if byte.is_ascii_alphabetic() || byte.is_ascii_digit() && !plain.is_empty() {
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

/// Whether a value, as it stands in a URL, looks like what is nobody's business. One walk sees to all three:
///
/// - a token is long, has capitals and digits, and nothing that a path or a sentence would have;
/// - a mail address has something before its sign, and a host of two names behind it;
/// - a card's number, in groups or not, has a length and a first digit that cards have (times in ms begin with 1), and Luhn's sum.
#[inline(never)]
fn private(value: &[u8]) -> bool {
    let (mut digits, mut capitals, mut structure) = (false, false, false);
    let (mut length, mut row, mut longest) = (0, 0, 0);
    // What stands behind the sign, from 1 on; letters behind the last dot there, from 1 on.
    let (mut host, mut letters) = (0, 0);
    // Luhn's sums for a last digit that counts once, and for one that counts twice.
    let (mut count, mut first, mut once, mut twice) = (0, 0, 0, 0);
    let mut before = b'/';
    let mut at = 0;
    let byte = |at: usize| value.get(at).copied().unwrap_or(b'/');
    // Behind the end stands what ends a number.
    while at <= value.len() {
        let mut now = byte(at);
        if now == b'%' {
            now = unescaped(value, at);
            at += 2;
        }
        let digit = now.wrapping_sub(b'0');
        let letter = now.is_ascii_alphabetic();
        row = if letter || digit < 10 { row + 1 } else { 0 };

        if at < value.len() {
            length += 1;
            longest = longest.max(row);
            digits |= digit < 10;
            capitals |= now.is_ascii_uppercase();
            // What fills up a token in base64 says nothing of it.
            structure |= row == 0 && !matches!(now, b'-' | b'_' | b'.' | b'~' | b'+' | b'=');
        }

        if now == b'@' {
            host = u32::from(!matches!(before, b'/' | b' '));
            letters = 0;
        } else if row == 0 && !matches!(now, b'-' | b'.') {
            host = 0;
        } else if host > 0 {
            // Pictures for fine screens are called `logo@2x.png`.
            let picture = host == 2 && now == b'x' && before.is_ascii_digit();
            host = if picture { 0 } else { host + 1 };
            if now == b'.' {
                letters = u32::from(before != b'@');
            } else if letters > 0 {
                letters = if letter { letters + 1 } else { 0 };
                if letters > 2 && host > 0 {
                    return true;
                }
            }
        }

        if digit < 10 {
            count += 1;
            if count == 1 {
                first = digit;
            }
            let times = if digit > 4 { digit * 2 - 9 } else { digit * 2 };
            (once, twice) = (twice + u32::from(digit), once + u32::from(times));
        } else if letter || now == b'.' {
            // Part of a word, or of a fraction: no number by itself.
            count = 99;
        } else if !matches!(now, b' ' | b'+' | b'-') {
            let issued = matches!((first, count), (3, 14..=16) | (2 | 4..=6, 16));
            if issued && once % 10 == 0 {
                return true;
            }
            (count, once, twice) = (0, 0, 0);
        }
        before = now;
        at += 1;
    }
    digits && capitals && !structure && longest >= ROW_BYTES && length >= TOKEN_BYTES
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        with("", "", text)
    }

    fn with(allow: &str, deny: &str, text: &str) -> String {
        let rules = Rules {
            allow: allow.into(),
            deny: deny.into(),
        };
        String::from_utf8(scrubbed(text.as_bytes(), &rules)).unwrap()
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
            "/a?q=iPhone+15+Pro+Max+256+GB+case&utm_campaign=Summer_Sale_2024_Newsletter_A",
            "/a?v=d41d8cd98f00b204e9800998ecf8427e&id=6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            "/a?t=1767225600000&r=0.4111111111111111&n=4111111111111112&x=a4111111111111111",
            "/a?from=2026-01-02&to=2026-01-31T10:11:12.000Z&tel=%2B49+170+1234567",
            "/a?next=https://host.example/@joe.doe/x&url=%2Flogo%402x.png&p=@scope/pkg&at=a%20@b.example",
            "/a?x=%&y=%4&z=%zz&=&?&#",
            "/a?x=%3D&y=a%3Fb%26c%3D%23&%3F%3D=",
            "/a%3Fb/c%3Dd",
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
            (
                "/a#eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0?x=1",
                "/a#REDACTED?x=1",
            ),
            ("data:text/html;base64,PGI+", "data:text/html;base64"),
            (
                "/a?user%5Bpassword%5D=1&user[password]=2&token[0]=3&token%5B12%5D=4&code%5b%5d=5",
                "/a?user%5Bpassword%5D=REDACTED&user[password]=REDACTED&token[0]=REDACTED&token%5B12%5D=REDACTED&code%5b%5d=REDACTED",
            ),
            (
                "/a?next=%2Freset%3Ftoken%3Dabc%26x%3D1&y=2",
                "/a?next=%2Freset%3Ftoken%3DREDACTED&y=2",
            ),
            (
                "/a?next=%2Fb%3fx%3d1%26code%3d2&y=%2Fc%23sid%3D3",
                "/a?next=%2Fb%3fx%3d1%26code%3dREDACTED&y=%2Fc%23sid%3DREDACTED",
            ),
            (
                "/a?to=%2Fb%3Fmail%3Djoe%40shop.example%26x%3D1",
                "/a?to=%2Fb%3FREDACTED%26x%3D1",
            ),
            (
                "/a?password=ab%26cd%3De%23f&x=1#y",
                "/a?password=REDACTED&x=1#y",
            ),
            (
                "/proxy/https://joe:pw@shop.example/a",
                "/proxy/https://shop.example/a",
            ),
            (
                "https://a.example/in?next=https://joe:pw@intra:8080/x@y&z=https://b.example&at=a@b#http://joe@c",
                "https://a.example/in?next=https://intra:8080/x@y&z=https://b.example&at=a@b#http://c",
            ),
            ("/a?https://joe:p=w@intra&x=1", "/a?https://intra&x=1"),
            (
                "https://joe%3Fx%3D:pw@shop.example/a",
                "https://shop.example/a",
            ),
        ] {
            assert_eq!(of(url), expected);
        }
    }

    #[test]
    fn values_that_look_like_a_token_a_mail_address_or_a_card_are_taken_out() {
        for value in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
            "Zk9xT2hQbWc0c2V3Rk1aTXh2dz09QUJD%3D%3D",
            "joe@shop.example",
            "joe%40shop.example",
            "Joe+Doe+%3Cjoe.d%2Bx%40mail.shop.example%3E",
            "j%C3%B6%40b.example",
            "a@b+joe@163.com",
            "4111111111111111",
            "4111-1111-1111-1111",
            "4111+1111%201111+1111",
            "card:5555555555554444,12/30",
            "378282246310005",
        ] {
            assert_eq!(
                of(&std::format!(
                    "https://u.example/a?page=2&x={value}&y=3#top"
                )),
                "https://u.example/a?page=2&x=REDACTED&y=3#top",
                "{value}"
            );
            assert_eq!(of(&std::format!("/a?{value}")), "/a?REDACTED", "{value}");
            assert_eq!(
                of(&std::format!("/#/reset?x={value}")),
                "/#/reset?x=REDACTED",
                "{value}"
            );
        }
    }

    #[test]
    fn what_fills_up_a_token_belongs_to_it() {
        let url = "/a?x=c2VjcmV0IHNlY3JldCBzZWNyZXQ1==&y=1";
        assert_eq!(of(url), "/a?x=REDACTED&y=1");
    }

    #[test]
    fn the_page_can_say_which_parameters_stay_and_which_go() {
        let url = "/a?Token=1&mail=joe@shop.example&q=x&q2=4111111111111111#state=y";
        assert_eq!(
            with("token\nmail", "", url),
            "/a?Token=1&mail=joe@shop.example&q=x&q2=REDACTED#state=y"
        );
        assert_eq!(
            with("token\nmail\nq", "q\nstate", url),
            "/a?Token=1&mail=joe@shop.example&q=REDACTED&q2=REDACTED#state=REDACTED",
            "who is in both lists goes"
        );
        assert_eq!(
            with("next", "", "/a?next=b=joe@x.example"),
            "/a?next=b=joe@x.example"
        );
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
            "otp2",
            "user%5Bpassword%5D",
            "token%20",
        ] {
            assert!(secret(name.as_bytes()), "{name}");
        }
        for name in [
            "", "design", "zipcode", "author", "page", "tokens", "sides", "12", "%5D", "%",
        ] {
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
            // Within another address.
            let text = std::format!("https://host.example/{path}{text}");
            prop_assert!(!of(&text).contains("hunter2Q"));
        }
    }
}
