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
use std::time::Duration;

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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = arguments.iter().any(|argument| argument == "--test");
    let value = |name: &str| {
        let given = arguments.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        given.map(str::to_owned)
    };
    let number = |name: &str, full: usize, small: usize| {
        let unless = if once { small } else { full };
        value(name).map_or(unless, |text| text.parse().expect("a whole number"))
    };
    let seconds = u64::try_from(number("--seconds", 3, 0)).expect("few");
    let asked = Asked {
        once,
        folder: value("--folder").map_or_else(std::env::temp_dir, PathBuf::from),
        members: number("--members", 1_000_000, 2_000),
        turn: Duration::from_secs(seconds).max(Duration::from_millis(100)),
        rounds: number("--rounds", 3, 1),
        shards: number("--shards", 1, 2),
        in_flight: match value("--in-flight") {
            Some(text) => vec![text.parse().expect("a whole number")],
            None => settlements::IN_FLIGHT.to_vec(),
        },
    };
    let parts: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|one| *one == part);
    // Memory first: the room that later parts give back would be taken again unseen.
    if wanted("memory") {
        memory::at_rest(&asked);
    }
    if wanted("settlements") {
        settlements::beside_postgres(&asked);
    }
    if wanted("waits") {
        waits::open_load(&asked);
    }
    if wanted("bare") {
        settlements::without_disk(&asked);
    }
    if wanted("snapshot") {
        snapshot::beside_load(&asked);
    }
    if wanted("recovery") {
        recovery::of_journals(&asked);
    }
}

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
