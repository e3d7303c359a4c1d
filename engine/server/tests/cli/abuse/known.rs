//! What is known while it goes on: the numbers of the good hospitals' visits and settlements, calls of theirs that a thief has, how
//! much was done, and whatever should not have been.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Kept of what was found wrong: the first ones say what it is.
const WRONG_MAX: usize = 20;

/// Calls that a thief has at once.
const STOLEN_MAX: usize = 400;

/// A call of a good hospital as it went over the wire, with what it was answered.
#[derive(Clone)]
pub(super) struct Stolen {
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
    pub(super) output: String,
}

/// All that is shared.
#[derive(Default)]
pub(super) struct Known {
    /// Good clients end their visit and go.
    pub(super) over: AtomicBool,
    /// Bad clients are to hold their breath, or to go.
    pub(super) quiet: AtomicBool,
    pub(super) bad_over: AtomicBool,
    pub(super) visits: AtomicU64,
    pub(super) good_calls: AtomicU64,
    pub(super) bad_acts: AtomicU64,
    /// Calls of the bad hospital about its own people that were done.
    pub(super) bad_done: AtomicU64,
    slowest_us: AtomicU64,
    ids: Mutex<Ids>,
    stolen: Mutex<VecDeque<Stolen>>,
    wrong: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Ids {
    all: HashSet<String>,
    order: Vec<String>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// A visit or a settlement of a good hospital.
    pub(super) fn learn(&self, id: &str) {
        let mut ids = locked(&self.ids);
        if ids.all.insert(id.to_owned()) {
            ids.order.push(id.to_owned());
        }
    }

    pub(super) fn is_of_the_good(&self, id: &str) -> bool {
        locked(&self.ids).all.contains(id)
    }

    /// One of their visits or settlements, the newest more often.
    pub(super) fn some_id(&self, at: u64) -> Option<String> {
        let ids = locked(&self.ids);
        let many = if at.is_multiple_of(2) { ids.order.len() } else { ids.order.len().min(20) };
        let back = usize::try_from(at / 2).unwrap_or(0) % many.max(1);
        ids.order.iter().rev().nth(back).cloned()
    }

    pub(super) fn steal(&self, call: Stolen) {
        let mut stolen = locked(&self.stolen);
        stolen.push_back(call);
        if stolen.len() > STOLEN_MAX {
            stolen.pop_front();
        }
    }

    pub(super) fn some_stolen(&self, at: u64) -> Option<Stolen> {
        let stolen = locked(&self.stolen);
        let at = usize::try_from(at).unwrap_or(0) % stolen.len().max(1);
        stolen.get(at).cloned()
    }

    /// What must not be, with what is needed to find it again.
    pub(super) fn wrong(&self, what: String) {
        let mut wrong = locked(&self.wrong);
        if wrong.len() < WRONG_MAX {
            wrong.push(what);
        }
    }

    pub(super) fn all_wrong(&self) -> Vec<String> {
        locked(&self.wrong).clone()
    }

    pub(super) fn took(&self, time: Duration) {
        self.good_calls.fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.slowest_us.fetch_max(us, Ordering::Relaxed);
    }

    pub(super) fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest_us.load(Ordering::Relaxed))
    }
}
