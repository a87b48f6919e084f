use prost::Message;

use super::*;
use crate::config::Config;
use crate::live::Live;
use crate::outcome::Refusal;
use crate::source;

fn sources() -> Sources {
    let destinations = Roster::default();
    destinations.enter("files", "otlp_file");
    Sources {
        ledgers: Ledgers::new(),
        queue: Queue::new(1000),
        dedupe: Dedupe::default(),
        connections: Connections::default(),
        bodies: Budget::new(1000),
        aggregate: Arc::default(),
        meters: Arc::default(),
        destinations,
        sources: source::Sources::default(),
        current: Current::new(Live::new(&Config::default(), None).unwrap()),
    }
}

#[test]
fn names_are_unique_and_say_their_unit() {
    let mut names: Vec<_> = TABLE.iter().map(|m| m.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
    for metric in TABLE {
        assert_eq!(
            metric.name.ends_with("_total"),
            metric.kind == Kind::Counter,
            "{}",
            metric.name
        );
        assert!(metric.help.trim().ends_with('.'), "{}", metric.name);
    }
}

#[test]
fn text_and_protobuf_say_the_same() {
    let sources = sources();
    sources.ledgers.request().accepted();
    sources.ledgers.request().refused(Refusal::BadJson);
    sources.ledgers.destination("fi\"les").exported(0);
    sources.meters.request_body.observe(300.0);
    let families = sources.gather();
    let text = String::from_utf8(encode(&families, Format::Text)).unwrap();
    for line in [
        "# HELP farol_requests_received_total Requests that reached a collect route with POST.",
        "# TYPE farol_requests_received_total counter",
        "farol_requests_received_total 2",
        "farol_requests_total{outcome=\"accepted\",reason=\"\"} 1",
        "farol_requests_total{outcome=\"refused\",reason=\"bad_json\"} 1",
        "farol_request_body_bytes_bucket{le=\"256\"} 0",
        "farol_request_body_bytes_bucket{le=\"1024\"} 1",
        "farol_request_body_bytes_bucket{le=\"+Inf\"} 1",
        "farol_request_body_bytes_sum 300",
        "farol_destination_items_pending{destination=\"fi\\\"les\"} 0",
        "farol_destination_metrics_pending{destination=\"files\"} 0",
        "farol_destination_failing{destination=\"files\"} 0",
        "farol_dedupe_window_seconds 172800",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    let bytes = encode(&families, Format::Protobuf);
    let mut rest = &bytes[..];
    let mut read = Vec::new();
    while !rest.is_empty() {
        read.push(proto::MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }
    assert_eq!(read.len(), families.len());
    let requests = read
        .iter()
        .find(|f| f.name == "farol_requests_total")
        .unwrap();
    assert_eq!(requests.r#type, proto::COUNTER);
    let refused = requests
        .metric
        .iter()
        .find(|m| m.label[1].value == "bad_json")
        .unwrap();
    assert_eq!(refused.counter.as_ref().unwrap().value, 1.0);
    let bodies = read
        .iter()
        .find(|f| f.name == "farol_request_body_bytes")
        .unwrap();
    assert_eq!(bodies.metric[0].histogram.as_ref().unwrap().sample_count, 1);
}

#[test]
fn a_loss_that_never_happened_is_a_zero_so_that_the_first_one_is_an_increase() {
    let sources = sources();
    sources.ledgers.destination("files").exported(0);
    let text = String::from_utf8(encode(&sources.gather(), Format::Text)).unwrap();
    for line in [
        "farol_requests_total{outcome=\"refused\",reason=\"queue_full\"} 0",
        "farol_requests_total{outcome=\"aborted\",reason=\"disconnected\"} 0",
        "farol_items_total{outcome=\"dropped\",reason=\"unreadable\"} 0",
        "farol_destination_items_total{destination=\"files\",outcome=\"dropped\",reason=\"rejected\"} 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
}

#[test]
fn a_scraper_gets_the_form_that_it_prefers() {
    let prometheus = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
        application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    assert_eq!(negotiate(Some(prometheus)), Format::Protobuf);
    assert_eq!(negotiate(None), Format::Text);
    assert_eq!(negotiate(Some("*/*")), Format::Text);
    assert_eq!(
        negotiate(Some("text/plain, application/vnd.google.protobuf;q=0.5")),
        Format::Text
    );
    assert_eq!(
        negotiate(Some(
            "application/vnd.google.protobuf;proto=other;encoding=delimited"
        )),
        Format::Text
    );
    assert_eq!(negotiate(Some(";;=,q")), Format::Text);
}
