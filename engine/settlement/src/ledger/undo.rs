//! Undoing: a settlement is cancelled where nothing has come of it since, an earlier request is reversed (冲正), and what was
//! cancelled is put back.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::decide::{Decided, Shelf, refused};
use super::family::{Not, shares_to_move};
use super::{Effect, HeldKey, HeldSettlement, Ledger, Money, RequestKey, funds_of};
use crate::admit::SlotKey;
use crate::bill::Decision;
use crate::command::Command;
use crate::event::{Cancelled, Event, Moved, Record, Refused, Reversed, Settled, Share, Undone};
use crate::facts::{ChargesFacts, Text};
use crate::id::VisitId;
use crate::money::Fen;
use crate::reason::Conduct;
use crate::stored;

/// A settlement as its record says it is.
pub(super) struct Old {
    pub(super) number: u64,
    pub(super) facility: Text,
    pub(super) settled: Box<Settled>,
    pub(super) place: u64,
}

impl Ledger {
    /// The opposite of a settlement, if nothing stands in its way.
    pub(super) fn cancel(
        &self,
        command: &Command,
        settlement: u64,
        shelf: &impl Shelf,
    ) -> Result<Cancelled, Not> {
        let member = self.member(command)?;
        let all = member.settled();
        let number = all.iter().position(|one| one.seq == settlement);
        let (held, after) = number
            .and_then(|number| all.get(number..)?.split_first())
            .ok_or(refused(Conduct::SettlementUnknown))?;
        if held.is_cancelled() {
            let own = cancelled_at(shelf, *held)? == command.request.asker;
            let why = if own { Conduct::CancelledBefore } else { Conduct::SettlementUnknown };
            return Err(refused(why).into());
        }
        let old = old(shelf, held.seq, held.place())?;
        if old.facility != command.request.asker {
            return Err(refused(Conduct::SettlementUnknown).into());
        }
        self.nothing_between(&standing(after, shelf)?, &old)?;
        let shares = shares_to_move(command, settlement, &old.settled, Fen::negated)?;
        Ok(cancelled(&old, shares))
    }

    /// Refuses where one of the later settlements has read a slot that an old one changed.
    fn nothing_between(&self, later: &[Old], old: &Old) -> Result<(), Refused> {
        let changed = self.keys(&old.settled, false);
        let has_read =
            |one: &&Old| self.keys(&one.settled, true).iter().any(|key| changed.contains(key));
        let count = later.iter().filter(has_read).count();
        if count > 0 {
            let detail = u64::try_from(count).unwrap_or(u64::MAX);
            return Err(Refused { detail, ..refused(Conduct::LaterSettlements) });
        }
        Ok(())
    }

    /// The slots that a settlement changed, and with `read` those it only read.
    fn keys(&self, settled: &Settled, read: bool) -> Vec<HeldKey> {
        let changed = settled.decision.changes.iter().map(|change| change.key);
        let only_read = settled.read.iter().filter(|_| read).map(|(key, _)| *key);
        changed.chain(only_read).filter_map(|key| self.held(settled, key)).collect()
    }

    /// The key by which a slot of a settlement is held.
    fn held(&self, settled: &Settled, key: SlotKey) -> Option<HeldKey> {
        let policy = self.policies.iter().find(|policy| policy.seq == settled.policy)?;
        policy.held(key, settled.labels.lent(), &self.symbols)
    }

