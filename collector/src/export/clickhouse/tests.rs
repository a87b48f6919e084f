use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::config::{Compression, Secret};
use crate::export::batch::Source;
use crate::export::fake::{Answer, Fake, Seen, remote};
use crate::export::samples;

fn settings(fake: &Fake) -> Settings {
    Settings {
        compression: Compression::None,
        ..Settings::new(remote(&format!("http://{}/?user=farol", fake.address)).remote)
    }
}

fn rich(signal: Signal) -> Batch {
    Batch::new(signal, vec![Source::Record(Arc::new(samples::rich()))])
}

fn one_row(signal: Signal) -> Value {
    serde_json::from_slice(&rows(&rich(signal))).unwrap()
}

#[test]
fn a_log_record_is_a_row_of_the_exporters_table() {
    let want = json!({
        "Timestamp": "1700000000.000000001", "TraceId": "000102030405060708090a0b0c0d0e0f",
        "SpanId": "0001020304050607", "TraceFlags": 1, "SeverityText": "ERROR", "SeverityNumber": 17,
        "ServiceName": "shop", "Body": "a \"quoted\"\nline \u{1}", "ResourceSchemaUrl": "r",
        "ResourceAttributes": { "service.name": "shop" }, "ScopeSchemaUrl": "s", "ScopeName": "farol",
        "ScopeVersion": "1",
        "LogAttributes": {
            "empty": "", "text": "", "yes": "true", "no": "false", "int": "-9007199254740993", "zero": "0",
            "double": "0.1", "whole": "2500.0", "nan": "NaN", "inf": "-inf", "bytes": "\"AP8Q\"",
            "list": "[\"a\",1]", "none": "[]", "map": "{\"k\":\"v\"}"
        },
        "EventName": "exception"
    });
    assert_eq!(one_row(Signal::Logs), want);
}

#[test]
fn a_span_is_a_row_of_the_exporters_table() {
    let want = json!({
        "Timestamp": "1700000000.000000000", "TraceId": "000102030405060708090a0b0c0d0e0f",
        "SpanId": "0001020304050607", "ParentSpanId": "ff01020304050607", "TraceState": "a=b",
        "SpanName": "GET", "SpanKind": "Client", "ServiceName": "shop",
        "ResourceAttributes": { "service.name": "shop" }, "ScopeName": "farol.fetch",
        "SpanAttributes": { "http.response.status_code": "500" }, "Duration": 123_456_789,
        "StatusCode": "Error", "StatusMessage": "failed",
        "Events.Timestamp": ["1700000000.000000005"], "Events.Name": ["half"], "Events.Attributes": [{}],
        "Links.TraceId": ["000102030405060708090a0b0c0d0e0f"], "Links.SpanId": ["0001020304050607"],
        "Links.TraceState": [""], "Links.Attributes": [{}]
    });
    assert_eq!(one_row(Signal::Traces), want);
}

fn query(seen: &Seen) -> BTreeMap<String, String> {
    let query = seen.query.as_deref().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn rows_that_were_refused_with_those_of_others_are_judged_by_themselves() {
    let forbidden = |words: &'static str| {
        Answer::with(400, "x-clickhouse-exception-code", "469", words.as_bytes())
    };
    let answers = vec![
        forbidden("of another"),
        Answer::status(200),
        forbidden("of whom?"),
        forbidden("its own"),
        // A proxy's word for too large is about this very request.
        Answer::status(413),
    ];
    let mut fake = Fake::answering(answers).await;
    let destination = ClickHouse::new(&settings(&fake)).unwrap();
    let batch = rich(Signal::Logs);
    assert_eq!(destination.send(&batch).await, Outcome::accepted());
    let its_own = Reason::new("clickhouse 469", "its own");
    assert_eq!(destination.send(&batch).await, Outcome::Refused(its_own));
    let too_large = Outcome::Refused(Reason::code("http 413"));
    assert_eq!(destination.send(&batch).await, too_large);
    let mut gathered = Vec::new();
    while let Ok(seen) = fake.seen.try_recv() {
        gathered.push(query(&seen)["async_insert"].clone());
    }
    assert_eq!(gathered, ["1", "0", "1", "0", "1"]);
}

