//! A bucket of an S3-compatible store: one PUT a file, signed by AWS's fourth version over the file's hash, so that a store takes whole files alone.

mod answer;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::HttpRequestBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use super::{Outcome, Reason, credentials, folder, tables};
use crate::config::S3 as Settings;
use crate::export::Batch;
use crate::export::http::{Answer, Http};
use crate::export::pack::{Packed, aside};
pub(crate) use answer::{Said, lists};

/// An error's page is no longer, nor is a list of one key.
const MAX_ANSWER: usize = 64 * 1024;

/// What AWS signs as it stands; all else is in percents, there and in the address, so that what is signed and what is asked is one.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

const PARQUET: HeaderValue = HeaderValue::from_static("application/vnd.apache.parquet");

/// A bucket.
pub(crate) struct Bucket {
    http: Http,
    /// Where keys begin, with the slash before them.
    base: String,
    prefix: String,
    region: String,
    credentials: AwsCredentialProvider,
    timeout: std::time::Duration,
}

/// A file to be put.
struct Object {
    key: String,
    bytes: Bytes,
    digest: [u8; 32],
    /// Which items of the batch are in it.
    items: Vec<usize>,
}

impl Bucket {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Self::found(settings, |name| std::env::var(name).ok())
    }

    fn found(settings: &Settings, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let credentials = credentials::provider(settings, environment);
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            base: settings.address().context("endpoint")?,
            prefix: match settings.prefix.as_str() {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
            region: settings.region.clone(),
            credentials: credentials.context("auth")?,
            timeout: settings.remote.timeout,
        })
    }

    pub(super) async fn send(&self, batch: &Batch) -> Outcome {
        let (copy, prefix) = (batch.clone(), self.prefix.clone());
        let objects = match aside(move || objects(&copy, &prefix)).await {
            Ok(Ok(objects)) => objects,
            Ok(Err(reason)) => return Outcome::Refused(reason),
            Err(outcome) => return outcome,
        };
        let all = objects.len();
        let (mut again, mut why, mut stopped) = (Vec::new(), None, false);
        for object in objects {
            if !stopped {
                let outcome = self.put(&object.key, object.bytes, &object.digest).await;
                match outcome {
                    Outcome::Accepted { .. } => continue,
                    // And with it what was put there.
                    no if answer::is_no_bucket(&no) => return no,
                    no => {
                        stopped = !answer::may_be_of_file(&no);
                        // Of a file's own fault it is divided, where nothing is there.
                        if stopped || !matches!(why, Some(Outcome::Refused(_))) {
                            why = Some(no);
                        }
                    }
                }
            }
            again.push(object.items);
        }
        let (after, reason) = match why {
            None => return Outcome::accepted(),
            // Nothing of it is there: it can be divided without a copy.
            Some(no) if again.len() == all => return no,
            Some(Outcome::Refused(reason)) => (None, reason),
            Some(Outcome::Retry { after, reason, .. }) => (after, reason),
            Some(no) => return no,
        };
        Outcome::Each {
            refused: Vec::new(),
            again: again.concat(),
            suspect: false,
            rejected: None,
            after,
            reason,
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, digest: &[u8; 32]) -> Outcome {
        let request = Request::builder()
            .method(Method::PUT)
            .header(CONTENT_TYPE, PARQUET);
        let key = utf8_percent_encode(key, PLAIN).to_string();
        match self.ask(request, &key, bytes, Some(digest)).await {
            Ok(answer) => answer::judge(&answer),
            Err(outcome) => outcome,
        }
    }

    /// Asks for one key of the bucket: who is let in, and nothing is written.
    pub(crate) async fn knock(&self) -> Result<Answer, Outcome> {
        let list = "?list-type=2&max-keys=1";
        self.ask(Request::builder(), list, Bytes::new(), None).await
    }

    /// Signs a request and sends it; `rest` is what comes after the bucket in its address.
    async fn ask(
        &self,
        request: http::request::Builder,
        rest: &str,
        bytes: Bytes,
        digest: Option<&[u8; 32]>,
    ) -> Result<Answer, Outcome> {
        let address = format!("{}{rest}", self.base).parse::<Uri>();
        let address = address.map_err(|_| Outcome::retry(Reason::code("no address")))?;
        let method = request.method_ref().cloned().unwrap_or_default();
        let headers = self.signed(request.uri(&address), digest).await?;
        let body = Packed::plain(bytes);
        self.http.ask(method, &address, &headers, body).await
    }

    /// The headers of a request, and what proves whose it is.
    async fn signed(
        &self,
        request: http::request::Builder,
        digest: Option<&[u8; 32]>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Outcome> {
        let nobody = |why: &str| Outcome::retry(Reason::new("no credentials", why));
        let asked = tokio::time::timeout(self.timeout, self.credentials.get_credential());
        let credential = match asked.await {
            Ok(Ok(credential)) => credential,
            Ok(Err(error)) => return Err(nobody(&error.to_string())),
            Err(_) => return Err(nobody("nobody gave them in time")),
        };
        if !fits(&credential) {
            return Err(nobody("they hold characters that no header can"));
        }
        let unsigned = |why: String| Outcome::retry(Reason::new("not signed", why));
        let mut request = request
            .body(HttpRequestBody::empty())
            .map_err(|error| unsigned(error.to_string()))?;
        AwsAuthorizer::new(&credential, "s3", &self.region)
            .try_authorize(&mut request, digest.map(|it| &it[..]))
            .map_err(|error| unsigned(error.to_string()))?;
        let headers = request.headers().iter().map(|(name, value)| {
            let mut value = value.clone();
            value.set_sensitive(true);
            (name.clone(), value)
        });
        Ok(headers.collect())
    }
}

/// Whether it can stand in a header: what signs takes that for granted.
fn fits(credential: &Arc<AwsCredential>) -> bool {
    let texts = [Some(&credential.key_id), credential.token.as_ref()];
    let mut bytes = texts.into_iter().flatten().flat_map(|it| it.bytes());
    bytes.all(|it| it.is_ascii_graphic())
}

fn objects(batch: &Batch, prefix: &str) -> Result<Vec<Object>, Reason> {
    let signal = batch.signal();
    let made = tables(batch).into_iter().map(|((app, hour), rows)| {
        let (name, bytes) = rows.file()?;
        Ok(Object {
            key: format!("{prefix}{}/{name}", folder(signal, &app, hour)),
            digest: Sha256::digest(&bytes).into(),
            bytes: bytes.into(),
            items: rows.items,
        })
    });
    made.collect()
}
