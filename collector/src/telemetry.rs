//! The collector's own metrics: one table, whose doc comments are the help texts, and where each figure is read.
//!
//! Most figures are read from the ledgers and the parts themselves at scrape time, so that no second count can disagree.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::decode::Cut;
use crate::dedupe::Dedupe;
use crate::export::{Circuit, Roster, Stats};
use crate::inflate::Budget;
use crate::live::Current;
use crate::outcome::{Abort, Deliveries, DropReason, Ledgers, Refusal, Snapshot};
use crate::queue::Queue;
use crate::record::Counts;
use crate::serve::Connections;

mod exposition;
mod family;
mod histogram;
mod process;
pub(crate) mod proto;
mod traces;

pub use exposition::{Format, encode, negotiate};
pub use family::{Family, Kind, Metric, Value};
pub use histogram::Histogram;
pub use traces::{TARGET, Traces};

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $id:ident = $name:literal, $kind:ident, [$($label:literal),*];)+) => {
        /// Every metric of the collector itself, in the order of `/metrics`.
        pub const TABLE: &[&Metric] = &[$(&$id),+];
        $(
            $(#[doc = $help])+
            pub static $id: Metric = Metric {
                name: $name,
                help: concat!($($help),+),
                kind: Kind::$kind,
                labels: &[$($label),*],
            };
        )+
    };
}

