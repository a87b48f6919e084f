//! Spans as OTLP/JSON: the page's own, and those of requests by OpenTelemetry's HTTP conventions (1.44).

use alloc::vec::Vec;

use crate::host::Host;
use crate::message::{Message, Value};
use crate::pen::Pen;
use crate::scrub;
use crate::text::{cut, decimal, find, rfind, starts};

/// The methods that the conventions know, each between two spaces.
const METHODS: &[u8] = b" GET POST PUT PATCH DELETE HEAD OPTIONS CONNECT TRACE QUERY ";

impl<H: Host> Pen<H> {
    /// Writes a `SPAN`.
    pub(crate) fn span(&mut self, m: &mut Message<'_>, session: &[u8], now: f64) {
        self.fill(
            m,
            "\x06{\x01traceId\x01spanId\x02parentSpanId\x01name\x06,\"kind\":",
        );
        self.digits(m.byte().into(), 1);
        self.times(m, now);
        let status = m.byte();
        self.status(status);
        self.fill(m, "\x02message\x06}");
        let at = self.span_attributes(session);
        self.attributes(at, m.attrs(), true);
        self.raw(b"]}");
    }

    /// Writes a `REQUEST` behind its initiator; the answer is what the trail tells of it.
    pub(crate) fn request(&mut self, m: &mut Message<'_>, session: &[u8], now: f64) -> Vec<u8> {
        self.fill(m, "\x06{\x01traceId\x01spanId\x02parentSpanId");
        let method = m.text();
        let url = scrub::scrubbed(m.text());
        let upper = method.to_ascii_uppercase();
        let known = find(METHODS, &[b" ", &*upper, b" "].concat()).is_some();
        self.field("name", if known { &upper } else { b"HTTP" });
        self.raw(b",\"kind\":3");
        self.times(m, now);
        let status = m.number();
        let error = m.text();
        let failed = status >= 400.0 || !error.is_empty();
        self.status(if failed { 2 } else { 0 });
        self.byte(b'}');

        let at = self.span_attributes(session);
        self.otlp(
            "http.request.method",
            Value::Text(if known { &upper } else { b"_OTHER" }),
        );
        if !known || upper != method {
            self.otlp("http.request.method_original", Value::Text(method));
        }
        self.otlp("url.full", Value::Text(&url));
        let (host, port) = address(&url);
        if !host.is_empty() {
            self.otlp("server.address", Value::Text(host));
        }
        self.otlp("server.port", Value::Number(port));
        let from = self.out.len();
        let mut outcome = error.to_vec();
        if status > 0.0 {
            self.digits(status as u32, 1);
            if error.is_empty() {
                outcome = cut(&self.out, from, 0).1.to_vec();
            }
            self.out.truncate(from);
            self.otlp("http.response.status_code", Value::Number(status));
        }
        if failed {
            self.otlp("error.type", Value::Text(&outcome));
        }
        self.attributes(at, m.attrs(), true);
        self.raw(b"]}");
        [method, b" ", &*url, b" ", &*outcome].concat()
    }

    /// Start and end.
    fn times(&mut self, m: &mut Message<'_>, now: f64) {
        let start = m.time(now);
        self.nanos_field("startTimeUnixNano", start);
        self.nanos_field("endTimeUnixNano", m.time(now).max(start));
    }

    /// Opens the status.
    fn status(&mut self, status: u8) {
        self.raw(b",\"status\":{");
        if status > 0 {
            self.raw(b"\"code\":");
            self.digits(status.into(), 1);
        }
    }

    /// Opens the attributes with what every span has.
    fn span_attributes(&mut self, session: &[u8]) -> usize {
        self.raw(b",\"attributes\":[");
        let at = self.out.len();
        self.otlp("session.id", Value::Text(session));
        at
    }
}

/// Host and port of an absolute URL that is scrubbed; `NaN` where the port is not known.
fn address(url: &[u8]) -> (&[u8], f64) {
    let Some((from, to)) = scrub::authority(url) else {
        return (b"", f64::NAN);
    };
    let authority = cut(cut(url, to, 0).0, from, 0).1;
    let secure = cut(url, from, 0).0.ends_with(b"s://");
    let mut host = authority;
    let mut port = if secure { 443.0 } else { 80.0 };
    if let Some(at) = rfind(authority, b":")
        && let Some(number) = decimal(cut(authority, at, 1).1)
    {
        host = cut(authority, at, 1).0;
        port = number;
    }
    // An IPv6 address stands in brackets in a URL and nowhere else.
    if starts(host, b"[") && host.ends_with(b"]") {
        host = cut(cut(host, host.len() - 1, 1).0, 0, 1).1;
    }
    (host, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_come_from_the_url() {
        for (url, host, port) in [
            ("https://shop.example/a:1", "shop.example", 443.0),
            ("http://shop.example?x", "shop.example", 80.0),
            ("http://127.0.0.1:12347/collect", "127.0.0.1", 12347.0),
            ("https://[::1]:8443/x", "::1", 8443.0),
            ("https://[fe80::12]/x", "fe80::12", 443.0),
        ] {
            assert_eq!(address(url.as_bytes()), (host.as_bytes(), port), "{url}");
        }
        assert_eq!(address(b"blob:https://shop.example/1d3c").1, 443.0);
        for url in ["blob:x", "", "/a", "data:text/plain"] {
            let (host, port) = address(url.as_bytes());
            assert!(host.is_empty() && port.is_nan(), "{url}");
        }
    }
}
