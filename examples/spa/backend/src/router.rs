//! Every route and layer of both origins, in reading order.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use crate::trace::{self, Tracing};
use crate::{checkout, elsewhere, other as second, pages, products, trouble};

/// Where things are, as far as the pages must know.
#[derive(Debug, Clone)]
pub struct Sites {
    /// The collector's base URL.
    pub collector: String,
    /// The second origin's base URL.
    pub other: String,
    /// The folder of the built pages.
    pub static_dir: PathBuf,
    /// No line for each request.
    pub quiet: bool,
    /// Host and port of another backend that answers `/api`.
    pub api: Option<String>,
}

/// What the shop's handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) sites: Sites,
    pub(crate) flaky: Arc<trouble::Flaky>,
}

impl Api {
    fn of(sites: &Sites) -> Self {
        Self {
            sites: sites.clone(),
            flaky: Arc::default(),
        }
    }
}

/// The shop: API, pages and files.
pub fn shop(sites: &Sites, tracing: &Tracing) -> Router {
    let api = match &sites.api {
        Some(host) => Router::new()
            .route("/api/{*rest}", any(elsewhere::pass))
            .with_state(elsewhere::Upstream::from(host.as_str())),
        None => own_api(sites, tracing),
    };
    // Pages and files stand outside the layer: their requests come from the browser itself, without a trace.
    let pages = Router::new()
        .route("/late/{*file}", get(pages::late))
        .fallback(get(pages::page))
        .with_state(Api::of(sites));
    api.merge(pages)
}

fn own_api(sites: &Sites, tracing: &Tracing) -> Router {
    Router::new()
        .route("/api/products", get(products::list))
        .route("/api/products/{id}", get(products::one))
        .route("/api/cart", post(checkout::price))
        .route("/api/checkout", post(checkout::order))
        .route("/api/trace", get(trace::echo).post(trace::echo))
        .route("/api/slow", get(trouble::slow))
        .route("/api/fail", get(trouble::fail).post(trouble::fail))
        .route("/api/flaky", get(trouble::flaky))
        .route("/api/{*rest}", get(trouble::unknown).post(trouble::unknown))
        .layer(from_fn_with_state(
            tracing.layer("shop", sites.quiet),
            trace::continued,
        ))
        .with_state(Api::of(sites))
}

/// The second origin: one API that welcomes trace headers and one that does not.
pub fn other(sites: &Sites, tracing: &Tracing) -> Router {
    Router::new()
        .route(
            "/delivery/estimate",
            get(second::delivery).options(second::delivery_preflight),
        )
        .route("/weather/now", get(second::weather))
        .layer(from_fn_with_state(
            tracing.layer("other", sites.quiet),
            trace::continued,
        ))
}
