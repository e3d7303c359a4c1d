//! `yidan serve`: the national interface over HTTP, on the durable engine.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use yidan_gateway::front::Front;
use yidan_gateway::http::{Doors, Exposition, Kind, Limits, Listener, Server, Tls, Watched};
use yidan_gateway::institution::{Institution, Institutions};
use yidan_gateway::persons::Persons;
use yidan_gateway::service::{Service, Waiting};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof};
use yidan_pipeline::admission::Admission;
use yidan_pipeline::engine::Engine;
use yidan_settlement::id::Admdvs;

use super::folder::SettledBy;
use super::output::{Ended, Exit, Failure, Output, note, said};
use super::stopping::Stop;
use crate::demo::Town;
use crate::serve::config::{COMMENTED, Config};
use crate::serve::settle_in;

/// How long calls on their way may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(30);

/// How often it is looked whether the engine goes on.
const LOOK: Duration = Duration::from_millis(200);

/// The seed of the example town, and its people in each of three places.
const TOWN: (u64, u32) = (2026, 100);

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

/// What operators see behind the sockets.
struct Behind {
    service: Arc<Service>,
    admission: Admission<Waiting>,
}

impl Watched for Behind {
    fn metrics(&self, to: &mut String) {
        self.service.ends().metrics(to);
        let measures = self.admission.measures();
        let mut to = Exposition::new(to);
        let (journal, settle) = (&measures.journal, &measures.settle);
        let records = "Records of the journal since the start.";
        to.single("yidan_journal_records_total", Kind::Counter, records, journal.records);
        to.single("yidan_journal_bytes_total", Kind::Counter, "Bytes of them.", journal.bytes);
        let full = "Commands that were refused because a queue was full.";
        to.single("yidan_queue_full_total", Kind::Counter, full, measures.refused);
        for (name, help, times) in [
            (
                "yidan_queue_seconds",
                "From submission to the shard's thread.",
                &settle.queue_wait_ns,
            ),
            ("yidan_settle_seconds", "Deciding and applying.", &settle.step_ns),
            ("yidan_commit_seconds", "One write and one sync.", &journal.commit_ns),
        ] {
            to.times(name, help, times, sum(times));
        }
    }

    fn ready(&self) -> Result<(), String> {
        match self.admission.stopped() {
            Some(stopped) => Err(stopped.to_string()),
            None => Ok(()),
        }
    }
}

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
            let town = Town::of(&engine.world(), TOWN.0, TOWN.1).map_err(said)?;
            settle_in(&town, &engine, &persons).map_err(said)?;
            tell(&town);
        }
        if let Some(every) = self.snapshot_every {
            let tell = |made| tracing::info!(?made, "snapshot");
            engine.keep_snapshots(every, tell).map_err(said)?;
        }
        let ended = serve(&config, &engine, persons, &stop);
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

/// The sum of what was recorded, in the precision of its buckets.
fn sum(times_ns: &Histogram<u64>) -> Duration {
    let of = |one: hdrhistogram::iterators::IterationValue<u64>| {
        one.value_iterated_to().saturating_mul(one.count_at_value())
    };
    let sum = times_ns.iter_recorded().map(of).fold(0_u64, u64::saturating_add);
    Duration::from_nanos(sum)
}

