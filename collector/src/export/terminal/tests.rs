use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::*;
use crate::convert::Otlp;
use crate::export::Signal;
use crate::export::batch::Source;
use crate::export::samples::{attribute, logs, string};

/// 2023-11-14T22:13:20Z
const T: u64 = 1_700_000_000_000_000_000;

fn look(width: usize) -> Look {
    Look {
        paint: Paint(false),
        width,
        zone: TimeZone::UTC,
    }
}

fn record(ms: u64, event_name: &str, attributes: Vec<KeyValue>) -> LogRecord {
    let mut all = vec![
        string("session.id", "k7Qm2ZpXyW"),
        string("farol.client.id", "00ff00ff00ff00ff"),
        string("user_agent.original", "Mozilla/5.0"),
    ];
    all.extend(attributes);
    LogRecord {
        time_unix_nano: T + ms * 1_000_000,
        event_name: event_name.into(),
        attributes: all,
        ..LogRecord::default()
    }
}

fn message(ms: u64, severity_number: i32, body: &str) -> LogRecord {
    LogRecord {
        severity_number,
        body: Some(AnyValue {
            value: Some(Value::StringValue(body.into())),
        }),
        ..record(ms, "", vec![string("cart", "3")])
    }
}

fn vital(ms: u64, name: &str, value: f64, rating: &str, key: &str, culprit: &str) -> LogRecord {
    record(
        ms,
        "browser.web_vital",
        vec![
            string("browser.web_vital.name", name),
            attribute("browser.web_vital.value", Value::DoubleValue(value)),
            string("browser.web_vital.rating", rating),
            string(&format!("farol.web_vital.{key}"), culprit),
            string("url.full", "https://shop.example/cart?x=1"),
        ],
    )
}

fn story() -> Batch {
    let stack = "TypeError: x is undefined\n  at render (https://shop.example/app.js:10:5)\n  at b";
    let records = vec![
        record(
            1,
            "session.start",
            vec![
                string("session.previous_id", "old1"),
                string("url.full", "https://shop.example/"),
            ],
        ),
        vital(
            900,
            "lcp",
            2541.2,
            "needs-improvement",
            "element",
            "main>img.hero",
        ),
        vital(
            905,
            "cls",
            0.0123,
            "good",
            "largest_shift_target",
            "div.banner",
        ),
        vital(
            910,
            "inp",
            640.0,
            "poor",
            "interaction_target",
            "button#buy",
        ),
        vital(911, "ttfb", 3.25, "good", "", ""),
        record(
            1000,
            "exception",
            vec![
                string("exception.type", "TypeError"),
                string("exception.message", "x is undefined"),
                string("exception.stacktrace", stack),
                attribute("farol.exception.count", Value::IntValue(3)),
            ],
        ),
        record(
            1100,
            "browser.navigation",
            vec![
                string("browser.navigation.type", "push"),
                string("url.full", "https://shop.example/checkout#pay"),
                string("farol.navigation.from_url", "https://shop.example/cart"),
            ],
        ),
        record(
            1101,
            "view_changed",
            vec![string("fromView", "cart"), string("toView", "checkout")],
        ),
        record(
            1200,
            "add_to_cart",
            vec![string("sku", "A-1"), attribute("n", Value::IntValue(2))],
        ),
        message(1300, 13, "slow response"),
        record(
            1500,
            "browser.resource_timing",
            vec![
                string("url.full", "https://cdn.example/app.js?v=1"),
                string("browser.resource_timing.duration", "84"),
            ],
        ),
        record(
            1400,
            "farol.measurement",
            vec![
                string("farol.measurement.type", "search"),
                attribute("farol.measurement.value.ms", Value::DoubleValue(12.5)),
                string("index", "shoes"),
            ],
        ),
    ];
    let otlp = Otlp {
        logs: vec![logs("shop", records)],
        ..Otlp::default()
    };
    Batch::new(Signal::Logs, vec![Source::Record(otlp.into())])
}

fn spans() -> Batch {
    let span = |start: u64, took: u64, name: &str, attributes: Vec<KeyValue>| Span {
        trace_id: (0..16).collect(),
        name: name.into(),
        start_time_unix_nano: T + start * 1_000_000,
        end_time_unix_nano: T + (start + took) * 1_000_000,
        attributes,
        ..Span::default()
    };
    let fetch = |status: Value, key: &str, path: &str| {
        vec![
            string("session.id", "k7Qm2ZpXyW"),
            string("http.request.method", "GET"),
            string("url.full", path),
            attribute(key, status),
        ]
    };
    let ok = fetch(
        Value::IntValue(200),
        "http.response.status_code",
        "https://shop.example/api/cart?id=9",
    );
    let failed = fetch(
        Value::StringValue("TypeError".into()),
        "error.type",
        "https://api.example",
    );
    let spans = vec![
        span(100, 43, "GET", ok),
        span(200, 5, "GET", failed),
        span(50, 1500, "checkout", vec![]),
    ];
    let otlp = Otlp {
        traces: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
        ..Otlp::default()
    };
    Batch::new(Signal::Traces, vec![Source::Record(otlp.into())])
}

