use std::sync::Arc;

use super::*;
use crate::config;
use crate::dedupe::Dedupe;
use crate::export::{Reason, Roster};
use crate::inflate::Budget;
use crate::live::{Current, Live};
use crate::outcome::{DropReason, Ledgers};
use crate::serve::Connections;
use crate::source;

const NAME: &str = "<script>alert(1)</script>\u{1b}[2J";

fn status() -> Status {
    let destinations = Roster::default();
    let stats = destinations.enter(NAME, "loki");
    stats.fails(crate::export::Signal::Logs);
    stats.remember(&Reason::new("http 503", "a visitor's own words"));
    stats.snapshots.store(3, Relaxed);
    let ledgers = Ledgers::new();
    let books = ledgers.destination(NAME);
    books.enqueued(10);
    books.exported(4);
    books.dropped(DropReason::Rejected, 2);
    let app = config::App::new("<b>shop</b>");
    let config = config::Config {
        apps: vec![app.with("k1", config::Origin::parse("https://a.example").unwrap())],
        ..config::Config::default()
    };
    let sources = Sources {
        ledgers,
        queue: crate::queue::Queue::new(1000),
        dedupe: Dedupe::default(),
        connections: Connections::default(),
        bodies: Budget::new(1000),
        aggregate: Arc::default(),
        meters: Arc::default(),
        destinations,
        sources: source::Sources::default(),
        current: Current::new(Live::new(&config, None).unwrap()),
    };
    let beside = Beside {
        trouble: Some("the queue is full\n"),
        dead_letters: [(NAME.to_owned(), 77)].into(),
        now_ns: 5_000_000_000,
    };
    Status::gather(&sources, &beside)
}

#[test]
fn a_destination_that_fails_says_since_when_and_why_and_quotes_nothing() {
    let json: serde_json::Value = serde_json::from_str(&status().told(Form::Json)).unwrap();
    assert_eq!(json["ready"], false);
    assert_eq!(json["reason"], "the queue is full");
    assert_eq!(json["time"], "1970-01-01T00:00:05Z");
    let it = &json["destinations"][0];
    assert_eq!(
        (&*it["type"].to_string(), &it["pending"]),
        ("\"loki\"", &4.into())
    );
    assert_eq!(it["last_reason"], "http 503");
    assert!(it["failing_since"].as_str().unwrap().starts_with("20"));
    assert_eq!(it["dropped"]["rejected"], 2);
    assert_eq!(it["dead_letter_bytes"], 77);
    assert_eq!(it["metrics"]["delivered"], 3);
    assert_eq!(json["apps"][0]["keys"]["1"], 0);
    for form in [Form::Json, Form::Html, Form::Text] {
        assert!(!status().told(form).contains("words"), "{form:?}");
    }
}

#[test]
fn names_are_no_markup_and_nothing_that_a_terminal_obeys() {
    let html = status().told(Form::Html);
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let text = status().told(Form::Text);
    assert!(!text.contains('\u{1b}') && !html.contains('\u{1b}'));
    assert!(text.contains("takes nothing: the queue is full"), "{text}");
    let row = text.lines().find(|line| line.contains("loki")).unwrap();
    assert!(
        row.contains("http 503") && row.contains("2 rejected"),
        "{row}"
    );
}

#[test]
fn each_gets_the_form_that_it_names_first() {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    assert_eq!(Form::of(Some(browser)), Form::Html);
    assert_eq!(Form::of(Some("application/json")), Form::Json);
    assert_eq!(
        Form::of(Some("application/json;q=1, text/html")),
        Form::Json
    );
    assert_eq!(Form::of(Some("*/*")), Form::Text);
    assert_eq!(Form::of(None), Form::Text);
}
