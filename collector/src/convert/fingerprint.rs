//! The key by which exceptions are grouped whose client made none: Faro's SDKs do not, OpenTelemetry's neither.
//!
//! It begins with a version, so that it never meets an SDK's, and one that is made in another way needs another.

use std::borrow::Cow;

use farol_protocol::exception::Exception;
use farol_protocol::grouping::{BASIS, words};
use farol_protocol::names::attr;
use farol_protocol::signals::LogRecord;
use farol_protocol::value::Value;
use xxhash_rust::xxh3::Xxh3;

use super::lines::alike;

const VERSION: &str = "c2";
/// Characters of a message that count, and of a stack that are looked at for its first frame. What tells one error from another stands in front, and a client can write 128 KiB of either.
const MOST: usize = 1_000;

/// What the client made, or else of type, message and innermost frame; empty where it says neither type nor message.
pub(super) fn of(exception: &Exception) -> Cow<'_, str> {
    if !exception.fingerprint.is_empty() {
        return Cow::Borrowed(&exception.fingerprint);
    }
    let frame = exception.stacktrace.frames.iter().next();
    let place = frame.map_or(("", ""), |it| (it.function.as_str(), it.filename.as_str()));
    Cow::Owned(made(&exception.kind, &exception.value, place).unwrap_or_default())
}

/// That of an exception that came as OTLP and has none.
pub(super) fn of_record(record: &LogRecord) -> Option<String> {
    let text = |name| {
        let found = record.attributes.get(name);
        found.and_then(Value::as_str).unwrap_or_default()
    };
    if !record.is_exception() || !text(attr::EXCEPTION_FINGERPRINT).is_empty() {
        return None;
    }
    let (kind, message) = (text(attr::EXCEPTION_TYPE), text(attr::EXCEPTION_MESSAGE));
    let stack = text(attr::EXCEPTION_STACKTRACE);
    let place = frame(after(stack, &[kind, ": ", message]));
    made(kind, message, place)
}

/// A hash of what the same error has each time, in every build (`grouping`): neither numbers, which may be ids, lines of a build or amounts, nor what else differs from one time to the next.
/// Of one that says neither type nor message there is none: all such would be one error.
fn made(kind: &str, message: &str, (function, address): (&str, &str)) -> Option<String> {
    if kind.is_empty() && message.is_empty() {
        return None;
    }
    let mut hash = Xxh3::new();
    hash.update(kind.as_bytes());
    let message = alike(start(message));
    for (text, is_function) in [(&*message, false), (function, true), (file(address), false)] {
        let mut sum = BASIS;
        words(&mut sum, text.as_bytes(), is_function);
        hash.update(&sum.to_le_bytes());
    }
    Some(format!("{VERSION}:{:016x}", hash.digest()))
}

fn start(text: &str) -> &str {
    let end = text.char_indices().nth(MOST);
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// An address without its query and fragment.
fn file(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}

/// A stack without what it begins with: V8's say what was thrown before the first frame.
fn after<'a>(stack: &'a str, heads: &[&str]) -> &'a str {
    let cut = |rest: &'a str, head: &&str| rest.strip_prefix(*head).unwrap_or(rest);
    heads.iter().fold(stack, cut)
}

