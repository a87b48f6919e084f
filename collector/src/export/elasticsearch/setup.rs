//! What a cluster needs before it takes documents well: a policy of how long they stay, and a template of what their indices are like. For
//! Elasticsearch (ILM) and OpenSearch (ISM), told apart by what the cluster says of itself.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::ecs::{FIELDS, Form, OWN};
use crate::config::Elasticsearch as Settings;
use crate::export::Signal;
use crate::export::http::{Answer, Http, below};
use crate::export::pack::Packed;
use crate::export::setup::{Done, Say};

/// Templates and policies as the cluster shows them.
const MAX_ANSWER: usize = 4 << 20;
const HEADERS: [(HeaderName, HeaderValue); 1] =
    [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
/// Over Elasticsearch's own templates for logs and traces, which have 100.
const PRIORITY: u32 = 250;

/// How what is said of a policy begins.
pub(in crate::export) const POLICY: &str = "lifecycle policy";

/// Which of the two a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    Elasticsearch,
    OpenSearch,
}

/// Something that has to be there, and where.
struct Wanted {
    what: String,
    path: String,
    body: Value,
    /// What of an answer says which version of it is there.
    mark: fn(&Value) -> Option<&str>,
}

/// Makes what is missing, and changes what another version made.
pub(in crate::export) async fn run(
    settings: &Settings,
    dry_run: bool,
    say: &mut Say<'_>,
) -> Result<()> {
    let cluster = Cluster {
        http: Http::new(&settings.remote, MAX_ANSWER)?,
        settings,
    };
    let about = cluster.ask(Method::GET, "", None).await?;
    let flavour = match keeps_to_itself(&about) {
        true => Flavour::Elasticsearch,
        false => {
            ensure!(about.status.is_success(), "{}", refusal(&about));
            let about: Value = serde_json::from_slice(&about.body)
                .context("what answers there is neither Elasticsearch nor OpenSearch")?;
            match about["version"]["distribution"].as_str() {
                Some("opensearch") => Flavour::OpenSearch,
                _ => Flavour::Elasticsearch,
            }
        }
    };
    let mut failed = None;
    // The template first: without it documents are indexed wrongly, without the policy they only stay.
    for wanted in [template(settings, flavour), policy(settings, flavour)] {
        match cluster.put(&wanted, dry_run).await {
            Ok(done) => say(&wanted.what, done.word(dry_run))?,
            Err(error) => {
                say(&wanted.what, &format!("failed: {error:#}"))?;
                failed = Some(wanted.what.clone());
            }
        }
    }
    match failed {
        Some(what) => bail!("{what} could not be set up"),
        None => Ok(()),
    }
}

/// Whether Elasticsearch does not tell this user what it is, for which it wants the privilege `monitor`. It says its name on every answer.
pub(in crate::export) fn keeps_to_itself(about: &Answer) -> bool {
    about.status == http::StatusCode::FORBIDDEN && about.headers.contains_key("x-elastic-product")
}

struct Cluster<'a> {
    http: Http,
    settings: &'a Settings,
}

impl Cluster<'_> {
    async fn put(&self, wanted: &Wanted, dry_run: bool) -> Result<Done> {
        let there = self.ask(Method::GET, &wanted.path, None).await?;
        let mut path = wanted.path.clone();
        let done = match there.status.as_u16() {
            404 => Done::Made,
            200 => {
                let there: Value = serde_json::from_slice(&there.body)?;
                if (wanted.mark)(&there) == (wanted.mark)(&shown(wanted)) {
                    return Ok(Done::Unchanged);
                }
                // OpenSearch changes a policy only for who says which one he saw.
                if let (Some(number), Some(term)) =
                    (there["_seq_no"].as_i64(), there["_primary_term"].as_i64())
                {
                    path = format!("{path}?if_seq_no={number}&if_primary_term={term}");
                }
                Done::Changed
            }
            _ => bail!("{}", refusal(&there)),
        };
        if !dry_run {
            let answer = self.ask(Method::PUT, &path, Some(&wanted.body)).await?;
            ensure!(answer.status.is_success(), "{}", refusal(&answer));
        }
        Ok(done)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let address = below(&self.settings.remote.endpoint, path)?;
        let body = Packed::plain(body.map_or_else(Bytes::new, |it| it.to_string().into()));
        let answer = self.http.ask(method, &address, &HEADERS, body).await;
        answer.map_err(|outcome| match outcome {
            crate::export::Outcome::Retry { reason, .. } => anyhow::anyhow!("{reason}"),
            _ => anyhow::anyhow!("no answer"),
        })
    }
}

fn refusal(answer: &Answer) -> String {
    /// Enough of a cluster's words for a person.
    const MOST: usize = 500;
    let words: String = answer.words().chars().take(MOST).collect();
    format!("http {}: {words}", answer.status.as_u16())
}

