//! What the journal carries: the request, and what the ledger made of it. A record once written means the same for good;
//! `engine/journal/RECORDS.md` draws it, and a fixture holds its bytes.

mod lent;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::admit::SlotKey;
use crate::bill::{Account, Decision};
use crate::date::Day;
use crate::facts::{
    ChargesFacts, FacilityFacts, Filed, FiledFact, LineFacts, MemberFacts, SettleFacts, Text,
    VisitChange, VisitFacts,
};
use crate::id::VisitId;
use crate::money::Fen;
use crate::reason::Conduct;
use crate::stored::{Bytes, Stored, stored_enum, stored_struct};

pub use lent::{Asked, Lent, LentBill, LentRoom, Posted, is_of_settlements, told};

/// The version written.
pub const VERSION: u8 = 1;

/// One record.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Record {
    /// The number given at admission; visits and settlements are called by the number of the command that made them.
    pub seq: u64,
    /// When it was admitted, milliseconds since 1970.
    pub time_ms: u64,
    /// Who asked, and by which key.
    pub request: Request,
    /// What the ledger made of it.
    pub event: Event,
}

/// Who asked for what, and how it is known again.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Request {
    /// `fixmedins_code` of the sender; empty for the bureau itself.
    pub asker: Text,
    /// `infno` without its A or B.
    pub infno: u16,
    /// `msgid`
    pub msgid: Text,
    /// `psn_no` of the input, where it has one.
    pub psn_no: Text,
    /// Digest of the decoded input.
    pub digest: [u8; 16],
}

/// What happened.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Event {
    /// A member is registered, and the own account opens with so much; or all that is known of one is replaced, account
    /// apart. What was filed is in it as it was.
    MemberRegistered(MemberFacts, Fen),
    /// A facility is registered, or all that is known of one replaced.
    FacilityRegistered(Text, FacilityFacts),
    /// Paid into the own account of a member.
    Deposited(Fen),
    /// Something is filed for a member, and called by the number of this record's command; with all that is known of the member
    /// from here on.
    Filed(Box<Filed>, MemberFacts),
    /// What was filed is withdrawn; with all that is known of the member from here on.
    Unfiled(Box<FiledFact>, MemberFacts),
    /// A visit is registered; it is called by the number of this record's command.
    VisitOpened(VisitFacts),
    /// What is known of a registered visit is said anew.
    VisitChanged(VisitId, VisitChange),
    /// A visit without a settlement is closed.
    VisitClosed(VisitId),
    /// Lines are there that were not before.
    LinesUploaded(VisitId, Vec<LineFacts>),
    /// Lines that were not settled are gone.
    LinesWithdrawn(VisitId, Which),
    /// Settled.
    Settled(Box<Settled>),
    /// A settlement was undone: the exact opposite was posted.
    Cancelled(Box<Cancelled>),
    /// The effect of an earlier request was undone.
    Reversed(Box<Reversed>),
    /// An operator had settlements of a member made anew.
    Corrected(Box<Corrected>),
    /// Refused by the ledger.
    Refused(Refused),
    /// A policy pack may be used from here on.
    PolicyLoaded(PolicyNames),
    /// A catalogue image may be used from here on.
    CatalogueLoaded([u8; 32]),
    /// A day is closed: nothing is posted to it or to a day before it.
    DayClosed(Day),
    /// Of the account of this member something is held for another, called by the number of this record's command.
    FamilyHeld(FamilyHeld),
    /// What was held is paid, or the account's again.
    FamilyEnded(FamilyEnded),
}

/// Which of the lines of a visit that are not settled.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// Those of these serials.
    Serials(Vec<Text>),
    /// Those of this batch (`chrg_bchno`).
    Batch(Text),
}

/// A part of a command in another member's account.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Share {
    /// `psn_no` of the owner.
    pub owner: Text,
    /// The hold in the owner's shard; nought for a pre-settlement, which holds nothing.
    pub item: u64,
    /// What is held, and may be paid; below nought, what is given back.
    pub amount: Fen,
}

