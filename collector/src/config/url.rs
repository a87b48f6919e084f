//! URLs as they may be shown: what stands in a query or before the host is often a secret.

use std::borrow::Cow;

/// What stands for what is not shown.
const HIDDEN: &str = "(hidden)";

/// A text without what a URL in it, or each of a list, could give away. Judged by eye and not parsed: a mistyped one is shown as well.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    let next = (text.match_indices(','))
        .map(|(at, sign)| at + sign.len())
        .find(|at| begins_with_url(&text[*at..]));
    let Some((first, others)) = next.map(|at| text.split_at(at)) else {
        return one(text);
    };
    // Behind a query all may belong to it.
    match first.contains("://") && first.contains(['?', '#']) {
        true => one(text),
        false => Cow::Owned(format!("{}{}", one(first), shown(others))),
    }
}

fn begins_with_url(text: &str) -> bool {
    let scheme = text.trim_start().split_once("://");
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    scheme.is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(plain))
}

fn one(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        // An address without a scheme, such as a broker's. Conditions hold such signs too, and spaces.
        return match text.rsplit_once('@') {
            Some((user, host)) if user.contains(':') && !user.contains(char::is_whitespace) => {
                Cow::Owned(format!("{HIDDEN}@{host}"))
            }
            _ => Cow::Borrowed(text),
        };
    };
    let (rest, query) = match rest.find(['?', '#']) {
        Some(at) => (&rest[..at], Some(&rest[at..=at])),
        None => (rest, None),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit_once('@').map(|(_, host)| host);
    if query.is_none() && host.is_none() {
        return Cow::Borrowed(text);
    }
    let user = host.map_or(String::new(), |_| format!("{HIDDEN}@"));
    let query = query.map_or(String::new(), |sign| format!("{sign}{HIDDEN}"));
    let host = host.unwrap_or(authority);
    Cow::Owned(format!("{scheme}://{user}{host}{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_url_could_give_away_is_hidden_and_all_else_shown() {
        for (text, expected) in [
            (
                "https://a.example/v1?token=abc&x=1",
                "https://a.example/v1?(hidden)",
            ),
            (
                "https://me:pw@a.example:4318/p",
                "https://(hidden)@a.example:4318/p",
            ),
            (
                "htps://me:p@w@a.example#k",
                "htps://(hidden)@a.example#(hidden)",
            ),
            ("https://a.example/p@q", "https://a.example/p@q"),
            ("https://*.shop.example", "https://*.shop.example"),
            ("no url ? at all", "no url ? at all"),
            (
                "[http://a.example:1, https://me:pw@b.example/p, c]",
                "[http://a.example:1, https://(hidden)@b.example/p, c]",
            ),
            (
                "http://a.example/?t=1,http://me:pw@b.example",
                "http://a.example/?(hidden)",
            ),
            ("http://me:p,w@a.example", "http://(hidden)@a.example"),
            ("me:p,w@a.example:9092", "(hidden)@a.example:9092"),
            ("me@shop.example", "me@shop.example"),
            (
                "kind == \"log\" && user == \"a:b@c\"",
                "kind == \"log\" && user == \"a:b@c\"",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
