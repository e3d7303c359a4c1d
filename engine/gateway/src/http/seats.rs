//! Places for connections, in all and for each address. A seat is given back when it is dropped, whatever ended its connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// Who sits where.
#[derive(Debug)]
pub(super) struct Seats {
    all: usize,
    of_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// Why no seat was given.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum NoSeat {
    Full,
    PeerFull,
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    peer: IpAddr,
}

impl Seats {
    pub(super) fn new(all: usize, of_peer: usize) -> Arc<Seats> {
        Arc::new(Seats { all, of_peer, taken: Mutex::default() })
    }

    pub(super) fn take(self: &Arc<Seats>, peer: IpAddr) -> Result<Seat, NoSeat> {
        let peer = network(peer);
        let mut taken = self.taken.lock();
        if taken.all >= self.all {
            return Err(NoSeat::Full);
        }
        let of_peer = taken.by_peer.get(&peer).copied().unwrap_or(0);
        if of_peer >= self.of_peer {
            return Err(NoSeat::PeerFull);
        }
        taken.all += 1;
        taken.by_peer.insert(peer, of_peer + 1);
        Ok(Seat { seats: Arc::clone(self), peer })
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.lock().all
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all -= 1;
        let left = taken.by_peer.get(&self.peer).map_or(0, |seats| seats - 1);
        if left == 0 {
            taken.by_peer.remove(&self.peer);
        } else {
            taken.by_peer.insert(self.peer, left);
        }
    }
}

/// What one sender can have many addresses of counts as one: a /64 of IPv6. An IPv4 address in the clothes of IPv6 is itself.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn seats_are_bounded_in_all_and_by_address_and_come_back() {
        let seats = Seats::new(3, 2);
        let one = seats.take(peer("10.0.0.1")).expect("a seat");
        let _two = seats.take(peer("::ffff:10.0.0.1")).expect("a seat");
        assert_eq!(seats.take(peer("10.0.0.1")).err(), Some(NoSeat::PeerFull));
        let _three = seats.take(peer("2001:db8::1")).expect("a seat");
        assert_eq!(seats.take(peer("10.0.0.2")).err(), Some(NoSeat::Full));
        drop(one);
        assert_eq!(seats.taken(), 2);
        let _again = seats.take(peer("2001:db8::ffff:1")).expect("a seat");
        assert_eq!(seats.taken(), 3);
    }

    #[test]
    fn neighbours_of_a_64_are_one_and_nothing_is_kept_of_who_left() {
        let seats = Seats::new(9, 1);
        let one = seats.take(peer("2001:db8::1")).expect("a seat");
        assert_eq!(seats.take(peer("2001:db8::2")).err(), Some(NoSeat::PeerFull));
        let other = seats.take(peer("2001:db8:0:1::1")).expect("another network");
        drop((one, other));
        assert!(seats.taken.lock().by_peer.is_empty());
    }
}
