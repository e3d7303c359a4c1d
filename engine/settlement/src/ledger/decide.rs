//! Commands become events: checks in order of precedence, and nothing is changed. What must be looked up (a pack, the entries
//! of lines, an old record) is asked of a [`Shelf`] first; the rules then get values.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::family::{Not, check_family, shares_to_settle};
use super::{Ledger, Member, Needs, OpenVisit, Policy, RequestKey, Symbols};
use crate::admit::SlotKey;
use crate::bill::Decision;
use crate::bind::{self, Bound, Charged, ClaimFacts};
use crate::catalogue::{Found, LookUps, RuleBook};
use crate::command::{Command, End, Settle, What, WhichVisit};
use crate::event::{
    Event, KeyedBy, PolicyNames, Record, Refused, Run, Settled, Share, SlotLabels, Which,
};
use crate::facts::{
    ChargesFacts, FacilityFacts, LineFacts, MemberFacts, SettleFacts, Text, VisitChange, VisitFacts,
};
use crate::id::{Admdvs, DiagnosisId, LineKind, VisitId};
use crate::limits::{BILL_FEN_MAX, CLOCK_SKEW_SECONDS, LINES_MAX};
use crate::money::Fen;
use crate::pack::{Channel, Pack, SlotKeyKind};
use crate::price::LineOutcome;
use crate::reason::{Conduct, Reason, Refusal};
use crate::settle::{Desk, Looked};

/// What the ledger asks for before it decides.
pub trait Shelf {
    /// Look-ups on their way.
    type LookUps<'a>: LookUps
    where
        Self: 'a;

    /// The pack of the pool that a place of insurance belongs to.
    fn pack_of(&self, admdvs: &str) -> Option<&Pack>;

    /// Begins to look the lines of a claim up in an image; without one no catalogue is told, and every code is unknown.
    fn look_up<'a>(&'a self, asked: LookUp<'a>) -> (Option<Catalogue<'a>>, Self::LookUps<'a>);

    /// Adds the diagnoses of these codes that are known.
    fn diagnoses(&self, codes: &[Text], known: &mut Vec<DiagnosisId>);

    /// The record of this number in the journal.
    fn record(&self, place: u64) -> Option<Vec<u8>>;
}

/// What is to be looked up, and room for what is found.
#[derive(Debug)]
pub struct LookUp<'a> {
    /// The pack, which says whose catalogue a claim by hand takes.
    pub pack: &'a Pack,
    /// Place of insurance.
    pub insured: &'a str,
    /// Place of treatment.
    pub treatment: Admdvs,
    /// How the claim reaches the fund.
    pub channel: Channel,
    /// Lines.
    pub lines: &'a [LineFacts],
    /// Room for what is found.
    pub found: &'a mut Vec<Found>,
}

/// The image that things were looked up in.
#[derive(Copy, Clone, Debug)]
pub struct Catalogue<'a> {
    /// Its digest.
    pub digest: &'a [u8; 32],
    /// Its rules.
    pub rules: &'a RuleBook,
    /// The line kind of each of its tags in the pack.
    pub kinds_of_tags: &'a [LineKind],
}

/// What the ledger makes of a command.
#[derive(Clone, Eq, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and there is one at a time")]
pub enum Decided {
    /// This happens: it is to be applied and journaled.
    Event(Event),
    /// It happened before: the answer is that of this record.
    Again(u64),
    /// What a settlement would give.
    PreSettled(Box<Settled>),
    /// Everything is as the command wants it already.
    Nothing,
    /// Refused, and nothing is remembered of it.
    Refused(Refused),
    /// Not decided yet: other members' accounts are to be asked first, and the command comes again with their shares.
    Needs(Needs),
}

/// Room for deciding, kept from command to command.
#[derive(Debug, Default)]
pub struct Room {
    desk: Desk,
    bound: Bound,
    found: Vec<Found>,
    diagnoses: Vec<DiagnosisId>,
}

impl Room {
    /// Takes back the room of a record that was applied, so that the next decision allocates nothing.
    pub fn reuse(&mut self, event: Event) {
        if let Event::Settled(settled) = event {
            self.desk.give_back(settled.decision);
        }
    }
}

