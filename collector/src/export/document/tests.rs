use std::collections::BTreeSet;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Status, span};
use serde_json::json;

use super::*;
use crate::export::batch::Source;
use crate::export::msgpack;
use crate::export::samples;

fn json_of(signal: Signal, otlp: crate::convert::Otlp) -> serde_json::Value {
    let batch = Batch::new(signal, vec![Source::Record(Arc::new(otlp))]);
    let document = documents(&batch).next().unwrap();
    let mut out = Vec::new();
    document.json(&mut out);
    assert!(!out.contains(&b'\n'));
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_log_record_is_one_flat_object() {
    let want = json!({
        "@timestamp": "2023-11-14T22:13:20.000000001Z", "signal": "logs",
        "observed_timestamp": "2023-11-14T22:13:20.000000002Z",
        "severity_number": 17, "severity_text": "ERROR", "event_name": "exception",
        "body": "a \"quoted\"\nline \u{1}",
        "trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "0001020304050607", "trace_flags": 1,
        "otel.dropped_attributes_count": 3,
        "empty": null, "text": "", "yes": true, "no": false, "int": -9_007_199_254_740_993_i64, "zero": 0,
        "double": 0.1, "whole": 2500.0, "nan": "NaN", "inf": "-Infinity", "bytes": "AP8Q", "list": ["a", 1],
        "none": [], "map": {"k": "v"},
        "service.name": "shop", "otel.scope.name": "farol", "otel.scope.version": "1"
    });
    assert_eq!(json_of(Signal::Logs, samples::rich()), want);
}

#[test]
fn a_span_is_one_flat_object() {
    let want = json!({
        "@timestamp": "2023-11-14T22:13:20.000Z", "signal": "traces",
        "end_timestamp": "2023-11-14T22:13:20.123456789Z", "duration_ns": 123_456_789,
        "name": "GET", "kind": "CLIENT",
        "trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "0001020304050607",
        "parent_span_id": "ff01020304050607", "trace_state": "a=b", "trace_flags": 1,
        "otel.status_code": "ERROR", "otel.status_description": "failed",
        "events": [{"timestamp": "2023-11-14T22:13:20.000000005Z", "name": "half", "attributes": {}}],
        "links": [{"trace_id": "000102030405060708090a0b0c0d0e0f", "span_id": "0001020304050607",
                   "trace_state": "", "attributes": {}}],
        "http.response.status_code": 500, "service.name": "shop", "otel.scope.name": "farol.fetch"
    });
    assert_eq!(json_of(Signal::Traces, samples::rich()), want);
}

#[test]
fn what_has_a_name_that_is_taken_stands_under_what_it_is_of() {
    let record = LogRecord {
        time_unix_nano: 1,
        attributes: vec![
            samples::string("signal", "page's"),
            samples::string("attributes.signal", "page's too"),
            samples::string("service.name", "page's"),
            samples::string("event_name", "exception"),
            samples::string("trace_id", "page's"),
            samples::string("duration_ns", "page's"),
            samples::attribute("", Value::IntValue(1)),
        ],
        ..LogRecord::default()
    };
    let otlp = crate::convert::Otlp {
        logs: vec![samples::logs("shop", vec![record])],
        ..crate::convert::Otlp::default()
    };
    let want = json!({
        "@timestamp": "1970-01-01T00:00:00.000000001Z", "signal": "logs", "attributes.signal": "page's",
        "attributes.attributes.signal": "page's too", "service.name": "shop", "attributes.": 1,
        "attributes.service.name": "page's", "attributes.event_name": "exception", "attributes.trace_id": "page's", "attributes.duration_ns": "page's"
    });
    assert_eq!(json_of(Signal::Logs, otlp), want);
}

#[test]
fn the_names_that_are_no_attributes_are_all_known() {
    let log = LogRecord {
        time_unix_nano: 1,
        observed_time_unix_nano: 1,
        severity_number: 1,
        severity_text: "a".into(),
        event_name: "a".into(),
        body: Some(AnyValue { value: None }),
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        flags: 1,
        dropped_attributes_count: 1,
        ..LogRecord::default()
    };
    let span = Span {
        start_time_unix_nano: 1,
        end_time_unix_nano: 1,
        name: "a".into(),
        kind: 1,
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        parent_span_id: vec![1; 8],
        trace_state: "a".into(),
        flags: 1,
        status: Some(Status {
            code: 1,
            message: "a".into(),
        }),
        dropped_attributes_count: 1,
        dropped_events_count: 1,
        dropped_links_count: 1,
        events: vec![span::Event::default()],
        links: vec![span::Link::default()],
        ..Span::default()
    };
    let scope = InstrumentationScope {
        name: "a".into(),
        version: "a".into(),
        ..InstrumentationScope::default()
    };
    let place = Place {
        resource: None,
        resource_schema: "",
        scope: Some(&scope),
        scope_schema: "",
    };
    let mut known = BTreeSet::new();
    for document in [
        super::log::document(place, &log),
        super::span::document(place, &span),
    ] {
        known.extend(
            document
                .fields
                .pairs()
                .iter()
                .map(|(name, _)| name.to_string()),
        );
    }
    assert_eq!(known, OWN.iter().map(|it| (*it).to_owned()).collect());
}

#[test]
fn in_messagepack_it_holds_the_same() {
    let batch = Batch::new(
        Signal::Logs,
        vec![Source::Record(Arc::new(samples::rich()))],
    );
    let document = documents(&batch).next().unwrap();
    let mut out = Vec::new();
    document.msgpack(&mut out);
    let (value, len) = msgpack::read(&out).unwrap();
    assert_eq!(len, out.len());
    let text = |key| value.get(key).unwrap().as_bytes().unwrap().to_vec();
    assert_eq!(text("event_name"), b"exception");
    assert_eq!(text("bytes"), [0, 255, 16]);
    assert_eq!(
        value.get("int"),
        Some(&msgpack::Value::Int(-9_007_199_254_740_993))
    );
    assert_eq!(value.get("empty"), Some(&msgpack::Value::Nil));
    let map = value.get("map").unwrap();
    assert_eq!(map.get("k").unwrap().as_bytes(), Some(&b"v"[..]));
}

/// The map of deep nesting ends, and neither writer fails at it.
#[test]
fn depth_is_bounded() {
    let batch = Batch::new(
        Signal::Logs,
        vec![Source::Record(Arc::new(samples::nested(200)))],
    );
    let document = documents(&batch).next().unwrap();
    let mut out = Vec::new();
    document.json(&mut out);
    let depth = out.iter().filter(|it| **it == b'[').count();
    assert_eq!(depth, 64);
    assert!(out.windows(5).any(|it| it == b"[null"));
}
