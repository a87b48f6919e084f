//! What the queue stores: a header from which routes can be decided without opening the body, and the scrubbed, enriched payload.
//!
//! The binary form is final from the first version on, so that what one version leaves in the data folder the next one reads:
//! `u32 block length | u32 header length | header | body | u32 crc32c of all before`, little-endian.

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The version of the header's layout that this build writes.
pub const FORMAT: u16 = 1;

/// The largest block that is believed when read back; a length beyond it is a damaged file, not a reason to allocate.
/// A body of `limits.inflated` (5 MiB by default) may come to six times as much here: a control character is a byte in OTLP's protobuf and `\u0001` in
/// JSON. So none that is larger is put into the queue.
pub const MAX_BLOCK: usize = 64 * 1024 * 1024;

/// Bytes of a block beside header and body: two lengths and the checksum.
const FRAME: usize = 4 + 4 + 4;

/// Bytes of either of a header's strings that are kept.
const TEXT: usize = u16::MAX as usize;

/// Bytes of a header beside its two strings.
const FIXED: usize = 2 + 1 + 1 + 1 + 8 + 8 + 8 + 16 + 6 * 4 + 4;

/// Where a payload came from, and so how its body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SourceKind {
    /// Faro's JSON, from the Farol or the Faro SDK.
    #[default]
    Faro,
    /// OTLP logs.
    OtlpLogs,
    /// OTLP traces.
    OtlpTraces,
    /// OTLP metrics.
    OtlpMetrics,
}

/// The sampling state of the session that sent the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SampleState {
    /// Sampled out; nothing of it is wanted.
    Off,
    /// Kept for the sake of an error only: the session itself is not in the sample.
    Ring,
    /// In the sample.
    #[default]
    On,
}

/// How many items of each kind a payload holds, in the fixed order of their sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Log items.
    pub logs: u32,
    /// Exceptions.
    pub exceptions: u32,
    /// Measurements.
    pub measurements: u32,
    /// Events.
    pub events: u32,
    /// Spans.
    pub spans: u32,
    /// Items that could not be read. They keep their place in the sequence and are not part of [`Counts::items`].
    pub unreadable: u32,
}

impl Counts {
    /// The items that the body holds (unreadable ones are gone before it is stored).
    pub fn items(&self) -> u64 {
        [
            self.logs,
            self.exceptions,
            self.measurements,
            self.events,
            self.spans,
        ]
        .iter()
        .map(|n| u64::from(*n))
        .sum()
    }

    /// The items that leave as OTLP log records.
    pub fn log_items(&self) -> u64 {
        self.items() - u64::from(self.spans)
    }

    fn as_array(&self) -> [u32; 6] {
        [
            self.logs,
            self.exceptions,
            self.measurements,
            self.events,
            self.spans,
            self.unreadable,
        ]
    }
}

/// What is known of a payload without opening it.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The layout of this header.
    pub format: u16,
    /// How the body is read.
    pub kind: SourceKind,
    /// The name of the declared app, or what the payload calls itself where none is declared.
    pub app: String,
    /// The tenant that the app belongs to; empty where there are none.
    pub tenant: String,
    /// When the collector took it, nanoseconds since 1970.
    pub received_ns: u64,
    /// Server minus client clock in milliseconds, where the request said when it was sent; else 0. Conversion adds it to item times.
    pub clock_offset_ms: i64,
    /// The record's id: the same on each replica that took the same batch.
    pub id: [u8; 16],
    /// What the body holds.
    pub counts: Counts,
    /// The session sampling rate, 0 to 1.
    pub rate: f64,
    /// The session's sampling state.
    pub state: SampleState,
    /// True where the payload came late (kept offline), so that it stays out of alerts.
    pub deferred: bool,
    /// The generation of the configuration that admitted it.
    pub generation: u32,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            format: FORMAT,
            kind: SourceKind::default(),
            app: String::new(),
            tenant: String::new(),
            received_ns: 0,
            clock_offset_ms: 0,
            id: [0; 16],
            counts: Counts::default(),
            rate: 1.0,
            state: SampleState::default(),
            deferred: false,
            generation: 0,
        }
    }
}

/// The id of a record whose request named its batch. SHA-256, because clients choose batch ids and a collision would be a lost batch.
pub fn record_id(app: &str, batch: &str) -> [u8; 16] {
    record_id_of(SourceKind::Faro, app, batch)
}