/// What is held of an account until it is known whether it pays.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FamilyHeld {
    /// `psn_no` of the member it is held for.
    pub member: Text,
    /// Taken out of the balance; below nought it is to be given back, and nothing moves yet.
    pub amount: Fen,
    /// The settlement that is undone or put back by it; `None` for one that is to be made.
    pub settlement: Option<u64>,
}

/// The end of a hold: what was held is what is paid and what is the account's again.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct FamilyEnded {
    /// The hold.
    pub item: u64,
    /// What was held.
    pub held: Fen,
    /// What is paid.
    pub paid: Fen,
}

/// A settlement.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Settled {
    /// The visit; of a bill settled at once its own number.
    pub visit: VisitId,
    /// How it was settled.
    pub how: SettleFacts,
    /// The batch of a registered visit that it took in (`chrg_bchno`); `None` for all lines.
    pub batch: Option<Text>,
    /// What was known of the visit: it may be changed, and forgotten, before its settlement is made anew.
    pub facts: VisitFacts,
    /// For what.
    pub charges: ChargesFacts,
    /// What was known of the member: the record of the journal that says so.
    pub known: u64,
    /// The record of the facility it was settled by: the number of the command that registered it.
    pub facility: u64,
    /// The pack: the number of the command that loaded it.
    pub policy: u64,
    /// The image: the number of the command that loaded it; nought for none.
    pub catalogue: u64,
    /// The texts behind the slots: the visit that has them may be forgotten before its settlement is.
    pub labels: SlotLabels,
    /// Slots that were read and did not change, with their values.
    pub read: Vec<(SlotKey, Fen)>,
    /// Where the lines of a registered visit are written that it took in, in order; `None` of a visit settled at once.
    pub sources: Option<Vec<Run>>,
    /// Other members' accounts, in the order of the bill's family accounts: what was held of each.
    pub shares: Vec<Share>,
    /// The bill.
    pub decision: Decision,
}

/// Lines of one upload, one after the other.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Run {
    /// The record of the upload.
    pub place: u64,
    /// The first line, counted from nought.
    pub from: u32,
    /// How many.
    pub count: u32,
}

/// What an operator has made anew, in the name of the bureau.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Correction {
    /// The first settlement concerned; every later one of the member that stands is decided anew.
    pub first: u64,
    /// Whether the first is cancelled; if not, it is decided anew as well.
    pub cancel: bool,
    /// The day that the differences are posted to.
    pub day: Day,
}

/// What came of a correction.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Corrected {
    /// What was asked.
    pub correction: Correction,
    /// What was cancelled, and the facility it concerns.
    pub cancelled: Option<(Text, Cancelled)>,
    /// The settlements that come out otherwise, in order.
    pub adjusted: Vec<Adjusted>,
}

impl Corrected {
    /// The record that said before it what a settlement was.
    fn place_before(&self, settlement: u64) -> Option<u64> {
        let cancelled = self.cancelled.iter().map(|(_, one)| (one.settlement, one.place));
        let adjusted = self.adjusted.iter().map(|one| (one.settlement, one.place));
        cancelled.chain(adjusted).find(|(one, _)| *one == settlement).map(|(_, place)| place)
    }
}

/// A settlement that comes out otherwise: what funds pay more or less goes to an account of the person, never to cash that was
/// paid, and neither the facility nor the own account has a part in it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Adjusted {
    /// `setl_id` of the adjustment.
    pub number: u64,
    /// `setl_id` of the settlement.
    pub settlement: u64,
    /// The record that said what it was.
    pub place: u64,
    /// The facility it concerns.
    pub facility: Text,
    /// The opposite of what was posted for it.
    pub taken_back: Moved,
    /// What it is now.
    pub settled: Settled,
}

