//! Export batches: items of one signal out of many records, in the order in which they were taken, divisible down to one item.
//!
//! A batch points into shared conversions. Dividing it (a destination refused it for good) copies indices, never items.

use std::sync::Arc;

use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use super::group::{self, Group, Item, group};
use super::{json, protobuf};
use crate::convert::Otlp;

/// OTLP's signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Log records: logs, exceptions, measurements and events.
    Logs,
    /// Spans.
    Traces,
    /// What the aggregator makes.
    Metrics,
}

impl Signal {
    /// The name in settings, addresses and file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}

/// What a batch points into.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A record's conversion.
    Record(Arc<Otlp>),
    /// A snapshot of all metrics.
    Metrics(Arc<Vec<ResourceMetrics>>),
}

/// An item's place: which source, and the way down its tree.
#[derive(Clone, Copy, Debug)]
struct Place {
    source: u32,
    root: u32,
    scope: u32,
    item: u32,
    /// The item's place among those of its source.
    ordinal: u32,
}

/// Items that go out in one request.
#[derive(Clone, Debug)]
pub struct Batch {
    signal: Signal,
    sources: Arc<[Source]>,
    places: Vec<Place>,
}

impl Batch {
    /// All items of `signal` in `sources`.
    pub(crate) fn new(signal: Signal, sources: Vec<Source>) -> Self {
        let mut places = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            match signal {
                Signal::Logs => walk::<LogRecord>(at, source, &mut places),
                Signal::Traces => walk::<Span>(at, source, &mut places),
                Signal::Metrics => walk::<Metric>(at, source, &mut places),
            }
        }
        Self {
            signal,
            sources: sources.into(),
            places,
        }
    }

    /// The signal of all its items.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The source of each item.
    pub(crate) fn sources(&self) -> impl Iterator<Item = usize> {
        self.places.iter().map(|place| place.source as usize)
    }

    /// The batch in batches of at most so many items.
    pub(crate) fn of_at_most(self, items: usize) -> Vec<Self> {
        if self.len() <= items.max(1) {
            return vec![self];
        }
        let parts = self.places.chunks(items.max(1)).map(|places| Self {
            signal: self.signal,
            sources: Arc::clone(&self.sources),
            places: places.to_vec(),
        });
        parts.collect()
    }

    /// Both halves, the first not smaller. `None` where there is one item or none.
    pub(crate) fn split(&self) -> Option<(Self, Self)> {
        if self.len() < 2 {
            return None;
        }
        let (left, right) = self.places.split_at(self.len().div_ceil(2));
        let half = |places: &[Place]| Self {
            signal: self.signal,
            sources: Arc::clone(&self.sources),
            places: places.to_vec(),
        };
        Some((half(left), half(right)))
    }

    /// The items at these places alone, in this order.
    pub(crate) fn only(&self, places: &[usize]) -> Self {
        let known = places.iter().filter_map(|at| self.places.get(*at));
        Self {
            signal: self.signal,
            sources: Arc::clone(&self.sources),
            places: known.copied().collect(),
        }
    }

    /// The protobuf of the export request.
    pub(crate) fn protobuf(&self) -> Vec<u8> {
        match self.signal {
            Signal::Logs => protobuf::request(&self.groups::<LogRecord>()),
            Signal::Traces => protobuf::request(&self.groups::<Span>()),
            Signal::Metrics => protobuf::request(&self.groups::<Metric>()),
        }
    }

    /// The OTLP/JSON of the export request, in one line.
    pub(crate) fn json(&self) -> Vec<u8> {
        match self.signal {
            Signal::Logs => json::request(&self.groups::<LogRecord>()),
            Signal::Traces => json::request(&self.groups::<Span>()),
            Signal::Metrics => json::request(&self.groups::<Metric>()),
        }
    }

    /// Its log records; none for another signal.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &LogRecord> {
        let here = self.signal == Signal::Logs;
        here.then(|| self.items::<LogRecord>())
            .into_iter()
            .flatten()
    }

    /// Its spans; none for another signal.
    pub(crate) fn spans(&self) -> impl Iterator<Item = &Span> {
        let here = self.signal == Signal::Traces;
        here.then(|| self.items::<Span>()).into_iter().flatten()
    }

    fn groups<T: Branch>(&self) -> Vec<Group<'_, T>> {
        group(self.placed())
    }

    /// Its items in order, each with where it hangs. They have to be of the batch's signal.
    pub(crate) fn placed<T: Branch>(&self) -> impl Iterator<Item = (group::Place<'_>, &T)> {
        self.places.iter().map(|place| {
            let root = &T::roots(&self.sources[place.source as usize])[place.root as usize];
            let scope = place.scope as usize;
            (
                T::place(root, scope),
                &T::items(root, scope)[place.item as usize],
            )
        })
    }

    /// When each of its log records came in; zero where that is not known.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = u64> {
        self.places.iter().map(|place| {
            let Source::Record(otlp) = &self.sources[place.source as usize] else {
                return 0;
            };
            let arrivals = &otlp.arrivals;
            arrivals.get(place.ordinal as usize).copied().unwrap_or(0)
        })
    }

    fn items<T: Branch>(&self) -> impl Iterator<Item = &T> {
        self.placed().map(|(_, item)| item)
    }
}

/// Where a source keeps the trees of one kind of item.
pub(crate) trait Branch: Item {
    fn roots(source: &Source) -> &[Self::Root];
}

impl Branch for LogRecord {
    fn roots(source: &Source) -> &[ResourceLogs] {
        match source {
            Source::Record(otlp) => &otlp.logs,
            Source::Metrics(_) => &[],
        }
    }
}

impl Branch for Span {
    fn roots(source: &Source) -> &[ResourceSpans] {
        match source {
            Source::Record(otlp) => &otlp.traces,
            Source::Metrics(_) => &[],
        }
    }
}

impl Branch for Metric {
    fn roots(source: &Source) -> &[ResourceMetrics] {
        match source {
            Source::Metrics(metrics) => metrics,
            Source::Record(otlp) => &otlp.metrics,
        }
    }
}

fn walk<T: Branch>(number: usize, source: &Source, places: &mut Vec<Place>) {
    let first = places.len();
    for (at, root) in T::roots(source).iter().enumerate() {
        for scope in 0..T::scopes(root) {
            for item in 0..T::items(root, scope).len() {
                let ordinal = (places.len() - first) as u32;
                places.push(Place {
                    source: number as u32,
                    root: at as u32,
                    scope: scope as u32,
                    item: item as u32,
                    ordinal,
                });
            }
        }
    }
}

/// How many items of `signal` a conversion holds.
pub(crate) fn count(otlp: &Otlp, signal: Signal) -> u64 {
    match signal {
        Signal::Logs => leaves::<LogRecord>(&otlp.logs),
        Signal::Traces => leaves::<Span>(&otlp.traces),
        Signal::Metrics => leaves::<Metric>(&otlp.metrics),
    }
}

fn leaves<T: Item>(roots: &[T::Root]) -> u64 {
    let below = |root| (0..T::scopes(root)).map(move |scope| T::items(root, scope).len() as u64);
    roots.iter().flat_map(below).sum()
}

#[cfg(test)]
mod tests;
