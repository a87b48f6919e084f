use farol_protocol::limits;
use farol_protocol::value::Value;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::prelude::*;
use prost::Message;

use super::super::{Code, Reason};
use super::*;
use crate::convert::{Dialect, Otlp, to_otlp};
use crate::export::samples;
use crate::record::Header;

const KINDS: [SourceKind; 3] = [
    SourceKind::OtlpTraces,
    SourceKind::OtlpLogs,
    SourceKind::OtlpMetrics,
];

fn json(kind: SourceKind, body: &str) -> Result<Decoded, DecodeError> {
    otlp(kind, Form::Json, body.as_bytes(), &Limits::default())
}

fn protobuf(kind: SourceKind, body: &[u8]) -> Result<Decoded, DecodeError> {
    otlp(kind, Form::Protobuf, body, &Limits::default())
}

/// One request of each signal in which every field holds something.
fn requests() -> [(SourceKind, Vec<u8>); 3] {
    let rich = samples::rich();
    let traces = ExportTraceServiceRequest {
        resource_spans: rich.traces,
    };
    let logs = ExportLogsServiceRequest {
        resource_logs: rich.logs,
    };
    let metrics = ExportMetricsServiceRequest {
        resource_metrics: samples::metrics(),
    };
    [
        (SourceKind::OtlpTraces, traces.encode_to_vec()),
        (SourceKind::OtlpLogs, logs.encode_to_vec()),
        (SourceKind::OtlpMetrics, metrics.encode_to_vec()),
    ]
}

fn converted(kind: SourceKind, decoded: &Decoded) -> Otlp {
    let header = Header {
        kind,
        received_ns: 1_700_000_000_000_000_000,
        ..Header::default()
    };
    to_otlp(&header, &decoded.payload, Dialect::Semconv)
}

#[test]
fn what_comes_as_protobuf_leaves_as_it_came() {
    let [(traces, spans), (logs, records), (metrics, points)] = requests();
    let otlp = converted(traces, &protobuf(traces, &spans).unwrap());
    assert_eq!(otlp.traces, samples::rich().traces);
    let otlp = converted(metrics, &protobuf(metrics, &points).unwrap());
    let mut given = samples::metrics();
    // A scope that says nothing may as well be there.
    given[0].scope_metrics[0].scope = Some(Default::default());
    assert_eq!(otlp.metrics, given);
    let mut otlp = converted(logs, &protobuf(logs, &records).unwrap());
    // NaN equals nothing, so bytes are compared; the record's own id is what is added.
    let record = &mut otlp.logs[0].scope_logs[0].log_records[0];
    let uid = record.attributes.pop().unwrap();
    assert_eq!(uid.key, "log.record.uid");
    let made = ExportLogsServiceRequest {
        resource_logs: otlp.logs,
    };
    assert_eq!(made.encode_to_vec(), records);
}

#[test]
fn a_payload_of_otlp_is_stored_and_read_back() {
    for (kind, body) in requests() {
        let decoded = fuzz(kind, Form::Protobuf, &body).unwrap();
        assert_eq!(decoded.unreadable, []);
        assert_eq!(decoded.cut, super::super::Cut::default());
    }
}

const SPAN: &str =
    r#"{"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203331","name":"x"}"#;

#[test]
fn one_bad_item_costs_itself_alone() {
    let spans =
        |spans: &str| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let body = spans(&format!(
        r#"{SPAN},7,{{"traceId":"short","spanId":""}},{SPAN}"#
    ));
    let decoded = json(SourceKind::OtlpTraces, &body).unwrap();
    assert_eq!(decoded.payload.spans(), 2);
    let reasons: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|it| (it.index, it.reason))
        .collect();
    assert_eq!(reasons, [(1, Reason::NotAnObject), (2, Reason::BadId)]);

    let body = r#"{"resourceLogs":[{"resource":7,"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"severityNumber":"loud"},{},{"eventName":"b"}]}]}]}"#;
    let decoded = json(SourceKind::OtlpLogs, body).unwrap();
    let places: Vec<u32> = decoded.payload.records().map(|it| it.0).collect();
    assert_eq!(places, [0, 3]);
    let reasons: Vec<_> = decoded
        .unreadable
        .iter()
        .map(|it| (it.index, it.reason))
        .collect();
    assert_eq!(reasons.len(), 2);
    assert_eq!(reasons[1], (2, Reason::Empty));

    let body = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}},{"name":"b","sum":{"dataPoints":"none"}},{"name":"c"}]}]}]}"#;
    let decoded = json(SourceKind::OtlpMetrics, body).unwrap();
    assert_eq!(decoded.payload.otlp.metrics(), 1);
    assert_eq!(decoded.unreadable.len(), 2);
}

