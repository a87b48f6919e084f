//! Loki's `push.proto`, the part of it that clients write, and the same as JSON.

use serde_json::{Value, json};

/// Entries under one set of labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stream {
    pub(super) labels: Vec<Pair>,
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Request {
    #[prost(message, repeated, tag = "1")]
    pub(super) streams: Vec<Labelled>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Labelled {
    /// `{name="value", …}`.
    #[prost(string, tag = "1")]
    pub(super) labels: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entry {
    #[prost(message, optional, tag = "1")]
    pub(super) timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    pub(super) line: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) metadata: Vec<Pair>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Pair {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

const SECOND: u64 = 1_000_000_000;

impl Timestamp {
    pub(super) fn of(nanos: u64) -> Self {
        Self {
            seconds: (nanos / SECOND) as i64,
            nanos: (nanos % SECOND) as i32,
        }
    }
}

/// The protobuf form, without the Snappy around it.
pub(super) fn protobuf(streams: Vec<Stream>) -> Vec<u8> {
    let labelled = |stream: Stream| {
        let labels = stream.labels.iter();
        let labels: Vec<_> = labels
            .map(|it| format!("{}={}", it.name, quoted(&it.value)))
            .collect();
        Labelled {
            labels: format!("{{{}}}", labels.join(", ")),
            entries: stream.entries,
        }
    };
    let streams = streams.into_iter().map(labelled).collect();
    prost::Message::encode_to_vec(&Request { streams })
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
pub(super) fn json(streams: &[Stream]) -> Vec<u8> {
    let object = |pairs: &[Pair]| -> Value {
        let pairs = pairs.iter();
        let pair = |it: &Pair| (it.name.clone(), Value::from(it.value.as_str()));
        Value::Object(pairs.map(pair).collect())
    };
    let streams = streams.iter().map(|stream| {
        let values = stream.entries.iter().map(|entry| {
            let at = entry.timestamp.unwrap_or_default();
            let nanos = at.seconds as u64 * SECOND + at.nanos as u64;
            json!([nanos.to_string(), entry.line, object(&entry.metadata)])
        });
        json!({ "stream": object(&stream.labels), "values": values.collect::<Vec<_>>() })
    });
    json!({ "streams": streams.collect::<Vec<_>>() })
        .to_string()
        .into_bytes()
}
