//! Families as a Remote Write request, version 2.0 or 1.0: each number of a point a series, classic buckets included, with its samples by time.

use std::collections::HashMap;

use prost::Message as _;

use super::{BOUND, NAME, STALE};
use crate::telemetry::proto::{
    BucketSpan, COUNTER, Exemplar, GAUGE, HISTOGRAM, Histogram, LabelPair, Metric, MetricFamily,
};

/// One series.
struct Line<'a> {
    family: &'a MetricFamily,
    /// Sorted by name, `__name__` among them.
    labels: Vec<(&'a str, String)>,
    /// By time, all of one kind.
    points: Vec<(i64, Value<'a>)>,
    exemplars: Vec<&'a Exemplar>,
}

enum Value<'a> {
    Number(f64),
    Native(&'a Histogram),
}

/// Whether there is a sample or a histogram to write.
pub(super) fn anything(families: &[MetricFamily]) -> bool {
    let says = |it: &Metric| {
        let histogram = it.histogram.as_ref();
        let buckets = histogram.is_some_and(|it| !it.bucket.is_empty() || it.schema.is_some());
        it.counter.is_some() || it.gauge.is_some() || buckets
    };
    families.iter().any(|it| it.metric.iter().any(says))
}

fn lines(families: &[MetricFamily]) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    for family in families {
        // By labels, then time.
        for of_one in family.metric.chunk_by(|a, b| a.label == b.label) {
            let mut lines = Lines {
                family,
                known: HashMap::new(),
                several: of_one.len() > 1,
                out: &mut out,
            };
            of_one.iter().for_each(|metric| series(metric, &mut lines));
        }
    }
    out
}

/// The series of one set of labels under construction.
struct Lines<'a, 'b> {
    family: &'a MetricFamily,
    /// Their places, by whether they are native histograms and by labels.
    known: HashMap<(bool, Labels<'a>), usize>,
    several: bool,
    out: &'b mut Vec<Line<'a>>,
}

type Labels<'a> = Vec<(&'a str, String)>;

impl<'a> Lines<'a, '_> {
    fn add(&mut self, labels: Labels<'a>, point: (i64, Value<'a>), exemplars: Vec<&'a Exemplar>) {
        if self.several {
            let key = (matches!(point.1, Value::Native(_)), labels.clone());
            if let Some(line) = self.known.get(&key) {
                let line = &mut self.out[*line];
                line.points.push(point);
                line.exemplars.extend(exemplars);
                return;
            }
            self.known.insert(key, self.out.len());
        }
        self.out.push(Line {
            family: self.family,
            labels,
            points: vec![point],
            exemplars,
        });
    }
}

fn series<'a>(metric: &'a Metric, lines: &mut Lines<'a, '_>) {
    let family = lines.family;
    let name = &family.name;
    let mut point = |name: &str, bound: Option<f64>, value, exemplars: Vec<&'a Exemplar>| {
        let own = metric.label.iter();
        let mut labels: Vec<_> = own.map(|it| (it.name.as_str(), it.value.clone())).collect();
        labels.push((NAME, name.to_owned()));
        // As Prometheus writes bounds that it scrapes.
        labels.extend(bound.map(|bound| (BOUND, bound_text(bound))));
        labels.sort_by_key(|it| it.0);
        let at = metric.timestamp_ms.unwrap_or_default();
        lines.add(labels, (at, value), exemplars);
    };
    for number in [&metric.counter, &metric.gauge].into_iter().flatten() {
        let exemplars = number.exemplar.iter().collect();
        point(name, None, Value::Number(number.value), exemplars);
    }
    let Some(histogram) = &metric.histogram else {
        return;
    };
    if !histogram.bucket.is_empty() {
        let sum = histogram.sample_sum;
        let ended = sum.is_some_and(|it| it.to_bits() == STALE.to_bits());
        let counted = |count: u64| Value::Number(if ended { STALE } else { count as f64 });
        if let Some(sum) = sum {
            point(&format!("{name}_sum"), None, Value::Number(sum), vec![]);
        }
        let count = counted(histogram.sample_count);
        point(&format!("{name}_count"), None, count, vec![]);
        for it in &histogram.bucket {
            let count = counted(it.cumulative_count);
            let exemplars = it.exemplar.iter().collect();
            let bound = Some(it.upper_bound);
            point(&format!("{name}_bucket"), bound, count, exemplars);
        }
    }
    if histogram.schema.is_some() {
        let exemplars = histogram.exemplars.iter().collect();
        point(name, None, Value::Native(histogram), exemplars);
    }
}

/// Prometheus writes whole bounds as floats: `200.0`.
fn bound_text(bound: f64) -> String {
    match bound {
        f64::INFINITY => "+Inf".to_owned(),
        whole if whole.fract() == 0.0 => format!("{whole:.1}"),
        bound => bound.to_string(),
    }
}

/// Version 2.0: texts once, by number.
pub(super) fn two(families: &[MetricFamily]) -> Vec<u8> {
    let mut symbols = Symbols::default();
    symbols.number("");
    let series = lines(families).into_iter().map(|line| {
        let labels = line.labels.iter();
        let labels = labels.flat_map(|(name, value)| [*name, value.as_str()]);
        let labels_refs = labels.map(|it| symbols.number(it)).collect();
        let exemplars = line.exemplars.iter().map(|it| {
            let labels = it.label.iter().flat_map(|it| [&it.name, &it.value]);
            v2::Exemplar {
                labels_refs: labels.map(|it| symbols.number(it)).collect(),
                value: it.value,
                timestamp: it.timestamp.map_or(0, |it| it.millis()),
            }
        });
        let exemplars = exemplars.collect();
        let (samples, histograms) = parts(&line);
        v2::TimeSeries {
            labels_refs,
            samples,
            histograms,
            exemplars,
            metadata: Some(v2::Metadata {
                kind: kind(line.family),
                help_ref: symbols.number(&line.family.help),
                unit_ref: 0,
            }),
        }
    });
    let timeseries = series.collect();
    v2::Request {
        symbols: symbols.all,
        timeseries,
    }
    .encode_to_vec()
}

