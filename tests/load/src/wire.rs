//! HTTP/1.1 by hand: what a client library would never send.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than any time-out of the collector's that ends what is sent here.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Wire {
    /// Connects, from an address of the loopback network other than the usual one: attackers share no quota with anybody.
    ///
    /// # Errors
    /// When there is nobody, or no room.
    pub async fn connect(to: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 2], 0)))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the other side has closed.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next answer; `None` where the connection ends instead.
    pub async fn answer(&mut self) -> Option<Answer> {
        let whole = async {
            loop {
                if let Some((answer, length)) = parse(&self.buffer) {
                    self.buffer.drain(..length);
                    return Some(answer);
                }
                if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        timeout(PATIENCE, whole).await.ok().flatten()
    }

    /// Reads what comes, whatever it is, until the connection ends; false where it does not.
    pub async fn until_closed(&mut self) -> bool {
        let read = async {
            loop {
                self.buffer.clear();
                if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                    return;
                }
            }
        };
        timeout(PATIENCE, read).await.is_ok()
    }
}

fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = end + length.unwrap_or(0);
    let body = bytes.get(end..whole)?.to_vec();
    Some((Answer { status, head, body }, whole))
}
