//! Loki, Elasticsearch and ClickHouse: servers that say their version, and want something set up before they take data well.

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::{Headers, Http, MAX_ANSWER, Packed, Probe, below, json, words};
use crate::config;
use crate::export::{clickhouse, elasticsearch};

/// What `setup` says of what needs nothing.
const UNCHANGED: &str = "as it should be";

impl Probe<'_, '_> {
    pub(super) async fn loki(&mut self, settings: &config::Loki) -> anyhow::Result<()> {
        const PUSH: &str = "loki/api/v1/push";
        let mut remote = settings.remote.clone();
        let whole = remote.endpoint.to_string();
        if let Some((base, _)) = whole.split_once(PUSH) {
            remote.endpoint = base.parse()?;
        }
        let http = Http::new(&remote, MAX_ANSWER)?;
        let ready = self.get(&http, &remote, "ready").await?;
        let Some(ready) = self.heard(ready) else {
            return Ok(());
        };
        // Gateways before it do not pass this on.
        if ready.status.as_u16() == 503 {
            self.refusal(&ready);
            return Ok(());
        }
        let built = self
            .get(&http, &remote, "loki/api/v1/status/buildinfo")
            .await?;
        let version = built.ok().filter(|it| it.status.is_success());
        let version = version.and_then(|it| Some(json(&it)?["version"].as_str()?.to_owned()));
        let version = version.unwrap_or_default();
        // A push without a stream: who is let in, and nothing is written.
        let headers: Headers<'_> = &[(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let body = Packed::plain(r#"{"streams":[]}"#);
        let pushed = http
            .post(&below(&remote.endpoint, PUSH)?, headers, body)
            .await;
        let Some(pushed) = self.heard(pushed) else {
            return Ok(());
        };
        // Both say so of themselves; what answers otherwise may be a proxy, or a TLS port that is spoken to plainly.
        let known =
            !version.is_empty() || (ready.status.is_success() && ready.words().trim() == "ready");
        let old = version.starts_with(['0', '1', '2']) && version[1..].starts_with('.');
        match pushed.status.as_u16() {
            // It says that there is no stream, which is true.
            200..=299 | 400 | 422 if old => self.warn(
                &format!("{} is Loki {version}", self.at),
                "from 3.0 on it takes structured metadata by itself; renew it, or allow them there",
            ),
            400 | 422 if !known => self.doubtful(
                &pushed,
                "where that are not Loki's words, correct its endpoint (http or https, and the port)",
            ),
            200..=299 | 400 | 422 => {
                let loki = match version.is_empty() {
                    true => "Loki".to_owned(),
                    false => format!("Loki {version}"),
                };
                self.ok(&format!("{loki} takes pushes at {}", self.at));
            }
            _ => self.refusal(&pushed),
        }
        Ok(())
    }

    pub(super) async fn elasticsearch(
        &mut self,
        settings: &config::Elasticsearch,
        name: &str,
    ) -> anyhow::Result<()> {
        let http = Http::new(&settings.remote, MAX_ANSWER)?;
        let about = self.get(&http, &settings.remote, "").await?;
        let Some(about) = self.heard(about) else {
            return Ok(());
        };
        if elasticsearch::setup::keeps_to_itself(&about) {
            self.ok(&format!("Elasticsearch answers at {}", self.at));
            return self.set_up_of_elasticsearch(settings, name).await;
        }
        if !about.status.is_success() {
            self.refusal(&about);
            return Ok(());
        }
        let said = json(&about).unwrap_or_default();
        let Some(version) = said["version"]["number"].as_str() else {
            self.fail(
                &format!(
                    "what answers at {} is neither Elasticsearch nor OpenSearch",
                    self.at
                ),
                "correct its endpoint",
            );
            return Ok(());
        };
        let product = match said["version"]["distribution"].as_str() {
            Some("opensearch") => "OpenSearch",
            _ => "Elasticsearch",
        };
        self.ok(&format!("{product} {version} answers at {}", self.at));
        self.set_up_of_elasticsearch(settings, name).await
    }

