//! What a scrape of the metrics made out of items gets: text with classic buckets, OpenMetrics with exemplars too, or protobuf with both
//! kinds of buckets, by what it asks for.

use prost::Message as _;

use super::Families;
use super::text::text;
use crate::aggregate::Snapshot;
use crate::export::points::{self, Form};
use crate::telemetry::proto::MetricFamily;
use crate::telemetry::{Format, negotiate};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The body of an answer, and its content type.
pub(crate) fn answer(snapshot: Option<&Snapshot>, accept: Option<&str>) -> (&'static str, Vec<u8>) {
    let families = snapshot.map(families).unwrap_or_default();
    if negotiate(accept) == Format::Protobuf {
        let each = families
            .iter()
            .map(MetricFamily::encode_length_delimited_to_vec);
        let body = each.collect::<Vec<_>>().concat();
        return (Format::Protobuf.content_type(), body);
    }
    let open = accept.is_some_and(|it| it.contains("application/openmetrics-text"));
    let kind = match open {
        true => OPEN_METRICS,
        false => Format::Text.content_type(),
    };
    (kind, text(&families, open).into_bytes())
}

/// Without times: the scrape's own is that of the values.
fn families(snapshot: &Snapshot) -> Vec<MetricFamily> {
    let mut families = Families::default();
    for resource in points::metrics(snapshot, Form::Prometheus) {
        let metrics = resource.scope_metrics.iter().flat_map(|it| &it.metrics);
        metrics.for_each(|it| families.add(resource.resource.as_ref(), it));
    }
    let mut families = families.end();
    let series = families.iter_mut().flat_map(|it| &mut it.metric);
    series.for_each(|it| it.timestamp_ms = None);
    families
}
