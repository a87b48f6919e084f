//! The backend of Farol's example shop.
//!
//! A small API with good and bad parts. What matters here is `trace`: it continues the trace that the browser
//! started, answers with the ids of its own span, and so shows what any backend with OpenTelemetry does.

pub mod args;
mod catalogue;
mod checkout;
mod elsewhere;
mod other;
mod pages;
mod products;
pub mod router;
pub mod trace;
mod trouble;

use std::future::Future;

use anyhow::Context as _;
use tokio::net::TcpListener;

use args::Args;
use trace::Tracing;

/// The bound sockets, so that the caller chooses the addresses and knows them first.
#[derive(Debug)]
pub struct Listeners {
    /// The shop: pages and API.
    pub shop: TcpListener,
    /// The second origin.
    pub other: TcpListener,
}

/// Serves both origins until `shutdown` is done. Open requests get no further time: this is a demo.
pub async fn run(
    args: &Args,
    listeners: Listeners,
    tracing: &Tracing,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let other = listeners
        .other
        .local_addr()
        .context("read the second origin's address")?;
    let sites = router::Sites {
        collector: args.collector.clone(),
        other: format!("http://{other}"),
        static_dir: args.static_dir.clone(),
        quiet: args.quiet,
        api: args.api.clone(),
    };
    tokio::select! {
        outcome = axum::serve(listeners.shop, router::shop(&sites, tracing)) => outcome.context("serve the shop"),
        outcome = axum::serve(listeners.other, router::other(&sites, tracing)) => outcome.context("serve the second origin"),
        () = shutdown => Ok(()),
    }
}
