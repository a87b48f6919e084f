//! The API of another backend behind the shop's own address: requests go on as they are, trace headers and all, and no span is made here. So
//! the browser speaks to one origin, and the backend is the next in its trace.

use std::sync::Arc;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// The host and port that `--api` names.
pub(crate) type Upstream = Arc<str>;

/// One connection a request: this is a shop's traffic, and a pool would have to know which connections have died.
pub(crate) async fn pass(State(upstream): State<Upstream>, request: Request) -> Response {
    match asked(&upstream, request).await {
        Ok(response) => response,
        Err(error) => (
            StatusCode::BAD_GATEWAY,
            format!(
                "{{\"error\":\"no_backend\",\"message\":\"{upstream} does not answer: {error}\"}}\n"
            ),
        )
            .into_response(),
    }
}

async fn asked(upstream: &str, mut request: Request) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(upstream).await.context("connect")?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    // Clients ask servers for a path; what came in may be a whole address.
    *request.uri_mut() = request
        .uri()
        .path_and_query()
        .map_or("/", |it| it.as_str())
        .parse()?;
    request
        .headers_mut()
        .insert(header::HOST, upstream.parse()?);
    // About the connection that ends here.
    for hop in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ] {
        request.headers_mut().remove(hop);
    }
    let mut response = sender.send_request(request).await?;
    for hop in [header::CONNECTION, header::TRANSFER_ENCODING] {
        response.headers_mut().remove(hop);
    }
    response.headers_mut().remove("keep-alive");
    Ok(response.map(Body::new))
}
