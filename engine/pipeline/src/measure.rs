//! What each stage took and how much it did, as histograms of two digits. A thread records into its own, once a parcel or a
//! batch, behind a lock that is free: a reader takes the histograms away whole, by a swap, and adds them up outside.
//! *Turned down*: the recorders of hdrhistogram's `sync`, which ask every recording thread to come by before a reader is
//! answered; an idle thread does not.

use hdrhistogram::Histogram;
use parking_lot::Mutex;

/// The largest value told apart: a minute in nanoseconds.
const HIGHEST: u64 = 60_000_000_000;

/// What the threads of the shards did, added up.
#[derive(Clone, Debug)]
pub struct SettleMeasures {
    /// From submission until its step began, in nanoseconds, for each command; looking ahead for those that were taken together is in it.
    pub queue_wait_ns: Histogram<u64>,
    /// The step, in nanoseconds, for each command.
    pub step_ns: Histogram<u64>,
    /// Commands of each parcel.
    pub parcel_entries: Histogram<u64>,
}

/// What the journal's thread did.
#[derive(Clone, Debug)]
pub struct JournalMeasures {
    /// From the beginning of the step until the answer could go out, in nanoseconds, for each command.
    pub answer_wait_ns: Histogram<u64>,
    /// One write and one sync, in nanoseconds, for each batch.
    pub commit_ns: Histogram<u64>,
    /// Records of each batch.
    pub batch_records: Histogram<u64>,
    /// Bytes of each batch.
    pub batch_bytes: Histogram<u64>,
    /// Records made durable.
    pub records: u64,
    /// Bytes of the batches.
    pub bytes: u64,
}

/// What all stages did since the start.
#[derive(Clone, Debug)]
pub struct Measures {
    /// The shards' threads.
    pub settle: SettleMeasures,
    /// The journal's thread.
    pub journal: JournalMeasures,
    /// Submissions refused because a queue was full.
    pub refused: u64,
}

/// Measures that can be added up.
pub(crate) trait Adds: Clone {
    fn nothing() -> Self;
    fn add(&mut self, other: &Self);
}

/// Measures of one thread: what it has recorded since a reader last came, and what readers have taken so far.
#[derive(Debug)]
pub(crate) struct Shelf<M> {
    live: Mutex<M>,
    taken: Mutex<M>,
}

impl<M: Adds> Shelf<M> {
    pub(crate) fn new() -> Shelf<M> {
        Shelf { live: Mutex::new(M::nothing()), taken: Mutex::new(M::nothing()) }
    }

    /// Records; the lock is held by none but a reader that swaps.
    pub(crate) fn record(&self, record: impl FnOnce(&mut M)) {
        record(&mut self.live.lock());
    }

    /// All that was recorded so far.
    pub(crate) fn read(&self) -> M {
        let mut taken = self.taken.lock();
        let fresh = M::nothing();
        let recorded = std::mem::replace(&mut *self.live.lock(), fresh);
        taken.add(&recorded);
        taken.clone()
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST, 2).expect("the bounds are constants, and in order")
}

fn add(to: &mut Histogram<u64>, other: &Histogram<u64>) {
    to.add(other).expect("all histograms have the same bounds");
}

impl Adds for SettleMeasures {
    fn nothing() -> SettleMeasures {
        SettleMeasures {
            queue_wait_ns: histogram(),
            step_ns: histogram(),
            parcel_entries: histogram(),
        }
    }

    fn add(&mut self, other: &SettleMeasures) {
        add(&mut self.queue_wait_ns, &other.queue_wait_ns);
        add(&mut self.step_ns, &other.step_ns);
        add(&mut self.parcel_entries, &other.parcel_entries);
    }
}

impl Adds for JournalMeasures {
    fn nothing() -> JournalMeasures {
        JournalMeasures {
            answer_wait_ns: histogram(),
            commit_ns: histogram(),
            batch_records: histogram(),
            batch_bytes: histogram(),
            records: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, other: &JournalMeasures) {
        add(&mut self.answer_wait_ns, &other.answer_wait_ns);
        add(&mut self.commit_ns, &other.commit_ns);
        add(&mut self.batch_records, &other.batch_records);
        add(&mut self.batch_bytes, &other.batch_bytes);
        self.records += other.records;
        self.bytes += other.bytes;
    }
}