/// The opposite of a settlement.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Cancelled {
    /// The settlement, and its place in the journal.
    pub settlement: u64,
    /// Its record.
    pub place: u64,
    /// What was posted.
    pub posted: Moved,
    /// What other members' accounts get back, or pay again.
    pub shares: Vec<Share>,
}

/// What undoing a request did.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Reversed {
    /// `oinfno`
    pub infno: u16,
    /// `omsgid`
    pub msgid: Text,
    /// What was undone.
    pub undone: Undone,
}

/// What a reversal found to undo.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Undone {
    /// Nothing: the request has not come. If it comes it is refused.
    NotYetCome,
    /// A settlement was cancelled.
    Settlement(Cancelled),
    /// A cancellation was undone: the settlement stands again.
    Cancellation(Cancelled),
    /// A visit was closed.
    Visit(VisitId),
    /// The request had no effect, as it was refused.
    NoEffect,
}

/// What a settlement or its opposite moves: enough to post it without the bill.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Moved {
    /// The visit.
    pub visit: VisitId,
    /// The batch of it that the settlement took in; `None` for all lines.
    pub batch: Option<Text>,
    /// The pack that numbers the slots.
    pub policy: u64,
    /// The insurance, the disease and the filing that sub-keys speak of.
    pub labels: SlotLabels,
    /// What is added to each slot.
    pub slots: Vec<(SlotKey, Fen)>,
    /// What is added to the balance of the own account.
    pub balance: Fen,
    /// What is added to what family accounts are to pay.
    pub family: Fen,
    /// What is added to each fund's expense, by `fund_pay_type`.
    pub funds: Vec<(u32, Fen)>,
    /// What is added to what the facility is owed.
    pub facility: Fen,
    /// What is added to what persons are owed.
    pub person: Fen,
}

/// The texts behind numbers of a slot's key.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct SlotLabels {
    /// `insutype`
    pub insutype: u16,
    /// `dise_codg`
    pub disease: Option<Text>,
    /// The pregnancy, approval or referral.
    pub filing: Text,
}

/// The same, lent.
#[derive(Copy, Clone, Debug)]
pub struct Labels<'a> {
    /// `insutype`
    pub insutype: u16,
    /// `dise_codg`
    pub disease: Option<&'a str>,
    /// The pregnancy, approval or referral.
    pub filing: &'a str,
}

impl SlotLabels {
    /// Lends them.
    pub fn lent(&self) -> Labels<'_> {
        let SlotLabels { insutype, disease, filing } = self;
        Labels { insutype: *insutype, disease: disease.as_deref(), filing }
    }
}

/// A refusal.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Refused {
    /// The number of the reason.
    pub reason: u16,
    /// The line, counted from nought.
    pub line: Option<u32>,
    /// Given and computed.
    pub figures: Option<(Fen, Fen)>,
    /// What else is to be said: how many later settlements, a time …
    pub detail: u64,
}

impl Refused {
    /// Whether a record could not be read: it may be put back, so the refusal is not remembered.
    pub fn is_unreachable(&self) -> bool {
        self.reason == Conduct::RecordUnreachable.number()
    }
}

/// The names behind the numbers of a pack.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PolicyNames {
    /// The pool.
    pub pool: Text,
    /// Digest of the pack's text.
    pub digest: [u8; 32],
    /// Names of its slots, and what their keys number.
    pub slots: Vec<(Text, KeyedBy)>,
    /// Names of its diseases.
    pub diseases: Vec<Text>,
    /// Names of its groups of diseases.
    pub groups: Vec<Text>,
}

/// What a slot's sub-key numbers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum KeyedBy {
    /// Nothing.
    Nothing,
    /// Diseases.
    Disease,
    /// Groups of diseases.
    Group,
    /// Types of insurance.
    Scheme,
}

stored_enum! {
    KeyedBy { Nothing = 0, Disease = 1, Group = 2, Scheme = 3 }
}

