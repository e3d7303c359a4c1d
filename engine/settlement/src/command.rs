//! What is asked of the ledger, stamped at admission with a number and a time, and bound to nothing yet.

use alloc::vec::Vec;

use crate::date::Day;
use crate::event::{Correction, PolicyNames, Request, Share, Which};
use crate::facts::{
    ChargesFacts, FacilityFacts, Filed, FiledKind, LineFacts, MemberFacts, SettleFacts, Text,
    VisitChange, VisitFacts,
};
use crate::id::VisitId;
use crate::limits::ADJUSTED_MAX;
use crate::money::Fen;
use crate::stored::Stored;

/// A command.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Command {
    /// The number given at admission, from 1, never given twice in a journal.
    pub seq: u64,
    /// When it was admitted, milliseconds since 1970.
    pub time_ms: u64,
    /// Who asks, and by which key.
    pub request: Request,
    /// For what.
    pub what: What,
    /// What was held of other members' accounts for it; `None` where they were not asked. No part of the request.
    pub shares: Option<Vec<Share>>,
}

/// What is asked for. Member and facility are those of the request.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum What {
    /// Register a member, with what the own account opens with; or replace all that is known of one, apart from the account and
    /// what was filed.
    RegisterMember(MemberFacts, Fen),
    /// Register a facility, or replace all that is known of one.
    RegisterFacility(Text, FacilityFacts),
    /// Pay into the own account.
    Deposit(Fen),
    /// File something for a member (备案).
    File(Filed),
    /// Withdraw what was filed: the number of the command that did it, and what it must be.
    Unfile(u64, FiledKind),
    /// Register a visit.
    OpenVisit(VisitFacts),
    /// Say anew what is known of a registered visit.
    ChangeVisit(VisitId, VisitChange),
    /// Close a visit that has neither a settlement nor lines.
    CloseVisit(VisitId),
    /// Upload lines.
    Upload(VisitId, Vec<LineFacts>),
    /// Withdraw lines that are not settled.
    Withdraw(VisitId, Which),
    /// Say what a settlement now would give, and change nothing.
    PreSettle(Settle),
    /// Settle.
    Settle(Settle),
    /// Cancel a settlement.
    Cancel(u64),
    /// Make settlements anew, for an operator.
    Correct(Correction),
    /// Undo what the request of this `infno` and `msgid` did (冲正).
    Reverse(u16, Text),
    /// Use a policy pack from here on.
    LoadPolicy(PolicyNames),
    /// Use a catalogue image from here on.
    LoadCatalogue([u8; 32]),
    /// Close a day.
    CloseDay(Day),
    /// Hold so much of the member's account for another member.
    Hold(Hold),
    /// End a hold.
    EndHold(EndHold),
}

/// What is to be held of an account for another member, whose shard then decides whether it pays.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Hold {
    /// `psn_no` of the member it is held for.
    pub member: Text,
    /// At most so much. Below nought it is to be given back: then nothing moves before the end.
    pub amount: Fen,
    /// The settlement that is undone or put back by it; `None` for one that is to be made.
    pub settlement: Option<u64>,
}

/// The end of a hold.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct EndHold {
    /// The hold, by the number of the command that made it.
    pub item: u64,
    /// What is paid of it; the rest is the account's again.
    pub paid: Fen,
}

/// What is to be settled.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Settle {
    /// Which visit.
    pub visit: WhichVisit,
    /// When the visit ends, where it is not registered with it.
    pub end: End,
    /// How.
    pub how: SettleFacts,
    /// For what.
    pub charges: ChargesFacts,
}

/// The end of a visit that is settled. One that is registered with the visit takes its place.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum End {
    /// As [`Settle::how`] says.
    #[default]
    Stated,
    /// The visit goes on, and is settled so far: as [`Settle::how`] says, and not before the visit began, as clocks differ.
    SoFar,
    /// It must be registered. A batch is of an outpatient, whose visit else ends as it began.
    Registered,
}

/// The visit of a settlement.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum WhichVisit {
    /// Registered before: with all lines that are not settled, and with it the visit ends, but for a settlement midway.
    Registered(VisitId),
    /// The lines of one batch (`chrg_bchno`) of a registered visit, which goes on to its next batch.
    Batch(VisitId, Text),
    /// Registered and settled at once.
    AtOnce(VisitFacts),
}

impl Command {
    /// Whether every shard of a ledger is told: what concerns no one member.
    pub fn concerns_all(&self) -> bool {
        match self.what {
            What::RegisterFacility(_, _)
            | What::LoadPolicy(_)
            | What::LoadCatalogue(_)
            | What::CloseDay(_) => true,
            What::RegisterMember(_, _)
            | What::Deposit(_)
            | What::File(_)
            | What::Unfile(_, _)
            | What::OpenVisit(_)
            | What::ChangeVisit(_, _)
            | What::CloseVisit(_)
            | What::Upload(_, _)
            | What::Withdraw(_, _)
            | What::PreSettle(_)
            | What::Settle(_)
            | What::Cancel(_)
            | What::Correct(_)
            | What::Reverse(_, _)
            | What::Hold(_)
            | What::EndHold(_) => false,
        }
    }

