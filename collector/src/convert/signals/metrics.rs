//! Metrics as they came, in OTLP's binary form; a time that cannot be true gives way to that of reception, as those of items do.

use farol_protocol::names::attr;
use farol_protocol::signals as wire;
use farol_protocol::time::Nanos;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, number_data_point,
};

use super::super::attrs::{Attrs, pairs};
use super::super::clock::stamp;
use super::super::ids::id;
use super::super::spans;
use super::to_resource;
use crate::record::Header;

pub(super) fn convert(header: &Header, given: &[wire::ResourceMetrics]) -> Vec<ResourceMetrics> {
    let scope = |given: &wire::ScopeMetrics| scope(header, given);
    let resource = |given: &wire::ResourceMetrics| ResourceMetrics {
        resource: Some(to_resource(&given.resource)),
        scope_metrics: given.scope_metrics.iter().map(scope).collect(),
        schema_url: given.schema_url.clone(),
    };
    given.iter().map(resource).collect()
}

fn scope(header: &Header, given: &wire::ScopeMetrics) -> ScopeMetrics {
    ScopeMetrics {
        scope: Some(spans::to_scope(&given.scope)),
        metrics: given.metrics.iter().map(|it| metric(header, it)).collect(),
        schema_url: given.schema_url.clone(),
    }
}

fn metric(header: &Header, given: &wire::Metric) -> Metric {
    let mut metadata = Attrs::of(pairs(given.metadata.iter()));
    metadata.under(|| [attr::EXTRA, "metric."].concat(), given.extra.iter());
    Metric {
        name: given.name.clone(),
        description: given.description.clone(),
        unit: given.unit.clone(),
        metadata: metadata.owned(),
        data: data(header, given),
    }
}

/// The one kind of data that a metric has; of several, which OTLP does not allow, the first.
fn data(header: &Header, given: &wire::Metric) -> Option<Data> {
    if let Some(it) = &given.gauge {
        return Some(Data::Gauge(Gauge {
            data_points: it.data_points.iter().map(|it| number(header, it)).collect(),
        }));
    }
    if let Some(it) = &given.sum {
        return Some(Data::Sum(Sum {
            data_points: it.data_points.iter().map(|it| number(header, it)).collect(),
            aggregation_temporality: it.temporality.0,
            is_monotonic: it.is_monotonic == Some(true),
        }));
    }
    if let Some(it) = &given.histogram {
        return Some(Data::Histogram(Histogram {
            data_points: it
                .data_points
                .iter()
                .map(|it| histogram(header, it))
                .collect(),
            aggregation_temporality: it.temporality.0,
        }));
    }
    if let Some(it) = &given.exponential_histogram {
        return Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: it
                .data_points
                .iter()
                .map(|it| exponential(header, it))
                .collect(),
            aggregation_temporality: it.temporality.0,
        }));
    }
    given.summary.as_ref().map(|it| {
        Data::Summary(Summary {
            data_points: it
                .data_points
                .iter()
                .map(|it| summary(header, it))
                .collect(),
        })
    })
}

fn number(header: &Header, given: &wire::NumberPoint) -> NumberDataPoint {
    let value = match (given.as_int, given.as_double) {
        (Some(value), _) => Some(number_data_point::Value::AsInt(value.0)),
        (None, Some(value)) => Some(number_data_point::Value::AsDouble(value.0)),
        (None, None) => None,
    };
    NumberDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: nanos(&given.start),
        time_unix_nano: stamp(header, &given.time.0).nanos,
        exemplars: given.exemplars.iter().map(exemplar).collect(),
        flags: spans::count(given.flags),
        value,
    }
}

fn histogram(header: &Header, given: &wire::HistogramPoint) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: nanos(&given.start),
        time_unix_nano: stamp(header, &given.time.0).nanos,
        count: given.count,
        sum: given.sum.map(|it| it.0),
        bucket_counts: given.bucket_counts.clone(),
        explicit_bounds: given.explicit_bounds.iter().map(|it| it.0).collect(),
        exemplars: given.exemplars.iter().map(exemplar).collect(),
        flags: spans::count(given.flags),
        min: given.min.map(|it| it.0),
        max: given.max.map(|it| it.0),
    }
}

fn exponential(header: &Header, given: &wire::ExponentialPoint) -> ExponentialHistogramDataPoint {
    let buckets = |given: &wire::Buckets| Buckets {
        offset: small(given.offset),
        bucket_counts: given.bucket_counts.clone(),
    };
    ExponentialHistogramDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: nanos(&given.start),
        time_unix_nano: stamp(header, &given.time.0).nanos,
        count: given.count,
        sum: given.sum.map(|it| it.0),
        scale: small(given.scale),
        zero_count: given.zero_count,
        positive: given.positive.as_deref().map(buckets),
        negative: given.negative.as_deref().map(buckets),
        flags: spans::count(given.flags),
        exemplars: given.exemplars.iter().map(exemplar).collect(),
        min: given.min.map(|it| it.0),
        max: given.max.map(|it| it.0),
        zero_threshold: given.zero_threshold.map_or(0.0, |it| it.0),
    }
}

fn summary(header: &Header, given: &wire::SummaryPoint) -> SummaryDataPoint {
    let quantile = |given: &wire::Quantile| ValueAtQuantile {
        quantile: given.quantile.map_or(0.0, |it| it.0),
        value: given.value.map_or(0.0, |it| it.0),
    };
    SummaryDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: nanos(&given.start),
        time_unix_nano: stamp(header, &given.time.0).nanos,
        count: given.count,
        sum: given.sum.map_or(0.0, |it| it.0),
        quantile_values: given.quantile_values.iter().map(quantile).collect(),
        flags: spans::count(given.flags),
    }
}

fn exemplar(given: &wire::Exemplar) -> Exemplar {
    let value = match (given.as_int, given.as_double) {
        (Some(value), _) => Some(exemplar::Value::AsInt(value.0)),
        (None, Some(value)) => Some(exemplar::Value::AsDouble(value.0)),
        (None, None) => None,
    };
    Exemplar {
        filtered_attributes: spans::attributes(&given.filtered_attributes),
        time_unix_nano: nanos(&given.time),
        span_id: id::<8>(&given.span_id).map(Vec::from).unwrap_or_default(),
        trace_id: id::<16>(&given.trace_id).map(Vec::from).unwrap_or_default(),
        value,
    }
}

fn nanos(time: &Nanos) -> u64 {
    time.0.nanos().unwrap_or_default()
}

/// A number of 32 bits; one beyond them is as far as they go.
fn small(given: Option<wire::Whole>) -> i32 {
    let value = given.unwrap_or_default().0;
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}
