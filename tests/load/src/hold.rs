//! Connections that are opened, used once, left idle, and used once more.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::sleep;

use crate::attack::{Target, join_all, post};
use crate::wire::Wire;

/// Connections that are opened at once: the listener's backlog holds more.
const AT_ONCE: usize = 256;

/// Holds `count` connections for `time`, and tells in one line of JSON how many were answered before and after.
///
/// # Errors
/// None but those of the machine: what goes wrong on a connection is counted.
pub async fn run(target: &Target, count: usize, time: Duration) -> Result<String> {
    let request = post(
        target,
        "",
        br#"{"meta":{},"logs":[{"message":"m","level":"info"}]}"#,
    );
    let mut open = Vec::new();
    while open.len() < count {
        let batch = (0..AT_ONCE.min(count - open.len())).map(|_| async {
            let wire = Wire::connect(target.address).await.ok();
            use_once(wire, &request).await
        });
        open.extend(join_all(batch.collect()).await);
    }
    let first = open.iter().filter(|wire| wire.is_some()).count();
    sleep(time).await;
    let again = open.into_iter().map(|wire| use_once(wire, &request));
    let again = join_all(again.collect()).await;
    let second = again.iter().filter(|wire| wire.is_some()).count();
    Ok(json!({ "connections": count, "answered": first, "answered_again": second }).to_string())
}

async fn use_once(wire: Option<Wire>, request: &[u8]) -> Option<Wire> {
    let mut wire = wire?;
    wire.send(request).await.ok()?;
    (wire.answer().await?.status == 202).then_some(wire)
}
