//! The collector's own spans on their way out: OpenTelemetry's SDK batches them, our own client sends them.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::Handle;

use super::batch::Source;
use super::destination::{Destination as _, Outcome};
use super::otlp_http::OtlpHttp;
use super::{Batch, Signal};
use crate::config::OtlpRemote;
use crate::convert::Otlp;

/// Sends spans to an OTLP/HTTP receiver. One attempt each: own traces are worth no memory for later.
pub(crate) struct OwnTraces {
    destination: Arc<OtlpHttp>,
    resource: ResourceAttributesWithSchema,
    /// The SDK calls from a thread of its own, where there is no runtime.
    runtime: Handle,
}

impl OwnTraces {
    pub(crate) fn new(remote: &OtlpRemote, runtime: Handle) -> Result<Self> {
        Ok(Self {
            destination: Arc::new(OtlpHttp::new(remote)?),
            resource: ResourceAttributesWithSchema::default(),
            runtime,
        })
    }
}

impl fmt::Debug for OwnTraces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnTraces")
    }
}

impl SpanExporter for OwnTraces {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let otlp = Otlp {
            traces: group_spans_by_resource_and_scope(spans, &self.resource),
            ..Otlp::default()
        };
        let batch = Batch::new(Signal::Traces, vec![Source::Record(Arc::new(otlp))]);
        let destination = self.destination.clone();
        let sent = self
            .runtime
            .spawn(async move { destination.send(&batch).await });
        match sent.await {
            Ok(Outcome::Accepted { .. } | Outcome::Each { .. }) => Ok(()),
            Ok(Outcome::Retry { reason, .. } | Outcome::Refused(reason)) => {
                Err(OTelSdkError::InternalFailure(reason.code))
            }
            Err(_) => Err(OTelSdkError::AlreadyShutdown),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
