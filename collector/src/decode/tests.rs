mod doc;
mod usual;

use super::{Code, Decoded, Limits, Reason, Repair, Unreadable, faro, fuzz};
use farol_protocol::Kind;
use farol_protocol::time::Time;
use farol_protocol::value::Value;
use proptest::prelude::*;
use serde_json::json;

fn read(body: &str) -> Decoded {
    faro(body.as_bytes(), &Limits::default()).expect("a readable body")
}

fn refused(body: &[u8]) -> (Code, String) {
    let error = faro(body, &Limits::default()).expect_err("a refused body");
    (error.code, error.message)
}

#[test]
fn numbers_and_booleans_are_taken_where_text_is_wanted() {
    let decoded = read(
        r#"{"meta":{"app":{"name":7,"version":1.5},"page":{"attributes":{"a":true}}},
        "logs":[{"message":42,"level":false,"context":{"n":3,"x":0.5,"ok":true}}],
        "measurements":[{"type":"t","values":{"v":"1.25"},"timestamp":"2026-11-20T03:34:26.814Z"}]}"#,
    );
    assert_eq!((decoded.unreadable.len(), decoded.repaired.len()), (0, 0));
    let payload = &decoded.payload;
    assert_eq!(
        (&*payload.meta.app.name, &*payload.meta.app.version),
        ("7", "1.5")
    );
    assert_eq!(
        (&*payload.logs[0].message, &*payload.logs[0].level),
        ("42", "false")
    );
    assert_eq!(payload.logs[0].context.get("n"), Some(&Value::Int(3)));
    assert_eq!(payload.logs[0].context.get("x"), Some(&Value::Double(0.5)));
    assert_eq!(payload.measurements[0].values.get("v"), Some(&1.25));
}

#[test]
fn the_last_of_equal_keys_stands() {
    let decoded = read(
        r#"{"logs":[{"message":"x"}],"logs":[{"message":"a","message":"b","context":{"k":"1","k":"2"}}],
        "meta":{"app":{"name":"old"}},"meta":{"app":{"name":"new"}}}"#,
    );
    assert_eq!(decoded.payload.logs.len(), 1);
    assert_eq!(decoded.payload.logs[0].message, "b");
    assert_eq!(
        decoded.payload.logs[0].context.get("k"),
        Some(&Value::from("2"))
    );
    assert_eq!(decoded.payload.meta.app.name, "new");
}

#[test]
fn null_is_absent_everywhere() {
    let decoded = read(
        r#"{"meta":{"app":null,"browser":{"mobile":null,"brands":null},"session":{"attributes":null}},"logs":null,"traces":null,
        "events":[{"name":"e","attributes":{"a":null,"b":"c"},"timestamp":null,"trace":null,"action":null}],
        "measurements":[{"type":"t","values":{"nan":null,"v":1}}],"farol":null}"#,
    );
    assert_eq!((decoded.unreadable.len(), decoded.repaired.len()), (0, 0));
    assert_eq!(decoded.payload.events[0].attributes.len(), 1);
    assert_eq!(decoded.payload.measurements[0].values.len(), 1);
    assert_eq!(decoded.payload.events[0].timestamp, Time::Missing);
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    let decoded = read(
        r#"{"logs":[{"message":"a\ud800b \uDC00 \ud83d\ude00 \\ud800 \ud800\ud83d\ude00"},{"message":"ok"}]}"#,
    );
    assert_eq!(
        decoded.payload.logs[0].message,
        "a\u{fffd}b \u{fffd} 😀 \\ud800 \u{fffd}😀"
    );
    assert_eq!(decoded.payload.logs[1].message, "ok");
    assert_eq!(decoded.repaired, [Repair::Text]);
    assert_eq!(
        read(r#"{"logs":[{"message":"\ud83d\ude00"}]}"#).repaired,
        []
    );
}

