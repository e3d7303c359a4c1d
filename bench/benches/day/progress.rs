//! How far a phase is, told every few seconds.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints rates and times; no money is computed here"
)]

use std::time::{Duration, Instant};

/// Between two of its lines.
const EVERY: Duration = Duration::from_secs(5);
/// The clock is looked at once for so many.
const LOOK: u64 = 1_024;

/// A phase under way.
pub(crate) struct Progress {
    what: &'static str,
    of: u64,
    begun: Instant,
    told: Instant,
    at: u64,
}

impl Progress {
    /// Of so many.
    pub(crate) fn new(what: &'static str, of: u64) -> Progress {
        let now = Instant::now();
        Progress { what, of, begun: now, told: now, at: 0 }
    }

    /// It is there now, and has written so many bytes. Whether that was told.
    pub(crate) fn is_at(&mut self, at: u64, bytes: impl FnOnce() -> u64) -> bool {
        if !at.is_multiple_of(LOOK) || self.told.elapsed() < EVERY || at == 0 {
            return false;
        }
        let now = (at - self.at) as f64 / self.told.elapsed().as_secs_f64();
        let left = self.begun.elapsed().as_secs_f64() * (self.of - at) as f64 / at as f64;
        println!(
            "{}: {at} ({:.1} %), {now:.0}/s now, {:.0} B each on disk, {left:.0} s left",
            self.what,
            100.0 * at as f64 / self.of as f64,
            bytes() as f64 / at as f64,
        );
        (self.told, self.at) = (Instant::now(), at);
        true
    }

    /// It does not go on to the end.
    pub(crate) fn ends_early(&self, why: &str) {
        println!("{}: it ends here, at {} of {}: {why}", self.what, self.at, self.of);
    }
}
