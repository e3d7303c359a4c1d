//! The stages without threads, as a simulator steps them: what a shard hands over in any order of arrival is journaled by
//! its numbers, reads wait for what they saw and for nothing else, and a run repeats byte for byte.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use yidan_journal::storage::memory::Memory;
use yidan_pipeline::limits::{AHEAD, PARCEL_BYTES, PARCEL_ENTRIES};
use yidan_pipeline::{
    Ending, JournalStage, Parcel, Reply, SettleStage, Stopped, Submitted, Tickets,
};

use crate::toy::{Ask, Dice, LIMITS, Told, Toy, on_disk, writer};

/// A reply that stays in its thread.
#[derive(Clone)]
struct Note {
    tag: u64,
    notes: Rc<RefCell<Vec<(u64, Told)>>>,
}

impl Reply<Told> for Note {
    fn send(self, told: Result<Told, Stopped>) {
        if let Ok(told) = told {
            self.notes.borrow_mut().push((self.tag, told));
        }
    }
}

struct Bench {
    disk: Memory,
    ending: Arc<Ending>,
    notes: Rc<RefCell<Vec<(u64, Told)>>>,
    settle: Vec<SettleStage<Toy, Note>>,
    journal: JournalStage<Memory, Told, Note>,
}

impl Bench {
    fn new(shards: usize) -> Bench {
        let disk = Memory::new();
        let writer = writer(disk.clone());
        let tickets = Arc::new(Tickets::after(&writer));
        Bench {
            disk,
            ending: Arc::new(Ending::new()),
            notes: Rc::default(),
            settle: (0..shards).map(|at| SettleStage::new(Toy::new(at), &tickets)).collect(),
            journal: JournalStage::new(writer, shards),
        }
    }

    fn submitted(&self, tag: u64, ask: Ask) -> Submitted<Ask, Told, Note> {
        let reply = Note { tag, notes: Rc::clone(&self.notes) };
        Submitted::new(ask, reply, &self.ending)
    }

    /// A shard decides these commands; the parcel is not handed over yet.
    fn decide(&mut self, shard: usize, asks: Vec<(u64, Ask)>) -> Parcel<Told, Note> {
        let mut parcel = Parcel::new(shard);
        let asks: Vec<_> = asks.into_iter().map(|(tag, ask)| self.submitted(tag, ask)).collect();
        let mut asks = asks.into_iter();
        self.settle[shard].step(|| asks.next(), &mut parcel);
        assert!(asks.next().is_none(), "all fit the parcel");
        parcel
    }

    fn answered(&self) -> Vec<u64> {
        self.notes.borrow().iter().map(|(tag, _)| *tag).collect()
    }
}

#[test]
fn a_record_waits_for_those_before_it_and_a_read_for_what_it_saw() {
    let mut bench = Bench::new(3);
    let first = bench.decide(0, vec![(10, Ask::Read), (11, Ask::Add(1)), (12, Ask::Read)]);
    let second = bench.decide(1, vec![(20, Ask::Read), (21, Ask::Add(2)), (22, Ask::Read)]);
    let third = bench.decide(2, vec![(30, Ask::Read)]);
    bench.journal.take(second);
    bench.journal.take(third);
    // Record 1 is still on its way: only reads that saw nothing are answered.
    assert_eq!(bench.journal.step(1).expect("a sound disk"), None);
    assert_eq!(bench.answered(), [20, 30]);
    assert!(!bench.journal.is_idle());
    bench.journal.take(first);
    let durable = bench.journal.step(2).expect("a sound disk").expect("a batch");
    assert_eq!((durable.first_record, durable.records), (1, 2));
    assert_eq!(bench.answered(), [20, 30, 10, 11, 12, 21, 22]);
    assert!(bench.journal.is_idle());
    assert_eq!(bench.journal.emptied().count(), 3);
    let read = bench.decide(0, vec![(13, Ask::Read)]);
    bench.journal.take(read);
    assert_eq!(bench.journal.step(3).expect("a sound disk"), None, "all it saw is durable");
    assert_eq!(bench.answered().last(), Some(&13));
}

#[test]
#[should_panic(expected = "record 1 stands in no lane")]
fn a_number_that_none_can_bring_any_more_stops_it() {
    let mut bench = Bench::new(2);
    drop(bench.decide(0, vec![(0, Ask::Add(1))]));
    for shard in 0..2 {
        let parcel = bench.decide(shard, vec![(1, Ask::Add(2))]);
        bench.journal.take(parcel);
    }
    let _ = bench.journal.step(1);
}