stored_struct! {
    Request { asker, infno, msgid, psn_no, digest }
    Settled {
        visit, how, batch, policy, labels, decision, facts, charges, known, facility, catalogue, read, sources, shares,
    }
    Run { place, from, count }
    Correction { first, cancel, day }
    Corrected { correction, cancelled, adjusted }
    Adjusted { number, settlement, place, facility, taken_back, settled }
    Cancelled { settlement, place, posted, shares }
    Share { owner, item, amount }
    FamilyHeld { member, amount, settlement }
    FamilyEnded { item, held, paid }
    Reversed { infno, msgid, undone }
    Moved { visit, batch, policy, labels, slots, balance, family, funds, facility, person }
    SlotLabels { insutype, disease, filing }
    Refused { reason, line, figures, detail }
    PolicyNames { pool, digest, slots, diseases, groups }
}

// What a fold reads of a settlement stands first in it; see `lent.rs`.

impl Stored for Which {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Which::All => to.push(0),
            Which::Serials(serials) => {
                to.push(1);
                serials.put(to);
            }
            Which::Batch(batch) => {
                to.push(2);
                batch.put(to);
            }
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Which> {
        match u8::read(from)? {
            0 => Some(Which::All),
            1 => Vec::read(from).map(Which::Serials),
            2 => Text::read(from).map(Which::Batch),
            _ => None,
        }
    }
}

impl Stored for Undone {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            Undone::NotYetCome => to.push(0),
            Undone::Settlement(cancelled) => {
                to.push(1);
                cancelled.put(to);
            }
            Undone::Cancellation(cancelled) => {
                to.push(2);
                cancelled.put(to);
            }
            Undone::Visit(visit) => {
                to.push(3);
                visit.put(to);
            }
            Undone::NoEffect => to.push(4),
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Undone> {
        Some(match u8::read(from)? {
            0 => Undone::NotYetCome,
            1 => Undone::Settlement(Cancelled::read(from)?),
            2 => Undone::Cancellation(Cancelled::read(from)?),
            3 => Undone::Visit(VisitId::read(from)?),
            4 => Undone::NoEffect,
            _ => return None,
        })
    }
}

impl Event {
    /// Whether it concerns no one member: every shard has it, and journals a copy.
    pub fn concerns_all(&self) -> bool {
        match self {
            Event::FacilityRegistered(_, _)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_) => true,
            Event::MemberRegistered(_, _)
            | Event::Deposited(_)
            | Event::Filed(_, _)
            | Event::Unfiled(_, _)
            | Event::VisitOpened(_)
            | Event::VisitChanged(_, _)
            | Event::VisitClosed(_)
            | Event::LinesUploaded(_, _)
            | Event::LinesWithdrawn(_, _)
            | Event::Settled(_)
            | Event::Cancelled(_)
            | Event::Reversed(_)
            | Event::Corrected(_)
            | Event::Refused(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => false,
        }
    }

    /// What the owner of a hold pays by this event, or gets back where it is below nought; `None` where it has no part in it.
    pub fn paid_of(&self, item: u64) -> Option<Fen> {
        let of_cancelled = |cancelled: &Cancelled| {
            cancelled.shares.iter().find(|share| share.item == item).map(|share| share.amount)
        };
        let of_settled = |settled: &Settled| {
            let mut family = settled.family();
            family.find(|(share, _)| share.item == item).map(|(_, paid)| paid)
        };
        match self {
            Event::Settled(settled) => of_settled(settled),
            Event::Cancelled(cancelled) => of_cancelled(cancelled),
            Event::Reversed(reversed) => match &reversed.undone {
                Undone::Settlement(cancelled) | Undone::Cancellation(cancelled) => {
                    of_cancelled(cancelled)
                }
                Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => None,
            },
            Event::Corrected(corrected) => {
                let cancelled = corrected.cancelled.as_ref();
                let cancelled = cancelled.and_then(|(_, cancelled)| of_cancelled(cancelled));
                let mut adjusted = corrected.adjusted.iter();
                cancelled.or_else(|| adjusted.find_map(|one| of_settled(&one.settled)))
            }
            Event::MemberRegistered(_, _)
            | Event::FacilityRegistered(_, _)
            | Event::Deposited(_)
            | Event::Filed(_, _)
            | Event::Unfiled(_, _)
            | Event::VisitOpened(_)
            | Event::VisitChanged(_, _)
            | Event::VisitClosed(_)
            | Event::LinesUploaded(_, _)
            | Event::LinesWithdrawn(_, _)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => None,
        }
    }

