//! What browsers report by themselves (the Reporting API, and CSP's older `report-uri`): each report becomes the event that the SDK makes of one, in
//! the payload that it would have sent. A page that has died of it reports a crash; no SDK can.

use super::limit;
use super::recover::whole;
use super::scan;
use super::{DecodeError, Decoded, Limits, Reason, Repair, Unreadable, utf8};
use farol_protocol::Kind;
use farol_protocol::event::Event;
use farol_protocol::item::{Overrides, Own};
use farol_protocol::map::Attributes;
use farol_protocol::meta::Page;
use farol_protocol::names::{attr, event};
use farol_protocol::time::Time;
use farol_protocol::value::Value;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

/// Bytes of one report. Browsers' own have some hundred; a crash with its stack some thousand.
pub(super) const MOST_REPORT: usize = 64 * 1024;

/// How far back a report may lie, in ms: browsers keep them for a day or two. What says more has its time of reception.
const MOST_AGE: f64 = 48.0 * 3_600_000.0;

/// The older form, one report in an object of this name.
const CSP: &str = "csp-report";

/// Where each attribute comes from: the fields of a body that may hold it, the first that does. Not the sample of what was refused, which is the page's
/// content, and not the referrer.
const FIELDS: [(&str, &[&str]); 11] = [
    (attr::REPORT_ID, &["id", "featureId", "policyId"]),
    (attr::REPORT_MESSAGE, &["message"]),
    (attr::REPORT_REASON, &["reason"]),
    (attr::REPORT_STACK, &["stack"]),
    (
        attr::REPORT_DIRECTIVE,
        &[
            "effectiveDirective",
            "effective-directive",
            "violated-directive",
        ],
    ),
    (attr::REPORT_DISPOSITION, &["disposition"]),
    (
        attr::REPORT_BLOCKED,
        &["blockedURL", "blocked-uri", "blockedURI"],
    ),
    (attr::REPORT_SOURCE, &["sourceFile", "source-file"]),
    (attr::REPORT_LINE, &["lineNumber", "line-number"]),
    (attr::REPORT_COLUMN, &["columnNumber", "column-number"]),
    (attr::REPORT_VISIBILITY, &["visibility_state"]),
];

/// Reads a list of reports, one report, or one of the older form. `now` is the time of reception, in nanoseconds.
///
/// # Errors
/// When the body as a whole cannot be taken: empty, no JSON, neither list nor object, or nested too deeply.
pub fn reports(body: &[u8], limits: &Limits, now: u64) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    let text = utf8(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let found = scan::scan(text.as_bytes(), limits.depth)?;
    let text = if found.surrogates {
        scan::mend(text)
    } else {
        text
    };
    if matches!(text, Cow::Owned(_)) {
        decoded.repaired.push(Repair::Text);
    }
    let list: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text).map_err(|error| whole(&text, &error))?
    } else {
        // As an object, which it has to be.
        serde_json::from_str::<Map<String, Json>>(&text).map_err(|error| whole(&text, &error))?;
        vec![serde_json::from_str(&text).map_err(|error| whole(&text, &error))?]
    };
    let (kept, past) = list.split_at(list.len().min(limits.items));
    decoded.cut.items[Kind::Event as usize] = past.len() as u64;
    for (index, raw) in kept.iter().enumerate() {
        match report(raw.get(), now) {
            Ok(event) => decoded.payload.events.push(event),
            Err(reason) => decoded.unreadable.push(Unreadable {
                kind: Kind::Event,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                reason,
            }),
        }
    }
    limit::apply(&mut decoded, limits, None);
    Ok(decoded)
}

