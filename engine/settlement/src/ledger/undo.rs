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
use crate::event::{
    Adjusted, Cancelled, Event, Moved, Record, Refused, Reversed, Settled, Share, Undone,
};
use crate::facts::{ChargesFacts, Text};
use crate::id::VisitId;
use crate::money::Fen;
use crate::reason::Conduct;
use crate::stored;

/// The transactions that are reversed: settlements and their cancellations, at pharmacies, of outpatients and of inpatients, and
/// the registration of a stay. All else is undone by a transaction of its own.
const REVERSIBLE: [u16; 7] = [2102, 2103, 2207, 2208, 2304, 2305, 2401];

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
        let number = all.iter().position(|one| one.seq() == settlement);
        let (held, after) = number
            .and_then(|number| all.get(number..)?.split_first())
            .ok_or(refused(Conduct::SettlementUnknown))?;
        if held.is_cancelled() {
            let own = cancelled_at(shelf, *held)? == command.request.asker;
            let why = if own { Conduct::CancelledBefore } else { Conduct::SettlementUnknown };
            return Err(refused(why).into());
        }
        let old = old(shelf, held.seq(), held.place())?;
        if old.facility != command.request.asker {
            return Err(refused(Conduct::SettlementUnknown).into());
        }
        self.nothing_between(&standing(after, shelf)?, &old)?;
        // What it took in would be free in a visit that another settlement has ended.
        let ended = self.visit(old.settled.visit).and_then(|visit| visit.settled);
        if ended.is_some_and(|by| by != settlement) {
            return Err(refused(Conduct::VisitSettled).into());
        }
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
        if !REVERSIBLE.contains(&infno) {
            return Err(refused(Conduct::NotReversible).into());
        }
        let key = RequestKey::new(&request.asker, infno, msgid, &request.psn_no);
        let known = self.known(command, key, shelf)?;
        let undone = match known.map(|known| (known.effect, known.place)) {
            None => Undone::NotYetCome,
            // A second reversal gets the answer of the first.
            Some((Effect::Mark | Effect::Undone, place)) => return Ok(Decided::Again(place)),
            Some((Effect::Refused, _)) => Undone::NoEffect,
            Some((Effect::Lasting | Effect::Filing(_), _)) => {
                return Err(refused(Conduct::NotReversible).into());
            }
            Some((Effect::Visit(visit), _)) => {
                let number = VisitId::new(visit);
                self.visit_of(command, number)?.nothing_charged()?;
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

    /// Whether a visit is still as a settlement was decided by: what is known of it, but for one midway, and the lines that are
    /// not settled.
    fn is_as_settled(&self, settled: &Settled) -> bool {
        let Some(visit) = self.visit(settled.visit) else { return true };
        let lines = || visit.sources(settled.batch.as_deref());
        let same_lines = || settled.sources.as_ref().is_some_and(|sources| *sources == lines());
        (settled.how.mid_stay || settled.facts == visit.facts)
            && (settled.charges != ChargesFacts::Uploaded || same_lines())
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
        let held = member.settled().iter().find(|one| one.seq() == settlement);
        // By this cancellation, and not by another since.
        let held = held.filter(|one| one.is_cancelled() && one.place() == cancellation);
        let held = held.ok_or(refused(Conduct::SettlementUnknown))?;
        let Event::Cancelled(cancelled) = record_at(shelf, held.place())?.event else {
            return Err(refused(Conduct::RecordUnreachable).into());
        };
        let old = old(shelf, held.seq(), cancelled.place)?;
        // What was made since, and what was made anew since.
        let since = member.settled().iter().filter(|one| one.place() > cancellation);
        let later = standing(since, shelf)?;
        self.nothing_between(&later, &old)?;
        // A batch stands beside others, and not in a visit that has ended.
        let (visit, batch) = (old.settled.visit, old.settled.batch.is_some());
        let mut of_visit = later.iter().filter(|one| one.settled.visit == visit);
        if of_visit.any(|one| !batch || one.settled.ends_visit()) {
            return Err(refused(Conduct::VisitSettled).into());
        }
        if !self.is_as_settled(&old.settled) {
            return Err(refused(Conduct::VisitChanged).into());
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
    let Record { request, event, .. } = record_at(shelf, place)?;
    if let Event::Settled(settled) = event {
        return Ok(Old { number, facility: request.asker, settled, place });
    }
    let unreachable = refused(Conduct::RecordUnreachable);
    let Event::Corrected(corrected) = event else { return Err(unreachable) };
    let now = corrected.adjusted.into_iter().find(|one| one.settlement == number);
    let Adjusted { facility, settled, .. } = now.ok_or(unreachable)?;
    Ok(Old { number, facility, settled: Box::new(settled), place })
}

/// The record that made a settlement, and its place: back from the one that says what it is now.
pub(super) fn made_by(shelf: &impl Shelf, held: HeldSettlement) -> Result<(Record, u64), Refused> {
    let unreachable = refused(Conduct::RecordUnreachable);
    let mut place = held.place();
    loop {
        let record = record_at(shelf, place)?;
        if let Event::Settled(_) = record.event {
            return Ok((record, place));
        }
        // What a record names came before it.
        let before = record.event.place_before(held.seq()).filter(|before| *before < place);
        place = before.ok_or(unreachable)?;
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
        .map(|one| old(shelf, one.seq(), one.place()))
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
        batch: settled.batch.clone(),
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
