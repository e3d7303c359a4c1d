//! What must hold of every decision before it leaves the core, in release builds too. Each is a function that says
//! whether it is violated; a violated one refuses the claim with an internal reason and changes nothing.

use crate::bill::{Decision, Side};
use crate::claim::{Charges, LineParts, Submitted};
use crate::limits;
use crate::money::Fen;
use crate::pack::{Pack, Row, Tier};
use crate::tiers::{Payer, TierRow, origin};

/// The identities of a line, a tier and a bill; those of the bill are written out in engine/server/GLOSSARY.md.
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
    let checks: [(bool, Invariant); 12] = [
        (lines_are_their_parts, Invariant::LineIsItsParts),
        (bill_is_its_lines, Invariant::BillIsItsLines),
        (total_is_its_parts(decision), Invariant::TotalIsItsParts),
        (total_is_paid(decision), Invariant::TotalIsPaid),
        (person_bears_the_rest(decision), Invariant::PersonBearsTheRest),
        (person_pays(decision, claim), Invariant::PersonPays),
        (tiers.funds, Invariant::FundsAreTheirTiers),
        (tiers.steps, Invariant::TierIsItsSteps),
        (tiers.bounded, Invariant::TierIsBounded),
        (tiers.explained, Invariant::TierIsExplained),
        (slots_rise(decision), Invariant::SlotsRise),
        (postings_balance(decision), Invariant::PostingsBalance),
    ];
    checks.iter().find(|(holds, _)| !holds).map(|(_, invariant)| *invariant)
}

/// Whether each line is the sum of its parts, and the bill the sum of its lines, in one pass.
fn lines(decision: &Decision, claim: &Submitted<'_>) -> (bool, bool) {
    match &claim.charges {
        Charges::Totals(given) => (decision.lines.is_empty(), decision.total == given.total),
        Charges::Lines(lines) => {
            let mut whole = lines.len() == decision.lines.len();
            let (mut sum, mut facility) = (LineParts::default(), Fen::ZERO);
            for (line, outcome) in lines.iter().zip(&decision.lines) {
                // A return may move fen between own cost and the facility's; a line itself may not.
                let within = line.returns.is_some() || outcome.facility <= outcome.parts.own;
                whole &= outcome.parts.sum() == line.amount && within;
                sum = sum.plus(&outcome.parts);
                facility = facility.plus(outcome.facility);
            }
            (whole, sum == decision.split && facility == decision.facility_by_edits())
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
    if !table.kind_bands.is_empty() {
        return row.banded <= row.covered;
    }
    let origin = origin(tier, row.begin, row.deductible_whole);
    let payer = Payer::new(&table.bands, row.begin, origin, tier.rounding);
    let banded = payer.pay(row.covered);
    let reached = row
        .cap_left
        .is_none_or(|left| row.paid < left || banded < left || payer.pay(row.paid_for) == left);
    let lifted = table.floor.is_some();
    let paid = row.cap_left.map_or(banded, |left| banded.min(left));
    banded == row.banded && reached && (row.paid == paid || (lifted && row.paid > paid))
}

fn slots_rise(decision: &Decision) -> bool {
    let bounded = |amount: Fen| (0..=limits::SLOT_FEN_MAX).contains(&amount.get());
    decision.changes.iter().all(|change| change.before <= change.after && bounded(change.after))
}

fn postings_balance(decision: &Decision) -> bool {
    let side = |side: Side| {
        let of_side = decision.postings.iter().filter(|posting| posting.side == side);
        of_side.map(|posting| posting.amount).fold(Fen::ZERO, Fen::plus)
    };
    side(Side::Debit) == side(Side::Credit)
        && side(Side::Credit) == decision.fund_sum().plus(decision.account_sum())
}

/// The tier of a row, and the row of its table.
fn tier_of<'p>(row: &TierRow, decision: &Decision, pack: &'p Pack) -> Option<(&'p Tier, &'p Row)> {
    let part = decision.parts.get(usize::from(row.stay_part))?;
    let tier = pack.edition(part.governing)?.tiers.get(row.tier.index())?;
    Some((tier, tier.rows.get(usize::try_from(row.row).ok()?)?))
}
