//! The file itself: few settings, each with what it is for and what else there would be.

use std::fmt::Write as _;
use std::path::PathBuf;

use http::Uri;

use super::offer::Goes;
use crate::config::Origin;

/// Where nobody names one.
pub(super) const APP: &str = "my-site";
/// A page under development, as many tools serve it.
pub(super) const ORIGIN: &str = "http://localhost:8080";
/// The collector's own default.
pub(super) const LISTEN: &str = "127.0.0.1:12347";
/// The port beside it.
pub(super) const ADMIN_LISTEN: &str = "127.0.0.1:12348";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) app: String,
    pub(super) key: String,
    pub(super) origins: Vec<String>,
    pub(super) destinations: Vec<Goes>,
    pub(super) listen: String,
    pub(super) admin_listen: String,
    pub(super) data_dir: String,
    /// Where pages reach it; no setting, but for the lines to paste.
    pub(super) url: String,
    pub(super) sdk_dir: Option<PathBuf>,
}

pub(super) fn is_text(text: &str) -> Result<(), String> {
    match text.is_empty() || text.contains(char::is_control) {
        true => Err("write one line of text".to_owned()),
        false => Ok(()),
    }
}

/// It stands in an attribute of a page and in names of series.
pub(super) fn is_app(text: &str) -> Result<(), String> {
    match is_plain(text) {
        Err(problem) => Err(format!("{problem}; a name such as shop")),
        Ok(()) => Ok(()),
    }
}

/// It stands in an attribute of a page, and in a string of a script.
pub(super) fn is_plain(text: &str) -> Result<(), String> {
    match text.contains(['"', '<', '>', '&', '\'', '\\', '`']) {
        true => {
            Err("it stands in pages: write it without quotes, \\, & and angle brackets".to_owned())
        }
        false => is_text(text),
    }
}

/// Where pages reach the collector.
pub(super) fn is_url(text: &str) -> Result<(), String> {
    is_plain(text)?;
    let url = text.parse::<Uri>().ok();
    let known = url.is_some_and(|it| {
        matches!(it.scheme_str(), Some("http" | "https"))
            && it.query().is_none()
            && it.authority().is_some_and(|it| !it.as_str().contains('@'))
    });
    match known && !text.contains(['#', ' ']) {
        true => Ok(()),
        false => {
            Err("write where pages reach the collector, such as https://rum.example.com".to_owned())
        }
    }
}

pub(super) fn is_origin(text: &str) -> Result<(), String> {
    Origin::parse(text).map(drop).map_err(str::to_owned)
}

/// The settings with their comments.
pub(super) fn write(answers: &Answers) -> String {
    let mut out = String::new();
    let Answers {
        listen,
        admin_listen,
        data_dir,
        ..
    } = answers;
    let origins: Vec<_> = answers.origins.iter().map(|it| quoted(it)).collect();
    let _ = write!(
        out,
        "# Settings of farol-collector, written by `farol-collector init`. Every setting is described in docs/collector.md.
# A running collector takes changes by itself; `farol-collector check-config` says beforehand whether they are right.
version = 1

# Where browsers send to. 0.0.0.0 listens on every address of this machine.
listen = {}
# Metrics, health, `tail` and the queue's commands: for operators, not for visitors.
admin_listen = {}
# The queue and what else it keeps. What was acknowledged waits here while a destination is away.
data_dir = {}

# Behind a proxy or balancer, its address: else all visitors look like one.
# trusted_proxies = [\"10.0.0.5\"]

# A site that may send. The key stands in its pages, so it is no secret; who may send is said by `origins`.
[[apps]]
name = {}
keys = [{}]
origins = [{}]
# rate = {{ requests = 500, bytes = \"8 MiB\" }}      # a second; more is refused with 429
",
        quoted(listen),
        quoted(admin_listen),
        quoted(data_dir),
        quoted(&answers.app),
        quoted(&answers.key),
        origins.join(", "),
    );
    match &answers.sdk_dir {
        Some(folder) => {
            let folder = quoted(&folder.to_string_lossy());
            let _ = write!(
                out,
                "\n# The SDK's files, served to pages at /sdk.\n[sdk]\ndir = {folder}\n"
            );
        }
        None => out.push_str(
            "\n# The SDK's files (dist of @farol/web) could be served to pages from here, at /sdk.\n# [sdk]\n# dir = \"/usr/local/share/farol/sdk\"\n",
        ),
    }
    out.push_str("\n# Where the data goes: docs/destinations. Each has its own place in the queue; one that is away keeps no other waiting.\n");
    for goes in &answers.destinations {
        destination(&mut out, goes);
    }
    out
}

fn destination(out: &mut String, goes: &Goes) {
    let _ = write!(
        out,
        "[[destinations]]\nname = {}\ntype = {}\n",
        quoted(&goes.name),
        quoted(goes.kind)
    );
    if let Some(address) = &goes.address {
        let _ = match goes.kind {
            "kafka" => writeln!(out, "brokers = [{}]", quoted(address)),
            _ => writeln!(out, "endpoint = {}", quoted(address)),
        };
        // Forward proves a shared key instead.
        out.push_str(match goes.kind {
            "fluent_forward" => "# shared_key = { file = \"/etc/farol/shared-key\" }\n",
            "kafka" => "",
            _ => "# auth = { bearer = { file = \"/etc/farol/token\" } }      # or basic = { username = \"…\", password = { file = \"…\" } }\n",
        });
    }
    out.push('\n');
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
