//! Bodies of requests, written and compressed off the runtime's threads: a megabyte takes milliseconds, and requests of browsers wait behind it.

use bytes::Bytes;
use flate2::write::GzEncoder;

use super::Batch;
use super::destination::Outcome;
use crate::background;
use crate::config::Compression;
use crate::memory::give_back_at_times;

/// A body that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(crate) bytes: Bytes,
    /// Its `Content-Encoding`.
    pub(crate) encoding: Option<&'static str>,
}

impl Packed {
    /// A body that goes as it is, without a `Content-Encoding`.
    pub(crate) fn plain(bytes: impl Into<Bytes>) -> Self {
        Self {
            bytes: bytes.into(),
            encoding: None,
        }
    }
}

/// Writes a batch with `write`, and compresses what comes of it. The error is what comes of a panic on the way.
pub(crate) async fn pack(
    batch: &Batch,
    compression: Compression,
    write: impl FnOnce(&Batch) -> Vec<u8> + Send + 'static,
) -> Result<Packed, Outcome> {
    let batch = batch.clone();
    aside(move || {
        let plain = write(&batch);
        // What was sent stays with the queue; this copy of the way to it does not.
        drop(batch);
        compress(plain, compression)
    })
    .await
}

/// Any other work on a batch that waits for nothing, off the runtime's threads. As much at once as there are processors: more would be no faster, and
/// each thread keeps memory of its own. The error is what comes of a panic.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Outcome> {
    let place = background::place().await;
    aside_for_long(move || {
        let made = work();
        drop(place);
        made
    })
    .await
}

/// Work that may wait for a disk, and has nobody else wait.
pub(crate) async fn aside_for_long<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Outcome> {
    let done = tokio::task::spawn_blocking(move || {
        let made = work();
        give_back_at_times();
        made
    });
    done.await.map_err(|error| Outcome::unwritten(&error))
}

/// zstd's own idea of its fast default.
const ZSTD_LEVEL: i32 = 1;

pub(crate) fn compress(plain: Vec<u8>, compression: Compression) -> Packed {
    let (bytes, encoding) = match compression {
        Compression::None => (plain.into(), None),
        Compression::Gzip => (gzip(&plain).into(), Some("gzip")),
        Compression::Zstd => match zstd::bulk::compress(&plain, ZSTD_LEVEL) {
            Ok(small) => (small.into(), Some("zstd")),
            Err(_) => (plain.into(), None),
        },
    };
    Packed { bytes, encoding }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    // Level 1: half the time of level 6 for a tenth more bytes, on data of this kind.
    let mut encoder = GzEncoder::new(
        Vec::with_capacity(plain.len() / 4),
        flate2::Compression::fast(),
    );
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("a Vec takes all")
}
