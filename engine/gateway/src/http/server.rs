//! Start, accept, stop. The caller's runtime does the work, of one thread or of many; it must have its I/O and its timers enabled.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response, body};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::body::Budget;
use super::connection::tend;
use super::door::{Door, Doors};
use super::limits::{ACCEPT_REST, BACKLOG, LEAVE_TIME, Limits, WATCHED_CONNECTIONS_MAX};
use super::measure::{Counters, Loss, Measures};
use super::seats::{NoSeat, Seat, Seats};
use super::serve::Desk;
use super::tls::Tls;
use super::watched::Board;
use super::{Calls, Watched};

/// How far a server is with its end.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(super) enum Stage {
    Open,
    /// Nothing new; what is on its way is finished.
    Draining,
    /// All is cut.
    Closed,
}

/// What all connections of one kind share: those for calls have one, those of operators another.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) limits: Limits,
    pub(super) counters: Counters,
    pub(super) budget: Arc<Budget>,
    seats: Arc<Seats>,
}

impl Hall {
    fn new(limits: Limits) -> Arc<Hall> {
        Arc::new(Hall {
            counters: Counters::new(),
            budget: Budget::new(limits.held_bytes),
            seats: Seats::new(limits.connections, limits.connections_of_peer),
            limits,
        })
    }

    pub(super) fn measures(&self) -> Measures {
        self.counters.read(self.seats.taken(), self.budget.held())
    }
}

/// The task of one listener.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Held by every task; when the last is dropped, whoever waits for the end knows.
type Present = mpsc::Sender<Infallible>;

/// What a listener's task is given.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) calls: Arc<Hall>,
    pub(super) stages: watch::Receiver<Stage>,
    operators: Arc<Hall>,
    calling: Present,
    watching: Present,
}

/// Listeners and what was accepted by them. Dropped without [`Server::stop`] it cuts everything.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    calls: Arc<Hall>,
    stages: watch::Sender<Stage>,
    callers: mpsc::Receiver<Infallible>,
    watchers: mpsc::Receiver<Infallible>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// What became of the calls on their way at a stop.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Stopped {
    /// Connections that were cut with something on its way when the time was over.
    pub cut: usize,
    /// Calls that were answered after nothing new was taken.
    pub answered: u64,
}

impl Server {
    /// Listens on all doors, or on none. The runtime is the caller's and must go on running; without I/O or timers it panics.
    pub fn start(runtime: &Handle, doors: Doors, limits: Limits) -> Result<Server, StartError> {
        let _inside = runtime.enter();
        let calls = Hall::new(limits.clone());
        let operators = Hall::new(Limits {
            connections: WATCHED_CONNECTIONS_MAX,
            connections_of_peer: WATCHED_CONNECTIONS_MAX,
            ..limits
        });
        let (stages, stage) = watch::channel(Stage::Open);
        let ((calling, callers), (watching, watchers)) = (mpsc::channel(1), mpsc::channel(1));
        let host = Host { calls: Arc::clone(&calls), stages: stage, operators, calling, watching };
        let mut bound = Vec::new();
        for Door { address, open } in doors.doors {
            let listener = bind(address).map_err(|source| StartError::Bind { address, source })?;
            let local = listener.local_addr();
            let address = local.map_err(|source| StartError::Bind { address, source })?;
            bound.push((address, listener, open));
        }
        let addresses = bound.iter().map(|(address, ..)| *address).collect();
        for (address, listener, open) in bound {
            runtime.spawn(open(listener, host.clone()));
            tracing::info!(%address, "listening");
        }
        Ok(Server { addresses, calls, stages, callers, watchers })
    }

    /// Where it listens, in the order of the doors, with the ports that were free.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What was counted on the doors for calls.
    pub fn measures(&self) -> Measures {
        self.calls.measures()
    }

