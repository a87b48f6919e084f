//! The books balance, whatever came through the door.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use crate::harness::{Backend, Collector, app, gzip, logs};

/// The sum of a metric's lines that begin so.
pub(crate) fn sum(text: &str, begin: &str) -> u64 {
    let lines = text.lines().filter(|l| l.starts_with(begin));
    lines
        .map(|l| l.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64)
        .sum()
}

/// Small and repeatable; quality is of no matter here.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[tokio::test]
async fn random_traffic_leaves_all_three_ledgers_exact() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    let collector = Collector::with(|config| {
        config.apps = vec![app("shop", "k1", "https://shop.example")];
        config.destinations = vec![good.destination("good"), bad.destination("bad")];
        config.queue.max_bytes = 300_000;
    })
    .await;
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut sent = 0;
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    for round in 0..25 {
        bad.answers(if round % 3 == 0 { 503 } else { 200 });
        let mut requests = Vec::new();
        for _ in 0..8 {
            let (what, n) = (dice.roll(9), dice.roll(20) as usize);
            let id = dice.roll(40);
            let shop = ("origin", "https://shop.example");
            let (path, origin, body) = match what {
                0 => ("/collect/k1".to_owned(), shop, b"no json".to_vec()),
                1 => ("/collect/k2".to_owned(), shop, logs(n).into_bytes()),
                2 => (
                    "/collect/k1".to_owned(),
                    ("origin", "https://evil.example"),
                    logs(n).into_bytes(),
                ),
                3 => (
                    "/collect/k1?z=gzip".to_owned(),
                    shop,
                    gzip(logs(n).as_bytes()),
                ),
                4 => ("/collect/k1?z=gzip".to_owned(), shop, logs(n).into_bytes()),
                5 => (format!("/collect/k1?id=b{id}"), shop, logs(n).into_bytes()),
                6 => (
                    "/collect/k1".to_owned(),
                    shop,
                    logs(1).replace("\"hello\"", "[7]").into_bytes(),
                ),
                7 => (
                    "/collect/k1".to_owned(),
                    shop,
                    logs(n)
                        .replacen('{', r#"{"farol":{"state":"off"},"#, 1)
                        .into_bytes(),
                ),
                _ => ("/collect/k1".to_owned(), shop, logs(n * 20).into_bytes()),
            };
            let collector = &collector;
            requests.push(async move { collector.post(&path, &[origin], body).await.status });
            sent += 1;
        }
        for status in join_all(requests).await {
            *statuses.entry(status).or_default() += 1;
        }
        let mut cut = collector.connect().await;
        let head = "POST /collect/k1 HTTP/1.1\r\nhost: a\r\norigin: https://shop.example\r\ncontent-length: 9\r\n\r\n{";
        cut.write_all(head.as_bytes()).await.unwrap();
        sent += 1;
    }
    bad.answers(200);
    for destination in ["good", "bad"] {
        collector
            .until_metric(
                &format!("farol_destination_items_pending{{destination=\"{destination}\"}}"),
                0,
            )
            .await;
    }
    crate::harness::eventually("all requests have ended", || async {
        let text = collector.get("/metrics").await.body;
        sum(&text, "farol_requests_total{") == sent
    })
    .await;
    let text = collector.get("/metrics").await.body;
    assert_eq!(sum(&text, "farol_requests_received_total"), sent);
    assert_eq!(
        sum(&text, "farol_items_seen_total"),
        sum(&text, "farol_items_total{")
    );
    let enqueued = sum(&text, "farol_items_total{outcome=\"enqueued\"");
    assert_eq!(sum(&text, "farol_items_enqueued_by_kind_total"), enqueued);
    for (name, backend) in [("good", &good), ("bad", &bad)] {
        let came = sum(
            &text,
            &format!("farol_destination_items_received_total{{destination=\"{name}\""),
        );
        let went = sum(
            &text,
            &format!("farol_destination_items_total{{destination=\"{name}\""),
        );
        let exported = sum(
            &text,
            &format!("farol_destination_items_total{{destination=\"{name}\",outcome=\"exported\""),
        );
        assert_eq!((came, came), (enqueued, went), "{name}");
        assert_eq!(backend.logs(), exported, "{name}");
    }
    assert_eq!(sum(&text, "farol_bugs_total"), 0);
    assert_eq!(sum(&text, "farol_queue_records"), 0);
    for status in [202, 400, 403] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
}
