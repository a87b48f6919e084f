//! In, beside what browsers send: records that another collector handed on are read, put into this one's queue, and only then acknowledged
//! where they came from. What comes twice is known by its id, as batches of browsers are.

mod intake;
mod kafka;
mod stats;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config;
use crate::dedupe::Dedupe;
use crate::outcome::Ledgers;
use crate::queue::Queue;
use crate::telemetry::Meters;

use intake::Intake;
pub use stats::{Sources, Stats};

/// What every source works with.
#[derive(Debug, Clone)]
pub(crate) struct With {
    pub(crate) queue: Queue,
    pub(crate) dedupe: Dedupe,
    pub(crate) ledgers: Ledgers,
    pub(crate) meters: Arc<Meters>,
}

/// All sources, running.
#[derive(Debug)]
pub(crate) struct Running {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// How each is reached; who changes it has it begin anew.
    settings: Vec<watch::Sender<config::Source>>,
}

/// Starts the sources of the configuration.
pub(crate) fn start(settings: &[config::Source], with: &With, told: &Sources) -> Running {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut reached = Vec::new();
    for source in settings {
        let intake = Intake {
            with: with.clone(),
            stats: told.enter(&source.name),
            stopped: stopped.clone(),
        };
        let (told, settings) = watch::channel(source.clone());
        tasks.spawn(kafka::run(settings, intake));
        reached.push(told);
    }
    Running {
        tasks,
        stop,
        settings: reached,
    }
}

impl Running {
    /// Ends when one of them has panicked; what it had not acknowledged comes again after a start.
    pub(crate) async fn failed(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(Err(error)) if error.is_panic() => return,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Takes other settings of the same sources: those that changed begin anew.
    pub(crate) fn change(&self, settings: &[config::Source]) {
        for (told, new) in self.settings.iter().zip(settings) {
            told.send_if_modified(|old| {
                let changed = *old != *new;
                if changed {
                    *old = new.clone();
                }
                changed
            });
        }
    }

    /// Reads nothing more; waits until what was read is in the queue and acknowledged.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}
