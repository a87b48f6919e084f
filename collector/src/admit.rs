//! Who may send, decided from cached configuration before a byte of the body is read.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};
use sha2::{Digest, Sha256};

use crate::config::{App, Origin};
use crate::outcome::Refusal;

/// The declared apps, ready for look-up.
#[derive(Debug, Default)]
pub struct Admission {
    apps: Vec<Arc<App>>,
    /// By digest, so that the time of a look-up tells nothing about a key.
    by_key: HashMap<[u8; 32], usize>,
}

impl Admission {
    /// Of the declared apps; none means that everybody may send.
    pub fn new(apps: &[App]) -> Self {
        let mut by_key = HashMap::new();
        for (i, app) in apps.iter().enumerate() {
            for key in &app.keys {
                by_key.insert(digest(key.reveal()), i);
            }
        }
        Self {
            apps: apps.iter().cloned().map(Arc::new).collect(),
            by_key,
        }
    }

    /// True where no apps are declared.
    pub fn is_open(&self) -> bool {
        self.apps.is_empty()
    }

    /// The app that a request belongs to; `None` where no apps are declared.
    pub fn admit(
        &self,
        path_key: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<App>>, (Refusal, String)> {
        if self.is_open() {
            return Ok(None);
        }
        let Some(key) = path_key.or_else(|| header_key(headers)) else {
            return Err((
                Refusal::MissingKey,
                "no app key: send it in the path (/collect/{key}) or in the x-api-key header"
                    .into(),
            ));
        };
        let Some(app) = self.by_key.get(&digest(key)).map(|i| &self.apps[*i]) else {
            return Err((
                Refusal::UnknownKey,
                "the app key is not one of the declared apps' keys".into(),
            ));
        };
        check_origin(app, headers)?;
        Ok(Some(app.clone()))
    }
}

fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), (Refusal, String)> {
    let Some(origin) = headers.get(ORIGIN) else {
        return match app.allow_no_origin {
            true => Ok(()),
            false => Err((
                Refusal::WrongOrigin,
                "the request has no Origin header and the app does not set allow_no_origin".into(),
            )),
        };
    };
    let given = origin.to_str().unwrap_or_default();
    match app.origins.iter().any(|allowed| allowed.allows(given)) {
        true => Ok(()),
        // The origin is the sender's own header, so naming it gives nothing away; it is cut because it is foreign text.
        false => Err((
            Refusal::WrongOrigin,
            format!(
                "origin {:.120} is not among the app's origins",
                given.escape_debug().to_string()
            ),
        )),
    }
}

fn header_key(headers: &HeaderMap) -> Option<&str> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &http::HeaderValue| v.to_str().ok())
    };
    if let Some(key) = text("x-api-key") {
        return Some(key.trim());
    }
    let value = text(AUTHORIZATION.as_str())?.trim();
    match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
        Some(_) => None,
        None => Some(value),
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

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
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if rest.contains(['/', '?', '#', '@']) {
            return Err("an origin is scheme, host and port only, such as https://shop.example");
        }
        let (wildcard, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (host, port) = split_port(rest).ok_or("the port is not a number")?;
        if host.is_empty() || host.contains('*') {
            return Err(
                "a wildcard stands for whole labels at the front, such as https://*.shop.example",
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
        let Some((scheme, rest)) = origin.split_once("://") else {
            return false;
        };
        let Some((host, port)) = split_port(rest) else {
            return false;
        };
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
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((authority, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

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
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }

    fn admission() -> Admission {
        Admission::new(&[App {
            name: "shop".into(),
            keys: vec![Secret::new("k1"), Secret::new("k2")],
            origins: vec![Origin::parse("https://shop.example").unwrap()],
            tenant: String::new(),
            allow_no_origin: false,
        }])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_key_counts_from_path_header_or_authorization() {
        let origin = ("origin", "https://shop.example");
        let apps = admission();
        let name = |r: Result<Option<Arc<App>>, _>| r.unwrap().unwrap().name.clone();
        assert_eq!(name(apps.admit(Some("k1"), &headers(&[origin]))), "shop");
        assert_eq!(
            name(apps.admit(None, &headers(&[origin, ("x-api-key", "k2")]))),
            "shop"
        );
        assert_eq!(
            name(apps.admit(None, &headers(&[origin, ("authorization", "Bearer k2")]))),
            "shop"
        );
        assert_eq!(
            name(apps.admit(None, &headers(&[origin, ("authorization", "k2")]))),
            "shop"
        );
    }

    #[test]
    fn who_has_no_key_a_wrong_key_or_a_wrong_origin_is_told_so() {
        let apps = admission();
        let why = |key, h: &[(&'static str, &str)]| apps.admit(key, &headers(h)).unwrap_err().0;
        assert_eq!(why(None, &[]), Refusal::MissingKey);
        assert_eq!(
            why(None, &[("authorization", "Basic k1")]),
            Refusal::MissingKey
        );
        assert_eq!(why(Some("k3"), &[]), Refusal::UnknownKey);
        assert_eq!(why(Some("k1"), &[]), Refusal::WrongOrigin);
        assert_eq!(
            why(Some("k1"), &[("origin", "https://evil.example")]),
            Refusal::WrongOrigin
        );
    }

    #[test]
    fn without_declared_apps_everybody_may_send() {
        assert!(
            Admission::new(&[])
                .admit(Some("any"), &HeaderMap::new())
                .unwrap()
                .is_none()
        );
    }
}
