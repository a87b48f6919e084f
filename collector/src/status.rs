//! The status page: how every destination, the queue and the apps are, at one look. For machines as JSON, for people as HTML or plain text.
//!
//! All of it is read from where `/metrics` reads it. What a destination said may quote data, so of its answers only the code is shown.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use jiff::Timestamp;
use serde::Serialize;

use crate::export::Stats;
use crate::outcome::Deliveries;
use crate::queue::Lag;
use crate::telemetry::Sources;

mod page;

pub use page::{Form, POLICY};

/// What is known from elsewhere than the parts themselves.
#[derive(Debug, Default)]
pub struct Beside {
    /// Why nothing can be taken, where that is so.
    pub trouble: Option<&'static str>,
    /// Bytes of dead letters by destination.
    pub dead_letters: BTreeMap<String, u64>,
    /// Nanoseconds since 1970.
    pub now_ns: u64,
}

/// All of it, at one moment.
#[derive(Debug, Serialize)]
pub struct Status {
    version: &'static str,
    time: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    config: Config,
    destinations: Vec<Destination>,
    queue: Queue,
    metrics: Metrics,
    sources: Vec<Source>,
    apps: Vec<App>,
}

#[derive(Debug, Serialize)]
struct Config {
    generation: u32,
    since: String,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct Destination {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    circuit: &'static str,
    failing_since: Option<String>,
    last_reason: Option<String>,
    pending: u64,
    lag: Waiting,
    exported: u64,
    filtered: u64,
    dropped: BTreeMap<&'static str, u64>,
    dead_letter_bytes: u64,
    metrics: Snapshots,
}

/// What the queue holds for a reader.
#[derive(Debug, Default, Serialize)]
struct Waiting {
    records: u64,
    items: u64,
    bytes: u64,
    oldest_seconds: f64,
}

/// Snapshots of the metrics that are made out of items.
#[derive(Debug, Serialize)]
struct Snapshots {
    delivered: u64,
    superseded: u64,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct Queue {
    #[serde(rename = "type")]
    kind: &'static str,
    records: u64,
    bytes: u64,
    max_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<u64>,
}

/// What is made out of items.
#[derive(Debug, Serialize)]
struct Metrics {
    series: u64,
    lag: Waiting,
}

#[derive(Debug, Serialize)]
struct Source {
    name: String,
    failing: bool,
    taken: u64,
    duplicate: u64,
    unreadable: u64,
}

#[derive(Debug, Serialize)]
struct App {
    name: String,
    /// Requests that each key admitted.
    keys: BTreeMap<String, u64>,
}

impl Status {
    /// What there is to say.
    pub fn gather(sources: &Sources, beside: &Beside) -> Self {
        let books = sources.ledgers.snapshot();
        let lags = Lags {
            lags: sources.queue.lags().into_iter().collect(),
            oldest: sources.queue.oldest(),
            now_ns: beside.now_ns,
        };
        let config = sources.current.figures();
        let live = sources.current.load();
        let depth = sources.queue.depth();
        let disk = sources.queue.figures();
        let destinations = sources.destinations.all();
        let destinations = destinations.iter().map(|(name, stats)| {
            let none = Deliveries::default();
            let books = books.destinations.get(name).unwrap_or(&none);
            let letters = beside.dead_letters.get(name);
            Destination::of(name, stats, books, lags.of(name), letters)
        });
        let uses = live.admission.key_uses().figures();
        let apps = live.admission.apps().map(|app| {
            let own = uses.iter().filter(|(name, ..)| *name == app.name);
            App {
                name: app.name.clone(),
                keys: own.map(|(_, label, n)| (label.clone(), *n)).collect(),
            }
        });
        let read = sources.sources.all();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            time: time(beside.now_ns / 1_000_000_000),
            ready: beside.trouble.is_none(),
            reason: beside.trouble.map(|why| why.trim().to_owned()),
            config: Config {
                generation: config.generation,
                since: time(config.since),
                refused: config.refused,
            },
            destinations: destinations.collect(),
            queue: Queue {
                kind: disk.map_or("memory", |_| "disk"),
                records: depth.records as u64,
                bytes: depth.bytes as u64,
                max_bytes: depth.max_bytes as u64,
                disk_free_bytes: disk.map(|it| it.free.load(Relaxed)),
                failures: disk.map(|it| {
                    let all = [&it.write_failures, &it.read_failures, &it.cursor_failures];
                    all.into_iter().map(|n| n.load(Relaxed)).sum()
                }),
            },
            metrics: Metrics {
                series: sources.aggregate.series.load(Relaxed),
                lag: lags.of(crate::aggregate::READER),
            },
            sources: read
                .iter()
                .map(|(name, stats)| Source {
                    name: name.clone(),
                    failing: stats.failing.load(Relaxed),
                    taken: stats.taken.load(Relaxed),
                    duplicate: stats.duplicate.load(Relaxed),
                    unreadable: stats.unreadable.load(Relaxed),
                })
                .collect(),
            apps: apps.collect(),
        }
    }
}

impl Destination {
    fn of(
        name: &str,
        stats: &Stats,
        books: &Deliveries,
        lag: Waiting,
        letters: Option<&u64>,
    ) -> Self {
        let dropped = books.dropped.iter().filter(|(_, n)| **n > 0);
        Self {
            name: name.to_owned(),
            kind: stats.kind(),
            circuit: stats.circuit(),
            failing_since: stats.failing_since().map(time),
            last_reason: stats.last_reason().map(|reason| reason.code),
            pending: books.pending(),
            lag,
            exported: books.exported,
            filtered: books.filtered.values().sum(),
            dropped: dropped.map(|(why, n)| (why.as_str(), *n)).collect(),
            dead_letter_bytes: letters.copied().unwrap_or_default(),
            metrics: Snapshots {
                delivered: stats.snapshots.load(Relaxed),
                superseded: stats.snapshots_superseded.load(Relaxed),
                refused: stats.snapshots_refused.load(Relaxed),
            },
        }
    }
}

/// How far behind everybody is.
struct Lags {
    lags: BTreeMap<String, Lag>,
    oldest: BTreeMap<String, u64>,
    now_ns: u64,
}

impl Lags {
    fn of(&self, reader: &str) -> Waiting {
        let lag = self.lags.get(reader).copied().unwrap_or_default();
        let oldest = self.oldest.get(reader);
        let age = oldest.map_or(0, |at| self.now_ns.saturating_sub(*at));
        Waiting {
            records: lag.records,
            items: lag.items,
            bytes: lag.bytes as u64,
            oldest_seconds: (age / 1_000_000) as f64 / 1e3,
        }
    }
}

fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|it| Timestamp::from_second(it).ok());
    time.unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests;
