//! `farol-collector status`: how a collector that runs with these settings is, by its own page.

use std::io::Write;

use anyhow::{Result, bail};

use super::get::get;
use super::queue::plain_address;
use crate::config::Config;
use crate::tail::follow::reachable;

/// Writes the page; `json` as machines read it.
///
/// # Errors
/// When nobody answers, or it cannot be asked in plain HTTP.
pub(super) fn show(config: &Config, json: bool, out: &mut impl Write) -> Result<()> {
    let address = match plain_address(config) {
        Ok(address) => reachable(address),
        Err(setting) => bail!(
            "status asks over plain HTTP, and {setting} does not speak it; set an admin_listen that does, and start the collector with it"
        ),
    };
    let accept = match json {
        true => "application/json",
        false => "text/plain",
    };
    let page = get(address, "/-/status", accept)?;
    // A closed pipe is the reader's decision.
    let _ = writeln!(out, "{}", page.trim_end());
    Ok(())
}
