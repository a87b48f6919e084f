//! Nothing is lost on the way: every value of every field is found again in OpenTelemetry's dialect, or stands in a list
//! with the reason why not. The tests walk the input, so a field that is added to the wire is held from then on.

use super::golden::{body, fixture, header};
use crate::convert::{Dialect, to_otlp};
use crate::decode::{Form, Limits, faro, otlp, repeat};
use crate::record::{Header, SourceKind};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Values that are not found again, by the end of their path (and the value, where one is meant), each with the reason.
const OMITTED: &[(&str, Option<&str>, &str)] = &[
    (
        "farol/v",
        None,
        "the version of the object that it stands in, not of anything observed",
    ),
    (
        "measurements/*/type",
        Some("web-vitals"),
        "the record's event name says it",
    ),
    (
        "resourceSpans/*/schemaUrl",
        None,
        "the resource is written anew, by our schema",
    ),
    (
        "resource/attributes/*/key",
        Some("deployment.environment"),
        "its value stands under the present name",
    ),
];

/// Fields of a list that leave as one text, and how it is made.
fn joined(path: &str, object: &Value) -> Option<String> {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    if path.contains("/brands/") {
        Some(format!("{} {}", text("brand"), text("version")))
    } else if path.contains("/integrations/") {
        Some(format!("{}:{}", text("name"), text("version")))
    } else {
        None
    }
}

/// The spellings in which a leaf may be found again.
fn spellings(path: &str, leaf: &Value) -> Vec<String> {
    let text = match leaf {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut out = vec![text.clone()];
    if let farol_protocol::time::Time::At(nanos) = farol_protocol::time::Time::parse(&text) {
        out.push(nanos.to_string());
    }
    if let Ok(number) = text.parse::<f64>() {
        out.push(number.to_string());
    }
    if path.ends_with("/roles") {
        out = text.split(',').map(str::to_owned).collect();
    }
    if path.ends_with("/bytesValue") {
        // OTLP's serialiser of this library writes bytes as a list of numbers.
        out.push("102,97,114,111,108".to_owned());
    }
    out
}

fn omitted(path: &str, leaf: &Value) -> bool {
    let star = |part| {
        if str::parse::<u32>(part).is_ok() {
            "*"
        } else {
            part
        }
    };
    let bare: Vec<&str> = path.split('/').map(star).collect();
    let bare = bare.join("/");
    let here = |(end, value, _): &(&str, Option<&str>, &str)| {
        bare.ends_with(end) && value.is_none_or(|value| leaf == value)
    };
    OMITTED.iter().any(here)
}

fn leaves(
    value: &Value,
    path: &str,
    out: &mut Vec<(String, Value, Option<String>)>,
    object: &Value,
) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, inner)| leaves(inner, &format!("{path}/{key}"), out, value)),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(n, inner)| leaves(inner, &format!("{path}/{n}"), out, value));
        }
        leaf => out.push((path.to_owned(), leaf.clone(), joined(path, object))),
    }
}

fn flat(value: &Value) -> Vec<(String, Value, Option<String>)> {
    let mut out = Vec::new();
    leaves(value, "", &mut out, &Value::Null);
    out
}

fn converted(body: &Value) -> Value {
    let decoded = faro(body.to_string().as_bytes(), &Limits::default()).expect("a payload");
    assert_eq!(decoded.unreadable, []);
    let otlp = to_otlp(&header(""), &decoded.payload, Dialect::Semconv);
    json!({"logs": otlp.logs, "traces": otlp.traces})
}

/// Every text and number of the output.
fn values(output: &Value) -> HashSet<String> {
    let mut out = HashSet::new();
    for (_, leaf, _) in flat(output) {
        match &leaf {
            Value::String(text) => out.insert(text.clone()),
            Value::Number(number) => {
                out.insert(number.as_f64().map_or_else(String::new, |n| n.to_string()))
            }
            other => out.insert(other.to_string()),
        };
    }
    bytes(output, &mut out);
    out
}

fn bytes(value: &Value, out: &mut HashSet<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|inner| bytes(inner, out)),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_u64) => {
            let numbers: Vec<String> = list.iter().map(Value::to_string).collect();
            out.insert(numbers.join(","));
        }
        Value::Array(list) => list.iter().for_each(|inner| bytes(inner, out)),
        _ => {}
    }
}

