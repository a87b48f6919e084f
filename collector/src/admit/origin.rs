//! Origins: as they are set, and whether a request's is covered.

use std::net::Ipv6Addr;

use crate::config::Origin;

/// Schemes of addresses that browsers show no page of, or give none an origin.
const NO_PAGES: [&str; 5] = ["data", "file", "ftp", "ws", "wss"];

impl Origin {
    /// Reads `https://shop.example`, `https://*.shop.example`, `shop.example` (any scheme), or `*`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self {
                scheme: None,
                host: String::new(),
                wildcard: true,
                port: None,
            });
        }
        if text.eq_ignore_ascii_case("null") {
            return Err(
                "this is what pages without an origin send, whoever they are; name those that may send, such as https://shop.example, or * for all",
            );
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if scheme.as_deref().is_some_and(|it| NO_PAGES.contains(&it)) {
            return Err("no page has an origin of this scheme; write https, or http");
        }
        if rest.contains(['/', '?', '#', '@']) {
            return Err("an origin is scheme, host and port only, such as https://shop.example");
        }
        let (wildcard, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (host, port) = split_port(rest).ok_or("the port is not a number")?;
        if host.contains('*') || (host.is_empty() && wildcard) {
            return Err(
                "a wildcard stands for whole labels at the front, such as https://*.shop.example",
            );
        }
        if !is_host(host) || !scheme.as_deref().is_none_or(is_scheme) {
            return Err(
                "write scheme, host and port as browsers do, such as https://shop.example; a name in another script as xn--…",
            );
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            wildcard,
            port: port.filter(|p| Some(*p) != default_port(scheme.as_deref())),
            scheme,
        })
    }

    /// Whether a request's Origin header is covered.
    pub fn allows(&self, origin: &str) -> bool {
        if self.wildcard && self.host.is_empty() {
            return true;
        }
        // Read as what it has to be before anything is compared: a text that only ends as an origin does is none.
        let Some((scheme, rest)) = origin.split_once("://") else {
            return false;
        };
        let Some((host, port)) = split_port(rest) else {
            return false;
        };
        if !is_scheme(scheme) || !is_host(host) {
            return false;
        }
        let scheme = scheme.to_ascii_lowercase();
        let port = port.filter(|p| Some(*p) != default_port(Some(&scheme)));
        if self.scheme.as_ref().is_some_and(|s| *s != scheme) || self.port != port {
            return false;
        }
        let host = host.to_ascii_lowercase();
        match self.wildcard {
            false => host == self.host,
            true => host
                .strip_suffix(&self.host)
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|front| !front.is_empty()),
        }
    }
}

fn default_port(scheme: Option<&str>) -> Option<u16> {
    match scheme {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    match authority.rsplit_once(':') {
        // An IPv6 address without a port ends in its bracket.
        Some((_, port)) if port.ends_with(']') => Some((authority, None)),
        // `parse` alone would take a sign.
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            Some((host, Some(port.parse().ok()?)))
        }
        Some(_) => None,
        None => Some((authority, None)),
    }
}

/// RFC 3986's scheme.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && (text.bytes()).all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// An IPv6 address in brackets, or labels as browsers write them in an origin.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !label.is_empty() && label.bytes().all(plain)
    };
    // A name may end in the root's dot.
    text.strip_suffix('.')
        .unwrap_or(text)
        .split('.')
        .all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(setting: &str, origin: &str) -> bool {
        Origin::parse(setting).unwrap().allows(origin)
    }

    #[test]
    fn an_exact_origin_covers_itself_only() {
        assert!(allows("https://shop.example", "https://shop.example"));
        assert!(allows("https://shop.example:443", "https://shop.example"));
        assert!(allows("http://localhost:5173", "http://localhost:5173"));
        assert!(!allows("https://shop.example", "http://shop.example"));
        assert!(!allows("https://shop.example", "https://shop.example:8443"));
        assert!(!allows(
            "https://shop.example",
            "https://shop.example.evil.net"
        ));
        assert!(!allows("https://shop.example", "https://www.shop.example"));
        assert!(!allows("https://shop.example", "null"));
    }

    #[test]
    fn a_wildcard_covers_whole_labels_below_the_domain() {
        assert!(allows("https://*.shop.example", "https://www.shop.example"));
        assert!(allows("https://*.shop.example", "https://a.b.shop.example"));
        assert!(!allows("https://*.shop.example", "https://shop.example"));
        assert!(!allows(
            "https://*.shop.example",
            "https://evilshop.example"
        ));
        assert!(!allows("https://*.shop.example", "https://.shop.example"));
        assert!(allows("*", "null"));
    }

    #[test]
    fn what_is_no_origin_is_covered_by_no_wildcard() {
        for none in [
            "https://evil.com/.shop.example",
            "https://evil.com?.shop.example",
            "https://evil.com#.shop.example",
            "https://evil.com\\.shop.example",
            "https://evil.com@www.shop.example",
            "https://evil.com:80.shop.example",
            "https://evil.com: .shop.example",
            "https://a..shop.example",
            "https://%2e.shop.example",
            "https://ä.shop.example",
            "https://www.shop.example:",
            "https://www.shop.example:+443",
            "https://www.shop.example/",
            "https://www.shop.example https://x.shop.example",
            "https:////www.shop.example",
            "://www.shop.example",
        ] {
            assert!(!allows("https://*.shop.example", none), "{none}");
            assert!(!allows("*.shop.example", none), "{none}");
        }
        assert!(allows(
            "https://*.shop.example",
            "https://xn--4ca.shop.example"
        ));
        assert!(allows("*.shop.example", "http://a_b.shop.example"));
    }

    #[test]
    fn a_host_alone_covers_both_schemes() {
        assert!(allows("shop.example", "http://shop.example"));
        assert!(allows("shop.example", "https://SHOP.example"));
        assert!(allows("[::1]", "http://[::1]"));
    }

    #[test]
    fn what_is_no_origin_is_refused_as_a_setting() {
        for bad in [
            "https://shop.example/",
            "https://*shop.example",
            "https://a:b",
            "",
            "https://",
            "https://münchen.example",
            "https://a b",
            "ht tp://a",
            "https://a:+1",
            "https://[::1",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
