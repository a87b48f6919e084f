//! The way of nearly all requests: a page's batch goes past the router. Finding its route among the others and being handed through boxed layers costs
//! as much as reading its head; the two layers that it needs are called here instead, and the answer is the same.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::response::Response;
use axum::{BoxError, Router};
use bytes::Bytes;
use http::header::ORIGIN;
use http::{Method, Request};
use tower::Service;

use super::{grant, introduce};
use crate::config::PublicListener;
use crate::receive::{Receiver, collect};

/// Routes, for those who serve them.
#[derive(Debug, Clone)]
pub struct Routes {
    all: Router,
    /// Who takes batches, where those may pass by.
    receiver: Option<Arc<Receiver>>,
}

impl Routes {
    /// What browsers reach. Behind a path of the operator's choice all go by the router, which knows that path.
    pub fn public(all: Router, receiver: &Arc<Receiver>, listener: &PublicListener) -> Self {
        let receiver = listener.path.is_empty().then(|| receiver.clone());
        Self { all, receiver }
    }

    /// What operators reach.
    pub fn admin(all: Router) -> Self {
        Self {
            all,
            receiver: None,
        }
    }
}

impl<B> Service<Request<B>> for Routes
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The router always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match &self.receiver {
            Some(receiver) if is_batch(&request) => {
                let receiver = receiver.clone();
                Box::pin(async move { Ok(straight(receiver, request.map(Body::new)).await) })
            }
            _ => Box::pin(self.all.call(request)),
        }
    }
}

/// Whether it is for `/collect` or `/collect/{app_key}`, with or without a slash at its end.
fn is_batch<B>(request: &Request<B>) -> bool {
    if request.method() != Method::POST {
        return false;
    }
    let Some(rest) = request.uri().path().strip_prefix("/collect") else {
        return false;
    };
    match rest.strip_prefix('/') {
        None => rest.is_empty(),
        Some("") => true,
        Some(key) => !key.strip_suffix('/').unwrap_or(key).contains('/') && key != "/",
    }
}

async fn straight(receiver: Arc<Receiver>, mut request: Request<Body>) -> Response {
    if let Err(answer) = introduce(&receiver, &mut request) {
        return *answer;
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut answer = collect(State(receiver), request).await;
    grant(&mut answer, origin, true);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_pass_by_and_nothing_else_does() {
        let passes = |method: Method, uri: &str| {
            let request = Request::builder().method(method).uri(uri).body(());
            is_batch(&request.unwrap())
        };
        for uri in [
            "/collect",
            "/collect/",
            "/collect?id=a",
            "/collect/k1",
            "/collect/k1/",
            "/collect/a%2Fb?z=gzip",
            "http://rum.example/collect/k1",
        ] {
            assert!(passes(Method::POST, uri), "{uri}");
            assert!(!passes(Method::GET, uri) && !passes(Method::OPTIONS, uri));
        }
        for uri in [
            "/",
            "/collector",
            "/collect//",
            "//collect",
            "/collect/k1/v1/logs",
            "/collect/v1/logs",
            "/collect/k1//",
            "/v1/logs",
            "/reports/k1",
        ] {
            assert!(!passes(Method::POST, uri), "{uri}");
        }
    }
}