    /// What is known of the member from it on, where it says that: what [`Settled::known`] refers to.
    pub fn known(&self) -> Option<&MemberFacts> {
        match self {
            Event::MemberRegistered(facts, _)
            | Event::Filed(_, facts)
            | Event::Unfiled(_, facts) => Some(facts),
            Event::FacilityRegistered(_, _)
            | Event::Deposited(_)
            | Event::VisitOpened(_)
            | Event::VisitChanged(_, _)
            | Event::VisitClosed(_)
            | Event::LinesUploaded(_, _)
            | Event::LinesWithdrawn(_, _)
            | Event::Settled(_)
            | Event::Cancelled(_)
            | Event::Reversed(_)
            | Event::Corrected(_)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => None,
        }
    }

    /// The record that said before this one what a settlement was; `None` where this one did not change it.
    pub fn place_before(&self, settlement: u64) -> Option<u64> {
        if let Event::Corrected(corrected) = self {
            return corrected.place_before(settlement);
        }
        let cancelled = if let Event::Cancelled(cancelled) = self {
            cancelled
        } else {
            let Event::Reversed(reversed) = self else { return None };
            let (Undone::Settlement(moved) | Undone::Cancellation(moved)) = &reversed.undone else {
                return None;
            };
            moved
        };
        (cancelled.settlement == settlement).then_some(cancelled.place)
    }

    /// The byte that stands for it.
    fn kind(&self) -> u8 {
        match self {
            Event::MemberRegistered(_, _) => 1,
            Event::FacilityRegistered(_, _) => 2,
            Event::Deposited(_) => 3,
            Event::Filed(_, _) => 19,
            Event::Unfiled(_, _) => 20,
            Event::VisitOpened(_) => 4,
            Event::VisitChanged(_, _) => 18,
            Event::VisitClosed(_) => 5,
            Event::LinesUploaded(_, _) => 6,
            Event::LinesWithdrawn(_, _) => 7,
            Event::Settled(_) => SETTLED,
            Event::Cancelled(_) => CANCELLED,
            Event::Reversed(_) => REVERSED,
            Event::Refused(_) => REFUSED,
            Event::PolicyLoaded(_) => 12,
            Event::CatalogueLoaded(_) => 13,
            Event::DayClosed(_) => 14,
            Event::Corrected(_) => CORRECTED,
            Event::FamilyHeld(_) => 16,
            Event::FamilyEnded(_) => 17,
        }
    }
}

