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
use super::{reach, retry};
use crate::config::Remote;

/// What this collector calls itself to receivers.
pub(crate) const AGENT: &str = concat!("farol-collector/", env!("CARGO_PKG_VERSION"));

/// How ports begin that are not for what they were sent: those of Go's servers, and of Tomcat's, that want TLS; ClickHouse's own protocol.
const OF_OTHER_PORTS: [&[u8]; 4] = [
    b"Client sent an HTTP request to an HTTPS server",
    b"Bad Request\nThis combination of host and port requires TLS",
    b"Bad Request\r\nThis combination of host and port requires TLS",
    b"Port 9000 is for clickhouse-client program",
];

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
                true => reach::word(&error),
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
            // Whose verdict this is stood in the rest: a port that wants TLS says so and hangs up on what is still being sent.
            Err(_) if matches!(head.status.as_u16(), 400 | 422) => {
                let code = format!("http {}, cut", head.status.as_u16());
                return Err(Outcome::retry(Reason::code(code)));
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
        (something && self.is("text/html"))
            .then(|| Outcome::retry(self.reason(", a page", &self.words())))
    }

    fn reason(&self, what: &str, words: &str) -> Reason {
        Reason::new(format!("http {}{what}", self.status.as_u16()), words)
    }

    /// What comes of a 400 or 422 that no receiver said: where another port answers, or a proxy, nobody looked at the batch.
    fn no_verdict(&self, words: &str) -> Option<Outcome> {
        match self.is_of_other_port() {
            true => Some(Outcome::retry(self.reason(", another port", words))),
            false => self.page(),
        }
    }

    fn is_of_other_port(&self) -> bool {
        let begins = self.body.trim_ascii_start();
        OF_OTHER_PORTS.iter().any(|it| begins.starts_with(it))
    }

    /// Its body as it stands.
    pub(crate) fn words(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What comes of an answer that is no success where the receiver may be whatever takes a POST: its frameworks say their own 400 by a page.
    pub(crate) fn failure_of_any(&self, words: &str, now: SystemTime) -> Outcome {
        match self.status.as_u16() {
            400 | 422 if !self.is_of_other_port() => Outcome::Refused(self.reason("", words)),
            _ => self.failure(words, now),
        }
    }

    /// What comes of an answer that is no success: OTLP/HTTP's rules, and where they would throw data away for an operator's
    /// mistake, ours: credentials, addresses and permissions can be mended while the queue holds what waits.
    pub(crate) fn failure(&self, words: &str, now: SystemTime) -> Outcome {
        let reason = self.reason("", words);
        let after = self.headers.get(RETRY_AFTER);
        let after = after.and_then(|value| retry::retry_after(value.to_str().ok()?, now));
        match self.status.as_u16() {
            // A proxy says it by a page, and means the batch.
            413 => Outcome::Refused(reason),
            400 | 422 => self.no_verdict(words).unwrap_or(Outcome::Refused(reason)),
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
