//! What comes before HTTP: TLS, PROXY protocol; and what is at which listener.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use farol_collector::config::{Config, Network, ServerTls};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{Collector, logs, read_answer};

/// A certificate for `localhost` in files, and the settings that name them.
fn certificate(folder: &Path) -> (ServerTls, CertificateDer<'static>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let settings = ServerTls {
        cert_file: folder.join("cert.pem"),
        key_file: folder.join("key.pem"),
        handshake_timeout: ServerTls::HANDSHAKE_TIMEOUT,
        handshakes: ServerTls::HANDSHAKES,
    };
    std::fs::write(&settings.cert_file, own.cert.pem()).unwrap();
    std::fs::write(&settings.key_file, own.signing_key.serialize_pem()).unwrap();
    (settings, own.cert.der().clone())
}

/// The admin listener stays plain HTTP, so that figures can be read.
fn with_tls(config: &mut Config, tls: &ServerTls) {
    config.public.tls = Some(tls.clone());
    config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
}

async fn shake(
    collector: &Collector,
    root: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, collector.connect().await)
        .await
}

async fn refused(collector: &Collector, why: &str) -> u64 {
    let text = collector.get_admin("/metrics").await.body;
    let line = format!("farol_connections_refused_total{{reason=\"{why}\"}} ");
    let found = text.lines().find_map(|l| l.strip_prefix(&line));
    found.unwrap().parse().unwrap()
}

async fn until_refused(collector: &Collector, why: &str, n: u64) {
    crate::harness::eventually(why, || async { refused(collector, why).await == n }).await;
}

#[tokio::test]
async fn tls_is_spoken_in_both_versions_and_both_of_http() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, root) = certificate(folder.path());
    let collector = Collector::with(|config| with_tls(config, &tls)).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = shake(&collector, &root, version, b"http/1.1")
            .await
            .unwrap();
        let body = logs(1);
        let head = format!(
            "POST /collect HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A peer that ends without close_notify is an error to rustls; the answer is there all the same.
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");

        let stream = shake(&collector, &root, version, b"h2").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = Request::post("https://localhost/collect")
            .body(Full::new(Bytes::from(logs(1))))
            .unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 202);
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_or_is_none_is_ended_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, _) = certificate(folder.path());
    let quick = ServerTls {
        handshake_timeout: Duration::from_millis(50),
        ..tls
    };
    let collector = Collector::with(|config| with_tls(config, &quick)).await;
    let mut silent = collector.connect().await;
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    until_refused(&collector, "tls_timeout", 1).await;

    let mut plain = collector.connect().await;
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let _ = plain.read_to_end(&mut rest).await;
    until_refused(&collector, "tls", 1).await;
}

#[tokio::test]
async fn handshakes_have_a_bound_and_those_beyond_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, root) = certificate(folder.path());
    let one = ServerTls {
        handshakes: 1,
        ..tls
    };
    let collector = Collector::with(|config| with_tls(config, &one)).await;
    let silent = collector.connect().await;
    crate::harness::eventually("the first is there", || async {
        let text = collector.get_admin("/metrics").await.body;
        text.contains("farol_connections_open 1\n")
    })
    .await;
    let version = &rustls::version::TLS13;
    assert!(
        shake(&collector, &root, version, b"http/1.1")
            .await
            .is_err()
    );
    until_refused(&collector, "handshakes", 1).await;
    drop(silent);
    until_refused(&collector, "hung_up", 1).await;
    assert!(shake(&collector, &root, version, b"http/1.1").await.is_ok());
}

const REQUEST: &[u8] = b"GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n";

/// A version 2 header that speaks for an IPv4 client.
fn binary(address: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(address);
    header.extend([127, 0, 0, 1, 0, 1, 0, 2]);
    header
}

