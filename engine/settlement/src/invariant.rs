//! What must hold of every decision before it leaves the core, in release builds too. Each is a function that says
//! whether it is violated; a violated one refuses the claim with an internal reason and changes nothing.

use crate::bill::{Decision, Side};
use crate::claim::{Charges, LineParts, Submitted};
use crate::limits;
use crate::money::Fen;
use crate::pack::{Pack, Row, Tier};
use crate::tiers::{Payer, TierRow};

/// The identities of `catalogs/sources/POLICY.md` §4, §7 and §8.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Invariant {
    /// A line's amount is the sum of its four parts.
    LineIsItsParts,
    /// The bill's parts are the sums of its lines, or of the given totals.
    BillIsItsLines,
    /// `medfee_sumamt` = own + over + pre-pay + in scope.
    TotalIsItsParts,
    /// `medfee_sumamt` = funds + facility + person.
    TotalIsPaid,
    /// The person's part is own cost, over-ceiling and what is borne of covered cost.
    PersonBearsTheRest,
    /// `psn_part_amt` = account + cash, neither below nought, accounts within balances.
    PersonPays,
    /// The funds' fields are the sums of the tiers' payments.
    FundsAreTheirTiers,
    /// A tier's base is cut, first share, deductible, what is paid for and what is above caps.
    TierIsItsSteps,
    /// A tier pays no less than nothing, no more than entered it, and no more than its caps leave.
    TierIsBounded,
    /// The bands of the row, priced again, give the payment of the bands.
    TierIsExplained,
    /// Slots only rise, and stay within their bound.
    SlotsRise,
    /// Debits equal credits, and are what the funds and accounts paid.
    PostingsBalance,
}

/// The first invariant that a decision violates.
pub fn violated(decision: &Decision, claim: &Submitted<'_>, pack: &Pack) -> Option<Invariant> {
    let (lines_are_their_parts, bill_is_its_lines) = lines(decision, claim);
    let tiers = tiers(decision, pack);
    let broken = |holds: bool, invariant| if holds { None } else { Some(invariant) };
    broken(lines_are_their_parts, Invariant::LineIsItsParts)
        .or_else(|| broken(bill_is_its_lines, Invariant::BillIsItsLines))
        .or_else(|| broken(total_is_its_parts(decision), Invariant::TotalIsItsParts))
        .or_else(|| broken(total_is_paid(decision), Invariant::TotalIsPaid))
        .or_else(|| broken(person_bears_the_rest(decision), Invariant::PersonBearsTheRest))
        .or_else(|| broken(person_pays(decision, claim), Invariant::PersonPays))
        .or_else(|| broken(tiers.funds, Invariant::FundsAreTheirTiers))
        .or_else(|| broken(tiers.steps, Invariant::TierIsItsSteps))
        .or_else(|| broken(tiers.bounded, Invariant::TierIsBounded))
        .or_else(|| broken(tiers.explained, Invariant::TierIsExplained))
        .or_else(|| broken(slots_rise(decision), Invariant::SlotsRise))
        .or_else(|| broken(postings_balance(decision), Invariant::PostingsBalance))
}

/// Whether each line is the sum of its parts, and the bill the sum of its lines, in one pass.
fn lines(decision: &Decision, claim: &Submitted<'_>) -> (bool, bool) {
    match &claim.charges {
        Charges::Totals(given) => (decision.lines.is_empty(), decision.total == given.total),
        Charges::Lines(lines) => {
            if lines.len() != decision.lines.len() {
                return (false, false);
            }
            // No bit of what lines come to differs from what they charge.
            let mut differing = 0;
            let (mut sum, mut facility) = (LineParts::default(), Fen::ZERO);
            for (line, outcome) in lines.iter().zip(&decision.lines) {
                // A return may move fen between own cost and the facility's; a line itself may not.
                if outcome.facility > outcome.parts.own && line.returns.is_none() {
                    return (false, false);
                }
                differing |= outcome.parts.sum().get() ^ line.amount.get();
                sum = sum.plus(&outcome.parts);
                facility = facility.plus(outcome.facility);
            }
            let bill = sum == decision.split && facility == decision.facility_by_edits();
            (differing == 0, bill)
        }
    }
}

fn total_is_its_parts(decision: &Decision) -> bool {
    decision.total == decision.split.sum() && !decision.split.has_negative()
}

fn total_is_paid(decision: &Decision) -> bool {
    decision.total == decision.fund_sum().plus(decision.hosp_part).plus(decision.psn_part)
}

