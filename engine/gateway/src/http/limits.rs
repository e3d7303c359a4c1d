//! Every bound on what strangers may send, keep open or make us hold, each with its default and the reason for it.

use std::time::Duration;

use crate::limits::BODY_BYTES_MAX;

/// Bytes of a head. Signatures and tokens have a few hundred; the longest known sends two thousand.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;

/// What a connection gathers of a request before it is looked at, and of an answer, but for one piece more, before it is written. Its
/// buffers keep their room until it closes.
pub(super) const BUFFER_BYTES_MAX: usize = 80 << 10;

/// What it takes of an answer at once.
pub(super) const PIECE_BYTES: usize = 16 << 10;

const _: () = assert!(HEAD_BYTES_MAX < BUFFER_BYTES_MAX);

/// Bytes that are read and thrown away so that a refusal reaches who is still sending: eight bodies of the largest size. Beyond them
/// the connection is closed over what still comes.
pub(super) const DISCARD_BYTES_MAX: u64 = 64 << 20;

/// What an inflating decoder has itself: its window, its tables and its buffer.
pub(super) const INFLATE_BYTES: usize = 80 << 10;

/// Answers larger than this are packed on a thread that may block: packing 256 KiB takes some milliseconds.
pub(super) const GZIP_ASIDE_BYTES_MIN: usize = 256 << 10;

/// Connections of operators: a few scrapers and a person. They stand apart, so that they are let in when calls fill all places.
pub(super) const WATCHED_CONNECTIONS_MAX: usize = 64;

/// Connections that wait in the kernel until they are accepted: a morning's burst, as the system allows.
pub(super) const BACKLOG: u32 = 1_024;

/// Rest after a failed accept: it fails for want of file descriptors, and would at once again.
pub(super) const ACCEPT_REST: Duration = Duration::from_millis(50);

/// What is waited for connections that were cut, as one may stand in a call that does not come to an await.
pub(super) const LEAVE_TIME: Duration = Duration::from_secs(1);

/// Characters of a path that are shown in a log.
pub(super) const SHOWN_PATH_CHARS_MAX: usize = 120;

/// Bounds of a server. Those of time are each for one thing: no client can stretch one by being slow at another.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until a head is whole, from its first byte, or from the beginning of a connection; a TLS handshake too. 10 s.
    pub head: Duration,
    /// Until a body is whole, from its head: 30 s. Every [`Limits::body_pace`] bytes of it give a second more.
    pub body: Duration,
    /// Bytes a second, as they are on the wire, at which a body may take longer than [`Limits::body`]: 64 KiB, so a village on half
    /// a megabit can send the longest body, and who sends a byte now and then is done after the 30 s.
    pub body_pace: u64,
    /// Between an answer and the next head on the same connection: 75 s, more than the minute after which clients close by themselves.
    pub idle: Duration,
    /// From a whole call to its answer: 60 s; most clients have given up by then.
    pub answer: Duration,
    /// Until an answer is taken by the client: 60 s.
    pub taken: Duration,
    /// Calls that take longer are logged as slow: 3 s.
    pub slow: Duration,
    /// Connections open at once: 4,096. Each takes a file descriptor.
    pub connections: usize,
    /// Of these, from one address (of IPv6, one /64): 512. A hospital group may stand behind one.
    pub connections_of_peer: usize,
    /// Bytes of one body, inflated: [`BODY_BYTES_MAX`].
    pub body_bytes: usize,
    /// Bytes of all bodies from their first byte until they are answered: 512 MB. Beyond them calls are refused as
    /// [`Spoilt::Busy`](super::Spoilt::Busy).
    pub held_bytes: usize,
    /// Answers with more bytes are packed for clients that accept gzip: 1,024. Smaller ones fit a packet as they are.
    pub gzip_bytes_min: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            body_pace: 64 << 10,
            idle: Duration::from_secs(75),
            answer: Duration::from_secs(60),
            taken: Duration::from_secs(60),
            slow: Duration::from_secs(3),
            connections: 4_096,
            connections_of_peer: 512,
            body_bytes: BODY_BYTES_MAX,
            held_bytes: HELD_BYTES,
            gzip_bytes_min: 1_024,
        }
    }
}

const HELD_BYTES: usize = 512 << 20;

// A body that nobody competes with is never refused as busy, and more than a few of the largest fit.
const _: () = assert!(HELD_BYTES >= 32 * (BODY_BYTES_MAX + INFLATE_BYTES));
// Whoever sends twice what is allowed still hears of it.
const _: () = assert!(DISCARD_BYTES_MAX >= 2 * BODY_BYTES_MAX as u64);

impl Limits {
    /// The time a body has, of which so many bytes have come.
    pub(super) fn body_time(&self, received: u64) -> Duration {
        let earned = received.checked_div(self.body_pace).unwrap_or(0);
        self.body.saturating_add(Duration::from_secs(earned))
    }
}
