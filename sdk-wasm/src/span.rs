//! Spans as OTLP/JSON: the page's own, and those of requests by OpenTelemetry's HTTP conventions (1.44).

use alloc::vec::Vec;

use crate::host::Host;
use crate::message::Message;
use crate::pen::Pen;
use crate::scrub;
use crate::text::{Slots, after, among, before, find};

/// The methods that the conventions know.
const METHODS: &[u8] = b"GET\nPOST\nPUT\nPATCH\nDELETE\nHEAD\nOPTIONS\nCONNECT\nTRACE\nQUERY";

impl<H: Host> Pen<H> {
    /// Writes a `SPAN`.
    pub(crate) fn span(&mut self, m: &mut Message<'_>, session: &[u8], now: f64) {
        self.fill(
            m,
            now,
            "\x06{\x01traceId\x01spanId\x02parentSpanId\x01name\x09kind\x0bstartTimeUnixNano\x0bendTimeUnixNano\x06,\"status\":{\x09code\x02message",
        );
        self.span_attributes(session);
        self.fill(m, now, "\x0d\x06]}");
    }

    /// Writes a `REQUEST` behind its initiator; the answer is what the trail tells of it.
    pub(crate) fn request(&mut self, m: &mut Message<'_>, session: &[u8], now: f64) -> Vec<u8> {
        self.fill(m, now, "\x06{\x01traceId\x01spanId\x02parentSpanId");
        let original = m.text();
        let url = scrub::scrubbed(m.text(), &self.rules);
        let upper = original.to_ascii_uppercase();
        let known = among(METHODS, &upper);
        let method: &[u8] = if known { &upper } else { b"_OTHER" };
        self.field(b"name", if known { method } else { b"HTTP" });
        self.fill(
            m,
            now,
            "\x06,\"kind\":3\x0bstartTimeUnixNano\x0bendTimeUnixNano\x06,\"status\":{",
        );
        let status = m.number() as u32;
        let mut error = m.text();
        let at = self.out.len();
        self.digits(status, 1);
        let code = after(&self.out, at).to_vec();
        self.out.truncate(at);
        if status >= 400 && error.is_empty() {
            error = &code;
        }
        if !error.is_empty() {
            self.raw(b"\"code\":2");
        }
        self.span_attributes(session);
        self.otlp(b"http.request.method", b"string", method);
        if method != original {
            self.otlp(b"http.request.method_original", b"string", original);
        }
        self.otlp(b"url.full", b"string", &url);
        let (host, port) = address(&url);
        if !host.is_empty() {
            self.otlp(b"server.address", b"string", host);
            self.otlp(b"server.port", b"int", port);
        }
        if status > 0 {
            self.otlp(b"http.response.status_code", b"int", &code);
        }
        if !error.is_empty() {
            self.otlp(b"error.type", b"string", error);
        }
        self.fill(m, now, "\x0d\x06]}");
        [
            original,
            b" ",
            &*url,
            b" ",
            if status > 0 { &code } else { error },
        ]
        .concat()
    }

    /// Closes the status, and opens the attributes with what every span has.
    fn span_attributes(&mut self, session: &[u8]) {
        self.raw(b"},\"attributes\":[");
        self.own = self.out.len();
        self.otlp(b"session.id", b"string", session);
    }
}

/// Host and port of an absolute URL that is scrubbed.
fn address(url: &[u8]) -> (&[u8], &[u8]) {
    let start = find(url, b"://") + 3;
    let rest = after(url, start);
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let authority = before(rest, end);
    let mut slots = Slots::new();
    // An IPv6 address stands in brackets in a URL and nowhere else.
    for form in [&b"[\x02]:\x03"[..], b"\x02:\x03", b"[\x02]", b"\x02"] {
        if slots.fit(authority, form) {
            break;
        }
    }
    let [_, _, host, port, ..] = slots.found;
    let secure = before(url, start).ends_with(b"s://");
    (
        host,
        if !port.is_empty() {
            port
        } else if secure {
            b"443"
        } else {
            b"80"
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_come_from_the_url() {
        for (url, host, port) in [
            ("https://shop.example/a:1", "shop.example", "443"),
            ("http://shop.example?x", "shop.example", "80"),
            ("http://127.0.0.1:12347/collect", "127.0.0.1", "12347"),
            ("https://[::1]:8443/x", "::1", "8443"),
            ("https://[fe80::12]/x", "fe80::12", "443"),
            ("blob:https://shop.example/1d3c", "shop.example", "443"),
        ] {
            assert_eq!(
                address(url.as_bytes()),
                (host.as_bytes(), port.as_bytes()),
                "{url}"
            );
        }
        for url in ["blob:x", "", "/a", "data:text/plain"] {
            assert_eq!(address(url.as_bytes()).0, b"", "{url}");
        }
    }
}
