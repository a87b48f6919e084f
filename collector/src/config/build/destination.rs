//! One destination.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::ServerName;
use xxhash_rust::xxh3::Xxh3;

use super::{Built, count, headers, positive, required_name, size};
use crate::config::read::Section;
use crate::config::{
    Batch, Compression, Destination, DestinationKind, Dialect, OtlpFile, OtlpRemote, Retry,
    SignalEndpoints, Signals, Temporality, Terminal, Tls,
};
use crate::export::tls;
use crate::queue::Start;

/// How long one request may take: the default of OpenTelemetry's exporters.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once: enough to hide the way to a receiver at 20,000 payloads a second in batches of 512 items.
const CONCURRENCY: usize = 4;
/// More than this serves no receiver.
const MOST_CONCURRENCY: usize = 256;

pub(super) fn build(section: &Section<'_>, data_dir: &Path) -> Built<Destination> {
    let name = required_name(section)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.len() > 64 || !name.chars().all(plain) {
        return Err(section.wrong("name", "at most 64 small letters, digits, - and _"));
    }
    let kinds = [
        ("otlp_http", 0),
        ("otlp_grpc", 1),
        ("otlp_file", 2),
        ("terminal", 3),
    ];
    let Some(kind) = section.word("type", &kinds)? else {
        return Err(section.missing(
            "type",
            "write one of otlp_http, otlp_grpc, otlp_file, terminal",
        ));
    };
    let kind = match kind {
        0 => DestinationKind::OtlpHttp(remote(section, true)?),
        1 => DestinationKind::OtlpGrpc(remote(section, false)?),
        2 => DestinationKind::OtlpFile(file(section, data_dir)?),
        _ => DestinationKind::Terminal(Terminal {
            color: section.flag("color")?,
        }),
    };
    Ok(Destination {
        signals: signals(section)?,
        when: super::filter::condition(section, "when")?,
        sampling: section.share("sampling")?.unwrap_or(1.0),
        dialect: section.word("dialect", &DIALECTS)?.unwrap_or_default(),
        temporality: section
            .word("temporality", &TEMPORALITIES)?
            .unwrap_or_default(),
        start: section.word("start", &STARTS)?.unwrap_or_default(),
        max_lag: match section.has("max_lag") {
            true => Some(size(section, "max_lag", 0, 1 << 20)?),
            false => section.size("max_lag")?,
        },
        batch: batch(section)?,
        retry: retry(section)?,
        ..Destination::new(name, kind)
    })
}

const DIALECTS: [(&str, Dialect); 3] = [
    ("semconv", Dialect::Semconv),
    ("alloy", Dialect::Alloy),
    ("contrib", Dialect::Contrib),
];

const TEMPORALITIES: [(&str, Temporality); 2] = [
    ("cumulative", Temporality::Cumulative),
    ("delta", Temporality::Delta),
];

const STARTS: [(&str, Start); 2] = [("tail", Start::Tail), ("oldest", Start::Oldest)];

const COMPRESSIONS: [(&str, Compression); 3] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
];

fn signals(section: &Section<'_>) -> Built<Signals> {
    let Some(words) = section.texts("signals")? else {
        return Ok(Signals::default());
    };
    let mut signals = Signals {
        logs: false,
        traces: false,
        metrics: false,
    };
    for word in &words {
        match word.as_str() {
            "logs" => signals.logs = true,
            "traces" => signals.traces = true,
            "metrics" => signals.metrics = true,
            other => {
                return Err(section.wrong(
                    "signals",
                    format!("{other:?} is none; use logs, traces, metrics"),
                ));
            }
        }
    }
    match words.is_empty() {
        true => Err(section.wrong(
            "signals",
            "a destination wants one at least: logs, traces, metrics",
        )),
        false => Ok(signals),
    }
}

fn remote(section: &Section<'_>, http: bool) -> Built<OtlpRemote> {
    let Some(endpoint) = section.url("endpoint")? else {
        return Err(section.missing("endpoint", "write endpoint = \"http://HOST:PORT\""));
    };
    let mut signal_endpoints = SignalEndpoints::default();
    if http {
        let own = section.section("endpoints")?;
        signal_endpoints = SignalEndpoints {
            logs: own.url("logs")?,
            traces: own.url("traces")?,
            metrics: own.url("metrics")?,
        };
        own.finish()?;
    }
    let concurrency = count(section, "concurrency", CONCURRENCY)?;
    if concurrency > MOST_CONCURRENCY {
        return Err(section.wrong("concurrency", format!("at most {MOST_CONCURRENCY}")));
    }
    Ok(OtlpRemote {
        tls: transport(section, &endpoint)?,
        endpoint,
        signal_endpoints,
        headers: headers(section, "headers")?,
        compression: section
            .word("compression", &COMPRESSIONS)?
            .unwrap_or_default(),
        timeout: positive(section, "timeout", TIMEOUT)?,
        concurrency,
    })
}

