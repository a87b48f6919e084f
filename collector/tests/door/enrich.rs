//! What the collector adds to what pages send.

use std::fs;

use farol_collector::client_address::{ForwardedHeader, TrustedProxies};
use farol_collector::condition::Condition;
use farol_collector::config::{Dialect, Network};
use farol_collector::enrich::{AddressUse, Template, add, geo};
use serde_json::Value;

use crate::harness::{Collector, app, eventually};
use crate::mmdb::{city, database};

/// The attributes of the log records that a collector wrote, each as one object of texts.
async fn written(collector: &Collector, n: usize) -> Vec<serde_json::Map<String, Value>> {
    let file = collector.folder.path().join("otlp/logs.jsonl");
    let read = || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let mut all = Vec::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let records = line.pointer("/resourceLogs").and_then(Value::as_array);
            for record in records.into_iter().flatten() {
                let records = record["scopeLogs"][0]["logRecords"].as_array();
                for record in records.into_iter().flatten() {
                    let attributes = record["attributes"].as_array().unwrap().iter();
                    let pair = |it: &Value| {
                        let key = it["key"].as_str().unwrap().to_owned();
                        (key, it["value"]["stringValue"].clone())
                    };
                    all.push(attributes.map(pair).collect());
                }
            }
        }
        all
    };
    eventually("all records", || async { read().len() == n }).await;
    read()
}

