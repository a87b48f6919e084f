//! OTLP metrics in Prometheus' own model (its `metrics.proto`): what the scrape endpoint shows and Remote Write sends, by the rules of
//! Prometheus' OTLP receiver, so that all three ways give the same names, labels, counts and sums.
//!
//! A histogram has exponential buckets, classic ones, or both: two OTLP metrics of one name come to one family here.

use std::collections::BTreeMap;

use farol_protocol::names::attr;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as OtlpNumber;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, Exemplar as OtlpExemplar, Metric as OtlpMetric,
    NumberDataPoint, exemplar,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use self::histogram::Native;
use self::name::Suffix;
use super::plain;
use crate::hex::hex;
use crate::telemetry::proto::{
    COUNTER, Exemplar, GAUGE, HISTOGRAM, Histogram, LabelPair, Metric, MetricFamily, Number,
    Timestamp,
};

mod histogram;
mod name;
pub(crate) mod remote_write;
pub(crate) mod scrape;
mod text;
mod write;

#[cfg(test)]
mod tests;

/// Attributes of the resource that are labels beside `job` and `instance`: without them two environments of an app would be one series.
const PROMOTED: [&str; 1] = [attr::DEPLOYMENT_ENVIRONMENT];

/// The label that a series' name is.
const NAME: &str = "__name__";
/// The label of a bucket's bound.
const BOUND: &str = "le";
/// What Prometheus' receiver writes for a point without a value, where a series ended: no number, and its queries end there.
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// A series' labels, and when it said what it says: several browsers, or a backlog, may say several things of one series in a batch.
type Said = (Vec<LabelPair>, i64);

/// Families under construction, by name, each with its points by labels and time. Of several at one time the last holds.
#[derive(Default)]
pub(crate) struct Families {
    families: BTreeMap<String, (MetricFamily, BTreeMap<Said, Metric>)>,
    /// Points that Prometheus has no form for: deltas, summaries, some exponential histograms, those without a name or a number.
    pub(crate) left_out: u64,
}

/// What all points of a metric have in common.
struct Of<'a> {
    name: String,
    help: &'a str,
    kind: i32,
    resource: Vec<LabelPair>,
}

impl Families {
    /// Adds a metric's points.
    pub(crate) fn add(&mut self, resource: Option<&Resource>, metric: &OtlpMetric) {
        let Some(data) = &metric.data else {
            return;
        };
        let (kind, suffix) = match data {
            Data::Gauge(_) => (GAUGE, Suffix::Ratio),
            Data::Sum(sum) if sum.is_monotonic => (COUNTER, Suffix::Total),
            Data::Sum(_) => (GAUGE, Suffix::None),
            _ => (HISTOGRAM, Suffix::None),
        };
        let of = Of {
            name: name::metric(&metric.name, &metric.unit, suffix),
            help: &metric.description,
            kind,
            resource: resource_labels(resource),
        };
        if of.name.is_empty() {
            self.left_out += points(data);
            return;
        }
        let cumulative = AggregationTemporality::Cumulative as i32;
        match data {
            Data::Gauge(gauge) => {
                for point in &gauge.data_points {
                    self.number(&of, point);
                }
            }
            Data::Sum(sum) if sum.aggregation_temporality == cumulative => {
                for point in &sum.data_points {
                    self.number(&of, point);
                }
            }
            Data::Histogram(it) if it.aggregation_temporality == cumulative => {
                for point in &it.data_points {
                    let out = self.histogram(&of, &point.attributes, point.time_unix_nano);
                    histogram::classic(out, point);
                }
            }
            Data::ExponentialHistogram(it) if it.aggregation_temporality == cumulative => {
                for point in &it.data_points {
                    let Some(native) = Native::of(point) else {
                        self.left_out += 1;
                        continue;
                    };
                    let out = self.histogram(&of, &point.attributes, point.time_unix_nano);
                    native.put(out, point);
                }
            }
            other => self.left_out += points(other),
        }
    }

    /// All of them, by name, labels and time.
    pub(crate) fn end(self) -> Vec<MetricFamily> {
        let families = self.families.into_values();
        let whole = families.map(|(family, series)| MetricFamily {
            metric: series.into_values().collect(),
            ..family
        });
        whole.collect()
    }

    fn number(&mut self, of: &Of<'_>, point: &NumberDataPoint) {
        let value = match point.value {
            _ if ended(point.flags) => STALE,
            Some(OtlpNumber::AsDouble(value)) => value,
            Some(OtlpNumber::AsInt(value)) => value as f64,
            None => {
                self.left_out += 1;
                return;
            }
        };
        let series = self.series(of, &point.attributes, point.time_unix_nano);
        let number = Number {
            value,
            exemplar: point.exemplars.last().and_then(exemplar),
        };
        match of.kind {
            COUNTER => series.counter = Some(number),
            _ => series.gauge = Some(number),
        }
    }

