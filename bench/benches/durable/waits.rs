//! How long an answer takes under an open load: Poisson arrivals at parts of what the engine can do, each timed from the moment
//! it was to be asked, in turns with the disk alone; and how long of that passes from the beginning of its decision on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use yidan_bench::dice::Dice;

use crate::town::{Clock, Town, world};
use crate::{Asked, beside, disk, processor};

const MEMBERS: usize = 200_000;
const PARTS: [u64; 3] = [10, 50, 80];
/// In flight while the capacity is measured.
const FULL: u64 = 4_096;

/// Bar: at half load the p99 of the wait for the commit, from the beginning of the decision to the answer, within three times the p99 of fdatasync.
pub(crate) fn open_load(asked: &Asked) {
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let members = if asked.once { 400 } else { MEMBERS };
    let mut town = Town::new(folder.path(), members, asked.shards, world());
    let capacity = town.run(FULL, asked.turn, u64::MAX).rate();
    println!(
        "Waits under an open load, Poisson arrivals, from the moment each was to be asked; capacity {capacity:.0} settlements/s \
         with {FULL} in flight"
    );
    println!(
        "load   asked/s   answer p50       p99     p99.9  queue full  commit wait p50   p99   one commit p50   p99   fdatasync \
         p50   p99   wait ÷ that, p99   beside the load, p99   wait ÷ that  processor gone, longest"
    );
    // As many bytes as the mean commit had until the round before.
    let mut block = 4_096;
    for part in PARTS {
        let rate = capacity * part as f64 / 100.0;
        let clock = Arc::new(Clock { took: Mutex::new(histogram()), settled: AtomicU64::new(0) });
        let before = town.measures().journal;
        let (mut syncs, mut under_load, mut full, mut count) = (Vec::new(), Vec::new(), 0, 0);
        let (mut gone, mut longest) = (0.0, Duration::ZERO);
        for round in 0..asked.rounds {
            let seed = part * 1_000 + round as u64;
            let turn =
                Arc::new(Clock { took: Mutex::new(histogram()), settled: AtomicU64::new(0) });
            let stop = Stop::default();
            let (asked_for, refused) = std::thread::scope(|scope| {
                let beat = scope.spawn(|| beside::syncs(folder.path(), block, &stop.0));
                // Dropped too where the load fails, or the scope would wait for the beat for good.
                let until_here = stop.until_here();
                let done = town.run_open(poisson(seed, rate, asked.turn), &turn);
                drop(until_here);
                under_load.extend(beat.join().expect("a sound disk"));
                done
            });
            clock.took.lock().add(&*turn.took.lock()).expect("both grow as they must");
            (count, full) = (count + asked_for, full + refused);
            let now = town.measures().journal;
            let bytes =
                (now.bytes - before.bytes) / (now.commit_ns.len() - before.commit_ns.len()).max(1);
            syncs.extend(disk::syncs(folder.path(), bytes, asked.turn / 3));
            block = bytes;
            let (lost, pause) = processor::pauses(asked.turn / 3);
            (gone, longest) = (gone + lost / asked.rounds as f64, longest.max(pause));
        }
        let took = clock.took.lock();
        assert_eq!(took.len(), count, "every one was answered once");
        let at = |quantile: f64| Duration::from_nanos(took.value_at_quantile(quantile));
        let mut now = town.measures().journal;
        now.commit_ns.subtract(&before.commit_ns).expect("it has grown since");
        now.answer_wait_ns.subtract(&before.answer_wait_ns).expect("it has grown since");
        let of = |histogram: &Histogram<u64>, quantile| {
            Duration::from_nanos(histogram.value_at_quantile(quantile))
        };
        let (commit, wait) =
            (|quantile| of(&now.commit_ns, quantile), |quantile| of(&now.answer_wait_ns, quantile));
        let (sync_50, sync_99) = (disk::quantile(&syncs, 500), disk::quantile(&syncs, 990));
        let ratio = |sync: Duration| wait(0.99).as_secs_f64() / sync.as_secs_f64();
        let (alone, beside_99) = (ratio(sync_99), disk::quantile(&under_load, 990));
        let under = ratio(beside_99);
        println!(
            "{part:>3} % {rate:>9.0} {:>12.2?} {:>9.2?} {:>9.2?} {full:>11} {:>16.2?} {:>9.2?} {:>12.2?} {:>9.2?} {sync_50:>15.2?} \
             {sync_99:>9.2?} {alone:>14.2}  {beside_99:>14.2?} {under:>14.2}{}  {:.1} %, {longest:.1?}",
            at(0.5),
            at(0.99),
            at(0.999),
            wait(0.5),
            wait(0.99),
            commit(0.5),
            commit(0.99),
            if part == 50 { " (bar: 3)" } else { "         " },
            gone * 100.0,
        );
    }
    town.check();
    town.stop();
    println!(
        "fdatasync writes as many bytes as the mean commit of that load did until then, alone after each round; beside it, each 5 ms by a \
         thread of its own, as many as that of the round before (4 KiB at first)\n"
    );
}

/// Tells a thread to stop.
#[derive(Default)]
struct Stop(AtomicBool);

struct UntilHere<'s>(&'s Stop);

impl Stop {
    fn until_here(&self) -> UntilHere<'_> {
        UntilHere(self)
    }
}

impl Drop for UntilHere<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Up to a minute, in nanoseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// Moments after the begin, with exponential gaps.
pub(crate) fn poisson(seed: u64, rate: f64, time: Duration) -> impl Iterator<Item = Duration> {
    let mut dice = Dice::new(seed);
    let mut at = 0.0;
    let until = time.as_secs_f64();
    std::iter::from_fn(move || {
        let even = (dice.below(1 << 53) + 1) as f64 / (1_u64 << 53) as f64;
        at -= even.ln() / rate;
        (at < until).then(|| Duration::from_secs_f64(at))
    })
}
