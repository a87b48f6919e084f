//! Reading a body within its bounds, and throwing away what is not wanted.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::RETRY_BUSY;
use crate::admit::Toll;
use crate::config::Limits;
use crate::error::ApiError;
use crate::inflate::Reserved;
use crate::outcome::{Abort, Refusal};
use crate::serve::read_buffer;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It ended early; nobody reads an answer.
    Cut(Abort),
    /// It is not taken; with what was not read of it, and whether that is paid for.
    Refused(ApiError, Body, Rest),
}

/// What of a body nobody wants any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Its length was announced, and the rates had room for it.
    Paid,
    /// Nobody has paid for it.
    Unpaid,
}

/// How much of an unwanted body is taken off the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linger {
    bytes: usize,
    time: Duration,
}

/// For those who may not send at all: what a browser has on its way when the answer reaches it.
pub(super) const UNKNOWN: Linger = Linger {
    bytes: 64 * 1024,
    time: Duration::from_secs(1),
};

/// For those who may: a body that is too large by mistake deserves an answer that can be read. 16 MiB are more than any page sends. What goes
/// beyond [`UNKNOWN`] is paid for as if it were taken.
pub(super) const ADMITTED: Linger = Linger {
    bytes: 16 << 20,
    time: Duration::from_secs(5),
};

/// Reads a whole body.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    limits: &Limits,
    toll: &Toll,
    reserved: &mut Reserved,
) -> Result<Bytes, ReadError> {
    let announced = content_length(headers);
    if announced.is_some_and(|n| n > limits.body as u64) {
        // A client that asks before it sends is told at once.
        let rest = match headers.contains_key(EXPECT) {
            true => Body::empty(),
            false => body,
        };
        return Err(ReadError::Refused(too_large(limits), rest, Rest::Unpaid));
    }
    // Beforehand where the length is known; what comes without one pays as it comes.
    if let Err(error) = toll.bytes(announced.unwrap_or(0)) {
        return Err(ReadError::Refused(error, body, Rest::Unpaid));
    }
    let rest_is = match announced {
        Some(_) => Rest::Paid,
        None => Rest::Unpaid,
    };
    let start = Instant::now();
    // Where it comes in pieces: what the connection reads into grows with it, and the piece before is still there.
    let mut buffers = reserved.beside();
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    loop {
        let have = first.as_ref().map_or(0, Bytes::len).max(rest.len());
        let time = time_for(have, limits);
        let frame = match timeout_at(start + time, body.frame()).await {
            // It had its time; nothing more is waited for.
            Err(_) => {
                let nothing = Body::empty();
                return Err(ReadError::Refused(too_slow(time, limits), nothing, rest_is));
            }
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(ReadError::Cut(Abort::BodyCut)),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if have + data.len() > limits.body {
            return Err(ReadError::Refused(too_large(limits), body, rest_is));
        }
        if announced.is_none()
            && let Err(error) = toll.bytes(data.len() as u64)
        {
            return Err(ReadError::Refused(error, body, rest_is));
        }
        if !reserved.grow(data.len()) {
            return Err(ReadError::Refused(busy(), body, rest_is));
        }
        if have > 0 {
            let most = 2 * read_buffer(limits);
            let comes_to = have + data.len();
            let more = (2 * comes_to).min(most) - buffers.bytes();
            if !buffers.grow_for(comes_to, more) {
                return Err(ReadError::Refused(busy(), body, rest_is));
            }
        }
        // Most bodies come in one piece and need not be copied.
        match first.take() {
            None if rest.is_empty() => first = Some(data),
            None => rest.extend_from_slice(&data),
            Some(head) => {
                rest.reserve(
                    announced
                        .map_or(0, |n| n as usize)
                        .max(head.len() + data.len()),
                );
                rest.extend_from_slice(&head);
                rest.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| rest.freeze()))
}

/// Connections at once whose unwanted bodies are taken off the wire: each holds what it reads into meanwhile. More are closed at once.
static LINGERING: Semaphore = Semaphore::const_new(256);

/// Takes what is on its way and throws it away: as much as anybody may have on its way for nothing, and beyond that what `toll` has room for.
pub(super) async fn discard(mut body: Body, linger: Linger, toll: Option<&Toll>) {
    let Ok(_place) = LINGERING.try_acquire() else {
        return;
    };
    let drain = async {
        let (mut left, mut free) = (linger.bytes, UNKNOWN.bytes);
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, Bytes::len);
            let paid = size.saturating_sub(free);
            free = free.saturating_sub(size);
            let over = toll.is_some_and(|toll| paid > 0 && toll.bytes(paid as u64).is_err());
            match left.checked_sub(size) {
                Some(rest) if !over => left = rest,
                _ => return,
            }
        }
    };
    // Out of time is as good as done.
    let _ = timeout(linger.time, drain).await;
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limits: &Limits) -> ApiError {
    let message = format!(
        "the body is larger than {} bytes as sent; send smaller batches, or raise limits.body",
        limits.body
    );
    ApiError::new(Refusal::TooLarge, message)
}

/// How long after its beginning a body's next piece may come: until it fell below the least rate, and never beyond its whole time.
fn time_for(have: usize, limits: &Limits) -> Duration {
    if limits.body_rate == 0 {
        return limits.body_timeout;
    }
    let paid = Duration::from_secs_f64(have as f64 / limits.body_rate as f64);
    paid.max(limits.body_grace).min(limits.body_timeout)
}

fn too_slow(time: Duration, limits: &Limits) -> ApiError {
    if time < limits.body_timeout {
        let message = format!(
            "the body came with less than {} bytes a second; send it again",
            limits.body_rate
        );
        return ApiError::new(Refusal::BodyTooSlow, message);
    }
    let message = format!(
        "the body did not come within {} s; send it again",
        limits.body_timeout.as_secs()
    );
    ApiError::new(Refusal::BodyTimeout, message)
}

fn busy() -> ApiError {
    let message = "too many bodies are being worked on at once; send the batch again";
    ApiError::later(Refusal::Busy, message, RETRY_BUSY)
}
