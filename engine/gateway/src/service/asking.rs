//! One call on its way to the ledger and back: who asks, by which key, and what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use yidan_pipeline::shard::Answer;
use yidan_pipeline::{Reply, Stopped, Why};
use yidan_settlement::command::What;
use yidan_settlement::date::{Day, Moment};
use yidan_settlement::event::{Event, Record, Refused, Request, Settled};
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

/// How often a full queue is asked again for what an answer tells besides.
const LOOKS_MAX: u32 = 200;

/// The rest before that.
const BEFORE_THE_NEXT: Duration = Duration::from_millis(5);

/// Looks at what is known of a person.
fn known(
    asking: &Asking,
    psn_no: &str,
) -> impl FnOnce(&Ledger) -> Option<Known> + Send + 'static + use<> {
    let (member, code) = (Text::from(psn_no), asking.institution.code.clone());
    move |ledger| {
        let member = ledger.members().get(&member)?;
        let facility = ledger.facility(&code).and_then(|one| one.facts().cloned());
        Some(Known { place: member.known(), facts: member.facts()?, facility })
    }
}

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
    /// It happened, now or before.
    Record(Box<Record>),
    /// What a settlement would give.
    PreSettled(Box<Settled>),
    /// Everything is so already.
    Nothing,
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
        Done {
            output: crate::answer::output(answer),
            inf_refmsgid: None,
            warn_msg: None,
            file: None,
        }
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

impl Said {
    /// The record, for what always makes one.
    pub(super) fn record(self) -> Result<Box<Record>, Failure> {
        match self {
            Said::Record(record) => Ok(record),
            Said::PreSettled(_) | Said::Nothing => Err(Declined::RecordUnreadable.into()),
        }
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

    /// The same, and what is known of the person right after: both are decided one after the other, and durable together.
    pub(super) async fn ask_and_see(
        &self,
        asking: &Asking,
        psn_no: &str,
        what: What,
    ) -> Result<(Said, Option<Known>), Failure> {
        let answer = self.submit(asking, psn_no, what)?;
        let seeing = self.looking(psn_no, known(asking, psn_no));
        let said = self.said(answer.await)?;
        let mut seen = match seeing {
            Ok(seen) => seen.await.ok().and_then(Result::ok),
            Err(_) => None,
        };
        // It is done by now: a queue that was full just then must not make it look refused.
        for _ in 0..LOOKS_MAX {
            if seen.is_some() {
                break;
            }
            tokio::time::sleep(BEFORE_THE_NEXT).await;
            seen = self.look(psn_no, known(asking, psn_no)).await.ok();
        }
        Ok((said, seen.flatten()))
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
            Ok(Ok(Answer::Done(_, bytes))) => self.recorded(&bytes),
            Ok(Ok(Answer::Again(place))) => self.recorded(&self.fetched(place)?),
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

    fn recorded(&self, bytes: &[u8]) -> Result<Said, Failure> {
        let record: Record = stored::whole(bytes).ok_or(Declined::RecordUnreadable)?;
        if let Event::Refused(refused) = record.event {
            let inf_refmsgid = Some(self.refmsgid(&record));
            return Err(Failure::Refused { refused, more: None, inf_refmsgid });
        }
        Ok(Said::Record(Box::new(record)))
    }

    /// `inf_refmsgid` of an answer that is told from a record: the same whenever it is told.
    pub(super) fn refmsgid(&self, record: &Record) -> String {
        inf_refmsgid(self.division, stamp(record.time_ms).moment, record.seq)
    }

    /// The answer told from a record.
    pub(super) fn told_from(&self, record: &Record, answer: &Wire<'_>) -> Done {
        Done {
            output: crate::answer::output(answer),
            inf_refmsgid: Some(self.refmsgid(record)),
            warn_msg: None,
            file: None,
        }
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
