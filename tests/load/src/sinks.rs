//! A sink for every kind of destination that sends, but Kafka's: each is answered in its own words, and what came to it is kept by its ids (`GET /ids`).
//! The first part of a path is the destination's name.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http_body_util::{BodyExt as _, Full};
use tokio::net::TcpListener;

use crate::forward;
use crate::ids::{Books, Form};
use crate::lake;
use crate::receipts::unpacked;

const GRPC: &str = "/opentelemetry.proto.collector.";
/// A flag and a length before each message.
const GRPC_HEAD: usize = 5;

/// Serves until it is interrupted.
///
/// # Errors
/// When it cannot listen.
pub async fn run() -> Result<()> {
    let http = TcpListener::bind("127.0.0.1:0").await?;
    let events = TcpListener::bind("127.0.0.1:0").await?;
    #[expect(
        clippy::print_stdout,
        reason = "whoever started it waits for this line"
    )]
    let () = println!(
        "ready on http://{}, forward tcp://{}",
        http.local_addr()?,
        events.local_addr()?
    );
    let books = Arc::new(Books::default());
    tokio::spawn(forward::serve(events, Arc::clone(&books)));
    let app = axum::Router::new()
        .route(
            "/ids",
            get(|State(books): State<Arc<Books>>| async move { books.told() }),
        )
        .fallback(take)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(books);
    axum::serve(http, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(())
}

/// The same of files, which nobody sends: Parquet's by their ending, else OTLP's. As JSON.
///
/// # Errors
/// When one cannot be read.
pub fn of_files(paths: &[PathBuf]) -> Result<String> {
    let books = Books::default();
    for path in paths {
        let text = std::fs::read(path).with_context(|| path.display().to_string())?;
        if path.extension().is_some_and(|it| it == "parquet") {
            let rows = lake::ids(text.into()).with_context(|| path.display().to_string())?;
            books.rows("parquet", &rows);
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let form = match name.starts_with("traces") {
            true => Form::SpansJson,
            false => Form::Logs,
        };
        books.note("files", form, &text);
    }
    Ok(books.told())
}

async fn take(
    State(books): State<Arc<Books>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if let Some(service) = path.strip_prefix(GRPC) {
        let body = unpacked(body.get(GRPC_HEAD..).unwrap_or_default());
        note(&books, "otlp_grpc", of_otlp(service), &body);
        return called();
    }
    let name = path.split('/').nth(1).unwrap_or_default();
    let plain = plain(&headers, path, &body);
    match name {
        "otlp_http" => note(&books, name, of_otlp(path), &plain),
        "loki" => note(&books, name, Some(Form::Logs), &plain),
        // Metrics: nothing of theirs is an item.
        "prometheus" => {
            let written = HeaderValue::from_static("1");
            let samples = HeaderName::from_static("x-prometheus-remote-write-samples-written");
            return (StatusCode::NO_CONTENT, [(samples, written)]).into_response();
        }
        _ => note(&books, name, Some(Form::Lines), &plain),
    }
    match name {
        "elasticsearch" => (
            [(CONTENT_TYPE, "application/json")],
            r#"{"errors":false,"items":[]}"#,
        )
            .into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

fn note(books: &Books, name: &str, form: Option<Form>, body: &[u8]) {
    if let Some(form) = form {
        books.note(name, form, body);
    }
}

/// Of an address of OTLP's; nothing for metrics.
fn of_otlp(path: &str) -> Option<Form> {
    match path {
        _ if path.contains("trace") => Some(Form::Spans),
        _ if path.contains("logs") => Some(Form::Logs),
        _ => None,
    }
}

/// A body as it was before it was packed; Loki's is packed without saying so.
fn plain<'a>(headers: &HeaderMap, path: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    match encoding {
        None if path.ends_with("/push") => snap::raw::Decoder::new()
            .decompress_vec(body)
            .unwrap_or_default()
            .into(),
        Some(b"zstd") => zstd::decode_all(body).unwrap_or_default().into(),
        _ => unpacked(body),
    }
}

/// An empty export response, and that all was well.
fn called() -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let message = Full::new(Bytes::from_static(&[0; GRPC_HEAD]));
    let body = message.with_trailers(std::future::ready(Some(Ok(trailers))));
    ([(CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response()
}
