//! Addresses made into routes: what tells one object from another becomes `{id}`, so that metrics count pages and not visitors.
//!
//! A guess by the look of each part, since the collector does not know the app's router. What the guess leaves distinct (titles in
//! addresses) is bounded by the number of series.

use crate::enrich::routes::split;

/// Parts of a path that are kept. Routes that go deeper differ in their first parts too.
const MAX_PARTS: usize = 8;
/// Characters of a route. Longer ones are no route that anybody reads on a chart.
const MAX_LENGTH: usize = 120;
/// A part longer than this holds data, whatever it looks like.
const MAX_PART: usize = 48;
const ID: &str = "{id}";

/// The route of a page: its path without what is particular. Empty where there is no path to speak of.
pub(crate) fn of_page(url: &str) -> String {
    match split(url) {
        Some((_, path)) => template(path),
        None => String::new(),
    }
}

/// The route of a request that a page makes: with the host in front where that is not the page's own.
pub(crate) fn of_request(url: &str, page: &str) -> String {
    let Some((host, path)) = split(url) else {
        return String::new();
    };
    let own = split(page).is_some_and(|(page, _)| page == host);
    match own || host.is_empty() {
        true => template(path),
        false => {
            let mut out: String = host.chars().take(MAX_LENGTH).collect();
            out.make_ascii_lowercase();
            out + &template(path)
        }
    }
}

fn template(path: &str) -> String {
    let mut out = String::new();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    for part in parts.by_ref().take(MAX_PARTS) {
        let part = generalise(part.split(';').next().unwrap_or(part));
        if out.len() + part.len() > MAX_LENGTH {
            out.push_str("/…");
            return out;
        }
        out.push('/');
        out.push_str(&part);
    }
    if parts.next().is_some() {
        out.push_str("/…");
    }
    match out.is_empty() {
        true => "/".into(),
        false => out,
    }
}

fn generalise(part: &str) -> String {
    if part.len() > MAX_PART || part.contains('@') || part.contains("%40") || is_token(part) {
        return ID.into();
    }
    let mut out = String::new();
    let mut word = String::new();
    for c in part.chars() {
        match c {
            '-' | '_' | '.' | ',' | ':' | '~' | '+' => {
                push_word(&mut out, &word);
                word.clear();
                out.push(c);
            }
            _ => word.push(c),
        }
    }
    push_word(&mut out, &word);
    // Nearly all parts are words.
    if !out.contains('{') {
        return out;
    }
    // `2024-05-01` is one id, not three.
    loop {
        let shorter = [
            "{id}-{id}",
            "{id}_{id}",
            "{id}.{id}",
            "{id},{id}",
            "{id}:{id}",
        ]
        .iter()
        .fold(out.clone(), |out, double| out.replace(double, ID));
        if shorter == out {
            return out;
        }
        out = shorter;
    }
}

fn push_word(out: &mut String, word: &str) {
    let id = !word.is_empty() && (word.bytes().all(|b| b.is_ascii_digit()) || is_token(word));
    out.push_str(if id { ID } else { word });
}

/// Whether this looks made by a machine: a UUID, a hash, a number with a prefix, a random token.
fn is_token(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let word = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = text.bytes().filter(u8::is_ascii_lowercase).count();
    match text.len() {
        // Hashes and UUIDs; eight hexadecimal letters without a digit is more often a word (`deadbeef`, `facade`).
        8.. if hex && digits > 0 => true,
        // `order12345`, `A1B2C3D4`: a few letters and many digits.
        5.. if word && digits * 2 >= text.len() => true,
        // Base 62 and its like: long, with digits, both cases, and no hyphen as titles have.
        16.. if word && digits >= 2 && !text.contains('-') => true,
        20.. if word && upper >= 4 && lower >= 4 && !text.contains('-') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_every_kind_become_one_placeholder() {
        for (url, want) in [
            ("https://shop.example/", "/"),
            ("https://shop.example", "/"),
            ("https://shop.example/cart/?step=2#pay", "/cart"),
            (
                "https://shop.example/users/42/orders/7",
                "/users/{id}/orders/{id}",
            ),
            (
                "https://shop.example/o/550e8400-e29b-41d4-a716-446655440000",
                "/o/{id}",
            ),
            (
                "https://shop.example/c/9fceb02d0ae598e95dc970b74767f19372d61af8",
                "/c/{id}",
            ),
            (
                "https://shop.example/assets/app.3f9a8b7c.js",
                "/assets/app.{id}.js",
            ),
            (
                "https://shop.example/s/01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "/s/{id}",
            ),
            ("https://shop.example/v/dQw4w9WgXcQ1a2B3", "/v/{id}"),
            (
                "https://shop.example/news/2024-05-01/a-quiet-day",
                "/news/{id}/a-quiet-day",
            ),
            ("https://shop.example/p/blue-shoe-1234", "/p/blue-shoe-{id}"),
            ("https://shop.example/order12345", "/{id}"),
            ("https://shop.example/u/ann%40mail.example", "/u/{id}"),
            ("https://shop.example/a;jsessionid=AB12/b", "/a/b"),
        ] {
            assert_eq!(of_page(url), want, "{url}");
        }
    }

    #[test]
    fn words_and_versions_stay() {
        for path in [
            "/api/v1/cart",
            "/de-CH/uber-uns",
            "/oauth2/callback",
            "/facade",
            "/i18n/en",
        ] {
            assert_eq!(of_page(&format!("https://a.example{path}")), path);
        }
    }

    #[test]
    fn a_request_elsewhere_names_its_host() {
        let page = "https://shop.example/cart";
        assert_eq!(of_request("https://shop.example/api/7", page), "/api/{id}");
        assert_eq!(of_request("/api/7", page), "/api/{id}");
        assert_eq!(
            of_request("https://u:p@API.example:8443/x", page),
            "api.example:8443/x"
        );
    }

    #[test]
    fn what_is_no_web_address_has_no_route() {
        for url in [
            "",
            "about:blank",
            "data:text/html,x",
            "file:///home/ann/x.html",
        ] {
            assert_eq!(of_page(url), "", "{url}");
        }
    }

    #[test]
    fn routes_are_bounded() {
        let deep = format!("https://a.example{}", "/part".repeat(100));
        assert_eq!(of_page(&deep), format!("{}/…", "/part".repeat(MAX_PARTS)));
        let long = format!("https://a.example/{}", "long-title-".repeat(50));
        assert_eq!(of_page(&long), "/{id}");
    }

    proptest! {
        #[test]
        fn any_address_makes_a_bounded_route(url in ".{0,300}", rest in "[ -~]{0,300}") {
            for url in [url, format!("https://a.example/{rest}")] {
                prop_assert!(of_page(&url).chars().count() <= 2 * MAX_LENGTH);
                prop_assert!(of_request(&url, "").chars().count() <= 3 * MAX_LENGTH + 300);
            }
        }

        #[test]
        fn numbers_never_tell_routes_apart(a in 0_u64.., b in 0_u64..) {
            let url = |n| format!("https://a.example/orders/{n}/items");
            prop_assert_eq!(of_page(&url(a)), of_page(&url(b)));
        }
    }
}
