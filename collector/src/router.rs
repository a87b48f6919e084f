//! Every route and layer, in reading order. Batches take the same layers without the routes: `straight`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, CACHE_CONTROL,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use tokio::sync::mpsc;
use tower::util::MapRequest;

use crate::client_address::ClientAddress;
use crate::config::PublicListener;
use crate::error::{ApiError, error_json};
use crate::export::letters;
use crate::export::prometheus::scrape::Scrapers;
use crate::health::{self, Life};
use crate::operate::{self, Asked};
use crate::path;
use crate::queue::Queue;
use crate::receive::{Receiver, collect, otlp_answers};
use crate::serve::MAX_HEADERS;
use crate::status::{Beside, Form, POLICY, Status};
use crate::tail;
use crate::telemetry::{Sources, encode, negotiate};

mod here;
mod straight;

pub use straight::Routes;

/// What the routes need.
#[derive(Debug, Clone)]
pub struct Parts {
    /// For the collect routes.
    pub receiver: Arc<Receiver>,
    /// For `/metrics`.
    pub sources: Arc<Sources>,
    /// For `/metrics/rum`.
    pub scrapers: Arc<Scrapers>,
    /// For `/-/ready`.
    pub life: Life,
    /// For `/-/ready`.
    pub queue: Queue,
    /// For `/-/status`: where dead letters lie.
    pub(crate) data_dir: PathBuf,
    /// For `/-/queue/`.
    pub(crate) operations: mpsc::Sender<Asked>,
}

/// What browsers reach.
pub fn public(parts: &Parts, listener: &PublicListener) -> Router {
    let routes = Router::new()
        .route("/collect", post(collect).fallback(closed_post))
        .route("/collect/", post(collect).fallback(closed_post))
        .route("/collect/{app_key}", post(collect).fallback(closed_post))
        .route("/collect/{app_key}/", post(collect).fallback(closed_post))
        .merge(otlp())
        .route("/reports", post(collect).fallback(closed_post))
        .route("/reports/{app_key}", post(collect).fallback(closed_post))
        .route("/config", get(sdk_config).fallback(closed_get))
        .route("/config/{app_key}", get(sdk_config).fallback(closed_get))
        .fallback(sdk_file)
        .layer(from_fn_with_state(parts.receiver.clone(), cors))
        .layer(from_fn_with_state(parts.receiver.clone(), client_address))
        .with_state(parts.receiver.clone());
    if listener.path.is_empty() {
        return routes;
    }
    let (prefix, only) = (listener.path.clone(), listener.path_only);
    Router::new().fallback_service(MapRequest::new(routes, move |mut request: Request| {
        path::rewrite(&prefix, only, request.uri_mut());
        request
    }))
}

/// OTLP's routes: at the root, where its exporters look by themselves, and behind an app's key, for those who set the address.
fn otlp() -> Router<Arc<Receiver>> {
    let mut routes = Router::new();
    for signal in ["logs", "traces", "metrics"] {
        for before in ["", "/collect", "/collect/{app_key}"] {
            let path = format!("{before}/v1/{signal}");
            routes = routes.route(&path, post(collect).fallback(closed_post));
        }
    }
    routes.layer(from_fn(otlp_answers))
}

/// Whether browsers may ask about this path before they send.
fn takes_posts(path: &str) -> bool {
    path.starts_with("/collect") || path.starts_with("/reports") || path.starts_with("/v1/")
}

/// What operators reach at an address of their own alone: it shows what visitors did.
pub fn operators(parts: &Parts) -> Router {
    let tail = async |State(parts): State<Parts>, uri: Uri, headers: HeaderMap| match tail::look(
        &parts.receiver.tail,
        &uri,
        &headers,
    ) {
        Ok(lines) => (
            [(CONTENT_TYPE, "text/plain; charset=utf-8")],
            Body::new(lines),
        )
            .into_response(),
        Err(no) => error_json(no.status, no.code, &no.message),
    };
    Router::new()
        .route("/-/tail", get(tail).fallback(only_get))
        .route("/-/queue/erase", post(operate).fallback(only_post))
        .route("/-/queue/replay", post(operate).fallback(only_post))
        .route("/-/dead-letters/replay", post(operate).fallback(only_post))
        .with_state(parts.clone())
        .merge(probes(parts))
        .merge(figures(parts))
}

/// What operators ask for.
async fn operate(State(parts): State<Parts>, uri: Uri, headers: HeaderMap) -> Response {
    match operate::ask(&parts.operations, &uri, &headers).await {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(no) => error_json(no.status, no.code, &no.message),
    }
}

