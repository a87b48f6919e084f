//! What holds of every conversion, and the cases that no recording has.

use super::golden::{RECEIVED, body, header, line, payload, records};
use crate::convert::{Dialect, Otlp, to_otlp};
use crate::decode::{Form, Limits, faro, otlp};
use crate::record::{Header, SourceKind};
use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use std::collections::HashSet;

const DIALECTS: [Dialect; 3] = [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib];

fn of(body: &str) -> Payload {
    *faro(body.as_bytes(), &Limits::default())
        .expect("a payload")
        .payload
}

fn semconv(body: &str) -> Otlp {
    to_otlp(&header("shop"), &of(body), Dialect::Semconv)
}

fn get<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref())
}

fn text(record: &LogRecord, name: &str) -> Option<String> {
    match get(&record.attributes, name) {
        Some(Value::StringValue(text)) => Some(text.clone()),
        _ => None,
    }
}

fn spans(otlp: &Otlp) -> Vec<&Span> {
    otlp.traces
        .iter()
        .flat_map(|group| &group.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect()
}

#[test]
fn an_unreadable_item_keeps_its_place_in_uids_and_sequences() {
    let whole = semconv(
        r#"{"logs":[{"message":"a"},{"message":"b"},{"message":"c"}],"farol":{"client":"c1","seq":10}}"#,
    );
    let holed =
        semconv(r#"{"logs":[{"message":"a"},5,{"message":"c"}],"farol":{"client":"c1","seq":10}}"#);
    let ids = |otlp: &Otlp| -> Vec<_> {
        let of = |record: &LogRecord| {
            (
                text(record, "log.record.uid"),
                get(&record.attributes, "farol.item.sequence").cloned(),
            )
        };
        records(otlp).map(of).collect()
    };
    let (whole, holed) = (ids(&whole), ids(&holed));
    assert_eq!(holed, [whole[0].clone(), whole[2].clone()]);
    assert_eq!(holed[1].1, Some(Value::IntValue(12)));
}

#[test]
fn an_event_that_names_an_address_keeps_it_and_the_page_has_its_own() {
    let otlp = semconv(
        r#"{"meta":{"page":{"url":"https://shop.example/"}},"events":[{"name":"farol.failed_load","attributes":{"url.full":"https://cdn.example/a.png"}}]}"#,
    );
    let record = records(&otlp).next().expect("a record");
    assert_eq!(
        text(record, "url.full").as_deref(),
        Some("https://cdn.example/a.png")
    );
    assert_eq!(
        text(record, "browser.document.url.full").as_deref(),
        Some("https://shop.example/")
    );
}

#[test]
fn two_replicas_give_one_uid_and_two_batches_two() {
    let payload = of(r#"{"logs":[{"message":"a"}]}"#);
    let uid = |id: [u8; 16], received_ns: u64| {
        let header = Header {
            id,
            received_ns,
            ..header("shop")
        };
        let otlp = to_otlp(&header, &payload, Dialect::Semconv);
        records(&otlp)
            .next()
            .and_then(|record| text(record, "log.record.uid"))
    };
    assert_eq!(uid([1; 16], RECEIVED), uid([1; 16], RECEIVED + 1));
    assert_ne!(uid([1; 16], RECEIVED), uid([2; 16], RECEIVED));
}

#[test]
fn the_resource_names_no_visitor() {
    let allowed = [
        "service.name",
        "service.namespace",
        "service.version",
        "deployment.environment.name",
        "telemetry.sdk.name",
        "telemetry.sdk.language",
        "telemetry.sdk.version",
        "app.build_id",
    ];
    for path in [
        "payload/maximal.json",
        "payload/names.json",
        "faro-2.12.1/03.json",
    ] {
        let otlp = to_otlp(&header("shop"), &payload(path), Dialect::Semconv);
        let resources = (otlp
            .logs
            .iter()
            .map(|group| (&group.resource, &group.schema_url)))
        .chain(
            otlp.traces
                .iter()
                .map(|group| (&group.resource, &group.schema_url)),
        );
        for (resource, schema) in resources {
            assert!(schema.starts_with("https://opentelemetry.io/schemas/"));
            for attribute in &resource.as_ref().expect("a resource").attributes {
                assert!(
                    allowed.contains(&attribute.key.as_str()),
                    "{}",
                    attribute.key
                );
            }
        }
    }
}

#[test]
fn the_declared_app_is_the_service_whatever_the_browser_says() {
    let payload = of(r#"{"meta":{"app":{"name":"bank"}},"logs":[{"message":"a"}]}"#);
    let service = |app: &str| {
        let otlp = to_otlp(&header(app), &payload, Dialect::Semconv);
        let resource = otlp.logs[0].resource.clone().expect("a resource");
        let named = records(&otlp)
            .next()
            .and_then(|record| text(record, "farol.app.name"));
        (get(&resource.attributes, "service.name").cloned(), named)
    };
    assert_eq!(
        service("shop"),
        (Some(Value::StringValue("shop".into())), Some("bank".into()))
    );
    assert_eq!(service(""), (Some(Value::StringValue("bank".into())), None));
}

#[test]
fn severity_says_who_caught_the_exception() {
    let otlp = semconv(
        r#"{"exceptions":[{"type":"A"},{"type":"B","handled":false},{"type":"C","handled":true},{"type":"D","handled":true,"fatal":true}]}"#,
    );
    assert_eq!(
        records(&otlp)
            .map(|record| record.severity_number)
            .collect::<Vec<_>>(),
        [17, 17, 13, 21]
    );
    assert!(records(&otlp).all(|record| record.event_name == "exception"));
}

#[test]
fn what_a_page_names_like_ours_steps_aside() {
    let otlp = semconv(
        r#"{"meta":{"session":{"id":"s1"}},"events":[{"name":"e","attributes":{"session.id":"mine","log.record.uid":"x","":"no name","server.port":"8080","k":null}}]}"#,
    );
    let record = records(&otlp).next().expect("a record");
    assert_eq!(text(record, "session.id").as_deref(), Some("s1"));
    assert_eq!(
        text(record, "farol.attribute.session.id").as_deref(),
        Some("mine")
    );
    assert_eq!(
        text(record, "farol.attribute.log.record.uid").as_deref(),
        Some("x")
    );
    assert_eq!(
        text(record, "farol.attribute._").as_deref(),
        Some("no name")
    );
    assert_eq!(
        get(&record.attributes, "server.port"),
        Some(&Value::IntValue(8080))
    );
}

#[test]
fn ids_that_otlp_cannot_hold_become_attributes() {
    let otlp = semconv(
        r#"{"logs":[{"message":"a","trace":{"trace_id":"zz","span_id":"b7ad6b7169203331"}}]}"#,
    );
    let record = records(&otlp).next().expect("a record");
    assert!(record.trace_id.is_empty() && record.span_id.is_empty() && record.flags == 0);
    assert_eq!(text(record, "farol.trace.trace_id").as_deref(), Some("zz"));
    assert_eq!(
        text(record, "farol.trace.span_id").as_deref(),
        Some("b7ad6b7169203331")
    );
}

#[test]
fn a_time_that_cannot_be_true_is_replaced_and_kept() {
    let otlp = semconv(
        r#"{"logs":[{"message":"a","timestamp":"2031-01-01T00:00:00Z"},{"message":"b","timestamp":"noon"},{"message":"c"}]}"#,
    );
    let seen: Vec<_> = records(&otlp)
        .map(|record| {
            (
                record.time_unix_nano,
                text(record, "farol.time.replaced"),
                text(record, "farol.time.client"),
            )
        })
        .collect();
    let at = |why: &str, client: Option<&str>| {
        (RECEIVED, Some(why.to_owned()), client.map(str::to_owned))
    };
    assert_eq!(
        seen,
        [
            at("future", Some("2031-01-01T00:00:00.000Z")),
            at("unreadable", Some("noon")),
            at("missing", None)
        ]
    );
}

#[test]
fn a_span_keeps_its_length_when_its_clock_is_put_right() {
    let span = r#"{"traces":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
        "startTimeUnixNano":"1795145690000000000","endTimeUnixNano":"1795145691000000000",
        "events":[{"name":"e","timeUnixNano":"1795145690500000000"}]}]}]}]}}"#;
    for (offset, start) in [
        (0, 1_795_145_690_000_000_000),
        (-5_000, 1_795_145_685_000_000_000),
        (3_600_000, RECEIVED - 1_000_000_000),
    ] {
        let header = Header {
            clock_offset_ms: offset,
            ..header("shop")
        };
        let otlp = to_otlp(&header, &of(span), Dialect::Semconv);
        let span = spans(&otlp)[0];
        assert_eq!(span.start_time_unix_nano, start, "offset {offset}");
        assert_eq!(
            span.end_time_unix_nano - span.start_time_unix_nano,
            1_000_000_000
        );
        assert_eq!(
            span.events[0].time_unix_nano - span.start_time_unix_nano,
            500_000_000
        );
    }
}

