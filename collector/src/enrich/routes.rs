//! Templates of addresses, as the operator writes them (`/users/{id}/orders`): what tells one object from another in an address is left out
//! by them, so that metrics and searches count pages and not visitors.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use crate::address::{Address, leads_to};
use farol_protocol::item::Item;
use farol_protocol::map::Map;
use farol_protocol::payload::Payload;
use farol_protocol::value::Value;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    /// Without one: the page's own host, and addresses without a host.
    host: Option<String>,
    parts: Vec<Part>,
    /// Whether anything may follow.
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// As it was written, and as browsers write it where that is another.
    Text(String, Option<String>),
    Any,
}

/// What browsers encode in a path, beside what is no ASCII and what no template has.
const ENCODED: &AsciiSet = &CONTROLS.add(b'"').add(b'<').add(b'>').add(b'`');

/// The longest template, and the most parts of one: routes that anybody reads.
const LONGEST: usize = 120;
const MOST_PARTS: usize = 16;

/// The most addresses of a payload that get a template: as many as an SDK's batch has items. Whoever reads a payload looks through them for each item.
const MOST_ADDRESSES: usize = 1000;

impl Template {
    /// Reads one: `/users/{id}`, `/docs/**`, `api.example/v1/{id}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        if path.is_empty() || text.contains("://") || text.contains(['?', '#', ' ']) {
            return Err("write a path such as /users/{id}, or a host and a path".into());
        }
        if !stands_as_it_is(host) {
            return Err("a host stands as it is, such as api.example/v1/{id}; name each".into());
        }
        let mut names: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        let open = names.last() == Some(&"**");
        if open {
            names.pop();
        }
        if text.len() > LONGEST || names.len() > MOST_PARTS {
            return Err(format!("at most {LONGEST} letters and {MOST_PARTS} parts"));
        }
        let part = |name: &&str| match name.starts_with('{') && name.ends_with('}') {
            true => Part::Any,
            false => {
                let encoded = utf8_percent_encode(name, ENCODED).to_string();
                Part::Text((*name).to_owned(), Some(encoded).filter(|it| it != name))
            }
        };
        let parts: Vec<_> = names.iter().map(part).collect();
        let odd =
            |part: &Part| matches!(part, Part::Text(text, _) if text.contains(['{', '}', '*']));
        if parts.iter().any(odd) {
            return Err(
                "{name} stands for a whole part, ** for all that follows at the end".into(),
            );
        }
        Ok(Self {
            text: text.to_owned(),
            host: (!host.is_empty()).then(|| host.to_ascii_lowercase()),
            parts,
            open,
        })
    }

    /// What of it fits no address, as far as that can be told, and what to write.
    pub(crate) fn remark(&self) -> Option<(String, String)> {
        let text = &self.text;
        if let Some(host) = &self.host {
            if !host.is_ascii() {
                let found = format!("of {text} the host is none that a browser writes");
                return Some((found, "write it as it does, with xn--".into()));
            }
            if !host.contains(['.', ':']) && host != "localhost" {
                let found = format!("{text} is for pages of a host called {host}");
                return Some((found, format!("where a path is meant, write /{text}")));
            }
        }
        let foreign = |part: &Part| matches!(part, Part::Text(text, _) if is_foreign(text));
        self.parts.iter().any(foreign).then(|| {
            let found = format!(
                "of {text} a part is written as other routers do, and stands as it is here"
            );
            (found, "write {id} for a part that differs".into())
        })
    }

    fn fits(&self, host: Option<&str>, path: &str) -> bool {
        let same_host = match (&self.host, host) {
            (None, host) => host.is_none(),
            (Some(own), Some(host)) => own.eq_ignore_ascii_case(host),
            (Some(_), None) => false,
        };
        let mut given = path.split('/').filter(|part| !part.is_empty());
        same_host
            && self.parts.iter().all(|part| match (part, given.next()) {
                (Part::Any, Some(_)) => true,
                (Part::Text(own, encoded), Some(given)) => {
                    own == given || encoded.as_deref() == Some(given)
                }
                (_, None) => false,
            })
            && (self.open || given.next().is_none())
    }
}

