//! The path of the operator's choice: below it is all that is public, so that it can stand behind a path of the site itself, and so that
//! its name is nobody's to guess.

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

/// The path within, for one that a client asked for: `/rum` and `/rum/{key}` are `/collect` and `/collect/{key}`; what has more parts, or is a route
/// by itself, is what it is without the prefix. `None` where it is not below the prefix.
pub(crate) fn within(prefix: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(prefix)?;
    let Some(inner) = rest.strip_prefix('/') else {
        return rest.is_empty().then(|| "/collect".into());
    };
    match inner.trim_end_matches('/') {
        "" => Some("/collect".into()),
        // A key of such a name comes behind `/collect`.
        route @ ("collect" | "config" | "reports") => Some(format!("/{route}")),
        key if !key.contains('/') => Some(format!("/collect/{key}")),
        _ => Some(rest.into()),
    }
}

/// Where nothing is.
const NOWHERE: &str = "/-";

/// Gives a request the path within; without one it keeps its own, or has none where only what is below the prefix is served.
pub(crate) fn rewrite(prefix: &str, only: bool, uri: &mut Uri) {
    let path = match within(prefix, uri.path()) {
        Some(path) => path,
        None if only => NOWHERE.into(),
        None => return,
    };
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = std::mem::take(uri).into_parts();
    // Both come from a URI that was read already.
    parts.path_and_query = HeaderValue::from_str(&whole)
        .ok()
        .and_then(|whole| PathAndQuery::try_from(whole.as_bytes()).ok());
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

/// How long the head of a request is as HTTP/1.1 writes it: a line, and one for each field.
pub(crate) fn head_length<B>(request: &http::Request<B>) -> usize {
    /// Two spaces, the version, and the line's end; a field's colon, space and end; the end of the head.
    const LINE: usize = "  HTTP/1.1\r\n".len();
    const FIELD: usize = ": \r\n".len();
    const END: usize = "\r\n".len();
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |it| it.as_str().len())
        + uri.authority().map_or(0, |it| it.as_str().len());
    let fields = request.headers().iter();
    let fields: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len() + FIELD)
        .sum();
    request.method().as_str().len() + target + LINE + fields + END
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_the_prefix_is_what_is_public() {
        let at = |path| within("/rum", path);
        for path in ["/rum", "/rum/", "/rum/collect", "/rum/collect/"] {
            assert_eq!(at(path).as_deref(), Some("/collect"), "{path}");
        }
        assert_eq!(at("/rum/k1").as_deref(), Some("/collect/k1"));
        assert_eq!(at("/rum/k1/").as_deref(), Some("/collect/k1"));
        assert_eq!(at("/rum/collect/k1").as_deref(), Some("/collect/k1"));
        assert_eq!(at("/rum/sdk/farol.js").as_deref(), Some("/sdk/farol.js"));
        assert_eq!(at("/rum/v1/logs").as_deref(), Some("/v1/logs"));
        assert_eq!(at("/rum/config").as_deref(), Some("/config"));
        assert_eq!(at("/rum/config/k1").as_deref(), Some("/config/k1"));
        assert_eq!(at("/rum/reports/").as_deref(), Some("/reports"));
        assert_eq!(
            at("/rum/collect/config").as_deref(),
            Some("/collect/config")
        );
        for path in ["/rumours", "/", "/collect", "//rum", "/RUM"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn a_request_keeps_its_query_and_its_host() {
        let rewritten = |only, uri: &str| {
            let mut uri = uri.parse().unwrap();
            rewrite("/rum", only, &mut uri);
            uri.to_string()
        };
        assert_eq!(
            rewritten(false, "/rum/k1?id=a&z=gzip"),
            "/collect/k1?id=a&z=gzip"
        );
        assert_eq!(
            rewritten(true, "https://a.example/rum?id=a"),
            "https://a.example/collect?id=a"
        );
        assert_eq!(rewritten(false, "/collect?id=a"), "/collect?id=a");
        assert_eq!(rewritten(true, "/collect?id=a"), "/-?id=a");
        // Two slashes do not become another host.
        assert_eq!(rewritten(true, "/rum//evil.example/x"), "//evil.example/x");
    }
}
