use serde_json::json;

use super::payload::with;
use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn one(bench: &mut Bench, kind: &str) -> Json {
    let mut json = bench.batch().json;
    json[kind][0].take()
}

#[test]
fn an_event_carries_what_it_was_given() {
    let mut bench = Bench::started(&Start {
        globals: vec![("team", "cart"), ("n", "9")],
        ..Start::default()
    });
    let attrs = [
        ("n", "1.5"),
        ("ok", "true"),
        ("text", "a\"b\\c\nd\u{1}é😀"),
        ("bad", "NaN"),
        ("inf", "inf"),
    ];
    bench.put(
        op::EVENT,
        &Writer::default()
            .s("buy")
            .s("shop")
            .a(&attrs)
            .s(TRACE)
            .s(SPAN)
            .n(5.25)
            .0,
    );
    assert_eq!(
        one(&mut bench, "events"),
        json!({
            "name": "buy", "domain": "shop", "timestamp": "2026-01-01T00:00:00.005Z", "trace": {"trace_id": TRACE, "span_id": SPAN},
            "attributes": {"n": 1.5, "ok": true, "text": "a\"b\\c\nd\u{1}é😀", "team": "cart"}
        })
    );
}

#[test]
fn an_attribute_that_is_an_address_by_its_name_is_scrubbed() {
    let mut bench = Bench::started(&Start::default());
    let url = "https://joe:pw@cdn.example/a?token=1";
    let attrs = [("url.full", url), ("farol.script.url", url), ("link", url)];
    bench.put(
        op::EVENT,
        &Writer::default()
            .s("e")
            .s("")
            .a(&attrs)
            .s("")
            .s("")
            .n(f64::NAN)
            .0,
    );
    let clean = "https://cdn.example/a?token=REDACTED";
    assert_eq!(
        one(&mut bench, "events")["attributes"],
        json!({"url.full": clean, "farol.script.url": clean, "link": url})
    );
}

#[test]
fn a_log_carries_what_it_was_given() {
    let mut bench = Bench::started(&Start::default());
    for (level, expected) in [
        ("warn", json!("warn")),
        ("trace", json!("trace")),
        ("", json!(null)),
    ] {
        bench.put(
            op::LOG,
            &Writer::default()
                .s(level)
                .s("hello")
                .a(&[("a", "b")])
                .s("")
                .s("")
                .n(f64::NAN)
                .0,
        );
        let mut log = one(&mut bench, "logs");
        assert_eq!(log["level"].take(), expected);
        log.as_object_mut().unwrap().remove("level");
        assert_eq!(
            log,
            json!({"message": "hello", "timestamp": "2026-01-01T00:00:00.000Z", "context": {"a": "b"}})
        );
    }
}

#[test]
fn a_measurement_keeps_finite_numbers_alone() {
    let mut bench = Bench::started(&Start::default());
    let message = |values: &[(&str, f64)]| {
        let mut writer = Writer::default().s("cart").u(values.len() as u32);
        for (name, value) in values {
            writer = writer.s(name).n(*value);
        }
        writer.a(&[]).s("").s("").n(f64::NAN).0
    };
    bench.put(
        op::MEASUREMENT,
        &message(&[("a", 0.1), ("b", f64::NAN), ("c", -3.0), ("d", 1e21)]),
    );
    assert_eq!(
        one(&mut bench, "measurements"),
        json!({"type": "cart", "values": {"a": 0.1, "c": -3, "d": 1e21}, "timestamp": "2026-01-01T00:00:00.000Z"})
    );
    bench
        .put(op::MEASUREMENT, &message(&[("b", f64::INFINITY)]))
        .flush();
    assert!(bench.batches().is_empty());
    assert_eq!(bench.diagnostics(), [(diagnostic::BAD_MESSAGE, 4.0)]);
}

