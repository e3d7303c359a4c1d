//! A made-up run for the tests: a search for the capacity on a small machine, with a stall in it.

#![expect(clippy::float_arithmetic, reason = "times and their plots; no money is computed here")]

use std::sync::LazyLock;

use hdrhistogram::Histogram;

use super::latency;
use crate::result::{
    BooksCompared, Capacity, Latency, Machine, Outcome, Pair, Plan, RateBand, Second, Stage, Step,
    Wrong,
};

/// The rate from which calls begin to wait, in visits a second.
const KNEE: f64 = 1_450.0;

/// Its histograms take a while: they are made once.
static SEARCH: LazyLock<Outcome> = LazyLock::new(made);

/// A search that converged: nothing was wrong.
pub(crate) fn search() -> Outcome {
    SEARCH.clone()
}

fn made() -> Outcome {
    let rates = [
        ("warm-up", 200.0, None),
        ("rate 400/s", 400.0, Some(true)),
        ("rate 800/s", 800.0, Some(true)),
        ("rate 1200/s", 1_200.0, Some(true)),
        ("rate 1600/s", 1_600.0, Some(false)),
        ("rate 1400/s", 1_400.0, Some(true)),
        ("confirm 1", 1_400.0, Some(true)),
        ("confirm 2", 1_400.0, Some(true)),
        ("confirm 3", 1_400.0, Some(true)),
    ];
    let mut at = 0.0;
    let mut steps = Vec::new();
    for (name, rate, held) in rates {
        steps.push(step(name, rate, held, at));
        at += 32.0;
    }
    Outcome {
        version: 1,
        plan: plan(),
        machine: machine(),
        steps,
        capacity: Some(Capacity {
            objective: "p99.9<=50ms".into(),
            visits_per_second: 1_400.0,
            step: "confirm 3".into(),
            settlements_per_second: 1_386.2,
            calls_per_second: 8_120.0,
            not_at: 1_600.0,
            confirmations: vec![(1_400.0, true), (1_400.0, true), (1_400.0, true)],
            converged: true,
            doubts: Vec::new(),
            searches: Vec::new(),
            pairs: Vec::new(),
            bound: "the processor: server and generator share 2 cores".into(),
        }),
        wrong: Vec::new(),
        books: books(),
    }
}

/// Four searches, of whose pairs one agrees.
pub(crate) fn several() -> Outcome {
    let mut outcome = search();
    if let Some(found) = &mut outcome.capacity {
        found.searches = vec![1_400.0, 1_450.0, 1_400.0, 1_100.0];
        let pair = |one, other, agrees| Pair { visits_per_second: [one, other], agrees };
        found.pairs = vec![pair(1_400.0, 1_450.0, true), pair(1_400.0, 1_100.0, false)];
        found.converged = false;
        found.doubts = vec!["1 of 2 pairs agree within 15 %".into()];
    }
    outcome
}

/// A step that goes up in two parts.
pub(crate) fn ramp() -> Step {
    let one = step("ramp", 100.0, None, 300.0);
    let band = |from, to, begin| RateBand {
        from,
        to,
        begin,
        seconds: 15.0,
        settling: one.settling.clone(),
    };
    Step { by_rate: vec![band(50.0, 100.0, 0.0), band(100.0, 150.0, 15.0)], ..one.clone() }
}

/// Things that were wrong, with a name that would be a tag.
pub(crate) fn wrong() -> Vec<Wrong> {
    let of =
        |kind: &str, count, first: &str| Wrong { kind: kind.into(), count, first: first.into() };
    vec![
        of("stall", 2, "no answer for 1.4 s at second 141"),
        of(
            "identity",
            1,
            "2207 H63010300012026: <script>alert('1')</script> & expected 10.00, came 9.99",
        ),
    ]
}

fn plan() -> Plan {
    Plan {
        scenario: "xining".into(),
        about: "A town of two million: outpatients, inpatients and pharmacies on a Monday morning."
            .into(),
        to: "http://127.0.0.1:8086/fsi/api".into(),
        seed: 42,
        connections: 256,
        members: 2_000_000,
        facilities: 1_200,
        signature: "SM2".into(),
        arrivals: "poisson".into(),
        begun: "2026-03-15 07:00:00".into(),
        configuration: "seed = 42\nconnections = 256\n\n[town]\nmembers = 2000000\nfacilities = \
                        1200\n\n[mix]\noutpatient = 0.82\npharmacy = 0.13\ninpatient = 0.05\n"
            .into(),
    }
}

fn machine() -> Machine {
    Machine {
        processor: "AMD EPYC 7B13".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        kernel: "Linux 6.1.0".into(),
        commit: "c15871c".into(),
        server: "yidan 0.1.0".into(),
        syncs_per_second: 1_840,
        sync_ns: (480_000, 2_300_000),
        shares_cores: true,
    }
}

