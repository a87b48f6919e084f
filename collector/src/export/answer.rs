//! What OTLP receivers answer: partial success, and `google.rpc.Status` with its advice when to come again.
//!
//! The three export responses have one shape, so one declaration reads them all.

use std::time::Duration;

use prost::Message;

/// `Export{Logs,Trace,Metrics}ServiceResponse`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl ExportResponse {
    /// How many items were rejected, and the receiver's words.
    pub(crate) fn rejected(&self) -> (u64, &str) {
        match &self.partial_success {
            Some(partial) => (
                u64::try_from(partial.rejected).unwrap_or(0),
                &partial.error_message,
            ),
            None => (0, ""),
        }
    }

    /// Reads the JSON form, for receivers that answer in it whatever they are sent.
    pub(crate) fn from_json(body: &[u8]) -> Self {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let partial = &value["partialSuccess"];
        let names = ["rejectedLogRecords", "rejectedSpans", "rejectedDataPoints"];
        let number = |it: &serde_json::Value| it.as_i64().or_else(|| it.as_str()?.parse().ok());
        let rejected = names.iter().find_map(|name| number(&partial[name]));
        Self {
            partial_success: Some(PartialSuccess {
                rejected: rejected.unwrap_or(0),
                error_message: partial["errorMessage"].as_str().unwrap_or("").to_owned(),
            }),
        }
    }
}

/// `google.rpc.Status`: the body of an OTLP/HTTP error, and gRPC's status details.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

const RETRY_INFO: &str = "google.rpc.RetryInfo";

impl RpcStatus {
    /// When the receiver wants to be asked again, if it says so. A zero is saying so.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        let info = self
            .details
            .iter()
            .find(|any| any.type_url.rsplit('/').next() == Some(RETRY_INFO))?;
        let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay;
        let delay = delay.unwrap_or_default();
        let seconds = u64::try_from(delay.seconds).unwrap_or(0);
        let nanos = u32::try_from(delay.nanos).unwrap_or(0);
        Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())))
    }
}

#[cfg(test)]
impl RpcStatus {
    /// A status that asks for a wait, as a server would write it.
    pub(crate) fn asking(message: &str, seconds: i64) -> Self {
        let retry_delay = Some(ProtoDuration { seconds, nanos: 0 });
        Self {
            code: 14,
            message: message.into(),
            details: vec![Any {
                type_url: format!("type.googleapis.com/{RETRY_INFO}"),
                value: RetryInfo { retry_delay }.encode_to_vec(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };

    use super::*;

    #[test]
    fn a_partial_success_is_read_whatever_the_signal() {
        let response = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: "too old".into(),
            }),
        };
        let read = ExportResponse::decode(&*response.encode_to_vec()).unwrap();
        assert_eq!(read.rejected(), (3, "too old"));
        assert_eq!(
            ExportResponse::decode(&b""[..]).unwrap().rejected(),
            (0, "")
        );
    }

    #[test]
    fn a_partial_success_in_json_is_read_with_its_number_as_a_string_or_not() {
        for number in ["\"2\"", "2"] {
            let body = format!(
                r#"{{"partialSuccess":{{"rejectedDataPoints":{number},"errorMessage":"m"}}}}"#
            );
            let read = ExportResponse::from_json(body.as_bytes());
            assert_eq!(read.rejected(), (2, "m"));
        }
        assert_eq!(ExportResponse::from_json(b"ok").rejected(), (0, ""));
    }

    #[test]
    fn a_negative_number_of_rejected_items_is_none() {
        let read = ExportResponse::from_json(br#"{"partialSuccess":{"rejectedSpans":-4}}"#);
        assert_eq!(read.rejected(), (0, ""));
    }

    #[test]
    fn the_wait_that_a_status_asks_for_is_found() {
        let bytes = RpcStatus::asking("busy", 7).encode_to_vec();
        let read = RpcStatus::decode(&*bytes).unwrap();
        assert_eq!(read.retry_delay(), Some(Duration::from_secs(7)));
        assert_eq!(RpcStatus::default().retry_delay(), None);
    }
}
