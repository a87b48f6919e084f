//! Items of many records put together under equal resources and scopes, by reference.
//!
//! A destination's batch holds items of hundreds of requests, most of one service. Written under one resource each, a batch is a
//! fraction of its size, and nothing of the shared conversion is copied for it.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

/// How many of the latest resources (and scopes within one) an item is compared with. Merging is thrift, not correctness: a batch of
/// more services than this repeats some of them, and comparing stays cheap.
pub(crate) const LOOK_BACK: usize = 8;

/// All items under one resource.
#[derive(Debug)]
pub(crate) struct Group<'a, T> {
    pub(crate) resource: Option<&'a Resource>,
    pub(crate) schema_url: &'a str,
    pub(crate) scopes: Vec<Scoped<'a, T>>,
}

/// All items under one scope.
#[derive(Debug)]
pub(crate) struct Scoped<'a, T> {
    pub(crate) scope: Option<&'a InstrumentationScope>,
    pub(crate) schema_url: &'a str,
    pub(crate) items: Vec<&'a T>,
}

/// Where an item hangs: what it is grouped by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) resource: Option<&'a Resource>,
    pub(crate) resource_schema: &'a str,
    pub(crate) scope: Option<&'a InstrumentationScope>,
    pub(crate) scope_schema: &'a str,
}

impl Place<'_> {
    /// Whether it is the very same, which is told without looking at what stands there.
    pub(crate) fn is(&self, other: &Self) -> bool {
        fn one<T>(a: Option<&T>, b: Option<&T>) -> bool {
            a.map(std::ptr::from_ref) == b.map(std::ptr::from_ref)
        }
        one(self.resource, other.resource)
            && one(self.scope, other.scope)
            && std::ptr::eq(self.resource_schema, other.resource_schema)
            && std::ptr::eq(self.scope_schema, other.scope_schema)
    }
}

/// One of OTLP's three trees of resource → scope → item. Their protobuf fields have the same numbers; only JSON names differ.
pub(crate) trait Item: prost::Message + Sized + 'static {
    /// The tree's root, as opentelemetry-proto generates it.
    type Root;
    /// JSON names of the three levels.
    const LEVELS: [&'static str; 3];
    /// How many scopes are below this root, how many items below a scope.
    fn scopes(root: &Self::Root) -> usize;
    /// Items below one scope.
    fn items(root: &Self::Root, scope: usize) -> &[Self];
    /// The way down to a scope.
    fn place(root: &Self::Root, scope: usize) -> Place<'_>;
    /// The item as OTLP/JSON.
    fn write_json(&self, out: &mut Vec<u8>);
    /// The item's fields in protobuf.
    fn write_protobuf(&self, out: &mut Vec<u8>);
}

macro_rules! item {
    ($item:ty, $root:ty, $scopes:ident, $items:ident, $levels:expr, $json:path, $protobuf:path) => {
        impl Item for $item {
            type Root = $root;
            const LEVELS: [&'static str; 3] = $levels;
            fn scopes(root: &$root) -> usize {
                root.$scopes.len()
            }
            fn items(root: &$root, scope: usize) -> &[Self] {
                &root.$scopes[scope].$items
            }
            fn place(root: &$root, scope: usize) -> Place<'_> {
                Place {
                    resource: root.resource.as_ref(),
                    resource_schema: &root.schema_url,
                    scope: root.$scopes[scope].scope.as_ref(),
                    scope_schema: &root.$scopes[scope].schema_url,
                }
            }
            fn write_json(&self, out: &mut Vec<u8>) {
                $json(self, out);
            }
            fn write_protobuf(&self, out: &mut Vec<u8>) {
                $protobuf(self, out);
            }
        }
    };
}

item!(
    LogRecord,
    ResourceLogs,
    scope_logs,
    log_records,
    ["resourceLogs", "scopeLogs", "logRecords"],
    super::json::log_record,
    super::protobuf::log_record
);
item!(
    Span,
    ResourceSpans,
    scope_spans,
    spans,
    ["resourceSpans", "scopeSpans", "spans"],
    super::json::span,
    super::protobuf::span
);
item!(
    Metric,
    ResourceMetrics,
    scope_metrics,
    metrics,
    ["resourceMetrics", "scopeMetrics", "metrics"],
    super::json::metric,
    super::protobuf::metric
);

/// Groups items in the order in which they come.
pub(crate) fn group<'a, T: Item>(
    items: impl Iterator<Item = (Place<'a>, &'a T)>,
) -> Vec<Group<'a, T>> {
    let mut groups: Vec<Group<'a, T>> = Vec::new();
    // Items of one record follow each other, and hang at the same place.
    let mut last: Option<(Place<'a>, [usize; 2])> = None;
    for (place, item) in items {
        if let Some((known, [at, scope])) = &last
            && known.is(&place)
        {
            groups[*at].scopes[*scope].items.push(item);
            continue;
        }
        let found = recent(&groups, |group| {
            same(group.resource, place.resource) && group.schema_url == place.resource_schema
        });
        let at = found.unwrap_or_else(|| {
            groups.push(Group {
                resource: place.resource,
                schema_url: place.resource_schema,
                scopes: Vec::new(),
            });
            groups.len() - 1
        });
        let scopes = &mut groups[at].scopes;
        let found = recent(scopes, |scoped| {
            same(scoped.scope, place.scope) && scoped.schema_url == place.scope_schema
        });
        let scope = found.unwrap_or_else(|| {
            scopes.push(Scoped {
                scope: place.scope,
                schema_url: place.scope_schema,
                items: Vec::new(),
            });
            scopes.len() - 1
        });
        scopes[scope].items.push(item);
        last = Some((place, [at, scope]));
    }
    groups
}

fn recent<T>(all: &[T], matches: impl Fn(&T) -> bool) -> Option<usize> {
    let from = all.len().saturating_sub(LOOK_BACK);
    all[from..].iter().rposition(matches).map(|at| from + at)
}

fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b) || a == b,
        (None, None) => true,
        _ => false,
    }
}