/// Hosts are compared letter by letter. Only an IPv6 address has brackets.
fn stands_as_it_is(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|it| it.split_once(']'));
    let rest = match inner {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => port,
        _ => host,
    };
    !rest.contains(['{', '}', '*', '[', ']'])
}

/// `:id`, `[id]`, `<id>`: Express, Next and Flask.
fn is_foreign(part: &str) -> bool {
    let wrapped = |from, to| part.len() > 2 && part.starts_with(from) && part.ends_with(to);
    part.len() > 1 && part.starts_with(':') || wrapped('[', ']') || wrapped('<', '>')
}

/// Notes the template of each address in a payload that one fits; the first in the list counts. `origin` is that of the page which sent the payload, and
/// says the host of what names no page.
pub(super) fn apply(templates: &[Template], payload: &mut Payload, origin: &str) {
    payload.farol.routes = Map::default();
    if templates.is_empty() {
        return;
    }
    let mut known: HashSet<String> = HashSet::new();
    let mut found: Vec<(String, Value)> = Vec::new();
    let mut look = |url: &str, page: &str| {
        let Some((host, path)) = split(url) else {
            return;
        };
        let own = host.is_empty() || split(page).is_some_and(|(page, _)| page == host);
        // A page's own host may be written out, too.
        let fits = |it: &&Template| {
            it.fits((!host.is_empty()).then_some(host), path) || own && it.fits(None, path)
        };
        if found.len() < MOST_ADDRESSES
            && !known.contains(url)
            && let Some(template) = templates.iter().find(fits)
        {
            known.insert(url.to_owned());
            found.push((url.to_owned(), template.text.as_str().into()));
        }
    };
    let page = &payload.meta.page.url;
    look(page, page);
    let origin = Some(origin).filter(|origin| split(origin).is_some());
    for (_, item) in payload.items() {
        let address = Address::of(payload, item);
        let page = address.page_or(origin.unwrap_or_default());
        look(address.page, page);
        let to = match item {
            Item::Event(event) => leads_to(event),
            _ => None,
        };
        for url in address.own.into_iter().chain(to) {
            look(url, page);
        }
    }
    for (_, group, _, record) in payload.records() {
        let address = Address::of_record(payload, group, record);
        look(address.page, address.page);
        if let Some(url) = address.own {
            // What a record names is its page, where nothing speaks against it.
            look(url, address.page_or(origin.unwrap_or(url)));
        }
    }
    payload.farol.routes = found.into_iter().collect();
}

