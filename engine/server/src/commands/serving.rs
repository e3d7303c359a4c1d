//! A gateway on an engine, as a configuration says: where hospitals call, by which credentials, and what operators see. `serve` runs
//! one until it is asked to stop, `demo` for as long as it calls itself.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::runtime::Runtime;
use yidan_gateway::front::Front;
use yidan_gateway::http::{
    Doors, Exposition, Kind, Limits, Listener, Server, Stopped, Tls, Watched,
};
use yidan_gateway::institution::{Institution, Institutions};
use yidan_gateway::persons::Persons;
use yidan_gateway::service::{Service, Waiting};
use yidan_gateway::sign::{Channel, Credential, Credentials, Proof};
use yidan_pipeline::admission::Admission;
use yidan_pipeline::engine::Engine;
use yidan_settlement::id::Admdvs;

use super::output::{Failure, note, said};
use crate::serve::config::Config;

/// A gateway that takes calls.
pub(super) struct Serving {
    server: Server,
    runtime: Runtime,
    /// Where hospitals call.
    pub(super) calls: SocketAddr,
    /// Where operators look.
    pub(super) operators: SocketAddr,
}

impl Serving {
    /// Takes calls from here on.
    pub(super) fn start(
        config: &Config,
        engine: &Engine<Waiting>,
        folder: &Path,
        persons: Persons,
    ) -> Result<Serving, Failure> {
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
        let service =
            Service::new(engine, folder, persons, institutions, division).map_err(said)?;
        let service = Arc::new(service);
        let (listener, credentials) = doorway(config, &codes)?;
        let front = Front::new(
            Arc::clone(&service),
            credentials,
            &config.listen.shared_paths,
            &config.listen.token_path,
        );
        let behind = Behind { service, admission: engine.admission().clone() };
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
        let [calls, operators] = *server.addresses() else {
            return Err(said("a gateway has two doors"));
        };
        Ok(Serving { server, runtime, calls, operators })
    }

    /// Takes nothing new, and gives what is on its way this long.
    pub(super) fn stop(self, drain: Duration) -> Stopped {
        let stopped = self.runtime.block_on(self.server.stop(drain));
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        stopped
    }
}

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

/// The sum of what was recorded, in the precision of its buckets.
fn sum(times_ns: &Histogram<u64>) -> Duration {
    let of = |one: hdrhistogram::iterators::IterationValue<u64>| {
        one.value_iterated_to().saturating_mul(one.count_at_value())
    };
    let sum = times_ns.iter_recorded().map(of).fold(0_u64, u64::saturating_add);
    Duration::from_nanos(sum)
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
    // What is on this machine alone is so through TLS too.
    let channel = match &tls {
        _ if loopback => Channel::Loopback,
        Some(_) => Channel::Tls,
        None => Channel::Plain,
    };
    let listener = match tls {
        Some(tls) => listener.with_tls(tls),
        None => listener,
    };
    let credentials = Credentials::new(channel, all).map_err(said)?;
    for one in credentials.insecure() {
        let (name, family) = (one.name(), one.family());
        note(&format!("warning: credential {name} ({family:?}) is served insecurely, as it says"));
    }
    if codes.is_empty() {
        note(
            "warning: no institution may call: none is registered. Register with `yidan import facilities` or `yidan run`, and start again",
        );
    } else if credentials.all().is_empty() {
        note(&format!(
            "warning: no institution may call: {address} is not loopback and there is no credential. \
             See `yidan serve --print-config`"
        ));
    }
    let known = |code: &str| codes.iter().any(|one| one == code);
    for one in credentials.all() {
        for code in one.institutions().filter(|code| !known(code)) {
            note(&format!(
                "warning: credential {}: {code} is not registered, and nothing it sends will be taken",
                one.name()
            ));
        }
    }
    for code in config.institution.keys().filter(|code| !known(code)) {
        note(&format!("warning: institution.{code} is not registered. Check the code"));
    }
    Ok((listener, credentials))
}