/// One report.
fn report(raw: &str, now: u64) -> Result<Event, Reason> {
    if raw.len() > MOST_REPORT {
        return Err(Reason::TooLong);
    }
    let mut report: Map<String, Json> =
        serde_json::from_str(raw).map_err(|_| Reason::NotAnObject)?;
    let older = report.remove(CSP);
    let kind = match (&older, report.get("type")) {
        (Some(_), _) => "csp-violation".to_owned(),
        (None, Some(Json::String(kind))) if !kind.is_empty() => kind.clone(),
        (None, Some(Json::String(_)) | None) => return Err(Reason::Empty),
        (None, Some(_)) => return Err(Reason::WrongType),
    };
    let body = match older.or_else(|| report.remove("body")) {
        Some(Json::Object(body)) => body,
        None | Some(Json::Null) => Map::new(),
        Some(_) => return Err(Reason::WrongType),
    };
    let mut attributes = Attributes::default();
    attributes.set(attr::REPORT_TYPE, Value::Text(kind));
    for (name, fields) in FIELDS {
        let value = fields.iter().find_map(|field| value(body.get(*field)?));
        if let Some(value) = value {
            attributes.set(name, value);
        }
    }
    let age =
        (report.get("age").and_then(Json::as_f64)).filter(|age| (0.0..=MOST_AGE).contains(age));
    let url = ["document-uri", "documentURL"]
        .iter()
        .find_map(|field| body.get(*field)?.as_str())
        .or_else(|| report.get("url")?.as_str())
        .unwrap_or_default();
    Ok(Event {
        name: event::REPORT.to_owned(),
        domain: "browser".to_owned(),
        attributes,
        timestamp: Time::At(now.saturating_sub((age.unwrap_or_default() * 1e6) as u64)),
        farol: own_page(url),
        ..Event::default()
    })
}

/// The page that it tells of: a report may come from a later one.
fn own_page(url: &str) -> Own {
    if url.is_empty() {
        return Own::default();
    }
    let page = Page {
        url: url.to_owned(),
        ..Page::default()
    };
    Own(Some(Box::new(Overrides {
        page: Some(Box::new(page)),
        ..Overrides::default()
    })))
}

/// A text that says something, or a number that is none of "not known".
fn value(json: &Json) -> Option<Value> {
    match json {
        Json::String(text) if !text.is_empty() => Some(Value::Text(text.clone())),
        Json::Number(number) => match number.as_i64() {
            Some(0) => None,
            Some(whole) => Some(Value::Int(whole)),
            None => number.as_f64().map(Value::Double),
        },
        _ => None,
    }
}

