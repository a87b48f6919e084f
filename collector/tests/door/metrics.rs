//! `/metrics` and `/-/`.

use std::time::Duration;

use farol_collector::telemetry::TABLE;

use crate::harness::{Collector, logs};

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
    let backend = crate::harness::Backend::start().await;
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
    let found = answer.body.lines().find(|it| it.starts_with(line)).unwrap();
    assert!(
        found.contains(r#"job="shop""#) && found.ends_with(" 2"),
        "{found}"
    );
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!collector.get("/metrics").await.body.contains(line));
    assert_eq!(collector.post("/metrics/rum", &[], "").await.status, 405);
}
