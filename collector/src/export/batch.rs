//! Export batches: items of one signal out of many records, in the order in which they were taken, divisible down to one item.
//!
//! A batch points into shared conversions. Dividing it (a destination refused it for good) copies indices, never items.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use super::group::{self, Group, Item, group};
use super::{json, protobuf};
use crate::config::Signals;
use crate::convert::{self, Otlp, Written};
use crate::queue::Entry;

mod stored;

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
    /// Each of them, in the order of their names in settings.
    pub(crate) const ALL: [Self; 3] = [Self::Logs, Self::Traces, Self::Metrics];

    /// Those that a destination wants.
    pub(crate) fn of(wanted: Signals) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |it| it.is_of(wanted))
    }

    /// Whether a destination that wants these wants it.
    pub(crate) const fn is_of(self, wanted: Signals) -> bool {
        match self {
            Self::Logs => wanted.logs,
            Self::Traces => wanted.traces,
            Self::Metrics => wanted.metrics,
        }
    }

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
    /// The same as bytes. A batch of log records or spans has either these or the others.
    Written(Arc<Written>),
    /// A snapshot of all metrics.
    Metrics(Arc<Vec<ResourceMetrics>>),
    /// A record as it is in the queue; its items are counted and not looked at.
    Stored(Arc<Entry>),
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

    /// Of each source the items at these places alone, where there are such.
    pub(crate) fn of_sources(mut self, places: &[Option<Vec<usize>>]) -> Self {
        let is_of = |of: &Vec<usize>, place: &Place| of.contains(&(place.ordinal as usize));
        self.places
            .retain(|place| match places.get(place.source as usize) {
                Some(Some(of)) => is_of(of, place),
                _ => true,
            });
        self
    }

    /// The protobuf of the export request.
    pub(crate) fn protobuf(&self) -> Vec<u8> {
        match self.signal {
            Signal::Logs | Signal::Traces if self.is_written() => protobuf::written(self.written()),
            Signal::Logs => protobuf::request(&self.groups::<LogRecord>()),
            Signal::Traces => protobuf::request(&self.groups::<Span>()),
            Signal::Metrics => protobuf::request(&self.groups::<Metric>()),
        }
    }

    /// The OTLP/JSON of the export request, in one line.
    pub(crate) fn json(&self) -> Vec<u8> {
        let typed = self.typed();
        match self.signal {
            Signal::Logs => json::request(&typed.groups::<LogRecord>()),
            Signal::Traces => json::request(&typed.groups::<Span>()),
            Signal::Metrics => json::request(&typed.groups::<Metric>()),
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

    fn is_written(&self) -> bool {
        matches!(self.sources.first(), Some(Source::Written(_)))
    }

    /// Its items as bytes, each with where it hangs.
    fn written(&self) -> impl Iterator<Item = (convert::Place<'_>, &[u8])> {
        self.places.iter().filter_map(|place| {
            let Source::Written(written) = &self.sources[place.source as usize] else {
                return None;
            };
            match self.signal {
                Signal::Logs => written.log(place.item as usize),
                Signal::Traces => written.span(place.item as usize),
                Signal::Metrics => None,
            }
        })
    }

    /// The same batch, item by item, in OTLP's types. Bytes are read for that.
    pub(crate) fn typed(&self) -> Cow<'_, Self> {
        if !self.is_written() || self.signal == Signal::Metrics {
            return Cow::Borrowed(self);
        }
        let mut all = Vec::with_capacity(self.sources.len());
        let mut sources = Vec::with_capacity(self.sources.len());
        for (at, source) in self.sources.iter().enumerate() {
            let source = match source {
                Source::Written(written) => {
                    Source::Record(Arc::new(written.typed(self.signal == Signal::Logs)))
                }
                other => other.clone(),
            };
            let mut places = Vec::new();
            match self.signal {
                Signal::Traces => walk::<Span>(at, &source, &mut places),
                _ => walk::<LogRecord>(at, &source, &mut places),
            }
            all.push(places);
            sources.push(source);
        }
        let find = |place: &Place| {
            let places: &Vec<Place> = &all[place.source as usize];
            places.get(place.ordinal as usize).copied()
        };
        Cow::Owned(Self {
            signal: self.signal,
            places: self.places.iter().filter_map(find).collect(),
            sources: sources.into(),
        })
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

    /// What else was said of each of its log records, where it is a line.
    pub(crate) fn said(&self) -> impl Iterator<Item = &[KeyValue]> {
        self.places.iter().map(|place| {
            let Source::Record(otlp) = &self.sources[place.source as usize] else {
                return &[][..];
            };
            let said = otlp.said.get(place.ordinal as usize);
            said.map_or(&[][..], Vec::as_slice)
        })
    }

    fn items<T: Branch>(&self) -> impl Iterator<Item = &T> {
        self.placed().map(|(_, item)| item)
    }
}

/// Where a source keeps the trees of one kind of item.
pub(crate) trait Branch: Item {
    fn roots(source: &Source) -> &[Self::Root];

    /// How many of them a source has as bytes instead.
    fn in_bytes(_source: &Source) -> usize {
        0
    }
}

impl Branch for LogRecord {
    fn roots(source: &Source) -> &[ResourceLogs] {
        match source {
            Source::Record(otlp) => &otlp.logs,
            Source::Metrics(_) | Source::Written(_) | Source::Stored(_) => &[],
        }
    }

    fn in_bytes(source: &Source) -> usize {
        match source {
            Source::Written(written) => written.log_count(),
            _ => 0,
        }
    }
}

impl Branch for Span {
    fn roots(source: &Source) -> &[ResourceSpans] {
        match source {
            Source::Record(otlp) => &otlp.traces,
            Source::Metrics(_) | Source::Written(_) | Source::Stored(_) => &[],
        }
    }

    fn in_bytes(source: &Source) -> usize {
        match source {
            Source::Written(written) => written.span_count(),
            _ => 0,
        }
    }
}

impl Branch for Metric {
    fn roots(source: &Source) -> &[ResourceMetrics] {
        match source {
            Source::Metrics(metrics) => metrics,
            Source::Record(otlp) => &otlp.metrics,
            Source::Written(written) => &written.metrics,
            Source::Stored(_) => &[],
        }
    }
}

fn walk<T: Branch>(number: usize, source: &Source, places: &mut Vec<Place>) {
    let first = places.len();
    let own = |item: u32| Place {
        source: number as u32,
        root: 0,
        scope: 0,
        item,
        ordinal: item,
    };
    places.extend((0..T::in_bytes(source) as u32).map(own));
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
pub(crate) fn count(source: &Source, signal: Signal) -> u64 {
    match signal {
        Signal::Logs => leaves::<LogRecord>(source),
        Signal::Traces => leaves::<Span>(source),
        Signal::Metrics => leaves::<Metric>(source),
    }
}

fn leaves<T: Branch>(source: &Source) -> u64 {
    let below = |root| (0..T::scopes(root)).map(move |scope| T::items(root, scope).len());
    let items: usize = T::roots(source).iter().flat_map(below).sum();
    (items + T::in_bytes(source)) as u64
}

#[cfg(test)]
mod tests;
