//! Metrics as they came, in OTLP's binary form; a time that cannot be true gives way to that of reception, as those of items do.

use farol_protocol::names::{attr, metric};
use farol_protocol::signals as wire;
use farol_protocol::time::Nanos;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    Summary, SummaryDataPoint, exemplar, number_data_point,
};

use super::super::attrs::{Attrs, pairs};
use super::super::clock::{bound, shift, stamp};
use super::super::ids::id;
use super::super::spans;
use crate::record::Header;

/// The first word of all of the collector's metrics but one.
const OWN: &str = "farol";
/// Before the name of a metric that clients sent under one of these.
const CLIENTS: &str = "client.";

pub(super) fn convert(header: &Header, given: &[wire::ResourceMetrics]) -> Vec<ResourceMetrics> {
    let scope = |given: &wire::ScopeMetrics| scope(header, given);
    let resource = |given: &wire::ResourceMetrics| ResourceMetrics {
        resource: Some(spans::to_resource(&given.resource, &given.extra)),
        scope_metrics: given.scope_metrics.iter().map(scope).collect(),
        schema_url: given.schema_url.clone(),
    };
    given.iter().map(resource).collect()
}

/// Gives names of their own to metrics of clients that say the collector's.
pub(in crate::convert) fn set_apart(given: &mut [ResourceMetrics]) {
    let scopes = given.iter_mut().flat_map(|it| &mut it.scope_metrics);
    for metric in scopes.flat_map(|it| &mut it.metrics) {
        if is_own(&metric.name, &metric.unit) {
            metric.name.insert_str(0, CLIENTS);
        }
    }
}

fn scope(header: &Header, given: &wire::ScopeMetrics) -> ScopeMetrics {
    ScopeMetrics {
        scope: Some(spans::to_scope(&given.scope, &given.extra)),
        metrics: given.metrics.iter().map(|it| one(header, it)).collect(),
        schema_url: given.schema_url.clone(),
    }
}

fn one(header: &Header, given: &wire::Metric) -> Metric {
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

/// Whether a name is one of the collector's own metrics, in Prometheus' spelling too, which is made of name and unit and puts `total` at the end: what a page says
/// of them would be added to what was counted.
fn is_own(given: &str, unit: &str) -> bool {
    fn words(text: &str) -> impl Iterator<Item = &str> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty() && *word != "total")
    }
    [OWN, metric::CLIENT_REQUEST_DURATION].iter().any(|own| {
        let mut spelled = words(given).chain(words(unit));
        words(own).all(|word| spelled.next() == Some(word))
    })
}

/// The one kind of data that a metric has; of several, which OTLP does not allow, the first.
fn data(header: &Header, given: &wire::Metric) -> Option<Data> {
    if let Some(it) = &given.gauge {
        return Some(Data::Gauge(Gauge {
            data_points: (it.data_points.iter())
                .map(|point| number(header, LASTING, point))
                .collect(),
        }));
    }
    if let Some(it) = &given.sum {
        return Some(Data::Sum(Sum {
            data_points: (it.data_points.iter())
                .map(|point| number(header, it.temporality.0, point))
                .collect(),
            aggregation_temporality: it.temporality.0,
            is_monotonic: it.is_monotonic == Some(true),
        }));
    }
    if let Some(it) = &given.histogram {
        return Some(Data::Histogram(Histogram {
            data_points: (it.data_points.iter())
                .map(|point| histogram(header, it.temporality.0, point))
                .collect(),
            aggregation_temporality: it.temporality.0,
        }));
    }
    if let Some(it) = &given.exponential_histogram {
        return Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: (it.data_points.iter())
                .map(|point| exponential(header, it.temporality.0, point))
                .collect(),
            aggregation_temporality: it.temporality.0,
        }));
    }
    given.summary.as_ref().map(|it| {
        Data::Summary(Summary {
            data_points: (it.data_points.iter())
                .map(|point| summary(header, point))
                .collect(),
        })
    })
}

fn number(header: &Header, temporality: i32, given: &wire::NumberPoint) -> NumberDataPoint {
    let times = Times::of(header, temporality, &given.start, &given.time);
    let value = match (given.as_int, given.as_double) {
        (Some(value), _) => Some(number_data_point::Value::AsInt(value.0)),
        (None, Some(value)) => Some(number_data_point::Value::AsDouble(value.0)),
        (None, None) => None,
    };
    NumberDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: times.start,
        time_unix_nano: times.at,
        exemplars: exemplars(&times, &given.exemplars),
        flags: spans::count(given.flags),
        value,
    }
}

