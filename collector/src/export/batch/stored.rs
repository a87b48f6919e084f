//! Batches of records that go out as they are: each item of a record has a place, so that it has its fate, and a record goes out as a whole.

use std::sync::Arc;

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{Batch, Place, Signal, Source, walk};
use crate::convert::Dialect;
use crate::queue::Entry;

impl Batch {
    /// Records as they are. Its signal says nothing: they hold items of all.
    pub(crate) fn of_records(entries: Vec<Arc<Entry>>) -> Self {
        let place = |source: usize, item: u64| Place {
            source: source as u32,
            root: 0,
            scope: 0,
            item: item as u32,
            ordinal: item as u32,
        };
        let entry = |(at, entry): (usize, &Arc<Entry>)| {
            let items = 0..entry.items();
            items.map(move |item| place(at, item))
        };
        let places = entries.iter().enumerate().flat_map(entry).collect();
        let sources = entries.into_iter().map(Source::Stored);
        Self {
            signal: Signal::Logs,
            sources: sources.collect(),
            places,
        }
    }

    /// Whether it is of records as they are.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.sources.first(), Some(Source::Stored(_)))
    }

    /// Each of its records, and the places of its items in this batch.
    pub(crate) fn stored(&self) -> Vec<(&Arc<Entry>, Vec<usize>)> {
        let mut out: Vec<(&Arc<Entry>, Vec<usize>)> = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            let Some(Source::Stored(entry)) = self.sources.get(place.source as usize) else {
                continue;
            };
            match out.last_mut() {
                Some((last, places)) if Arc::ptr_eq(last, entry) => places.push(at),
                _ => out.push((entry, vec![at])),
            }
        }
        out
    }

    /// The same items as they are read: batches of each signal. What this version cannot read is in none.
    pub(crate) fn opened(&self) -> Vec<Self> {
        let mut out = Vec::new();
        for (entry, places) in self.stored() {
            let wanted = |ordinal: usize| {
                let ordinal = ordinal as u32;
                places.iter().any(|at| self.places[*at].ordinal == ordinal)
            };
            let source = Source::Record(entry.otlp(Dialect::Semconv));
            let mut before = 0;
            for signal in Signal::ALL {
                let mut all = Vec::new();
                match signal {
                    Signal::Logs => walk::<LogRecord>(0, &source, &mut all),
                    Signal::Traces => walk::<Span>(0, &source, &mut all),
                    Signal::Metrics => walk::<Metric>(0, &source, &mut all),
                }
                let own = all.iter().enumerate().filter(|(at, _)| wanted(before + at));
                let own: Vec<Place> = own.map(|(_, place)| *place).collect();
                before += all.len();
                if !own.is_empty() {
                    out.push(Self {
                        signal,
                        sources: [source.clone()].into(),
                        places: own,
                    });
                }
            }
        }
        out
    }
}
