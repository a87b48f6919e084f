use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Histogram as OtlpHistogram,
    HistogramDataPoint, Sum, metric::Data,
};
use prost::Message as _;

use super::remote_write::RemoteWrite;
use super::write::{v1, v2};
use super::*;
use crate::aggregate::names::{self, Id};
use crate::aggregate::{App, Exemplar as Traced, Series, Snapshot, Value};
use crate::config::{self, Remote, RemoteWriteVersion};
use crate::export::batch::Source;
use crate::export::destination::{Destination as _, Outcome, Reason};
use crate::export::fake::{Answer, Fake};
use crate::export::points::{self, Form};
use crate::export::{Batch, Signal, samples};

mod clients;

const NOW: u64 = 1_795_145_700_123_000_000;
const LCP: Id = Id(0);

fn series(family: Id, environment: &str, values: &[&str], value: Value) -> Series {
    Series {
        family,
        app: App {
            name: "shop".into(),
            environment: environment.into(),
        },
        values: values.iter().map(|it| (*it).to_owned()).collect(),
        overflow: false,
        value,
        start_ns: 1,
        touched_ns: NOW,
        exemplar: Some(Traced {
            trace_id: [0xab; 16],
            span_id: None,
            value: 180.0,
            time_ns: NOW,
        }),
    }
}

/// One histogram and one counter in two environments.
fn snapshot() -> Snapshot {
    let mut histogram = Box::<crate::aggregate::Histogram>::default();
    for value in [0.0, 45.0, 180.0, 200.0, 20_000.0] {
        histogram.record(value, LCP.family().bounds);
    }
    let page = ["/a\"b", "mobile", ""];
    Snapshot {
        series: vec![
            series(LCP, "", &page, Value::Histogram(histogram)),
            series(names::SESSIONS, "", &["mobile", ""], Value::Sum(2.5)),
            series(names::SESSIONS, "prod", &["mobile", ""], Value::Sum(4.0)),
        ],
        time_ns: NOW,
        instance: "one".into(),
        unchanged: false,
        delta: false,
    }
}