#[test]
fn bytes_that_are_no_unicode_become_the_replacement_character() {
    let decoded = faro(
        b"\xef\xbb\xbf{\"logs\":[{\"message\":\"a\xffb\"}]}",
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(decoded.payload.logs[0].message, "a\u{fffd}b");
    assert_eq!(decoded.repaired, [Repair::Text]);
}

#[test]
fn an_item_that_cannot_be_read_costs_its_own_place_alone() {
    let decoded = read(
        r#"{"logs":[{"message":"one"},{"message":{"an":"object"}},5,null,{"message":"five"}],
        "exceptions":[{"type":"E","stacktrace":"not an object"},{"type":"F","value":"v"}],
        "measurements":[{"type":"t","values":{"v":1e999}},{"type":"t","values":{"v":"fast"}},{"type":"t","values":{"v":1}}],
        "events":[{"name":"e","attributes":["a"]},{"timestamp":"2026-11-20T03:34:26Z"},{"name":"f"}]}"#,
    );
    let places: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|u| (u.kind, u.index, u.reason))
        .collect();
    assert_eq!(
        places,
        [
            (Kind::Log, 1, Reason::WrongType),
            (Kind::Log, 2, Reason::NotAnObject),
            (Kind::Log, 3, Reason::Empty),
            (Kind::Exception, 5, Reason::WrongType),
            (Kind::Measurement, 7, Reason::NumberRange),
            (Kind::Measurement, 8, Reason::WrongType),
            (Kind::Event, 10, Reason::WrongType),
            (Kind::Event, 11, Reason::Empty),
        ]
    );
    let kept: Vec<_> = decoded
        .payload
        .items()
        .map(|(index, item)| (index, item.kind()))
        .collect();
    assert_eq!(
        kept,
        [
            (0, Kind::Log),
            (4, Kind::Log),
            (6, Kind::Exception),
            (9, Kind::Measurement),
            (12, Kind::Event),
        ]
    );
}

#[test]
fn places_survive_storage() {
    let decoded = read(
        r#"{"logs":[5,{"message":"one"},{}, {"message":"three"}],"farol":{"seq":100,"lost":[1,2,3]}}"#,
    );
    let stored = decoded.payload.encode();
    let again = farol_protocol::payload::Payload::decode(&stored).unwrap();
    assert_eq!(again, *decoded.payload);
    assert_eq!(
        again.items().map(|(index, _)| index).collect::<Vec<_>>(),
        [1, 3]
    );
}

#[test]
fn a_client_cannot_claim_what_the_collector_adds() {
    for kept in ["", "5,"] {
        let body = format!(
            r#"{{"logs":[{kept}{{"message":"one"}}],"farol":{{"added":{{"geo.country.iso_code":"XX"}}}}}}"#
        );
        assert!(read(&body).payload.farol.added.is_empty(), "{kept}");
    }
}

#[test]
fn what_is_read_item_by_item_can_be_read_again_whatever_stood_beside_it() {
    let span = r#"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}"#;
    let bodies = [
        r#"{"logs":[5,{"message":"a"}],"farol.otlp":"x"}"#.to_owned(),
        format!(
            r#"{{"logs":[5],"traces":{{"resource_spans":"x","resourceSpans":[{{"scope_spans":3,"scopeSpans":[{{"schema_url":[],"schemaUrl":"s","spans":[{span}]}}]}}]}}}}"#
        ),
    ];
    for body in bodies {
        let decoded = read(&body);
        let stored = decoded.payload.encode();
        let again = farol_protocol::payload::Payload::decode(&stored).expect(&body);
        assert_eq!(again, *decoded.payload);
        assert_eq!(again.items().count(), 1, "{body}");
    }
}