#[tokio::test]
async fn a_batch_is_one_insert_that_is_answered_when_it_is_written_and_taken_once() {
    let mut fake = Fake::answering(vec![]).await;
    let destination = ClickHouse::new(&settings(&fake)).unwrap();
    for _ in 0..2 {
        let sent = destination.send(&rich(Signal::Logs)).await;
        assert_eq!(sent, Outcome::accepted());
    }
    let first = query(&fake.seen.recv().await.unwrap());
    assert_eq!(
        first["query"],
        "INSERT INTO default.otel_logs FORMAT JSONEachRow"
    );
    assert_eq!(
        (
            first["async_insert"].as_str(),
            first["wait_for_async_insert"].as_str()
        ),
        ("1", "1")
    );
    assert_eq!(first["user"], "farol");
    let again = query(&fake.seen.recv().await.unwrap());
    assert_eq!(
        again["insert_deduplication_token"],
        first["insert_deduplication_token"]
    );
    let settings = Settings {
        async_insert: false,
        ..settings(&fake)
    };
    let destination = ClickHouse::new(&settings).unwrap();
    destination.send(&rich(Signal::Traces)).await;
    let traces = query(&fake.seen.recv().await.unwrap());
    assert_eq!(
        traces["query"],
        "INSERT INTO default.otel_traces FORMAT JSONEachRow"
    );
    assert_eq!(traces["async_insert"], "0");
    assert!(!traces.contains_key("wait_for_async_insert"));
    assert_ne!(
        traces["insert_deduplication_token"],
        first["insert_deduplication_token"]
    );
}

async fn outcome(answer: Answer) -> Outcome {
    let fake = Fake::answering_then(vec![], answer).await;
    let destination = ClickHouse::new(&settings(&fake)).unwrap();
    destination.send(&rich(Signal::Logs)).await
}

#[tokio::test]
async fn a_busy_broken_or_refusing_server_is_told_from_another() {
    let busy = outcome(Answer::with(429, "retry-after", "7", b"")).await;
    assert!(matches!(busy, Outcome::Retry { after: Some(it), .. } if it == Duration::from_secs(7)));
    let broken = outcome(Answer::status(500)).await;
    assert!(matches!(broken, Outcome::Retry { suspect: true, .. }));
    let words = b"Code: 27. DB::Exception: Cannot parse input";
    let refused = outcome(Answer::with(
        400,
        "x-clickhouse-exception-code",
        "27",
        words,
    ))
    .await;
    assert_eq!(
        refused,
        Outcome::Refused(Reason::new(
            "clickhouse 27",
            "Code: 27. DB::Exception: Cannot parse input"
        ))
    );
    let reset = Outcome::retry(Reason::code("connection lost"));
    assert_eq!(outcome(Answer::Reset).await, reset);
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let fake = Fake::answering(vec![Answer::Hang]).await;
    let mut settings = settings(&fake);
    settings.remote.timeout = Duration::from_millis(200);
    let destination = ClickHouse::new(&settings).unwrap();
    let want = Outcome::retry(Reason::code("timeout"));
    assert_eq!(destination.send(&rich(Signal::Logs)).await, want);
}

#[tokio::test]
async fn no_secret_is_in_what_is_said_of_it() {
    let fake = Fake::answering(vec![Answer::status(401)]).await;
    let mut settings = settings(&fake);
    settings.remote.headers = vec![(http::header::AUTHORIZATION, Secret::new("hunter2"))];
    let destination = ClickHouse::new(&settings).unwrap();
    let said = format!(
        "{settings:?} {:?}",
        destination.send(&rich(Signal::Logs)).await
    );
    assert!(!said.contains("hunter2"), "{said}");
}
