//! What a request says beside its body: in the query, where it needs no preflight, or in headers.

use std::borrow::Cow;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use super::wire::split;
use crate::error::ApiError;
use crate::inflate::Encoding;
use crate::outcome::Refusal;

/// The parameters of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The app key of the path.
    pub(super) key: Option<String>,
    /// The batch's id.
    pub(super) id: Option<String>,
    /// Which try of the client this is; the first where it does not say.
    pub(super) tries: u32,
    /// When it was sent, by the client's clock. Left out where the browser sends later by itself; one that is no number is taken for left out.
    pub(super) sent_ms: Option<u64>,
    /// Its client could not send it when it was new.
    pub(super) late: bool,
    /// How the body is packed.
    pub(super) encoding: Encoding,
}

/// The longest batch id: the SDKs' have 20 to 40 characters.
const MAX_ID: usize = 256;

impl Parameters {
    pub(super) fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, ApiError> {
        let (mut id, mut tries, mut sent, mut packed) = (None, None, None, None);
        let mut late = false;
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "id" => id = Some(value),
                "try" => tries = Some(value),
                "sent" => sent = Some(value),
                "z" => packed = Some(value),
                "late" => late = value == "1",
                // Others may be a proxy's.
                _ => {}
            }
        }
        let header = |name| {
            headers
                .get(name)
                .and_then(|v: &http::HeaderValue| v.to_str().ok())
        };
        let id = id
            .or_else(|| header("idempotency-key").map(Cow::Borrowed))
            .filter(|id| !id.is_empty());
        if id.as_ref().is_some_and(|id| id.len() > MAX_ID) {
            let message =
                format!("the batch id has more than {MAX_ID} bytes; use 20 random characters");
            return Err(ApiError::new(Refusal::BadRequest, message));
        }
        Ok(Self {
            key: path_key(uri.path()),
            id: id.map(Cow::into_owned),
            tries: tries.and_then(|n| n.parse().ok()).unwrap_or(1),
            sent_ms: sent.and_then(|s| s.parse().ok()),
            late,
            encoding: encoding(packed.as_deref(), header(CONTENT_ENCODING.as_str()))?,
        })
    }
}

/// `z` and `content-encoding` say the same thing twice: either, or both alike.
fn encoding(parameter: Option<&str>, header: Option<&str>) -> Result<Encoding, ApiError> {
    let read = |name: Option<&str>| match name {
        None => Ok(Encoding::Identity),
        Some(name) => Encoding::parse(name).ok_or_else(|| unknown(name)),
    };
    match (read(parameter)?, read(header)?) {
        (Encoding::Identity, other) | (other, Encoding::Identity) => Ok(other),
        (a, b) if a == b => Ok(a),
        _ => Err(ApiError::new(
            Refusal::UnknownEncoding,
            "the parameter z and the header content-encoding name different encodings; name one",
        )),
    }
}

fn unknown(name: &str) -> ApiError {
    let shown = name.get(..40).unwrap_or(name).escape_debug();
    let message = format!(
        "the encoding \"{shown}\" is not taken; use one of gzip, deflate, br, zstd, or none"
    );
    ApiError::new(Refusal::UnknownEncoding, message)
}

fn path_key(path: &str) -> Option<String> {
    // OTLP's exporters put `/v1/traces` and its like behind the address that they are given.
    let path = split(path).map_or(path, |(before, _)| before);
    let key = path
        .strip_prefix("/collect/")
        .or_else(|| path.strip_prefix("/reports/"));
    let key = key?.trim_end_matches('/');
    let key = percent_decode_str(key).decode_utf8_lossy();
    Some(key.into_owned()).filter(|key| !key.is_empty())
}

/// The door for fuzzers: what is read is bounded, and what is refused says so in one line.
pub(super) fn fuzz(uri: &Uri, headers: &HeaderMap) {
    match Parameters::read(uri, headers) {
        Ok(read) => {
            assert!(read.id.is_none_or(|id| (1..=MAX_ID).contains(&id.len())));
            assert!(read.key.is_none_or(|key| !key.is_empty()));
        }
        Err(error) => assert!(!error.message.contains(['\n', '\r'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, headers: &[(&'static str, &str)]) -> Result<Parameters, ApiError> {
        let headers = headers
            .iter()
            .map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap()))
            .collect();
        Parameters::read(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn the_query_and_the_headers_are_synonyms() {
        let farol = read("/collect/k%31?id=b1&sent=1700000000000&try=2&z=gzip", &[]).unwrap();
        assert_eq!(
            farol,
            Parameters {
                key: Some("k1".into()),
                id: Some("b1".into()),
                tries: 2,
                sent_ms: Some(1_700_000_000_000),
                late: false,
                encoding: Encoding::Gzip,
            }
        );
        let faro = read(
            "/collect",
            &[("idempotency-key", "b1"), ("content-encoding", "gzip")],
        )
        .unwrap();
        assert_eq!((faro.id, faro.encoding), (farol.id, farol.encoding));
        assert_eq!((faro.key, faro.sent_ms), (None, None));
    }

    #[test]
    fn what_is_no_number_or_empty_is_left_out() {
        let p = read("/collect/?id=&sent=soon", &[]).unwrap();
        assert_eq!((p.key, p.id, p.sent_ms), (None, None, None));
    }

    #[test]
    fn encodings_that_are_unknown_or_disagree_are_refused() {
        assert_eq!(
            read("/collect?z=lzma", &[]).unwrap_err().why,
            Refusal::UnknownEncoding
        );
        let both = [("content-encoding", "br")];
        assert_eq!(
            read("/collect?z=gzip", &both).unwrap_err().why,
            Refusal::UnknownEncoding
        );
        assert_eq!(
            read("/collect?z=br", &both).unwrap().encoding,
            Encoding::Brotli
        );
        assert_eq!(
            read("/collect?z=gzip,gzip", &[]).unwrap_err().why,
            Refusal::UnknownEncoding
        );
    }

    #[test]
    fn an_endless_batch_id_is_refused() {
        let uri = format!("/collect?id={}", "x".repeat(257));
        assert_eq!(read(&uri, &[]).unwrap_err().why, Refusal::BadRequest);
    }
}