#[test]
fn a_client_cannot_claim_lost_places() {
    let decoded = read(r#"{"logs":[{"message":"one"}],"farol":{"lost":[0,1,2,3]}}"#);
    assert_eq!(
        decoded
            .payload
            .items()
            .map(|(index, _)| index)
            .collect::<Vec<_>>(),
        [0]
    );
}

#[test]
fn a_meta_of_a_wrong_type_costs_the_meta_alone() {
    for meta in ["[]", "[1]", "5", "\"x\"", "true"] {
        let decoded = read(&format!(
            r#"{{"meta":{meta},"logs":[{{"message":"one"}}]}}"#
        ));
        assert_eq!(decoded.repaired, [Repair::Meta("meta")], "{meta}");
        assert_eq!(decoded.payload.logs.len(), 1);
    }
    let decoded = read(
        r#"{"meta":{"app":{"name":"shop"},"page":{"url":"u","attributes":7},"browser":[1],"mine":{"a":1}},"logs":[{"message":"one"}]}"#,
    );
    assert_eq!(
        decoded.repaired,
        [Repair::Meta("page"), Repair::Meta("browser")]
    );
    assert_eq!(decoded.payload.meta.app.name, "shop");
    assert_eq!(decoded.payload.meta.page.url, "u");
    assert!(decoded.payload.meta.extra.get("mine").is_some());
    assert_eq!(decoded.payload.logs.len(), 1);
}

#[test]
fn a_list_that_is_no_list_takes_one_place() {
    let decoded = read(r#"{"logs":{"message":"x"},"events":[{"name":"e"}],"traces":[1]}"#);
    assert_eq!(
        decoded
            .payload
            .items()
            .map(|(index, _)| index)
            .collect::<Vec<_>>(),
        [1]
    );
    let reasons: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|u| (u.kind, u.index, u.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            (Kind::Log, 0, Reason::NotAList),
            (Kind::Span, 2, Reason::NotAnObject)
        ]
    );
}

#[test]
fn a_time_that_is_none_keeps_the_item_and_is_told() {
    let decoded = read(
        r#"{"logs":[{"message":"ms","timestamp":1795145666814},{"message":"bad","timestamp":"yesterday"},{"message":"bool","timestamp":true}],
        "measurements":[{"type":"t","values":{"v":1},"timestamp":-5}]}"#,
    );
    assert_eq!(
        decoded.payload.logs[0].timestamp,
        Time::At(1_795_145_666_814_000_000)
    );
    assert_eq!(
        decoded.repaired,
        [Repair::Time(1), Repair::Time(2), Repair::Time(3)]
    );
    assert_eq!(
        decoded.payload.logs[1].timestamp,
        Time::Unreadable("yesterday".into())
    );
}

#[test]
fn a_value_that_is_empty_text_is_absent_and_costs_no_other() {
    let decoded = read(
        r#"{"measurements":[{"type":"custom","values":{"a":"","b":1,"c":" 2 ","d":null}},{"values":{"a":"x"}}]}"#,
    );
    let values = decoded.payload.measurements[0].values.sorted();
    let values: Vec<_> = values.into_iter().map(|(name, n)| (name, *n)).collect();
    assert_eq!(values, [("b", 1.0), ("c", 2.0)]);
    assert_eq!(decoded.unreadable[0].index, 1);
}

