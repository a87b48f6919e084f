//! The collector that runs with these settings: whether it can take data, and what it says of itself that somebody should look at.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::finding::Report;
use crate::config::{Config, Remote, Tls};
use crate::export::probe::{Answer, Http, nothing};
use crate::tail::follow::reachable;

const WHAT: &str = "collector";
/// It is on this machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// A thousand destinations have less in `/metrics`.
const MAX_ANSWER: usize = 64 << 20;
/// Reasons shown at most.
const SHOWN: usize = 5;

/// Someone to ask on this machine.
pub(super) struct Local {
    http: Http,
    base: String,
}

impl Local {
    /// At an address that the collector itself listens at: its certificate is for other names, and is not asked for.
    pub(super) fn new(address: SocketAddr, tls: bool) -> Option<Self> {
        let scheme = match tls {
            true => "https",
            false => "http",
        };
        let base = format!("{scheme}://{}", reachable(address));
        let remote = Remote {
            tls: Tls {
                insecure_skip_verify: true,
                ..Tls::default()
            },
            timeout: PATIENCE,
            ..Remote::new(base.parse().ok()?)
        };
        let http = Http::new(&remote, MAX_ANSWER).ok()?;
        Some(Self { http, base })
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, HeaderValue)],
    ) -> Option<Answer> {
        let address: Uri = format!("{}{path}", self.base).parse().ok()?;
        self.http
            .ask(method, &address, headers, nothing())
            .await
            .ok()
    }
}

/// Whether one answers.
pub(super) async fn look(config: &Config, start: &str, report: &mut Report<'_>) -> bool {
    let (setting, address, tls, proxied) = match config.admin_listen {
        Some(admin) => (
            "admin_listen",
            admin,
            false,
            !config.admin_proxy_protocol.is_empty(),
        ),
        None => {
            let public = &config.public;
            (
                "listen",
                config.listen,
                public.tls.is_some(),
                !public.proxy_protocol.is_empty(),
            )
        }
    };
    if proxied || address.port() == 0 {
        report.warn(
            WHAT,
            format!("{setting} = {address} cannot be asked from here: it speaks PROXY protocol, or takes another port at each start"),
            "set an admin_listen with a port of its own, for probes and for this",
        );
        return true;
    }
    let Some(local) = Local::new(address, tls) else {
        return false;
    };
    let Some(answer) = local.ask(Method::GET, "/-/ready", &[]).await else {
        let words = format!("nobody answers at {setting} = {address}");
        report.fail(WHAT, words, format!("start it: {start}"));
        return false;
    };
    match answer.status.as_u16() {
        200 => {
            report.ok(WHAT, format!("ready at {address}"));
            elsewhere(&config.data_dir, report);
        }
        503 => {
            let words = format!("it runs and takes nothing: {}", answer.words().trim());
            report.fail(WHAT, words, "see `disk` and `queue` above, and its log");
            elsewhere(&config.data_dir, report);
        }
        other => {
            let words =
                format!("{address} answers http {other} to /-/ready; somebody else listens there");
            report.fail(
                WHAT,
                words,
                format!("name another {setting}, or stop what uses it"),
            );
            return false;
        }
    }
    if let Some(answer) = local.ask(Method::GET, "/metrics", &[]).await
        && answer.status.is_success()
    {
        numbers(&answer.words(), report);
    }
    let json = (ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(answer) = local.ask(Method::GET, "/-/status", &[json]).await
        && answer.status.is_success()
        && let Ok(status) = serde_json::from_slice(&answer.body)
    {
        deliveries(&status, report);
    }
    true
}

/// Of which destinations it says itself that it does not get rid of what is for them: a server that answers to being asked may refuse data all the same.
pub(super) fn deliveries(status: &Value, report: &mut Report<'_>) {
    let all = status["destinations"].as_array().into_iter().flatten();
    for it in all {
        let circuit = it["circuit"].as_str().unwrap_or_default();
        let since = it["failing_since"].as_str();
        if since.is_none() && matches!(circuit, "" | "closed") {
            continue;
        }
        let name = it["name"].as_str().unwrap_or_default();
        let reason = it["last_reason"].as_str().unwrap_or("no reason");
        let since = since.map_or_else(String::new, |it| format!(" since {it}"));
        let pending = &it["pending"];
        report.fail(
            format!("destination {name}"),
            format!(
                "the collector that runs fails to deliver there{since} ({reason}); circuit {circuit}, {pending} items wait"
            ),
            format!(
                "{}; its log has the server's words, and the destination's page in docs/destinations says what each answer means",
                remedy(reason)
            ),
        );
    }
}

/// The next step, by how a reason begins.
fn remedy(reason: &str) -> &'static str {
    match reason {
        _ if reason.starts_with("http 401") || reason.starts_with("http 403") => {
            "correct its auth, headers or tenant"
        }
        _ if reason.starts_with("http 404") || reason.starts_with("http 405") => {
            "correct its endpoint"
        }
        _ if reason.starts_with("no connection") => "see what is found of it below",
        _ => "see that its server takes what it is sent",
    }
}

