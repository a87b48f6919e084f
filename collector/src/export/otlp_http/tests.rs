use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};

use super::*;
use crate::config::{Secret, Tls};
use crate::export::batch::Source;
use crate::export::fake::authority::{authority, tls};
use crate::export::fake::{Answer, Fake, remote};
use crate::export::http::AGENT;
use crate::export::samples;

fn logs() -> Batch {
    Batch::new(Signal::Logs, vec![Source::Record(samples::rich().into())])
}

async fn outcome(answer: Answer) -> Outcome {
    let fake = Fake::answering(vec![answer]).await;
    OtlpHttp::new(&fake.remote()).unwrap().send(&logs()).await
}

fn retry(code: &str) -> Outcome {
    Outcome::retry(Reason::code(code))
}

#[tokio::test]
async fn a_batch_is_one_post_of_protobuf_below_the_endpoint() {
    let mut fake = Fake::answering(vec![]).await;
    let mut settings = remote(&format!("http://{}/otlp/?tenant=a", fake.address));
    settings.remote.headers = vec![(
        HeaderName::from_static("x-scope-orgid"),
        Secret::new("tenant one"),
    )];
    let destination = OtlpHttp::new(&settings).unwrap();
    assert_eq!(destination.send(&logs()).await, Outcome::accepted());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.path, "/otlp/v1/logs");
    assert_eq!(seen.headers["content-type"], "application/x-protobuf");
    assert_eq!(seen.headers["x-scope-orgid"], "tenant one");
    assert_eq!(seen.headers["user-agent"], AGENT);
    assert!(!seen.headers.contains_key("content-encoding"));
    let request = ExportLogsServiceRequest::decode(&*seen.body).unwrap();
    assert_eq!(request.resource_logs[0].resource, samples::resource("shop"));
}

#[tokio::test]
async fn each_signal_has_its_path_unless_its_address_is_given_whole() {
    let mut fake = Fake::answering(vec![]).await;
    let mut settings = fake.remote();
    let whole = format!("http://{}/custom", fake.address);
    settings.signal_endpoints.metrics = Some(whole.parse().unwrap());
    let destination = OtlpHttp::new(&settings).unwrap();
    let otlp = Arc::new(samples::rich());
    let traces = Batch::new(Signal::Traces, vec![Source::Record(otlp)]);
    let metrics = Batch::new(
        Signal::Metrics,
        vec![Source::Metrics(samples::metrics().into())],
    );
    for (batch, path) in [(&traces, "/v1/traces"), (&metrics, "/custom")] {
        assert_eq!(destination.send(batch).await, Outcome::accepted());
        assert_eq!(fake.seen.recv().await.unwrap().path, path);
    }
}

#[tokio::test]
async fn bodies_are_compressed_as_asked() {
    let plain = logs().protobuf();
    for (compression, name) in [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")] {
        let mut fake = Fake::answering(vec![]).await;
        let mut settings = fake.remote();
        settings.compression = compression;
        let destination = OtlpHttp::new(&settings).unwrap();
        assert_eq!(destination.send(&logs()).await, Outcome::accepted());
        let seen = fake.seen.recv().await.unwrap();
        assert_eq!(seen.headers["content-encoding"], name);
        let mut inflated = Vec::new();
        match compression {
            Compression::Gzip => flate2::read::GzDecoder::new(&*seen.body)
                .read_to_end(&mut inflated)
                .map(drop)
                .unwrap(),
            _ => inflated = zstd::bulk::decompress(&seen.body, 1 << 20).unwrap(),
        }
        assert_eq!(inflated, plain);
    }
}

#[tokio::test]
async fn partial_success_is_read_in_both_encodings() {
    let response = ExportLogsServiceResponse {
        partial_success: Some(ExportLogsPartialSuccess {
            rejected_log_records: 1,
            error_message: "too old".into(),
        }),
    };
    let protobuf = response.encode_to_vec();
    let json = br#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}"#;
    for (kind, body) in [(PROTOBUF, &protobuf[..]), ("application/json", json)] {
        let found = outcome(Answer::with(200, "content-type", kind, body)).await;
        let want = Outcome::Accepted {
            rejected: 1,
            reason: Some(Reason::new("partial success", "too old")),
        };
        assert_eq!(found, want, "{kind}");
    }
}

