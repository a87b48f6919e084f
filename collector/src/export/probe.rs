//! Asks a destination's server, as cheaply as it can be asked, whether it is there, lets the collector in, and takes what it would be sent. Nothing
//! that is asked leaves data behind.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use super::Signal;
use super::destination::{Outcome, Reason};
use super::fluent_forward::FluentForward;
use super::http::below;
pub(crate) use super::http::{Answer, Http};
use super::otlp_grpc::OtlpGrpc;
use super::otlp_http::{self, OtlpHttp};
use super::pack::Packed;
use super::prometheus::remote_write::RemoteWrite;
use super::reach;
use crate::config::{self, Destination, DestinationKind, RemoteWriteVersion, Signals};
use crate::doctor::Report;

mod brokers;
mod bucket;
mod stores;

pub(crate) use brokers::source;

/// A page about a server, or its mistake, is no longer.
const MAX_ANSWER: usize = 256 * 1024;
/// Enough of a server's words for a person.
const WORDS: usize = 200;

/// A body with nothing in it.
pub(crate) fn nothing() -> Packed {
    Packed::plain(Bytes::new())
}

/// Asks the server that a destination is.
pub(crate) async fn look(what: &str, destination: &Destination, report: &mut Report<'_>) {
    let Some(remote) = destination.kind.remote() else {
        return;
    };
    let at = config::shown(&remote.endpoint.to_string()).into_owned();
    let mut probe = Probe { what, at, report };
    let asked = match &destination.kind {
        DestinationKind::OtlpHttp(it) => probe.otlp_http(it, destination.signals).await,
        DestinationKind::OtlpGrpc(it) => probe.otlp_grpc(it, destination.signals).await,
        DestinationKind::RemoteWrite(it) => probe.remote_write(it).await,
        DestinationKind::Http(it) => probe.documents(it).await,
        DestinationKind::FluentForward(it) => probe.forward(it).await,
        DestinationKind::Loki(it) => probe.loki(it).await,
        DestinationKind::Elasticsearch(it) => probe.elasticsearch(it, &destination.name).await,
        DestinationKind::ClickHouse(it) => probe.clickhouse(it, &destination.name).await,
        DestinationKind::Kafka(it) => probe.kafka(it, destination.signals).await,
        DestinationKind::Parquet(config::Parquet::Bucket(it)) => probe.bucket(it).await,
        DestinationKind::OtlpFile(_)
        | DestinationKind::Parquet(config::Parquet::Folder(_))
        | DestinationKind::Terminal(_) => Ok(()),
    };
    if let Err(error) = asked {
        let words = format!("{error:#}");
        probe.report.fail(what, words, "correct its settings");
    }
}

/// One server that is asked.
struct Probe<'a, 'b> {
    what: &'a str,
    /// Its address as it may be shown.
    at: String,
    report: &'a mut Report<'b>,
}

impl Probe<'_, '_> {
    async fn otlp_http(
        &mut self,
        settings: &config::OtlpRemote,
        signals: Signals,
    ) -> anyhow::Result<()> {
        let receiver = OtlpHttp::new(settings)?;
        for signal in Signal::of(signals) {
            let name = signal.as_str();
            let Some(answer) = self.heard(receiver.empty(signal).await) else {
                return Ok(());
            };
            match answer.status.as_u16() {
                200..=299 => self.ok(&format!("{} takes OTLP {name}", self.at)),
                // Some want something in a request. A proxy, or a TLS port that is spoken to plainly, says 400 as well.
                400 if otlp_http::says_status(&answer) => {
                    self.ok(&format!("{} reads OTLP {name}", self.at));
                }
                400 => self.doubtful(
                    &answer,
                    "where that is no OTLP receiver's answer, correct its endpoint (http or https, and the port)",
                ),
                404 | 405 => self.fail(
                    &format!(
                        "{} has no OTLP receiver for {name} (http {})",
                        self.at,
                        answer.status.as_u16()
                    ),
                    &format!(
                        "correct endpoint (or endpoints.{name}), or leave {name} out of its signals"
                    ),
                ),
                _ => self.refusal(&answer),
            }
        }
        Ok(())
    }

