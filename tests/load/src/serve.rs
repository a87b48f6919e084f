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
    /// Which items came: `GET /uids`.
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
        Look::Receipts => {
            let notes = [("/v1/logs", Receipts::note as fn(&_, &_))];
            app = app.merge(looking(notes, "/receipts", Receipts::take));
        }
        Look::Uids => {
            let notes = [
                ("/v1/logs", Uids::note as fn(&_, &_)),
                ("/v1/traces", Uids::note_spans),
            ];
            app = app.merge(looking(notes, "/uids", Uids::told));
        }
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

/// Routes that note items in a book, and tell what is in it.
fn looking<B: Default + Send + Sync + 'static>(
    notes: impl IntoIterator<Item = (&'static str, fn(&B, &[u8]))>,
    path: &str,
    tell: fn(&B) -> String,
) -> axum::Router {
    let telling = async move |State(book): State<Arc<B>>| tell(&book);
    let mut all = axum::Router::new().route(path, get(telling));
    for (path, note) in notes {
        let noting = async move |State(book): State<Arc<B>>, body: Bytes| {
            note(&book, &body);
            StatusCode::OK
        };
        all = all.route(path, post(noting));
    }
    all.with_state(Arc::new(B::default()))
}
