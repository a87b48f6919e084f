//! What scrubbing costs: microseconds a payload over the captured requests, and nanoseconds a byte of plain text.
//! `cargo bench -p farol-collector --bench scrub`

#![allow(clippy::print_stdout, reason = "its figures are for people")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use farol_collector::decode::{Limits, faro};
use farol_collector::scrub::Scrubber;

const ROUNDS: u32 = 20_000;

fn main() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/faro-2.12.1");
    let scrubber = Scrubber::default();
    let mut all = Duration::ZERO;
    for n in 1..=7 {
        let file = std::fs::read(format!("{folder}/{n:02}.json")).expect("the fixture");
        let request: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
        let body = serde_json::to_vec(&request["body"]).expect("JSON");
        let mut payload = faro(&body, &Limits::default()).expect("a payload").payload;
        let items = payload.len();
        // Twice is as good as once: what is left holds nothing, as nearly every payload does.
        let first = Instant::now();
        scrubber.scrub(&mut payload);
        let first = first.elapsed();
        let start = Instant::now();
        for _ in 0..ROUNDS {
            scrubber.scrub(black_box(&mut payload));
        }
        let each = start.elapsed() / ROUNDS;
        all += each;
        println!(
            "{n:02}: {:5} bytes, {items:2} items: {each:?} (the first time {first:?})",
            body.len()
        );
    }
    println!("mean: {:?} a payload", all / 7);
    let text =
        "The quick brown fox jumps over the lazy dog, and nothing happens to it. ".repeat(64);
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(scrubber.text("", black_box(&text)));
    }
    let each = start.elapsed().as_nanos() as f64 / f64::from(ROUNDS) / text.len() as f64;
    println!("plain text: {each:.2} ns a byte");
}
