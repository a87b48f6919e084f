mod exceptions;
mod invariants;
mod items;
mod lifecycle;
mod payload;
mod ring;
mod visits;

use std::vec::Vec;

use serde_json::Value as Json;

use super::*;
use crate::fake::{Fake, Start, Writer};

/// The wall clock at `performance.now()` = 0.
const EPOCH: f64 = 1_767_225_600_000.0;

/// A client under test and the time it is given.
pub(super) struct Bench {
    pub(super) client: Client<Fake>,
    pub(super) now: f64,
    pub(super) due: f64,
}

/// A sealed batch, read.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    pub(super) id: Vec<u8>,
    pub(super) offset: f64,
    pub(super) items: u32,
    pub(super) flags: u8,
    pub(super) json: Json,
    pub(super) bytes: usize,
}

impl Bench {
    pub(super) fn new(start: &Start) -> Self {
        let mut bench = Self {
            client: Client::new(Fake::default()),
            now: 0.0,
            due: f64::INFINITY,
        };
        bench.client.pen.host.wall = EPOCH;
        bench.put(op::START, &start.message());
        bench
    }

    /// One with a session that has said that it started.
    pub(super) fn started(start: &Start) -> Self {
        let mut bench = Self::new(start);
        bench.flush();
        bench.said(signal::BATCH);
        bench
    }

    /// Time passes on both clocks.
    pub(super) fn wait(&mut self, ms: f64) -> &mut Self {
        self.now += ms;
        self.client.pen.host.wall += ms;
        self
    }

    pub(super) fn put(&mut self, op: u32, message: &[u8]) -> &mut Self {
        self.due = self.client.put(op, self.now, message);
        self
    }

    pub(super) fn event(&mut self, name: &str) -> &mut Self {
        let message = Writer::default()
            .s(name)
            .s("")
            .a(&[])
            .s("")
            .s("")
            .n(f64::NAN);
        self.put(op::EVENT, &message.0)
    }

    pub(super) fn flush(&mut self) -> &mut Self {
        self.put(op::FLUSH, &[0])
    }

    /// What was said by `signal`, and forgets it.
    pub(super) fn said(&mut self, signal: u32) -> Vec<Vec<u8>> {
        let (these, others) = core::mem::take(&mut self.client.pen.host.said)
            .into_iter()
            .partition(|(s, _)| *s == signal);
        self.client.pen.host.said = others;
        these.into_iter().map(|(_, bytes)| bytes).collect()
    }

    pub(super) fn batches(&mut self) -> Vec<Sealed> {
        self.said(signal::BATCH)
            .iter()
            .map(|bytes| read(bytes))
            .collect()
    }

    /// Flushes, and gives the one batch that comes.
    pub(super) fn batch(&mut self) -> Sealed {
        let mut batches = self.flush().batches();
        assert_eq!(batches.len(), 1);
        batches.remove(0)
    }

    pub(super) fn diagnostics(&mut self) -> Vec<(u32, f64)> {
        let said = self.said(signal::DIAGNOSTIC);
        said.iter()
            .map(|b| {
                (
                    u32::from_le_bytes(b[..4].try_into().unwrap()),
                    f64::from_le_bytes(b[4..].try_into().unwrap()),
                )
            })
            .collect()
    }

    pub(super) fn sessions(&mut self) -> Vec<(u8, std::string::String)> {
        let text = |b: &[u8]| std::string::String::from_utf8(b.to_vec()).unwrap();
        self.said(signal::SESSION)
            .iter()
            .map(|b| (b[0], text(&b[5..])))
            .collect()
    }
}

pub(super) fn read(bytes: &[u8]) -> Sealed {
    let mut m = Message::new(bytes);
    let id = m.text().to_vec();
    let (offset, items, flags) = (m.number(), m.word(), m.byte());
    let body = &bytes[4 + id.len() + 13..];
    let json = serde_json::from_slice(body)
        .unwrap_or_else(|e| panic!("{e}: {}", std::string::String::from_utf8_lossy(body)));
    Sealed {
        id,
        offset,
        items,
        flags,
        json,
        bytes: body.len(),
    }
}

/// All items in the payload's fixed order: kind and item.
pub(super) fn items(json: &Json) -> Vec<(&'static str, &Json)> {
    let mut all = Vec::new();
    for kind in ["logs", "exceptions", "measurements", "events"] {
        all.extend(
            json[kind]
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| (kind, item)),
        );
    }
    for scopes in json["traces"]["resourceSpans"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for scope in scopes["scopeSpans"].as_array().into_iter().flatten() {
            all.extend(
                scope["spans"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|item| ("spans", item)),
            );
        }
    }
    all
}
