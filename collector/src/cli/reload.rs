//! When the settings are read again: at SIGHUP, and when a file that they come from has changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::reload::Handle;

use super::environment;
use crate::config::{self, Config, Given};
use crate::reload::Reloads;

/// How often files are looked at. Polled and not notified: mounted folders (ConfigMaps, network disks) tell nobody, and a handful of
/// stats a second is nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Changes the filter of what goes to standard error.
pub(super) type Log = Handle<EnvFilter, Registry>;

/// Files as they were before they were read: what changes while the collector starts is a change.
pub(super) struct Before(Watch, BTreeMap<PathBuf, Seen>);

/// Looks at the files that the settings come from.
pub(super) fn before(given: &Given) -> Before {
    let mut watch = Watch {
        given: given.clone(),
        ..Watch::default()
    };
    let seen = watch.look_ahead(&BTreeMap::new());
    Before(watch, seen)
}

/// Starts to watch. `config` is what was read at the start.
pub(super) fn start(before: Before, config: &Config, log: Log) -> Result<Reloads> {
    let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let (offer, offers) = mpsc::channel(1);
    let Before(mut watch, seen) = before;
    watch.taken(config);
    let known = watch.look_after(&seen);
    tokio::spawn(supervised(watch, known, hangup, offer));
    Ok(Reloads {
        offers,
        log: Box::new(move |filter| {
            // The filter was checked with the settings; without a subscriber of ours there is nothing to change.
            if let Err(error) = log.reload(super::filter(filter)) {
                tracing::warn!(%error, "telemetry.log could not be changed");
            }
        }),
    })
}

/// Watches for as long as the collector runs, whatever happens: one that ended unseen would leave operators with settings that they believe
/// changed.
async fn supervised(
    watch: Watch,
    known: BTreeMap<PathBuf, Seen>,
    mut hangup: Signal,
    offer: mpsc::Sender<Result<Config, String>>,
) {
    let mut task = tokio::spawn(run(watch.clone(), known.clone(), hangup, offer.clone()));
    while begins_anew((&mut task).await) {
        tracing::error!("the watch of the settings panicked; it starts again");
        tokio::time::sleep(LOOK).await;
        hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => hangup,
            Err(error) => {
                tracing::error!(kind = %error.kind(), "cannot listen for SIGHUP");
                return;
            }
        };
        task = tokio::spawn(run(watch.clone(), known.clone(), hangup, offer.clone()));
    }
}

/// One that was cancelled goes with all of the runtime.
fn begins_anew(ended: Result<(), JoinError>) -> bool {
    ended.is_err_and(|error| error.is_panic())
}

async fn run(
    mut watch: Watch,
    mut known: BTreeMap<PathBuf, Seen>,
    mut hangup: Signal,
    offer: mpsc::Sender<Result<Config, String>>,
) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = known.clone();
    let (mut now, mut read);
    loop {
        let asked = tokio::select! {
            Some(()) = hangup.recv() => true,
            _ = ticks.tick() => false,
        };
        (watch, now) = off_thread(watch, Watch::look).await;
        // Read when it has not changed for one look: whoever writes it in pieces is done by then.
        let settled = now == std::mem::replace(&mut last, now.clone());
        if !asked && (now == known || !settled) {
            continue;
        }
        // They may name other files than before.
        (watch, now) = off_thread(watch, move |watch| watch.look_ahead(&now)).await;
        (watch, read) = off_thread(watch, Watch::read).await;
        (watch, known) = off_thread(watch, move |watch| watch.look_after(&now)).await;
        last.clone_from(&known);
        if offer.send(read).await.is_err() {
            return;
        }
    }
}

#[derive(Clone, Default)]
struct Watch {
    given: Given,
    /// Files that the settings name that hold.
    named: Vec<PathBuf>,
    /// Files that those name that were read last, if they were refused: it may be that one of them is still to come.
    wanted: Vec<PathBuf>,
}

/// What tells one state of a file from the next: device, number, length, time of change in nanoseconds.
type Seen = Option<(u64, u64, u64, i64, i64)>;

impl Watch {
    fn look(&mut self) -> BTreeMap<PathBuf, Seen> {
        let variables = environment().unwrap_or_default();
        let mut files = config::sources(&self.given, &variables);
        files.extend(self.named.iter().chain(&self.wanted).cloned());
        let seen = |file: &PathBuf| {
            let m = fs::metadata(file).ok()?;
            Some((m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec()))
        };
        files.into_iter().map(|f| (f.clone(), seen(&f))).collect()
    }

    /// Looks at what is about to be read as well.
    fn look_ahead(&mut self, before: &BTreeMap<PathBuf, Seen>) -> BTreeMap<PathBuf, Seen> {
        self.wanted = config::named(&self.given, environment().unwrap_or_default());
        self.look_after(before)
    }

    /// Looks again. Of files that were looked at already, what was seen before they were read counts.
    fn look_after(&mut self, before: &BTreeMap<PathBuf, Seen>) -> BTreeMap<PathBuf, Seen> {
        let mut known = self.look();
        for (file, seen) in &mut known {
            *seen = before.get(file).copied().unwrap_or(*seen);
        }
        known
    }

    fn read(&mut self) -> Result<Config, String> {
        let config = config::load(&self.given, environment()?);
        let mut config = config.map_err(|e| e.to_string())?;
        super::files::fit(&mut config.limits);
        self.taken(&config);
        Ok(config)
    }

    fn taken(&mut self, config: &Config) {
        self.named.clone_from(&config.files);
        self.wanted.clear();
    }
}

/// Files may stand on a disk that takes its time.
async fn off_thread<T: Send + 'static>(
    mut watch: Watch,
    work: impl FnOnce(&mut Watch) -> T + Send + 'static,
) -> (Watch, T) {
    let work = tokio::task::spawn_blocking(move || {
        let done = work(&mut watch);
        (watch, done)
    });
    match work.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Work that did not begin before the runtime went, and takes this with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn where_the_runtime_has_gone_nothing_panics() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let _within = handle.enter();
        let mut work = pin!(off_thread(Watch::default(), |_| ()));
        let mut context = std::task::Context::from_waker(Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
    }

    #[tokio::test]
    async fn what_others_may_write_without_end_stays_out_of_the_log_after_a_change_of_it() {
        let (_layer, log) = tracing_subscriber::reload::Layer::new(EnvFilter::new("info"));
        let given = Given::default();
        let reloads = start(before(&given), &Config::default(), log.clone()).unwrap();
        (reloads.log)("debug,farol_collector=trace");
        let now = log.with_current(ToString::to_string).unwrap();
        for part in ["h2=error", "krafka=off", "farol_collector=trace", "debug"] {
            assert!(now.split(',').any(|it| it == part), "{now}");
        }
    }

    #[tokio::test]
    async fn what_panicked_begins_anew_and_what_was_cancelled_does_not() {
        let panicked = tokio::spawn(async { panic!("as a fault would") });
        assert!(begins_anew(panicked.await));
        let cancelled = tokio::spawn(std::future::pending());
        cancelled.abort();
        assert!(!begins_anew(cancelled.await));
        assert!(!begins_anew(tokio::spawn(async {}).await));
    }
}