/// What operators reach where they have no address of their own: probes come from anywhere, figures are for who is on this machine,
/// where nobody else reaches `listen`.
pub fn beside_public(parts: &Parts, listen: IpAddr) -> Router {
    let guarded = from_fn_with_state((parts.receiver.clone(), listen), here::alone);
    probes(parts).merge(figures(parts).route_layer(guarded))
}

/// What balancers and orchestrators ask.
fn probes(parts: &Parts) -> Router {
    Router::new()
        .route(
            "/-/healthy",
            get(|| async { health::healthy() }).fallback(only_get),
        )
        .route("/-/ready", get(ready).fallback(only_get))
        .with_state(parts.clone())
}

/// What names apps, keys, destinations and pages.
fn figures(parts: &Parts) -> Router {
    Router::new()
        .route("/metrics", get(metrics).fallback(only_get))
        .route("/metrics/rum", get(rum_metrics).fallback(only_get))
        .route("/-/status", get(status).fallback(only_get))
        .with_state(parts.clone())
}

async fn ready(State(parts): State<Parts>) -> Response {
    health::ready(&parts.life, &parts.queue)
}

async fn metrics(State(parts): State<Parts>, headers: HeaderMap) -> Response {
    let format = negotiate(headers.get(ACCEPT).and_then(|v| v.to_str().ok()));
    let body = encode(&parts.sources.gather(), format);
    ([(CONTENT_TYPE, format.content_type())], body).into_response()
}

/// The metrics that are made out of items, for who scrapes them.
async fn rum_metrics(State(parts): State<Parts>, request: Request) -> Response {
    let from = ClientAddress::of(request.extensions());
    let (kind, body) = parts.scrapers.answer(from, request.headers());
    ([(CONTENT_TYPE, kind)], body).into_response()
}

