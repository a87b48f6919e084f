//! Loki.

use std::path::Path;

use super::Built;
use super::remote::remote;
use crate::config::read::Section;
use crate::config::{DestinationKind, Loki, LokiFormat};

/// Each multiplies streams.
const MOST_LABELS: usize = 10;

const FORMATS: [(&str, LokiFormat); 2] = [
    ("protobuf", LokiFormat::Protobuf),
    ("json", LokiFormat::Json),
];

pub(super) fn loki(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let mut remote = remote(section)?;
    if !section.has("concurrency") {
        remote.concurrency = Loki::CONCURRENCY;
    }
    let default = Loki::new(remote);
    let loki = Loki {
        labels: labels(section, "labels")?.unwrap_or_else(|| default.labels.clone()),
        static_labels: labels(section, "static_labels")?.unwrap_or_default(),
        format: section.word("format", &FORMATS)?.unwrap_or_default(),
        ..default
    };
    if loki.labels.len() + loki.static_labels.len() == 0 {
        return Err(section.wrong("labels", "Loki wants one label at least; name one"));
    }
    let together = loki.labels.len() + loki.static_labels.len();
    let most = Loki::MOST_LABELS;
    if together > most {
        let problem = format!(
            "with labels they are {together}, and Loki takes {most}; leave {} out",
            together - most
        );
        return Err(section.wrong("static_labels", problem));
    }
    let twice = |(label, _): &&(String, String)| loki.labels.iter().any(|(it, _)| it == label);
    if let Some((label, _)) = loki.static_labels.iter().find(twice) {
        let problem = format!("{label} is in labels as well; leave one of them out");
        return Err(section.wrong("static_labels", problem));
    }
    Ok(DestinationKind::Loki(loki))
}

fn labels(section: &Section<'_>, key: &'static str) -> Built<Option<Vec<(String, String)>>> {
    let Some(labels) = section.pairs(key)? else {
        return Ok(None);
    };
    if labels.len() > MOST_LABELS {
        return Err(section.wrong(
            key,
            format!("at most {MOST_LABELS}: each multiplies streams"),
        ));
    }
    for (label, value) in &labels {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let plain = |c: char| first(c) || c.is_ascii_digit();
        if !label.starts_with(first) || !label.chars().all(plain) || label.starts_with("__") {
            let problem = format!("{label:?} is no label; write letters, digits and _");
            return Err(section.wrong(key, problem));
        }
        if value.is_empty() {
            return Err(section.wrong(key, format!("{label} is empty; leave it out")));
        }
    }
    Ok(Some(labels))
}