metrics! {
    /// Always 1; says which version runs.
    BUILD_INFO = "farol_build_info", Gauge, ["version"];
    /// Counts the configurations that were taken since the start, which is 1.
    CONFIG_GENERATION = "farol_config_generation", Gauge, [];
    /// When the configuration that holds was taken, seconds since 1970.
    CONFIG_SINCE = "farol_config_last_success_timestamp_seconds", Gauge, [];
    /// Times that a changed configuration was refused and the one before stayed.
    CONFIG_REFUSED = "farol_config_reload_failures_total", Counter, [];
    /// 1 while the configuration that was read last is refused and the one before stays.
    CONFIG_LAST_REFUSED = "farol_config_refused", Gauge, [];
    /// Requests that reached a collect route with POST.
    REQUESTS_RECEIVED = "farol_requests_received_total", Counter, [];
    /// Requests by how they ended: accepted, duplicate, refused, aborted. Received minus all of these are being worked on.
    REQUESTS = "farol_requests_total", Counter, ["outcome", "reason"];
    /// Requests that a key admitted, by its app and its label. What becomes of them is in the metric before.
    KEY_USES = "farol_key_requests_total", Counter, ["app", "key"];
    /// Times that a rate was exceeded, by limit (all, address, app), unit (requests, bytes) and whether the request was refused or the limit only observes.
    RATE_EXCEEDED = "farol_rate_exceeded_total", Counter, ["limit", "unit", "action"];
    /// Time from a request's head to its answer.
    REQUEST_DURATION = "farol_request_duration_seconds", Histogram, [];
    /// Bytes of bodies as they were sent.
    REQUEST_BODY = "farol_request_body_bytes", Histogram, [];
    /// Items in bodies that could be read.
    ITEMS_SEEN = "farol_items_seen_total", Counter, [];
    /// Items by what became of them up to the queue: enqueued, filtered, dropped, refused.
    ITEMS = "farol_items_total", Counter, ["outcome", "reason"];
    /// Items that an operator's filter left out, by its name. They are in the metric before with the reason `rule`.
    ITEMS_BY_FILTER = "farol_items_filtered_total", Counter, ["filter"];
    /// Parts of items that were taken that were over a limit and left out: attributes (and frames, causes, points …), and texts that were shortened.
    CUT = "farol_cut_total", Counter, ["what"];
    /// Items put into the queue, by kind.
    ITEMS_BY_KIND = "farol_items_enqueued_by_kind_total", Counter, ["kind"];
    /// Items that a destination got to deliver: recovered from the data folder, enqueued, or replayed.
    DESTINATION_IN = "farol_destination_items_received_total", Counter, ["destination", "source"];
    /// Items by what became of them at a destination: exported, filtered, dropped.
    DESTINATION_OUT = "farol_destination_items_total", Counter, ["destination", "outcome", "reason"];
    /// Items that a destination has not delivered yet.
    DESTINATION_PENDING = "farol_destination_items_pending", Gauge, ["destination"];
    /// Attempts to deliver a batch, by how the destination took it: accepted, retried, refused.
    DESTINATION_ATTEMPTS = "farol_destination_attempts_total", Counter, ["destination", "outcome"];
    /// Snapshots of the metrics that are made out of items, by what became of them at a destination: delivered, superseded (a newer one overtook it and holds all of it), refused.
    DESTINATION_SNAPSHOTS = "farol_destination_snapshots_total", Counter, ["destination", "outcome"];
    /// 1 while metrics that are made out of items are still to come to a destination: it is away, or they are not due yet. 0 of one that gets none.
    DESTINATION_METRICS_PENDING = "farol_destination_metrics_pending", Gauge, ["destination"];
    /// 1 from a failed attempt to the next one of that signal that is answered.
    DESTINATION_FAILING = "farol_destination_failing", Gauge, ["destination"];
    /// The circuit breaker of a destination: 1 at the state that it is in. Open: nothing is sent, or nothing of a tenant or signal; half_open: one try is on its way.
    DESTINATION_CIRCUIT = "farol_destination_circuit", Gauge, ["destination", "state"];
    /// Times that a destination's circuit breaker opened, after five failures in a row.
    DESTINATION_OPENED = "farol_destination_circuit_opened_total", Counter, ["destination"];
    /// Messages of a source by what became of them: taken, duplicate, unreadable.
    SOURCE_MESSAGES = "farol_source_messages_total", Counter, ["source", "outcome"];
    /// 1 from a failure of a source to the next time that it is read.
    SOURCE_FAILING = "farol_source_failing", Gauge, ["source"];
    /// Conversions of records, by dialect: shared (once for all destinations of the dialect), bytes (once for all of them that send OTLP as it is) or own (what one destination alone wants of a record, or a part of a very large one).
    CONVERSIONS = "farol_conversions_total", Counter, ["dialect", "for"];
    /// Entries in the queue.
    QUEUE_RECORDS = "farol_queue_records", Gauge, [];
    /// Bytes in the queue.
    QUEUE_BYTES = "farol_queue_bytes", Gauge, [];
    /// Bytes that the queue may hold.
    QUEUE_LIMIT = "farol_queue_limit_bytes", Gauge, [];
    /// Files of the queue on disk.
    QUEUE_SEGMENTS = "farol_queue_segments", Gauge, [];
    /// Time to make a group of records durable: one write and one sync.
    QUEUE_SYNC = "farol_queue_sync_duration_seconds", Histogram, [];
    /// Records that were made durable at once.
    QUEUE_GROUP = "farol_queue_group_records", Histogram, [];
    /// Bytes free on the disk of the queue, when it was last looked at.
    QUEUE_DISK_FREE = "farol_queue_disk_free_bytes", Gauge, [];
    /// Failures of the disk under the queue, by what was done: write (those clients were refused), read, cursors.
    QUEUE_FAILURES = "farol_queue_failures_total", Counter, ["operation"];
    /// Entries that a reader of the queue has not acknowledged.
    QUEUE_LAG_RECORDS = "farol_queue_lag_records", Gauge, ["reader"];
    /// Age of the oldest entry that a reader of the queue has not acknowledged; of one that only the disk has, to a second, or to a thirtieth of the time that its file spans.
    QUEUE_LAG_SECONDS = "farol_queue_lag_seconds", Gauge, ["reader"];
    /// Series of the metrics that are made out of items.
    AGGREGATE_SERIES = "farol_aggregate_series", Gauge, [];
    /// CLS and INP of visits that may report them again; they count when that time is over.
    AGGREGATE_HELD = "farol_aggregate_held_reports", Gauge, [];
    /// Reports of CLS and INP by what became of them: settled (counted), early (counted before, for want of room or because the collector stopped), replaced (by a later one of their visit), late (their visit had been counted).
    AGGREGATE_REPORTS = "farol_aggregate_reports_total", Counter, ["outcome"];
    /// Sessions of SDKs other than Farol's that had met an exception and were forgotten early, for want of room; their next exception counts them again.
    AGGREGATE_FORGOTTEN = "farol_aggregate_sessions_forgotten_total", Counter, [];
    /// Bytes that a reader of the queue has not acknowledged.
    QUEUE_LAG_BYTES = "farol_queue_lag_bytes", Gauge, ["reader"];
    /// Batches whose repetition would be recognised.
    DEDUPE_BATCHES = "farol_dedupe_batches", Gauge, [];
    /// Bytes of the files that batches are remembered in.
    DEDUPE_BYTES = "farol_dedupe_bytes", Gauge, [];
    /// Files of remembered batches that held something damaged. Their batches may be taken twice, none is lost.
    DEDUPE_DAMAGED = "farol_dedupe_damaged_files_total", Counter, [];
    /// Times that remembered batches could not be written to the data folder.
    DEDUPE_FAILED = "farol_dedupe_write_failures_total", Counter, [];
    /// How far back repeated batches are recognised; below 172800 when there were more batches than are kept, or a file of them was damaged.
    DEDUPE_WINDOW = "farol_dedupe_window_seconds", Gauge, [];
    /// Bytes of bodies that are being read or worked on.
    BODIES = "farol_bodies_in_flight_bytes", Gauge, [];
    /// Connections that are open.
    CONNECTIONS = "farol_connections_open", Gauge, [];
    /// Connections that were accepted.
    CONNECTIONS_ACCEPTED = "farol_connections_accepted_total", Counter, [];
    /// Connections that were closed before they could send a request: too many in all, from one address or in their handshakes, no TLS that is spoken here, no header of a trusted proxy.
    CONNECTIONS_REFUSED = "farol_connections_refused_total", Counter, ["reason"];
    /// Stored files of an earlier run that held something damaged; what was whole in them was taken.
    RECOVERY_DAMAGED = "farol_recovery_damaged_files_total", Counter, [];
    /// Records that were found in the data folder at start and that somebody still wanted.
    RECOVERY_RECORDS = "farol_recovery_records_total", Counter, [];
    /// Damaged places in stored files, found at start or when they were read.
    RECOVERY_GAPS = "farol_recovery_damaged_places_total", Counter, [];
    /// Bytes at the end of the queue that a crash left unfinished. No client was told that they were taken.
    RECOVERY_TORN = "farol_recovery_torn_bytes_total", Counter, [];
    /// Times that a destination's task was started again after a panic.
    DESTINATION_RESTARTS = "farol_destination_restarts_total", Counter, ["destination"];
    /// Requests or items that ended without a verdict, and items of a destination that had more than one. Anything but 0 is a bug; please report it.
    BUGS = "farol_bugs_total", Counter, [];
    /// Processor time used, user and system.
    PROCESS_CPU = "process_cpu_seconds_total", Counter, [];
    /// Memory that is resident.
    PROCESS_RSS = "process_resident_memory_bytes", Gauge, [];
    /// File handles that are open.
    PROCESS_FDS = "process_open_fds", Gauge, [];
    /// When the process started, seconds since 1970.
    PROCESS_START = "process_start_time_seconds", Gauge, [];
}

