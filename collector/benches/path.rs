//! What each step of a payload's way costs: microseconds a payload, the mean over the captured requests, the best of some rounds.
//! `cargo bench -p farol-collector --bench path`

#![allow(clippy::print_stdout, reason = "its figures are for people")]

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use farol_collector::convert::{Dialect, Otlp, to_otlp};
use farol_collector::decode::{Limits, faro};
use farol_collector::record::{Header, record_id};
use farol_collector::scrub::Scrubber;
use farol_protocol::payload::Payload;
use prost::Message as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: u32 = 15;
const EACH: u32 = 200;

/// Of all rounds the one that was disturbed least.
fn time<T, R>(name: &str, inputs: &[T], mut step: impl FnMut(&T) -> R) -> Vec<R> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..EACH {
            for input in inputs {
                black_box(step(black_box(input)));
            }
        }
        best = best.min(start.elapsed());
    }
    let each = best / EACH / inputs.len() as u32;
    println!("{name:<10} {:6.2} µs", each.as_nanos() as f64 / 1_000.0);
    inputs.iter().map(step).collect()
}

fn main() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/faro-2.12.1");
    let bodies: Vec<Vec<u8>> = (1..=7)
        .map(|n| {
            let file = std::fs::read(format!("{folder}/{n:02}.json")).expect("the fixture");
            let request: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
            serde_json::to_vec(&request["body"]).expect("JSON")
        })
        .collect();
    let limits = Limits::default();
    let scrubber = Scrubber::default();
    let header = Header {
        app: "shop".to_owned(),
        id: record_id("shop", "a batch"),
        received_ns: 1_795_145_700_000_000_000,
        ..Header::default()
    };
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    println!(
        "{} bodies of {} bytes in the mean",
        bodies.len(),
        bytes / bodies.len()
    );
    let mut payloads: Vec<Payload> = time("decode", &bodies, |body| {
        *faro(body, &limits).expect("a payload").payload
    });
    time("clone", &payloads, Payload::clone);
    for payload in &mut payloads {
        scrubber.scrub(payload);
    }
    let cells: Vec<_> = payloads.into_iter().map(std::cell::RefCell::new).collect();
    time("scrub", &cells, |payload| {
        scrubber.scrub(&mut payload.borrow_mut());
    });
    let payloads: Vec<Payload> = cells
        .into_iter()
        .map(std::cell::RefCell::into_inner)
        .collect();
    let stored = time("encode", &payloads, Payload::encode);
    time("read", &stored, |body| {
        Payload::decode(body).expect("a payload")
    });
    let otlp: Vec<Otlp> = time("convert", &payloads, |payload| {
        to_otlp(&header, payload, Dialect::Semconv)
    });
    let written = time("protobuf", &otlp, |otlp| {
        let mut out = Vec::new();
        for root in &otlp.logs {
            root.encode_length_delimited(&mut out).expect("room");
        }
        for root in &otlp.traces {
            root.encode_length_delimited(&mut out).expect("room");
        }
        out
    });
    // As batches are: some hundred payloads in one.
    let batch = written.concat().repeat(30);
    let packed = (0..5).map(|_| {
        let start = Instant::now();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&batch).expect("a Vec takes all");
        let packed = encoder.finish().expect("a Vec takes all");
        (start.elapsed(), packed.len())
    });
    let (best, packed) = packed.min().expect("five");
    println!(
        "{:<10} {:6.2} µs: {} bytes to {}",
        "gzip",
        best.as_nanos() as f64 / 1_000.0 / 210.0,
        batch.len() / 210,
        packed / 210
    );
}