    async fn set_up_of_elasticsearch(
        &mut self,
        settings: &config::Elasticsearch,
        name: &str,
    ) -> anyhow::Result<()> {
        let mut lacking = Lacking::default();
        let set_up =
            elasticsearch::setup::run(settings, true, &mut |what, word| lacking.hear(what, word))
                .await;
        if lacking.all.is_empty()
            && lacking.unseen.is_empty()
            && let Err(error) = set_up
        {
            lacking.add(format!("{error:#}"));
        }
        self.lacks(&lacking, "elasticsearch", name);
        Ok(())
    }

    pub(super) async fn clickhouse(
        &mut self,
        settings: &config::ClickHouse,
        name: &str,
    ) -> anyhow::Result<()> {
        let http = Http::new(&settings.remote, MAX_ANSWER)?;
        let body = Packed::plain("SELECT version()");
        let address = below(&settings.remote.endpoint, "")?;
        let Some(answer) = self.heard(http.ask(Method::POST, &address, &[], body).await) else {
            return Ok(());
        };
        let version = words(&answer);
        if version.starts_with("Code: 516") || version.contains("AUTHENTICATION_FAILED") {
            self.fail(
                &format!("{} lets nobody in with these credentials", self.at),
                "correct its auth (basic), or the user in its headers",
            );
            return Ok(());
        }
        if !answer.status.is_success() {
            self.refusal(&answer);
            return Ok(());
        }
        if !version.starts_with(|it: char| it.is_ascii_digit()) {
            self.fail(
                &format!(
                    "what answers at {} is no ClickHouse: {version:?} where its version was to be",
                    self.at
                ),
                "correct endpoint: its HTTP port, 8123 by itself",
            );
            return Ok(());
        }
        self.ok(&format!("ClickHouse {version} answers at {}", self.at));
        let mut lacking = Lacking::default();
        let set_up =
            clickhouse::setup::run(settings, true, &mut |what, word| lacking.hear(what, word))
                .await;
        if lacking.all.is_empty()
            && lacking.unseen.is_empty()
            && let Err(error) = set_up
        {
            lacking.add(format!("{error:#}"));
        }
        self.lacks(&lacking, "clickhouse", name);
        Ok(())
    }

    fn lacks(&mut self, lacking: &Lacking, kind: &str, name: &str) {
        if !lacking.unseen.is_empty() {
            let found = format!(
                "this user may not see whether it is set up: {}",
                lacking.unseen.join(", ")
            );
            let remedy = "nothing, where it was set up with another user's credentials";
            self.warn(&found, remedy);
        }
        if lacking.all.is_empty() {
            return;
        }
        let found = format!("not set up as it should be: {}", lacking.all.join(", "));
        let remedy =
            format!("run `farol-collector setup {kind} --destination {name}` with these settings");
        match lacking.taken_wrongly {
            true => self.fail(&found, &remedy),
            false => self.warn(&found, &remedy),
        }
    }
}

/// What `setup` would have something to do for.
#[derive(Default)]
struct Lacking {
    all: Vec<String>,
    /// Whether something lacks without which data is refused or indexed wrongly; without a policy it only stays too long.
    taken_wrongly: bool,
    /// What nobody knows, since this user may not look at it.
    unseen: Vec<String>,
}

impl Lacking {
    fn hear(&mut self, what: &str, word: &str) -> std::io::Result<()> {
        if word.starts_with("failed: http 403") {
            self.unseen.push(what.to_owned());
        } else if word != UNCHANGED && !word.starts_with(clickhouse::setup::LEFT) {
            self.taken_wrongly |= !what.starts_with(elasticsearch::setup::POLICY);
            self.all.push(format!("{what} {word}"));
        }
        Ok(())
    }

    fn add(&mut self, what: String) {
        self.taken_wrongly = true;
        self.all.push(what);
    }
}
