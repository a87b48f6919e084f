//! OTLP's two histograms in Prometheus' one.

use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar as OtlpExemplar, ExponentialHistogramDataPoint, HistogramDataPoint,
};

use super::{STALE, ended, exemplar};
use crate::telemetry::proto::{Bucket, BucketSpan, Exemplar, Histogram};

/// The finest and the coarsest that Prometheus has.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// What Prometheus' OTLP receiver takes for zero where a point does not say.
const ZERO: f64 = 1e-128;
/// SDKs keep 160; a body could hold a million, which would be as many numbers again here and in the receiver.
const MAX_BUCKETS: usize = 4096;
/// What is shifted further than a number is long is its sign alone.
const MAX_SHIFT: i32 = i64::BITS as i32 - 1;

/// Buckets with bounds, counted up.
pub(super) fn classic(out: &mut Histogram, point: &HistogramDataPoint) {
    out.sample_count = point.count;
    out.sample_sum = sum_of(point.flags, point.sum);
    out.bucket.clear();
    let exemplars = exemplars(&point.exemplars);
    let mut sum = 0_u64;
    let counts = point.explicit_bounds.iter().zip(&point.bucket_counts);
    let mut below = f64::NEG_INFINITY;
    for (bound, count) in counts {
        sum = sum.saturating_add(*count);
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

/// Exponential buckets in Prometheus' form. OTLP's bucket `i` ends where Prometheus' bucket `i + 1` ends. What is finer than Prometheus has is joined.
pub(super) struct Native {
    schema: i32,
    first: i32,
    counts: Vec<u64>,
}

impl Native {
    /// None where there is no form: what is coarser than Prometheus has, what lies below zero, and what only a client's mistake or malice makes,
    /// buckets beyond all numbers or without end. Nothing that pages measure is any of these.
    pub(super) fn of(point: &ExponentialHistogramDataPoint) -> Option<Self> {
        let negative = point.negative.as_ref();
        let below_zero = negative.is_some_and(|it| it.bucket_counts.iter().any(|count| *count > 0));
        if below_zero || point.scale < *SCHEMAS.start() {
            return None;
        }
        let shift = (point.scale - SCHEMAS.end()).max(0);
        let (offset, given) = match &point.positive {
            Some(it) => (it.offset, &it.bucket_counts[..]),
            None => (0, &[][..]),
        };
        let Some(last) = given.len().checked_sub(1) else {
            return Some(Self {
                schema: point.scale - shift,
                first: 0,
                counts: Vec::new(),
            });
        };
        // Wider than the numbers that come: neither their sum nor their distance is beyond it.
        let index = |at: usize| ((i64::from(offset) + at as i64) >> shift.min(MAX_SHIFT)) + 1;
        let (first, last) = (index(0), index(last));
        let length = usize::try_from(last - first + 1).ok();
        let length = length.filter(|it| *it <= MAX_BUCKETS)?;
        let mut counts = vec![0_u64; length];
        for (at, count) in given.iter().enumerate() {
            let sum = &mut counts[(index(at) - first) as usize];
            *sum = sum.saturating_add(*count);
        }
        i32::try_from(last).ok()?;
        Some(Self {
            schema: point.scale - shift,
            first: i32::try_from(first).ok()?,
            counts,
        })
    }

    /// Into a histogram, which may have classic buckets already.
    pub(super) fn put(self, out: &mut Histogram, point: &ExponentialHistogramDataPoint) {
        out.sample_count = point.count;
        out.sample_sum = sum_of(point.flags, point.sum);
        out.schema = Some(self.schema);
        out.zero_threshold = match point.zero_threshold > 0.0 {
            true => point.zero_threshold,
            false => ZERO,
        };
        out.zero_count = point.zero_count;
        out.exemplars = exemplars(&point.exemplars);
        // A span without length tells an empty native histogram from a classic one.
        out.positive_span = vec![BucketSpan {
            offset: self.first,
            length: self.counts.len() as u32,
        }];
        out.positive_delta.clear();
        let mut before = 0;
        for count in self.counts {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            out.positive_delta.push(count - before);
            before = count;
        }
    }
}

/// The sum marks a whole histogram that ended, as in Prometheus.
fn sum_of(flags: u32, sum: Option<f64>) -> Option<f64> {
    match ended(flags) {
        true => Some(STALE),
        false => sum,
    }
}

fn exemplars(given: &[OtlpExemplar]) -> Vec<Exemplar> {
    given.iter().filter_map(exemplar).collect()
}
