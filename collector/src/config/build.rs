//! From the tree to [`Config`]: every rule that a setting must keep.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use super::AppData;
use super::ConfigError;
use super::Secret;
use super::queue::{DISK_ONLY, LEAST};
use super::read::{Section, written_size};
use super::tree::Node;
use super::valid::{Config, DEFAULT_DATA_DIR, Destination, QueueType, Telemetry};
use crate::client_address::{ForwardedHeader, TrustedProxies};
use crate::export::clash;

mod app;
mod destination;
mod enrich;
mod filter;
mod kafka;
mod limits;
mod listener;
mod loki;
mod parquet;
mod receivers;
mod remote;
mod remote_write;
mod scrub;
mod source;

/// The headers in which proxies say whom they speak for.
const FORWARDED: &[(&str, ForwardedHeader)] = &[
    ("x-forwarded-for", ForwardedHeader::XForwardedFor),
    ("forwarded", ForwardedHeader::Forwarded),
];

/// What the collector, or HTTP itself, says in requests to destinations.
const OWN_HEADERS: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) type Built<T> = Result<T, ConfigError>;

/// Checks everything.
pub(super) fn build(root: &Node) -> Built<Config> {
    let root = Section::root(root);
    version(&root)?;
    let data_dir = root
        .text("data_dir")?
        .unwrap_or_else(|| DEFAULT_DATA_DIR.into());
    if data_dir.is_empty() {
        return Err(root.wrong("data_dir", "name a folder"));
    }
    let data_dir = PathBuf::from(data_dir);
    let defaults = Config::default();
    let data = enrich::data(&root, &AppData::default())?;
    let config = Config {
        listen: root.address("listen")?.unwrap_or(defaults.listen),
        admin_listen: root.address("admin_listen")?,
        public: listener::build(&root)?,
        admin_proxy_protocol: listener::networks(&root, "admin_proxy_protocol")?,
        apps: app::apps(&root, &data)?,
        data,
        trusted_proxies: TrustedProxies {
            networks: listener::networks(&root, "trusted_proxies")?,
            header: root
                .word("forwarded_header", FORWARDED)?
                .unwrap_or_default(),
        },
        filters: filter::filters(&root)?,
        attributes: enrich::attributes(&root)?,
        geo: enrich::geo(root.section("geo")?)?,
        destinations: destinations(&root, &data_dir)?,
        sources: source::sources(&root)?,
        limits: limits::build(root.section("limits")?)?,
        queue: super::queue::build(root.section("queue")?)?,
        shutdown_timeout: positive(&root, "shutdown_timeout", defaults.shutdown_timeout)?,
        metrics_interval: positive(&root, "metrics_interval", defaults.metrics_interval)?,
        metrics_hold: root
            .duration("metrics_hold")?
            .unwrap_or(defaults.metrics_hold),
        telemetry: telemetry(root.section("telemetry")?)?,
        data_dir,
        files: Vec::new(),
    };
    let mut config = config;
    tenants(&mut config);
    addresses(&root, &config)?;
    quotas(&root, &config)?;
    let twice = 2 * config.limits.inflated;
    if config.queue.max_bytes < twice.max(LEAST) {
        let problem = match twice > LEAST {
            true => format!("at least {} (twice limits.inflated)", written_size(twice)),
            false => format!("at least {}", written_size(LEAST)),
        };
        return Err(root.section("queue")?.wrong("max_bytes", problem));
    }
    root.finish()?;
    Ok(config)
}

/// Metrics know their app and not its tenant.
fn tenants(config: &mut Config) {
    let of = |app: &super::App| (app.name.clone(), app.tenant.clone());
    let all = config.apps.iter().map(of).collect::<super::Tenants>();
    for destination in &mut config.destinations {
        if let Some(tenants) = destination.kind.tenants() {
            tenants.clone_from(&all);
        }
    }
    let asked = (config.destinations.iter_mut()).filter(|it| it.when.is_some());
    for destination in asked {
        destination.tenants.clone_from(&all);
    }
}

fn version(root: &Section<'_>) -> Built<()> {
    let from_file = matches!(root.at(), super::tree::Place::File { .. });
    match root.number("version")? {
        Some(1) => Ok(()),
        Some(_) => Err(root.wrong(
            "version",
            "this collector reads version 1; write version = 1",
        )),
        None if from_file => Err(root.missing("version", "write version = 1 at the top")),
        None => Ok(()),
    }
}

fn addresses(root: &Section<'_>, config: &Config) -> Built<()> {
    let open = root.flag("allow_open")?.unwrap_or_default();
    if config.apps.is_empty() && !open && !is_loopback(config.listen) {
        let problem = "other machines can reach this address, and with no [[apps]] everybody could send; declare an app with keys \
             and origins, listen on 127.0.0.1, or set allow_open = true";
        return Err(root.wrong("listen", problem));
    }
    if config
        .admin_listen
        .is_some_and(|it| meet(it, config.listen))
    {
        return Err(root.wrong(
            "admin_listen",
            "this is the address of listen, or within it; leave it out, or name another port",
        ));
    }
    Ok(())
}

/// Whether one of two listeners would take the other's address.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    // `[::]` takes IPv4 as well.
    let all = |it: IpAddr, of: IpAddr| it.is_unspecified() && (it.is_ipv6() || of.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (a == b || all(a, b) || all(b, a))
}