#[test]
fn no_span_starts_before_the_week_that_times_are_believed_for() {
    const WEEK: u64 = 7 * 24 * 3_600 * 1_000_000_000;
    let with = |start: u64, end: u64, event: u64| {
        format!(
            r#"{{"traces":{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
            "startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","events":[{{"name":"e","timeUnixNano":"{event}"}}]}}]}}]}}]}}}}"#
        )
    };
    let end = RECEIVED - 5;
    for (start, event, want) in [
        (end - WEEK, end - WEEK, (RECEIVED - WEEK, Some("past"))),
        (1, u64::MAX, (RECEIVED - WEEK, Some("past"))),
        (RECEIVED - WEEK, end, (RECEIVED - WEEK, None)),
        (u64::MAX, 1, (RECEIVED + 600_000_000_000, Some("future"))),
    ] {
        let span = with(start, end, event);
        let otlp = to_otlp(&header("shop"), &of(&span), Dialect::Semconv);
        let span = spans(&otlp)[0];
        let why = match get(&span.attributes, "farol.time.replaced") {
            Some(Value::StringValue(why)) => Some(why.as_str()),
            _ => None,
        };
        assert_eq!((span.start_time_unix_nano, why), want, "{start}");
        assert_eq!(span.end_time_unix_nano, end.max(want.0));
        let event = span.events[0].time_unix_nano;
        assert!((RECEIVED - WEEK..=RECEIVED + 600_000_000_000).contains(&event));
    }
    // Judged by its end, which is as far off as a number can say; its length stays.
    let (start, event) = (u64::MAX - 5_000_000_000, u64::MAX - 2_000_000_000);
    let span = with(start, u64::MAX, event);
    let otlp = to_otlp(&header("shop"), &of(&span), Dialect::Semconv);
    let span = spans(&otlp)[0];
    assert_eq!(span.end_time_unix_nano, RECEIVED);
    assert_eq!(span.start_time_unix_nano, RECEIVED - 5_000_000_000);
    assert_eq!(span.events[0].time_unix_nano, RECEIVED - 2_000_000_000);
}

