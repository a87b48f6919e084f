//! What browsers report by themselves: admitted as all else is, and an event in the end, crash or refusal.

use crate::harness::{Collector, app, eventually, gzip};

const SHOP: (&str, &str) = ("origin", "https://shop.example");
const REPORTS: (&str, &str) = ("content-type", "application/reports+json");
const CSP: (&str, &str) = ("content-type", "application/csp-report");

const CRASH: &str = r#"[{"type":"crash","age":10,"url":"https://shop.example/cart?token=t0p","user_agent":"x","body":{"reason":"oom"}},
    7, {"type":"deprecation","age":10,"url":"https://shop.example/","body":{"id":"WebSQL","message":"gone soon","lineNumber":3}}]"#;

async fn shop() -> Collector {
    Collector::with(|config| config.apps = vec![app("shop", "k1", "https://shop.example")]).await
}

async fn written(collector: &Collector, last: &str) -> String {
    let file = collector.folder.path().join("otlp/logs.jsonl");
    eventually("a line", || async {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains(last))
    })
    .await;
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn reports_come_out_as_events_of_their_app_and_one_bad_one_costs_itself() {
    let collector = shop().await;
    let answer = collector.post("/reports/k1", &[SHOP, REPORTS], CRASH).await;
    let json = answer.json();
    assert_eq!(
        (answer.status, &json["items"], &json["dropped"]),
        (202, &2.into(), &1.into())
    );
    assert_eq!(json["unreadable"][0]["reason"], "not_an_object");
    let old = r#"{"csp-report":{"document-uri":"https://shop.example/","effective-directive":"img-src","blocked-uri":"https://evil.example/x?token=t0p"}}"#;
    assert_eq!(
        collector
            .post("/reports/k1", &[SHOP, CSP], old)
            .await
            .status,
        202
    );
    let packed = gzip(br#"[{"type":"intervention","body":{"id":"last"}}]"#);
    let answer = collector
        .post("/reports/k1?z=gzip", &[SHOP, REPORTS], packed)
        .await;
    assert_eq!(answer.status, 202);
    let lines = written(&collector, "intervention").await;
    for text in [
        "farol.report",
        "\"crash\"",
        "\"oom\"",
        "WebSQL",
        "img-src",
        "\"shop\"",
        "https://shop.example/cart",
    ] {
        assert!(lines.contains(text), "{text}: {lines}");
    }
    assert!(!lines.contains("t0p"), "scrubbed");
    for (line, value) in [
        ("farol_requests_received_total", 3),
        ("farol_items_seen_total", 5),
    ] {
        assert_eq!(collector.metric(line).await, value, "{line}");
    }
}

#[tokio::test]
async fn who_may_not_send_may_not_report_and_a_body_is_bounded_as_all_are() {
    let collector = shop().await;
    for (path, origin, status) in [
        ("/reports", "https://shop.example", 401),
        ("/reports/k2", "https://shop.example", 403),
        ("/reports/k1", "https://evil.example", 403),
    ] {
        let answer = collector
            .post(path, &[("origin", origin), REPORTS], CRASH)
            .await;
        assert_eq!(answer.status, status, "{path} {origin}");
    }
    for (body, code) in [
        ("", "empty_body"),
        ("hello", "bad_json"),
        ("7", "bad_payload"),
    ] {
        let answer = collector.post("/reports/k1", &[SHOP, REPORTS], body).await;
        assert_eq!((answer.status, &*answer.error()), (400, code), "{body}");
    }
    let deep = "[".repeat(10_000);
    assert_eq!(
        collector
            .post("/reports/k1", &[SHOP, REPORTS], deep)
            .await
            .error(),
        "too_deep"
    );
    assert_eq!(collector.get("/reports/k1").await.status, 405);
}

#[tokio::test]
async fn a_browser_may_ask_before_it_reports_to_another_origin() {
    let collector = shop().await;
    let asks = [
        SHOP,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let answer = collector
        .request("OPTIONS", "/reports/k1", &asks, b"")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP.1));
    assert!(
        answer
            .header("access-control-allow-headers")
            .is_some_and(|names| names.contains("content-type"))
    );
}