/// An app's share of a disk that nothing is on.
fn quotas(root: &Section<'_>, config: &Config) -> Built<()> {
    let sections = root.entries("apps")?.unwrap_or_default();
    let memory = config.queue.kind == QueueType::Memory;
    match sections.iter().find(|it| memory && it.has("disk_quota")) {
        Some(section) => Err(section.wrong("disk_quota", DISK_ONLY)),
        None => Ok(()),
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn required_name(section: &Section<'_>) -> Built<String> {
    match section.text("name")? {
        // Names are shown: in lines of a log, on a terminal.
        Some(name) if name.chars().any(char::is_control) => Err(section.wrong(
            "name",
            "a name holds no line breaks or control characters; leave them out",
        )),
        Some(name) if !name.is_empty() => Ok(name),
        _ => Err(section.missing("name", "write name = \"…\"")),
    }
}

fn destinations(root: &Section<'_>, data_dir: &std::path::Path) -> Built<Vec<Destination>> {
    let Some(sections) = root.entries("destinations")? else {
        return Ok(vec![Destination::embedded(data_dir)]);
    };
    if sections.is_empty() {
        let problem = "without a destination all data would be lost; leave the list out for files in the data folder";
        return Err(root.wrong("destinations", problem));
    }
    // Two readers are the collector's own.
    let most = crate::queue::MAX_READERS - 2;
    if sections.len() > most {
        return Err(root.wrong(
            "destinations",
            format!("more than {most}; fan out behind one of them"),
        ));
    }
    let mut names = HashSet::new();
    let mut paths = HashMap::new();
    let mut all = Vec::new();
    for section in sections {
        let destination = destination::build(&section, data_dir)?;
        if !names.insert(destination.name.clone()) {
            return Err(section.wrong("name", "two destinations have this name; give each its own"));
        }
        if let Some(other) = names.iter().find(|it| clash(it, &destination.name)) {
            return Err(section.wrong(
                "name",
                format!(
                    "its dead letters would lie in a file of {other:?}; end it in something else"
                ),
            ));
        }
        if let Some(path) = destination.kind.folder()
            && let Some(other) = paths.insert(folder(path), destination.name.clone())
        {
            return Err(section.wrong(
                "path",
                format!("destination {other:?} writes there; name another folder"),
            ));
        }
        section.finish()?;
        all.push(destination);
    }
    Ok(all)
}

/// A folder by the one name that it has however it is written.
fn folder(path: &std::path::Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_owned())
}

fn telemetry(section: Section<'_>) -> Built<Telemetry> {
    let log = section
        .text("log")?
        .unwrap_or_else(|| Telemetry::default().log);
    if tracing_subscriber::EnvFilter::try_new(&log).is_err() || !names_levels(&log) {
        return Err(section.wrong(
            "log",
            "write error, warn, info, debug, or a filter such as info,farol_collector=debug",
        ));
    }
    let telemetry = Telemetry {
        log,
        traces_endpoint: section.url("traces_endpoint")?,
        traces_ratio: section
            .share("traces_ratio")?
            .unwrap_or(Telemetry::default().traces_ratio),
        traces_headers: headers(&section, "traces_headers")?,
    };
    section.finish()?;
    Ok(telemetry)
}

/// `EnvFilter` takes a bare word that is no level, such as `warning`, for the name of a module: then nothing is logged.
fn names_levels(filter: &str) -> bool {
    let is_level = |part: &str| part.trim().parse::<LevelFilter>().is_ok();
    filter.contains('[')
        || filter
            .split(',')
            .all(|part| part.contains('=') || is_level(part))
}

fn headers(section: &Section<'_>, key: &'static str) -> Built<Vec<(http::HeaderName, Secret)>> {
    let mut out = Vec::new();
    for (name, value) in section.pairs(key)?.unwrap_or_default() {
        // Variables cannot spell a hyphen.
        let Ok(header) = name.replace('_', "-").parse::<http::HeaderName>() else {
            return Err(section.wrong_secret(key, format!("{name:?} is no header's name")));
        };
        if OWN_HEADERS.contains(&header.as_str()) {
            let problem = format!("{name} is the collector's own to set; leave it out");
            return Err(section.wrong_secret(key, problem));
        }
        if http::HeaderValue::from_str(&value).is_err() {
            return Err(section.wrong_secret(
                key,
                format!("the value of {name} has characters that a header cannot hold"),
            ));
        }
        out.push((header, Secret::new(value)));
    }
    Ok(out)
}

pub(super) fn size(
    section: &Section<'_>,
    key: &'static str,
    default: usize,
    least: usize,
) -> Built<usize> {
    match section.size(key)? {
        None => Ok(default),
        Some(n) if n >= least => Ok(n),
        Some(_) => Err(section.wrong(key, format!("at least {}", written_size(least)))),
    }
}

fn count(section: &Section<'_>, key: &'static str, default: usize) -> Built<usize> {
    match section.number(key)? {
        None => Ok(default),
        Some(0) => Err(section.wrong(key, "at least 1")),
        Some(n) => usize::try_from(n).map_err(|_| section.wrong(key, "too large")),
    }
}

fn positive(section: &Section<'_>, key: &'static str, default: Duration) -> Built<Duration> {
    /// Longer waits are a slip of the unit.
    const MOST: Duration = Duration::from_secs(86_400);
    match section.duration(key)? {
        None => Ok(default),
        Some(d) if !d.is_zero() && d <= MOST => Ok(d),
        Some(_) => Err(section.wrong(key, "more than nothing, and at most 24h")),
    }
}
