//! Metrics that clients named: what Prometheus' OTLP receiver would make of them.

use opentelemetry_proto::tonic::metrics::v1::Gauge;

use super::*;

/// A metric with one point, as a client names it.
fn named(name: &str, unit: &str, data: Data) -> OtlpMetric {
    OtlpMetric {
        name: name.into(),
        unit: unit.into(),
        data: Some(data),
        ..OtlpMetric::default()
    }
}

fn point(value: f64, attributes: &[(&str, &str)]) -> NumberDataPoint {
    let attributes = attributes.iter();
    NumberDataPoint {
        attributes: attributes.map(|it| samples::string(it.0, it.1)).collect(),
        time_unix_nano: NOW,
        value: Some(OtlpNumber::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn gauge(point: NumberDataPoint) -> Data {
    Data::Gauge(Gauge {
        data_points: vec![point],
    })
}

type Labels = Vec<(String, String)>;

/// Each series that version 1.0 writes: its labels, and its numbers.
fn ones(families: &[MetricFamily]) -> Vec<(Labels, Vec<f64>)> {
    let request = v1::WriteRequest::decode(&*write::one(families)).unwrap();
    let series = request.timeseries.into_iter().map(|it| {
        let labels = it.labels.into_iter().map(|it| (it.name, it.value));
        let numbers = it.samples.iter().map(|it| it.value);
        (labels.collect(), numbers.collect())
    });
    series.collect()
}

fn label<'a>(of: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut all = of.iter().filter(|it| it.0 == name);
    let found = all.next().map(|it| &*it.1);
    assert!(all.next().is_none(), "{name} twice: {of:?}");
    found
}

#[test]
fn no_attribute_of_a_page_is_a_second_name_or_bound() {
    let own = [
        ("__name__", "farol_page_views_total"),
        ("le", "x"),
        ("", "nameless"),
    ];
    let attributes = own.map(|(key, value)| samples::string(key, value));
    let mut families = Families::default();
    for mut metric in [classic([1, 2], NOW), exponential(3, 0, vec![1, 2])] {
        match &mut metric.data {
            Some(Data::Histogram(it)) => it.data_points[0].attributes = attributes.to_vec(),
            Some(Data::ExponentialHistogram(it)) => {
                it.data_points[0].attributes = attributes.to_vec();
            }
            _ => unreachable!(),
        }
        families.add(None, &metric);
    }
    families.add(None, &named("level", "", gauge(point(1.0, &own))));
    let families = families.end();
    let series = ones(&families);
    assert_eq!(series.len(), 5, "{series:?}");
    for (labels, _) in &series {
        let name = label(labels, "__name__").unwrap();
        let (bound, theirs) = (label(labels, "le"), label(labels, "exported_le"));
        match name {
            "level" => assert_eq!((bound, theirs), (Some("x"), None)),
            "clients_own_bucket" => assert_eq!(theirs, Some("x")),
            "clients_own_count" | "clients_own" => assert_eq!((bound, theirs), (None, Some("x"))),
            _ => panic!("{labels:?}"),
        }
        assert!(labels.iter().all(|it| !it.0.is_empty()), "{labels:?}");
    }
    let bounds = series.iter().filter_map(|(labels, _)| {
        let of_bucket = label(labels, "exported_le").is_some();
        label(labels, "le").filter(|_| of_bucket)
    });
    assert_eq!(bounds.collect::<Vec<_>>(), ["5.0", "+Inf"]);
    let two = v2::Request::decode(&*write::two(&families)).unwrap();
    for series in &two.timeseries {
        let mut names: Vec<_> = series.labels_refs.iter().step_by(2).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|it| it[0] != it[1]), "{names:?}");
    }
}

#[test]
fn a_metric_without_a_name_for_prometheus_is_left_out_and_counted() {
    let mut families = Families::default();
    families.add(None, &named("订单", "", gauge(point(1.0, &[]))));
    families.add(None, &named("", "{order}", gauge(point(1.0, &[]))));
    assert_eq!(families.left_out, 2);
    assert!(families.end().is_empty());
}

#[test]
fn a_count_that_goes_up_and_down_is_no_ratio() {
    let mut families = Families::default();
    let sum = Sum {
        data_points: vec![point(3.0, &[])],
        aggregation_temporality: AggregationTemporality::Cumulative as i32,
        is_monotonic: false,
    };
    families.add(None, &named("cart.items", "1", Data::Sum(sum)));
    families.add(None, &named("cart.filled", "1", gauge(point(0.5, &[]))));
    let families = families.end();
    let names: Vec<_> = families.iter().map(|it| (&*it.name, it.r#type)).collect();
    assert_eq!(names, [("cart_filled_ratio", GAUGE), ("cart_items", GAUGE)]);
}

#[test]
fn a_histogram_without_a_sum_has_none() {
    let mut families = Families::default();
    families.add(None, &classic([1, 1], NOW));
    let series = ones(&families.end());
    let names = series.iter().map(|it| label(&it.0, "__name__").unwrap());
    let names: Vec<_> = names.collect();
    let bucket = "clients_own_bucket";
    assert_eq!(names, ["clients_own_count", bucket, bucket]);
}

#[test]
fn a_series_that_ended_is_marked_stale_and_not_0() {
    const STALE: u64 = 0x7ff0_0000_0000_0002;
    let mut ended = classic([0, 0], NOW);
    let Some(Data::Histogram(it)) = &mut ended.data else {
        unreachable!()
    };
    it.data_points[0].flags = 1;
    let mut native = exponential(3, 0, vec![]);
    native.name = "native".into();
    let Some(Data::ExponentialHistogram(it)) = &mut native.data else {
        unreachable!()
    };
    it.data_points[0].flags = 1;
    let mut families = Families::default();
    families.add(None, &ended);
    families.add(None, &native);
    for (name, value) in [("zero", Some(OtlpNumber::AsDouble(0.0))), ("none", None)] {
        let flags = 1;
        let point = NumberDataPoint {
            flags,
            value,
            ..point(0.0, &[])
        };
        families.add(None, &named(name, "", gauge(point)));
    }
    assert_eq!(families.left_out, 0);
    let families = families.end();
    let series = ones(&families);
    let numbers = series.iter().flat_map(|it| &it.1);
    let numbers: Vec<_> = numbers.map(|it| it.to_bits()).collect();
    assert_eq!(numbers, [STALE; 6], "sum, count, two buckets, two gauges");
    let request = v2::Request::decode(&*write::two(&families)).unwrap();
    let natives = request.timeseries.iter().flat_map(|it| &it.histograms);
    let natives: Vec<_> = natives.map(|it| it.sum.to_bits()).collect();
    assert_eq!(natives, [STALE]);
    // One that only says nothing is no series, and told.
    let mut families = Families::default();
    let nothing = NumberDataPoint {
        value: None,
        ..point(0.0, &[])
    };
    families.add(None, &named("nothing", "", gauge(nothing)));
    assert_eq!((families.left_out, families.end().len()), (1, 0));
}

#[test]
fn names_that_come_to_one_label_are_joined_in_one_order() {
    let joined = |attributes: &[(&str, &str)]| {
        let mut families = Families::default();
        families.add(None, &named("a", "", gauge(point(1.0, attributes))));
        let series = ones(&families.end());
        label(&series[0].0, "a_b").unwrap().to_owned()
    };
    assert_eq!(joined(&[("a.b", "1"), ("a_b", "2")]), "1;2");
    assert_eq!(joined(&[("a_b", "2"), ("a.b", "1")]), "1;2");
}
