use farol_protocol::payload::Payload;

use super::super::series::Value as Amount;
use super::*;

const NOW: u64 = 1_000;

fn header(rate: f64, state: SampleState) -> Header {
    Header {
        app: "shop".into(),
        rate,
        state,
        ..Header::default()
    }
}

fn payload(items: &str) -> Payload {
    let body = format!(
        r#"{{"meta":{{"app":{{"name":"claimed","version":"1.2","environment":"prod"}},"page":{{"url":"https://shop.example/orders/7?x=1"}},
        "browser":{{"mobile":true}},"geo":{{"country_iso":"CH"}}}},{items}}}"#
    );
    Payload::decode(body.as_bytes()).expect("a payload")
}

/// Each series as `name{attributes} value`.
fn series(header: &Header, payload: &Payload) -> Vec<String> {
    let mut state = State::default();
    observe(header, payload, NOW, &mut state);
    shown(&state.store)
}

fn shown(store: &Store) -> Vec<String> {
    let show = |it: &&super::super::series::Series| {
        let value = match &it.value {
            Amount::Sum(sum) => sum.to_string(),
            Amount::Histogram(histogram) => format!("n={} sum={}", histogram.count, histogram.sum),
        };
        format!(
            "{} {} {value}",
            it.family.family().name,
            it.values.join("|")
        )
    };
    store.sorted().iter().map(show).collect()
}

fn on() -> Header {
    header(1.0, SampleState::On)
}

const LCP: &str = r#""measurements":[{"type":"web-vitals","values":{"lcp":1200.5,"delta":1200.5},"context":{"rating":"good"}}]"#;

#[test]
fn a_vital_counts_by_page_and_device_by_country_by_release_and_by_rating() {
    assert_eq!(
        series(&on(), &payload(LCP)),
        [
            "farol.web_vital.lcp /orders/{id}|mobile| n=1 sum=1200.5",
            "farol.web_vital.lcp.by_country CH| n=1 sum=1200.5",
            "farol.web_vital.lcp.by_release 1.2| n=1 sum=1200.5",
            "farol.web_vital.ratings lcp|good| 1",
        ]
    );
}

#[test]
fn a_vital_of_another_page_counts_there() {
    let own = LCP.replace(
        r#""context""#,
        r#""farol":{"page":{"url":"https://shop.example/cart"}},"context""#,
    );
    let found = series(&on(), &payload(&own));
    assert_eq!(found[0], "farol.web_vital.lcp /cart|mobile| n=1 sum=1200.5");
}