#[test]
fn of_the_members_of_a_value_the_one_that_is_not_null_counts() {
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"e","body":{"stringValue":"abc","intValue":null},"attributes":[
        {"key":"i","value":{"intValue":"5","stringValue":null,"bytesValue":null,"arrayValue":null,"kvlistValue":null}},
        {"key":"e","value":{"stringValue":"","boolValue":null}},
        {"key":"l","value":{"arrayValue":{"values":[]},"doubleValue":null}},
        {"key":"n","value":{"stringValue":null}}]}]}]}]}"#;
    let decoded = json(SourceKind::OtlpLogs, body).unwrap();
    let (_, _, _, record) = decoded.payload.records().next().unwrap();
    assert_eq!(record.body.0, Value::from("abc"));
    let value = |name| record.attributes.get(name).cloned();
    assert_eq!(value("i"), Some(Value::Int(5)));
    assert_eq!(value("e"), Some(Value::from("")));
    assert_eq!(value("l"), Some(Value::List(Vec::new())));
    assert_eq!(value("n"), Some(Value::Null));
}

#[test]
fn what_is_cut_off_an_item_counts_among_what_was_left_out_of_it() {
    let many = |item: &str, count: usize| vec![item; count].join(",");
    let attributes = |count: usize| {
        let one = |n| format!(r#"{{"key":"k{n}","value":{{"intValue":"{n}"}}}}"#);
        (0..count).map(one).collect::<Vec<_>>().join(",")
    };
    let span = format!(
        r#"{{"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203331","droppedEventsCount":3,
        "attributes":[{}],"events":[{{"attributes":[{}]}},{}],"links":[{}]}}"#,
        attributes(130),
        attributes(129),
        many(r#"{"name":"e"}"#, 199),
        many(
            r#"{"traceId":"50f7651916cd43dd8448eb211c80319c","spanId":"a5ad6b7169203331"}"#,
            140
        ),
    );
    let body = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{}]}},"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#,
        attributes(131)
    );
    let otlp = converted(
        SourceKind::OtlpTraces,
        &json(SourceKind::OtlpTraces, &body).unwrap(),
    );
    let group = &otlp.traces[0];
    let resource = group.resource.as_ref().unwrap();
    assert_eq!(resource.dropped_attributes_count, 3);
    let span = &group.scope_spans[0].spans[0];
    assert_eq!((span.events.len(), span.dropped_events_count), (128, 75));
    assert_eq!((span.links.len(), span.dropped_links_count), (128, 12));
    assert_eq!(span.dropped_attributes_count, 2);
    assert_eq!(span.events[0].dropped_attributes_count, 1);
}

#[test]
fn what_is_not_taken_of_metrics_is_counted_in_points() {
    let metric = |name: &str, points: &str| {
        format!(r#"{{"name":"{name}","gauge":{{"dataPoints":[{points}]}}}}"#)
    };
    let three = r#"{"asInt":"1"},{"asInt":"1"},{"asInt":"1"}"#;
    let body = |metrics: &[String]| {
        let list = metrics.join(",");
        format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{list}]}}]}}]}}"#)
    };
    // One without a name, and one that cannot be read.
    let bad = [
        metric("a", three),
        metric("", three),
        metric("b", r#"{"asInt":"1"},{"asInt":"one"}"#),
    ];
    let decoded = json(SourceKind::OtlpMetrics, &body(&bad)).unwrap();
    assert_eq!(decoded.unreadable.len(), 2);
    assert_eq!(decoded.cut.points, 5);
    // Past the bound: a metric, and points of one.
    let limits = Limits {
        items: 2,
        ..Limits::default()
    };
    let many = [metric("a", three), metric("b", ""), metric("c", three)];
    let decoded = otlp(
        SourceKind::OtlpMetrics,
        Form::Json,
        body(&many).as_bytes(),
        &limits,
    );
    assert_eq!(decoded.unwrap().cut.points, 4);
}

