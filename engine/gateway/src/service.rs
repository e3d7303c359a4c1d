//! The transactions: what each asks of the ledger, and what it answers. It hears of no socket, and of signatures only how an answer is
//! sealed: see [`Service::answer`].
//!
//! ```text
//! body ─► envelope ─► institution ─► transaction ─► decoded input ─► command ─► ledger ─► record ─► output
//! ```
//!
//! An answer to what changed something is made from its record in the journal, the first time as any later time, so that it is the
//! same byte for byte; what is no record's (queries, pre-settlements) is made anew.

mod asking;
mod bill;
mod catalogues;
mod declined;
mod documents;
mod extension;
mod fees;
mod filed;
mod files;
mod filings;
mod lines;
mod lookups;
mod people;
mod settling;
mod sign_in;
mod split;
mod statements;
mod visits;

use std::collections::HashMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use tokio::sync::Semaphore;
use yidan_pipeline::Stopped;
use yidan_pipeline::admission::Admission;
use yidan_pipeline::engine::{Engine, EngineRecords};
use yidan_pipeline::world::World;
use yidan_settlement::event::Refused;
use yidan_settlement::facts::Text;
use yidan_settlement::id::Admdvs;
use yidan_settlement::money::Fen;
use yidan_settlement::pack::Pack;
use yidan_settlement::reason::{Conduct, Reason};

pub use self::asking::{Coming, Waiting};
pub use self::declined::Declined;

pub(crate) use self::asking::stamp;

use self::asking::{Asking, Done, Failure};
use self::people::Identified;
use crate::answer::{Outcome, Reply, Stamp, inf_refmsgid};
use crate::bookkeeping::{Bookkeeper, BookkeepingError, Packs};
use crate::catalogue::file::Listing;
use crate::catalogue::shelf::Shelf;
use crate::content::content;
use crate::documents::Documents;
use crate::envelope::Call;
use crate::files::{Files, FilesError};
use crate::http::{Exposition, Kind, Sent};
use crate::institution::{Institution, Institutions};
use crate::limits::{CATALOGUE_PAGES_AT_ONCE, STATEMENTS_AT_ONCE};
use crate::mask::certificates;
use crate::papers::Papers;
use crate::persons::Persons;
use crate::refusal::Refusal;
use crate::route::{Route, resolve};
use crate::sign::{Credential, Sealed};
use crate::store::StoreError;
use crate::tolerance::Borne;
use crate::wire::Request;

/// Serves transactions on a ledger.
pub struct Service {
    admission: Admission<Waiting>,
    records: EngineRecords,
    world: Arc<World>,
    /// Packs by the number that the ledger calls them by.
    packs: Arc<Packs>,
    persons: Persons,
    papers: Papers,
    documents: Documents,
    files: Arc<Files>,
    shelf: Arc<Shelf>,
    /// Held while a catalogue file is made.
    making: Arc<tokio::sync::Mutex<()>>,
    /// Of those who look through a catalogue.
    paging: Arc<Semaphore>,
    bookkeeper: Bookkeeper,
    /// Of those who compare a statement.
    comparing: Semaphore,
    institutions: Institutions,
    identified: Identified,
    /// Of the platform: the first six digits of `inf_refmsgid`.
    division: Admdvs,
    queries: AtomicU64,
    ends: Ends,
}

/// How calls ended, and what was borne of them, by institution.
#[derive(Debug, Default)]
pub struct Ends {
    counts: Counts<(Text, &'static str, i8)>,
    borne: Counts<(Text, u8)>,
}

type Counts<K> = RwLock<HashMap<K, Arc<AtomicU64>>>;

/// A transaction on its way.
type Doing<'t> = Pin<Box<dyn Future<Output = Result<Done, Failure>> + Send + 't>>;

fn at_once<'t>(done: Result<Done, Failure>) -> Doing<'t> {
    Box::pin(std::future::ready(done))
}

/// Who calls, as its signature says.
#[derive(Clone, Debug)]
pub struct Caller<'c> {
    /// The institution.
    pub institution: &'c Arc<Institution>,
    /// What the call was signed with.
    pub credential: &'c Credential,
    /// When the call came.
    pub came: Stamp,
    /// The file that came beside the message, in a form.
    pub file: Option<bytes::Bytes>,
}