/// What is counted here because no part of the collector keeps it for its own use.
#[derive(Debug)]
pub struct Meters {
    /// Time from head to answer.
    pub request_duration: Histogram,
    /// Bytes of bodies as sent.
    pub request_body: Histogram,
    enqueued_by_kind: [AtomicU64; 5],
    cut: [AtomicU64; 2],
    /// By the filter's name; names come from settings alone.
    filtered: Mutex<BTreeMap<String, u64>>,
    recovery_damaged: AtomicU64,
}

const KINDS: [&str; 5] = ["log", "exception", "measurement", "event", "span"];

impl Default for Meters {
    fn default() -> Self {
        Self {
            // The bar is 5 ms in memory and 20 ms with fsync at the 99th percentile; 15 s is a body's time-out.
            request_duration: Histogram::new(&[
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0,
            ]),
            // SDKs send 1 to 4 KiB; keepalive ends at 64 KiB; the default bound is 1 MiB.
            request_body: Histogram::new(&[
                256.0,
                1024.0,
                4096.0,
                16384.0,
                65536.0,
                262_144.0,
                1_048_576.0,
            ]),
            enqueued_by_kind: Default::default(),
            cut: Default::default(),
            filtered: Mutex::default(),
            recovery_damaged: AtomicU64::new(0),
        }
    }
}

