//! A server that reads every body and answers with one status; as a sink it can tell how long items were on their way.

use std::sync::Arc;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};

use crate::receipts::Receipts;

/// Serves until it is interrupted.
///
/// # Errors
/// When it cannot listen.
pub async fn run(status: StatusCode, receipts: bool) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    #[expect(
        clippy::print_stdout,
        reason = "whoever started it waits for this line"
    )]
    let () = println!("ready on http://{}", listener.local_addr()?);
    let mut app = axum::Router::new().fallback(move |_: Bytes| async move { status });
    if receipts {
        let noted = Arc::new(Receipts::default());
        let note = |State(receipts): State<Arc<Receipts>>, body: Bytes| async move {
            receipts.note(&body);
            StatusCode::OK
        };
        let take = |State(receipts): State<Arc<Receipts>>| async move { receipts.take() };
        app = app.merge(
            axum::Router::new()
                .route("/v1/logs", post(note))
                .route("/receipts", get(take))
                .with_state(noted),
        );
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
