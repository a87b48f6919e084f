use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use serde_json::{Value, json};

use super::*;
use crate::config::{Compression, Secret};
use crate::convert::Otlp;
use crate::export::batch::Source;
use crate::export::destination::Reason;
use crate::export::fake::{Answer, Fake, remote};
use crate::export::samples;

fn settings(fake: &Fake) -> Settings {
    Settings {
        compression: Compression::None,
        ..Settings::new(remote(&format!("http://{}", fake.address)).remote)
    }
}

fn batch(signal: Signal, otlp: Otlp) -> Batch {
    Batch::new(signal, vec![Source::Record(Arc::new(otlp))])
}

fn lines(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect()
}

fn written(signal: Signal, otlp: Otlp) -> Vec<Value> {
    let remote = remote("http://a").remote;
    lines(&body(&batch(signal, otlp), &Settings::new(remote)))
}

/// One log record with these attributes.
fn record(attributes: Vec<opentelemetry_proto::tonic::common::v1::KeyValue>) -> Otlp {
    let record = LogRecord {
        time_unix_nano: 1_700_000_000_000_000_000,
        attributes,
        ..LogRecord::default()
    };
    Otlp {
        logs: vec![samples::logs("shop", vec![record])],
        ..Otlp::default()
    }
}

#[test]
fn a_log_record_is_a_document_of_the_common_schema() {
    let attributes = vec![
        samples::string("log.record.uid", UID),
        samples::string("farol.item.kind", "exception"),
        samples::string("exception.type", "TypeError"),
        samples::string("geo.country.iso_code", "DE"),
        samples::attribute("browser.web_vital.value", Any::DoubleValue(2.5)),
        samples::string("cart.items", "3"),
        samples::string("kind", "page's"),
        samples::string("service.name", "page's"),
        samples::string("long", &"x".repeat(9_000)),
        samples::string("", "nameless"),
    ];
    let want = json!([
        { "create": { "_index": "logs-farol-default", "_id": UID } },
        {
            "@timestamp": "2023-11-14T22:13:20.000Z", "event.dataset": "farol", "event.id": UID, "farol.item.kind": "exception",
            "error.type": "TypeError", "client.geo.country_iso_code": "DE", "browser.web_vital.value": 2.5,
            "service.name": "shop",
            "labels": { "cart.items": "3", "kind": "page's", "_": "nameless", "service.name": "page's" },
            "unindexed": { "long": "x".repeat(9_000) }
        }
    ]);
    assert_eq!(json!(written(Signal::Logs, record(attributes))), want);
}

/// The name of an item of ours.
const UID: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn a_name_that_a_client_gave_all_its_records_is_no_id_of_theirs() {
    let id = |uid: &str, said: &str| {
        let attributes = [("log.record.uid", uid), ("said", said)];
        let attributes = attributes.map(|(key, value)| samples::string(key, value));
        let written = written(Signal::Logs, record(attributes.into()));
        let id = written[0]["create"]["_id"].as_str().unwrap().to_owned();
        assert_eq!(id.len(), 32, "{id}");
        assert_eq!(written[1]["event.id"], uid);
        id
    };
    for uid in [UID, "u1", &"long".repeat(200)] {
        assert_eq!(id(uid, "one"), id(uid, "one"), "{uid}");
        assert_ne!(id(uid, "one"), id(uid, "two"), "{uid}");
    }
    assert_ne!(id(UID, "one"), UID);
    assert_ne!(id("u1", "one"), id("u2", "one"));
}

#[test]
fn what_an_index_cannot_hold_is_kept_beside_it() {
    let found = written(Signal::Logs, samples::rich());
    let document = &found[1];
    assert_eq!(document["message"], "a \"quoted\"\nline \u{1}");
    assert_eq!(document["labels"]["list"], json!(["a", 1]));
    assert_eq!(document["unindexed"], json!({ "map": { "k": "v" } }));
    // Without a uid of ours the server makes the id.
    assert_eq!(
        found[0],
        json!({ "create": { "_index": "logs-farol-default" } })
    );
}

#[test]
fn a_name_that_no_label_may_have_is_kept_beside_the_index() {
    let attributes = [("a\0b", "1"), ("a", "2")];
    let attributes = attributes.map(|(key, value)| samples::string(key, value));
    let found = written(Signal::Logs, record(attributes.into()));
    // `flattened` parts key and value by it, and refuses the document.
    assert_eq!(found[1]["labels"], json!({ "a": "2" }));
    assert_eq!(found[1]["unindexed"], json!({ "a\0b": "1" }));
}

#[test]
fn a_span_has_its_ids_for_its_id() {
    let found = written(Signal::Traces, samples::rich());
    let id = "000102030405060708090a0b0c0d0e0f-0001020304050607";
    assert_eq!(
        found[0],
        json!({ "create": { "_index": "traces-farol-default", "_id": id } })
    );
    let document = &found[1];
    assert_eq!(document["event.duration"], 123_456_789);
    assert_eq!(document["event.outcome"], "failure");
    assert_eq!(document["http.response.status_code"], 500);
    assert_eq!(document["unindexed"]["events"][0]["name"], "half");
}