/// Why transactions cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The engine has stopped.
    #[error(transparent)]
    Engine(#[from] Stopped),
    /// Files cannot be kept.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Papers or documents cannot be kept.
    #[error(transparent)]
    Papers(#[from] StoreError),
    /// Statements of facilities cannot be compared.
    #[error(transparent)]
    Books(#[from] BookkeepingError),
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("division", &self.division).finish_non_exhaustive()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        tracing::error!(%error, "what concerns persons cannot be told or kept");
        Failure::from(Declined::RecordUnreadable)
    }
}

impl Service {
    /// On an engine that runs in a folder, where files and the books of facilities are kept too.
    ///
    /// # Errors
    /// The engine has stopped, or the folder cannot be read or written.
    pub fn new(
        engine: &Engine<Waiting>,
        folder: &Path,
        persons: Persons,
        institutions: Institutions,
        division: Admdvs,
    ) -> Result<Service, ServiceError> {
        let world = engine.world();
        let known = engine.admission().look_at_all(|ledger| {
            let named =
                ledger.policies().map(|(seq, names)| (seq, names.pool.clone(), names.digest));
            named.collect::<Vec<_>>()
        })?;
        let mut packs = HashMap::new();
        for (seq, pool, digest) in known.into_iter().flatten() {
            match world.pack_with(&digest) {
                Some(pack) => drop(packs.insert(seq, Arc::clone(pack))),
                None => tracing::warn!(
                    record = seq,
                    %pool,
                    digest = %blake3::Hash::from(digest).to_hex(),
                    "a policy pack of the journal is not loaded: settlements made by it cannot be told or cancelled. \
                     Give it with --policy-was"
                ),
            }
        }
        let (packs, records) = (Arc::new(packs), engine.records().clone());
        let bookkeeper = Bookkeeper::start(folder, records.clone(), Arc::clone(&packs))?;
        let files = Arc::new(Files::open(folder)?);
        Ok(Service {
            shelf: Arc::new(Shelf::new(Arc::clone(&world), Arc::clone(&files))),
            making: Arc::default(),
            paging: Arc::new(Semaphore::new(CATALOGUE_PAGES_AT_ONCE)),
            admission: engine.admission().clone(),
            records,
            world,
            packs,
            persons,
            papers: Papers::open(folder)?,
            documents: Documents::open(folder, now_ms())?,
            files,
            bookkeeper,
            comparing: Semaphore::new(STATEMENTS_AT_ONCE),
            institutions,
            identified: Identified::default(),
            division,
            // Where the last run stopped counting is not known: the time of day is further on.
            queries: AtomicU64::new(now_ms()),
            ends: Ends::default(),
        })
    }

    /// The institutions that may call.
    pub fn institutions(&self) -> &Institutions {
        &self.institutions
    }

    /// How calls ended.
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The pack that the ledger calls by this number.
    fn pack(&self, seq: u64) -> Result<Arc<Pack>, Failure> {
        self.packs.get(&seq).cloned().ok_or_else(|| Declined::PackNotLoaded.into())
    }

    fn facility_name(&self, code: &str) -> String {
        let named = self.institutions.find(code).map(|one| &one.name);
        if let Some(name) = named.filter(|name| !name.is_empty()) {
            return name.clone();
        }
        let listed = self.world.image().and_then(|image| image.facility(code));
        listed.map_or_else(|| code.to_owned(), |facility| facility.name.to_owned())
    }

    fn now_ms(&self) -> u64 {
        now_ms()
    }

    /// A number for an answer that no record is behind.
    fn next_refmsgid(&self, asking: &Asking) -> String {
        let serial = self.queries.fetch_add(1, Ordering::Relaxed) % OF_QUERIES;
        inf_refmsgid(self.division, asking.came.moment, OF_QUERIES * 9 + serial)
    }

    /// The answer to a call.
    pub async fn answer(&self, caller: &Caller<'_>, route: Route, call: &Call<'_>) -> Sent {
        let (code, profile) = (caller.institution.code.as_str(), caller.credential.profile());
        self.ends.bear_all(code, &call.borne);
        let (transaction, other_path) =
            match resolve(route, call.envelope.infno.as_deref(), profile) {
                Ok(resolved) => resolved,
                Err(refusal) => {
                    self.ends.count(code, "-", -1);
                    return Sent::Json(self.refused(refusal, caller));
                }
            };
        if let Some(oddity) = other_path {
            self.ends.bear(code, oddity.number(), 1);
        }
        let decoded = match call.decode(transaction, profile) {
            Ok(decoded) => decoded,
            Err(faults) => {
                self.ends.count(code, transaction.infno(), -1);
                return Sent::Json(self.failed(caller, &faults.err_msg(), None));
            }
        };
        self.ends.bear_all(code, &decoded.borne);
        let asking = Asking {
            institution: Arc::clone(caller.institution),
            transaction,
            msgid: call.envelope.msgid.as_ref().into(),
            digest: content(&decoded.request),
            came: caller.came,
            file: caller.file.clone(),
        };
        let answered = self.transact(&asking, &decoded.request).await;
        let number = match &answered {
            Ok(_) => 0,
            Err(failure) => failure.number(),
        };
        // Who asked what about whom, and what came of it: numbers alone, neither names nor certificates.
        tracing::info!(
            target: "audit",
            institution = code,
            infno = transaction.infno(),
            msgid = %certificates(&asking.msgid),
            psn_no = %certificates(decoded.request.psn_no().unwrap_or_default()),
            opter = %certificates(call.envelope.opter.as_deref().unwrap_or_default()),
            refused = number,
        );
        self.body(&asking, caller, answered)
    }

    fn body(&self, asking: &Asking, caller: &Caller<'_>, answered: Result<Done, Failure>) -> Sent {
        let infno = asking.transaction.infno();
        let ends = if answered.is_ok() { 0 } else { -1 };
        self.ends.count(&asking.institution.code, infno, ends);
        let failure = match answered {
            Ok(Done { file: Some(file), .. }) => return Sent::File(file),
            Ok(done) => return Sent::Json(self.succeeded(asking, caller, done)),
            Err(failure) => failure,
        };
        Sent::Json(match failure {
            Failure::Busy => self.refused(Refusal::Busy, caller),
            Failure::Declined(declined, more) => {
                self.failed(caller, &gateway_message(declined, more.as_deref()), None)
            }
            Failure::Refused { refused, more, inf_refmsgid } => {
                let err_msg = ledger_message(refused, more.as_deref());
                self.failed(caller, &err_msg, inf_refmsgid.as_deref())
            }
        })
    }

    fn succeeded(&self, asking: &Asking, caller: &Caller<'_>, done: Done) -> Vec<u8> {
        let Done { output, inf_refmsgid, warn_msg, .. } = done;
        let refmsgid = inf_refmsgid.unwrap_or_else(|| self.next_refmsgid(asking));
        let sealed = match caller.credential.seal(&output) {
            Some(Ok(sealed)) => Some(sealed),
            None => None,
            Some(Err(error)) => {
                tracing::error!(%error, "an answer cannot be signed");
                let err_msg = gateway_message(Declined::OutcomeUnknown, None);
                return self.failed(caller, &err_msg, Some(&refmsgid));
            }
        };
        let sent = sealed.as_ref().map_or(output.as_str(), |sealed| &sealed.output);
        let mut body = Vec::with_capacity(sent.len() + 256);
        let reply = Reply {
            outcome: Outcome::Done(sent),
            inf_refmsgid: Some(&refmsgid),
            refmsg_time: caller.came,
            respond_time: stamp(now_ms()),
            warn_msg: warn_msg.as_deref(),
            cainfo: sealed.as_ref().map(|sealed| sealed.cainfo.as_str()),
            signtype: sealed.as_ref().map(|_| Sealed::SIGNTYPE),
            enctype: sealed.as_ref().map(|_| Sealed::ENCTYPE),
        };
        reply.write(caller.credential.profile(), &mut body);
        body
    }

    fn failed(&self, caller: &Caller<'_>, err_msg: &str, inf_refmsgid: Option<&str>) -> Vec<u8> {
        let plain = crate::refusal::failed(err_msg, caller.came, stamp(now_ms()));
        let mut body = Vec::with_capacity(256);
        Reply { inf_refmsgid, ..plain }.write(caller.credential.profile(), &mut body);
        body
    }

    fn refused(&self, refusal: Refusal, caller: &Caller<'_>) -> Vec<u8> {
        let Caller { credential, came, .. } = caller;
        refusal.body(credential.family(), credential.profile(), *came, stamp(now_ms()))
    }

    /// Every transaction's future is as large as it is, and no larger: all of them in one would be moved about with each call.
    fn transact<'t>(&'t self, asking: &'t Asking, request: &'t Request<'t>) -> Doing<'t> {
        match request {
            Request::T9001(_) => at_once(Ok(self.sign_in(asking))),
            Request::T9002(_) => at_once(Ok(self.sign_out(asking))),
            Request::T1101(input) => Box::pin(self.identify(asking, input)),
            Request::T1201(input) => Box::pin(self.institution(asking, input)),
            Request::T1301(input) => Box::pin(self.list(asking, Listing::Drugs, input)),
            Request::T1302(input) => Box::pin(self.list(asking, Listing::HerbalPieces, input)),
            Request::T1303(input) => Box::pin(self.list(asking, Listing::Preparations, input)),
            Request::T1304(input) => at_once(self.ethnic_drugs(asking, input)),
            Request::T1305(input) => Box::pin(self.list(asking, Listing::Services, input)),
            Request::T1306(input) => Box::pin(self.list(asking, Listing::Consumables, input)),
            Request::T1307(input) => Box::pin(self.list(asking, Listing::Diagnoses, input)),
            Request::T1308(input) => Box::pin(self.list(asking, Listing::Operations, input)),
            Request::T1309(input) => Box::pin(self.list(asking, Listing::ChronicDiseases, input)),
            Request::T1310(input) => Box::pin(self.list(asking, Listing::CaseDiseases, input)),
            Request::T1311(input) => Box::pin(self.list(asking, Listing::DaySurgery, input)),
            Request::T1312(input) => Box::pin(self.insurance_catalogue(asking, input)),
            Request::T1316(input) => Box::pin(self.matches(asking, input)),
            Request::T1317(input) => Box::pin(self.own_matches(asking, input)),
            Request::T1318(input) => Box::pin(self.ceilings(asking, input)),
            Request::T1319(input) => Box::pin(self.first_shares(asking, input)),
            Request::T1901(input) => at_once(Ok(self.dictionary(asking, input))),
            Request::T2001(input) => Box::pin(self.entitlement(asking, input)),
            Request::T2101(input) => Box::pin(self.try_pharmacy(asking, input)),
            Request::T2102(input) => Box::pin(self.settle_pharmacy(asking, input)),
            Request::T2103(input) => Box::pin(self.cancel_pharmacy(asking, input)),
            Request::T2201(input) => Box::pin(self.register_outpatient(asking, input)),
            Request::T2202(input) => Box::pin(self.cancel_registration(asking, input)),
            Request::T2203(input) => Box::pin(self.describe_outpatient(asking, input)),
            Request::T2203A(input) => Box::pin(self.describe_outpatient_a(asking, input)),
            Request::T2204(input) => Box::pin(self.upload_outpatient(asking, input)),
            Request::T2205(input) => Box::pin(self.withdraw_outpatient(asking, input)),
            Request::T2206(input) | Request::T2206A(input) => {
                Box::pin(self.try_outpatient(asking, input))
            }
            Request::T2207(input) | Request::T2207A(input) => {
                Box::pin(self.settle_outpatient(asking, input))
            }
            Request::T2208(input) => Box::pin(self.cancel_outpatient(asking, input)),
            Request::T2301(input) => Box::pin(self.upload_inpatient(asking, input)),
            Request::T2302(input) => Box::pin(self.withdraw_inpatient(asking, input)),
            Request::T2303(input) | Request::T2303A(input) => {
                Box::pin(self.try_inpatient(asking, input))
            }
            Request::T2304(input) | Request::T2304A(input) => {
                Box::pin(self.settle_inpatient(asking, input))
            }
            Request::T2305(input) => Box::pin(self.cancel_inpatient(asking, input)),
            Request::T2306(input) => Box::pin(self.remark(asking, input)),
            Request::T2401(input) => Box::pin(self.admit_inpatient(asking, input)),
            Request::T2402(input) => Box::pin(self.discharge(asking, input)),
            Request::T2403(input) => Box::pin(self.change_inpatient(asking, input)),
            Request::T2404(input) => Box::pin(self.cancel_admission(asking, input)),
            Request::T2405(input) => Box::pin(self.undo_discharge(asking, input)),
            Request::T2501(input) => Box::pin(self.file_referral(asking, request, input)),
            Request::T2502(input) => Box::pin(self.withdraw_referral(asking, input)),
            Request::T2503(input) => Box::pin(self.file_disease(asking, request, input)),
            Request::T2504(input) => Box::pin(self.withdraw_disease(asking, input)),
            Request::T2505(input) => Box::pin(self.file_choice(asking, request, input)),
            Request::T2506(input) => Box::pin(self.withdraw_choice(asking, input)),
            Request::T2507(input) => Box::pin(self.file_accident(asking, request, input)),
            Request::T2601(input) => Box::pin(self.reverse(asking, input)),
            Request::T3201(input) => Box::pin(self.compare_totals(asking, input)),
            Request::T3202(input) => Box::pin(self.compare_details(asking, input)),
            Request::T3301(input) => Box::pin(self.match_codes(asking, input)),
            Request::T3302(input) => Box::pin(self.unmatch_code(asking, input)),
            Request::T4101(input) => Box::pin(self.take_list(asking, request, input)),
            Request::T4102(input) => Box::pin(self.mark_lists(asking, input)),
            Request::T5201(input) => Box::pin(self.visits(asking, input)),
            Request::T5202(input) => Box::pin(self.diagnoses(asking, input)),
            Request::T5203(input) => Box::pin(self.settlement(asking, input)),
            Request::T5204(input) => Box::pin(self.lines_of_settlement(asking, input)),
            Request::T5205(input) => Box::pin(self.chronic_drugs(asking, input)),
            Request::T5206(input) => Box::pin(self.accumulators(asking, input)),
            Request::T5301(input) => Box::pin(self.diseases(asking, input)),
            Request::T5302(input) => Box::pin(self.choices(asking, input)),
            Request::T5303(input) => Box::pin(self.in_hospital(asking, input)),
            Request::T5304(input) => Box::pin(self.referrals(asking, input)),
            Request::T9101(input) => Box::pin(self.take_file(asking, input)),
            Request::T9102(input) => Box::pin(self.give_file(asking, input)),
        }
    }
}

impl Ends {
    fn count(&self, institution: &str, infno: &'static str, ends: i8) {
        add(&self.counts, (institution.into(), infno, ends), 1);
    }

    fn bear(&self, institution: &str, oddity: u8, count: u64) {
        add(&self.borne, (institution.into(), oddity), count);
    }

    fn bear_all(&self, institution: &str, borne: &Borne) {
        for (oddity, count) in borne.kinds() {
            self.bear(institution, oddity.number(), u64::from(count));
        }
    }

    /// Appends what was counted as Prometheus reads it.
    pub fn metrics(&self, to: &mut String) {
        let mut to = Exposition::new(to);
        let help = "Calls by institution, transaction and infcode.";
        to.family("yidan_transactions_total", Kind::Counter, help);
        for ((institution, infno, infcode), count) in in_order(&self.counts) {
            let infcode = infcode.to_string();
            let labels = [("institution", &*institution), ("infno", infno), ("infcode", &infcode)];
            to.sample("yidan_transactions_total", &labels, count);
        }
        let help =
            "Oddities that were borne, by institution; the numbers are those of the profile.";
        to.family("yidan_tolerated_total", Kind::Counter, help);
        for ((institution, oddity), count) in in_order(&self.borne) {
            let oddity = oddity.to_string();
            let labels = [("institution", &*institution), ("oddity", &*oddity)];
            to.sample("yidan_tolerated_total", &labels, count);
        }
    }
}

/// Counts in the order of their keys.
fn in_order<K: Clone + Ord>(counts: &Counts<K>) -> Vec<(K, u64)> {
    let counts = counts.read();
    let rows = counts.iter().map(|(key, count)| (key.clone(), count.load(Ordering::Relaxed)));
    let mut rows: Vec<(K, u64)> = rows.collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    rows
}

/// Adds to a count, which is there or begins.
fn add<K: Eq + std::hash::Hash>(counts: &Counts<K>, key: K, more: u64) {
    if let Some(count) = counts.read().get(&key) {
        count.fetch_add(more, Ordering::Relaxed);
        return;
    }
    counts.write().entry(key).or_default().fetch_add(more, Ordering::Relaxed);
}

/// Civil time in China.
pub(crate) fn civil(time_ms: i64) -> Stamp {
    stamp(u64::try_from(time_ms).unwrap_or(0))
}

/// The same, now.
pub(crate) fn now() -> Stamp {
    stamp(now_ms())
}

/// Serials of answers that no record is behind: the last tenth of ten digits, apart from the numbers of records.
const OF_QUERIES: u64 = 1_000_000_000;

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The words of a reason's number.
fn message(number: u16) -> &'static str {
    let of_claim = Reason::ALL.iter().find(|reason| reason.number() == number);
    let of_ledger = Conduct::ALL.iter().find(|conduct| conduct.number() == number);
    match (of_claim, of_ledger) {
        (Some(reason), _) => reason.chinese(),
        (None, Some(conduct)) => conduct.chinese(),
        (None, None) => "原因未知",
    }
}

