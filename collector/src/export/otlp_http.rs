//! OTLP over HTTP: protobuf, one POST a batch.

use std::time::SystemTime;

use anyhow::Result;
use http::Uri;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use prost::Message as _;
use serde_json::Value;

use super::answer::{ExportResponse, RpcStatus};
use super::destination::{Attempt, Destination, Outcome, Reason};
use super::http::{Answer, Http, below};
use super::pack::pack;
use super::probe::nothing;
use super::{Batch, Signal};
use crate::config::{Compression, OtlpRemote};

/// Answers are a few bytes; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;
const PROTOBUF: &str = "application/x-protobuf";
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (CONTENT_TYPE, HeaderValue::from_static(PROTOBUF)),
    (ACCEPT, HeaderValue::from_static(PROTOBUF)),
];

/// An OTLP/HTTP receiver.
pub(crate) struct OtlpHttp {
    http: Http,
    addresses: [Uri; 3],
    compression: Compression,
}

impl OtlpHttp {
    pub(crate) fn new(settings: &OtlpRemote) -> Result<Self> {
        let own = &settings.signal_endpoints;
        let endpoint = &settings.remote.endpoint;
        let address = |signal: Signal, own: &Option<Uri>| match own {
            Some(whole) => Ok(whole.clone()),
            None => below(endpoint, &format!("v1/{}", signal.as_str())),
        };
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            addresses: [
                address(Signal::Logs, &own.logs)?,
                address(Signal::Traces, &own.traces)?,
                address(Signal::Metrics, &own.metrics)?,
            ],
            compression: settings.compression,
        })
    }

    /// A request with nothing in it: whether the receiver is there, lets the collector in and takes the signal.
    pub(super) async fn empty(&self, signal: Signal) -> Result<Answer, Outcome> {
        let address = &self.addresses[signal as usize];
        self.http.post(address, &HEADERS, nothing()).await
    }

    async fn post(&self, batch: &Batch) -> Outcome {
        let body = match pack(batch, self.compression, Batch::protobuf).await {
            Ok(packed) => packed,
            Err(outcome) => return outcome,
        };
        let address = &self.addresses[batch.signal() as usize];
        match self.http.post(address, &HEADERS, body).await {
            Ok(answer) if answer.status.is_success() => taken(&answer),
            Ok(answer) => answer.failure(&words(&answer), SystemTime::now()),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for OtlpHttp {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.post(batch))
    }

    fn sends_protobuf(&self) -> bool {
        true
    }
}

fn taken(answer: &Answer) -> Outcome {
    if let Some(page) = answer.page() {
        return page;
    }
    // A receiver's words of what it left out may be this long; a proxy's page as well, and it took nothing.
    if answer.overlong {
        return Outcome::Retry {
            after: None,
            suspect: true,
            reason: Reason::code("answer too long"),
        };
    }
    let response = match answer.is("application/json") {
        true => ExportResponse::from_json(&answer.body),
        false => ExportResponse::decode(&*answer.body).unwrap_or_default(),
    };
    let (rejected, words) = response.rejected();
    Outcome::Accepted {
        rejected,
        reason: (rejected > 0).then(|| Reason::new("partial success", words)),
    }
}

fn words(answer: &Answer) -> String {
    match RpcStatus::decode(&*answer.body) {
        Ok(status) if answer.is(PROTOBUF) => status.message,
        _ => answer.words(),
    }
}

/// Whether the body of an error is what OTLP/HTTP has there: not the page of a proxy, or of another server.
pub(super) fn says_status(answer: &Answer) -> bool {
    if answer.is("application/json") {
        let said: Option<Value> = serde_json::from_slice(&answer.body).ok();
        return said.is_some_and(|it| it["message"].is_string() || it["code"].is_i64());
    }
    (answer.is(PROTOBUF) || answer.is("application/protobuf"))
        && RpcStatus::decode(&*answer.body).is_ok()
}

#[cfg(test)]
mod tests;
