//! Families as text: Prometheus' own, version 0.0.4, and OpenMetrics, which has exemplars. Neither has exponential buckets.

use std::fmt::Write as _;

use crate::telemetry::proto::{COUNTER, Exemplar, HISTOGRAM, LabelPair, Metric, MetricFamily};

/// Writes them; `open` for OpenMetrics.
pub(super) fn text(families: &[MetricFamily], open: bool) -> String {
    let mut out = String::new();
    for family in families {
        let kind = match family.r#type {
            COUNTER => "counter",
            HISTOGRAM => "histogram",
            _ => "gauge",
        };
        // In OpenMetrics a counter is called without its suffix, which its sample has.
        let name = match open && kind == "counter" {
            true => family.name.strip_suffix("_total").unwrap_or(&family.name),
            false => &family.name,
        };
        let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}");
        let _ = writeln!(out, "# TYPE {name} {kind}");
        for metric in &family.metric {
            series(&mut out, &family.name, metric, open);
        }
    }
    if open {
        out.push_str("# EOF\n");
    }
    out
}

fn series(out: &mut String, name: &str, metric: &Metric, open: bool) {
    let labels = &metric.label;
    let shown = |exemplar: &Option<Exemplar>| exemplar.clone().filter(|_| open);
    if let Some(counter) = &metric.counter {
        line(
            out,
            name,
            labels,
            None,
            counter.value,
            shown(&counter.exemplar),
        );
    }
    if let Some(gauge) = &metric.gauge {
        line(out, name, labels, None, gauge.value, None);
    }
    if let Some(histogram) = &metric.histogram {
        let bucket = format!("{name}_bucket");
        for it in &histogram.bucket {
            let bound = number(it.upper_bound, open);
            let count = it.cumulative_count as f64;
            line(
                out,
                &bucket,
                labels,
                Some(&bound),
                count,
                shown(&it.exemplar),
            );
        }
        let count = histogram.sample_count as f64;
        if let Some(sum) = histogram.sample_sum {
            line(out, &format!("{name}_sum"), labels, None, sum, None);
        }
        line(out, &format!("{name}_count"), labels, None, count, None);
    }
}

fn line(
    out: &mut String,
    name: &str,
    labels: &[LabelPair],
    bound: Option<&str>,
    value: f64,
    exemplar: Option<Exemplar>,
) {
    out.push_str(name);
    pairs(out, labels, bound);
    let _ = write!(out, " {}", number(value, false));
    if let Some(exemplar) = exemplar {
        out.push_str(" # ");
        pairs(out, &exemplar.label, None);
        let _ = write!(out, " {}", number(exemplar.value, false));
        if let Some(at) = exemplar.timestamp {
            let _ = write!(out, " {}.{:03}", at.seconds, at.nanos / 1_000_000);
        }
    }
    out.push('\n');
}

fn pairs(out: &mut String, labels: &[LabelPair], bound: Option<&str>) {
    let own = labels
        .iter()
        .map(|it| (it.name.as_str(), it.value.as_str()));
    let all: Vec<_> = own.chain(bound.map(|bound| ("le", bound))).collect();
    if all.is_empty() {
        return;
    }
    out.push('{');
    for (at, (name, value)) in all.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let value = value.replace('\n', "\\n");
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, "{comma}{name}=\"{value}\"");
    }
    out.push('}');
}

/// A number as both read it; bounds are floats in OpenMetrics.
fn number(value: f64, float: bool) -> String {
    if value == f64::INFINITY {
        return "+Inf".to_owned();
    }
    if value == f64::NEG_INFINITY {
        return "-Inf".to_owned();
    }
    match float && value.fract() == 0.0 {
        true => format!("{value:.1}"),
        false => value.to_string(),
    }
}