/// What a bill is decided from, besides pack and image.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub(super) member: &'a Member,
    /// What is known of the member.
    pub(super) facts: &'a MemberFacts,
    pub(super) balance: Fen,
    /// What is held of other members' accounts.
    pub(super) family: &'a [Fen],
    /// The texts of the member's slots.
    pub(super) symbols: &'a Symbols,
    pub(super) facility_code: &'a str,
    pub(super) facility: &'a FacilityFacts,
    pub(super) visit: &'a VisitFacts,
    pub(super) number: VisitId,
    pub(super) how: &'a SettleFacts,
    pub(super) charged: Charged<'a>,
}

/// A bill, and what it was decided by.
pub(super) struct Bill {
    policy: u64,
    catalogue: u64,
    labels: SlotLabels,
    read: Vec<(SlotKey, Fen)>,
    decision: Decision,
}

/// The settlement that a bill is of.
pub(super) struct Settlement {
    pub(super) visit: VisitId,
    pub(super) how: SettleFacts,
    pub(super) batch: Option<Text>,
    pub(super) facts: VisitFacts,
    pub(super) charges: ChargesFacts,
    pub(super) known: u64,
    pub(super) facility: u64,
    pub(super) sources: Option<Vec<Run>>,
    pub(super) shares: Vec<Share>,
}

impl Bill {
    pub(super) fn of(self, settlement: Settlement) -> Settled {
        let Bill { policy, catalogue, labels, read, decision } = self;
        let Settlement { visit, how, batch, facts, charges, known, facility, sources, shares } =
            settlement;
        Settled {
            visit,
            how,
            batch,
            facts,
            charges,
            known,
            facility,
            policy,
            catalogue,
            labels,
            read,
            sources,
            shares,
            decision,
        }
    }
}

impl OpenVisit {
    /// Refuses where nothing of a batch is left to be settled or withdrawn.
    fn has_open_lines(&self, batch: &str) -> Result<(), Refused> {
        match self.open_lines(Some(batch)).next() {
            Some(_) => Ok(()),
            None => Err(refused(Conduct::BatchUnknown)),
        }
    }
}

