//! Prometheus Remote Write, 2.0 or 1.0.

use std::time::SystemTime;

use anyhow::Result;
use http::Uri;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;

use super::{Families, write};
use crate::config::{RemoteWrite as Settings, RemoteWriteVersion};
use crate::export::Batch;
use crate::export::destination::{Attempt, Destination, Outcome, Reason};
use crate::export::http::Http;
use crate::export::pack::Packed;

/// Answers are a line a bad sample; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;
const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");

/// A receiver of Remote Write.
pub(crate) struct RemoteWrite {
    http: Http,
    address: Uri,
    version: RemoteWriteVersion,
}

impl RemoteWrite {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            address: settings.remote.endpoint.clone(),
            version: settings.version,
        })
    }

    async fn write(&self, batch: &Batch) -> Outcome {
        let (batch, version) = (batch.clone(), self.version);
        let packed = tokio::task::spawn_blocking(move || pack(&batch, version));
        let Ok(Some((body, left_out))) = packed.await else {
            return Outcome::retry(Reason::code("encoding failed"));
        };
        match self.http.post(&self.address, &headers(version), body).await {
            Ok(answer) if answer.status.is_success() => Outcome::Accepted {
                rejected: left_out,
                reason: (left_out > 0)
                    .then(|| Reason::new("no form", "deltas and summaries have none here")),
            },
            Ok(answer) => answer.failure(&answer.words(), SystemTime::now()),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for RemoteWrite {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.write(batch))
    }
}

fn headers(version: RemoteWriteVersion) -> [(HeaderName, HeaderValue); 3] {
    let (kind, number) = match version {
        RemoteWriteVersion::Two => (
            "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            "2.0.0",
        ),
        RemoteWriteVersion::One => ("application/x-protobuf", "0.1.0"),
    };
    [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_ENCODING, HeaderValue::from_static("snappy")),
        (VERSION, HeaderValue::from_static(number)),
    ]
}

/// The body, and how many metrics have no form in it; `None` where Snappy cannot, which is beyond 4 GiB.
fn pack(batch: &Batch, version: RemoteWriteVersion) -> Option<(Packed, u64)> {
    let (mut families, mut left_out) = (Families::default(), 0);
    for (place, metric) in batch.placed::<Metric>() {
        let before = families.left_out;
        families.add(place.resource, metric);
        left_out += u64::from(families.left_out > before);
    }
    let families = families.end();
    let plain = match version {
        RemoteWriteVersion::Two => write::two(&families),
        RemoteWriteVersion::One => write::one(&families),
    };
    let packed = snap::raw::Encoder::new().compress_vec(&plain).ok()?;
    let body = Packed {
        bytes: packed.into(),
        encoding: None,
    };
    Some((body, left_out))
}