/// All at one look.
async fn status(State(parts): State<Parts>, headers: HeaderMap) -> Response {
    let form = Form::of(headers.get(ACCEPT).and_then(|v| v.to_str().ok()));
    let looked = tokio::task::spawn_blocking(move || {
        let names = parts.sources.destinations.all();
        let letters = names.into_iter().filter_map(|(name, _)| {
            let bytes = letters::bytes(&parts.data_dir, &name).ok()?;
            Some((name, bytes))
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let beside = Beside {
            trouble: parts.life.reason(&parts.queue),
            dead_letters: letters.collect(),
            now_ns: now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)),
        };
        Status::gather(&parts.sources, &beside).told(form)
    });
    match looked.await {
        Ok(told) => {
            let headers = [
                (CONTENT_TYPE, form.content_type()),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, told).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What an app's SDKs are told.
async fn sdk_config(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let client = ClientAddress::of(request.extensions());
    let key = request.uri().path().strip_prefix("/config/");
    let key = key.map(|key| percent_decode_str(key).decode_utf8_lossy());
    let live = receiver.current.load();
    let headers = request.headers();
    let visit = live
        .admission
        .visit(client, key.as_deref(), headers, SystemTime::now());
    match visit {
        Ok(app) => {
            let answer = live.documents.answer(app.as_deref(), headers);
            answer.map(Body::from)
        }
        Err(error) => error.into_response(),
    }
}

/// The SDK's files are no routes: which there are can change while the collector runs.
async fn sdk_file(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let live = receiver.current.load();
    if let Err(error) = knock(&receiver, &request) {
        return error.into_response();
    }
    let answer = live
        .sdk
        .as_ref()
        .and_then(|files| files.answer(request.method(), request.uri().path(), request.headers()));
    match answer {
        Some(answer) => answer.map(Body::from),
        None => not_found().await,
    }
}

/// What leads nowhere costs its address as much as all else.
fn knock(receiver: &Receiver, request: &Request) -> Result<(), ApiError> {
    let client = ClientAddress::of(request.extensions());
    receiver.current.load().admission.knock(client)
}

async fn closed_post(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    match knock(&receiver, &request) {
        Ok(()) => only_post().await,
        Err(error) => error.into_response(),
    }
}

async fn closed_get(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    match knock(&receiver, &request) {
        Ok(()) => only_get().await,
        Err(error) => error.into_response(),
    }
}

pub(crate) async fn not_found() -> Response {
    let message = "there is nothing here; browsers send to POST /collect or /collect/{app_key}";
    error_json(StatusCode::NOT_FOUND, "not_found", message)
}

async fn only_post() -> Response {
    let message = "only POST (and a browser's OPTIONS before it) is taken here";
    not_allowed("POST, OPTIONS", message)
}

async fn only_get() -> Response {
    not_allowed("GET, HEAD", "only GET is taken here")
}

fn not_allowed(allow: &'static str, message: &str) -> Response {
    let mut response = error_json(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Whom a trusted proxy speaks for, and whether the head is not too large: the server's own bound is that of a buffer, and lets some more
/// through or not as the bytes come. Nor may it name two hosts (RFC 9112, 3.2): a balancer before us may have gone by the other one.
/// What is answered here a page can read, and it costs the address, as all else.
fn introduce(receiver: &Receiver, request: &mut Request) -> Result<(), Box<Response>> {
    let live = receiver.current.load();
    if let Some(peer) = ClientAddress::of(request.extensions()) {
        let client = live.admission.client(peer, request.headers());
        request.extensions_mut().insert(client);
    }
    let most = live.limits.header_bytes;
    let large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let (status, code, message) = match () {
        () if path::head_length(request) > most => (
            large,
            "head_too_large",
            format!(
                "the head of the request is larger than {most} bytes; send fewer or shorter header fields"
            ),
        ),
        () if request.headers().len() > MAX_HEADERS => (
            large,
            "head_too_large",
            format!("the request has more than {MAX_HEADERS} header fields; send fewer"),
        ),
        () if request.headers().get_all(HOST).iter().nth(1).is_some() => (
            StatusCode::BAD_REQUEST,
            "bad_request",
            "the request names its host more than once; send one Host header field".to_owned(),
        ),
        () => return Ok(()),
    };
    let mut answer = match knock(receiver, request) {
        Ok(()) => error_json(status, code, &message),
        Err(error) => error.into_response(),
    };
    let posts = takes_posts(request.uri().path());
    grant(&mut answer, request.headers().get(ORIGIN).cloned(), posts);
    Err(Box::new(answer))
}

async fn client_address(
    State(receiver): State<Arc<Receiver>>,
    mut request: Request,
    next: Next,
) -> Response {
    match introduce(&receiver, &mut request) {
        Ok(()) => next.run(request).await,
        Err(answer) => *answer,
    }
}

/// Headers that the SDKs send: ours, Faro's, and what is set beside them for Grafana's backends.
const ALLOWED_HEADERS: &str = "content-type, content-encoding, idempotency-key, x-api-key, x-faro-session-id, traceparent, \
     x-scope-orgid, authorization";

/// How long a browser may remember a preflight: Chromium's own maximum.
const MAX_AGE: &str = "7200";

/// The most bytes of requested header names that are granted beyond the list.
const MAX_REQUESTED: usize = 1024;

/// Answers what a browser asks before it sends, and lets pages read every answer.
async fn cors(State(receiver): State<Arc<Receiver>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let posts = takes_posts(request.uri().path());
    let mut response = match *request.method() == Method::OPTIONS && posts {
        true => match knock(&receiver, &request) {
            Ok(()) => preflight(request.headers()),
            Err(error) => error.into_response(),
        },
        false => next.run(request).await,
    };
    grant(&mut response, origin, posts);
    response
}

/// The headers that let a page read the answer, on refusals as well. Who may send is decided by key and origin, never by CORS: no cookie or
/// other credential of the browser is at stake here.
fn grant(response: &mut Response, origin: Option<HeaderValue>, posts: bool) {
    let headers = response.headers_mut();
    // The SDK's files are for every page alike, so that caches keep one.
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let any = HeaderValue::from_static("*");
    let origin = origin.unwrap_or(any.clone());
    // A page cannot leave its cookies out of a beacon: without this header the browser sends none whose type it asks about, such as OTLP's.
    // Nothing here reads a cookie.
    if posts && origin != any {
        let yes = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static("retry-after, x-faro-session-status");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

fn preflight(request: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST, OPTIONS"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    // An SDK's new version or a page's own setting may add a header; a fixed list would then block all of its data.
    let requested = request
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let fits = requested.len() <= MAX_REQUESTED;
    let more = requested
        .split(',')
        .map(str::trim)
        .filter(|name| fits && is_new(name));
    let all: Vec<_> = std::iter::once(ALLOWED_HEADERS).chain(more).collect();
    let all =
        HeaderValue::from_str(&all.join(", ")).unwrap_or(HeaderValue::from_static(ALLOWED_HEADERS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, all);
    response
}

fn is_new(name: &str) -> bool {
    !ALLOWED_HEADERS
        .split(", ")
        .any(|known| known.eq_ignore_ascii_case(name))
        && http::HeaderName::from_bytes(name.as_bytes()).is_ok()
}
