//! Threads for what no client waits for: exporting, and making metrics. They give way to those that answer, so that destinations, however many,
//! take no time from browsers; what is not exported now waits in the queue.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::memory::give_back_at_times;

mod places;

pub(crate) use places::{NOWHERE, at, is_busy, place};

/// How far below the others they are. With ten steps a thread gets a ninth of a processor that another one wants at the same time: few enough
/// not to be felt, and enough to finish what others may wait for.
#[cfg(target_os = "linux")]
const STEPS: i32 = 10;

/// How long a write that is on its way may take at the end. A disk that takes longer hangs, or a terminal that nobody reads.
pub(crate) const LAST_WRITES: Duration = Duration::from_secs(1);

/// A runtime of its own. Dropping it ends it at once; what still blocks there is left to itself.
#[derive(Debug)]
pub(crate) struct Background(Option<Runtime>);

impl Background {
    /// Starts its threads.
    pub(crate) fn start() -> io::Result<Self> {
        let give_way = below();
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("export")
            .on_thread_start(give_way)
            .on_thread_park(give_back_at_times)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// None: what is spawned there runs beside those that answer.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Where to spawn.
    pub(crate) fn handle(&self) -> Handle {
        match &self.0 {
            Some(runtime) => runtime.handle().clone(),
            None => Handle::current(),
        }
    }

    /// Ends it in order: what is being written to a file is written to its end, unless that hangs.
    pub(crate) async fn end(mut self) {
        if let Some(runtime) = self.0.take() {
            let ending = move || runtime.shutdown_timeout(LAST_WRITES);
            let _ = tokio::task::spawn_blocking(ending).await;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What puts a thread below those that answer, which have the priority of the caller. A thread takes over that of the one that starts it, so what is
/// set is a priority and no distance. Where it is not to be had, all are equal.
fn below() -> impl Fn() + Send + Sync + 'static {
    #[cfg(target_os = "linux")]
    {
        // There a priority is a thread's, whatever the name of the call says.
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        move || {
            let _ = rustix::process::setpriority_process(None, own + STEPS);
        }
    }
    #[cfg(not(target_os = "linux"))]
    || ()
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn its_threads_are_below_those_that_answer() {
        use super::{Background, STEPS};

        let own = || rustix::process::getpriority_process(None).unwrap();
        let background = Background::start().unwrap();
        let handle = background.handle();
        let worker = handle.spawn(async move { own() });
        let blocking = handle.spawn_blocking(own);
        let here = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (worker, blocking) = here.block_on(async { tokio::join!(worker, blocking) });
        let below = (own() + STEPS).min(19);
        assert_eq!((worker.unwrap(), blocking.unwrap()), (below, below));
    }
}
