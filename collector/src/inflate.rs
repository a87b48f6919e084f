//! Bodies as sent → bodies as meant, within a hard cap that is checked while inflating, never after.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// The largest window that zstd may ask for (2^23 = 8 MiB, RFC 8878's recommended floor for decoders): a client chooses it, we hold the memory.
const ZSTD_WINDOW_LOG: u32 = 23;

/// A small body: what SDKs send (1 to 16 KiB), and the first step of its inflating.
const SMALL: usize = 48 * 1024;

/// Growth of an inflated body between two looks at the bounds.
const STEP: usize = 32 * 1024;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip.
    Gzip,
    /// zlib, which HTTP calls deflate.
    Deflate,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

impl Encoding {
    /// By the names of `content-encoding` and of the parameter `z`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }
}

/// Why a body did not inflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InflateError {
    /// It would grow beyond the cap.
    TooLarge,
    /// It is not what it says, or ends early.
    Corrupt,
    /// All inflated bodies together would hold too much memory.
    Busy,
}

/// Inflates a body to at most `cap` bytes, within `budget`.
pub fn inflate(
    encoding: Encoding,
    body: &Bytes,
    cap: usize,
    budget: &mut Reserved,
) -> Result<Bytes, InflateError> {
    match encoding {
        Encoding::Identity if body.len() > cap => Err(InflateError::TooLarge),
        Encoding::Identity => Ok(body.clone()),
        Encoding::Gzip => read_capped(flate2::bufread::MultiGzDecoder::new(&body[..]), cap, budget),
        Encoding::Deflate => read_capped(flate2::bufread::ZlibDecoder::new(&body[..]), cap, budget),
        Encoding::Brotli => read_capped(
            brotli_decompressor::Decompressor::new(&body[..], 4096),
            cap,
            budget,
        ),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..])
                .map_err(|_| InflateError::Corrupt)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|_| InflateError::Corrupt)?;
            read_capped(decoder, cap, budget)
        }
    }
}

fn read_capped(
    mut from: impl Read,
    cap: usize,
    budget: &mut Reserved,
) -> Result<Bytes, InflateError> {
    let mut out = Vec::new();
    loop {
        // One byte more than the cap shows that there is more.
        let room = STEP.min(cap + 1 - out.len());
        if !budget.grow(room) {
            return Err(InflateError::Busy);
        }
        out.reserve(room);
        match from.by_ref().take(room as u64).read_to_end(&mut out) {
            Ok(0) => return Ok(out.into()),
            Ok(_) if out.len() > cap => return Err(InflateError::TooLarge),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(InflateError::Corrupt),
        }
    }
}

/// Bytes that all requests together may hold.
#[derive(Debug, Clone)]
pub struct Budget(Arc<(AtomicUsize, AtomicUsize)>);

impl Budget {
    /// At most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self(Arc::new((AtomicUsize::new(0), AtomicUsize::new(max))))
    }

    /// Another bound from now on. What is held stays.
    pub fn bound(&self, max: usize) {
        self.0.1.store(max, Ordering::Relaxed);
    }

    /// Nothing yet; given back when dropped.
    pub fn reserve(&self) -> Reserved {
        Reserved {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }
}

/// A part of a [`Budget`].
#[derive(Debug)]
pub struct Reserved {
    budget: Budget,
    bytes: usize,
}

impl Reserved {
    /// Takes `n` bytes more; false where they are not to be had. A quarter of all is for small bodies alone: large ones that stall, or
    /// inflate to nothing good, keep nobody's pages from sending.
    #[must_use]
    pub fn grow(&mut self, n: usize) -> bool {
        let (used, max) = &*self.budget.0;
        let mut max = max.load(Ordering::Relaxed);
        if self.bytes + n > SMALL {
            max -= max / 4;
        }
        let took = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |u| {
            u.checked_add(n).filter(|u| *u <= max)
        });
        if took.is_ok() {
            self.bytes += n;
        }
        took.is_ok()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.0.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const CAP: usize = 100_000;

    fn pack(encoding: Encoding, plain: &[u8]) -> Bytes {
        match encoding {
            Encoding::Identity => plain.to_vec(),
            Encoding::Gzip => {
                let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                w.write_all(plain).unwrap();
                w.finish().unwrap()
            }
            Encoding::Deflate => {
                let mut w =
                    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                w.write_all(plain).unwrap();
                w.finish().unwrap()
            }
            Encoding::Brotli => {
                let mut out = Vec::new();
                let params = brotli::enc::BrotliEncoderParams {
                    quality: 1,
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut &plain[..], &mut out, &params).unwrap();
                out
            }
            Encoding::Zstd => zstd::encode_all(plain, 1).unwrap(),
        }
        .into()
    }

    const ALL: [Encoding; 5] = [
        Encoding::Identity,
        Encoding::Gzip,
        Encoding::Deflate,
        Encoding::Brotli,
        Encoding::Zstd,
    ];

    fn unpack(encoding: Encoding, body: &Bytes) -> Result<Bytes, InflateError> {
        inflate(encoding, body, CAP, &mut Budget::new(usize::MAX).reserve())
    }

    #[test]
    fn every_encoding_is_taken_up_to_the_cap_and_not_beyond() {
        for encoding in ALL {
            let most = vec![b'x'; CAP];
            assert_eq!(
                unpack(encoding, &pack(encoding, &most)).unwrap(),
                most,
                "{encoding:?}"
            );
            let more = vec![b'x'; CAP + 1];
            assert_eq!(
                unpack(encoding, &pack(encoding, &more)),
                Err(InflateError::TooLarge),
                "{encoding:?}"
            );
        }
    }

    #[test]
    fn half_a_body_and_no_body_are_corrupt() {
        for encoding in ALL.into_iter().skip(1) {
            let whole = pack(
                encoding,
                b"{\"meta\":{}} and some more text to have a middle",
            );
            let half = whole.slice(..whole.len() / 2);
            assert_eq!(
                unpack(encoding, &half),
                Err(InflateError::Corrupt),
                "{encoding:?}"
            );
            assert_eq!(
                unpack(encoding, &Bytes::from_static(b"{\"a\":1}")),
                Err(InflateError::Corrupt),
                "{encoding:?}"
            );
        }
    }

    #[test]
    fn all_bodies_together_stay_within_the_budget() {
        let budget = Budget::new(CAP * 4 / 3);
        let body = pack(Encoding::Gzip, &vec![b'x'; CAP / 2]);
        let mut one = budget.reserve();
        inflate(Encoding::Gzip, &body, CAP, &mut one).unwrap();
        let mut two = budget.reserve();
        assert_eq!(
            inflate(Encoding::Gzip, &body, CAP, &mut two),
            Err(InflateError::Busy)
        );
        // What large ones leave is for small ones.
        assert!(!budget.reserve().grow(SMALL + 1));
        drop(two);
        assert!(budget.reserve().grow(SMALL / 2));
        drop(one);
        assert_eq!(budget.used(), 0);
        inflate(Encoding::Gzip, &body, CAP, &mut budget.reserve()).unwrap();
    }

    #[test]
    fn a_zstd_frame_that_wants_a_larger_window_is_refused() {
        let mut w = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        w.window_log(25).unwrap();
        w.include_contentsize(false).unwrap();
        w.write_all(&[b'x'; 1000]).unwrap();
        let body: Bytes = w.finish().unwrap().into();
        assert_eq!(unpack(Encoding::Zstd, &body), Err(InflateError::Corrupt));
    }
}
