//! Resource → scope → item, for log records and metrics: reading item by item, and the bound on how many there are.

use farol_protocol::Kind;
use farol_protocol::read::Read;
use farol_protocol::signals::{
    LogRecord, Metric, ResourceLogs, ResourceMetrics, ScopeLogs, ScopeMetrics, Signals,
};
use farol_protocol::span::{Resource, Scope};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::super::recover::{Reader, fields, is_null, text};
use super::super::{Decoded, Limits, Reason, Unreadable};

/// A request of log records.
pub(super) struct Logs(pub(super) Vec<ResourceLogs>);

/// A request of metrics.
pub(super) struct Metrics(pub(super) Vec<ResourceMetrics>);

impl<'de> Deserialize<'de> for Logs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Signals::read(deserializer).map(|signals| Logs(signals.resource_logs))
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Signals::read(deserializer).map(|signals| Metrics(signals.resource_metrics))
    }
}

macro_rules! tree {
    ($name:ident, $root:ident, $scopes:ident: $scope:ident = $scopes_json:literal | $scopes_snake:literal,
     $items:ident: $item:ident = $items_json:literal | $items_snake:literal, $kind:expr) => {
        pub(super) fn $name(reader: &mut Reader<'_>, raw: Option<&RawValue>) -> Vec<$root> {
            let mut out = Vec::new();
            for raw in objects(reader, raw, $kind) {
                let Some(mut inner) = fields(raw) else {
                    reader.refuse($kind, Reason::NotAnObject);
                    continue;
                };
                let resource = inner.take("resource");
                let scopes = inner
                    .take($scopes_json)
                    .or_else(|| inner.take($scopes_snake));
                let schema = inner.take("schemaUrl").or_else(|| inner.take("schema_url"));
                let mut of_resource = Vec::new();
                for raw in objects(reader, scopes, $kind) {
                    let Some(mut inner) = fields(raw) else {
                        reader.refuse($kind, Reason::NotAnObject);
                        continue;
                    };
                    let scope = inner.take("scope");
                    let schema = inner.take("schemaUrl").or_else(|| inner.take("schema_url"));
                    let items = inner.take($items_json).or_else(|| inner.take($items_snake));
                    of_resource.push($scope {
                        scope: scope.map_or_else(Scope::default, |raw| reader.part(raw, "scope")),
                        $items: reader.list::<$item>(items, $kind),
                        schema_url: text(schema),
                        ..$scope::default()
                    });
                }
                out.push($root {
                    resource: resource
                        .map_or_else(Resource::default, |raw| reader.part(raw, "resource")),
                    $scopes: of_resource,
                    schema_url: text(schema),
                    ..$root::default()
                });
            }
            out
        }
    };
}

tree!(logs, ResourceLogs, scope_logs: ScopeLogs = "scopeLogs" | "scope_logs",
    log_records: LogRecord = "logRecords" | "log_records", Kind::Log);
tree!(metrics, ResourceMetrics, scope_metrics: ScopeMetrics = "scopeMetrics" | "scope_metrics",
    metrics: Metric = "metrics" | "metrics", Kind::Measurement);

fn objects<'r>(
    reader: &mut Reader<'_>,
    raw: Option<&'r RawValue>,
    kind: Kind,
) -> Vec<&'r RawValue> {
    match raw.filter(|raw| !is_null(raw)) {
        None => Vec::new(),
        Some(raw) => reader.raws(raw, kind),
    }
}

/// Cuts items past the bound, takes out those that say nothing, and scopes and resources that hold none.
pub(super) fn bound(decoded: &mut Decoded, limits: &Limits) {
    let mut gate = Gate {
        place: 0,
        before: decoded.unreadable.iter().map(|it| it.index).collect(),
        limits,
        cut: 0,
        empty: Vec::new(),
    };
    let signals = &mut decoded.payload.otlp;
    for resource in &mut signals.resource_logs {
        for scope in &mut resource.scope_logs {
            scope.log_records.retain(|it| gate.keep(blank_record(it)));
        }
        resource.scope_logs.retain(|it| !it.log_records.is_empty());
    }
    signals.resource_logs.retain(|it| !it.scope_logs.is_empty());
    let records = std::mem::take(&mut gate.cut);
    let mut points = 0;
    for resource in &mut signals.resource_metrics {
        for scope in &mut resource.scope_metrics {
            scope.metrics.retain(|it| {
                let kept = gate.keep(it.name.is_empty() || it.points() == 0);
                if !kept {
                    points += it.points() as u64;
                }
                kept
            });
        }
        resource.scope_metrics.retain(|it| !it.metrics.is_empty());
    }
    signals
        .resource_metrics
        .retain(|it| !it.scope_metrics.is_empty());
    decoded.cut.items[Kind::Log as usize] += records;
    decoded.cut.items[Kind::Measurement as usize] += gate.cut;
    decoded.cut.points += points;
    let kind = match records > 0 || !signals.resource_logs.is_empty() {
        true => Kind::Log,
        false => Kind::Measurement,
    };
    for index in gate.empty {
        decoded.payload.farol.lost.push(u64::from(index));
        decoded.unreadable.push(Unreadable {
            kind,
            index,
            reason: Reason::Empty,
        });
    }
    decoded.payload.farol.lost.sort_unstable();
    decoded.unreadable.sort_unstable_by_key(|it| it.index);
}

struct Gate<'a> {
    /// The place of the next item, among those that could not be read.
    place: u32,
    before: std::collections::BTreeSet<u32>,
    limits: &'a Limits,
    cut: u64,
    empty: Vec<u32>,
}

impl Gate<'_> {
    fn keep(&mut self, blank: bool) -> bool {
        while self.before.contains(&self.place) {
            self.place += 1;
        }
        let place = self.place;
        self.place += 1;
        if place as usize >= self.limits.items {
            self.cut += 1;
            return false;
        }
        if blank {
            self.empty.push(place);
        }
        !blank
    }
}

/// Nothing but, at most, times and a severity.
fn blank_record(record: &LogRecord) -> bool {
    let bare = LogRecord {
        time: record.time.clone(),
        observed: record.observed.clone(),
        severity_number: record.severity_number,
        severity_text: String::new(),
        flags: record.flags,
        ..LogRecord::default()
    };
    *record == bare
}
