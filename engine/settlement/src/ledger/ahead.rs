//! What is about to be folded in or decided, some at a time: what it will need is looked up step by step, each step for all before the
//! next. Rows of members lie far apart in memory, and so what one waits for is fetched while others are looked up.

use super::{Ledger, RequestKey, Row, bucket_of};
use crate::command::{Command, What, WhichVisit};
use crate::event::{Asked, Request};
use crate::facts::{ChargesFacts, Text};

/// Something whose member is sought.
#[derive(Copy, Clone, Debug)]
pub struct Sought {
    bucket: u8,
    hash: u64,
    key: Option<RequestKey>,
    row: Option<Row>,
}

/// The steps, in the order they are taken in.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Step {
    /// Where the table has members of such a hash.
    Place,
    /// The row that stands there.
    Row,
    /// Whether it is of the member.
    Member,
    /// What will change in it, and where the request will be remembered.
    Lists,
}

/// All of them.
pub const STEPS: [Step; 4] = [Step::Place, Step::Row, Step::Member, Step::Lists];

impl Sought {
    /// Of one who asked for a settlement.
    pub fn of(asked: &Asked<'_>) -> Sought {
        Sought::of_key(RequestKey::of_asked(asked), asked.psn_no)
    }

    /// Of a request with this key, where it has one, for a person.
    pub fn of_key(key: Option<RequestKey>, psn_no: &[u8]) -> Sought {
        let bucket = key.map_or_else(|| bucket_of(psn_no), RequestKey::bucket);
        Sought { bucket, hash: 0, key, row: None }
    }

    /// The bucket of its member.
    pub fn bucket(&self) -> u8 {
        self.bucket
    }

    /// The key of its request.
    pub fn key(&self) -> Option<RequestKey> {
        self.key
    }

    /// The row of its member, once it was found.
    pub fn row(&self) -> Option<Row> {
        self.row
    }
}

impl Ledger {
    /// Takes a step for one, and changes nothing but what is known of it.
    pub fn seek(&self, step: Step, psn_no: &[u8], sought: &mut Sought) {
        match step {
            Step::Place => {
                sought.hash = self.members.hash(psn_no);
                sought.row = self.members.candidate(sought.hash);
            }
            Step::Row => at_hand(sought.row.and_then(|row| Some(self.members.at(row)?.known()))),
            Step::Member => sought.row = self.members.row_of_hash(sought.hash, psn_no),
            Step::Lists => {
                let member = sought.row.and_then(|row| self.members.at(row));
                // The row's bytes begin with the number, which was compared; the facts end some lines further on.
                at_hand(member.and_then(|member| member.stored().last().copied()));
                let slots = member.map(|member| member.slots());
                at_hand(slots.and_then(|slots| Some((slots.first()?.value, slots.last()?.value))));
                at_hand(member.and_then(|member| Some(member.settled().last()?.seq())));
                at_hand(sought.key.map(|key| self.requests.get(key).is_some()));
            }
        }
    }
}

impl Command {
    /// Reads here and there in a command that moves money: whoever submitted it has just written it on another core, and where it is read
    /// for the first time its line is waited for.
    pub fn fetch(&self) {
        let Request { asker, msgid, digest, .. } = &self.request;
        let last = |text: &Text| text.as_bytes().last().copied();
        at_hand((self.time_ms, last(asker), last(msgid), *digest));
        let (What::Settle(settle) | What::PreSettle(settle)) = &self.what else { return };
        at_hand((settle.how.settled, settle.how.total));
        if let WhichVisit::AtOnce(facts) = &settle.visit {
            at_hand((facts.begin, last(&facts.med_type), facts.diagnoses.len(), facts.fetuses));
        }
        if let ChargesFacts::Totals(totals) = &settle.charges {
            at_hand((totals.total, totals.kinds.len()));
        }
    }
}

/// Reads a value and makes nothing of it: it is in the processor's memory from then on.
fn at_hand<T: Copy>(value: T) {
    core::hint::black_box(value);
}
