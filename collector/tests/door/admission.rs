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
