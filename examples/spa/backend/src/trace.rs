//! What a backend does to be part of the browser's trace: read `traceparent`, open a server span under it, and say
//! the span's ids, in a header that browsers show to scripts (`Server-Timing`) and in the JSON.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Extension, http::HeaderName};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    Span as _, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use serde::Serialize;

/// The spans of this process: where they are made and where they go.
#[derive(Debug)]
pub struct Tracing {
    provider: SdkTracerProvider,
}

impl Tracing {
    /// Spans go to `otlp` where it is given, and otherwise nowhere: the ids are said in any case.
    /// Call it outside the async runtime, because the exporter's client blocks.
    pub fn start(otlp: Option<&str>) -> anyhow::Result<Self> {
        let resource = Resource::builder().with_service_name("farol-shop").build();
        let mut builder = SdkTracerProvider::builder().with_resource(resource);
        if let Some(url) = otlp {
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_http()
                .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
                .with_endpoint(traces_endpoint(url))
                .with_timeout(Duration::from_secs(5))
                .build()
                .with_context(|| format!("--otlp {url}"))?;
            builder = builder.with_batch_exporter(exporter);
        }
        Ok(Self::with(builder.build()))
    }

    /// With a provider of the caller's making.
    pub fn with(provider: SdkTracerProvider) -> Self {
        Self { provider }
    }

    /// Sends what is left. A collector that is away must not keep the process.
    pub fn stop(self) {
        let _ = self.provider.shutdown_with_timeout(Duration::from_secs(2));
    }

    /// The state of [`continued`] for one origin.
    pub(crate) fn layer(&self, origin: &'static str, quiet: bool) -> Layer {
        Layer {
            tracer: self.provider.tracer("farol-shop"),
            origin,
            quiet,
        }
    }
}

/// A base URL gets OTLP's path; a whole address is taken as it is.
fn traces_endpoint(url: &str) -> String {
    let has_path = url
        .split_once("://")
        .is_some_and(|(_, rest)| rest.contains('/'));
    if has_path {
        url.to_owned()
    } else {
        format!("{url}/v1/traces")
    }
}

/// What the layer needs for each request.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    tracer: SdkTracer,
    origin: &'static str,
    quiet: bool,
}

/// The ids of the server's span, as answers say them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ids {
    trace_id: String,
    span_id: String,
    parent_span_id: Option<String>,
}

impl Ids {
    fn of(server: &Context, remote: &Context) -> Self {
        let (span, parent) = (server.span(), remote.span());
        let (span, parent) = (span.span_context(), parent.span_context());
        Self {
            trace_id: span.trace_id().to_string(),
            span_id: span.span_id().to_string(),
            parent_span_id: parent.is_valid().then(|| parent.span_id().to_string()),
        }
    }
}

/// The request's trace, as handlers see it.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    context: Context,
    tracer: SdkTracer,
    ids: Ids,
}

impl Trace {
    /// Puts the ids beside the answer's own fields.
    pub(crate) fn answer<T: Serialize>(&self, body: T) -> Json<Answer<T>> {
        Json(Answer {
            body,
            ids: self.ids.clone(),
        })
    }

    /// The start of the trace's id: enough for people to tell two apart.
    pub(crate) fn short(&self) -> &str {
        self.ids.trace_id.get(..8).unwrap_or_default()
    }

    /// Does a step of the work in a span of its own.
    pub(crate) async fn step<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        let mut span = self.tracer.start_with_context(name, &self.context);
        let result = work.await;
        span.end();
        result
    }
}

/// An answer with the ids of the span that made it.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<T> {
    #[serde(flatten)]
    body: T,
    #[serde(flatten)]
    ids: Ids,
}

/// Says the ids and nothing else.
pub(crate) async fn echo(Extension(trace): Extension<Trace>) -> Json<Ids> {
    Json(trace.ids)
}

/// The layer: one server span for each request, under the browser's span where there is one.
pub(crate) async fn continued(
    State(layer): State<Layer>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("*", MatchedPath::as_str)
        .to_owned();

    // The propagator ignores a header that is not valid, and then this span is the root of a new trace.
    let remote = TraceContextPropagator::new()
        .extract_with_context(&Context::new(), &Headers(request.headers()));
    let span = layer
        .tracer
        .span_builder(format!("{method} {route}"))
        .with_kind(SpanKind::Server)
        .with_attributes([
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("http.route", route),
            KeyValue::new("url.path", path.clone()),
            KeyValue::new("url.scheme", "http"),
        ])
        .start_with_context(&layer.tracer, &remote);
    let context = remote.with_span(span);
    let ids = Ids::of(&context, &remote);
    request.extensions_mut().insert(Trace {
        context: context.clone(),
        tracer: layer.tracer.clone(),
        ids: ids.clone(),
    });

    let mut response = next.run(request).await;

    let status = response.status();
    let span = context.span();
    span.set_attribute(KeyValue::new(
        "http.response.status_code",
        i64::from(status.as_u16()),
    ));
    if status.is_server_error() {
        span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        span.set_status(Status::error(""));
    }
    span.end();
    let sampled = u8::from(span.span_context().is_sampled());
    let timing = format!(
        "traceparent;desc=\"00-{}-{}-{sampled:02x}\"",
        ids.trace_id, ids.span_id
    );
    if let Ok(value) = HeaderValue::from_str(&timing) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("server-timing"), value);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !layer.quiet {
        let parent = ids.parent_span_id.as_deref().unwrap_or("none");
        log(&format!(
            "{:5} {method} {path} {} {} ms trace={} span={} parent={parent}",
            layer.origin,
            status.as_u16(),
            began.elapsed().as_millis(),
            ids.trace_id,
            ids.span_id,
        ));
    }
    response
}

fn log(line: &str) {
    use std::io::Write as _;
    // A closed pipe is no reason to fail a request.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