/// Host and path. An address of another scheme than HTTP (`about:blank`, `data:`) has neither.
pub(crate) fn split(url: &str) -> Option<(&str, &str)> {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    if url.starts_with('/') {
        return Some(("", url));
    }
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((host.rsplit('@').next().unwrap_or(host), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(texts: &[&str]) -> Vec<Template> {
        texts
            .iter()
            .map(|text| Template::parse(text).unwrap())
            .collect()
    }

    fn routes(given: &[&str], url: &str) -> Option<String> {
        let mut payload = Payload::default();
        payload.meta.page.url = url.into();
        apply(&templates(given), &mut payload, "");
        payload.farol.routes.get(url).map(Value::to_text)
    }

    #[test]
    fn an_address_gets_the_first_template_that_fits() {
        let given = [
            "/users/new",
            "/users/{id}",
            "/docs/**",
            "other.example/x/{y}",
            "/straße/{id}",
            "/caf%C3%A9",
            "[::1]:8080/v6/{id}",
            "/",
        ];
        for (url, want) in [
            ("https://a.example/users/new", Some("/users/new")),
            ("https://a.example/users/ana?tab=1#x", Some("/users/{id}")),
            ("https://a.example/users/ana/", Some("/users/{id}")),
            ("https://a.example/users", None),
            ("https://a.example/users/ana/orders", None),
            ("https://a.example/docs", Some("/docs/**")),
            ("https://a.example/docs/a/b/c", Some("/docs/**")),
            ("https://OTHER.example/x/1", Some("other.example/x/{y}")),
            ("https://a.example/x/1", None),
            // Browsers encode; what is not a browser's may not.
            ("https://a.example/stra%C3%9Fe/1", Some("/straße/{id}")),
            ("https://a.example/straße/1", Some("/straße/{id}")),
            ("https://a.example/caf%C3%A9", Some("/caf%C3%A9")),
            ("http://[::1]:8080/v6/1", Some("[::1]:8080/v6/{id}")),
            ("https://a.example", Some("/")),
            ("about:blank", None),
        ] {
            assert_eq!(routes(&given, url).as_deref(), want, "{url}");
        }
    }

    #[test]
    fn addresses_of_requests_and_navigations_get_theirs() {
        let body = r#"{"meta":{"page":{"url":"https://a.example/users/1"}},
            "events":[{"name":"browser.navigation","attributes":{"url":"https://a.example/users/2"}}],
            "logs":[{"message":"m","farol":{"page":{"url":"https://a.example/users/3"}}}],
            "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[
                {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"url.full","value":{"stringValue":"https://a.example/api/9"}}]},
                {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203332","attributes":[{"key":"url.full","value":{"stringValue":"https://b.example/api/9"}}]}]}]}]}}"#;
        let limits = crate::decode::Limits::default();
        let mut payload = crate::decode::faro(body.as_bytes(), &limits)
            .unwrap()
            .payload;
        apply(&templates(&["/users/{id}", "/api/{id}"]), &mut payload, "");
        let routes: Vec<_> = payload.farol.routes.sorted().into_iter().collect();
        let users = Value::from("/users/{id}");
        assert_eq!(
            routes,
            [
                ("https://a.example/api/9", &"/api/{id}".into()),
                ("https://a.example/users/1", &users),
                ("https://a.example/users/2", &users),
                ("https://a.example/users/3", &users),
            ]
        );
        apply(&[], &mut payload, "");
        assert!(payload.farol.routes.is_empty(), "a client's are not taken");
    }

    #[test]
    fn so_many_addresses_of_a_payload_get_a_template_and_no_more() {
        let event = |n: usize| {
            format!(
                r#"{{"name":"browser.navigation","attributes":{{"url":"/users/{}"}}}}"#,
                n / 2
            )
        };
        let events: Vec<_> = (0..2 * MOST_ADDRESSES + 10).map(event).collect();
        let body = format!(r#"{{"meta":{{}},"events":[{}]}}"#, events.join(","));
        let limits = crate::decode::Limits::default();
        let decoded = crate::decode::faro(body.as_bytes(), &limits);
        let mut payload = decoded.unwrap().payload;
        apply(&templates(&["/users/{id}"]), &mut payload, "");
        let routes = &payload.farol.routes;
        assert_eq!(routes.len(), MOST_ADDRESSES);
        assert!(routes.get("/users/999").is_some() && routes.get("/users/1000").is_none());
    }

    #[test]
    fn what_is_no_template_is_said() {
        for bad in [
            "",
            "users",
            "https://a.example/x",
            "/a?b",
            "/user-{id}",
            "/a/**/b",
            "/a*",
            "/{a",
            &"/x".repeat(100),
            "*.example.com/users/{id}",
            "{tenant}/users/{id}",
            "[tenant]/users/{id}",
            "[::1]*/x",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_probably_fits_no_address_is_remarked() {
        for (text, remedy) in [
            ("users/{id}", "write /users/{id}"),
            ("straße.example/x", "xn--"),
            ("/users/:id", "write {id}"),
            ("/users/[id]", "write {id}"),
            ("/docs/[[...slug]]", "write {id}"),
            ("/users/<id>", "write {id}"),
        ] {
            let (found, said) = templates(&[text])[0].remark().unwrap();
            assert!(
                found.contains(text) && said.contains(remedy),
                "{found}; {said}"
            );
        }
        for text in [
            "/users/{id}",
            "/straße/{id}",
            "/a:b/:",
            "api.example/v1/{id}",
            "localhost/x",
            "api:8080/x",
            "[::1]/x",
        ] {
            assert_eq!(templates(&[text])[0].remark(), None, "{text}");
        }
    }
}