#[test]
fn a_navigation_within_the_document_counts_like_a_load_but_for_the_server_that_was_not_asked() {
    let soft = r#""navigation_type":"soft-navigation","rating""#;
    let lcp = LCP.replace(r#""rating""#, soft);
    assert_eq!(series(&on(), &payload(&lcp)), series(&on(), &payload(LCP)));
    let ttfb = lcp.replace(r#""lcp""#, r#""ttfb""#);
    assert_eq!(series(&on(), &payload(&ttfb)), [""; 0]);
    assert_ne!(ttfb, lcp);
}

#[test]
fn a_visit_counts_once_with_its_first_report() {
    let update = LCP.replace(r#""delta":1200.5"#, r#""delta":100"#);
    assert_eq!(series(&on(), &payload(&update)), [""; 0]);
    let silent = LCP.replace(r#","delta":1200.5"#, "");
    assert_eq!(series(&on(), &payload(&silent)).len(), 4);
}

#[test]
fn vitals_take_sampled_sessions_alone_and_no_weight() {
    assert_eq!(
        series(&header(0.1, SampleState::Ring), &payload(LCP)),
        [""; 0]
    );
    let found = series(&header(0.1, SampleState::On), &payload(LCP));
    assert!(found[0].ends_with("n=1 sum=1200.5"), "{found:?}");
}

#[test]
fn sessions_and_page_views_weigh_what_they_stand_for() {
    let events = r#""events":[{"name":"session_start"},{"name":"session_extend"},
        {"name":"browser.navigation","attributes":{"url":"https://shop.example/orders/7","type":"load"}},
        {"name":"browser.navigation","attributes":{"url":"https://shop.example/cart","fromUrl":"https://shop.example/","type":"push"}},
        {"name":"browser.navigation","attributes":{"url":"https://shop.example/cart#a","fromUrl":"https://shop.example/cart","type":"hash"}},
        {"name":"browser.navigation","attributes":{"url":"https://shop.example/cart?b","fromUrl":"https://shop.example/cart","type":"replace"}}]"#;
    assert_eq!(
        series(&header(0.25, SampleState::On), &payload(events)),
        [
            "farol.sessions mobile| 8",
            "farol.page_views /cart|mobile| 4",
            "farol.page_views /orders/{id}|mobile| 4",
        ]
    );
    assert_eq!(
        series(&header(0.25, SampleState::Ring), &payload(events)),
        [""; 0]
    );
}

#[test]
fn a_session_found_again_is_a_page_view_and_no_session() {
    let found = series(&on(), &payload(r#""events":[{"name":"session_resume"}]"#));
    assert_eq!(found, ["farol.page_views /orders/{id}|mobile| 1"]);
}

#[test]
fn a_change_of_route_within_a_page_is_a_page_view_once() {
    let routes = r#"{"name":"route_change","attributes":{"toRoute":"/orders/:id","toUrl":"https://shop.example/orders/7"}},
        {"name":"route_change","attributes":{"fromUrl":"https://shop.example/orders/7","toUrl":"https://shop.example/cart"}},
        {"name":"route_change","attributes":{"fromUrl":"https://shop.example/cart","toUrl":"https://shop.example/cart?open"}}"#;
    let found = series(&on(), &payload(&format!(r#""events":[{routes}]"#)));
    assert_eq!(found, ["farol.page_views /cart|mobile| 1"]);
    let navigation = r#"{"name":"faro.navigation","attributes":{"fromUrl":"https://shop.example/orders/7","toUrl":"https://shop.example/cart"}}"#;
    let both = payload(&format!(r#""events":[{routes},{navigation}]"#));
    assert_eq!(series(&on(), &both), found);
}

const ERRORS: &str = r#""exceptions":[{"type":"TypeError","value":"x","handled":false},{"type":"TypeError","value":"y","count":4,"handled":false}]"#;

#[test]
fn exceptions_stand_for_themselves_where_the_ring_keeps_them_all() {
    let found = series(&header(0.1, SampleState::Ring), &payload(ERRORS));
    assert_eq!(found, ["farol.exceptions TypeError|false| 5"]);
    let kept = format!(r#"{ERRORS},"farol":{{"kept":{{"exception":1}}}}"#);
    let found = series(&header(0.1, SampleState::On), &payload(&kept));
    assert_eq!(found, ["farol.exceptions TypeError|false| 5"]);
    let found = series(&header(0.1, SampleState::On), &payload(ERRORS));
    assert_eq!(found, ["farol.exceptions TypeError|false| 50"]);
}

#[test]
fn sessions_stand_for_more_where_events_are_kept_of_fewer() {
    let start = r#""events":[{"name":"session_start"}],"farol":{"kept":{"event":0.25}}"#;
    for (rate, stands_for) in [(1.0, 4), (0.125, 8)] {
        let found = series(&header(rate, SampleState::On), &payload(start));
        let wanted = format!("farol.sessions mobile| {stands_for}");
        assert!(found.contains(&wanted), "{found:?}");
    }
    let ring = series(&header(0.5, SampleState::Ring), &payload(start));
    assert!(ring.is_empty(), "it is outside of the sample");
}

#[test]
fn sessions_with_exceptions_come_from_the_mark_of_the_first_one() {
    let marked = format!(r#"{ERRORS},"farol":{{"first":["exception"]}}"#);
    let found = series(&on(), &payload(&marked));
    assert_eq!(found[0], "farol.sessions.with_exceptions mobile| 1");
    assert!(!series(&on(), &payload(ERRORS))[0].contains("sessions"));
    let bare = series(&on(), &payload(r#""farol":{"first":["exception"]}"#));
    assert!(bare.is_empty(), "a filter left it out: {bare:?}");
}

#[test]
fn of_a_sender_without_marks_the_first_exception_of_each_session_counts() {
    let session = |id: &str| {
        let items = format!(r#""events":[{{"name":"session_start"}}],{ERRORS}"#);
        let mut payload = payload(&items);
        payload.meta.session.id = id.into();
        payload
    };
    let mut state = State::default();
    for id in ["a", "b", "a", ""] {
        observe(&on(), &session(id), NOW, &mut state);
    }
    let found = shown(&state.store);
    assert_eq!(found[0], "farol.sessions mobile| 4");
    assert_eq!(found[1], "farol.sessions.with_exceptions mobile| 2");
    // One that marks its first says with that that others are not.
    let mut marking = session("c");
    marking.farol.version = Some(1);
    observe(&on(), &marking, NOW, &mut state);
    assert_eq!(shown(&state.store)[1], found[1]);
    // The same id in another app is another session.
    let other = Header {
        app: "other".into(),
        ..on()
    };
    observe(&other, &session("a"), NOW, &mut state);
    let counted = shown(&state.store);
    let counted = counted
        .iter()
        .filter(|it| it.starts_with("farol.sessions.with"));
    assert_eq!(counted.count(), 2);
}

#[test]
fn what_waited_offline_is_marked() {
    let late = Header {
        deferred: true,
        ..on()
    };
    for line in series(&late, &payload(&format!("{LCP},{ERRORS}"))) {
        assert!(line.contains("|deferred "), "{line}");
    }
}

#[test]
fn what_a_test_made_is_no_visit_whenever_it_came() {
    let test = payload(&format!("{LCP},{ERRORS}"));
    let mut test = test;
    test.meta.k6.is_k6_browser = Some(true);
    for deferred in [false, true] {
        let header = Header { deferred, ..on() };
        for line in series(&header, &test) {
            assert!(line.contains("|test "), "{line}");
        }
    }
}

fn request(attributes: &str) -> String {
    format!(
        r#""traces":{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"kind":3,"name":"GET","startTimeUnixNano":"1000000000","endTimeUnixNano":"1250000000","attributes":[{attributes}]}}]}}]}}]}}"#
    )
}

#[test]
fn requests_count_by_route_and_class_whichever_convention_names_them() {
    for (attributes, want) in [
        (
            r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.full","value":{"stringValue":"https://shop.example/api/9?q"}},{"key":"http.response.status_code","value":{"intValue":"503"}}"#,
            "/api/{id}|5xx|",
        ),
        (
            r#"{"key":"http.method","value":{"stringValue":"GET"}},{"key":"http.url","value":{"stringValue":"https://api.example/v1"}},{"key":"http.status_code","value":{"intValue":204}}"#,
            "api.example/v1|2xx|",
        ),
        (
            r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.template","value":{"stringValue":"/api/:n"}},{"key":"error.type","value":{"stringValue":"TypeError"}}"#,
            "/api/:n|error|",
        ),
        // As OpenTelemetry's older instrumentation writes one that failed.
        (
            r#"{"key":"http.method","value":{"stringValue":"GET"}},{"key":"http.url","value":{"stringValue":"https://api.example/v1"}},{"key":"http.status_code","value":{"intValue":0}}"#,
            "api.example/v1|error|",
        ),
        // The page took it back: by fetch, by XMLHttpRequest.
        (
            r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.template","value":{"stringValue":"/api/:n"}},{"key":"error.type","value":{"stringValue":"AbortError"}}"#,
            "/api/:n|aborted|",
        ),
        (
            r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.template","value":{"stringValue":"/api/:n"}},{"key":"error.type","value":{"stringValue":"abort"}}"#,
            "/api/:n|aborted|",
        ),
        // An opaque answer (`no-cors`): it went well, and says no more.
        (
            r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.template","value":{"stringValue":"/api/:n"}}"#,
            "/api/:n|unknown|",
        ),
    ] {
        let found = series(&on(), &payload(&request(attributes)));
        let want = format!("http.client.request.duration {want} n=1 sum=0.25");
        assert_eq!(found, [want]);
    }
}

#[test]
fn a_request_that_came_as_otlp_is_told_from_others_by_the_page_that_it_names() {
    let method = r#"{"key":"http.request.method","value":{"stringValue":"GET"}}"#;
    let url = r#"{"key":"url.full","value":{"stringValue":"https://shop.example/api/9"}}"#;
    for (page, want) in [
        ("https://shop.example/orders/7", "/api/{id}"),
        ("https://other.example/", "shop.example/api/{id}"),
    ] {
        let page =
            format!(r#"{{"key":"browser.document.url.full","value":{{"stringValue":"{page}"}}}}"#);
        let spans = request(&format!("{method},{url},{page}"));
        let payload = Payload::decode(format!("{{{spans}}}").as_bytes()).unwrap();
        let want = format!("http.client.request.duration {want}|unknown| n=1 sum=0.25");
        assert_eq!(series(&on(), &payload), [want]);
    }
}

#[test]
fn other_spans_are_no_requests() {
    let other = request(r#"{"key":"a","value":{"stringValue":"b"}}"#);
    assert_eq!(series(&on(), &payload(&other)), [""; 0]);
}

#[test]
fn a_rate_that_cannot_be_blows_nothing_up() {
    for (rate, want) in [
        (f64::NAN, 1.0),
        (0.0, 1e4),
        (-1.0, 1e4),
        (7.0, 1.0),
        (0.5, 2.0),
    ] {
        assert_eq!(weight(rate), want, "{rate}");
    }
}

#[test]
fn the_declared_app_counts_not_the_claimed_one() {
    let mut state = State::default();
    observe(&on(), &payload(LCP), NOW, &mut state);
    assert!(
        state
            .store
            .sorted()
            .iter()
            .all(|it| it.app.name == "shop" && it.app.environment == "prod")
    );
}

/// A report of a growing vital.
fn growing(name: &str, value: f64, delta: f64, id: &str) -> Payload {
    payload(&format!(
        r#""measurements":[{{"type":"web-vitals","values":{{"{name}":{value},"delta":{delta}}},"context":{{"id":"{id}","rating":"poor"}},"timestamp":"2026-11-20T03:34:28.305Z"}}]"#
    ))
}

#[test]
fn cls_and_inp_count_with_the_last_report_of_the_visit() {
    let mut state = State {
        holding: true,
        ..State::default()
    };
    for (value, delta) in [(0.125, 0.125), (0.5, 0.375)] {
        for id in ["v1", "v2"] {
            observe(&on(), &growing("cls", value, delta, id), NOW, &mut state);
        }
    }
    observe(&on(), &growing("inp", 80.0, 80.0, "v1"), NOW, &mut state);
    assert_eq!(shown(&state.store), [""; 0]);
    state.held.settle(&mut state.store, u64::MAX, 1);
    let found = shown(&state.store);
    assert_eq!(
        found[0],
        "farol.web_vital.inp /orders/{id}|mobile| n=1 sum=80"
    );
    assert_eq!(
        found[3],
        "farol.web_vital.cls /orders/{id}|mobile| n=2 sum=1"
    );
    assert_eq!(found[6], "farol.web_vital.ratings cls|poor| 2");
}

#[test]
fn what_is_held_of_a_report_is_bounded_whatever_a_payload_says() {
    let long = "r 1 ".repeat(30_000);
    let url = format!("https://shop.example/{}", "a/é".repeat(10_000));
    let mut sent = growing("cls", 0.1, 0.1, &long);
    let meta = &mut sent.meta;
    for text in [
        &mut meta.app.name,
        &mut meta.app.version,
        &mut meta.app.environment,
        &mut meta.session.id,
        &mut meta.geo.country_iso,
        &mut meta.device.kind,
        &mut sent.farol.client,
    ] {
        text.clone_from(&long);
    }
    sent.farol.routes = [(url.clone(), long.as_str().into())].into_iter().collect();
    sent.meta.page.url = url;
    for told in [true, false] {
        let mut state = State {
            holding: true,
            ..State::default()
        };
        let header = Header {
            app: String::new(),
            ..on()
        };
        if !told {
            sent.farol.routes = Default::default();
        }
        observe(&header, &sent, NOW, &mut state);
        assert_eq!(state.held.len(), 1);
        let stored = serde_json::to_string(&state.held.rows()).unwrap();
        assert!(stored.len() < 1_500, "{} bytes", stored.len());
    }
}

#[test]
fn a_report_without_id_counts_at_once_and_so_do_vitals_that_do_not_grow() {
    let mut state = State {
        holding: true,
        ..State::default()
    };
    observe(&on(), &growing("cls", 0.125, 0.125, ""), NOW, &mut state);
    observe(&on(), &growing("fcp", 80.0, 80.0, "v1"), NOW, &mut state);
    assert_eq!(state.held.len(), 0);
    assert_eq!(shown(&state.store).len(), 8);
}

#[test]
fn vitals_and_exceptions_that_came_as_otlp_count_too() {
    let body = r#"{"farol.otlp":{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"eventName":"browser.web_vital","attributes":[{"key":"browser.web_vital.name","value":{"stringValue":"lcp"}},
            {"key":"browser.web_vital.value","value":{"doubleValue":1200.5}},{"key":"browser.web_vital.rating","value":{"stringValue":"good"}},
            {"key":"url.full","value":{"stringValue":"https://shop.example/orders/7"}}]},
        {"eventName":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"TypeError"}}]},
        {"severityNumber":17,"attributes":[{"key":"exception.type","value":{"stringValue":"RangeError"}}]},
        {"eventName":"other"}]}]}]}}"#;
    let payload = Payload::decode(body.as_bytes()).unwrap();
    let found = series(&on(), &payload);
    assert_eq!(
        found[0],
        "farol.web_vital.lcp /orders/{id}|| n=1 sum=1200.5"
    );
    assert_eq!(found[3], "farol.web_vital.ratings lcp|good| 1");
    assert_eq!(found[4], "farol.exceptions RangeError|| 1");
    assert_eq!(found[5], "farol.exceptions TypeError|| 1");
    assert_eq!(found.len(), 6);
}

#[test]
fn the_kind_of_device_is_what_the_meta_says_or_else_the_session_or_the_browser() {
    let kind = |meta: &str| {
        let payload = Payload::decode(format!(r#"{{"meta":{{{meta}}}}}"#).as_bytes());
        device(&payload.expect("a payload"))
    };
    let session = r#""session":{"attributes":{"device_type":"tablet"}}"#;
    assert_eq!(kind(session), "tablet");
    assert_eq!(
        kind(&format!(r#"{session},"device":{{"type":"Mobile"}}"#)),
        "mobile"
    );
    assert_eq!(
        kind(&format!(r#"{session},"browser":{{"mobile":true}}"#)),
        "tablet"
    );
    assert_eq!(kind(r#""browser":{"mobile":true}"#), "mobile");
    assert_eq!(kind(r#""device":{"type":"tv"}"#), "other");
    assert_eq!(kind(""), "");
}

/// The first histogram that is made of these measurements.
fn histogram(measurements: &str) -> Option<super::super::histogram::Histogram> {
    let mut state = State::default();
    let measurements = payload(&format!(r#""measurements":[{measurements}]"#));
    observe(&on(), &measurements, NOW, &mut state);
    let all = state.store.copies();
    all.into_iter().find_map(|it| match it.value {
        Amount::Histogram(histogram) => Some(*histogram),
        Amount::Sum(_) => None,
    })
}

fn told(name: &str, value: f64) -> String {
    format!(r#"{{"type":"web-vitals","values":{{"{name}":{value:e}}}}}"#)
}

#[test]
fn a_vital_that_cannot_be_does_not_count() {
    for (name, value) in [
        ("lcp", 1.7e308),
        ("lcp", 1e300),
        ("inp", 86_400_001.0),
        ("cls", 10_001.0),
        ("fcp", -1.0),
    ] {
        assert_eq!(histogram(&told(name, value)), None, "{name} {value}");
    }
    for (name, value) in [("lcp", 86_400_000.0), ("cls", 10_000.0)] {
        let found = histogram(&told(name, value)).expect("a histogram");
        assert_eq!(found.sum, value, "{name}");
    }
}

#[test]
fn no_value_that_counts_takes_the_accuracy_from_the_others() {
    for name in ["lcp", "cls"] {
        let most = if name == "lcp" { 8.64e7 } else { 1e4 };
        let all = [1e-300, 1e-9, 0.001, 0.1, most].map(|value| told(name, value));
        let found = histogram(&all.join(",")).expect("a histogram");
        assert_eq!((found.scale, found.count), (2, 5), "{name}");
        assert!(found.zeros >= 2, "{name} {}", found.zeros);
    }
}

#[test]
fn an_exception_counts_no_more_repeats_than_can_be() {
    let many = r#""exceptions":[{"type":"TypeError","value":"a","count":1000000000000000000}]"#;
    let found = series(&on(), &payload(many));
    assert_eq!(found, ["farol.exceptions TypeError|| 1000001"]);
    // Whatever each is said to stand for, and however many there are.
    let one = r#"{"type":"TypeError","value":"a","count":1000000}"#;
    let many = format!(r#""exceptions":[{}]"#, [one; 2_000].join(","));
    let header = Header { rate: 1e-9, ..on() };
    let found = series(&header, &payload(&many));
    assert_eq!(found, ["farol.exceptions TypeError|| 21000000"]);
}

#[test]
fn a_request_that_took_longer_than_a_day_does_not_count() {
    let attributes = r#"{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.template","value":{"stringValue":"/a"}}"#;
    for (end, count) in [("86401000000000", 1), ("86401000000001", 0)] {
        let spans = request(attributes).replace("1250000000", end);
        assert_eq!(series(&on(), &payload(&spans)).len(), count, "{end}");
    }
}

#[test]
fn what_came_as_otlp_counts_for_its_own_resource() {
    let resource = |service: &str, release: &str, environment: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}},{{"key":"service.version","value":{{"stringValue":"{release}"}}}},
            {{"key":"{environment}","value":{{"stringValue":"{service}-prod"}}}}]}},"scopeLogs":[{{"logRecords":[{{"eventName":"browser.web_vital","attributes":[
            {{"key":"browser.web_vital.name","value":{{"stringValue":"lcp"}}}},{{"key":"browser.web_vital.value","value":{{"doubleValue":7}}}}]}}]}}]}}"#
        )
    };
    let body = format!(
        r#"{{"farol.otlp":{{"resourceLogs":[{},{}]}}}}"#,
        resource("shop", "1", "deployment.environment.name"),
        resource("office", "2", "deployment.environment")
    );
    let payload = Payload::decode(body.as_bytes()).unwrap();
    let counted = |declared: &str| {
        let header = Header {
            app: declared.into(),
            kind: SourceKind::OtlpLogs,
            ..on()
        };
        let mut state = State::default();
        observe(&header, &payload, NOW, &mut state);
        let mut found: Vec<String> = (state.store.sorted().iter())
            .filter(|it| it.family.family().name.ends_with("by_release"))
            .map(|it| format!("{} {} {}", it.app.name, it.app.environment, it.values[0]))
            .collect();
        found.sort();
        found
    };
    assert_eq!(counted(""), ["office office-prod 2", "shop shop-prod 1"]);
    assert_eq!(counted("s"), ["s office-prod 2", "s shop-prod 1"]);
}

#[test]
fn a_record_of_otlp_or_its_resource_knows_its_device_best() {
    let mobile = |value| match value {
        None => String::new(),
        Some(value) => {
            format!(r#"{{"key":"browser.mobile","value":{{"boolValue":{value}}}}}"#)
        }
    };
    let device = |request: &str, resource, record| {
        let name = r#"{"key":"browser.web_vital.name","value":{"stringValue":"lcp"}}"#;
        let value = r#"{"key":"browser.web_vital.value","value":{"doubleValue":7}}"#;
        let own = match record {
            None => String::new(),
            it => format!(",{}", mobile(it)),
        };
        let body = format!(
            r#"{{"meta":{{"browser":{request}}},"farol.otlp":{{"resourceLogs":[{{"resource":{{"attributes":[{}]}},
            "scopeLogs":[{{"logRecords":[{{"eventName":"browser.web_vital","attributes":[{name},{value}{own}]}}]}}]}}]}}}}"#,
            mobile(resource)
        );
        let found = series(&on(), &Payload::decode(body.as_bytes()).unwrap());
        found[0].split('|').nth(1).unwrap().to_owned()
    };
    let desktop = r#"{"mobile":false}"#;
    assert_eq!(device("{}", None, None), "");
    assert_eq!(device(desktop, None, None), "desktop");
    assert_eq!(device(desktop, Some(true), None), "mobile");
    assert_eq!(device(desktop, None, Some(true)), "mobile");
    assert_eq!(device("{}", Some(true), Some(false)), "desktop");
}
