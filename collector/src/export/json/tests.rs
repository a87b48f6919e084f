use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::prelude::*;
use prost::Message as _;

use crate::export::batch::{Batch, Signal, Source};
use crate::export::samples;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_log_record_is_written_as_the_collectors_file_receiver_reads_it() {
    let batch = Batch::new(Signal::Logs, vec![Source::Record(samples::rich().into())]);
    assert_eq!(
        text(batch.json()),
        concat!(
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"#,
            r#""scopeLogs":[{"scope":{"name":"farol","version":"1"},"logRecords":[{"timeUnixNano":"1700000000000000001","#,
            r#""observedTimeUnixNano":"1700000000000000002","severityNumber":17,"severityText":"ERROR","#,
            r#""body":{"stringValue":"a \"quoted\"\nline \u0001"},"attributes":["#,
            r#"{"key":"empty","value":{}},{"key":"text","value":{"stringValue":""}},{"key":"yes","value":{"boolValue":true}},"#,
            r#"{"key":"no","value":{"boolValue":false}},{"key":"int","value":{"intValue":"-9007199254740993"}},"#,
            r#"{"key":"zero","value":{"intValue":"0"}},{"key":"double","value":{"doubleValue":0.1}},"#,
            r#"{"key":"whole","value":{"doubleValue":2500.0}},{"key":"nan","value":{"doubleValue":"NaN"}},"#,
            r#"{"key":"inf","value":{"doubleValue":"-Infinity"}},{"key":"bytes","value":{"bytesValue":"AP8Q"}},"#,
            r#"{"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{"intValue":"1"}]}}},"#,
            r#"{"key":"none","value":{"arrayValue":{"values":[]}}},"#,
            r#"{"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}}],"#,
            r#""droppedAttributesCount":3,"flags":1,"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607","#,
            r#""eventName":"exception"}],"schemaUrl":"s"}],"schemaUrl":"r"}]}"#
        )
    );
}

#[test]
fn a_span_is_written_with_its_events_links_and_status() {
    let batch = Batch::new(Signal::Traces, vec![Source::Record(samples::rich().into())]);
    assert_eq!(
        text(batch.json()),
        concat!(
            r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"#,
            r#""scopeSpans":[{"scope":{"name":"farol.fetch"},"spans":[{"traceId":"000102030405060708090a0b0c0d0e0f","#,
            r#""spanId":"0001020304050607","traceState":"a=b","parentSpanId":"ff01020304050607","flags":257,"name":"GET","kind":3,"#,
            r#""startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000123456789","#,
            r#""attributes":[{"key":"http.response.status_code","value":{"intValue":"500"}}],"#,
            r#""events":[{"timeUnixNano":"1700000000000000005","name":"half"}],"#,
            r#""links":[{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607"}],"#,
            r#""status":{"message":"failed","code":2}}]}]}]}"#
        )
    );
}

/// opentelemetry-proto's own reader serves as a second opinion: what it reads back is what went in.
#[test]
fn another_reader_finds_every_field_again() {
    let mut otlp = samples::rich();
    // It cannot read what JSON has no number for; protobuf's mapping and the Collector have strings there.
    otlp.logs[0].scope_logs[0].log_records[0]
        .attributes
        .retain(|it| it.key != "nan" && it.key != "inf");
    let read: ExportLogsServiceRequest =
        serde_json::from_slice(&logs(&otlp).json()).expect("logs are readable");
    assert_eq!(read.resource_logs, otlp.logs);

    let batch = Batch::new(Signal::Traces, vec![Source::Record(otlp.clone().into())]);
    let read: ExportTraceServiceRequest =
        serde_json::from_slice(&batch.json()).expect("spans are readable");
    assert_eq!(read.resource_spans, otlp.traces);

    let metrics = samples::metrics();
    let batch = Batch::new(
        Signal::Metrics,
        vec![Source::Metrics(metrics.clone().into())],
    );
    let read: ExportMetricsServiceRequest =
        serde_json::from_slice(&batch.json()).expect("metrics are readable");
    assert_eq!(read.resource_metrics, metrics);
}

#[test]
fn protobuf_written_from_references_equals_prosts() {
    let otlp = samples::rich();
    let want = ExportLogsServiceRequest {
        resource_logs: otlp.logs.clone(),
    };
    assert_eq!(logs(&otlp).protobuf(), want.encode_to_vec());
    let metrics = samples::metrics();
    let want = ExportMetricsServiceRequest {
        resource_metrics: metrics.clone(),
    };
    let batch = Batch::new(Signal::Metrics, vec![Source::Metrics(metrics.into())]);
    assert_eq!(batch.protobuf(), want.encode_to_vec());
}

#[test]
fn nesting_is_written_to_a_bound() {
    let line = text(logs(&samples::nested(200)).json());
    assert_eq!(line.matches("arrayValue").count(), 64);
}

fn logs(otlp: &crate::convert::Otlp) -> Batch {
    Batch::new(Signal::Logs, vec![Source::Record(otlp.clone().into())])
}

/// Any value that JSON has a number for, to a few levels.
fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        (-1e300..1e300_f64).prop_map(Value::DoubleValue),
        prop::num::f64::NORMAL.prop_map(Value::DoubleValue),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::BytesValue),
    ]
    .prop_map(|value| AnyValue { value: Some(value) });
    leaf.prop_recursive(4, 32, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5)
            .prop_map(|values| Value::ArrayValue(ArrayValue { values }));
        let map = prop::collection::vec((any::<String>(), inner), 0..5).prop_map(|pairs| {
            let values = pairs.into_iter().map(pair).collect();
            Value::KvlistValue(KeyValueList { values })
        });
        prop_oneof![list, map].prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn pair((key, value): (String, AnyValue)) -> KeyValue {
    KeyValue {
        key,
        value: Some(value),
        ..KeyValue::default()
    }
}

proptest! {
    #[test]
    fn any_record_is_read_back_as_it_was(
        body in any_value(),
        pairs in prop::collection::vec((any::<String>(), any_value()), 0..8),
        time in any::<u64>(),
        numbers in any::<(i32, u32, u32)>(),
        ids in any::<([u8; 16], [u8; 8])>(),
        texts in any::<(String, String)>(),
    ) {
        let record = LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: time / 2,
            severity_number: numbers.0,
            severity_text: texts.0,
            body: Some(body),
            attributes: pairs.into_iter().map(pair).collect(),
            dropped_attributes_count: numbers.1,
            flags: numbers.2,
            trace_id: ids.0.to_vec(),
            span_id: ids.1.to_vec(),
            event_name: texts.1,
        };
        let otlp = crate::convert::Otlp {
            logs: vec![samples::logs("shop", vec![record])],
            ..Default::default()
        };
        let line = logs(&otlp).json();
        prop_assert!(!line.contains(&b'\n'));
        let read: ExportLogsServiceRequest = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(&read.resource_logs, &otlp.logs);
        let want = ExportLogsServiceRequest { resource_logs: otlp.logs.clone() };
        prop_assert_eq!(logs(&otlp).protobuf(), want.encode_to_vec());
    }
}