#[test]
fn spans_are_read_one_by_one_in_every_spelling() {
    let good = json!({
        "traceId": "0AF7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "GET", "kind": "SPAN_KIND_CLIENT",
        "startTimeUnixNano": 1_795_145_668_390_000_000u64, "endTimeUnixNano": {"low": 1, "high": 2},
        "attributes": [
            {"key": "i", "value": {"intValue": "9007199254740993"}}, {"key": "d", "value": {"doubleValue": "NaN"}},
            {"key": "n", "value": {"intValue": 7}}, {"key": "b", "value": {"bytesValue": "AAH/"}}, {"key": "bare", "value": "x"},
            {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}, {}]}}},
            {"key": "m", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}},
        ],
        "status": {"code": "STATUS_CODE_ERROR"}, "flags": 257,
    });
    let body = json!({"traces": {"resourceSpans": [
        5,
        {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "demo"}}]}, "scopeSpans": [
            {"scope": {"name": "farol.fetch"}, "spans": [good, {"traceId": "zz", "spanId": "b7ad6b7169203331"}, {"attributes": 5}]},
            "no scope",
        ]},
    ]}});
    let decoded = read(&body.to_string());
    let reasons: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|u| (u.index, u.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            (0, Reason::NotAnObject),
            (2, Reason::BadId),
            (3, Reason::WrongType),
            (4, Reason::NotAnObject)
        ]
    );
    let span = &decoded.payload.traces.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((span.kind.0, span.status.code.0, span.flags), (3, 2, 257));
    assert_eq!(span.start.0, Time::At(1_795_145_668_390_000_000));
    assert_eq!(span.end.0, Time::At((2 << 32) + 1));
    assert_eq!(
        span.attributes.get("i"),
        Some(&Value::Int(9_007_199_254_740_993))
    );
    assert_eq!(
        span.attributes.get("b"),
        Some(&Value::Bytes(vec![0, 1, 255]))
    );
    assert_eq!(span.attributes.get("bare"), Some(&Value::from("x")));
    assert_eq!(
        span.attributes.get("l"),
        Some(&Value::List(vec![Value::Bool(true), Value::Null]))
    );
    assert!(
        matches!(span.attributes.get("m"), Some(Value::Map(m)) if m.get("k") == Some(&Value::from("v")))
    );
    fuzz(body.to_string().as_bytes());
}

#[test]
fn unknown_fields_are_kept_at_every_level() {
    let decoded = read(
        r#"{"new":{"deep":[1,2]},"meta":{"page":{"title":"Shop"},"net":"4g"},"logs":[{"message":"m","line":3}],"farol":{"x":1}}"#,
    );
    let payload = &decoded.payload;
    assert!(matches!(payload.extra.get("new"), Some(Value::Map(_))));
    assert_eq!(
        payload.meta.page.extra.get("title"),
        Some(&Value::from("Shop"))
    );
    assert_eq!(payload.meta.extra.get("net"), Some(&Value::from("4g")));
    assert_eq!(payload.logs[0].extra.get("line"), Some(&Value::Int(3)));
    assert_eq!(payload.farol.extra.get("x"), Some(&Value::Int(1)));
}

#[test]
fn what_is_over_the_limits_is_cut_and_counted() {
    let limits = Limits {
        margin: 0,
        depth: 8,
        items: 3,
        string: 4,
        attributes: 2,
    };
    let body = r#"{"logs":[{"message":"aéééé","context":{"a":"1","b":"2","c":"3"}},5],"events":[{"name":"e"},{"name":"f"},7,{"name":"g"}]}"#;
    let decoded = faro(body.as_bytes(), &limits).unwrap();
    assert_eq!(decoded.payload.logs[0].message, "aé");
    assert_eq!(decoded.payload.logs[0].context.len(), 2);
    assert_eq!(
        (decoded.payload.events.len(), decoded.unreadable.len()),
        (1, 1)
    );
    assert_eq!(
        (
            decoded.cut.all_items(),
            decoded.cut.items[Kind::Event as usize]
        ),
        (3, 3)
    );
    assert_eq!((decoded.cut.parts, decoded.cut.strings), (1, 1));

    let typed = faro(
        r#"{"logs":[{"message":"a"},{"message":"b"}],"events":[{"name":"e"},{"name":"f"}]}"#
            .as_bytes(),
        &limits,
    )
    .unwrap();
    assert_eq!(
        (typed.payload.len(), typed.cut.items[Kind::Event as usize]),
        (3, 1)
    );
}

