//! One call on its way to the ledger and back: who asks, by which key, and what came of it.

use std::sync::Arc;

use tokio::sync::oneshot;
use yidan_pipeline::admission::Seen;
use yidan_pipeline::shard::{Answer, Sight};
use yidan_pipeline::{Reply, Stopped, Why};
use yidan_settlement::command::What;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Record, Refused, Request, Settled, told};
use yidan_settlement::facts::{FacilityFacts, MemberFacts, Text};
use yidan_settlement::id::{Insutype, VisitId};
use yidan_settlement::ledger::Ledger;
use yidan_settlement::stored;

use super::Service;
use super::declined::Declined;
use crate::answer::{Stamp, inf_refmsgid};
use crate::content::Digest;
use crate::institution::Institution;
use crate::refusal::Refusal;
use crate::wire::{Answer as Wire, Transaction};

/// Who asks, and by which key.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) institution: Arc<Institution>,
    pub(super) transaction: Transaction,
    pub(super) msgid: Text,
    pub(super) digest: Digest,
    /// When it came.
    pub(super) came: Stamp,
    /// The file beside the message.
    pub(super) file: Option<bytes::Bytes>,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Done {
    /// The JSON of `output`.
    pub(super) output: String,
    /// Of the record that it is told from; a query gets a new one.
    pub(super) inf_refmsgid: Option<String>,
    /// What a person should look at.
    pub(super) warn_msg: Option<String>,
    /// The bytes of a file, which are the whole answer.
    pub(super) file: Option<Vec<u8>>,
}

/// Why nothing was done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The ledger refused it, and what is to be said more.
    Refused { refused: Refused, more: Option<String>, inf_refmsgid: Option<String> },
    /// The gateway did, and what is to be said more.
    Declined(Declined, Option<String>),
    /// The queue is full.
    Busy,
}

/// What is known of a member, the record that says so, and the facility that asks.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) place: u64,
    pub(super) facts: MemberFacts,
    pub(super) facility: Option<FacilityFacts>,
}

/// What the ledger says.
#[derive(Debug)]
pub(super) enum Said {
    /// It happened, now or before: the record, which is read where more of it is told than its number.
    Record(Receipt, Arc<[u8]>),
    /// What a settlement would give.
    PreSettled(Box<Settled>),
    /// Everything is so already.
    Nothing,
}

/// The number and the time of a record, which are all of it that many an answer tells.
#[derive(Copy, Clone, Debug)]
pub(super) struct Receipt {
    pub(super) seq: u64,
    pub(super) time_ms: u64,
}

/// Takes an answer to the task that waits for it.
#[derive(Debug)]
pub struct Waiting(oneshot::Sender<Result<Answer, Stopped>>);

/// Where an answer comes that is waited for.
pub type Coming = oneshot::Receiver<Result<Answer, Stopped>>;

impl Waiting {
    /// One who waits, and where the answer comes.
    pub fn new() -> (Waiting, Coming) {
        let (to, answer) = oneshot::channel();
        (Waiting(to), answer)
    }
}

impl Reply<Answer> for Waiting {
    fn send(self, answer: Result<Answer, Stopped>) {
        // A client that has gone away is not told; the journal has it.
        let _ = self.0.send(answer);
    }
}

/// The milliseconds that civil time in China is ahead of the world's.
const AHEAD_MS: u64 = 8 * 3_600_000;

/// A time of the ledger as civil time.
pub(crate) fn stamp(time_ms: u64) -> Stamp {
    let local = time_ms.saturating_add(AHEAD_MS);
    let day = i32::try_from(local / 86_400_000).unwrap_or(i32::MAX);
    let second = i64::try_from(local / 1_000 % 86_400).unwrap_or(0);
    let millisecond = u16::try_from(local % 1_000).unwrap_or(0);
    Stamp { moment: Moment::new(Day::new(day), second), millisecond }
}

impl Asking {
    /// The key of what is asked of a person.
    pub(super) fn request(&self, psn_no: &str) -> Request {
        Request {
            asker: self.institution.code.clone(),
            infno: self.transaction.entry().number,
            msgid: self.msgid.clone(),
            psn_no: psn_no.into(),
            digest: self.digest,
        }
    }

