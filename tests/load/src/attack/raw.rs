//! Requests that two readers may read in two ways, and paths that mean something else than they say.

use std::net::SocketAddr;

use crate::wire::{Answer, Wire};

/// Bytes, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is.
    pub name: &'static str,
    /// The one answer that is right: to the first request, and then the connection ends.
    pub status: u16,
    /// All that is sent.
    pub bytes: Vec<u8>,
}

/// The head cannot be read, or in more ways than one.
const BAD: u16 = 400;
/// The head can be read in one way, and leads nowhere; where its body ends is in doubt, so that nothing behind it is read.
const NOWHERE: u16 = 404;

/// What a reader that was fooled would take for a second request: the only one here that is answered with 405.
const SMUGGLED: &str = "GET /collect HTTP/1.1\r\nhost: smuggled\r\n\r\n";

/// Pairs of requests of which the second is to be read by some and not by others.
pub fn smuggling() -> Vec<Case> {
    let post = |headers: &str, body: &str| {
        format!("POST /nowhere HTTP/1.1\r\nhost: a\r\n{headers}\r\n{body}{SMUGGLED}").into_bytes()
    };
    let case = |name, status, bytes| Case {
        name,
        status,
        bytes,
    };
    vec![
        case("content-length, then chunked", NOWHERE, post("content-length: 4\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n")),
        case("chunked, then content-length", NOWHERE, post("transfer-encoding: chunked\r\ncontent-length: 4\r\n", "0\r\n\r\n")),
        case("two lengths that differ", BAD, post("content-length: 0\r\ncontent-length: 5\r\n", "12345")),
        case("two lengths in one field", BAD, post("content-length: 0, 5\r\n", "12345")),
        case("a length with a sign", BAD, post("content-length: +5\r\n", "12345")),
        case("a length in hexadecimal", BAD, post("content-length: 0x5\r\n", "12345")),
        case("a length beyond all numbers", BAD, post("content-length: 99999999999999999999999\r\n", "")),
        case("a folded field", BAD, post("x-a: b\r\n content-length: 5\r\n", "12345")),
        case("white space before the colon", BAD, post("content-length : 5\r\n", "12345")),
        case("white space before the first field", BAD, post(" content-length: 5\r\n", "12345")),
        case("a tab in a name", BAD, post("content\t-length: 5\r\n", "12345")),
        case("NUL in a value", BAD, post("x-a: a\0b\r\ncontent-length: 0\r\n", "")),
        case("CR alone in a value", BAD, post("x-a: a\rcontent-length: 5\r\n", "12345")),
        case("chunked twice", NOWHERE, post("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n")),
        case("chunked, then something else", BAD, post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n")),
        case("an unknown coding", BAD, post("transfer-encoding: xchunked\r\n", "0\r\n\r\n")),
        case("a quoted coding", BAD, post("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n")),
        case("chunked in HTTP/1.0", BAD, format!("POST /nowhere HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}").into_bytes()),
        case("a chunk with a sign", NOWHERE, post("transfer-encoding: chunked\r\n", "+1\r\na\r\n0\r\n\r\n")),
        case("a chunk with 0x", NOWHERE, post("transfer-encoding: chunked\r\n", "0x1\r\na\r\n0\r\n\r\n")),
        case("a chunk beyond all numbers", NOWHERE, post("transfer-encoding: chunked\r\n", "ffffffffffffffff1\r\na\r\n0\r\n\r\n")),
        case("a chunk's extension", NOWHERE, post("transfer-encoding: chunked\r\n", "1;a=b\r\na\r\n0\r\n\r\n")),
        case("a chunk's extension with LF alone", NOWHERE, post("transfer-encoding: chunked\r\n", "1;a\nb\r\na\r\n0\r\n\r\n")),
        case("a chunk that ends in LF alone", NOWHERE, post("transfer-encoding: chunked\r\n", "1\na\n0\n\n")),
        case("a chunk longer than it says", NOWHERE, post("transfer-encoding: chunked\r\n", "1\r\naa\r\n0\r\n\r\n")),
        case("a head that ends its lines in LF alone", BAD, format!("POST /nowhere HTTP/1.1\nhost: a\ncontent-length: 0\n\n{SMUGGLED}").into_bytes()),
        case("a line in LF alone", BAD, post("x-a: b\ncontent-length: 5\r\n", "12345")),
        case("no version", BAD, format!("GET /nowhere\r\n\r\n{SMUGGLED}").into_bytes()),
        case("a version of its own", BAD, format!("GET /nowhere HTTP/1.9\r\nhost: a\r\n\r\n{SMUGGLED}").into_bytes()),
        case("a target with a space", BAD, format!("GET /no where HTTP/1.1\r\nhost: a\r\n\r\n{SMUGGLED}").into_bytes()),
    ]
}

/// Request targets that mean something else than they say.
pub const PATHS: &[&str] = &[
    "//collect",
    "/collect//",
    "/./collect",
    "/x/../collect",
    "/collect/..",
    "/collect/../metrics",
    "/%2e%2e/metrics",
    "/collect/%2e%2e/metrics",
    "/collect%2fk1",
    "/collect/k1%2f",
    "/collect/k1;x=1",
    "/collect;/k1",
    "/collect/k1/x",
    "/collect/%00",
    "/collect/k1%00",
    "/collect/k1%0d%0ax:y",
    "/collect\\k1",
    "/COLLECT/k1",
    "/%63ollect/k1",
    "/collect/%ff",
    "/metrics/",
    "/-/../metrics",
    "/%2d/healthy",
    "//-/healthy",
    "/-//healthy",
    "http://collector/metrics",
    "http://evil.example/metrics",
    "http://169.254.169.254/latest/",
    "evil.example:443",
    "*",
    "/collect/k1#x",
    "/collect?/../metrics",
];

/// Sends all at once, and reads answers until the connection ends. Nothing says that there is no more to come: a client that hangs up is
/// not answered.
pub async fn answers(to: SocketAddr, bytes: &[u8]) -> Vec<Answer> {
    let mut out = Vec::new();
    let Ok(mut wire) = Wire::connect(to).await else {
        return out;
    };
    let _ = wire.send(bytes).await;
    while let Some(answer) = wire.answer().await {
        out.push(answer);
    }
    out
}
