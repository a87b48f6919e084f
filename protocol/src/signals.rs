//! OTLP's log records and metrics, as OTLP/JSON writes them. Spans are in `span`, because Faro's payloads carry them too. A payload
//! that came as OTLP holds these in the place of items.

use crate::key_values::{Any, KeyValues};
use crate::names::{attr, otel_event};
use crate::read::Read;
use crate::span::{EnumVisitor, Resource, Scope};
use crate::time::Nanos;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

object! {
    /// What came as OTLP, beside spans.
    pub struct Signals {
        /// Log records by what made them.
        pub resource_logs: Vec<ResourceLogs> = "resourceLogs" | "resource_logs",
        /// Metrics by what made them.
        pub resource_metrics: Vec<ResourceMetrics> = "resourceMetrics" | "resource_metrics",
    }
}

object! {
    /// Log records of one resource.
    pub struct ResourceLogs {
        /// The resource.
        pub resource: Resource = "resource",
        /// Records by instrumentation.
        pub scope_logs: Vec<ScopeLogs> = "scopeLogs" | "scope_logs",
        /// The schema of the resource's names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// Log records of one instrumentation.
    pub struct ScopeLogs {
        /// The instrumentation.
        pub scope: Scope = "scope",
        /// Its records.
        pub log_records: Vec<LogRecord> = "logRecords" | "log_records",
        /// The schema of the records' names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// A log record, or an event where it has an event's name.
    pub struct LogRecord {
        /// When it happened.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// When it was seen.
        pub observed: Nanos = "observedTimeUnixNano" | "observed_time_unix_nano",
        /// How bad, by OTLP's numbers.
        pub severity_number: Severity = "severityNumber" | "severity_number",
        /// How bad, in words.
        pub severity_text: String = "severityText" | "severity_text",
        /// What it says.
        pub body: Any = "body",
        /// Attributes.
        pub attributes: KeyValues = "attributes",
        /// Attributes that its sender left out.
        pub dropped_attributes_count: u64 = "droppedAttributesCount" | "dropped_attributes_count",
        /// W3C trace flags.
        pub flags: u64 = "flags",
        /// Trace id, hexadecimal.
        pub trace_id: String = "traceId" | "trace_id",
        /// Span id, hexadecimal.
        pub span_id: String = "spanId" | "span_id",
        /// The event's name.
        pub event_name: String = "eventName" | "event_name",
    }
}

impl LogRecord {
    /// Whether it tells of an exception: by its event's name, or by the type of one, as logs of handled errors do.
    #[must_use]
    pub fn is_exception(&self) -> bool {
        self.event_name == otel_event::EXCEPTION
            || self.attributes.get(attr::EXCEPTION_TYPE).is_some()
    }
}

object! {
    /// Metrics of one resource.
    pub struct ResourceMetrics {
        /// The resource.
        pub resource: Resource = "resource",
        /// Metrics by instrumentation.
        pub scope_metrics: Vec<ScopeMetrics> = "scopeMetrics" | "scope_metrics",
        /// The schema of the resource's names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// Metrics of one instrumentation.
    pub struct ScopeMetrics {
        /// The instrumentation.
        pub scope: Scope = "scope",
        /// Its metrics.
        pub metrics: Vec<Metric> = "metrics",
        /// The schema of the metrics' names.
        pub schema_url: String = "schemaUrl" | "schema_url",
    }
}

object! {
    /// A metric: one of the five kinds of data.
    pub struct Metric {
        /// Its name.
        pub name: String = "name",
        /// What it counts.
        pub description: String = "description",
        /// Its unit.
        pub unit: String = "unit",
        /// What else its sender says of it.
        pub metadata: KeyValues = "metadata",
        /// Values at a moment.
        pub gauge: Option<Box<Gauge>> = "gauge",
        /// Sums.
        pub sum: Option<Box<Sum>> = "sum",
        /// Histograms with bounds.
        pub histogram: Option<Box<Histogram>> = "histogram",
        /// Exponential histograms.
        pub exponential_histogram: Option<Box<ExponentialHistogram>> = "exponentialHistogram" | "exponential_histogram",
        /// Quantiles.
        pub summary: Option<Box<Summary>> = "summary",
    }
}

object! {
    /// Values at a moment.
    pub struct Gauge {
        /// The points.
        pub data_points: Vec<NumberPoint> = "dataPoints" | "data_points",
    }
}

object! {
    /// Sums.
    pub struct Sum {
        /// The points.
        pub data_points: Vec<NumberPoint> = "dataPoints" | "data_points",
        /// What a value says.
        pub temporality: Temporality = "aggregationTemporality" | "aggregation_temporality",
        /// Whether it only grows.
        pub is_monotonic: Option<bool> = "isMonotonic" | "is_monotonic",
    }
}

object! {
    /// Histograms with bounds.
    pub struct Histogram {
        /// The points.
        pub data_points: Vec<HistogramPoint> = "dataPoints" | "data_points",
        /// What a value says.
        pub temporality: Temporality = "aggregationTemporality" | "aggregation_temporality",
    }
}

object! {
    /// Exponential histograms.
    pub struct ExponentialHistogram {
        /// The points.
        pub data_points: Vec<ExponentialPoint> = "dataPoints" | "data_points",
        /// What a value says.
        pub temporality: Temporality = "aggregationTemporality" | "aggregation_temporality",
    }
}

object! {
    /// Quantiles.
    pub struct Summary {
        /// The points.
        pub data_points: Vec<SummaryPoint> = "dataPoints" | "data_points",
    }
}

object! {
    /// A number.
    pub struct NumberPoint {
        /// What its series is.
        pub attributes: KeyValues = "attributes",
        /// Since when it counts.
        pub start: Nanos = "startTimeUnixNano" | "start_time_unix_nano",
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// The number, where it is a double.
        pub as_double: Option<Real> = "asDouble" | "as_double",
        /// The number, where it is whole.
        pub as_int: Option<Whole> = "asInt" | "as_int",
        /// Examples.
        pub exemplars: Vec<Exemplar> = "exemplars",
        /// OTLP's flags.
        pub flags: u64 = "flags",
    }
}

object! {
    /// A histogram with bounds.
    pub struct HistogramPoint {
        /// What its series is.
        pub attributes: KeyValues = "attributes",
        /// Since when it counts.
        pub start: Nanos = "startTimeUnixNano" | "start_time_unix_nano",
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// How many values.
        pub count: u64 = "count",
        /// Their sum.
        pub sum: Option<Real> = "sum",
        /// How many of them in each bucket.
        pub bucket_counts: Vec<u64> = "bucketCounts" | "bucket_counts",
        /// The buckets' bounds.
        pub explicit_bounds: Vec<Real> = "explicitBounds" | "explicit_bounds",
        /// Examples.
        pub exemplars: Vec<Exemplar> = "exemplars",
        /// OTLP's flags.
        pub flags: u64 = "flags",
        /// The least.
        pub min: Option<Real> = "min",
        /// The greatest.
        pub max: Option<Real> = "max",
    }
}

object! {
    /// An exponential histogram.
    pub struct ExponentialPoint {
        /// What its series is.
        pub attributes: KeyValues = "attributes",
        /// Since when it counts.
        pub start: Nanos = "startTimeUnixNano" | "start_time_unix_nano",
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// How many values.
        pub count: u64 = "count",
        /// Their sum.
        pub sum: Option<Real> = "sum",
        /// How fine.
        pub scale: Option<Whole> = "scale",
        /// How many are zero.
        pub zero_count: u64 = "zeroCount" | "zero_count",
        /// Those above zero.
        pub positive: Option<Box<Buckets>> = "positive",
        /// Those below zero.
        pub negative: Option<Box<Buckets>> = "negative",
        /// OTLP's flags.
        pub flags: u64 = "flags",
        /// Examples.
        pub exemplars: Vec<Exemplar> = "exemplars",
        /// The least.
        pub min: Option<Real> = "min",
        /// The greatest.
        pub max: Option<Real> = "max",
        /// What counts as zero.
        pub zero_threshold: Option<Real> = "zeroThreshold" | "zero_threshold",
    }
}

object! {
    /// Buckets of an exponential histogram.
    pub struct Buckets {
        /// The first one's index.
        pub offset: Option<Whole> = "offset",
        /// How many values in each.
        pub bucket_counts: Vec<u64> = "bucketCounts" | "bucket_counts",
    }
}

object! {
    /// Quantiles of a distribution.
    pub struct SummaryPoint {
        /// What its series is.
        pub attributes: KeyValues = "attributes",
        /// Since when it counts.
        pub start: Nanos = "startTimeUnixNano" | "start_time_unix_nano",
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// How many values.
        pub count: u64 = "count",
        /// Their sum.
        pub sum: Option<Real> = "sum",
        /// The quantiles.
        pub quantile_values: Vec<Quantile> = "quantileValues" | "quantile_values",
        /// OTLP's flags.
        pub flags: u64 = "flags",
    }
}

object! {
    /// A quantile.
    pub struct Quantile {
        /// Which.
        pub quantile: Option<Real> = "quantile",
        /// Its value.
        pub value: Option<Real> = "value",
    }
}

object! {
    /// A value that stands for others of its bucket.
    pub struct Exemplar {
        /// Attributes that its series leaves out.
        pub filtered_attributes: KeyValues = "filteredAttributes" | "filtered_attributes",
        /// When.
        pub time: Nanos = "timeUnixNano" | "time_unix_nano",
        /// The number, where it is a double.
        pub as_double: Option<Real> = "asDouble" | "as_double",
        /// The number, where it is whole.
        pub as_int: Option<Whole> = "asInt" | "as_int",
        /// Span id, hexadecimal.
        pub span_id: String = "spanId" | "span_id",
        /// Trace id, hexadecimal.
        pub trace_id: String = "traceId" | "trace_id",
    }
}

/// A double as protobuf's JSON has it: `NaN` and the infinities are text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Real(pub f64);

/// A whole number of 64 bits as protobuf's JSON has it: text, or a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whole(pub i64);

/// How bad, by OTLP's numbers: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal, and three steps above each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Severity(pub i32);

impl Severity {
    /// Its word in small letters; `None` where the number says nothing.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        Some(match self.0 {
            1..=4 => "trace",
            5..=8 => "debug",
            9..=12 => "info",
            13..=16 => "warn",
            17..=20 => "error",
            21..=24 => "fatal",
            _ => return None,
        })
    }
}

