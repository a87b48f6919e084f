//! Documents over HTTP: Logstash's http input, and any other server that takes JSON by POST.

use std::time::SystemTime;

use anyhow::Result;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::Batch;
use super::destination::{Attempt, Destination, Outcome, Share};
use super::document::{USUAL_DOCUMENT, documents};
use super::http::Http;
use super::pack::pack;
use super::shares::Shares;
use super::template::{Template, divide, numbered};
use crate::config::{DocumentFormat, HttpDocuments as Settings};

/// The words of a refusal; more than this is not read.
const MAX_ANSWER: usize = 64 * 1024;

/// A server that takes documents.
pub(crate) struct HttpDocuments {
    http: Http,
    settings: Settings,
}

impl HttpDocuments {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            http: Http::new(&settings.remote, MAX_ANSWER)?,
            settings: settings.clone(),
        })
    }

    /// One request for all items of which the headers say the same.
    async fn deliver(&self, batch: &Batch) -> Outcome {
        let own = &self.settings.item_headers;
        let templates: Vec<&Template> = own.iter().map(|(_, template)| template).collect();
        let mut shares = Shares::default();
        for (values, places) in divide(&templates, &self.settings.tenants, batch) {
            if !shares.go_on() {
                shares.skip(places);
                continue;
            }
            let outcome = self.post(&batch.only(&places), values).await;
            shares.add(places, outcome);
        }
        shares.end()
    }

    async fn post(&self, batch: &Batch, values: Vec<String>) -> Outcome {
        let format = self.settings.format;
        let kind = match format {
            DocumentFormat::Ndjson => "application/x-ndjson",
            DocumentFormat::Json => "application/json",
        };
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static(kind))];
        let names = self.settings.item_headers.iter().map(|(name, _)| name);
        headers.extend(names.cloned().zip(values).filter_map(header));
        let write = move |batch: &Batch| write(batch, format);
        let body = match pack(batch, self.settings.compression, write).await {
            Ok(packed) => packed,
            Err(outcome) => return outcome,
        };
        let address = &self.settings.remote.endpoint;
        match self.http.post(address, &headers, body).await {
            Ok(answer) if answer.status.is_success() => Outcome::accepted(),
            Ok(answer) => answer.failure_of_any(&answer.words(), SystemTime::now()),
            Err(outcome) => outcome,
        }
    }
}

impl Destination for HttpDocuments {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.deliver(batch))
    }

    fn sends_apart(&self) -> bool {
        let own = &self.settings.item_headers;
        own.iter().any(|(_, template)| !template.is_plain())
    }

    fn apart(&self, batch: &Batch) -> Vec<Share> {
        let own = &self.settings.item_headers;
        let templates: Vec<&Template> = own.iter().map(|(_, template)| template).collect();
        numbered(divide(&templates, &self.settings.tenants, batch))
    }
}

/// Texts around the places were checked with the settings, and what comes in their places is letters, digits, `-` and `_`.
fn header((name, value): (HeaderName, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((name, HeaderValue::from_str(&value).ok()?))
}

fn write(batch: &Batch, format: DocumentFormat) -> Vec<u8> {
    let (open, between, close): (&[u8], &[u8], &[u8]) = match format {
        DocumentFormat::Ndjson => (b"", b"\n", b"\n"),
        DocumentFormat::Json => (b"[", b",", b"]"),
    };
    let mut out = Vec::with_capacity(USUAL_DOCUMENT * batch.len());
    out.extend_from_slice(open);
    for (at, document) in documents(batch).enumerate() {
        if at > 0 {
            out.extend_from_slice(between);
        }
        document.json(&mut out);
    }
    out.extend_from_slice(close);
    out
}

#[cfg(test)]
mod tests;