#[test]
fn each_kind_of_item_has_its_line() {
    let want = "\
22:13:20.001 k7Qm2Z session start    after old1 on /
22:13:20.900 k7Qm2Z vital   LCP    2.54 s needs-improvement main>img.hero on /cart
22:13:20.905 k7Qm2Z vital   CLS     0.012 good              div.banner on /cart
22:13:20.910 k7Qm2Z vital   INP    640 ms poor              button#buy on /cart
22:13:20.911 k7Qm2Z vital   TTFB   3.2 ms good              on /cart
22:13:21.000 k7Qm2Z error   TypeError: x is undefined at render (https://shop.example/app.js:10:5) ×3
22:13:21.100 k7Qm2Z nav     push     /cart → /checkout
22:13:21.101 k7Qm2Z view    checkout from cart
22:13:21.200 k7Qm2Z event   add_to_cart sku=A-1 n=2
22:13:21.300 k7Qm2Z log     warn  slow response  cart=3
22:13:21.400 k7Qm2Z measure search ms=12.5 index=shoes
22:13:21.500 k7Qm2Z file       84 ms /app.js
";
    assert_eq!(lines(&story(), &look(120)), want);
}

#[test]
fn what_a_visitor_did_and_met_is_said_in_a_line_each() {
    let records = vec![
        record(
            100,
            "browser.user_action.click",
            vec![
                string("farol.element.name", "buy"),
                attribute("farol.action.duration", Value::DoubleValue(412.0)),
                attribute("farol.action.requests", Value::IntValue(2)),
                attribute("farol.action.errors", Value::IntValue(0)),
            ],
        ),
        record(
            200,
            "farol.frustration",
            vec![
                string("farol.frustration.type", "rage_click"),
                string("farol.element.name", "buy"),
                attribute("farol.count", Value::IntValue(4)),
            ],
        ),
        record(
            300,
            "farol.long_frame",
            vec![
                attribute("farol.frame.duration", Value::DoubleValue(301.5)),
                string("farol.script.url", "https://shop.example/app.js?v=1"),
                string("farol.script.function", "render"),
            ],
        ),
        record(
            400,
            "farol.failed_load",
            vec![
                string("farol.resource.kind", "image"),
                string("url.full", "https://cdn.example/a.png"),
                attribute("http.response.status_code", Value::IntValue(404)),
            ],
        ),
        record(
            500,
            "farol.report",
            vec![
                string("farol.report.type", "csp-violation"),
                string("farol.report.directive", "img-src"),
                string("farol.report.blocked.url", "https://x.example/"),
            ],
        ),
    ];
    let otlp = Otlp {
        logs: vec![logs("shop", records)],
        ..Otlp::default()
    };
    let batch = Batch::new(Signal::Logs, vec![Source::Record(otlp.into())]);
    let want = "\
22:13:20.100 k7Qm2Z action  click     412 ms buy requests 2
22:13:20.200 k7Qm2Z trouble rage click  buy ×4
22:13:20.300 k7Qm2Z frame     302 ms render /app.js
22:13:20.400 k7Qm2Z missing image  404 /a.png
22:13:20.500 k7Qm2Z report  csp-violation img-src  https://x.example/
";
    assert_eq!(lines(&batch, &look(120)), want);
}

#[test]
fn fetches_show_status_duration_path_and_trace() {
    let want = "\
22:13:20.050 -      span      1.50 s checkout 000102030405060708090a0b0c0d0e0f
22:13:20.100 k7Qm2Z fetch   GET  200    43 ms /api/cart 000102030405060708090a0b0c0d0e0f
22:13:20.200 k7Qm2Z fetch   GET  ---   5.0 ms /  TypeError 000102030405060708090a0b0c0d0e0f
";
    assert_eq!(lines(&spans(), &look(120)), want);
}

#[test]
fn no_line_is_wider_than_the_window_and_the_trace_outlives_the_path() {
    for width in 0..130 {
        let text = lines(&story(), &look(width)) + &lines(&spans(), &look(width));
        for line in text.lines() {
            assert!(text::width(line) <= width, "{width}: {line}");
        }
    }
    let narrow = lines(&spans(), &look(80));
    assert!(
        narrow.contains(" /api/cart 0001020304050607…\n"),
        "{narrow}"
    );
}

#[test]
fn colours_change_no_letter_and_are_closed() {
    let coloured = Look {
        paint: Paint(true),
        ..look(120)
    };
    let text = lines(&story(), &coloured);
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, lines(&story(), &look(120)));
    assert_eq!(
        text.matches("\u{1b}[").count(),
        2 * text.matches("\u{1b}[0m").count()
    );
    assert!(text.contains("\u{1b}[31mpoor"), "{text}");
}

#[test]
fn what_a_client_writes_stays_one_line_of_text() {
    let hostile = "\u{1b}[31mred\r\nforged line\u{202e}";
    let records = vec![
        message(0, 9, hostile),
        record(1, hostile, vec![string(hostile, hostile)]),
        LogRecord {
            attributes: vec![string("session.id", hostile)],
            ..record(2, hostile, vec![])
        },
    ];
    let otlp = Otlp {
        logs: vec![logs("shop", records)],
        ..Otlp::default()
    };
    let batch = Batch::new(Signal::Logs, vec![Source::Record(otlp.into())]);
    let text = lines(&batch, &look(200));
    assert_eq!(text.lines().count(), 3);
    assert!(
        !text.chars().any(|c| c != '\n' && c.is_control()),
        "{text:?}"
    );
}