#[test]
fn a_span_is_otlp_with_its_session() {
    let mut bench = Bench::started(&Start {
        globals: vec![("team", "cart")],
        ..Start::default()
    });
    let message = Writer::default()
        .many(&[TRACE, SPAN, "", "checkout"])
        .b(1)
        .n(1.5)
        .n(4.0)
        .b(2)
        .s("no stock");
    bench.put(
        op::SPAN,
        &message
            .a(&[("n", "1.5"), ("i", "-7"), ("ok", "false"), ("s", "x")])
            .0,
    );
    let json = bench.batch().json;
    assert_eq!(
        json["traces"],
        json!({"resourceSpans": [{
            "resource": {"attributes": [
                {"key": "service.name", "value": {"stringValue": "shop"}},
                {"key": "service.namespace", "value": {"stringValue": "web"}},
                {"key": "service.version", "value": {"stringValue": "1.2.3"}},
                {"key": "deployment.environment.name", "value": {"stringValue": "production"}},
                {"key": "telemetry.sdk.name", "value": {"stringValue": "farol-web"}},
                {"key": "telemetry.sdk.language", "value": {"stringValue": "webjs"}},
                {"key": "telemetry.sdk.version", "value": {"stringValue": env!("CARGO_PKG_VERSION")}},
            ]},
            "scopeSpans": [{"scope": {"name": "farol", "version": env!("CARGO_PKG_VERSION")}, "spans": [{
                "traceId": TRACE, "spanId": SPAN, "name": "checkout", "kind": 1,
                "startTimeUnixNano": "1767225600001500000", "endTimeUnixNano": "1767225600004000000",
                "status": {"code": 2, "message": "no stock"},
                "attributes": [
                    {"key": "session.id", "value": {"stringValue": "00f067aa0ba902b7"}},
                    {"key": "n", "value": {"doubleValue": 1.5}},
                    {"key": "i", "value": {"intValue": "-7"}},
                    {"key": "ok", "value": {"boolValue": false}},
                    {"key": "s", "value": {"stringValue": "x"}},
                    {"key": "team", "value": {"stringValue": "cart"}},
                ]
            }]}]
        }]})
    );
}

#[test]
fn a_span_of_an_app_without_a_name_is_json_too() {
    let mut bench = Bench::started(&Start {
        app: [""; 5],
        ..Start::default()
    });
    let scope = request(&mut bench, 0, "GET", "https://shop.example/", 200.0, "");
    assert_eq!(scope["spans"][0]["name"], "GET");
}

fn request(
    bench: &mut Bench,
    initiator: u8,
    method: &str,
    url: &str,
    status: f64,
    error: &str,
) -> Json {
    let message = Writer::default()
        .b(initiator)
        .many(&[TRACE, SPAN, SPAN, method, url])
        .n(1.0)
        .n(2.0)
        .n(status)
        .s(error);
    bench.put(op::REQUEST, &message.a(&[]).0);
    bench.batch().json["traces"]["resourceSpans"][0]["scopeSpans"][0].take()
}