/// Version 1.0.
pub(super) fn one(families: &[MetricFamily]) -> Vec<u8> {
    let series = lines(families).into_iter().map(|line| {
        let labels = line.labels.iter();
        let labels = labels.map(|(name, value)| LabelPair {
            name: (*name).to_owned(),
            value: value.clone(),
        });
        let exemplars = line.exemplars.iter().map(|it| v1::Exemplar {
            labels: it.label.clone(),
            value: it.value,
            timestamp: it.timestamp.map_or(0, |it| it.millis()),
        });
        let exemplars = exemplars.collect();
        let (samples, histograms) = parts(&line);
        v1::TimeSeries {
            labels: labels.collect(),
            samples,
            exemplars,
            histograms,
        }
    });
    let metadata = families.iter().map(|family| v1::MetricMetadata {
        kind: kind(family),
        name: family.name.clone(),
        help: family.help.clone(),
    });
    v1::WriteRequest {
        timeseries: series.collect(),
        metadata: metadata.collect(),
    }
    .encode_to_vec()
}

fn parts(line: &Line<'_>) -> (Vec<Sample>, Vec<NativeHistogram>) {
    let (mut samples, mut histograms) = (Vec::new(), Vec::new());
    for (timestamp, value) in &line.points {
        let timestamp = *timestamp;
        match value {
            Value::Number(value) => samples.push(Sample {
                value: *value,
                timestamp,
            }),
            Value::Native(it) => histograms.push(NativeHistogram {
                count: it.sample_count,
                sum: it.sample_sum.unwrap_or_default(),
                schema: it.schema.unwrap_or_default(),
                zero_threshold: it.zero_threshold,
                zero_count: it.zero_count,
                positive_spans: it.positive_span.clone(),
                positive_deltas: it.positive_delta.clone(),
                timestamp,
            }),
        }
    }
    (samples, histograms)
}

/// Both versions number the kinds so.
fn kind(family: &MetricFamily) -> i32 {
    match family.r#type {
        COUNTER => 1,
        GAUGE => 2,
        HISTOGRAM => 3,
        _ => 0,
    }
}

#[derive(Default)]
struct Symbols {
    all: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Symbols {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
}

/// The same in both versions.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NativeHistogram {
    #[prost(uint64, tag = "1")]
    pub(super) count: u64,
    #[prost(double, tag = "3")]
    pub(super) sum: f64,
    #[prost(sint32, tag = "4")]
    pub(super) schema: i32,
    #[prost(double, tag = "5")]
    pub(super) zero_threshold: f64,
    #[prost(uint64, tag = "6")]
    pub(super) zero_count: u64,
    #[prost(message, repeated, tag = "11")]
    pub(super) positive_spans: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "12")]
    pub(super) positive_deltas: Vec<i64>,
    #[prost(int64, tag = "15")]
    pub(super) timestamp: i64,
}

/// `io.prometheus.write.v2`.
pub(super) mod v2 {
    use super::{NativeHistogram, Sample};

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Request {
        #[prost(string, repeated, tag = "4")]
        pub(crate) symbols: Vec<String>,
        #[prost(message, repeated, tag = "5")]
        pub(crate) timeseries: Vec<TimeSeries>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct TimeSeries {
        #[prost(uint32, repeated, tag = "1")]
        pub(crate) labels_refs: Vec<u32>,
        #[prost(message, repeated, tag = "2")]
        pub(crate) samples: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) histograms: Vec<NativeHistogram>,
        #[prost(message, repeated, tag = "4")]
        pub(crate) exemplars: Vec<Exemplar>,
        #[prost(message, optional, tag = "5")]
        pub(crate) metadata: Option<Metadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Exemplar {
        #[prost(uint32, repeated, tag = "1")]
        pub(crate) labels_refs: Vec<u32>,
        #[prost(double, tag = "2")]
        pub(crate) value: f64,
        #[prost(int64, tag = "3")]
        pub(crate) timestamp: i64,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub(crate) struct Metadata {
        #[prost(int32, tag = "1")]
        pub(crate) kind: i32,
        #[prost(uint32, tag = "3")]
        pub(crate) help_ref: u32,
        #[prost(uint32, tag = "4")]
        pub(crate) unit_ref: u32,
    }
}

/// `prometheus.WriteRequest`.
pub(super) mod v1 {
    use super::{LabelPair, NativeHistogram, Sample};

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        pub(crate) timeseries: Vec<TimeSeries>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) metadata: Vec<MetricMetadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub(crate) labels: Vec<LabelPair>,
        #[prost(message, repeated, tag = "2")]
        pub(crate) samples: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(crate) exemplars: Vec<Exemplar>,
        #[prost(message, repeated, tag = "4")]
        pub(crate) histograms: Vec<NativeHistogram>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Exemplar {
        #[prost(message, repeated, tag = "1")]
        pub(crate) labels: Vec<LabelPair>,
        #[prost(double, tag = "2")]
        pub(crate) value: f64,
        #[prost(int64, tag = "3")]
        pub(crate) timestamp: i64,
    }

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(crate) struct MetricMetadata {
        #[prost(int32, tag = "1")]
        pub(crate) kind: i32,
        #[prost(string, tag = "2")]
        pub(crate) name: String,
        #[prost(string, tag = "4")]
        pub(crate) help: String,
    }
}
