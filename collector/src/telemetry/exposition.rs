//! Families → what a scraper reads: Prometheus' text, or its protobuf where the scraper prefers that.

use std::fmt::Write;

use prost::Message;

use super::{Family, Kind, Value, proto};

/// The two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, version 0.0.4.
    Text,
    /// Length-delimited `io.prometheus.client.MetricFamily`.
    Protobuf,
}

impl Format {
    /// The content type of an answer in this form.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

/// The form that an Accept header asks for. Text unless protobuf is named and preferred.
pub fn negotiate(accept: Option<&str>) -> Format {
    let (mut text, mut protobuf) = (0.0, 0.0);
    for range in accept.unwrap_or_default().split(',') {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let (mut q, mut family) = (1.0, true);
        for part in parts {
            match part.split_once('=').map(|(k, v)| (k.trim(), v.trim())) {
                Some(("q", v)) => q = v.parse().unwrap_or(0.0),
                Some(("proto", v)) => family &= v == "io.prometheus.client.MetricFamily",
                Some(("encoding", v)) => family &= v == "delimited",
                _ => {}
            }
        }
        match kind {
            "application/vnd.google.protobuf" if family => protobuf = f64::max(protobuf, q),
            "text/plain" | "text/*" | "*/*" => text = f64::max(text, q),
            _ => {}
        }
    }
    match protobuf > 0.0 && protobuf >= text {
        true => Format::Protobuf,
        false => Format::Text,
    }
}

/// Families in a form.
pub fn encode(families: &[Family], format: Format) -> Vec<u8> {
    match format {
        Format::Text => text(families).into_bytes(),
        Format::Protobuf => families
            .iter()
            .flat_map(|f| message(f).encode_length_delimited_to_vec())
            .collect(),
    }
}

fn text(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        let metric = family.metric;
        let help = metric.help.trim();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {} {}", metric.name, help);
        let _ = writeln!(out, "# TYPE {} {}", metric.name, metric.kind.as_str());
        for (labels, value) in &family.samples {
            let labels: Vec<_> = metric
                .labels
                .iter()
                .copied()
                .zip(labels.iter().map(String::as_str))
                .collect();
            match value {
                Value::Number(n) => line(&mut out, metric.name, &labels, *n),
                Value::Histogram {
                    buckets,
                    sum,
                    count,
                } => {
                    let bucket = format!("{}_bucket", metric.name);
                    for (bound, n) in buckets {
                        let bound = bound.to_string();
                        line(&mut out, &bucket, &with(&labels, &bound), *n as f64);
                    }
                    line(&mut out, &bucket, &with(&labels, "+Inf"), *count as f64);
                    line(&mut out, &format!("{}_sum", metric.name), &labels, *sum);
                    line(
                        &mut out,
                        &format!("{}_count", metric.name),
                        &labels,
                        *count as f64,
                    );
                }
            }
        }
    }
    out
}

fn with<'a>(labels: &[(&'a str, &'a str)], bound: &'a str) -> Vec<(&'a str, &'a str)> {
    labels.iter().copied().chain([("le", bound)]).collect()
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    out.push_str(name);
    for (i, (name, value)) in labels.iter().enumerate() {
        out.push(if i == 0 { '{' } else { ',' });
        let _ = write!(
            out,
            "{name}=\"{}\"",
            value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        );
    }
    if !labels.is_empty() {
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}

fn message(family: &Family) -> proto::MetricFamily {
    let metric = family.metric;
    proto::MetricFamily {
        name: metric.name.to_owned(),
        help: metric.help.trim().to_owned(),
        r#type: match metric.kind {
            Kind::Counter => proto::COUNTER,
            Kind::Gauge => proto::GAUGE,
            Kind::Histogram => proto::HISTOGRAM,
        },
        metric: family
            .samples
            .iter()
            .map(|(labels, value)| sample(metric, labels, value))
            .collect(),
    }
}

fn sample(metric: &super::Metric, labels: &[String], value: &Value) -> proto::Metric {
    let labels = metric.labels.iter().zip(labels);
    let mut out = proto::Metric {
        label: labels
            .map(|(name, value)| proto::LabelPair {
                name: (*name).to_owned(),
                value: value.clone(),
            })
            .collect(),
        ..proto::Metric::default()
    };
    match value {
        Value::Number(n) if metric.kind == Kind::Counter => {
            out.counter = Some(proto::Number {
                value: *n,
                exemplar: None,
            });
        }
        Value::Number(n) => {
            out.gauge = Some(proto::Number {
                value: *n,
                exemplar: None,
            });
        }
        Value::Histogram {
            buckets,
            sum,
            count,
        } => {
            out.histogram = Some(proto::Histogram {
                sample_count: *count,
                sample_sum: Some(*sum),
                bucket: buckets
                    .iter()
                    .map(|(bound, n)| proto::Bucket {
                        cumulative_count: *n,
                        upper_bound: *bound,
                        exemplar: None,
                    })
                    .collect(),
                ..proto::Histogram::default()
            });
        }
    }
    out
}
