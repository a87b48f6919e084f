//! Loki's push API: entries by stream, what a line does not say beside it as structured metadata.
//!
//! Loki takes what it can of a push and answers 400 for the rest, so the driver's dividing finds the culprits; what was taken before and
//! comes again has the same time and line, which Loki keeps once.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use http::Uri;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use super::Batch;
use super::destination::{Attempt, Destination, Outcome, Reason};
use super::http::{Answer, Http, below};
use super::pack::{Packed, aside, compress};
use crate::config::{self, Compression, Dialect, LokiFormat};

mod entry;
mod push;
mod streams;
#[cfg(test)]
mod tests;

use streams::{Stream, Streams};

const PUSH: &str = "loki/api/v1/push";
/// Loki says of each entry why it was not taken; more than this is not read.
const MAX_ANSWER: usize = 256 * 1024;
/// What a push was taken with: Loki says 204, what stands before it may say 200 to 203. Above them is 260, which Loki says where its operator has
/// stopped a tenant or a policy (`block_ingestion_until`) and nothing was kept.
const RECEIPTS: std::ops::RangeInclusive<u16> = 200..=204;

/// A Loki.
pub(crate) struct Loki {
    http: Http,
    address: Uri,
    format: LokiFormat,
    streams: Arc<Streams>,
    /// Pushes that may be on their way: what shows whether another batch is at fault comes on top of the driver's lanes.
    turns: Semaphore,
}

impl Loki {
    pub(crate) fn new(settings: &config::Loki, dialect: Dialect) -> Result<Self> {
        let endpoint = &settings.remote.endpoint;
        let whole = endpoint.path().ends_with(PUSH);
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            address: match whole {
                true => endpoint.clone(),
                false => below(endpoint, PUSH)?,
            },
            format: settings.format,
            streams: Arc::new(Streams::new(settings, dialect)),
            turns: Semaphore::new(settings.remote.concurrency),
        })
    }

    async fn push(&self, batch: &Batch) -> Outcome {
        let (batch, streams, format) = (batch.clone(), self.streams.clone(), self.format);
        let body = match aside(move || pack(&streams.of(&batch), format)).await {
            Ok(Some(body)) => body,
            Ok(None) => return Outcome::Refused(Reason::code("too large")),
            Err(outcome) => return outcome,
        };
        let kind = HeaderValue::from_static(match format {
            LokiFormat::Protobuf => "application/x-protobuf",
            LokiFormat::Json => "application/json",
        });
        let headers: [(HeaderName, HeaderValue); 1] = [(CONTENT_TYPE, kind)];
        let turn = self.turns.acquire().await;
        let answer = self.http.post(&self.address, &headers, body).await;
        drop(turn);
        match answer {
            Ok(answer) if RECEIPTS.contains(&answer.status.as_u16()) => {
                answer.page().unwrap_or_else(Outcome::accepted)
            }
            Ok(answer) => judge(&answer),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for Loki {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.push(batch))
    }
}

/// What Loki says of its own settings or of ours rather than of an entry: no entry would be taken, and the operator can mend it. Looked for in
/// its own words alone: it quotes labels, and browsers say what some of them hold.
const OF_SETTINGS: [&str; 3] = [
    "structured metadata, but this feature is disallowed",
    " label names; limit ",
    "missing required labels",
];

/// What Loki says with 260 where its operator has stopped streams of one policy: what others hold must not wait for those.
const OF_A_POLICY: &str = " (policy: ";

fn judge(answer: &Answer) -> Outcome {
    let words = answer.words();
    match answer.failure(&words, SystemTime::now()) {
        Outcome::Refused(reason) => {
            let own = unquoted(&words);
            match OF_SETTINGS.iter().any(|it| own.contains(it)) {
                true => Outcome::retry(reason),
                false => Outcome::Refused(reason),
            }
        }
        Outcome::Retry { reason, .. }
            if answer.status.is_success() && unquoted(&words).contains(OF_A_POLICY) =>
        {
            Outcome::Refused(reason)
        }
        outcome => outcome,
    }
}

/// An answer without what it quotes. Values of labels stand within `"…"` as Go writes them, whole streams and what is too long within `'…'`;
/// what no quote ends is quoted to its end.
fn unquoted(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words.chars();
    let mut within: Vec<char> = Vec::new();
    while let Some(c) = rest.next() {
        match (c, within.last()) {
            ('\\', Some('"')) => drop(rest.next()),
            (c, Some(quote)) if c == *quote => drop(within.pop()),
            ('"', _) => within.push('"'),
            ('\'', None) => within.push('\''),
            (_, Some(_)) => {}
            (c, None) => out.push(c),
        }
    }
    out
}

/// The body of a push; `None` where Snappy cannot, which is beyond 4 GiB.
fn pack(streams: &[Stream<'_>], format: LokiFormat) -> Option<Packed> {
    match format {
        LokiFormat::Protobuf => {
            let plain = push::protobuf(streams);
            let packed = snap::raw::Encoder::new().compress_vec(&plain).ok()?;
            // Snappy is a part of this form, and Loki wants no header for it.
            Some(Packed::plain(packed))
        }
        LokiFormat::Json => Some(compress(push::json(streams), Compression::Gzip)),
    }
}