#[tokio::test]
async fn place_browser_route_and_the_operators_own_stand_on_what_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let cities = folder.path().join("cities.mmdb");
    let lisbon = [("192.0.2.0", 24, city("PT", "11", "Lisbon"))];
    fs::write(&cities, database(&lisbon)).unwrap();
    let mut collector = Collector::with(|config| {
        let mut shop = app("shop", "k1", "https://shop.example");
        shop.labels = [("team".to_owned(), "web".to_owned())].into();
        shop.data.client_address = AddressUse::Truncate;
        shop.data.routes = vec![Template::parse("/users/{id}").unwrap()];
        config.apps = vec![shop];
        config.geo = geo::Settings {
            database: Some(cities.clone()),
            networks: None,
            detail: geo::Detail::City,
        };
        config.attributes = vec![add::Rule {
            name: "from the south".into(),
            when: Some(Condition::parse(r#"attributes["geo.country.iso_code"] == "PT""#).unwrap()),
            set: [("region".to_owned(), "south".to_owned())].into(),
        }];
        config.trusted_proxies = TrustedProxies {
            networks: vec![Network::parse("127.0.0.1").unwrap()],
            header: ForwardedHeader::XForwardedFor,
        };
    })
    .await;
    let headers = [
        ("origin", "https://shop.example"),
        ("x-forwarded-for", "192.0.2.77"),
        (
            "user-agent",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ),
        (
            "sec-ch-ua",
            r#""Chromium";v="126", "Google Chrome";v="126""#,
        ),
        ("sec-ch-ua-platform", "\"Windows\""),
        ("sec-ch-ua-platform-version", "\"15.0.0\""),
    ];
    let body = r#"{"meta":{"page":{"url":"https://shop.example/users/ana?x=1"}},"logs":[{"message":"m"}],
        "farol":{"added":{"geo.country.iso_code":"XX"},"routes":{"https://shop.example/users/ana?x=1":"/forged"}}}"#;
    assert_eq!(
        collector.post("/collect/k1", &headers, body).await.status,
        202
    );
    let first = written(&collector, 1).await.remove(0);
    for (name, value) in [
        ("geo.country.iso_code", "PT"),
        ("geo.region.iso_code", "PT-11"),
        ("geo.locality.name", "Lisbon"),
        ("client.address", "192.0.2.0"),
        ("user_agent.name", "Chrome"),
        ("user_agent.version", "126"),
        ("browser.platform", "Windows 11"),
        ("url.template", "/users/{id}"),
        ("team", "web"),
        ("region", "south"),
    ] {
        assert_eq!(
            first.get(name).and_then(Value::as_str),
            Some(value),
            "{name}"
        );
    }
    let all = fs::read_to_string(collector.folder.path().join("otlp/logs.jsonl")).unwrap();
    assert!(!all.contains("192.0.2.77"));

    // A database that is no longer one is refused, and the one before stays; a new one counts.
    fs::write(&cities, "not written to its end").unwrap();
    assert!(!collector.reload(|_| ()).await);
    let next = folder.path().join("next");
    let madrid = [("192.0.2.0", 24, city("ES", "MD", "Madrid"))];
    fs::write(&next, database(&madrid)).unwrap();
    for place in ["Lisbon", "Madrid"] {
        if place == "Madrid" {
            fs::rename(&next, &cities).unwrap();
            assert!(collector.reload(|_| ()).await);
        }
        let answer = collector.post("/collect/k1", &headers, body).await;
        assert_eq!(answer.status, 202);
    }
    let places = written(&collector, 3).await;
    let places: Vec<_> = places
        .iter()
        .map(|it| it["geo.locality.name"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["Lisbon", "Lisbon", "Madrid"]);
}

#[tokio::test]
async fn what_a_page_calls_a_declared_app_otherwise_stays_beside_what_leaves() {
    for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
        let collector = Collector::with(|config| {
            config.apps = vec![app("shop", "k1", "https://shop.example")];
            config.destinations[0].dialect = dialect;
        })
        .await;
        let origin = [("origin", "https://shop.example")];
        for name in ["claimed", "shop"] {
            let body =
                format!(r#"{{"meta":{{"app":{{"name":"{name}"}}}},"logs":[{{"message":"a"}}]}}"#);
            let answer = collector.post("/collect/k1", &origin, body).await;
            assert_eq!(answer.status, 202);
        }
        let records = written(&collector, 2).await;
        let names = records.iter().map(|it| it.get("farol.app.name"));
        let names: Vec<_> = names.map(|it| it.and_then(Value::as_str)).collect();
        assert_eq!(names, [Some("claimed"), None], "{dialect:?}");
        let all = fs::read_to_string(collector.folder.path().join("otlp/logs.jsonl")).unwrap();
        assert!(!all.contains(r#""service.name","value":{"stringValue":"claimed"}"#));
    }
}

#[tokio::test]
async fn times_follow_the_collectors_clock_where_the_request_says_when_it_was_sent() {
    let collector = Collector::start().await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let hour = 3_600_000;
    let now = u64::try_from(now.as_millis()).unwrap();
    let iso = |ms: u64| farol_protocol::time::to_iso(ms * 1_000_000);
    let body = |ms| {
        format!(
            r#"{{"logs":[{{"message":"m","timestamp":"{}"}}]}}"#,
            iso(ms)
        )
    };
    // A clock that is an hour late, told and not told; one that is an hour ahead, told and not told.
    for (path, at) in [
        (format!("/collect?sent={}", now - hour), now - hour - 5_000),
        ("/collect".into(), now - hour - 5_000),
        (format!("/collect?sent={}", now + hour), now + hour - 5_000),
        ("/collect".into(), now + hour - 5_000),
    ] {
        assert_eq!(collector.post(&path, &[], body(at)).await.status, 202);
    }
    let records = written(&collector, 4).await;
    let text = fs::read_to_string(collector.folder.path().join("otlp/logs.jsonl")).unwrap();
    let times = text.split("\"timeUnixNano\":\"").skip(1);
    let times =
        times.map(|rest| rest.split('"').next().unwrap().parse::<u64>().unwrap() / 1_000_000);
    // Within the time that this test may take.
    let near = |ms: u64, want: u64| ms.abs_diff(want) < 60_000;
    let times: Vec<_> = times.collect();
    assert!(near(times[0], now - 5_000), "{times:?} {now}");
    assert_eq!(
        times[1],
        now - hour - 5_000,
        "an item's time alone corrects no clock"
    );
    assert!(near(times[2], now - 5_000), "{times:?} {now}");
    assert!(near(times[3], now), "{times:?} {now}");
    let replaced: Vec<_> = records
        .iter()
        .map(|it| it.get("farol.time.replaced").and_then(Value::as_str))
        .collect();
    assert_eq!(replaced, [None, None, None, Some("future")]);
    assert_eq!(
        records[3]["farol.time.client"].as_str().unwrap(),
        iso(now + hour - 5_000)
    );
}
