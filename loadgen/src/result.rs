//! What a run of load gives: everything that a report shows, and nothing that must be asked for again. Times are in nanoseconds
//! from the intended moment of a call, so nothing that waited is left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One run, as it is kept in `result.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Version of this file: 1.
    pub version: u32,
    /// What was asked for.
    pub plan: Plan,
    /// Where it ran.
    pub machine: Machine,
    /// Each step of constant or changing rate, in the order they ran. A plain run has one.
    pub steps: Vec<Step>,
    /// What the search for the capacity found, if one was asked for.
    pub capacity: Option<Capacity>,
    /// What was wrong, in plain words; empty: nothing.
    pub wrong: Vec<Wrong>,
    /// The own books beside those of the server, at the end.
    pub books: BooksCompared,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the scenario, such as `xining`.
    pub scenario: String,
    /// What it is about, one sentence.
    pub about: String,
    /// The server's address.
    pub to: String,
    /// The seed of everything that was drawn.
    pub seed: u64,
    /// Connections that carry the calls, each of one cashier.
    pub connections: u32,
    /// Members and facilities of the town.
    pub members: u32,
    /// Facilities of the town.
    pub facilities: u32,
    /// The signature family of the calls, or `none`.
    pub signature: String,
    /// `poisson` or `constant`.
    pub arrivals: String,
    /// Moment of the begin, `yyyy-MM-dd HH:mm:ss` UTC.
    pub begun: String,
    /// The configuration of the run, as TOML text.
    pub configuration: String,
}

/// Where it ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Name of the processor.
    pub processor: String,
    /// Cores that the generator may use.
    pub cores: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Kernel and its version.
    pub kernel: String,
    /// Commit of the work tree in which it was started, or `unknown`.
    pub commit: String,
    /// Version that the server tells of itself, or `unknown`.
    pub server: String,
    /// Synced writes of 4 KiB a second on the folder that was measured; nought: not measured.
    pub syncs_per_second: u64,
    /// p50 and p99 of one of these, in nanoseconds.
    pub sync_ns: (u64, u64),
    /// Whether the server ran on the same cores as the generator.
    pub shares_cores: bool,
}

/// What happened at one rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it is called: `warm-up`, `rate 1200/s`, `confirm 2`.
    pub name: String,
    /// Visits a second that were intended.
    pub intended_per_second: f64,
    /// How long arrivals lasted, in seconds.
    pub seconds: f64,
    /// How long after the last arrival the last visit ended, in seconds.
    pub drain_seconds: f64,
    /// Visits that arrived, and those that ended as they have to.
    pub visits: u64,
    /// Visits that came to their end.
    pub visits_done: u64,
    /// Visits that were still under way after the last arrival.
    pub under_way_at_end: u64,
    /// Settlements that were answered by then.
    pub settlements_at_end: u64,
    /// Calls that were answered by then.
    pub calls_at_end: u64,
    /// Settlements that were answered, refunds and repeats not among them.
    pub settlements: u64,
    /// Settlements cancelled.
    pub refunds: u64,
    /// Calls that were answered.
    pub calls: u64,
    /// Calls that were repeated with the same `msgid` on purpose.
    pub repeats: u64,
    /// Calls whose answer did not come in time, and which were asked again.
    pub unknown: u64,
    /// Refusals that say that the server is busy (436).
    pub busy: u64,
    /// Lines of fees that were sent.
    pub lines: u64,
    /// Bytes that were sent and received.
    pub bytes: (u64, u64),
    /// Latency of all calls.
    pub all: Latency,
    /// Latency of settlements alone (2207, 2304, 2102), repeats not among them; with what their visit waited for a free cashier.
    pub settling: Latency,
    /// Latency by transaction.
    pub by_infno: BTreeMap<String, Latency>,
    /// Latency of whole visits, from the arrival to the last answer.
    pub visit: Latency,
    /// One row a second.
    pub seconds_of: Vec<Second>,
    /// Where the time goes in the server, by its own histograms; empty where it does not tell.
    pub server: Vec<Stage>,
    /// Whether the objective held, where there is one.
    pub held: Option<bool>,
    /// Whether it ended before its time, because more settlements were late than the objective allows in all of it.
    #[serde(default)]
    pub cut_short: bool,
    /// Where the rate changes: what was carried and how long it took, by the rate at which visits arrived.
    #[serde(default)]
    pub by_rate: Vec<RateBand>,
}

