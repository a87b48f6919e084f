//! A server that reads every body and answers with one status; as a sink it can tell how long items were on their way.

use std::sync::Arc;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::receipts::Receipts;
use crate::uids::Uids;

/// What a sink looks at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing: it only reads.
    #[default]
    Nowhere,
    /// How long log records were on their way: `GET /receipts`.
    Receipts,
    /// Which log records came: `GET /uids`.
    Uids,
}

/// Serves until it is interrupted.
///
/// # Errors
/// When it cannot listen.
pub async fn run(status: StatusCode, look: Look) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    #[expect(
        clippy::print_stdout,
        reason = "whoever started it waits for this line"
    )]
    let () = println!("ready on http://{}", listener.local_addr()?);
    let mut app = axum::Router::new().fallback(move |_: Bytes| async move { status });
    match look {
        Look::Nowhere => {}
        Look::Receipts => app = app.merge(looking("/receipts", Receipts::note, Receipts::take)),
        Look::Uids => app = app.merge(looking("/uids", Uids::note, Uids::told)),
    }
    axum::serve(
        listener,
        app.layer(axum::extract::DefaultBodyLimit::disable()),
    )
    .with_graceful_shutdown(async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(())
}

/// Routes that note log records in a book, and tell what is in it.
fn looking<B: Default + Send + Sync + 'static>(
    path: &str,
    note: fn(&B, &[u8]),
    tell: fn(&B) -> String,
) -> axum::Router {
    let noting = async move |State(book): State<Arc<B>>, body: Bytes| {
        note(&book, &body);
        StatusCode::OK
    };
    let telling = async move |State(book): State<Arc<B>>| tell(&book);
    axum::Router::new()
        .route("/v1/logs", post(noting))
        .route(path, get(telling))
        .with_state(Arc::new(B::default()))
}
