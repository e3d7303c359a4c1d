//! The chain of an outpatient visit over HTTP (2201, 2203, 2204 with eight lines, 2207) through the whole durable stack, beside a bare
//! hyper server that answers the same bodies on the same cores; the same chain at half of that load, open loop; then 2207 alone from a
//! pool of prepared visits, 2204 with a hundred lines, and memory of idle connections. Both take turns in this one run. Every answer is
//! checked. `--test` runs it small, once.
//!
//! `cargo bench -p yidan-bench --bench http -- [--folder=PATH] [--seconds=N] [--rounds=N] [--connections=N] [--idle=N]`

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times and their ratios; no money is computed here"
)]

mod bare;
mod his;
mod town;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use yidan_bench::arguments::{Arguments, Known, NotKnown};
use yidan_bench::machine::cpu_time;
use yidan_gateway::http::Server;

use his::{Connection, Took};
use town::Town;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for.
struct Asked {
    folder: PathBuf,
    turn: Duration,
    rounds: usize,
    connections: usize,
    idle: usize,
}

/// Calls of one turn, and how long each took.
#[derive(Default)]
struct Turn {
    rates: Vec<f64>,
    /// Processor time of this process a call, in microseconds: the server's and the clients'.
    spent: Vec<f64>,
    /// p99.9 of each round, in milliseconds: a neighbour or a thread of the kernel that takes a core for a while is in one of them.
    tails: Vec<f64>,
    took: Option<Took>,
}

impl Asked {
    fn read() -> Result<Asked, NotKnown> {
        let arguments = Arguments::of_process(Known {
            numbers: &["--seconds", "--rounds", "--connections", "--idle"],
            folders: &["--folder"],
            flags: &[],
            parts: &[],
            names: false,
        })?;
        let turn = match arguments.number("--seconds", 3, 0) as u64 {
            0 => Duration::from_millis(200),
            seconds => Duration::from_secs(seconds),
        };
        Ok(Asked {
            folder: arguments.folder("--folder"),
            turn,
            rounds: arguments.number("--rounds", 5, 1),
            connections: arguments.number("--connections", 32, 4),
            idle: arguments.number("--idle", 10_000, 50),
        })
    }
}

fn main() -> ExitCode {
    let asked = match Asked::read() {
        Ok(asked) => asked,
        Err(not_known) => {
            println!("{not_known}");
            return ExitCode::FAILURE;
        }
    };
    let folder = tempfile::tempdir_in(&asked.folder).expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let town = Arc::new(Town::new(folder.path()));
    let served = town.serve(runtime.handle());
    let ours = served.addresses()[0];
    // What a visit is answered, once, for the server that answers the same.
    let answers =
        runtime.block_on(async { his::one_visit(&mut Connection::to(ours).await, &town).await });
    let bare = runtime.block_on(bare::serve(answers));
    println!(
        "HTTP over {} keep-alive connections, {} rounds of {:?} each, in turns; client and servers share {} cores",
        asked.connections,
        asked.rounds,
        asked.turn,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    syncs(folder.path());
    let (mut chain, mut same) = (Turn::default(), Turn::default());
    for _ in 0..asked.rounds {
        runtime.block_on(chain.run(&asked, ours, &town, Work::Chain));
        runtime.block_on(same.run(&asked, bare, &town, Work::Chain));
    }
    told("chain 2201 2203 2204 2207", &chain, Some(&same));
    let half = chain.rate() / 2.0;
    syncs(folder.path());
    let (mut steady, mut idling) = (Turn::default(), Turn::default());
    for _ in 0..asked.rounds {
        runtime.block_on(steady.run(&asked, ours, &town, Work::Paced(half)));
        runtime.block_on(idling.run(&asked, bare, &town, Work::Paced(half)));
    }
    told(&format!("chain at half load, open loop, {half:.0} calls/s asked"), &steady, None);
    told(
        "bare hyper asked as often, which is what the clients and this machine add",
        &idling,
        None,
    );
    let (mut alone, mut bare_alone) = (Turn::default(), Turn::default());
    for _ in 0..asked.rounds {
        let pool = runtime.block_on(town.prepare(&asked, ours));
        runtime.block_on(alone.run(&asked, ours, &town, Work::Settle(pool.clone())));
        runtime.block_on(bare_alone.run(&asked, bare, &town, Work::Settle(pool)));
    }
    told("2207 alone", &alone, Some(&bare_alone));
    let mut long = Turn::default();
    for _ in 0..asked.rounds {
        runtime.block_on(long.run(&asked, ours, &town, Work::Lines));
    }
    told("2204 with 100 lines", &long, None);
    runtime.block_on(idle(&asked, ours));
    let stopped = runtime.block_on(Server::stop(served, Duration::from_secs(5)));
    assert_eq!(stopped.cut, 0, "nothing was on its way");
    town.end();
    ExitCode::SUCCESS
}

/// What a turn does.
#[derive(Clone)]
enum Work {
    /// Whole visits.
    Chain,
    /// The same, each call at its time whether answers are late or not: so many calls a second in all.
    Paced(f64),
    /// Visits that are ready to be settled.
    Settle(Arc<Vec<his::Ready>>),
    /// Uploads of a hundred lines.
    Lines,
}

impl Turn {
    async fn run(&mut self, asked: &Asked, to: std::net::SocketAddr, town: &Arc<Town>, work: Work) {
        // Hospitals stay connected: a burst of handshakes is no part of what is measured.
        let mut connections = Vec::new();
        for _ in 0..asked.connections {
            connections.push(Connection::to(to).await);
        }
        let (begun, before) = (Instant::now(), cpu_time());
        let until = begun + asked.turn;
        let calls = Arc::new(AtomicU64::new(0));
        let next = Arc::new(AtomicU64::new(0));
        let mut all = Vec::new();
        for (number, mut connection) in connections.into_iter().enumerate() {
            let (town, calls, work, next) =
                (Arc::clone(town), Arc::clone(&calls), work.clone(), Arc::clone(&next));
            let pace = match &work {
                Work::Paced(rate) => {
                    let every = Duration::from_secs_f64(asked.connections as f64 / rate.max(1.0));
                    // Spread over the time of a first visit, as clients are: else all of them would upload at once.
                    let first = every.mul_f64(4.0 * number as f64 / asked.connections as f64);
                    Some((begun + first, every))
                }
                Work::Chain | Work::Settle(_) | Work::Lines => None,
            };
            all.push(tokio::spawn(async move {
                connection.pace = pace;
                while Instant::now() < until {
                    let done = match &work {
                        Work::Chain | Work::Paced(_) => {
                            his::chain(&mut connection, &town).await;
                            4
                        }
                        Work::Settle(pool) => {
                            let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed));
                            let Some(ready) = pool.get(at.expect("few")) else { break };
                            his::settle(&mut connection, ready).await;
                            1
                        }
                        Work::Lines => {
                            his::hundred_lines(&mut connection, &town).await;
                            1
                        }
                    };
                    calls.fetch_add(done, Ordering::Relaxed);
                }
                connection.took
            }));
        }
        let mut took = his::no_times();
        for one in all {
            took.add(one.await.expect("it went through")).expect("the same bounds");
        }
        self.tails.push(milliseconds(&took, 0.999));
        let calls = calls.load(Ordering::Relaxed) as f64;
        self.rates.push(calls / begun.elapsed().as_secs_f64());
        self.spent.push((cpu_time() - before).as_secs_f64() * 1e6 / calls.max(1.0));
        match &mut self.took {
            Some(before) => before.add(took).expect("the same bounds"),
            none => *none = Some(took),
        }
    }

    fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    fn spent_us(&self) -> f64 {
        median(self.spent.clone())
    }
}

