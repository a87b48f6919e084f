//! The document in which SDKs find what the operator wants of them, at `GET /config/{app_key}`: made once from the settings for each app and
//! answered from memory. It says nothing that a page may not know.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::config::{App, Config};
use crate::hex::hex;
use crate::sdk_files::names;

/// The version of the document. An SDK leaves one alone that it does not know.
const VERSION: u32 = 1;

/// What an app's SDKs are told, beside the sampling that the collector holds them to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whether they do anything at all.
    pub enabled: bool,
    /// The share of sessions of which a kind of item is kept, where it is not all that is sampled.
    pub rates: BTreeMap<&'static str, f64>,
    /// How long the document may be kept without asking again.
    pub max_age: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            rates: BTreeMap::new(),
            // A change reaches a visitor's next page within minutes, and a visit costs one request.
            max_age: Duration::from_secs(300),
        }
    }
}

/// The documents of all apps.
#[derive(Debug)]
pub struct Documents {
    open: Document,
    apps: HashMap<String, Document>,
}

#[derive(Debug)]
struct Document {
    body: Bytes,
    etag: HeaderValue,
    cache: HeaderValue,
}

impl Documents {
    /// From settings that are valid.
    pub fn new(config: &Config) -> Self {
        let app = |app: &App| (app.name.clone(), Document::new(&app.sdk, app.sampling));
        Self {
            open: Document::new(&Settings::default(), 1.0),
            apps: config.apps.iter().map(app).collect(),
        }
    }

    /// The answer to somebody who may have an app's document.
    pub fn answer(&self, app: Option<&App>, headers: &HeaderMap) -> Response<Bytes> {
        let own = app.and_then(|app| self.apps.get(&app.name));
        own.unwrap_or(&self.open).answer(headers)
    }
}

impl Document {
    fn new(settings: &Settings, sampling: f64) -> Self {
        let mut out = Map::new();
        out.insert("version".into(), VERSION.into());
        out.insert("enabled".into(), settings.enabled.into());
        // Where the operator wants all, the page's own option counts.
        if sampling < 1.0 {
            out.insert("sampleRate".into(), sampling.into());
        }
        if !settings.rates.is_empty() {
            out.insert("rates".into(), json!(settings.rates));
        }
        let body = Value::Object(out).to_string();
        let hash = Sha256::digest(&body);
        let hash = hex(&hash[..12]);
        let text = |text: String| HeaderValue::try_from(text);
        let age = settings.max_age.as_secs();
        Self {
            body: body.into(),
            etag: text(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\"")),
            cache: text(format!(
                "public, max-age={age}, stale-while-revalidate=86400, stale-if-error=86400"
            ))
            .unwrap_or(HeaderValue::from_static("no-cache")),
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let out = response.headers_mut();
        // The same for every page, so that a cache in between keeps one.
        out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        out.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
        out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        out.insert(CACHE_CONTROL, self.cache.clone());
        out.insert(ETAG, self.etag.clone());
        let known = headers.get_all(IF_NONE_MATCH);
        if known.iter().any(|list| names(list, &self.etag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = self.body.clone();
        response
    }
}
