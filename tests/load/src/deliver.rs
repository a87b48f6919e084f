//! A client that must not lose anything: each batch is sent under its id until it is acknowledged, by another connection where one
//! ends, after the time that an answer names.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::RETRY_AFTER;
use hyper::{Request, Response, StatusCode, Uri, body::Incoming};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::bodies::{self, Body};
use crate::generate::connect;

/// Without an answer that says when, the next try comes after this.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that was killed answers nothing and says nothing.
const ANSWER: Duration = Duration::from_secs(5);

/// What to send.
#[derive(Debug)]
pub struct Options {
    /// Where to.
    pub url: String,
    /// How many connections.
    pub connections: usize,
    /// How long batches become due; what is due then is still sent.
    pub time: Duration,
    /// The folder of captured requests.
    pub bodies: PathBuf,
    /// Batches a second.
    pub rate: f64,
    /// How long one batch is tried.
    pub patience: Duration,
}

struct Plan {
    uri: Uri,
    bodies: Vec<Body>,
    next: AtomicUsize,
    from: Instant,
    time: Duration,
    rate: f64,
    patience: Duration,
    run: u32,
}

#[derive(Default)]
struct Tally {
    batches: u64,
    records: u64,
    spans: u64,
    given_up: u64,
    /// Acknowledged at the second try or later.
    retried: u64,
    slowest: Duration,
}

/// Sends, and tells in one line of JSON what was acknowledged.
///
/// # Errors
/// When the options cannot be used, or an answer is one that no repetition changes.
pub async fn run(options: &Options) -> Result<String> {
    let uri: Uri = options.url.parse().context("--url")?;
    uri.authority().context("--url has no host")?;
    ensure!(options.rate > 0.0, "--rate: say how many a second");
    let plan = Arc::new(Plan {
        uri,
        bodies: bodies::make(&options.bodies, 2_000)?,
        next: AtomicUsize::new(0),
        from: Instant::now(),
        time: options.time,
        rate: options.rate,
        patience: options.patience,
        run: std::process::id(),
    });
    let tasks: Vec<_> = (0..options.connections)
        .map(|_| tokio::spawn(drive(Arc::clone(&plan))))
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        let one = task.await??;
        all.batches += one.batches;
        all.records += one.records;
        all.spans += one.spans;
        all.given_up += one.given_up;
        all.retried += one.retried;
        all.slowest = all.slowest.max(one.slowest);
    }
    Ok(json!({
        "batches": all.batches, "records": all.records, "spans": all.spans, "given_up": all.given_up, "retried": all.retried,
        "slowest_ms": all.slowest.as_millis() as u64, "seconds": plan.from.elapsed().as_secs_f64(),
    })
    .to_string())
}

async fn drive(plan: Arc<Plan>) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut connection = None;
    loop {
        let n = plan.next.fetch_add(1, Ordering::Relaxed);
        let due = Duration::from_secs_f64(n as f64 / plan.rate);
        if due >= plan.time {
            return Ok(tally);
        }
        sleep_until(plan.from + due).await;
        let begun = Instant::now();
        let body = &plan.bodies[n % plan.bodies.len()];
        let mut tries = 1;
        let taken = loop {
            let pause = match plan.try_once(&mut connection, n, tries).await {
                Some(answer) => match answer.status() {
                    StatusCode::ACCEPTED => break true,
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                        retry_after(&answer)
                    }
                    // A balancer that has nobody behind it.
                    StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => PAUSE,
                    other => anyhow::bail!("batch {n} was answered with {other}"),
                },
                None => PAUSE,
            };
            if begun.elapsed() > plan.patience {
                break false;
            }
            sleep(pause).await;
            tries += 1;
        };
        if taken {
            tally.batches += 1;
            tally.records += body.records;
            tally.spans += body.items - body.records;
            tally.retried += u64::from(tries > 1);
        } else {
            tally.given_up += 1;
        }
        tally.slowest = tally.slowest.max(begun.elapsed());
    }
}

impl Plan {
    /// One try, over the connection that there is, else a new one; `None` where no whole answer came.
    async fn try_once(
        &self,
        connection: &mut Option<SendRequest<Full<Bytes>>>,
        n: usize,
        tries: u32,
    ) -> Option<Response<()>> {
        let mut sender = match connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => timeout(ANSWER, connect(self.host())).await.ok()?.ok()?,
        };
        let request = self.request(n, tries).ok()?;
        let exchange = async {
            sender.ready().await.ok()?;
            let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
            read(body).await?;
            Some(Response::from_parts(parts, ()))
        };
        let answer = timeout(ANSWER, exchange).await.ok()??;
        *connection = Some(sender);
        Some(answer)
    }

    fn host(&self) -> &str {
        self.uri.authority().map_or("", |a| a.as_str())
    }

    fn request(&self, n: usize, tries: u32) -> Result<Request<Full<Bytes>>> {
        let body = &self.bodies[n % self.bodies.len()];
        let path = format!(
            "{}?id=deliver-{:08x}{n:010x}&try={tries}",
            self.uri.path(),
            self.run
        );
        Ok(Request::post(path)
            .header("host", self.host())
            .header("content-type", "text/plain")
            .header("origin", "http://shop.example")
            .header("user-agent", &body.user_agent)
            .body(Full::new(body.of(n)))?)
    }
}

async fn read(body: Incoming) -> Option<()> {
    body.collect().await.ok().map(drop)
}

fn retry_after(answer: &Response<()>) -> Duration {
    let said = answer.headers().get(RETRY_AFTER);
    let seconds = said.and_then(|v| v.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs)
}