#[test]
fn a_batch_without_spans_or_without_others_makes_no_empty_groups() {
    for dialect in DIALECTS {
        let logs = to_otlp(
            &header("shop"),
            &of(r#"{"logs":[{"message":"a"}],"traces":{"resourceSpans":[{}]}}"#),
            dialect,
        );
        assert_eq!((logs.logs.len(), logs.traces.len()), (1, 0));
        assert_eq!(
            to_otlp(&header("shop"), &of("{}"), dialect),
            Otlp::default()
        );
    }
}

#[test]
fn lines_end_with_the_items_own_page() {
    let payload = of(
        r#"{"meta":{"page":{"url":"https://a.example/"},"view":{"name":"one"}},
        "logs":[{"message":"a"},{"message":"b","farol":{"page":{"url":"https://b.example/"},"view":{"name":"two"}}}]}"#,
    );
    for dialect in [Dialect::Alloy, Dialect::Contrib] {
        let otlp = to_otlp(&header("shop"), &payload, dialect);
        let lines: Vec<&str> = records(&otlp).map(line).collect();
        assert!(
            lines[0].contains("page_url=https://a.example/") && lines[0].contains("view_name=one")
        );
        assert!(
            lines[1].contains("page_url=https://b.example/") && lines[1].contains("view_name=two")
        );
    }
}