/// Function and address of the first line of a stack that is a frame: V8's begin with `at`, those of Firefox and Safari have an `@`, which a message can have too.
fn frame(stack: &str) -> (&str, &str) {
    let lines = || start(stack).lines().map(str::trim);
    let found = lines().find(|line| line.starts_with("at "));
    let found = found.or_else(|| lines().find(|line| line.contains('@')));
    let line = found.unwrap_or_default();
    let line = line.strip_prefix("at ").unwrap_or(line);
    // A package's version in an address (`/react@18/`) is no separator.
    let end = line.find("://").unwrap_or(line.len());
    let at = line[..end].rfind(['(', '@']).map_or(0, |at| at + 1);
    let (function, address) = line.split_at(at);
    (function.trim_end_matches([' ', '(', '@']), address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farol_protocol::payload::Payload;

    fn key(exception: &str) -> String {
        let body = format!(r#"{{"exceptions":[{exception}]}}"#);
        let payload = Payload::decode(body.as_bytes()).expect("a payload");
        of(&payload.exceptions[0]).into_owned()
    }

    fn record(attributes: &[(&str, &str)]) -> Option<String> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| serde_json::json!({"key": name, "value": {"stringValue": value}}));
        let body = serde_json::json!({"farol.otlp": {"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"attributes": attributes.collect::<Vec<_>>()}]}]}]}});
        let payload = Payload::decode(body.to_string().as_bytes()).expect("a payload");
        let (_, _, _, record) = payload.records().next().expect("a record");
        of_record(record)
    }

    #[test]
    fn the_fingerprint_stays_what_it_was() {
        let plain = key(r#"{"type":"TypeError","value":"x is not a function"}"#);
        assert_eq!(plain, "c2:c8ec0a9ba7b83517");
        let message = [
            ("exception.type", "TypeError"),
            ("exception.message", "x is not a function"),
        ];
        assert_eq!(record(&message).as_deref(), Some("c2:c8ec0a9ba7b83517"));
    }

    #[test]
    fn one_that_says_neither_type_nor_message_has_none() {
        let frames = r#""stacktrace":{"frames":[{"function":"f","filename":"a.js"}]}"#;
        assert_eq!(key(&format!("{{{frames}}}")), "");
        assert_ne!(key(&format!(r#"{{"type":"E",{frames}}}"#)), "");
        assert_ne!(key(r#"{"value":"m"}"#), "");
        let stack = ("exception.stacktrace", "at f (a.js:1:2)");
        assert_eq!(record(&[("exception.type", ""), stack]), None);
        assert!(record(&[("exception.type", "E"), stack]).is_some());
        assert!(record(&[("exception.type", ""), ("exception.message", "m")]).is_some());
    }

    #[test]
    fn exceptions_that_differ_in_what_differs_each_time_are_one() {
        let of = |value: &str, place: &str| {
            key(&format!(
                r#"{{"type":"E","value":"{value}","stacktrace":{{"frames":[{place}]}}}}"#
            ))
        };
        let place = r#"{"function":"total","filename":"https://a.example/cart.js?v=1","lineno":7}"#;
        let one = of("order 4711 not found", place);
        assert_eq!(one, of("order 12 not found", &place.replace("v=1", "w=2")));
        assert_ne!(one, of("basket 12 not found", place));
        assert_ne!(
            one,
            of("order 12 not found", &place.replace("total", "clear"))
        );
        assert_ne!(
            one,
            of("order 12 not found", &place.replace("cart.js", "list.js"))
        );
        let id = "1e8a3fd2-3a51-4c63-9d5e-0a8b3c1d2e4f";
        assert_eq!(
            of(&format!("no {id}"), ""),
            of(&format!("no {}", id.replace('a', "b")), "")
        );
        // Neither does what stands behind the first thousand characters count.
        let long = "x".repeat(MOST);
        assert_eq!(of(&long, ""), of(&format!("{long}y"), ""));
    }

    #[test]
    fn what_a_client_made_stands() {
        assert_eq!(key(r#"{"type":"E","fingerprint":"mine"}"#), "mine");
        assert_eq!(
            record(&[
                ("exception.type", "E"),
                ("farol.exception.fingerprint", "mine")
            ]),
            None
        );
        assert_eq!(record(&[("message", "no exception")]), None);
    }

    #[test]
    fn one_that_came_as_otlp_has_its_place_in_its_stack() {
        let of = |stack: &str| {
            record(&[
                ("exception.type", "E"),
                ("exception.message", "m"),
                ("exception.stacktrace", stack),
            ])
        };
        let chrome = of("E: m\n    at total (https://a.example/a.js:1:2)\n    at clear (b.js:1:1)");
        assert_eq!(
            chrome,
            of("E: m\n    at total (https://a.example/a.js:7:31)\n    at other (b.js:1:1)")
        );
        assert_ne!(
            chrome,
            of("E: m\n    at clear (https://a.example/a.js:1:2)")
        );
        assert_ne!(
            of("total@https://a.example/a.js:1:2"),
            of("clear@https://a.example/a.js:1:2")
        );
    }

    #[test]
    fn a_message_is_no_frame_and_a_private_method_has_a_name() {
        let of = |message: &str, stack: &str| {
            record(&[
                ("exception.type", "E"),
                ("exception.message", message),
                ("exception.stacktrace", stack),
            ])
        };
        let f = "at total (https://a.example/a.js:1:2)";
        let g = "at clear (https://a.example/a.js:1:2)";
        let ids = ["1e8a3fd2-3a51-4c63-9d5e-0a8b3c1d2e4f"; 2];
        let ids = [ids[0].to_owned(), ids[1].replace('a', "b")];
        for said in ["no ID of '@acme/cart'", "no\nat ID", "no\nID@host"] {
            let [one, two] = ids.each_ref().map(|id| said.replace("ID", id));
            let key = of(&one, &format!("E: {one}\n    {f}"));
            assert_eq!(key, of(&two, &format!("E: {two}\n    {f}")), "{said}");
            assert_ne!(key, of(&one, &format!("E: {one}\n    {g}")), "{said}");
            // As Firefox and Safari write it, without what was thrown.
            let key = of(&one, "total@https://a.example/a.js:1:2");
            assert_eq!(key, of(&two, "total@https://a.example/a.js:1:2"), "{said}");
        }
        // Of a message that is another in the stack the frames count all the same.
        let other = |frame| of("m", &format!("Uncaught E: '@acme/cart'\n    {frame}"));
        assert_ne!(other(f), other(g));

        let method = |name: &str, query: &str| {
            let at = format!("at Cart.#{name} (https://a.example/a.js{query}:1:2)");
            of("m", &format!("E: m\n    {at}"))
        };
        assert_ne!(method("total", ""), method("add", ""));
        assert_eq!(method("add", "?v=1"), method("add", "?w=2#a"));
        assert_eq!(
            of("m", "at clear (b.js?v=1:1:1)"),
            of("m", "at clear (b.js?w=1:1:1)")
        );
    }

    #[test]
    fn errors_are_one_in_every_build_as_the_sdk_has_it() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/fingerprints.json"))
                .expect("cases");
        for case in cases.as_array().expect("a list") {
            let what = &case["what"];
            let keys = case["errors"].as_array().expect("a list").iter().map(|it| {
                let text = |at: &serde_json::Value| at.as_str().expect("a text").to_owned();
                let frames = it["frames"].as_array().expect("a list");
                let json = frames.iter().map(|frame| serde_json::json!({"function": frame[0], "filename": frame[1], "lineno": 1}));
                let payload = serde_json::json!({"type": it["type"], "value": it["value"], "stacktrace": {"frames": json.collect::<Vec<_>>()}});
                let stack = |form: &dyn Fn(String, String) -> String| {
                    let lines = frames.iter().map(|frame| form(text(&frame[0]), text(&frame[1])));
                    let lines: String = lines.collect();
                    let attributes = [
                        ("exception.type", text(&it["type"])),
                        ("exception.message", text(&it["value"])),
                        ("exception.stacktrace", lines),
                    ];
                    record(&attributes.each_ref().map(|(name, value)| (*name, value.as_str())))
                };
                let of_payload = Some(key(&payload.to_string()));
                for same in [
                    stack(&|function, file| format!("    at {function} ({file}:1:2)\n")),
                    stack(&|function, file| format!("{function}@{file}:1:2\n")),
                ] {
                    assert_eq!(same, of_payload, "{what}");
                }
                of_payload
            });
            let keys: Vec<Option<String>> = keys.collect();
            for other in &keys[1..] {
                assert_eq!(keys[0] == *other, case["same"] == true, "{what}");
            }
        }
    }
}
