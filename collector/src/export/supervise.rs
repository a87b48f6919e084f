//! Keeps a destination's driver running: one that panics is started anew from the queue, after a wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::driver::{Driver, Plan};
use super::lane::Shared;
use super::retry::{self, Backoff};
use crate::config::Retry;
use crate::queue::{Queue, ReaderOptions};

/// Waits between two starts. A fault that comes with every batch shall not fill the log.
const RESTART: Retry = Retry {
    initial: Duration::from_secs(1),
    max: Duration::from_secs(60),
    max_elapsed: None,
};

/// Runs a destination to the end of the queue. Aborting it aborts the driver.
pub(crate) fn items(
    plan: Plan,
    shared: Arc<Shared>,
    queue: Queue,
    options: ReaderOptions,
) -> impl Future<Output = ()> + Send {
    // Opened now and not in the task: the queue keeps for a reader what comes after it.
    let mut reader = Some(queue.reader(options.clone()));
    async move {
        let mut backoff = Backoff::new(&RESTART);
        loop {
            let reader = reader
                .take()
                .unwrap_or_else(|| queue.reader(options.clone()));
            let driver = Driver::new(plan.clone(), Arc::clone(&shared), reader);
            let mut task = tokio::task::JoinSet::new();
            task.spawn(driver.run());
            match task.join_next().await {
                Some(Err(error)) if error.is_panic() => {
                    shared.stats.restarts.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(
                        destination = shared.name,
                        "a destination's task panicked; it starts again from the queue"
                    );
                    tokio::time::sleep(backoff.next(retry::random(), None)).await;
                }
                _ => return,
            }
        }
    }
}