/// Whether it can be the folder of one that runs: that one has made its own.
fn elsewhere(data: &Path, report: &mut Report<'_>) {
    if !data.exists() {
        let words = format!(
            "{} is not there, and the collector runs: its data is elsewhere, and was not looked at",
            data.display()
        );
        report.warn(
            "data folder",
            words,
            "name its folder: data_dir in the file, FAROL_DATA_DIR or --data-dir, as it was started",
        );
    }
}

/// What its own metrics say that somebody should look at.
fn numbers(metrics: &str, report: &mut Report<'_>) {
    let version = env!("CARGO_PKG_VERSION");
    let (mut dropped, mut refused) = (Vec::new(), Vec::new());
    for line in metrics.lines() {
        let Some(sample) = Sample::read(line) else {
            continue;
        };
        match sample.name {
            "farol_build_info" if sample.label("version") != Some(version) => report.warn(
                WHAT,
                format!(
                    "version {} runs, and this is {version}",
                    sample.label("version").unwrap_or_default()
                ),
                "start it anew with this program",
            ),
            "farol_bugs_total" if sample.value > 0.0 => report.warn(
                WHAT,
                format!("{} requests or items ended without a verdict", sample.value),
                "that is a bug; please report it with the log",
            ),
            "farol_destination_items_total" if sample.lost() => dropped.push(format!(
                "{} of {} ({})",
                sample.value,
                sample.label("destination").unwrap_or_default(),
                sample.label("reason").unwrap_or_default(),
            )),
            "farol_requests_total"
                if sample.value > 0.0 && sample.label("outcome") == Some("refused") =>
            {
                refused.push(format!(
                    "{} {}",
                    sample.value,
                    sample.label("reason").unwrap_or_default()
                ));
            }
            _ => {}
        }
    }
    if !dropped.is_empty() {
        dropped.truncate(SHOWN);
        report.warn(
            "lost",
            format!("items dropped since its start: {}", dropped.join(", ")),
            "docs/collector.md says what each reason means; its log and dead-letters say more",
        );
    }
    if !refused.is_empty() {
        refused.truncate(SHOWN);
        report.warn(
            "refused",
            format!("requests since its start: {}", refused.join(", ")),
            "see who is refused, and why, by `farol-collector tail --rejected`",
        );
    }
}

/// One line of `/metrics`.
struct Sample<'a> {
    name: &'a str,
    labels: &'a str,
    value: f64,
}

impl<'a> Sample<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let value = value.parse().ok()?;
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}')?),
            None => (series, ""),
        };
        Some(Self {
            name,
            labels,
            value,
        })
    }

    /// Values of labels are words of ours here, without quotes in them.
    fn label(&self, name: &str) -> Option<&'a str> {
        let mut labels = self.labels.split("\",");
        labels
            .find_map(|it| it.strip_prefix(name)?.strip_prefix("=\""))
            .map(|it| it.trim_end_matches('"'))
    }

    /// What an operator took out by a command is no loss.
    fn lost(&self) -> bool {
        let reason = self.label("reason");
        self.value > 0.0
            && self.label("outcome") == Some("dropped")
            && !matches!(reason, Some("erased" | "destination_removed"))
    }
}
