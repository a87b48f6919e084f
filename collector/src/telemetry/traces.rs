//! The collector's own traces, through OpenTelemetry's SDK. Off unless the configuration says where they go; the spans are then not even made.

use std::time::Duration;

use anyhow::Result;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tokio::runtime::Handle;

use crate::config::{Compression, OtlpRemote, Remote, SignalEndpoints, Telemetry};
use crate::export::OwnTraces;

/// The target of every span that is traced; nothing else of the program's spans and events leaves it.
pub const TARGET: &str = "farol::trace";

/// How long one request with spans may take. No longer, because nobody waits for them.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Own traces, running. Dropped without [`Traces::end`], the last spans are lost.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts where the configuration names an endpoint.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn start(settings: &Telemetry, runtime: Handle) -> Result<Option<Self>> {
        let Some(endpoint) = settings.traces_endpoint.clone() else {
            return Ok(None);
        };
        let remote = OtlpRemote {
            remote: Remote {
                headers: settings.traces_headers.clone(),
                timeout: TIMEOUT,
                concurrency: 1,
                ..Remote::new(endpoint)
            },
            signal_endpoints: SignalEndpoints::default(),
            compression: Compression::Gzip,
        };
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", "farol-collector"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ]);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                settings.traces_ratio,
            ))))
            .with_resource(resource.build())
            .with_batch_exporter(OwnTraces::new(&remote, runtime)?)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Where spans are handed in.
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer("farol-collector")
    }

    /// Sends what is left. Blocks for at most five seconds, so it is not for a runtime's thread.
    pub fn end(self) {
        // Spans that could not be sent are gone either way.
        let _ = self.provider.shutdown_with_timeout(TIMEOUT);
    }
}
