//! The command line of the load generator.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::float_arithmetic,
    reason = "a command line prints, and rates are no money"
)]

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use yidan_loadgen::arrivals::Shape;
use yidan_loadgen::capacity::Objective;
use yidan_loadgen::drive::{Job, Server, drive};
use yidan_loadgen::host::{self, Kept};
use yidan_loadgen::report;
use yidan_loadgen::result::{Outcome, Second};
use yidan_loadgen::scenario::{SHIPPED, Scenario};
use yidan_loadgen::search::Search;
use yidan_loadgen::sign::Family;
use yidan_loadgen::town::Town;

/// Load on the national interface of medical insurance, as hospitals make it: an open loop, every answer verified
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  yidan-loadgen capacity                        what this machine carries: starts `yidan serve`, searches, leaves a report
  yidan-loadgen run xining                      a day of Xining, 600 times faster
  yidan-loadgen run restart                     the server is killed twice under load
  yidan-loadgen town town/ --members 1000000    the tables of a town, for a server that runs elsewhere
  yidan-loadgen run county --town town/ --to 10.0.0.5:8086 --operators 10.0.0.5:8087
  yidan-loadgen compare before/ after/

Exit codes:
  0  all was as it has to be; a stall, which is told, may be the machine's
  1  something was wrong: an answer, the books, the objective, or a search that has not converged
  2  something could not be read, written or started; what is on the standard error";

#[derive(Subcommand)]
enum Command {
    /// Find the highest rate at which an objective holds
    Capacity {
        #[command(flatten)]
        load: LoadArgs,
        /// Visits a second at first
        #[arg(long, default_value_t = 100.0)]
        from: f64,
        /// Seconds of each try at least: it lasts until 20 settlements lie beyond the objective's quantile
        #[arg(long, default_value_t = 8.0)]
        seconds: f64,
        /// Seconds of each confirmation at least; longer in the same way
        #[arg(long, default_value_t = 15.0)]
        confirm_seconds: f64,
        /// Searches, one after the other on the same server: 10 are five pairs, of which four have to agree within 15 %
        #[arg(long, default_value_t = 1)]
        repeat: u32,
    },
    /// Run a scenario
    Run {
        #[command(flatten)]
        load: LoadArgs,
        /// Visits a second, flat, in place of the scenario's shape
        #[arg(long, allow_negative_numbers = true)]
        rate: Option<f64>,
        /// Seconds, with --rate
        #[arg(long, default_value_t = 30.0, requires = "rate")]
        seconds: f64,
    },
    /// Write the tables, configuration and secrets of a town into a folder
    Town {
        /// The folder; made where it is not there
        folder: PathBuf,
        #[command(flatten)]
        town: TownArgs,
    },
    /// Compare two results
    Compare {
        /// The report of the one: its folder, or its `result.json`
        one: PathBuf,
        /// The report of the other
        other: PathBuf,
        /// Write it as a page too
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Write the report of a result anew
    Report {
        /// The report, or its `result.json`
        result: PathBuf,
        /// Where to
        folder: PathBuf,
    },
    /// List the scenarios that ship, or print one
    Scenarios {
        /// Print this one
        name: Option<String>,
    },
}

#[derive(Args)]
struct TownArgs {
    /// Members [default: the scenario's]
    #[arg(long)]
    members: Option<u32>,
    /// Facilities [default: the scenario's]
    #[arg(long)]
    facilities: Option<u32>,
    /// How institutions sign: none, api, tif, ca, sm, cainfo
    #[arg(long, default_value = "none")]
    signature: Family,
    /// The profile they are held to: lenient or strict
    #[arg(long, default_value = "lenient", value_parser = ["lenient", "strict"])]
    profile: String,
    /// The seed of everything that is drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct LoadArgs {
    /// A scenario by its name, or a file [default: county, of capacity: capacity]
    scenario: Option<String>,
    #[command(flatten)]
    town: TownArgs,
    /// The program that is started to serve the town [default: `yidan` beside this program, or on the path]
    #[arg(long, value_name = "PROGRAM", conflicts_with = "to")]
    serve: Option<PathBuf>,
    /// A server that runs, and has the tables of --town
    #[arg(long, value_name = "ADDRESS:PORT", requires = "town_folder")]
    to: Option<SocketAddr>,
    /// Its operators' address, for its own histograms
    #[arg(long, value_name = "ADDRESS:PORT", requires = "to")]
    operators: Option<SocketAddr>,
    /// The folder of the town [default: one that goes in the end]
    #[arg(long = "town", id = "town_folder", value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Connections, each of one cashier [default: the scenario's, 2400 of capacity, 256 of most]
    #[arg(long)]
    connections: Option<u32>,
    /// Seconds after which an answer is unknown, and asked for again
    #[arg(long, default_value_t = 10.0)]
    patience: f64,
    /// What must hold of settlements [default of capacity: p99.9<=50ms; run has none]
    #[arg(long)]
    objective: Option<Objective>,
    /// Where the report goes
    #[arg(long, value_name = "FOLDER", default_value = "loadgen-report")]
    report: PathBuf,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Capacity { load, from, seconds, confirm_seconds, repeat } => {
            let search = Search { from, seconds, confirm_seconds, repeat };
            loaded(load, None, Some(search))
        }
        Command::Run { load, rate, seconds } => {
            loaded(load, rate.map(|rate| Shape::Flat { rate, seconds }), None)
        }
        Command::Town { folder, town } => write_town(&folder, &town),
        Command::Compare { one, other, html } => compare(&one, &other, html.as_deref()),
        Command::Report { result, folder } => again(&result, &folder),
        Command::Scenarios { name } => scenarios(name.as_deref()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failed) => {
            eprintln!("yidan-loadgen: {failed}");
            ExitCode::from(2)
        }
    }
}

