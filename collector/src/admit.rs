//! Who may send, decided from cached configuration before a byte of the body is read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use crate::config::App;
use crate::outcome::Refusal;
use keys::Keys;

mod keys;
mod origin;

/// The declared apps, ready for look-up.
#[derive(Debug, Default)]
pub struct Admission {
    apps: Vec<Arc<App>>,
    keys: Keys,
    uses: KeyUse,
}

/// How often each key admitted a request, by app and label. As many as are configured; it outlives reloads.
#[derive(Debug, Clone, Default)]
pub struct KeyUse(Arc<Mutex<BTreeMap<KeyName, Arc<AtomicU64>>>>);

/// The app's name, and the key's label.
type KeyName = (String, String);

impl Admission {
    /// Of the declared apps; none means that everybody may send. Counts go on from `before`.
    pub fn new(apps: &[App], before: Option<&Self>) -> Self {
        let uses = before.map(|b| b.uses.clone()).unwrap_or_default();
        Self {
            apps: apps.iter().cloned().map(Arc::new).collect(),
            keys: Keys::new(apps, &uses),
            uses,
        }
    }

    /// How often each key admitted a request.
    pub fn key_uses(&self) -> &KeyUse {
        &self.uses
    }

    /// True where no apps are declared.
    pub fn is_open(&self) -> bool {
        self.apps.is_empty()
    }

    /// The app that a request belongs to; `None` where no apps are declared.
    pub fn admit(
        &self,
        path_key: Option<&str>,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<App>>, (Refusal, String)> {
        if self.is_open() {
            return Ok(None);
        }
        let Some(key) = path_key.or_else(|| header_key(headers)) else {
            return Err((
                Refusal::MissingKey,
                "no app key: send it in the path (/collect/{key}) or in the x-api-key header"
                    .into(),
            ));
        };
        let Some(key) = self.keys.find(key) else {
            return Err((
                Refusal::UnknownKey,
                "the app key is not one of the declared apps' keys".into(),
            ));
        };
        if !key.counts_at(now) {
            return Err((
                Refusal::ExpiredKey,
                "the app key is no longer taken; give the page its app's newer key".into(),
            ));
        }
        let app = &self.apps[key.app];
        check_origin(app, headers)?;
        key.used();
        Ok(Some(app.clone()))
    }

    /// Whether a session's own choice becomes the service that it is booked on: where the app allows it, and nobody else's name is taken.
    pub fn may_call_itself(&self, app: &App, service: &str) -> bool {
        let taken = |other: &Arc<App>| other.name == service && other.name != app.name;
        app.allow_service_override && !service.is_empty() && !self.apps.iter().any(taken)
    }
}

impl KeyUse {
    fn of(&self, app: &str, label: &str) -> Arc<AtomicU64> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (app.to_owned(), label.to_owned());
        uses.entry(name).or_default().clone()
    }

    /// Requests admitted, by app and the label of the key.
    pub fn figures(&self) -> Vec<(String, String, u64)> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.iter()
            .map(|((app, label), n)| (app.clone(), label.clone(), n.load(Relaxed)))
            .collect()
    }
}

fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), (Refusal, String)> {
    let Some(origin) = headers.get(ORIGIN) else {
        return match app.allow_no_origin {
            true => Ok(()),
            false => Err((
                Refusal::WrongOrigin,
                "the request has no Origin header and the app does not set allow_no_origin".into(),
            )),
        };
    };
    let given = origin.to_str().unwrap_or_default();
    match app.origins.iter().any(|allowed| allowed.allows(given)) {
        true => Ok(()),
        // The origin is the sender's own header, so naming it gives nothing away; it is cut because it is foreign text.
        false => Err((
            Refusal::WrongOrigin,
            format!(
                "origin {:.120} is not among the app's origins",
                given.escape_debug().to_string()
            ),
        )),
    }
}

fn header_key(headers: &HeaderMap) -> Option<&str> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &http::HeaderValue| v.to_str().ok())
    };
    if let Some(key) = text("x-api-key") {
        return Some(key.trim());
    }
    let value = text(AUTHORIZATION.as_str())?.trim();
    match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
        Some(_) => None,
        None => Some(value),
    }
}

#[cfg(test)]
mod tests;