    async fn otlp_grpc(
        &mut self,
        settings: &config::OtlpRemote,
        signals: Signals,
    ) -> anyhow::Result<()> {
        let receiver = OtlpGrpc::new(settings)?;
        for signal in Signal::of(signals) {
            let name = signal.as_str();
            match receiver.empty(signal).await {
                Outcome::Accepted { .. } => self.ok(&format!("{} takes OTLP {name}", self.at)),
                // Some want something in a request.
                Outcome::Refused(_) => self.ok(&format!("{} reads OTLP {name}", self.at)),
                Outcome::Retry { reason, .. } | Outcome::Each { reason, .. } => {
                    match reason.code.as_str() {
                        "grpc unimplemented" => self.fail(
                            &format!("{} has no OTLP receiver for {name}", self.at),
                            &format!("leave {name} out of its signals, or switch the receiver on"),
                        ),
                        "grpc unauthenticated" | "grpc permission_denied" => self.stranger(&reason),
                        _ => {
                            self.silent(&reason);
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    async fn remote_write(&mut self, settings: &config::RemoteWrite) -> anyhow::Result<()> {
        let Some(answer) = self.heard(RemoteWrite::new(settings)?.empty().await) else {
            return Ok(());
        };
        let two = settings.version == RemoteWriteVersion::Two;
        match answer.status.as_u16() {
            200..=299 => {
                let version = self.prometheus_version(&settings.remote).await?;
                self.ok(&format!("{}{version} takes Remote Write", self.at));
            }
            415 if two => self.fail(
                &format!("{} takes no Remote Write 2.0 (http 415)", self.at),
                "set protocol_version = \"1.0\"",
            ),
            404 | 405 => self.fail(
                &format!("{} is no Remote Write receiver (http {})", self.at, answer.status.as_u16()),
                "give the whole address, such as …/api/v1/write; Prometheus takes it only with --web.enable-remote-write-receiver",
            ),
            400 => self.warn(
                &format!("{} refuses an empty request: {}", self.at, words(&answer)),
                "see its log; where it knows 1.0 alone, set protocol_version = \"1.0\"",
            ),
            _ => self.refusal(&answer),
        }
        Ok(())
    }

    /// What Prometheus says of itself, where it is one.
    async fn prometheus_version(&mut self, remote: &config::Remote) -> anyhow::Result<String> {
        let address = remote.endpoint.to_string();
        let Some(base) = address.strip_suffix("/api/v1/write") else {
            return Ok(String::new());
        };
        let http = Http::new(remote, MAX_ANSWER)?;
        let address: Uri = format!("{base}/api/v1/status/buildinfo").parse()?;
        let asked = http.ask(Method::GET, &address, &[], nothing()).await;
        let said = asked.ok().and_then(|it| json(&it));
        let version = said.and_then(|it| Some(it["data"]["version"].as_str()?.to_owned()));
        // A build of one's own may name none.
        let version = version.filter(|it| !it.is_empty());
        Ok(version.map_or(String::new(), |it| format!(" (version {it})")))
    }

    async fn documents(&mut self, settings: &config::HttpDocuments) -> anyhow::Result<()> {
        let http = Http::new(&settings.remote, MAX_ANSWER)?;
        let endpoint = &settings.remote.endpoint;
        // A POST, or anything with a body, would be a document.
        let Some(answer) = self.heard(http.ask(Method::OPTIONS, endpoint, &[], nothing()).await)
        else {
            return Ok(());
        };
        match answer.status.as_u16() {
            // 501 is OPTIONS that it does not know.
            401 | 403 | 500 | 502.. => self.refusal(&answer),
            400 => self.doubtful(
                &answer,
                "see that endpoint is right (http or https, and the port); the first document shows whether it is taken",
            ),
            404 => self.warn(
                &format!("{} answers 404 to OPTIONS", self.at),
                "see that the whole address is right; the first document shows whether it is taken",
            ),
            status => self.ok(&format!(
                "{} answers (http {status} to OPTIONS); whether it takes documents shows with the first",
                self.at
            )),
        }
        Ok(())
    }

    async fn forward(&mut self, settings: &config::FluentForward) -> anyhow::Result<()> {
        match FluentForward::new(settings)?.knock().await {
            Ok(()) => self.ok(&match settings.shared_key {
                Some(_) => format!("{} and the collector know the same shared key", self.at),
                None => format!(
                    "{} lets the collector connect, and asks for no key",
                    self.at
                ),
            }),
            Err(reason) => match reason.code.as_str() {
                "shared key asked for" => self.fail(
                    &format!("{} asks for a shared key", self.at),
                    "set shared_key to that of its <security>",
                ),
                "not let in" | "the server has another shared key" => self.stranger(&reason),
                "no forward server" => self.fail(
                    &format!("what answers at {} speaks no Forward protocol", self.at),
                    "correct endpoint: the port of <source> @type forward, 24224 by itself",
                ),
                _ => self.silent(&reason),
            },
        }
        Ok(())
    }

    fn ok(&mut self, found: &str) {
        self.report.ok(self.what, found);
    }

    fn warn(&mut self, found: &str, remedy: &str) {
        self.report.warn(self.what, found, remedy);
    }

    fn fail(&mut self, found: &str, remedy: &str) {
        self.report.fail(self.what, found, remedy);
    }

    /// An answer, and its time; none is a finding.
    fn heard(&mut self, asked: Result<Answer, Outcome>) -> Option<Answer> {
        match asked {
            Ok(answer) => {
                let now = SystemTime::now();
                self.report.time(self.what, &answer.headers, now);
                Some(answer)
            }
            Err(Outcome::Retry { reason, .. } | Outcome::Refused(reason)) => {
                self.silent(&reason);
                None
            }
            Err(_) => None,
        }
    }

    fn silent(&mut self, reason: &Reason) {
        self.fail(
            &format!("nobody answers at {} ({})", self.at, reason.code),
            &reach::remedy(&reason.code, &self.at),
        );
    }

    fn stranger(&mut self, reason: &Reason) {
        let said = format!(
            "{} lets nobody in with these credentials ({})",
            self.at, reason.code
        );
        self.fail(&said, "correct its auth, headers, tenant or shared_key");
    }

    /// An answer that may be that of somebody before the server.
    fn doubtful(&mut self, answer: &Answer, remedy: &str) {
        let status = answer.status.as_u16();
        let said = words(answer);
        self.warn(
            &format!("{} answers http {status}: {said}", self.at),
            remedy,
        );
    }

    /// What an answer means that is no success.
    fn refusal(&mut self, answer: &Answer) {
        let status = answer.status.as_u16();
        let said = format!("{} answers http {status}: {}", self.at, words(answer));
        match status {
            401 | 403 => self.fail(&said, "correct its auth, headers or tenant"),
            404 | 405 => self.fail(&said, "correct its endpoint"),
            429 | 502..=504 => {
                self.warn(&said, "it is busy or not ready; see its log, and ask again");
            }
            _ => self.fail(&said, "see its log, and its page in docs/destinations"),
        }
    }

    async fn get(
        &mut self,
        http: &Http,
        remote: &config::Remote,
        path: &str,
    ) -> anyhow::Result<Result<Answer, Outcome>> {
        let address = below(&remote.endpoint, path)?;
        Ok(http.ask(Method::GET, &address, &[], nothing()).await)
    }
}

/// Headers of a request of ours.
type Headers<'a> = &'a [(HeaderName, HeaderValue)];

fn words(answer: &Answer) -> String {
    cut(&answer.words())
}

/// As much of a server's words as a person reads.
pub(super) fn cut(words: &str) -> String {
    words.trim().chars().take(WORDS).collect()
}

fn json(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok()
}

#[cfg(test)]
mod tests;
