use super::*;
use crate::condition::{Condition, Ground};
use crate::convert::{Dialect, to_otlp};
use crate::decode::{Form, Limits, faro, otlp};
use crate::enrich::{AddressUse, Enricher, Hints, Known, Template};
use crate::record::{Header, SourceKind};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};

#[test]
fn an_item_is_about_what_it_names_or_else_its_page() {
    let body = r#"{"meta":{"page":{"url":"/page"}},
        "logs":[{"message":"m","context":{"url.full":"/own"}},{"message":"m","farol":{"page":{"url":"/other"}}}],
        "events":[{"name":"faro.navigation","attributes":{"toUrl":"/to","fromUrl":"/from"}},
            {"name":"browser.navigation","attributes":{"url":"/to"}},
            {"name":"faro.performance.resource","attributes":{"name":"/app.js"}},
            {"name":"browser.resource_timing","attributes":{"url.full":"/app.js"}},
            {"name":"faro.tracing.fetch","attributes":{"http.url":"/old"}},
            {"name":"route_change","attributes":{"toUrl":"/to"}},
            {"name":"mine","attributes":{"url":"/own","name":"n"}}],
        "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"http.url","value":{"stringValue":"/old"}}]},
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"url.full","value":{"stringValue":"/new"}},{"key":"http.url","value":{"stringValue":"/old"}}]},
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"browser.document.url.full","value":{"stringValue":"/told"}}]},
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[]}]}]}]}}"#;
    let payload = read(SourceKind::Faro, body);
    let found: Vec<_> = (payload.items())
        .map(|(_, item)| Address::of(&payload, item))
        .map(|it| (it.own.unwrap_or("-"), it.page))
        .collect();
    assert_eq!(
        found,
        [
            ("-", "/page"),
            ("-", "/other"),
            ("/to", "/page"),
            ("/to", "/page"),
            ("/app.js", "/page"),
            ("/app.js", "/page"),
            ("/old", "/page"),
            ("-", "/page"),
            ("-", "/page"),
            ("/old", "/page"),
            ("/new", "/page"),
            ("-", "/told"),
            ("-", "/page"),
        ]
    );
    assert_eq!(leads_to(&payload.events[5]), Some("/to"));
}

#[test]
fn what_came_as_otlp_says_its_page_itself_or_by_its_resource() {
    let resource = r#""resource":{"attributes":[{"key":"browser.document.url.full","value":{"stringValue":"/resource"}}]}"#;
    let own = r#"[{"key":"browser.document.url.full","value":{"stringValue":"/page"}},{"key":"url.full","value":{"stringValue":"/api"}}]"#;
    let spans = format!(
        r#"{{"resourceSpans":[{{{resource},"scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":{own}}},{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[]}}]}}]}}]}}"#
    );
    let logs = format!(
        r#"{{"resourceLogs":[{{{resource},"scopeLogs":[{{"logRecords":[{{"attributes":{own}}},{{"body":{{"stringValue":"m"}}}}]}}]}}]}}"#
    );
    let (spans, logs) = (
        read(SourceKind::OtlpTraces, &spans),
        read(SourceKind::OtlpLogs, &logs),
    );
    let of_spans = (spans.items()).map(|(_, item)| Address::of(&spans, item));
    let of_logs = (logs.records()).map(|(_, group, _, it)| Address::of_record(&logs, group, it));
    for found in [of_spans.collect::<Vec<_>>(), of_logs.collect()] {
        let found: Vec<_> = found.into_iter().map(|it| (it.any(), it.page)).collect();
        assert_eq!(found, [("/api", "/page"), ("/resource", "/resource")]);
    }
}

fn read(kind: SourceKind, body: &str) -> Payload {
    let (body, limits) = (body.as_bytes(), Limits::default());
    let decoded = match kind {
        SourceKind::Faro => faro(body, &limits),
        kind => otlp(kind, Form::Json, body, &limits),
    };
    *decoded.unwrap().payload
}

