//! What must not be stored is taken out here, before anything is: credentials in addresses, wherever in a payload an
//! address stands. Names of people and the like are for the page to leave out, and for rules to come.

mod url;

use farol_protocol::payload::Payload;
use farol_protocol::walk::{At, Walk};

/// What stands where something was taken out.
pub const REDACTED: &str = "REDACTED";

/// Scrubs a payload in place.
pub fn scrub(payload: &mut Payload) {
    payload.visit(&mut Scrubber);
}

/// Scrubs one text that is known to hold an address, relative ones included: a referrer, a request's own.
#[must_use]
pub fn scrub_url(text: &str) -> String {
    url::whole(text).unwrap_or_else(|| text.to_owned())
}

/// The rules, in the order in which they look at a text.
const RULES: &[fn(At<'_>, &str) -> Option<String>] = &[addresses];

struct Scrubber;

impl Walk for Scrubber {
    fn text(&mut self, at: At<'_>, text: &mut String) {
        for rule in RULES {
            if let Some(clean) = rule(at, text) {
                *text = clean;
            }
        }
    }

    fn name(&mut self, at: At<'_>, name: &mut String) -> bool {
        let clean = RULES
            .iter()
            .find_map(|rule| rule(At { key: "", ..at }, name));
        let changed = clean.is_some();
        if let Some(clean) = clean {
            *name = clean;
        }
        changed
    }
}

/// Credentials in addresses: in a field that holds an address all of it, in any other text each address within.
fn addresses(at: At<'_>, text: &str) -> Option<String> {
    if holds_address(at) {
        url::whole(text)
    } else {
        url::within(text)
    }
}

/// Fields and attributes that hold one address, which may be relative.
fn holds_address(at: At<'_>) -> bool {
    matches!(at.field, "Page.url" | "Frame.filename")
        || matches!(
            at.key,
            "url"
                | "url.full"
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
}

#[cfg(test)]
mod tests;
