//! The parts that are bad on purpose, and the one form that errors take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::router::Api;
use crate::trace::Trace;

/// A delay that nobody asked for by number.
const DEFAULT_DELAY: u64 = 1_500;
/// The longest that a request can be made to wait.
pub(crate) const MAX_DELAY: u64 = 10_000;

#[derive(Debug, Deserialize)]
pub(crate) struct Delay {
    ms: Option<u64>,
}

impl Delay {
    pub(crate) async fn wait(&self) -> u64 {
        let ms = self.ms.unwrap_or(DEFAULT_DELAY).min(MAX_DELAY);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        ms
    }
}

/// An error that a client can read.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "error")]
    pub(crate) code: &'static str,
    message: &'static str,
}

impl Problem {
    pub(crate) fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message }
    }

    pub(crate) fn answer(self, status: StatusCode, trace: &Trace) -> Response {
        (status, trace.answer(self)).into_response()
    }
}

#[derive(Debug, Serialize)]
struct Waited {
    waited: u64,
}

pub(crate) async fn slow(
    Query(delay): Query<Delay>,
    Extension(trace): Extension<Trace>,
) -> Response {
    let waited = trace.step("wait for the tide", delay.wait()).await;
    trace.answer(Waited { waited }).into_response()
}

pub(crate) async fn fail(Extension(trace): Extension<Trace>) -> Response {
    Problem::new("lamp_out", "the lamp went out").answer(StatusCode::INTERNAL_SERVER_ERROR, &trace)
}

/// How often the flaky route was asked.
#[derive(Debug, Default)]
pub(crate) struct Flaky(AtomicU32);

#[derive(Debug, Serialize)]
struct Attempt {
    attempt: u32,
}

/// Fails the first time, works the second, and so on.
pub(crate) async fn flaky(State(api): State<Api>, Extension(trace): Extension<Trace>) -> Response {
    let attempt = api.flaky.0.fetch_add(1, Ordering::Relaxed);
    if attempt % 2 == 1 {
        return trace.answer(Attempt { attempt }).into_response();
    }
    let mut response = Problem::new("fog", "try again in a moment")
        .answer(StatusCode::SERVICE_UNAVAILABLE, &trace);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An API path that does not exist answers as an API, not with the app's page.
pub(crate) async fn unknown(Extension(trace): Extension<Trace>) -> Response {
    Problem::new("not_found", "there is no such part of the API")
        .answer(StatusCode::NOT_FOUND, &trace)
}