impl Ledger {
    /// Decides a command and changes nothing. `key` is [`RequestKey::of_command`].
    pub fn decide(
        &self,
        command: &Command,
        key: Option<RequestKey>,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Decided {
        match key.map_or(Ok(None), |key| self.answered(command, key, shelf)) {
            Ok(Some(answered)) => return answered,
            Ok(None) => {}
            Err(refused) => return Decided::Refused(refused),
        }
        match self.decide_new(command, shelf, room) {
            // What cannot be read now may be put back, and then it is decided.
            Err(Not::Refused(refused)) if refused.is_unreachable() => Decided::Refused(refused),
            // A refusal of what has a key is remembered, as any decision of the ledger.
            Err(Not::Refused(refused)) if key.is_some() => Decided::Event(Event::Refused(refused)),
            Err(Not::Refused(refused)) => Decided::Refused(refused),
            Err(Not::Needs(needs)) => Decided::Needs(needs),
            Ok(decided) => decided,
        }
    }

    /// How lines of a registered visit would be split at a time, were they settled alone by whom a command is of: whatever else the command
    /// says, and whatever became of the visit since. `None` where such a bill would be refused.
    pub fn split(
        &self,
        command: &Command,
        (number, lines): (VisitId, &[LineFacts]),
        mut how: SettleFacts,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Option<Vec<LineOutcome>> {
        let visit = &self.visit_of(command, number).ok()?.facts;
        how.end = how.end.max(visit.begin);
        how.settle_at_end();
        let member = self.member(command).ok()?;
        let facility_code = &*command.request.asker;
        let basis = Basis {
            member,
            facts: &member.facts()?,
            balance: member.balance(),
            family: &[],
            symbols: &self.symbols,
            facility_code,
            facility: self.facilities.get(facility_code)?.facts()?,
            visit,
            number,
            how: &how,
            charged: Charged::Lines(lines),
        };
        Some(self.bill(&basis, shelf, room).ok()?.decision.lines)
    }

    fn decide_new(
        &self,
        command: &Command,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Decided, Not> {
        let event = match &command.what {
            What::RegisterMember(facts, opening) => self.register(command, facts, *opening)?,
            What::RegisterFacility(code, facts) => {
                Event::FacilityRegistered(code.clone(), facts.clone())
            }
            What::Deposit(amount) => self.deposit(command, *amount)?,
            What::File(filed) => self.file(command, filed)?,
            What::Unfile(number, kind) => self.unfile(command, *number, *kind, shelf)?,
            What::OpenVisit(facts) => {
                self.member(command)?;
                self.facility(&command.request.asker).ok_or(refused(Conduct::FacilityUnknown))?;
                if facts.is_reversed() {
                    return Err(of_refusal(Refusal::of(Reason::DatesReversed)).into());
                }
                Event::VisitOpened(facts.clone())
            }
            What::ChangeVisit(number, change) => self.change_visit(command, *number, change)?,
            What::CloseVisit(number) => {
                let visit = self.visit_of(command, *number)?;
                visit.nothing_charged()?;
                Event::VisitClosed(*number)
            }
            What::Upload(number, lines) => return Ok(self.upload(command, *number, lines)?),
            What::Withdraw(number, which) => self.withdraw(command, *number, which)?,
            What::PreSettle(settle) => {
                let settled = self.settle(command, settle, shelf, room)?;
                return Ok(Decided::PreSettled(Box::new(settled)));
            }
            What::Settle(settle) => {
                Event::Settled(Box::new(self.settle(command, settle, shelf, room)?))
            }
            What::Cancel(settlement) => {
                Event::Cancelled(Box::new(self.cancel(command, *settlement, shelf)?))
            }
            What::Correct(correction) => {
                return self.correct(command, *correction, shelf, room);
            }
            What::Reverse(infno, msgid) => return self.reverse(command, *infno, msgid, shelf),
            What::LoadPolicy(names) => {
                if self.policies.iter().any(|policy| policy.names.digest == names.digest) {
                    return Ok(Decided::Nothing);
                }
                Event::PolicyLoaded(names.clone())
            }
            What::LoadCatalogue(digest) => {
                if self.catalogues.iter().any(|(_, known)| known == digest) {
                    return Ok(Decided::Nothing);
                }
                Event::CatalogueLoaded(*digest)
            }
            What::CloseDay(day) => Event::DayClosed(*day),
            What::Hold(hold) => self.hold(command, hold)?,
            What::EndHold(end) => self.end_hold(command, *end)?,
        };
        Ok(Decided::Event(event))
    }

    pub(super) fn member(&self, command: &Command) -> Result<&Member, Refused> {
        self.members.get(&command.request.psn_no).ok_or(refused(Conduct::MemberUnknown))
    }

    /// A visit of the request's member at the request's facility.
    pub(super) fn visit_of(
        &self,
        command: &Command,
        number: VisitId,
    ) -> Result<&OpenVisit, Refused> {
        let own = |visit: &&OpenVisit| {
            visit.psn_no == command.request.psn_no && visit.facility == command.request.asker
        };
        self.visit(number).filter(own).ok_or(refused(Conduct::VisitUnknown))
    }

    /// A member that is known keeps the account as it is, and what was filed: the bureau's lists come without it.
    fn register(
        &self,
        command: &Command,
        facts: &MemberFacts,
        opening: Fen,
    ) -> Result<Event, Refused> {
        if opening.is_negative() || opening.get() > BILL_FEN_MAX {
            return Err(refused(Conduct::DepositOutOfBounds));
        }
        check_family(&command.request.psn_no, facts)?;
        let known = self.members.get(&command.request.psn_no);
        let opening = if known.is_none() { opening } else { Fen::ZERO };
        let filed = known.and_then(Member::facts).map(|facts| facts.filed).unwrap_or_default();
        Ok(Event::MemberRegistered(MemberFacts { filed, ..facts.clone() }, opening))
    }

    fn deposit(&self, command: &Command, amount: Fen) -> Result<Event, Refused> {
        let member = self.member(command)?;
        let sound = amount > Fen::ZERO
            && amount.get() <= BILL_FEN_MAX
            && member.balance().plus(amount).get() <= BILL_FEN_MAX;
        if !sound {
            return Err(refused(Conduct::DepositOutOfBounds));
        }
        Ok(Event::Deposited(amount))
    }

    /// What is said of a visit may change until a settlement stands that was decided by it; one midway is not undone by it.
    fn change_visit(
        &self,
        command: &Command,
        number: VisitId,
        change: &VisitChange,
    ) -> Result<Event, Refused> {
        let visit = self.visit_of(command, number)?;
        if visit.is_settled() {
            return Err(refused(Conduct::VisitSettled));
        }
        match (visit.facts.end, change.end) {
            (Some(ended), Some(Some(end))) if ended != end => {
                return Err(refused(Conduct::VisitEnded));
            }
            (None, Some(None)) => return Err(refused(Conduct::VisitNotEnded)),
            (Some(_) | None, Some(_) | None) => {}
        }
        let mut facts = visit.facts.clone();
        facts.change(change);
        if facts.is_reversed() {
            return Err(of_refusal(Refusal::of(Reason::DatesReversed)));
        }
        Ok(Event::VisitChanged(number, change.clone()))
    }

    /// Lines that are new are taken in; a line that is there with the same content is confirmed.
    fn upload(
        &self,
        command: &Command,
        number: VisitId,
        lines: &[LineFacts],
    ) -> Result<Decided, Refused> {
        let visit = self.visit_of(command, number)?;
        let held = visit.lines.all();
        let held = held.iter().map(|held| &held.facts);
        let mut known: BTreeMap<&str, &LineFacts> =
            held.map(|facts| (&*facts.serial, facts)).collect();
        let mut new: Vec<LineFacts> = Vec::new();
        for (index, line) in (0_u32..).zip(lines) {
            match known.insert(&line.serial, line) {
                Some(there) if there == line => {}
                Some(_) => {
                    let refusal = refused(Conduct::LineDiffers);
                    return Err(Refused { line: Some(index), ..refusal });
                }
                None => new.push(line.clone()),
            }
        }
        if new.is_empty() {
            return Ok(Decided::Nothing);
        }
        if visit.settled.is_some() {
            return Err(refused(Conduct::VisitSettled));
        }
        if visit.facts.end.is_some() {
            return Err(refused(Conduct::VisitEnded));
        }
        if visit.lines.len().saturating_add(new.len()) > LINES_MAX {
            return Err(refused(Conduct::TooManyLinesOfVisit));
        }
        Ok(Decided::Event(Event::LinesUploaded(number, new)))
    }

    fn withdraw(
        &self,
        command: &Command,
        number: VisitId,
        which: &Which,
    ) -> Result<Event, Refused> {
        let visit = self.visit_of(command, number)?;
        let serials = match which {
            Which::All => &[][..],
            Which::Serials(serials) => serials,
            Which::Batch(batch) => {
                visit.has_open_lines(batch)?;
                &[]
            }
        };
        let lines = visit.lines.all();
        let settled: BTreeMap<&str, bool> =
            lines.iter().map(|line| (&*line.facts.serial, line.settled != 0)).collect();
        for (index, serial) in (0_u32..).zip(serials) {
            let why = match settled.get(&**serial) {
                None => Conduct::LineUnknown,
                Some(true) => Conduct::LineSettled,
                Some(false) => continue,
            };
            return Err(Refused { line: Some(index), ..refused(why) });
        }
        Ok(Event::LinesWithdrawn(number, which.clone()))
    }

    /// What settling now gives.
    fn settle(
        &self,
        command: &Command,
        settle: &Settle,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Settled, Not> {
        let member = self.member(command)?;
        let code = &*command.request.asker;
        let facility = self.facilities.get(code).ok_or(refused(Conduct::FacilityUnknown))?;
        let facility_facts = facility.facts().ok_or(refused(Conduct::FacilityUnknown))?;
        let (number, batch) = match &settle.visit {
            WhichVisit::AtOnce(_) => (VisitId::new(command.seq), None),
            WhichVisit::Registered(number) => (*number, None),
            WhichVisit::Batch(number, batch) => (*number, Some(batch)),
        };
        let (registered, facts) = match &settle.visit {
            WhichVisit::AtOnce(facts) => (None, facts),
            WhichVisit::Registered(_) | WhichVisit::Batch(_, _) => {
                let visit = self.visit_to_settle(command, number, batch)?;
                (Some(visit), &visit.facts)
            }
        };
        let mut how = settle.how;
        how.end = match (facts.end, settle.end, batch) {
            (Some(end), _, _) => end,
            (None, End::Stated, _) => how.end,
            (None, End::SoFar, _) => how.end.max(facts.begin),
            (None, End::Registered, Some(_)) => facts.begin,
            (None, End::Registered, None) => return Err(refused(Conduct::VisitLasts).into()),
        };
        if settle.end != End::Stated {
            how.settle_at_end();
        }
        let uploaded: Vec<LineFacts>;
        let charged = match (&settle.charges, registered) {
            (ChargesFacts::Totals(totals), _) => Charged::Totals(totals),
            (ChargesFacts::Lines(lines), _) => Charged::Lines(lines),
            (ChargesFacts::Uploaded, None) => Charged::Lines(&[]),
            (ChargesFacts::Uploaded, Some(visit)) => {
                let open = visit.open_lines(batch.map(|batch| &**batch));
                uploaded = open.map(|line| line.facts.clone()).collect();
                Charged::Lines(&uploaded)
            }
        };
        check_total(&how, charged)?;
        if self.closed_to.is_some_and(|closed| how.settled.day() <= closed) {
            return Err(refused(Conduct::DayIsClosed).into());
        }
        let known = member.facts().ok_or(refused(Conduct::MemberUnknown))?;
        let shares = shares_to_settle(command, &known, &how)?;
        let family: Vec<Fen> = shares.iter().map(|share| share.amount).collect();
        let basis = Basis {
            member,
            facts: &known,
            balance: member.balance(),
            family: &family,
            symbols: &self.symbols,
            facility_code: code,
            facility: facility_facts,
            visit: facts,
            number,
            how: &how,
            charged,
        };
        let bill = self.bill(&basis, shelf, room)?;
        let sources = registered.map(|visit| visit.sources(batch.map(|batch| &**batch)));
        Ok(bill.of(Settlement {
            visit: number,
            how,
            batch: batch.cloned(),
            facts: facts.clone(),
            charges: settle.charges.clone(),
            known: member.known(),
            facility: facility.revision(),
            sources,
            shares,
        }))
    }

    /// A registered visit that has something to be settled.
    fn visit_to_settle(
        &self,
        command: &Command,
        number: VisitId,
        batch: Option<&Text>,
    ) -> Result<&OpenVisit, Refused> {
        let visit = self.visit_of(command, number)?;
        if visit.settled.is_some() {
            return Err(refused(Conduct::VisitSettled));
        }
        batch.map_or(Ok(()), |batch| visit.has_open_lines(batch))?;
        Ok(visit)
    }

    /// The bill of a claim, by the pack and image now in use.
    pub(super) fn bill(
        &self,
        basis: &Basis<'_>,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Bill, Refused> {
        let Basis { member, facts, visit, .. } = *basis;
        let no_pack = || of_refusal(Refusal::of(Reason::PoolWithoutPack));
        let pack = shelf.pack_of(&facts.admdvs).ok_or_else(no_pack)?;
        let policy = self.policy_of(pack).ok_or_else(no_pack)?;
        let lines = match basis.charged {
            Charged::Lines(lines) => lines,
            Charged::Totals(_) => &[],
        };
        let Room { desk, bound, found, diagnoses } = room;
        diagnoses.clear();
        shelf.diagnoses(&visit.diagnoses, diagnoses);
        let (catalogue, found) = shelf.look_up(LookUp {
            pack,
            insured: &facts.admdvs,
            treatment: basis.facility.admdvs,
            channel: basis.how.channel,
            lines,
            found,
        });
        let claim = ClaimFacts {
            member: facts,
            balance: basis.balance,
            family: basis.family,
            facility_code: basis.facility_code,
            facility: basis.facility,
            visit,
            stay: visit.continues.unwrap_or(basis.number),
            how: basis.how,
            charged: basis.charged,
            diagnoses,
        };
        bound.fill(&claim, pack).map_err(|_| refused(Conduct::LineKindUnknown))?;
        let submitted = bound.lend(&claim);
        let labels = SlotLabels {
            insutype: visit.insutype.get(),
            disease: visit.disease.clone(),
            filing: bind::filing_label(&claim, pack),
        };
        let empty = RuleBook::default();
        let looked = Looked {
            found,
            rules: catalogue.map_or(&empty, |catalogue| catalogue.rules),
            kinds_of_tags: catalogue.map_or(&[], |catalogue| catalogue.kinds_of_tags),
        };
        let mut read: Vec<(SlotKey, Fen)> = Vec::new();
        let value = |key: SlotKey| {
            let held = policy.held(key, labels.lent(), basis.symbols);
            let value = held.map_or(Fen::ZERO, |held| member.slot(held));
            read.push((key, value));
            value
        };
        desk.settle(&submitted, pack, looked, value).map_err(of_refusal)?;
        let decision = desk.take();
        read.retain(|(key, _)| decision.changes.iter().all(|change| change.key != *key));
        let named = catalogue
            .and_then(|used| self.catalogues.iter().find(|(_, digest)| digest == used.digest));
        let catalogue = named.map_or(0, |(seq, _)| *seq);
        Ok(Bill { policy: policy.seq, catalogue, labels, read, decision })
    }

    /// Decides a settlement or a correction anew from its record, before the record is applied: what an audit compares with it.
    ///
    /// # Errors
    /// The refusal that it would meet now; also where the record is of something else.
    pub fn decide_again(
        &self,
        record: &Record,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Event, Refused> {
        let (seq, time_ms, request) = (record.seq, record.time_ms, record.request.clone());
        if let Event::Corrected(corrected) = &record.event {
            let what = What::Correct(corrected.correction);
            let shares =
                corrected.cancelled.as_ref().map(|(_, cancelled)| cancelled.shares.clone());
            let command = Command { seq, time_ms, request, what, shares };
            let decided = self.correct(&command, corrected.correction, shelf, room);
            let decided = decided.map_err(Not::refused)?;
            let Decided::Event(event) = decided else {
                return Err(refused(Conduct::SettlementUnknown));
            };
            return Ok(event);
        }
        let Event::Settled(settled) = &record.event else {
            return Err(refused(Conduct::SettlementUnknown));
        };
        let visit = match (&settled.sources, &settled.batch) {
            (None, _) => WhichVisit::AtOnce(settled.facts.clone()),
            (Some(_), None) => WhichVisit::Registered(settled.visit),
            (Some(_), Some(batch)) => WhichVisit::Batch(settled.visit, batch.clone()),
        };
        let settle =
            Settle { end: End::Stated, visit, how: settled.how, charges: settled.charges.clone() };
        let what = What::Settle(settle.clone());
        let shares = Some(settled.shares.clone());
        let command = Command { seq, time_ms, request, what, shares };
        let settled = self.settle(&command, &settle, shelf, room).map_err(Not::refused)?;
        Ok(Event::Settled(Box::new(settled)))
    }

    fn policy_of(&self, pack: &Pack) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.names.digest == pack.data().digest)
    }
}

impl SettleFacts {
    /// It is settled by our clock, and began and ended by another, which may be ahead a little. What is to come is refused.
    fn settle_at_end(&mut self) {
        if !self.end.is_after(self.settled.later(CLOCK_SKEW_SECONDS)) {
            self.settled = self.settled.max(self.end);
        }
    }
}

/// Whether the amount given is the sum of the lines.
fn check_total(how: &SettleFacts, charged: Charged<'_>) -> Result<(), Refused> {
    let Some(given) = how.total else { return Ok(()) };
    let sum = match charged {
        Charged::Totals(totals) => totals.total,
        Charged::Lines(lines) => {
            // Beyond the bounds of a bill the core refuses by its own reason; here nothing may overflow before that.
            let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount.get()));
            sum.map_or(given, Fen::new)
        }
    };
    if sum == given {
        return Ok(());
    }
    Err(Refused { figures: Some((given, sum)), ..refused(Conduct::TotalDiffers) })
}

pub(super) fn refused(why: Conduct) -> Refused {
    Refused { reason: why.number(), line: None, figures: None, detail: 0 }
}

fn of_refusal(refusal: Refusal) -> Refused {
    let Refusal { reason, line, figures } = refusal;
    Refused { reason: reason.number(), line, figures, detail: 0 }
}

impl PolicyNames {
    /// The names of a pack.
    pub fn of(pack: &Pack) -> PolicyNames {
        let data = pack.data();
        let by = |kind| match kind {
            SlotKeyKind::None => KeyedBy::Nothing,
            SlotKeyKind::Disease => KeyedBy::Disease,
            SlotKeyKind::DiseaseGroup => KeyedBy::Group,
            SlotKeyKind::Scheme => KeyedBy::Scheme,
        };
        let slots = data.slots.iter().map(|slot| (slot.id.as_str().into(), by(slot.key)));
        PolicyNames {
            pool: data.pool.as_str().into(),
            digest: data.digest,
            slots: slots.collect(),
            diseases: super::texts(data.diseases.iter().map(|name| name.as_str())),
            groups: super::texts(data.disease_group_names.iter().map(|name| name.as_str())),
        }
    }
}
