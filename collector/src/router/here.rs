//! Who may look where operators have no address of their own: whoever asks from this machine, and for nobody else.
//!
//! Where `listen` is no loopback address, that is nobody: a container's ports may be forwarded by what has every visitor come from the container itself. A proxy
//! on this machine makes all visitors come from here, too, so a request counts as the machine's own only where nothing says that it was passed on.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{FORWARDED, HOST, VIA};
use http::{HeaderName, StatusCode, Version};

use super::{introduce, knock};
use crate::client_address::FromHere;
use crate::error::error_json;
use crate::receive::Receiver;
use crate::tail::is_address;

/// What proxies write of those they speak for. Whether they are trusted is no matter: no operator needs one of these.
static PASSED_ON: [HeaderName; 3] = [FORWARDED, VIA, HeaderName::from_static("x-real-ip")];

/// `X-Forwarded-For` and a dozen others.
const PASSED_ON_ALL: &str = "x-forwarded-";

/// Lets through what is asked from this machine alone. Others pay for asking, as for any path that leads nowhere.
pub(super) async fn alone(
    State((receiver, listen)): State<(Arc<Receiver>, IpAddr)>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(answer) = introduce(&receiver, &mut request) {
        return *answer;
    }
    if let Err(error) = knock(&receiver, &request) {
        return error.into_response();
    }
    if listen.to_canonical().is_loopback() && is_own(&request) {
        return next.run(request).await;
    }
    let message = "only operators see this: set admin_listen to an address that operators reach and visitors do not, \
         or listen at a loopback address and ask there, by address and past any proxy";
    error_json(StatusCode::FORBIDDEN, "operators_only", message)
}

fn is_own<B>(request: &http::Request<B>) -> bool {
    let headers = request.headers();
    let authority = request.uri().authority().map(|it| it.as_str());
    let named = headers.get_all(HOST).iter();
    let hosts = named.map(|it| it.to_str().unwrap_or_default());
    let mut hosts = authority.into_iter().chain(hosts).peekable();
    request.extensions().get::<FromHere>().is_some()
        && !headers.keys().any(|name| PASSED_ON.contains(name) || name.as_str().starts_with(PASSED_ON_ALL))
        // What nginx before 1.30 passes on without being told how has no header that says so, but this version. No client of our time speaks it.
        && request.version() >= Version::HTTP_11
        // A proxy that keeps the host, or a page that had its own name point here. Where it is named twice, each counts.
        && hosts.peek().is_some()
        && hosts.all(is_address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(change: impl FnOnce(&mut http::Request<()>)) -> bool {
        let mut request = http::Request::get("/metrics")
            .header(HOST, "127.0.0.1:12347")
            .body(())
            .unwrap();
        request.extensions_mut().insert(FromHere);
        change(&mut request);
        is_own(&request)
    }

    #[test]
    fn who_asks_here_for_nobody_else_is_an_operator() {
        assert!(own(|_| ()));
        assert!(own(
            |it| *it.uri_mut() = "http://[::1]:12347/metrics".parse().unwrap()
        ));
        assert!(own(|it| *it.version_mut() = Version::HTTP_2));
        assert!(!own(|it| it.extensions_mut().clear()));
    }

    #[test]
    fn whatever_tells_of_a_proxy_is_believed() {
        for name in [
            "forwarded",
            "via",
            "x-real-ip",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "x-forwarded-server",
            "x-forwarded-prefix",
            "x-forwarded-ssl",
        ] {
            assert!(
                !own(|it| drop(it.headers_mut().insert(name, "127.0.0.1".parse().unwrap()))),
                "{name}"
            );
        }
        assert!(!own(|it| {
            it.headers_mut()
                .append(HOST, "rum.example".parse().unwrap());
        }));
        assert!(!own(|it| {
            *it.uri_mut() = "http://127.0.0.1/metrics".parse().unwrap();
            it.headers_mut()
                .insert(HOST, "rum.example".parse().unwrap());
        }));
        assert!(!own(|it| *it.version_mut() = Version::HTTP_10));
        assert!(!own(
            |it| *it.uri_mut() = "http://rum.example/metrics".parse().unwrap()
        ));
        let named = |name: &'static str| {
            own(move |it| drop(it.headers_mut().insert(HOST, name.parse().unwrap())))
        };
        assert!(!named("rum.example") && !named("127.0.0.1.rum.example") && named("localhost"));
        assert!(!own(|it| drop(it.headers_mut().remove(HOST))));
    }
}