fn histogram(
    header: &Header,
    temporality: i32,
    given: &wire::HistogramPoint,
) -> HistogramDataPoint {
    let times = Times::of(header, temporality, &given.start, &given.time);
    HistogramDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: times.start,
        time_unix_nano: times.at,
        count: given.count,
        sum: given.sum.map(|it| it.0),
        bucket_counts: given.bucket_counts.clone(),
        explicit_bounds: given.explicit_bounds.iter().map(|it| it.0).collect(),
        exemplars: exemplars(&times, &given.exemplars),
        flags: spans::count(given.flags),
        min: given.min.map(|it| it.0),
        max: given.max.map(|it| it.0),
    }
}

fn exponential(
    header: &Header,
    temporality: i32,
    given: &wire::ExponentialPoint,
) -> ExponentialHistogramDataPoint {
    let times = Times::of(header, temporality, &given.start, &given.time);
    let buckets = |given: &wire::Buckets| Buckets {
        offset: small(given.offset),
        bucket_counts: given.bucket_counts.clone(),
    };
    ExponentialHistogramDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: times.start,
        time_unix_nano: times.at,
        count: given.count,
        sum: given.sum.map(|it| it.0),
        scale: small(given.scale),
        zero_count: given.zero_count,
        positive: given.positive.as_deref().map(buckets),
        negative: given.negative.as_deref().map(buckets),
        flags: spans::count(given.flags),
        exemplars: exemplars(&times, &given.exemplars),
        min: given.min.map(|it| it.0),
        max: given.max.map(|it| it.0),
        zero_threshold: given.zero_threshold.map_or(0.0, |it| it.0),
    }
}

fn summary(header: &Header, given: &wire::SummaryPoint) -> SummaryDataPoint {
    let times = Times::of(header, LASTING, &given.start, &given.time);
    let quantile = |given: &wire::Quantile| ValueAtQuantile {
        quantile: given.quantile.map_or(0.0, |it| it.0),
        value: given.value.map_or(0.0, |it| it.0),
    };
    SummaryDataPoint {
        attributes: spans::attributes(&given.attributes),
        start_time_unix_nano: times.start,
        time_unix_nano: times.at,
        count: given.count,
        sum: given.sum.map_or(0.0, |it| it.0),
        quantile_values: given.quantile_values.iter().map(quantile).collect(),
        flags: spans::count(given.flags),
    }
}

fn exemplars(times: &Times<'_>, given: &[wire::Exemplar]) -> Vec<Exemplar> {
    given.iter().map(|it| exemplar(times, it)).collect()
}

fn exemplar(times: &Times<'_>, given: &wire::Exemplar) -> Exemplar {
    let value = match (given.as_int, given.as_double) {
        (Some(value), _) => Some(exemplar::Value::AsInt(value.0)),
        (None, Some(value)) => Some(exemplar::Value::AsDouble(value.0)),
        (None, None) => None,
    };
    Exemplar {
        filtered_attributes: spans::attributes(&given.filtered_attributes),
        time_unix_nano: times.beside(&given.time),
        span_id: id::<8>(&given.span_id).map(Vec::from).unwrap_or_default(),
        trace_id: id::<16>(&given.trace_id).map(Vec::from).unwrap_or_default(),
        value,
    }
}

/// A point tells of what came since the one before.
const DELTA: i32 = AggregationTemporality::Delta as i32;
/// Of points that have none: they tell of a state.
const LASTING: i32 = AggregationTemporality::Unspecified as i32;

/// Those of a point: what is beside its own moves with it.
struct Times<'a> {
    header: &'a Header,
    by: i128,
    start: u64,
    at: u64,
}

impl<'a> Times<'a> {
    fn of(header: &'a Header, temporality: i32, start: &Nanos, at: &Nanos) -> Self {
        let stamp = stamp(header, &at.0).nanos;
        let by =
            at.0.nanos()
                .map(|nanos| i128::from(stamp) - i128::from(nanos));
        let mut times = Self {
            header,
            by: by.unwrap_or_default(),
            start: 0,
            at: stamp,
        };
        times.start = match temporality {
            DELTA => times.beside(start).min(stamp),
            // It says that a series began anew where it is another, so it moves with no request's clock; 0 is OTLP's word for what nobody knows.
            _ => (start.0.nanos().filter(|start| *start <= stamp)).unwrap_or_default(),
        };
        times
    }

