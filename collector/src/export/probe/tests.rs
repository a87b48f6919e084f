//! Each type against a server that plays it: well, away, with wrong credentials, somebody else.

use std::time::Duration;

use super::*;
use crate::config::{
    ClickHouse, Elasticsearch, FluentForward, HttpDocuments, Loki, OtlpRemote, Parquet, Remote, S3,
    S3Keys, Secret,
};
use crate::export::elasticsearch;
use crate::export::fake::{Answer as Given, Fake, remote};

/// What is said of a destination.
async fn said(kind: DestinationKind) -> String {
    let mut out = Vec::new();
    let mut report = Report::new(&mut out, false);
    look("destination d", &Destination::new("d", kind), &mut report).await;
    drop(report);
    String::from_utf8(out).unwrap()
}

/// What is said where its server gives these answers.
async fn after(answers: Vec<Given>, kind: impl Fn(OtlpRemote) -> DestinationKind) -> String {
    let fake = Fake::answering(answers).await;
    said(kind(fake.remote())).await
}

fn text(status: u16, body: &str) -> Given {
    Given::with(status, "content-type", "text/plain", body.as_bytes())
}

#[tokio::test]
async fn each_otlp_signal_is_asked_for_by_itself() {
    let answers = vec![Given::status(200), Given::status(404), Given::status(401)];
    let said = after(answers, DestinationKind::OtlpHttp).await;
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("ok ") && lines[0].contains("takes OTLP logs"),
        "{said}"
    );
    assert!(
        lines[1].contains("no OTLP receiver for traces") && lines[1].contains("leave traces out"),
        "{said}"
    );
    assert!(
        lines[2].starts_with("fail") && lines[2].contains("auth"),
        "{said}"
    );
}

