//! What is left out before the queue: by rule, and by an app's own rate.

use std::time::Duration;

use farol_collector::condition::Condition;
use farol_collector::filter::Rule;
use farol_protocol::sampling::sampled;

use crate::harness::{Collector, app, eventually};

const SHOP: (&str, &str) = ("origin", "https://shop.example");

fn rule(name: &str, when: &str, keep: f64) -> Rule {
    Rule {
        name: name.into(),
        when: Condition::parse(when).unwrap(),
        keep,
    }
}

async fn left_out(collector: &Collector, reason: &str) -> u64 {
    let line = format!("farol_items_total{{outcome=\"filtered\",reason=\"{reason}\"}}");
    collector.metric(&line).await
}

#[tokio::test]
async fn rules_leave_items_out_by_app_kind_and_attributes_and_are_counted_by_name() {
    let mut collector = Collector::with(|config| {
        config.apps = ["shop", "bank"]
            .map(|name| app(name, name, "https://shop.example"))
            .into();
        config.filters = vec![
            rule("chatter", r#"app == "shop" && level == "debug""#, 0.0),
            rule(
                "admin",
                r#"kind == "event" && attributes["http.route"] =~ "/admin/*""#,
                0.0,
            ),
        ];
    })
    .await;
    let body = r#"{"meta":{"session":{"id":"s"}},"logs":[{"message":"a","level":"debug"},{"message":"b","level":"info"}],
        "events":[{"name":"e","attributes":{"http.route":"/admin/users"}},{"name":"e","attributes":{"http.route":"/"}}]}"#;
    for (key, items) in [("shop", 2), ("bank", 3)] {
        let answer = collector
            .post(&format!("/collect/{key}"), &[SHOP], body)
            .await;
        assert_eq!(
            (answer.status, answer.json()["items"].as_u64()),
            (202, Some(items)),
            "{key}"
        );
    }
    assert_eq!(left_out(&collector, "rule").await, 3);
    let by_name = |name| format!("farol_items_filtered_total{{filter=\"{name}\"}}");
    assert_eq!(collector.metric(&by_name("chatter")).await, 1);
    assert_eq!(collector.metric(&by_name("admin")).await, 2);

    assert!(collector.reload(|config| config.filters.clear()).await);
    let answer = collector.post("/collect/shop", &[SHOP], body).await;
    assert_eq!(answer.json()["items"].as_u64(), Some(4));
}

#[tokio::test]
async fn a_batch_of_which_nothing_stays_is_acknowledged() {
    let collector = Collector::with(|config| {
        config.filters = vec![rule("all", r#"kind == "log""#, 0.0)];
    })
    .await;
    let body = r#"{"logs":[{"message":"a"}]}"#;
    for status in ["accepted", "duplicate"] {
        let answer = collector.post("/collect?id=b1", &[], body).await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (202, &status.into())
        );
    }
    assert_eq!(left_out(&collector, "rule").await, 1);
}

#[tokio::test]
async fn a_session_whose_first_exception_is_left_out_counts_with_its_next() {
    let collector = Collector::with(|config| {
        config.filters = vec![rule("noise", r#"message =~ "*ResizeObserver*""#, 0.0)];
        config.metrics_interval = Duration::from_millis(10);
    })
    .await;
    let post = async |session: &str, value: &str, first: &str| {
        let body = format!(
            r#"{{"meta":{{"app":{{"name":"shop"}},"session":{{"id":"{session}"}}}},"exceptions":[{{"type":"Error","value":"{value}"}}],
            "events":[{{"name":"{value}"}}],"farol":{{"v":1,"first":[{first}]}}}}"#
        );
        let answer = collector.post("/collect", &[], body).await;
        assert_eq!(answer.status, 202);
    };
    let marked = r#""exception""#;
    post("a", "ResizeObserver loop", marked).await;
    post("a", "ResizeObserver loop", "").await;
    post("b", "real", marked).await;
    post("a", "real", "").await;
    // Both have met one by now, and no other of theirs counts them again.
    post("a", "real", "").await;
    post("b", "ResizeObserver loop", "").await;
    post("b", "real", "").await;
    let sum = |name: &'static str| {
        let collector = &collector;
        async move {
            let page = collector.get("/metrics/rum").await.body;
            let lines = page.lines().filter(|it| it.starts_with(name));
            lines
                .filter_map(|it| it.rsplit(' ').next()?.parse::<f64>().ok())
                .sum::<f64>()
        }
    };
    eventually("all are counted", async || {
        sum("farol_exceptions_total").await == 4.0
    })
    .await;
    assert_eq!(sum("farol_sessions_with_exceptions_total").await, 2.0);
}