    /// Whether the ledger may have to ask for other members' accounts before it decides.
    pub fn may_need_family(&self) -> bool {
        match &self.what {
            What::PreSettle(settle) | What::Settle(settle) => settle.how.asks_family(),
            What::Cancel(_) | What::Correct(_) | What::Reverse(_, _) => true,
            What::RegisterMember(_, _)
            | What::RegisterFacility(_, _)
            | What::Deposit(_)
            | What::File(_)
            | What::Unfile(_, _)
            | What::OpenVisit(_)
            | What::ChangeVisit(_, _)
            | What::CloseVisit(_)
            | What::Upload(_, _)
            | What::Withdraw(_, _)
            | What::LoadPolicy(_)
            | What::LoadCatalogue(_)
            | What::CloseDay(_)
            | What::Hold(_)
            | What::EndHold(_) => false,
        }
    }

    /// Whether its answer is remembered under the key of the request. Lines have their own identity, the visit and the
    /// serial; a pre-settlement changes nothing; what concerns all may be said again; a request without `msgid` has no key.
    pub fn has_key(&self) -> bool {
        let by_itself = matches!(self.what, What::Upload(_, _) | What::PreSettle(_));
        !by_itself && !self.concerns_all() && !self.request.msgid.is_empty()
    }
}

impl What {
    /// How many numbers it takes: its own, and one for each adjustment that it may make.
    pub fn numbers(&self) -> u64 {
        match self {
            What::Correct(_) => ADJUSTED_MAX.saturating_add(1),
            What::RegisterFacility(_, _)
            | What::LoadPolicy(_)
            | What::LoadCatalogue(_)
            | What::CloseDay(_)
            | What::RegisterMember(_, _)
            | What::Deposit(_)
            | What::File(_)
            | What::Unfile(_, _)
            | What::OpenVisit(_)
            | What::ChangeVisit(_, _)
            | What::CloseVisit(_)
            | What::Upload(_, _)
            | What::Withdraw(_, _)
            | What::PreSettle(_)
            | What::Settle(_)
            | What::Cancel(_)
            | What::Reverse(_, _)
            | What::Hold(_)
            | What::EndHold(_) => 1,
        }
    }

    /// Digest of the content: 128 bits of the BLAKE3 of its values, whatever they were written as.
    pub fn digest(&self) -> [u8; 16] {
        // Room for what is not a list of lines, made once.
        let mut bytes = Vec::with_capacity(256);
        self.put(&mut bytes);
        blake3::hash(&bytes).as_bytes().first_chunk().copied().unwrap_or_default()
    }

    fn put(&self, to: &mut Vec<u8>) {
        let kind = |kind: u8, to: &mut Vec<u8>| to.push(kind);
        match self {
            What::RegisterMember(facts, opening) => {
                kind(1, to);
                facts.put(to);
                opening.put(to);
            }
            What::RegisterFacility(code, facts) => {
                kind(2, to);
                code.put(to);
                facts.put(to);
            }
            What::Deposit(amount) => {
                kind(3, to);
                amount.put(to);
            }
            What::OpenVisit(facts) => {
                kind(4, to);
                facts.put(to);
            }
            What::ChangeVisit(visit, change) => {
                kind(17, to);
                visit.put(to);
                change.put(to);
            }
            What::CloseVisit(visit) => {
                kind(5, to);
                visit.put(to);
            }
            What::Upload(visit, lines) => {
                kind(6, to);
                visit.put(to);
                lines.put(to);
            }
            What::Withdraw(visit, which) => {
                kind(7, to);
                visit.put(to);
                which.put(to);
            }
            What::PreSettle(settle) | What::Settle(settle) => {
                kind(8, to);
                settle.put(to);
            }
            What::Cancel(settlement) => {
                kind(9, to);
                settlement.put(to);
            }
            What::Reverse(infno, msgid) => {
                kind(10, to);
                infno.put(to);
                msgid.put(to);
            }
            What::LoadPolicy(names) => {
                kind(11, to);
                names.put(to);
            }
            What::LoadCatalogue(digest) => {
                kind(12, to);
                digest.put(to);
            }
            What::CloseDay(day) => {
                kind(13, to);
                day.put(to);
            }
            What::Correct(correction) => {
                kind(14, to);
                correction.put(to);
            }
            What::Hold(hold) => {
                kind(15, to);
                hold.member.put(to);
                hold.amount.put(to);
                hold.settlement.put(to);
            }
            What::EndHold(end) => {
                kind(16, to);
                end.item.put(to);
                end.paid.put(to);
            }
            What::File(filed) => {
                kind(18, to);
                filed.put(to);
            }
            What::Unfile(number, filed) => {
                kind(19, to);
                number.put(to);
                filed.put(to);
            }
        }
    }
}

impl Settle {
    fn put(&self, to: &mut Vec<u8>) {
        match &self.visit {
            WhichVisit::Registered(visit) => {
                to.push(0);
                visit.put(to);
            }
            WhichVisit::AtOnce(facts) => {
                to.push(1);
                facts.put(to);
            }
            WhichVisit::Batch(visit, batch) => {
                to.push(2);
                visit.put(to);
                batch.put(to);
            }
        }
        self.how.put(to);
        self.charges.put(to);
        match self.end {
            // The form of what was said before there were others.
            End::Stated => {}
            End::SoFar => to.push(1),
            End::Registered => to.push(2),
        }
    }
}
