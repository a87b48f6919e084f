//! What must not be stored is taken out here, before anything is: values whose names say that they are secret, mail addresses, numbers of
//! cards and accounts, tokens, visitors' addresses, credentials and queries of URLs; wherever in a payload a text stands.
//!
//! Looked for by hand and not by patterns of a library: a payload has a hundred texts and the collector microseconds for it.

use std::sync::LazyLock;

use farol_protocol::payload::Payload;
use farol_protocol::walk::{At, Walk, Walked};

mod card;
mod cut;
mod digits;
mod encoded;
mod hash;
mod iban;
mod ip;
mod mail;
mod names;
mod pairs;
mod plain;
mod rules;
mod shape;
mod text;
mod token;
mod url;

use cut::{Cuts, Kind};
use names::Names;
pub(crate) use rules::ENDUSER_ID;
pub use rules::{Action, Query, Rules, USER_FIELDS};
use text::Search;
use url::Part;

/// How much of a text that is too long has to be seen beyond what is kept of it: more than any address, number or key has letters, and most
/// tokens.
pub(crate) const MARGIN: usize = 4096;

/// What stands where something was taken out.
pub const REDACTED: &str = "REDACTED";

/// The rules of an app, ready for use.
#[derive(Debug)]
pub struct Scrubber {
    rules: Rules,
    names: Names,
    plain: plain::Plain,
}

impl Default for Scrubber {
    fn default() -> Self {
        Self::new(Rules::default())
    }
}

/// Scrubs one text that is known to hold an address, relative ones included: a referrer, a request's own.
#[must_use]
pub fn scrub_url(text: &str) -> String {
    static DEFAULT: LazyLock<Scrubber> = LazyLock::new(Scrubber::default);
    DEFAULT
        .clean(text, None, &|| true, &|| true)
        .unwrap_or_else(|| text.to_owned())
}

impl Scrubber {
    /// With these rules.
    pub fn new(rules: Rules) -> Self {
        Self {
            names: Names::new(&rules.secret_names),
            plain: plain::Plain::new(),
            rules,
        }
    }

    /// Scrubs a payload in place.
    pub fn scrub(&self, payload: &mut Payload) {
        if !self.rules.passthrough {
            payload.visit(&mut Visit(self));
        }
    }

    /// What a text becomes that is none of a payload's; `name` is its attribute's, or empty. None where it stays.
    pub fn text(&self, name: &str, text: &str) -> Option<String> {
        if self.rules.passthrough {
            return None;
        }
        let at = At {
            field: "",
            key: name,
        };
        self.clean_at(at, text)
    }

    /// What becomes of the value of an attribute because of its name.
    pub fn named(&self, name: &str) -> Option<Action> {
        if self.rules.passthrough {
            return None;
        }
        if self.forbids(name) {
            return Some(Action::Drop);
        }
        // What an operator names is wanted; of attributes in general nobody knows what they are.
        match rules::user_field(name) {
            Some(field) if field != rules::USER_ATTRIBUTES => None,
            _ => self.secret(name),
        }
    }

    /// Whether an attribute of this name says something of the user that must not stay.
    fn forbids(&self, name: &str) -> bool {
        rules::user_field(name).is_some_and(|field| !self.allows_user(field))
    }

    /// What becomes of a value whose name says that it is secret.
    fn secret(&self, name: &str) -> Option<Action> {
        (self.rules.named != Action::Keep && self.names.is_secret(name)).then_some(self.rules.named)
    }

    /// What stands in the place of a text that must not stay, if anything does.
    pub fn instead(&self, action: Action, text: &str) -> Option<String> {
        match action {
            Action::Keep => Some(text.to_owned()),
            Action::Mask => Some(REDACTED.to_owned()),
            Action::Drop => None,
            Action::Hash => {
                let key = self.rules.hash_key.as_ref();
                // Settings see to it that there is a key; without one nothing may be told.
                Some(key.map_or_else(
                    || REDACTED.to_owned(),
                    |key| hash::keyed(key.reveal().as_bytes(), text),
                ))
            }
        }
    }

    fn clean_at(&self, at: At<'_>, text: &str) -> Option<String> {
        let (address, ips) = (|| holds_address(at), || may_hold_ip(at, text));
        self.clean(text, part(at.key), &address, &ips)
    }

    fn clean(
        &self,
        text: &str,
        part: Option<Part>,
        address: &dyn Fn() -> bool,
        ips: &dyn Fn() -> bool,
    ) -> Option<String> {
        let mut cuts = Cuts::default();
        let search = Search {
            names: &self.names,
            query: &self.rules.query,
            part,
            address,
            ips: &|| self.rules.ips != Action::Keep && ips(),
        };
        search.find(text, &mut cuts);
        cuts.0.retain(|cut| self.action(cut.kind) != Action::Keep);
        if cuts.0.is_empty() {
            return None;
        }
        Some(cuts.apply(text, |kind, found, out| {
            out.push_str(&self.instead(self.action(kind), found).unwrap_or_default());
        }))
    }

    fn action(&self, kind: Kind) -> Action {
        match kind {
            Kind::Login | Kind::Query => Action::Drop,
            Kind::Named => self.rules.named,
            Kind::Mail => self.rules.mails,
            Kind::Card => self.rules.cards,
            Kind::Iban => self.rules.ibans,
            Kind::Token => self.rules.tokens,
            Kind::Ip => self.rules.ips,
        }
    }

    fn allows_user(&self, field: &str) -> bool {
        self.rules
            .user_fields
            .iter()
            .any(|allowed| allowed == field)
    }
}

struct Visit<'a>(&'a Scrubber);

