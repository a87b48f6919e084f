//! A site that may send: its keys, its origins, and what is its own.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{Rate, Secret};

/// A site that may send.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Its name, which becomes `service.name`.
    pub name: String,
    /// Keys that belong to it; several, so that they can be rotated.
    pub keys: Vec<AppKey>,
    /// Origins that may send.
    pub origins: Vec<Origin>,
    /// Whether requests without an Origin header are taken (apps that are no web pages).
    pub allow_no_origin: bool,
    /// Whether a session's `overrides.serviceName` becomes `service.name`.
    pub allow_service_override: bool,
    /// The tenant it belongs to; empty for none.
    pub tenant: String,
    /// Attributes of everything that it sends.
    pub labels: BTreeMap<String, String>,
    /// How much it may send.
    pub rate: Rate,
    /// The share of its sessions that is kept, 0 to 1.
    pub sampling: f64,
    /// The most bytes that it may have in the queue on disk; `None` for the queue's own bound.
    pub disk_quota: Option<u64>,
    /// What is done with its data.
    pub data: AppData,
    /// What its SDKs are told.
    pub sdk: crate::sdk_config::Settings,
}

/// What is done with an app's data on its way to the queue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppData {
    /// What is taken out.
    pub scrub: crate::scrub::Rules,
    /// What becomes of clients' addresses.
    pub client_address: crate::enrich::AddressUse,
    /// Templates of addresses.
    pub routes: Vec<crate::enrich::Template>,
}

impl App {
    /// With every setting at its default: nobody may send yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            keys: Vec::new(),
            origins: Vec::new(),
            allow_no_origin: false,
            allow_service_override: false,
            tenant: String::new(),
            labels: BTreeMap::new(),
            rate: Rate::NONE,
            sampling: 1.0,
            disk_quota: None,
            data: AppData::default(),
            sdk: crate::sdk_config::Settings::default(),
        }
    }

    /// With a key and an origin.
    #[must_use]
    pub fn with(mut self, key: &str, origin: Origin) -> Self {
        let label = (self.keys.len() + 1).to_string();
        self.keys.push(AppKey {
            key: Secret::new(key),
            label,
            not_after: None,
        });
        self.origins.push(origin);
        self
    }
}

/// A key of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    /// The key itself. It stands in pages, so it is no great secret; all the same it is shown nowhere.
    pub key: Secret,
    /// What it is called in `/metrics`; its place in the list where it has no name.
    pub label: String,
    /// The last moment at which it counts.
    pub not_after: Option<SystemTime>,
}

impl AppKey {
    /// Whether it still counts.
    pub(crate) fn counts_at(&self, now: SystemTime) -> bool {
        counts_at(self.not_after, now)
    }
}

/// Whether a key still counts of which this is the last moment.
pub(crate) fn counts_at(not_after: Option<SystemTime>, now: SystemTime) -> bool {
    not_after.is_none_or(|last| now <= last)
}

/// An origin that may send: exact, or any host below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`; `None` for any.
    pub scheme: Option<String>,
    /// The host, lower case; for a wildcard the part behind `*.`.
    pub host: String,
    /// True for `*.host`; an empty host with this is every origin.
    pub wildcard: bool,
    /// The port, when not the scheme's own.
    pub port: Option<u16>,
}

/// Reads `2026-12-31` (to its end, UTC) or a time with its zone.
pub(super) fn parse_not_after(text: &str) -> Option<SystemTime> {
    const DAY: Duration = Duration::from_secs(86_400);
    let text = text.trim();
    let (text, more) = match text.len() {
        10 => (format!("{text}T00:00:00Z"), DAY - Duration::from_nanos(1)),
        _ if text.contains(['-', ':']) => (text.to_owned(), Duration::ZERO),
        // A bare number is a time on the wire; nobody means one here.
        _ => return None,
    };
    let nanos = farol_protocol::time::Time::parse(&text).nanos()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos) + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_to_its_end_and_a_time_to_its_second() {
        let unix = |text| {
            let at = parse_not_after(text).unwrap();
            at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!(unix("1970-01-02"), 2 * 86_400 - 1);
        assert_eq!(unix("1970-01-02T00:00:01+01:00"), 86_400 - 3_599);
        for bad in [
            "",
            "soon",
            "1700000000",
            "2026-13-01",
            "2026-12-31T10:00:00",
        ] {
            assert_eq!(parse_not_after(bad), None, "{bad}");
        }
    }
}
