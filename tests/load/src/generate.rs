//! A closed loop over a number of connections: each sends its next request when the last is answered.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::bodies::{self, Body};

pub(crate) struct Options {
    pub(crate) url: String,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    pub(crate) bodies: PathBuf,
    pub(crate) distinct: usize,
}

#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    items: u64,
    bytes: u64,
    latencies: Vec<Duration>,
}

pub(crate) async fn run(options: &Options) -> Result<String> {
    let uri: Uri = options.url.parse().context("--url")?;
    let authority = uri.authority().context("--url has no host")?.clone();
    let bodies = Arc::new(bodies::make(&options.bodies, options.distinct)?);
    // Each request takes the next body, whichever connection sends it; the batch id makes each round distinct too.
    let next = Arc::new(AtomicUsize::new(0));
    let from = Instant::now();
    let until = from + options.time;
    let mut tasks = Vec::new();
    for _ in 0..options.connections {
        let stream = TcpStream::connect(authority.as_str())
            .await
            .with_context(|| format!("connecting to {authority}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        tasks.push(tokio::spawn(drive(
            sender,
            uri.clone(),
            Arc::clone(&bodies),
            Arc::clone(&next),
            until,
        )));
    }
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
        "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
    })
    .to_string())
}

async fn drive(
    mut sender: http1::SendRequest<Full<bytes::Bytes>>,
    uri: Uri,
    bodies: Arc<Vec<Body>>,
    next: Arc<AtomicUsize>,
    until: Instant,
) -> Result<Tally> {
    let mut tally = Tally::default();
    while Instant::now() < until {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let body = &bodies[n % bodies.len()];
        let request = Request::post(uri.path())
            .header(
                "host",
                uri.authority().map_or("", |authority| authority.as_str()),
            )
            .header("content-type", "application/json")
            .header("origin", "http://shop.example")
            .header("user-agent", &body.user_agent)
            .header("idempotency-key", format!("load-{n:015x}"))
            .body(Full::new(body.bytes.clone()))?;
        sender.ready().await?;
        let from = Instant::now();
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        tally.latencies.push(from.elapsed());
        if status == StatusCode::ACCEPTED {
            tally.accepted += 1;
            tally.items += body.items;
            tally.bytes += body.bytes.len() as u64;
        } else {
            tally.refused += 1;
        }
    }
    Ok(tally)
}
