//! `/metrics` and `/-/`.

use std::time::Duration;

use farol_collector::telemetry::TABLE;

use crate::harness::{Backend, Collector, logs};

#[tokio::test]
async fn the_scraper_gets_the_form_that_it_asks_for() {
    let collector = Collector::start().await;
    collector.post("/collect", &[], logs(1)).await;
    let text = collector.get("/metrics").await;
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(text.body.contains("\nfarol_requests_received_total 1\n"));
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;q=0.3";
    let proto = collector
        .request("GET", "/metrics", &[("accept", accept)], b"")
        .await;
    assert!(
        proto
            .header("content-type")
            .unwrap()
            .starts_with("application/vnd.google.protobuf")
    );
    let name = b"farol_requests_received_total";
    assert!(proto.bytes.windows(name.len()).any(|w| w == name));
}

#[tokio::test]
async fn every_metric_of_the_page_is_in_the_table() {
    let collector = Collector::start().await;
    collector.post("/collect?id=a", &[], logs(1)).await;
    let text = collector.get("/metrics").await.body;
    let shown: Vec<_> = text
        .lines()
        .filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(shown.len() > 20);
    for name in shown {
        assert!(TABLE.iter().any(|m| m.name == name), "{name}");
    }
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let collector = Collector::start().await;
    for (path, body) in [("/-/healthy", "healthy\n"), ("/-/ready", "ready\n")] {
        let answer = collector.get(path).await;
        assert_eq!((answer.status, &*answer.body), (200, body));
        assert_eq!(collector.post(path, &[], "").await.status, 405);
    }
}

#[tokio::test]
async fn an_admin_address_has_the_operators_routes_to_itself() {
    let collector =
        Collector::with(|config| config.admin_listen = Some("127.0.0.1:0".parse().unwrap())).await;
    for path in ["/metrics", "/-/ready", "/-/healthy"] {
        assert_eq!(collector.get_admin(path).await.status, 200, "{path}");
        assert_eq!(collector.get(path).await.status, 404, "{path}");
    }
    assert_eq!(collector.get_admin("/collect").await.status, 404);
    assert_eq!(collector.post("/collect", &[], logs(1)).await.status, 202);
}

#[tokio::test]
async fn readiness_ends_before_the_stop_does() {
    let backend = Backend::start().await;
    backend.answers(503);
    let mut collector = Collector::with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
        config.destinations = vec![backend.destination("a")];
        config.shutdown_timeout = std::time::Duration::from_secs(10);
    })
    .await;
    collector.post("/collect", &[], logs(1)).await;
    collector.begin_stop();
    crate::harness::eventually("it says that it stops", || async {
        let answer = collector.get_admin("/-/ready").await;
        (answer.status, &*answer.body) == (503, "stopping\n")
    })
    .await;
    backend.answers(200);
    collector.stopped().await;
    assert_eq!(backend.logs(), 1, "what could be delivered was");
}

#[tokio::test]
async fn metrics_made_out_of_items_are_scraped_beside_the_collectors_own() {
    let collector =
        Collector::with(|config| config.metrics_interval = Duration::from_millis(10)).await;
    let body = r#"{"meta":{"app":{"name":"shop"}},"exceptions":[{"type":"TypeError"},{"type":"TypeError"}]}"#;
    collector.post("/collect?id=a", &[], body).await;
    let line = r#"farol_exceptions_total{exception_type="TypeError","#;
    let answer = loop {
        let answer = collector.get("/metrics/rum").await;
        if answer.body.contains(line) {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let found = |body: &str| {
        let found = body.lines().find(|it| it.starts_with(line));
        found.unwrap().to_owned()
    };
    let (first, second) = (
        found(&answer.body),
        found(&collector.get("/metrics/rum").await.body),
    );
    assert!(first.contains(r#"job="shop""#), "{first}");
    // A rise from 0, which a first look alone is none of.
    assert!(first.ends_with(" 0") && second.ends_with(" 2"), "{second}");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!collector.get("/metrics").await.body.contains(line));
    assert_eq!(collector.post("/metrics/rum", &[], "").await.status, 405);
}

#[tokio::test]
async fn the_status_page_says_which_destination_fails_since_when_and_how_far_it_is_behind() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    bad.answers(503);
    let collector = Collector::with(|config| {
        config.destinations = vec![good.destination("good"), bad.destination("bad")];
        config.shutdown_timeout = Duration::from_millis(100);
    })
    .await;
    collector.post("/collect", &[], logs(7)).await;
    let opened = "farol_destination_circuit_opened_total{destination=\"bad\"}";
    collector.until_metric(opened, 1).await;
    collector
        .until_metric("farol_destination_items_pending{destination=\"good\"}", 0)
        .await;
    let json = [("accept", "application/json")];
    let answer = collector.request("GET", "/-/status", &json, b"").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let status = answer.json();
    assert_eq!(status["ready"], true);
    let (bad, good) = (&status["destinations"][0], &status["destinations"][1]);
    assert_eq!(
        (&bad["name"], &bad["type"]),
        (&"bad".into(), &"otlp_http".into())
    );
    assert_eq!(bad["last_reason"], "http 503");
    assert!(
        bad["failing_since"].is_string() && bad["circuit"] != "closed",
        "{bad}"
    );
    assert_eq!(
        (&bad["pending"], &bad["lag"]["records"]),
        (&7.into(), &1.into())
    );
    assert!(
        bad["lag"]["oldest_seconds"].as_f64().unwrap() > 0.0,
        "{bad}"
    );
    assert_eq!(
        (&good["exported"], &good["failing_since"]),
        (&7.into(), &().into())
    );
    assert_eq!(good["lag"]["oldest_seconds"], 0.0);
    let html = [("accept", "text/html")];
    let answer = collector.request("GET", "/-/status", &html, b"").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(answer.body.contains("<td>http 503</td>") && !answer.body.contains("<script"));
    let metrics = collector.get("/metrics").await.body;
    assert!(
        metrics.contains("farol_queue_lag_seconds{reader=\"good\"} 0\n"),
        "{metrics}"
    );
    assert!(metrics.contains(
        "farol_destination_snapshots_total{destination=\"bad\",outcome=\"refused\"} 0\n"
    ));
    assert_eq!(collector.post("/-/status", &[], "").await.status, 405);
}
