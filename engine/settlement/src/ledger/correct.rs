//! Corrections by an operator: a settlement is cancelled for all that later ones stand upon it, or what is known has changed for a
//! time that is past. Later settlements of the member are decided anew, and what comes out otherwise is adjusted.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::iter;

use super::decide::{Basis, Decided, Room, Settlement, Shelf, refused};
use super::family::{Not, shares_to_move};
use super::undo::{Old, cancelled, moved, record_at, standing};
use super::{HeldKey, Ledger, Member, Money, Symbols, funds_of};
use crate::admit::SlotKey;
use crate::bill::{Account, Posting, Side};
use crate::bind::Charged;
use crate::command::Command;
use crate::event::{Adjusted, Corrected, Correction, Event, Refused, Settled};
use crate::facts::{ChargesFacts, LineFacts, MemberFacts};
use crate::limits::ADJUSTED_MAX;
use crate::money::Fen;
use crate::reason::Conduct;

/// A member as it was before some settlements, which are then made again.
struct Before {
    member: Member,
    symbols: Symbols,
}

impl Ledger {
    /// What a correction does.
    pub(super) fn correct(
        &self,
        command: &Command,
        correction: Correction,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Decided, Not> {
        if self.closed_to.is_some_and(|closed| correction.day <= closed) {
            return Err(refused(Conduct::DayIsClosed).into());
        }
        if self.facility(&command.request.asker).is_some() {
            return Err(refused(Conduct::OperatorsOnly).into());
        }
        let member = self.member(command)?;
        let all = member.settled();
        let first = all.iter().position(|one| one.seq() == correction.first);
        let since = first.and_then(|first| all.get(first..));
        let since = since.ok_or(refused(Conduct::SettlementUnknown))?;
        if since.first().is_some_and(|first| first.is_cancelled()) {
            return Err(refused(Conduct::CancelledBefore).into());
        }
        let stand = since.iter().filter(|one| !one.is_cancelled()).count();
        if u64::try_from(stand).map_or(true, |stand| stand > ADJUSTED_MAX) {
            return Err(refused(Conduct::TooManyToCorrect).into());
        }
        let olds = standing(since, shelf)?;
        let mut before = Before { member: member.clone(), symbols: self.symbols.clone() };
        for old in olds.iter().rev() {
            before.post(self, &old.settled, Fen::negated)?;
        }
        let (first, again) = match olds.split_first() {
            // What it took in would be free in a visit that has ended.
            Some((first, rest)) if correction.cancel && stay_goes_on(first, rest) => {
                return Err(refused(Conduct::VisitSettled).into());
            }
            Some((first, rest)) if correction.cancel => (Some(first), rest),
            Some(_) | None => (None, &*olds),
        };
        let mut adjusted: Vec<Adjusted> = Vec::new();
        let mut number = command.seq;
        for old in again {
            let settled = self
                .settle_anew(old, &before, correction.cancel, shelf, room)
                .map_err(|refused| Refused { detail: old.number, ..refused })?;
            before.post(self, &settled, |amount| amount)?;
            if before.effect(self, &settled) != before.effect(self, &old.settled) {
                number = number.saturating_add(1);
                adjusted.push(Adjusted {
                    number,
                    settlement: old.number,
                    place: old.place,
                    facility: old.facility.clone(),
                    taken_back: moved(&old.settled, Fen::negated),
                    settled,
                });
            }
        }
        let cancelled = match first {
            Some(old) => {
                let shares = shares_to_move(command, old.number, &old.settled, Fen::negated)?;
                Some((old.facility.clone(), cancelled(old, shares)))
            }
            None => None,
        };
        let corrected = Corrected { correction, cancelled, adjusted };
        Ok(Decided::Event(Event::Corrected(Box::new(corrected))))
    }

    /// A settlement as it comes out after what stands before it now: by what is known of the member now, or `as_known` then.
    fn settle_anew(
        &self,
        old: &Old,
        before: &Before,
        as_known: bool,
        shelf: &impl Shelf,
        room: &mut Room,
    ) -> Result<Settled, Refused> {
        let was = &*old.settled;
        let facility = self.facility(&old.facility).and_then(|known| known.facts_of(was.facility));
        let uploaded = lines_of(was, shelf)?;
        let charged = match &was.charges {
            ChargesFacts::Totals(totals) => Charged::Totals(totals),
            ChargesFacts::Lines(lines) => Charged::Lines(lines),
            ChargesFacts::Uploaded => Charged::Lines(&uploaded),
        };
        let known = if as_known { was.known } else { before.member.known() };
        let known_facts = known_of(&before.member, known, shelf)?;
        let paid = Money::of(&was.decision.postings);
        let family: Vec<Fen> = was.family().map(|(_, paid)| paid).collect();
        let basis = Basis {
            member: &before.member,
            facts: &known_facts,
            balance: paid.balance.negated(),
            family: &family,
            symbols: &before.symbols,
            facility_code: &old.facility,
            facility: facility.ok_or(refused(Conduct::FacilityUnknown))?,
            visit: &was.facts,
            number: was.visit,
            how: &was.how,
            charged,
        };
        let bill = self.bill(&basis, shelf, room)?;
        let mut anew = bill.of(Settlement {
            visit: was.visit,
            how: was.how,
            batch: was.batch.clone(),
            facts: was.facts.clone(),
            charges: was.charges.clone(),
            known,
            facility: was.facility,
            sources: was.sources.clone(),
            shares: was.shares.clone(),
        });
        let decision = &mut anew.decision;
        decision.balance = before.member.balance();
        go_on(&was.decision.postings, &mut decision.postings);
        Ok(anew)
    }
}

/// Whether a later settlement is of the visit that a mid-stay settlement left open, or ended the visit of a batch.
fn stay_goes_on(first: &Old, later: &[Old]) -> bool {
    let (visit, mid_stay) = (first.settled.visit, first.settled.how.mid_stay);
    let mut of_visit = later.iter().filter(|one| one.settled.visit == visit);
    of_visit.any(|one| mid_stay || one.settled.ends_visit())
}

/// What was known of a member by a record. Most members are as they were, and that record may be archived long since.
fn known_of(member: &Member, known: u64, shelf: &impl Shelf) -> Result<MemberFacts, Refused> {
    let unreachable = refused(Conduct::RecordUnreachable);
    if known == member.known() {
        return member.facts().ok_or(unreachable);
    }
    record_at(shelf, known)?.event.known().cloned().ok_or(unreachable)
}

/// Makes of a bill's postings those that go on from what it posted before: accounts and facility as they were, and what funds pay
/// more or less is owed to the person, or by the person where it is below nought.
fn go_on(before: &[Posting], postings: &mut Vec<Posting>) {
    postings.retain(|posting| match posting.account {
        Account::FundExpense(_) => true,
        Account::OwnAccount
        | Account::FamilyAccount(_)
        | Account::FacilityPayable
        | Account::PersonPayable => false,
    });
    let funds = |of: &[Posting]| funds_of(of).map(|(_, amount)| amount).sum::<Fen>();
    let (was, more) = (Money::of(before), funds(postings).minus(funds(before)));
    let own = (Account::OwnAccount, Side::Debit, was.balance.negated());
    let family = before.iter().filter_map(|posting| match posting.account {
        Account::FamilyAccount(_) => Some((posting.account, posting.side, posting.amount)),
        Account::FundExpense(_)
        | Account::OwnAccount
        | Account::FacilityPayable
        | Account::PersonPayable => None,
    });
    let owed = [
        (Account::FacilityPayable, Side::Credit, was.facility),
        (Account::PersonPayable, Side::Credit, was.person.plus(more)),
    ];
    for (account, side, amount) in iter::once(own).chain(family).chain(owed) {
        if !amount.is_zero() {
            postings.push(Posting { account, side, amount });
        }
    }
}

/// The lines that were uploaded for a settlement, from the journal; none where the visit was settled at once.
fn lines_of(settled: &Settled, shelf: &impl Shelf) -> Result<Vec<LineFacts>, Refused> {
    let unreachable = refused(Conduct::RecordUnreachable);
    let mut lines = Vec::new();
    for run in settled.sources.iter().flatten() {
        let Event::LinesUploaded(_, uploaded) = record_at(shelf, run.place)?.event else {
            return Err(unreachable);
        };
        let number = |number: u32| usize::try_from(number).ok();
        let of_run = number(run.from)
            .zip(number(run.count))
            .and_then(|(from, count)| uploaded.get(from..)?.get(..count));
        lines.extend_from_slice(of_run.ok_or(unreachable)?);
    }
    Ok(lines)
}

impl Before {
    /// Moves the slots as a settlement does, or as its opposite does.
    fn post(
        &mut self,
        ledger: &Ledger,
        settled: &Settled,
        sign: impl Fn(Fen) -> Fen,
    ) -> Result<(), Refused> {
        for change in &settled.decision.changes {
            let held = self.held(ledger, settled, change.key);
            let held = held.ok_or(refused(Conduct::RecordUnreachable))?;
            self.member.add(held, sign(change.delta()));
        }
        Ok(())
    }

    fn held(&mut self, ledger: &Ledger, settled: &Settled, key: SlotKey) -> Option<HeldKey> {
        let policy = ledger.policies.iter().find(|policy| policy.seq == settled.policy)?;
        policy.held_or_new(key, settled.labels.lent(), &mut self.symbols)
    }

    /// What a settlement does to slots and books, and its shares: where two have the same, nothing is to be adjusted.
    fn effect(&mut self, ledger: &Ledger, settled: &Settled) -> impl PartialEq + use<> {
        let mut slots: BTreeMap<Option<HeldKey>, Fen> = BTreeMap::new();
        for change in &settled.decision.changes {
            let sum = slots.entry(self.held(ledger, settled, change.key)).or_default();
            *sum = sum.plus(change.delta());
        }
        slots.retain(|_, sum| !sum.is_zero());
        let decision = &settled.decision;
        let shares = (decision.psn_part, decision.hosp_part, decision.account_own, decision.cash);
        (slots, decision.postings.clone(), decision.split, shares)
    }
}