#[test]
fn a_scrape_shows_every_series_with_classic_buckets() {
    let (kind, body) = scrape::answer(Some(&snapshot()), None);
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let labels = r#"farol_device_type="mobile",instance="one",job="shop",url_template="/a\"b""#;
    let bucket = format!("farol_web_vital_lcp_milliseconds_bucket{{{labels},le=");
    let text = String::from_utf8(body).unwrap();
    for line in [
        "# TYPE farol_web_vital_lcp_milliseconds histogram".to_owned(),
        format!("{bucket}\"50\"}} 2"),
        format!("{bucket}\"200\"}} 4"),
        format!("{bucket}\"10000\"}} 4"),
        format!("{bucket}\"+Inf\"}} 5"),
        format!("farol_web_vital_lcp_milliseconds_count{{{labels}}} 5"),
        format!("farol_web_vital_lcp_milliseconds_sum{{{labels}}} 20425"),
        "# TYPE farol_sessions_total counter".to_owned(),
        r#"farol_sessions_total{farol_device_type="mobile",instance="one",job="shop"} 2.5"#.to_owned(),
        r#"farol_sessions_total{deployment_environment_name="prod",farol_device_type="mobile",instance="one",job="shop"} 4"#.to_owned(),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert_eq!(text.matches("# TYPE").count(), 2, "one a family");
    assert_eq!(scrape::answer(None, None).1, b"");
}

#[test]
fn open_metrics_shows_the_trace_of_a_value_in_its_bucket() {
    let accept = Some("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2");
    let (kind, body) = scrape::answer(Some(&snapshot()), accept);
    assert!(kind.starts_with("application/openmetrics-text"));
    let text = String::from_utf8(body).unwrap();
    let trace = "# {trace_id=\"abababababababababababababababab\"} 180 1795145700.123";
    let with: Vec<_> = text.lines().filter(|it| it.ends_with(trace)).collect();
    assert_eq!(with.len(), 3, "{text}");
    assert!(with.iter().any(|it| it.contains("le=\"200.0\"} 4 #")));
    assert!(text.contains("# TYPE farol_sessions counter\n"));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn protobuf_has_exponential_buckets_beside_the_classic_ones() {
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;q=0.3";
    let (_, body) = scrape::answer(Some(&snapshot()), Some(accept));
    let mut rest = &body[..];
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }
    assert_eq!(families.len(), 2);
    let lcp = &families[1].metric[0];
    assert_eq!(lcp.timestamp_ms, None);
    let histogram = lcp.histogram.as_ref().unwrap();
    assert_eq!((histogram.sample_count, histogram.zero_count), (5, 1));
    assert_eq!(histogram.bucket.len(), LCP.family().bounds.len() + 1);
    assert_eq!(histogram.exemplars.len(), 1);
    assert_eq!(filled(histogram, &[45.0, 180.0, 200.0, 20_000.0]), 4);
}

#[test]
fn a_series_at_0_has_every_name_that_it_has_later_and_counts_nothing() {
    let zeros = snapshot().with_zeros(0).unwrap();
    let lines = |snapshot: &Snapshot| {
        let text = String::from_utf8(scrape::answer(Some(snapshot), None).1).unwrap();
        let lines = text.lines().filter(|it| !it.starts_with('#'));
        let parts = lines.map(|it| it.rsplit_once(' ').unwrap());
        let (names, values): (Vec<_>, Vec<_>) = parts
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .unzip();
        (names, values)
    };
    let (names, values) = lines(&zeros);
    assert_eq!(names, lines(&snapshot()).0);
    assert!(values.iter().all(|it| it == "0"), "{values:?}");
    let mut families = Families::default();
    for resource in points::metrics(&zeros, Form::Prometheus) {
        for metric in &resource.scope_metrics[0].metrics {
            families.add(None, metric);
            if let Some(Data::ExponentialHistogram(it)) = &metric.data {
                assert_eq!((it.data_points[0].min, it.data_points[0].max), (None, None));
            }
        }
    }
    assert_eq!(families.left_out, 0);
    let lcp = families.end().remove(1).metric.remove(0).histogram.unwrap();
    assert_eq!((lcp.sample_count, lcp.exemplars.len()), (0, 0));
    // Native still: it is no finer later, which Prometheus would take for a reset.
    assert_eq!(lcp.schema, Some(8));
    assert_eq!(lcp.positive_span.len(), 1);
}

/// How many of these values lie in a bucket that counts them, by Prometheus' rule: bucket `i` ends at `2^(i * 2^-schema)`.
fn filled(histogram: &Histogram, values: &[f64]) -> usize {
    let span = &histogram.positive_span[0];
    assert_eq!(span.length as usize, histogram.positive_delta.len());
    let base = 2f64.powf(2f64.powi(-histogram.schema.unwrap()));
    let mut count = 0;
    let mut found = 0;
    let mut sum = 0;
    for (at, delta) in histogram.positive_delta.iter().enumerate() {
        count += delta;
        sum += count;
        let upper = base.powi(span.offset + at as i32);
        let within = values
            .iter()
            .filter(|it| **it > upper / base && **it <= upper);
        let within = within.count();
        assert_eq!(count, within as i64, "bucket that ends at {upper}");
        found += within;
    }
    assert_eq!(sum as u64 + histogram.zero_count, histogram.sample_count);
    found
}

#[test]
fn buckets_finer_than_prometheus_has_are_joined() {
    // All of one bucket at OTLP's finest scale.
    let mut only = Box::<crate::aggregate::Histogram>::default();
    only.record(100.0, LCP.family().bounds);
    assert!(only.scale > 8, "{}", only.scale);
    let mut snapshot = snapshot();
    snapshot.series = vec![series(LCP, "", &["/", "", ""], Value::Histogram(only))];
    let mut families = Families::default();
    for resource in points::metrics(&snapshot, Form::Otlp) {
        let metrics = &resource.scope_metrics[0].metrics;
        metrics
            .iter()
            .for_each(|it| families.add(resource.resource.as_ref(), it));
    }
    let families = families.end();
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.schema, Some(8));
    assert!(histogram.bucket.is_empty());
    assert_eq!(filled(histogram, &[100.0]), 1);
}

