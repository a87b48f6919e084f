//! Whom a proxy speaks for: the hops of `Forwarded` (RFC 7239) and `X-Forwarded-For`, read from the right.
//!
//! Each proxy appends what it saw, so the right end is written by those who are trusted and all before it may be a forgery. Reading starts at
//! the right and ends at the first hop that is not trusted; what stands before it is never looked at, however it is broken.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderMap, HeaderName, header};

use super::ClientAddress;
use crate::config::Network;

/// The header that trusted proxies write. One, not both: a proxy that writes the one hands the other on as a client made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`.
    Forwarded,
}

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<Network>,
    /// What they write.
    pub header: ForwardedHeader,
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    /// The client of a request that `peer` has sent or passed on: the hop nearest to us that is not trusted. Where the proxies do not say,
    /// it is the last one of whom they do.
    pub fn client(&self, peer: ClientAddress, headers: &HeaderMap) -> ClientAddress {
        if !self.trusts(peer) {
            return peer;
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => &X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => &header::FORWARDED,
        };
        let mut client = peer;
        for line in headers.get_all(name).iter().rev() {
            for hop in FromRight(line.as_bytes()) {
                let address = match self.header {
                    ForwardedHeader::XForwardedFor => address(hop),
                    ForwardedHeader::Forwarded => forwarded_for(hop),
                };
                match address {
                    // `unknown`, a name of the proxy's own, or something broken: nobody knows who was before.
                    None => return client,
                    Some(hop) => client = hop,
                }
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }

    fn trusts(&self, hop: ClientAddress) -> bool {
        self.networks.iter().any(|n| n.contains(hop.ip()))
    }
}

/// The elements of a list from its end, divided by commas outside of quotes.
struct FromRight<'a>(&'a [u8]);

impl<'a> Iterator for FromRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let comma = last_outside_quotes(self.0, b',');
        let (rest, element) = match comma {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&self.0[..0], self.0),
        };
        self.0 = rest;
        Some(element.trim_ascii())
    }
}

/// Where a sign stands last, not counting what is quoted. A quotation mark is one unless an odd number of backslashes is before it.
fn last_outside_quotes(text: &[u8], sign: u8) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        match *byte {
            b'"' => {
                let backslashes = text[..at].iter().rev().take_while(|b| **b == b'\\');
                if backslashes.count() % 2 == 0 {
                    quoted = !quoted;
                }
            }
            byte if byte == sign && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The address of `for=` in an element such as `for="[2001:db8::1]:4711";proto=https`. None where it stands there twice.
fn forwarded_for(element: &[u8]) -> Option<ClientAddress> {
    let mut found = None;
    let mut rest = element;
    loop {
        let (before, pair) = match last_outside_quotes(rest, b';') {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        let equals = pair.iter().position(|b| *b == b'=');
        if let Some((name, value)) = equals.map(|at| (&pair[..at], &pair[at + 1..]))
            && name.trim_ascii().eq_ignore_ascii_case(b"for")
        {
            let value = value.trim_ascii();
            let inner = value
                .strip_prefix(b"\"")
                .and_then(|value| value.strip_suffix(b"\""));
            // An address holds nothing that would be escaped.
            let address = address(inner.unwrap_or(value))?;
            if found.replace(address).is_some() {
                return None;
            }
        }
        match before {
            Some(before) => rest = before,
            None => return found,
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &[u8]) -> Option<ClientAddress> {
    /// The longest: an IPv6 address with an IPv4 address in it, brackets and a port.
    const LONGEST: usize = 64;
    let text = text.trim_ascii();
    if text.len() > LONGEST {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let ip = match text.strip_prefix('[') {
        Some(inner) => {
            let (ip, port) = inner.split_once(']')?;
            let port = port.strip_prefix(':').or(port.is_empty().then_some("0"))?;
            is_port(port).then_some(())?;
            IpAddr::V6(ip.parse::<Ipv6Addr>().ok()?)
        }
        None => match text.parse::<IpAddr>() {
            Ok(ip) => ip,
            Err(_) => {
                let (ip, port) = text.split_once(':')?;
                is_port(port).then_some(())?;
                IpAddr::V4(ip.parse().ok()?)
            }
        },
    };
    Some(ClientAddress::new(ip))
}

fn is_port(text: &str) -> bool {
    // RFC 7239 lets a proxy obfuscate it: `_` and any name.
    text.parse::<u16>().is_ok() || text.starts_with('_')
}

#[cfg(test)]
mod tests;
