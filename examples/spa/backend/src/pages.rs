//! The built pages and their files. HTML gets the addresses that only the running process knows.

use std::path::{Component, Path, PathBuf};

use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::args::DEFAULT_COLLECTOR;
use crate::router::{Api, Sites};
use crate::trouble::Delay;

/// Stands in the pages' source where the second origin's address belongs.
const OTHER_PLACEHOLDER: &str = "http://127.0.0.1:8081";

const NOT_BUILT: &str =
    "The shop's pages are not built. Run `cargo xtask demo`, or `npm run build -w examples/spa`.\n";

/// A file, or the app's page for every path without an extension: the app does its own routing.
pub(crate) async fn page(State(api): State<Api>, uri: Uri) -> Response {
    serve(&api.sites, uri.path()).await
}

/// A file that comes late on purpose.
pub(crate) async fn late(State(api): State<Api>, Query(delay): Query<Delay>, uri: Uri) -> Response {
    delay.wait().await;
    serve(&api.sites, uri.path().trim_start_matches("/late")).await
}

async fn serve(sites: &Sites, path: &str) -> Response {
    let Some(relative) = relative(path) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let relative = if relative.extension().is_none() {
        PathBuf::from("index.html")
    } else {
        relative
    };
    let kind = content_type(&relative);
    // Vite puts a hash of the content into these names.
    let cache = if relative.starts_with("assets") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (HeaderName::from_static("timing-allow-origin"), "*"),
    ];
    match tokio::fs::read(sites.static_dir.join(&relative)).await {
        Ok(bytes) if kind.starts_with("text/html") => {
            (headers, addressed(&bytes, sites)).into_response()
        }
        Ok(bytes) => (headers, bytes).into_response(),
        Err(_) if relative == Path::new("index.html") => {
            (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response()
        }
        Err(_) => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}

/// The path below the static folder, or nothing where it would leave it. Names here need no percent-decoding.
fn relative(path: &str) -> Option<PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        .then(|| path.to_owned())
}

fn addressed(html: &[u8], sites: &Sites) -> String {
    String::from_utf8_lossy(html)
        .replace(DEFAULT_COLLECTOR, &sites.collector)
        .replace(OTHER_PLACEHOLDER, &sites.other)
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_static_folder() {
        assert_eq!(
            relative("/assets/app.js"),
            Some(PathBuf::from("assets/app.js"))
        );
        assert_eq!(relative("/../Cargo.toml"), None);
        assert_eq!(relative("/assets/../../Cargo.toml"), None);
        assert_eq!(relative("//etc/passwd"), Some(PathBuf::from("etc/passwd")));
    }
}
