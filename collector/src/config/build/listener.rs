//! The rules of what the listeners take: TLS, PROXY protocol, paths.

use std::path::PathBuf;

use super::{Built, count, positive};
use crate::config::read::Section;
use crate::config::{Network, PublicListener, SdkFiles, ServerTls, shown};
use crate::sdk_files;
use crate::serve::tls;

pub(super) fn build(root: &Section<'_>) -> Built<PublicListener> {
    let path = path(root, "path")?.unwrap_or_default();
    let path_only = root.flag("path_only")?.unwrap_or_default();
    if path_only && path.is_empty() {
        let problem = "there is no path; name one, or leave this out";
        return Err(root.wrong("path_only", problem));
    }
    let sdk = sdk(root.section("sdk")?)?;
    // Below the path the last part is a key where there is but one, and what has more is looked for without the path.
    let below = |files: &SdkFiles| {
        let rest = files.path.strip_prefix(&path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(files) = sdk.as_ref().filter(|it| !path.is_empty() && below(it)) {
        let problem = format!(
            "the SDK's files would not be found (sdk.path = {}); choose another",
            files.path
        );
        return Err(root.wrong("path", problem));
    }
    Ok(PublicListener {
        tls: transport(root)?,
        proxy_protocol: networks(root, "proxy_protocol")?,
        path,
        path_only,
        sdk,
    })
}

/// What has a meaning already.
const TAKEN: [&str; 6] = ["/collect", "/config", "/reports", "/metrics", "/v1", "/-"];

fn path(section: &Section<'_>, key: &'static str) -> Built<Option<String>> {
    let Some(path) = section.text(key)? else {
        return Ok(None);
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    let is_path = |path: &str| {
        path.strip_prefix('/')?
            .split('/')
            .all(is_part)
            .then_some(())
    };
    if is_path(&path).is_none() {
        let problem = "write a path of letters, digits, - _ . and ~, such as /rum";
        return Err(section.wrong(key, problem));
    }
    for taken in TAKEN {
        let rest = path.strip_prefix(taken);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            let problem = format!("{taken} has a meaning already; choose another");
            return Err(section.wrong(key, problem));
        }
    }
    Ok(Some(path))
}

fn sdk(section: Section<'_>) -> Built<Option<SdkFiles>> {
    let dir = section.text("dir")?;
    let path = path(&section, "path")?.unwrap_or_else(|| SdkFiles::PATH.into());
    let Some(dir) = dir else {
        if section.has("path") {
            return Err(section.missing("dir", "name the folder of the SDK's built files"));
        }
        section.finish()?;
        return Ok(None);
    };
    let files = SdkFiles {
        dir: PathBuf::from(dir),
        path,
    };
    // Read here as well, before a port is bound.
    if let Err(error) = sdk_files::SdkFiles::look(&files) {
        return Err(section.wrong("dir", format!("{error:#}")));
    }
    section.finish()?;
    Ok(Some(files))
}

/// A list of ranges of addresses.
pub(super) fn networks(section: &Section<'_>, key: &'static str) -> Built<Vec<Network>> {
    let mut all = Vec::new();
    for text in section.texts(key)?.unwrap_or_default() {
        let network = Network::parse(&text)
            .map_err(|problem| section.wrong(key, format!("{:?}: {problem}", shown(&text))))?;
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