/// The answer in which the cluster would show it, as far as its mark is concerned.
fn shown(wanted: &Wanted) -> Value {
    let name = wanted.path.rsplit('/').next().unwrap_or_default();
    match wanted.path.split('/').next() {
        Some("_index_template") => {
            json!({ "index_templates": [{ "index_template": wanted.body }] })
        }
        Some("_ilm") => json!({ name: wanted.body }),
        _ => wanted.body.clone(),
    }
}

/// What template and policy are called: streams of another dataset have their own.
fn name(settings: &Settings) -> String {
    match settings.dataset.as_str() {
        "farol" => "farol".to_owned(),
        other => format!("farol-{other}"),
    }
}

/// Names a version of something by what it holds.
fn mark(body: &Value) -> String {
    format!("{:016x}", xxh3_64(body.to_string().as_bytes()))
}

fn patterns(settings: &Settings) -> Vec<String> {
    let signals = [Signal::Logs, Signal::Traces].into_iter();
    let pattern = |signal: Signal| format!("{}-{}-*", signal.as_str(), settings.dataset);
    signals.map(pattern).collect()
}

fn template(settings: &Settings, flavour: Flavour) -> Wanted {
    let mut index = json!({ "mapping.ignore_malformed": true });
    let name = name(settings);
    if flavour == Flavour::Elasticsearch {
        index["lifecycle.name"] = json!(name);
    }
    let mut body = json!({
        "index_patterns": patterns(settings),
        "data_stream": {},
        "priority": PRIORITY,
        "template": { "settings": { "index": index }, "mappings": mappings(flavour) },
    });
    body["_meta"] = json!({ "farol": mark(&body) });
    Wanted {
        what: format!("index template {name}"),
        path: format!("_index_template/{name}"),
        body,
        mark: |it| it["index_templates"][0]["index_template"]["_meta"]["farol"].as_str(),
    }
}

/// Nothing is mapped that is not named here.
fn mappings(flavour: Flavour) -> Value {
    let labels = match flavour {
        Flavour::Elasticsearch => json!({ "type": "flattened" }),
        Flavour::OpenSearch => json!({ "type": "flat_object" }),
    };
    let mut fields = Map::new();
    for (name, form) in FIELDS
        .iter()
        .map(|(_, name, form)| (*name, *form))
        .chain(OWN.iter().copied())
    {
        fields.insert(name.to_owned(), mapping(form));
    }
    for name in ["@timestamp", "event.created", "event.start", "event.end"] {
        fields.insert(name.to_owned(), json!({ "type": "date_nanos" }));
    }
    // Until 8.10 it takes no data stream whose time could be malformed, and does not except it from the index's setting by itself.
    if flavour == Flavour::Elasticsearch {
        fields["@timestamp"]["ignore_malformed"] = json!(false);
    }
    fields.insert("labels".into(), labels);
    fields.insert(
        "unindexed".into(),
        json!({ "type": "object", "enabled": false }),
    );
    json!({ "dynamic": false, "properties": fields })
}

fn mapping(form: Form) -> Value {
    match form {
        // Addresses are longer than most values that people look for as a whole; Lucene's own bound is far above.
        Form::Keyword => json!({ "type": "keyword", "ignore_above": 2048 }),
        Form::Text => json!({ "type": "text" }),
        Form::Number => json!({ "type": "double" }),
    }
}

fn policy(settings: &Settings, flavour: Flavour) -> Wanted {
    let days = settings.retention.as_secs() / 86_400;
    let name = name(settings);
    match flavour {
        Flavour::Elasticsearch => {
            let rollover = json!({ "max_age": "1d", "max_primary_shard_size": "50gb" });
            let mut policy = json!({ "phases": {
                "hot": { "actions": { "rollover": rollover } },
                "delete": { "min_age": format!("{days}d"), "actions": { "delete": {} } },
            } });
            policy["_meta"] = json!({ "farol": mark(&policy) });
            Wanted {
                what: format!("{POLICY} {name} (ILM)"),
                path: format!("_ilm/policy/{name}"),
                body: json!({ "policy": policy }),
                // The answer is by the policy's name, and holds that one alone.
                mark: |it| {
                    let policy = it.as_object()?.values().next()?;
                    policy["policy"]["_meta"]["farol"].as_str()
                },
            }
        }
        Flavour::OpenSearch => {
            let rollover = json!({ "min_index_age": "1d", "min_primary_shard_size": "50gb" });
            let age = format!("{}d", days);
            let gone = json!({ "state_name": "delete", "conditions": { "min_rollover_age": age } });
            let mut policy = json!({
                "default_state": "hot",
                "states": [
                    { "name": "hot", "actions": [{ "rollover": rollover }], "transitions": [gone] },
                    { "name": "delete", "actions": [{ "delete": {} }], "transitions": [] },
                ],
                "ism_template": [{ "index_patterns": patterns(settings), "priority": PRIORITY }],
            });
            policy["description"] = json!(format!("farol {}", mark(&policy)));
            Wanted {
                what: format!("{POLICY} {name} (ISM)"),
                path: format!("_plugins/_ism/policies/{name}"),
                body: json!({ "policy": policy }),
                mark: |it| it["policy"]["description"].as_str(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