    /// Zero where it says nothing, which is OTLP's word for it.
    fn beside(&self, time: &Nanos) -> u64 {
        let nanos = time.0.nanos().filter(|nanos| *nanos > 0);
        nanos.map_or(0, |nanos| bound(self.header, shift(nanos, self.by)).nanos)
    }
}

/// A number of 32 bits; one beyond them is as far as they go.
fn small(given: Option<wire::Whole>) -> i32 {
    let value = given.unwrap_or_default().0;
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use farol_protocol::read::Read as _;

    use super::*;

    fn name(given: &str, unit: &str) -> String {
        let metric = Metric {
            name: given.to_owned(),
            unit: unit.to_owned(),
            ..Metric::default()
        };
        let mut all = [ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }];
        set_apart(&mut all);
        all[0].scope_metrics[0].metrics[0].name.clone()
    }

    #[test]
    fn no_client_adds_to_what_the_collector_counts() {
        for (own, unit) in [
            ("farol.exceptions", ""),
            ("farol_sessions_total", ""),
            ("_farol..sessions", ""),
            ("total.farol.sessions", ""),
            ("", "farol.sessions"),
            ("http.client.request.duration", "s"),
            ("http_client_request_duration_seconds", ""),
            ("http.client.request", "duration.seconds"),
        ] {
            assert_eq!(name(own, unit), format!("client.{own}"));
        }
        for theirs in ["farola", "my.farol", "http.client.request.size", "m", ""] {
            assert_eq!(name(theirs, "s"), theirs);
        }
    }

    #[test]
    fn a_point_has_times_that_can_be_true_and_fit() {
        const NOW: u64 = 1_795_145_670_000_000_000;
        const SECOND: u64 = 1_000_000_000;
        const WEEK: u64 = 7 * 24 * 3_600 * SECOND;
        let told = |temporality, offset_ms, start: u64, time: u64| {
            let header = Header {
                received_ns: NOW,
                clock_offset_ms: offset_ms,
                ..Header::default()
            };
            let point = format!(
                r#"{{"asInt":"1","startTimeUnixNano":"{start}","timeUnixNano":"{time}","exemplars":[{{"asInt":"1","timeUnixNano":"{start}"}}]}}"#
            );
            let mut reader = serde_json::Deserializer::from_str(&point);
            let point = wire::NumberPoint::read(&mut reader).unwrap();
            let point = number(&header, temporality, &point);
            let beside = point.exemplars[0].time_unix_nano;
            assert!(beside == 0 || (NOW - WEEK..=NOW + 600 * SECOND).contains(&beside));
            (point.start_time_unix_nano, point.time_unix_nano)
        };
        let (start, time) = (NOW - 20 * SECOND, NOW - 10 * SECOND);
        for temporality in [DELTA, LASTING, 2] {
            assert_eq!(told(temporality, 0, 0, 0), (0, NOW));
            assert_eq!(told(temporality, 0, start, time), (start, time));
        }
        // A clock that is ahead, and one that is known to be.
        let ahead = NOW + 900 * SECOND;
        for offset_ms in [0, -900_000] {
            let found = told(DELTA, offset_ms, ahead - 10 * SECOND, ahead);
            assert_eq!(found, (NOW - 10 * SECOND, NOW));
            assert_eq!(told(2, offset_ms, ahead - 10 * SECOND, ahead), (0, NOW));
        }
        assert_eq!(told(DELTA, 0, 1, time), (NOW - WEEK, time));
        assert_eq!(told(DELTA, 0, u64::MAX, time), (time, time));
        assert_eq!(told(DELTA, 0, u64::MAX - 7, u64::MAX), (NOW - 7, NOW));
        // What a page that is open for long began stays when it did, however its clock is judged.
        let long = NOW - WEEK - 5;
        for offset_ms in [0, -3_000, -3_004] {
            assert_eq!(told(2, offset_ms, long, time).0, long);
        }
        assert_eq!(told(2, 0, u64::MAX, time).0, 0);
    }
}
