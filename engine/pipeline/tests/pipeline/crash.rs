//! The power goes, or the disk fails, while several threads submit. Guaranteed: every answered record is in the journal
//! under its number, whatever an answered read saw is there, every submitter is told something, and what is there is what
//! was submitted, in order and once.

use std::collections::BTreeSet;

use crossbeam_channel::unbounded;
use yidan_journal::storage::memory::{Memory, Plan};
use yidan_journal::{Loss, Writer};
use yidan_pipeline::{Handle, Pipeline, Tagged, Why};

use crate::toy::{Answered, Ask, Dice, LIMITS, Tag, Told, Toy, made_of, pipeline, record, told};

const SUBMITTERS: u64 = 3;

/// One submitted command: its shard, its value, whether it was to be added, and what was answered.
type Seen = (usize, u64, bool, Option<Told>);

/// Submits until it is told that all has stopped, with so many in flight; gives what became of each command.
fn submit_until_stopped(handle: &Handle<Toy, Tag>, thread: u64, seed: u64) -> Vec<Seen> {
    let mut dice = Dice(seed * SUBMITTERS + thread);
    let (to, answers) = unbounded::<Answered>();
    let in_flight = 1 + dice.below(100);
    let mut seen: Vec<Seen> = Vec::new();
    let mut waiting = 0;
    loop {
        let place = seen.len() as u64;
        let shard = usize::try_from(dice.below(handle.shards() as u64)).expect("small");
        let (value, adds) = (place * SUBMITTERS + thread, dice.below(4) > 0);
        let ask = if adds { Ask::Add(value) } else { Ask::Read };
        match handle.submit(shard, ask, Tagged::new(place, to.clone())) {
            Ok(()) => {
                seen.push((shard, value, adds, None));
                waiting += 1;
            }
            Err(refused) => {
                let Why::Stopped(_) = refused.why else { panic!("{}", refused.why) };
                break;
            }
        }
        while waiting >= in_flight {
            take(&told(&answers, 1)[0], &mut seen);
            waiting -= 1;
        }
    }
    for answered in told(&answers, usize::try_from(waiting).expect("small")) {
        take(&answered, &mut seen);
    }
    assert!(answers.is_empty(), "none is told twice");
    seen
}

fn take((tag, told): &Answered, seen: &mut [Seen]) {
    let place = usize::try_from(*tag).expect("small");
    assert_eq!(seen[place].3, None, "none is answered twice");
    seen[place].3 = told.as_ref().ok().copied();
}

fn plan(dice: &mut Dice) -> Plan {
    let number = Some(1 + dice.below(40));
    match dice.below(4) {
        0 => Plan { fail_sync: number, ..Plan::default() },
        _ => Plan { cut_before_sync: number, ..Plan::default() },
    }
}

/// One run: what became of the commands of each thread, and the disk after the crash.
fn run(seed: u64, dice: &mut Dice) -> (Vec<Vec<Seen>>, Memory) {
    let disk = Memory::new();
    let shards = [1, 2, 4][usize::try_from(seed % 3).expect("small")];
    let pipeline: Pipeline<Toy, Tag> = pipeline(&disk, shards);
    disk.plan(plan(dice));
    let handles: Vec<Handle<Toy, Tag>> = (0..SUBMITTERS).map(|_| pipeline.handle()).collect();
    let seen = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SUBMITTERS)
            .zip(&handles)
            .map(|(thread, handle)| scope.spawn(move || submit_until_stopped(handle, thread, seed)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no submitter panics")).collect()
    });
    let stopped = pipeline.stop().expect_err("its disk failed");
    assert!(stopped.why().contains("planned"), "{stopped}");
    let survives = dice.below(3);
    let after = disk.crash(dice.below(2) == 0, || match survives {
        0 => false,
        1 => true,
        _ => dice.below(2) == 0,
    });
    (seen, after)
}

#[test]
fn whatever_was_answered_is_there_after_the_crash() {
    let mut answered = 0;
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let (seen, disk) = run(seed, &mut dice);
        let mut records = Vec::new();
        Writer::open(disk, LIMITS, [7; 16], 2_000, Loss::Refuse, |batch| {
            records.extend(batch.records().map(<[u8]>::to_vec));
        })
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (shard, value, adds, told) in seen.iter().flatten() {
            let Some(told) = told else { continue };
            answered += 1;
            assert!(told.seen <= records.len() as u64, "seed {seed}: it saw what is lost");
            assert_eq!(told.number.is_some(), *adds);
            if let Some(number) = told.number {
                let place = usize::try_from(number).expect("small") - 1;
                assert_eq!(records.get(place), Some(&record(*shard, *value)), "seed {seed}");
            }
        }
        in_order_and_once(&seen, &records);
    }
    assert!(answered > 10_000, "only {answered} were answered");
}

/// What is in the journal is what was submitted; for each thread and shard, the first so many of it, in order.
fn in_order_and_once(seen: &[Vec<Seen>], records: &[Vec<u8>]) {
    let found: Vec<(usize, u64)> = records.iter().map(|record| made_of(record)).collect();
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "each once");
    for (thread, seen) in (0..SUBMITTERS).zip(seen) {
        for shard in 0..4 {
            let submitted = seen.iter().filter(|(at, _, adds, _)| *at == shard && *adds);
            let values = submitted.map(|(_, value, _, _)| *value);
            let mine =
                found.iter().filter(|(at, value)| *at == shard && value % SUBMITTERS == thread);
            let kept: Vec<u64> = mine.map(|(_, value)| *value).collect();
            assert_eq!(values.take(kept.len()).collect::<Vec<u64>>(), kept);
        }
    }
}
