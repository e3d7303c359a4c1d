//! Every bill in the journal adds up, and what undoes it is its exact opposite; computed here from the records alone.

use yidan_settlement::bill::{Account, Decision, Side};
use yidan_settlement::event::{Cancelled, Event, Record, Settled, Undone};
use yidan_settlement::money::Fen;

use super::{Evidence, Kept};

/// How it is violated.
pub fn check(evidence: &Evidence<'_>) -> Option<String> {
    evidence.journal.iter().find_map(|kept| {
        let wrong = wrong(evidence, kept)?;
        Some(format!("record {}: {wrong}", kept.number))
    })
}

fn wrong(evidence: &Evidence<'_>, kept: &Kept) -> Option<String> {
    if let Event::Settled(settled) = &kept.record.event {
        let bill = &settled.decision;
        return adds_up(bill).or_else(|| is_posted(bill)).map(str::to_owned);
    }
    if let Event::Cancelled(cancelled) = &kept.record.event {
        return opposite(evidence, cancelled, -1);
    }
    if let Event::Corrected(corrected) = &kept.record.event {
        let cancelled = corrected.cancelled.iter().map(|(_, cancelled)| cancelled.clone());
        let taken_back = corrected.adjusted.iter().map(|one| Cancelled {
            settlement: one.settlement,
            place: one.place,
            posted: one.taken_back.clone(),
            shares: Vec::new(),
        });
        let wrong = cancelled.chain(taken_back).find_map(|one| opposite(evidence, &one, -1));
        let mut now = corrected.adjusted.iter();
        return wrong
            .or_else(|| now.find_map(|one| adds_up(&one.settled.decision)).map(str::to_owned));
    }
    let Event::Reversed(reversed) = &kept.record.event else { return None };
    match &reversed.undone {
        Undone::Settlement(cancelled) => opposite(evidence, cancelled, -1),
        Undone::Cancellation(back) => opposite(evidence, back, 1),
        Undone::NotYetCome | Undone::Visit(_) | Undone::NoEffect => None,
    }
}

/// The sum that does not hold.
fn adds_up(bill: &Decision) -> Option<&'static str> {
    let funds: Fen = bill.funds.iter().copied().sum();
    let accounts = bill.account_family.iter().fold(bill.account_own, |sum, one| sum.plus(*one));
    let parts = [bill.split.own, bill.split.over, bill.split.pre_pay, bill.split.in_scope];
    let lines: Fen = bill.lines.iter().map(|line| line.parts.sum()).sum();
    let paid: Fen = bill.tiers.iter().map(|tier| tier.paid).sum();
    let sums = [
        (bill.total == parts.into_iter().sum(), "the total is not its four parts"),
        (bill.lines.is_empty() || bill.total == lines, "the total is not its lines"),
        (
            bill.total == funds.plus(bill.hosp_part).plus(bill.psn_part),
            "the total is not what funds, facility and person pay",
        ),
        (bill.psn_part == accounts.plus(bill.cash), "the person's part is not account and cash"),
        (funds == paid, "funds do not pay what the tiers do"),
        (side(bill, Side::Debit) == side(bill, Side::Credit), "debits are not credits"),
        (!bill.cash.is_negative() && !bill.balance.is_negative(), "an amount is below nought"),
        (
            bill.changes.iter().all(|change| change.before <= change.after),
            "a slot falls by a settlement",
        ),
    ];
    sums.iter().find(|(holds, _)| !holds).map(|(_, wrong)| *wrong)
}

/// What was paid is what was posted. An adjustment posts what accounts paid before it, whatever they would pay now.
fn is_posted(bill: &Decision) -> Option<&'static str> {
    let paid: Fen = bill.funds.iter().copied().sum();
    let paid =
        bill.account_family.iter().fold(paid.plus(bill.account_own), |sum, one| sum.plus(*one));
    (side(bill, Side::Debit) != paid).then_some("not all that was paid is posted")
}

fn side(bill: &Decision, side: Side) -> Fen {
    let of_side = bill.postings.iter().filter(|posting| posting.side == side);
    of_side.map(|posting| posting.amount).sum()
}

/// What differs between what was posted and the bill with this sign.
fn opposite(evidence: &Evidence<'_>, cancelled: &Cancelled, sign: i64) -> Option<String> {
    let record = evidence.record(cancelled.place).map(|kept| &kept.record);
    let Some(settled) = record.and_then(|record| settled_in(record, cancelled.settlement)) else {
        return Some(format!("record {} is not of that settlement", cancelled.place));
    };
    let turned = |amount: Fen| Fen::new(amount.get() * sign);
    let posted = &cancelled.posted;
    let slots = settled.decision.changes.iter();
    let slots = slots.map(|change| (change.key, turned(change.after.minus(change.before))));
    let same = posted.slots.iter().copied().eq(slots)
        && posted
            .funds
            .iter()
            .copied()
            .eq(of_funds(settled).map(|(fund, fen)| (fund, turned(fen))))
        && posted.facility == turned(posted_to(settled, Account::FacilityPayable))
        && posted.person == turned(posted_to(settled, Account::PersonPayable))
        && posted.family == turned(of_family(settled))
        && posted.balance == turned(posted_to(settled, Account::OwnAccount)).negated();
    (!same).then(|| format!("it is not the opposite of settlement {}", cancelled.settlement))
}

/// What a record says of a settlement: how it was made, or made anew.
fn settled_in(record: &Record, settlement: u64) -> Option<&Settled> {
    if let Event::Corrected(corrected) = &record.event {
        let mut adjusted = corrected.adjusted.iter();
        return adjusted.find(|one| one.settlement == settlement).map(|one| &one.settled);
    }
    let Event::Settled(settled) = &record.event else { return None };
    (record.seq == settlement).then_some(settled)
}

fn of_funds(settled: &Settled) -> impl Iterator<Item = (u32, Fen)> + '_ {
    settled.decision.postings.iter().filter_map(|posting| match posting.account {
        Account::FundExpense(fund) => Some((fund.get(), posting.amount)),
        Account::OwnAccount
        | Account::FamilyAccount(_)
        | Account::FacilityPayable
        | Account::PersonPayable => None,
    })
}

/// What all family accounts are to pay.
fn of_family(settled: &Settled) -> Fen {
    let postings = settled.decision.postings.iter();
    let of_family = postings.filter(|one| matches!(one.account, Account::FamilyAccount(_)));
    of_family.map(|one| one.amount).sum()
}

fn posted_to(settled: &Settled, account: Account) -> Fen {
    let postings = settled.decision.postings.iter();
    postings.filter(|posting| posting.account == account).map(|posting| posting.amount).sum()
}
