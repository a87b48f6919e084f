//! PROXY protocol, versions 1 and 2: what a trusted proxy says, ahead of all else, of who it speaks for.
//!
//! Only networks that the operator named are believed, and these have to send the header: without it their clients would all look alike.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What a binary header begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, as its text says.
const MAX_LINE: usize = 107;
/// The most bytes behind a binary header's first 16: addresses take 36, what proxies add (names, certificates' subjects) some hundred.
const MAX_BINARY: usize = 2048;

/// Whom the proxy speaks for; `None` where it speaks for itself (a health check), or of no address.
pub(super) type Said = Option<IpAddr>;

/// Reads a header, and not a byte beyond it.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Said> {
    let mut front = [0; SIGNATURE.len()];
    stream.read_exact(&mut front).await?;
    if front == SIGNATURE {
        let mut fixed = [0; 4];
        stream.read_exact(&mut fixed).await?;
        let length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        if length > MAX_BINARY {
            return Err(wrong());
        }
        let mut rest = vec![0; length];
        stream.read_exact(&mut rest).await?;
        return binary(fixed[0], fixed[1], &rest).ok_or_else(wrong);
    }
    if !front.starts_with(b"PROXY ") {
        return Err(wrong());
    }
    let mut text = front.to_vec();
    while !text.ends_with(b"\n") {
        let mut next = [0; MAX_LINE];
        let seen = stream.peek(&mut next[..MAX_LINE - text.len()]).await?;
        let end = next[..seen].iter().position(|b| *b == b'\n');
        let take = end.map_or(seen, |at| at + 1);
        if take == 0 {
            return Err(wrong());
        }
        stream.read_exact(&mut next[..take]).await?;
        text.extend_from_slice(&next[..take]);
        if text.len() == MAX_LINE && !text.ends_with(b"\n") {
            return Err(wrong());
        }
    }
    line(&text).ok_or_else(wrong)
}

/// The door for fuzzers: any bytes as a header of both versions.
pub(super) fn fuzz(bytes: &[u8]) {
    let _ = line(bytes);
    if let [version_and_command, family, rest @ ..] = bytes {
        let _ = binary(*version_and_command, *family, rest);
    }
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no PROXY protocol header")
}

/// A line of version 1. The outer `None`: it is none.
fn line(text: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix("\r\n")?;
    let mut words = text.strip_prefix("PROXY ")?.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        // Whatever follows is to be passed over.
        return Some(None);
    }
    let source: IpAddr = words.next()?.parse().ok()?;
    let target: IpAddr = words.next()?.parse().ok()?;
    let ports = [words.next()?, words.next()?];
    let fits = match family {
        "TCP4" => source.is_ipv4() && target.is_ipv4(),
        "TCP6" => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    let are_ports = ports.iter().all(|port| port.parse::<u16>().is_ok());
    (fits && are_ports && words.next().is_none()).then_some(Some(source))
}

/// What follows the signature of version 2. The outer `None`: it is none.
fn binary(version_and_command: u8, family: u8, rest: &[u8]) -> Option<Said> {
    match version_and_command {
        // The proxy itself: its own health checks.
        0x20 => return Some(None),
        0x21 => {}
        _ => return None,
    }
    match family {
        0x11 => {
            let address: [u8; 4] = rest.get(..12)?[..4].try_into().ok()?;
            Some(Some(Ipv4Addr::from(address).into()))
        }
        0x21 => {
            let address: [u8; 16] = rest.get(..36)?[..16].try_into().ok()?;
            Some(Some(Ipv6Addr::from(address).into()))
        }
        // Of no address that is one of ours: UNSPEC, datagrams, sockets of the file system.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Option<String>> {
        line(text.as_bytes()).map(|said| said.map(|ip| ip.to_string()))
    }

    #[test]
    fn a_line_of_version_1_names_the_client() {
        let v4 = said("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n");
        assert_eq!(v4, Some(Some("192.0.2.1".into())));
        let v6 = said("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
        assert_eq!(v6, Some(Some("2001:db8::1".into())));
        assert_eq!(said("PROXY UNKNOWN\r\n"), Some(None));
        assert_eq!(said("PROXY UNKNOWN what ever\r\n"), Some(None));
    }

    #[test]
    fn what_is_no_line_of_version_1_is_refused() {
        for text in [
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
            "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 70000\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            "PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n",
            "proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
        ] {
            assert_eq!(said(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_header_of_version_2_names_the_client() {
        let mut v4 = vec![192, 0, 2, 1, 198, 51, 100, 1, 0, 1, 0, 2];
        let one = Some(Some("192.0.2.1".parse().unwrap()));
        assert_eq!(binary(0x21, 0x11, &v4), one);
        // With what a proxy adds behind the addresses.
        v4.extend([0xee, 0, 1, 7]);
        assert_eq!(binary(0x21, 0x11, &v4), one);
        let mut v6 = [0; 36];
        v6[15] = 1;
        let loopback = Some(Some("::1".parse().unwrap()));
        assert_eq!(binary(0x21, 0x21, &v6), loopback);
        assert_eq!(binary(0x20, 0x00, &[]), Some(None));
        assert_eq!(binary(0x21, 0x00, &[]), Some(None));
    }

    #[test]
    fn what_is_no_header_of_version_2_is_refused() {
        assert_eq!(binary(0x11, 0x11, &[0; 12]), None);
        assert_eq!(binary(0x22, 0x11, &[0; 12]), None);
        assert_eq!(binary(0x21, 0x11, &[0; 11]), None);
        assert_eq!(binary(0x21, 0x21, &[0; 35]), None);
        assert_eq!(binary(0x21, 0x41, &[0; 36]), None);
    }
}
