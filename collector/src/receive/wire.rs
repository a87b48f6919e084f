//! What a request speaks, by its path and its content type: Faro's JSON, or OTLP in one of its two forms.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::decode::Form;
use crate::error::ApiError;
use crate::outcome::Refusal;
use crate::record::SourceKind;

/// What a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) kind: SourceKind,
    pub(super) form: Form,
    /// What browsers report by themselves; it is stored as Faro's.
    pub(super) reports: bool,
}

impl Wire {
    /// Reads path and content type. Faro's bodies are JSON whatever they are called: a page that wants no preflight says text/plain.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Result<Self, ApiError> {
        let kind = signal(path).unwrap_or_default();
        let form = match kind {
            SourceKind::Faro => Some(Form::Json),
            _ => form(headers),
        };
        match form {
            Some(form) => Ok(Self {
                kind,
                form,
                reports: kind == SourceKind::Faro && path.starts_with("/reports"),
            }),
            None => Err(ApiError::new(
                Refusal::UnknownType,
                "OTLP is taken as application/json or application/x-protobuf; say which in content-type",
            )),
        }
    }
}

/// The form that a content type names. `text/plain` needs no preflight and is JSON then.
pub(super) fn form(headers: &HeaderMap) -> Option<Form> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" | "text/plain" => Some(Form::Json),
        "application/x-protobuf" | "application/protobuf" => Some(Form::Protobuf),
        _ => None,
    }
}

/// The signal that a path is for; none for Faro's.
pub(super) fn signal(path: &str) -> Option<SourceKind> {
    let (_, name) = split(path)?;
    match name {
        "logs" => Some(SourceKind::OtlpLogs),
        "traces" => Some(SourceKind::OtlpTraces),
        "metrics" => Some(SourceKind::OtlpMetrics),
        _ => None,
    }
}

/// What stands before `/v1/` and behind it.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (before, name) = path.rsplit_once('/')?;
    Some((before.strip_suffix("/v1")?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, kind: &str) -> Option<(SourceKind, Form)> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        Wire::of(path, &headers).ok().map(|it| (it.kind, it.form))
    }

    #[test]
    fn path_and_content_type_say_what_a_body_is() {
        for (path, kind, want) in [
            (
                "/collect",
                "application/x-protobuf",
                Some((SourceKind::Faro, Form::Json)),
            ),
            (
                "/collect/v1/logs-of-mine",
                "text/plain",
                Some((SourceKind::Faro, Form::Json)),
            ),
            (
                "/v1/traces",
                "application/json; charset=utf-8",
                Some((SourceKind::OtlpTraces, Form::Json)),
            ),
            (
                "/v1/logs/",
                "Application/X-Protobuf",
                Some((SourceKind::OtlpLogs, Form::Protobuf)),
            ),
            (
                "/collect/key/v1/metrics",
                "text/plain",
                Some((SourceKind::OtlpMetrics, Form::Json)),
            ),
            ("/v1/traces", "image/png", None),
        ] {
            assert_eq!(of(path, kind), want, "{path} {kind}");
        }
    }
}