fn batch() -> Batch {
    let metrics = points::metrics(&snapshot(), Form::Prometheus);
    Batch::new(Signal::Metrics, vec![Source::Metrics(Arc::new(metrics))])
}

fn destination(fake: &Fake, version: RemoteWriteVersion) -> RemoteWrite {
    let endpoint = format!("http://{}/api/v1/write", fake.address);
    RemoteWrite::new(&config::RemoteWrite {
        remote: Remote::new(endpoint.parse().unwrap()),
        version,
        client_metrics: false,
    })
    .unwrap()
}

/// A success as a receiver of 2.0 says it.
fn wrote(what: &str, count: &str) -> Answer {
    let name = match what {
        "samples" => "x-prometheus-remote-write-samples-written",
        _ => "x-prometheus-remote-write-histograms-written",
    };
    Answer::with(204, name, count, b"")
}

async fn written(version: RemoteWriteVersion, kind: &str, number: &str) -> Vec<u8> {
    let mut fake = Fake::answering(vec![wrote("samples", "44")]).await;
    let outcome = destination(&fake, version).send(&batch()).await;
    assert_eq!(outcome, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.path, "/api/v1/write");
    assert_eq!(seen.headers["content-type"], kind);
    assert_eq!(seen.headers["content-encoding"], "snappy");
    assert_eq!(seen.headers["x-prometheus-remote-write-version"], number);
    let plain = snap::raw::Decoder::new().decompress_vec(&seen.body);
    plain.unwrap()
}

/// A series as text, and what it says: a number, or a native histogram's count.
type Said = (String, f64);

fn said(name: String, samples: &[write::Sample], native: &[write::NativeHistogram]) -> Said {
    assert_eq!(samples.len() + native.len(), 1, "{name}");
    let at = [
        samples.first().map(|it| it.timestamp),
        native.first().map(|it| it.timestamp),
    ];
    assert_eq!(at.into_iter().flatten().next(), Some(1_795_145_700_123));
    let number = samples.first().map(|it| it.value);
    (name, number.unwrap_or_else(|| native[0].count as f64))
}

#[tokio::test]
async fn both_versions_of_remote_write_say_what_a_scrape_shows() {
    let kind = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    let body = written(RemoteWriteVersion::Two, kind, "2.0.0").await;
    let request = v2::Request::decode(&*body).unwrap();
    assert_eq!(request.symbols[0], "");
    let text = |at: &u32| request.symbols[*at as usize].clone();
    let mut two: Vec<Said> = Vec::new();
    for series in &request.timeseries {
        let pairs = series.labels_refs.chunks(2);
        let pairs: Vec<_> = pairs
            .map(|it| format!("{}={}", text(&it[0]), text(&it[1])))
            .collect();
        assert!(pairs.is_sorted(), "{pairs:?}");
        assert!(series.metadata.unwrap().kind > 0);
        two.push(said(pairs.join(","), &series.samples, &series.histograms));
    }
    let body = written(RemoteWriteVersion::One, "application/x-protobuf", "0.1.0").await;
    let request = v1::WriteRequest::decode(&*body).unwrap();
    let one = request.timeseries.iter().map(|series| {
        let pairs = series.labels.iter();
        let pairs: Vec<_> = pairs
            .map(|it| format!("{}={}", it.name, it.value))
            .collect();
        said(pairs.join(","), &series.samples, &series.histograms)
    });
    let one: Vec<Said> = one.collect();
    assert_eq!(one, two);
    let (_, scraped) = scrape::answer(Some(&snapshot()), None);
    let scraped = String::from_utf8(scraped).unwrap();
    let lines = scraped.lines().filter(|it| !it.starts_with('#')).count();
    assert_eq!(
        two.len(),
        lines + 1,
        "the native histogram is no line of text"
    );
    let name = |it: &&Said| it.0.contains("__name__=farol_web_vital_lcp_milliseconds,");
    assert_eq!(two.iter().find(name).unwrap().1, 5.0);
    let exemplars = request
        .timeseries
        .iter()
        .map(|it| it.exemplars.len())
        .sum::<usize>();
    assert_eq!(exemplars, 4, "two counters, a bucket, the native histogram");
}