/// A part of a step in which visits arrived at a rate, or from one rate to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RateBand {
    /// Visits a second at its begin.
    pub from: f64,
    /// Visits a second at its end.
    pub to: f64,
    /// When it began, in seconds since the begin of the step.
    pub begin: f64,
    /// How long it lasted, in seconds.
    pub seconds: f64,
    /// Latency of the settlements of visits that arrived in it, with what these waited for a free cashier.
    pub settling: Latency,
}

/// How long something took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Mean, in nanoseconds.
    pub mean_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// Pairs of quantile (0 to 1) and nanoseconds, rising: of 0.5, 0.9, 0.99, 0.999, 0.9999 and as many between as a plot needs.
    pub quantiles: Vec<(f64, u64)>,
    /// The histogram, as HdrHistogram's V2 + DEFLATE in base64.
    pub histogram: String,
}

/// One second of a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Seconds since the begin of its step.
    pub at: f64,
    /// Visits that were intended to arrive in it.
    pub intended: u64,
    /// Calls answered in it.
    pub calls: u64,
    /// Settlements answered in it.
    pub settlements: u64,
    /// Calls answered otherwise than done, or not in time.
    pub failed: u64,
    /// p50, p99 and longest of all calls answered in it, in nanoseconds.
    pub p50_ns: u64,
    /// p99.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// Processor time of the server in it, in milliseconds; `None` where it runs elsewhere.
    pub server_cpu_ms: Option<u64>,
    /// Memory of the server, in bytes.
    pub server_rss: Option<u64>,
    /// Processor time of the generator.
    pub own_cpu_ms: u64,
    /// Visits under way at its end.
    pub under_way: u64,
}

/// A stage of the server, by its own histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name, such as `queueing`, `settling`, `commit`, `http`.
    pub name: String,
    /// How often.
    pub count: u64,
    /// Mean, in nanoseconds.
    pub mean_ns: u64,
    /// p50, p99 and p99.9, to the bucket.
    pub p50_ns: u64,
    /// p99.
    pub p99_ns: u64,
    /// p99.9.
    pub p999_ns: u64,
}

/// What the search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// The objective, as it was given: `p99.9<=50ms`.
    pub objective: String,
    /// The highest rate at which it held in most of its tries and confirmations, visits a second; nought: at none. Of several
    /// searches, that of the one in the middle, as the rates below.
    pub visits_per_second: f64,
    /// The step whose figures these are, by its name.
    #[serde(default)]
    pub step: String,
    /// Settlements a second at that rate.
    pub settlements_per_second: f64,
    /// Calls a second at that rate.
    pub calls_per_second: f64,
    /// The lowest rate above it at which it did not hold in most tries, visits a second; nought: there was none.
    pub not_at: f64,
    /// Every confirmation run: its rate and whether the objective held.
    pub confirmations: Vec<(f64, bool)>,
    /// Of one search: whether it was confirmed and no verdicts contradict each other. Of several: whether four of five pairs agree.
    pub converged: bool,
    /// Why it has not converged, and what else is doubtful, in words.
    #[serde(default)]
    pub doubts: Vec<String>,
    /// Where it was searched several times: what each search found, in visits a second, in their order.
    #[serde(default)]
    pub searches: Vec<f64>,
    /// The first search beside the second, the third beside the fourth, and so on.
    #[serde(default)]
    pub pairs: Vec<Pair>,
    /// What bounds it, in words.
    pub bound: String,
}

/// Two searches, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// What they found, in visits a second.
    pub visits_per_second: [f64; 2],
    /// Whether both found something, and the same within 15 % of the larger.
    pub agrees: bool,
}

/// Something that was wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wrong {
    /// Its kind, such as `identity`, `repeat`, `pre-settle`, `cancel`, `refused`, `unanswered`, `books`, `stall`.
    pub kind: String,
    /// How often it happened.
    pub count: u64,
    /// The first of them: transaction, `msgid`, field, what was expected and what came. No names or certificates.
    pub first: String,
}

/// The books at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BooksCompared {
    /// Facilities whose statements were compared.
    pub facilities: u32,
    /// Statements (3201) that agree.
    pub agree: u32,
    /// Statements that differ.
    pub differ: u32,
    /// Settlements and refunds in the own books.
    pub settlements: u64,
    /// Their total, in fen.
    pub medfee_fen: i64,
    /// What funds paid of it, in fen.
    pub fund_fen: i64,
    /// What accounts paid of it, in fen.
    pub account_fen: i64,
    /// What differs, in words, a line each.
    pub differences: Vec<String>,
    /// The settlements that 3202 names where statements differ, in words, a line each.
    #[serde(default)]
    pub named: Vec<String>,
}
