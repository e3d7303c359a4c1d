//! What the sockets did: counters that anyone may add to, and two histograms of times behind a lock each call takes once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::Spoilt;
use super::exposition::{Exposition, Kind};

/// The longest time told apart: ten minutes in nanoseconds.
const HIGHEST_NS: u64 = 600_000_000_000;

macro_rules! losses {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// Why a connection was closed without the client having asked for it, or being idle.
        #[derive(Copy, Clone, Eq, PartialEq, Debug)]
        pub enum Loss { $($(#[$doc])* $name,)* }

        impl Loss {
            /// All of them, in the order they are counted in.
            pub const ALL: &'static [Loss] = &[$(Loss::$name,)*];

            /// Its name among the counters.
            pub const fn name(self) -> &'static str {
                match self { $(Loss::$name => $label,)* }
            }
        }
    };
}

losses! {
    /// [`Limits::connections`](super::Limits::connections) were open.
    Full = "full",
    /// [`Limits::connections_of_peer`](super::Limits::connections_of_peer) of its address were open.
    PeerFull = "peer_full",
    /// It could not be accepted: no file descriptors, mostly.
    Accept = "accept",
    /// The TLS handshake failed, or took too long.
    Handshake = "handshake",
    /// A head took too long, or nothing came at all.
    SlowHead = "slow_head",
    /// What came cannot be read as HTTP/1.
    Garbage = "garbage",
    /// The client did not take its answer in time.
    SlowTaker = "slow_taker",
    /// The client went away in the middle.
    Gone = "gone",
    /// A stop ran out of time.
    Stopped = "stopped",
}

/// What was counted since the start.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Connections that had a place.
    pub connections: u64,
    /// Of these, open now.
    pub connections_open: u64,
    /// Connections lost or turned away, in the order of [`Loss::ALL`].
    pub lost: Vec<(Loss, u64)>,
    /// Requests whose head was read, of any method.
    pub requests: u64,
    /// Calls that came whole and were handed over.
    pub calls: u64,
    /// Of these, slower than [`Limits::slow`](super::Limits::slow).
    pub slow: u64,
    /// Calls refused or left without an answer, in the order of [`Spoilt::ALL`].
    pub refused: Vec<(Spoilt, u64)>,
    /// Bytes read, inside TLS.
    pub bytes_in: u64,
    /// Bytes written, inside TLS.
    pub bytes_out: u64,
    /// Bytes of bodies on their way now.
    pub bytes_held: u64,
    /// From the head of a call to its answer, in nanoseconds; refused calls too.
    pub head_to_answer_ns: Histogram<u64>,
    /// The sum of these.
    pub head_to_answer: Duration,
    /// From a whole call to its answer, in nanoseconds: what is ours of it.
    pub call_ns: Histogram<u64>,
    /// The sum of these.
    pub call: Duration,
}

impl Measures {
    /// How many calls were refused for this.
    pub fn refused(&self, what: Spoilt) -> u64 {
        self.refused.iter().find(|(one, _)| *one == what).map_or(0, |(_, count)| *count)
    }

    /// How many connections were lost by this.
    pub fn lost(&self, why: Loss) -> u64 {
        self.lost.iter().find(|(one, _)| *one == why).map_or(0, |(_, count)| *count)
    }

    /// Writes all of it as Prometheus reads it.
    pub fn write(&self, to: &mut String) {
        let mut to = Exposition::new(to);
        let counters = [
            ("yidan_http_connections_total", "Connections that had a place.", self.connections),
            ("yidan_http_requests_total", "Requests whose head was read.", self.requests),
            ("yidan_http_calls_total", "Calls that came whole and were handed over.", self.calls),
            ("yidan_http_slow_calls_total", "Calls slower than the threshold.", self.slow),
            ("yidan_http_received_bytes_total", "Bytes read, inside TLS.", self.bytes_in),
            ("yidan_http_sent_bytes_total", "Bytes written, inside TLS.", self.bytes_out),
        ];
        for (name, help, value) in counters {
            to.single(name, Kind::Counter, help, value);
        }
        let gauges = [
            ("yidan_http_connections", "Connections open.", self.connections_open),
            ("yidan_http_held_bytes", "Bytes of bodies on their way.", self.bytes_held),
        ];
        for (name, help, value) in gauges {
            to.single(name, Kind::Gauge, help, value);
        }
        let name = "yidan_http_refused_total";
        to.family(name, Kind::Counter, "Calls refused, or left without an answer, by cause.");
        for (what, count) in &self.refused {
            to.sample(name, &[("cause", what.name())], *count);
        }
        let name = "yidan_http_lost_connections_total";
        to.family(name, Kind::Counter, "Connections lost or turned away, by cause.");
        for (why, count) in &self.lost {
            to.sample(name, &[("cause", why.name())], *count);
        }
        let help = "From the head of a call to its answer.";
        let name = "yidan_http_head_to_answer_seconds";
        to.times(name, help, &self.head_to_answer_ns, self.head_to_answer);
        let help = "From a whole call to its answer.";
        to.times("yidan_http_call_seconds", help, &self.call_ns, self.call);
    }
}

/// The same while it is counted.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) connections: Counter,
    pub(super) requests: Counter,
    pub(super) slow: Counter,
    pub(super) bytes_in: Counter,
    pub(super) bytes_out: Counter,
    lost: [Counter; Loss::ALL.len()],
    refused: [Counter; Spoilt::ALL.len()],
    head_to_answer: Mutex<Times>,
    call: Mutex<Times>,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Times {
    ns: Histogram<u64>,
    sum: Duration,
}

impl Times {
    fn new() -> Mutex<Times> {
        let bounds = Histogram::new_with_bounds(1, HIGHEST_NS, 2);
        let ns = bounds.expect("the bounds are constants, and in order");
        Mutex::new(Times { ns, sum: Duration::ZERO })
    }

    fn record(&mut self, time: Duration) {
        self.ns.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.sum = self.sum.saturating_add(time);
    }
}

impl Counters {
    pub(super) fn new() -> Counters {
        Counters {
            connections: Counter::default(),
            requests: Counter::default(),
            slow: Counter::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            lost: Default::default(),
            refused: Default::default(),
            head_to_answer: Times::new(),
            call: Times::new(),
        }
    }

    pub(super) fn lose(&self, why: Loss) {
        self.lost[why as usize].add(1);
    }

    pub(super) fn refuse(&self, what: Spoilt) {
        self.refused[what as usize].add(1);
    }

    pub(super) fn answered(&self, since_head: Duration) {
        self.head_to_answer.lock().record(since_head);
    }

    pub(super) fn called(&self, since_whole: Duration) {
        self.call.lock().record(since_whole);
    }

    pub(super) fn read(&self, connections_open: usize, bytes_held: usize) -> Measures {
        let of = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (head_to_answer_ns, head_to_answer) = {
            let times = self.head_to_answer.lock();
            (times.ns.clone(), times.sum)
        };
        let (call_ns, call) = {
            let times = self.call.lock();
            (times.ns.clone(), times.sum)
        };
        let lost = Loss::ALL.iter().map(|why| (*why, self.lost[*why as usize].get()));
        let refused = Spoilt::ALL.iter().map(|what| (*what, self.refused[*what as usize].get()));
        Measures {
            connections: self.connections.get(),
            connections_open: of(connections_open),
            lost: lost.collect(),
            requests: self.requests.get(),
            calls: call_ns.len(),
            slow: self.slow.get(),
            refused: refused.collect(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
            bytes_held: of(bytes_held),
            head_to_answer_ns,
            head_to_answer,
            call_ns,
            call,
        }
    }
}
