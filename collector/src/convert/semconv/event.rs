//! Events: those that OpenTelemetry has a name for get it, with its attributes; others keep their own.

use super::record::Draft;
use crate::convert::attrs::{Any, Attrs, to_any};
use farol_protocol::event::Event;
use farol_protocol::names::{attr, event, otel_event};
use farol_protocol::value::Value;

/// What Faro writes of a timing that the browser does not tell.
const UNTOLD: &str = "unknown";

/// What becomes of one attribute.
#[derive(Clone, Copy)]
enum Turn {
    /// The text, under another name.
    Text(&'static str),
    /// A number, where the text spells one; else it is a state of Faro's own.
    Number(&'static str),
    /// A boolean, where the text spells one.
    Flag(&'static str),
    /// A navigation's type, by OpenTelemetry's four where it is one of them.
    NavigationType,
    /// A part of a timing that OpenTelemetry has no name for, under our prefix.
    Timing,
}

pub(super) fn fill<'a>(draft: &mut Draft<'a>, item: &'a Event) {
    let name = otel_name(&item.name);
    draft.event_name = name.unwrap_or(&item.name).into();
    let out = &mut draft.attributes;
    if name.is_some_and(|name| name != item.name) {
        out.text(attr::EVENT_NAME, &item.name);
    }
    out.text(attr::EVENT_DOMAIN, &item.domain);
    for (key, value) in item.attributes.iter() {
        if let Some(turn) = turn(&item.name, key) {
            apply(out, turn, key, value);
        }
    }
}

/// Whether [`fill`] took this attribute.
pub(super) fn takes(item: &Event, key: &str) -> bool {
    turn(&item.name, key).is_some()
}

/// Adds an attribute that the page named. OpenTelemetry wants some as numbers, which Faro writes as text; what is no number there keeps its value under our
/// prefix, since stores give each name one type.
pub(super) fn free<'a>(out: &mut Attrs<'a>, name: &'a str, value: &'a Value) {
    if !matches!(name, attr::HTTP_RESPONSE_STATUS_CODE | attr::SERVER_PORT) {
        return out.free(name, to_any(value));
    }
    match (value, value.as_str().map(str::parse)) {
        (_, Some(Ok(number))) => out.free(name, Any::Int(number)),
        (Value::Int(_), _) => out.free(name, to_any(value)),
        _ => out.free([attr::EXTRA, "item.", name].concat(), to_any(value)),
    }
}

fn otel_name(name: &str) -> Option<&'static str> {
    Some(match name {
        event::SESSION_START => otel_event::SESSION_START,
        event::SESSION_END => otel_event::SESSION_END,
        event::NAVIGATION | event::FARO_NAVIGATION => otel_event::NAVIGATION,
        event::FARO_NAVIGATION_TIMING => otel_event::NAVIGATION_TIMING,
        event::FARO_RESOURCE_TIMING => otel_event::RESOURCE_TIMING,
        _ => return None,
    })
}

fn turn(name: &str, key: &str) -> Option<Turn> {
    // An event that names an address is about that one; the page's is in the document's.
    if key == attr::URL_FULL {
        return Some(Turn::Text(attr::URL_FULL));
    }
    match name {
        event::NAVIGATION | event::FARO_NAVIGATION => Some(match key {
            "url" | "toUrl" => Turn::Text(attr::URL_FULL),
            "fromUrl" => Turn::Text(attr::NAVIGATION_FROM),
            "sameDocument" => Turn::Flag(attr::NAVIGATION_SAME_DOCUMENT),
            "hashChange" => Turn::Flag(attr::NAVIGATION_HASH_CHANGE),
            "duration" => Turn::Number(attr::NAVIGATION_DURATION),
            "type" => Turn::NavigationType,
            _ => return None,
        }),
        event::FARO_NAVIGATION_TIMING if key == "type" => {
            Some(Turn::Text("browser.navigation_timing.type"))
        }
        event::FARO_NAVIGATION_TIMING | event::FARO_RESOURCE_TIMING => Some(match key {
            "name" => Turn::Text(attr::URL_FULL),
            "responseStatus" => Turn::Number(attr::HTTP_RESPONSE_STATUS_CODE),
            "initiatorType" => Turn::Text("browser.resource_timing.initiator_type"),
            "duration" => Turn::Number("browser.resource_timing.duration"),
            "transferSize" => Turn::Number("browser.resource_timing.transfer_size"),
            "encodedBodySize" => Turn::Number("browser.resource_timing.encoded_body_size"),
            "decodedBodySize" => Turn::Number("browser.resource_timing.decoded_body_size"),
            "protocol" => Turn::Text("browser.resource_timing.next_hop_protocol"),
            "renderBlockingStatus" => Turn::Text("browser.resource_timing.render_blocking_status"),
            "faroNavigationId" => Turn::Text(attr::NAVIGATION_ID),
            "faroPreviousNavigationId" => Turn::Text(attr::NAVIGATION_PREVIOUS),
            "faroResourceId" => Turn::Text(attr::RESOURCE_ID),
            // Faro's other fields are durations and states of its own; OpenTelemetry has points in time. What it does not write itself is the page's, or
            // the operator's, and keeps its name.
            "httpHost"
            | "tcpHandshakeTime"
            | "dnsLookupTime"
            | "tlsNegotiationTime"
            | "redirectTime"
            | "requestTime"
            | "responseTime"
            | "fetchTime"
            | "serviceWorkerTime"
            | "cacheHitStatus"
            | "visibilityState"
            | "ttfb"
            | "pageLoadTime"
            | "documentParsingTime"
            | "domProcessingTime"
            | "domContentLoadHandlerTime"
            | "onLoadTime"
            // Of its first versions.
            | "totalNavigationTime" => Turn::Timing,
            _ => return None,
        }),
        _ => None,
    }
}

fn apply<'a>(out: &mut Attrs<'a>, turn: Turn, key: &str, value: &'a Value) {
    let name = match turn {
        Turn::Text(name) => name,
        Turn::Number(name) => {
            if let Some(Ok(number)) = value.as_str().map(str::parse::<i64>) {
                return out.free(name, Any::Int(number));
            }
            match value.as_f64() {
                Some(_) if value.as_str().is_none() => name,
                Some(number) => return out.free(name, Any::Double(number)),
                None => return apply(out, Turn::Timing, key, value),
            }
        }
        Turn::Flag(name) => match value.as_str() {
            Some("true") => return out.free(name, Any::Bool(true)),
            Some("false") => return out.free(name, Any::Bool(false)),
            _ => name,
        },
        Turn::NavigationType => match value.as_str() {
            Some("push" | "replace" | "reload" | "traverse") => attr::NAVIGATION_TYPE,
            other => {
                if other == Some("hash") && out.get(attr::NAVIGATION_HASH_CHANGE).is_none() {
                    out.put(attr::NAVIGATION_HASH_CHANGE, Any::Bool(true));
                }
                attr::NAVIGATION_KIND
            }
        },
        Turn::Timing => {
            if matches!(value.as_str(), Some("" | UNTOLD)) {
                return;
            }
            let name = snake(attr::TIMING, key);
            return match value.as_str().and_then(|text| text.parse::<i64>().ok()) {
                Some(number) => out.free(name, Any::Int(number)),
                None => out.free(name, to_any(value)),
            };
        }
    };
    if value.as_str() != Some("") {
        out.free(name, to_any(value));
    }
}

/// `dnsLookupTime` as `dns_lookup_time`, behind a prefix.
fn snake(prefix: &str, key: &str) -> String {
    let mut out = String::with_capacity(prefix.len() + key.len() + 4);
    out.push_str(prefix);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
