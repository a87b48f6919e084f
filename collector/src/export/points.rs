//! Snapshots of the aggregator as OTLP metrics: all that was ever added, or what was added in a window.

use farol_protocol::names::{SCHEMA_URL, attr, scope};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint,
    Histogram as ClassicHistogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, exemplar,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::aggregate::names::{Family, Kind};
use crate::aggregate::{App, Histogram, Series, Snapshot, Value};

/// Points of one metric in one piece. A batch is divided between metrics, not within them, and a line of a file is to stay below
/// 1 MiB: a point of a full histogram is about 1.5 KB of JSON.
const MAX_POINTS: usize = 400;

/// Which buckets histograms have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Exponential ones.
    Otlp,
    /// Beside them, as metrics of the same name, the classic ones of each family.
    Prometheus,
}

/// A resource for each app, a metric for each family.
pub(crate) fn metrics(snapshot: &Snapshot, form: Form) -> Vec<ResourceMetrics> {
    let by_app = snapshot.series.chunk_by(|a, b| a.app == b.app);
    by_app
        .map(|of_app| ResourceMetrics {
            resource: Some(resource(&of_app[0].app, &snapshot.instance)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: scope::COLLECTOR.into(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    ..InstrumentationScope::default()
                }),
                metrics: of_app
                    .chunk_by(|a, b| a.family == b.family)
                    .flat_map(|of_family| of_family.chunks(MAX_POINTS))
                    .flat_map(|series| {
                        let family = series[0].family.family();
                        let classic = match (form, family.kind) {
                            (Form::Prometheus, Kind::Histogram) => {
                                Some(classic(family, series, snapshot))
                            }
                            _ => None,
                        };
                        [metric(family, series, snapshot)]
                            .into_iter()
                            .chain(classic)
                    })
                    .collect(),
                schema_url: SCHEMA_URL.into(),
            }],
            schema_url: SCHEMA_URL.into(),
        })
        .collect()
}

fn resource(app: &App, instance: &str) -> Resource {
    let name = match app.name.as_str() {
        "" => App::NAMELESS,
        name => name,
    };
    let mut attributes = vec![
        text(attr::SERVICE_NAME, name),
        text(attr::SERVICE_INSTANCE_ID, instance),
    ];
    if !app.environment.is_empty() {
        attributes.push(text(attr::DEPLOYMENT_ENVIRONMENT, &app.environment));
    }
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn metric(family: &Family, series: &[Series], snapshot: &Snapshot) -> Metric {
    let now = snapshot.time_ns;
    let aggregation_temporality = temporality(snapshot) as i32;
    let data = match family.kind {
        Kind::Counter => Data::Sum(Sum {
            data_points: series.iter().filter_map(|it| number(it, now)).collect(),
            aggregation_temporality,
            is_monotonic: true,
        }),
        Kind::Histogram => Data::ExponentialHistogram(ExponentialHistogram {
            data_points: series
                .iter()
                .filter_map(|it| histogram(it, snapshot))
                .collect(),
            aggregation_temporality,
        }),
    };
    Metric {
        name: family.name.into(),
        description: family.help.into(),
        unit: family.unit.into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn classic(family: &Family, series: &[Series], snapshot: &Snapshot) -> Metric {
    Metric {
        name: family.name.into(),
        description: family.help.into(),
        unit: family.unit.into(),
        data: Some(Data::Histogram(ClassicHistogram {
            data_points: series
                .iter()
                .filter_map(|it| bounded(family, it, snapshot))
                .collect(),
            aggregation_temporality: temporality(snapshot) as i32,
        })),
        ..Metric::default()
    }
}

/// A series by its family's bounds.
fn bounded(family: &Family, series: &Series, snapshot: &Snapshot) -> Option<HistogramDataPoint> {
    let Value::Histogram(it) = &series.value else {
        return None;
    };
    let within: u64 = it.classic.iter().sum();
    let above = it.count.saturating_sub(within);
    let counts = it.classic.iter().copied().chain([above]);
    Some(HistogramDataPoint {
        attributes: attributes(series),
        start_time_unix_nano: series.start_ns,
        time_unix_nano: snapshot.time_ns,
        count: it.count,
        sum: Some(it.sum),
        explicit_bounds: family.bounds.to_vec(),
        bucket_counts: counts.collect(),
        exemplars: exemplars(series),
        ..HistogramDataPoint::default()
    })
}

/// The latest value that a trace is known of.
fn exemplars(series: &Series) -> Vec<Exemplar> {
    let latest = series.exemplar.iter();
    let exemplar = |it: &crate::aggregate::Exemplar| Exemplar {
        time_unix_nano: it.time_ns,
        trace_id: it.trace_id.to_vec(),
        span_id: it.span_id.map(|id| id.to_vec()).unwrap_or_default(),
        value: Some(exemplar::Value::AsDouble(it.value)),
        ..Exemplar::default()
    };
    latest.map(exemplar).collect()
}

fn temporality(snapshot: &Snapshot) -> AggregationTemporality {
    match snapshot.delta {
        true => AggregationTemporality::Delta,
        false => AggregationTemporality::Cumulative,
    }
}

fn number(series: &Series, now: u64) -> Option<NumberDataPoint> {
    let Value::Sum(sum) = series.value else {
        return None;
    };
    Some(NumberDataPoint {
        attributes: attributes(series),
        start_time_unix_nano: series.start_ns,
        time_unix_nano: now,
        // Weights make fractions.
        value: Some(Number::AsDouble(sum)),
        exemplars: exemplars(series),
        ..NumberDataPoint::default()
    })
}

fn histogram(series: &Series, snapshot: &Snapshot) -> Option<ExponentialHistogramDataPoint> {
    let Value::Histogram(it) = &series.value else {
        return None;
    };
    let Histogram {
        scale,
        offset,
        buckets,
        zeros,
        count,
        sum,
        min,
        max,
        // OTLP has the exponential buckets.
        classic: _,
    } = &**it;
    Some(ExponentialHistogramDataPoint {
        attributes: attributes(series),
        start_time_unix_nano: series.start_ns,
        time_unix_nano: snapshot.time_ns,
        count: *count,
        sum: Some(*sum),
        scale: *scale,
        zero_count: *zeros,
        positive: Some(Buckets {
            offset: *offset,
            bucket_counts: buckets.iter().copied().collect(),
        }),
        // Those of a window are not known, and of nothing there are none.
        min: (!snapshot.delta && *count > 0).then_some(*min),
        max: (!snapshot.delta && *count > 0).then_some(*max),
        exemplars: exemplars(series),
        ..ExponentialHistogramDataPoint::default()
    })
}

fn attributes(series: &Series) -> Vec<KeyValue> {
    if series.overflow {
        let delivery = series.values.iter().map(|it| text(attr::DELIVERY, it));
        return delivery.chain([yes(attr::METRIC_OVERFLOW)]).collect();
    }
    let names = series.family.family().attributes;
    let known = names.iter().zip(&series.values);
    known
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| text(name, value))
        .collect()
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Any::StringValue(value.into()))
}

fn yes(key: &str) -> KeyValue {
    pair(key, Any::BoolValue(true))
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests;
