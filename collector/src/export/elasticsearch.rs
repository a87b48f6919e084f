//! Elasticsearch and OpenSearch, by the bulk API into data streams. Each document has an id of its own, so that what is sent again is there once.

mod answer;
mod document;
mod ecs;
pub(super) mod setup;

use anyhow::Result;
use http::Uri;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::destination::{Attempt, Destination, Outcome};
use super::http::{Http, below};
use super::json::write_text;
use super::pack::pack;
use super::{Batch, Signal};
use crate::config::Elasticsearch as Settings;
use document::Document;

/// Room for a refusal in many words of each item of the largest batch that makes sense.
const MAX_ANSWER: usize = 8 << 20;
/// Of an answer, no more than is read here.
const BULK: &str = "_bulk?filter_path=errors,items.*.status,items.*.error";
/// About what an item comes to, so that the body rarely moves while it grows.
const USUAL_ITEM: usize = 2_048;
const HEADERS: [(HeaderName, HeaderValue); 1] = [(
    CONTENT_TYPE,
    HeaderValue::from_static("application/x-ndjson"),
)];

/// A cluster.
pub(crate) struct Elasticsearch {
    http: Http,
    bulk: Uri,
    settings: Settings,
}

impl Elasticsearch {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            bulk: below(&settings.remote.endpoint, BULK)?,
            settings: settings.clone(),
        })
    }

    async fn deliver(&self, batch: &Batch) -> Outcome {
        let settings = self.settings.clone();
        let write = move |batch: &Batch| body(batch, &settings);
        let body = match pack(batch, self.settings.compression, write).await {
            Ok(packed) => packed,
            Err(outcome) => return outcome,
        };
        match self.http.post(&self.bulk, &HEADERS, body).await {
            Ok(answer) if answer.status.is_success() => answer::read(&answer.body, batch.len()),
            Ok(answer) => answer::of_the_request(&answer),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for Elasticsearch {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.deliver(batch))
    }
}

/// Two lines a document: what to do with it, and the document.
fn body(batch: &Batch, settings: &Settings) -> Vec<u8> {
    let dataset = &*settings.dataset;
    let stream = settings.stream(batch.signal());
    // Names are letters, digits and a few signs that JSON does not mind.
    let create = format!(r#"{{"create":{{"_index":"{stream}""#);
    let mut out = Vec::with_capacity(USUAL_ITEM * batch.len());
    let mut put = |document: Document<'_>| {
        out.extend_from_slice(create.as_bytes());
        if !document.id.is_empty() {
            out.extend_from_slice(br#","_id":"#);
            write_text(&mut out, &document.id);
        }
        out.extend_from_slice(b"}}\n");
        document.json(&mut out);
        out.push(b'\n');
    };
    match batch.signal() {
        Signal::Logs => {
            for (at, it) in batch.placed::<LogRecord>() {
                put(document::log(at, it, dataset));
            }
        }
        Signal::Traces => {
            for (at, it) in batch.placed::<Span>() {
                put(document::span(at, it, dataset));
            }
        }
        Signal::Metrics => {}
    }
    out
}

#[cfg(test)]
mod tests;
