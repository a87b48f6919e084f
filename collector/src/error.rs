//! Refusals at the HTTP edge: a status, a code and a sentence that says what is wrong and what to do. Nothing internal gets out.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::outcome::Refusal;
use crate::receive::Said;

/// An answer that says no.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Why, as counted.
    pub why: Refusal,
    /// What, where, and what to do about it.
    pub message: String,
    /// When to try again, where that helps.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// A refusal that trying again does not change.
    pub fn new(why: Refusal, message: impl Into<String>) -> Self {
        Self {
            why,
            message: message.into(),
            retry_after: None,
        }
    }

    /// A refusal that passes.
    pub fn later(why: Refusal, message: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(why, message)
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self.why {
            Refusal::MissingKey => StatusCode::UNAUTHORIZED,
            Refusal::UnknownKey | Refusal::ExpiredKey | Refusal::WrongOrigin => {
                StatusCode::FORBIDDEN
            }
            Refusal::RateApp | Refusal::RateAddress | Refusal::RateAll => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Refusal::TooLarge | Refusal::InflatedTooLarge | Refusal::TooMuchRepeated => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Refusal::UnknownEncoding | Refusal::UnknownType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::BodyTimeout | Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::QueueFull
            | Refusal::AppQuota
            | Refusal::DiskFull
            | Refusal::Storage
            | Refusal::Busy
            | Refusal::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::BadRequest
            | Refusal::BadEncoding
            | Refusal::Empty
            | Refusal::BadJson
            | Refusal::BadPayload
            | Refusal::TooDeep => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = error_json(self.status(), self.why.as_str(), &self.message);
        let message = self.message;
        response.extensions_mut().insert(Said::Refused { message });
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: a client that comes back early is refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The form of every error answer. No cache keeps one: some do so unasked, and give what one page, address or moment was refused to all others.
pub fn error_json(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "error": code, "message": message });
    let mut response = json(status, &body);
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    json_text(status, body.to_string())
}

/// An answer whose JSON is written already.
pub(crate) fn json_text(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
