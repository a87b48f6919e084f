//! Spans as OTLP/JSON: the page's own, and those of requests by OpenTelemetry's HTTP conventions (1.44).

use alloc::vec::Vec;

use crate::attributes::{self, Form, Own};
use crate::host::Host;
use crate::item::Pen;
use crate::json::Json;
use crate::message::{Attrs, Message, Value};
use crate::scrub;
use crate::time;

/// OTLP's number of a client's span.
const CLIENT: u8 = 3;

/// OTLP's number of a status that is an error.
const ERROR: u8 = 2;

/// The methods that the conventions know.
const METHODS: [&[u8]; 10] = [
    b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"CONNECT", b"TRACE",
    b"QUERY",
];

/// A `SPAN` message, or a `REQUEST` turned into one.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    trace: &'a [u8],
    id: &'a [u8],
    parent: &'a [u8],
    name: &'a [u8],
    kind: u8,
    start: f64,
    pub(crate) end: f64,
    status: u8,
    message: &'a [u8],
    attrs: Attrs<'a>,
}

impl<'a> Span<'a> {
    pub(crate) fn read(m: &mut Message<'a>, now: f64) -> Option<Self> {
        Some(Self {
            trace: m.text()?,
            id: m.text()?,
            parent: m.text()?,
            name: m.text()?,
            kind: m.u8()?,
            start: m.time(now)?,
            end: m.time(now)?,
            status: m.u8()?,
            message: m.text()?,
            attrs: m.attrs()?,
        })
    }

    pub(crate) fn write<H: Host>(
        &self,
        json: &mut Json,
        pen: &Pen<'_, H>,
        session: &[u8],
        own: Own<'_>,
    ) {
        json.byte(b'{');
        json.field("traceId", self.trace);
        json.field("spanId", self.id);
        json.field("parentSpanId", self.parent);
        json.key("name");
        json.text(self.name);
        json.key("kind");
        json.digits(self.kind.into(), 1);
        time::nanos_field(json, "startTimeUnixNano", self.start + pen.offset);
        time::nanos_field(
            json,
            "endTimeUnixNano",
            self.end.max(self.start) + pen.offset,
        );
        json.open_key("status", b'{');
        if self.status > 0 {
            json.key("code");
            json.digits(self.status.into(), 1);
            json.field("message", self.message);
        }
        json.byte(b'}');
        json.open_key("attributes", b'[');
        attributes::write(
            json,
            pen.host,
            Form::Otlp,
            &[("session.id", Value::Text(session))],
            Attrs::NONE,
            Attrs::NONE,
        );
        attributes::write(json, pen.host, Form::Otlp, own, self.attrs, pen.global);
        json.raw(b"]}");
    }
}

/// A `REQUEST` message, read.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// 0 fetch, 1 XMLHttpRequest.
    pub(crate) initiator: u8,
    span: Span<'a>,
    /// As it was called: what the trail tells.
    pub(crate) method: &'a [u8],
    pub(crate) url: Vec<u8>,
    status: f64,
    error: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn read(m: &mut Message<'a>, now: f64) -> Option<Self> {
        let initiator = m.u8()?;
        let [trace, id, parent, method, url] =
            [m.text()?, m.text()?, m.text()?, m.text()?, m.text()?];
        let (start, end, status, error, attrs) =
            (m.time(now)?, m.time(now)?, m.f64()?, m.text()?, m.attrs()?);
        let failed = status >= 400.0 || !error.is_empty();
        let span = Span {
            trace,
            id,
            parent,
            name: known(method).unwrap_or(b"HTTP"),
            kind: CLIENT,
            start,
            end,
            status: if failed { ERROR } else { 0 },
            message: b"",
            attrs,
        };
        Some(Self {
            initiator,
            span,
            method,
            url: scrub::scrubbed(url),
            status,
            error,
        })
    }

    pub(crate) fn end(&self) -> f64 {
        self.span.end
    }

    /// The status as text; the error's type where there is none.
    pub(crate) fn outcome(&self) -> Vec<u8> {
        if self.status > 0.0 {
            let mut json = Json::new(Vec::new(), usize::MAX);
            json.digits(self.status as u32, 1);
            json.out
        } else {
            self.error.to_vec()
        }
    }

    pub(crate) fn write<H: Host>(&self, json: &mut Json, pen: &Pen<'_, H>, session: &[u8]) {
        let known = known(self.method);
        let (host, port) = address(&self.url);
        let outcome = self.outcome();
        let own = [
            (
                "http.request.method",
                Value::Text(known.unwrap_or(b"_OTHER")),
            ),
            (
                "http.request.method_original",
                Value::Text(if known == Some(self.method) {
                    b""
                } else {
                    self.method
                }),
            ),
            ("url.full", Value::Text(&self.url)),
            ("server.address", Value::Text(host)),
            ("server.port", Value::Number(port)),
            (
                "http.response.status_code",
                Value::Number(if self.status > 0.0 {
                    self.status
                } else {
                    f64::NAN
                }),
            ),
            (
                "error.type",
                Value::Text(if !self.error.is_empty() {
                    self.error
                } else if self.span.status == ERROR {
                    &outcome
                } else {
                    b""
                }),
            ),
        ];
        self.span.write(json, pen, session, &own);
    }
}

/// The method as the conventions spell it.
fn known(method: &[u8]) -> Option<&'static [u8]> {
    METHODS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
}

/// Host and port of an absolute URL that is scrubbed; `NaN` where the port is not known.
fn address(url: &[u8]) -> (&[u8], f64) {
    let Some((from, to)) = scrub::authority(url) else {
        return (b"", f64::NAN);
    };
    let authority = url.get(from..to).unwrap_or_default();
    let digits = authority
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let head = authority.len() - digits;
    let secure = url.starts_with(b"https:") || url.starts_with(b"wss:");
    let plain = url.starts_with(b"http:") || url.starts_with(b"ws:");
    let (host, port) = match authority
        .get(..head)
        .and_then(|head| head.strip_suffix(b":"))
    {
        Some(host) if digits > 0 && digits < 6 => (
            host,
            authority
                .iter()
                .skip(head)
                .fold(0.0, |n, b| n * 10.0 + f64::from(b - b'0')),
        ),
        _ => (
            authority,
            if secure {
                443.0
            } else if plain {
                80.0
            } else {
                f64::NAN
            },
        ),
    };
    // An IPv6 address stands in brackets in a URL and nowhere else.
    (
        host.strip_prefix(b"[")
            .and_then(|host| host.strip_suffix(b"]"))
            .unwrap_or(host),
        port,
    )
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
        for url in ["blob:x", "", "/a", "data:text/plain"] {
            let (host, port) = address(url.as_bytes());
            assert!(host.is_empty() && port.is_nan(), "{url}");
        }
    }
}
