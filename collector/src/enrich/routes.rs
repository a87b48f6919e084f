//! Templates of addresses, as the operator writes them (`/users/{id}/orders`): what tells one object from another in an address is left out
//! by them, so that metrics and searches count pages and not visitors.

use std::collections::HashSet;

use farol_protocol::item::Item;
use farol_protocol::map::Map;
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::value::Value;

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
    Text(String),
    Any,
}

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
            false => Part::Text((*name).to_owned()),
        };
        let parts: Vec<_> = names.iter().map(part).collect();
        let odd = |part: &Part| matches!(part, Part::Text(text) if text.contains(['{', '}', '*']));
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
                (Part::Text(own), Some(given)) => own == given,
                (_, None) => false,
            })
            && (self.open || given.next().is_none())
    }
}

/// Notes the template of each address in a payload that one fits; the first in the list counts.
pub(super) fn apply(templates: &[Template], payload: &mut Payload) {
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
    for (_, item) in payload.items() {
        let page = &payload.context(item.overrides()).page.url;
        look(page, page);
        let attributes = match item {
            Item::Span(_, _, span) => &*span.attributes,
            Item::Event(event) => &event.attributes,
            _ => continue,
        };
        for name in [attr::URL_FULL, "http.url", "url", "toUrl"] {
            if let Some(Value::Text(url)) = attributes.get(name) {
                look(url, page);
            }
        }
    }
    for (_, _, _, record) in payload.records() {
        let text = |name| record.attributes.get(name).and_then(Value::as_str);
        let page = text(attr::DOCUMENT_URL).unwrap_or_default();
        for url in [text(attr::URL_FULL), text(attr::DOCUMENT_URL)]
            .into_iter()
            .flatten()
        {
            look(url, if page.is_empty() { url } else { page });
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
        apply(&templates(given), &mut payload);
        payload.farol.routes.get(url).map(Value::to_text)
    }

    #[test]
    fn an_address_gets_the_first_template_that_fits() {
        let given = [
            "/users/new",
            "/users/{id}",
            "/docs/**",
            "other.example/x/{y}",
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
        apply(&templates(&["/users/{id}", "/api/{id}"]), &mut payload);
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
        apply(&[], &mut payload);
        assert!(payload.farol.routes.is_empty(), "a client's are not taken");
    }

    #[test]
    fn so_many_addresses_of_a_payload_get_a_template_and_no_more() {
        let event = |n: usize| {
            format!(
                r#"{{"name":"e","attributes":{{"url":"/users/{}"}}}}"#,
                n / 2
            )
        };
        let events: Vec<_> = (0..2 * MOST_ADDRESSES + 10).map(event).collect();
        let body = format!(r#"{{"meta":{{}},"events":[{}]}}"#, events.join(","));
        let limits = crate::decode::Limits::default();
        let decoded = crate::decode::faro(body.as_bytes(), &limits);
        let mut payload = decoded.unwrap().payload;
        apply(&templates(&["/users/{id}"]), &mut payload);
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
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
