//! The one place where collaborators are made and wired to each other.

use std::future::Future;

use anyhow::Result;
use tokio::net::TcpListener;

use crate::config::Config;

/// Sockets that are bound already: the caller owns them.
#[derive(Debug)]
pub struct Listeners {
    /// Where browsers send to.
    pub public: TcpListener,
    /// Where operators look, when not at the public one.
    pub admin: Option<TcpListener>,
}

/// Runs the collector until `shutdown` ends, then stops in bounded time.
pub async fn run(
    config: Config,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    drop((config, listeners));
    shutdown.await;
    Ok(())
}
