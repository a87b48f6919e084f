//! The buckets of client addresses: a table of fixed size. Who is new gets the buckets that were idle for longest, as they are: a flood of new
//! addresses finds no fresh ones (the idea is Elastic's APM Server's).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::bucket::Bucket;

/// Places in the table: 1.5 MiB. More addresses than this do not send within one burst to a collector that takes 20,000 requests a second.
const PLACES: usize = 1 << 16;

/// Places that an address can have: one comparison each, and few enough collisions until the table is half full.
const WAYS: usize = 8;

/// The buckets of an address.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) requests: Bucket,
    pub(super) bytes: Bucket,
}

#[derive(Debug, Default)]
struct Place {
    /// Stands for the address, which is not kept: a hash with a secret of this process. 0 for nobody yet.
    tag: AtomicU64,
    pair: Pair,
}

/// The table. Two that come at once may get one place; its buckets hold for both then.
#[derive(Debug)]
pub(super) struct Addresses {
    places: Box<[Place]>,
    secret: RandomState,
}

impl Default for Addresses {
    fn default() -> Self {
        Self::with_places(PLACES)
    }
}

impl Addresses {
    fn with_places(places: usize) -> Self {
        Self {
            places: (0..places).map(|_| Place::default()).collect(),
            secret: RandomState::new(),
        }
    }

    /// Where the buckets of this address are.
    pub(super) fn place(&self, address: IpAddr) -> usize {
        let tag = self.secret.hash_one(address).max(1);
        let sets = self.places.len() / WAYS;
        let first = (tag >> 32) as usize % sets * WAYS;
        let set = &self.places[first..first + WAYS];
        if let Some(found) = set.iter().position(|p| p.tag.load(Relaxed) == tag) {
            return first + found;
        }
        let idle = |p: &&Place| p.pair.requests.full_at().max(p.pair.bytes.full_at());
        let longest = set.iter().enumerate().min_by_key(|(_, p)| idle(p));
        let place = first + longest.map_or(0, |(i, _)| i);
        self.places[place].tag.store(tag, Relaxed);
        place
    }

    pub(super) fn pair(&self, place: usize) -> &Pair {
        &self.places[place].pair
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::super::bucket::Flow;
    use super::*;

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from_bits(n).into()
    }

    #[test]
    fn an_address_keeps_its_place_while_there_is_room() {
        let table = Addresses::with_places(1 << 12);
        let places: Vec<_> = (0..200).map(|n| table.place(address(n))).collect();
        let again: Vec<_> = (0..200).map(|n| table.place(address(n))).collect();
        assert_eq!(places, again);
    }

    #[test]
    fn a_flood_of_addresses_gets_no_more_than_the_table_holds() {
        let table = Addresses::with_places(64);
        let flow = Flow::new(1, Duration::from_secs(10), 1);
        let took = (0..100_000)
            .map(|n| table.pair(table.place(address(n))))
            .filter(|pair| pair.requests.take(1, flow, 0).is_ok())
            .count();
        assert_eq!(took, 64 * 10, "each bucket's burst once, whoever asks");
        assert_eq!(table.places.len(), 64);
    }

    #[test]
    fn who_is_new_gets_what_was_idle_for_longest() {
        let table = Addresses::with_places(WAYS);
        let flow = Flow::new(1, Duration::from_secs(1_000), 1);
        for n in 0..WAYS as u32 {
            let pair = table.pair(table.place(address(n)));
            pair.requests.take(u64::from(n) + 1, flow, 0).unwrap();
        }
        let least_used = table.place(address(0));
        assert_eq!(table.place(address(1_000)), least_used);
    }
}