    /// Undoes what an earlier request did, or leaves a mark for one that has not come.
    pub(super) fn reverse(
        &self,
        command: &Command,
        infno: u16,
        msgid: &str,
        shelf: &impl Shelf,
    ) -> Result<Decided, Not> {
        let request = &command.request;
        let key = RequestKey::new(&request.asker, infno, msgid, &request.psn_no);
        let known = self.known(command, (key, msgid), shelf)?;
        let undone = match known.map(|known| (known.effect, known.place)) {
            None => Undone::NotYetCome,
            // A second reversal gets the answer of the first.
            Some((Effect::Mark | Effect::Undone, place)) => return Ok(Decided::Again(place)),
            Some((Effect::Refused, _)) => Undone::NoEffect,
            Some((Effect::Lasting, _)) => return Err(refused(Conduct::NotReversible).into()),
            Some((Effect::Visit(visit), _)) => {
                let number = VisitId::new(visit);
                let visit = self.visit_of(command, number)?;
                if visit.settled.is_some() || visit.lines.iter().any(|line| line.settled != 0) {
                    return Err(refused(Conduct::VisitSettled).into());
                }
                Undone::Visit(number)
            }
            Some((Effect::Settlement(settlement), _)) => {
                Undone::Settlement(self.cancel(command, settlement, shelf)?)
            }
            Some((Effect::Cancellation(settlement), place)) => {
                Undone::Cancellation(self.put_back(command, settlement, place, shelf)?)
            }
        };
        let reversed = Reversed { infno, msgid: msgid.into(), undone };
        Ok(Decided::Event(Event::Reversed(Box::new(reversed))))
    }

    /// Whether the lines of a visit that are not settled are those that a settlement took in.
    fn has_its_lines(&self, settled: &Settled) -> bool {
        let Some(visit) = self.visit(settled.visit) else { return true };
        if settled.charges != ChargesFacts::Uploaded {
            return true;
        }
        settled.sources.as_ref().is_some_and(|sources| *sources == visit.sources())
    }

    /// A cancelled settlement stands again, if nothing came in between.
    fn put_back(
        &self,
        command: &Command,
        settlement: u64,
        cancellation: u64,
        shelf: &impl Shelf,
    ) -> Result<Cancelled, Not> {
        let member = self.member(command)?;
        let held = member.settled().iter().find(|one| one.seq == settlement);
        // By this cancellation, and not by another since.
        let held = held.filter(|one| one.is_cancelled() && one.place() == cancellation);
        let held = held.ok_or(refused(Conduct::SettlementUnknown))?;
        let Event::Cancelled(cancelled) = record_at(shelf, held.place())?.event else {
            return Err(refused(Conduct::RecordUnreachable).into());
        };
        let old = old(shelf, held.seq, cancelled.place)?;
        // What was made since, and what was made anew since.
        let since = member.settled().iter().filter(|one| one.place() > cancellation);
        let later = standing(since, shelf)?;
        self.nothing_between(&later, &old)?;
        let visit = old.settled.visit;
        if later.iter().any(|one| one.settled.visit == visit) || !self.has_its_lines(&old.settled) {
            return Err(refused(Conduct::VisitSettled).into());
        }
        // It was decided on these slots: what was cancelled or put back meanwhile may have changed them, too.
        let Settled { decision, read, .. } = &*old.settled;
        let changed = decision.changes.iter().map(|change| (change.key, change.before));
        let mut seen: Vec<HeldKey> = Vec::new();
        for (key, value) in changed.chain(read.iter().copied()) {
            let Some(held) = self.held(&old.settled, key) else { continue };
            // A later part of a stay has read what an earlier one had left.
            if !seen.contains(&held) && member.slot(held) != value {
                return Err(refused(Conduct::LaterSettlements).into());
            }
            seen.push(held);
        }
        let posted = moved(&old.settled, |amount| amount);
        if member.balance().plus(posted.balance).is_negative() {
            return Err(refused(Conduct::LaterSettlements).into());
        }
        let shares = shares_to_move(command, settlement, &old.settled, |amount| amount)?;
        Ok(Cancelled { settlement, place: old.place, posted, shares })
    }
}

/// A settlement, from the record that says what it is now.
fn old(shelf: &impl Shelf, number: u64, place: u64) -> Result<Old, Refused> {
    let unreachable = || refused(Conduct::RecordUnreachable);
    let record = record_at(shelf, place)?;
    let (facility, settled) = match record.event {
        Event::Settled(settled) => (record.request.asker, settled),
        Event::Corrected(corrected) => {
            let mut adjusted = corrected.adjusted.into_iter();
            let now = adjusted.find(|one| one.settlement == number).ok_or_else(unreachable)?;
            (now.facility, Box::new(now.settled))
        }
        Event::MemberRegistered(_, _)
        | Event::FacilityRegistered(_, _)
        | Event::Deposited(_)
        | Event::VisitOpened(_)
        | Event::VisitClosed(_)
        | Event::LinesUploaded(_, _)
        | Event::LinesWithdrawn(_, _)
        | Event::Cancelled(_)
        | Event::Reversed(_)
        | Event::Refused(_)
        | Event::PolicyLoaded(_)
        | Event::CatalogueLoaded(_)
        | Event::DayClosed(_)
        | Event::FamilyHeld(_)
        | Event::FamilyEnded(_) => return Err(unreachable()),
    };
    Ok(Old { number, facility, settled, place })
}