/// `err_msg` of what the ledger refuses.
fn ledger_message(refused: Refused, more: Option<&str>) -> String {
    let mut words = String::from("MBS-");
    words.push_str(message(refused.reason));
    if let Some(line) = refused.line {
        words.push_str(&format!("：第{}条明细", u64::from(line) + 1));
    }
    if let Some((given, computed)) = refused.figures {
        let (given, computed): (Fen, Fen) = (given, computed);
        words.push_str(&format!("：上传{given}，核定{computed}"));
    }
    if let Some(more) = more {
        words.push_str(&format!("：{more}"));
    }
    if refused.reason == Conduct::LaterSettlements.number() {
        words.push_str(&format!("（{}笔）", refused.detail));
    }
    if refused.detail != 0 && is_time(refused.reason) {
        words.push_str(&format!("（{}）", stamp(refused.detail).moment));
    }
    format!("{words}[{}]", refused.reason)
}

/// Whether what else is to be said of a reason is a time.
fn is_time(reason: u16) -> bool {
    reason == Conduct::ReversedBefore.number() || reason == Conduct::CancelledBefore.number()
}

/// `err_msg` of what the gateway declines.
pub(crate) fn gateway_message(declined: Declined, more: Option<&str>) -> String {
    let more = more.map(|more| format!("：{more}")).unwrap_or_default();
    format!("FSI-{}{more}[{}]", declined.chinese(), declined.number())
}
