//! A snapshot of a ledger: its rows written chunk by chunk, and read into an empty one.

use criterion::{Criterion, Throughput};
use yidan_bench::journals;
use yidan_settlement::ledger::StateHash;

use crate::bureau::Bureau;

/// Members with their slots, their settlements and the requests that are remembered.
pub(crate) fn whole(c: &mut Criterion) {
    let mut bureau = Bureau::new();
    bureau.settle();
    let ledger = bureau.office.ledger();
    let chunks = journals::snapshot_of(ledger);
    let state = |ledger| StateHash::of(std::iter::once(ledger));
    assert_eq!(state(&journals::of_snapshot(&chunks)), state(ledger), "read as it was written");
    let mut group = c.benchmark_group(format!("snapshot, {} members", bureau.members));
    group.throughput(Throughput::Elements(bureau.members as u64));
    group.bench_function("write", |b| {
        b.iter(|| assert_eq!(journals::snapshot_of(ledger).len(), chunks.len()));
    });
    group.bench_function("read", |b| {
        b.iter_with_large_drop(|| {
            let read = journals::of_snapshot(&chunks);
            assert_eq!(read.members().len(), bureau.members);
            read
        });
    });
    group.finish();
}
