//! The shelf and its goods.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;

use crate::catalogue::{PRODUCTS, Product, find};
use crate::trace::{Answer, Trace};
use crate::trouble::Problem;

#[derive(Debug, Serialize)]
pub(crate) struct Shelf {
    products: &'static [Product],
}

pub(crate) async fn list(Extension(trace): Extension<Trace>) -> Json<Answer<Shelf>> {
    trace
        .step("read shelf", async {
            trace.answer(Shelf {
                products: &PRODUCTS,
            })
        })
        .await
}

pub(crate) async fn one(Path(id): Path<String>, Extension(trace): Extension<Trace>) -> Response {
    match find(&id) {
        Some(product) => trace.answer(*product).into_response(),
        None => Problem::new("no_such_product", "nothing on the shelf has that name")
            .answer(StatusCode::NOT_FOUND, &trace),
    }
}
