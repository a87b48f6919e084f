//! Takes another configuration while the collector runs: as a whole, or not at all.

use std::fmt::Debug;

use anyhow::{Result, bail};
use tokio::sync::mpsc;

use crate::config::{Config, PublicListener, Source, Telemetry};
use crate::export::Exports;
use crate::inflate::Budget;
use crate::live::{Current, Live};
use crate::source;

/// Where other configurations come from. The caller of [`crate::run`] owns signal and file, as it owns sockets.
pub struct Reloads {
    /// What was read anew, or the line that says why it could not be.
    pub offers: mpsc::Receiver<Result<Config, String>>,
    /// Changes what goes to standard error, by a filter that is valid.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

impl Reloads {
    /// Nothing ever changes.
    pub fn never() -> Self {
        Self {
            offers: mpsc::channel(1).1,
            log: Box::new(|_| ()),
        }
    }

    /// The next offer; waits for ever where none can come any more.
    pub(crate) async fn next(&mut self) -> Result<Config, String> {
        match self.offers.recv().await {
            Some(offer) => offer,
            None => std::future::pending().await,
        }
    }
}

impl Debug for Reloads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloads").finish_non_exhaustive()
    }
}

/// The parts that a configuration reaches while they run.
pub(crate) struct Reach<'a> {
    pub(crate) current: &'a Current,
    pub(crate) exports: &'a mut Exports,
    pub(crate) bodies: &'a Budget,
    pub(crate) incoming: &'a source::Running,
    pub(crate) log: &'a (dyn Fn(&str) + Send + Sync),
}

impl Reach<'_> {
    /// Takes `new` in the place of `old`.
    ///
    /// # Errors
    /// When it cannot be taken; nothing has changed then.
    pub(crate) async fn take(&mut self, old: &Config, new: &Config) -> Result<()> {
        unchangeable(old, new)?;
        // All that can fail comes before the first thing that changes.
        let live = Live::new(new, Some(&self.current.load()))?;
        let change = self.exports.prepare(&new.destinations)?;
        self.exports.apply(change).await;
        self.bodies.bound(live.limits.in_flight);
        self.incoming.change(&new.sources);
        self.current.swap(live);
        if new.telemetry.log != old.telemetry.log {
            (self.log)(&new.telemetry.log);
        }
        Ok(())
    }
}

/// Makes of a configuration what a start makes of it and can fail at, and throws it away.
///
/// # Errors
/// What a start would refuse.
pub(crate) fn try_out(config: &Config) -> Result<()> {
    Live::new(config, None)?;
    config
        .destinations
        .iter()
        .try_for_each(crate::export::try_out)
}

/// What is bound, opened or started once. Every setting is named here, so that a new one is placed before it compiles: refused, or applied by [`Live`], by
/// the destinations or by [`Reach::take`].
fn unchangeable(old: &Config, new: &Config) -> Result<()> {
    let Config {
        listen,
        admin_listen,
        public,
        admin_proxy_protocol: _,
        data_dir,
        apps: _,
        trusted_proxies: _,
        destinations: _,
        sources,
        data: _,
        filters: _,
        attributes: _,
        geo: _,
        limits: _,
        queue,
        shutdown_timeout,
        metrics_interval,
        metrics_hold,
        telemetry,
        files: _,
    } = new;
    same("listen", &old.listen, listen)?;
    same("admin_listen", &old.admin_listen, admin_listen)?;
    same("data_dir", &old.data_dir, data_dir)?;
    same("shutdown_timeout", &old.shutdown_timeout, shutdown_timeout)?;
    same("metrics_interval", &old.metrics_interval, metrics_interval)?;
    same("metrics_hold", &old.metrics_hold, metrics_hold)?;
    untold("queue", &old.queue, queue)?;
    let known = |all: &[Source]| all.iter().map(Source::without_password).collect::<Vec<_>>();
    if known(&old.sources) != known(sources) {
        bail!(
            "sources: they cannot change while the collector runs; restart it, or put the old ones back"
        );
    }
    // Routes are made once.
    let PublicListener {
        tls: _,
        proxy_protocol: _,
        path,
        path_only,
        sdk: _,
    } = public;
    same("path", &old.public.path, path)?;
    same("path_only", &old.public.path_only, path_only)?;
    let Telemetry {
        log: _,
        traces_endpoint,
        traces_ratio,
        traces_headers,
    } = telemetry;
    let old = &old.telemetry;
    // A URL may hold a token.
    untold(
        "telemetry.traces_endpoint",
        &old.traces_endpoint,
        traces_endpoint,
    )?;
    same("telemetry.traces_ratio", &old.traces_ratio, traces_ratio)?;
    same(
        "telemetry.traces_headers",
        &old.traces_headers,
        traces_headers,
    )
}

fn same<T: PartialEq + Debug>(key: &str, old: &T, new: &T) -> Result<()> {
    if old != new {
        bail!(
            "{key}: it cannot change from {old:?} to {new:?} while the collector runs; restart it, or put the old value back"
        );
    }
    Ok(())
}

/// [`same`] of what is too long to be shown, or secret.
fn untold<T: PartialEq>(key: &str, old: &T, new: &T) -> Result<()> {
    if old != new {
        bail!(
            "{key}: it cannot change while the collector runs; restart it, or put the old value back"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Brokers, Login, Mechanism, Remote, Secret};

    #[test]
    fn what_was_bound_or_opened_once_is_named_in_one_line() {
        let old = Config::default();
        let refused = |change: fn(&mut Config)| {
            let mut new = old.clone();
            change(&mut new);
            unchangeable(&old, &new).unwrap_err().to_string()
        };
        for (line, key) in [
            (refused(|c| c.listen.set_port(1)), "listen: "),
            (refused(|c| c.data_dir = "x".into()), "data_dir: "),
            (refused(|c| c.queue.max_bytes += 1), "queue: "),
            (refused(|c| c.metrics_interval *= 2), "metrics_interval: "),
            (refused(|c| c.metrics_hold *= 2), "metrics_hold: "),
            (
                refused(|c| c.telemetry.traces_ratio = 0.5),
                "telemetry.traces_ratio: ",
            ),
        ] {
            assert!(line.starts_with(key) && !line.contains('\n'), "{line}");
            assert!(line.ends_with("restart it, or put the old value back"));
        }
        unchangeable(&old, &old.clone()).unwrap();
    }

    #[test]
    fn a_sources_password_is_all_of_it_that_may_change() {
        let with = |user: &str, password: &str| {
            let remote = Remote::new("tls://kafka:9093".parse().unwrap());
            let login = Login {
                mechanism: Mechanism::Scram512,
                user: user.into(),
                password: Secret::new(password),
            };
            Config {
                sources: vec![Source {
                    name: "kafka".into(),
                    topic: "farol".into(),
                    group: "farol".into(),
                    brokers: Brokers {
                        remote,
                        addresses: vec!["kafka:9093".into()],
                        login: Some(login),
                    },
                }],
                ..Config::default()
            }
        };
        let old = with("farol", "hunter2");
        unchangeable(&old, &with("farol", "hunter3")).unwrap();
        let line = unchangeable(&old, &with("other", "hunter2")).unwrap_err();
        assert!(line.to_string().starts_with("sources: "), "{line}");
    }
}
