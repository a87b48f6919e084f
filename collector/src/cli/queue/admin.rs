//! Where a collector runs on the folder: asks it, at its admin listener.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail};

use crate::config::Config;
use crate::operate::Task;
use crate::tail::follow::{head, reachable};

/// Has the collector that runs with these settings do it; returns its answer, which is JSON. It takes as long as reading the queue does.
///
/// # Errors
/// When it cannot be asked, or says no.
pub(in crate::cli) fn ask(config: &Config, task: &Task) -> Result<String> {
    let folder = config.data_dir.display();
    let Some(admin) = config.admin_listen else {
        bail!(
            "a collector uses {folder}, and these settings have no admin_listen to ask it at; set one and start the collector with it, or stop the collector first"
        );
    };
    if !config.admin_proxy_protocol.is_empty() {
        bail!(
            "a collector uses {folder}, and its admin_listen speaks PROXY protocol; stop the collector first"
        );
    }
    let address = reachable(admin);
    let remedy = || format!("nobody answers at admin_listen = {address}; does the collector run?");
    let mut stream = TcpStream::connect(address).with_context(remedy)?;
    // Version 1.0: the answer ends with the connection, and is not in chunks.
    let path = task.path();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n"
    )?;
    let mut answer = BufReader::new(stream);
    let mut body = String::new();
    let status = head(&mut answer)
        .and_then(|status| {
            answer.read_to_string(&mut body)?;
            Ok(status)
        })
        .with_context(|| format!("the collector at {address} took it and gave no answer: it may be done all the same, and its log says so where it is"))?;
    if status.contains(" 200 ") {
        return Ok(body);
    }
    let said: Option<serde_json::Value> = serde_json::from_str(&body).ok();
    let message = said.and_then(|said| Some(said["message"].as_str()?.to_owned()));
    bail!("{address} refuses: {}", message.unwrap_or(status))
}
