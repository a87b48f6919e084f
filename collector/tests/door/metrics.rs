//! `/metrics` and `/-/`.

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
