//! Prometheus Remote Write, 2.0 or 1.0.

use anyhow::Result;
use http::Uri;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;

use super::{Families, write};
use crate::config::{RemoteWrite as Settings, RemoteWriteVersion};
use crate::export::Batch;
use crate::export::destination::{Attempt, Destination, Outcome, Reason};
use crate::export::http::{Answer, Http};
use crate::export::pack::{Packed, aside};

/// Answers are a line a bad sample; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;
const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
const NO_FORM: &str = "deltas, summaries, some exponential histograms, points without a number and names without a letter or digit of ASCII have none here";
/// What a receiver of 2.0 has to say with a success.
const WRITTEN: [HeaderName; 2] = [
    HeaderName::from_static("x-prometheus-remote-write-samples-written"),
    HeaderName::from_static("x-prometheus-remote-write-histograms-written"),
];
/// A success that wrote nothing. In the code and not the detail, because log lines have the code.
const NOT_WRITTEN: &str =
    "a receiver that does not say it wrote Remote Write 2.0; set protocol_version = \"1.0\"";

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

    /// A request with nothing in it.
    pub(in crate::export) async fn empty(&self) -> Result<Answer, Outcome> {
        let plain = snap::raw::Encoder::new().compress_vec(&[]);
        let body = Packed::plain(plain.unwrap_or_default());
        self.http
            .post(&self.address, &headers(self.version), body)
            .await
    }

    async fn write(&self, batch: &Batch) -> Outcome {
        let (batch, version) = (batch.clone(), self.version);
        let (body, said) = match aside(move || pack(&batch, version)).await {
            Ok(Some(packed)) => packed,
            Ok(None) => return Outcome::Refused(Reason::code("too large")),
            Err(outcome) => return outcome,
        };
        match self
            .http
            .hand_over(&self.address, &headers(version), body)
            .await
        {
            Ok(answer) => {
                if let Some(page) = answer.page() {
                    return page;
                }
                if version == RemoteWriteVersion::Two && said.anything && !written(&answer.headers)
                {
                    return Outcome::retry(Reason::code(NOT_WRITTEN));
                }
                said.taken()
            }
            Err(outcome) => outcome,
        }
    }
}

/// What a request said.
struct Said {
    /// Whether there was a sample or a histogram in it.
    anything: bool,
    /// Metrics without a form in it.
    left_out: u64,
}

impl Said {
    fn taken(&self) -> Outcome {
        Outcome::Accepted {
            rejected: self.left_out,
            reason: (self.left_out > 0).then(|| Reason::new("no form", NO_FORM)),
        }
    }
}

/// Whether a receiver of 2.0 says that it wrote anything. One that knows 1.0 alone may find an empty request in ours and call that a success.
fn written(headers: &HeaderMap) -> bool {
    let some = |name: &HeaderName| {
        let value = headers.get(name).and_then(|it| it.to_str().ok());
        value.is_some_and(|it| it.trim().parse::<u64>().is_ok_and(|count| count > 0))
    };
    WRITTEN.iter().any(some)
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

/// The body, and what it says; `None` where Snappy cannot, which is beyond 4 GiB.
fn pack(batch: &Batch, version: RemoteWriteVersion) -> Option<(Packed, Said)> {
    let (mut families, mut left_out) = (Families::default(), 0);
    for (place, metric) in batch.placed::<Metric>() {
        let before = families.left_out;
        families.add(place.resource, metric);
        left_out += u64::from(families.left_out > before);
    }
    let families = families.end();
    let said = Said {
        anything: write::anything(&families),
        left_out,
    };
    let plain = match version {
        RemoteWriteVersion::Two => write::two(&families),
        RemoteWriteVersion::One => write::one(&families),
    };
    let packed = snap::raw::Encoder::new().compress_vec(&plain).ok()?;
    let body = Packed::plain(packed);
    Some((body, said))
}