fn town_of(args: &TownArgs, scenario: &Scenario) -> Result<Town, Failed> {
    let with = Scenario {
        members: args.members.unwrap_or(scenario.members),
        facilities: args.facilities.unwrap_or(scenario.facilities),
        ..scenario.clone()
    };
    match with.wrong() {
        Some(what) => Err(what.into()),
        None => Ok(with.town(args.seed)),
    }
}

fn write_town(folder: &Path, args: &TownArgs) -> Result<bool, Failed> {
    let town = town_of(args, &Scenario::find("county")?)?;
    host::write(&town, args.signature, &args.profile, folder)?;
    let folder = folder.display();
    println!(
        "{} members and {} facilities in {folder}. Serve them:",
        town.members, town.facilities
    );
    for what in ["facilities", "members", "persons"] {
        println!("  yidan import {what} {folder}/journal {folder}/{what}.csv");
    }
    println!(
        "  yidan serve {folder}/journal --config {folder}/serve.toml --listen 127.0.0.1:8086 --operators 127.0.0.1:8087"
    );
    println!("and load it:");
    println!(
        "  yidan-loadgen run county --town {folder} --to 127.0.0.1:8086 --operators 127.0.0.1:8087"
    );
    Ok(true)
}

/// The program `yidan`: as it was named, beside this one, or on the path.
fn program(named: Option<PathBuf>) -> PathBuf {
    named.unwrap_or_else(|| {
        let beside = std::env::current_exe().ok().map(|own| own.with_file_name("yidan"));
        beside.filter(|beside| beside.exists()).unwrap_or_else(|| PathBuf::from("yidan"))
    })
}

fn loaded(args: LoadArgs, shape: Option<Shape>, search: Option<Search>) -> Result<bool, Failed> {
    let default = if search.is_some() { "capacity" } else { "county" };
    let name = args.scenario.as_deref().unwrap_or(default);
    let mut scenario = Scenario::find(name)?;
    scenario.connections = args.connections.unwrap_or(scenario.connections);
    if let Some(shape) = shape {
        scenario.shape = shape;
    }
    if let Some(what) = scenario.wrong() {
        return Err(what.into());
    }
    if !(0.01..=3_600.0).contains(&args.patience) {
        return Err("--patience is from 0.01 to 3600 seconds".into());
    }
    if let Some(what) = search.and_then(|search| search.wrong()) {
        return Err(what.into());
    }
    // Where the report cannot be written, that is told before the load and not after it.
    std::fs::create_dir_all(&args.report)
        .map_err(|error| format!("{}: {error}", args.report.display()))?;
    let temporary;
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().to_owned()
        }
    };
    if args.to.is_none() && !folder.join("town.toml").exists() {
        let town = town_of(&args.town, &scenario)?;
        eprintln!("a town of {} members and {} facilities moves in", town.members, town.facilities);
        host::write(&town, args.town.signature, &args.town.profile, &folder)?;
    }
    let kept = Kept::read(&folder)?;
    let asked = &args.town;
    let others = asked.members.is_some_and(|members| members != kept.town.members)
        || asked.facilities.is_some_and(|facilities| facilities != kept.town.facilities)
        || (asked.signature != Family::None && asked.signature.name() != kept.signature);
    if others {
        let folder = folder.display();
        return Err(format!("{folder} is another town than --members, --facilities and --signature say; leave them out, or take an empty folder").into());
    }
    (scenario.members, scenario.facilities) = (kept.town.members, kept.town.facilities);
    let server = match args.to {
        Some(calls) => Server::There { calls, operators: args.operators },
        None => Server::Here(program(args.serve)),
    };
    let job = Job {
        name: name_of(name),
        connections: scenario.connections,
        scenario,
        town: folder,
        server,
        seed: args.town.seed,
        patience: Duration::from_secs_f64(args.patience),
        objective: args.objective,
        search,
    };
    let outcome = run(job)?;
    let written = report::write(&args.report, &outcome)?;
    print!("{}", report::text::table(&outcome));
    println!("report: {}", written.html.display());
    let converged = outcome.capacity.as_ref().is_none_or(|capacity| capacity.converged);
    Ok(converged && outcome.wrong.iter().all(|wrong| wrong.kind == "stall"))
}

