//! Out: one file per destination; batching, retry, drain and accounting are shared by all.
//!
//! Each destination has its own reader, its own task and its own lanes; none waits for another. Delivery is at least once: an
//! attempt that timed out may have arrived, and `log.record.uid` and span ids tell a copy from its original.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::aggregate::{Known, Snapshots};
use crate::config::{self, DestinationKind, Others, Temporality};
use crate::memory::keep_for;
use crate::outcome::Ledgers;
use crate::queue::{Queue, ReaderOptions};

mod answer;
mod batch;
mod breaker;
mod clickhouse;
mod client;
mod concern;
mod cut;
mod dead_letters;
mod destination;
mod document;
mod driver;
mod elasticsearch;
#[cfg(test)]
mod fake;
mod fluent_forward;
mod group;
mod health;
mod http;
mod http_documents;
pub(crate) mod json;
mod kafka;
mod lane;
mod loki;
mod metrics;
mod msgpack;
mod otlp_file;
mod otlp_grpc;
mod otlp_http;
mod own_traces;
mod pack;
mod parquet;
mod part;
mod plain;
mod points;
pub(crate) mod probe;
pub(crate) mod prometheus;
mod protobuf;
pub(crate) mod reach;
mod retry;
mod rolling;
mod roster;
mod route;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod setup;
mod several;
mod shares;
mod stats;
mod supervise;
mod taken;
mod tally;
mod template;
mod terminal;
pub(crate) mod tls;
mod windows;

pub use batch::{Batch, Signal};
pub use breaker::{Breaker, Circuit};
pub use destination::{Attempt, Destination, Outcome, Reason};
pub(crate) use metrics::Told;
pub(crate) use own_traces::OwnTraces;
pub(crate) use rolling::clash;
pub use roster::Roster;
pub use stats::Stats;
pub use template::Template;
pub(crate) use terminal::{by_app, safe, told};

use concern::Concern;
use dead_letters::DeadLetters;
pub(crate) use dead_letters::forget as forget_letters;

/// Dead letters, for those who read them and send them again.
pub(crate) mod letters {
    pub(crate) use super::dead_letters::bytes;
    pub(crate) use super::dead_letters::read::{files, letter, lines};
    pub(crate) use super::dead_letters::replay::{Replayed, Target, replay};
}

use driver::Plan;
use lane::Shared;
use points::Form;
use prometheus::remote_write::RemoteWrite;
use route::Route;
use several::{Failover, Spread};
use supervise::Leave;
use windows::Windows;

/// Files and the terminal take one batch after the other: lines stay in order.
const ONE_LANE: usize = 1;

/// All destinations, running. Dropping it stops them at once; what they had not delivered stays in the queue.
#[derive(Debug)]
pub struct Exports {
    runtime: Handle,
    tasks: JoinSet<()>,
    running: BTreeMap<String, Running>,
    roster: Roster,
    with: With,
}

/// What every destination works with.
#[derive(Clone, Debug)]
pub struct With {
    /// Where records come from.
    pub queue: Queue,
    /// The books.
    pub ledgers: Ledgers,
    /// Where dead letters go.
    pub data_dir: PathBuf,
    /// Where metrics come from.
    pub snapshots: Snapshots,
    /// Where it is said how far destinations know them.
    pub known: Known,
}

/// One destination, and how it is ended.
#[derive(Debug)]
struct Running {
    settings: config::Destination,
    leave: watch::Sender<Option<Leave>>,
    /// Closed when its task has ended.
    ended: oneshot::Receiver<()>,
    metrics: Option<AbortHandle>,
}

/// What a change of the configuration comes to, built and not begun.
pub(crate) struct Change {
    leaving: Vec<(String, Leave)>,
    coming: Vec<(config::Destination, Arc<dyn Destination>, usize)>,
}

/// Starts every destination of the configuration. Their readers exist when this returns, so nothing taken after it passes them by.
///
/// # Errors
/// When a destination cannot be built: a file of TLS that cannot be read, a folder that cannot be made.
pub fn start(destinations: &[config::Destination], with: With) -> Result<Exports> {
    start_on(&Handle::current(), destinations, with)
}

