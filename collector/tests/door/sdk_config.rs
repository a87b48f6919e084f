//! What SDKs are told.

use std::time::Duration;

use farol_collector::config::Rate;
use serde_json::json;

use crate::harness::{Collector, app};

const SHOP: (&str, &str) = ("origin", "https://shop.example");

#[tokio::test]
async fn a_page_reads_what_its_app_is_to_do_and_asks_again_without_a_body() {
    let mut collector = Collector::with(|config| {
        let mut shop = app("shop", "k/1", "https://shop.example");
        shop.sampling = 0.25;
        shop.sdk.rates = [("exception", 1.0), ("span", 0.1)].into();
        shop.sdk.max_age = Duration::from_secs(60);
        config.apps = vec![shop, app("bank", "k2", "https://bank.example")];
    })
    .await;
    let first = collector
        .request("GET", "/config/k%2F1", &[SHOP], b"")
        .await;
    assert_eq!(first.status, 200);
    assert_eq!(
        first.json(),
        json!({ "version": 1, "enabled": true, "sampleRate": 0.25, "rates": { "exception": 1.0, "span": 0.1 } })
    );
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("access-control-allow-origin"), Some("*"));
    assert!(
        first
            .header("cache-control")
            .unwrap()
            .starts_with("public, max-age=60,")
    );
    let etag = first.header("etag").unwrap().to_owned();
    for known in [etag.clone(), format!("\"x\", W/{etag}")] {
        let again = [SHOP, ("if-none-match", &known)];
        let again = collector.request("GET", "/config/k%2F1", &again, b"").await;
        assert_eq!((again.status, &*again.body), (304, ""));
        assert_eq!(again.header("etag"), Some(&*etag));
    }
    // A page of the collector's own origin sends no Origin when it reads.
    let other = collector.get("/config/k2").await;
    assert_eq!(other.json(), json!({ "version": 1, "enabled": true }));

    assert!(
        collector
            .reload(|config| config.apps[0].sdk.enabled = false)
            .await
    );
    let changed = [SHOP, ("if-none-match", &*etag)];
    let changed = collector
        .request("GET", "/config/k%2F1", &changed, b"")
        .await;
    assert_eq!(
        (changed.status, &changed.json()["enabled"]),
        (200, &json!(false))
    );
}

#[tokio::test]
async fn who_may_not_send_may_not_ask_and_can_read_why() {
    let collector = Collector::with(|config| {
        config.apps = vec![app("shop", "k1", "https://shop.example")];
    })
    .await;
    let evil = ("origin", "https://evil.example");
    for (method, path, origin, status, why) in [
        ("GET", "/config/k1", evil, 403, "wrong_origin"),
        ("GET", "/config/nope", SHOP, 403, "unknown_key"),
        ("GET", "/config", SHOP, 401, "missing_key"),
        ("POST", "/config/k1", SHOP, 405, "method_not_allowed"),
        ("GET", "/config/k1/more", SHOP, 404, "not_found"),
    ] {
        let answer = collector.request(method, path, &[origin], b"").await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (status, why),
            "{method} {path}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin.1));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_document_has_an_address_of_its_own_for_each_key() {
    let collector = Collector::with(|config| {
        config.apps = vec![app("shop", "k1", "https://shop.example")];
    })
    .await;
    for key in [("x-api-key", "k1"), ("authorization", "Bearer k1")] {
        let answer = collector.request("GET", "/config", &[SHOP, key], b"").await;
        assert_eq!((answer.status, &*answer.error()), (401, "missing_key"));
        let headers = [SHOP, key];
        let other = collector.request("GET", "/config/nope", &headers, b"");
        assert_eq!(other.await.status, 403);
    }
}

#[tokio::test]
async fn an_open_collector_tells_everybody_the_same_and_nobody_too_often() {
    let collector = Collector::with(|config| {
        config.limits.address_rate = Rate {
            requests: Some(1),
            burst: Duration::from_secs(3),
            ..Rate::NONE
        };
        config.trusted_proxies.networks =
            vec![farol_collector::config::Network::parse("127.0.0.1").unwrap()];
    })
    .await;
    for path in ["/config", "/config/any"] {
        let answer = collector.get(path).await;
        assert_eq!(
            answer.json(),
            json!({ "version": 1, "enabled": true }),
            "{path}"
        );
    }
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let from = [SHOP, ("x-forwarded-for", "192.0.2.1")];
        statuses.push(collector.request("GET", "/config", &from, b"").await.status);
    }
    assert!(
        statuses[..3].iter().all(|status| *status == 200),
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
}
