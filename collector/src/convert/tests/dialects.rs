//! The two receivers' dialects, held to their rules for generated payloads, and to what the receivers themselves made of such payloads.

mod generate;
mod json;
mod rules;

use farol_protocol::payload::Payload;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::golden::{fixture, header, line, records};
use crate::convert::{Dialect, to_otlp};
use crate::decode::{Cut, Limits, faro};

/// Enough for each rule to meet each kind of value.
const PAYLOADS: u32 = 1_000;

/// As it is read, stored and read again, which is what is converted.
fn stored(body: &str) -> Payload {
    let decoded = faro(body.as_bytes(), &Limits::default()).expect("a payload");
    assert_eq!(decoded.unreadable, [], "{body}");
    assert_eq!(decoded.cut, Cut::default(), "{body}");
    Payload::decode(&decoded.payload.encode()).expect("what was stored")
}

fn made(body: &str) -> (Vec<String>, Vec<rules::Record>) {
    let payload = stored(body);
    let header = header("shop");
    let lines = to_otlp(&header, &payload, Dialect::Alloy);
    let contrib = to_otlp(&header, &payload, Dialect::Contrib);
    let named = |record: &LogRecord, name: &str| {
        let found = record.attributes.iter().find(|it| it.key == name);
        let value = found
            .and_then(|it| it.value.clone())
            .and_then(|it| it.value);
        value.map(|it| match it {
            opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text) => text,
            other => panic!("{name}: {other:?}"),
        })
    };
    let records_of = records(&contrib).map(|record| rules::Record {
        line: line(record).to_owned(),
        kind: named(record, "kind").unwrap_or_default(),
        hash: named(record, "hash"),
        trace_id: record.trace_id.clone(),
        span_id: record.span_id.clone(),
    });
    let lines = records(&lines).map(|record| line(record).to_owned());
    (lines.collect(), records_of.collect())
}

fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|it| it.parse().ok()).unwrap_or(PAYLOADS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_generated_payload_is_written_by_the_rules_of_either_receiver(payload in prop_oneof![generate::payload(true), generate::payload(false)]) {
        let (lines, records) = made(&payload.write());
        prop_assert_eq!(lines, rules::alloy(&payload));
        prop_assert_eq!(records, rules::contrib(&payload));
    }
}

/// What the receivers made of generated payloads; tests/fixtures/dialects/README.md says how that was recorded. With `FAROL_DIALECTS_WRITE` a
/// thousand payloads are written to that file, for the receivers; with `FAROL_DIALECTS_PAIRS` what they made is read from that one.
#[test]
fn what_the_receivers_themselves_made_of_generated_payloads_is_made_here() {
    if let Some(path) = std::env::var_os("FAROL_DIALECTS_WRITE") {
        let mut runner = TestRunner::deterministic();
        let payloads = generate::payload(true);
        let bodies = (0..PAYLOADS).map(|_| {
            payloads
                .new_tree(&mut runner)
                .expect("a payload")
                .current()
                .write()
        });
        std::fs::write(path, bodies.collect::<Vec<_>>().join("\n") + "\n").expect("a file");
        return;
    }
    let pairs = match std::env::var_os("FAROL_DIALECTS_PAIRS") {
        Some(path) => std::fs::read_to_string(path).expect("pairs"),
        None => fixture("dialects/pairs.ndjson"),
    };
    let mut compared = (0, 0);
    let mut differ = Vec::new();
    for pair in pairs.lines() {
        let pair: Value = serde_json::from_str(pair).expect("a pair");
        let body = pair["payload"].as_str().expect("a payload");
        let (lines, records) = made(body);
        let theirs = |name: &str| pair[name].as_array().cloned();
        if let Some(theirs) = theirs("alloy") {
            compared.0 += 1;
            if theirs != lines {
                differ.push(format!(
                    "alloy of {body}\n  theirs {theirs:?}\n  ours   {lines:?}"
                ));
            }
        }
        if let Some(theirs) = theirs("contrib") {
            compared.1 += 1;
            let ours: Vec<Value> = records.iter().map(written).collect();
            if theirs != ours {
                differ.push(format!(
                    "contrib of {body}\n  theirs {theirs:?}\n  ours   {ours:?}"
                ));
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} differ, first:\n{}",
        differ.len(),
        differ
            .iter()
            .take(5)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    let all = pairs.lines().count();
    assert_eq!(compared, (all, all), "some were not compared");
}

fn written(record: &rules::Record) -> Value {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect::<String>()
    };
    serde_json::json!({
        "line": record.line, "kind": record.kind, "hash": record.hash.clone().unwrap_or_default(),
        "trace": hex(&record.trace_id), "span": hex(&record.span_id),
    })
}
