//! A run from its begin to its report: a server where one is to be started, the catalogue, the load, the books.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::books::Books;
use crate::capacity::{Objective, behind};
use crate::host::{self, Host, HostError, Kept};
use crate::load::Load;
use crate::machine;
use crate::metrics::Stages;
use crate::office::{OfficeError, codes, compare};
use crate::people::People;
use crate::result::{Outcome, Plan, Second, Wrong};
use crate::scenario::Scenario;
use crate::search::Search;
use crate::visit::{Days, Street};
use crate::wire::{Line, civil, now};

/// What is to be done.
#[derive(Debug)]
pub struct Job {
    /// The name of the scenario.
    pub name: String,
    /// The scenario; its town is that of the folder.
    pub scenario: Scenario,
    /// The folder of the town.
    pub town: PathBuf,
    /// The server.
    pub server: Server,
    /// The seed of the load.
    pub seed: u64,
    /// Connections.
    pub connections: u32,
    /// How long an answer may take.
    pub patience: Duration,
    /// What must hold.
    pub objective: Option<Objective>,
    /// How the capacity is searched, if it is.
    pub search: Option<Search>,
}

/// Where the server is.
#[derive(Clone, Debug)]
pub enum Server {
    /// Started here, by a program `yidan`, from the folder of the town.
    Here(PathBuf),
    /// It runs.
    There {
        /// Where hospitals call.
        calls: SocketAddr,
        /// Where operators look.
        operators: Option<SocketAddr>,
    },
}

/// Open files beside the connections: here, and at a server that is started here, which has the same limit.
const FILES: u64 = 500;

/// Connections that `yidan serve` takes, unless its configuration says otherwise.
const SERVED: u32 = 4_096;

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The server.
    #[error(transparent)]
    Host(#[from] HostError),
    /// What is asked beside the visits.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// No operators' address.
    #[error("{0} does not answer /metrics: give the operators' address of the server, or none")]
    Operators(SocketAddr),
    /// Somebody else loads the town.
    #[error("another generator is at work on {0}")]
    Busy(String),
    /// Its books are not whole.
    #[error(
        "a run on {0} did not come to its end: what it settled stands in nobody's books, and they could not agree. \
         Make another town"
    )]
    Unfinished(String),
    /// A file of the town's folder.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// Every connection is an open file, here and at the server.
    #[error("{0}")]
    Files(String),
    /// More than a server takes that is started as it comes.
    #[error(
        "a server that is started here takes {SERVED} connections, not {0}: give --connections within that, or serve elsewhere"
    )]
    Connections(u32),
    /// Faults are planted in a server that runs elsewhere.
    #[error("kill_at and busy_disk need a server that is started here (--serve)")]
    NotHere,
}

