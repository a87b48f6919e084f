//! Destinations that are no OpenTelemetry.

use std::path::Path;
use std::time::Duration;

use super::Built;
use super::remote::{compression, credentials, reached, remote};
use crate::config::read::Section;
use crate::config::{
    ClickHouse, Compression, DestinationKind, DocumentFormat, Elasticsearch, FluentForward,
    HttpDocuments, Secret,
};
use crate::export::Template;

const FORMATS: [(&str, DocumentFormat); 2] = [
    ("ndjson", DocumentFormat::Ndjson),
    ("json", DocumentFormat::Json),
];

pub(super) fn http(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let default = HttpDocuments::new(remote(section)?);
    let mut item_headers = Vec::new();
    // Read as headers are: what holds for them holds here.
    for (name, text) in super::headers(section, "item_headers")? {
        if default
            .remote
            .headers
            .iter()
            .any(|(other, _)| *other == name)
        {
            let problem = format!("headers.{name} says it as well; leave one of them out");
            return Err(section.wrong("item_headers", problem));
        }
        match Template::parse(text.reveal()) {
            Ok(template) => item_headers.push((name, template)),
            Err(problem) => {
                return Err(section.wrong("item_headers", format!("{name}: {problem}")));
            }
        }
    }
    Ok(DestinationKind::Http(HttpDocuments {
        format: section.word("format", &FORMATS)?.unwrap_or_default(),
        item_headers,
        compression: compression(section)?,
        ..default
    }))
}

pub(super) fn elasticsearch(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let default = Elasticsearch::new(remote(section)?);
    let compression = compression(section)?;
    if compression == Compression::Zstd {
        let problem = "Elasticsearch does not unpack it, and takes it for JSON; write gzip or none";
        return Err(section.wrong("compression", problem));
    }
    Ok(DestinationKind::Elasticsearch(Elasticsearch {
        dataset: part(section, "dataset")?.unwrap_or(default.dataset),
        namespace: part(section, "namespace")?.unwrap_or(default.namespace),
        retention: retention(section)?.unwrap_or(default.retention),
        compression,
        remote: default.remote,
    }))
}

/// A part of a data stream's name. A hyphen would divide it.
fn part(section: &Section<'_>, key: &'static str) -> Built<Option<String>> {
    let Some(text) = section.text(key)? else {
        return Ok(None);
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
    // Elasticsearch takes 100 bytes of each, and no name that begins so.
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    match text.len() <= 100 && begins && text.chars().all(plain) {
        true => Ok(Some(text)),
        false => Err(section.wrong(
            key,
            "1 to 100 small letters, digits, . and _, a letter or digit first",
        )),
    }
}

pub(super) fn clickhouse(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let default = ClickHouse::new(remote(section)?);
    let (database, logs, traces) = (default.database, default.logs_table, default.traces_table);
    let (logs_table, traces_table) = (
        identifier(section, "logs_table", logs)?,
        identifier(section, "traces_table", traces)?,
    );
    if logs_table == traces_table {
        let problem = "log records go there already; name another table";
        return Err(section.wrong("traces_table", problem));
    }
    Ok(DestinationKind::ClickHouse(ClickHouse {
        database: identifier(section, "database", database)?,
        logs_table,
        traces_table,
        async_insert: section
            .flag("async_insert")?
            .unwrap_or(default.async_insert),
        retention: retention(section)?,
        compression: compression(section)?,
        remote: default.remote,
    }))
}

/// A name that stands in a statement as it is.
fn identifier(section: &Section<'_>, key: &'static str, default: String) -> Built<String> {
    let Some(name) = section.text(key)? else {
        return Ok(default);
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match name.len() <= 100 && begins && name.chars().all(plain) {
        true => Ok(name),
        false => Err(section.wrong(key, "1 to 100 letters, digits and _, no digit first")),
    }
}

fn retention(section: &Section<'_>) -> Built<Option<Duration>> {
    const DAY: u64 = 86_400;
    match section.duration("retention")? {
        // Servers throw away by the day.
        Some(it) if it.as_secs() < DAY || it.as_secs() % DAY != 0 => {
            Err(section.wrong("retention", "whole days, such as \"30d\""))
        }
        said => Ok(said),
    }
}

pub(super) fn fluent_forward(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let Some(endpoint) = section.address_of("endpoint", ["tcp", "tls"])? else {
        return Err(section.missing("endpoint", "write endpoint = \"tcp://HOST:24224\""));
    };
    let default = FluentForward::new(reached(section, endpoint)?);
    let auth = section.section("auth")?;
    let user = credentials(&auth)?;
    auth.finish()?;
    let shared_key = section.text("shared_key")?.map(Secret::new);
    if user.is_some() && shared_key.is_none() {
        let problem = "servers ask for a user with a shared key alone; write it as well";
        return Err(section.missing("shared_key", problem));
    }
    if shared_key.as_ref().is_some_and(|it| it.reveal().is_empty()) {
        return Err(section.wrong_secret("shared_key", "it is empty; leave it out, or write it"));
    }
    let compression = match section.has("compression") {
        true => compression(section)?,
        false => default.compression,
    };
    if compression == Compression::Zstd {
        let problem = "what speaks the Forward protocol does not read it; write gzip or none";
        return Err(section.wrong("compression", problem));
    }
    Ok(DestinationKind::FluentForward(FluentForward {
        tag: template(section, "tag")?.unwrap_or(default.tag),
        shared_key,
        user,
        hostname: section.text("hostname")?.unwrap_or(default.hostname),
        compression,
        ..default
    }))
}

pub(super) fn template(section: &Section<'_>, key: &'static str) -> Built<Option<Template>> {
    match section.text(key)? {
        Some(text) if text.is_empty() => Err(section.wrong(key, "it is empty; leave it out")),
        Some(text) => match Template::parse(&text) {
            Ok(template) => Ok(Some(template)),
            Err(problem) => Err(section.wrong(key, problem)),
        },
        None => Ok(None),
    }
}
