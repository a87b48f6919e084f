//! The second origin. `/delivery` is run by friends: its CORS rules let `traceparent` in. `/weather` belongs to
//! strangers: a request with a header that they do not know fails its preflight, which is what happens to a page whose
//! monitoring adds headers everywhere.

use axum::Extension;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use crate::trace::Trace;

const ANY_ORIGIN: (HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
const SHOW_TIMING: (HeaderName, &str) = (HeaderName::from_static("timing-allow-origin"), "*");

#[derive(Debug, Serialize)]
struct Estimate {
    days: u32,
    vessel: &'static str,
}

pub(crate) async fn delivery(Extension(trace): Extension<Trace>) -> impl IntoResponse {
    (
        [ANY_ORIGIN, SHOW_TIMING],
        trace.answer(Estimate {
            days: 3,
            vessel: "the Thursday boat",
        }),
    )
}

pub(crate) async fn delivery_preflight() -> impl IntoResponse {
    let answers = [
        ANY_ORIGIN,
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "traceparent, tracestate",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, answers)
}

#[derive(Debug, Serialize)]
struct Weather {
    wind: &'static str,
    sea: &'static str,
}

pub(crate) async fn weather(Extension(trace): Extension<Trace>) -> impl IntoResponse {
    (
        [ANY_ORIGIN],
        trace.answer(Weather {
            wind: "NW 7",
            sea: "rough",
        }),
    )
}