#[test]
fn a_body_that_is_no_payload_is_refused_with_a_place() {
    assert_eq!(refused(b"").0, Code::Empty);
    assert_eq!(refused(b" \r\n\t").0, Code::Empty);
    for body in ["[]", "5", "\"x\"", "null", "true"] {
        assert_eq!(refused(body.as_bytes()).0, Code::BadPayload, "{body}");
    }
    let (code, message) = refused(b"hello");
    assert_eq!(code, Code::BadJson);
    assert!(message.contains("byte 0 (line 1, column 1)"), "{message}");
    let (code, message) = refused(b"{\"measurements\":[\n{\"values\":{\"v\":NaN}}]}");
    assert_eq!(code, Code::BadJson);
    assert!(
        message.contains("line 2, column 16") && message.contains("NaN"),
        "{message}"
    );
    let (code, message) = refused(b"{\"logs\":[{\"message\":\"secret");
    assert_eq!(code, Code::BadJson);
    assert!(
        message.contains("ends in the middle") && !message.contains("secret"),
        "{message}"
    );
    assert_eq!(refused(b"{} {}").0, Code::BadJson);
    assert_eq!(
        refused(b"{\"logs\":[{\"message\":\"a\nb\"}]}").0,
        Code::BadJson
    );
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(100_000);
        assert_eq!(refused(deep.as_bytes()).0, Code::TooDeep);
        let body = format!("{{\"unknown\":{}1{}}}", open.repeat(40), close.repeat(40));
        let (code, message) = refused(body.as_bytes());
        assert_eq!(code, Code::TooDeep);
        assert!(message.contains("32 levels at byte"), "{message}");
        let body = format!("{{\"unknown\":{}1{}}}", open.repeat(31), close.repeat(31));
        assert_eq!(read(&body).repaired, []);
    }
    assert_eq!(
        read(&format!(
            "{{\"logs\":[{{\"message\":\"{}\"}}]}}",
            "[{".repeat(100)
        ))
        .payload
        .logs
        .len(),
        1
    );
}

#[test]
fn a_body_of_countless_values_is_refused_before_it_costs_memory() {
    let (code, message) =
        refused(format!("{{\"logs\":[{{}}{}]}}", ",{}".repeat(300_000)).as_bytes());
    assert_eq!(code, Code::TooMany);
    assert!(message.contains("600003 commas"), "{message}");
}

#[test]
fn a_list_without_end_costs_its_item_or_is_cut() {
    let decoded = read(&format!(
        "{{\"logs\":[{{\"message\":\"a\"}}{}]}}",
        ",{\"message\":\"a\"}".repeat(5_000)
    ));
    assert_eq!(
        (decoded.payload.logs.len(), decoded.cut.all_items()),
        (2_000, 3_001)
    );
    let stack = format!("{{\"frames\":[{{}}{}]}}", ",{}".repeat(5_000));
    let decoded = read(&format!(
        "{{\"exceptions\":[{{\"type\":\"E\",\"stacktrace\":{stack}}},{{\"type\":\"F\"}}]}}"
    ));
    assert_eq!(decoded.unreadable[0].reason, Reason::TooLong);
    assert_eq!(decoded.payload.exceptions.len(), 1);
}

#[test]
fn work_is_linear_in_the_body() {
    // Megabytes of what is costly in each way: names without end, equal names, bad items, escapes, empty containers.
    let bodies = [
        format!(
            "{{\"logs\":[{{\"context\":{{{}\"z\":1}}}}]}}",
            (0..120_000)
                .map(|n| format!("\"k{n}\":1,"))
                .collect::<String>()
        ),
        format!(
            "{{\"logs\":[{{\"context\":{{{}\"z\":1}}}}]}}",
            "\"kkkkkkkkk\":1,".repeat(120_000)
        ),
        format!("{{\"logs\":[5{}]}}", ",{\"message\":[]}".repeat(120_000)),
        format!(
            "{{\"logs\":[{{\"message\":\"{}\"}}]}}",
            "\\ud800".repeat(1_120_000)
        ),
        format!(
            "{{\"traces\":{{\"resourceSpans\":[{{}}{}]}}}}",
            ",{\"scopeSpans\":[{\"spans\":[5]}]}".repeat(60_000)
        ),
        format!(
            "{{\"meta\":{{\"page\":{{\"attributes\":5,{}\"z\":1}}}}}}",
            (0..120_000)
                .map(|n| format!("\"k{n}\":1,"))
                .collect::<String>()
        ),
        format!(
            "{{{}\"logs\":5}}",
            (0..120_000)
                .map(|n| format!("\"k{n}\":1,"))
                .collect::<String>()
        ),
    ];
    for (n, body) in bodies.iter().enumerate() {
        let start = std::time::Instant::now();
        let _ = faro(body.as_bytes(), &Limits::default());
        // A quadratic step would take minutes; the bound leaves room for a slow, busy machine without optimisation.
        assert!(
            start.elapsed().as_secs() < 20,
            "body {n} took {:?}",
            start.elapsed()
        );
    }
}

