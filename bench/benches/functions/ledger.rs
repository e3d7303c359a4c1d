//! The ledger: commands decided (settled, asked beforehand, cancelled, answered a second time), members and keys looked up, and
//! records applied.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use yidan_bench::by_hand::Slots;
use yidan_bench::office::{Asked, agrees, settled_in};
use yidan_settlement::event::{Event, Record};
use yidan_settlement::ledger::{Decided, Ledger, RequestKey, StateHash};
use yidan_settlement::money::Fen;

use crate::bureau::Bureau;

/// A settlement from its command to its event, a claim admitted, priced, put through the tiers and proved on the way.
pub(crate) fn decided(c: &mut Criterion) {
    let mut bureau = Bureau::new();
    for (name, of_lines) in [("by totals", false), ("20 lines", true)] {
        let office = &mut bureau.office;
        let all = if of_lines { &bureau.by_lines } else { &bureau.by_totals };
        let expected: Vec<Fen> = all
            .iter()
            .enumerate()
            .map(|(member, asked)| {
                let Decided::Event(Event::Settled(settled)) = office.decide(asked) else {
                    panic!("it settles")
                };
                agrees(&settled.decision, member, &mut Slots::default());
                settled.decision.fund_sum()
            })
            .collect();
        let mut group = c.benchmark_group(format!("ledger, {name}"));
        group.throughput(Throughput::Elements(1));
        let mut next = all.iter().zip(&expected).cycle();
        group.bench_function("decide a settlement", |b| {
            b.iter(|| {
                let (asked, expected) = next.next().expect("a cycle");
                assert_eq!(office.settled(asked), *expected, "it pays what it paid before");
            });
        });
        let before: Vec<Asked> = all.iter().map(Asked::beforehand).collect();
        let mut next = before.iter().zip(&expected).cycle();
        group.bench_function("pre-settle", |b| {
            b.iter(|| {
                let (asked, expected) = next.next().expect("a cycle");
                let Decided::PreSettled(settled) = office.decide(asked) else {
                    panic!("it tells what a settlement would give")
                };
                assert_eq!(settled.decision.fund_sum(), *expected, "and that is what it gives");
            });
        });
        group.finish();
    }
}

/// What asks for something that is known: settlements to cancel, requests that come again, members.
pub(crate) fn known(c: &mut Criterion) {
    let mut bureau = Bureau::new();
    let again: Vec<Asked> =
        bureau.by_totals.iter().map(|asked| Asked::of(asked.command.clone())).collect();
    let (settled, later) = bureau.settle();
    let office = &mut bureau.office;
    // Nothing stands upon the later ones.
    let cancels: Vec<(Asked, Fen)> = later
        .iter()
        .map(|record| (office.ask_to_cancel(record), settled_in(record).decision.fund_sum()))
        .collect();
    let mut group = c.benchmark_group("ledger, what is known");
    group.throughput(Throughput::Elements(1));
    let mut next = cancels.iter().cycle();
    group.bench_function("cancel a settlement of 20 lines", |b| {
        b.iter(|| {
            let (asked, paid) = next.next().expect("a cycle");
            let Decided::Event(Event::Cancelled(cancelled)) = office.decide(asked) else {
                panic!("it can be cancelled")
            };
            let back: Fen = cancelled.posted.funds.iter().map(|(_, amount)| *amount).sum();
            assert_eq!(back.negated(), *paid, "what the funds paid");
        });
    });
    let mut next = again.iter().zip(&settled).cycle();
    group.bench_function("request that came before", |b| {
        b.iter(|| {
            let (asked, record) = next.next().expect("a cycle");
            assert_eq!(office.decide(asked), Decided::Again(record.seq), "the first record");
        });
    });
    let mut next = again.iter().cycle();
    group.bench_function("key of a request", |b| {
        b.iter(|| {
            let asked = next.next().expect("a cycle");
            assert_eq!(RequestKey::of_command(black_box(&asked.command)), asked.key);
        });
    });
    let mut next = settled.iter().cycle();
    group.bench_function("member", |b| {
        b.iter(|| {
            let psn_no = &next.next().expect("a cycle").request.psn_no;
            let member = office.ledger().members().get(psn_no).expect("a member");
            assert_eq!(member.psn_no(), &**psn_no);
        });
    });
    group.finish();
}

/// Records folded into the ledger that they were decided on.
pub(crate) fn applied(c: &mut Criterion) {
    let mut bureau = Bureau::new();
    let before = bureau.office.ledger().clone();
    let (by_totals, by_lines) = bureau.settle();
    let all: Vec<(Record, Option<RequestKey>)> = by_totals
        .into_iter()
        .chain(by_lines)
        .map(|record| {
            let key = RequestKey::of_record(&record);
            (record, key)
        })
        .collect();
    let apply = |ledger: &mut Ledger| {
        for (record, key) in &all {
            ledger.apply_keyed(record, *key, record.seq).expect("it follows");
        }
    };
    let mut after = before.clone();
    apply(&mut after);
    let state = |ledger: &Ledger| StateHash::of(std::iter::once(ledger));
    assert_eq!(state(&after), state(bureau.office.ledger()), "the state it was decided on");
    let mut group = c.benchmark_group("ledger, changes");
    group.throughput(Throughput::Elements(all.len() as u64));
    group.bench_function("apply settlements", |b| {
        b.iter_batched_ref(|| before.clone(), apply, BatchSize::PerIteration);
    });
    group.finish();
}
