use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValueList};
use proptest::prelude::*;

use super::super::samples;
use super::*;

/// Any value that a client can make.
fn value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        ".{0,200}".prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|it| Some(Value::BoolValue(it))),
        any::<i64>().prop_map(|it| Some(Value::IntValue(it))),
        any::<f64>().prop_map(|it| Some(Value::DoubleValue(it))),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(|it| Some(Value::BytesValue(it))),
        any::<i32>().prop_map(|it| Some(Value::StringValueStrindex(it))),
    ];
    let leaf = leaf.prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 40, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6);
        let map = prop::collection::vec((".{0,10}", prop::option::of(inner)), 0..6);
        prop_oneof![
            list.prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            map.prop_map(|entries| Value::KvlistValue(KeyValueList {
                values: entries.into_iter().map(pair).collect(),
            })),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn pair((key, value): (String, Option<AnyValue>)) -> KeyValue {
    KeyValue {
        key,
        value,
        key_strindex: 0,
    }
}

proptest! {
    #[test]
    fn items_are_written_as_prost_writes_them(
        body in prop::option::of(value()),
        entries in prop::collection::vec((".{0,200}", prop::option::of(value())), 0..8),
        number: u64,
        small: i32,
        text in ".{0,300}",
        id in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let attributes: Vec<_> = entries.into_iter().map(pair).collect();
        let record = LogRecord {
            time_unix_nano: number,
            observed_time_unix_nano: number / 2,
            severity_number: small,
            severity_text: text.clone(),
            body,
            attributes: attributes.clone(),
            dropped_attributes_count: small.unsigned_abs(),
            flags: small.unsigned_abs() / 3,
            trace_id: id.clone(),
            span_id: id.clone(),
            event_name: text.clone(),
        };
        let mut out = Vec::new();
        log_record(&record, &mut out);
        prop_assert_eq!(out, record.encode_to_vec());
        let it = Span {
            trace_id: id.clone(),
            span_id: id.clone(),
            trace_state: text.clone(),
            parent_span_id: id,
            flags: small.unsigned_abs(),
            name: text,
            kind: small,
            start_time_unix_nano: number,
            end_time_unix_nano: number / 3,
            attributes,
            dropped_attributes_count: small.unsigned_abs(),
            dropped_events_count: small.unsigned_abs() / 5,
            dropped_links_count: small.unsigned_abs() / 7,
            ..Span::default()
        };
        let mut out = Vec::new();
        span(&it, &mut out);
        prop_assert_eq!(out, it.encode_to_vec());
    }
}

#[test]
fn a_request_is_the_one_that_prost_would_write() {
    let rich = samples::rich();
    let logs = super::super::batch::Source::Record(std::sync::Arc::new(rich.clone()));
    let batch = |signal, source| super::super::Batch::new(signal, vec![source]).protobuf();
    assert_eq!(
        batch(super::super::Signal::Logs, logs.clone()),
        ExportLogsServiceRequest {
            resource_logs: rich.logs
        }
        .encode_to_vec()
    );
    assert_eq!(
        batch(super::super::Signal::Traces, logs),
        ExportTraceServiceRequest {
            resource_spans: rich.traces
        }
        .encode_to_vec()
    );
    let metrics = samples::metrics();
    let source = super::super::batch::Source::Metrics(std::sync::Arc::new(metrics.clone()));
    assert_eq!(
        batch(super::super::Signal::Metrics, source),
        ExportMetricsServiceRequest {
            resource_metrics: metrics
        }
        .encode_to_vec()
    );
}