fn milliseconds(took: &Took, quantile: f64) -> f64 {
    took.value_at_quantile(quantile) as f64 / 1e3
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Prints a row, and the ratio to the bare server: the median of the rounds' ratios.
fn told(what: &str, ours: &Turn, bare: Option<&Turn>) {
    let empty = Histogram::new(3).expect("a histogram");
    let took = ours.took.as_ref().unwrap_or(&empty);
    let at = |quantile| milliseconds(took, quantile);
    let times = format!(
        "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, of the median round {:.2} ms",
        at(0.5),
        at(0.99),
        at(0.999),
        median(ours.tails.clone()),
    );
    match bare {
        None => println!("{what}: {:.0} calls/s; {times}", ours.rate()),
        Some(bare) => {
            let pairs = ours.rates.iter().zip(&bare.rates);
            let ratio = median(pairs.map(|(ours, bare)| ours / bare).collect());
            println!(
                "{what}: {:.0} calls/s, bare hyper {:.0}, {:.0} % (bar 60, floor 30); {times}; a call takes {:.1} µs of the cores, \
                 bare {:.1}",
                ours.rate(),
                bare.rate(),
                100.0 * ratio,
                ours.spent_us(),
                bare.spent_us(),
            );
        }
    }
}

/// Memory of connections that wait.
async fn idle(asked: &Asked, to: std::net::SocketAddr) {
    let before = resident_kib();
    let mut all = Vec::with_capacity(asked.idle);
    for _ in 0..asked.idle {
        match tokio::net::TcpStream::connect(to).await {
            Ok(stream) => all.push(stream),
            Err(error) => {
                println!("idle connections: {} and no more: {error}", all.len());
                break;
            }
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let each = resident_kib().saturating_sub(before) as f64 / all.len().max(1) as f64;
    println!("{} idle connections: {each:.1} KiB each, both ends in this process", all.len());
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// Prints what the disk gives just now.
fn syncs(folder: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("disk")).expect("a file");
    let (begun, mut took) = (Instant::now(), his::no_times());
    while begun.elapsed() < Duration::from_millis(500) {
        let one = Instant::now();
        file.write_all(&[7; 4_096]).expect("written");
        file.sync_data().expect("synced");
        took.saturating_record(u64::try_from(one.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    let p99 = took.value_at_quantile(0.99) as f64 / 1e3;
    println!("disk: {rate:.0} synced appends of 4 KiB a second, p99 {p99:.2} ms");
}
