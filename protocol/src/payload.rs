//! A payload: items with one meta.

use crate::event::Event;
use crate::exception::Exception;
use crate::item::{Item, Overrides};
use crate::log::Log;
use crate::measurement::Measurement;
use crate::meta::{Meta, Page, Session, User, View};
use crate::parse::Bounds;
use crate::signals::{LogRecord, Metric, ResourceLogs, ResourceMetrics, ScopeLogs, Signals};
use crate::span::Traces;
use crate::time::Time;

object! {
    /// The body of a request: Faro's, and what Farol adds.
    pub struct Payload {
        /// What is said about every item.
        pub meta: Meta = "meta",
        /// Log lines.
        pub logs: Vec<Log> = "logs",
        /// Exceptions.
        pub exceptions: Vec<Exception> = "exceptions",
        /// Measurements.
        pub measurements: Vec<Measurement> = "measurements",
        /// Events.
        pub events: Vec<Event> = "events",
        /// Spans.
        pub traces: Traces = "traces",
        /// What Farol's SDK says about the batch.
        pub farol: Farol = "farol",
        /// What came as OTLP: log records or metrics in the place of items. The collector writes this into what it stores; from a
        /// client it is not taken.
        pub otlp: Signals = "farol.otlp",
    }
}

object! {
    /// What Farol's SDK says about a batch.
    pub struct Farol {
        /// The version of this object.
        pub version: Option<u64> = "v",
        /// The SDK instance: 16 hexadecimal digits, new for each.
        pub client: String = "client",
        /// The sequence number of the payload's first item.
        pub seq: Option<u64> = "seq",
        /// The share of sessions that is sampled.
        pub rate: Option<f64> = "rate",
        /// Whether the session is sampled: `on`, `ring`, `off`.
        pub state: String = "state",
        /// Rates by kind, where they differ.
        pub kept: crate::map::Map<f64> = "kept",
        /// The kinds of which this payload holds the session's first.
        pub first: Vec<String> = "first",
        /// Whether the batch waited for a later page.
        pub deferred: Option<bool> = "deferred",
        /// Places in the order of items that hold none, because the item could not be read or was filtered. The
        /// collector writes this into what it stores; from a client it is not taken.
        pub lost: Vec<u64> = "lost",
        /// Attributes that the collector adds to every item: labels, marks. The collector writes this into what it
        /// stores; from a client it is not taken.
        pub added: crate::map::Attributes = "added",
        /// Templates of addresses in the payload, by the address. The collector writes this into what it stores; from a
        /// client it is not taken.
        pub routes: crate::map::Attributes = "routes",
    }
}

/// The parts of the meta that hold for one item.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Its page.
    pub page: &'a Page,
    /// Its view.
    pub view: &'a View,
    /// Its user.
    pub user: &'a User,
    /// Its session.
    pub session: &'a Session,
}

