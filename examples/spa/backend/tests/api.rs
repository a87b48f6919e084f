//! The backend through its router: what it does with a trace, and the shape of its answers.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use farol_shop::router::{Sites, other, shop};
use farol_shop::trace::Tracing;
use http_body_util::BodyExt as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use serde_json::Value;
use tower::ServiceExt as _;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

struct Shop {
    router: axum::Router,
    other: axum::Router,
    spans: InMemorySpanExporter,
}

fn open() -> Shop {
    open_with(None)
}

fn open_with(api: Option<String>) -> Shop {
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let tracing = Tracing::with(provider);
    let sites = Sites {
        collector: "http://127.0.0.1:4321".into(),
        other: "http://127.0.0.1:5678".into(),
        static_dir: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages").into(),
        quiet: true,
        api,
    };
    Shop {
        router: shop(&sites, &tracing),
        other: other(&sites, &tracing),
        spans,
    }
}

async fn ask(router: &axum::Router, request: Request<Body>) -> (StatusCode, Option<String>, Value) {
    let response: Response<Body> = router.clone().oneshot(request).await.expect("infallible");
    let status = response.status();
    let timing = response
        .headers()
        .get("server-timing")
        .map(|value| value.to_str().expect("ascii").to_owned());
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    (
        status,
        timing,
        serde_json::from_slice(&body).unwrap_or(Value::Null),
    )
}

fn get(path: &str, traceparent: Option<&str>) -> Request<Body> {
    let mut request = Request::get(path);
    if let Some(value) = traceparent {
        request = request.header("traceparent", value);
    }
    request.body(Body::empty()).expect("a request")
}

