//! OTLP made for tests.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
    number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

use crate::convert::Otlp;

const TRACE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const SPAN: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const T: u64 = 1_700_000_000_000_000_000;

pub(crate) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn string(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub(crate) fn resource(service: &str) -> Option<Resource> {
    Some(Resource {
        attributes: vec![string("service.name", service)],
        ..Resource::default()
    })
}

/// One log record of one service.
pub(crate) fn log(service: &str, body: &str) -> Otlp {
    let record = LogRecord {
        time_unix_nano: T,
        body: Some(AnyValue {
            value: Some(Value::StringValue(body.into())),
        }),
        ..LogRecord::default()
    };
    Otlp {
        logs: vec![logs(service, vec![record])],
        ..Otlp::default()
    }
}

pub(crate) fn logs(service: &str, log_records: Vec<LogRecord>) -> ResourceLogs {
    ResourceLogs {
        resource: resource(service),
        scope_logs: vec![ScopeLogs {
            log_records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    }
}

/// A log record and a span in which every field holds something, and every type of value is there.
pub(crate) fn rich() -> Otlp {
    Otlp {
        logs: vec![ResourceLogs {
            resource: resource("shop"),
            scope_logs: vec![ScopeLogs {
                scope: Some(InstrumentationScope {
                    name: "farol".into(),
                    version: "1".into(),
                    ..InstrumentationScope::default()
                }),
                log_records: vec![rich_record()],
                schema_url: "s".into(),
            }],
            schema_url: "r".into(),
        }],
        traces: vec![ResourceSpans {
            resource: resource("shop"),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "farol.fetch".into(),
                    ..InstrumentationScope::default()
                }),
                spans: vec![rich_span()],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
        ..Otlp::default()
    }
}

fn rich_record() -> LogRecord {
    let list = ArrayValue {
        values: vec![
            AnyValue {
                value: Some(Value::StringValue("a".into())),
            },
            AnyValue {
                value: Some(Value::IntValue(1)),
            },
        ],
    };
    let map = KeyValueList {
        values: vec![string("k", "v")],
    };
    LogRecord {
        time_unix_nano: T + 1,
        observed_time_unix_nano: T + 2,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: Some(AnyValue {
            value: Some(Value::StringValue("a \"quoted\"\nline \u{1}".into())),
        }),
        attributes: vec![
            KeyValue {
                key: "empty".into(),
                value: Some(AnyValue { value: None }),
                ..KeyValue::default()
            },
            string("text", ""),
            attribute("yes", Value::BoolValue(true)),
            attribute("no", Value::BoolValue(false)),
            attribute("int", Value::IntValue(-9_007_199_254_740_993)),
            attribute("zero", Value::IntValue(0)),
            attribute("double", Value::DoubleValue(0.1)),
            attribute("whole", Value::DoubleValue(2500.0)),
            attribute("nan", Value::DoubleValue(f64::NAN)),
            attribute("inf", Value::DoubleValue(f64::NEG_INFINITY)),
            attribute("bytes", Value::BytesValue(vec![0, 255, 16])),
            attribute("list", Value::ArrayValue(list)),
            attribute("none", Value::ArrayValue(ArrayValue::default())),
            attribute("map", Value::KvlistValue(map)),
        ],
        dropped_attributes_count: 3,
        flags: 1,
        trace_id: TRACE.to_vec(),
        span_id: SPAN.to_vec(),
        event_name: "exception".into(),
    }
}

fn rich_span() -> Span {
    let mut parent = SPAN;
    parent[0] = 255;
    Span {
        trace_id: TRACE.to_vec(),
        span_id: SPAN.to_vec(),
        trace_state: "a=b".into(),
        parent_span_id: parent.to_vec(),
        flags: 257,
        name: "GET".into(),
        kind: 3,
        start_time_unix_nano: T,
        end_time_unix_nano: T + 123_456_789,
        attributes: vec![attribute("http.response.status_code", Value::IntValue(500))],
        events: vec![span::Event {
            time_unix_nano: T + 5,
            name: "half".into(),
            ..span::Event::default()
        }],
        links: vec![span::Link {
            trace_id: TRACE.to_vec(),
            span_id: SPAN.to_vec(),
            ..span::Link::default()
        }],
        status: Some(Status {
            message: "failed".into(),
            code: 2,
        }),
        ..Span::default()
    }
}

/// One metric of each kind that Farol makes, and a classic histogram.
pub(crate) fn metrics() -> Vec<ResourceMetrics> {
    let exponential = ExponentialHistogramDataPoint {
        attributes: vec![string("page", "/")],
        start_time_unix_nano: T,
        time_unix_nano: T + 10,
        count: 3,
        sum: Some(2500.5),
        scale: 4,
        zero_count: 1,
        positive: Some(Buckets {
            offset: -3,
            bucket_counts: vec![1, 0, 1],
        }),
        negative: Some(Buckets::default()),
        min: Some(0.0),
        max: Some(2500.0),
        zero_threshold: 0.5,
        ..ExponentialHistogramDataPoint::default()
    };
    let point = NumberDataPoint {
        start_time_unix_nano: T,
        time_unix_nano: T + 10,
        value: Some(Number::AsDouble(1.5)),
        ..NumberDataPoint::default()
    };
    let whole = NumberDataPoint {
        value: Some(Number::AsInt(0)),
        ..point.clone()
    };
    let classic = HistogramDataPoint {
        time_unix_nano: T,
        count: 2,
        sum: Some(3.0),
        bucket_counts: vec![1, 1, 0],
        explicit_bounds: vec![1.0, 2.5],
        ..HistogramDataPoint::default()
    };
    let all = [
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 2,
        }),
        Data::Sum(Sum {
            data_points: vec![point],
            aggregation_temporality: 2,
            is_monotonic: true,
        }),
        Data::Gauge(Gauge {
            data_points: vec![whole],
        }),
        Data::Histogram(Histogram {
            data_points: vec![classic],
            aggregation_temporality: 2,
        }),
    ];
    let metrics = all
        .into_iter()
        .enumerate()
        .map(|(at, data)| Metric {
            name: format!("m{at}"),
            unit: "ms".into(),
            data: Some(data),
            ..Metric::default()
        })
        .collect();
    vec![ResourceMetrics {
        resource: resource("shop"),
        scope_metrics: vec![ScopeMetrics {
            metrics,
            ..ScopeMetrics::default()
        }],
        ..ResourceMetrics::default()
    }]
}

/// A log record whose body nests lists `depth` times.
pub(crate) fn nested(depth: usize) -> Otlp {
    let mut value = AnyValue { value: None };
    for _ in 0..depth {
        value = AnyValue {
            value: Some(Value::ArrayValue(ArrayValue {
                values: vec![value],
            })),
        };
    }
    let record = LogRecord {
        body: Some(value),
        ..LogRecord::default()
    };
    Otlp {
        logs: vec![logs("shop", vec![record])],
        ..Otlp::default()
    }
}

/// A snapshot with what these rows add: app, family, attributes, amount.
pub(crate) fn snapshot(rows: &[(&str, &str, &[&str], f64)]) -> crate::aggregate::Snapshot {
    crate::aggregate::snapshot_of(rows, 1_000, 2_000)
}
