//! The targets: bytes in, and what must hold of the answer.

use std::io;
use std::net::IpAddr;

use bytes::Bytes;
use farol_collector::client_address::{ClientAddress, ForwardedHeader, TrustedProxies};
use farol_collector::config::{Network, Origin};
use farol_collector::convert::{Dialect, to_otlp};
use farol_collector::decode::{Form, Limits, faro, fuzz, fuzz_otlp, fuzz_reports};
use farol_collector::enrich::{AddressUse, Enricher, Hints, Known, Template};
use farol_collector::inflate::{Bounds, Budget, Encoding, inflate as unpack};
use farol_collector::queue::disk::cursors::decode;
use farol_collector::queue::disk::io::DiskFile;
use farol_collector::queue::disk::segment::{HEAD, Head, Piece, Scan};
use farol_collector::record::{Header, Record, SourceKind};
use farol_collector::scrub::{Scrubber, scrub_url};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

const DIALECTS: [Dialect; 3] = [Dialect::Semconv, Dialect::Alloy, Dialect::Contrib];

/// What browsers report by themselves.
pub(crate) fn reports(body: &[u8]) {
    fuzz_reports(body);
}

/// A request's body: decoded, scrubbed, enriched, and converted to every dialect.
pub(crate) fn payload(body: &[u8]) {
    fuzz(body);
    if let Ok(mut decoded) = faro(body, &Limits::default()) {
        Scrubber::default().scrub(&mut decoded.payload);
        let routes = Template::parse("/{id}/**").into_iter().collect::<Vec<_>>();
        let known = Known {
            app: None,
            hints: Some(&Hints::default()),
            client: None,
            address: AddressUse::Truncate,
            routes: &routes,
        };
        Enricher::default().enrich(&mut decoded.payload, &known);
        for dialect in DIALECTS {
            let _ = to_otlp(&Header::default(), &decoded.payload, dialect);
        }
    }
}

/// OTLP in: the first byte chooses signal and form, the rest is the body. Decoded, scrubbed, and converted to every dialect.
pub(crate) fn otlp(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let kinds = [
        SourceKind::OtlpTraces,
        SourceKind::OtlpLogs,
        SourceKind::OtlpMetrics,
    ];
    let kind = kinds[usize::from(choice >> 1) % kinds.len()];
    let form = if choice & 1 == 0 {
        Form::Json
    } else {
        Form::Protobuf
    };
    if let Some(mut decoded) = fuzz_otlp(kind, form, body) {
        Scrubber::default().scrub(&mut decoded.payload);
        let header = Header {
            kind,
            ..Header::default()
        };
        for dialect in DIALECTS {
            let _ = to_otlp(&header, &decoded.payload, dialect);
        }
    }
}

/// A packed body: the first byte chooses how. What comes out is never longer than the cap, and all memory is given back.
pub(crate) fn inflate(input: &[u8]) {
    const CAP: usize = 1 << 16;
    let Some((choice, body)) = input.split_first() else {
        return;
    };
    let encoding = [
        Encoding::Gzip,
        Encoding::Deflate,
        Encoding::Brotli,
        Encoding::Zstd,
    ][usize::from(choice % 4)];
    let budget = Budget::new(4 * CAP);
    {
        let mut reserved = budget.reserve();
        let bounds = Bounds {
            inflated: CAP,
            zstd_window: 1 << 20,
        };
        let body = Bytes::copy_from_slice(body);
        let plain = unpack(encoding, &body, bounds, &mut reserved);
        if let Ok(plain) = &plain {
            assert!(plain.len() <= CAP);
        }
        assert!(budget.used() <= 4 * CAP);
    }
    assert_eq!(budget.used(), 0);
}

/// A record of the queue, as it is found on disk.
pub(crate) fn record(bytes: &[u8]) {
    if let Ok((record, read)) = Record::decode(bytes) {
        assert!(read <= bytes.len());
        let mut again = Vec::new();
        record.encode(&mut again);
        assert!(same(&again, &record));
    }
}

/// Whether that record is what these bytes say. No rate that is no number equals itself.
fn same(bytes: &[u8], record: &Record) -> bool {
    Record::decode(bytes).is_ok_and(|(it, _)| it == *record || it.header.rate.is_nan())
}

