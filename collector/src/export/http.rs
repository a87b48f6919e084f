//! One POST to a server, and what its status means: what every destination over HTTP has in common.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

use super::client::{self, Version};
use super::destination::{Outcome, Reason};
use super::pack::Packed;
use super::retry;
use crate::config::Remote;

/// What this collector calls itself to receivers.
pub(crate) const AGENT: &str = concat!("farol-collector/", env!("CARGO_PKG_VERSION"));

/// A server that batches are posted to.
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    max_answer: usize,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Empty where there was more than is read, or an answer that is no success broke off.
    pub(crate) body: Bytes,
    /// Whether there was more than is read.
    pub(crate) overlong: bool,
}

impl Http {
    /// `max_answer`: a longer body of an answer is not read.
    pub(crate) fn new(remote: &Remote, max_answer: usize) -> Result<Self> {
        Ok(Self {
            client: client::client(remote, Version::Any)?,
            headers: client::headers(remote)?,
            timeout: remote.timeout,
            max_answer,
        })
    }

    /// Posts a body with its own headers, over which the operator's go. The error is the outcome where no answer came.
    pub(crate) async fn post(
        &self,
        address: &Uri,
        headers: &[(HeaderName, HeaderValue)],
        body: Packed,
    ) -> Result<Answer, Outcome> {
        self.ask(Method::POST, address, headers, body).await
    }

    /// Posts a body to a server whose refusals need no reading of their own. The error is the outcome where it was not taken.
    pub(crate) async fn hand_over(
        &self,
        address: &Uri,
        headers: &[(HeaderName, HeaderValue)],
        body: Packed,
    ) -> Result<Answer, Outcome> {
        let answer = self.post(address, headers, body).await?;
        match answer.status.is_success() {
            true => Ok(answer),
            false => Err(answer.failure(&answer.words(), SystemTime::now())),
        }
    }

    /// Any other request.
    pub(crate) async fn ask(
        &self,
        method: Method,
        address: &Uri,
        headers: &[(HeaderName, HeaderValue)],
        body: Packed,
    ) -> Result<Answer, Outcome> {
        let mut request = Request::new(Full::new(body.bytes));
        *request.method_mut() = method;
        *request.uri_mut() = address.clone();
        let all = request.headers_mut();
        all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Some(encoding) = body.encoding {
            all.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        for (name, value) in headers.iter().chain(&self.headers) {
            all.insert(name, value.clone());
        }
        match tokio::time::timeout(self.timeout, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Outcome::retry(Reason::code("timeout"))),
        }
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answer, Outcome> {
        let response = self.client.request(request).await.map_err(|error| {
            Outcome::retry(Reason::code(match error.is_connect() {
                true => "no connection",
                false => "connection lost",
            }))
        })?;
        let (head, body) = response.into_parts();
        let (body, overlong) = match Limited::new(body, self.max_answer).collect().await {
            Ok(body) => (body.to_bytes(), false),
            Err(error) if error.is::<LengthLimitError>() => (Bytes::new(), true),
            // What was said in the rest may be that not all was taken.
            Err(_) if head.status.is_success() => {
                return Err(Outcome::retry(Reason::code("answer cut")));
            }
            // The status line came, and it is the verdict.
            Err(_) => (Bytes::new(), false),
        };
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            overlong,
        })
    }
}

impl Answer {
    /// Whether its content type begins so.
    pub(crate) fn is(&self, kind: &str) -> bool {
        let found = self.headers.get(CONTENT_TYPE);
        let begins = found.and_then(|it| it.as_bytes().get(..kind.len()));
        begins.is_some_and(|it| it.eq_ignore_ascii_case(kind.as_bytes()))
    }

    /// What comes of a page where receivers say nothing, or say it in a form of theirs: a login, a console or a catch-all answers 2xx to
    /// everything, and nobody took the batch. The operator can mend it.
    pub(crate) fn page(&self) -> Option<Outcome> {
        // Frameworks say of a bare "ok" that it is HTML.
        let first = self.body.iter().find(|it| !it.is_ascii_whitespace());
        let something = self.overlong || first == Some(&b'<');
        let code = format!("http {}, a page", self.status.as_u16());
        (something && self.is("text/html")).then(|| Outcome::retry(Reason::new(code, self.words())))
    }

    /// Its body as it stands.
    pub(crate) fn words(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What comes of an answer that is no success: OTLP/HTTP's rules, and where they would throw data away for an operator's
    /// mistake, ours: credentials, addresses and permissions can be mended while the queue holds what waits.
    pub(crate) fn failure(&self, words: &str, now: SystemTime) -> Outcome {
        let reason = Reason::new(format!("http {}", self.status.as_u16()), words);
        let after = self.headers.get(RETRY_AFTER);
        let after = after.and_then(|value| retry::retry_after(value.to_str().ok()?, now));
        match self.status.as_u16() {
            400 | 413 | 422 => Outcome::Refused(reason),
            429 | 502..=504 => Outcome::Retry {
                after,
                suspect: false,
                reason,
            },
            500.. => Outcome::Retry {
                after,
                suspect: true,
                reason,
            },
            _ => Outcome::retry(reason),
        }
    }
}

/// `{endpoint}/{path}`, the endpoint's own query behind it.
pub(crate) fn below(endpoint: &Uri, path: &str) -> Result<Uri> {
    let mut parts = endpoint.clone().into_parts();
    let base = endpoint.path().trim_end_matches('/');
    let whole = match endpoint.query() {
        Some(query) if path.contains('?') => format!("{base}/{path}&{query}"),
        Some(query) => format!("{base}/{path}?{query}"),
        None => format!("{base}/{path}"),
    };
    parts.path_and_query = Some(whole.parse().context("endpoint")?);
    Uri::from_parts(parts).context("endpoint")
}