#[test]
#[should_panic(expected = "a seal says that nothing was on its way")]
fn it_does_not_seal_over_what_waits() {
    let mut bench = Bench::new(2);
    drop(bench.decide(0, vec![(0, Ask::Add(1))]));
    let parcel = bench.decide(1, vec![(1, Ask::Add(2))]);
    bench.journal.take(parcel);
    assert_eq!(bench.journal.step(1).expect("a sound disk"), None);
    let _ = bench.journal.seal(2);
}

#[test]
fn empty_parcels_come_back() {
    let mut bench = Bench::new(1);
    bench.journal.take(Parcel::new(0));
    assert_eq!(bench.journal.step(1).expect("a sound disk"), None);
    assert_eq!(bench.journal.emptied().count(), 1);
    assert!(bench.journal.is_idle());
}

#[test]
fn what_has_no_room_in_a_parcel_is_the_next_ones() {
    for (count, bytes) in [(1, 10), (31, 10), (32, 10), (33, 10), (300, 10), (600, 10), (40, 6_000)]
    {
        let mut bench = Bench::new(1);
        let asks: Vec<_> = (0..count).map(|tag| bench.submitted(tag, Ask::Long(bytes))).collect();
        let (mut asks, mut dry) = (asks.into_iter(), false);
        // Now and then there is nothing, and then there is more.
        let mut more = || {
            dry = !dry && asks.len() % 7 == 0;
            if dry { None } else { asks.next() }
        };
        let (mut parcels, mut decided) = (0, 0);
        while decided < count {
            let mut parcel = Parcel::new(0);
            bench.settle[0].step(&mut more, &mut parcel);
            let entries = parcel.len();
            let over = entries.saturating_sub(1) * bytes;
            assert!(entries <= PARCEL_ENTRIES && over < PARCEL_BYTES, "{count}: {entries}");
            (parcels, decided) = (parcels + 1, decided + entries as u64);
            bench.journal.take(parcel);
        }
        assert!(!bench.settle[0].has_taken());
        while bench.journal.step(1).expect("a sound disk").is_some() {}
        assert_eq!(bench.answered(), (0..count).collect::<Vec<_>>(), "in order");
        assert!(bench.settle[0].shard().most_told_of <= AHEAD, "{count}");
        assert!(parcels >= count.div_ceil(PARCEL_ENTRIES as u64), "{count}: {parcels}");
    }
}

/// What a run ends in: the answers in order, and all bytes of the first segment.
type Outcome = (Vec<(u64, Told)>, Vec<u8>);

/// A run from a seed: commands, when parcels arrive, and when the journal is stepped are thrown.
fn simulate(seed: u64) -> Outcome {
    let mut dice = Dice(seed);
    let shards = 1 + usize::try_from(dice.below(4)).expect("small");
    let mut bench = Bench::new(shards);
    let mut on_their_way: Vec<VecDeque<Parcel<Told, Note>>> =
        (0..shards).map(|_| VecDeque::new()).collect();
    let (mut tag, mut adds) = (0, 0);
    for _ in 0..200 {
        let shard = usize::try_from(dice.below(shards as u64)).expect("small");
        match dice.below(4) {
            0 | 1 => {
                let mut asks = Vec::new();
                for _ in 0..=dice.below(30) {
                    let ask = if dice.below(3) == 0 { Ask::Read } else { Ask::Add(tag) };
                    adds += usize::from(matches!(ask, Ask::Add(_)));
                    asks.push((tag, ask));
                    tag += 1;
                }
                let parcel = bench.decide(shard, asks);
                on_their_way[shard].push_back(parcel);
            }
            2 => on_their_way[shard].drain(..).for_each(|parcel| bench.journal.take(parcel)),
            _ => {
                let durable = bench.journal.step(tag).expect("a sound disk");
                assert!(durable.is_none_or(|durable| durable.records <= LIMITS.records));
            }
        }
    }
    on_their_way.into_iter().flatten().for_each(|parcel| bench.journal.take(parcel));
    while bench.journal.step(tag).expect("a sound disk").is_some() {}
    assert!(bench.journal.is_idle(), "seed {seed}");
    assert_eq!(bench.notes.borrow().len() as u64, tag, "seed {seed}: all are answered");
    let (records, _) = on_disk(&bench.disk);
    assert_eq!(records.len(), adds);
    for stage in &bench.settle {
        let made = &stage.shard().made;
        assert!(
            made.iter()
                .all(|(n, bytes)| records[usize::try_from(*n).expect("small") - 1] == *bytes)
        );
    }
    let bytes = bench.disk.bytes_of("0000000000000001.seg").expect("the segment");
    (bench.notes.take(), bytes)
}

#[test]
fn parcels_in_any_order_of_arrival_are_journaled_by_number_and_a_run_repeats() {
    for seed in 0..300 {
        assert!(simulate(seed) == simulate(seed), "seed {seed}");
    }
}