    /// The day it is.
    pub(super) fn today(&self) -> Day {
        self.came.moment.day()
    }

    /// An answer that is no record's.
    pub(super) fn done(&self, answer: &Wire<'_>) -> Done {
        Done::of(answer)
    }
}

impl Done {
    fn of(answer: &Wire<'_>) -> Done {
        let output = crate::answer::output(answer);
        Done { output, inf_refmsgid: None, warn_msg: None, file: None }
    }
}

impl Receipt {
    /// Of a record.
    pub(super) fn of(record: &Record) -> Receipt {
        Receipt { seq: record.seq, time_ms: record.time_ms }
    }
}

impl Failure {
    /// The number of its reason.
    pub(super) fn number(&self) -> u16 {
        match self {
            Failure::Refused { refused, .. } => refused.reason,
            Failure::Declined(declined, _) => declined.number(),
            Failure::Busy => Refusal::Busy.number(),
        }
    }

    /// A field that means nothing to us.
    pub(super) fn field(name: &str, text: &str) -> Failure {
        let shown: String = text.chars().take(crate::limits::SHOWN_CHARS_MAX).collect();
        Failure::Declined(Declined::FieldMeaningless, Some(format!("{name}={shown}")))
    }
}

impl From<Declined> for Failure {
    fn from(declined: Declined) -> Failure {
        Failure::Declined(declined, None)
    }
}

impl From<Why> for Failure {
    fn from(why: Why) -> Failure {
        match why {
            Why::Full { .. } => Failure::Busy,
            Why::Stopped(stopped) => Failure::from(stopped),
        }
    }
}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Failure {
        Failure::from(Declined::OutcomeUnknown)
    }
}

impl Known {
    /// Looks at what is known of a member, and of the facility that asks.
    pub(super) fn of(ledger: &Ledger, member: &Text, facility: &Text) -> Option<Known> {
        let member = ledger.members().get(member)?;
        let facility = ledger.facility(facility).and_then(|one| one.facts().cloned());
        Some(Known { place: member.known(), facts: member.facts()?, facility })
    }
}

impl Said {
    /// The number of the record, for what always makes one.
    pub(super) fn receipt(&self) -> Result<Receipt, Failure> {
        match self {
            Said::Record(receipt, _) => Ok(*receipt),
            Said::PreSettled(_) | Said::Nothing => Err(Declined::RecordUnreadable.into()),
        }
    }

    /// The record, for what always makes one.
    pub(super) fn record(&self) -> Result<Record, Failure> {
        let record = match self {
            Said::Record(_, bytes) => stored::whole(bytes),
            Said::PreSettled(_) | Said::Nothing => None,
        };
        record.ok_or_else(|| Declined::RecordUnreadable.into())
    }
}

/// `insutype`
pub(super) fn insutype(text: &str) -> Result<Insutype, Failure> {
    Insutype::parse(text).ok_or_else(|| Failure::field("insutype", text))
}

/// `mdtrt_id`
pub(super) fn visit(text: &str) -> Result<VisitId, Failure> {
    number("mdtrt_id", text).map(VisitId::new)
}

/// A number that was answered before.
pub(super) fn number(name: &str, text: &str) -> Result<u64, Failure> {
    text.trim().parse().map_err(|_| Failure::field(name, text))
}

impl Service {
    /// Asks the ledger, and waits until what it answers is durable.
    pub(super) async fn ask(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
    ) -> Result<Said, Failure> {
        let answer = self.submit(asking, psn_no, what)?;
        self.said(answer.await)
    }

    /// The same, and what is known of the person, seen right before it is decided.
    pub(super) async fn ask_and_see(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
    ) -> Result<(Said, Option<Known>), Failure> {
        let (member, facility) = (Text::from(psn_no), asking.institution.code.clone());
        let see = move |sight: &mut dyn Sight| Known::of(sight.ledger(), &member, &facility);
        let (answer, seen) = self.submit_seeing(asking, psn_no, what, see)?;
        let said = self.said(answer.await)?;
        Ok((said, seen.take().flatten()))
    }