async fn outcome(answer: Answer) -> Outcome {
    let fake = Fake::answering(vec![answer]).await;
    let destination = Elasticsearch::new(&settings(&fake)).unwrap();
    let three = ["a", "b", "c"].map(|it| Source::Record(samples::log("shop", it).into()));
    let batch = Batch::new(Signal::Logs, three.into());
    destination.send(&batch).await
}

#[tokio::test]
async fn a_batch_is_one_bulk_request() {
    let taken = Answer::with(
        200,
        "content-type",
        "application/json",
        br#"{"errors":false}"#,
    );
    let mut fake = Fake::answering(vec![taken]).await;
    let destination = Elasticsearch::new(&settings(&fake)).unwrap();
    let batch = batch(Signal::Logs, samples::rich());
    assert_eq!(destination.send(&batch).await, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.path, "/_bulk");
    assert_eq!(seen.headers["content-type"], "application/x-ndjson");
    assert_eq!(lines(&seen.body).len(), 2);
}

#[tokio::test]
async fn items_of_an_answer_have_fates_of_their_own() {
    let body = json!({ "errors": true, "items": [
        { "create": { "status": 429, "error": { "type": "busy" } } },
        { "create": { "status": 201 } },
        { "create": { "status": 400, "error": { "type": "document_parsing_exception" } } },
    ] });
    let answer = Answer::with(
        200,
        "content-type",
        "application/json",
        body.to_string().as_bytes(),
    );
    let want = Outcome::Each {
        refused: vec![(2, Reason::new("bulk 400", "document_parsing_exception"))],
        again: vec![0],
        suspect: false,
        rejected: None,
        after: None,
        reason: Reason::new("bulk 429", "busy"),
    };
    assert_eq!(outcome(answer).await, want);
}

#[tokio::test]
async fn a_busy_broken_or_strange_server_is_tried_again() {
    let busy = outcome(Answer::with(429, "retry-after", "7", b"")).await;
    assert!(
        matches!(busy, Outcome::Retry { after: Some(it), suspect: false, .. } if it == Duration::from_secs(7))
    );
    let broken = outcome(Answer::status(500)).await;
    assert!(matches!(broken, Outcome::Retry { suspect: true, .. }));
    let strange = outcome(Answer::with(200, "content-type", "text/html", b"<html>")).await;
    assert!(matches!(strange, Outcome::Retry { suspect: true, .. }));
    assert!(matches!(
        outcome(Answer::status(413)).await,
        Outcome::Refused(_)
    ));
    let reset = Outcome::retry(Reason::code("connection lost"));
    assert_eq!(outcome(Answer::Reset).await, reset);
}

#[tokio::test]
async fn a_request_that_is_refused_whole_is_no_documents_fault() {
    let explicit = json!({ "error": { "type": "illegal_argument_exception", "reason": "explicit index in bulk is not allowed" }, "status": 400 });
    // What a server says that does not unpack what it is sent.
    let packed = json!({ "error": { "type": "x_content_parse_exception", "reason": "[1:2] Illegal character" }, "status": 400 });
    for (status, body) in [(400, explicit), (400, packed), (422, json!({}))] {
        let body = body.to_string();
        let answer = Answer::with(status, "content-type", "application/json", body.as_bytes());
        let want = Outcome::Retry {
            after: None,
            suspect: true,
            reason: Reason::new(format!("http {status}"), body),
        };
        assert_eq!(outcome(answer).await, want);
    }
    let page = Answer::with(400, "content-type", "text/html", b"<html>a proxy</html>");
    assert!(matches!(
        outcome(page).await,
        Outcome::Retry { suspect: false, .. }
    ));
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let fake = Fake::answering(vec![Answer::Hang]).await;
    let mut settings = settings(&fake);
    settings.remote.timeout = Duration::from_millis(200);
    let destination = Elasticsearch::new(&settings).unwrap();
    let batch = batch(Signal::Logs, samples::rich());
    let want = Outcome::retry(Reason::code("timeout"));
    assert_eq!(destination.send(&batch).await, want);
}

#[tokio::test]
async fn no_secret_is_in_what_is_said_of_it() {
    let fake = Fake::answering(vec![Answer::status(401)]).await;
    let mut settings = settings(&fake);
    settings.remote.headers = vec![(http::header::AUTHORIZATION, Secret::new("hunter2"))];
    let destination = Elasticsearch::new(&settings).unwrap();
    let batch = batch(Signal::Logs, samples::rich());
    let said = format!("{settings:?} {:?}", destination.send(&batch).await);
    assert!(!said.contains("hunter2"), "{said}");
}