fn everything_is_found(path: &str) {
    let body: Value = serde_json::from_str(&body(path)).expect("JSON");
    let output = values(&converted(&body));
    let mut missing = Vec::new();
    for (leaf_path, leaf, joined) in flat(&body) {
        if leaf.is_boolean() || leaf == json!("") || omitted(&leaf_path, &leaf) {
            continue;
        }
        let whole = joined
            .map(|text| vec![text])
            .unwrap_or_else(|| spellings(&leaf_path, &leaf));
        let found = if leaf_path.ends_with("/roles") {
            whole.iter().all(|text| output.contains(text))
        } else {
            whole.iter().any(|text| output.contains(text))
        };
        if !found {
            missing.push(format!("{leaf_path} = {leaf}"));
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "{path}");
}

#[test]
fn every_value_of_the_seven_requests_is_found_again() {
    for n in 1..=7 {
        everything_is_found(&format!("faro-2.12.1/0{n}.json"));
    }
}

#[test]
fn every_value_of_the_maximal_payload_is_found_again() {
    everything_is_found("payload/maximal.json");
}

#[test]
fn every_value_of_every_known_event_and_vital_is_found_again() {
    everything_is_found("payload/names.json");
}

/// Maps of attributes, in which no name is unknown, and OTLP's pairs.
const MAPS: [&str; 6] = ["attributes", "context", "values", "value", "body", "kept"];

/// Puts a field that no version knows into each object, and tells what it holds.
fn put_unknown(value: &mut Value, name: &str, path: &str, put: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                if !MAPS.contains(&key.as_str()) {
                    put_unknown(inner, key, &format!("{path}/{key}"), put);
                }
            }
            if name != "key" {
                let text = format!("unknown of {path}");
                map.insert("notListed".to_owned(), json!(text));
                put.push(text);
            }
        }
        Value::Array(list) => {
            for (n, inner) in list.iter_mut().enumerate() {
                put_unknown(inner, name, &format!("{path}/{n}"), put);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_that_no_version_knows_is_found_again_whatever_object_it_stands_in() {
    let mut body: Value = serde_json::from_str(&body("payload/maximal.json")).expect("JSON");
    let mut put = Vec::new();
    put_unknown(&mut body, "", "", &mut put);
    assert!(put.len() > 40, "{put:?}");
    let output = values(&converted(&body));
    put.retain(|text| !output.contains(text));
    assert_eq!(put, Vec::<String>::new());
    for (signal, kind) in [
        ("logs", SourceKind::OtlpLogs),
        ("traces", SourceKind::OtlpTraces),
    ] {
        let mut body: Value =
            serde_json::from_str(&fixture(&format!("otlp/{signal}.json"))).expect("JSON");
        let groups = match kind {
            SourceKind::OtlpLogs => &mut body["resourceLogs"],
            _ => &mut body["resourceSpans"],
        };
        let mut put = Vec::new();
        put_unknown(groups, "", "", &mut put);
        let body = body.to_string();
        let decoded = otlp(kind, Form::Json, body.as_bytes(), &Limits::default()).expect("OTLP");
        let header = Header {
            kind,
            ..header("shop")
        };
        for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
            let otlp = to_otlp(&header, &decoded.payload, dialect);
            let output = values(&json!({"logs": otlp.logs, "traces": otlp.traces}));
            let missing: Vec<_> = put.iter().filter(|it| !output.contains(*it)).collect();
            // Those dialects hand spans on, as their receivers do, which know no other fields.
            if signal == "logs" || dialect == Dialect::Semconv {
                assert_eq!(missing, Vec::<&String>::new(), "{signal} {dialect:?}");
            }
        }
    }
}

/// Lists of items, and how often each item stands in the payloads below.
const LISTS: [&str; 7] = [
    "logs",
    "exceptions",
    "measurements",
    "events",
    "spans",
    "logRecords",
    "metrics",
];
const TIMES: usize = 4;

fn repeat_items(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::Array(list) if LISTS.contains(&key.as_str()) => {
                        *list = vec![list.clone(); TIMES].concat();
                    }
                    inner => repeat_items(inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(repeat_items),
        _ => {}
    }
}

#[test]
fn what_goes_out_with_each_item_is_counted_whatever_object_it_stands_in() {
    let mut uncounted = Vec::new();
    for (path, kind) in [
        ("payload/maximal.json", SourceKind::Faro),
        ("otlp/logs.json", SourceKind::OtlpLogs),
        ("otlp/traces.json", SourceKind::OtlpTraces),
        ("otlp/metrics.json", SourceKind::OtlpMetrics),
    ] {
        let mut plain: Value = serde_json::from_str(&match kind {
            SourceKind::Faro => body(path),
            _ => fixture(path),
        })
        .expect("JSON");
        let mut put = Vec::new();
        put_unknown(&mut plain, "", "", &mut put);
        repeat_items(&mut plain);
        let plain = plain.to_string();
        let header = Header {
            kind,
            ..header("shop")
        };
        let dialects = [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib];
        // How much is told to go out, and how much goes out.
        let sizes = |body: &str| {
            let decoded = match kind {
                SourceKind::Faro => faro(body.as_bytes(), &Limits::default()),
                kind => otlp(kind, Form::Json, body.as_bytes(), &Limits::default()),
            };
            let payload = decoded.expect("a payload").payload;
            let written = dialects.map(|dialect| {
                let otlp = to_otlp(&header, &payload, dialect);
                json!([otlp.logs, otlp.traces, otlp.metrics])
                    .to_string()
                    .len()
            });
            (body.len() + repeat::repeated(&payload).bytes, written)
        };
        let (told, written) = sizes(&plain);
        for text in put {
            let long = format!("{text}{}", "x".repeat(1000));
            let longer = plain.replace(&format!("{text:?}"), &format!("{long:?}"));
            let (most, more) = sizes(&longer);
            for (n, dialect) in dialects.iter().enumerate() {
                let (most, more) = (most - told, more[n].saturating_sub(written[n]));
                if more > most {
                    uncounted.push(format!("{path} {dialect:?} {text}: {more} > {most}"));
                }
            }
        }
    }
    assert_eq!(uncounted, Vec::<String>::new());
}

#[test]
fn unknown_fields_of_a_lists_objects_leave_as_one_value() {
    let part = |n: usize| format!(r#"{{"name":"n","known":1,"k0":{n},"k1":{n}}}"#);
    let list: Vec<String> = (0..20).map(part).collect();
    let list = list.join(",");
    let body = format!(
        r#"{{"meta":{{"sdk":{{"integrations":[{list}]}},"browser":{{"brands":[{list}]}}}},"logs":[{{"message":"m"}}]}}"#
    );
    let output = converted(&serde_json::from_str(&body).expect("JSON"));
    let record = &output["logs"][0]["scopeLogs"][0]["logRecords"][0];
    let names = record["attributes"].as_array().expect("attributes");
    let names = names.iter().filter_map(|it| it["key"].as_str());
    let names: Vec<&str> = names.filter(|name| name.contains("extra")).collect();
    assert_eq!(
        names,
        ["farol.extra.sdk.integrations", "farol.extra.browser.brands"]
    );
    let output = values(&output);
    assert!((0..20).all(|n| output.contains(&n.to_string())));
}

#[test]
fn the_maximal_payloads_values_are_unique() {
    let body: Value = serde_json::from_str(&body("payload/maximal.json")).expect("JSON");
    let mut seen: HashMap<String, String> = HashMap::new();
    for (path, leaf, _) in flat(&body) {
        // Booleans have two values, and OTLP's and Farol's enums few.
        let few = leaf.is_boolean()
            || path.ends_with("/kind")
            || path.ends_with("/code")
            || path.ends_with("/v");
        if !few && let Some(other) = seen.insert(leaf.to_string(), path.clone()) {
            panic!("{leaf} stands at {other} and at {path}");
        }
    }
}

/// Finding a value says little of booleans and small numbers: here each leaf is changed, and the output must change too.
#[test]
fn a_change_of_any_value_changes_the_output() {
    let original: Value = serde_json::from_str(&body("payload/maximal.json")).expect("JSON");
    let before = converted(&original);
    for (path, leaf, _) in flat(&original) {
        if omitted(&path, &leaf) && leaf != "web-vitals" {
            continue;
        }
        let changed = match &leaf {
            Value::Bool(flag) => json!(!flag),
            Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 1.0),
            Value::String(text) => json!(another(&path, text)),
            other => panic!("{path} holds {other}"),
        };
        let mut body = original.clone();
        *body.pointer_mut(&pointer(&path)).expect("the leaf") = changed;
        assert_ne!(
            converted(&body),
            before,
            "{path} could be changed and nothing came of it"
        );
    }
}

/// A text that is another and still of the same form.
fn another(path: &str, text: &str) -> String {
    if path.ends_with("imestamp") || path.ends_with("/t") || path.ends_with("UnixNano") {
        return text
            .replace("2026-11-20T03:34:2", "2026-11-20T03:33:2")
            .replace("17951456", "17951455");
    }
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = if *last == '1' { '2' } else { '1' };
    }
    if path.ends_with("/bytesValue") {
        "ZmFyb3I=".to_owned()
    } else {
        letters.into_iter().collect()
    }
}

/// The names of attributes hold slashes nowhere in the fixture, so the path is the pointer.
fn pointer(path: &str) -> String {
    path.to_owned()
}