/// The same for what came as any kind. Each of OTLP's signals has ids of its own: a sender may give one to all that it flushes at once.
pub fn record_id_of(kind: SourceKind, app: &str, batch: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update((app.len() as u64).to_le_bytes());
    hash.update(app.as_bytes());
    hash.update(batch.as_bytes());
    if kind != SourceKind::Faro {
        // The first is in no text, so that no id of a batch is that of another kind's.
        hash.update([0xff, kind as u8]);
    }
    let digest = hash.finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

/// One entry of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What is known without opening the body.
    pub header: Header,
    /// The scrubbed, enriched payload: JSON for [`SourceKind::Faro`].
    pub body: Bytes,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// The bytes end within the record: a torn tail.
    Torn,
    /// The checksum, or a length, is not what was written.
    Corrupt,
    /// Written by a newer version in a layout this one does not know.
    UnknownFormat(u16),
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Torn => f.write_str("the record is cut short"),
            Self::Corrupt => f.write_str("the record is damaged"),
            Self::UnknownFormat(n) => {
                write!(f, "the record has format {n}, written by a newer version")
            }
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// Bytes that [`Record::encode`] will append.
    pub fn encoded_len(&self) -> usize {
        let texts = [&self.header.app, &self.header.tenant].map(|text| cut(text).len());
        FRAME + FIXED + 4 + texts.iter().sum::<usize>() + self.body.len()
    }

    /// Whether [`Record::decode`] reads what [`Record::encode`] writes of it.
    pub fn is_readable(&self) -> bool {
        self.encoded_len() <= 4 + MAX_BLOCK + 4
    }

    /// Appends the binary form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.reserve(self.encoded_len());
        out.extend_from_slice(&[0; 8]);
        self.encode_header(out);
        let header = out.len() - start - 8;
        let block = 4 + header + self.body.len();
        out[start..start + 4].copy_from_slice(&(block as u32).to_le_bytes());
        out[start + 4..start + 8].copy_from_slice(&(header as u32).to_le_bytes());
        out.extend_from_slice(&self.body);
        let sum = crc32c::crc32c(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Whether a record may begin here, as far as can be seen without its checksum. True where too little is there to tell.
    pub fn may_begin(bytes: &[u8]) -> bool {
        let number = |at: usize| {
            let found = bytes.get(at..at + 4).and_then(|b| b.first_chunk::<4>());
            found.map(|n| u32::from_le_bytes(*n) as usize)
        };
        let (Some(block), Some(header)) = (number(0), number(4)) else {
            return true;
        };
        let Some([a, b, kind, state, deferred]) = bytes.get(8..13) else {
            return true;
        };
        (4 + FIXED + 4..=MAX_BLOCK).contains(&block)
            && (FIXED + 4..=block - 4).contains(&header)
            && u16::from_le_bytes([*a, *b]) == FORMAT
            && *kind <= 3
            && *state <= 2
            && *deferred <= 1
    }

    /// Reads one record from the start of `bytes`; returns it and how many bytes it took.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), RecordError> {
        let block = match bytes.first_chunk::<4>() {
            None => return Err(RecordError::Torn),
            Some(n) => u32::from_le_bytes(*n) as usize,
        };
        if !(4 + FIXED + 4..=MAX_BLOCK).contains(&block) {
            return Err(RecordError::Corrupt);
        }
        let end = 4 + block;
        let sum = match bytes.get(end..end + 4).and_then(|s| s.first_chunk::<4>()) {
            None => return Err(RecordError::Torn),
            Some(n) => u32::from_le_bytes(*n),
        };
        if crc32c::crc32c(&bytes[..end]) != sum {
            return Err(RecordError::Corrupt);
        }
        let mut cursor = Cursor(&bytes[4..end]);
        let header_len = cursor.u32()? as usize;
        let mut header = Cursor(cursor.take(header_len)?);
        let header = decode_header(&mut header)?;
        let body = Bytes::copy_from_slice(cursor.0);
        Ok((Self { header, body }, end + 4))
    }

    fn encode_header(&self, out: &mut Vec<u8>) {
        let h = &self.header;
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.push(h.kind as u8);
        out.push(h.state as u8);
        out.push(u8::from(h.deferred));
        out.extend_from_slice(&h.received_ns.to_le_bytes());
        out.extend_from_slice(&h.clock_offset_ms.to_le_bytes());
        out.extend_from_slice(&h.rate.to_le_bytes());
        out.extend_from_slice(&h.id);
        for n in h.counts.as_array() {
            out.extend_from_slice(&n.to_le_bytes());
        }
        out.extend_from_slice(&h.generation.to_le_bytes());
        for text in [&h.app, &h.tenant] {
            let text = cut(text);
            out.extend_from_slice(&(text.len() as u16).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT)]
}

fn decode_header(c: &mut Cursor<'_>) -> Result<Header, RecordError> {
    let format = u16::from_le_bytes(c.array()?);
    if format != FORMAT {
        return Err(RecordError::UnknownFormat(format));
    }
    let kind = match c.array::<1>()?[0] {
        0 => SourceKind::Faro,
        1 => SourceKind::OtlpLogs,
        2 => SourceKind::OtlpTraces,
        3 => SourceKind::OtlpMetrics,
        _ => return Err(RecordError::Corrupt),
    };
    let state = match c.array::<1>()?[0] {
        0 => SampleState::Off,
        1 => SampleState::Ring,
        2 => SampleState::On,
        _ => return Err(RecordError::Corrupt),
    };
    Ok(Header {
        format,
        kind,
        state,
        deferred: c.array::<1>()?[0] & 1 == 1,
        received_ns: u64::from_le_bytes(c.array()?),
        clock_offset_ms: i64::from_le_bytes(c.array()?),
        rate: f64::from_le_bytes(c.array()?),
        id: c.array()?,
        counts: Counts {
            logs: c.u32()?,
            exceptions: c.u32()?,
            measurements: c.u32()?,
            events: c.u32()?,
            spans: c.u32()?,
            unreadable: c.u32()?,
        },
        generation: c.u32()?,
        app: c.text()?,
        tenant: c.text()?,
    })
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(RecordError::Corrupt)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(RecordError::Corrupt)?;
        self.0 = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, RecordError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, RecordError> {
        let n = usize::from(u16::from_le_bytes(self.array()?));
        String::from_utf8(self.take(n)?.to_vec()).map_err(|_| RecordError::Corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            header: Header {
                kind: SourceKind::OtlpTraces,
                app: "shop".into(),
                tenant: "one".into(),
                received_ns: 1_700_000_000_000_000_001,
                clock_offset_ms: -86_400_000,
                id: record_id("shop", "b1"),
                counts: Counts {
                    logs: 1,
                    exceptions: 2,
                    measurements: 3,
                    events: 4,
                    spans: 5,
                    unreadable: 6,
                },
                rate: 0.25,
                state: SampleState::Ring,
                deferred: true,
                generation: 7,
                ..Header::default()
            },
            body: Bytes::from_static(b"{\"meta\":{}}"),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = Vec::new();
        record().encode(&mut bytes);
        assert_eq!(bytes.len(), record().encoded_len());
        bytes.extend_from_slice(b"next");
        let (read, used) = Record::decode(&bytes).unwrap();
        assert_eq!((read, used), (record(), bytes.len() - 4));
    }

    #[test]
    fn its_length_is_known_whatever_its_app_is_called() {
        for name in ["a".repeat(TEXT), "a".repeat(TEXT + 1), "é".repeat(TEXT)] {
            let mut record = record();
            record.header.app = name;
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            assert_eq!(bytes.len(), record.encoded_len());
        }
    }

    #[test]
    fn what_is_too_large_to_be_read_back_is_known_before() {
        let mut record = record();
        let beside = record.encoded_len() - record.body.len();
        for (over, readable) in [(0, true), (1, false)] {
            record.body = vec![b' '; 4 + MAX_BLOCK + 4 - beside + over].into();
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            assert_eq!(record.is_readable(), readable);
            assert_eq!(Record::decode(&bytes).is_ok(), readable);
        }
    }

    #[test]
    fn every_cut_is_a_torn_record() {
        let mut bytes = Vec::new();
        record().encode(&mut bytes);
        for end in 0..bytes.len() {
            assert_eq!(
                Record::decode(&bytes[..end]),
                Err(RecordError::Torn),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut bytes = Vec::new();
        record().encode(&mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn zeroes_are_no_record() {
        assert_eq!(Record::decode(&[0; 4096]), Err(RecordError::Corrupt));
    }

    #[test]
    fn the_id_depends_on_app_and_batch_and_on_their_border() {
        assert_eq!(record_id("a", "b"), record_id("a", "b"));
        assert_ne!(record_id("a", "bc"), record_id("ab", "c"));
        // What was taken by the version before is known by it.
        let known = "f2cf86de68f3e7b62b3930ecb4cf8cda";
        assert_eq!(crate::hex::hex(&record_id("shop", "b1")), known);
        let kinds = [
            SourceKind::Faro,
            SourceKind::OtlpLogs,
            SourceKind::OtlpTraces,
            SourceKind::OtlpMetrics,
        ];
        let ids: std::collections::BTreeSet<_> =
            kinds.map(|kind| record_id_of(kind, "shop", "b1")).into();
        assert_eq!(ids.len(), kinds.len());
    }

    /// Written once by the first version: every later one must read it.
    #[test]
    fn a_record_of_format_1_stays_readable() {
        let bytes = include_bytes!("../tests/data/record-format-1");
        assert_eq!(Record::decode(bytes), Ok((record(), bytes.len())));
    }
}
