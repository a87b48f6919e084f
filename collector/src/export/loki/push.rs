//! Streams as the two forms of a push: the part of Loki's `push.proto` that clients write, and the same as JSON. Written straight from the
//! batch: a push is some thousand entries of some sixty pairs.

use farol_protocol::write;
use serde_json::{Map, Value};

use super::entry::{Known, Metadata};
use super::streams::{Pair, Stream};
use crate::export::json::{write_list, write_text};
use crate::protobuf::{delimited, nested, number, text};

const SECOND: u64 = 1_000_000_000;

/// About what an entry comes to, so that the body rarely moves while it grows.
const USUAL_ENTRY: usize = 2_048;

fn room(streams: &[Stream<'_>]) -> Vec<u8> {
    let entries: usize = streams.iter().map(|it| it.entries.len()).sum();
    Vec::with_capacity(USUAL_ENTRY * entries)
}

/// The protobuf form, without the Snappy around it.
pub(super) fn protobuf(streams: &[Stream<'_>]) -> Vec<u8> {
    let mut out = room(streams);
    let mut metadata = Metadata::default();
    for stream in streams {
        nested(1, &mut out, |out| {
            text(1, &labels(&stream.labels), out);
            for known in &stream.entries {
                metadata.fill(known);
                nested(2, out, |out| entry(known, &metadata, out));
            }
        });
    }
    out
}

fn entry(known: &Known<'_>, metadata: &Metadata<'_>, out: &mut Vec<u8>) {
    let nanos = known.time();
    nested(1, out, |out| {
        number(1, nanos / SECOND, out);
        number(2, nanos % SECOND, out);
    });
    text(2, &known.line(), out);
    for (name, value) in metadata.pairs() {
        nested(3, out, |out| {
            if !name.is_empty() {
                delimited(1, name, out);
            }
            text(2, value, out);
        });
    }
}

/// `{name="value", …}`.
pub(super) fn labels(labels: &[Pair]) -> String {
    let labels = labels.iter();
    let labels: Vec<_> = labels
        .map(|it| format!("{}={}", it.name, quoted(&it.value)))
        .collect();
    format!("{{{}}}", labels.join(", "))
}

/// A string as Go's `strconv.Unquote` reads it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out += &format!("\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The JSON form.
pub(super) fn json(streams: &[Stream<'_>]) -> Vec<u8> {
    let mut out = room(streams);
    out.extend_from_slice(br#"{"streams":"#);
    write_list(&mut out, streams, |out, stream| {
        let labels = stream.labels.iter();
        let labels = labels.map(|it| (it.name.clone(), Value::from(it.value.as_str())));
        let labels = Value::Object(labels.collect::<Map<_, _>>()).to_string();
        out.extend_from_slice(br#"{"stream":"#);
        out.extend_from_slice(labels.as_bytes());
        out.extend_from_slice(br#","values":"#);
        write_list(out, &stream.entries, |out, known| {
            let mut metadata = Metadata::default();
            metadata.fill(known);
            value(known, &metadata, out);
        });
        out.push(b'}');
    });
    out.push(b'}');
    out
}

fn value(known: &Known<'_>, metadata: &Metadata<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"[\"");
    write::unsigned(known.time(), out);
    out.extend_from_slice(b"\",");
    write_text(out, &known.line());
    out.extend_from_slice(b",{");
    let mut pairs: Vec<_> = metadata.pairs().collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name);
        out.extend_from_slice(b"\":");
        write_text(out, value);
    }
    out.extend_from_slice(b"}]");
}