/// The record that made a settlement, and its place: back from the one that says what it is now.
pub(super) fn made_by(shelf: &impl Shelf, held: HeldSettlement) -> Result<(Record, u64), Refused> {
    let unreachable = refused(Conduct::RecordUnreachable);
    let mut place = held.place();
    loop {
        let record = record_at(shelf, place)?;
        let before = match &record.event {
            Event::Settled(_) => return Ok((record, place)),
            Event::Cancelled(cancelled) => cancelled.place,
            Event::Reversed(reversed) => match &reversed.undone {
                Undone::Settlement(moved) | Undone::Cancellation(moved) => moved.place,
                Undone::NotYetCome | Undone::NoEffect | Undone::Visit(_) => {
                    return Err(unreachable);
                }
            },
            Event::Corrected(corrected) => corrected.place_before(held.seq).ok_or(unreachable)?,
            Event::MemberRegistered(_, _)
            | Event::FacilityRegistered(_, _)
            | Event::Deposited(_)
            | Event::VisitOpened(_)
            | Event::VisitClosed(_)
            | Event::LinesUploaded(_, _)
            | Event::LinesWithdrawn(_, _)
            | Event::Refused(_)
            | Event::PolicyLoaded(_)
            | Event::CatalogueLoaded(_)
            | Event::DayClosed(_)
            | Event::FamilyHeld(_)
            | Event::FamilyEnded(_) => return Err(unreachable),
        };
        // What a record names came before it.
        place = Some(before).filter(|before| *before < place).ok_or(unreachable)?;
    }
}

/// The facility of a settlement that was cancelled.
fn cancelled_at(shelf: &impl Shelf, held: HeldSettlement) -> Result<Text, Refused> {
    let record = record_at(shelf, held.place())?;
    // Whoever is not the bureau cancels and reverses only its own.
    let Event::Corrected(corrected) = record.event else { return Ok(record.request.asker) };
    let cancelled = corrected.cancelled.ok_or(refused(Conduct::RecordUnreachable))?;
    Ok(cancelled.0)
}

/// Those of some settlements that stand.
pub(super) fn standing<'h>(
    held: impl IntoIterator<Item = &'h HeldSettlement>,
    shelf: &impl Shelf,
) -> Result<Vec<Old>, Refused> {
    held.into_iter()
        .filter(|one| !one.is_cancelled())
        .map(|one| old(shelf, one.seq, one.place()))
        .collect()
}

/// A record, by its number in the journal.
pub(super) fn record_at(shelf: &impl Shelf, place: u64) -> Result<Record, Refused> {
    let bytes = shelf.record(place);
    bytes.and_then(|bytes| stored::whole(&bytes)).ok_or(refused(Conduct::RecordUnreachable))
}

/// The opposite of a settlement.
pub(super) fn cancelled(old: &Old, shares: Vec<Share>) -> Cancelled {
    let posted = moved(&old.settled, Fen::negated);
    Cancelled { settlement: old.number, place: old.place, posted, shares }
}

/// What posting a settlement, or its opposite, moves.
pub(super) fn moved(settled: &Settled, sign: impl Fn(Fen) -> Fen) -> Moved {
    let Decision { changes, postings, .. } = &settled.decision;
    let money = Money::of(postings);
    Moved {
        visit: settled.visit,
        policy: settled.policy,
        labels: settled.labels.clone(),
        slots: changes.iter().map(|change| (change.key, sign(change.delta()))).collect(),
        balance: sign(money.balance),
        family: sign(money.family),
        funds: funds_of(postings).map(|(fund, amount)| (fund, sign(amount))).collect(),
        facility: sign(money.facility),
        person: sign(money.person),
    }
}
