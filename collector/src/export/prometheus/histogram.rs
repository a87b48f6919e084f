//! OTLP's two histograms in Prometheus' one.

use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar as OtlpExemplar, ExponentialHistogramDataPoint, HistogramDataPoint,
};

use super::exemplar;
use crate::telemetry::proto::{Bucket, BucketSpan, Exemplar, Histogram};

/// The finest and the coarsest that Prometheus has.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// What Prometheus' OTLP receiver takes for zero where a point does not say.
const ZERO: f64 = 1e-128;

/// Buckets with bounds, counted up.
pub(super) fn classic(out: &mut Histogram, point: &HistogramDataPoint) {
    out.sample_count = point.count;
    out.sample_sum = point.sum.unwrap_or_default();
    let exemplars = exemplars(&point.exemplars);
    let mut sum = 0;
    let counts = point.explicit_bounds.iter().zip(&point.bucket_counts);
    let mut below = f64::NEG_INFINITY;
    for (bound, count) in counts {
        sum += count;
        let here = exemplars.iter().rev();
        let mut here = here.filter(|it| it.value > below && it.value <= *bound);
        out.bucket.push(Bucket {
            cumulative_count: sum,
            upper_bound: *bound,
            exemplar: here.next().cloned(),
        });
        below = *bound;
    }
    // What lies above the greatest bound.
    let mut above = exemplars.iter().rev().filter(|it| it.value > below);
    out.bucket.push(Bucket {
        cumulative_count: point.count,
        upper_bound: f64::INFINITY,
        exemplar: above.next().cloned(),
    });
}

/// Exponential buckets. OTLP's bucket `i` ends where Prometheus' bucket `i + 1` ends. What is finer than Prometheus has is joined; what is
/// coarser has no form there, and nothing that pages measure is.
pub(super) fn native(out: &mut Histogram, point: &ExponentialHistogramDataPoint) {
    out.sample_count = point.count;
    out.sample_sum = point.sum.unwrap_or_default();
    let negative = point.negative.as_ref();
    let below_zero = negative.is_some_and(|it| it.bucket_counts.iter().any(|count| *count > 0));
    if below_zero || point.scale < *SCHEMAS.start() {
        return;
    }
    let shift = (point.scale - SCHEMAS.end()).max(0);
    let positive = point.positive.clone().unwrap_or_default();
    let mut counts: Vec<u64> = Vec::new();
    let mut first = None;
    for (at, count) in positive.bucket_counts.iter().enumerate() {
        let index = ((positive.offset + at as i32) >> shift) + 1;
        let first = *first.get_or_insert(index);
        let at = (index - first) as usize;
        counts.resize(counts.len().max(at + 1), 0);
        counts[at] += count;
    }
    out.schema = Some(point.scale - shift);
    out.zero_threshold = match point.zero_threshold > 0.0 {
        true => point.zero_threshold,
        false => ZERO,
    };
    out.zero_count = point.zero_count;
    out.exemplars = exemplars(&point.exemplars);
    // A span without length tells an empty native histogram from a classic one.
    out.positive_span = vec![BucketSpan {
        offset: first.unwrap_or_default(),
        length: counts.len() as u32,
    }];
    let mut before = 0;
    for count in counts {
        let count = count as i64;
        out.positive_delta.push(count - before);
        before = count;
    }
}

fn exemplars(given: &[OtlpExemplar]) -> Vec<Exemplar> {
    given.iter().filter_map(exemplar).collect()
}