#[tokio::test]
async fn a_400_is_an_otlp_receivers_only_where_it_says_a_status() {
    let page = "<center>The plain HTTP request was sent to HTTPS port</center>";
    let json = |body: &str| Given::with(400, "content-type", "application/json", body.as_bytes());
    // A message of three letters.
    let status = b"\x08\x03\x12\x03bad";
    let answers = vec![
        Given::with(400, "content-type", "application/x-protobuf", status),
        json(r#"{"code":3,"message":"empty"}"#),
        Given::with(400, "content-type", "text/html", page.as_bytes()),
    ];
    let said = after(answers, DestinationKind::OtlpHttp).await;
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("ok ") && lines[1].starts_with("ok "),
        "{said}"
    );
    assert!(
        lines[2].starts_with("warn") && lines[2].contains("sent to HTTPS port"),
        "{said}"
    );
    let other = vec![json(r#"{"error":"no"}"#), text(400, ""), Given::status(400)];
    let said = after(other, DestinationKind::OtlpHttp).await;
    assert!(said.lines().all(|it| it.starts_with("warn")), "{said}");
}

#[tokio::test]
async fn nobody_at_the_address_is_one_finding_whatever_the_type() {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = bound.local_addr().unwrap();
    drop(bound);
    let http = remote(&format!("http://{address}"));
    let tcp = Remote::new(format!("tcp://{address}").parse().unwrap());
    for kind in [
        DestinationKind::OtlpHttp(http.clone()),
        DestinationKind::OtlpGrpc(http.clone()),
        DestinationKind::Loki(Loki::new(http.remote.clone())),
        DestinationKind::Http(HttpDocuments::new(http.remote.clone())),
        DestinationKind::Elasticsearch(Elasticsearch::new(http.remote.clone())),
        DestinationKind::ClickHouse(ClickHouse::new(http.remote.clone())),
        DestinationKind::FluentForward(FluentForward::new(tcp)),
    ] {
        let said = said(kind.clone()).await;
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.starts_with("fail  destination d: nobody answers at "),
            "{said}"
        );
        assert!(said.contains("; start it"), "{}: {said}", kind.as_str());
    }
}

#[tokio::test]
async fn loki_says_its_version_and_whom_it_lets_in() {
    let loki = |it: OtlpRemote| DestinationKind::Loki(Loki::new(it.remote));
    let build = |version: &str| text(200, &format!(r#"{{"version":"{version}"}}"#));
    let well = vec![
        text(200, "ready"),
        build("3.7.8"),
        text(422, "at least one valid stream"),
    ];
    let said = after(well, loki).await;
    assert!(
        said.starts_with("ok    destination d: Loki 3.7.8 takes pushes"),
        "{said}"
    );
    let old = vec![text(200, "ready"), build("2.8.0"), text(204, "")];
    assert!(after(old, loki).await.starts_with("warn"));
    let stranger = vec![text(200, "ready"), build("3.7.8"), text(401, "no org id")];
    let said = after(stranger, loki).await;
    assert!(
        said.contains("no org id") && said.contains("tenant"),
        "{said}"
    );
    let other = vec![
        text(400, "plain HTTP"),
        text(400, "plain HTTP"),
        text(400, "plain HTTP"),
    ];
    let said = after(other, loki).await;
    assert!(
        said.starts_with("warn") && said.contains("http 400: plain HTTP"),
        "{said}"
    );
    let old = vec![text(200, "ready"), text(404, ""), text(400, "no stream")];
    assert!(after(old, loki).await.starts_with("ok "));
    let early = vec![text(503, "Ingester not ready")];
    assert!(after(early, loki).await.starts_with("warn"));
}

#[tokio::test]
async fn elasticsearch_that_was_not_set_up_is_told_by_which_command() {
    let kind = |it: OtlpRemote| DestinationKind::Elasticsearch(Elasticsearch::new(it.remote));
    let about = r#"{"version":{"number":"9.1.3"}}"#;
    let answers = vec![
        text(200, about),
        text(200, about),
        text(404, "{}"),
        text(404, "{}"),
    ];
    let said = after(answers, kind).await;
    assert!(said.contains("Elasticsearch 9.1.3 answers"), "{said}");
    assert!(
        said.contains("index template farol would be made"),
        "{said}"
    );
    assert!(
        said.contains("farol-collector setup elasticsearch --destination d"),
        "{said}"
    );
    assert!(said.contains("fail  destination d: not set up"), "{said}");
    let said = after(vec![text(200, "<html>")], kind).await;
    assert!(
        said.contains("neither Elasticsearch nor OpenSearch"),
        "{said}"
    );
    assert!(after(vec![text(401, "")], kind).await.contains("auth"));
}

#[tokio::test]
async fn a_user_who_may_only_write_to_a_cluster_is_no_failure() {
    let kind = |it: OtlpRemote| DestinationKind::Elasticsearch(Elasticsearch::new(it.remote));
    let refused = Given::with(403, "x-elastic-product", "Elasticsearch", b"{}");
    let said = after(vec![refused.clone(); 4], kind).await;
    assert!(
        said.starts_with("ok    destination d: Elasticsearch answers"),
        "{said}"
    );
    assert!(
        said.contains("warn  destination d: this user may not"),
        "{said}"
    );
    assert!(!said.lines().any(|it| it.starts_with("fail")), "{said}");
    let other = after(vec![text(403, "no")], kind).await;
    assert!(other.starts_with("fail"), "{other}");
}

#[tokio::test]
async fn a_cluster_that_lacks_only_its_policy_works_and_is_to_be_looked_at() {
    let about = r#"{"version":{"number":"3.1.0","distribution":"opensearch"}}"#;
    // Without an ISM plugin it answers 400 to that.
    for policy in [text(404, "{}"), text(400, "no handler found")] {
        // What `setup` sends there, as the cluster would show it.
        let mut fake = Fake::answering(vec![text(200, about), text(404, "{}")]).await;
        let settings = Elasticsearch::new(fake.remote().remote);
        let sent = elasticsearch::setup::run(&settings, false, &mut |_, _| Ok(())).await;
        assert!(sent.is_err(), "no policy can be read there");
        let mut template = fake.seen.recv().await.unwrap();
        while template.body.is_empty() {
            template = fake.seen.recv().await.unwrap();
        }
        let template = String::from_utf8(template.body.to_vec()).unwrap();
        let template = format!(r#"{{"index_templates":[{{"index_template":{template}}}]}}"#);
        let kind = |it: OtlpRemote| DestinationKind::Elasticsearch(Elasticsearch::new(it.remote));
        let answers = vec![
            text(200, about),
            text(200, about),
            text(200, &template),
            policy,
        ];
        let said = after(answers, kind).await;
        assert!(said.contains("warn  destination d: not set up"), "{said}");
        assert!(said.contains("lifecycle policy farol (ISM)"), "{said}");
        assert!(!said.lines().any(|it| it.starts_with("fail")), "{said}");
    }
}

#[tokio::test]
async fn clickhouse_says_its_version_and_whether_its_tables_are_there() {
    let kind = |it: OtlpRemote| DestinationKind::ClickHouse(ClickHouse::new(it.remote));
    let said = after(
        vec![text(200, "25.8.1\n"), text(200, "0"), text(200, "0")],
        kind,
    )
    .await;
    assert!(said.contains("ClickHouse 25.8.1 answers"), "{said}");
    assert!(
        said.contains("farol-collector setup clickhouse --destination d"),
        "{said}"
    );
    // How long others keep their data is no fault.
    let others = text(200, "MergeTree TTL TimestampTime + toIntervalDay(365)\t\n");
    let mut answers = vec![text(200, "25.8.1\n"), text(200, "1"), others.clone()];
    answers.extend([text(200, "1"), others.clone(), others, text(200, "1")]);
    let said = after(answers, kind).await;
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("ok"), "{said}");
    let said = after(
        vec![text(403, "Code: 516. DB::Exception: AUTHENTICATION_FAILED")],
        kind,
    )
    .await;
    assert!(said.contains("credentials"), "{said}");
}

#[tokio::test]
async fn remote_write_that_is_switched_off_or_old_is_told_how() {
    let kind = |it: OtlpRemote| {
        DestinationKind::RemoteWrite(config::RemoteWrite {
            remote: it.remote,
            version: RemoteWriteVersion::Two,
            client_metrics: false,
        })
    };
    assert!(
        after(vec![Given::status(204)], kind)
            .await
            .starts_with("ok")
    );
    assert!(
        after(vec![Given::status(404)], kind)
            .await
            .contains("--web.enable-remote-write-receiver")
    );
    assert!(
        after(vec![Given::status(415)], kind)
            .await
            .contains("protocol_version = \"1.0\"")
    );
}

#[tokio::test]
async fn documents_are_asked_for_without_leaving_one() {
    let mut fake = Fake::answering(vec![Given::status(405)]).await;
    let said = said(DestinationKind::Http(HttpDocuments::new(
        fake.remote().remote,
    )))
    .await;
    assert!(
        said.starts_with("ok ") && said.contains("http 405 to OPTIONS"),
        "{said}"
    );
    assert!(fake.seen.recv().await.unwrap().body.is_empty());
    let kind = |it: OtlpRemote| DestinationKind::Http(HttpDocuments::new(it.remote));
    for (status, level) in [
        (204, "ok "),
        (501, "ok "),
        (400, "warn"),
        (502, "warn"),
        (503, "warn"),
        (500, "fail"),
    ] {
        let said = after(vec![text(status, "words")], kind).await;
        assert!(said.starts_with(level), "{status}: {said}");
        assert_eq!(said.contains("words"), level != "ok ", "{said}");
    }
}

#[tokio::test]
async fn forward_says_whether_a_key_is_asked_for() {
    let server = |greeting: &'static [u8]| async move {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, greeting)
                .await
                .unwrap();
            std::future::pending::<()>().await;
        });
        let mut settings =
            FluentForward::new(Remote::new(format!("tcp://{address}").parse().unwrap()));
        settings.remote.timeout = Duration::from_secs(20);
        settings
    };
    let open = said(DestinationKind::FluentForward(server(b"").await)).await;
    assert!(open.contains("asks for no key"), "{open}");
    // ["HELO", {}]
    let closed = said(DestinationKind::FluentForward(
        server(b"\x92\xa4HELO\x80").await,
    ))
    .await;
    assert!(closed.contains("set shared_key"), "{closed}");
    let other = said(DestinationKind::FluentForward(server(b"SSH-2.0").await)).await;
    assert!(other.contains("speaks no Forward protocol"), "{other}");
}