    /// Puts a question into the queue of the person's shard, and has a look taken right before it is decided: what was seen is there
    /// when the answer is.
    pub(super) fn submit_seeing<T: Send + 'static>(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
        look: impl FnOnce(&mut dyn Sight) -> T + Send + 'static,
    ) -> Result<(Coming, Seen<T>), Failure> {
        let (waiting, answer) = Waiting::new();
        match self.admission.submit_seeing(asking.request(psn_no), what, look, waiting) {
            Ok(seen) => Ok((answer, seen)),
            Err(not_taken) => Err(not_taken.why.into()),
        }
    }

    /// Puts a question into the queue of the person's shard. Questions of one task are decided in their order.
    pub(super) fn submit(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
    ) -> Result<Coming, Failure> {
        let (waiting, answer) = Waiting::new();
        let request = asking.request(psn_no);
        match self.admission.submit_as(request, what, waiting) {
            Ok(_) => Ok(answer),
            Err(not_taken) => Err(not_taken.why.into()),
        }
    }

    /// What came of a question.
    pub(super) fn said(
        &self,
        answer: Result<Result<Answer, Stopped>, oneshot::error::RecvError>,
    ) -> Result<Said, Failure> {
        match answer {
            Ok(Ok(Answer::Done(_, bytes))) => self.recorded(bytes),
            Ok(Ok(Answer::Again(place))) => self.recorded(self.fetched(place)?.into()),
            Ok(Ok(Answer::PreSettled(settled))) => Ok(Said::PreSettled(settled)),
            Ok(Ok(Answer::Nothing)) => Ok(Said::Nothing),
            Ok(Ok(Answer::Refused(refused))) => {
                Err(Failure::Refused { refused, more: None, inf_refmsgid: None })
            }
            // It may or may not have been journaled.
            Ok(Err(_)) | Err(_) => Err(Declined::OutcomeUnknown.into()),
        }
    }

    /// A record of the journal, by its number.
    pub(super) fn fetched(&self, place: u64) -> Result<Vec<u8>, Failure> {
        self.records.fetch(place).map_err(|error| {
            tracing::warn!(place, %error, "a record cannot be read");
            Failure::from(Declined::RecordUnreadable)
        })
    }

    /// A record of the journal, read.
    pub(super) fn record_at(&self, place: u64) -> Result<Record, Failure> {
        let bytes = self.fetched(place)?;
        stored::whole(&bytes).ok_or_else(|| Declined::RecordUnreadable.into())
    }

    fn recorded(&self, bytes: Arc<[u8]>) -> Result<Said, Failure> {
        let (asked, refused) = told(&bytes).ok_or(Declined::RecordUnreadable)?;
        let receipt = Receipt { seq: asked.seq, time_ms: asked.time_ms };
        let Some(refused) = refused else { return Ok(Said::Record(receipt, bytes)) };
        let inf_refmsgid = Some(self.refmsgid(receipt));
        Err(Failure::Refused { refused, more: None, inf_refmsgid })
    }

    /// `inf_refmsgid` of an answer that is told from a record: the same whenever it is told.
    pub(super) fn refmsgid(&self, of: Receipt) -> String {
        inf_refmsgid(self.division, stamp(of.time_ms).moment, of.seq)
    }

    /// The answer told from a record.
    pub(super) fn told_from(&self, of: Receipt, answer: &Wire<'_>) -> Done {
        Done { inf_refmsgid: Some(self.refmsgid(of)), ..Done::of(answer) }
    }

    /// Looks at a person's shard, and waits until all that was seen is durable.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        psn_no: &str,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let seen = self.looking(psn_no, look)?;
        match seen.await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(_)) | Err(_) => Err(Declined::OutcomeUnknown.into()),
        }
    }

    /// Puts a look into the queue of a person's shard.
    pub(super) fn looking<T: Send + 'static>(
        &self,
        psn_no: &str,
        look: impl FnOnce(&Ledger) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Stopped>>, Failure> {
        let (to, seen) = oneshot::channel();
        let tell = move |seen| drop(to.send(seen));
        self.admission.look(psn_no, look, tell)?;
        Ok(seen)
    }
}
