//! Holds docs/wire.md to what the collector does.

use super::super::{Cut, Limits, Reason, faro};
use farol_protocol::event::Event;
use farol_protocol::item::{Action, Overrides, TraceContext};
use farol_protocol::log::Log;
use farol_protocol::measurement::Measurement;
use farol_protocol::payload::{Farol, Payload};
use farol_protocol::walk::{At, Walk};
use farol_protocol::{exception, limits, meta, span};
use serde_json::Value;

const PAGE: &str = include_str!("../../../../docs/wire.md");

fn payload() -> &'static str {
    let start = PAGE.find("```json\n").expect("a payload") + 8;
    let end = PAGE[start..].find("\n```").expect("its end");
    &PAGE[start..start + end]
}

/// Notes each field that is known only as an extra.
struct Unknown(Vec<&'static str>);

impl Walk for Unknown {
    fn text(&mut self, at: At<'_>, _text: &mut String) {
        if at.field.ends_with(".*") {
            self.0.push(at.field);
        }
    }

    fn name(&mut self, at: At<'_>, _name: &mut String) -> bool {
        if at.field.ends_with(".*") {
            self.0.push(at.field);
        }
        false
    }
}

#[test]
fn the_pages_payload_is_the_maximal_one_and_every_field_of_it_is_known() {
    let fixture = include_str!("../../../../tests/fixtures/payload/maximal.json");
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(parsed(payload()), parsed(fixture));
    let mut decoded = faro(payload().as_bytes(), &Limits::default()).expect("a payload");
    assert_eq!(
        (
            decoded.unreadable.len(),
            decoded.repaired.len(),
            decoded.cut
        ),
        (0, 0, Cut::default())
    );
    let mut unknown = Unknown(Vec::new());
    decoded.payload.visit(&mut unknown);
    assert_eq!(unknown.0, Vec::<&str>::new());
}

/// The keys of every object at a path; `*` stands for each element of a list.
fn keys(value: &Value, path: &str) -> Vec<String> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (first, value) {
        ("", Value::Object(map)) => map.keys().cloned().collect(),
        ("*", Value::Array(list)) => list
            .iter()
            .flat_map(|element| keys(element, rest))
            .collect(),
        (name, Value::Object(map)) => map
            .get(name)
            .map(|inner| keys(inner, rest))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[test]
fn no_field_that_the_collector_knows_is_missing_in_the_pages_payload() {
    let span = "traces/resourceSpans/*/scopeSpans/*/spans/*";
    let objects: Vec<(&[&str], String)> = vec![
        (Payload::FIELDS, String::new()),
        (Farol::FIELDS, "farol".to_owned()),
        (meta::Meta::FIELDS, "meta".to_owned()),
        (meta::Sdk::FIELDS, "meta/sdk".to_owned()),
        (
            meta::Integration::FIELDS,
            "meta/sdk/integrations/*".to_owned(),
        ),
        (meta::App::FIELDS, "meta/app".to_owned()),
        (meta::User::FIELDS, "meta/user".to_owned()),
        (meta::Session::FIELDS, "meta/session".to_owned()),
        (
            meta::SessionOverrides::FIELDS,
            "meta/session/overrides".to_owned(),
        ),
        (meta::Page::FIELDS, "meta/page".to_owned()),
        (meta::View::FIELDS, "meta/view".to_owned()),
        (meta::Browser::FIELDS, "meta/browser".to_owned()),
        (meta::Brand::FIELDS, "meta/browser/brands/*".to_owned()),
        (meta::K6::FIELDS, "meta/k6".to_owned()),
        (meta::Os::FIELDS, "meta/os".to_owned()),
        (meta::Device::FIELDS, "meta/device".to_owned()),
        (meta::Geo::FIELDS, "meta/geo".to_owned()),
        (Log::FIELDS, "logs/*".to_owned()),
        (Overrides::FIELDS, "logs/*/farol".to_owned()),
        (TraceContext::FIELDS, "logs/*/trace".to_owned()),
        (Action::FIELDS, "events/*/action".to_owned()),
        (exception::Exception::FIELDS, "exceptions/*".to_owned()),
        (
            exception::Stacktrace::FIELDS,
            "exceptions/*/stacktrace".to_owned(),
        ),
        (
            exception::Frame::FIELDS,
            "exceptions/*/stacktrace/frames/*".to_owned(),
        ),
        (exception::Cause::FIELDS, "exceptions/*/causes/*".to_owned()),
        (exception::Crumb::FIELDS, "exceptions/*/trail/*".to_owned()),
        (Measurement::FIELDS, "measurements/*".to_owned()),
        (Event::FIELDS, "events/*".to_owned()),
        (span::Traces::FIELDS, "traces".to_owned()),
        (
            span::ResourceSpans::FIELDS,
            "traces/resourceSpans/*".to_owned(),
        ),
        (
            span::Resource::FIELDS,
            "traces/resourceSpans/*/resource".to_owned(),
        ),
        (
            span::ScopeSpans::FIELDS,
            "traces/resourceSpans/*/scopeSpans/*".to_owned(),
        ),
        (
            span::Scope::FIELDS,
            "traces/resourceSpans/*/scopeSpans/*/scope".to_owned(),
        ),
        (span::Span::FIELDS, span.to_owned()),
        (span::SpanEvent::FIELDS, format!("{span}/events/*")),
        (span::Link::FIELDS, format!("{span}/links/*")),
        (span::Status::FIELDS, format!("{span}/status")),
    ];
    let body: Value = serde_json::from_str(payload()).expect("JSON");
    for (fields, path) in objects {
        let present = keys(&body, &path);
        for field in fields {
            // The collector's own, which a client cannot set.
            let ours = ["lost", "added", "routes", "farol.otlp"].contains(field);
            assert!(
                ours || present.iter().any(|key| key == field),
                "{path}/{field}"
            );
        }
    }
}

#[test]
fn the_pages_limits_are_the_collectors() {
    let says = |name: &str| -> usize {
        let row = PAGE
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")))
            .expect(name);
        let digits: String = row
            .rsplit('|')
            .nth(1)
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse().expect("a number")
    };
    let defaults = Limits::default();
    assert_eq!(says("depth of the JSON"), defaults.depth);
    assert_eq!(
        says("values in a body, counted by commas and opening brackets"),
        limits::VALUES
    );
    assert_eq!(
        says("elements of a list that are read at all"),
        limits::LIST
    );
    assert_eq!(says("items in a payload"), defaults.items);
    assert_eq!(says("bytes of a string"), defaults.string);
    assert_eq!(
        says("attributes of an item, or of a part of the meta"),
        defaults.attributes
    );
    assert_eq!(says("bytes of an attribute's name"), limits::KEY_BYTES);
    assert_eq!(says("frames of a stack"), limits::FRAMES);
    assert_eq!(says("causes of an exception"), limits::CAUSES);
    assert_eq!(says("steps of an exception's trail"), limits::TRAIL);
    assert_eq!(says("events, and links, of a span"), limits::SPAN_EVENTS);
}

#[test]
fn the_page_names_every_reason() {
    for reason in Reason::ALL {
        assert!(
            PAGE.contains(&format!("`{}`", reason.as_str())),
            "{reason:?}"
        );
    }
}