/// What a value says, by OTLP's numbers: 1 delta, 2 cumulative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Temporality(pub i32);

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("NaN"),
            value if value > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

struct RealVisitor;

impl Visitor<'_> for RealVisitor {
    type Value = Option<Real>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Real(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Real(value as f64)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Real(value as f64)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        // Rust reads the three names that protobuf's JSON has for what is no finite number.
        let value = text.trim().parse().map(|value| Some(Real(value)));
        value.map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Option<Whole>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Whole(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        let value = i64::try_from(value).map(|value| Some(Whole(value)));
        value.map_err(|_| E::custom("a whole number above 63 bits"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        // Past 2^53 a double no longer says which one.
        if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            Ok(Some(Whole(value as i64)))
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let value = text.trim().parse().map(|value| Some(Whole(value)));
        value.map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl Read for Option<Real> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RealVisitor)
    }
}

impl Read for Real {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Real>::read(deserializer)?.unwrap_or_default())
    }
}

impl Read for Option<Whole> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

/// The names of severities, in the order of their numbers.
const SEVERITIES: &[&str] = &[
    "UNSPECIFIED",
    "TRACE",
    "TRACE2",
    "TRACE3",
    "TRACE4",
    "DEBUG",
    "DEBUG2",
    "DEBUG3",
    "DEBUG4",
    "INFO",
    "INFO2",
    "INFO3",
    "INFO4",
    "WARN",
    "WARN2",
    "WARN3",
    "WARN4",
    "ERROR",
    "ERROR2",
    "ERROR3",
    "ERROR4",
    "FATAL",
    "FATAL2",
    "FATAL3",
    "FATAL4",
];