#[tokio::test]
async fn a_trusted_proxy_says_whom_it_speaks_for() {
    let collector = Collector::with(|config| {
        config.public.proxy_protocol = vec![Network::parse("127.0.0.0/8").unwrap()];
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
        config.limits.connections_per_address = 1;
    })
    .await;
    let open = |header: Vec<u8>| {
        let connecting = collector.connect();
        async move {
            let mut stream = connecting.await;
            stream.write_all(&header).await.unwrap();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
            stream
        }
    };
    let v1 = b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n".to_vec();
    let mut first = open(v1).await;
    assert_eq!(read_answer(&mut first).await.status, 404);
    // Of another client, though from the same proxy.
    let mut other = open(binary([192, 0, 2, 2])).await;
    assert_eq!(read_answer(&mut other).await.status, 404);
    // Of the first one again: one too many.
    let mut rest = Vec::new();
    let _ = open(binary([192, 0, 2, 1]))
        .await
        .read_to_end(&mut rest)
        .await;
    assert!(rest.is_empty());
    until_refused(&collector, "per_address", 1).await;
    // Without a header nothing is believed.
    let _ = open(Vec::new()).await.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    until_refused(&collector, "proxy_header", 1).await;
}

#[tokio::test]
async fn a_header_of_nobody_in_particular_is_not_believed() {
    let collector = Collector::with(|config| {
        config.public.proxy_protocol = vec![Network::parse("192.0.2.0/24").unwrap()];
    })
    .await;
    let mut stream = collector.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
    let mut liar = collector.connect().await;
    liar.write_all(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n")
        .await
        .unwrap();
    liar.write_all(REQUEST).await.unwrap();
    assert_eq!(read_answer(&mut liar).await.status, 400);
}

#[tokio::test]
async fn beside_an_admin_listener_the_public_one_serves_nothing_of_it() {
    let collector = Collector::with(|config| {
        config.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    for path in [
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/-/",
        "//metrics",
        "/-/reload",
    ] {
        assert_eq!(collector.get(path).await.status, 404, "{path}");
    }
    assert_eq!(collector.get_admin("/metrics").await.status, 200);
    assert_eq!(collector.get_admin("/-/ready").await.status, 200);
    assert_eq!(collector.get_admin("/collect").await.status, 404);
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_and_a_broken_one_keeps_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, first) = certificate(folder.path());
    let mut collector = Collector::with(|config| with_tls(config, &tls)).await;
    let version = &rustls::version::TLS13;
    let held = shake(&collector, &first, version, b"http/1.1").await;
    let mut held = held.unwrap();

    std::fs::write(&tls.cert_file, "no certificate").unwrap();
    assert!(!collector.reload(|_| ()).await);
    assert!(
        shake(&collector, &first, version, b"http/1.1")
            .await
            .is_ok()
    );

    let (_, second) = certificate(folder.path());
    assert!(collector.reload(|_| ()).await);
    assert!(
        shake(&collector, &second, version, b"http/1.1")
            .await
            .is_ok()
    );
    assert!(
        shake(&collector, &first, version, b"http/1.1")
            .await
            .is_err()
    );
    // Who is connected goes on.
    held.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let _ = held.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn without_an_admin_listener_figures_answer_this_machine_alone() {
    let collector = Collector::with(|config| {
        config.public.proxy_protocol = vec![Network::parse("127.0.0.2").unwrap()];
    })
    .await;
    for path in ["/metrics", "/metrics/rum", "/-/status"] {
        assert_eq!(collector.get(path).await.status, 200, "{path}");
        let passed_on = [("x-forwarded-for", "192.0.2.1")];
        let answer = collector.request("GET", path, &passed_on, b"").await;
        assert_eq!((answer.status, &*answer.error()), (403, "operators_only"));
        assert!(answer.body.contains("admin_listen"), "{}", answer.body);
    }
    // Where visitors reach it, what forwards a container's port may have all of them come from here.
    let open = Collector::with(|config| config.listen = "0.0.0.0:12347".parse().unwrap()).await;
    for path in ["/metrics", "/metrics/rum", "/-/status"] {
        let answer = open.get(path).await;
        assert_eq!((answer.status, &*answer.error()), (403, "operators_only"));
    }
    assert_eq!(open.get("/-/ready").await.status, 200);
    // Who speaks for others by PROXY protocol may be here itself.
    for header in [
        &b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"[..],
        b"PROXY UNKNOWN\r\n",
    ] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut stream = socket.connect(collector.address).await.unwrap();
        stream.write_all(header).await.unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read_answer(&mut stream).await.error(), "operators_only");
        stream.write_all(REQUEST).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.status, 200);
    }
}
