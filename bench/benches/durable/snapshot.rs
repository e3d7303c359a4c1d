//! What a snapshot costs who settles meanwhile: how long an answer takes under an open load with one being made beside it and
//! without, in turns; and how fast one is made and read in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use yidan_journal::snapshot::{Snapshot, list};
use yidan_journal::storage::files::Files;
use yidan_pipeline::admission::now_ms;
use yidan_pipeline::snapshot::{Base, Making, make, stand_back};
use yidan_settlement::ledger::StateHash;

use crate::town::{Clock, Town, world};
use crate::waits::{histogram, poisson};
use crate::{Asked, median};

const MEMBERS: usize = 200_000;
/// In flight while the capacity is measured.
const FULL: u64 = 4_096;
/// The load, in parts of a hundred of the capacity.
const PART: u64 = 30;

/// No bar: percentiles beside each other.
pub(crate) fn beside_load(asked: &Asked) {
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder that may be written");
    let members = if asked.once { 400 } else { MEMBERS };
    let mut town = Town::new(folder.path(), members, asked.shards, world());
    let capacity = town.run(FULL, asked.turn, u64::MAX).rate();
    let rate = capacity * PART as f64 / 100.0;
    println!(
        "Snapshots beside an open load of {rate:.0} settlements/s, {PART} % of the capacity; {members} members; {} rounds in turns",
        asked.rounds
    );
    let files = Files::at(folder.path());
    let mut took = [false, true].map(|_| histogram());
    let (mut made, mut made_secs, mut bytes, mut state) = (0_u64, Vec::new(), 0, None);
    for round in 0..asked.rounds {
        for with in [false, true] {
            let turn =
                Arc::new(Clock { took: Mutex::new(histogram()), settled: AtomicU64::new(0) });
            let ended = AtomicBool::new(false);
            thread::scope(|scope| {
                let making = with.then(|| {
                    scope.spawn(|| {
                        stand_back();
                        let mut all = Vec::new();
                        // One at least, and for as long as the turn takes.
                        while all.is_empty() || !ended.load(Ordering::Relaxed) {
                            let begun = Instant::now();
                            match make(&files, now_ms(), || true).expect("a sound disk") {
                                Making::Made(made, _) => all.push((begun.elapsed(), made)),
                                Making::NothingNew(_) => thread::sleep(Duration::from_millis(1)),
                                Making::Ended => unreachable!("nobody ends it"),
                            }
                        }
                        all
                    })
                });
                let (count, _) = town.run_open(poisson(round as u64, rate, asked.turn), &turn);
                ended.store(true, Ordering::Relaxed);
                let all = making.map(|making| making.join().expect("no panic"));
                for (one_took, one) in all.into_iter().flatten() {
                    made += 1;
                    made_secs.push(one_took.as_secs_f64());
                    (bytes, state) = (one.bytes, Some((one.next_record, one.state)));
                    assert_eq!(one.counts.members, members as u64);
                }
                assert_eq!(turn.took.lock().len(), count, "every one was answered once");
            });
            let all: &mut Histogram<u64> = &mut took[usize::from(with)];
            all.add(&*turn.took.lock()).expect("both grow as they must");
        }
    }
    println!("              p50       p99       p99.9     most");
    for (what, took) in ["without", "beside one"].iter().zip(&took) {
        let at = |quantile: f64| Duration::from_nanos(took.value_at_quantile(quantile));
        let most = Duration::from_nanos(took.max());
        println!(
            "{what:<10} {:>9.2?} {:>9.2?} {:>9.2?} {most:>9.2?}",
            at(0.5),
            at(0.99),
            at(0.999)
        );
    }
    let secs = median(made_secs);
    println!(
        "made beside the load, each on from the one before: {made}, median {secs:.2} s, {} bytes, {:.0} members/s, {:.0} B a member",
        bytes,
        members as f64 / secs,
        bytes as f64 / members as f64
    );
    town.check();
    town.stop();
    // Alone: the whole journal folded, and one read in.
    for one in list(&files).expect("a folder") {
        let begun = Instant::now();
        let base = Snapshot::open(&files, one).map_err(Into::into).and_then(|it| Base::read(it, 1));
        let base = base.expect("it was proved");
        let secs = begun.elapsed().as_secs_f64();
        if let Some((next_record, state)) = state
            && next_record == one
        {
            assert_eq!(StateHash::of(base.shards.iter()), state, "the state it was made of");
        }
        println!(
            "read in alone: {secs:.2} s, {:.0} members/s, {:.0} MB/s, with {} requests",
            members as f64 / secs,
            bytes as f64 / secs / 1e6,
            base.counts.requests
        );
        std::fs::remove_file(folder.path().join(yidan_journal::snapshot::name_of(one)))
            .expect("it is there");
    }
    let begun = Instant::now();
    let Making::Made(made, _) = make(&files, now_ms(), || true).expect("a sound disk") else {
        unreachable!("there is none")
    };
    let secs = begun.elapsed().as_secs_f64();
    println!(
        "made alone from the whole journal: {secs:.2} s, {} records folded, {:.0} members/s\n",
        made.folded,
        members as f64 / secs
    );
}
