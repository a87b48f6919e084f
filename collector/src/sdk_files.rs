//! The SDK's files, served first party: read, packed and named once at the start, then answered from memory. What was not read then
//! cannot be asked for, so that no path leads anywhere else.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::config;
use crate::hex::hex;

mod accept;
mod find;
mod name;
mod pack;

use accept::Wanted;
pub use find::Found;

/// The files, ready to be sent.
#[derive(Debug)]
pub struct SdkFiles {
    settings: config::SdkFiles,
    fingerprint: find::Fingerprint,
    /// By path, with the folder's in front.
    files: HashMap<String, File>,
}

#[derive(Debug)]
struct File {
    content_type: HeaderValue,
    cache: HeaderValue,
    forms: Vec<Form>,
}

/// A file as it is, or packed.
#[derive(Debug)]
struct Form {
    wanted: Wanted,
    bytes: Bytes,
    etag: HeaderValue,
}

/// A name that never changes its content is kept for a year, which is "for ever" by RFC 9111.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// One that follows the newest release: pages have it within the hour, and ask no more often than that.
const CHANGING: &str = "public, max-age=3600, stale-while-revalidate=86400";

impl SdkFiles {
    /// Reads the folder; what was read `before` is taken over where nothing has changed.
    ///
    /// # Errors
    /// When it cannot be read, holds too much, or leads out of itself.
    pub fn load(settings: &config::SdkFiles, before: Option<&Arc<Self>>) -> Result<Arc<Self>> {
        let found = Self::look(settings).context("sdk.dir")?;
        let fingerprint = found.fingerprint();
        if let Some(before) = before
            && before.settings == *settings
            && before.fingerprint == fingerprint
        {
            return Ok(before.clone());
        }
        let mut files = HashMap::new();
        for (name, path) in &found.plain {
            let file = File::read(name, path, &found.packed)
                .with_context(|| format!("sdk.dir: {}", path.display()))?;
            files.insert(format!("{}/{name}", settings.path), file);
        }
        Ok(Arc::new(Self {
            settings: settings.clone(),
            fingerprint,
            files,
        }))
    }

    /// Looks for what would be served, and reads none of it.
    ///
    /// # Errors
    /// As [`SdkFiles::load`], but for what a packed file holds.
    pub fn look(settings: &config::SdkFiles) -> Result<Found> {
        let found = find::files(&settings.dir)?;
        if found.plain.is_empty() {
            bail!("it holds no file that a page loads; {}", find::NAME_IT);
        }
        Ok(found)
    }

    /// The answer to a request, where it is for one of the files.
    pub fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        Some(self.files.get(path)?.answer(method, headers))
    }
}

impl File {
    fn read(name: &str, path: &Path, packed: &BTreeMap<String, PathBuf>) -> Result<Self> {
        let plain = Bytes::from(std::fs::read(path)?);
        let mut forms = Vec::new();
        for wanted in [Wanted::Brotli, Wanted::Gzip] {
            let beside = packed.get(&format!("{name}.{}", wanted.ending()));
            if let Some(bytes) = pack::pack(wanted, &plain, beside.map(|p| p.as_path()))? {
                forms.push(Form::new(wanted, bytes, &plain));
            }
        }
        forms.push(Form::new(Wanted::Identity, plain.clone(), &plain));
        let cache = if name::is_versioned(name) {
            IMMUTABLE
        } else {
            CHANGING
        };
        Ok(Self {
            content_type: HeaderValue::from_static(
                name::content_type(name).unwrap_or("application/octet-stream"),
            ),
            cache: HeaderValue::from_static(cache),
            forms,
        })
    }

    fn answer(&self, method: &Method, headers: &HeaderMap) -> Response<Bytes> {
        let accepted = headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
        let form = accept::choose(accepted, &self.forms, |form| form.wanted);
        let mut response = Response::new(Bytes::new());
        let out = response.headers_mut();
        // For script tags with `crossorigin`, with or without `integrity`, on pages that isolate themselves as well; and so that the page can
        // see how long it took.
        out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        out.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
        out.insert(
            HeaderName::from_static("timing-allow-origin"),
            HeaderValue::from_static("*"),
        );
        out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        out.insert(CACHE_CONTROL, self.cache.clone());
        out.insert(VARY, HeaderValue::from_static("accept-encoding"));
        out.insert(ETAG, form.etag.clone());
        if headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|known| names(known, &form.etag))
        {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        let out = response.headers_mut();
        out.insert(CONTENT_TYPE, self.content_type.clone());
        if let Some(name) = form.wanted.encoding() {
            out.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if method == Method::HEAD {
            out.insert(
                http::header::CONTENT_LENGTH,
                HeaderValue::from(form.bytes.len()),
            );
        } else {
            *response.body_mut() = form.bytes.clone();
        }
        response
    }
}

impl Form {
    /// Named after what it holds unpacked, so that two collectors agree.
    fn new(wanted: Wanted, bytes: Bytes, plain: &[u8]) -> Self {
        let hash = Sha256::digest(plain);
        let hash = hex(&hash[..12]);
        let etag = format!("\"{hash}-{}\"", wanted.ending());
        Self {
            wanted,
            bytes,
            etag: HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }
}

/// Whether a list of names holds this one. A cache in between may have made it weak.
pub(crate) fn names(list: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(list), Ok(etag)) = (list.to_str(), etag.to_str()) else {
        return false;
    };
    list.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

#[cfg(test)]
mod tests;
