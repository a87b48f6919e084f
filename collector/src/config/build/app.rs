//! The rules that an app's settings must keep.

use std::collections::{BTreeMap, HashMap, HashSet};

use farol_protocol::Kind;

use super::limits::rate;
use super::{Built, required_name};
use crate::config::app::parse_not_after;
use crate::config::read::{Entry, Section};
use crate::config::{App, AppData, AppKey, Origin, Rate, Secret, shown};
use crate::sdk_config;

/// Keys of all apps together. Each request's key is compared with every one, so that its time tells nothing: at this many that takes some 30 µs.
const MOST_KEYS: usize = 10_000;

/// Attributes that an app puts on everything: each is stored with every record.
const MOST_LABELS: usize = 16;

pub(super) fn apps(root: &Section<'_>, data: &AppData) -> Built<Vec<App>> {
    let mut apps = Vec::new();
    let (mut names, mut keys) = (HashSet::new(), HashMap::new());
    for section in root.entries("apps")?.unwrap_or_default() {
        let app = app(&section, data)?;
        if !names.insert(app.name.clone()) {
            return Err(section.wrong("name", "two apps have this name; give each its own"));
        }
        for key in &app.keys {
            if let Some(other) = keys.insert(key.key.clone(), app.name.clone()) {
                let problem = match other == app.name {
                    true => "a key stands there twice; leave one out".to_owned(),
                    false => format!("a key belongs to app {other:?} as well; give each its own"),
                };
                return Err(section.wrong_secret("keys", problem));
            }
        }
        if keys.len() > MOST_KEYS {
            let problem =
                format!("more than {MOST_KEYS} keys in all; leave out those that are retired");
            return Err(section.wrong_secret("keys", problem));
        }
        section.finish()?;
        apps.push(app);
    }
    Ok(apps)
}

fn app(section: &Section<'_>, data: &AppData) -> Built<App> {
    let defaults = App::new(required_name(section)?);
    let allow_no_origin = section.flag("allow_no_origin")?.unwrap_or_default();
    Ok(App {
        keys: keys(section)?,
        origins: origins(section, allow_no_origin)?,
        allow_no_origin,
        allow_service_override: section.flag("allow_service_override")?.unwrap_or_default(),
        tenant: section.text("tenant")?.unwrap_or_default(),
        labels: labels(section)?,
        rate: rate(section.section("rate")?, Rate::NONE)?,
        sampling: section.share("sampling")?.unwrap_or(defaults.sampling),
        disk_quota: match section.size("disk_quota")? {
            Some(n) if n < 1 << 20 => return Err(section.wrong("disk_quota", "at least 1 MiB")),
            n => n.map(|n| n as u64),
        },
        data: super::enrich::data(section, data)?,
        sdk: sdk(section.section("sdk")?)?,
        ..defaults
    })
}

fn sdk(section: Section<'_>) -> Built<sdk_config::Settings> {
    let defaults = sdk_config::Settings::default();
    let own = section.section("rates")?;
    let mut rates = BTreeMap::new();
    for kind in Kind::ALL.map(Kind::name) {
        if let Some(rate) = own.share(kind)? {
            rates.insert(kind, rate);
        }
    }
    own.finish()?;
    let settings = sdk_config::Settings {
        enabled: section.flag("enabled")?.unwrap_or(defaults.enabled),
        rates,
        max_age: section.duration("max_age")?.unwrap_or(defaults.max_age),
    };
    section.finish()?;
    Ok(settings)
}

fn keys(section: &Section<'_>) -> Built<Vec<AppKey>> {
    let entries = section.mixed("keys")?.unwrap_or_default();
    if entries.is_empty() {
        return Err(section.wrong_secret(
            "keys",
            "an app needs one key at least; write keys = [\"…\"]",
        ));
    }
    let mut keys: Vec<AppKey> = Vec::new();
    for (i, entry) in entries.into_iter().enumerate() {
        let place = (i + 1).to_string();
        let key = match entry {
            Entry::Text(key) => AppKey {
                key: Secret::new(key),
                label: place,
                not_after: None,
            },
            Entry::Table(entry) => declared(entry, place)?,
        };
        // It stands in a path and in a header.
        let plain = |c: char| c.is_ascii_graphic() && !"/?#%\"\\".contains(c);
        if key.key.reveal().is_empty() || !key.key.reveal().chars().all(plain) {
            return Err(section.wrong_secret(
                "keys",
                "a key is letters, digits and signs that a path can hold, such as - _ . ~",
            ));
        }
        if keys.iter().any(|other| other.label == key.label) {
            let problem = format!(
                "two keys are called {:?}; give each its own label",
                key.label
            );
            return Err(section.wrong_secret("keys", problem));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn declared(entry: Section<'_>, place: String) -> Built<AppKey> {
    let Some(key) = entry.text("key")? else {
        return Err(entry.missing("key", "write { key = \"…\" }"));
    };
    let label = entry.text("label")?.unwrap_or(place);
    // A label value of a metric, and for people.
    if label.is_empty() || label.len() > 64 || label.chars().any(char::is_control) {
        return Err(entry.wrong("label", "1 to 64 letters"));
    }
    if label.contains(&key) && !key.is_empty() {
        return Err(entry.wrong_secret(
            "label",
            "a label is shown, so it is not the key; name it otherwise",
        ));
    }
    let not_after = match entry.moment("not_after")? {
        None => None,
        Some(text) => Some(parse_not_after(&text).ok_or_else(|| {
            entry.wrong("not_after", "write a day such as 2026-12-31, or a time with its zone such as 2026-12-31T12:00:00Z")
        })?),
    };
    let key = AppKey {
        key: Secret::new(key),
        label,
        not_after,
    };
    entry.finish()?;
    Ok(key)
}

fn origins(section: &Section<'_>, allow_no_origin: bool) -> Built<Vec<Origin>> {
    let mut origins = Vec::new();
    for text in section.texts("origins")?.unwrap_or_default() {
        let origin = Origin::parse(&text).map_err(|problem| {
            section.wrong("origins", format!("{:?}: {problem}", shown(&text)))
        })?;
        origins.push(origin);
    }
    if origins.is_empty() && !allow_no_origin {
        let problem =
            "name the pages that may send, such as [\"https://shop.example\"], or [\"*\"] for all";
        return Err(section.wrong("origins", problem));
    }
    Ok(origins)
}

fn labels(section: &Section<'_>) -> Built<BTreeMap<String, String>> {
    let labels = section.pairs("labels")?.unwrap_or_default();
    if labels.len() > MOST_LABELS {
        return Err(section.wrong("labels", format!("at most {MOST_LABELS}")));
    }
    super::enrich::names(section, "labels", &labels)?;
    Ok(labels.into_iter().collect())
}
