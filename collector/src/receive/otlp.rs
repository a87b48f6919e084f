//! OTLP's own answers: `Export…ServiceResponse` with what was taken in part, `google.rpc.Status` for a refusal, each in the form in
//! which the request came. What happened is decided where Faro's requests are; here it is spelled.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use farol_protocol::names::attr;
use farol_protocol::payload::Payload;
use farol_protocol::span::Resource;
use farol_protocol::value::Value;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use prost::Message;
use serde_json::json;

use super::wire::{form, signal};
use crate::config::App;
use crate::decode::Form;
use crate::record::SourceKind;

/// What an answer says, for those who spell it: carried beside the response.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// Taken: how many items were not.
    Taken {
        /// Items that could not be read, or were too many.
        dropped: u64,
        /// Data points, of metrics among these and of others.
        points: u64,
    },
    /// Not taken.
    Refused {
        /// What, where, and what to do about it.
        message: String,
    },
}

/// Spells the answers of OTLP's routes.
pub async fn otlp_answers(request: Request, next: Next) -> Response {
    let kind = signal(request.uri().path());
    let form = form(request.headers()).unwrap_or(Form::Json);
    let response = next.run(request).await;
    match kind {
        Some(kind) => spell(kind, form, response),
        None => response,
    }
}

fn spell(kind: SourceKind, form: Form, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let said = parts.extensions.remove::<Said>();
    let (status, body) = match said {
        Some(Said::Taken { dropped, points }) => {
            (StatusCode::OK, taken(kind, form, dropped, points))
        }
        Some(Said::Refused { message }) => (parts.status, refused(form, parts.status, message)),
        None => {
            let message = parts.status.canonical_reason().unwrap_or("refused");
            (
                parts.status,
                refused(form, parts.status, message.to_owned()),
            )
        }
    };
    let content_type = match form {
        Form::Json => "application/json",
        Form::Protobuf => "application/x-protobuf",
    };
    let mut answer = (status, body).into_response();
    // Retry-After and what the layers around need.
    for (name, value) in &parts.headers {
        if name != http::header::CONTENT_LENGTH {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// Field 1 of the three responses; field 1 of it counts spans, log records or data points.
#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn taken(kind: SourceKind, form: Form, dropped: u64, points: u64) -> Vec<u8> {
    let (rejected, what) = match kind {
        SourceKind::OtlpMetrics => (
            points,
            format!("{dropped} metrics, and {points} data points in all,"),
        ),
        _ => (dropped, dropped.to_string()),
    };
    // OTLP has full success say nothing. A metric without points costs none, and is worth a word all the same.
    let partial = (dropped.max(rejected) > 0).then(|| Partial {
        rejected: i64::try_from(rejected).unwrap_or(i64::MAX),
        message: format!("{what} could not be read, or were more than a request may hold"),
    });
    if form == Form::Protobuf {
        return Answer { partial }.encode_to_vec();
    }
    let field = match kind {
        SourceKind::OtlpTraces => "rejectedSpans",
        SourceKind::OtlpMetrics => "rejectedDataPoints",
        SourceKind::OtlpLogs | SourceKind::Faro => "rejectedLogRecords",
    };
    let body = match partial {
        None => json!({}),
        // 64 bits are text in protobuf's JSON.
        Some(it) => {
            json!({ "partialSuccess": { field: it.rejected.to_string(), "errorMessage": it.message } })
        }
    };
    body.to_string().into_bytes()
}

fn refused(form: Form, status: StatusCode, message: String) -> Vec<u8> {
    let code = grpc_code(status);
    match form {
        Form::Protobuf => Status { code, message }.encode_to_vec(),
        Form::Json => json!({ "code": code, "message": message })
            .to_string()
            .into_bytes(),
    }
}

/// gRPC's code for an HTTP status. Clients decide by the status; this is for people who read the answer.
fn grpc_code(status: StatusCode) -> i32 {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => 3,
        StatusCode::REQUEST_TIMEOUT => 4,
        StatusCode::NOT_FOUND => 5,
        StatusCode::FORBIDDEN => 7,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => 8,
        StatusCode::METHOD_NOT_ALLOWED => 12,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        StatusCode::UNAUTHORIZED => 16,
        _ => 13,
    }
}

/// What a payload's meta says of the app and the browser, by the attribute of a resource that says it.
const SAID: [&str; 4] = [
    attr::SERVICE_NAME,
    attr::SERVICE_VERSION,
    attr::DEPLOYMENT_ENVIRONMENT,
    attr::USER_AGENT_ORIGINAL,
];

/// Puts the app's name on every resource, where the app is declared, and keeps another that it came with beside it. Then says in the
/// payload's meta, which holds for each item, what all resources say alike. False where their browsers differ: who sends such a request
/// passes it on, and its own headers are of none of them.
pub(super) fn claim(payload: &mut Payload, app: Option<&App>) -> bool {
    if let Some(app) = app {
        each(payload, |resource| name(resource, &app.name));
    }
    let mut alike: Option<[Option<String>; 4]> = None;
    each(payload, |resource| {
        let text = |name| match resource.attributes.get(name) {
            Some(Value::Text(text)) => text.as_str(),
            _ => "",
        };
        match &mut alike {
            None => alike = Some(SAID.map(|name| Some(text(name).to_owned()))),
            Some(alike) => {
                for (said, name) in alike.iter_mut().zip(SAID) {
                    said.take_if(|said| said != text(name));
                }
            }
        }
    });
    let [name, version, environment, agent] = alike.unwrap_or_default();
    let one_browser = agent.is_some();
    let meta = &mut payload.meta;
    meta.app.name = name.unwrap_or_default();
    meta.app.version = version.unwrap_or_default();
    meta.app.environment = environment.unwrap_or_default();
    meta.browser.user_agent = agent.unwrap_or_default();
    one_browser
}

fn name(resource: &mut Resource, app: &str) {
    let app = Value::from(app);
    let before = resource.attributes.remove(attr::SERVICE_NAME);
    if let Some(before) = before
        && before != app
        && !matches!(&before, Value::Text(text) if text.starts_with("unknown_service"))
    {
        resource.attributes.set(attr::APP_NAME, before);
    }
    resource.attributes.set(attr::SERVICE_NAME, app);
}

fn each(payload: &mut Payload, mut visit: impl FnMut(&mut Resource)) {
    let spans = payload.traces.resource_spans.iter_mut();
    spans.for_each(|it| visit(&mut it.resource));
    let logs = payload.otlp.resource_logs.iter_mut();
    logs.for_each(|it| visit(&mut it.resource));
    let metrics = payload.otlp.resource_metrics.iter_mut();
    metrics.for_each(|it| visit(&mut it.resource));
}
