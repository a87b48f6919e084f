//! What of valid settings somebody may not expect: slips that may be meant all the same, so that nothing is refused for them.

use super::nearest::nearest;
use super::valid::{Config, SdkFiles};
use super::{AppData, shown};
use crate::condition::Condition;
use crate::sdk_files;

/// One, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whom or what it concerns, in a word.
    pub what: &'static str,
    /// What is so.
    pub found: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.found, self.remedy)
    }
}

/// What pages, OpenTelemetry's SDKs and the loggers below them call levels.
const LEVELS: [&str; 17] = [
    "trace",
    "debug",
    "info",
    "log",
    "warn",
    "warning",
    "error",
    "fatal",
    "critical",
    "notice",
    "alert",
    "emergency",
    "panic",
    "severe",
    "verbose",
    "information",
    "exception",
];

/// Those of a page's log, for who wrote another word.
const USUAL: &str = "write trace, debug, info, log, warn, error or fatal, unless logs that come as OTLP have this word";

/// What has a meaning of its own below `path`.
const ROUTES: [&str; 3] = ["collect", "config", "reports"];

impl Config {
    /// All that there are.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut all = Vec::from_iter(self.of_operators());
        all.extend(self.of_keys());
        all.extend(self.public.sdk.as_ref().and_then(of_sdk));
        all.extend(of_routes("routes", &self.data));
        for app in self
            .apps
            .iter()
            .filter(|it| it.data.routes != self.data.routes)
        {
            all.extend(of_routes(&format!("apps.{}.routes", app.name), &app.data));
        }
        let filters = self.filters.iter();
        let filters = filters.map(|it| ("filters", &it.name, Some(&it.when)));
        let rules = self.attributes.iter();
        let rules = rules.map(|it| ("attributes", &it.name, it.when.as_ref()));
        let destinations = self.destinations.iter();
        let destinations = destinations.map(|it| ("destinations", &it.name, it.when.as_ref()));
        for (list, name, when) in filters.chain(rules).chain(destinations) {
            if let Some(when) = when {
                self.of_condition(&format!("{list}.{name}.when"), when, &mut all);
            }
        }
        all
    }

    /// Where operators cannot ask.
    fn of_operators(&self) -> Option<Remark> {
        if self.admin_listen.is_some() {
            return None;
        }
        let remark = |found| {
            Remark {
            what: "operators",
            found,
            remedy: "set admin_listen to an address that operators and their Prometheus reach and visitors do not".into(),
        }
        };
        if !self.listen.ip().to_canonical().is_loopback() {
            return Some(remark(format!(
                "there is no admin_listen, so nobody sees /metrics, /-/status and what is refused (tail): {} is no loopback address",
                self.listen
            )));
        }
        let speaks = match (&self.public.tls, self.public.proxy_protocol.is_empty()) {
            (Some(_), _) => "TLS",
            (None, false) => "PROXY protocol",
            (None, true) => return None,
        };
        Some(remark(format!(
            "there is no admin_listen, and listen speaks {speaks}: `healthy`, by which a container is found well, and `status` ask in plain HTTP, and cannot"
        )))
    }

    /// A key that is a route where it stands right behind `path`. Which of them it is stays untold, as keys do.
    fn of_keys(&self) -> Vec<Remark> {
        let path = &self.public.path;
        let taken = |app: &&super::App| {
            let mut keys = app.keys.iter();
            keys.any(|it| ROUTES.contains(&it.key.reveal()))
        };
        let apps = self.apps.iter().filter(|_| !path.is_empty()).filter(taken);
        let remark = |app: &super::App| {
            settings(
                &format!("apps.{}.keys", app.name),
                &format!(
                    "a key is called collect, config or reports, and {path}/KEY means something else then"
                ),
                format!("choose another, or have pages send to {path}/collect/KEY"),
            )
        };
        apps.map(remark).collect()
    }

    fn of_condition(&self, key: &str, when: &Condition, all: &mut Vec<Remark>) {
        // What comes from elsewhere, or says of itself what it is, may be of any app.
        if !self.apps.is_empty() && self.sources.is_empty() {
            let apps: Vec<_> = self.apps.iter().map(|it| it.name.as_str()).collect();
            let tenants = self.apps.iter().map(|it| it.tenant.as_str());
            let tenants: Vec<_> = tenants.filter(|it| !it.is_empty()).collect();
            for (name, known, found) in [
                (when.apps(), apps, "no app is called"),
                (when.tenants(), tenants, "no app is of a tenant"),
            ] {
                for name in strangers(name, &known) {
                    let remedy = match nearest(name, known.iter().copied()) {
                        Some(near) => format!("did you mean {near:?}?"),
                        None => "write one that is there, or declare it by [[apps]]".into(),
                    };
                    all.push(settings(key, &format!("{found} {:?}", shown(name)), remedy));
                }
            }
        }
        for level in strangers(when.levels(), &LEVELS) {
            let found = format!("{:?} is no level that pages know", shown(level));
            all.push(settings(key, &found, USUAL.into()));
        }
    }
}

/// Each once.
fn strangers<'a>(mut names: Vec<&'a str>, known: &[&str]) -> Vec<&'a str> {
    names.retain(|it| !known.contains(it));
    names.sort_unstable();
    names.dedup();
    names
}

fn settings(key: &str, found: &str, remedy: String) -> Remark {
    Remark {
        what: "settings",
        found: format!("{}: {found}", key.replace(char::is_control, "\u{fffd}")),
        remedy,
    }
}

fn of_routes(key: &str, data: &AppData) -> Vec<Remark> {
    let remarks = data
        .routes
        .iter()
        .filter_map(crate::enrich::Template::remark);
    remarks
        .map(|(found, remedy)| settings(key, &found, remedy))
        .collect()
}

/// Who has bundled the SDK's modules may serve them alone, so a folder without the script-tag file may be meant.
fn of_sdk(files: &SdkFiles) -> Option<Remark> {
    let found = sdk_files::SdkFiles::look(files).ok()?;
    let remedy = found.script(&files.dir)?;
    let found = format!("{}/farol.js is not there", files.path);
    Some(settings("sdk.dir", &found, remedy))
}

#[cfg(test)]
mod tests;