fn books() -> BooksCompared {
    BooksCompared {
        facilities: 1_200,
        agree: 1_200,
        differ: 0,
        settlements: 268_411,
        medfee_fen: 4_812_345_678,
        fund_fen: 3_190_000_001,
        account_fen: 700_123_400,
        differences: Vec::new(),
        named: Vec::new(),
    }
}

/// How long calls take, as a spread around the middle with a tail; longer where the rate is beyond the knee.
fn spread(rate: f64, scale: f64, count: u32) -> Latency {
    let load = (rate / KNEE).min(0.97);
    let waits = if rate > KNEE { 400e6 * (rate - KNEE) / KNEE } else { 0.0 };
    let mut histogram = Histogram::new(3).expect("three digits are allowed");
    for at in 0..count {
        let u = (f64::from(at) + 0.5) / f64::from(count);
        let middle = 0.6e6 * scale * ((u / (1.0 - u)).ln() * 0.32).exp();
        let tail = 0.74e6 * scale * u.powi(400) / (1.0 - load * u.powi(3));
        let ns = middle / (1.0 - 0.6 * load) + tail + waits * u;
        histogram.record(ns as u64).expect("it resizes itself");
    }
    latency(&histogram)
}

fn step(name: &str, rate: f64, held: Option<bool>, at: f64) -> Step {
    let seconds = 30.0;
    let visits = (rate * seconds) as u64;
    let answered = visits * 99 / 100;
    let transactions = [("1101", 0.3), ("2201", 0.5), ("2203A", 0.7), ("2204", 1.6), ("2206", 1.2)]
        .into_iter()
        .chain([("2207", 1.9), ("2208", 1.5), ("2102", 1.4), ("2304", 3.2)]);
    let count = (rate * 30.0) as u32;
    Step {
        under_way_at_end: if rate > KNEE { visits / 3 } else { 3 },
        settlements_at_end: if rate > KNEE { answered * 2 / 3 } else { answered },
        calls_at_end: if rate > KNEE { visits * 4 } else { visits * 58 / 10 },
        name: name.into(),
        intended_per_second: rate,
        seconds,
        drain_seconds: if rate > KNEE { 4.2 } else { 0.4 },
        visits,
        visits_done: visits,
        settlements: answered,
        refunds: visits / 100,
        calls: visits * 58 / 10,
        repeats: visits / 50,
        unknown: u64::from(rate > KNEE) * 17,
        busy: u64::from(rate > KNEE) * 240,
        lines: visits * 9,
        bytes: (visits * 14_000, visits * 9_000),
        all: spread(rate, 1.0, count * 5),
        settling: spread(rate, 1.9, count),
        by_infno: transactions
            .map(|(infno, scale)| (infno.into(), spread(rate, scale, count / 2)))
            .collect(),
        visit: spread(rate, 9.0, count),
        seconds_of: (0..32_u32).map(|n| second(rate, at, n)).collect(),
        server: stages(rate),
        held,
        cut_short: false,
        by_rate: Vec::new(),
    }
}

fn second(rate: f64, at: f64, n: u32) -> Second {
    let noise = |seed: u32| f64::from((n * 7 + seed) * 2_654_435 % 97) / 97.0 - 0.5;
    let draining = n >= 30;
    let intended = if draining { 0.0 } else { rate * (1.0 + 0.1 * noise(1)) };
    let answered = rate.min(KNEE) * if draining { 0.1 } else { 1.0 + 0.1 * noise(2) };
    let stall = rate > 1_300.0 && n == 17;
    let wait = if rate > KNEE { 6e6 * f64::from(n) } else { 0.0 };
    let load = rate.min(KNEE) / KNEE;
    Second {
        at: at + f64::from(n),
        intended: intended as u64,
        calls: (answered * 5.8) as u64,
        settlements: (answered * 0.99) as u64,
        failed: u64::from(rate > KNEE && n % 5 == 4) * 40,
        p50_ns: (0.9e6 * (1.0 + 0.2 * noise(3)) + wait) as u64,
        p99_ns: (7e6 * (1.0 + 0.5 * noise(4)) + 2.0 * wait) as u64,
        max_ns: (30e6 * (1.0 + 0.9 * noise(5)) + 3.0 * wait) as u64 + u64::from(stall) * 46_000_000,
        server_cpu_ms: Some((1_150.0 * load * (1.0 + 0.1 * noise(6))) as u64),
        server_rss: Some(610_000_000 + (at * 400_000.0) as u64 + u64::from(n) * 380_000),
        own_cpu_ms: (640.0 * load * (1.0 + 0.1 * noise(7))) as u64,
        under_way: (rate * 0.05) as u64,
    }
}

fn stages(rate: f64) -> Vec<Stage> {
    let count = (rate * 170.0) as u64;
    let of = |name: &str, mean_ns: u64| Stage {
        name: name.into(),
        count,
        mean_ns,
        p50_ns: mean_ns * 8 / 10,
        p99_ns: mean_ns * 6,
        p999_ns: mean_ns * 19,
    };
    vec![of("queueing", 61_000), of("settling", 11_500), of("commit", 540_000), of("http", 74_000)]
}