/// Like [`start`], on threads of another runtime.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_on(
    runtime: &Handle,
    destinations: &[config::Destination],
    with: With,
) -> Result<Exports> {
    let mut exports = Exports {
        runtime: runtime.clone(),
        tasks: JoinSet::new(),
        running: BTreeMap::new(),
        roster: Roster::default(),
        with,
    };
    let change = exports.prepare(destinations)?;
    keep_for(destinations.len());
    for (settings, destination, lanes) in change.coming {
        exports.begin(settings, destination, lanes);
    }
    exports.tidy();
    Ok(exports)
}

/// What a destination of the settings comes to, and its lanes.
pub(crate) fn build(settings: &config::Destination) -> Result<(Arc<dyn Destination>, usize)> {
    let one = |kind: &DestinationKind| server(kind, settings);
    let first = one(&settings.kind)?;
    let other = |endpoint: &::http::Uri| {
        let kind = settings.kind.at(endpoint);
        one(kind.as_ref().unwrap_or(&settings.kind))
    };
    let destination: Arc<dyn Destination> = match &settings.others {
        Others::None => first,
        Others::Fallbacks(endpoints) => {
            let others = endpoints.iter().map(other);
            let others = others.collect::<Result<Vec<_>>>()?;
            Arc::new(Failover::new([vec![first], others].concat()))
        }
        Others::Spread(endpoints) => {
            let own = settings.kind.remote().map(|it| it.endpoint.to_string());
            let mut members = vec![(own.unwrap_or_default(), first)];
            for endpoint in endpoints {
                members.push((endpoint.to_string(), other(endpoint)?));
            }
            Arc::new(Spread::new(members))
        }
    };
    let lanes = settings.kind.remote().map_or(ONE_LANE, |it| it.concurrency);
    Ok((destination, lanes))
}

/// One server, or what else a destination is.
fn server(kind: &DestinationKind, settings: &config::Destination) -> Result<Arc<dyn Destination>> {
    Ok(match kind {
        DestinationKind::OtlpHttp(otlp) => Arc::new(otlp_http::OtlpHttp::new(otlp)?),
        DestinationKind::OtlpGrpc(otlp) => Arc::new(otlp_grpc::OtlpGrpc::new(otlp)?),
        DestinationKind::OtlpFile(file) => {
            let destination = otlp_file::OtlpFile::new(file);
            Arc::new(destination.with_context(|| format!("path {}", file.path.display()))?)
        }
        DestinationKind::Parquet(file) => Arc::new(parquet::Parquet::new(file)?),
        DestinationKind::Terminal(terminal) => Arc::new(terminal::Terminal::new(terminal)),
        DestinationKind::RemoteWrite(write) => Arc::new(RemoteWrite::new(write)?),
        DestinationKind::Loki(loki) => Arc::new(loki::Loki::new(loki, settings.dialect)?),
        DestinationKind::Http(http) => Arc::new(http_documents::HttpDocuments::new(http)?),
        DestinationKind::Elasticsearch(elastic) => {
            Arc::new(elasticsearch::Elasticsearch::new(elastic)?)
        }
        DestinationKind::ClickHouse(clickhouse) => {
            Arc::new(clickhouse::ClickHouse::new(clickhouse)?)
        }
        DestinationKind::FluentForward(forward) => {
            Arc::new(fluent_forward::FluentForward::new(forward)?)
        }
        DestinationKind::Kafka(kafka) => Arc::new(kafka::Kafka::new(kafka)?),
    })
}

/// Whether a destination could be built; makes no folder.
///
/// # Errors
/// What a start would refuse.
pub(crate) fn try_out(destination: &config::Destination) -> Result<()> {
    match &destination.kind {
        DestinationKind::OtlpFile(_)
        | DestinationKind::Parquet(config::Parquet::Folder(_))
        | DestinationKind::Terminal(_) => Ok(()),
        _ => build(destination)
            .map(drop)
            .with_context(|| format!("destination {:?}", destination.name)),
    }
}

impl Exports {
    /// Which destinations there are, and their health.
    pub fn roster(&self) -> Roster {
        self.roster.clone()
    }

