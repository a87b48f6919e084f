//! Delivers the state of the metrics to one destination. States are cumulative: a newer one holds all of an older one, so a
//! destination that is behind is sent the newest alone, and nothing waits but that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use tokio::sync::watch;

use super::batch::Source;
use super::destination::Outcome;
use super::lane::Shared;
use super::retry::Backoff;
use super::{Batch, Signal};

/// All metrics at one moment.
#[derive(Clone, Debug)]
pub struct MetricsState {
    /// The metrics.
    pub metrics: Arc<Vec<ResourceMetrics>>,
    /// Whether nothing changed since the state before: sent so that series do not go stale, of no use in a file.
    pub unchanged: bool,
}

/// Runs until the aggregator has ended and its last state is delivered.
pub(crate) async fn run(
    shared: Arc<Shared>,
    mut states: watch::Receiver<Option<MetricsState>>,
    changes_only: bool,
) {
    while states.changed().await.is_ok() {
        let state = states.borrow_and_update().clone();
        if let Some(state) = state
            && !(changes_only && state.unchanged)
        {
            deliver(&shared, &mut states, state).await;
        }
    }
}

/// Tries until the destination has taken this state or a newer one.
async fn deliver(
    shared: &Shared,
    states: &mut watch::Receiver<Option<MetricsState>>,
    mut state: MetricsState,
) {
    let mut backoff = Backoff::new(&shared.retry);
    loop {
        let source = Source::Metrics(Arc::clone(&state.metrics));
        let batch = Batch::new(Signal::Metrics, vec![source]);
        let stats = &shared.stats;
        match shared.attempt(&batch).await {
            Outcome::Accepted { rejected, reason } => {
                stats.metric_states.fetch_add(1, Ordering::Relaxed);
                if rejected > 0 {
                    if let Some(reason) = &reason {
                        stats.remember(reason);
                    }
                    tracing::warn!(
                        destination = shared.name,
                        points = rejected,
                        "the destination took the metrics in part"
                    );
                }
                return;
            }
            Outcome::Refused(reason) => {
                stats.metric_states_refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    destination = shared.name,
                    reason = %reason,
                    "the destination refused the metrics"
                );
                return;
            }
            Outcome::Retry { after, .. } => {
                let wait = backoff.next((shared.random)(), after);
                tokio::time::sleep(wait).await;
                if states.has_changed().unwrap_or(false)
                    && let Some(newer) = states.borrow_and_update().clone()
                {
                    stats
                        .metric_states_superseded
                        .fetch_add(1, Ordering::Relaxed);
                    state = newer;
                }
            }
        }
    }
}