#[test]
fn what_a_line_cannot_say_stands_beside_it() {
    for dialect in [Dialect::Alloy, Dialect::Contrib] {
        let otlp = to_otlp(&header("shop"), &payload("payload/maximal.json"), dialect);
        let exception = records(&otlp).nth(2).expect("the exception");
        assert_eq!(text(exception, "kind").as_deref(), Some("exception"));
        for name in [
            "hash",
            "farol.exception.fingerprint",
            "user.full_name",
            "farol.client.id",
            "vcs.ref.head.revision",
            "app.build_id",
            "log.record.uid",
        ] {
            assert!(text(exception, name).is_some(), "{dialect:?} {name}");
        }
        let frames = get(&exception.attributes, "farol.exception.frames");
        assert!(frames.is_some(), "they name bundles and debug ids");
    }
}

#[test]
fn an_exception_has_the_hash_of_its_like_whichever_way_it_came() {
    let faro = of(
        r#"{"exceptions":[{"type":"Error","value":"user id: 77 is gone"},{"type":"Error","value":"user id: 78 is gone"}]}"#,
    );
    let record = |id: u32| {
        format!(
            r#"{{"eventName":"exception","attributes":[{{"key":"exception.type","value":{{"stringValue":"Error"}}}},
            {{"key":"exception.message","value":{{"stringValue":"user id: {id} is gone"}}}}]}}"#
        )
    };
    let body = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{},{}]}}]}}]}}"#,
        record(77),
        record(78)
    );
    let (kind, form) = (SourceKind::OtlpLogs, Form::Json);
    let decoded = otlp(kind, form, body.as_bytes(), &Limits::default()).unwrap();
    let hashes = |kind, payload, dialect| {
        let header = Header {
            kind,
            ..header("shop")
        };
        let otlp = to_otlp(&header, payload, dialect);
        let hashes = records(&otlp).map(|record| {
            let in_line = line(record).contains(" hash=");
            (text(record, "hash").expect("a hash"), in_line)
        });
        hashes.collect::<Vec<_>>()
    };
    for (dialect, in_line) in [(Dialect::Alloy, true), (Dialect::Contrib, false)] {
        let found = hashes(SourceKind::Faro, &faro, dialect);
        assert_eq!(hashes(kind, &decoded.payload, dialect), found);
        assert!(found.iter().all(|it| it.1 == in_line));
        // Alloy hashes the message as it is, the Collector without what differs each time.
        assert_eq!(found[0].0 == found[1].0, dialect == Dialect::Contrib);
    }
}

#[test]
fn a_parent_whose_id_cannot_be_read_is_kept_in_what_came_as_otlp_too() {
    let body = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203331","parentSpanId":"nothing"},
        {"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203332","parentSpanId":"0000000000000000"}]}]}]}"#;
    let kind = SourceKind::OtlpTraces;
    let decoded = otlp(kind, Form::Json, body.as_bytes(), &Limits::default()).unwrap();
    let header = Header {
        kind,
        ..header("shop")
    };
    let made = to_otlp(&header, &decoded.payload, Dialect::Semconv);
    let told = |span: &&Span| get(&span.attributes, "farol.trace.parent_span_id").cloned();
    let parents: Vec<_> = spans(&made).iter().map(told).collect();
    assert_eq!(parents, [Some(Value::StringValue("nothing".into())), None]);
}

