//! Asks a collector that runs on this machine for one of its pages.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::tail::follow::head;

/// How long an answer may take. Under load it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than this is no collector's: a thousand destinations have less.
const MOST_BYTES: u64 = 64 << 20;

/// What it answers with 200.
///
/// # Errors
/// When nobody answers, or it says no.
pub(super) fn get(address: SocketAddr, path: &str, accept: &str) -> Result<String> {
    let remedy = || format!("nobody answers at {address}; does the collector run?");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(remedy)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // The answer ends with the connection, and is not in chunks. Version 1.0 would say that a proxy asks, where there is no admin_listen.
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).with_context(remedy)?;
    let mut answer = BufReader::new(stream.take(MOST_BYTES));
    let status = head(&mut answer).with_context(remedy)?;
    let mut text = String::new();
    let read = answer.read_to_string(&mut text);
    if status.contains(" 403 ") {
        bail!(
            "{address} is where visitors come, and shows {path} to nobody; set admin_listen to an address that operators reach, and start the collector with it"
        );
    }
    if !status.contains(" 200 ") {
        bail!("{address} answers {status} to {path}");
    }
    read.with_context(remedy)?;
    Ok(text)
}
