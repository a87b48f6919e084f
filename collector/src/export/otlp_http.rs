//! OTLP over HTTP: protobuf, one POST a batch.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    USER_AGENT,
};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use prost::Message as _;

use super::answer::{ExportResponse, RpcStatus};
use super::client::{self, Version};
use super::destination::{Attempt, Destination, Outcome, Reason};
use super::{Batch, Signal, retry};
use crate::config::{Compression, OtlpRemote};
use crate::memory::give_back_at_times;

/// Answers are a few bytes; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;
const PROTOBUF: &str = "application/x-protobuf";
/// What this collector calls itself to receivers.
pub(crate) const AGENT: &str = concat!("farol-collector/", env!("CARGO_PKG_VERSION"));

/// An OTLP/HTTP receiver.
pub(crate) struct OtlpHttp {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    addresses: [Uri; 3],
    headers: Vec<(HeaderName, HeaderValue)>,
    compression: Compression,
    timeout: Duration,
}

impl OtlpHttp {
    pub(crate) fn new(remote: &OtlpRemote) -> Result<Self> {
        let own = &remote.signal_endpoints;
        let address = |signal: Signal, own: &Option<Uri>| match own {
            Some(whole) => Ok(whole.clone()),
            None => below(&remote.endpoint, signal),
        };
        Ok(Self {
            client: client::client(remote, Version::Any)?,
            addresses: [
                address(Signal::Logs, &own.logs)?,
                address(Signal::Traces, &own.traces)?,
                address(Signal::Metrics, &own.metrics)?,
            ],
            headers: client::headers(remote)?,
            compression: remote.compression,
            timeout: remote.timeout,
        })
    }

    async fn post(&self, batch: &Batch) -> Outcome {
        let (body, encoding) = match encode(batch.clone(), self.compression).await {
            Ok(encoded) => encoded,
            Err(_) => return Outcome::retry(Reason::code("encoding failed")),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.addresses[batch.signal() as usize].clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
        headers.insert(ACCEPT, HeaderValue::from_static(PROTOBUF));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Outcome::retry(Reason::code("no connection"));
            }
            Err(_) => return Outcome::retry(Reason::code("connection lost")),
        };
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            // The status line came, and it is the verdict.
            Err(_) => Bytes::new(),
        };
        judge(head.status, &head.headers, &body, SystemTime::now())
    }
}

impl Destination for OtlpHttp {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            match tokio::time::timeout(self.timeout, self.post(batch)).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::retry(Reason::code("timeout")),
            }
        })
    }
}

/// `{endpoint}/v1/{signal}`.
fn below(endpoint: &Uri, signal: Signal) -> Result<Uri> {
    let mut parts = endpoint.clone().into_parts();
    let path = endpoint.path().trim_end_matches('/');
    let whole = match endpoint.query() {
        Some(query) => format!("{path}/v1/{}?{query}", signal.as_str()),
        None => format!("{path}/v1/{}", signal.as_str()),
    };
    parts.path_and_query = Some(whole.parse().context("endpoint")?);
    Uri::from_parts(parts).context("endpoint")
}

/// The request's body. Off the runtime's threads: a megabyte takes milliseconds to compress, and requests of browsers wait behind it.
async fn encode(
    batch: Batch,
    compression: Compression,
) -> Result<(Bytes, Option<&'static str>), tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let plain = batch.protobuf();
        let packed = match compression {
            Compression::None => (plain.into(), None),
            Compression::Gzip => (gzip(&plain).into(), Some("gzip")),
            Compression::Zstd => match zstd::bulk::compress(&plain, ZSTD_LEVEL) {
                Ok(small) => (small.into(), Some("zstd")),
                Err(_) => (plain.into(), None),
            },
        };
        drop(batch);
        give_back_at_times();
        packed
    })
    .await
}

/// zstd's own idea of its fast default.
const ZSTD_LEVEL: i32 = 1;

fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    // Level 1: half the time of level 6 for a tenth more bytes, on data of this kind.
    let mut encoder = GzEncoder::new(
        Vec::with_capacity(plain.len() / 4),
        flate2::Compression::fast(),
    );
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("a Vec takes all")
}

/// OTLP/HTTP's rules, and where they would throw data away for an operator's mistake, ours: credentials, addresses and
/// permissions can be mended while the queue holds what waits.
fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Outcome {
    if status.is_success() {
        return taken(headers, body);
    }
    let reason = Reason::new(format!("http {}", status.as_u16()), words(headers, body));
    let after = headers
        .get(RETRY_AFTER)
        .and_then(|value| retry::retry_after(value.to_str().ok()?, now));
    match status.as_u16() {
        400 | 413 | 422 => Outcome::Refused(reason),
        429 | 502..=504 => Outcome::Retry {
            after,
            suspect: false,
            reason,
        },
        500.. => Outcome::Retry {
            after,
            suspect: true,
            reason,
        },
        _ => Outcome::retry(reason),
    }
}

fn taken(headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer = match is_json(headers) {
        true => ExportResponse::from_json(body),
        false => ExportResponse::decode(body).unwrap_or_default(),
    };
    let (rejected, words) = answer.rejected();
    Outcome::Accepted {
        rejected,
        reason: (rejected > 0).then(|| Reason::new("partial success", words)),
    }
}

fn words(headers: &HeaderMap, body: &[u8]) -> String {
    let protobuf = headers
        .get(CONTENT_TYPE)
        .is_some_and(|it| it.as_bytes().starts_with(PROTOBUF.as_bytes()));
    match RpcStatus::decode(body) {
        Ok(status) if protobuf => status.message,
        _ => String::from_utf8_lossy(body).into_owned(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|it| it.as_bytes().starts_with(b"application/json"))
}

#[cfg(test)]
mod tests;