fn transport(section: &Section<'_>, endpoint: &http::Uri) -> Built<Tls> {
    let own = section.section("tls")?;
    if section.has("tls") && endpoint.scheme_str() != Some("https") {
        return Err(section.wrong(
            "tls",
            "the endpoint is http; write https there, or leave tls out",
        ));
    }
    let mut tls = Tls {
        ca_file: pem(&own, "ca_file", |path| tls::roots(path).map(drop))?,
        cert_file: pem(&own, "cert_file", |path| tls::certificates(path).map(drop))?,
        key_file: pem(&own, "key_file", |path| tls::private_key(path).map(drop))?,
        server_name: own.text("server_name")?,
        insecure_skip_verify: own.flag("insecure_skip_verify")?.unwrap_or_default(),
        held: 0,
    };
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => {
            return Err(own.missing("key_file", "a certificate needs its key"));
        }
        (None, Some(_)) => {
            return Err(own.missing("cert_file", "a key needs its certificate"));
        }
        (Some(_), Some(_)) if tls::client(&tls).is_err() => {
            let problem = "it is not the key of cert_file; name the one that belongs to it";
            return Err(own.wrong("key_file", problem));
        }
        _ => {}
    }
    let named = tls.server_name.as_deref();
    if named.is_some_and(|name| ServerName::try_from(name).is_err()) {
        let problem = "write a host's name or address, such as otlp.example";
        return Err(own.wrong("server_name", problem));
    }
    own.finish()?;
    let mut held = Xxh3::new();
    for file in tls.files() {
        // It could be read a moment ago; if it is gone by now, that is another content.
        held.update(&std::fs::read(file).unwrap_or_default());
    }
    tls.held = held.digest();
    Ok(tls)
}

/// A PEM file that holds what it is named for. Looked into here, because the port is bound by the time the destination reads it.
fn pem(
    section: &Section<'_>,
    key: &'static str,
    holds: impl Fn(&Path) -> anyhow::Result<()>,
) -> Built<Option<PathBuf>> {
    let Some(path) = section.text(key)?.map(PathBuf::from) else {
        return Ok(None);
    };
    if let Err(e) = std::fs::read(&path) {
        let problem = format!("the file cannot be read ({}); name one that can", e.kind());
        return Err(section.wrong(key, problem));
    }
    match holds(&path) {
        Ok(()) => Ok(Some(path)),
        Err(e) => Err(section.wrong(
            key,
            format!("{e:#}; name another, or convert it with openssl"),
        )),
    }
}

fn file(section: &Section<'_>, data_dir: &Path) -> Built<OtlpFile> {
    let path = match section.text("path")? {
        Some(path) if path.is_empty() => return Err(section.wrong("path", "name a folder")),
        Some(path) => PathBuf::from(path),
        None => data_dir.join("otlp"),
    };
    let default = OtlpFile::in_folder(path);
    Ok(OtlpFile {
        max_bytes: size(section, "max_bytes", default.max_bytes as usize, 1 << 20)? as u64,
        max_files: count(section, "max_files", default.max_files)?,
        ..default
    })
}

fn batch(section: &Section<'_>) -> Built<Batch> {
    let own = section.section("batch")?;
    let default = Batch::default();
    let batch = Batch {
        max_items: count(&own, "max_items", default.max_items as usize)? as u64,
        max_bytes: size(&own, "max_bytes", default.max_bytes, 1024)?,
        max_wait: own.duration("max_wait")?.unwrap_or(default.max_wait),
    };
    if batch.max_wait > Duration::from_secs(60) {
        return Err(own.wrong(
            "max_wait",
            "at most 60s: data shall not be late by its own pipeline",
        ));
    }
    own.finish()?;
    Ok(batch)
}

fn retry(section: &Section<'_>) -> Built<Retry> {
    let own = section.section("retry")?;
    let default = Retry::default();
    let retry = Retry {
        initial: positive(&own, "initial", default.initial)?,
        max: positive(&own, "max", default.max)?,
        max_elapsed: match own.has("max_elapsed") {
            true => Some(positive(&own, "max_elapsed", default.max)?),
            false => own.duration("max_elapsed")?,
        },
    };
    if retry.initial > retry.max {
        return Err(own.wrong(
            "initial",
            "the first wait is longer than the longest; lower it or raise retry.max",
        ));
    }
    own.finish()?;
    Ok(retry)
}