    fn histogram(&mut self, of: &Of<'_>, attributes: &[KeyValue], nanos: u64) -> &mut Histogram {
        let series = self.series(of, attributes, nanos);
        series.histogram.get_or_insert_default()
    }

    fn series(&mut self, of: &Of<'_>, attributes: &[KeyValue], nanos: u64) -> &mut Metric {
        let new = || {
            let family = MetricFamily {
                name: of.name.clone(),
                help: of.help.to_owned(),
                r#type: of.kind,
                metric: Vec::new(),
            };
            (family, BTreeMap::new())
        };
        let (_, series) = self.families.entry(of.name.clone()).or_insert_with(new);
        let labels = labels(of, attributes);
        let at = Timestamp::of(nanos).millis();
        let said = (labels.clone(), at);
        series.entry(said).or_insert_with(|| Metric {
            label: labels,
            timestamp_ms: Some(at),
            ..Metric::default()
        })
    }
}

/// Whether a point says that its series ended, and no number.
fn ended(flags: u32) -> bool {
    flags & DataPointFlags::NoRecordedValueMask as u32 != 0
}

/// `job` and `instance` as Prometheus' OTLP receiver makes them, and what is promoted.
fn resource_labels(resource: Option<&Resource>) -> Vec<LabelPair> {
    let attributes = resource.map_or(&[][..], |it| &it.attributes);
    let text = |name: &str| {
        let found = attributes.iter().find(|it| it.key == name);
        plain::text(found.and_then(|it| it.value.as_ref())).into_owned()
    };
    let (namespace, service) = (text(attr::SERVICE_NAMESPACE), text(attr::SERVICE_NAME));
    let job = match namespace.is_empty() {
        true => service,
        false => format!("{namespace}/{service}"),
    };
    let own = [("job", job), ("instance", text(attr::SERVICE_INSTANCE_ID))];
    let own = own.map(|(name, value)| pair(name, value));
    let promoted = PROMOTED.map(|it| pair(name::label(it), text(it)));
    let all = own.into_iter().chain(promoted);
    all.filter(|it| !it.value.is_empty()).collect()
}

/// A page's attribute is no second name of its series, and in a histogram no second bound: by a receiver of 1.0 such a series is lost without a word.
fn labels(of: &Of<'_>, attributes: &[KeyValue]) -> Vec<LabelPair> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    // What is joined is so in one order, however it was written.
    let mut attributes: Vec<_> = attributes.iter().collect();
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    for attribute in attributes {
        let value = plain::text(attribute.value.as_ref());
        if value.is_empty() {
            continue;
        }
        let label = match name::label(&attribute.key) {
            name if name == NAME => continue,
            bound if bound == BOUND && of.kind == HISTOGRAM => format!("exported_{BOUND}"),
            other => other,
        };
        // Names that come to the same share a label, as in Prometheus' receiver.
        let label = labels.entry(label).or_default();
        if !label.is_empty() {
            label.push(';');
        }
        label.push_str(&value);
    }
    for it in &of.resource {
        labels.insert(it.name.clone(), it.value.clone());
    }
    let pairs = labels.into_iter();
    pairs.map(|(name, value)| pair(name, value)).collect()
}

fn pair(name: impl Into<String>, value: impl Into<String>) -> LabelPair {
    LabelPair {
        name: name.into(),
        value: value.into(),
    }
}

/// Those without a trace say nothing that a chart could lead to.
fn exemplar(given: &OtlpExemplar) -> Option<Exemplar> {
    let ids = [("trace_id", &given.trace_id), ("span_id", &given.span_id)];
    let ids = ids.iter().filter(|(_, id)| !id.is_empty());
    let value = match given.value {
        Some(exemplar::Value::AsDouble(value)) => value,
        Some(exemplar::Value::AsInt(value)) => value as f64,
        None => return None,
    };
    (!given.trace_id.is_empty()).then(|| Exemplar {
        label: ids.map(|(name, id)| pair(*name, hex(id))).collect(),
        value,
        timestamp: Some(Timestamp::of(given.time_unix_nano)),
    })
}

fn points(data: &Data) -> u64 {
    let points = match data {
        Data::Gauge(it) => it.data_points.len(),
        Data::Sum(it) => it.data_points.len(),
        Data::Histogram(it) => it.data_points.len(),
        Data::ExponentialHistogram(it) => it.data_points.len(),
        Data::Summary(it) => it.data_points.len(),
    };
    points as u64
}