/// A segment of the queue, as it is found on disk: what is read and what is damaged are all of it, in order, and no record is made up.
pub(crate) fn segment(bytes: &[u8]) {
    let head = Head::decode(bytes).ok();
    let base = head.map_or(0, |head| head.base.min(u64::MAX / 2));
    let file = InMemory(bytes.to_vec());
    let end = base + bytes.len().saturating_sub(HEAD) as u64;
    let mut scan = Scan::new(&file, base, base, end);
    let mut at = base;
    while let Ok(Some(piece)) = scan.piece() {
        let (from, to) = match piece {
            Piece::Gap(from, to) => (from, to),
            Piece::Record(from, length, record) => {
                let mut again = Vec::new();
                record.encode(&mut again);
                assert!(same(&again, &record));
                (from, from + length as u64)
            }
        };
        assert!(from == at && to > from);
        at = to;
    }
    assert_eq!(at, end);
    let _ = decode(bytes);
}

/// A file in memory.
#[derive(Debug)]
struct InMemory(Vec<u8>);

impl DiskFile for InMemory {
    fn write_at(&self, _bytes: &[u8], _at: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let rest = self.0.get(at as usize..).unwrap_or_default();
        let n = rest.len().min(bytes.len());
        bytes[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn truncate(&self, _size: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn named(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of settings: right, or one line that says what is wrong.
pub(crate) fn config(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        farol_collector::config::fuzz(text);
    }
}

/// What a proxy says ahead of all else.
pub(crate) fn proxy(bytes: &[u8]) {
    farol_collector::serve::fuzz_proxy(bytes);
}

/// A request's head: the first byte says in how large pieces it comes. What is read of its address and its headers is bounded, and no origin is let in but
/// those that were named.
pub(crate) fn head(input: &[u8]) {
    let Some((size, head)) = input.split_first() else {
        return;
    };
    farol_collector::serve::fuzz_head(head, usize::from(*size) + 1);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let address = lines.next().and_then(|line| Uri::try_from(line).ok());
    let headers: HeaderMap = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
            Some((name, value))
        })
        .collect();
    if let Some(address) = address {
        farol_collector::receive::fuzz(&address, &headers);
    }
    let hints = Hints::of(&headers);
    for text in [&hints.name, &hints.version, &hints.platform, &hints.model] {
        assert!(text.len() <= head.len());
    }
    let origin = headers.get("origin").and_then(|it| it.to_str().ok());
    if let (Some(origin), Ok(own)) = (origin, Origin::parse("https://*.shop.example"))
        && own.allows(origin)
    {
        let origin = origin.to_ascii_lowercase();
        let host = origin.strip_prefix("https://").unwrap_or_default();
        let host = host.strip_suffix(":443").unwrap_or(host);
        assert!(host.ends_with(".shop.example"));
    }
}

/// Whom proxies speak for. Nobody but the peer is believed where it is not trusted.
pub(crate) fn forwarded(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let peer = ClientAddress::new(IpAddr::from([10, 0, 0, 1]));
    for (name, header) in [
        ("x-forwarded-for", ForwardedHeader::XForwardedFor),
        ("forwarded", ForwardedHeader::Forwarded),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.clone());
        let nobody = TrustedProxies {
            networks: Vec::new(),
            header,
        };
        assert_eq!(nobody.client(peer, &headers), peer);
        let trusting = TrustedProxies {
            networks: Network::parse("10.0.0.0/8").into_iter().collect(),
            header,
        };
        let _ = trusting.client(peer, &headers);
    }
}

/// Any text on its way through every rule of the scrubber: none makes a text grow without bound.
pub(crate) fn scrub(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let scrubber = Scrubber::default();
    for name in ["", "url.full", "message"] {
        if let Some(clean) = scrubber.text(name, text) {
            assert!(clean.len() <= text.len() * 9 + 8);
        }
    }
}

/// An address on its way through the scrubber: whatever stands in front of a secret does not hide it.
pub(crate) fn url(bytes: &[u8]) {
    // A text that holds the word already may hold it where it is no secret.
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.contains("hunter9")
    {
        let clean = scrub_url(&format!("{text}&token=hunter9"));
        assert!(!clean.contains("hunter9"));
    }
}
