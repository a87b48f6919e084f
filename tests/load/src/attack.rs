//! What strangers may try, each at a fixed rate. An attack tells what it was answered; whoever runs it judges that, the memory, and what
//! others felt of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::wire::{Answer, Wire};

mod bombs;
mod distinct;
mod http2;
pub mod raw;
mod stall;
mod swell;

/// Who is attacked.
#[derive(Debug, Clone)]
pub struct Target {
    /// The collector's address.
    pub address: SocketAddr,
    /// A key of one of its apps: attackers read it in the page.
    pub key: String,
    /// One of that app's origins.
    pub origin: String,
}

/// An attack at its full size.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// Requests, connections or streams.
    pub count: usize,
    /// Of these a second.
    pub rate: f64,
}

/// Every attack.
pub const ALL: &[Attack] = &[
    attack("bombs-gzip", 200, 20.0),
    attack("bombs-deflate", 200, 20.0),
    attack("bombs-br", 200, 20.0),
    attack("bombs-zstd", 200, 20.0),
    attack("slow-loris", 1_000, 1_000.0),
    attack("half-open-bodies", 1_000, 1_000.0),
    attack("rapid-reset", 100_000, 10_000.0),
    attack("continuation-flood", 100, 10.0),
    attack("distinct-keys", 100_000, 5_000.0),
    attack("distinct-origins", 100_000, 5_000.0),
    attack("distinct-apps", 100_000, 5_000.0),
    attack("distinct-series", 100_000, 10_000.0),
    attack("large-heads", 200, 20.0),
    attack("repeated-meta", 400, 20.0),
    attack("dense-attributes", 200, 10.0),
];

const fn attack(name: &'static str, count: usize, rate: f64) -> Attack {
    Attack { name, count, rate }
}

/// How an attack went.
#[derive(Debug)]
pub struct Outcome {
    /// Which.
    pub attack: Attack,
    /// How long it took.
    pub time: Duration,
    /// Answers by status; `closed` where the connection ended instead.
    pub answers: BTreeMap<String, usize>,
}

impl Outcome {
    /// How often there was this answer.
    pub fn of(&self, answer: &str) -> usize {
        self.answers.get(answer).copied().unwrap_or_default()
    }

    /// One line of JSON.
    pub fn json(&self) -> String {
        json!({
            "attack": self.attack.name, "count": self.attack.count, "rate": self.attack.rate, "seconds": self.time.as_secs_f64(),
            "answers": self.answers,
        })
        .to_string()
    }
}

/// Runs an attack, whole or with another count.
///
/// # Errors
/// When there is no such attack, or the collector is gone.
pub async fn run(name: &str, target: &Target, count: Option<usize>) -> Result<Outcome> {
    let Some(attack) = ALL.iter().find(|attack| attack.name == name) else {
        let names: Vec<_> = ALL.iter().map(|attack| attack.name).collect();
        bail!("no attack {name:?}; there are {}", names.join(", "));
    };
    let attack = Attack {
        count: count.unwrap_or(attack.count),
        ..*attack
    };
    let from = Instant::now();
    let answers = match name {
        "slow-loris" => stall::heads(target, attack).await?,
        "half-open-bodies" => stall::bodies(target, attack).await?,
        "rapid-reset" => http2::resets(target, attack).await?,
        "continuation-flood" => http2::continuations(target, attack).await?,
        "large-heads" => paced(target, attack, &large_head).await?,
        "distinct-keys" | "distinct-origins" | "distinct-apps" | "distinct-series" => {
            distinct::run(target, attack).await?
        }
        "repeated-meta" | "dense-attributes" => swell::run(target, attack).await?,
        _ => bombs::run(target, attack).await?,
    };
    Ok(Outcome {
        attack,
        time: from.elapsed(),
        answers,
    })
}

type Answers = BTreeMap<String, usize>;

fn note(answers: &mut Answers, answer: Option<&Answer>) {
    let key = answer.map_or_else(|| "closed".to_owned(), |a| a.status.to_string());
    *answers.entry(key).or_default() += 1;
}

/// Connections that requests are spread over.
const CONNECTIONS: usize = 16;

/// Sends `count` requests at the attack's rate, each after the last answer of its connection.
async fn paced(
    target: &Target,
    attack: Attack,
    request: &(dyn Fn(&Target, usize) -> Vec<u8> + Sync),
) -> Result<Answers> {
    let next = Arc::new(AtomicUsize::new(0));
    let from = Instant::now();
    let one = || async {
        let mut answers = Answers::new();
        let mut wire = None;
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= attack.count {
                return anyhow::Ok(answers);
            }
            sleep_until(from + Duration::from_secs_f64(n as f64 / attack.rate)).await;
            let mut open = match wire.take() {
                Some(open) => open,
                None => Wire::connect(target.address).await?,
            };
            // A refusal may come, and the connection end, before all is sent.
            let _ = open.send(&request(target, n)).await;
            let answer = open.answer().await;
            note(&mut answers, answer.as_ref());
            let goes_on =
                answer.is_some_and(|a| !a.head.to_ascii_lowercase().contains("connection: close"));
            wire = goes_on.then_some(open);
        }
    };
    let mut all = Answers::new();
    let tasks: Vec<_> = (0..CONNECTIONS).map(|_| one()).collect();
    for answers in join_all(tasks).await {
        for (answer, n) in answers? {
            *all.entry(answer).or_default() += n;
        }
    }
    Ok(all)
}

/// Polls all until each is done.
pub(crate) async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut open: Vec<_> = futures.into_iter().map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (future, done) in &mut open {
            if done.is_some() {
                continue;
            }
            match future.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => *done = Some(output),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    open.into_iter().filter_map(|(_, done)| done).collect()
}

/// The head of a request to the app, with more lines and a body of this length announced.
fn head(target: &Target, more: &str, length: usize) -> String {
    format!(
        "POST /collect/{} HTTP/1.1\r\nhost: collector\r\norigin: {}\r\n{more}content-length: {length}\r\n\r\n",
        target.key, target.origin
    )
}

/// A whole request.
pub(crate) fn post(target: &Target, more: &str, body: &[u8]) -> Vec<u8> {
    [head(target, more, body.len()).as_bytes(), body].concat()
}

/// A head of 1 MB in one field.
fn large_head(target: &Target, _: usize) -> Vec<u8> {
    post(
        target,
        &format!("x-large: {}\r\n", "a".repeat(1_000_000)),
        b"{}",
    )
}
