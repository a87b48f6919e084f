//! Parts of a stored payload that is too much to be read at once: runs of its items, each a payload of its own in which the items keep their
//! places, and so their names. Cut out of the JSON, so that no more than a part is ever in memory as it is read.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use farol_protocol::payload::{Farol, Payload};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Result;
use serde_json::value::RawValue;

use crate::convert::weight;

/// Lists of items at the top, in counting order; then those that are filed under something, by their names at each level.
const LISTS: [&str; 4] = ["logs", "exceptions", "measurements", "events"];
const FILED: [(&str, [&str; 3]); 3] = [
    ("traces", ["resourceSpans", "scopeSpans", "spans"]),
    ("farol.otlp", ["resourceLogs", "scopeLogs", "logRecords"]),
    ("farol.otlp", ["resourceMetrics", "scopeMetrics", "metrics"]),
];

/// An object whose values are not read.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Places of the items in counting order, in runs of which each comes to `bound` at most in memory, or is one item.
pub(super) fn runs(body: &[u8], bound: usize) -> Result<Vec<Range<usize>>> {
    let fields: Fields<'_> = serde_json::from_slice(body)?;
    // What is said once and stands on each item.
    let shared = fields.0.iter().filter(|(name, _)| !holds_items(name));
    let shared = shared.map(|(_, it)| weight::json(it.get())).sum::<usize>();
    let mut runs = Vec::new();
    let (mut from, mut at, mut sum) = (0, 0, 0);
    let mut item = |item: &RawValue, filed: usize| {
        let weight = weight::item(item.get()) + shared + filed;
        if at > from && sum + weight > bound {
            runs.push(from..at);
            (from, sum) = (at, 0);
        }
        sum += weight;
        at += 1;
    };
    for name in LISTS {
        let list = fields.list::<&RawValue>(name)?;
        list.into_iter().for_each(|it| item(it, 0));
    }
    for (tree, [resources, scopes, items]) in FILED {
        let tree = fields.below(tree)?;
        let beside = tree.rest(resources);
        for resource in tree.list::<Fields<'_>>(resources)? {
            let above = beside + resource.rest(scopes);
            for scope in resource.list::<Fields<'_>>(scopes)? {
                let filed = above + scope.rest(items);
                let list = scope.list::<&RawValue>(items)?;
                list.into_iter().for_each(|it| item(it, filed));
            }
        }
    }
    if from < at {
        runs.push(from..at);
    }
    Ok(runs)
}

/// The items of `run` with all that is said about them.
pub(super) fn part(body: &[u8], run: Range<usize>) -> Result<Payload> {
    let fields: Fields<'_> = serde_json::from_slice(body)?;
    let first = run.start as u64;
    let mut window = Window { run, at: 0 };
    let mut out = Object::default();
    for name in LISTS {
        let mut items = String::new();
        for item in window.of(&fields.list::<&RawValue>(name)?) {
            push(&mut items, item.get());
        }
        out.list(name, &items);
    }
    let mut trees: Vec<(&str, Object)> = Vec::new();
    for (tree, [resources, scopes, items]) in FILED {
        let mut taken = String::new();
        for resource in fields.below(tree)?.list::<Fields<'_>>(resources)? {
            let mut below = String::new();
            for scope in resource.list::<Fields<'_>>(scopes)? {
                let mut own = String::new();
                for item in window.of(&scope.list::<&RawValue>(items)?) {
                    push(&mut own, item.get());
                }
                scope.with(items, &own, &mut below);
            }
            resource.with(scopes, &below, &mut taken);
        }
        match trees.last_mut().filter(|(last, _)| *last == tree) {
            Some((_, object)) => object.list(resources, &taken),
            None => {
                let mut object = Object::default();
                object.list(resources, &taken);
                trees.push((tree, object));
            }
        }
    }
    for (name, object) in trees {
        out.field(name, &object.end());
    }
    for (name, value) in &fields.0 {
        if !holds_items(name) {
            out.field(name, value.get());
        }
    }
    let mut part = Payload::decode(out.end().as_bytes())?;
    lose(&mut part.farol, first);
    Ok(part)
}

fn holds_items(name: &str) -> bool {
    LISTS.contains(&name) || FILED.iter().any(|(tree, _)| *tree == name)
}

