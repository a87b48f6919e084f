//! As much of a server of the Forward protocol as acknowledges chunks: `[tag, events, { chunk, size, compressed }]`.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::ids::{Books, Form};
use crate::receipts::unpacked;

/// Takes connections for as long as the listener lives.
pub(crate) async fn serve(listener: TcpListener, books: Arc<Books>) {
    while let Ok((stream, _)) = listener.accept().await {
        let books = Arc::clone(&books);
        tokio::spawn(async move { chunks(stream, &books).await });
    }
}

/// One chunk after the other, each acknowledged when it is noted.
async fn chunks(mut stream: TcpStream, books: &Books) {
    let mut read = Vec::new();
    loop {
        while let Some((message, len)) = message(&read) {
            books.note("fluent", Form::Events, &unpacked(message.events));
            let id = message.chunk;
            let answer = [&[0x81, 0xa3], &b"ack"[..], &[0xa0 | id.len() as u8], id].concat();
            read.drain(..len);
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return;
        }
    }
}

struct Message<'a> {
    events: &'a [u8],
    chunk: &'a [u8],
}

/// A whole message at the beginning, and its length.
fn message(bytes: &[u8]) -> Option<(Message<'_>, usize)> {
    let mut rest = bytes.strip_prefix(&[0x93])?;
    let (_tag, events) = (value(&mut rest)?, value(&mut rest)?);
    let (head, mut rest) = rest.split_first()?;
    let mut chunk = &[][..];
    for _ in 0..head & 0x0f {
        let (key, value) = (value(&mut rest)?, value(&mut rest)?);
        if key == b"chunk" {
            chunk = value;
        }
    }
    Some((Message { events, chunk }, bytes.len() - rest.len()))
}

/// The bytes of a text, of binary data or of a number.
fn value<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (head, after) = rest.split_first()?;
    let size = |digits: usize| {
        let bytes = after.get(..digits)?;
        Some((
            digits,
            bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)),
        ))
    };
    let (digits, len) = match head {
        0xa0..=0xbf => (0, usize::from(head & 0x1f)),
        0xc4 | 0xd9 => size(1)?,
        0xc5 | 0xda => size(2)?,
        0xc6 | 0xdb => size(4)?,
        0xcc..=0xd3 => (0, 1 << (head & 3)),
        _ => (0, 0),
    };
    let value = after.get(digits..digits + len)?;
    *rest = &after[digits + len..];
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_when_it_is_whole() {
        let whole =
            b"\x93\xa3tag\xc4\x02ab\x83\xa5chunk\xa2id\xa4size\xd1\x01\x00\xaacompressed\xa4gzip";
        let (message, len) = message(whole).unwrap();
        assert_eq!(
            (message.events, message.chunk, len),
            (&b"ab"[..], &b"id"[..], whole.len())
        );
        for end in 0..whole.len() {
            assert!(super::message(&whole[..end]).is_none(), "{end}");
        }
    }
}
