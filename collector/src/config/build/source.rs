//! Sources.

use std::collections::HashSet;

use super::kafka::{TOPIC, brokers, is_topic};
use super::remote::read_from;
use super::{Built, required_name};
use crate::config::Source;
use crate::config::read::Section;

/// Each is a consumer with tasks and buffers of its own.
const MOST: usize = 16;

pub(super) fn sources(root: &Section<'_>) -> Built<Vec<Source>> {
    let sections = root.entries("sources")?.unwrap_or_default();
    if sections.len() > MOST {
        return Err(root.wrong(
            "sources",
            format!("more than {MOST}; start a collector more"),
        ));
    }
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for section in sections {
        let source = source(&section)?;
        if !names.insert(source.name.clone()) {
            return Err(section.wrong("name", "two sources have this name; give each its own"));
        }
        section.finish()?;
        all.push(source);
    }
    Ok(all)
}

fn source(section: &Section<'_>) -> Built<Source> {
    let name = required_name(section)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.len() > 64 || !name.chars().all(plain) {
        return Err(section.wrong("name", "at most 64 small letters, digits, - and _"));
    }
    if section.word("type", &[("kafka", ())])?.is_none() {
        return Err(section.missing("type", "write type = \"kafka\""));
    }
    let text = |key| -> Built<Option<String>> {
        match section.text(key)? {
            Some(text) if !is_topic(&text) => Err(section.wrong(key, TOPIC)),
            text => Ok(text),
        }
    };
    let mut brokers = brokers(section, read_from)?;
    // Its files are read with each connection.
    brokers.remote.tls.held = 0;
    Ok(Source {
        topic: text("topic")?.unwrap_or_else(|| "farol".to_owned()),
        group: text("group")?.unwrap_or_else(|| "farol-collector".to_owned()),
        brokers,
        name,
    })
}