#[tokio::test]
async fn every_collector_keeps_the_same_sessions() {
    let start = || {
        Collector::with(|config| {
            let mut shop = app("shop", "k1", "https://shop.example");
            shop.sampling = 0.5;
            config.apps = vec![shop];
            config.filters = vec![rule("some", r#"message == "some""#, 0.25)];
        })
    };
    let both = [start().await, start().await];
    let (mut by_rate, mut by_rule) = (0, 0);
    for n in 0..40 {
        let body = format!(
            r#"{{"meta":{{"session":{{"id":"session-{n}"}}}},"logs":[{{"message":"all"}},{{"message":"some"}}]}}"#
        );
        let id = format!("session-{n}");
        let (kept, kept_by_rule) = (sampled(&id, 0.5), sampled(&id, 0.25));
        by_rate += u64::from(!kept) * 2;
        by_rule += u64::from(kept && !kept_by_rule);
        for collector in &both {
            let answer = collector.post("/collect/k1", &[SHOP], &*body).await;
            let items = u64::from(kept) + u64::from(kept_by_rule);
            assert_eq!(answer.json()["items"].as_u64(), Some(items), "{id}");
        }
    }
    for collector in &both {
        assert_eq!(left_out(collector, "sampled_out").await, by_rate);
        assert_eq!(left_out(collector, "rule").await, by_rule);
    }
}

#[tokio::test]
async fn what_led_to_an_error_outside_of_the_sample_is_kept_whole() {
    let collector = Collector::with(|config| {
        let mut shop = app("shop", "k1", "https://shop.example");
        shop.sampling = 0.0;
        config.apps = vec![shop];
    })
    .await;
    let body = |state: &str| {
        format!(
            r#"{{"meta":{{"session":{{"id":"s"}}}},"events":[{{"name":"before"}}],"exceptions":[{{"type":"E","value":"x"}}],
            "farol":{{"v":1,"rate":0.1,"state":"{state}","kept":{{"exception":1}}}}}}"#
        )
    };
    for (state, items) in [("ring", 2), ("on", 1)] {
        let answer = collector.post("/collect/k1", &[SHOP], body(state)).await;
        assert_eq!(answer.json()["items"], items, "{state}");
    }
    assert_eq!(left_out(&collector, "sampled_out").await, 1);
}

#[tokio::test]
async fn what_came_as_otlp_is_judged_alike() {
    let collector = Collector::with(|config| {
        let mut shop = app("shop", "k1", "https://shop.example");
        shop.sampling = 0.5;
        config.apps = vec![shop];
        config.filters = vec![
            rule("chatter", r#"kind == "log" && level == "DEBUG""#, 0.0),
            rule(
                "spans",
                r#"kind == "span" && attributes["http.route"] == "/health""#,
                0.0,
            ),
        ];
    })
    .await;
    let kept = (0..).map(|n| format!("s{n}")).find(|id| sampled(id, 0.5));
    let out = (0..).map(|n| format!("s{n}")).find(|id| !sampled(id, 0.5));
    let (kept, out) = (kept.unwrap(), out.unwrap());
    let text = |key: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
    };
    let log = |session: &str, level: &str| {
        let session = text("session.id", session);
        format!(
            r#"{{"severityText":"{level}","body":{{"stringValue":"b"}},"attributes":[{session}]}}"#
        )
    };
    let logs = [log(&kept, "INFO"), log(&out, "INFO"), log(&kept, "DEBUG")].join(",");
    let logs = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{logs}]}}]}}]}}"#);
    let span = |route: &str| {
        let attributes = [text("session.id", &kept), text("http.route", route)].join(",");
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"GET","attributes":[{attributes}]}}"#
        )
    };
    let spans = [span("/"), span("/health")].join(",");
    let spans = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let json = ("content-type", "application/json");
    for (signal, body) in [("logs", logs), ("traces", spans)] {
        let path = format!("/collect/k1/v1/{signal}");
        let answer = collector.post(&path, &[SHOP, json], body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(left_out(&collector, "sampled_out").await, 1);
    assert_eq!(left_out(&collector, "rule").await, 2);
    let line = "farol_items_total{outcome=\"enqueued\",reason=\"\"}";
    assert_eq!(collector.metric(line).await, 2);
}