impl Meters {
    /// Counts what went into the queue, by kind.
    pub fn enqueued(&self, counts: &Counts) {
        let by_kind = [
            counts.logs,
            counts.exceptions,
            counts.measurements,
            counts.events,
            counts.spans,
        ];
        for (meter, n) in self.enqueued_by_kind.iter().zip(by_kind) {
            if n > 0 {
                meter.fetch_add(u64::from(n), Relaxed);
            }
        }
    }

    /// Counts what was over a limit within items.
    pub fn cut(&self, cut: &Cut) {
        for (meter, n) in self.cut.iter().zip([cut.parts, cut.strings]) {
            if n > 0 {
                meter.fetch_add(n, Relaxed);
            }
        }
    }

    /// Counts what a filter left out.
    pub fn filtered(&self, filter: &str, n: u64) {
        if n == 0 {
            return;
        }
        let mut filtered = self.filtered.lock().unwrap_or_else(PoisonError::into_inner);
        match filtered.get_mut(filter) {
            Some(count) => *count += n,
            None => {
                filtered.insert(filter.to_owned(), n);
            }
        }
    }

    /// Counts a stored file that was not whole.
    pub fn recovery_damaged(&self) {
        self.recovery_damaged.fetch_add(1, Relaxed);
    }
}

/// The parts that figures are read from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The three ledgers.
    pub ledgers: Ledgers,
    /// The queue.
    pub queue: Queue,
    /// The memory of batches.
    pub dedupe: Dedupe,
    /// Who is connected.
    pub connections: Connections,
    /// Bodies in memory.
    pub bodies: Budget,
    /// What is counted for its own sake.
    pub meters: Arc<Meters>,
    /// What the aggregator does.
    pub aggregate: Arc<crate::aggregate::Stats>,
    /// Destinations' health, by name.
    pub destinations: Roster,
    /// Where records are read from, by name.
    pub sources: crate::source::Sources,
    /// Which settings hold.
    pub current: Current,
}

impl Sources {
    /// Every metric at this moment.
    pub fn gather(&self) -> Vec<Family> {
        let books = self.ledgers.snapshot();
        let mut out = Gathered::default();
        out.add(&BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1);
        let config = self.current.figures();
        out.add(&CONFIG_GENERATION, &[], u64::from(config.generation));
        out.add(&CONFIG_SINCE, &[], config.since);
        out.add(&CONFIG_REFUSED, &[], config.refused);
        out.add(&CONFIG_LAST_REFUSED, &[], u64::from(config.last_refused));
        requests(&mut out, &books);
        let live = self.current.load();
        for (app, key, n) in live.admission.key_uses().figures() {
            out.add(&KEY_USES, &[&app, &key], n);
        }
        for (limit, unit, action, n) in live.admission.over() {
            out.add(&RATE_EXCEEDED, &[limit, unit, action], n);
        }
        items(&mut out, &books);
        let filtered = self.meters.filtered.lock();
        for (filter, n) in &*filtered.unwrap_or_else(PoisonError::into_inner) {
            out.add(&ITEMS_BY_FILTER, &[filter], *n);
        }
        for (what, n) in ["parts", "texts"].iter().zip(&self.meters.cut) {
            out.add(&CUT, &[what], n.load(Relaxed));
        }
        for (kind, n) in KINDS.iter().zip(&self.meters.enqueued_by_kind) {
            out.add(&ITEMS_BY_KIND, &[kind], n.load(Relaxed));
        }
        for (name, books) in &books.destinations {
            destination(&mut out, name, books);
        }
        // In the order in which items become metrics, behind the books: what moves on meanwhile is seen at one of them at least.
        self.queue_figures(&mut out);
        self.aggregate_figures(&mut out);
        for (name, stats) in self.destinations.all() {
            let lacks = u64::from(stats.lacks_metrics(&self.aggregate));
            out.add(&DESTINATION_METRICS_PENDING, &[&name], lacks);
            attempts(&mut out, &name, &stats);
        }
        for (name, stats) in self.sources.all() {
            for (outcome, n) in [
                ("taken", &stats.taken),
                ("duplicate", &stats.duplicate),
                ("unreadable", &stats.unreadable),
            ] {
                out.add(&SOURCE_MESSAGES, &[&name, outcome], n.load(Relaxed));
            }
            let failing = u64::from(stats.failing.load(Relaxed));
            out.add(&SOURCE_FAILING, &[&name], failing);
        }
        self.server_figures(&mut out);
        let delivered = books.destinations.values().map(|it| it.bugs).sum::<u64>();
        let bugs = books.requests.bugs + books.items.bugs + delivered;
        out.add(&BUGS, &[], bugs);
        process::figures(&mut out);
        out.families()
    }