/// Does it.
///
/// # Errors
/// The server cannot be started or asked, or a file cannot be written.
pub async fn drive(
    job: Job,
    tell: impl Fn(&str, &Second) + Send + Sync + 'static,
    stop: Arc<AtomicBool>,
) -> Result<Outcome, DriveError> {
    let kept = Kept::read(&job.town)?;
    // Each facility has a window at least.
    let connections = job.connections.max(kept.town.facilities);
    let job = Job { connections, ..job };
    if matches!(job.server, Server::Here(_)) && connections > SERVED {
        return Err(DriveError::Connections(connections));
    }
    machine::allow_files(u64::from(connections) + FILES).map_err(DriveError::Files)?;
    let unfinished = Unfinished::begin(&job.town)?;
    let scenario = &job.scenario;
    let faults = !scenario.kill_at.is_empty() || scenario.busy_disk;
    let mut machine = machine::look(&job.town);
    let begun = now().0;
    if let Server::Here(program) = &job.server
        && let Some(version) = host::version(program).await
    {
        machine.server = version;
    }
    let host = match &job.server {
        Server::Here(program) => Some(Arc::new(Mutex::new(Host::start(program, &job.town).await?))),
        Server::There { .. } if faults => return Err(DriveError::NotHere),
        Server::There { .. } => None,
    };
    let (calls, operators) = match (&host, &job.server) {
        (Some(host), _) => {
            let host = host.lock().await;
            (host.calls, Some(host.operators))
        }
        (None, Server::There { calls, operators }) => (*calls, *operators),
        (None, Server::Here(_)) => unreachable!("it was started above"),
    };
    if let Some(at) = operators
        && Stages::ask(at).await.is_none_or(|stages| stages.is_empty())
    {
        return Err(DriveError::Operators(at));
    }
    machine.shares_cores = calls.ip().is_loopback();
    let street = Arc::new(street(&job, &kept, calls, begun / 1_000).await?);
    let opened = street.people.open(&street.line).await;
    unfinished.loaded()?;
    let server = Arc::new(AtomicU32::new(0));
    if let Some(host) = &host {
        server.store(host.lock().await.pid(), Ordering::Relaxed);
    }
    let load = Load {
        street: Arc::clone(&street),
        arrivals: scenario.arrivals,
        seed: job.seed,
        operators,
        server,
        numbers: AtomicU64::new(0),
        tell: Box::new(tell),
        stop,
    };
    let mut outcome = Outcome { version: 1, machine, ..Outcome::default() };
    outcome.plan = plan(&job, &kept, calls, begun);
    let busy = Busy::start(scenario.busy_disk.then_some(&*job.town));
    run(&load, &job, host.as_ref(), &mut outcome).await;
    drop(busy);
    if let Some(why) = opened.why {
        let (failed, all) = (opened.failed, opened.failed + opened.open);
        let told = format!("{failed} of {all} were not open before the first visit: {why}");
        outcome.wrong.push(wrong("connections", told));
    }
    // The books first: what goes wrong from here on is told in the report.
    let path = job.town.join("books.json");
    std::fs::File::create(&path)
        .and_then(|file| street.books.write(file))
        .map_err(|error| DriveError::File(path.display().to_string(), error))?;
    unfinished.end()?;
    // What was lost or doubled shows here.
    match compare(&street, begun / 1_000).await {
        Ok(books) => outcome.books = books,
        Err(error) => outcome.wrong.push(wrong("books", error.to_string())),
    }
    if let Some(first) = outcome.books.differences.first() {
        let count = u64::from(outcome.books.differ);
        let named = outcome.books.named.first().map_or_else(String::new, |one| format!("; {one}"));
        outcome.wrong.push(Wrong { count, ..wrong("books", first.clone() + &named) });
    }
    if load.stopped() {
        outcome.wrong.push(wrong("interrupted", "it was asked to stop before its end".to_owned()));
    }
    drop(load);
    if let Some(host) = host.and_then(Arc::into_inner)
        && let Err(error) = host.into_inner().stop().await
    {
        outcome.wrong.push(wrong("server", error.to_string()));
    }
    Ok(outcome)
}

