//! The simulator over many seeds: what must hold holds through every crash and fault, a seed replays exactly, and a fault planted
//! on purpose is found.
//!
//! `YIDAN_SEEDS=10000` runs so many seeds instead of the fixed set, `YIDAN_SEED=7` that one alone. A seed that
//! fails is printed with its last steps.

#![expect(
    clippy::print_stdout,
    reason = "seeds a second and what befell them are for whoever reads the run"
)]

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;
use std::time::Instant;

use yidan_settlement::reason::Reason;
use yidan_tests::sim::{Fate, Planted, Scene, run};
use yidan_tests::spoilt::pack_that_breaks_an_identity;
use yidan_tests::town::Packs;

/// Seeds of every run of the tests.
const SEEDS: u64 = 3_000;
/// Among so many, whatever can befall them has.
const ENOUGH: u64 = 300;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

#[test]
fn what_must_hold_holds_for_every_seed() {
    let scene = Scene::curated();
    if let Some(seed) = number("YIDAN_SEED") {
        let run = run(&scene, seed, Planted::Nothing).unwrap_or_else(|failure| panic!("{failure}"));
        println!("seed {seed}: {run:#?}");
        return;
    }
    let seeds = number("YIDAN_SEEDS").unwrap_or(SEEDS);
    let (begun, mut counts) = (Instant::now(), BTreeMap::new());
    for seed in 0..seeds {
        let run = run(&scene, seed, Planted::Nothing).unwrap_or_else(|failure| panic!("{failure}"));
        for (what, count) in run.counts {
            *counts.entry(what).or_insert(0) += count;
        }
    }
    let rate = u128::from(seeds) * 1_000 / begun.elapsed().as_millis().max(1);
    println!("{seeds} seeds, {rate} seeds/s; what befell them:");
    counts.iter().for_each(|(what, count)| println!("{count:>12} {what}"));
    // Faults on the way too, not only planned ones.
    let fates = Fate::ALL.map(|fate| match fate {
        Fate::Killed | Fate::PowerCut | Fate::Stopped => format!("{fate:?}"),
        Fate::CutInCommit | Fate::SyncFails | Fate::WriteFails | Fate::DiskFull => {
            format!("{fate:?}, on the way")
        }
    });
    let others = [
        "rot stopped it",
        "crash in recovery",
        "crash after recovery",
        "answer lost",
        "snapshot made",
        "snapshot not made",
        "snapshot passed over",
        "start from a snapshot",
        "rot in what a snapshot holds",
        "start that ends what is held",
        "record: FamilyEnded",
        "half a sector accepted",
    ];
    for what in fates.into_iter().chain(others.map(str::to_owned)) {
        assert!(counts.contains_key(&what) || seeds < ENOUGH, "{what} befell none");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let scene = Scene::curated();
    let once = |seed| run(&scene, seed, Planted::Nothing).unwrap_or_else(|f| panic!("{f}"));
    let first: Vec<_> = (0..20).map(once).collect();
    let again: Vec<_> = (0..20).map(once).collect();
    assert_eq!(first, again);
    assert!(first.windows(2).all(|pair| pair[0].digest != pair[1].digest), "seeds differ");
}

/// The properties that a planted fault breaks within so many seeds.
fn broken(planted: Planted, seeds: u64) -> BTreeMap<&'static str, u64> {
    let scene = Scene::curated();
    let mut broken = BTreeMap::new();
    for seed in 0..seeds {
        if let Err(failure) = run(&scene, seed, planted) {
            *broken.entry(failure.property).or_insert(0) += 1;
        }
    }
    println!("{planted:?}: {broken:?} of {seeds} seeds");
    broken
}

#[test]
fn an_answer_before_it_is_durable_is_found() {
    assert!(broken(Planted::AnsweredEarly, 20).contains_key("answered"));
}

#[test]
fn a_disk_whose_syncs_do_nothing_is_found() {
    // Most often the journal ends before its own first segment has a header; else what was answered is not there.
    let broken = broken(Planted::SyncsLie, 20);
    assert!(broken.values().sum::<u64>() >= 10, "{broken:?}");
}

#[test]
fn requests_that_are_forgotten_are_found() {
    assert!(!broken(Planted::KeysForgotten, 10).is_empty());
}

#[test]
fn a_loss_accepted_without_asking_is_found() {
    assert!(broken(Planted::LossAccepted, 60).contains_key("rot"));
}

#[test]
fn what_is_held_and_never_ended_is_found() {
    assert!(broken(Planted::HoldsForgotten, 40).contains_key("families at rest"));
}

/// A pack altered so that the core would break an identity: the claims are refused by number, and all else holds and goes on.
#[test]
fn a_pack_that_breaks_an_identity_refuses_its_claims_and_stops_nothing() {
    let mut packs = Packs::curated().all().to_vec();
    packs[0] = Arc::new(pack_that_breaks_an_identity());
    let scene = Scene::new(packs);
    let (mut refused, mut settled) = (0, 0);
    for seed in 0..30 {
        let run = run(&scene, seed, Planted::Nothing).unwrap_or_else(|failure| panic!("{failure}"));
        let count = |what: &str| run.counts.get(what).copied().unwrap_or(0);
        let broken = Reason::InternalCheckFailed.number();
        refused += count(&format!("record: refused {broken}"));
        settled += count("record: Settled");
    }
    println!("{refused} claims refused by an identity, {settled} settled");
    assert!(refused > 0 && settled > refused, "{refused} refused, {settled} settled");
}