#[tokio::test]
async fn a_page_is_no_receipt_whatever_its_status() {
    let page = b"<html>Sign in</html>";
    for kind in ["text/html", "Text/HTML; charset=utf-8"] {
        let found = outcome(Answer::with(200, "content-type", kind, page)).await;
        let reason = Reason::new("http 200, a page", "<html>Sign in</html>");
        assert_eq!(found, Outcome::retry(reason), "{kind}");
    }
    let long = vec![b'x'; MAX_ANSWER + 1];
    let found = outcome(Answer::with(200, "content-type", "text/html", &long)).await;
    assert_eq!(found, retry("http 200, a page"));
    // Some say their type where they say nothing, and some a word.
    for (kind, said) in [("text/html", ""), ("text/html", "ok"), ("text/plain", "ok")] {
        let answer = Answer::with(200, "content-type", kind, said.as_bytes());
        assert_eq!(outcome(answer).await, Outcome::accepted(), "{kind}");
    }
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_again() {
    for status in [429, 502, 503, 504] {
        let found = outcome(Answer::with(status, "retry-after", "7", b"")).await;
        let want = Outcome::Retry {
            after: Some(Duration::from_secs(7)),
            suspect: false,
            reason: Reason::code(format!("http {status}")),
        };
        assert_eq!(found, want);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_batch_is_told_from_what_is_wrong_with_the_server_or_the_settings() {
    for status in [400, 413, 422] {
        let found = outcome(Answer::status(status)).await;
        assert!(matches!(found, Outcome::Refused(_)), "{status}: {found:?}");
    }
    for status in [500, 501, 507] {
        let found = outcome(Answer::status(status)).await;
        assert!(
            matches!(found, Outcome::Retry { suspect: true, .. }),
            "{status}: {found:?}"
        );
    }
    // An operator can mend these while the queue holds what waits.
    for status in [301, 401, 403, 404, 405, 408, 415] {
        assert_eq!(
            outcome(Answer::status(status)).await,
            retry(&format!("http {status}"))
        );
    }
}

#[tokio::test]
async fn a_400_that_no_receiver_said_refuses_nothing() {
    let answer = |status, kind, words: &str| {
        outcome(Answer::with(status, "content-type", kind, words.as_bytes()))
    };
    for words in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "Bad Request\r\nThis combination of host and port requires TLS.\r\n",
        "Port 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n",
    ] {
        let want = Outcome::retry(Reason::new("http 400, another port", words));
        assert_eq!(answer(400, "text/plain", words).await, want);
    }
    let page = "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>";
    for status in [400, 422] {
        let code = format!("http {status}, a page");
        let want = Outcome::retry(Reason::new(code, page));
        assert_eq!(answer(status, "text/html", page).await, want);
    }
    // A proxy's own limit is of the batch, and what a receiver quotes was written by a browser.
    let quoted = "line too long: 'Client sent an HTTP request to an HTTPS server'";
    let status = r#"{"code":3,"message":"Port 9000 is for clickhouse-client program"}"#;
    for (code, kind, words) in [
        (413, "text/html", page),
        (400, "text/plain; charset=utf-8", quoted),
        (400, "text/html", "bad request"),
        (400, "application/json", status),
    ] {
        let found = answer(code, kind, words).await;
        assert!(matches!(found, Outcome::Refused(_)), "{words}: {found:?}");
    }
}

#[tokio::test]
async fn the_servers_words_are_kept_for_the_dead_letter() {
    let status = super::super::answer::RpcStatus::asking("bad record 7", 0).encode_to_vec();
    let found = outcome(Answer::with(400, "content-type", PROTOBUF, &status)).await;
    assert_eq!(
        found,
        Outcome::Refused(Reason::new("http 400", "bad record 7"))
    );
    let text = Answer::with(400, "content-type", "text/plain", b"no such tenant");
    assert_eq!(
        outcome(text).await,
        Outcome::Refused(Reason::new("http 400", "no such tenant"))
    );
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let mut fake = Fake::answering(vec![Answer::Hang]).await;
    let mut settings = fake.remote();
    settings.remote.timeout = Duration::from_millis(200);
    let destination = OtlpHttp::new(&settings).unwrap();
    assert_eq!(destination.send(&logs()).await, retry("timeout"));
    assert!(fake.seen.recv().await.is_some());
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_and_the_next_works() {
    let fake = Fake::answering(vec![Answer::Reset]).await;
    let destination = OtlpHttp::new(&fake.remote()).unwrap();
    assert_eq!(destination.send(&logs()).await, retry("connection lost"));
    assert_eq!(destination.send(&logs()).await, Outcome::accepted());
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let destination = OtlpHttp::new(&remote(&format!("http://{address}"))).unwrap();
    assert_eq!(
        destination.send(&logs()).await,
        retry("no connection, refused")
    );
    // Longer than any name of a host: the resolver asks nobody.
    let nowhere = format!("http://{}.invalid:4318", "a".repeat(64));
    let unknown = OtlpHttp::new(&remote(&nowhere)).unwrap();
    let Outcome::Retry { reason, .. } = unknown.send(&logs()).await else {
        panic!("somebody is there");
    };
    assert_eq!(reason.code, "no connection, no such host");
}

async fn over_tls(ask_client: bool, settings: impl FnOnce(&Path) -> Tls) -> Outcome {
    let authority = authority(ask_client);
    let fake = Fake::over_tls(authority.server).await;
    let mut settings_of = remote(&format!("https://{}", fake.address));
    settings_of.remote.tls = settings(authority.folder.path());
    OtlpHttp::new(&settings_of).unwrap().send(&logs()).await
}

#[tokio::test]
async fn a_server_with_a_certificate_of_our_own_authority_is_believed() {
    assert_eq!(
        over_tls(false, |it| tls(it, false)).await,
        Outcome::accepted()
    );
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_one_is_asked_for() {
    assert_eq!(
        over_tls(true, |it| tls(it, true)).await,
        Outcome::accepted()
    );
    assert_ne!(
        over_tls(true, |it| tls(it, false)).await,
        Outcome::accepted()
    );
}

#[tokio::test]
async fn a_stranger_is_believed_only_if_that_was_asked_for_by_name() {
    assert_eq!(
        over_tls(false, |_| Tls::default()).await,
        retry("no connection, unknown certificate authority")
    );
    let wrong_name = |folder: &Path| Tls {
        server_name: Some("else.test".into()),
        ..tls(folder, false)
    };
    assert_eq!(
        over_tls(false, wrong_name).await,
        retry("no connection, certificate of another name")
    );
    let skip = Tls {
        insecure_skip_verify: true,
        ..Tls::default()
    };
    assert_eq!(over_tls(false, |_| skip).await, Outcome::accepted());
}

#[test]
fn a_wrong_tls_file_is_named_at_start_and_no_secret_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.key");
    std::fs::write(&file, "hunter2").unwrap();
    let authority = authority(false);
    let cert = authority.folder.path().join("client.pem");
    for (tls, want) in [
        (
            Tls {
                ca_file: Some(file.clone()),
                ..Tls::default()
            },
            "tls.ca_file",
        ),
        (
            Tls {
                ca_file: Some("/nowhere".into()),
                ..Tls::default()
            },
            "/nowhere",
        ),
        (
            Tls {
                cert_file: Some(cert.clone()),
                key_file: Some(file),
                ..Tls::default()
            },
            "tls.key_file",
        ),
        (
            Tls {
                cert_file: Some(cert),
                ..Tls::default()
            },
            "both needed",
        ),
    ] {
        let mut settings = remote("https://127.0.0.1:1");
        settings.remote.tls = tls;
        let error = match OtlpHttp::new(&settings) {
            Ok(_) => panic!("{want} is taken"),
            Err(error) => format!("{error:#}"),
        };
        assert!(error.contains(want), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_too_long_is_no_success() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let cut = async |status: &'static str| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = remote(&format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut seen, body) = (Vec::new(), logs().protobuf());
            // An answer before the end of the request is something else.
            while !seen.ends_with(&body) {
                assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
            }
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 90\r\n\r\n\x0a\x50");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        OtlpHttp::new(&settings).unwrap().send(&logs()).await
    };
    assert_eq!(cut("200 OK").await, retry("answer cut"));
    // Whose word it is stood in the rest.
    assert_eq!(cut("400 Bad Request").await, retry("http 400, cut"));
    let found = cut("413 Too Large").await;
    assert!(matches!(found, Outcome::Refused(_)), "{found:?}");

    let partial = ExportLogsServiceResponse {
        partial_success: Some(ExportLogsPartialSuccess {
            rejected_log_records: 1,
            error_message: "x".repeat(MAX_ANSWER),
        }),
    };
    let long = Answer::with(200, "content-type", PROTOBUF, &partial.encode_to_vec());
    let want = Outcome::Retry {
        after: None,
        suspect: true,
        reason: Reason::code("answer too long"),
    };
    assert_eq!(outcome(long).await, want);
}
