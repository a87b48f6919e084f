//! What is sent: one chunk of events under one tag, packed, and compressed where that is asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xxhash_rust::xxh3::xxh3_128;

use crate::config::Compression;
use crate::export::document::{USUAL_DOCUMENT, documents};
use crate::export::{Batch, msgpack, pack::compress};

/// What a message takes at most beside its tag and its events.
const HEADS: usize = 96;

/// A message, and the name by which it is acknowledged.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) id: String,
    pub(super) message: Vec<u8>,
}

impl Chunk {
    /// The items of a batch as one message: `[tag, events, options]`.
    pub(super) fn new(tag: &str, batch: &Batch, compression: Compression) -> Self {
        let mut events = Vec::with_capacity(USUAL_DOCUMENT * batch.len());
        let mut size = 0;
        for document in documents(batch) {
            size += 1;
            msgpack::array(&mut events, 2);
            msgpack::event_time(&mut events, document.time_ns);
            document.msgpack(&mut events);
        }
        // By its content: a chunk that is sent again has the name it had.
        let id = STANDARD.encode(xxh3_128(&events).to_be_bytes());
        let packed = compress(events, compression);
        let mut message = Vec::with_capacity(packed.bytes.len() + tag.len() + HEADS);
        msgpack::array(&mut message, 3);
        msgpack::text(&mut message, tag);
        msgpack::bytes(&mut message, &packed.bytes);
        msgpack::map(&mut message, if packed.encoding.is_some() { 3 } else { 2 });
        msgpack::text(&mut message, "chunk");
        msgpack::text(&mut message, &id);
        msgpack::text(&mut message, "size");
        msgpack::int(&mut message, size);
        if let Some(encoding) = packed.encoding {
            msgpack::text(&mut message, "compressed");
            msgpack::text(&mut message, encoding);
        }
        Self { id, message }
    }
}