/// Damages that leave a body JSON: what stands in the place of an item.
const DAMAGES: [&str; 7] = [
    "5",
    "null",
    "[]",
    "\"x\"",
    "{}",
    "{\"message\":{},\"name\":[],\"values\":3,\"stacktrace\":1}",
    "{\"timestamp\":1e999,\"message\":1e999,\"name\":1e999,\"type\":1e999}",
];

fn item(kind: usize, n: usize) -> String {
    match kind {
        0 => format!(r#"{{"message":"log {n}","level":"warn","context":{{"a":"b"}}}}"#),
        1 => format!(
            r#"{{"type":"E","value":"exception {n}","stacktrace":{{"frames":[{{"filename":"f","lineno":1}}]}}}}"#
        ),
        2 => format!(r#"{{"type":"measurement {n}","values":{{"v":{n}.5}}}}"#),
        _ => format!(r#"{{"name":"event {n}","attributes":{{"k":"v"}}}}"#),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz(&body);
    }

    #[test]
    fn any_text_made_of_json_is_survived(parts in proptest::collection::vec(
        prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(":"), Just(","), Just("\"logs\""), Just("\"meta\""), Just("\"traces\""),
            Just("\"resourceSpans\""), Just("\"scopeSpans\""), Just("\"spans\""), Just("\"events\""), Just("\"attributes\""), Just("\"farol\""),
            Just("null"), Just("true"), Just("1"), Just("-1.5e3"), Just("1e999"), Just("\"\\ud800\""), Just("\"x\""), Just("\\"), Just("\""),
        ], 0..60)) {
        fuzz(parts.concat().as_bytes());
    }

    #[test]
    fn a_mutated_payload_is_survived(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut body = include_bytes!("../../../tests/fixtures/payload/maximal.json").to_vec();
        let place = at.index(body.len());
        body[place] = byte;
        fuzz(&body);
        body.truncate(cut.index(body.len()));
        fuzz(&body);
    }

    #[test]
    fn any_damaged_items_leave_the_others(damage in proptest::collection::vec(proptest::collection::vec(proptest::option::of(0..DAMAGES.len()), 0..6), 4)) {
        let lists: Vec<String> = ["logs", "exceptions", "measurements", "events"].iter().enumerate().map(|(kind, name)| {
            let items: Vec<String> = damage[kind].iter().enumerate().map(|(n, damaged)| match damaged {
                None => item(kind, n),
                Some(which) => DAMAGES[*which].to_owned(),
            }).collect();
            format!("\"{name}\":[{}]", items.join(","))
        }).collect();
        let decoded = read(&format!("{{{}}}", lists.join(",")));
        let flat: Vec<&Option<usize>> = damage.iter().flatten().collect();
        let kept: Vec<u32> = decoded.payload.items().map(|(index, _)| index).collect();
        let lost: Vec<u32> = decoded.unreadable.iter().map(|Unreadable { index, .. }| *index).collect();
        let expected = |damaged: bool| -> Vec<u32> {
            flat.iter().enumerate().filter(|(_, d)| d.is_some() == damaged).map(|(n, _)| n as u32).collect()
        };
        prop_assert_eq!(kept, expected(false));
        prop_assert_eq!(lost, expected(true));
        let texts: Vec<&str> = decoded.payload.logs.iter().map(|log| log.message.as_str()).collect();
        let logs: Vec<String> = damage[0].iter().enumerate().filter(|(_, d)| d.is_none()).map(|(n, _)| format!("log {n}")).collect();
        prop_assert_eq!(texts, logs);
    }
}
