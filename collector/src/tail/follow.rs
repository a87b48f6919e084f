//! The other end of `/-/tail`: asks a collector that runs, and writes what it says.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use anyhow::{Context as _, Result, bail};

use super::{BEAT, Wanted};

/// Writes until whoever reads it ends it.
///
/// # Errors
/// When there is no collector at the address, it refuses, or it ends.
pub fn follow(admin: SocketAddr, wanted: &Wanted, out: &mut impl Write) -> Result<()> {
    let address = reachable(admin);
    let remedy = || format!("nobody answers at admin_listen = {address}; does the collector run?");
    let mut stream = TcpStream::connect(address).with_context(remedy)?;
    // Version 1.0: the answer ends with the connection, and is not in chunks.
    let path = format!("/-/tail?{}", wanted.query());
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
    let mut answer = BufReader::new(stream);
    let status = head(&mut answer).with_context(remedy)?;
    if !status.contains(" 200 ") {
        let mut body = String::new();
        std::io::Read::read_to_string(&mut answer, &mut body)?;
        let said: Option<serde_json::Value> = serde_json::from_str(&body).ok();
        let message = said.and_then(|said| Some(said["message"].as_str()?.to_owned()));
        bail!("{address} refuses: {}", message.unwrap_or(status));
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        if answer.read_until(b'\n', &mut line)? == 0 {
            bail!("the collector at {address} ended it: does it still run?");
        }
        if line == BEAT {
            continue;
        }
        let written = out.write_all(&line).and_then(|()| out.flush());
        match written {
            // The reader's decision.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
}

/// The status line; what follows up to the body is passed over.
pub(crate) fn head(answer: &mut impl BufRead) -> Result<String> {
    let (mut status, mut line) = (None, String::new());
    loop {
        line.clear();
        if answer.read_line(&mut line)? == 0 {
            bail!("the answer ended early");
        }
        let text = line.trim_end();
        if text.is_empty() {
            return status.context("the answer has no status");
        }
        status.get_or_insert_with(|| text.to_owned());
    }
}

/// Where one listens on every address of a machine, one asks it by its own.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
