//! A file packed: taken from beside it where it is there and right, made once otherwise.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Result, bail};
use bytes::Bytes;

use super::accept::Wanted;

/// Below this a packed form saves less than its headers cost.
const LEAST: usize = 256;
/// Brotli's best; the SDK takes a tenth of a second, once.
const QUALITY: u32 = 11;
/// A window of 256 KiB: the SDK fits, and packing needs some MiB instead of some dozen.
const WINDOW_LOG: u32 = 18;

/// The packed form; `None` where it is not worth it.
pub(super) fn pack(wanted: Wanted, plain: &Bytes, beside: Option<&Path>) -> Result<Option<Bytes>> {
    if let Some(path) = beside {
        let packed = std::fs::read(path)?;
        if !is_packed(wanted, &packed, plain) {
            bail!(
                "{} is not this file packed; pack it again, or remove it",
                path.display()
            );
        }
        return Ok(Some(packed.into()));
    }
    if plain.len() < LEAST {
        return Ok(None);
    }
    let mut out = Vec::new();
    match wanted {
        Wanted::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, QUALITY, WINDOW_LOG);
            encoder.write_all(plain)?;
        }
        Wanted::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::best());
            encoder.write_all(plain)?;
            encoder.finish()?;
        }
        Wanted::Identity => return Ok(None),
    }
    Ok((out.len() < plain.len()).then(|| out.into()))
}

/// Whether it inflates to just this. One that was left from an earlier build would serve another version to some.
fn is_packed(wanted: Wanted, packed: &[u8], plain: &[u8]) -> bool {
    // One byte more than the file shows that there is more.
    let most = plain.len() as u64 + 1;
    let mut out = Vec::new();
    let read = match wanted {
        Wanted::Brotli => brotli_decompressor::Decompressor::new(packed, 4096)
            .take(most)
            .read_to_end(&mut out),
        Wanted::Gzip => flate2::bufread::MultiGzDecoder::new(packed)
            .take(most)
            .read_to_end(&mut out),
        Wanted::Identity => return packed == plain,
    };
    read.is_ok() && out == plain
}