    /// Builds what is new or different in `wanted`. Nothing has changed yet when this fails.
    ///
    /// # Errors
    /// As [`start`].
    pub(crate) fn prepare(&self, wanted: &[config::Destination]) -> Result<Change> {
        let mut change = Change {
            leaving: Vec::new(),
            coming: Vec::new(),
        };
        for (name, running) in &self.running {
            match wanted.iter().find(|d| d.name == *name) {
                Some(same) if *same == running.settings => {}
                Some(_) => change.leaving.push((name.clone(), Leave::Replaced)),
                None => change.leaving.push((name.clone(), Leave::Removed)),
            }
        }
        for settings in wanted {
            let running = self.running.get(&settings.name);
            if running.is_none_or(|running| running.settings != *settings) {
                let (destination, lanes) =
                    build(settings).with_context(|| format!("destination {:?}", settings.name))?;
                change.coming.push((settings.clone(), destination, lanes));
            }
        }
        Ok(change)
    }

    /// Ends some destinations, or all, does something that none of them may be at work for, and has them go on from their places.
    ///
    /// # Errors
    /// When one of them could not be built again. Nothing has changed then.
    pub(crate) async fn without<T>(
        &mut self,
        only: Option<&[&str]>,
        work: impl Future<Output = T>,
    ) -> Result<T> {
        let mut change = Change {
            leaving: Vec::new(),
            coming: Vec::new(),
        };
        for (name, running) in &self.running {
            if only.is_none_or(|only| only.contains(&name.as_str())) {
                let (destination, lanes) = build(&running.settings)?;
                let coming = (running.settings.clone(), destination, lanes);
                change.coming.push(coming);
                change.leaving.push((name.clone(), Leave::Replaced));
            }
        }
        self.leave(std::mem::take(&mut change.leaving)).await;
        let done = work.await;
        self.apply(change).await;
        Ok(done)
    }

    /// Sends what a destination refused to one that runs. The work of both rests meanwhile, until `stop` turns true at the latest: the letters of the one are
    /// written anew, and the other may be files, which two would spoil.
    ///
    /// # Errors
    /// When there is no such destination, or the files cannot be read or written anew.
    pub(crate) async fn replay_letters(
        &mut self,
        from: &str,
        to: &str,
        stop: watch::Receiver<bool>,
    ) -> Result<letters::Replayed> {
        let running = self.running.get(to);
        let settings = running.map(|running| running.settings.clone());
        let settings = settings.with_context(|| format!("there is no destination {to:?}"))?;
        let target = letters::Target::of(&settings)?;
        let data_dir = self.with.data_dir.clone();
        let ledger = self.with.ledgers.destination(to);
        let work = letters::replay(&data_dir, from, &target, stop);
        let replayed = self.without(Some(&[from, to]), work).await??;
        ledger.replayed(replayed.items);
        ledger.exported(replayed.items);
        Ok(replayed)
    }

    /// Makes the change. Destinations that are in neither list never notice.
    pub(crate) async fn apply(&mut self, change: Change) {
        self.leave(change.leaving).await;
        for (settings, destination, lanes) in change.coming {
            self.begin(settings, destination, lanes);
        }
        keep_for(self.running.len());
        self.tidy();
    }

    /// Takes away what was known of destinations that get no such metrics any more.
    fn tidy(&self) {
        let names = |temporality| -> Vec<&str> {
            let all = self.running.values().map(|it| &it.settings);
            let own = all.filter(|it| it.signals.metrics && it.temporality == temporality);
            own.map(|it| &*it.name).collect()
        };
        let data_dir = &self.with.data_dir;
        let (deltas, totals) = (names(Temporality::Delta), names(Temporality::Cumulative));
        self.with.known.keep_only(&[&deltas[..], &totals].concat());
        let kept = Windows::keep_only(data_dir, &deltas).and(Told::keep_only(data_dir, &totals));
        if let Err(error) = kept {
            tracing::warn!(kind = %error.kind(), "what destinations got of the metrics that are no longer there cannot be taken away");
        }
    }

