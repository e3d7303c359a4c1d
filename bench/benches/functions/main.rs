//! Criterion benches of every stage of a claim's way, one file a stage: from a body off the wire to the record in a frame of the
//! journal, what a start makes of it, and the answer. `--test` runs each once, over a small image, to check results.
//!
//! `cargo bench -p yidan-bench --bench functions -- [--test] [part of a name]`

mod bureau;
mod frames;
mod ledger;
mod lines;
mod records;
mod signatures;
mod snapshots;
mod tiers;
mod wire;

use criterion::{criterion_group, criterion_main};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether everything runs once, to check results.
pub(crate) fn once() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

criterion_group!(
    benches,
    wire::bodies,
    wire::answers,
    signatures::verified,
    tiers::r1,
    tiers::packs,
    ledger::decided,
    ledger::known,
    ledger::applied,
    records::written,
    frames::appended,
    frames::folded,
    snapshots::whole,
    lines::bills,
);
criterion_main!(benches);
