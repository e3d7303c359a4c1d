//! `yidan serve`: the national interface over HTTP, on the durable engine.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use yidan_gateway::persons::Persons;
use yidan_gateway::service::Waiting;
use yidan_pipeline::engine::Engine;
use yidan_pipeline::memory::allow_huge_pages;

use super::folder::SettledBy;
use super::output::{Ended, Exit, Failure, Output, note, said};
use super::serving::Serving;
use super::stopping::Stop;
use crate::demo::Town;
use crate::serve::config::{COMMENTED, Config};
use crate::serve::settle_in;

/// How long calls on their way may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(30);

/// How often it is looked whether the engine goes on.
const LOOK: Duration = Duration::from_millis(200);

/// Serve hospitals: the national interface over HTTP, each change on the disk before it is answered
///
/// Without FOLDER an example town is served that nobody lives in, from a folder that goes when the program stops, on this
/// machine alone and without signatures: people to try it with are printed.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Serve {
    /// The folder of the journal; made where it is not there
    folder: Option<PathBuf>,
    #[command(flatten)]
    by: SettledBy,
    /// The configuration [default: what --print-config prints]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where hospitals call, in place of the configuration's address; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where operators look, in place of the configuration's address
    #[arg(long, value_name = "ADDRESS:PORT")]
    operators: Option<SocketAddr>,
    /// Make a snapshot after every so many records, beside what is settled [default: none is made]
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    snapshot_every: Option<u64>,
    /// Print a configuration with every field and its default, and end
    #[arg(long)]
    print_config: bool,
}

/// How it ends.
const EXIT_CODES: &str = "Exit codes:
  0  it was asked to stop by SIGINT or SIGTERM: calls on their way were answered, the journal is sealed
  2  it could not start, or the engine stopped; what and where is on the standard error
A second signal stops at once.";

impl Serve {
    pub(super) fn run(&self) -> Ended {
        if self.print_config {
            let mut out = Output::open();
            out.write_all(COMMENTED.as_bytes())?;
            out.flush()?;
            return Ok(Exit::Done);
        }
        let config = self.config()?;
        let passing = match self.folder {
            Some(_) => None,
            None => Some(tempfile::tempdir().map_err(|error| said(format!("no folder: {error}")))?),
        };
        let folder = self.folder.as_deref().or(passing.as_ref().map(|it| it.path()));
        let folder = folder.unwrap_or(Path::new("."));
        let stop = Stop::watch()?;
        let mut engine: Engine<Waiting> = self.by.open(folder)?;
        log(folder)?;
        let persons = Persons::open(folder).map_err(said)?;
        if passing.is_some() {
            let town = Town::example(&engine.world()).map_err(said)?;
            settle_in(&town, &engine, &persons).map_err(said)?;
            tell(&town);
        }
        if let Some(every) = self.snapshot_every {
            let tell = |made| tracing::info!(?made, "snapshot");
            engine.keep_snapshots(every, tell).map_err(said)?;
        }
        if let Err(error) = allow_huge_pages(false) {
            tracing::warn!(%error, "memory comes in huge pages; some answers wait for one to be cleared");
        }
        let ended = serve(&config, &engine, folder, persons, &stop);
        let (hash, measures) = engine.stop().map_err(said)?;
        note(&format!("{} records in this run; state {hash}", measures.journal.records));
        ended
    }

    fn config(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(file) => Config::read(file).map_err(said)?,
            None => Config::default(),
        };
        config.listen.address = self.listen.unwrap_or(config.listen.address);
        config.operators.address = self.operators.unwrap_or(config.operators.address);
        Ok(config)
    }
}

/// Serves until a signal comes, or the engine stops.
fn serve(
    config: &Config,
    engine: &Engine<Waiting>,
    folder: &Path,
    persons: Persons,
    stop: &Stop,
) -> Ended {
    let serving = Serving::start(config, engine, folder, persons)?;
    let scheme = if config.listen.tls_certificate.is_some() { "https" } else { "http" };
    let Serving { calls, operators, .. } = serving;
    note(&format!("hospitals call {scheme}://{calls}/fsi/api/rsfComIfsService/callService"));
    note(&format!("operators look at http://{operators}/metrics, /healthz and /readyz"));
    let ended = loop {
        if let Ok(signal) = stop.came().recv_timeout(LOOK) {
            tracing::info!(?signal, "asked to stop");
            break Ok(Exit::Done);
        }
        if let Some(stopped) = engine.admission().stopped() {
            break Err(said(stopped));
        }
    };
    let stopped = serving.stop(DRAIN);
    if stopped.cut > 0 {
        note(&format!("warning: {} calls were cut after {DRAIN:?}", stopped.cut));
    }
    ended
}

/// The log on the standard error, and who asked what in a file of the folder that only its owner reads.
fn log(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("audit.log");
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    let file = file.map_err(|error| said(format!("{}: {error}", path.display())))?;
    let filter = EnvFilter::try_from_env("YIDAN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let is_audit = |meta: &tracing::Metadata<'_>| meta.target() == "audit";
    let shown = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(filter)
        .with_filter(FilterFn::new(move |meta| !is_audit(meta)));
    let audit = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(Mutex::new(file))
        .with_filter(FilterFn::new(is_audit));
    // A second start in one process, as in tests, keeps the first log.
    let _ = tracing_subscriber::registry().with(shown).with(audit).try_init();
    Ok(())
}

/// People to try it with.
fn tell(town: &Town) {
    note(&format!(
        "an example town: {} facilities, {} members, none of them real",
        town.facilities.len(),
        town.members.len()
    ));
    for facility in town.facilities.iter().take(4) {
        note(&format!("  {}  {}", facility.code, facility.name));
    }
    for member in town.members.iter().take(4) {
        let (person, insured) = (&member.person, &member.facts);
        let spell = insured.spells.iter().flatten().next();
        let insutype = spell.map(|spell| spell.insutype.to_string()).unwrap_or_default();
        let (psn_no, certno, name) = (&member.psn_no, &person.certno, &person.name);
        note(&format!("  psn_no {psn_no}  certno {certno}  {name}  insutype {insutype}"));
    }
}
