//! One destination.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::remote::{compression, remote};
use super::{Built, count, positive, receivers, required_name, size};
use crate::aggregate::READER;
use crate::config::read::Section;
use crate::config::{
    Batch, Destination, DestinationKind, Dialect, OtlpFile, OtlpRemote, Retry, SignalEndpoints,
    Signals, Temporality, Terminal,
};
use crate::queue::Start;

/// Reads what is a destination's own by its type.
type Make = fn(&Section<'_>, &Path) -> Built<DestinationKind>;

/// The types of destinations by their names in settings.
const KINDS: &[(&str, Make)] = &[
    ("otlp_http", otlp_http),
    ("otlp_grpc", otlp_grpc),
    ("otlp_file", otlp_file),
    ("parquet", super::parquet::parquet),
    ("http", receivers::http),
    ("elasticsearch", receivers::elasticsearch),
    ("clickhouse", receivers::clickhouse),
    ("fluent_forward", receivers::fluent_forward),
    ("kafka", super::kafka::kafka),
    ("terminal", terminal),
    ("loki", super::loki::loki),
    ("prometheus_remote_write", super::remote_write::remote_write),
];

pub(super) fn build(section: &Section<'_>, data_dir: &Path) -> Built<Destination> {
    let name = required_name(section)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.len() > 64 || !name.chars().all(plain) {
        return Err(section.wrong("name", "at most 64 small letters, digits, - and _"));
    }
    if name == READER {
        let problem =
            "the collector's own metrics keep their place in the queue by it; take another";
        return Err(section.wrong("name", problem));
    }
    let Some(make) = section.word("type", KINDS)? else {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        let problem = format!("write one of {}", names.join(", "));
        return Err(section.missing("type", &problem));
    };
    let kind = make(section, data_dir)?;
    Ok(Destination {
        others: super::remote::others(section, &kind)?,
        signals: signals(section, kind.takes())?,
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
        batch: batch(section, kind.batch())?,
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

fn signals(section: &Section<'_>, takes: Signals) -> Built<Signals> {
    let Some(words) = section.texts("signals")? else {
        return Ok(takes);
    };
    let mut signals = Signals {
        logs: false,
        traces: false,
        metrics: false,
    };
    for word in &words {
        let (signal, taken) = match word.as_str() {
            "logs" => (&mut signals.logs, takes.logs),
            "traces" => (&mut signals.traces, takes.traces),
            "metrics" => (&mut signals.metrics, takes.metrics),
            other => {
                let problem = format!("{other:?} is none; use logs, traces, metrics");
                return Err(section.wrong("signals", problem));
            }
        };
        if !taken {
            let problem = format!("a destination of this type takes no {word}; leave them out");
            return Err(section.wrong("signals", problem));
        }
        *signal = true;
    }
    match words.is_empty() {
        true => Err(section.wrong(
            "signals",
            "a destination wants one at least: logs, traces, metrics",
        )),
        false => Ok(signals),
    }
}

fn otlp_http(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let own = section.section("endpoints")?;
    let signal_endpoints = SignalEndpoints {
        logs: own.url("logs")?,
        traces: own.url("traces")?,
        metrics: own.url("metrics")?,
    };
    own.finish()?;
    Ok(DestinationKind::OtlpHttp(OtlpRemote {
        signal_endpoints,
        ..otlp(section)?
    }))
}

fn otlp_grpc(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    otlp(section).map(DestinationKind::OtlpGrpc)
}

fn otlp(section: &Section<'_>) -> Built<OtlpRemote> {
    Ok(OtlpRemote {
        remote: remote(section)?,
        signal_endpoints: SignalEndpoints::default(),
        compression: compression(section)?,
    })
}

fn terminal(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    Ok(DestinationKind::Terminal(Terminal {
        color: section.flag("color")?,
    }))
}

fn otlp_file(section: &Section<'_>, data_dir: &Path) -> Built<DestinationKind> {
    let path = path(section)?.unwrap_or_else(|| data_dir.join("otlp"));
    let default = OtlpFile::in_folder(path);
    Ok(DestinationKind::OtlpFile(OtlpFile {
        max_bytes: size(section, "max_bytes", default.max_bytes as usize, 1 << 20)? as u64,
        max_files: count(section, "max_files", default.max_files)?,
        ..default
    }))
}

pub(super) fn path(section: &Section<'_>) -> Built<Option<PathBuf>> {
    match section.text("path")? {
        Some(path) if path.is_empty() => Err(section.wrong("path", "name a folder")),
        path => Ok(path.map(PathBuf::from)),
    }
}

fn batch(section: &Section<'_>, default: Batch) -> Built<Batch> {
    let own = section.section("batch")?;
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
