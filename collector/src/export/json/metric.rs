//! Metrics as OTLP/JSON.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
    SummaryDataPoint, exemplar, number_data_point,
};

use super::value::{Object, double, quoted};

pub(crate) fn metric(metric: &Metric, out: &mut Vec<u8>) {
    let mut it = Object::new(out);
    it.text("name", &metric.name);
    it.text("description", &metric.description);
    it.text("unit", &metric.unit);
    it.attributes("metadata", &metric.metadata);
    match &metric.data {
        Some(Data::Gauge(gauge)) => it.object("gauge", |it| {
            it.list("dataPoints", &gauge.data_points, number_point);
        }),
        Some(Data::Sum(sum)) => it.object("sum", |it| {
            it.list("dataPoints", &sum.data_points, number_point);
            it.number("aggregationTemporality", sum.aggregation_temporality.into());
            it.boolean("isMonotonic", sum.is_monotonic);
        }),
        Some(Data::Histogram(histogram)) => it.object("histogram", |it| {
            it.list("dataPoints", &histogram.data_points, histogram_point);
            it.number(
                "aggregationTemporality",
                histogram.aggregation_temporality.into(),
            );
        }),
        Some(Data::ExponentialHistogram(histogram)) => it.object("exponentialHistogram", |it| {
            it.list("dataPoints", &histogram.data_points, exponential_point);
            it.number(
                "aggregationTemporality",
                histogram.aggregation_temporality.into(),
            );
        }),
        Some(Data::Summary(summary)) => it.object("summary", |it| {
            it.list("dataPoints", &summary.data_points, summary_point);
        }),
        None => {}
    }
    it.end();
}

fn number_point(out: &mut Vec<u8>, point: &NumberDataPoint) {
    let mut it = Object::new(out);
    it.attributes("attributes", &point.attributes);
    it.long("startTimeUnixNano", point.start_time_unix_nano);
    it.long("timeUnixNano", point.time_unix_nano);
    match point.value {
        Some(number_data_point::Value::AsDouble(value)) => it.double("asDouble", value),
        Some(number_data_point::Value::AsInt(value)) => it.long_always("asInt", value),
        None => {}
    }
    it.list("exemplars", &point.exemplars, exemplar);
    it.number("flags", point.flags.into());
    it.end();
}

fn histogram_point(out: &mut Vec<u8>, point: &HistogramDataPoint) {
    let mut it = Object::new(out);
    it.attributes("attributes", &point.attributes);
    it.long("startTimeUnixNano", point.start_time_unix_nano);
    it.long("timeUnixNano", point.time_unix_nano);
    it.long("count", point.count);
    optional(&mut it, "sum", point.sum);
    it.list("bucketCounts", &point.bucket_counts, |out, count| {
        quoted(out, *count);
    });
    it.list("explicitBounds", &point.explicit_bounds, |out, bound| {
        double(out, *bound);
    });
    it.list("exemplars", &point.exemplars, exemplar);
    it.number("flags", point.flags.into());
    optional(&mut it, "min", point.min);
    optional(&mut it, "max", point.max);
    it.end();
}

fn exponential_point(out: &mut Vec<u8>, point: &ExponentialHistogramDataPoint) {
    let mut it = Object::new(out);
    it.attributes("attributes", &point.attributes);
    it.long("startTimeUnixNano", point.start_time_unix_nano);
    it.long("timeUnixNano", point.time_unix_nano);
    it.long("count", point.count);
    optional(&mut it, "sum", point.sum);
    it.number("scale", point.scale.into());
    it.long("zeroCount", point.zero_count);
    buckets(&mut it, "positive", point.positive.as_ref());
    buckets(&mut it, "negative", point.negative.as_ref());
    it.number("flags", point.flags.into());
    it.list("exemplars", &point.exemplars, exemplar);
    optional(&mut it, "min", point.min);
    optional(&mut it, "max", point.max);
    if point.zero_threshold != 0.0 {
        it.double("zeroThreshold", point.zero_threshold);
    }
    it.end();
}

fn buckets(it: &mut Object<'_>, name: &str, buckets: Option<&Buckets>) {
    if let Some(buckets) = buckets {
        it.object(name, |it| {
            it.number("offset", buckets.offset.into());
            it.list("bucketCounts", &buckets.bucket_counts, |out, count| {
                quoted(out, *count);
            });
        });
    }
}

fn summary_point(out: &mut Vec<u8>, point: &SummaryDataPoint) {
    let mut it = Object::new(out);
    it.attributes("attributes", &point.attributes);
    it.long("startTimeUnixNano", point.start_time_unix_nano);
    it.long("timeUnixNano", point.time_unix_nano);
    it.long("count", point.count);
    it.double("sum", point.sum);
    it.list("quantileValues", &point.quantile_values, |out, value| {
        let mut it = Object::new(out);
        it.double("quantile", value.quantile);
        it.double("value", value.value);
        it.end();
    });
    it.number("flags", point.flags.into());
    it.end();
}

fn exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    let mut it = Object::new(out);
    it.attributes("filteredAttributes", &exemplar.filtered_attributes);
    it.long("timeUnixNano", exemplar.time_unix_nano);
    match exemplar.value {
        Some(exemplar::Value::AsDouble(value)) => it.double("asDouble", value),
        Some(exemplar::Value::AsInt(value)) => it.long_always("asInt", value),
        None => {}
    }
    it.hex("spanId", &exemplar.span_id);
    it.hex("traceId", &exemplar.trace_id);
    it.end();
}

/// A double whose presence means something: absent is not zero.
fn optional(it: &mut Object<'_>, name: &str, value: Option<f64>) {
    if let Some(value) = value {
        it.double(name, value);
    }
}