/// The door for fuzzers: any bytes, and what must hold of the answer.
#[doc(hidden)]
pub fn fuzz_reports(body: &[u8]) {
    let limits = Limits {
        items: 8,
        ..Limits::default()
    };
    let Ok(decoded) = reports(body, &limits, 1) else {
        return;
    };
    let payload = &decoded.payload;
    assert!(payload.events.len() <= limits.items, "bounded");
    assert_eq!(payload.len(), payload.events.len(), "events alone");
    for event in &payload.events {
        assert!(!event.attributes.is_empty() && event.attributes.len() <= FIELDS.len() + 1);
        assert!(event.timestamp.nanos().is_some_and(|at| at <= 1));
    }
    let stored = payload.encode();
    match farol_protocol::payload::Payload::decode(&stored) {
        Ok(again) => assert!(again.encode() == stored, "it reads back equal"),
        Err(error) => panic!("the stored payload does not read back: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_767_225_600_000_000_000;

    fn read(body: &Json) -> Decoded {
        reports(body.to_string().as_bytes(), &Limits::default(), NOW).expect("a readable body")
    }

    fn attribute(event: &Event, name: &str) -> String {
        event
            .attributes
            .get(name)
            .map_or_else(String::new, Value::to_text)
    }

    #[test]
    fn a_crash_is_an_event_of_the_page_that_died_at_the_time_at_which_it_did() {
        let decoded = read(&json!([{
            "type": "crash", "age": 4200, "url": "https://shop.example/cart", "user_agent": "Mozilla/5.0",
            "body": { "reason": "unresponsive", "stack": "at loop (https://shop.example/a.js:1:2)", "is_top_level": true, "visibility_state": "visible" },
        }]));
        let event = &decoded.payload.events[0];
        assert_eq!(event.name, event::REPORT);
        assert_eq!(attribute(event, attr::REPORT_TYPE), "crash");
        assert_eq!(attribute(event, attr::REPORT_REASON), "unresponsive");
        assert_eq!(attribute(event, attr::REPORT_VISIBILITY), "visible");
        assert!(attribute(event, attr::REPORT_STACK).starts_with("at loop"));
        assert_eq!(event.timestamp.nanos(), Some(NOW - 4_200_000_000));
        let page = event.farol.get().and_then(|own| own.page.as_ref()).unwrap();
        assert_eq!(page.url, "https://shop.example/cart");
    }

    #[test]
    fn both_forms_of_a_refusal_by_the_policy_say_the_same_and_neither_tells_the_sample() {
        let new = read(
            &json!([{ "type": "csp-violation", "age": 0, "url": "https://shop.example/", "body": {
            "effectiveDirective": "img-src", "blockedURL": "https://evil.example/x.png", "disposition": "enforce", "sourceFile": "https://shop.example/a.js",
            "lineNumber": 7, "columnNumber": 3, "sample": "secret()", "referrer": "https://bank.example/", "documentURL": "https://shop.example/" } }]),
        );
        let old = read(&json!({ "csp-report": {
            "effective-directive": "img-src", "blocked-uri": "https://evil.example/x.png", "disposition": "enforce", "source-file": "https://shop.example/a.js",
            "line-number": 7, "column-number": 3, "script-sample": "secret()", "referrer": "https://bank.example/", "document-uri": "https://shop.example/" } }));
        assert_eq!(new.payload.events, old.payload.events);
        let stored = String::from_utf8(new.payload.encode()).unwrap();
        assert!(
            !stored.contains("secret") && !stored.contains("bank"),
            "{stored}"
        );
        assert_eq!(new.payload.events[0].attributes.len(), 7);
    }

    #[test]
    fn one_bad_report_does_not_cost_its_neighbours() {
        let long = "x".repeat(MOST_REPORT);
        let decoded = read(&json!([
            { "type": "crash", "body": { "reason": "oom" } },
            7, { "body": {} }, { "type": 7 }, { "type": "crash", "body": [] }, { "type": "crash", "body": { "stack": long } },
            { "type": "deprecation", "age": -5, "body": { "id": "x", "message": "gone soon" } },
            { "type": "intervention", "age": 1e300, "body": null },
        ]));
        let types: Vec<_> = decoded
            .payload
            .events
            .iter()
            .map(|e| attribute(e, attr::REPORT_TYPE))
            .collect();
        assert_eq!(types, ["crash", "deprecation", "intervention"]);
        assert!(
            decoded
                .payload
                .events
                .iter()
                .all(|e| e.timestamp.nanos() == Some(NOW))
        );
        let why: Vec<_> = decoded
            .unreadable
            .iter()
            .map(|u| (u.index, u.reason))
            .collect();
        assert_eq!(
            why,
            [
                (1, Reason::NotAnObject),
                (2, Reason::Empty),
                (3, Reason::WrongType),
                (4, Reason::WrongType),
                (5, Reason::TooLong)
            ]
        );
    }

    #[test]
    fn what_is_over_the_bound_of_items_is_counted() {
        let list: Vec<_> = (0..20).map(|_| json!({ "type": "crash" })).collect();
        let limits = Limits {
            items: 5,
            ..Limits::default()
        };
        let decoded = reports(json!(list).to_string().as_bytes(), &limits, NOW).unwrap();
        assert_eq!(
            (decoded.payload.events.len(), decoded.cut.all_items()),
            (5, 15)
        );
    }

    #[test]
    fn what_is_no_report_at_all_is_refused_with_words() {
        for body in ["", " ", "7", "\"x\"", "[1", "{", "null"] {
            assert!(
                reports(body.as_bytes(), &Limits::default(), NOW).is_err(),
                "{body}"
            );
        }
        let deep = "[".repeat(10_000);
        assert!(reports(deep.as_bytes(), &Limits::default(), NOW).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        for body in [
            &b"[{\"type\":\"\xff\"}]"[..],
            b"[{\"type\":\"\\ud800\"}]",
            b"{\"csp-report\":null}",
            b"[null,[],{\"type\":\"a\",\"body\":{\"id\":{}}}]",
            b"[{\"type\":\"a\",\"age\":1e999}]",
        ] {
            fuzz_reports(body);
        }
    }
}