impl Payload {
    /// The payload as JSON, from which [`Payload::decode`] makes an equal one.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096);
        // Writing to memory fails only for what no payload holds.
        let _ = serde::Serialize::serialize(self, crate::write::Json(&mut out));
        out
    }

    /// Reads what [`Payload::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are not such a payload.
    pub fn decode(bytes: &[u8]) -> Result<Payload, serde_json::Error> {
        let bounds = Bounds {
            depth: usize::MAX,
            values: usize::MAX,
        };
        let mut payload = Payload::default();
        let usual = std::str::from_utf8(bytes).map(|text| payload.read_usual(text, bounds));
        match usual {
            Ok(Ok(_)) => Ok(payload),
            _ => serde_json::from_slice(bytes),
        }
    }

    /// The items in counting order, each with its place in the payload as it came: that of the unreadable ones is empty.
    pub fn items(&self) -> impl Iterator<Item = (u32, Item<'_>)> {
        let spans = self.traces.resource_spans.iter().flat_map(|resource| {
            resource.scope_spans.iter().flat_map(move |scope| {
                let spans = scope.spans.iter();
                spans.map(move |span| Item::Span(resource, scope, span))
            })
        });
        let items = (self.logs.iter().map(Item::Log))
            .chain(self.exceptions.iter().map(Item::Exception))
            .chain(self.measurements.iter().map(Item::Measurement))
            .chain(self.events.iter().map(Item::Event))
            .chain(spans);
        self.places().zip(items)
    }

    /// OTLP's log records in order, each with its place as it came.
    pub fn records(&self) -> impl Iterator<Item = (u32, &ResourceLogs, &ScopeLogs, &LogRecord)> {
        let records = self.otlp.resource_logs.iter().flat_map(|resource| {
            resource.scope_logs.iter().flat_map(move |scope| {
                let records = scope.log_records.iter();
                records.map(move |record| (resource, scope, record))
            })
        });
        let placed = self.places().zip(records);
        placed.map(|(place, (resource, scope, record))| (place, resource, scope, record))
    }

    /// OTLP's metrics in order, each with its place as it came.
    pub fn metrics(&self) -> impl Iterator<Item = (u32, &ResourceMetrics, &Metric)> {
        let metrics = self.otlp.resource_metrics.iter().flat_map(|resource| {
            let scopes = resource.scope_metrics.iter().flat_map(|it| &it.metrics);
            scopes.map(move |metric| (resource, metric))
        });
        let placed = self.places().zip(metrics);
        placed.map(|(place, (resource, metric))| (place, resource, metric))
    }

    /// How many items there are to read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.logs.len()
            + self.exceptions.len()
            + self.measurements.len()
            + self.events.len()
            + self.spans()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many spans there are.
    #[must_use]
    pub fn spans(&self) -> usize {
        let scopes = self
            .traces
            .resource_spans
            .iter()
            .flat_map(|r| &r.scope_spans);
        scopes.map(|scope| scope.spans.len()).sum()
    }

    /// The parts of the meta that hold for an item with these overrides.
    #[must_use]
    pub fn context<'a>(&'a self, overrides: Option<&'a Overrides>) -> Context<'a> {
        let own = overrides;
        Context {
            page: own
                .and_then(|o| o.page.as_deref())
                .unwrap_or(&self.meta.page),
            view: own
                .and_then(|o| o.view.as_deref())
                .unwrap_or(&self.meta.view),
            user: own
                .and_then(|o| o.user.as_deref())
                .unwrap_or(&self.meta.user),
            session: (own.and_then(|o| o.session.as_deref())).unwrap_or(&self.meta.session),
        }
    }

    /// Keeps the items that `keep` wants; the others' places stay empty, so that nothing else is renamed by it.
    pub fn retain(&mut self, mut keep: impl FnMut(u32, Item<'_>) -> bool) {
        let mut places = self.places().collect_places(self.len());
        let mut lost = std::mem::take(&mut self.farol.lost);
        let mut wanted = |item: Item<'_>| {
            let place = places.next().unwrap_or(u32::MAX);
            let kept = keep(place, item);
            if !kept {
                lost.push(u64::from(place));
            }
            kept
        };
        self.logs.retain(|item| wanted(Item::Log(item)));
        self.exceptions.retain(|item| wanted(Item::Exception(item)));
        self.measurements
            .retain(|item| wanted(Item::Measurement(item)));
        self.events.retain(|item| wanted(Item::Event(item)));
        for resource in &mut self.traces.resource_spans {
            let mut scopes = std::mem::take(&mut resource.scope_spans);
            for scope in &mut scopes {
                let mut spans = std::mem::take(&mut scope.spans);
                spans.retain(|span| wanted(Item::Span(resource, scope, span)));
                scope.spans = spans;
            }
            scopes.retain(|scope| !scope.spans.is_empty());
            resource.scope_spans = scopes;
        }
        let resources = &mut self.traces.resource_spans;
        resources.retain(|resource| !resource.scope_spans.is_empty());
        lost.sort_unstable();
        lost.dedup();
        self.farol.lost = lost;
    }

    /// Takes out the items, and OTLP's log records and metrics, at these places, which stand in order.
    pub fn remove(&mut self, lost: &[u32]) {
        if lost.is_empty() {
            return;
        }
        let records = self.otlp.records();
        let places = self.places().collect_places(records);
        let mut places = places.chain(self.places().collect_places(self.otlp.metrics()));
        self.retain(|place, _| lost.binary_search(&place).is_err());
        let gone = &mut self.farol.lost;
        let mut kept = || {
            let place = places.next().unwrap_or(u32::MAX);
            let kept = lost.binary_search(&place).is_err();
            if !kept {
                gone.push(u64::from(place));
            }
            kept
        };
        self.otlp.resource_logs.retain_mut(|resource| {
            resource.scope_logs.retain_mut(|scope| {
                scope.log_records.retain(|_| kept());
                !scope.log_records.is_empty()
            });
            !resource.scope_logs.is_empty()
        });
        self.otlp.resource_metrics.retain_mut(|resource| {
            resource.scope_metrics.retain_mut(|scope| {
                scope.metrics.retain(|_| kept());
                !scope.metrics.is_empty()
            });
            !resource.scope_metrics.is_empty()
        });
        gone.sort_unstable();
    }

    /// Places that hold an item, in order and without end.
    fn places(&self) -> Places<'_> {
        Places {
            next: 0,
            lost: self.farol.lost.iter().peekable(),
        }
    }
}

struct Places<'a> {
    next: u32,
    lost: std::iter::Peekable<std::slice::Iter<'a, u64>>,
}

impl Places<'_> {
    fn collect_places(self, count: usize) -> std::vec::IntoIter<u32> {
        self.take(count).collect::<Vec<_>>().into_iter()
    }
}

impl Iterator for Places<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while let Some(lost) = self.lost.next_if(|lost| **lost <= u64::from(self.next)) {
            // One that lies behind takes no place away.
            self.next += u32::from(*lost == u64::from(self.next));
        }
        self.next += 1;
        Some(self.next - 1)
    }
}

impl<'a> Item<'a> {
    /// When the item was made; a span, when it began.
    #[must_use]
    pub fn time(self) -> &'a Time {
        match self {
            Item::Log(item) => &item.timestamp,
            Item::Exception(item) => &item.timestamp,
            Item::Measurement(item) => &item.timestamp,
            Item::Event(item) => &item.timestamp,
            Item::Span(_, _, span) => &span.start.0,
        }
    }
}
