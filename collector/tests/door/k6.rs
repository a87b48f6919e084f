//! What the load script sends (`deploy/k6/body.js`) is taken whole, and every item of it says that a test made it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Collector, eventually};

const TEXT: (&str, &str) = ("content-type", "text/plain;charset=UTF-8");

/// A body as the script writes it; a test beside the script holds the two equal.
fn body() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/k6/ingest.json"
    );
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    value.to_string()
}

fn count(body: &str) -> u64 {
    let body: Value = serde_json::from_str(body).unwrap();
    let lists = ["logs", "exceptions", "measurements", "events"];
    let items: usize = lists
        .iter()
        .map(|list| body[list].as_array().unwrap().len())
        .sum();
    let spans = body["traces"]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array();
    (items + spans.unwrap().len()) as u64
}

/// Attributes of each record or span of a file of OTLP lines.
fn written(collector: &Collector, signal: &str, list: [&str; 3]) -> Vec<BTreeMap<String, Value>> {
    let file = collector.folder.path().join(format!("otlp/{signal}.jsonl"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let each = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for line in lines {
        let line: Value = line;
        for resource in each(&line, list[0]) {
            for scope in each(&resource, list[1]) {
                for item in each(&scope, list[2]) {
                    let attributes = each(&item, "attributes").into_iter();
                    let pair =
                        |it: Value| (it["key"].as_str().unwrap().to_owned(), it["value"].clone());
                    all.push(attributes.map(pair).collect());
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn a_body_of_the_load_script_is_taken_whole_and_marked_on_every_item() {
    let collector = Collector::start().await;
    let body = body();
    let answer = collector
        .post("/collect?id=k6-1", &[TEXT], body.clone())
        .await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let items = count(&body);
    assert!(items > 40, "{items}");
    let enqueued = r#"farol_items_total{outcome="enqueued",reason=""}"#;
    assert_eq!(collector.metric(enqueued).await, items);
    let all = || {
        let mut all = written(
            &collector,
            "logs",
            ["resourceLogs", "scopeLogs", "logRecords"],
        );
        all.extend(written(
            &collector,
            "traces",
            ["resourceSpans", "scopeSpans", "spans"],
        ));
        all
    };
    eventually("all items in files", || async {
        all().len() as u64 >= items
    })
    .await;
    for attributes in all() {
        assert_eq!(
            attributes["farol.k6.browser"]["boolValue"], true,
            "{attributes:?}"
        );
        assert_eq!(attributes["farol.k6.test_run_id"]["stringValue"], "run-1");
        assert_eq!(
            attributes["user_agent.synthetic.type"]["stringValue"],
            "test"
        );
    }
}
