//! OTLP in, as OpenTelemetry's browser SDK sends it.

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use serde_json::Value;

use crate::harness::{Answer, Collector, app, eventually, gzip};

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const SPAN: &str = r#"{"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203331","name":"GET","kind":3,"startTimeUnixNano":"1795145670509000001","endTimeUnixNano":"1795145670611000002"}"#;

fn traces(spans: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"claimed"}}}}]}},"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#
    )
}

fn logs(names: &[&str]) -> Vec<u8> {
    let record = |name: &&str| LogRecord {
        event_name: (*name).to_owned(),
        ..LogRecord::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: names.iter().map(record).collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    request.encode_to_vec()
}

/// What came to the file of a signal.
async fn written(collector: &Collector, signal: &str) -> String {
    let file = collector.folder.path().join(format!("otlp/{signal}.jsonl"));
    eventually("a line", || async {
        std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'))
    })
    .await;
    std::fs::read_to_string(file).unwrap()
}

fn kind(answer: &Answer) -> &str {
    answer.header("content-type").unwrap_or_default()
}

#[tokio::test]
async fn json_is_answered_in_json_and_protobuf_in_protobuf() {
    let collector = Collector::start().await;
    let answer = collector.post("/v1/traces", &[JSON], traces(SPAN)).await;
    assert_eq!((answer.status, &*answer.body), (200, "{}"));
    assert_eq!(kind(&answer), "application/json");
    let answer = collector.post("/v1/logs", &[PROTOBUF], logs(&["a"])).await;
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert_eq!(kind(&answer), "application/x-protobuf");
    assert!(
        written(&collector, "traces")
            .await
            .contains("a5ad6b7169203331")
    );
    assert!(
        written(&collector, "logs")
            .await
            .contains(r#""eventName":"a""#)
    );
}

#[tokio::test]
async fn what_is_taken_in_part_is_said_in_otlps_own_form() {
    let collector = Collector::start().await;
    let body = traces(&format!("{SPAN},{{}},7"));
    let answer = collector.post("/v1/traces", &[JSON], body).await;
    assert_eq!(answer.status, 200);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "2");
    assert!(
        partial["errorMessage"]
            .as_str()
            .unwrap()
            .contains("could not be read")
    );
    let answer = collector
        .post("/v1/logs", &[PROTOBUF], logs(&["a", ""]))
        .await;
    let response = ExportLogsServiceResponse::decode(&*answer.bytes).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_log_records, 1);
    assert_eq!(collector.metric("farol_items_seen_total").await, 5);
    let dropped = r#"farol_items_total{outcome="dropped",reason="unreadable"}"#;
    assert_eq!(collector.metric(dropped).await, 3);
    // Metrics are counted in points, as OTLP's field is.
    let body = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"good","gauge":{"dataPoints":[{"asInt":"1"}]}},
        {"name":"","sum":{"dataPoints":[{"asInt":"1"},{"asInt":"2"}]}},{"name":"bad","sum":{"dataPoints":[{"asInt":"one"},{},{}]}}]}]}]}"#;
    let answer = collector.post("/v1/metrics", &[JSON], body).await;
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedDataPoints"], "5");
    assert!(
        partial["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("2 metrics, and 5 data points in all, could not be read")
    );
}

#[tokio::test]
async fn a_refusal_is_a_status_of_google_rpc() {
    let collector = Collector::start().await;
    let answer = collector.post("/v1/traces", &[JSON], "{").await;
    assert_eq!((answer.status, kind(&answer)), (400, "application/json"));
    assert_eq!(answer.json()["code"], 3);
    assert!(answer.json()["message"].as_str().unwrap().contains("JSON"));
    let answer = collector.post("/v1/logs", &[PROTOBUF], "no protobuf").await;
    assert_eq!(
        (answer.status, kind(&answer)),
        (400, "application/x-protobuf")
    );
    // Code 3 in field 1, then the message.
    assert_eq!(answer.bytes[..3], [0x08, 3, 0x12]);
    for headers in [&[("content-type", "image/png")][..], &[]] {
        let answer = collector.post("/v1/logs", headers, "{}").await;
        assert_eq!((answer.status, kind(&answer)), (415, "application/json"));
    }
    let answer = collector.get("/v1/traces").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_read_the_answer() {
    let collector = Collector::start().await;
    let origin = ("origin", "https://shop.example");
    let headers = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-of-mine"),
    ];
    let answer = collector
        .request("OPTIONS", "/v1/traces", &headers, b"")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin.1));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(allowed.contains("content-type") && allowed.contains("x-of-mine"));
    for (kind, body) in [(JSON, traces(SPAN)), (JSON, "{".to_owned())] {
        let answer = collector.post("/v1/traces", &[origin, kind], body).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin.1));
    }
}