    async fn leave(&mut self, leaving: Vec<(String, Leave)>) {
        let mut ended = Vec::new();
        for (name, how) in leaving {
            let Some(running) = self.running.remove(&name) else {
                continue;
            };
            if let Some(metrics) = running.metrics {
                metrics.abort();
            }
            running.leave.send_replace(Some(how));
            ended.push(running.ended);
            if how == Leave::Removed {
                self.roster.leave(&name);
            }
        }
        for ended in ended {
            // Closed without a word, which is the sign. Each takes a bounded time, all of them together.
            let _ = ended.await;
        }
    }

    fn begin(
        &mut self,
        settings: config::Destination,
        destination: Arc<dyn Destination>,
        lanes: usize,
    ) {
        let name = &settings.name;
        let mut shared = Shared::new(
            name,
            destination,
            settings.retry,
            DeadLetters::new(&self.with.data_dir, name),
            self.roster.enter(name, settings.kind.as_str()),
        );
        if let DestinationKind::RemoteWrite(_) = settings.kind {
            shared.form = Form::Prometheus;
        }
        shared.concern = Concern {
            when: settings.when.clone(),
            tenants: settings.tenants.clone(),
        };
        if settings.signals.metrics {
            shared.known = self.with.known.clone();
            shared.known.begins(name);
        }
        let records = settings.kind.wants_records().then_some(Signal::Logs);
        let signals = Signal::of(settings.signals).chain(records);
        shared.stats.wants(signals);
        let shared = Arc::new(shared);
        let ledger = self.with.ledgers.destination(name);
        let reader = ReaderOptions {
            start: settings.start,
            max_lag: settings.max_lag,
            patient: shared.destination.gathers_long(),
            ..ReaderOptions::destination(ledger.clone())
        };
        let terminal = matches!(settings.kind, DestinationKind::Terminal(_));
        let plan = Plan {
            signals: settings.of_clients(),
            dialect: match terminal {
                // Its lines are made from attributes, which the other dialects do not have.
                true => config::Dialect::Semconv,
                false => settings.dialect,
            },
            route: Route {
                when: settings.when.clone(),
                sampling: settings.sampling,
                written: shared.destination.sends_protobuf() || shared.destination.gathers_long(),
                patient: shared.destination.gathers_long(),
            },
            whole: settings.kind.wants_records(),
            bounds: settings.batch,
            lanes,
            ledger,
        };
        let metrics = settings.signals.metrics.then(|| {
            let changes_only = matches!(settings.kind, DestinationKind::OtlpFile(_));
            let snapshots = self.with.snapshots.clone();
            let shared = Arc::clone(&shared);
            match settings.temporality {
                Temporality::Cumulative => {
                    let now_ns = snapshots.borrow().as_ref().map_or(0, |it| it.heard_ns());
                    let told = Told::new(&self.with.data_dir, name, now_ns);
                    let run = metrics::run(shared, snapshots, told, changes_only);
                    self.tasks.spawn_on(run, &self.runtime)
                }
                Temporality::Delta => {
                    let windows = Windows::new(&self.with.data_dir, name);
                    let run = windows.run(shared, snapshots);
                    self.tasks.spawn_on(run, &self.runtime)
                }
            }
        });
        let (leave, leaves) = watch::channel(None);
        let run = supervise::items(plan, shared, self.with.queue.clone(), reader, leaves);
        let (ends, ended) = oneshot::channel();
        let until_it_ends = async move {
            run.await;
            drop::<oneshot::Sender<()>>(ends);
        };
        self.tasks.spawn_on(until_it_ends, &self.runtime);
        self.running.insert(
            settings.name.clone(),
            Running {
                settings,
                leave,
                ended,
                metrics,
            },
        );
    }

    /// Runs something beside the destinations that ends when the queue is closed and read: the aggregator.
    pub fn also(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// Ends when one of the tasks has panicked. Drivers are started anew by themselves; what is left is a reason to end.
    pub async fn failed(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(Err(error)) if error.is_panic() => return,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until all is delivered, once the queue is closed and the aggregator has ended, or until the deadline. What is not
    /// delivered then is still in the queue. True when nothing was left.
    pub async fn drain(mut self, deadline: Instant) -> bool {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout_at(deadline, all).await.is_ok()
    }
}

#[cfg(test)]
mod tests;
