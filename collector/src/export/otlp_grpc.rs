//! OTLP over gRPC.
//!
//! tonic frames and compresses; the message is the same bytes that OTLP/HTTP sends, so a batch is never copied into owned
//! requests as the generated clients would have it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::{BufMut as _, Bytes};
use http::Uri;
use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use super::answer::{ExportResponse, RpcStatus};
use super::client::{self, Version};
use super::destination::{Attempt, Destination, Outcome, Reason};
use super::http::AGENT;
use super::pack::aside;
use super::reach;
use super::{Batch, Signal};
use crate::config::{Compression, OtlpRemote};

/// An OTLP/gRPC receiver.
pub(crate) struct OtlpGrpc {
    client: Client<HttpsConnector<HttpConnector>, tonic::body::Body>,
    origin: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    compression: Option<CompressionEncoding>,
    timeout: Duration,
}

impl OtlpGrpc {
    pub(crate) fn new(settings: &OtlpRemote) -> Result<Self> {
        let remote = &settings.remote;
        // Only scheme and host count; a path is no part of gRPC's addresses.
        let mut parts = remote.endpoint.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Ok(Self {
            client: client::client(remote, Version::Two)?,
            origin: Uri::from_parts(parts).context("endpoint")?,
            headers: client::headers(remote)?,
            compression: match settings.compression {
                Compression::None => None,
                Compression::Gzip => Some(CompressionEncoding::Gzip),
                Compression::Zstd => Some(CompressionEncoding::Zstd),
            },
            timeout: remote.timeout,
        })
    }

    /// A request with nothing in it: whether the receiver is there, lets the collector in and takes the signal.
    pub(super) async fn empty(&self, signal: Signal) -> Outcome {
        self.call(signal, Bytes::new()).await
    }

    async fn call(&self, signal: Signal, body: Bytes) -> Outcome {
        let asked = self.export(signal, body);
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::retry(Reason::code("timeout")),
        }
    }

    async fn export(&self, signal: Signal, body: Bytes) -> Outcome {
        let mut grpc = Grpc::with_origin(self.client.clone(), self.origin.clone());
        if let Some(encoding) = self.compression {
            grpc = grpc.send_compressed(encoding);
        }
        let grpc = &mut grpc
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        if let Err(error) = grpc.ready().await {
            return Outcome::retry(Reason::code(reach::word(&error)));
        }
        let mut request = Request::new(body);
        request.set_timeout(self.timeout);
        let mut metadata = std::mem::take(request.metadata_mut()).into_headers();
        metadata.insert(http::header::USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in &self.headers {
            metadata.insert(name, value.clone());
        }
        *request.metadata_mut() = MetadataMap::from_headers(metadata);
        let path = PathAndQuery::from_static(method(signal));
        match grpc.unary(request, path, Raw).await {
            Ok(response) => taken(response.get_ref()),
            Err(status) => judge(&status),
        }
    }
}

impl Destination for OtlpGrpc {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(async move {
            let (copy, signal) = (batch.clone(), batch.signal());
            match aside(move || copy.protobuf()).await {
                Ok(body) => self.call(signal, body.into()).await,
                Err(outcome) => outcome,
            }
        })
    }

    fn sends_protobuf(&self) -> bool {
        true
    }
}

fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

fn taken(answer: &ExportResponse) -> Outcome {
    let (rejected, words) = answer.rejected();
    Outcome::Accepted {
        rejected,
        reason: (rejected > 0).then(|| Reason::new("partial success", words)),
    }
}

/// OTLP/gRPC's rules, with the same exception as over HTTP: an operator's mistake can be mended while the queue holds what waits.
fn judge(status: &Status) -> Outcome {
    if let Some(source) = std::error::Error::source(status) {
        // Made on this side: there was no answer.
        let unreached = source
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(|it| it.is_connect());
        return Outcome::retry(Reason::code(match unreached {
            true => reach::word(source),
            false => "connection lost",
        }));
    }
    let reason = Reason::new(format!("grpc {}", name(status.code())), status.message());
    let after = RpcStatus::decode(status.details())
        .ok()
        .and_then(|it| it.retry_delay());
    let retry = |suspect| Outcome::Retry {
        after,
        suspect,
        reason: reason.clone(),
    };
    match status.code() {
        Code::InvalidArgument => Outcome::Refused(reason),
        // Servers speak of messages above their limit by these codes; dividing helps. Else the first
        // means a quota, as 429 does, whatever is sent; the second nothing that OTLP explains.
        Code::ResourceExhausted | Code::OutOfRange if too_large(status.message()) => {
            Outcome::Refused(reason)
        }
        Code::Internal | Code::Unknown => retry(true),
        _ => retry(false),
    }
}

/// How gRPC's implementations call a message above their limit. No more of the words than tells it from a quota.
const TOO_LARGE: [&str; 6] = [
    // C, Go, Node
    "larger than max",
    // Node, of a packed one
    "decompresses to a size larger than",
    // Rust
    "too large",
    "exceeded while decompressing message",
    // Java
    "message exceeds maximum size",
    // .NET
    "message exceeds the maximum configured message size",
];

fn too_large(message: &str) -> bool {
    TOO_LARGE.iter().any(|it| message.contains(it))
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "ok",
        Code::Cancelled => "cancelled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}

/// Requests that are bytes already.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ExportResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ExportResponse;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<ExportResponse>, Status> {
        ExportResponse::decode(bytes)
            .map(Some)
            .map_err(|_| Status::internal("the answer is no export response"))
    }
}

#[cfg(test)]
mod tests;
