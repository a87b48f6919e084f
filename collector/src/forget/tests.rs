//! What goes with a person, and what stays as it was.

use super::*;
use crate::record::{Header, SourceKind};

fn record(json: &str) -> Record {
    let payload = Payload::decode(json.as_bytes()).unwrap();
    Record {
        header: Header {
            app: "shop".to_owned(),
            counts: counts(&payload),
            id: [7; 16],
            ..Header::default()
        },
        body: Bytes::from(payload.encode()),
    }
}

fn session(id: &str) -> Person {
    Person {
        whose: Whose::Session(id.to_owned()),
        app: None,
    }
}

fn user(id: &str) -> Person {
    Person {
        whose: Whose::User(id.to_owned()),
        app: None,
    }
}

const TWO: &str = r#"{"meta":{"session":{"id":"s1"},"user":{"id":"joe"}},
    "logs":[{"message":"a","timestamp":"2026-01-02T03:04:05Z"},{"message":"b","farol":{"session":{"id":"s2"}}}],
    "events":[{"name":"c"},{"name":"d","farol":{"user":{"id":"ann"}}}]}"#;

fn names(record: &Record) -> Vec<(u32, String)> {
    let payload = Payload::decode(&record.body).unwrap();
    let name = |item| match item {
        farol_protocol::item::Item::Log(log) => log.message.clone(),
        farol_protocol::item::Item::Event(event) => event.name.clone(),
        _ => String::new(),
    };
    let items = payload.items().map(|(at, item)| (at, name(item)));
    items.collect()
}

fn left(of: &[(u32, &str)]) -> Vec<(u32, String)> {
    of.iter()
        .map(|(at, name)| (*at, (*name).to_owned()))
        .collect()
}

fn encoded(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    record.encode(&mut out);
    out
}

#[test]
fn who_is_named_as_opentelemetry_named_users_before_goes_too() {
    let named = r#"{"key":"enduser.id","value":{"stringValue":"u-7"}}"#;
    let span = format!(
        r#"{{"meta":{{}},"traces":{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"s","attributes":[{named}]}}]}}]}}]}}}}"#
    );
    let event = r#"{"meta":{},"events":[{"name":"a","attributes":{"enduser.id":"u-7"}}]}"#;
    for json in [span.as_str(), event] {
        let before = record(json);
        assert_eq!(before.header.counts.items(), 1);
        assert_eq!(user("u-8").taken_out(&before), None);
        let after = user("u-7").taken_out(&before).unwrap();
        assert_eq!(after.header.counts.items(), 0, "{json}");
        assert!(!String::from_utf8_lossy(&after.body).contains("u-7"));
    }
}

#[test]
fn items_of_others_stay_and_keep_their_places() {
    let before = record(TWO);
    for (person, stays) in [
        (session("s1"), &[(1, "b")][..]),
        (session("s2"), &[(0, "a"), (2, "c"), (3, "d")]),
        (user("joe"), &[(3, "d")]),
        (user("ann"), &[(0, "a"), (1, "b"), (2, "c")]),
    ] {
        let after = person.taken_out(&before).unwrap();
        assert_eq!(names(&after), left(stays), "{person:?}");
        assert_eq!(after.header.counts.items(), stays.len() as u64);
        assert_eq!(encoded(&after).len(), encoded(&before).len());
        let again = Record::decode(&encoded(&after)).unwrap().0;
        assert_eq!(again, after);
        let text = String::from_utf8(encoded(&after))
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        assert!(!text.contains(person.id()), "{person:?}: {text}");
        assert_eq!(
            person.taken_out(&after),
            None,
            "and nothing is left to take"
        );
    }
}

#[test]
fn a_record_of_one_person_is_left_empty_with_its_id() {
    let before = record(r#"{"meta":{"session":{"id":"s1"}},"logs":[{"message":"a"}]}"#);
    let after = session("s1").taken_out(&before).unwrap();
    assert_eq!(after.header.counts, Counts::default());
    assert_eq!(
        (after.header.id, after.body.len()),
        ([7; 16], before.body.len())
    );
    assert_eq!(Payload::decode(&after.body).unwrap(), Payload::default());
}

#[test]
fn who_only_looks_alike_is_left_alone() {
    let before = record(TWO);
    for person in [
        session("s"),
        session("joe"),
        session("s11"),
        user("s1"),
        user("jo"),
        Person {
            app: Some("blog".to_owned()),
            ..session("s1")
        },
        // What a log says is not who it is of.
        session("a"),
    ] {
        assert_eq!(person.taken_out(&before), None, "{person:?}");
    }
}

#[test]
fn of_a_request_of_several_apps_what_is_of_one_goes() {
    let resource = |app: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{app}"}}}}]}},"scopeLogs":[{{"logRecords":[
                {{"body":{{"stringValue":"of {app}"}},"attributes":[{{"key":"session.id","value":{{"stringValue":"s1"}}}}]}}]}}]}}"#
        )
    };
    let json = format!(
        r#"{{"farol.otlp":{{"resourceLogs":[{},{}]}}}}"#,
        resource("shop"),
        resource("blog")
    );
    let mut before = record(&json);
    before.header.kind = SourceKind::OtlpLogs;
    before.header.app.clear();
    let of = |app: &str| Person {
        app: Some(app.to_owned()),
        ..session("s1")
    };
    let after = of("shop").taken_out(&before).unwrap();
    let left = String::from_utf8(after.body.to_vec()).unwrap();
    assert!(
        !left.contains("of shop") && left.contains("of blog"),
        "{left}"
    );
    assert_eq!(of("bank").taken_out(&before), None);
}

#[test]
fn what_came_as_otlp_is_known_by_its_attributes() {
    let attribute =
        |key, value| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
    let (mine, other) = (attribute("session.id", "s1"), attribute("session.id", "s2"));
    let json = format!(
        r#"{{"farol.otlp":{{
            "resourceLogs":[{{"scopeLogs":[{{"logRecords":[
                {{"body":{{"stringValue":"a"}},"attributes":[{mine}]}},
                {{"body":{{"stringValue":"b"}},"attributes":[{other}]}}]}}]}}],
            "resourceMetrics":[{{"scopeMetrics":[{{"metrics":[
                {{"name":"m","gauge":{{"dataPoints":[{{"asInt":"1","attributes":[{mine}]}}]}}}},
                {{"name":"n","gauge":{{"dataPoints":[{{"asInt":"1","attributes":[{other}]}}]}}}}]}}]}}]}},
            "traces":{{"resourceSpans":[{{"resource":{{"attributes":[{mine}]}},"scopeSpans":[{{"spans":[
                {{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"x","attributes":[]}}]}}]}}]}}}}"#
    );
    let mut before = record(&json);
    before.header.kind = SourceKind::OtlpLogs;
    assert_eq!(before.header.counts.items(), 5);
    let after = session("s1").taken_out(&before).unwrap();
    assert_eq!(after.header.counts.items(), 2);
    let text = std::str::from_utf8(&after.body).unwrap();
    assert!(text.contains("s2") && !text.contains("s1"), "{text}");
}
