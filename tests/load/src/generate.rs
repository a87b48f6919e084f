//! Requests over a number of connections: in a closed loop (each connection sends its next when the last is answered), or in an open one
//! (requests have times at which they are due, whatever the answers do; latency counts from then).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::bodies::{self, Body};
use crate::busy::Busy;

/// What to send.
#[derive(Debug)]
pub struct Options {
    /// Where to.
    pub url: String,
    /// How many connections.
    pub connections: usize,
    /// How long.
    pub time: Duration,
    /// The folder of captured requests.
    pub bodies: PathBuf,
    /// How many bodies are made before they come again with other ids.
    pub distinct: usize,
    /// Requests a second, in an open loop; `None` for a closed one.
    pub rate: Option<f64>,
}

#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    items: u64,
    bytes: u64,
    latencies: Vec<Duration>,
}

/// The requests that there are to send.
struct Plan {
    uri: Uri,
    bodies: Vec<Body>,
    /// Each request takes the next number, whichever connection sends it.
    next: AtomicUsize,
    from: Instant,
    until: Instant,
    rate: Option<f64>,
    /// Batch ids of one run differ from those of another: a collector remembers them.
    run: u32,
}

/// Sends, and tells in one line of JSON how it went.
///
/// # Errors
/// When nothing can be sent, or the server ends a connection.
pub async fn run(options: &Options) -> Result<String> {
    let uri: Uri = options.url.parse().context("--url")?;
    let authority = uri.authority().context("--url has no host")?.clone();
    let bodies = bodies::make(&options.bodies, options.distinct)?;
    let mut senders = Vec::new();
    for _ in 0..options.connections {
        senders.push(connect(authority.as_str()).await?);
    }
    let from = Instant::now();
    let busy = Busy::start();
    let plan = Arc::new(Plan {
        uri,
        bodies,
        next: AtomicUsize::new(0),
        from,
        until: from + options.time,
        rate: options.rate,
        run: std::process::id(),
    });
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|sender| tokio::spawn(drive(sender, Arc::clone(&plan))))
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        let one = task.await??;
        all.accepted += one.accepted;
        all.refused += one.refused;
        all.items += one.items;
        all.bytes += one.bytes;
        all.latencies.extend(one.latencies);
    }
    let seconds = from.elapsed().as_secs_f64();
    ensure!(!all.latencies.is_empty(), "no request was answered");
    all.latencies.sort_unstable();
    let at = |share: f64| {
        all.latencies[((all.latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0
    };
    Ok(json!({
        "accepted": all.accepted, "refused": all.refused, "items": all.items, "bytes": all.bytes, "seconds": seconds,
        "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "busy": busy.share(),
    })
    .to_string())
}

/// A connection that is worked on by itself.
pub(crate) async fn connect(authority: &str) -> Result<http1::SendRequest<Full<bytes::Bytes>>> {
    let stream = TcpStream::connect(authority)
        .await
        .with_context(|| format!("connecting to {authority}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Plan {
    /// The number of the next request and the time from which its latency counts; `None` at the end.
    async fn next(&self) -> Option<(usize, Instant)> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(rate) = self.rate else {
            let now = Instant::now();
            return (now < self.until).then_some((n, now));
        };
        let due = self.from + Duration::from_secs_f64(n as f64 / rate);
        if due >= self.until {
            return None;
        }
        sleep_until(due).await;
        Some((n, due))
    }

    fn request(&self, n: usize) -> Result<(Request<Full<bytes::Bytes>>, &Body)> {
        let body = &self.bodies[n % self.bodies.len()];
        let host = self.uri.authority().map_or("", |a| a.as_str());
        let request = Request::post(self.uri.path())
            .header("host", host)
            .header("content-type", "application/json")
            .header("origin", "http://shop.example")
            .header("user-agent", &body.user_agent)
            .header("x-forwarded-for", &body.address)
            .header("idempotency-key", format!("load-{:08x}{n:010x}", self.run))
            .body(Full::new(body.of(n)))?;
        Ok((request, body))
    }
}

async fn drive(
    mut sender: http1::SendRequest<Full<bytes::Bytes>>,
    plan: Arc<Plan>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    while let Some((n, from)) = plan.next().await {
        let (request, body) = plan.request(n)?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        tally.latencies.push(from.elapsed());
        if status == StatusCode::ACCEPTED {
            tally.accepted += 1;
            tally.items += body.items;
            tally.bytes += body.bytes_len() as u64;
        } else {
            tally.refused += 1;
        }
    }
    Ok(tally)
}