/// Empties the places of the `before` items that are elsewhere.
fn lose(farol: &mut Farol, before: u64) {
    let first = farol
        .lost
        .iter()
        .fold(before, |place, lost| match *lost <= place {
            true => place + 1,
            false => place,
        });
    farol.lost.retain(|lost| *lost > first);
    farol.lost.splice(0..0, 0..first);
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| *value)
    }

    fn list<T: Deserialize<'a>>(&self, name: &str) -> Result<Vec<T>> {
        self.get(name)
            .map_or(Ok(Vec::new()), |it| serde_json::from_str(it.get()))
    }

    fn below(&self, name: &str) -> Result<Fields<'a>> {
        self.get(name)
            .map_or(Ok(Fields(Vec::new())), |it| serde_json::from_str(it.get()))
    }

    /// What all but one field weigh.
    fn rest(&self, but: &str) -> usize {
        let rest = self.0.iter().filter(|(name, _)| name != but);
        rest.map(|(_, value)| weight::json(value.get())).sum()
    }

    /// Writes itself with another list in the place of one, unless that is empty.
    fn with(&self, list: &str, values: &str, out: &mut String) {
        if values.is_empty() {
            return;
        }
        let mut object = Object::default();
        for (name, value) in self.0.iter().filter(|(name, _)| name != list) {
            object.field(name, value.get());
        }
        object.list(list, values);
        push(out, &object.end());
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// An object that is written.
#[derive(Default)]
struct Object(String);

impl Object {
    fn field(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&serde_json::Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(value);
    }

    fn list(&mut self, name: &str, values: &str) {
        if !values.is_empty() {
            self.field(name, &format!("[{values}]"));
        }
    }

    fn end(self) -> String {
        match self.0.is_empty() {
            true => "{}".to_owned(),
            false => self.0 + "}",
        }
    }
}

fn push(out: &mut String, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(value);
}

/// The run, over lists that follow one another.
struct Window {
    run: Range<usize>,
    at: usize,
}

impl Window {
    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a [T] {
        let clip = |at: usize| at.saturating_sub(self.at).min(list.len());
        let within = clip(self.run.start)..clip(self.run.end);
        self.at += list.len();
        &list[within]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::{Dialect, Otlp, to_otlp};
    use crate::record::{Header, SourceKind};

    fn told(otlp: &Otlp) -> Vec<String> {
        let logs = otlp.logs.iter().flat_map(|it| &it.scope_logs);
        let logs = logs.flat_map(|it| &it.log_records);
        let mut told: Vec<String> = logs.map(|it| format!("{it:?}")).collect();
        let spans = otlp.traces.iter().flat_map(|it| &it.scope_spans);
        told.extend(spans.flat_map(|it| &it.spans).map(|it| format!("{it:?}")));
        let metrics = otlp.metrics.iter().flat_map(|it| &it.scope_metrics);
        let metrics = metrics.flat_map(|it| &it.metrics);
        told.extend(metrics.map(|it| format!("{it:?}")));
        // Parts go out one after the other; spans of the whole stand behind its logs.
        told.sort();
        told
    }

    fn whole_and_in_parts(kind: SourceKind, body: &str, items: usize) {
        let payload = Payload::decode(body.as_bytes()).unwrap();
        let body = payload.encode();
        let header = Header {
            kind,
            ..Header::default()
        };
        for dialect in [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib] {
            let convert = |payload: &Payload| told(&to_otlp(&header, payload, dialect));
            let whole = convert(&payload);
            assert_eq!(whole.len(), items, "{kind:?} {dialect:?}");
            for size in 1..=items {
                let runs = (0..items)
                    .step_by(size)
                    .map(|at| at..(at + size).min(items));
                let parts = runs.flat_map(|run| convert(&part(&body, run).unwrap()));
                let mut parts: Vec<String> = parts.collect();
                parts.sort();
                assert_eq!(parts, whole, "{kind:?} {dialect:?} by {size}");
            }
        }
    }

    #[test]
    fn parts_come_to_what_the_whole_comes_to_with_the_same_names() {
        let span = |n: u32| {
            format!(
                r#"{{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"{n:016x}","name":"s{n}","startTimeUnixNano":"1","endTimeUnixNano":"2"}}"#
            )
        };
        let body = format!(
            r#"{{"meta":{{"app":{{"name":"shop"}},"session":{{"id":"s"}}}},"logs":[{{"message":"a"}},{{"message":"b"}},{{"message":"c"}}],"exceptions":[{{"type":"E"}}],
            "measurements":[{{"type":"m","values":{{"v":1}}}}],"events":[{{"name":"e"}},{{"name":"f"}}],"strange":{{"a":[1]}},
            "traces":{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"r","value":{{"stringValue":"1"}}}}]}},"scopeSpans":[{{"scope":{{"name":"one"}},"spans":[{}]}},{{"spans":[{}]}}]}},
            {{"scopeSpans":[{{"spans":[{}]}}]}}]}},
            "farol":{{"client":"00112233445566aa","seq":7,"lost":[0,2,3,9]}}}}"#,
            span(1),
            span(2),
            span(3)
        );
        whole_and_in_parts(SourceKind::Faro, &body, 10);
    }

    #[test]
    fn what_came_as_otlp_is_divided_too() {
        let body = r#"{"meta":{},"farol":{"lost":[1]},"farol.otlp":{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"stringValue":"b"}}]},
            {"scope":{"name":"s"},"logRecords":[{"body":{"stringValue":"c"}}]}]}]}}"#;
        whole_and_in_parts(SourceKind::OtlpLogs, body, 3);
        let body = r#"{"meta":{},"farol.otlp":{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}},
            {"name":"b","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}}"#;
        whole_and_in_parts(SourceKind::OtlpMetrics, body, 2);
    }

    #[test]
    fn runs_hold_as_much_as_the_bound_lets_them_and_never_less_than_one_item() {
        let meta = format!(r#"{{"session":{{"id":"{}"}}}}"#, "s".repeat(10_000));
        let long = format!(r#"{{"message":"{}"}}"#, "m".repeat(100_000));
        let short = r#"{"message":"m"}"#;
        let list = [short, short, &long, short, short, short, short].join(",");
        let body = format!(r#"{{"meta":{meta},"logs":[{list}]}}"#);
        let runs = runs(body.as_bytes(), 40_000).unwrap();
        assert_eq!(runs, [0..2, 2..3, 3..6, 6..7]);
        // Wherever it stands what is said once goes with each.
        let strange = format!(r#""strange":"{}""#, "s".repeat(30_000));
        let spans = r#""scopeSpans":[{"spans":[{},{}]}]"#;
        for body in [
            format!(r#"{{{strange},"logs":[{short},{short}]}}"#),
            format!(r#"{{"traces":{{{strange},"resourceSpans":[{{{spans}}}]}}}}"#),
            format!(r#"{{"traces":{{"resourceSpans":[{{{strange},{spans}}}]}}}}"#),
        ] {
            let runs = super::runs(body.as_bytes(), 40_000).unwrap();
            assert_eq!(runs, [0..1, 1..2], "{}", &body[..40]);
        }
        assert!(super::runs(b"not json", 1).is_err());
        assert!(super::runs(b"{}", 1).unwrap().is_empty());
    }
}
