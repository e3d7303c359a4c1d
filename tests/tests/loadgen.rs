//! The load generator against the real server, and what it must notice: faults that a proxy plants between the two.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tempfile::TempDir;
use yidan_loadgen::arrivals::Shape;
use yidan_loadgen::drive::{Job, Server, drive};
use yidan_loadgen::host::{self, Host};
use yidan_loadgen::result::Outcome;
use yidan_loadgen::scenario::Scenario;
use yidan_loadgen::sign::Family;
use yidan_tests::proxy::{Fault, Proxy};

const SEED: u64 = 7;

/// The program `yidan`, built as these tests are.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "-p", "yidan", "--bin", "yidan"])
        .status()
        .expect("cargo runs");
    assert!(built.success(), "yidan builds");
    let own = std::env::current_exe().expect("a test has a file");
    let debug = own.ancestors().nth(2).expect("deps/ inside of the profile's folder");
    debug.join("yidan")
});

fn scenario(seconds: f64) -> Scenario {
    let mut scenario = Scenario::find("county").expect("it ships");
    (scenario.members, scenario.facilities) = (1_000, 12);
    scenario.mix.stay_lines = (20, 120);
    (scenario.mix.refunds, scenario.mix.repeats) = (100, 100);
    scenario.shape = Shape::Flat { rate: 60.0, seconds };
    scenario
}

fn town(scenario: &Scenario, family: Family, profile: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    host::write(&scenario.town(SEED), family, profile, folder.path()).expect("it is written");
    folder
}

fn job(scenario: Scenario, town: &TempDir, server: Server) -> Job {
    Job {
        name: "test".to_owned(),
        scenario,
        town: town.path().to_owned(),
        server,
        seed: SEED,
        connections: 24,
        patience: Duration::from_secs(20),
        objective: None,
        search: None,
    }
}

fn run(job: Job) -> Outcome {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stop = Arc::new(AtomicBool::new(false));
    runtime.block_on(drive(job, |_, _| (), stop)).expect("it runs")
}

/// With a fault between hospitals and server.
fn with(fault: Fault) -> Outcome {
    let scenario = scenario(3.0);
    let town = town(&scenario, Family::None, "lenient");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let host = runtime.block_on(Host::start(&PROGRAM, town.path())).expect("it starts");
    let proxy = Proxy::start(host.calls, fault, 20).expect("a port");
    let there = Server::There { calls: proxy.address, operators: Some(host.operators) };
    let outcome = run(job(scenario, &town, there));
    assert_eq!(proxy.happened(), fault != Fault::None, "the fault came");
    runtime.block_on(host.stop()).expect("it stops well");
    outcome
}

fn kinds(outcome: &Outcome) -> Vec<&str> {
    // A machine that others use may stand still, or fall behind, on its own.
    let of_time = ["stall", "overrun"];
    let all = outcome.wrong.iter().map(|one| one.kind.as_str());
    all.filter(|kind| !of_time.contains(kind)).collect()
}

/// The first finding of a kind, in words.
fn first<'o>(outcome: &'o Outcome, kind: &str) -> &'o str {
    let found = outcome.wrong.iter().find(|one| one.kind == kind);
    found.map_or("", |one| &one.first)
}

/// All visits ended as they have to, and the books agree.
fn is_well(outcome: &Outcome) {
    assert_eq!(kinds(outcome), Vec::<&str>::new(), "{:?}", outcome.wrong);
    let [step] = &outcome.steps[..] else { panic!("one step") };
    assert!(step.visits > 100 && step.visits_done == step.visits, "{} visits", step.visits);
    assert!(step.refunds > 0 && step.repeats > 0 && step.settlements == step.visits);
    assert_eq!(step.calls, step.all.count);
    assert!(outcome.books.differ == 0 && outcome.books.agree > 0);
    assert!(outcome.books.named.is_empty(), "{:?}", outcome.books.named);
    assert_eq!(outcome.books.settlements, step.settlements + step.refunds);
}

#[test]
fn without_a_fault_nothing_is_wrong() {
    let outcome = with(Fault::None);
    is_well(&outcome);
    assert!(outcome.steps[0].server.len() >= 4, "the server's own histograms are there");
}

#[test]
fn a_stall_is_noticed() {
    let outcome = with(Fault::Stall(Duration::from_millis(200)));
    is_well(&outcome);
    assert!(outcome.wrong.iter().any(|one| one.kind == "stall"), "{:?}", outcome.wrong);
    assert!(outcome.steps[0].all.max_ns >= 150_000_000, "who was due meanwhile has waited");
}

#[test]
fn a_wrong_fen_is_noticed_though_every_sum_is_right() {
    let outcome = with(Fault::WrongFen);
    let found = kinds(&outcome);
    assert!(found.contains(&"pre-settle") && found.contains(&"books"), "{:?}", outcome.wrong);
    assert_eq!(outcome.books.differ, 1);
    // 3202 names the settlement: it is on both sides, and the facility's has a fen more of the funds.
    let [named] = &outcome.books.named[..] else { panic!("one: {:?}", outcome.books.named) };
    assert!(named.contains(": settlement setl_id ") && named.contains(": 不符"), "{named}");
    assert!(first(&outcome, "books").contains(named), "the finding names it too");
}

#[test]
fn a_lost_answer_is_asked_for_again_and_nothing_is_doubled() {
    let outcome = with(Fault::LostAnswer);
    is_well(&outcome);
    assert_eq!(outcome.steps[0].unknown, 1);
}

#[test]
fn a_doubled_settlement_is_noticed() {
    let outcome = with(Fault::Doubled);
    assert!(kinds(&outcome).contains(&"books"), "{:?}", outcome.wrong);
    assert_eq!(outcome.books.differ, 1, "{:?}", outcome.books);
    // 3202 names what the facility has not booked, by the number under which the proxy sent it.
    let [named] = &outcome.books.named[..] else { panic!("one: {:?}", outcome.books.named) };
    assert!(named.contains(": settlement msgid ") && named.contains("99999999,"), "{named}");
    assert!(named.contains("医药机构无此结算"), "{named}");
    assert!(first(&outcome, "books").contains(named), "the finding names it too");
}

#[test]
fn every_family_of_signatures_in_both_profiles() {
    for family in Family::ALL {
        for profile in ["lenient", "strict"] {
            let scenario = scenario(0.5);
            let town = town(&scenario, family, profile);
            let outcome = run(job(scenario, &town, Server::Here(PROGRAM.clone())));
            assert_eq!(
                kinds(&outcome),
                Vec::<&str>::new(),
                "{family} {profile}: {:?}",
                outcome.wrong
            );
            assert!(outcome.steps[0].visits_done > 10, "{family} {profile}");
        }
    }
}

#[test]
fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    let mut scenario = scenario(4.0);
    scenario.kill_at = vec![1.0, 2.5];
    let town = town(&scenario, Family::Sm, "lenient");
    let outcome = run(job(scenario, &town, Server::Here(PROGRAM.clone())));
    is_well(&outcome);
    assert!(outcome.steps[0].unknown > 0, "somebody was asking when it was killed");
}
