//! Keeps a destination's driver running: one that panics is started anew from the queue, after a wait. Ends it in order where the
//! configuration has no more use for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::driver::{Driver, Plan};
use super::lane::Shared;
use super::retry::{self, Backoff};
use crate::config::Retry;
use crate::queue::{Queue, Reader, ReaderOptions};

/// Waits between two starts. A fault that comes with every batch shall not fill the log.
const RESTART: Retry = Retry {
    initial: Duration::from_secs(1),
    max: Duration::from_secs(60),
    max_elapsed: None,
};

/// How long batches on their way may take when a destination's settings change; then they are sent again by its successor. Longer
/// than healthy receivers need, short enough that nobody wonders where the reload is.
const HALT: Duration = Duration::from_secs(2);

/// How often it is seen whether what is on its way has failed by now.
const GLANCE: Duration = Duration::from_millis(20);

/// Why a destination ends while the collector runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Another one of its name goes on from its place.
    Replaced,
    /// It is configured no longer: its place is given up, and what it had not delivered is counted.
    Removed,
}

/// Runs a destination to the end of the queue, or until it is told to leave. Aborting it aborts the driver.
pub(crate) fn items(
    plan: Plan,
    shared: Arc<Shared>,
    queue: Queue,
    options: ReaderOptions,
    mut leave: watch::Receiver<Option<Leave>>,
) -> impl Future<Output = ()> + Send {
    // Opened now and not in the task: the queue keeps for a reader what comes after it.
    let mut reader = Some(queue.reader(options.clone()));
    async move {
        let mut backoff = Backoff::new(&RESTART);
        let reopen = || queue.reader(options.clone());
        loop {
            let (halt, halted) = watch::channel(false);
            let reader = reader.take().unwrap_or_else(reopen);
            let driver = Driver::new(plan.clone(), Arc::clone(&shared), reader, halted);
            let mut task = JoinSet::new();
            task.spawn(driver.run());
            let ended = tokio::select! {
                ended = task.join_next() => ended,
                how = told(&mut leave) => {
                    end(&shared, task, &halt, how, reopen).await;
                    return;
                }
            };
            match ended {
                Some(Err(error)) if error.is_panic() => {
                    shared.stats.restarts.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(
                        destination = shared.name,
                        "a destination's task panicked; it starts again from the queue"
                    );
                }
                _ => return,
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next(retry::random(), None)) => {}
                how = told(&mut leave) => {
                    end(&shared, task, &halt, how, reopen).await;
                    return;
                }
            }
        }
    }
}

/// Waits to be told; for ever where nobody is left to tell.
async fn told(leave: &mut watch::Receiver<Option<Leave>>) -> Leave {
    let how = leave
        .wait_for(Option::is_some)
        .await
        .ok()
        .and_then(|how| *how);
    match how {
        Some(how) => how,
        None => std::future::pending().await,
    }
}

/// Ends a driver. When this returns nothing books for it any more, so that what is counted as dropped is counted once.
async fn end(
    shared: &Shared,
    mut task: JoinSet<()>,
    halt: &watch::Sender<bool>,
    how: Leave,
    reopen: impl FnOnce() -> Reader,
) {
    halt.send_replace(true);
    let until = Instant::now() + HALT;
    // One that fails, from the start or in the meantime, would only wait for its next try.
    while !shared.stats.failing_at_items() && Instant::now() < until {
        if tokio::time::timeout(GLANCE, task.join_next()).await.is_ok() {
            break;
        }
    }
    task.shutdown().await;
    if how == Leave::Removed {
        reopen().remove();
    }
}
