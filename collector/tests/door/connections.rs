//! Connections that idle, drip, or are too many; both versions of HTTP.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Collector, logs, read_answer};

#[tokio::test]
async fn many_requests_share_a_connection() {
    let collector = Collector::start().await;
    let mut stream = collector.connect().await;
    let body = logs(1);
    let request = format!(
        "POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.status, 202);
    }
    assert_eq!(
        collector
            .metric("farol_requests_total{outcome=\"accepted\",reason=\"\"}")
            .await,
        3
    );
}

#[tokio::test]
async fn http_2_is_spoken_as_well() {
    let collector = Collector::start().await;
    let io = TokioIo::new(collector.connect().await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/collect?id=a", collector.address);
    let request = Request::post(uri)
        .body(Full::new(Bytes::from(logs(2))))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 202);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(std::str::from_utf8(&body).unwrap().contains("\"items\":2"));
}

#[tokio::test]
async fn idle_connections_and_dripping_heads_are_closed() {
    let collector = Collector::with(|config| {
        config.limits.idle_timeout = Duration::from_millis(100);
        config.limits.header_timeout = Duration::from_millis(50);
    })
    .await;
    for begun in [&b""[..], b"POST /coll"] {
        let mut stream = collector.connect().await;
        stream.write_all(begun).await.unwrap();
        let mut rest = Vec::new();
        let closed =
            tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{begun:?}");
    }
}

#[tokio::test]
async fn an_address_has_its_share_of_connections() {
    let collector = Collector::with(|config| config.limits.connections_per_address = 3).await;
    let mut held = vec![
        collector.connect().await,
        collector.connect().await,
        collector.connect().await,
    ];
    for stream in &mut held {
        stream
            .write_all(b"GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read_answer(stream).await.status, 200);
    }
    let mut fourth = collector.connect().await;
    let mut rest = Vec::new();
    // Closed without a word; a reset is as good.
    let _ = fourth.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    drop(held);
    crate::harness::eventually("there is room again", || async {
        let mut stream = collector.connect().await;
        let sent = stream
            .write_all(b"GET /-/healthy HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await
            .is_ok();
        let mut rest = Vec::new();
        sent && stream.read_to_end(&mut rest).await.is_ok() && !rest.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_client_that_hangs_up_in_its_body_is_counted() {
    let collector = Collector::start().await;
    let mut stream = collector.connect().await;
    stream
        .write_all(b"POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        .await
        .unwrap();
    crate::harness::eventually("the request is seen", || async {
        collector.metric("farol_requests_received_total").await == 1
    })
    .await;
    drop(stream);
    crate::harness::eventually("it is counted as aborted", || async {
        let text = collector.get("/metrics").await.body;
        text.lines()
            .any(|l| l.starts_with("farol_requests_total{outcome=\"aborted\"") && l.ends_with(" 1"))
    })
    .await;
    assert_eq!(collector.metric("farol_bugs_total").await, 0);
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_ended_and_one_above_is_not() {
    let collector = Collector::with(|config| {
        config.limits.body_rate = 100;
        config.limits.body_grace = Duration::from_millis(50);
    })
    .await;
    let head = |length: usize| {
        format!("POST /collect HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut slow = collector.connect().await;
    slow.write_all((head(1000) + "{").as_bytes()).await.unwrap();
    let answer = read_answer(&mut slow).await;
    assert_eq!((answer.status, &*answer.error()), (408, "body_too_slow"));

    // 1,500 bytes are 15 s at the least rate, so a break of some grace is nothing.
    let body = logs(20);
    let mut steady = collector.connect().await;
    let (front, rest) = body.split_at(1500);
    let front = head(body.len()) + front;
    steady.write_all(front.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    steady.write_all(rest.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut steady).await.status, 202);
}