/// The template of each item, or `-`, on which conditions and what leaves agree; records stand before spans.
fn templates(kind: SourceKind, body: &str, origin: &str) -> Vec<String> {
    const ROUTES: [&str; 2] = ["/users/{id}", "/api/{id}"];
    let mut payload = read(kind, body);
    let hints = Hints {
        origin: origin.into(),
        ..Hints::default()
    };
    let known = Known {
        app: None,
        hints: Some(&hints),
        client: None,
        address: AddressUse::Drop,
        routes: &ROUTES.map(|route| Template::parse(route).unwrap()),
    };
    Enricher::default().enrich(&mut payload, &known);
    let ground = Ground {
        app: "shop",
        tenant: "",
        payload: &payload,
    };
    let conditions = ROUTES.map(|route| {
        let text = format!(r#"attributes["url.template"] == "{route}""#);
        Condition::parse(&text).unwrap()
    });
    let told = ground.subjects().map(|(_, subject)| {
        let holds = conditions.iter().position(|it| it.holds(&subject));
        holds.map_or("-", |at| ROUTES[at]).to_owned()
    });
    let told: Vec<_> = told.collect();
    let header = Header {
        kind,
        ..Header::default()
    };
    let out = to_otlp(&header, &payload, Dialect::Semconv);
    let records = (out.logs.iter().flat_map(|it| &it.scope_logs))
        .flat_map(|it| &it.log_records)
        .map(|it| &it.attributes);
    let spans = (out.traces.iter().flat_map(|it| &it.scope_spans))
        .flat_map(|it| &it.spans)
        .map(|it| &it.attributes);
    let left: Vec<_> = records.chain(spans).collect();
    for (attributes, (_, subject)) in left.iter().zip(ground.subjects()) {
        if let Some(url) = text(attributes, attr::URL_FULL) {
            let seen = Condition::parse(&format!(r#"attributes["url.full"] == "{url}""#)).unwrap();
            assert!(seen.holds(&subject), "conditions see the address {url}");
        }
    }
    let left = left.iter().map(|it| text(it, attr::URL_TEMPLATE));
    let left: Vec<_> = left.map(|it| it.unwrap_or("-".into())).collect();
    assert_eq!(told, left, "conditions see what leaves");
    left
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == name)?;
    match found.value.as_ref()?.value.clone()? {
        any_value::Value::StringValue(text) => Some(text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_template_is_that_of_the_address_for_conditions_and_for_what_leaves() {
    let body = r#"{"meta":{"page":{"url":"https://a.example/users/3"}},"logs":[{"message":"m"}],
        "events":[{"name":"faro.navigation","attributes":{"toUrl":"https://a.example/api/2"}},
            {"name":"faro.navigation","attributes":{"toUrl":"https://a.example/else"}},
            {"name":"faro.performance.resource","attributes":{"name":"https://a.example/api/7"}},
            {"name":"faro.performance.resource","attributes":{"name":"https://a.example/app.js"}},
            {"name":"faro.tracing.fetch","attributes":{"http.url":"https://a.example/api/5"}}],
        "traces":{"resourceSpans":[{"scopeSpans":[{"spans":[
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"http.url","value":{"stringValue":"https://a.example/api/5"}}]},
            {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203332","attributes":[{"key":"http.url","value":{"stringValue":"https://b.example/api/5"}}]}]}]}]}}"#;
    assert_eq!(
        templates(SourceKind::Faro, body, ""),
        [
            "/users/{id}",
            "/api/{id}",
            "-",
            "/api/{id}",
            "-",
            "/api/{id}",
            "/api/{id}",
            "-"
        ]
    );
}

#[test]
fn a_host_is_the_pages_own_by_what_came_as_otlp_or_by_the_origin() {
    let list = |page: &str| match page {
        "" => String::new(),
        page => {
            format!(r#"{{"key":"browser.document.url.full","value":{{"stringValue":"{page}"}}}},"#)
        }
    };
    let url = r#"{"key":"url.full","value":{"stringValue":"https://a.example/api/9"}}"#;
    let span = |resource: &str, own: &str| {
        let (resource, own) = (list(resource), list(own));
        let resource = format!(r#"{resource}{{"key":"a","value":{{"stringValue":"b"}}}}"#);
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{resource}]}},"scopeSpans":[{{"spans":[
            {{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","kind":3,"attributes":[{own}{url}]}}]}}]}}]}}"#
        )
    };
    let (same, other) = ("https://a.example/users/3", "https://b.example/users/3");
    for (resource, own, origin, want) in [
        ("", same, "", "/api/{id}"),
        ("", other, "", "-"),
        (same, "", "", "/api/{id}"),
        (other, "", "", "-"),
        (other, same, "", "/api/{id}"),
        ("", "", "", "-"),
        ("", "", "https://a.example", "/api/{id}"),
        ("", "", "https://b.example", "-"),
        ("", other, "https://a.example", "-"),
        ("", "", "null", "-"),
    ] {
        let body = span(resource, own);
        let found = templates(SourceKind::OtlpTraces, &body, origin);
        assert_eq!(found, [want], "{resource} {own} {origin}");
    }
    let record = |attributes: &str| {
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"m"}},"attributes":[{attributes}]}}]}}]}}]}}"#
        )
    };
    let page = list(same);
    for (attributes, origin, want) in [
        (page.trim_end_matches(','), "", "/users/{id}"),
        (url, "", "/api/{id}"),
        (url, "https://a.example", "/api/{id}"),
        (url, "https://b.example", "-"),
    ] {
        let found = templates(SourceKind::OtlpLogs, &record(attributes), origin);
        assert_eq!(found, [want], "{attributes} {origin}");
    }
}