/// Names that are distinct and not empty, as OTLP asks, at every level.
fn well_formed(attributes: &[KeyValue]) {
    let mut seen = HashSet::new();
    for attribute in attributes {
        assert!(
            seen.insert(&attribute.key),
            "{} stands twice",
            attribute.key
        );
        attribute.value.iter().for_each(well_formed_within);
    }
}

fn well_formed_within(value: &AnyValue) {
    match &value.value {
        Some(Value::KvlistValue(inner)) => well_formed(&inner.values),
        Some(Value::ArrayValue(list)) => list.values.iter().for_each(well_formed_within),
        _ => {}
    }
}

fn conversion_holds(body: &[u8]) {
    let Ok(decoded) = faro(body, &Limits::default()) else {
        return;
    };
    let payload = &decoded.payload;
    for dialect in DIALECTS {
        let otlp = to_otlp(&header("shop"), payload, dialect);
        assert_eq!(records(&otlp).count(), payload.len() - payload.spans());
        assert_eq!(spans(&otlp).len(), payload.spans());
        records(&otlp).for_each(|record| well_formed(&record.attributes));
        spans(&otlp)
            .into_iter()
            .for_each(|span| well_formed(&span.attributes));
        assert_eq!(
            to_otlp(&header("shop"), payload, dialect),
            otlp,
            "the same each time"
        );
        let stored = Payload::decode(&payload.encode()).expect("what was stored");
        assert_eq!(
            to_otlp(&header("shop"), &stored, dialect),
            otlp,
            "the same after storage"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_payload_breaks_a_conversion(at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), names in any::<bool>()) {
        // One piece of a good payload in the place of another: names meet values of other fields' shapes.
        let body = body(if names { "payload/names.json" } else { "payload/maximal.json" });
        let words: Vec<&str> = body.split('"').collect();
        let (at, other) = (at.index(words.len()), other.index(words.len()));
        let mut words = words.clone();
        words[at] = words[other];
        conversion_holds(words.join("\"").as_bytes());
    }
}

#[test]
fn what_our_objects_call_their_own_stands_once_in_them() {
    let body = r#"{"exceptions":[{"type":"E","stacktrace":{"frames":[{"debugId":"a","debug_id":"b","bundleId":"a","bundle_id":"b"}]},
        "causes":[{"type":"E","value":"x","message":"y","frames":1,"farol.attribute.message":"z","stacktrace":{"frames":[{"function":"f"}]}}],
        "trail":[{"t":1,"k":"log","m":"a","time":2,"kind":"log","message":"b"}]}]}"#;
    conversion_holds(body.as_bytes());
    let otlp = to_otlp(&header("shop"), &of(body), Dialect::Semconv);
    let said = format!("{:?}", records(&otlp).next().expect("a record").attributes);
    for kept in ["\"x\"", "\"y\"", "\"z\""] {
        assert!(said.contains(kept), "{kept} in {said}");
    }
}

#[test]
fn the_fixtures_convert_well() {
    for path in [
        "payload/maximal.json",
        "payload/names.json",
        "faro-2.12.1/01.json",
        "faro-2.12.1/05.json",
        "faro-2.12.1/06.json",
    ] {
        conversion_holds(body(path).as_bytes());
    }
}

#[test]
fn what_the_collector_added_leaves_in_every_dialect() {
    let mut payload = of(
        r#"{"meta":{"page":{"url":"https://a.example/users/1"}},"logs":[{"message":"a"}],"exceptions":[{"type":"E"}]}"#,
    );
    payload.farol.added.set("team", "web".into());
    payload
        .farol
        .routes
        .set("https://a.example/users/1", "/users/{id}".into());
    for dialect in DIALECTS {
        let otlp = to_otlp(&header("shop"), &payload, dialect);
        let scopes = otlp.logs.iter().flat_map(|logs| &logs.scope_logs);
        let records: Vec<_> = scopes.flat_map(|scope| &scope.log_records).collect();
        assert_eq!(records.len(), 2);
        for record in records {
            assert_eq!(text(record, "team").as_deref(), Some("web"), "{dialect:?}");
            let template = text(record, "url.template");
            assert_eq!(template.as_deref(), Some("/users/{id}"), "{dialect:?}");
        }
    }
}