/// A request of these items, as bytes.
fn request(items: &[Vec<u8>]) -> Vec<u8> {
    let wrap = |number, inner: &[u8]| {
        let mut out = Vec::new();
        prost::encoding::bytes::encode(number, &inner.to_vec(), &mut out);
        out
    };
    let scope: Vec<u8> = items.iter().flat_map(|item| wrap(2, item)).collect();
    wrap(1, &wrap(2, &scope))
}

fn good() -> LogRecord {
    LogRecord {
        event_name: "good".into(),
        ..LogRecord::default()
    }
}

#[test]
fn a_bad_item_in_protobuf_costs_itself_alone() {
    let good = good().encode_to_vec();
    let body = request(&[good.clone(), vec![0x2a, 0x7f, 1], good]);
    let decoded = protobuf(SourceKind::OtlpLogs, &body).unwrap();
    let places: Vec<u32> = decoded.payload.records().map(|it| it.0).collect();
    assert_eq!(places, [0, 2]);
    assert_eq!(decoded.unreadable[0].index, 1);
}

/// The decoder passes over groups of fields that it does not know, and reads what comes behind them.
#[test]
fn what_stands_behind_a_group_is_not_decoded() {
    let group: [u8; 2] = [0x7b, 0x7c];
    let with_length = |key: u8, inner: Vec<u8>| {
        let mut out = vec![key];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        [out, inner].concat()
    };
    // A million attributes of two bytes; as many points, one message further down.
    let record = [&group[..], &[0x32_u8, 0].repeat(1_000_000)].concat();
    let points = [&group[..], &[0x0a_u8, 0].repeat(1_000_000)].concat();
    let metric = with_length(0x52, points);
    let good = good().encode_to_vec();
    let limits = Limits::default();
    for (kind, bad) in [
        (SourceKind::OtlpLogs, record),
        (SourceKind::OtlpMetrics, metric),
    ] {
        let body = request(&[bad, Vec::new()]);
        let text = protobuf::to_json(kind, &body, &limits).unwrap().text;
        assert!(text.contains(":[0,{}"), "{}", text.len());
    }
    // In what all items have in common.
    let attributes = [&group[..], &[0x0a_u8, 0].repeat(1_000_000)].concat();
    let (mut resource, scope) = (with_length(0x0a, attributes), with_length(0x12, good));
    resource.extend(with_length(0x12, scope));
    let body = with_length(0x0a, resource);
    let text = protobuf::to_json(SourceKind::OtlpLogs, &body, &limits)
        .unwrap()
        .text;
    assert!(text.contains(r#"{"resource":{},"#), "{}", text.len());
    let decoded = protobuf(SourceKind::OtlpLogs, &body).unwrap();
    assert_eq!(decoded.payload.otlp.records(), 1);
    // Above that there is no item whose fault it could be.
    let refused = protobuf(SourceKind::OtlpLogs, &[&group[..], &body].concat());
    assert_eq!(refused.unwrap_err().code, Code::BadPayload);
}

#[test]
fn a_list_is_as_long_as_json_may_have_it_and_longer_ones_are_not_decoded() {
    use opentelemetry_proto::tonic::metrics::v1::{
        Exemplar, Gauge, Metric, NumberDataPoint, Summary, SummaryDataPoint, metric::Data,
        summary_data_point::ValueAtQuantile,
    };
    use opentelemetry_proto::tonic::trace::v1::{Span, span};
    let metric = |data| {
        let name = "m".to_owned();
        Metric {
            name,
            data: Some(data),
            ..Metric::default()
        }
        .encode_to_vec()
    };
    let gauge = |data_points| metric(Data::Gauge(Gauge { data_points }));
    let points = |n: usize| gauge(vec![NumberDataPoint::default(); n]);
    let exemplars = |n: usize| {
        let exemplars = vec![Exemplar::default(); n];
        gauge(vec![NumberDataPoint {
            exemplars,
            ..NumberDataPoint::default()
        }])
    };
    let quantiles = |n: usize| {
        let quantile_values = vec![ValueAtQuantile::default(); n];
        let data_points = vec![SummaryDataPoint {
            quantile_values,
            ..SummaryDataPoint::default()
        }];
        metric(Data::Summary(Summary { data_points }))
    };
    let spanned = |span: Span| {
        Span {
            trace_id: vec![1; 16],
            span_id: vec![1; 8],
            ..span
        }
        .encode_to_vec()
    };
    let events = |n: usize| {
        spanned(Span {
            events: vec![span::Event::default(); n],
            ..Span::default()
        })
    };
    let links = |n: usize| {
        spanned(Span {
            links: vec![span::Link::default(); n],
            ..Span::default()
        })
    };
    // Data that come in two parts are one.
    let in_parts = |n: usize| [points(n - 2_000), points(2_000)].concat();
    let ids = format!(
        r#""traceId":"{}","spanId":"{}""#,
        "01".repeat(16),
        "01".repeat(8)
    );
    let (metrics, traces) = (SourceKind::OtlpMetrics, SourceKind::OtlpTraces);
    let of_metrics = |inner: &str| format!(r#"{{"name":"m",{inner}}}"#);
    let plain = of_metrics(r#""gauge":{"dataPoints":[LIST]}"#);
    let cases: [(_, &dyn Fn(usize) -> Vec<u8>, _); 6] = [
        (metrics, &points, plain.clone()),
        (metrics, &in_parts, plain),
        (
            metrics,
            &exemplars,
            of_metrics(r#""gauge":{"dataPoints":[{"exemplars":[LIST]}]}"#),
        ),
        (
            metrics,
            &quantiles,
            of_metrics(r#""summary":{"dataPoints":[{"quantileValues":[LIST]}]}"#),
        ),
        (traces, &events, format!(r#"{{{ids},"events":[LIST]}}"#)),
        (traces, &links, format!(r#"{{{ids},"links":[LIST]}}"#)),
    ];
    for (kind, binary, same) in cases {
        let (resources, scopes, items) = match kind {
            SourceKind::OtlpMetrics => ("resourceMetrics", "scopeMetrics", "metrics"),
            _ => ("resourceSpans", "scopeSpans", "spans"),
        };
        for n in [limits::LIST, limits::LIST + 1] {
            let body = request(&[binary(n), binary(2_000)]);
            let text = [n, 2_000].map(|n| same.replace("LIST", &vec!["{}"; n].join(",")));
            let text = text.join(",");
            let text = format!(r#"{{"{resources}":[{{"{scopes}":[{{"{items}":[{text}]}}]}}]}}"#);
            let (binary, text) = (protobuf(kind, &body).unwrap(), json(kind, &text).unwrap());
            let reasons: Vec<_> = binary.unreadable.iter().map(|it| it.reason).collect();
            assert_eq!(reasons.len(), usize::from(n > limits::LIST), "{same}");
            assert!(reasons.iter().all(|it| *it == Reason::TooLong), "{same}");
            assert_eq!(binary.unreadable, text.unreadable, "{same}");
            assert_eq!(binary.cut, text.cut, "{same}");
            assert_eq!(binary.payload.len(), text.payload.len(), "{same}");
            let written = protobuf::to_json(kind, &body, &Limits::default()).unwrap();
            assert_eq!(written.text.contains("[0,{"), n > limits::LIST, "{same}");
        }
    }
}

#[test]
fn bodies_that_are_no_request_are_refused_and_empty_ones_are_empty() {
    let code = |result: Result<Decoded, DecodeError>| result.unwrap_err().code;
    assert_eq!(code(json(SourceKind::OtlpLogs, "")), Code::Empty);
    assert_eq!(code(json(SourceKind::OtlpLogs, "{")), Code::BadJson);
    assert_eq!(code(json(SourceKind::OtlpLogs, "[]")), Code::BadPayload);
    assert_eq!(code(json(SourceKind::OtlpTraces, "null")), Code::BadPayload);
    assert_eq!(
        code(protobuf(SourceKind::OtlpLogs, b"{}")),
        Code::BadPayload
    );
    for kind in KINDS {
        assert!(protobuf(kind, b"").unwrap().payload.is_empty());
        assert!(json(kind, "{}").unwrap().payload.is_empty());
    }
}

#[test]
fn protobuf_is_held_to_the_same_bounds_before_anything_is_made_of_it() {
    let deep = ExportLogsServiceRequest {
        resource_logs: samples::nested(40).logs,
    };
    let refused = protobuf(SourceKind::OtlpLogs, &deep.encode_to_vec()).unwrap_err();
    assert_eq!(refused.code, Code::TooDeep);
    // A record of a million attributes of two bytes each.
    let body = request(&[[0x32, 0].repeat(1_000_000)]);
    let refused = protobuf(SourceKind::OtlpLogs, &body).unwrap_err();
    assert_eq!(refused.code, Code::TooMany);
}

#[test]
fn a_request_weighs_as_much_in_either_form_where_it_is_made_of_what_says_nothing() {
    use crate::convert::weight;
    // Points of two bytes each, a hundred lists of them.
    let metric = [&[0x2a, 0xc0, 0x3e][..], &[0x0a, 0].repeat(4_000)].concat();
    let binary = request(&vec![metric; 100]);
    let points = vec!["{}"; 4_000].join(",");
    let metric = format!(r#"{{"gauge":{{"dataPoints":[{points}]}}}}"#);
    let metrics = vec![metric; 100].join(",");
    let text = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metrics}]}}]}}]}}"#);
    let messages = messages(SourceKind::OtlpMetrics, &binary, &Limits::default());
    assert_eq!(messages, 2 + 100 * (2 + 4_000));
    let binary = weight::protobuf(binary.len(), messages);
    let text = weight::decoded(0, text.as_bytes());
    assert!(binary * 10 > text * 9 && binary < text, "{binary}, {text}");
    // And of text as before: eight times its bytes are more than the messages come to.
    assert_eq!(weight::protobuf(1_000_000, 10_000), 8_000_000);
}

#[test]
fn items_past_the_bound_are_cut_and_counted() {
    let limits = Limits {
        items: 3,
        ..Limits::default()
    };
    let records = [r#"{"eventName":"a"}"#; 5].join(",");
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#);
    let decoded = otlp(SourceKind::OtlpLogs, Form::Json, body.as_bytes(), &limits).unwrap();
    assert_eq!(decoded.payload.otlp.records(), 3);
    assert_eq!(decoded.cut.all_items(), 2);
}

#[test]
fn every_text_of_it_is_walked() {
    struct Count(Vec<String>);
    impl farol_protocol::walk::Walk for Count {
        fn text(&mut self, _: farol_protocol::walk::At<'_>, text: &mut String) {
            self.0.push(text.clone());
        }
    }
    let (kind, body) = requests()[1].clone();
    let mut decoded = protobuf(kind, &body).unwrap();
    let mut count = Count(Vec::new());
    decoded.payload.visit(&mut count);
    for text in [
        "a \"quoted\"\nline \u{1}",
        "ERROR",
        "exception",
        "v",
        "shop",
        "farol",
    ] {
        assert!(count.0.iter().any(|it| it == text), "{text}: {:?}", count.0);
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(kind in 0..3_usize, form in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz(KINDS[kind], if form { Form::Json } else { Form::Protobuf }, &body);
    }

    #[test]
    fn no_change_of_a_request_breaks_it(kind in 0..3_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (kind, mut body) = requests()[kind].clone();
        let at = at.index(body.len());
        body[at] = byte;
        fuzz(kind, Form::Protobuf, &body);
    }
}
