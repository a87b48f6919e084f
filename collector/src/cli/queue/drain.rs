//! `queue drain --until-empty`: waits until a collector that runs has delivered what it has, and says how much that still is.

use std::fmt;
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
/// Whether it still has to get metrics, by destination.
const METRICS: &str = "farol_destination_metrics_pending{destination=\"";
/// Records that no metric counts yet.
const UNCOUNTED: &str = "farol_queue_lag_records{reader=\"aggregate\"} ";
/// Reports of vitals that no metric counts yet.
const HELD: &str = "farol_aggregate_held_reports ";

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

/// Asks until nothing is pending, all is counted in the metrics, and these are where they go; `pause` is called between.
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
        let left = left(&get(address, "/metrics", "text/plain")?)
            .with_context(|| format!("{address} answers, and not as farol-collector does"))?;
        if before.as_ref() != Some(&left) {
            // What counts is the exit code: a reader that goes is no reason to say that it is empty, or to give up.
            let _ = writeln!(out, "{left}");
            let _ = out.flush();
        }
        if left.is_nothing() {
            return Ok(());
        }
        before = Some(left);
        pause();
    }
}

/// What a collector still has.
#[derive(Debug, Default, PartialEq)]
struct Left {
    /// Items by destination. A collector has at least one.
    pending: Vec<(String, u64)>,
    /// Destinations that metrics are still to come to.
    metrics: Vec<String>,
    /// Records to be counted.
    uncounted: u64,
    /// Reports of vitals.
    held: u64,
}

impl Left {
    fn items(&self) -> u64 {
        self.pending.iter().map(|(_, n)| n).sum()
    }

    fn is_nothing(&self) -> bool {
        self.items() + self.uncounted + self.held == 0 && self.metrics.is_empty()
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.pending.iter().map(|(name, n)| format!("{name} {n}"));
        let each: Vec<String> = each.collect();
        write!(f, "{} items pending ({})", self.items(), each.join(", "))?;
        if self.uncounted > 0 {
            let n = self.uncounted;
            write!(f, ", {n} records are not in the metrics yet")?;
        }
        if self.held > 0 {
            let n = self.held;
            write!(f, ", {n} reports of vitals wait for a later one")?;
        }
        match self.metrics.is_empty() {
            true => Ok(()),
            false => write!(f, ", metrics for {}", self.metrics.join(", ")),
        }
    }
}

fn left(metrics: &str) -> Result<Left> {
    let count = |text: &str| -> Result<u64> { Ok(text.trim().parse::<f64>()? as u64) };
    let named = |rest: &str| -> Result<(String, u64)> {
        let (name, n) = rest.split_once("\"} ").context("no value")?;
        Ok((name.to_owned(), count(n)?))
    };
    let mut left = Left::default();
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix(PENDING) {
            left.pending.push(named(rest)?);
        } else if let Some(rest) = line.strip_prefix(METRICS) {
            let (name, n) = named(rest)?;
            left.metrics.extend((n > 0).then_some(name));
        } else if let Some(n) = line.strip_prefix(UNCOUNTED) {
            left.uncounted = count(n)?;
        } else if let Some(n) = line.strip_prefix(HELD) {
            left.held = count(n)?;
        }
    }
    if left.pending.is_empty() {
        bail!("no destination is named");
    }
    Ok(left)
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

    /// What it says, line by line, where it gets these answers, and how often it pauses.
    fn drained(answers: &[String]) -> (Vec<String>, usize) {
        let (address, thread) = answering(answers.to_vec());
        let (mut out, mut pauses) = (Vec::new(), 0);
        drain(address, || pauses += 1, &mut out).unwrap();
        thread.join().unwrap();
        let said = String::from_utf8(out).unwrap();
        (said.lines().map(str::to_owned).collect(), pauses)
    }

    #[test]
    fn it_waits_for_every_destination_and_says_what_changes() {
        let answers = [(5, 1), (5, 1), (0, 1), (0, 0)].map(|(a, b)| metrics(a, b));
        let (said, pauses) = drained(&answers);
        assert_eq!(
            said,
            [
                "6 items pending (a 5, b 1)",
                "1 items pending (a 0, b 1)",
                "0 items pending (a 0, b 0)",
            ]
        );
        assert_eq!(pauses, 3);
    }

    #[test]
    fn it_waits_for_reports_that_no_metric_counts_yet() {
        let answers = [(1, 2), (0, 2), (0, 0)].map(|(items, held)| {
            let metrics = metrics(items, 0);
            format!("{metrics}# TYPE {HELD}gauge\n{HELD}{held}\n")
        });
        let (said, pauses) = drained(&answers);
        assert_eq!(
            said[1..],
            [
                "0 items pending (a 0, b 0), 2 reports of vitals wait for a later one",
                "0 items pending (a 0, b 0)"
            ]
        );
        assert_eq!(pauses, 2);
    }

    #[test]
    fn it_waits_for_metrics_that_are_still_to_be_made_or_to_go() {
        let more = [
            format!("{UNCOUNTED}3\n{METRICS}a\"}} 0\n{METRICS}b\"}} 1\n"),
            format!("{UNCOUNTED}0\n{METRICS}a\"}} 0\n{METRICS}b\"}} 1\n"),
            format!("{UNCOUNTED}0\n{METRICS}a\"}} 0\n{METRICS}b\"}} 0\n"),
        ];
        let answers = more.map(|more| metrics(0, 0) + &more);
        let (said, pauses) = drained(&answers);
        assert_eq!(
            said,
            [
                "0 items pending (a 0, b 0), 3 records are not in the metrics yet, metrics for b",
                "0 items pending (a 0, b 0), metrics for b",
                "0 items pending (a 0, b 0)",
            ]
        );
        assert_eq!(pauses, 2);
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