    fn queue_figures(&self, out: &mut Gathered) {
        let conversions = self.queue.conversions();
        for (kind, counters) in [
            ("shared", &conversions.shared),
            ("bytes", &conversions.written),
            ("own", &conversions.own),
        ] {
            for (dialect, n) in ["semconv", "alloy", "contrib"].iter().zip(counters) {
                out.add(&CONVERSIONS, &[dialect, kind], n.load(Relaxed));
            }
        }
        let depth = self.queue.depth();
        out.add(&QUEUE_RECORDS, &[], depth.records as u64);
        out.add(&QUEUE_BYTES, &[], depth.bytes as u64);
        out.add(&QUEUE_LIMIT, &[], depth.max_bytes as u64);
        let oldest = self.queue.oldest();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
        for (reader, lag) in self.queue.lags() {
            let age = oldest.get(&reader).map_or(0, |at| now.saturating_sub(*at));
            let seconds = Value::Number(age as f64 / 1e9);
            out.push(&QUEUE_LAG_SECONDS, &[&reader], seconds);
            out.add(&QUEUE_LAG_RECORDS, &[&reader], lag.records);
            out.add(&QUEUE_LAG_BYTES, &[&reader], lag.bytes as u64);
        }
        let damaged = self.meters.recovery_damaged.load(Relaxed);
        let Some(disk) = self.queue.figures() else {
            return out.add(&RECOVERY_DAMAGED, &[], damaged);
        };
        let found = disk.damaged_files.load(Relaxed);
        out.add(&RECOVERY_DAMAGED, &[], damaged + found);
        out.push(&QUEUE_SYNC, &[], disk.sync.value());
        out.push(&QUEUE_GROUP, &[], disk.group.value());
        for (metric, n) in [
            (&QUEUE_SEGMENTS, &disk.segments),
            (&QUEUE_DISK_FREE, &disk.free),
            (&RECOVERY_RECORDS, &disk.recovered),
            (&RECOVERY_GAPS, &disk.gaps),
            (&RECOVERY_TORN, &disk.torn_bytes),
        ] {
            out.add(metric, &[], n.load(Relaxed));
        }
        for (operation, n) in [
            ("write", &disk.write_failures),
            ("read", &disk.read_failures),
            ("cursors", &disk.cursor_failures),
        ] {
            out.add(&QUEUE_FAILURES, &[operation], n.load(Relaxed));
        }
    }

    fn aggregate_figures(&self, out: &mut Gathered) {
        let stats = &self.aggregate;
        out.add(&AGGREGATE_SERIES, &[], stats.series.load(Relaxed));
        out.add(&AGGREGATE_HELD, &[], stats.held.load(SeqCst));
        for (outcome, n) in [
            ("settled", &stats.settled),
            ("early", &stats.early),
            ("replaced", &stats.replaced),
            ("late", &stats.late),
        ] {
            out.add(&AGGREGATE_REPORTS, &[outcome], n.load(Relaxed));
        }
        out.add(&AGGREGATE_FORGOTTEN, &[], stats.forgotten.load(Relaxed));
    }

    fn server_figures(&self, out: &mut Gathered) {
        out.push(&REQUEST_DURATION, &[], self.meters.request_duration.value());
        out.push(&REQUEST_BODY, &[], self.meters.request_body.value());
        let memory = self.dedupe.memory();
        out.add(&DEDUPE_BATCHES, &[], memory.batches);
        out.add(&DEDUPE_BYTES, &[], memory.bytes);
        out.add(&DEDUPE_DAMAGED, &[], memory.damaged);
        out.add(&DEDUPE_FAILED, &[], memory.failed);
        out.add(&DEDUPE_WINDOW, &[], u64::from(memory.window));
        out.add(&BODIES, &[], self.bodies.used() as u64);
        let connections = self.connections.figures();
        out.add(&CONNECTIONS, &[], connections.open as u64);
        out.add(&CONNECTIONS_ACCEPTED, &[], connections.accepted);
        for (why, n) in &connections.refused {
            out.add(&CONNECTIONS_REFUSED, &[why.as_str()], *n);
        }
    }
}