/// The town's people, codes and books, before the first visit.
async fn street(job: &Job, kept: &Kept, to: SocketAddr, run: u64) -> Result<Street, DriveError> {
    let folder = std::fs::canonicalize(&job.town)
        .map_err(|error| DriveError::File(job.town.display().to_string(), error))?;
    let signer = Arc::new(kept.signer(&folder)?);
    let line = Line::new(to, job.patience);
    let people = People::new(&kept.town, &signer, job.connections, &job.scenario.mix);
    let codes = codes(&line, &people, run).await?;
    let path = job.town.join("books.json");
    let books = match std::fs::read_to_string(&path) {
        Ok(text) => Books::read(&text).map_err(|error| {
            let told = format!("{} is no books of this program ({error})", path.display());
            DriveError::File(told, std::io::Error::other("make another town, in an empty folder"))
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Books::default(),
        Err(error) => return Err(DriveError::File(path.display().to_string(), error)),
    };
    let now = i64::try_from(run).expect("seconds since 1970") + 8 * 3_600;
    let days = Days {
        admitted: civil(now - 8 * 86_400),
        treated: civil(now - 7 * 86_400),
        today: civil(now),
    };
    let serial = AtomicU64::new(run * 100_000_000);
    Ok(Street { line, people, codes, books, serial, days })
}

/// The steps of the scenario, or the search.
async fn run(load: &Load, job: &Job, host: Option<&Arc<Mutex<Host>>>, outcome: &mut Outcome) {
    let scenario = &job.scenario;
    if let Some(search) = job.search {
        let objective = job.objective.unwrap_or(Objective { quantile: 0.999, ms: 50.0 });
        let (capacity, steps, found) = load.search(objective, search, &scenario.mix).await;
        (outcome.capacity, outcome.steps) = (Some(capacity), steps);
        outcome.wrong = found;
        return;
    }
    let stepping = load.step(&job.name, &scenario.shape, &scenario.mix, None);
    let (mut step, found) = match host {
        Some(host) if !scenario.kill_at.is_empty() => {
            let (stepped, killed) = tokio::join!(stepping, kill(load, host, &scenario.kill_at));
            match killed {
                Ok(told) => outcome.plan.about += &told,
                Err(error) => outcome.wrong.push(wrong("server", error.to_string())),
            }
            stepped
        }
        _ => stepping.await,
    };
    if let Some(behind) = behind(&step) {
        outcome.wrong.push(wrong("overrun", behind));
    }
    step.held = job.objective.map(|objective| objective.missed(&step, &found).is_none());
    if let Some(objective) = job.objective
        && let Some(why) = objective.missed(&step, &found)
    {
        outcome.wrong.push(wrong("objective", format!("{objective} was not held: {why}")));
    }
    outcome.steps.push(step);
    outcome.wrong.extend(found);
}

fn wrong(kind: &str, first: String) -> Wrong {
    Wrong { kind: kind.to_owned(), count: 1, first }
}

/// Kills the server at given seconds and starts it again; what was done, in words.
async fn kill(load: &Load, host: &Mutex<Host>, at: &[f64]) -> Result<String, HostError> {
    let begun = Instant::now();
    let mut told = String::new();
    for seconds in at {
        let due = begun + Duration::from_secs_f64(*seconds);
        tokio::time::sleep_until(due.into()).await;
        let mut host = host.lock().await;
        let killed = Instant::now();
        host.kill_and_start().await?;
        load.server.store(host.pid(), Ordering::Relaxed);
        let away = killed.elapsed().as_millis();
        told += &format!(
            " — killed at {:.1} s, listening again {away} ms later",
            (killed - begun).as_secs_f64()
        );
    }
    Ok(told)
}

fn plan(job: &Job, kept: &Kept, calls: SocketAddr, begun: u64) -> Plan {
    Plan {
        scenario: job.name.clone(),
        about: job.scenario.about.clone(),
        to: calls.to_string(),
        seed: job.seed,
        connections: job.connections,
        members: kept.town.members,
        facilities: kept.town.facilities,
        signature: kept.signature.clone(),
        arrivals: format!("{:?}", job.scenario.arrivals).to_lowercase(),
        begun: civil(i64::try_from(begun / 1_000).expect("seconds since 1970")),
        configuration: toml::to_string(&job.scenario).expect("a scenario is TOML"),
    }
}

/// A mark in the folder of a town: a run is under way, or did not come to its end.
struct Unfinished {
    path: PathBuf,
    /// Held by who loads the town.
    file: std::fs::File,
}

impl Unfinished {
    fn begin(town: &Path) -> Result<Unfinished, DriveError> {
        let path = town.join("run.unfinished");
        let told = || path.display().to_string();
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| DriveError::File(told(), error))?;
        if file.try_lock().is_err() {
            return Err(DriveError::Busy(town.display().to_string()));
        }
        let length = file.metadata().map_err(|error| DriveError::File(told(), error))?.len();
        if length > 0 {
            return Err(DriveError::Unfinished(town.display().to_string()));
        }
        Ok(Unfinished { path, file })
    }

    /// From here on there may be settlements that stand in no books.
    fn loaded(&self) -> Result<(), DriveError> {
        let told = |error| DriveError::File(self.path.display().to_string(), error);
        (&self.file).write_all(b"its books are not written yet\n").map_err(told)
    }

    /// The books are written.
    fn end(self) -> Result<(), DriveError> {
        std::fs::remove_file(&self.path)
            .map_err(|error| DriveError::File(self.path.display().to_string(), error))
    }
}

/// Somebody else who writes on the disk, as long as it is held.
struct Busy(Option<(Arc<AtomicBool>, std::thread::JoinHandle<()>)>);

impl Busy {
    fn start(folder: Option<&Path>) -> Busy {
        let Some(folder) = folder.map(Path::to_owned) else { return Busy(None) };
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        // What cannot be written makes nothing slow; the disk's sync rate on the report tells.
        let thread = std::thread::spawn(move || drop(machine::keep_busy(&folder, &told)));
        Busy(Some((stop, thread)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            stop.store(true, Ordering::Relaxed);
            drop(thread.join());
        }
    }
}