/// The same for what came as OTLP, where a log store sees nothing of the resource but what stands beside the line.
#[test]
fn what_the_collector_added_to_a_record_of_otlp_leaves_in_every_dialect() {
    let body = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"page"}},
            {"key":"host.name","value":{"stringValue":"till-7"}}]},
        "scopeLogs":[{"logRecords":[{"timeUnixNano":"1795145671000000000","severityNumber":17,"body":{"stringValue":"could not load the basket"},
            "attributes":[{"key":"url.full","value":{"stringValue":"https://a.example/users/1"}},
                {"key":"exception.type","value":{"stringValue":"TypeError"}},
                {"key":"exception.escaped","value":{"boolValue":true}}]}]}]}]}"#;
    let kind = SourceKind::OtlpLogs;
    let mut payload = otlp(kind, Form::Json, body.as_bytes(), &Limits::default())
        .expect("OTLP")
        .payload;
    payload.farol.added.set("team", "web".into());
    payload.meta.browser.name = "Firefox".into();
    payload
        .farol
        .routes
        .set("https://a.example/users/1", "/users/{id}".into());
    let header = Header {
        kind,
        ..header("shop")
    };
    for dialect in DIALECTS {
        let otlp = to_otlp(&header, &payload, dialect);
        let record = records(&otlp).next().expect("a record");
        assert_eq!(text(record, "team").as_deref(), Some("web"), "{dialect:?}");
        let template = text(record, "url.template");
        assert_eq!(template.as_deref(), Some("/users/{id}"), "{dialect:?}");
        let name = text(record, "user_agent.name");
        if dialect == Dialect::Semconv {
            assert_eq!(name.as_deref(), Some("Firefox"));
            continue;
        }
        assert_eq!(name, None, "its line says it");
        assert_eq!(text(record, "host.name").as_deref(), Some("till-7"));
        let line = line(record);
        for said in [
            r#"context_body="could not load the basket""#,
            "context_exception.escaped=true",
            "browser_name=Firefox",
            "page_url=https://a.example/users/1",
        ] {
            assert!(line.contains(said), "{dialect:?} {said}: {line}");
        }
    }
}

#[test]
fn what_is_no_number_stands_in_no_attribute_that_is_one() {
    let otlp = semconv(
        r#"{"events":[{"name":"faro.performance.resource","attributes":{"name":"https://a.example/b.js","responseStatus":"unknown","transferSize":"unknown",
            "duration":"12.5","encodedBodySize":"many","dnsLookupTime":"unknown"}},
        {"name":"faro.tracing.fetch","attributes":{"http.response.status_code":"unknown","server.port":"443"}}]}"#,
    );
    let records: Vec<_> = records(&otlp).collect();
    let of = |name: &str| get(&records[0].attributes, name).cloned();
    for absent in [
        "http.response.status_code",
        "browser.resource_timing.transfer_size",
        "browser.resource_timing.encoded_body_size",
        "farol.timing.response_status",
        "farol.timing.dns_lookup_time",
    ] {
        assert_eq!(of(absent), None, "{absent}");
    }
    let duration = of("browser.resource_timing.duration");
    assert_eq!(duration, Some(Value::DoubleValue(12.5)));
    let size = of("farol.timing.encoded_body_size");
    assert_eq!(size, Some(Value::StringValue("many".into())));
    let of = |name: &str| get(&records[1].attributes, name).cloned();
    assert_eq!(of("http.response.status_code"), None);
    let status = of("farol.extra.item.http.response.status_code");
    assert_eq!(status, Some(Value::StringValue("unknown".into())));
    assert_eq!(of("server.port"), Some(Value::IntValue(443)));
}