fn attributes(scope: &Json) -> Json {
    let list = scope["spans"][0]["attributes"].as_array().unwrap();
    list.iter()
        .map(|a| {
            (
                a["key"].as_str().unwrap().into(),
                a["value"]
                    .as_object()
                    .unwrap()
                    .values()
                    .next()
                    .unwrap()
                    .clone(),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_request_is_a_client_span_by_the_conventions() {
    let mut bench = Bench::started(&Start::default());
    let scope = request(
        &mut bench,
        0,
        "GET",
        "https://joe:pw@api.example:8443/cart?id=1&sig=s",
        200.0,
        "",
    );
    assert_eq!(
        (
            &scope["scope"]["name"],
            &scope["spans"][0]["name"],
            &scope["spans"][0]["kind"]
        ),
        (&json!("farol.fetch"), &json!("GET"), &json!(3))
    );
    assert_eq!(
        (
            &scope["spans"][0]["status"],
            &scope["spans"][0]["parentSpanId"]
        ),
        (&json!({}), &json!(SPAN))
    );
    assert_eq!(
        attributes(&scope),
        json!({
            "session.id": "00f067aa0ba902b7", "http.request.method": "GET", "url.full": "https://api.example:8443/cart?id=1&sig=REDACTED",
            "server.address": "api.example", "server.port": "8443", "http.response.status_code": "200"
        })
    );

    let scope = request(&mut bench, 1, "FETCHIT", "http://api.example/", 503.0, "");
    assert_eq!(
        (&scope["scope"]["name"], &scope["spans"][0]["name"]),
        (&json!("farol.xhr"), &json!("HTTP"))
    );
    assert_eq!(scope["spans"][0]["status"], json!({"code": 2}));
    let attrs = attributes(&scope);
    assert_eq!(
        (
            &attrs["http.request.method"],
            &attrs["http.request.method_original"]
        ),
        (&json!("_OTHER"), &json!("FETCHIT"))
    );
    assert_eq!(
        (&attrs["error.type"], &attrs["server.port"]),
        (&json!("503"), &json!("80"))
    );

    let scope = request(
        &mut bench,
        0,
        "patch",
        "https://api.example/",
        0.0,
        "AbortError",
    );
    let attrs = attributes(&scope);
    assert_eq!(
        (
            &attrs["http.request.method"],
            &attrs["http.request.method_original"]
        ),
        (&json!("PATCH"), &json!("patch"))
    );
    assert_eq!(
        (&attrs["error.type"], attrs.get("http.response.status_code")),
        (&json!("AbortError"), None)
    );
    assert_eq!(scope["spans"][0]["status"]["code"], 2);
}

#[test]
fn an_item_over_its_bound_is_cut_and_told() {
    for bound in [1024.0, 4096.0, 49_152.0] {
        let mut bench = Bench::started(&Start {
            numbers: with(4, bound),
            ..Start::default()
        });
        let huge = "é\"\n".repeat(100_000);
        bench.put(
            op::LOG,
            &Writer::default()
                .s("info")
                .s(&huge)
                .a(&[("a", &*huge), ("b", "c")])
                .s(TRACE)
                .s(SPAN)
                .n(f64::NAN)
                .0,
        );
        assert_eq!(bench.diagnostics(), [(diagnostic::ITEM_CUT, 0.0)]);
        let batch = bench.flush().batches().remove(0);
        let log = &batch.json["logs"][0];
        assert!(log["message"].as_str().unwrap().ends_with('…'));
        assert_eq!(log["trace"]["span_id"], SPAN);
        assert!(
            (batch.bytes as f64) < bound + 2000.0,
            "{} of {bound}",
            batch.bytes
        );
    }
}

#[test]
fn attributes_without_end_are_cut() {
    let mut bench = Bench::started(&Start::default());
    let names: Vec<_> = (0..1000).map(|n| std::format!("k{n}")).collect();
    let attrs: Vec<_> = names.iter().map(|name| (&**name, "v")).collect();
    bench.put(
        op::EVENT,
        &Writer::default()
            .s("e")
            .s("")
            .a(&attrs)
            .s("")
            .s("")
            .n(f64::NAN)
            .0,
    );
    assert_eq!(bench.diagnostics(), [(diagnostic::ITEM_CUT, 3.0)]);
    assert_eq!(
        one(&mut bench, "events")["attributes"]
            .as_object()
            .unwrap()
            .len(),
        farol_protocol::limits::ATTRIBUTES
    );
}

#[test]
fn each_kind_has_a_cap_for_each_session() {
    let mut bench = Bench::started(&Start {
        numbers: with(9, 3.0),
        ..Start::default()
    });
    for _ in 0..10 {
        bench.event("e");
    }
    bench.put(
        op::LOG,
        &Writer::default()
            .s("info")
            .s("m")
            .a(&[])
            .s("")
            .s("")
            .n(f64::NAN)
            .0,
    );
    // The session's own event is none of the three.
    assert_eq!(bench.batch().items, 4);
    let told = bench.diagnostics();
    assert_eq!(told[0], (diagnostic::CAP_REACHED, 3.0));
    assert_eq!(
        told[1..],
        [(diagnostic::CAP_REACHED, diagnostic::AGAIN); 6],
        "each that is lost is counted"
    );
    // What ends and begins a session is told, however much was told before.
    bench.put(op::END, &[]);
    let ended: u32 = bench.batches().iter().map(|batch| batch.items).sum();
    assert_eq!((ended, bench.diagnostics().len()), (1, 0));
    bench.wait(1e6).event("e");
    let items: u32 = bench
        .flush()
        .batches()
        .iter()
        .map(|batch| batch.items)
        .sum();
    assert_eq!(items, 3);
}

#[test]
fn before_send_may_keep_change_and_drop() {
    let mut bench = Bench::started(&Start {
        flags: flag::HOOK,
        ..Start::default()
    });
    bench.client.pen.host.hook = Some(|kind, json| {
        assert_eq!(kind, 3);
        let mut item: Json = serde_json::from_str(json).unwrap();
        item["attributes"] = json!({"seen": true});
        match item["name"].as_str().unwrap() {
            "drop" => None,
            "broken" => Some("[1]".into()),
            "huge" => Some(std::format!("{{\"a\":\"{}\"}}", "x".repeat(100_000))),
            _ => Some(item.to_string()),
        }
    });
    bench.put(
        op::NAVIGATION,
        &Writer::default().s("https://shop.example/b").b(1).0,
    );
    bench.put(op::VIEW, &Writer::default().s("other").n(f64::NAN).0);
    for name in ["keep", "drop", "broken", "huge"] {
        bench.event(name);
    }
    let json = bench.batch().json;
    let seen: Vec<_> = json["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["attributes"]["seen"] == true))
        .collect();
    assert_eq!(
        seen,
        [
            ("browser.navigation", true),
            ("view_changed", true),
            ("keep", true),
            ("broken", false),
            ("huge", false)
        ]
    );
    assert_eq!(json["events"][1]["farol"]["view"]["name"], "other");
    assert_eq!(
        bench.diagnostics(),
        [
            (diagnostic::HOOK_INVALID, 3.0),
            (diagnostic::HOOK_INVALID, 3.0)
        ]
    );
}

#[test]
fn what_before_send_empties_is_an_item_of_its_page_and_spoils_no_other() {
    let mut bench = Bench::started(&Start {
        flags: flag::HOOK,
        ..Start::default()
    });
    bench.event("one");
    bench.client.pen.host.hook = Some(|_, _| Some("{}".into()));
    bench.put(op::VIEW, &Writer::default().s("other").n(f64::NAN).0);
    bench.client.pen.host.hook = None;
    bench.event("two");
    let events = bench.batch().json["events"].take();
    assert_eq!(events[0]["name"], "one");
    assert_eq!(events[1]["farol"]["view"]["name"], "other");
    assert_eq!(events[1].as_object().unwrap().len(), 1);
    assert_eq!(events[2]["name"], "two");
}

#[test]
fn a_message_that_cannot_be_read_is_told_and_changes_nothing() {
    let mut bench = Bench::started(&Start::default());
    for op in 2..=25 {
        if op != op::ACTIVITY && op != op::SUPPRESSED {
            bench.put(op, &[0xff, 0xff]);
        }
    }
    assert!(
        bench
            .diagnostics()
            .iter()
            .all(|(code, _)| *code == diagnostic::BAD_MESSAGE)
    );
}

#[test]
fn what_is_not_sealed_yet_stands_in_the_outbox_soon_and_is_replaced_by_its_batch() {
    let mut bench = Bench::started(&Start {
        flags: flag::OUTBOX,
        ..Start::default()
    });
    bench.event("one");
    assert_eq!(bench.due, bench.now + 500.0);
    bench.wait(500.0).event("two");
    let drafts = bench.batches();
    assert_eq!(drafts.len(), 1);
    assert_eq!((drafts[0].flags, drafts[0].items), (4, 2));
    bench.wait(100.0).event("three");
    assert_eq!(bench.due, bench.now + 500.0, "what is new wants another");
    let batch = bench.batch();
    assert_eq!((batch.flags, batch.items), (0, 3));
    assert_eq!(batch.id, drafts[0].id);
    assert_eq!(batch.json["farol"]["seq"], drafts[0].json["farol"]["seq"]);
    assert_eq!(bench.due, f64::INFINITY);
    bench.event("four");
    let next = bench.batch();
    assert_ne!(next.id, batch.id);
    assert_eq!(next.json["farol"]["seq"], 4);
}

#[test]
fn without_an_outbox_and_without_consent_there_are_no_drafts() {
    for (flags, consent) in [(0, 1), (flag::OUTBOX, 0), (flag::OUTBOX, 2)] {
        let mut bench = Bench::new(&Start {
            flags,
            consent,
            ..Start::default()
        });
        bench.event("one").wait(600.0).event("two");
        assert!(bench.batches().iter().all(|batch| batch.flags & 4 == 0));
    }
}

#[test]
fn what_before_send_itself_tells_is_not_given_to_it() {
    let mut bench = Bench::started(&Start {
        flags: flag::HOOK,
        ..Start::default()
    });
    bench.said(signal::HOOK);
    bench.client.pen.host.hook = Some(|_, _| None);
    let message = Writer::default()
        .many(&["inner", ""])
        .a(&[])
        .many(&["", ""])
        .n(f64::NAN);
    bench.put(op::EVENT | op::HOOKED, &message.0).event("outer");
    assert_eq!(bench.said(signal::HOOK).len(), 1);
    assert_eq!(bench.batch().json["events"][0]["name"], "inner");
}

/// The page that a batch of one item names.
fn page(bench: &mut Bench) -> Json {
    bench.batch().json["meta"]["page"]["url"].take()
}

#[test]
fn an_item_that_names_its_time_belongs_to_the_page_of_then() {
    let mut bench = Bench::started(&Start::default());
    const A: &str = "https://shop.example/?token=REDACTED";
    const B: &str = "https://shop.example/b";
    let push = Writer::default().s(B).b(1);
    bench
        .wait(100.0)
        .put(op::NAVIGATION, &push.0)
        .flush()
        .said(signal::BATCH);
    bench.wait(100.0);
    let at = |at: f64| Writer::default().a(&[]).many(&[TRACE, SPAN]).n(at).0;
    let texts = |texts: &[&str]| Writer::default().many(texts).0;
    for (then, expected) in [(50.0, A), (150.0, B), (f64::NAN, B)] {
        for (op, head) in [
            (op::EVENT, texts(&["click", ""])),
            (op::LOG, texts(&["info", "told"])),
            (
                op::MEASUREMENT,
                Writer::default().s("m").u(1).s("n").n(1.0).0,
            ),
        ] {
            bench.put(op, &[head, at(then)].concat());
            assert_eq!(page(&mut bench), expected, "{op} of {then}");
        }
        let span = Writer::default().many(&[TRACE, SPAN, "", "click"]).b(1);
        let span = span.n(then).n(f64::NAN).b(0).s("").a(&[]);
        bench.put(op::SPAN, &span.0);
        assert_eq!(page(&mut bench), expected, "a span of {then}");
        let request = Writer::default().b(0).many(&[TRACE, SPAN, ""]);
        let request = request.many(&["GET", "https://shop.example/api"]);
        let request = request.n(then).n(f64::NAN).n(200.0).s("").a(&[]);
        bench.put(op::REQUEST, &request.0);
        assert_eq!(page(&mut bench), expected, "a request of {then}");
    }
}

/// A `VITAL` message of a page that is loaded, up to what stands behind the page's state.
fn vital(what: u8) -> Writer {
    let message = Writer::default().b(what).b(0).b(b'n');
    [50.0, 0.0, 60.0, 70.0, 80.0, f64::NAN]
        .into_iter()
        .fold(message, Writer::n)
}

#[test]
fn the_largest_paints_element_stays_as_it_is_and_its_address_is_scrubbed() {
    let mut bench = Bench::started(&Start::default());
    let largest = vital(vitals::what::LARGEST)
        .n(500.0)
        .n(f64::NAN)
        .n(100.0)
        .n(200.0)
        .many(&["#heroBanner2024SummerSaleLarge01", "/a.png?token=t", "", ""]);
    bench
        .wait(1000.0)
        .put(op::VITAL, &vital(vitals::what::START).b(7).u(0).0)
        .put(op::VITAL, &largest.0)
        .put(op::VITAL, &vital(vitals::what::FINAL).n(f64::NAN).0);
    let context = &one(&mut bench, "measurements")["context"];
    assert_eq!(context["element"], "#heroBanner2024SummerSaleLarge01");
    assert_eq!(context["resource_url"], "/a.png?token=REDACTED");
}

#[test]
fn the_vitals_of_a_page_that_comes_back_stand_in_no_load() {
    let mut bench = Bench::started(&Start::default());
    bench.put(op::LOAD, &Writer::default().s(TRACE).s(SPAN).0);
    let loaded = vital(vitals::what::LOADED);
    bench
        .wait(1000.0)
        .put(op::VITAL, &vital(vitals::what::START).b(7).u(0).0)
        .put(op::VITAL, &[0.0; 5].into_iter().fold(loaded, Writer::n).0);
    let first = one(&mut bench, "measurements");
    assert_eq!(first["context"]["navigation_type"], "navigate");
    assert_eq!(first["trace"]["trace_id"], TRACE);
    bench
        .wait(1000.0)
        .put(op::VITAL, &vital(vitals::what::RESTORED).n(1900.0).0);
    let second = one(&mut bench, "measurements");
    assert_eq!(second["context"]["navigation_type"], "back-forward-cache");
    assert_eq!(second.get("trace"), None);
}

#[test]
fn what_was_measured_under_a_no_is_never_told() {
    let item = |at: f64| {
        Writer::default()
            .s("e")
            .s("")
            .a(&[])
            .many(&["", ""])
            .n(at)
            .0
    };
    for (consent, told) in [(2, 1), (0, 3)] {
        let mut bench = Bench::new(&Start {
            consent,
            ..Start::default()
        });
        let largest = vital(vitals::what::LARGEST).n(500.0).n(f64::NAN);
        bench
            .wait(1000.0)
            .put(op::VITAL, &vital(vitals::what::START).b(7).u(0).0)
            .put(op::VITAL, &largest.n(0.0).n(0.0).many(&["", "", "", ""]).0)
            .put(op::CONSENT, &[1])
            .flush()
            .said(signal::BATCH);
        bench
            .wait(1000.0)
            .put(op::EVENT, &item(999.0))
            .put(op::EVENT, &item(1001.0))
            .put(op::VITAL, &vital(vitals::what::FINAL).n(f64::NAN).0);
        assert_eq!(bench.batch().items, told);
    }
}
