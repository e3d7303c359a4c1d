//! What is printed of a day.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times, rates and means; no money is computed here"
)]

use std::time::Duration;

use yidan_bench::machine;

use crate::asked::Asked;
use crate::bills::Kind;
use crate::book::OfKind;
use crate::bytes::Hundredths;
use crate::disk;
use crate::room::{BAR_BILL, BAR_LINE, gib};
use crate::run::{Day, Phase};

/// Bills of the nation's peak day, and the seconds they come in.
const PEAK: f64 = 35_000_000.0;
const DAY: f64 = 86_400.0;

/// What is about to be done.
pub(crate) fn begin(asked: &Asked, room: &str) {
    println!(
        "{}: {} bills of {} members, seed {}, {} shards, {} on their way at once, {} processors",
        asked.name,
        asked.settlements,
        asked.members,
        asked.seed,
        asked.shards,
        asked.in_flight,
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
    );
    println!("{room}");
}

/// What the disk does alone.
pub(crate) fn disk(when: &str, took: &[Duration]) {
    let rate = disk::rate(took);
    println!(
        "disk alone {when}: {rate:.0} syncs/s of 1 MiB each, {:.0} MB/s; p50 {:.2?}, p99 {:.2?}",
        rate * 1.048_576,
        disk::quantile(took, 500),
        disk::quantile(took, 990),
    );
}

/// After the members.
pub(crate) fn registered(asked: &Asked, phase: &Phase) {
    println!(
        "registered {} members durably in {:.1?}, {:.0}/s, {:.0} B each on disk; memory {}",
        asked.members,
        phase.took,
        asked.members as f64 / phase.took.as_secs_f64(),
        phase.journal.bytes as f64 / asked.members as f64,
        gib(machine::resident()),
    );
}

/// After the bills.
pub(crate) fn settled(day: &Day, phase: &Phase) {
    let all = day.book.all();
    kinds(day, &all);
    let seconds = phase.took.as_secs_f64();
    let rate = all.bills as f64 / seconds;
    println!(
        "\nsettled {} bills of {:.2} lines in the mean in {:.1?}: {rate:.0}/s, {:.0} lines/s, {:.0} × real time of a day of 35 million",
        all.bills,
        each(all.lines, all.bills),
        phase.took,
        all.lines as f64 / seconds,
        rate / (PEAK / DAY),
    );
    println!(
        "at this rate the peak day of 35 million takes {:.1?}",
        Duration::from_secs_f64(PEAK / rate)
    );
    bytes(day, phase, &all);
    waits(day, phase);
    let us = |cpu: Duration| cpu.as_secs_f64() * 1e6 / all.bills.max(1) as f64;
    println!(
        "processor: {:.1} µs a bill, of which making it, its digest and checking the answer took {:.1} µs on one thread and the engine's \
         threads {:.1} µs; {:.2} cores busy in the mean",
        us(phase.cpu),
        us(phase.cpu_of_maker),
        us(phase.cpu.saturating_sub(phase.cpu_of_maker)),
        phase.cpu.as_secs_f64() / seconds,
    );
    println!("memory at most: {}", gib(machine::resident_most()));
}

/// How long answers and commits took.
fn waits(day: &Day, phase: &Phase) {
    let at = |quantile| Duration::from_nanos(day.waits.value_at_quantile(quantile));
    println!(
        "answers, durable, from submission on, with the queue kept full: p50 {:.2?}, p99 {:.2?}, p99.9 {:.2?}, longest {:.2?}",
        at(0.5),
        at(0.99),
        at(0.999),
        Duration::from_nanos(day.waits.max()),
    );
    let journal = &phase.journal;
    let commit = |quantile| Duration::from_nanos(journal.commit_ns.value_at_quantile(quantile));
    println!(
        "commits: {} of {:.0} records and {:.0} kB each, {:.0} syncs/s, {:.0} MB/s; p50 {:.2?}, p99 {:.2?}",
        journal.commit_ns.len(),
        each(journal.records, journal.commit_ns.len()),
        each(journal.bytes, journal.commit_ns.len()) / 1_000.0,
        journal.commit_ns.len() as f64 / phase.took.as_secs_f64(),
        journal.bytes as f64 / phase.took.as_secs_f64() / 1e6,
        commit(0.5),
        commit(0.99),
    );
}

/// A row for each kind.
fn kinds(day: &Day, all: &OfKind) {
    println!(
        "kind             bills  share  lines each  yuan each  in scope  funds  accounts   cash  facility  record B each"
    );
    let named = Kind::ALL.iter().map(|kind| kind.name()).zip(&day.book.kinds);
    for (name, of) in named.chain([("all", all)]) {
        let share = |part: yidan_settlement::money::Fen| {
            100.0 * part.get() as f64 / of.total.get().max(1) as f64
        };
        println!(
            "{name:<10} {:>11} {:>4.1} % {:>11.1} {:>10.2} {:>7.1} % {:>4.1} % {:>6.1} % {:>4.1} % {:>6.1} % {:>14.0}",
            of.bills,
            100.0 * each(of.bills, all.bills),
            each(of.lines, of.bills),
            of.total.get() as f64 / 100.0 / of.bills.max(1) as f64,
            share(of.in_scope),
            share(of.funds),
            share(of.accounts),
            share(of.cash),
            share(of.facility),
            each(of.bytes, of.bills),
        );
    }
    match day.book.refused.is_empty() {
        true => println!("refused: none"),
        false => println!("refused, by number of the reason: {:?}", day.book.refused),
    }
}

/// What is on disk, apart for bills and lines.
fn bytes(day: &Day, phase: &Phase, all: &OfKind) {
    // Of the journal also heads of batches, sectors filled up, and cancellations.
    let records = all.bytes.max(1);
    println!(
        "on disk: {} in all, {:.1} B a bill with its lines; records of bills are {:.1} B of that, the rest are cancellations, heads and \
         ends of batches",
        gib(phase.journal.bytes),
        each(phase.journal.bytes, all.bills),
        each(records, all.bills),
    );
    // What is no record of a bill is shared out as the records are.
    let on_disk = |Hundredths(of): Hundredths| {
        let all = u128::from(of) * u128::from(phase.journal.bytes) / u128::from(records);
        Hundredths(u64::try_from(all).expect("few bytes"))
    };
    let (bill, line) = day.bytes.taken_apart();
    let (bill, line) = (on_disk(bill), on_disk(line));
    println!(
        "on disk, one record in 64 taken apart and what is no record of a bill shared out: {line} B a line (bar: {BAR_LINE}), and {bill} B a bill beside its lines (bar: {BAR_BILL})"
    );
    if let Some((bill, line)) = day.bytes.line_of_best_fit() {
        println!(
            "by least squares over all records: {} B a line and {} B a bill",
            on_disk(line),
            on_disk(bill)
        );
    }
    println!("{}", day.bytes.told());
}

fn each(all: u64, count: u64) -> f64 {
    all as f64 / count.max(1) as f64
}