impl Walk for Visit<'_> {
    fn text(&mut self, at: At<'_>, text: &mut String) {
        if let Some(field) = at.field.strip_prefix("User.") {
            let field = if field == "*" { "attributes" } else { field };
            if !self.0.allows_user(field) {
                text.clear();
            }
        }
        // An operator who wants the mail address has said so.
        if (at.field == "User.email" || at.key == "user.email") && self.0.allows_user("email") {
            return;
        }
        if is_id(at, text) {
            return;
        }
        if let Some(clean) = self.0.clean_at(at, text) {
            *text = clean;
        }
    }

    fn name(&mut self, _at: At<'_>, name: &mut String) -> bool {
        let clean = self.0.clean(name, None, &|| false, &|| true);
        match clean {
            Some(clean) => {
                *name = clean;
                true
            }
            None => {
                if self.0.named(name).is_none() {
                    self.0.plain.learn(name);
                }
                false
            }
        }
    }

    fn knows(&mut self, name: &str) -> bool {
        self.0.plain.knows(name)
    }

    fn entry(&mut self, at: At<'_>, value: &mut dyn Walked, known: bool) -> bool {
        if matches!(at.field, "User.attributes" | "User.*") && !self.0.allows_user("attributes") {
            return false;
        }
        // How long, how often: what is measured is not what is known of a user.
        let measured = at.field == "Measurement.values";
        let named = match (known, measured) {
            (true, _) => None,
            (false, true) => self.0.secret(at.key),
            // Of a person flags and gaps say as much as texts.
            (false, false) if self.0.forbids(at.key) => return false,
            (false, false) => self.0.named(at.key),
        };
        let Some(action) = named else {
            // No text can stand in the place of a measured value: one that is a card's number goes.
            return !measured || !self.is_card(&*value);
        };
        let Some(text) = value.told().filter(|text| tells(text)) else {
            return true;
        };
        match self.0.instead(action, &text) {
            Some(text) => value.put(text),
            None => false,
        }
    }

    fn integer(&mut self, at: At<'_>, number: i64) -> Option<String> {
        // Shorter ones are no card's.
        (number >= 1_000_000_000_000)
            .then(|| {
                let text = number.to_string();
                self.0.clean(&text, None, &|| holds_address(at), &|| false)
            })
            .flatten()
    }
}

impl Visit<'_> {
    fn is_card(&self, value: &dyn Walked) -> bool {
        let long = |text: &String| text.len() > 12 && text.bytes().all(|b| b.is_ascii_digit());
        let text = value.told().filter(long);
        text.is_some_and(|text| (self.0.clean(&text, None, &|| false, &|| false)).is_some())
    }
}

/// Whether a value that ought to be secret says anything: flags and gaps do not.
fn tells(text: &str) -> bool {
    !matches!(
        text,
        "true" | "false" | "null" | "undefined" | "none" | "0" | "1" | "yes" | "no"
    )
}

/// Ids of traces and spans in their own fields: of sixteen hexadecimal digits one in some thousands has no letter, and must not be taken
/// for a card.
fn is_id(at: At<'_>, text: &str) -> bool {
    matches!(text.len(), 16 | 32)
        && matches!(
            at.field,
            "TraceContext.trace_id"
                | "TraceContext.span_id"
                | "Span.traceId"
                | "Span.spanId"
                | "Span.parentSpanId"
                | "Link.traceId"
                | "Link.spanId"
                | "SpanLink.traceId"
                | "SpanLink.spanId"
                | "Farol.client"
        )
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Versions look like addresses, and a server's address is no visitor's.
fn may_hold_ip(at: At<'_>, text: &str) -> bool {
    let server = matches!(
        at.key,
        "server.address" | "server.socket.address" | "net.host.ip" | "host.ip"
    );
    if server {
        return text.parse::<std::net::IpAddr>().is_err();
    }
    let version = at.field.ends_with(".version")
        || at.key.ends_with("version")
        || at.key.ends_with("Version");
    !(version && is_version(text))
}

/// Four numbers of which those behind the first are small, as an address's rarely all are.
fn is_version(text: &str) -> bool {
    let mut parts = text.split('.');
    let mut next = |most: u32| {
        parts
            .next()
            .is_some_and(|part| part.parse().is_ok_and(|n: u32| n <= most))
    };
    next(255) && next(99) && next(99) && next(99) && parts.next().is_none()
}

/// Fields and attributes that hold one address, which may be relative.
fn holds_address(at: At<'_>) -> bool {
    matches!(at.field, "Page.url" | "Frame.filename")
        || matches!(
            at.key,
            "url"
                | "url.full"
                | "url.original"
                | "url.path"
                | "http.url"
                | "http.target"
                | "fromUrl"
                | "toUrl"
                | "documentURI"
                | "blockedURI"
                | "referrer"
                | "sourceFile"
                | "resource_url"
                | "href"
        )
        || (at.key == "name" && at.field == "Event.attributes")
        || at.key.ends_with("_source_url")
        || at.key.ends_with(".url")
        || at.key.ends_with(".url.full")
        || at.key.ends_with(".url.original")
}

/// Attributes that hold the query or the fragment of an address, as OpenTelemetry takes addresses apart.
fn part(key: &str) -> Option<Part> {
    let is = |name: &str| {
        let before = key.strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    match () {
        () if is("url.query") => Some(Part::Query),
        () if is("url.fragment") => Some(Part::Fragment),
        () => None,
    }
}

/// The text before a place, at most so many bytes of it: whatever looks back does it within a bound.
fn before(text: &str, at: usize, most: usize) -> &str {
    let mut from = at.saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..at]
}

#[cfg(test)]
mod tests;
