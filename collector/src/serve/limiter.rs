//! Who is connected: in all and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client_address::ClientAddress;
use crate::config::Limits;
use crate::outcome::reasons;

/// The connections that are open. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    open: usize,
    by_address: HashMap<IpAddr, usize>,
    accepted: u64,
    refused: [u64; Refused::ALL.len()],
}

reasons! {
    /// Why a connection was closed before it could send a request.
    Refused {
        /// As many connections as there may be.
        InAll = "in_all",
        /// As many as one address may have.
        PerAddress = "per_address",
        /// As many handshakes as there may be.
        Handshakes = "handshakes",
        /// No TLS, or none that we speak.
        Tls = "tls",
        /// The handshake took too long.
        TlsTimeout = "tls_timeout",
        /// The client hung up in its handshake.
        HungUp = "hung_up",
        /// A trusted proxy did not say whom it speaks for.
        ProxyHeader = "proxy_header",
    }
}

/// The place of one connection, given back when dropped.
#[derive(Debug)]
pub struct Place {
    connections: Connections,
    /// None as long as a proxy has not said whom it speaks for.
    address: Option<IpAddr>,
}

/// Figures for `/metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// Open now.
    pub open: usize,
    /// Accepted since the start.
    pub accepted: u64,
    /// Closed before a request, by why.
    pub refused: Vec<(Refused, u64)>,
}

impl Connections {
    /// A place for a connection from this address; from a proxy, whose clients' addresses come later, without one.
    pub fn enter(&self, limits: &Limits, address: Option<ClientAddress>) -> Result<Place, Refused> {
        let mut book = self.lock();
        let counted = match address {
            _ if book.open >= limits.connections => Err(Refused::InAll),
            None => Ok(None),
            Some(address) => book.count(limits, address).map(Some),
        };
        let address = counted.inspect_err(|why| book.refused[*why as usize] += 1)?;
        book.open += 1;
        book.accepted += 1;
        Ok(Place {
            connections: self.clone(),
            address,
        })
    }

    /// Figures for `/metrics`.
    pub fn figures(&self) -> ConnectionFigures {
        let book = self.lock();
        ConnectionFigures {
            open: book.open,
            accepted: book.accepted,
            refused: Refused::ALL
                .iter()
                .map(|why| (*why, book.refused[*why as usize]))
                .collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn count(&mut self, limits: &Limits, address: ClientAddress) -> Result<IpAddr, Refused> {
        let network = address.network();
        let here = self.by_address.get(&network).copied().unwrap_or_default();
        if here >= limits.connections_per_address {
            return Err(Refused::PerAddress);
        }
        self.by_address.insert(network, here + 1);
        Ok(network)
    }
}

impl Place {
    /// The proxy said whom it speaks for, or that it speaks for itself.
    pub(super) fn of(&mut self, limits: &Limits, address: ClientAddress) -> Result<(), Refused> {
        let network = self.connections.lock().count(limits, address)?;
        self.address = Some(network);
        Ok(())
    }

    /// It ends before a request.
    pub(super) fn refused(&self, why: Refused) {
        self.connections.lock().refused[why as usize] += 1;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.connections.lock();
        book.open -= 1;
        let Some(address) = self.address else {
            return;
        };
        if let Some(n) = book.by_address.get_mut(&address) {
            *n -= 1;
            if *n == 0 {
                book.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(connections: usize, connections_per_address: usize) -> Limits {
        Limits {
            connections,
            connections_per_address,
            ..Limits::default()
        }
    }

    fn address(text: &str) -> Option<ClientAddress> {
        Some(ClientAddress::new(text.parse().unwrap()))
    }

    fn refused(all: &Connections, why: Refused) -> u64 {
        let figures = all.figures();
        figures.refused.iter().find(|(w, _)| *w == why).unwrap().1
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let (all, limits) = (Connections::default(), limits(10, 2));
        let ip = address("192.0.2.1");
        let first = all.enter(&limits, ip).unwrap();
        let _second = all.enter(&limits, ip).unwrap();
        assert_eq!(all.enter(&limits, ip).unwrap_err(), Refused::PerAddress);
        all.enter(&limits, address("192.0.2.2")).unwrap();
        drop(first);
        all.enter(&limits, ip).unwrap();
        assert_eq!(refused(&all, Refused::PerAddress), 1);
    }

    #[test]
    fn all_together_have_a_bound() {
        let (all, limits) = (Connections::default(), limits(1, 1));
        let _held = all.enter(&limits, address("192.0.2.1")).unwrap();
        let second = all.enter(&limits, address("192.0.2.2"));
        assert_eq!(second.unwrap_err(), Refused::InAll);
        assert_eq!(refused(&all, Refused::InAll), 1);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let (all, limits) = (Connections::default(), limits(10, 1));
        let enter = |text| all.enter(&limits, address(text));
        let _held = enter("2001:db8:0:1::1").unwrap();
        assert!(enter("2001:db8:0:1:ffff::2").is_err());
        assert!(enter("2001:db8:0:2::1").is_ok());
    }

    #[test]
    fn clients_of_a_proxy_count_by_their_own_address() {
        let (all, limits) = (Connections::default(), limits(3, 1));
        let client = ClientAddress::new("192.0.2.1".parse().unwrap());
        let mut first = all.enter(&limits, None).unwrap();
        let mut second = all.enter(&limits, None).unwrap();
        first.of(&limits, client).unwrap();
        assert_eq!(second.of(&limits, client), Err(Refused::PerAddress));
        drop(second);
        assert_eq!(all.figures().open, 1);
        drop(first);
        assert_eq!(all.figures().open, 0);
        assert!(all.enter(&limits, Some(client)).is_ok());
    }
}
