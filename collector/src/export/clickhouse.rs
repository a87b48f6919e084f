//! ClickHouse, by inserts over HTTP into the tables of the OpenTelemetry Collector's exporter, so that tools which read those read these.

mod answer;
mod row;
pub(super) mod setup;

pub(super) use row::{kind, map, plain, status};

use anyhow::Result;
use http::Uri;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use xxhash_rust::xxh3::xxh3_128;

use super::destination::{Attempt, Destination, Outcome, Reason};
use super::http::{Http, below};
use super::pack::{Packed, aside, compress};
use super::{Batch, Signal};
use crate::config::ClickHouse as Settings;

/// The words of a refusal; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;

/// About what a row comes to, so that the body rarely moves while it grows.
const USUAL_ROW: usize = 2_048;

/// A ClickHouse server.
pub(crate) struct ClickHouse {
    http: Http,
    settings: Settings,
}

impl ClickHouse {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            settings: settings.clone(),
        })
    }

    async fn deliver(&self, batch: &Batch) -> Outcome {
        let (copy, compression) = (batch.clone(), self.settings.compression);
        let write = move || {
            let rows = rows(&copy);
            let token = format!("{:032x}", xxh3_128(&rows));
            drop(copy);
            (compress(rows, compression), token)
        };
        let (body, token) = match aside(write).await {
            Ok(packed) => packed,
            Err(outcome) => return outcome,
        };
        let gathered = self.settings.async_insert;
        let outcome = self
            .insert(batch.signal(), body.clone(), &token, gathered)
            .await;
        match outcome {
            // All that were written with it are told the same, whoever sent the row that it fails at. Its own verdict is that of an insert by itself.
            Outcome::Refused(reason) if gathered && reason.code.starts_with("clickhouse ") => {
                self.insert(batch.signal(), body, &token, false).await
            }
            outcome => outcome,
        }
    }

    async fn insert(&self, signal: Signal, body: Packed, token: &str, gathered: bool) -> Outcome {
        let Ok(address) = address(&self.settings, signal, token, gathered) else {
            return Outcome::retry(Reason::code("no address"));
        };
        match self.http.post(&address, &[], body).await {
            Ok(answer) => answer::judge(&answer),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for ClickHouse {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.deliver(batch))
    }
}

/// Where a batch is inserted, with those of others or by itself. The token is the batch's own: a server that remembers it takes what is sent
/// again once.
fn address(settings: &Settings, signal: Signal, token: &str, gathered: bool) -> Result<Uri> {
    let table = settings.table(signal);
    let insert = format!("INSERT INTO {table} FORMAT JSONEachRow");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("query", &insert);
    query.append_pair("insert_deduplicate", "1");
    query.append_pair("insert_deduplication_token", token);
    // A column that is not there is an error that an operator can mend, not a loss.
    query.append_pair("input_format_skip_unknown_fields", "0");
    // Said in either case: newer servers gather unless told not to.
    query.append_pair("async_insert", if gathered { "1" } else { "0" });
    if gathered {
        query.append_pair("wait_for_async_insert", "1");
        query.append_pair("async_insert_deduplicate", "1");
    }
    below(&settings.remote.endpoint, &format!("?{}", query.finish()))
}

/// One line a row.
fn rows(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_ROW * batch.len());
    match batch.signal() {
        Signal::Logs => {
            let mut last = row::Last::default();
            for (place, record) in batch.placed::<LogRecord>() {
                row::log(place, record, &mut last, &mut out);
            }
        }
        Signal::Traces => {
            for (place, span) in batch.placed::<Span>() {
                row::span(place, span, &mut out);
            }
        }
        Signal::Metrics => {}
    }
    out
}

#[cfg(test)]
mod tests;
