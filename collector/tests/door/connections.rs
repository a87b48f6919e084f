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

/// HTTP/2 by hand: what no well-behaved client sends.
struct Frames(tokio::net::TcpStream);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];

impl Frames {
    /// Has said hello, and read the server's.
    async fn to(collector: &Collector) -> Self {
        let mut stream = collector.connect().await;
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        Self::put(&mut hello, SETTINGS, 0, 0, &[]);
        stream.write_all(&hello).await.unwrap();
        let mut frames = Self(stream);
        let (kind, ..) = frames.next().await.unwrap();
        assert_eq!(kind, SETTINGS);
        frames
    }

    fn put(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        out.extend(&(payload.len() as u32).to_be_bytes()[1..]);
        out.extend([kind, flags]);
        out.extend(stream.to_be_bytes());
        out.extend(payload);
    }

    /// The head of `POST /collect`, with nothing that HPACK would have to remember.
    fn head(out: &mut Vec<u8>, stream: u32) {
        let mut head = vec![0x83, 0x86];
        for (index, value) in [(0x04, "/collect"), (0x01, "a")] {
            head.extend([index, value.len() as u8]);
            head.extend(value.as_bytes());
        }
        Self::put(out, HEADERS, END_HEADERS, stream, &head);
    }

    /// Kind, flags, stream, payload; None where the connection ended.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], stream, payload))
    }
}

#[tokio::test]
async fn a_connection_of_http_2_has_so_many_requests_at_once_and_one_more_is_refused() {
    for (streams, opened) in [(100, 100), (100, 101), (3, 3), (3, 4)] {
        let collector = Collector::with(|config| config.limits.streams = streams).await;
        let mut frames = Frames::to(&collector).await;
        let mut heads = Vec::new();
        for n in 0..opened {
            Frames::head(&mut heads, 2 * n + 1);
        }
        frames.0.write_all(&heads).await.unwrap();
        if opened > streams {
            let refused = loop {
                let frame = frames.next().await.unwrap();
                if frame.0 == RST_STREAM {
                    break (frame.2, frame.3);
                }
            };
            assert_eq!(refused, (2 * streams + 1, REFUSED_STREAM.to_vec()));
        }
        let mut bodies = Vec::new();
        for n in 0..streams {
            Frames::put(&mut bodies, DATA, END_STREAM, 2 * n + 1, logs(1).as_bytes());
        }
        frames.0.write_all(&bodies).await.unwrap();
        let mut answered = 0;
        while answered < streams {
            let (kind, flags, ..) = frames.next().await.unwrap();
            assert_ne!(kind, RST_STREAM, "{opened} of {streams}");
            answered += u32::from(kind <= HEADERS && flags & END_STREAM > 0);
        }
        let accepted = "farol_requests_total{outcome=\"accepted\",reason=\"\"}";
        assert_eq!(collector.metric(accepted).await, u64::from(streams));
    }
}

#[tokio::test]
async fn twenty_streams_may_be_reset_before_anybody_looks_and_one_more_ends_the_connection() {
    let collector = Collector::start().await;
    for (resets, lives) in [(20, true), (21, false)] {
        let mut frames = Frames::to(&collector).await;
        let mut all = Vec::new();
        for n in 0..resets {
            Frames::head(&mut all, 2 * n + 1);
            Frames::put(&mut all, RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8]);
        }
        let last = 2 * resets + 1;
        Frames::head(&mut all, last);
        Frames::put(&mut all, DATA, END_STREAM, last, logs(1).as_bytes());
        // One segment, so that all of it is there before anything of it is looked at.
        frames.0.write_all(&all).await.unwrap();
        loop {
            let (kind, _, stream, payload) = frames.next().await.expect("an answer, or a reason");
            if kind == HEADERS && stream == last {
                assert!(lives, "{resets}");
                break;
            }
            if kind == GOAWAY {
                assert_eq!((&payload[4..8], lives), (&ENHANCE_YOUR_CALM[..], false));
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_request_has_so_many_header_fields_and_not_one_more() {
    let collector = Collector::start().await;
    let names: Vec<String> = (0..64).map(|n| format!("x-{n}")).collect();
    // The client's own: host, connection, content-length.
    for (fields, status) in [(61, 202), (62, 431)] {
        let headers: Vec<_> = names[..fields].iter().map(|it| (&**it, "1")).collect();
        let mut stream = collector.connect().await;
        let body = logs(1);
        let mut head = format!(
            "POST /collect HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream
            .write_all((head + "\r\n" + &body).as_bytes())
            .await
            .unwrap();
        assert_eq!(read_answer(&mut stream).await.status, status, "{fields}");
    }
    // The client's own: content-length.
    for (fields, status) in [(63, 202), (64, 431)] {
        let io = TokioIo::new(collector.connect().await);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        tokio::spawn(connection);
        let mut request = Request::post(format!("http://{}/collect", collector.address));
        for name in &names[..fields] {
            request = request.header(name, "1");
        }
        let request = request.body(Full::new(Bytes::from(logs(1)))).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{fields}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let collector = Collector::start().await;
    let body = logs(1);
    for (hosts, status) in [(1, 202), (2, 400)] {
        let mut stream = collector.connect().await;
        let head = format!(
            "POST /collect HTTP/1.1\r\n{}origin: https://a.example\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            "host: a\r\n".repeat(hosts),
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert_eq!(answer.status, status, "{hosts}");
        let readable = answer.header("access-control-allow-origin");
        assert_eq!(readable, Some("https://a.example"));
    }
}
