//! A server that reads every body and answers with one status.

use anyhow::Result;
use axum::body::Bytes;
use axum::http::StatusCode;

pub(crate) async fn run(status: StatusCode) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("ready on http://{}", listener.local_addr()?);
    let app = axum::Router::new().fallback(move |_: Bytes| async move { status });
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
