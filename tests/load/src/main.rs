//! `farol-load run | sink | handler`: what the collector's benchmark needs around the collector.
#![expect(
    clippy::print_stdout,
    reason = "figures and addresses are what this program is for"
)]

mod bodies;
mod generate;
mod serve;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;

const HELP: &str = "\
farol-load run --url URL [--connections 16] [--seconds 10] [--bodies DIR] [--distinct 20000] [--gzip]
    Posts distinct bodies of the captured shapes in a closed loop and prints one line of JSON.
farol-load sink
    Takes every POST and answers 200; prints its address.
farol-load handler
    Reads every body and answers 202, nothing else: the bound of what a receiver could do; prints its address.";

fn main() -> Result<()> {
    let mut parser = lexopt::Parser::from_env();
    let mut command = None;
    let mut options = generate::Options {
        url: String::new(),
        connections: 16,
        time: Duration::from_secs(10),
        bodies: PathBuf::from("tests/fixtures/faro-2.12.1"),
        distinct: 20_000,
    };
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
        Some("sink") => runtime.block_on(serve::run(axum::http::StatusCode::OK)),
        Some("handler") => runtime.block_on(serve::run(axum::http::StatusCode::ACCEPTED)),
        _ => bail!("{HELP}"),
    }
}
