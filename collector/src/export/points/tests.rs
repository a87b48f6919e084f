use std::sync::Arc;

use super::*;
use crate::aggregate::names::FAMILIES;
use crate::export::batch::{Batch, Signal, Source};
use crate::export::samples::snapshot;

fn json(snapshot: &Snapshot) -> String {
    let source = Source::Metrics(Arc::new(metrics(snapshot, Form::Otlp)));
    String::from_utf8(Batch::new(Signal::Metrics, vec![source]).json()).unwrap()
}

#[test]
fn a_snapshot_is_one_resource_an_app_and_one_metric_a_family() {
    let snapshot = snapshot(&[
        (
            "shop",
            "farol.web_vital.cls",
            &["/cart", "mobile", ""],
            0.25,
        ),
        ("shop", "farol.web_vital.cls", &["/cart", "mobile", ""], 0.0),
        ("shop", "farol.sessions", &["", "deferred"], 2.5),
        ("", "farol.sessions", &["tablet", ""], 1.0),
    ]);
    let scope = format!(
        r#""scope":{{"name":"farol.collector","version":"{}"}}"#,
        env!("CARGO_PKG_VERSION")
    );
    let want = r#"{"resourceMetrics":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"unknown_service"}},{"key":"service.instance.id","value":{"stringValue":"one"}}]},
"scopeMetrics":[{SCOPE,"metrics":[
{"name":"farol.sessions","description":"Sessions that began, each weighing 1/rate","unit":"{session}","sum":{"dataPoints":[
{"attributes":[{"key":"farol.device.type","value":{"stringValue":"tablet"}}],"startTimeUnixNano":"1000","timeUnixNano":"2000","asDouble":1.0}
],"aggregationTemporality":2,"isMonotonic":true}}
],"schemaUrl":"URL"}],"schemaUrl":"URL"},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"service.instance.id","value":{"stringValue":"one"}}]},
"scopeMetrics":[{SCOPE,"metrics":[
{"name":"farol.web_vital.cls","description":"Cumulative Layout Shift, by page and device","unit":"1","exponentialHistogram":{"dataPoints":[
{"attributes":[{"key":"url.template","value":{"stringValue":"/cart"}},{"key":"farol.device.type","value":{"stringValue":"mobile"}}],
"startTimeUnixNano":"1000","timeUnixNano":"2000","count":"2","sum":0.25,"scale":20,"zeroCount":"1","positive":{"offset":-2097153,"bucketCounts":["1"]},"min":0.0,"max":0.25}
],"aggregationTemporality":2}},
{"name":"farol.sessions","description":"Sessions that began, each weighing 1/rate","unit":"{session}","sum":{"dataPoints":[
{"attributes":[{"key":"farol.delivery","value":{"stringValue":"deferred"}}],"startTimeUnixNano":"1000","timeUnixNano":"2000","asDouble":2.5}
],"aggregationTemporality":2,"isMonotonic":true}}
],"schemaUrl":"URL"}],"schemaUrl":"URL"}
]}"#;
    let want = want.replace('\n', "").replace("SCOPE", &scope);
    assert_eq!(json(&snapshot), want.replace("URL", SCHEMA_URL));
}

#[test]
fn what_found_no_room_is_marked_and_only_its_delivery_is_said() {
    let mut snapshot = snapshot(&[("shop", "farol.exceptions", &["Error", "", ""], 1.0)]);
    snapshot.series[0].overflow = true;
    snapshot.series[0].values.clear();
    let text = json(&snapshot);
    let mark = r#"{"key":"otel.metric.overflow","value":{"boolValue":true}}"#;
    assert!(
        text.contains(&format!(r#""attributes":[{mark}]"#)),
        "{text}"
    );
    snapshot.series[0].values = vec!["test".into()];
    let text = json(&snapshot);
    let delivery = r#"{"key":"farol.delivery","value":{"stringValue":"test"}}"#;
    assert!(
        text.contains(&format!(r#""attributes":[{delivery},{mark}]"#)),
        "{text}"
    );
}

#[test]
fn many_points_come_in_pieces_that_fit_a_line() {
    let one = snapshot(&[("shop", "farol.page_views", &["/", "", ""], 1.0)]);
    let mut many = one.clone();
    many.series = vec![one.series[0].clone(); 1_000];
    let metrics = &metrics(&many, Form::Otlp)[0].scope_metrics[0].metrics;
    assert_eq!(metrics.len(), 3);
    assert!(metrics.iter().all(|it| it.name == "farol.page_views"));
}

#[test]
fn every_family_becomes_a_metric() {
    let rows: Vec<_> = FAMILIES
        .iter()
        .map(|family| ("shop", family.name, &["a", "b", ""][..], 1.0))
        .collect();
    let metrics = metrics(&snapshot(&rows), Form::Otlp);
    let found: Vec<&str> = metrics[0].scope_metrics[0]
        .metrics
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(found, names);
}
