//! Who a request comes from: one value in its extensions, which limits, connection caps and enrichment share, so that they cannot disagree.
//!
//! The accept loop puts the other end of the connection there (or what PROXY protocol says of it); where that is a trusted proxy, the
//! public routes' first layer puts the address there that the proxy speaks for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Extensions;

mod forwarded;

pub use forwarded::{ForwardedHeader, TrustedProxies};

/// The address of a client. An IPv4 address written as IPv6 is an IPv4 address here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Of an address.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// Of a request; `None` where nobody put one there.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// The address itself. Personal: never logged, never stored but by a rule that says so.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one client: one customer of an IPv6 provider has a /64 at least.
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            v4 => v4,
        }
    }

    /// What is stored of it where the operator wants something of it: 24 bits of an IPv4 address, 48 of an IPv6 address. Behind that are
    /// some hundred customers, or one site.
    pub fn truncated(self) -> String {
        match self.0 {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !0xff).to_string(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).to_string(),
        }
    }
}

/// In a request's extensions: its connection began on this machine. That says nothing of whom it speaks for, since a proxy may run here.
#[derive(Debug, Clone, Copy)]
pub struct FromHere;

impl FromHere {
    /// Of a connection, by where it comes from.
    pub fn of(peer: IpAddr) -> Option<Self> {
        peer.to_canonical().is_loopback().then_some(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_reaches_itself_by_loopback() {
        let here = |peer: &str| FromHere::of(peer.parse().unwrap()).is_some();
        assert!(here("127.0.0.1") && here("127.9.9.9") && here("::1") && here("::ffff:127.0.0.1"));
        assert!(!here("10.0.0.5") && !here("::ffff:10.0.0.5") && !here("2001:db8::1"));
    }

    fn address(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().unwrap())
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_a_mapped_address_is_ipv4() {
        let net = |text| address(text).network().to_string();
        assert_eq!(net("2001:db8:0:1:ffff::2"), "2001:db8:0:1::");
        assert_eq!(net("192.0.2.1"), "192.0.2.1");
        assert_eq!(net("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn it_is_found_where_it_was_put() {
        let mut extensions = Extensions::new();
        assert_eq!(ClientAddress::of(&extensions), None);
        extensions.insert(address("192.0.2.1"));
        assert_eq!(ClientAddress::of(&extensions), Some(address("192.0.2.1")));
    }
}
