//! `farol-load run | deliver | sink | sinks | ids | handler | attack`: what the collector's benchmarks need around the collector.
#![expect(
    clippy::print_stdout,
    reason = "figures and addresses are what this program is for"
)]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

use farol_load::attack::{self, Target};
use farol_load::serve::{self, Look};
use farol_load::{deliver, generate, hold, sinks};

const HELP: &str = "\
farol-load run --url URL [--connections 16] [--seconds 10] [--bodies DIR] [--distinct 20000] [--rate N]
    Posts distinct bodies of the captured shapes and prints one line of JSON: in a closed loop, or N a second, with latency from the
    time that each was due.
farol-load deliver --url URL --rate N [--connections 16] [--seconds 10] [--patience 60] [--bodies DIR]
    Posts N batches a second, each until it is acknowledged, at most for so many seconds, and prints what was as one line of JSON.
farol-load sink [--receipts | --uids]
    Takes every POST and answers 200; prints its address. With --receipts, GET /receipts tells how long log records were on their way;
    with --uids, GET /uids tells how many came, and how many different ones.
farol-load sinks
    A sink for every kind of destination that sends, but Kafka's: the first part of a path is its name, and one speaks the Forward protocol. Prints
    their addresses; GET /ids tells which items came to each.
farol-load ids FILE…
    The same of OTLP and Parquet files.
farol-load handler
    Reads every body and answers 202, nothing else: the bound of what a receiver could do; prints its address.
farol-load hold --url URL --count N [--seconds 10] [--key K] [--origin O]
    Opens so many connections, uses each once, leaves it idle, uses it again, and prints one line of JSON.
farol-load attack NAME --url URL [--key K] [--origin O] [--count N]
    Attacks at a fixed rate and prints one line of JSON: how much of what, and how it was answered. Without NAME it lists them.";

fn main() -> Result<()> {
    let mut parser = lexopt::Parser::from_env();
    let mut command = None;
    let mut options = generate::Options {
        url: String::new(),
        connections: 16,
        time: Duration::from_secs(10),
        bodies: PathBuf::from("tests/fixtures/faro-2.12.1"),
        distinct: 20_000,
        rate: None,
    };
    let (mut look, mut name, mut count) = (Look::Nowhere, None, None);
    let mut patience = Duration::from_secs(60);
    let mut files = Vec::new();
    let (mut key, mut origin) = ("k1".to_owned(), "http://shop.example".to_owned());
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") => {
                println!("{HELP}");
                return Ok(());
            }
            Long("url") => options.url = parser.value()?.parse()?,
            Long("connections") => options.connections = parser.value()?.parse()?,
            Long("seconds") => options.time = Duration::from_secs_f64(parser.value()?.parse()?),
            Long("bodies") => options.bodies = parser.value()?.parse()?,
            Long("distinct") => options.distinct = parser.value()?.parse()?,
            Long("rate") => options.rate = Some(parser.value()?.parse()?),
            Long("receipts") => look = Look::Receipts,
            Long("uids") => look = Look::Uids,
            Long("patience") => patience = Duration::from_secs_f64(parser.value()?.parse()?),
            Long("key") => key = parser.value()?.parse()?,
            Long("origin") => origin = parser.value()?.parse()?,
            Long("count") => count = Some(parser.value()?.parse()?),
            Value(what) if command.as_deref() == Some("attack") && name.is_none() => {
                name = Some(what.string()?);
            }
            Value(file) if command.as_deref() == Some("ids") => files.push(PathBuf::from(file)),
            Value(name) if command.is_none() => command = Some(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    match command.as_deref() {
        Some("run") if options.url.is_empty() => bail!("run needs --url; see --help"),
        Some("run") => {
            let report = runtime
                .block_on(generate::run(&options))
                .context("generating load")?;
            println!("{report}");
            Ok(())
        }
        Some("deliver") => {
            let report = runtime.block_on(deliver::run(&deliver::Options {
                url: options.url,
                connections: options.connections,
                time: options.time,
                bodies: options.bodies,
                rate: options.rate.unwrap_or_default(),
                patience,
            }))?;
            println!("{report}");
            Ok(())
        }
        Some("sinks") => runtime.block_on(sinks::run()),
        Some("ids") => {
            println!("{}", sinks::of_files(&files)?);
            Ok(())
        }
        Some("sink") => runtime.block_on(serve::run(axum::http::StatusCode::OK, look)),
        Some("handler") => {
            runtime.block_on(serve::run(axum::http::StatusCode::ACCEPTED, Look::Nowhere))
        }
        Some("hold") => {
            let target = target(&options.url, key, origin)?;
            let count = count.context("hold needs --count; see --help")?;
            let told = runtime.block_on(hold::run(&target, count, options.time))?;
            println!("{told}");
            Ok(())
        }
        Some("attack") => {
            let Some(name) = name else {
                for attack in attack::ALL {
                    println!("{} {} {}", attack.name, attack.count, attack.rate);
                }
                return Ok(());
            };
            let target = target(&options.url, key, origin)?;
            println!(
                "{}",
                runtime.block_on(attack::run(&name, &target, count))?.json()
            );
            Ok(())
        }
        _ => bail!("{HELP}"),
    }
}

fn target(url: &str, key: String, origin: String) -> Result<Target> {
    let uri: hyper::Uri = url.parse().context("--url")?;
    let authority = uri.authority().context("--url has no host")?;
    let address = authority
        .as_str()
        .parse()
        .context("--url: write an address and a port")?;
    Ok(Target {
        address,
        key,
        origin,
    })
}
