use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::config::{Remote, S3Keys, Secret};
use crate::convert::Otlp;
use crate::export::Signal;
use crate::export::batch::Source;
use crate::export::fake::{Answer as Reply, Fake, Seen};
use crate::export::samples;

const KEY: &str = "AKIAEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

fn settings(endpoint: &str) -> Settings {
    Settings {
        remote: Remote {
            // Far above what loopback takes, far below what a test may.
            timeout: Duration::from_secs(20),
            ..Remote::new(endpoint.parse().unwrap())
        },
        bucket: "rum".to_owned(),
        prefix: "raw/a b+c".to_owned(),
        region: "eu-west-1".to_owned(),
        path_style: true,
        keys: Some(S3Keys {
            id: Secret::new(KEY),
            secret: Secret::new(SECRET),
            token: None,
        }),
    }
}

fn bucket(fake: &Fake) -> Bucket {
    Bucket::new(&settings(&format!("http://{}", fake.address))).unwrap()
}

fn taken() -> Reply {
    Reply::with(200, "etag", "\"0f6c\"", b"")
}

/// Gives these answers in turn, then takes all.
async fn store(answers: Vec<Reply>) -> Fake {
    Fake::answering_then(answers, taken()).await
}

fn logs(apps: &[&str]) -> Batch {
    let sources = apps.iter().map(|app| samples::log(app, "a"));
    let sources: Vec<Otlp> = sources.collect();
    let sources = sources.into_iter().map(|it| Source::Record(it.into()));
    Batch::new(Signal::Logs, sources.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// RFC 2104, so that the signature is checked by other code than made it.
fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|it| it ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(padded(0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

/// The signature that AWS's documentation comes to for a request as it arrived.
fn signature(method: &str, seen: &Seen, secret: &str) -> String {
    let said = seen.headers["authorization"].to_str().unwrap();
    let said = said.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
    let parts: BTreeMap<_, _> = said
        .split(", ")
        .map(|it| it.split_once('=').unwrap())
        .collect();
    let names: Vec<_> = parts["SignedHeaders"].split(';').collect();
    for name in ["host", "x-amz-content-sha256", "x-amz-date"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let header = |name: &str| seen.headers[name].to_str().unwrap().to_owned();
    assert_eq!(
        header("x-amz-content-sha256"),
        hex(&Sha256::digest(&seen.body))
    );
    let headers: String = (names.iter())
        .map(|name| format!("{name}:{}\n", header(name).trim()))
        .collect();
    let request = [
        method,
        &seen.path,
        seen.query.as_deref().unwrap_or_default(),
        &headers,
        parts["SignedHeaders"],
        &header("x-amz-content-sha256"),
    ];
    let (_, scope) = parts["Credential"].split_once('/').unwrap();
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header("x-amz-date"),
        hex(&Sha256::digest(request.join("\n")))
    );
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope
        .split('/')
        .fold(first, |key, part| hmac(&key, part).to_vec());
    let right = hex(&hmac(&key, &to_sign));
    assert_eq!(parts["Signature"], right);
    parts["Credential"].to_owned()
}

#[tokio::test]
async fn a_batch_is_put_signed_under_its_partition_and_again_over_itself() {
    let mut fake = store(vec![]).await;
    let to = bucket(&fake);
    let batch = logs(&["shop ü"]);
    for _ in 0..2 {
        assert_eq!(to.send(&batch).await, Outcome::accepted());
    }
    let first = fake.seen.recv().await.unwrap();
    let again = fake.seen.recv().await.unwrap();
    assert_eq!((&first.path, &first.body), (&again.path, &again.body));
    // The name of the folder is in percents, and these in an address are in percents again.
    let start = "/rum/raw/a%20b%2Bc/logs/app%3Dshop%2520%25C3%25BC/date%3D";
    assert!(first.path.starts_with(start), "{}", first.path);
    assert!(first.path.ends_with(".parquet"), "{}", first.path);
    assert_eq!(&first.body[..4], b"PAR1");
    for seen in [&first, &again] {
        let credential = signature("PUT", seen, SECRET);
        assert!(credential.starts_with(&format!("{KEY}/")), "{credential}");
        assert!(credential.ends_with("/eu-west-1/s3/aws4_request"));
    }
    let other = logs(&["shop"]);
    to.send(&other).await;
    assert_ne!(fake.seen.recv().await.unwrap().path, first.path);
}

#[tokio::test]
async fn a_look_at_the_bucket_is_signed_and_writes_nothing() {
    let mut fake = store(vec![]).await;
    assert!(bucket(&fake).knock().await.unwrap().status.is_success());
    let seen = fake.seen.recv().await.unwrap();
    assert_eq!(seen.query.as_deref(), Some("list-type=2&max-keys=1"));
    assert!(seen.body.is_empty());
    signature("GET", &seen, SECRET);
}

#[test]
fn a_bucket_stands_in_the_path_or_before_the_host() {
    for (endpoint, in_path, before) in [
        (
            "https://S3.example:9000/store/",
            "https://s3.example:9000/store/rum/",
            "https://rum.s3.example:9000/store/",
        ),
        // A port that goes without saying is not signed.
        (
            "https://s3.example:443",
            "https://s3.example/rum/",
            "https://rum.s3.example/",
        ),
        (
            "http://s3.example:80",
            "http://s3.example/rum/",
            "http://rum.s3.example/",
        ),
    ] {
        let mut settings = settings(endpoint);
        assert_eq!(settings.address().unwrap(), in_path);
        settings.path_style = false;
        assert_eq!(settings.address().unwrap(), before);
    }
}

#[test]
fn an_address_that_cannot_be_signed_for_is_an_error_at_start() {
    for endpoint in ["https://minio.1:9000", "https://999.1.1.1"] {
        assert!(Bucket::new(&settings(endpoint)).is_err(), "{endpoint}");
    }
}

fn error(status: u16, code: &str) -> Reply {
    let page = format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>why</Message><AWSAccessKeyId>{KEY}</AWSAccessKeyId></Error>"
    );
    Reply::with(status, "retry-after", "7", page.as_bytes())
}

async fn outcome(reply: Reply) -> Outcome {
    let fake = store(vec![reply]).await;
    bucket(&fake).send(&logs(&["shop"])).await
}

#[tokio::test]
async fn a_busy_or_wrongly_set_store_is_asked_again_and_only_a_file_of_its_own_fault_is_refused() {
    for (reply, code) in [
        (error(503, "SlowDown"), "s3 SlowDown"),
        (error(500, "InternalError"), "s3 InternalError"),
        (error(403, "AccessDenied"), "s3 AccessDenied"),
        (
            error(403, "SignatureDoesNotMatch"),
            "s3 SignatureDoesNotMatch",
        ),
        (error(404, "NoSuchBucket"), "s3 NoSuchBucket"),
        (error(400, "ExpiredToken"), "s3 ExpiredToken"),
        (error(400, "Invented"), "http 400"),
        (error(301, "PermanentRedirect"), "s3 PermanentRedirect"),
        (Reply::status(400), "http 400"),
        (Reply::status(502), "http 502"),
        (Reply::Reset, "connection lost"),
        (Reply::status(200), "no s3 answer"),
        (
            Reply::with(
                200,
                "content-type",
                "text/html",
                b"<html>the console</html>",
            ),
            "no s3 answer",
        ),
        (
            Reply::Status(
                200,
                vec![
                    ("content-type", "text/html".to_owned()),
                    ("etag", "W/\"1\"".to_owned()),
                ],
                Bytes::from_static(b"<html>a catch-all</html>"),
            ),
            "no s3 answer",
        ),
    ] {
        match outcome(reply).await {
            Outcome::Retry {
                suspect: false,
                reason,
                after,
            } => {
                assert_eq!(reason.code, code);
                assert!(!reason.detail.contains(KEY), "{reason:?}");
                let asked = code == "s3 SlowDown";
                assert!(!asked || after == Some(Duration::from_secs(7)), "{after:?}");
            }
            other => panic!("{code}: {other:?}"),
        }
    }
    for reply in [
        error(400, "EntityTooLarge"),
        error(400, "KeyTooLongError"),
        Reply::status(413),
    ] {
        let outcome = outcome(reply).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_store_that_says_nothing_is_not_waited_for_longer_than_its_time() {
    let fake = store(vec![Reply::Hang]).await;
    let mut settings = settings(&format!("http://{}", fake.address));
    settings.remote.timeout = Duration::from_millis(50);
    let to = Bucket::new(&settings).unwrap();
    let outcome = to.send(&logs(&["shop"])).await;
    assert_eq!(outcome, Outcome::retry(Reason::code("timeout")));
}

#[tokio::test]
async fn of_several_files_those_that_are_refused_alone_are_tried_again_alone() {
    let replies = vec![taken(), Reply::status(413)];
    let fake = store(replies).await;
    // Files go by the names of their apps, items by their order.
    let sent = bucket(&fake).send(&logs(&["b", "a", "b"])).await;
    match sent {
        Outcome::Each { refused, again, .. } => {
            assert!(refused.is_empty());
            assert_eq!(again, [0, 2]);
        }
        other => panic!("{other:?}"),
    }
    let fake = store(vec![Reply::status(413), Reply::status(413)]).await;
    let sent = bucket(&fake).send(&logs(&["b", "a"])).await;
    assert!(matches!(sent, Outcome::Refused(_)), "{sent:?}");
}

/// Which items are to come again, and why.
fn again(outcome: Outcome) -> (Vec<usize>, Reason) {
    match outcome {
        Outcome::Each {
            refused,
            again,
            reason,
            ..
        } if refused.is_empty() => (again, reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_the_store_has_does_not_come_again_with_what_it_does_not_take() {
    let busy = || error(503, "SlowDown");
    for no in [busy(), Reply::Reset, Reply::status(200)] {
        let mut fake = store(vec![taken(), no]).await;
        let to = bucket(&fake);
        let (places, _) = again(to.send(&logs(&["a", "b", "c"])).await);
        assert_eq!(places, [1, 2]);
        // What is behind a store that wants to be left alone is not asked of it.
        assert_eq!(apps(&mut fake), "ab");
    }
    match again_after(busy()).await {
        Outcome::Each { after, reason, .. } => {
            assert_eq!(after, Some(Duration::from_secs(7)));
            assert_eq!(reason.code, "s3 SlowDown");
        }
        other => panic!("{other:?}"),
    }
}

async fn again_after(no: Reply) -> Outcome {
    let fake = store(vec![taken(), no]).await;
    bucket(&fake).send(&logs(&["a", "b"])).await
}

#[tokio::test]
async fn an_app_whose_folder_is_forbidden_keeps_nobody_elses_rows() {
    for no in [|| error(403, "AccessDenied"), || Reply::status(403)] {
        // Batches of which something was taken are never whole again: divided later, their parts would have other names.
        let mut fake = store(vec![no(), taken(), no(), taken()]).await;
        let to = bucket(&fake);
        let (places, reason) = again(to.send(&logs(&["d", "c", "b", "a", "a"])).await);
        assert_eq!(places, [3, 4, 1]);
        assert!(reason.code.ends_with("AccessDenied") || reason.code == "http 403");
        assert_eq!(apps(&mut fake), "abcd");
    }
    // Where all is forbidden it is the destination that does not take anything.
    let fake = store(vec![error(403, "AccessDenied"), error(403, "AccessDenied")]).await;
    let outcome = bucket(&fake).send(&logs(&["a", "b"])).await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    // And where one file is at fault beside it, nothing is there yet: it is found by dividing.
    let fake = store(vec![Reply::status(413), Reply::status(403)]).await;
    let outcome = bucket(&fake).send(&logs(&["a", "b"])).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

/// The apps whose files were put, by their first letters.
fn apps(fake: &mut Fake) -> String {
    let mut apps = String::new();
    while let Ok(seen) = fake.seen.try_recv() {
        let (_, app) = seen.path.split_once("app%3D").unwrap();
        apps.push_str(&app[..1]);
    }
    apps
}

#[tokio::test]
async fn a_bucket_that_went_is_given_all_again() {
    let replies = vec![taken(), error(404, "NoSuchBucket")];
    let mut fake = store(replies).await;
    let to = bucket(&fake);
    let batch = logs(&["a", "b"]);
    assert!(matches!(to.send(&batch).await, Outcome::Retry { .. }));
    assert_eq!(to.send(&batch).await, Outcome::accepted());
    let mut puts = 0;
    while fake.seen.try_recv().is_ok() {
        puts += 1;
    }
    assert_eq!(puts, 4);
}

#[test]
fn of_a_page_as_much_is_said_as_a_person_reads() {
    let long = "x".repeat(60_000);
    for body in [
        long.clone(),
        format!("<Error><Message>{long}</Message></Error>"),
    ] {
        let said = Said::of(&answer(404, false, body));
        assert_eq!(said.message.len(), 200);
    }
}

#[tokio::test]
async fn without_keys_the_role_of_the_pod_is_asked_for_them() {
    let mut role = Fake::answering(vec![Reply::with(
        200,
        "content-type",
        "application/json",
        br#"{"AccessKeyId":"ASIAROLE","SecretAccessKey":"of the role","Token":"for-a-while","Expiration":"2999-01-01T00:00:00Z"}"#,
    )])
    .await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "pod").unwrap();
    let environment = BTreeMap::from([
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("http://{}/creds", role.address),
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.display().to_string(),
        ),
    ]);
    let mut fake = store(vec![]).await;
    let settings = Settings {
        keys: None,
        ..settings(&format!("http://{}", fake.address))
    };
    let to = Bucket::found(&settings, |name| environment.get(name).cloned()).unwrap();
    assert_eq!(to.send(&logs(&["shop"])).await, Outcome::accepted());
    let asked = role.seen.recv().await.unwrap();
    assert_eq!(
        (asked.path.as_str(), &asked.headers["authorization"]),
        ("/creds", &HeaderValue::from_static("pod"))
    );
    let put = fake.seen.recv().await.unwrap();
    assert_eq!(put.headers["x-amz-security-token"], "for-a-while");
    assert!(signature("PUT", &put, "of the role").starts_with("ASIAROLE/"));
}

#[tokio::test]
async fn nobody_who_gives_credentials_is_a_try_again() {
    let gone = store(vec![]).await.address;
    let environment = BTreeMap::from([("AWS_METADATA_ENDPOINT", format!("http://{gone}"))]);
    let settings = Settings {
        keys: None,
        ..settings("http://127.0.0.1:9")
    };
    let to = Bucket::found(&settings, |name| environment.get(name).cloned()).unwrap();
    match to.send(&logs(&["shop"])).await {
        Outcome::Retry { reason, .. } => assert_eq!(reason.code, "no credentials"),
        other => panic!("{other:?}"),
    }
    // Half a pair is a mistake that shows at start.
    let half = BTreeMap::from([("AWS_ACCESS_KEY_ID", KEY.to_owned())]);
    assert!(Bucket::found(&settings, |name| half.get(name).cloned()).is_err());
}

#[test]
fn settings_show_no_key() {
    let shown = format!("{:?}", settings("http://127.0.0.1:9"));
    assert!(!shown.contains(KEY) && !shown.contains(SECRET), "{shown}");
}

fn answer(status: u16, etag: bool, body: String) -> Answer {
    let etag = etag.then(|| (http::header::ETAG, HeaderValue::from_static("\"0f6c\"")));
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter(etag),
        body: Bytes::from(body),
        overlong: false,
    }
}

proptest! {
    #[test]
    fn whatever_is_said_is_judged(
        status in 100_u16..600,
        etag: bool,
        words in "(<Error>|<Code>|</Code>|<Message>|</Message>|SlowDown|.{0,9}){0,9}",
    ) {
        let taken = answer::judge(&answer(status, etag, words)) == Outcome::accepted();
        prop_assert_eq!(taken, etag && (200..300).contains(&status));
    }
}