async fn text(router: &axum::Router, path: &str) -> (StatusCode, String) {
    let response = router
        .clone()
        .oneshot(get(path, None))
        .await
        .expect("infallible");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn the_browsers_trace_is_continued_and_its_ids_are_said() {
    let shop = open();
    let (status, timing, body) = ask(
        &shop.router,
        get("/api/products", Some(&format!("00-{TRACE}-{PARENT}-01"))),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["traceId"], TRACE);
    assert_eq!(body["parentSpanId"], PARENT);
    let span = body["spanId"].as_str().expect("a span id");
    assert_eq!(
        timing,
        Some(format!("traceparent;desc=\"00-{TRACE}-{span}-01\""))
    );
    assert_eq!(body["products"].as_array().map(Vec::len), Some(8));

    let spans = shop.spans.get_finished_spans().expect("spans");
    let server = spans
        .iter()
        .find(|span| span.name == "GET /api/products")
        .expect("the server's span");
    assert_eq!(server.parent_span_id.to_string(), PARENT);
    assert!(server.parent_span_is_remote);
}

#[tokio::test]
async fn a_request_without_a_valid_traceparent_starts_a_trace_of_its_own() {
    let shop = open();
    let bad = [
        None,
        Some("nonsense"),
        Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"),
        Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        Some("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        Some("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    for traceparent in bad {
        let (_, timing, body) = ask(&shop.router, get("/api/trace", traceparent)).await;
        let trace = body["traceId"].as_str().expect("a trace id");
        assert_eq!(body["parentSpanId"], Value::Null, "{traceparent:?}");
        assert_ne!(trace, TRACE, "{traceparent:?}");
        assert_eq!(trace.len(), 32);
        assert!(
            timing.is_some_and(|timing| timing.ends_with("-01\"")),
            "{traceparent:?}"
        );
    }
}

#[tokio::test]
async fn an_unsampled_trace_stays_unsampled() {
    let shop = open();
    let (_, timing, body) = ask(
        &shop.router,
        get("/api/trace", Some(&format!("00-{TRACE}-{PARENT}-00"))),
    )
    .await;
    assert_eq!(body["traceId"], TRACE);
    assert!(timing.is_some_and(|timing| timing.ends_with("-00\"")));
    assert!(shop.spans.get_finished_spans().expect("spans").is_empty());
}

#[tokio::test]
async fn an_order_is_one_trace_with_a_span_for_each_step() {
    let shop = open();
    let request = Request::post("/api/checkout")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .body(Body::from(r#"{"lines":[{"id":"mug","quantity":2}]}"#))
        .expect("a request");
    let (status, _, body) = ask(&shop.router, request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["total"], 4_490);
    assert_eq!(body["number"], "KS-4BF92F35");

    let spans = shop.spans.get_finished_spans().expect("spans");
    let server = spans
        .iter()
        .find(|span| span.name == "POST /api/checkout")
        .expect("the server's span");
    for step in ["price cart", "reserve stock", "charge card"] {
        let span = spans.iter().find(|span| span.name == step).expect(step);
        assert_eq!(span.parent_span_id, server.span_context.span_id());
        assert_eq!(span.span_context.trace_id().to_string(), TRACE);
    }
}

#[tokio::test]
async fn what_fails_on_purpose_fails_as_json_with_ids() {
    let shop = open();
    for (path, wanted, code) in [
        ("/api/fail", StatusCode::INTERNAL_SERVER_ERROR, "lamp_out"),
        (
            "/api/products/kraken",
            StatusCode::NOT_FOUND,
            "no_such_product",
        ),
        ("/api/nowhere", StatusCode::NOT_FOUND, "not_found"),
        ("/api/flaky", StatusCode::SERVICE_UNAVAILABLE, "fog"),
    ] {
        let (status, timing, body) = ask(&shop.router, get(path, None)).await;
        assert_eq!(status, wanted, "{path}");
        assert_eq!(body["error"], code, "{path}");
        assert!(body["traceId"].is_string() && timing.is_some(), "{path}");
    }
    let (status, _, _) = ask(&shop.router, get("/api/flaky", None)).await;
    assert_eq!(status, StatusCode::OK, "every second try works");
}

#[tokio::test]
async fn the_second_origin_lets_traceparent_in_on_one_of_its_apis_only() {
    let shop = open();
    let preflight = |path: &str| {
        Request::options(path)
            .body(Body::empty())
            .expect("a request")
    };
    let friend = shop
        .other
        .clone()
        .oneshot(preflight("/delivery/estimate"))
        .await
        .expect("infallible");
    let allowed = friend
        .headers()
        .get("access-control-allow-headers")
        .expect("an answer");
    assert!(allowed.to_str().expect("ascii").contains("traceparent"));
    let stranger = shop
        .other
        .clone()
        .oneshot(preflight("/weather/now"))
        .await
        .expect("infallible");
    assert!(
        stranger
            .headers()
            .get("access-control-allow-headers")
            .is_none()
    );

    let (status, _, body) = ask(
        &shop.other,
        get(
            "/delivery/estimate",
            Some(&format!("00-{TRACE}-{PARENT}-01")),
        ),
    )
    .await;
    assert_eq!(
        (status, &body["traceId"]),
        (StatusCode::OK, &Value::from(TRACE))
    );
}

#[tokio::test]
async fn pages_get_the_addresses_of_this_run_and_routes_get_the_app() {
    let shop = open();
    for path in ["/", "/product/mug", "/index.html"] {
        let (status, page) = text(&shop.router, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(
            page.contains("content=\"http://127.0.0.1:4321\""),
            "{path}: {page}"
        );
        assert!(
            page.contains("content=\"http://127.0.0.1:5678\""),
            "{path}: {page}"
        );
    }
    assert_eq!(
        text(&shop.router, "/missing.js").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        text(&shop.router, "/late/note.svg?ms=0").await,
        (StatusCode::OK, "<svg/>\n".to_owned())
    );
}

#[tokio::test]
async fn another_backend_gets_the_request_as_it_is_and_its_answer_goes_back() {
    let behind = open();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let router = behind.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let front = open_with(Some(host));
    let request = Request::post("/api/checkout?by=boat")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .body(Body::from(r#"{"lines":[{"id":"mug","quantity":2}]}"#))
        .expect("a request");
    let (status, timing, body) = ask(&front.router, request).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["total"], 4_490);
    assert_eq!(body["parentSpanId"], PARENT, "nobody stands between");
    assert!(timing.is_some());
    assert!(front.spans.get_finished_spans().expect("spans").is_empty());
    assert_eq!(
        text(&front.router, "/").await.0,
        StatusCode::OK,
        "pages are its own"
    );
}

#[tokio::test]
async fn another_backend_that_is_away_is_named_as_json() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let front = open_with(Some(host));
    let (status, _, body) = ask(&front.router, get("/api/products", None)).await;
    assert_eq!(
        (status, &body["error"]),
        (StatusCode::BAD_GATEWAY, &Value::from("no_backend"))
    );
}
