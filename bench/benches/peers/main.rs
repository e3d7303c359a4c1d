//! R1 by yidan beside R1 by its peers, in turns: PostgreSQL's stored function, the ZEN engine, OpenFisca-Core and DuckDB. Every answer
//! is compared with the function by hand: ours must agree, and the table says where a peer's does not. `bench/peers/setup.sh` installs
//! the peers, `bench/peers/README.md` says why the rows are fair. A peer that is not there is skipped with a line. Nothing here fails on
//! time; `--test` runs everything small, once.
//!
//! `cargo bench -p yidan-bench --bench peers -- [postgres] [zen] [openfisca] [duckdb] [--folder=PATH] [--rounds=N] [--threads=N]
//! [--members=N] [--bills=N] [--persons=N] [--fresh=N] [--seconds=N]`

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

mod answers;
mod durable;
mod fresh;
mod program;
mod slots;
mod table;

#[path = "../durable/postgres.rs"]
mod postgres;
#[expect(dead_code, reason = "its open load and its bills of lines are asked by other benches")]
#[path = "../durable/town.rs"]
mod town;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use yidan_bench::machine;

use crate::table::Table;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for.
pub(crate) struct Asked {
    /// Where the durable ones write.
    pub(crate) folder: PathBuf,
    /// How many turns each has that count; one before them does not.
    pub(crate) rounds: usize,
    /// Threads of whoever can use several.
    pub(crate) threads: usize,
    /// Members of the durable ones.
    pub(crate) members: usize,
    /// Bills in a row on members with slots.
    pub(crate) bills: usize,
    /// Fresh members where OpenFisca is compared.
    pub(crate) persons: usize,
    /// Fresh members where DuckDB is compared.
    pub(crate) fresh: usize,
    /// How long a durable turn takes.
    pub(crate) turn: Duration,
    /// How long a turn of ours takes at least: what is over sooner is done again, for a moment says little of a shared machine.
    pub(crate) at_least: Duration,
}

/// The mean time of a piece of work that is done until so much time is used; it says how long it took.
pub(crate) fn again(at_least: Duration, mut work: impl FnMut() -> Duration) -> Duration {
    let (mut took, mut times) = (work(), 1);
    while took < at_least {
        took += work();
        times += 1;
    }
    took / times
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(wrong) = unknown(&arguments) {
        println!("{wrong} is not known here. {USAGE}");
        return ExitCode::FAILURE;
    }
    let once = arguments.iter().any(|argument| argument == "--test");
    let value = |name: &str| {
        let given = arguments.iter().find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        given.map(str::to_owned)
    };
    let number = |name: &str, full: usize, small: usize| {
        let unless = if once { small } else { full };
        value(name).map_or(unless, |text| text.parse().expect("a whole number"))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seconds = u64::try_from(number("--seconds", 3, 0)).expect("few");
    let asked = Asked {
        folder: value("--folder").map_or_else(std::env::temp_dir, PathBuf::from),
        rounds: number("--rounds", 5, 1).max(1),
        threads: number("--threads", cores, 2).max(1),
        members: number("--members", 200_000, 400).max(100),
        bills: number("--bills", 100_000, 1_000),
        persons: number("--persons", 1_000_000, 5_000),
        fresh: number("--fresh", 10_000_000, 20_000),
        turn: Duration::from_secs(seconds).max(Duration::from_millis(100)),
        at_least: Duration::from_millis(if once { 0 } else { 300 }),
    };
    let parts: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|one| *one == part);
    if machine::in_memory(&asked.folder) {
        println!("{} is in memory: what is called durable is not", asked.folder.display());
    }
    println!(
        "R1 beside peers: medians of {} rounds in turns, after one that warms up",
        asked.rounds
    );
    let mut table = Table::default();
    if wanted("postgres") {
        durable::beside_postgres(&asked, &mut table);
    }
    if wanted("zen") {
        slots::beside_zen(&asked, &mut table);
    }
    if wanted("openfisca") {
        fresh::beside_openfisca(&asked, &mut table);
    }
    if wanted("duckdb") {
        fresh::beside_duckdb(&asked, &mut table);
    }
    table.print();
    ExitCode::SUCCESS
}

const USAGE: &str = "cargo bench -p yidan-bench --bench peers -- [postgres] [zen] [openfisca] [duckdb] [--folder=PATH] [--rounds=N] \
     [--threads=N] [--members=N] [--bills=N] [--persons=N] [--fresh=N] [--seconds=N] [--test]";

/// The first argument that is none of these.
fn unknown(arguments: &[String]) -> Option<&String> {
    let numbers =
        ["--rounds", "--threads", "--members", "--bills", "--persons", "--fresh", "--seconds"];
    let is_known = |argument: &&String| match argument.split_once('=') {
        Some(("--folder", path)) => std::path::Path::new(path).is_dir(),
        Some((name, value)) => numbers.contains(&name) && value.parse::<usize>().is_ok(),
        // `cargo bench` says `--bench`.
        None => ["postgres", "zen", "openfisca", "duckdb", "--test", "--bench"]
            .contains(&argument.as_str()),
    };
    arguments.iter().find(|argument| !is_known(argument))
}