#[tokio::test]
async fn a_bad_request_is_never_repeated_and_a_busy_server_is_asked_again() {
    for (status, refused) in [(400, true), (429, false), (500, false), (503, false)] {
        let fake = Fake::answering(vec![Answer::status(status)]).await;
        let outcome = destination(&fake, RemoteWriteVersion::Two)
            .send(&batch())
            .await;
        let code = Reason::code(format!("http {status}"));
        match outcome {
            Outcome::Refused(reason) => assert!(refused && reason == code),
            Outcome::Retry { reason, .. } => assert!(!refused && reason == code),
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_has_no_form_in_prometheus_is_counted_and_the_rest_goes() {
    let mut metrics = samples::metrics();
    let total = metrics[0].scope_metrics[0].metrics.len();
    metrics[0].scope_metrics[0].metrics.push(OtlpMetric {
        name: "delta".into(),
        data: Some(Data::Sum(Sum {
            data_points: vec![NumberDataPoint::default()],
            aggregation_temporality: AggregationTemporality::Delta as i32,
            is_monotonic: true,
        })),
        ..OtlpMetric::default()
    });
    let batch = Batch::new(Signal::Metrics, vec![Source::Metrics(Arc::new(metrics))]);
    assert_eq!(batch.len(), total + 1);
    let fake = Fake::answering(vec![wrote("samples", "9")]).await;
    let outcome = destination(&fake, RemoteWriteVersion::Two)
        .send(&batch)
        .await;
    let Outcome::Accepted { rejected, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(rejected >= 1 && rejected <= total as u64, "{rejected}");
}

#[tokio::test]
async fn a_success_that_does_not_say_it_wrote_two_is_no_success() {
    let one = Fake::answering(vec![Answer::status(200)]).await;
    let outcome = destination(&one, RemoteWriteVersion::One);
    assert_eq!(outcome.send(&batch()).await, Outcome::accepted());
    let answers = vec![
        Answer::status(200),
        wrote("samples", "0"),
        wrote("histograms", "many"),
        wrote("histograms", "1"),
    ];
    let fake = Fake::answering(answers).await;
    let two = destination(&fake, RemoteWriteVersion::Two);
    for _ in 0..3 {
        let outcome = two.send(&batch()).await;
        let Outcome::Retry { reason, .. } = outcome else {
            panic!("{outcome:?}");
        };
        let words = reason.to_string();
        assert!(
            words.ends_with(r#"set protocol_version = "1.0""#),
            "{words}"
        );
    }
    assert_eq!(two.send(&batch()).await, Outcome::accepted());
    // Nothing to write is nothing to hear of.
    let empty = Batch::new(Signal::Metrics, vec![Source::Metrics(Arc::new(vec![]))]);
    let fake = Fake::answering(vec![Answer::status(200)]).await;
    let two = destination(&fake, RemoteWriteVersion::Two);
    assert_eq!(two.send(&empty).await, Outcome::accepted());
}

fn exponential(scale: i32, offset: i32, bucket_counts: Vec<u64>) -> OtlpMetric {
    let positive = Buckets {
        offset,
        bucket_counts,
    };
    let point = ExponentialHistogramDataPoint {
        scale,
        positive: Some(positive),
        time_unix_nano: NOW,
        ..ExponentialHistogramDataPoint::default()
    };
    OtlpMetric {
        name: "clients.own".into(),
        data: Some(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![point],
            aggregation_temporality: AggregationTemporality::Cumulative as i32,
        })),
        ..OtlpMetric::default()
    }
}

#[test]
fn buckets_beyond_all_numbers_are_left_out_and_counted() {
    let of = |scale, offset, counts| {
        let mut families = Families::default();
        families.add(None, &exponential(scale, offset, counts));
        (families.left_out, families.end())
    };
    for (scale, offset, counts) in [
        (8, i32::MAX, vec![1]),
        (8, i32::MAX - 2, vec![1; 9]),
        (0, 0, vec![1; 100_000]),
        (-5, 0, vec![1]),
        (i32::MIN, 0, vec![1]),
    ] {
        let (left_out, families) = of(scale, offset, counts);
        assert_eq!((left_out, families.len()), (1, 0), "{scale} {offset}");
    }
    for (scale, offset, counts, span) in [
        (8, i32::MIN, vec![1, 2], (i32::MIN + 1, 2)),
        (i32::MAX, i32::MIN, vec![1, 2], (0, 1)),
        (20, i32::MAX, vec![u64::MAX; 2], ((1 << 19), 2)),
    ] {
        let (left_out, families) = of(scale, offset, counts);
        let histogram = families[0].metric[0].histogram.clone().unwrap();
        let only = histogram.positive_span[0];
        assert_eq!((only.offset, only.length), span, "{scale} {offset}");
        assert_eq!(left_out, 0);
    }
}

fn classic(counts: [u64; 2], at: u64) -> OtlpMetric {
    let point = HistogramDataPoint {
        count: counts.iter().sum(),
        explicit_bounds: vec![5.0],
        bucket_counts: counts.to_vec(),
        time_unix_nano: at,
        ..HistogramDataPoint::default()
    };
    OtlpMetric {
        name: "clients.own".into(),
        data: Some(Data::Histogram(OtlpHistogram {
            data_points: vec![point],
            aggregation_temporality: AggregationTemporality::Cumulative as i32,
        })),
        ..OtlpMetric::default()
    }
}

#[test]
fn points_of_one_series_stay_apart_and_of_two_at_one_time_the_last_holds() {
    let mut families = Families::default();
    let (early, late) = (NOW - 5_000_000_000, NOW);
    for (counts, at) in [([3, 4], late), ([1, 1], early), ([3, 5], late)] {
        families.add(None, &classic(counts, at));
    }
    for counts in [vec![9; 7], vec![1, 2]] {
        families.add(None, &exponential(3, 0, counts));
    }
    let families = families.end();
    let series = &families[0].metric;
    assert_eq!(series.len(), 2);
    let last = series[1].histogram.as_ref().unwrap();
    let buckets: Vec<_> = last.bucket.iter().map(|it| it.cumulative_count).collect();
    assert_eq!(buckets, [3, 8]);
    assert_eq!(last.positive_delta, [1, 1]);
    assert_eq!(last.positive_span[0].length, 2);
    let request = v2::Request::decode(&*write::two(&families)).unwrap();
    // Count, two buckets, and the native histogram of the later time.
    assert_eq!(request.timeseries.len(), 4);
    for series in &request.timeseries {
        let times: Vec<_> = series.samples.iter().map(|it| it.timestamp).collect();
        let expected = [early / 1_000_000, late / 1_000_000].map(|it| it as i64);
        assert!(times.is_empty() || times == expected, "{times:?}");
    }
}

#[test]
fn an_app_without_a_name_and_one_called_unknown_are_one_series_of_a_scrape() {
    let mut both = snapshot();
    for mut it in snapshot().series {
        it.app.name = App::NAMELESS.into();
        both.series.push(it);
    }
    both.series[..3]
        .iter_mut()
        .for_each(|it| it.app.name.clear());
    let (_, body) = scrape::answer(Some(&both), None);
    let text = String::from_utf8(body).unwrap();
    let mut names: Vec<_> = text.lines().filter(|it| !it.starts_with('#')).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup_by_key(|it| it.rsplit_once(' ').unwrap().0);
    assert_eq!(names.len(), all, "{text}");
}