#[tokio::test]
async fn admission_is_that_of_every_request_and_the_app_has_its_own_name() {
    let collector =
        Collector::with(|c| c.apps = vec![app("shop", "k1", "https://shop.example")]).await;
    let origin = ("origin", "https://shop.example");
    let answer = collector
        .post("/v1/traces", &[JSON, origin], traces(SPAN))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (401, &Value::from(16))
    );
    let wrong = ("origin", "https://evil.example");
    let answer = collector
        .post("/collect/k1/v1/traces", &[JSON, wrong], traces(SPAN))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (403, &Value::from(7))
    );
    let answer = collector
        .post("/collect/k1/v1/traces", &[JSON, origin], traces(SPAN))
        .await;
    assert_eq!(answer.status, 200);
    let key = ("x-api-key", "k1");
    let other = SPAN.replace("a5ad", "b5ad");
    let answer = collector
        .post("/v1/traces", &[JSON, origin, key], traces(&other))
        .await;
    assert_eq!(answer.status, 200);
    let text = written(&collector, "traces").await;
    assert!(text.contains(r#"{"key":"service.name","value":{"stringValue":"shop"}}"#));
    assert!(text.contains(r#"{"key":"farol.app.name","value":{"stringValue":"claimed"}}"#));
    assert!(!text.contains(r#"{"key":"service.name","value":{"stringValue":"claimed"}}"#));
}

#[tokio::test]
async fn packed_bodies_and_ids_of_batches_work_as_for_every_request() {
    let collector = Collector::start().await;
    let headers = [
        JSON,
        ("content-encoding", "gzip"),
        ("idempotency-key", "b1"),
    ];
    for _ in 0..2 {
        let answer = collector
            .post("/v1/traces", &headers, gzip(traces(SPAN).as_bytes()))
            .await;
        assert_eq!((answer.status, &*answer.body), (200, "{}"));
    }
    assert_eq!(collector.metric("farol_items_seen_total").await, 1);
    let answer = collector.post("/v1/traces", &[PROTOBUF], "").await;
    let response = ExportTraceServiceResponse::decode(&*answer.bytes).unwrap();
    assert_eq!((answer.status, response.partial_success), (200, None));
}

#[tokio::test]
async fn metrics_of_clients_go_to_who_wants_metrics_and_credentials_are_taken_out() {
    let collector = Collector::start().await;
    let body = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asDouble":1.5,
        "attributes":[{"key":"url.full","value":{"stringValue":"https://user:pass@shop.example/?sig=abc"}}]}]}}]}]}]}"#;
    let answer = collector.post("/v1/metrics", &[JSON], body).await;
    assert_eq!(answer.status, 200);
    let text = written(&collector, "metrics").await;
    assert!(text.contains(r#""name":"m""#), "{text}");
    assert!(
        !text.contains("pass@") && text.contains("REDACTED"),
        "{text}"
    );
    let exported =
        r#"farol_destination_items_total{destination="otlp_file",outcome="exported",reason=""}"#;
    collector.until_metric(exported, 1).await;
}

#[tokio::test]
async fn a_request_with_several_browsers_puts_each_on_its_own_records() {
    let collector = Collector::start().await;
    let resource = |service: &str, agent: &str, name: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}},{{"key":"user_agent.original","value":{{"stringValue":"{agent}"}}}}]}},
            "scopeLogs":[{{"logRecords":[{{"eventName":"{name}"}}]}}]}}"#
        )
    };
    let chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
    let relay = ("user-agent", chrome);
    let body = |resources: &[String]| format!(r#"{{"resourceLogs":[{}]}}"#, resources.join(","));
    let same = [
        resource("shop", iphone, "a"),
        resource("office", iphone, "b"),
    ];
    let several = [
        resource("shop", chrome, "c"),
        resource("office", iphone, "d"),
    ];
    for resources in [same, several] {
        let answer = collector
            .post("/v1/logs", &[JSON, relay], body(&resources))
            .await;
        assert_eq!(answer.status, 200);
    }
    let file = collector.folder.path().join("otlp/logs.jsonl");
    eventually("both requests", || async {
        std::fs::read_to_string(&file).is_ok_and(|it| it.contains(r#""eventName":"d""#))
    })
    .await;
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| line.parse::<Value>().unwrap());
    let requests: Vec<Value> = lines.collect();
    let mut found = Vec::new();
    for resource in requests
        .iter()
        .flat_map(|it| it["resourceLogs"].as_array().unwrap())
    {
        let service = &resource["resource"]["attributes"][0]["value"]["stringValue"];
        let scopes = resource["scopeLogs"].as_array().unwrap().iter();
        for record in scopes.flat_map(|it| it["logRecords"].as_array().unwrap()) {
            let attributes = record["attributes"].as_array().unwrap();
            let system = attributes.iter().find(|it| it["key"] == "browser.platform");
            found.push((
                record["eventName"].as_str().unwrap(),
                service.as_str().unwrap(),
                system.map(|it| it["value"]["stringValue"].as_str().unwrap()),
            ));
        }
    }
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("a", "shop", Some("iOS 17.5")),
            ("b", "office", Some("iOS 17.5")),
            ("c", "shop", Some("Windows 10")),
            ("d", "office", Some("iOS 17.5")),
        ]
    );
}
