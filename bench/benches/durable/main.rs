//! The durable engine beside the bars it is held to: settlements of R1 a second beside PostgreSQL and the disk, how long an
//! answer takes under an open load, the pipeline without a disk, snapshots beside a load, recovery, and memory of members at rest.
//! What is compared takes turns in this one run. Nothing here fails on time; every part checks what it computed. `--test` runs everything small, once.
//!
//! `cargo bench -p yidan-bench --bench durable -- [memory] [settlements] [waits] [bare] [recovery] [snapshot] [--folder=PATH]
//! [--members=N] [--seconds=N] [--rounds=N] [--shards=N] [--in-flight=N]`

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

mod beside;
mod disk;
mod memory;
mod postgres;
mod processor;
mod recovery;
mod settlements;
mod snapshot;
mod town;
mod waits;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use yidan_bench::arguments::{Arguments, Known};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for.
pub(crate) struct Asked {
    /// Everything small, once.
    pub(crate) once: bool,
    /// Where files are measured.
    pub(crate) folder: PathBuf,
    /// Members at rest.
    pub(crate) members: usize,
    /// How long one turn takes.
    pub(crate) turn: Duration,
    /// How many turns each has.
    pub(crate) rounds: usize,
    /// Shards of the engine.
    pub(crate) shards: usize,
    /// How many are in flight; each of some numbers, where none is given.
    pub(crate) in_flight: Vec<u64>,
}

fn main() -> ExitCode {
    let known = Known {
        numbers: &["--members", "--seconds", "--rounds", "--shards", "--in-flight"],
        folders: &["--folder"],
        flags: &[],
        parts: &["memory", "settlements", "waits", "bare", "recovery", "snapshot"],
        names: false,
    };
    let arguments = match Arguments::of_process(known) {
        Ok(arguments) => arguments,
        Err(not_known) => {
            println!("{not_known}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = arguments.number("--seconds", 3, 0) as u64;
    let asked = Asked {
        once: arguments.once(),
        folder: arguments.folder("--folder"),
        members: arguments.number("--members", 1_000_000, 2_000),
        turn: Duration::from_secs(seconds).max(Duration::from_millis(100)),
        rounds: arguments.number("--rounds", 3, 1),
        shards: arguments.number("--shards", 1, 2),
        in_flight: match arguments.given("--in-flight") {
            Some(number) => vec![number as u64],
            None => settlements::IN_FLIGHT.to_vec(),
        },
    };
    // Memory first: the room that later parts give back would be taken again unseen.
    if arguments.wants("memory") {
        memory::at_rest(&asked);
    }
    if arguments.wants("settlements") {
        settlements::beside_postgres(&asked);
    }
    if arguments.wants("waits") {
        waits::open_load(&asked);
    }
    if arguments.wants("bare") {
        settlements::without_disk(&asked);
    }
    if arguments.wants("snapshot") {
        snapshot::beside_load(&asked);
    }
    if arguments.wants("recovery") {
        recovery::of_journals(&asked);
    }
    ExitCode::SUCCESS
}

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
