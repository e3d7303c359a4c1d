//! Frames of the journal, in memory: records appended batch by batch, and a journal folded into a ledger as a start does.

use std::cell::Cell;

use criterion::{BatchSize, Criterion, Throughput};
use yidan_bench::journals::{self, A_BATCH};
use yidan_bench::office::bytes_of;
use yidan_settlement::ledger::StateHash;

use crate::bureau::Bureau;

/// Batches of records from bytes to sealed frames.
pub(crate) fn appended(c: &mut Criterion) {
    let (by_totals, by_lines) = Bureau::new().settle();
    for (name, records) in [("by totals", by_totals), ("20 lines", by_lines)] {
        let stored: Vec<Vec<u8>> = records.iter().take(16 * A_BATCH).map(bytes_of).collect();
        let bytes: usize = stored.iter().map(Vec::len).sum();
        let mut group = c.benchmark_group(format!("journal, {name}"));
        group.throughput(Throughput::Bytes(bytes as u64));
        let appended = Cell::new(0);
        group.bench_function(format!("append, {A_BATCH} records a batch"), |b| {
            b.iter_batched_ref(
                journals::writer,
                |(_, writer)| {
                    stored.chunks(A_BATCH).for_each(|batch| journals::append(writer, batch));
                    appended.set(writer.tip().next_record - 1);
                },
                BatchSize::PerIteration,
            );
        });
        let told = appended.get();
        // Nought where a filter passed this one over.
        assert!(told == 0 || told == stored.len() as u64, "every record has its number: {told}");
        group.finish();
    }
}

/// A whole journal, registrations and all, to the ledger it is the history of.
pub(crate) fn folded(c: &mut Criterion) {
    let mut bureau = Bureau::new();
    let (by_totals, by_lines) = bureau.settle();
    let settled = by_totals.iter().chain(&by_lines).map(bytes_of);
    let all: Vec<Vec<u8>> = bureau.beginning.iter().cloned().chain(settled).collect();
    let bytes: usize = all.iter().map(Vec::len).sum();
    let journal = journals::journal_of(&all);
    let (ledger, records) = journals::folded(&journal);
    assert_eq!(records, all.len() as u64, "every record");
    let state = |ledger| StateHash::of(std::iter::once(ledger));
    assert_eq!(state(&ledger), state(bureau.office.ledger()), "the state it is the history of");
    let mut group = c.benchmark_group("journal, recovery");
    group.throughput(Throughput::ElementsAndBytes { elements: records, bytes: bytes as u64 });
    group.bench_function("fold", |b| b.iter_with_large_drop(|| journals::folded(&journal)));
    group.finish();
}