fn person_bears_the_rest(decision: &Decision) -> bool {
    let own = decision.split.own.minus(decision.facility_by_edits());
    let borne = decision.borne.iter().copied().fold(Fen::ZERO, Fen::plus);
    decision.psn_part == own.plus(decision.split.over).plus(borne)
        && decision.borne.iter().all(|part| !part.is_negative())
        && !own.is_negative()
}

fn person_pays(decision: &Decision, claim: &Submitted<'_>) -> bool {
    let member = &claim.member;
    let family = decision.account_family.len() == member.family.len()
        && decision
            .account_family
            .iter()
            .zip(member.family)
            .all(|(paid, had)| !paid.is_negative() && paid <= had);
    decision.psn_part == decision.account_sum().plus(decision.cash)
        && !decision.cash.is_negative()
        && !decision.account_own.is_negative()
        && decision.balance == member.balance.minus(decision.account_own)
        && !decision.balance.is_negative()
        && family
}

/// What holds of all tiers.
struct Tiers {
    funds: bool,
    steps: bool,
    bounded: bool,
    explained: bool,
}

/// The four identities of tiers, in one pass.
fn tiers(decision: &Decision, pack: &Pack) -> Tiers {
    let mut hold = Tiers { funds: true, steps: true, bounded: true, explained: true };
    let mut sum = decision.facility_by_edits();
    for row in &decision.tiers {
        sum = sum.plus(row.paid).plus(row.facility);
        hold.steps &= tier_is_its_steps(row);
        hold.bounded &= tier_is_bounded(row);
        match tier_of(row, decision, pack) {
            Some((tier, table)) => hold.explained &= tier_is_explained(row, tier, table),
            None => hold.funds = false,
        }
    }
    hold.funds &= sum == decision.fund_sum().plus(decision.hosp_part);
    hold
}

fn tier_is_its_steps(row: &TierRow) -> bool {
    let steps = row.first_share.plus(row.deductible).plus(row.paid_for).plus(row.above_cap);
    row.base == steps && row.cut <= row.above_cap && row.paid_for <= row.covered
}

fn tier_is_bounded(row: &TierRow) -> bool {
    // Below nought is the highest bit: one is set among all where one is set in any.
    let negative = row.cut.get()
        | row.first_share.get()
        | row.deductible.get()
        | row.paid_for.get()
        | row.paid.get()
        | row.above_cap.get()
        | row.facility.get()
        | row.filing_loss.get();
    negative >= 0
        && row.paid.plus(row.facility) <= row.base
        && row.cap_left.is_none_or(|left| row.paid <= left)
        && row.facility <= row.above_cap
}

/// Prices the bands of the row again from what the explanation shows of it.
fn tier_is_explained(row: &TierRow, tier: &Tier, table: &Row) -> bool {
    // What the bands gave, up to the rest of the cap; a floor may lift it as far.
    let paid = row.cap_left.map_or(row.banded, |left| row.banded.min(left));
    let most = row.cap_left.map_or(row.base, |left| row.base.min(left));
    let paid = row.paid == paid || (table.floor.is_some() && paid < row.paid && row.paid <= most);
    if !table.kind_bands.is_empty() {
        // Its bands lie kind after kind, by amounts the row does not show.
        return paid && row.banded <= row.covered;
    }
    let origin = tier.origin().of(row.begin, row.deductible_whole);
    let payer = Payer::new(&table.bands, row.begin, origin, tier.rounding);
    let banded = payer.pay(row.covered);
    let reached = row
        .cap_left
        .is_none_or(|left| row.paid < left || banded < left || payer.pay(row.paid_for) == left);
    banded == row.banded && reached && paid
}

fn slots_rise(decision: &Decision) -> bool {
    let bounded = |amount: Fen| (0..=limits::SLOT_FEN_MAX).contains(&amount.get());
    decision.changes.iter().all(|change| change.before <= change.after && bounded(change.after))
}

fn postings_balance(decision: &Decision) -> bool {
    let (mut debit, mut credit) = (Fen::ZERO, Fen::ZERO);
    for posting in &decision.postings {
        match posting.side {
            Side::Debit => debit = debit.plus(posting.amount),
            Side::Credit => credit = credit.plus(posting.amount),
        }
    }
    debit == credit && credit == decision.fund_sum().plus(decision.account_sum())
}

/// The tier of a row, and the row of its table.
fn tier_of<'p>(row: &TierRow, decision: &Decision, pack: &'p Pack) -> Option<(&'p Tier, &'p Row)> {
    let part = decision.parts.get(usize::from(row.stay_part))?;
    let tier = pack.edition(part.governing)?.tiers.get(row.tier.index())?;
    Some((tier, tier.rows.get(usize::try_from(row.row).ok()?)?))
}
