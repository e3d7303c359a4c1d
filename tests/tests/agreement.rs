//! The engine beside the naive model on random packs and bills: whatever differs is shrunk and shown.
//!
//! `YIDAN_SEEDS` multiplies how many packs are tried; `YIDAN_FROM` is the first seed.

#![expect(clippy::print_stdout, reason = "how many bills were compared is the point of the run")]

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use yidan_tests::model::{Catalogue, Failure, check, shrink};
use yidan_tests::random::{self, Counter, Features};

/// Packs for bills by totals, and sequences of bills for each.
const PACKS: u64 = 1_500;
const SEQUENCES: u64 = 16;
/// Packs and catalogues for bills by lines.
const CATALOGUES: u64 = 350;
const SEQUENCES_OF_LINES: u64 = 4;
const THREADS: u64 = 2;
/// Failures that one thread collects before it stops.
const SHOWN: usize = 3;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What one seed gave: bills compared, or a failure.
type Tried = Result<usize, Box<Failure>>;

/// Runs a seed's sequences of one pack past model and engine.
fn compare(
    counter: &mut Counter,
    catalogue: &Catalogue,
    pack: &random::RandomPack,
    sequences: impl Iterator<Item = Vec<serde_json::Value>>,
) -> Tried {
    let mut bills = 0;
    for cases in sequences {
        let mut engine = |pack: &str, cases: &[serde_json::Value]| counter.answers(pack, cases);
        if let Some(failure) = check(&mut engine, catalogue, &pack.toml, &cases) {
            return Err(Box::new(shrink(&mut engine, catalogue, failure)));
        }
        bills += cases.len();
    }
    Ok(bills)
}

/// Whether the engine takes the pack. It may refuse a random one for the size of its tables, and for
/// nothing else.
fn compiles(counter: &mut Counter, seed: u64, pack: &random::RandomPack) -> bool {
    let Err(errors) = counter.world(&pack.toml) else { return true };
    let too_large = |line: &str| line.contains("tell apart more than");
    let known = errors.lines().filter(|line| line.contains(": error: ")).all(too_large);
    assert!(known, "seed {seed}: the pack is refused\n{errors}\n{}", pack.toml);
    false
}

fn by_totals(seed: u64) -> Tried {
    let pack = random::pack(seed, Features::all());
    let mut counter = Counter::new();
    if !compiles(&mut counter, seed, &pack) {
        return Ok(0);
    }
    let sequences = (0..SEQUENCES).map(|n| random::sequence(&pack, seed * SEQUENCES + n));
    compare(&mut counter, &Catalogue::default(), &pack, sequences)
}

fn by_lines(seed: u64) -> Tried {
    let pack = random::pack(seed, Features::all());
    let catalogue = random::catalogue(seed);
    let mut counter = Counter::with(random::image(&catalogue));
    if !compiles(&mut counter, seed, &pack) {
        return Ok(0);
    }
    let sequences = (0..SEQUENCES_OF_LINES)
        .map(|n| random::sequence_of_lines(&pack, &catalogue, seed * SEQUENCES_OF_LINES + n));
    compare(&mut counter, &catalogue, &pack, sequences)
}

/// What one seed gave, a panic of model or engine among it.
fn tried(seed: u64, one: fn(u64) -> Tried) -> Result<usize, String> {
    match catch_unwind(|| one(seed)) {
        Ok(Ok(bills)) => Ok(bills),
        Ok(Err(failure)) => Err(format!("seed {seed}\n{failure}")),
        Err(cause) => {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
            Err(format!("seed {seed} panics: {}", text.unwrap_or("without words")))
        }
    }
}

/// Every seed on two threads; the bills compared.
fn run(what: &str, seeds: u64, least: usize, one: fn(u64) -> Tried) {
    let (from, times) = (number("YIDAN_FROM", 1), number("YIDAN_SEEDS", 1));
    let next = AtomicU64::new(from);
    let past = from + seeds * times;
    let work = || {
        let (mut bills, mut failures) = (0, Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= past || failures.len() >= SHOWN {
                return (bills, failures);
            }
            match tried(seed, one) {
                Ok(compared) => bills += compared,
                Err(failure) => failures.push(failure),
            }
        }
    };
    let (mut bills, mut failures) = (0, Vec::new());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let (compared, failed) = thread.join().expect("a thread ends");
            bills += compared;
            failures.extend(failed);
        }
    });
    println!("{bills} bills {what} compared");
    assert!(failures.is_empty(), "model and engine differ\n{}", failures.join("\n"));
    assert!(bills >= least, "only {bills} bills were compared");
}

#[test]
fn model_and_engine_agree_on_bills_by_totals() {
    run("by totals", PACKS, 100_000, by_totals);
}

#[test]
fn model_and_engine_agree_on_bills_by_lines() {
    run("by lines", CATALOGUES, 5_000, by_lines);
}
