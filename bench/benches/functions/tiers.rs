//! The tiers alone: R1 by the general machine beside the function by hand, and a pack built from its text.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use yidan_bench::bills::SEED;
use yidan_bench::by_hand;
use yidan_bench::r1::{self, Machine};
use yidan_settlement::money::Fen;

const MEMBERS: usize = 20_000;

/// One bill of R1, its in-scope amount known.
pub(crate) fn r1(c: &mut Criterion) {
    let pack = r1::pack();
    let bills = r1::bills(SEED, MEMBERS, 6);
    let mut machine = Machine::new(&pack);
    let by_hand = r1::run_by_hand(&mut vec![[0; 6]; MEMBERS], &bills);
    let by_machine = r1::run_machine(&mut machine, &mut vec![[Fen::ZERO; 6]; MEMBERS], &bills);
    assert_eq!(by_machine, by_hand, "the machine pays what the function by hand pays");
    let mut group = c.benchmark_group("R1 tiers alone");
    group.throughput(Throughput::Elements(1));
    let mut by_hand_members = vec![[0_i64; 6]; MEMBERS];
    let mut next = bills.iter().cycle();
    group.bench_function("by hand", |b| {
        b.iter(|| {
            let bill = next.next().expect("a cycle");
            by_hand::settle(
                &mut by_hand_members[bill.member as usize],
                bill.in_scope,
                bill.level,
                bill.class,
            )
        });
    });
    let mut members = vec![[Fen::ZERO; 6]; MEMBERS];
    let mut next = bills.iter().cycle();
    group.bench_function("general machine", |b| {
        b.iter(|| {
            let bill = next.next().expect("a cycle");
            machine.settle(&mut members[bill.member as usize], bill)
        });
    });
    group.finish();
    assert!(members.iter().flatten().all(|slot| !slot.is_negative()), "slots only rise");
}

/// A pack from its text.
pub(crate) fn packs(c: &mut Criterion) {
    let pack = r1::pack();
    let mut group = c.benchmark_group("pack");
    group.throughput(Throughput::Elements(1));
    group.bench_function("build (R1)", |b| b.iter(|| black_box(r1::pack())));
    assert_eq!(r1::pack(), pack, "the same text is the same pack");
    group.finish();
}
