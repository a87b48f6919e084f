//! Who may send.

use crate::harness::{Collector, app, logs};

async fn shop() -> Collector {
    Collector::with(|config| config.apps = vec![app("shop", "k1", "https://shop.example")]).await
}

const SHOP: (&str, &str) = ("origin", "https://shop.example");

#[tokio::test]
async fn a_key_counts_in_path_header_and_authorization() {
    let collector = shop().await;
    for (path, header) in [
        ("/collect/k1", ("x-other", "1")),
        ("/collect/k1/", ("x-other", "1")),
        ("/collect", ("x-api-key", "k1")),
        ("/collect", ("authorization", "Bearer k1")),
    ] {
        let answer = collector.post(path, &[SHOP, header], logs(1)).await;
        assert_eq!(
            (answer.status, answer.json()["items"].as_u64()),
            (202, Some(1)),
            "{path} {header:?}"
        );
    }
}

#[tokio::test]
async fn who_may_not_send_is_told_why_where_the_page_can_read_it() {
    let collector = shop().await;
    let evil = ("origin", "https://evil.example");
    for (path, headers, status, code) in [
        ("/collect", &[SHOP][..], 401, "missing_key"),
        ("/collect/k2", &[SHOP][..], 403, "unknown_key"),
        ("/collect/k1", &[evil][..], 403, "wrong_origin"),
        ("/collect/k1", &[][..], 403, "wrong_origin"),
    ] {
        let answer = collector.post(path, headers, logs(1)).await;
        assert_eq!(
            (answer.status, &*answer.error()),
            (status, code),
            "{path} {headers:?}"
        );
        let origin = headers.first().map_or("*", |h| h.1);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(collector.metric("farol_items_seen_total").await, 0);
}

#[tokio::test]
async fn a_refused_client_that_is_still_sending_gets_its_answer() {
    let collector = shop().await;
    let answer = collector
        .post("/collect/k2", &[SHOP], vec![b'x'; 60 * 1024])
        .await;
    assert_eq!((answer.status, &*answer.error()), (403, "unknown_key"));
}

#[tokio::test]
async fn without_declared_apps_any_key_and_none_will_do() {
    let collector = Collector::start().await;
    for path in ["/collect", "/collect/", "/collect/any"] {
        assert_eq!(
            collector
                .post(path, &[("x-api-key", "other")], logs(1))
                .await
                .status,
            202,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_each_key_admitted_shows_by_its_label_and_never_by_itself() {
    let collector = Collector::with(|config| {
        let mut shop = app("shop", "k-first", "https://shop.example");
        let origin = shop.origins[0].clone();
        shop = shop.with("k-second", origin);
        shop.keys[1].label = "phone".into();
        shop.keys[0].not_after = Some(std::time::SystemTime::now());
        config.apps = vec![shop];
    })
    .await;
    for _ in 0..3 {
        let answer = collector.post("/collect/k-second", &[SHOP], logs(1)).await;
        assert_eq!(answer.status, 202);
    }
    let late = collector.post("/collect/k-first", &[SHOP], logs(1)).await;
    assert_eq!((late.status, &*late.error()), (403, "expired_key"));
    let text = collector.get("/metrics").await.body;
    let count = |key| format!("farol_key_requests_total{{app=\"shop\",key=\"{key}\"}}");
    assert!(text.contains(&format!("{} 3\n", count("phone"))), "{text}");
    assert!(text.contains(&format!("{} 0\n", count("1"))), "{text}");
    assert!(!text.contains("k-first") && !text.contains("k-second"));
}

#[tokio::test]
async fn a_session_is_booked_on_another_service_only_where_the_app_allows_it() {
    for (allowed, wanted, service) in [
        (false, "checkout", "shop"),
        (true, "checkout", "checkout"),
        (true, "bank", "shop"),
    ] {
        let collector = Collector::with(|config| {
            let mut shop = app("shop", "k1", "https://shop.example");
            shop.allow_service_override = allowed;
            config.apps = vec![shop, app("bank", "k2", "https://bank.example")];
        })
        .await;
        let body = format!(
            r#"{{"meta":{{"app":{{"name":"forged"}},"session":{{"id":"s","overrides":{{"serviceName":"{wanted}"}}}}}},"logs":[{{"message":"hello"}}]}}"#
        );
        let answer = collector.post("/collect/k1", &[SHOP], body).await;
        assert_eq!(answer.status, 202);
        let folder = collector.stop().await;
        let line = std::fs::read_to_string(folder.path().join("otlp/logs.jsonl")).unwrap();
        let name = format!(r#"{{"key":"service.name","value":{{"stringValue":"{service}"}}}}"#);
        assert!(line.contains(&name), "{allowed} {wanted}: {line}");
        assert!(line.contains(&format!("\"{wanted}\"")), "kept: {line}");
        let said = r#"{"key":"farol.app.name","value":{"stringValue":"forged"}}"#;
        assert!(!line.replace(said, "").contains("forged"), "{line}");
    }
}
