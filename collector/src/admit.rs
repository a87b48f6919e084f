//! Who may send, decided from cached configuration before a byte of the body is read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::HeaderMap;
use http::header::{AUTHORIZATION, ORIGIN};

use crate::client_address::{ClientAddress, TrustedProxies};
use crate::config::{App, Config};
use crate::error::ApiError;
use crate::outcome::Refusal;
use addresses::Pair;
use keys::Keys;
use rates::{Flows, Rates};
pub use rates::{Over, Toll};

mod addresses;
mod bucket;
mod keys;
mod origin;
mod rates;

/// The declared apps, ready for look-up, and how much may come.
#[derive(Debug)]
pub struct Admission {
    apps: Vec<Declared>,
    keys: Keys,
    uses: KeyUse,
    rates: Rates,
    proxies: TrustedProxies,
}

#[derive(Debug)]
struct Declared {
    app: Arc<App>,
    flows: Flows,
    buckets: Arc<Pair>,
}

/// A request that may send.
#[derive(Debug)]
pub struct Pass {
    /// The app that it belongs to; `None` where no apps are declared.
    pub app: Option<Arc<App>>,
    /// What it pays for its body.
    pub toll: Toll,
}

/// How often each key admitted a request, by app and label. As many as are configured; it outlives reloads.
#[derive(Debug, Clone, Default)]
pub struct KeyUse(Arc<Mutex<BTreeMap<KeyName, Arc<AtomicU64>>>>);

/// The app's name, and the key's label.
type KeyName = (String, String);

impl Admission {
    /// Of the declared apps; none means that everybody may send. Counts go on from `before`.
    pub fn new(config: &Config, before: Option<&Self>) -> Self {
        let uses = before.map(|b| b.uses.clone()).unwrap_or_default();
        let rates = Rates::new(&config.limits, before.map(|b| &b.rates));
        let declared = |app: &App| Declared {
            app: Arc::new(app.clone()),
            flows: Flows::new(&app.rate, &config.limits),
            buckets: rates.app(&app.name),
        };
        Self {
            apps: config.apps.iter().map(declared).collect(),
            keys: Keys::new(&config.apps, &uses),
            uses,
            rates,
            proxies: config.trusted_proxies.clone(),
        }
    }

    /// What is asked of a request before any of it is read: has its address sent too much.
    ///
    /// # Errors
    /// The refusal, ready to be answered.
    pub fn arrive(&self, client: Option<ClientAddress>) -> Result<Toll, ApiError> {
        self.rates.knock(client)
    }

    /// What is asked of one that has arrived, before its body: whose key is it, may its page send, has its app sent too much, have all.
    ///
    /// # Errors
    /// The refusal, ready to be answered.
    pub fn enter(
        &self,
        mut toll: Toll,
        path_key: Option<&str>,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Pass, ApiError> {
        let declared = self.admit(path_key, headers, now);
        let declared = declared.map_err(|(why, message)| ApiError::new(why, message))?;
        toll.admitted(declared.map(|d| (d.buckets.clone(), d.flows)))?;
        let app = declared.map(|d| d.app.clone());
        Ok(Pass { app, toll })
    }

    /// What is asked of somebody who wants to read what an app's pages may know: has its address asked too much, whose key is it, and may its
    /// page have it. A page of the collector's own origin sends no Origin when it reads. The key is that of the path alone: caches in between keep what
    /// they get by its address, and would give one app's to all that ask without a key.
    ///
    /// # Errors
    /// The refusal, ready to be answered.
    pub fn visit(
        &self,
        client: Option<ClientAddress>,
        key: Option<&str>,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<App>>, ApiError> {
        self.rates.knock(client)?;
        let declared = self.declared(key, now).and_then(|found| {
            if let Some((_, declared)) = found
                && headers.contains_key(ORIGIN)
            {
                check_origin(&declared.app, headers)?;
            }
            Ok(found)
        });
        let declared = declared.map_err(|(why, message)| ApiError::new(why, message))?;
        Ok(declared.map(|(_, declared)| declared.app.clone()))
    }

    /// What is asked of whoever comes for nothing in particular: a page's question before it sends, a path that leads nowhere, a file of the
    /// SDK's.
    ///
    /// # Errors
    /// Where its address has sent too much.
    pub fn knock(&self, client: Option<ClientAddress>) -> Result<(), ApiError> {
        self.rates.knock(client).map(drop)
    }

    /// The client of a request that `peer` has sent, or passed on.
    pub fn client(&self, peer: ClientAddress, headers: &HeaderMap) -> ClientAddress {
        self.proxies.client(peer, headers)
    }

    /// What was over a limit.
    pub fn over(&self) -> Vec<Over> {
        self.rates.figures()
    }

    /// How often each key admitted a request.
    pub fn key_uses(&self) -> &KeyUse {
        &self.uses
    }

    /// The declared apps.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.iter().map(|declared| &*declared.app)
    }

    /// True where no apps are declared.
    pub fn is_open(&self) -> bool {
        self.apps.is_empty()
    }

    fn admit(
        &self,
        path_key: Option<&str>,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<&Declared>, (Refusal, String)> {
        let key = path_key.or_else(|| header_key(headers));
        let Some((key, declared)) = self.declared(key, now)? else {
            return Ok(None);
        };
        check_origin(&declared.app, headers)?;
        key.used();
        Ok(Some(declared))
    }

    fn declared(
        &self,
        key: Option<&str>,
        now: SystemTime,
    ) -> Result<Option<(&keys::Key, &Declared)>, (Refusal, String)> {
        if self.is_open() {
            return Ok(None);
        }
        let Some(key) = key else {
            return Err((
                Refusal::MissingKey,
                "no app key: send it in the path (/collect/{key}, /config/{key}) or, with a batch, in the x-api-key header"
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
        Ok(Some((key, &self.apps[key.app])))
    }

    /// Whether a session's own choice becomes the service that it is booked on: where the app allows it, and nobody else's name is taken.
    pub fn may_call_itself(&self, app: &App, service: &str) -> bool {
        let taken = |d: &Declared| d.app.name == service && d.app.name != app.name;
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
    // One that is empty is none, as in a path.
    let text = |name| {
        let value = headers.get(name);
        let text = value.and_then(|v: &http::HeaderValue| v.to_str().ok());
        text.map(str::trim).filter(|text| !text.is_empty())
    };
    if let Some(key) = text("x-api-key") {
        return Some(key);
    }
    let value = text(AUTHORIZATION.as_str())?;
    match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Some(key.trim()),
        Some(_) => None,
        None => Some(value),
    }
}

#[cfg(test)]
mod tests;
