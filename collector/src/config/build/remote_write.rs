//! Prometheus Remote Write.

use std::path::Path;

use super::Built;
use super::remote::remote;
use crate::config::read::Section;
use crate::config::{DestinationKind, RemoteWrite, RemoteWriteVersion};

const VERSIONS: [(&str, RemoteWriteVersion); 2] = [
    ("2.0", RemoteWriteVersion::Two),
    ("1.0", RemoteWriteVersion::One),
];

pub(super) fn remote_write(section: &Section<'_>, _: &Path) -> Built<DestinationKind> {
    let mut remote = remote(section)?;
    if !section.has("concurrency") {
        remote.concurrency = RemoteWrite::CONCURRENCY;
    }
    if remote.endpoint.path().len() < 2 {
        let problem = "this is the whole address; write its path too, such as /api/v1/write";
        return Err(section.wrong("endpoint", problem));
    }
    if section.text("temporality")?.as_deref() == Some("delta") {
        let problem = "Prometheus counts what is cumulative; leave it out";
        return Err(section.wrong("temporality", problem));
    }
    Ok(DestinationKind::RemoteWrite(RemoteWrite {
        remote,
        version: section
            .word("protocol_version", &VERSIONS)?
            .unwrap_or_default(),
        client_metrics: section.flag("client_metrics")?.unwrap_or_default(),
    }))
}
