//! A person asks to be forgotten, a destination has lost something: what an operator asks of a collector that runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::harness::{Backend, Collector, eventually};

fn batch(session: &str, n: usize) -> String {
    let logs: Vec<String> = (0..n)
        .map(|i| format!(r#"{{"message":"{session} says {i}","level":"info","timestamp":"2026-01-02T03:04:05Z"}}"#))
        .collect();
    format!(
        r#"{{"meta":{{"app":{{"name":"shop"}},"session":{{"id":"{session}"}}}},"logs":[{}]}}"#,
        logs.join(",")
    )
}

async fn with(good: &Backend, bad: &Backend) -> Collector {
    Collector::with(|config| {
        config.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.destinations = vec![good.destination("good"), bad.destination("bad")];
        config.queue.retain_after_export = Duration::from_secs(3600);
    })
    .await
}

/// What an operator's request is answered: the status line, and the body.
async fn ask(collector: &Collector, path: &str, more: &str) -> (String, String) {
    let admin = collector.admin.unwrap();
    let request =
        format!("POST {path} HTTP/1.0\r\nhost: {admin}\r\n{more}content-length: 0\r\n\r\n");
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(admin).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    })
    .await
    .unwrap()
}

async fn pending(collector: &Collector, name: &str) -> u64 {
    let line = format!("farol_destination_items_pending{{destination=\"{name}\"}}");
    collector.metric(&line).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_erased_where_it_waits_in_hands_and_where_it_is_kept() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    bad.answers(503);
    let collector = with(&good, &bad).await;
    for (session, n) in [("s1", 3), ("s2", 2), ("s1", 1)] {
        assert_eq!(
            collector
                .post("/collect", &[], batch(session, n))
                .await
                .status,
            202
        );
    }
    eventually("the good one has all", || async {
        pending(&collector, "good").await == 0
    })
    .await;
    // The bad one has them in hands by then, and would send them when it is back.
    eventually("the bad one tries", || async { bad.requests() > 0 }).await;
    let (status, body) = ask(&collector, "/-/queue/erase?session=s1", "").await;
    assert!(status.contains(" 200 "), "{status} {body}");
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&said["items"], &said["records"]), (&4.into(), &2.into()));
    let shares = serde_json::json!([
        { "name": "good", "not_gone": 0, "had": 4 },
        { "name": "bad", "not_gone": 4, "had": 0 },
    ]);
    assert_eq!(said["destinations"], shares);
    bad.answers(200);
    eventually("the bad one has the rest", || async {
        pending(&collector, "bad").await == 0
    })
    .await;
    let came = bad.bodies();
    assert_eq!(
        came.iter().filter(|body| body.starts_with("s2")).count(),
        2,
        "{came:?}"
    );
    assert!(came.iter().all(|body| !body.starts_with("s1")), "{came:?}");
    let line =
        "farol_destination_items_total{destination=\"bad\",outcome=\"dropped\",reason=\"erased\"}";
    assert_eq!(collector.metric(line).await, 4);
    assert_eq!(collector.metric("farol_bugs_total").await, 0);
    let folder = collector.stop().await;
    let queue = folder.path().join("queue");
    let files = std::fs::read_dir(queue).unwrap();
    let bytes: Vec<u8> = files
        .flat_map(|it| std::fs::read(it.unwrap().path()).unwrap())
        .collect();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("s2 says") && !text.contains("s1 says"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_gets_again_what_it_had_while_the_collector_runs() {
    let (good, bad) = (Backend::start().await, Backend::start().await);
    let collector = with(&good, &bad).await;
    assert_eq!(
        collector.post("/collect", &[], batch("s1", 3)).await.status,
        202
    );
    for name in ["good", "bad"] {
        eventually(name, || async { pending(&collector, name).await == 0 }).await;
    }
    let (status, body) = ask(&collector, "/-/queue/replay?destination=bad&from_ns=1", "").await;
    assert!(status.contains(" 200 "), "{status} {body}");
    assert!(body.contains(r#""items":3"#), "{body}");
    eventually("all of it came again", || async { bad.bodies().len() == 6 }).await;
    eventually("and is acknowledged", || async {
        pending(&collector, "bad").await == 0
    })
    .await;
    assert_eq!(good.bodies().len(), 3, "the other one saw nothing of it");
    let metrics = collector.get_admin("/metrics").await.body;
    let of_bad = "farol_destination_items_received_total{destination=\"bad\"";
    let mut lines = metrics.lines().filter(|l| l.starts_with(of_bad));
    let line = lines.find(|l| l.contains("replayed")).unwrap();
    assert!(line.ends_with(" 3"), "{line}");

    let (status, body) = ask(
        &collector,
        "/-/queue/replay?destination=nobody&from_ns=1",
        "",
    )
    .await;
    assert!(
        status.contains(" 409 ") && body.contains("good"),
        "{status} {body}"
    );
    let (status, _) = ask(
        &collector,
        "/-/queue/erase?session=s1",
        "origin: http://127.0.0.1\r\n",
    )
    .await;
    assert!(status.contains(" 403 "), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_has_the_answer_however_long_it_takes() {
    let silent = Backend::start().await;
    silent.answers(0);
    let collector = Collector::with(|config| {
        config.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.destinations = vec![silent.destination("silent")];
        config.limits.idle_timeout = Duration::from_millis(50);
        config.limits.body_timeout = Duration::from_millis(50);
    })
    .await;
    let sent = collector.post("/collect", &[], batch("s1", 1)).await;
    assert_eq!(sent.status, 202);
    eventually("it tries", || async { silent.requests() > 0 }).await;
    // What is on its way has two seconds to come to its end.
    let (status, body) = ask(&collector, "/-/queue/erase?session=s1", "").await;
    assert!(status.contains(" 200 "), "{status} {body}");
    assert!(body.contains("\"not_gone\":1"), "{body}");
}
