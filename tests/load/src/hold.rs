//! Connections that are opened, used once, left idle, and used once more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::time::sleep;

use crate::attack::{Target, join_all, post};
use crate::wire::{PATIENCE, Wire};

/// Connections that are opened, or used, at once: the listener's backlog holds more.
const AT_ONCE: usize = 256;

/// Holds `count` connections for `time`, and tells in one line of JSON how many were answered before and after, and why others were not.
///
/// # Errors
/// None but those of the machine: what goes wrong on a connection is counted.
pub async fn run(target: &Target, count: usize, time: Duration) -> Result<String> {
    let request = post(
        target,
        "",
        br#"{"meta":{},"logs":[{"message":"m","level":"info"}]}"#,
    );
    let mut failed = BTreeMap::new();
    let nobody = (0..count).map(|_| None).collect();
    let open = use_all(nobody, target, &request, &mut failed).await;
    let first = open.len();
    sleep(time).await;
    let open = open.into_iter().map(Some).collect();
    let second = use_all(open, target, &request, &mut failed).await.len();
    let told = json!({ "connections": count, "answered": first, "answered_again": second, "failed": failed });
    Ok(told.to_string())
}

/// Uses each connection once, a number of them at a time: all at once they would queue for longer than an answer is waited for, on a machine that
/// has other work, and what is asked here is what becomes of connections. Returns those that were answered.
async fn use_all(
    wires: Vec<Option<Wire>>,
    target: &Target,
    request: &[u8],
    failed: &mut BTreeMap<String, usize>,
) -> Vec<Wire> {
    let mut answered = Vec::with_capacity(wires.len());
    let mut rest = wires.into_iter();
    loop {
        let batch: Vec<_> = rest.by_ref().take(AT_ONCE).collect();
        if batch.is_empty() {
            return answered;
        }
        let batch = batch.into_iter().map(|wire| async {
            let wire = match wire {
                Some(wire) => wire,
                None => match Wire::connect(target.address).await {
                    Ok(wire) => wire,
                    Err(error) => return Err(format!("connecting: {}", error.kind())),
                },
            };
            use_once(wire, request).await
        });
        for used in join_all(batch.collect()).await {
            match used {
                Ok(wire) => answered.push(wire),
                Err(why) => *failed.entry(why).or_default() += 1,
            }
        }
    }
}

async fn use_once(mut wire: Wire, request: &[u8]) -> Result<Wire, String> {
    if let Err(error) = wire.send(request).await {
        return Err(format!("sending: {}", error.kind()));
    }
    let from = Instant::now();
    match wire.answer().await {
        Some(answer) if answer.status == 202 => Ok(wire),
        Some(answer) => Err(format!("answered {}", answer.status)),
        None if from.elapsed() >= PATIENCE => Err("no answer in time".to_owned()),
        None => Err("closed".to_owned()),
    }
}