impl Stored for Event {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(self.kind());
        match self {
            Event::MemberRegistered(facts, opening) => {
                facts.put(to);
                opening.put(to);
            }
            Event::FacilityRegistered(code, facts) => {
                code.put(to);
                facts.put(to);
            }
            Event::Deposited(amount) => amount.put(to),
            Event::Filed(filed, facts) => {
                filed.put(to);
                facts.put(to);
            }
            Event::Unfiled(filed, facts) => {
                filed.put(to);
                facts.put(to);
            }
            Event::VisitOpened(visit) => visit.put(to),
            Event::VisitChanged(visit, change) => {
                visit.put(to);
                change.put(to);
            }
            Event::VisitClosed(visit) => visit.put(to),
            Event::LinesUploaded(visit, lines) => {
                visit.put(to);
                lines.put(to);
            }
            Event::LinesWithdrawn(visit, which) => {
                visit.put(to);
                which.put(to);
            }
            Event::Settled(settled) => settled.put(to),
            Event::Cancelled(cancelled) => cancelled.put(to),
            Event::Reversed(reversed) => reversed.put(to),
            Event::Refused(refused) => refused.put(to),
            Event::PolicyLoaded(names) => names.put(to),
            Event::CatalogueLoaded(digest) => digest.put(to),
            Event::DayClosed(day) => day.put(to),
            Event::Corrected(corrected) => corrected.put(to),
            Event::FamilyHeld(held) => held.put(to),
            Event::FamilyEnded(ended) => ended.put(to),
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Event> {
        Some(match u8::read(from)? {
            1 => Event::MemberRegistered(Stored::read(from)?, Stored::read(from)?),
            2 => Event::FacilityRegistered(Stored::read(from)?, Stored::read(from)?),
            3 => Event::Deposited(Stored::read(from)?),
            4 => Event::VisitOpened(Stored::read(from)?),
            5 => Event::VisitClosed(Stored::read(from)?),
            6 => Event::LinesUploaded(Stored::read(from)?, Stored::read(from)?),
            7 => Event::LinesWithdrawn(Stored::read(from)?, Stored::read(from)?),
            SETTLED => Event::Settled(Box::new(Stored::read(from)?)),
            CANCELLED => Event::Cancelled(Box::new(Stored::read(from)?)),
            REVERSED => Event::Reversed(Box::new(Stored::read(from)?)),
            REFUSED => Event::Refused(Stored::read(from)?),
            12 => Event::PolicyLoaded(Stored::read(from)?),
            13 => Event::CatalogueLoaded(Stored::read(from)?),
            14 => Event::DayClosed(Stored::read(from)?),
            CORRECTED => Event::Corrected(Box::new(Stored::read(from)?)),
            16 => Event::FamilyHeld(Stored::read(from)?),
            17 => Event::FamilyEnded(Stored::read(from)?),
            18 => Event::VisitChanged(Stored::read(from)?, Stored::read(from)?),
            19 => Event::Filed(Box::new(Stored::read(from)?), Stored::read(from)?),
            20 => Event::Unfiled(Box::new(Stored::read(from)?), Stored::read(from)?),
            _ => return None,
        })
    }
}

// The bytes of what changes the account of a facility.
const SETTLED: u8 = 8;
const CANCELLED: u8 = 9;
const REVERSED: u8 = 10;
const CORRECTED: u8 = 15;
/// The byte of a refusal.
const REFUSED: u8 = 11;
/// The last byte that stands for an event.
const LAST: u8 = 20;

impl Settled {
    /// What each of the other members' accounts has paid of what was held of it, by what is posted.
    pub fn family(&self) -> impl Iterator<Item = (&Share, Fen)> {
        (0_u32..).zip(&self.shares).map(|(number, share)| {
            let account = Account::FamilyAccount(number);
            let posted = self.decision.postings.iter().filter(|one| one.account == account);
            (share, posted.map(|one| one.amount).sum())
        })
    }

    /// Whether a registered visit has ended with it: it was settled neither midway nor by batch.
    pub fn ends_visit(&self) -> bool {
        self.sources.is_some() && !self.how.mid_stay && self.batch.is_none()
    }
}

impl Stored for Record {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(VERSION);
        self.seq.put(to);
        self.time_ms.put(to);
        self.request.put(to);
        self.event.put(to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<Record> {
        if u8::read(from)? != VERSION {
            return None;
        }
        Some(Record {
            seq: Stored::read(from)?,
            time_ms: Stored::read(from)?,
            request: Stored::read(from)?,
            event: Stored::read(from)?,
        })
    }
}