/// Serves until a signal comes, or the engine stops.
fn serve(config: &Config, engine: &Engine<Waiting>, persons: Persons, stop: &Stop) -> Ended {
    let codes = facilities(engine)?;
    let division = Admdvs::parse(&config.platform.admdvs).ok_or_else(|| {
        let found = &config.platform.admdvs;
        said(format!("platform.admdvs: {found}; expected six digits, as 630100"))
    })?;
    let named = config.institution.keys().cloned().chain(codes.iter().cloned());
    let institutions = Institutions::new(named.map(|code| {
        let entry = config.institution.get(&code).cloned().unwrap_or_default();
        Institution { code: code.into(), name: entry.name.clone(), limits: entry.limits() }
    }));
    let service = Arc::new(Service::new(engine, persons, institutions, division).map_err(said)?);
    let (listener, credentials) = doorway(config, &codes)?;
    let front = Front::new(
        Arc::clone(&service),
        credentials,
        &config.listen.shared_paths,
        &config.listen.token_path,
    );
    let admission = engine.admission().clone();
    let behind = Behind { service, admission: admission.clone() };
    let doors = Doors::new()
        .calls(listener, Arc::new(front))
        .watched(config.operators.address, Arc::new(behind));
    let limits =
        Limits { slow: Duration::from_millis(config.operators.slow_ms), ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("gateway")
        .build()
        .map_err(|error| said(format!("no threads for the gateway: {error}")))?;
    let server = Server::start(runtime.handle(), doors, limits).map_err(said)?;
    let scheme = if config.listen.tls_certificate.is_some() { "https" } else { "http" };
    if let [calls, operators] = server.addresses() {
        note(&format!("hospitals call {scheme}://{calls}/fsi/api/rsfComIfsService/callService"));
        note(&format!("operators look at http://{operators}/metrics, /healthz and /readyz"));
    }
    let ended = loop {
        if let Ok(signal) = stop.came().recv_timeout(LOOK) {
            tracing::info!(?signal, "asked to stop");
            break Ok(Exit::Done);
        }
        if let Some(stopped) = admission.stopped() {
            break Err(said(stopped));
        }
    };
    let stopped = runtime.block_on(server.stop(DRAIN));
    if stopped.cut > 0 {
        note(&format!("warning: {} calls were cut after {DRAIN:?}", stopped.cut));
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// The codes of all registered facilities.
fn facilities(engine: &Engine<Waiting>) -> Result<Vec<String>, Failure> {
    let seen = engine.admission().look_at_all(|ledger| {
        ledger.facilities().map(|(code, _)| code.to_owned()).collect::<Vec<String>>()
    });
    let mut codes: Vec<String> = seen.map_err(said)?.into_iter().flatten().collect();
    codes.sort();
    codes.dedup();
    Ok(codes)
}

/// Where hospitals call, and with which credentials.
fn doorway(config: &Config, codes: &[String]) -> Result<(Listener, Credentials), Failure> {
    let address = config.listen.address;
    let mut all = config.credentials().map_err(said)?;
    let tls = match (&config.listen.tls_certificate, &config.listen.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::from_pem(certificate, key).map_err(said)?),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let what =
                "listen.tls_certificate and listen.tls_key go together: one of them is missing";
            return Err(said(what));
        }
    };
    let loopback = address.ip().is_loopback();
    let free: Vec<&String> =
        codes.iter().filter(|code| !all.iter().any(|one| one.speaks_for(code))).collect();
    if loopback && !free.is_empty() {
        let profile = config.unsigned.profile.profile(config.unsigned.infcode);
        let unsigned = Credential::new("unsigned", Proof::None, &free, profile).map_err(said)?;
        all.push(unsigned);
    }
    let any_unsigned =
        all.iter().any(|one| matches!(one.family(), yidan_gateway::refusal::Family::None));
    let listener = if any_unsigned {
        Listener::unsigned(address).map_err(said)?
    } else {
        Listener::signed(address)
    };
    let (listener, channel) = match tls {
        Some(tls) => (listener.with_tls(tls), Channel::Tls),
        None if loopback => (listener, Channel::Loopback),
        None => (listener, Channel::Plain),
    };
    let credentials = Credentials::new(channel, all).map_err(said)?;
    for one in credentials.insecure() {
        let (name, family) = (one.name(), one.family());
        note(&format!("warning: credential {name} ({family:?}) is served insecurely, as it says"));
    }
    if credentials.all().is_empty() {
        note(&format!(
            "warning: no institution may call: {address} is not loopback and there is no credential. \
             See `yidan serve --print-config`"
        ));
    }
    Ok((listener, credentials))
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
