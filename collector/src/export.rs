//! Out: one file per destination; batching, retry, drain and accounting are shared by all.
//!
//! Each destination has its own reader, its own task and its own lanes; none waits for another. Delivery is at least once: an
//! attempt that timed out may have arrived, and `log.record.uid` and span ids tell a copy from its original.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::aggregate::Snapshots;
use crate::config::{self, DestinationKind};
use crate::outcome::Ledgers;
use crate::queue::{Queue, ReaderOptions};

mod answer;
mod batch;
mod client;
mod dead_letters;
mod destination;
mod driver;
#[cfg(test)]
mod fake;
mod group;
mod json;
mod lane;
mod metrics;
mod otlp_file;
mod otlp_grpc;
mod otlp_http;
mod own_traces;
mod points;
mod protobuf;
mod retry;
mod rolling;
#[cfg(test)]
mod samples;
mod stats;
mod supervise;
mod tally;
mod terminal;
pub(crate) mod tls;

pub use batch::{Batch, Signal};
pub use destination::{Attempt, Destination, Outcome, Reason};
pub(crate) use own_traces::OwnTraces;
pub use stats::Stats;

use dead_letters::DeadLetters;
use driver::Plan;
use lane::Shared;

/// Files and the terminal take one batch after the other: lines stay in order.
const ONE_LANE: usize = 1;

/// All destinations, running. Dropping it stops them at once; what they had not delivered stays in the queue.
#[derive(Debug)]
pub struct Exports {
    tasks: JoinSet<()>,
    stats: BTreeMap<String, Arc<Stats>>,
}

/// Starts every destination of the configuration. Their readers exist when this returns, so nothing taken after it passes them by.
///
/// # Errors
/// When a destination cannot be built: a file of TLS that cannot be read, a folder that cannot be made.
pub fn start(
    destinations: &[config::Destination],
    queue: &Queue,
    ledgers: &Ledgers,
    data_dir: &Path,
    snapshots: &Snapshots,
) -> Result<Exports> {
    let mut tasks = JoinSet::new();
    let mut all_stats = BTreeMap::new();
    for settings in destinations {
        let name = &settings.name;
        let (destination, lanes) =
            build(&settings.kind).with_context(|| format!("destination {name:?}"))?;
        let stats = Arc::new(Stats::default());
        all_stats.insert(name.clone(), Arc::clone(&stats));
        let shared = Arc::new(Shared::new(
            name,
            destination,
            settings.retry,
            DeadLetters::new(data_dir, name),
            stats,
        ));
        let ledger = ledgers.destination(name);
        let reader = ReaderOptions {
            start: settings.start,
            max_lag: settings.max_lag,
            ..ReaderOptions::destination(ledger.clone())
        };
        let plan = Plan {
            signals: settings.signals,
            dialect: match settings.kind {
                // Its lines are made from attributes, which the other dialects do not have.
                DestinationKind::Terminal(_) => config::Dialect::Semconv,
                _ => settings.dialect,
            },
            bounds: settings.batch,
            lanes,
            ledger,
        };
        if settings.signals.metrics && !matches!(settings.kind, DestinationKind::Terminal(_)) {
            let changes_only = matches!(settings.kind, DestinationKind::OtlpFile(_));
            let shared = Arc::clone(&shared);
            tasks.spawn(metrics::run(shared, snapshots.clone(), changes_only));
        }
        tasks.spawn(supervise::items(plan, shared, queue.clone(), reader));
    }
    Ok(Exports {
        tasks,
        stats: all_stats,
    })
}

fn build(kind: &DestinationKind) -> Result<(Arc<dyn Destination>, usize)> {
    Ok(match kind {
        DestinationKind::OtlpHttp(remote) => (
            Arc::new(otlp_http::OtlpHttp::new(remote)?),
            remote.concurrency,
        ),
        DestinationKind::OtlpGrpc(remote) => (
            Arc::new(otlp_grpc::OtlpGrpc::new(remote)?),
            remote.concurrency,
        ),
        DestinationKind::OtlpFile(file) => {
            let destination = otlp_file::OtlpFile::new(file)
                .with_context(|| format!("path {}", file.path.display()))?;
            (Arc::new(destination), ONE_LANE)
        }
        DestinationKind::Terminal(settings) => {
            (Arc::new(terminal::Terminal::new(settings)), ONE_LANE)
        }
    })
}

impl Exports {
    /// The health of each destination by name.
    pub fn stats(&self) -> &BTreeMap<String, Arc<Stats>> {
        &self.stats
    }

    /// Runs something beside the destinations that ends when the queue is closed and read: the aggregator.
    pub fn also(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
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