/// The name of a scenario's file without its folders and ending.
fn name_of(scenario: &str) -> String {
    Path::new(scenario)
        .file_stem()
        .map_or_else(|| scenario.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn run(job: Job) -> Result<Outcome, Failed> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let asked = Arc::clone(&stop);
        let twice = async move {
            let mut term = signal(SignalKind::terminate())?;
            for _ in 0..2 {
                tokio::select! {
                    pressed = tokio::signal::ctrl_c() => pressed?,
                    _ = term.recv() => {}
                }
                if !asked.swap(true, Ordering::Relaxed) {
                    eprintln!("\nno more visits arrive; those under way end. Again: stop at once");
                }
            }
            std::io::Result::Ok(())
        };
        // What is dropped here takes the server that was started and the town with it.
        tokio::select! {
            done = drive(job, progress(), stop) => Ok(done?),
            stopped = twice => match stopped {
                Ok(()) => Err("stopped at once: there is no report".into()),
                Err(error) => Err(error.into()),
            },
        }
    })
}

/// One line a second: over the last one on a terminal, and else one in ten.
fn progress() -> impl Fn(&str, &Second) + Send + Sync {
    let terminal = std::io::stderr().is_terminal();
    let told = std::sync::atomic::AtomicU64::new(0);
    move |name, row| {
        let number = told.fetch_add(1, Ordering::Relaxed);
        let ms = |ns: u64| ns as f64 / 1e6;
        let line = format!(
            "{name:<22} {:>4.0} s  arrived {:>6}/s  settled {:>6}/s  calls {:>6}/s  p50 {:>7.2} ms  p99 {:>8.2} ms  longest {:>8.2} ms  under way {}",
            row.at,
            row.intended,
            row.settlements,
            row.calls,
            ms(row.p50_ns),
            ms(row.p99_ns),
            ms(row.max_ns),
            row.under_way
        );
        if terminal {
            eprint!("\r{line}\x1b[K");
        } else if number.is_multiple_of(10) {
            eprintln!("{line}");
        }
    }
}

fn read(path: &Path) -> Result<Outcome, Failed> {
    let outcome = report::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if outcome.version != 1 {
        return Err(format!("{}: version {}, expected 1", path.display(), outcome.version).into());
    }
    Ok(outcome)
}

fn compare(one: &Path, other: &Path, html: Option<&Path>) -> Result<bool, Failed> {
    let (one, other) = (read(one)?, read(other)?);
    print!("{}", report::compare::compare(&one, &other));
    if let Some(html) = html {
        std::fs::write(html, report::compare::page(&one, &other))?;
    }
    Ok(true)
}

fn again(result: &Path, folder: &Path) -> Result<bool, Failed> {
    let outcome = read(result)?;
    let written = report::write(folder, &outcome)?;
    println!("report: {}", written.html.display());
    Ok(true)
}

fn scenarios(name: Option<&str>) -> Result<bool, Failed> {
    match name {
        Some(name) => {
            let shipped = SHIPPED.iter().find(|(one, _)| *one == name);
            let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let (_, text) = shipped.ok_or_else(|| {
                format!("no scenario `{name}` ships; these do: {}", names.join(", "))
            })?;
            print!("{text}");
        }
        None => {
            for (name, _) in SHIPPED {
                println!("{name:<14} {}", Scenario::find(name)?.about);
            }
        }
    }
    Ok(true)
}
