//! What a server listens on. A listener whose calls are not signed can only be made for a loopback address.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::serve::Desk;
use super::server::{Host, Task};
use super::tls::Tls;
use super::watched::Board;
use super::{Calls, Watched};

/// An address to listen on, and what is demanded of calls that come there.
#[derive(Clone, Debug)]
pub struct Listener {
    pub(super) address: SocketAddr,
    pub(super) unsigned: bool,
    pub(super) tls: Option<Tls>,
}

/// The address is not a loopback address.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{0}: calls without signatures are served on a loopback address only")]
pub struct NotLoopback(
    /// The address.
    pub SocketAddr,
);

impl Listener {
    /// For calls that are signed; [`Calls`] looks at the signatures. Port 0 is any that is free.
    pub fn signed(address: SocketAddr) -> Listener {
        Listener { address, unsigned: false, tls: None }
    }

    /// For calls that are not: of programs on this machine, so the address must be one of its loopback, and what carries `Forwarded`,
    /// `Via` or `X-Forwarded-*` is refused, since a proxy let somebody else in.
    pub fn unsigned(address: SocketAddr) -> Result<Listener, NotLoopback> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(NotLoopback(address));
        }
        Ok(Listener { address, unsigned: true, tls: None })
    }

    /// The same over TLS.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Listener {
        Listener { tls: Some(tls), ..self }
    }
}

/// All that a server listens on.
#[derive(Default)]
pub struct Doors {
    pub(super) doors: Vec<Door>,
}

/// One of them.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    /// Makes the task that accepts, once the address is bound.
    pub(super) open: Box<dyn FnOnce(tokio::net::TcpListener, Host) -> Task + Send>,
}

impl Doors {
    /// None yet.
    pub fn new() -> Doors {
        Doors::default()
    }

    /// One more for calls. Each listener may have a [`Calls`] of its own: one that asks for signatures and one that does not.
    #[must_use]
    pub fn calls<C: Calls>(mut self, listener: Listener, calls: Arc<C>) -> Doors {
        let address = listener.address;
        let open = Box::new(move |bound, host: Host| -> Task {
            let desk = Arc::new(Desk::new(calls, Arc::clone(&host.calls), listener.unsigned));
            Box::pin(host.serve_calls(bound, listener.tls, desk))
        });
        self.doors.push(Door { address, open });
        self
    }

    /// One for operators: `/metrics`, `/healthz`, `/readyz`, to whoever reaches the address. It stays open until a stop has ended.
    #[must_use]
    pub fn watched<W: Watched>(mut self, address: SocketAddr, watched: Arc<W>) -> Doors {
        let open = Box::new(move |bound, host: Host| -> Task {
            let board = Arc::new(Board::new(watched, &host));
            Box::pin(host.serve_watched(bound, board))
        });
        self.doors.push(Door { address, open });
        self
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.doors.iter().map(|door| door.address)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_signatures_only_loopback_will_do() {
        for loopback in ["127.0.0.1:0", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            let address: SocketAddr = loopback.parse().expect("an address");
            assert!(Listener::unsigned(address).expect("loopback").unsigned);
        }
        for other in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[::ffff:10.0.0.1]:80"] {
            let address: SocketAddr = other.parse().expect("an address");
            assert_eq!(Listener::unsigned(address).err(), Some(NotLoopback(address)));
            assert!(!Listener::signed(address).unsigned);
        }
    }
}