#[tokio::test]
async fn what_an_address_or_a_credential_holds_is_not_shown() {
    let fake = Fake::answering(vec![Given::status(401)]).await;
    let mut remote = fake.remote();
    remote.remote.endpoint = format!("http://{}/?token=hidden1", fake.address)
        .parse()
        .unwrap();
    let name = HeaderName::from_static("authorization");
    remote.remote.headers = vec![(name, Secret::new("Bearer hidden2"))];
    let said = said(DestinationKind::OtlpHttp(remote)).await;
    assert!(
        !said.contains("hidden1") && !said.contains("hidden2"),
        "{said}"
    );
}

fn bucket(settings: OtlpRemote) -> DestinationKind {
    DestinationKind::Parquet(Parquet::Bucket(Box::new(S3 {
        remote: settings.remote,
        bucket: "rum".to_owned(),
        prefix: String::new(),
        region: "us-east-1".to_owned(),
        path_style: true,
        keys: Some(S3Keys {
            id: Secret::new("id"),
            secret: Secret::new("key"),
            token: None,
        }),
    })))
}

#[tokio::test]
async fn a_bucket_is_there_where_a_store_lists_it_and_not_where_a_console_answers() {
    let list = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"a\"></ListBucketResult>";
    let right = after(vec![text(200, list)], bucket).await;
    assert!(
        right.starts_with("ok ") && right.contains("has the bucket rum"),
        "{right}"
    );
    let page = format!("<html>{}</html>", "x".repeat(9_000));
    for status in [200, 204, 400] {
        let wrong = after(vec![text(status, &page)], bucket).await;
        assert!(
            wrong.starts_with("fail") && wrong.contains("correct endpoint"),
            "{wrong}"
        );
        assert!(wrong.len() < 600, "{wrong}");
    }
}
