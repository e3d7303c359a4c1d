//! Sockets, and nothing of what is said on them: HTTP/1.1 with and without TLS, bounds on everything a stranger may send or
//! keep open, and an orderly end. What a call means is for [`Calls`] to say; this module sees a path, headers and a body.
//!
//! ```text
//! accept ─► seat ─► TLS ─► head ─► body (inflated, bounded) ─► Calls::call ─► gzip ─► HTTP 200
//!             │       │       │        └─► Calls::refuse ◄──────────┘ (late, broken)
//!             └───────┴───────┴─► closed, counted
//! ```
//!
//! **A POST is answered with HTTP 200** whatever becomes of it: a known client takes any other status as an empty answer, and
//! another repeats by itself on 429 and 5xx. So what is refused here is drained first, within bounds: a connection that is closed
//! over unread bytes is reset, and the answer would be lost with it. Only what has no request in it (a head that cannot be
//! read, 400; a head too long, or with more than a hundred headers, 431) is answered by hyper with a status of its own.
//!
//! **A connection beyond the bounds is accepted and closed at once**, and counted. *Turned down*: not accepting it, which leaves it
//! waiting in the kernel's queue until the client's time is up, tells neither side anything, and lets one address that
//! holds all places shut out those of which the bound per address would let some in.
//!
//! **Time is watched once a connection**: `connection` keeps where it stands and since when, and one timer looks at that, so a
//! call costs no timer but the one of its answer.

mod body;
mod connection;
mod door;
mod exposition;
mod limits;
mod measure;
mod pieces;
mod seats;
mod serve;
mod server;
mod tls;
mod watched;

use std::future::Future;
use std::net::SocketAddr;
use std::time::SystemTime;

pub use door::{Doors, Listener, NotLoopback};
pub use exposition::{Exposition, Kind};
pub use limits::Limits;
pub use measure::{Loss, Measures};
pub use server::{Server, StartError, Stopped};
pub use tls::{Tls, TlsError};

/// What answers calls that came whole.
pub trait Calls: Send + Sync + 'static {
    /// The body of the answer to one call; it goes out with HTTP 200. It is dropped where it stands when [`Limits::answer`] is
    /// over or a stop cuts it; a client that goes away meanwhile does not end it. A panic is answered as [`Spoilt::Broken`].
    fn call(&self, call: Incoming) -> impl Future<Output = Sent> + Send;

    /// Refused before it came whole (too long, not gzip, …), or left without an answer: the body of the answer.
    fn refuse(&self, what: Spoilt) -> Vec<u8>;

    /// Whether calls are posted to this path. It decides what any other method is told: 405 here, 404 elsewhere. A POST comes
    /// to [`Calls::call`] whatever its path, as only there an answer can be given that a client reads. All paths, unless said.
    fn serves(&self, _path: &str) -> bool {
        true
    }
}

/// The body of an answer. Clients tell one from the other by its `Content-Type`.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Sent {
    /// The envelope of an answer.
    Json(Vec<u8>),
    /// The bytes of a file that was asked for.
    File(Vec<u8>),
}

/// A call that came whole.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The path of its URL, without what follows a question mark.
    pub path: String,
    /// Its headers as they came; `Content-Encoding` may still say gzip.
    pub headers: hyper::HeaderMap,
    /// Its body, inflated: at most [`Limits::body_bytes`].
    pub body: bytes::Bytes,
    /// Who sent it.
    pub peer: SocketAddr,
    /// When its head had come.
    pub came: SystemTime,
}

macro_rules! spoilt {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// Why a call is refused before it came whole, or is answered without an answer.
        #[derive(Copy, Clone, Eq, PartialEq, Debug)]
        pub enum Spoilt { $($(#[$doc])* $name,)* }

        impl Spoilt {
            /// All of them, in the order they are counted in.
            pub const ALL: &'static [Spoilt] = &[$(Spoilt::$name,)*];

            /// Its name among the counters.
            pub const fn name(self) -> &'static str {
                match self { $(Spoilt::$name => $label,)* }
            }
        }
    };
}

spoilt! {
    /// Its body has more than [`Limits::body_bytes`], inflated.
    TooLong = "too_long",
    /// It says it is gzip, and is not, or not to its end.
    NotGzip = "not_gzip",
    /// Its body is coded in another way than gzip.
    Coding = "coding",
    /// Its body ended before its end, or is not framed as it says.
    Cut = "cut",
    /// Its body came slower than [`Limits::body`] and [`Limits::body_pace`] allow.
    TooSlow = "too_slow",
    /// Bodies on their way fill [`Limits::held_bytes`]; to be sent again.
    Busy = "busy",
    /// It came through a proxy to a listener without signatures.
    Forwarded = "forwarded",
    /// It was handed over and not answered within [`Limits::answer`]. Whether it was done is not known.
    Late = "late",
    /// What should have answered it broke down. Whether it was done is not known.
    Broken = "broken",
}

/// What operators see of the program beside the counters of the sockets: `/metrics` and `/readyz`.
pub trait Watched: Send + Sync + 'static {
    /// Writes what else is measured behind the sockets' own counters; [`Exposition`] has the format.
    fn metrics(&self, to: &mut String);

    /// Whether calls can be served, or why not.
    fn ready(&self) -> Result<(), String>;
}
