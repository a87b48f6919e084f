//! The rules of what the listeners take: TLS, PROXY protocol, paths.

use std::path::PathBuf;

use super::{Built, count, positive};
use crate::config::read::Section;
use crate::config::{Network, PublicListener, ServerTls};
use crate::serve::tls;

pub(super) fn build(root: &Section<'_>) -> Built<PublicListener> {
    Ok(PublicListener {
        tls: transport(root)?,
        proxy_protocol: networks(root, "proxy_protocol")?,
        ..PublicListener::default()
    })
}

/// A list of ranges of addresses.
pub(super) fn networks(section: &Section<'_>, key: &'static str) -> Built<Vec<Network>> {
    let mut all = Vec::new();
    for text in section.texts(key)?.unwrap_or_default() {
        let network = Network::parse(&text)
            .map_err(|problem| section.wrong(key, format!("{text:?}: {problem}")))?;
        all.push(network);
    }
    Ok(all)
}

fn transport(root: &Section<'_>) -> Built<Option<ServerTls>> {
    let section = root.section("tls")?;
    let file = |key| section.text(key).map(|path| path.map(PathBuf::from));
    let files = (file("cert_file")?, file("key_file")?);
    let tls = ServerTls {
        cert_file: files.0.clone().unwrap_or_default(),
        key_file: files.1.clone().unwrap_or_default(),
        handshake_timeout: positive(&section, "handshake_timeout", ServerTls::HANDSHAKE_TIMEOUT)?,
        handshakes: count(&section, "handshakes", ServerTls::HANDSHAKES)?,
    };
    match files {
        (None, None) if !root.has("tls") => return Ok(None),
        (Some(_), None) => return Err(section.missing("key_file", "a certificate needs its key")),
        (None, _) => {
            return Err(section.missing("cert_file", "name the certificate's PEM file"));
        }
        (Some(_), Some(_)) => {}
    }
    // Looked into here, before a port is bound.
    if let Err(wrong) = tls::server_config(&tls) {
        return Err(section.wrong(wrong.key, wrong.problem));
    }
    section.finish()?;
    Ok(Some(tls))
}
