//! `queue drain --until-empty`: waits until a collector that runs has delivered what it has, and says how much that still is.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::cli::get::get;
use crate::config::Config;
use crate::tail::follow::reachable;

/// How often it is asked: a person looks on, and the answer is some hundred lines.
pub(super) const EVERY: Duration = Duration::from_secs(1);

/// What is not delivered yet, by destination.
const PENDING: &str = "farol_destination_items_pending{destination=\"";

/// Where a collector with these settings tells its numbers.
///
/// # Errors
/// When it does so only to who speaks TLS or PROXY protocol.
pub(super) fn address(config: &Config) -> Result<SocketAddr, String> {
    plain_address(config).map_err(|setting| {
        format!(
            "queue drain asks for /metrics over plain HTTP, and {setting} does not speak it; set an admin_listen that does, and start the collector with it"
        )
    })
}

/// Where operators reach a collector in plain HTTP.
///
/// # Errors
/// The setting whose address speaks something else.
pub(in crate::cli) fn plain_address(config: &Config) -> Result<SocketAddr, &'static str> {
    let (setting, address, plain) = match config.admin_listen {
        Some(admin) => (
            "admin_listen",
            admin,
            config.admin_proxy_protocol.is_empty(),
        ),
        None => {
            let public = &config.public;
            let plain = public.tls.is_none() && public.proxy_protocol.is_empty();
            ("listen", config.listen, plain)
        }
    };
    match plain {
        true => Ok(address),
        false => Err(setting),
    }
}

/// Asks until nothing is pending; `pause` is called between.
///
/// # Errors
/// When nobody answers, or somebody else than a collector.
pub(super) fn drain(
    address: SocketAddr,
    mut pause: impl FnMut(),
    out: &mut impl Write,
) -> Result<()> {
    let address = reachable(address);
    let mut before = None;
    loop {
        let pending = pending(&get(address, "/metrics", "text/plain")?)
            .with_context(|| format!("{address} answers, and not as farol-collector does"))?;
        let total: u64 = pending.iter().map(|(_, n)| n).sum();
        if before.as_ref() != Some(&pending) {
            let each: Vec<String> = pending
                .iter()
                .map(|(name, n)| format!("{name} {n}"))
                .collect();
            // What counts is the exit code: a reader that goes is no reason to say that it is empty, or to give up.
            let _ = writeln!(out, "{total} items pending ({})", each.join(", "));
            let _ = out.flush();
        }
        if total == 0 {
            return Ok(());
        }
        before = Some(pending);
        pause();
    }
}

/// By destination. A collector has at least one.
fn pending(metrics: &str) -> Result<Vec<(String, u64)>> {
    let mut all = Vec::new();
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix(PENDING) {
            let (name, n) = rest.split_once("\"} ").context("no value")?;
            let n: f64 = n.trim().parse()?;
            all.push((name.to_owned(), n as u64));
        }
    }
    if all.is_empty() {
        bail!("no destination is named");
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;
    use crate::tail::follow::head;

    /// Gives each who comes the next answer.
    fn answering(answers: Vec<String>) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let thread = thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = head(&mut BufReader::new(&stream)).unwrap();
                assert_eq!(request, "GET /metrics HTTP/1.1");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (address, thread)
    }

    fn metrics(a: u64, b: u64) -> String {
        format!(
            "HTTP/1.0 200 OK\r\n\r\n# TYPE x gauge\nfarol_queue_records 7\n{PENDING}a\"}} {a}\n{PENDING}b\"}} {b}\n"
        )
    }

    #[test]
    fn it_waits_for_every_destination_and_says_what_changes() {
        let answers = [(5, 1), (5, 1), (0, 1), (0, 0)].map(|(a, b)| metrics(a, b));
        let (address, thread) = answering(answers.to_vec());
        let (mut out, mut pauses) = (Vec::new(), 0);
        drain(address, || pauses += 1, &mut out).unwrap();
        thread.join().unwrap();
        let said = String::from_utf8(out).unwrap();
        assert_eq!(
            said,
            "6 items pending (a 5, b 1)\n1 items pending (a 0, b 1)\n0 items pending (a 0, b 0)\n"
        );
        assert_eq!(pauses, 3);
    }

    #[test]
    fn who_is_no_collector_is_never_taken_for_an_empty_one() {
        for (answer, expected) in [
            (
                "HTTP/1.0 200 OK\r\n\r\nhello\n",
                "not as farol-collector does",
            ),
            ("HTTP/1.0 404 Not Found\r\n\r\n", "404 Not Found"),
            ("", "does the collector run?"),
        ] {
            let (address, thread) = answering(vec![answer.to_owned()]);
            let error = drain(address, || {}, &mut Vec::new()).unwrap_err();
            thread.join().unwrap();
            let error = format!("{error:#}");
            assert!(error.contains(expected), "{answer}: {error}");
        }
    }

    #[test]
    fn a_collector_that_ends_meanwhile_is_no_success() {
        let (address, thread) = answering(vec![metrics(5, 0)]);
        let error = drain(address, || {}, &mut Vec::new()).unwrap_err();
        thread.join().unwrap();
        assert!(format!("{error:#}").contains("does the collector run?"));
    }
}
