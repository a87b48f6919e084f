use std::io::Read as _;
use std::time::Duration;

use super::*;
use crate::config::{Compression, Remote, Secret};
use crate::export::batch::Source;
use crate::export::destination::Reason;
use crate::export::fake::{Answer, Fake, remote};
use crate::export::{Signal, samples};

fn settings(fake: &Fake) -> Settings {
    let remote: Remote = remote(&format!("http://{}/in?a=b", fake.address)).remote;
    Settings {
        compression: Compression::None,
        ..Settings::new(remote)
    }
}

fn logs() -> Batch {
    let three = ["shop", "bank", "shop"].map(|it| Source::Record(samples::log(it, "m").into()));
    Batch::new(Signal::Logs, three.into())
}

fn by_app(fake: &Fake) -> Settings {
    let template = Template::parse("rum-{app}").unwrap();
    Settings {
        item_headers: vec![(HeaderName::from_static("x-app"), template)],
        ..settings(fake)
    }
}

async fn sent(settings: &Settings) -> Outcome {
    HttpDocuments::new(settings).unwrap().send(&logs()).await
}

#[tokio::test]
async fn a_batch_is_lines_or_a_list_as_asked() {
    for (format, kind) in [
        (DocumentFormat::Ndjson, "application/x-ndjson"),
        (DocumentFormat::Json, "application/json"),
    ] {
        let mut fake = Fake::answering(vec![]).await;
        let settings = Settings {
            format,
            ..settings(&fake)
        };
        assert_eq!(sent(&settings).await, Outcome::accepted());
        let seen = fake.seen.recv().await.unwrap();
        assert_eq!(
            (seen.path.as_str(), &seen.headers["content-type"]),
            ("/in", &kind.parse().unwrap())
        );
        let all: Vec<serde_json::Value> = match format {
            DocumentFormat::Json => serde_json::from_slice(&seen.body).unwrap(),
            DocumentFormat::Ndjson => {
                let text = std::str::from_utf8(&seen.body).unwrap();
                assert!(text.ends_with('\n'));
                text.lines()
                    .map(|it| serde_json::from_str(it).unwrap())
                    .collect()
            }
        };
        let services: Vec<_> = all.iter().map(|it| &it["service.name"]).collect();
        assert_eq!(services, ["shop", "bank", "shop"]);
    }
}

#[tokio::test]
async fn bodies_are_compressed_as_asked() {
    let mut fake = Fake::answering(vec![]).await;
    let settings = Settings {
        compression: Compression::Gzip,
        ..settings(&fake)
    };
    assert_eq!(sent(&settings).await, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.headers["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*seen.body)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text.lines().count(), 3);
}

#[tokio::test]
async fn headers_say_of_items_whose_they_are() {
    let mut fake = Fake::answering(vec![]).await;
    assert_eq!(sent(&by_app(&fake)).await, Outcome::accepted());
    for (want, lines) in [("rum-bank", 1), ("rum-shop", 2)] {
        let seen = fake.seen.recv().await.unwrap();
        assert_eq!(seen.headers["x-app"], want);
        assert_eq!(seen.body.iter().filter(|it| **it == b'\n').count(), lines);
    }
}

#[tokio::test]
async fn a_request_that_fails_leaves_the_others_delivered() {
    let answers = vec![
        Answer::status(200),
        Answer::with(429, "retry-after", "7", b""),
    ];
    let fake = Fake::answering(answers).await;
    let want = Outcome::Each {
        refused: Vec::new(),
        again: vec![0, 2],
        suspect: false,
        rejected: None,
        after: Some(Duration::from_secs(7)),
        reason: Reason::code("http 429"),
    };
    assert_eq!(sent(&by_app(&fake)).await, want);
}

#[tokio::test]
async fn what_is_wrong_with_the_batch_is_told_from_a_busy_or_broken_server() {
    // Frameworks say their own refusals by a page.
    let page = b"<!doctype html><h1>Bad field</h1>";
    let other_port = b"Client sent an HTTP request to an HTTPS server.\n";
    for (answer, want) in [
        (Answer::status(400), "refused"),
        (Answer::status(413), "refused"),
        (Answer::status(429), "again"),
        (Answer::status(500), "suspect"),
        (Answer::status(401), "again"),
        (
            Answer::with(400, "content-type", "text/html", page),
            "refused",
        ),
        (
            Answer::with(422, "content-type", "text/html", page),
            "refused",
        ),
        (Answer::with(400, "x", "y", other_port), "again"),
        (Answer::Reset, "again"),
    ] {
        let fake = Fake::answering(vec![answer.clone()]).await;
        let found = match sent(&settings(&fake)).await {
            Outcome::Refused(_) => "refused",
            Outcome::Retry { suspect: true, .. } => "suspect",
            Outcome::Retry { .. } => "again",
            _ => "taken",
        };
        assert_eq!(found, want, "{answer:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let fake = Fake::answering(vec![Answer::Hang]).await;
    let mut settings = settings(&fake);
    settings.remote.timeout = Duration::from_millis(200);
    assert_eq!(
        sent(&settings).await,
        Outcome::retry(Reason::code("timeout"))
    );
}

#[tokio::test]
async fn no_secret_is_in_what_is_said_of_it() {
    let fake = Fake::answering(vec![Answer::with(401, "x", "y", b"no")]).await;
    let mut settings = settings(&fake);
    let header = HeaderName::from_static("authorization");
    settings.remote.headers = vec![(header, Secret::new("hunter2"))];
    let said = format!("{settings:?} {:?}", sent(&settings).await);
    assert!(!said.contains("hunter2"), "{said}");
}
