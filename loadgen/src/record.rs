//! What is measured while a step runs: latencies from the intended moment of each call, counts, a row a second, and the longest
//! time in which nobody was answered though somebody waited.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use crate::arrivals::Band;
use crate::load::Late;
use crate::result::{Second, Wrong};

/// Nobody answered for so long, while a call waited, is told.
pub const STALL: Duration = Duration::from_millis(150);

/// Measures one step.
#[derive(Debug)]
pub struct Recorder {
    begun: Instant,
    closed: AtomicBool,
    /// How many settlements may be late, where it matters.
    late: Option<Late>,
    failed: AtomicBool,
    tables: Mutex<Tables>,
}

/// A settlement, as its visit came to it.
#[derive(Copy, Clone, Debug)]
pub struct Settles {
    /// When the visit arrived.
    pub arrived: Instant,
    /// How long it waited for a cashier.
    pub waited: Duration,
}

/// All that was measured.
#[derive(Debug)]
pub struct Tables {
    /// All calls.
    pub all: Histogram<u64>,
    /// Settlements.
    pub settling: Histogram<u64>,
    /// Settlements by the part of the step in which their visits arrived, where its rate changes.
    pub bands: Vec<(Band, Histogram<u64>)>,
    /// By transaction.
    pub by_infno: BTreeMap<&'static str, Histogram<u64>>,
    /// Whole visits.
    pub visit: Histogram<u64>,
    /// Counts.
    pub counts: Counts,
    /// A row for each second that is over.
    pub seconds: Vec<Second>,
    /// What was wrong, by kind.
    pub wrong: BTreeMap<&'static str, Wrong>,
    now: Second,
    times_now: Histogram<u64>,
    waiting: u64,
    late: u64,
    silent_since: Option<Instant>,
}

/// Counts of one step.
#[derive(Copy, Clone, Debug, Default)]
pub struct Counts {
    /// Visits that arrived.
    pub visits: u64,
    /// Of them over.
    pub over: u64,
    /// Of them as they have to.
    pub done: u64,
    /// Settlements.
    pub settlements: u64,
    /// Cancellations.
    pub refunds: u64,
    /// Answers.
    pub calls: u64,
    /// Repeats of a `msgid`.
    pub repeats: u64,
    /// Answers that did not come.
    pub unknown: u64,
    /// Answers that the server is busy.
    pub busy: u64,
    /// Lines sent.
    pub lines: u64,
}

/// Nanoseconds, from a microsecond to ten minutes, three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 600_000_000_000, 3).expect("the bounds are in order")
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Recorder {
    /// A step that begins at a moment, of some parts, and fails where more settlements are late than may be.
    pub fn new(begun: Instant, bands: Vec<Band>, late: Option<Late>) -> Recorder {
        let tables = Tables {
            all: histogram(),
            settling: histogram(),
            bands: bands.into_iter().map(|band| (band, histogram())).collect(),
            by_infno: BTreeMap::new(),
            visit: histogram(),
            counts: Counts::default(),
            seconds: Vec::new(),
            wrong: BTreeMap::new(),
            now: Second::default(),
            times_now: histogram(),
            waiting: 0,
            late: 0,
            silent_since: None,
        };
        let (closed, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Recorder { begun, closed, late, failed, tables: Mutex::new(tables) }
    }

    /// When it began.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Whoever is still under way gives up: the step is over.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether the step is over.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether more settlements were late than may be.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// A visit arrives.
    pub fn arrived(&self) {
        let mut tables = self.tables.lock();
        tables.counts.visits += 1;
        tables.now.intended += 1;
    }

    /// A call is sent.
    pub fn sent(&self) {
        let mut tables = self.tables.lock();
        if tables.waiting == 0 {
            tables.silent_since = Some(Instant::now());
        }
        tables.waiting += 1;
    }

    /// A call came back, with an answer or without; silence is measured between answers while somebody waits.
    pub fn back(&self, answered: bool) {
        let now = Instant::now();
        let mut tables = self.tables.lock();
        tables.waiting -= 1;
        if answered {
            let waited = tables.waiting + 1;
            if let Some(since) = tables.silent_since.replace(now)
                && now - since >= STALL
            {
                let (silent, at) = (now - since, (now - self.begun).as_secs_f64());
                let text = format!(
                    "nobody was answered for {silent:.0?}, until second {at:.2}; {waited} waited"
                );
                wrong(&mut tables, "stall", || text);
            }
        }
    }

    /// A call was answered as it has to be; it was due at a moment. Of a settlement, what its visit waited for a cashier is given,
    /// and counts: who stands in a queue does not ask in which of his calls he stood there.
    pub fn answered(&self, infno: &'static str, due: Instant, settles: Option<Settles>) {
        let took = nanoseconds(due.elapsed());
        let mut tables = self.tables.lock();
        let tables = &mut *tables;
        tables.all.saturating_record(took);
        tables.times_now.saturating_record(took);
        tables.by_infno.entry(infno).or_insert_with(histogram).saturating_record(took);
        tables.counts.calls += 1;
        tables.now.calls += 1;
        if let Some(Settles { arrived, waited }) = settles {
            let took = took.saturating_add(nanoseconds(waited));
            tables.settling.saturating_record(took);
            let at = arrived.saturating_duration_since(self.begun).as_secs_f64();
            if let Some((_, times)) = tables.bands.iter_mut().rfind(|(band, _)| band.begin <= at) {
                times.saturating_record(took);
            }
            if let Some(late) = self.late.filter(|late| took > late.after_ns) {
                tables.late += 1;
                self.failed.fetch_or(tables.late > late.most, Ordering::Relaxed);
            }
            tables.counts.settlements += 1;
            tables.now.settlements += 1;
        }
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.tables.lock().counts);
    }

    /// A call failed, for now or for good.
    pub fn failed(&self) {
        self.tables.lock().now.failed += 1;
    }

    /// A visit is over.
    pub fn over(&self, arrived: Instant, as_it_has_to: bool) {
        let mut tables = self.tables.lock();
        tables.counts.over += 1;
        if as_it_has_to {
            tables.counts.done += 1;
            tables.visit.saturating_record(nanoseconds(arrived.elapsed()));
        }
    }

    /// Something is wrong.
    pub fn wrong(&self, kind: &'static str, first: impl FnOnce() -> String) {
        wrong(&mut self.tables.lock(), kind, first);
    }

    /// Ends the row of a second; `fill` adds what is known of the processes.
    pub fn tick(&self, fill: impl FnOnce(&mut Second)) -> Second {
        let mut tables = self.tables.lock();
        let tables = &mut *tables;
        let mut row = std::mem::take(&mut tables.now);
        row.at = self.begun.elapsed().as_secs_f64();
        row.p50_ns = tables.times_now.value_at_quantile(0.5);
        row.p99_ns = tables.times_now.value_at_quantile(0.99);
        row.max_ns = tables.times_now.max();
        row.under_way = tables.counts.visits - tables.counts.over;
        tables.times_now.reset();
        fill(&mut row);
        tables.seconds.push(row.clone());
        row
    }

    /// Counts so far.
    pub fn counts(&self) -> Counts {
        self.tables.lock().counts
    }

    /// All of it.
    pub fn end<T>(&self, take: impl FnOnce(&mut Tables) -> T) -> T {
        take(&mut self.tables.lock())
    }
}

fn wrong(tables: &mut Tables, kind: &'static str, first: impl FnOnce() -> String) {
    let entry = tables.wrong.entry(kind).or_insert_with(|| Wrong {
        kind: kind.to_owned(),
        count: 0,
        first: first(),
    });
    entry.count += 1;
}