macro_rules! numbered {
    ($ty:ident, $prefix:literal, $names:expr) => {
        impl Read for $ty {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = EnumVisitor {
                    prefix: $prefix,
                    names: $names,
                };
                deserializer.deserialize_any(visitor).map($ty)
            }
        }

        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i32(self.0)
            }
        }
    };
}
numbered!(Severity, "SEVERITY_NUMBER_", SEVERITIES);
numbered!(
    Temporality,
    "AGGREGATION_TEMPORALITY_",
    &["UNSPECIFIED", "DELTA", "CUMULATIVE"]
);

impl Metric {
    /// The attributes of each of its points.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyValues> {
        let gauge = self.gauge.iter().flat_map(|it| &it.data_points);
        let sum = self.sum.iter().flat_map(|it| &it.data_points);
        let histogram = self.histogram.iter().flat_map(|it| &it.data_points);
        let exponential = self.exponential_histogram.iter();
        let exponential = exponential.flat_map(|it| &it.data_points);
        let summary = self.summary.iter().flat_map(|it| &it.data_points);
        (gauge.chain(sum).map(|it| &it.attributes))
            .chain(histogram.map(|it| &it.attributes))
            .chain(exponential.map(|it| &it.attributes))
            .chain(summary.map(|it| &it.attributes))
    }

    /// How many points it has.
    #[must_use]
    pub fn points(&self) -> usize {
        let gauge = self.gauge.as_ref().map_or(0, |it| it.data_points.len());
        let sum = self.sum.as_ref().map_or(0, |it| it.data_points.len());
        let histogram = self.histogram.as_ref().map_or(0, |it| it.data_points.len());
        let exponential = &self.exponential_histogram;
        let exponential = exponential.as_ref().map_or(0, |it| it.data_points.len());
        let summary = self.summary.as_ref().map_or(0, |it| it.data_points.len());
        gauge + sum + histogram + exponential + summary
    }
}

impl Signals {
    /// How many log records there are.
    #[must_use]
    pub fn records(&self) -> usize {
        let scopes = self.resource_logs.iter().flat_map(|it| &it.scope_logs);
        scopes.map(|it| it.log_records.len()).sum()
    }

    /// How many metrics there are.
    #[must_use]
    pub fn metrics(&self) -> usize {
        let scopes = self
            .resource_metrics
            .iter()
            .flat_map(|it| &it.scope_metrics);
        scopes.map(|it| it.metrics.len()).sum()
    }
}
