//! A server that the demo starts: it says where it listens on a line of its output, and runs until it is ended.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

/// What becomes of the lines that a server prints.
pub type Lines = Arc<dyn Fn(&str) + Send + Sync>;

/// They are shown.
pub fn shown() -> Lines {
    Arc::new(|line| println!("{line}"))
}

/// They are not.
pub fn unseen() -> Lines {
    Arc::new(|_| {})
}

/// A server is up in less than a second, a Java one in ten; on a busy machine it may take some.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Service {
    name: &'static str,
    child: Child,
    addresses: Receiver<String>,
}

impl Service {
    /// Starts it; each line that it prints goes to `line`.
    pub fn start(mut command: Command, name: &'static str, line: Lines) -> Result<Self> {
        let mut child = process::spawn(command.stdout(Stdio::piped()), name)?;
        let stdout = child.stdout.take().context("its output is piped")?;
        let (found, addresses) = mpsc::channel();
        thread::spawn(move || {
            let mut known = false;
            for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                if !known && let Some(url) = address(&text) {
                    known = found.send(url.to_owned()).is_ok();
                }
                line(&text);
            }
        });
        Ok(Self {
            name,
            child,
            addresses,
        })
    }

    /// Waits for the line that names its address.
    pub fn address(&mut self) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(url) = self.addresses.recv_timeout(Duration::from_millis(50)) {
                return Ok(url);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the {} ended before it was ready ({status})", self.name);
            }
            if Instant::now() > until {
                bail!(
                    "the {} did not say within {} s where it listens",
                    self.name,
                    PATIENCE.as_secs()
                );
            }
        }
    }
}

/// Waits until one of them ends, and names it.
pub fn first_to_end(mut services: Vec<Service>) -> Result<&'static str> {
    loop {
        for service in &mut services {
            if service.child.try_wait()?.is_some() {
                // One that was told to end did not end by itself.
                process::stop_if_ending();
                return Ok(service.name);
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The first address of this machine's own in a line, without the slash at its end.
fn address(line: &str) -> Option<&str> {
    let from = line.find("http://127.0.0.1:")?;
    let url = line[from..]
        .split([' ', '\t', '"', ',', ')', '\u{1b}'])
        .next()?;
    Some(url.trim_end_matches(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_that_says_ready() {
        assert_eq!(
            address("ready on http://127.0.0.1:8080/"),
            Some("http://127.0.0.1:8080")
        );
        assert_eq!(
            address("farol: listening on http://127.0.0.1:12347 (queue: disk)"),
            Some("http://127.0.0.1:12347")
        );
        assert_eq!(address("starting"), None);
    }
}
