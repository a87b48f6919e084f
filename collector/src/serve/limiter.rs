//! Who is connected: in all and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client_address::ClientAddress;
use crate::config::Limits;

/// The connections that are open. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    max: usize,
    max_per_address: usize,
    open: usize,
    by_address: HashMap<IpAddr, usize>,
    accepted: u64,
    refused: [u64; 2],
}

/// Why a connection was closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many connections as there may be.
    InAll = 0,
    /// As many as one address may have.
    PerAddress = 1,
}

/// The place of one connection, given back when dropped.
#[derive(Debug)]
pub struct Place {
    connections: Connections,
    address: IpAddr,
}

/// Figures for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// Open now.
    pub open: usize,
    /// Accepted since the start.
    pub accepted: u64,
    /// Closed at once because there were too many in all.
    pub refused_in_all: u64,
    /// Closed at once because their address had too many.
    pub refused_per_address: u64,
}

impl Connections {
    /// Nobody yet.
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Book {
            max: limits.connections,
            max_per_address: limits.connections_per_address,
            open: 0,
            by_address: HashMap::new(),
            accepted: 0,
            refused: [0; 2],
        })))
    }

    /// A place for a connection from this address.
    pub fn enter(&self, address: IpAddr) -> Result<Place, Refused> {
        let address = ClientAddress::new(address).network();
        let mut book = self.lock();
        let here = book.by_address.get(&address).copied().unwrap_or_default();
        let refused = match () {
            () if book.open >= book.max => Some(Refused::InAll),
            () if here >= book.max_per_address => Some(Refused::PerAddress),
            () => None,
        };
        if let Some(why) = refused {
            book.refused[why as usize] += 1;
            return Err(why);
        }
        book.open += 1;
        book.accepted += 1;
        *book.by_address.entry(address).or_default() += 1;
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
            refused_in_all: book.refused[Refused::InAll as usize],
            refused_per_address: book.refused[Refused::PerAddress as usize],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.connections.lock();
        book.open -= 1;
        if let Some(n) = book.by_address.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                book.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(max: usize, per_address: usize) -> Connections {
        Connections::new(&Limits {
            connections: max,
            connections_per_address: per_address,
            ..Limits::default()
        })
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let all = connections(10, 2);
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        let first = all.enter(ip).unwrap();
        let _second = all.enter(ip).unwrap();
        assert_eq!(all.enter(ip).unwrap_err(), Refused::PerAddress);
        all.enter("192.0.2.2".parse().unwrap()).unwrap();
        drop(first);
        all.enter(ip).unwrap();
    }

    #[test]
    fn all_together_have_a_bound() {
        let all = connections(1, 1);
        let _held = all.enter("192.0.2.1".parse().unwrap()).unwrap();
        assert_eq!(
            all.enter("192.0.2.2".parse().unwrap()).unwrap_err(),
            Refused::InAll
        );
        assert_eq!(all.figures().refused_in_all, 1);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let all = connections(10, 1);
        let _held = all.enter("2001:db8:0:1::1".parse().unwrap()).unwrap();
        assert!(all.enter("2001:db8:0:1:ffff::2".parse().unwrap()).is_err());
        assert!(all.enter("2001:db8:0:2::1".parse().unwrap()).is_ok());
    }
}