/// Every reason there is, those that nothing was counted for with 0: a series that is born with its first loss has no value before it,
/// and who asks a scraper for its increase is told of none.
fn each<R: Copy + Ord>(all: &[R], counted: &BTreeMap<R, u64>) -> impl Iterator<Item = (R, u64)> {
    all.iter()
        .map(|reason| (*reason, counted.get(reason).copied().unwrap_or(0)))
}

fn requests(out: &mut Gathered, books: &Snapshot) {
    let r = &books.requests;
    out.add(&REQUESTS_RECEIVED, &[], r.received);
    out.add(&REQUESTS, &["accepted", ""], r.accepted);
    out.add(&REQUESTS, &["duplicate", ""], r.duplicate);
    for (why, n) in each(Refusal::ALL, &r.refused) {
        out.add(&REQUESTS, &["refused", why.as_str()], n);
    }
    for (why, n) in each(Abort::ALL, &r.aborted) {
        out.add(&REQUESTS, &["aborted", why.as_str()], n);
    }
}

fn items(out: &mut Gathered, books: &Snapshot) {
    let i = &books.items;
    out.add(&ITEMS_SEEN, &[], i.seen);
    out.add(&ITEMS, &["enqueued", ""], i.enqueued);
    for (why, n) in &i.filtered {
        out.add(&ITEMS, &["filtered", why.as_str()], *n);
    }
    for (why, n) in each(DropReason::ALL, &i.dropped) {
        out.add(&ITEMS, &["dropped", why.as_str()], n);
    }
    for (why, n) in &i.refused {
        out.add(&ITEMS, &["refused", why.as_str()], *n);
    }
}

fn destination(out: &mut Gathered, name: &str, books: &Deliveries) {
    for (source, n) in [
        ("recovered", books.recovered),
        ("enqueued", books.enqueued),
        ("replayed", books.replayed),
    ] {
        out.add(&DESTINATION_IN, &[name, source], n);
    }
    out.add(&DESTINATION_OUT, &[name, "exported", ""], books.exported);
    for (why, n) in &books.filtered {
        out.add(&DESTINATION_OUT, &[name, "filtered", why.as_str()], *n);
    }
    for (why, n) in each(DropReason::ALL, &books.dropped) {
        out.add(&DESTINATION_OUT, &[name, "dropped", why.as_str()], n);
    }
    out.add(&DESTINATION_PENDING, &[name], books.pending());
}

fn attempts(out: &mut Gathered, name: &str, stats: &Stats) {
    for (outcome, n) in [
        ("accepted", &stats.accepted),
        ("retried", &stats.retried),
        ("refused", &stats.refused),
    ] {
        out.add(&DESTINATION_ATTEMPTS, &[name, outcome], n.load(Relaxed));
    }
    for (outcome, n) in [
        ("delivered", &stats.snapshots),
        ("superseded", &stats.snapshots_superseded),
        ("refused", &stats.snapshots_refused),
    ] {
        out.add(&DESTINATION_SNAPSHOTS, &[name, outcome], n.load(Relaxed));
    }
    let circuit = stats.circuit();
    for state in Circuit::NAMES {
        out.add(
            &DESTINATION_CIRCUIT,
            &[name, state],
            u64::from(state == circuit),
        );
    }
    out.add(&DESTINATION_OPENED, &[name], stats.opened());
    let restarts = stats.restarts.load(Relaxed);
    out.add(&DESTINATION_RESTARTS, &[name], restarts);
    out.add(&DESTINATION_FAILING, &[name], u64::from(stats.failing()));
}

/// Families as they fill.
#[derive(Debug, Default)]
struct Gathered(BTreeMap<usize, Family>);

impl Gathered {
    fn add(&mut self, metric: &'static Metric, labels: &[&str], n: u64) {
        self.push(metric, labels, Value::Number(n as f64));
    }

    fn push(&mut self, metric: &'static Metric, labels: &[&str], value: Value) {
        debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
        let place = TABLE.iter().position(|m| std::ptr::eq(*m, metric));
        let family = self
            .0
            .entry(place.unwrap_or(usize::MAX))
            .or_insert_with(|| Family::new(metric));
        family
            .samples
            .push((labels.iter().map(|l| (*l).to_owned()).collect(), value));
    }

    fn families(self) -> Vec<Family> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