    /// Takes nothing new, closes what is idle, finishes what is on its way, and cuts what is not finished by then. Operators can look
    /// until the end.
    pub async fn stop(mut self, deadline: Duration) -> Stopped {
        let before = self.measures().head_to_answer_ns.len();
        self.stages.send_replace(Stage::Draining);
        let drained = timeout(deadline, self.callers.recv()).await.is_ok();
        let cut = if drained { 0 } else { self.calls.seats.taken() };
        self.stages.send_replace(Stage::Closed);
        let left = async {
            self.callers.recv().await;
            self.watchers.recv().await;
        };
        if timeout(LEAVE_TIME, left).await.is_err() {
            tracing::warn!("a call that was cut has not ended");
        }
        let answered = self.measures().head_to_answer_ns.len() - before;
        tracing::info!(cut, answered, "stopped");
        Stopped { cut, answered }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait until the kernel has forgotten connections of before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Host {
    /// Accepts calls until a stop.
    pub(super) async fn serve_calls<C: Calls>(
        self,
        listener: TcpListener,
        tls: Option<Tls>,
        desk: Arc<Desk<C>>,
    ) {
        let Host { calls: hall, stages, calling, .. } = self;
        accept(listener, &hall, stages.clone(), Stage::Draining, |stream, peer, seat| {
            let (hall, desk, present) = (Arc::clone(&hall), Arc::clone(&desk), calling.clone());
            let (stages, tls) = (stages.clone(), tls.clone());
            tokio::spawn(async move {
                let _here = (seat, present);
                let answer = |request| {
                    let desk = Arc::clone(&desk);
                    async move { desk.answer(peer, request).await }
                };
                match tls {
                    None => tend(stream, &hall, stages, Stage::Draining, answer).await,
                    Some(tls) => {
                        let Some(stream) = shake(stream, &tls, &hall, stages.clone()).await else {
                            return;
                        };
                        tend(stream, &hall, stages, Stage::Draining, answer).await;
                    }
                }
            });
        })
        .await;
    }

    /// Accepts operators until all is over.
    pub(super) async fn serve_watched<W: Watched>(
        self,
        listener: TcpListener,
        board: Arc<Board<W>>,
    ) {
        let Host { operators: hall, stages, watching, calling, calls: _ } = self;
        // Calls are not waited for by what only watches them.
        drop(calling);
        accept(listener, &hall, stages.clone(), Stage::Closed, |stream, _, seat| {
            let (hall, board, present) = (Arc::clone(&hall), Arc::clone(&board), watching.clone());
            let stages = stages.clone();
            tokio::spawn(async move {
                let _here = (seat, present);
                let answer = |request: Request<body::Incoming>| {
                    let response: Response<Bytes> = board.answer(&request);
                    std::future::ready(response)
                };
                tend(stream, &hall, stages, Stage::Closed, answer).await;
            });
        })
        .await;
    }
}

/// Accepts, gives a seat or closes at once, until the stage has come.
async fn accept(
    listener: TcpListener,
    hall: &Hall,
    mut stages: watch::Receiver<Stage>,
    ending: Stage,
    serve: impl Fn(TcpStream, SocketAddr, Seat),
) {
    loop {
        let accepted = tokio::select! {
            biased;
            // Also when the server was dropped.
            _ = stages.wait_for(|stage| *stage >= ending) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                hall.counters.lose(Loss::Accept);
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let seat = match hall.seats.take(peer.ip()) {
            Ok(seat) => seat,
            Err(why) => {
                tracing::debug!(%peer, "no place for a connection");
                hall.counters.lose(match why {
                    NoSeat::Full => Loss::Full,
                    NoSeat::PeerFull => Loss::PeerFull,
                });
                continue;
            }
        };
        hall.counters.connections.add(1);
        // Answers are written whole: waiting to fill a packet only delays them. Where it cannot be set they are delayed.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection that was gone at once");
        }
        serve(stream, peer, seat);
    }
}

/// The handshake, within the time of a head; none is waited for by a stop.
async fn shake(
    stream: TcpStream,
    tls: &Tls,
    hall: &Hall,
    mut stages: watch::Receiver<Stage>,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        biased;
        _ = stages.wait_for(|stage| *stage >= Stage::Draining) => return None,
        shaken = timeout(hall.limits.head, tls.acceptor.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    hall.counters.lose(Loss::Handshake);
    None
}
