//! A metric, and its values at one moment.

/// A metric as declared.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it says, from its doc comment.
    pub help: &'static str,
    /// What kind of figure it is.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// Kinds of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A metric with its values.
#[derive(Debug, Clone)]
pub struct Family {
    /// What it is.
    pub metric: &'static Metric,
    /// Values by their labels.
    pub samples: Vec<(Vec<String>, Value)>,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter or gauge.
    Number(f64),
    /// Of a histogram.
    Histogram {
        /// Upper bounds with how many were not above each.
        buckets: Vec<(f64, u64)>,
        /// The sum of all.
        sum: f64,
        /// How many.
        count: u64,
    },
}

impl Family {
    /// Without values yet.
    pub fn new(metric: &'static Metric) -> Self {
        Self {
            metric,
            samples: Vec::new(),
        }
    }
}

impl Kind {
    /// The name in the text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}
