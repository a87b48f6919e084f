//! What lets a page read the answer.

use crate::harness::{Collector, logs};

#[tokio::test]
async fn every_answer_of_the_public_routes_can_be_read_by_the_page() {
    let collector = Collector::start().await;
    let origin = ("origin", "https://shop.example");
    for (method, path, body, status) in [
        ("POST", "/collect", logs(1), 202),
        ("POST", "/collect", String::new(), 400),
        ("POST", "/collect?z=lzma", logs(1), 415),
        ("GET", "/collect", String::new(), 405),
        ("DELETE", "/collect/key", String::new(), 405),
        ("GET", "/nowhere", String::new(), 404),
        ("OPTIONS", "/collect", String::new(), 204),
    ] {
        let answer = collector
            .request(method, path, &[origin], body.as_bytes())
            .await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://shop.example"),
            "{method} {path}"
        );
        assert_eq!(answer.header("vary"), Some("origin"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("retry-after"), "{method} {path}");
        if status >= 400 {
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert!(!answer.error().is_empty(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_beacon_whose_cookies_no_page_can_leave_out_is_let_through() {
    let collector = Collector::start().await;
    let header = "access-control-allow-credentials";
    let origin = ("origin", "https://shop.example");
    for (method, path, may) in [
        ("OPTIONS", "/v1/traces", true),
        ("OPTIONS", "/collect/key/v1/logs", true),
        ("OPTIONS", "/collect/key", true),
        ("OPTIONS", "/reports", true),
        ("POST", "/v1/traces", true),
        ("POST", "/collect", true),
        ("POST", "/collect/key/v1/logs", true),
        ("GET", "/collect", true),
        ("GET", "/config", false),
        ("GET", "/nowhere", false),
        ("GET", "/metrics", false),
    ] {
        let answer = collector.request(method, path, &[origin], b"").await;
        let said = answer.header(header);
        assert_eq!(said, may.then_some("true"), "{method} {path}");
        // A browser refuses the two together.
        for headers in [&[][..], &[("origin", "*")]] {
            let answer = collector.request(method, path, headers, b"").await;
            assert_eq!(answer.header(header), None, "{method} {path}");
        }
    }
    let large = "x".repeat(33_000);
    let headers = [origin, ("x-large", &*large)];
    let answer = collector.request("POST", "/v1/logs", &headers, b"").await;
    assert_eq!((answer.status, answer.header(header)), (431, Some("true")));
}

#[tokio::test]
async fn a_page_can_read_that_its_head_is_too_large() {
    let collector = Collector::start().await;
    // Larger than a head may be, and not larger than the server's buffer.
    let large = "x".repeat(33_000);
    let headers = [("origin", "https://shop.example"), ("x-large", &*large)];
    for (method, path) in [
        ("POST", "/collect"),
        ("POST", "/v1/logs"),
        ("OPTIONS", "/collect"),
        ("GET", "/config"),
    ] {
        let answer = collector.request(method, path, &headers, b"").await;
        assert_eq!(answer.status, 431, "{method} {path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://shop.example"),
            "{method} {path}"
        );
        assert_eq!(answer.header("vary"), Some("origin"));
    }
}

#[tokio::test]
async fn a_preflight_of_either_sdk_is_granted_and_remembered() {
    let collector = Collector::start().await;
    let asked = "content-type,idempotency-key,x-api-key,x-faro-session-id,x-from-a-later-version";
    let headers = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", asked),
    ];
    let answer = collector
        .request("OPTIONS", "/collect/key", &headers, b"")
        .await;
    let granted = answer.header("access-control-allow-headers").unwrap();
    for name in asked.split(',').chain([
        "content-encoding",
        "traceparent",
        "x-scope-orgid",
        "authorization",
    ]) {
        assert_eq!(
            granted.split(", ").filter(|g| *g == name).count(),
            1,
            "{name} in {granted}"
        );
    }
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("POST, OPTIONS")
    );
    assert_eq!(answer.header("access-control-max-age"), Some("7200"));
}

#[tokio::test]
async fn a_preflight_cannot_smuggle_anything_into_the_answer() {
    let collector = Collector::start().await;
    let headers = [
        ("origin", "https://a.example"),
        ("access-control-request-headers", "x\u{1}y, a b, ok"),
    ];
    let answer = collector
        .request("OPTIONS", "/collect", &headers[..1], b"")
        .await;
    assert_eq!(answer.status, 204);
    let answer = collector
        .request(
            "OPTIONS",
            "/collect",
            &[("access-control-request-headers", "a b, ok")],
            b"",
        )
        .await;
    assert!(
        answer
            .header("access-control-allow-headers")
            .unwrap()
            .ends_with(", ok")
    );
}

#[tokio::test]
async fn figures_of_the_operator_are_not_for_pages() {
    let collector = Collector::start().await;
    let answer = collector
        .request("GET", "/metrics", &[("origin", "https://a.example")], b"")
        .await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (200, None)
    );
}
