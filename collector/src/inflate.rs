//! Bodies as sent → bodies as meant, within a hard cap that is checked while inflating, never after.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// The largest window of brotli's format.
const BROTLI_WINDOW: usize = 16 << 20;

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

/// What a body may become.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The most bytes.
    pub inflated: usize,
    /// The largest window that a zstd frame may ask for, a power of two: a client chooses it, we hold the memory.
    pub zstd_window: usize,
}

/// Inflates a body within its bounds and `budget`.
pub fn inflate(
    encoding: Encoding,
    body: &Bytes,
    bounds: Bounds,
    budget: &mut Reserved,
) -> Result<Bytes, InflateError> {
    let cap = bounds.inflated;
    match encoding {
        Encoding::Identity if body.len() > cap => Err(InflateError::TooLarge),
        Encoding::Identity => Ok(body.clone()),
        // Windows of 32 KiB.
        Encoding::Gzip => {
            let decoder = flate2::bufread::MultiGzDecoder::new(&body[..]);
            read_capped(decoder, cap, 0, budget)
        }
        Encoding::Deflate => {
            let decoder = flate2::bufread::ZlibDecoder::new(&body[..]);
            read_capped(decoder, cap, 0, budget)
        }
        Encoding::Brotli => {
            let decoder = brotli_decompressor::Decompressor::new(&body[..], 4096);
            read_capped(decoder, cap, BROTLI_WINDOW, budget)
        }
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&body[..])
                .map_err(|_| InflateError::Corrupt)?;
            decoder
                .window_log_max(bounds.zstd_window.ilog2())
                .map_err(|_| InflateError::Corrupt)?;
            read_capped(decoder, cap, bounds.zstd_window, budget)
        }
    }
}

/// `window` is what the decoder holds at most of what it gave out: it fills as the body grows, and goes with the decoder.
fn read_capped(
    mut from: impl Read,
    cap: usize,
    window: usize,
    budget: &mut Reserved,
) -> Result<Bytes, InflateError> {
    let mut out = Vec::new();
    let mut held = budget.beside();
    loop {
        // One byte more than the cap shows that there is more.
        let room = STEP.min(cap + 1 - out.len());
        let filled = room.min(window.saturating_sub(held.bytes));
        if !budget.grow(room) || !held.grow(filled) {
            return Err(InflateError::Busy);
        }
        if out.capacity() - out.len() < room {
            // By half and never beyond the cap: doubling, a body would hold three times its bytes while it is moved, which no budget knows of.
            let more = room.max(out.len() / 2).min(cap + 1 - out.len());
            out.reserve_exact(more);
        }
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
    /// Nothing yet, of the same budget.
    pub(crate) fn beside(&self) -> Self {
        self.budget.reserve()
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `n` bytes more; false where they are not to be had. A quarter of all is for small bodies alone: large ones that stall, or
    /// inflate to nothing good, keep nobody's pages from sending.
    #[must_use]
    pub fn grow(&mut self, n: usize) -> bool {
        self.grow_for(self.bytes + n, n)
    }

    /// The same for a body that has `body` bytes, whatever these are of it.
    #[must_use]
    pub(crate) fn grow_for(&mut self, body: usize, n: usize) -> bool {
        let (used, max) = &*self.budget.0;
        let mut max = max.load(Ordering::Relaxed);
        if body > SMALL {
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

    const BOUNDS: Bounds = Bounds {
        inflated: CAP,
        zstd_window: 8 << 20,
    };

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
        let mut budget = Budget::new(usize::MAX).reserve();
        inflate(encoding, body, BOUNDS, &mut budget)
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
        inflate(Encoding::Gzip, &body, BOUNDS, &mut one).unwrap();
        let mut two = budget.reserve();
        assert_eq!(
            inflate(Encoding::Gzip, &body, BOUNDS, &mut two),
            Err(InflateError::Busy)
        );
        // What large ones leave is for small ones.
        assert!(!budget.reserve().grow(SMALL + 1));
        drop(two);
        assert!(budget.reserve().grow(SMALL / 2));
        drop(one);
        assert_eq!(budget.used(), 0);
        inflate(Encoding::Gzip, &body, BOUNDS, &mut budget.reserve()).unwrap();
    }

    #[test]
    fn the_last_quarter_goes_by_the_body_and_not_by_what_is_asked_for_it() {
        let budget = Budget::new(8 * SMALL);
        let mut large = budget.reserve();
        assert!(large.grow(6 * SMALL) && !large.grow(1));
        assert!(!budget.reserve().grow_for(SMALL + 1, 1));
        // A buffer is larger than what it is for.
        assert!(!budget.reserve().grow(SMALL + 1));
        assert!(budget.reserve().grow_for(SMALL, 2 * SMALL));
        assert!(!budget.reserve().grow_for(SMALL, 2 * SMALL + 1));
    }

    #[test]
    fn a_zstd_frame_may_ask_for_the_window_of_the_settings_and_no_larger_one() {
        let frame = |window_log| -> Bytes {
            let mut w = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
            w.window_log(window_log).unwrap();
            w.include_contentsize(false).unwrap();
            w.write_all(&[b'x'; 1000]).unwrap();
            w.finish().unwrap().into()
        };
        for (window, most) in [(8 << 20, 23), (1 << 20, 20)] {
            let bounds = Bounds {
                zstd_window: window,
                ..BOUNDS
            };
            let try_it = |log| {
                let mut budget = Budget::new(usize::MAX).reserve();
                inflate(Encoding::Zstd, &frame(log), bounds, &mut budget)
            };
            assert_eq!(try_it(most).unwrap().len(), 1000);
            assert_eq!(try_it(most + 1), Err(InflateError::Corrupt));
        }
    }

    #[test]
    fn a_window_counts_while_its_body_is_inflated() {
        let plain = vec![b'x'; CAP];
        for (encoding, windowed) in [
            (Encoding::Gzip, false),
            (Encoding::Zstd, true),
            (Encoding::Brotli, true),
        ] {
            let body = pack(encoding, &plain);
            let budget = Budget::new((CAP + 2 * STEP) * 4 / 3);
            let mut body_alone = budget.reserve();
            let inflated = inflate(encoding, &body, BOUNDS, &mut body_alone);
            assert_eq!(inflated.is_err(), windowed, "{encoding:?}");
            drop(body_alone);
            let budget = Budget::new(2 * (CAP + 2 * STEP) * 4 / 3);
            let mut both = budget.reserve();
            inflate(encoding, &body, BOUNDS, &mut both).unwrap();
            assert!(budget.used() <= CAP + 2 * STEP, "the window is given back");
        }
    }
}
