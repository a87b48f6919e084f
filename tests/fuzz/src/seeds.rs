//! Where the fuzzer starts: the captured requests and the other fixtures, so that it does not have to find JSON by itself.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use farol_collector::queue::disk::segment::Head;
use farol_collector::record::{Header, Record};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// The files of a folder with this ending.
fn files(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let listed = fs::read_dir(fixtures().join(folder)).into_iter().flatten();
    let mut paths: Vec<_> = listed
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

/// A captured request is a file with its body in it.
fn body(file: &[u8]) -> Option<Vec<u8>> {
    let request: serde_json::Value = serde_json::from_slice(file).ok()?;
    Some(request.get("body").unwrap_or(&request).to_string().into())
}

/// What browsers report by themselves.
pub(crate) fn reports() -> Vec<Vec<u8>> {
    [
        r#"[{"type":"crash","age":4200,"url":"https://shop.example/","body":{"reason":"unresponsive","stack":"at f (a.js:1:2)"}},7,{"type":"deprecation"}]"#,
        r#"{"csp-report":{"document-uri":"https://shop.example/","effective-directive":"img-src","blocked-uri":"inline","line-number":7}}"#,
        r#"{"type":"intervention","age":1e9,"body":null}"#,
        "[]",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// What SDKs sent.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    ["faro-2.12.1", "sdks", "payload"]
        .iter()
        .flat_map(|folder| files(folder, "json"))
        .filter_map(|file| body(&file))
        .collect()
}

/// What OpenTelemetry's SDKs sent, behind the byte that says signal and form.
pub(crate) fn otlp() -> Vec<Vec<u8>> {
    // In the order of file names: logs, metrics, traces.
    let choices = [1_u8, 2, 0].map(|kind| kind << 1);
    files("otlp", "json")
        .iter()
        .zip(choices)
        .map(|(file, choice)| [&[choice], &file[..]].concat())
        .collect()
}

/// A captured body in all four encodings.
pub(crate) fn packed() -> Vec<Vec<u8>> {
    let Some(plain) = payloads().into_iter().next() else {
        return Vec::new();
    };
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(vec![0], level);
    let mut deflate = flate2::write::ZlibEncoder::new(vec![1], level);
    let mut brotli = vec![2];
    let done = brotli::CompressorWriter::new(&mut brotli, 4096, 5, 18).write_all(&plain);
    let zstd = zstd::encode_all(&plain[..], 3).map(|packed| [&[3], &packed[..]].concat());
    let done = done
        .and_then(|()| gzip.write_all(&plain))
        .and_then(|()| deflate.write_all(&plain));
    [Ok(brotli), gzip.finish(), deflate.finish(), zstd]
        .into_iter()
        .filter_map(|packed| done.as_ref().ok().and(packed.ok()))
        .collect()
}

/// Records as the queue writes them.
pub(crate) fn records() -> Vec<Vec<u8>> {
    payloads()
        .into_iter()
        .take(3)
        .map(|payload| {
            let mut out = Vec::new();
            let record = Record {
                header: Header::default(),
                body: payload.into(),
            };
            record.encode(&mut out);
            out
        })
        .collect()
}

/// A segment of such records, and one of which a page is lost.
pub(crate) fn segments() -> Vec<Vec<u8>> {
    let head = Head {
        queue: 7,
        base: 1000,
        previous_end: 1000,
        created_ns: 1,
    };
    let whole = [&head.encode()[..], &records().concat()].concat();
    let mut damaged = whole.clone();
    let lost = damaged.len() / 3..damaged.len() / 2;
    damaged[lost].fill(0);
    vec![whole, damaged]
}

/// A file with every setting in it.
pub(crate) fn settings() -> Vec<Vec<u8>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../collector/tests/data/maximal.toml");
    fs::read(path).into_iter().collect()
}

/// Headers of PROXY protocol, version 1 and what stands behind version 2's signature.
pub(crate) fn proxies() -> Vec<Vec<u8>> {
    let mut binary = vec![0x21, 0x11];
    binary.extend([203, 0, 113, 7, 10, 0, 0, 1, 0x1f, 0x90, 0x01, 0xbb]);
    vec![
        b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 443\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::1 ::1 5000 443\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        binary,
    ]
}

/// Heads of requests behind the size of their pieces: their first line is the address alone.
pub(crate) fn heads() -> Vec<Vec<u8>> {
    [
        "\u{6}/collect/k%31?id=b1&sent=1700000000000&try=2&z=gzip&late=1\r\norigin: https://www.shop.example:443\r\ncontent-encoding: gzip\r\n\r\n{}",
        "\0/v1/traces/\r\nidempotency-key: b1\r\nsec-ch-ua: \"Not/A)Brand\";v=\"8\", \"Google Chrome\";v=\"126\"\r\nsec-ch-ua-platform: \"Windows\"\r\n\r\n",
        "\u{3f}\r\n/reports/k1\r\norigin: https://[::1]:8080\nsec-ch-ua-mobile: ?1\r\n\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Values of `Forwarded` and `X-Forwarded-For`.
pub(crate) fn forwarded() -> Vec<Vec<u8>> {
    [
        "203.0.113.7, 10.0.0.9",
        "for=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.2, for=10.1.2.3",
        "for=unknown, for=_hidden",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Texts that hold secrets, and texts that do not.
pub(crate) fn texts() -> Vec<Vec<u8>> {
    files("scrub", "tsv")
        .iter()
        .flat_map(|file| file.split(|byte| *byte == b'\n'))
        .filter_map(|line| line.rsplit(|byte| *byte == b'\t').next())
        .filter(|text| !text.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// Messages of every operation, behind the client's flags.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    (0..24)
        .map(|op| {
            let mut out = vec![op];
            for op in 0..=op {
                out.extend([op, 3, 8, 0]);
                out.extend(b"\x04\0\0\0text");
            }
            out
        })
        .collect()
}

/// Stacks as engines write them, with a message, a type and a file behind them.
pub(crate) fn stacks() -> Vec<Vec<u8>> {
    [
        "TypeError: x is undefined\n    at Cart.add (https://shop.example/app.js:10:15)\n    at async https://shop.example/app.js:2:1\0x is undefined\0TypeError\0https://shop.example/app.js",
        "add@https://shop.example/app.js:10:15\n@https://shop.example/app.js line 2 > eval:1:1\n[native code]\0m\0Error",
        "Error: é\n    at eval (eval at run (https://shop.example/a.js:1:1), <anonymous>:1:2)\n    at new Map (<anonymous>)\n    at add (wasm://wasm/0a1b:wasm-function[12]:0x1f3)\0\0\0\0Error\0cause\0    at f (chrome-extension://abc/x.js:1:2)",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Entries of every kind, with ordinary numbers and with odd ones.
pub(crate) fn entries() -> Vec<Vec<u8>> {
    let life = |number: u8| -> Vec<u8> {
        (0..16)
            .flat_map(|what| {
                let mut entry = vec![what, 40, 0, b'n'];
                entry.extend([number; 6]);
                entry.extend([3, number, 2, 1, number, number, 1, 1]);
                entry
            })
            .collect()
    };
    [9, 120, 226, 229, 255].map(life).into()
}

/// What this version and others leave in a tab's storage.
pub(crate) fn storages() -> Vec<Vec<u8>> {
    [
        "1 1767225500000 1767225590000 0 00f067aa0ba902b7",
        "1 1767225500000 0000000000000 1 a.session:id@x",
        "1 9999999999999 9999999999999 0 from-the-future",
        "1 0000000000000 0000000000000 0 0",
        "2 something else",
        "{\"id\":\"x\"}",
        "",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
