//! From the rows that fresh members of a group meet to the figures that run over columns, or why they do not suffice.

use alloc::vec::Vec;

use crate::id::{LineKind, SlotId, TierId};
use crate::limits::BILL_FEN_MAX;
use crate::money::{Fen, RATE_ONE, Rounding};
use crate::pack::{Band, BandsFrom, Base, DeductibleAmount, Row, Tier};
use crate::tiers::Measure;
use crate::tiers::axis::Payer;

use super::step::{Curve, Flat, Step, Takes};
use super::{Group, situation, totals};

/// What a group has that runs through the tiers a bill at a time only.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Beyond {
    /// A deductible that is a share of the cost.
    ShareAsDeductible(TierId),
    /// A floor under the payment.
    Floor(TierId),
    /// A tier reads a slot that an earlier one of the same visit writes.
    SlotOfEarlierTier(TierId),
    /// A tier takes in what is left without a filing loss, and an earlier one may have such a loss.
    FilingLoss(TierId),
    /// An amount of the pack is below nought.
    Negative(TierId),
}

/// The tiers of the plan that have a row in the circumstance, in order.
pub(super) fn tiers(group: &Group<'_>) -> Vec<TierId> {
    let plan = group.edition.plans.get(group.benefit.index()).map_or(&[][..], Vec::as_slice);
    plan.iter().copied().filter(|id| row(group, *id).is_some()).collect()
}

/// A tier with the row that holds.
fn row<'e>(group: &Group<'e>, id: TierId) -> Option<(&'e Tier, &'e Row)> {
    let tier = group.edition.tiers.get(id.index())?;
    Some((tier, tier.row(&group.at)?))
}

/// What the tiers before left for the next to heed.
#[derive(Default)]
struct Before {
    /// A bit for each slot that was written.
    written: u64,
    /// Whether there may be a filing loss.
    loss: bool,
    /// Whether a tier took the cost of the group's kind in.
    touched: bool,
}

/// The figures of all tiers.
pub(super) fn flat(group: &Group<'_>, tiers: &[TierId]) -> Result<Flat, Beyond> {
    let mut before = Before::default();
    let mut steps: Vec<Step> = Vec::with_capacity(tiers.len());
    for (column, id) in tiers.iter().enumerate() {
        let Some((tier, row)) = row(group, *id) else { continue };
        let of_step = |earlier: &TierId| {
            let column = tiers.iter().position(|tier| tier == earlier)?;
            steps.iter().position(|step| step.column == column)
        };
        let Some(takes) = takes(tier, group.kind, &before, of_step) else { continue };
        steps.push(step(group, *id, tier, row, column, takes, &before)?);
        before.written |= written(tier, row);
        before.loss |= row.unpenalised.is_some();
        before.touched |= match takes {
            Takes::InScope | Takes::Whole => true,
            Takes::Left([_, _, _, co_pay, _]) => co_pay,
            Takes::AboveCapOf(_) => false,
        };
    }
    Ok(Flat::new(steps))
}

/// What enters a tier; `None` where nothing ever does.
fn takes(
    tier: &Tier,
    kind: LineKind,
    before: &Before,
    of_step: impl Fn(&TierId) -> Option<usize>,
) -> Option<Takes> {
    match tier.base {
        Base::InScope | Base::InScopeAndPrePay => {
            (!before.touched && tier.kinds.contains(&kind)).then_some(Takes::InScope)
        }
        Base::AboveCapOf(earlier) => of_step(&earlier).map(Takes::AboveCapOf),
        // There is no pre-pay: whether it is named says nothing.
        Base::Left { parts: [_, true, true, true, true], .. } => Some(Takes::Whole),
        Base::Left { parts, .. } => Some(Takes::Left(parts)),
    }
}

/// The figures of one tier: what the general machine finds for a member whose slots are all nought, found by it.
fn step(
    group: &Group<'_>,
    id: TierId,
    tier: &Tier,
    row: &Row,
    column: usize,
    takes: Takes,
    before: &Before,
) -> Result<Step, Beyond> {
    if row.floor.is_some() {
        return Err(Beyond::Floor(id));
    }
    if read(tier, row) & before.written != 0 {
        return Err(Beyond::SlotOfEarlierTier(id));
    }
    if before.loss && matches!(tier.base, Base::Left { without_filing_loss: true, .. }) {
        return Err(Beyond::FilingLoss(id));
    }
    let totals = totals(group);
    // Slots that are not there read as nought.
    let measure = Measure { situation: &situation(group, &totals), tier, frame: &[] };
    let due = match &row.deductible {
        None => Fen::ZERO,
        Some(one) => match one.amount {
            DeductibleAmount::Fixed(_) | DeductibleAmount::ByAdmission { .. } => {
                measure.deductible(one, Fen::ZERO).1
            }
            DeductibleAmount::Share { .. } => return Err(Beyond::ShareAsDeductible(id)),
        },
    };
    let [before_cut, after_cut, rest] =
        [&row.cost_before, &row.cost_after, &row.payment].map(|caps| measure.least(caps));
    if [Some(due), before_cut, after_cut, rest].into_iter().flatten().any(Fen::is_negative) {
        return Err(Beyond::Negative(id));
    }
    let own = row.kind_bands.iter().find(|own| own.kind == group.kind);
    let bands = own.map_or(&row.bands, |own| &own.bands);
    // What is above the bound of a bill is never reached.
    let due = due.min(MOST);
    // Where anything is covered, the whole deductible was taken; where nothing is, nothing is paid wherever it begins.
    let begin = match tier.bands_from {
        BandsFrom::Deductible => Fen::ZERO,
        BandsFrom::Zero => due,
    };
    // From a start of nought each way to pay by bands comes to this stretch alone.
    let payer = Payer::new(bands, begin, begin, tier.rounding);
    // More cost never pays less, and one fen of it at most one fen more: what is covered up to here pays the rest of the cap
    // exactly, and all that lies beyond is above the cap.
    let most = match rest {
        Some(rest) if rest <= payer.pay(MOST) => payer.least_for(rest, MOST),
        Some(_) | None => MOST,
    };
    let most = after_cut.map_or(most, |cap| cap.min(most));
    Ok(Step {
        column,
        takes,
        cut: before_cut.map_or(MOST, |cap| cap.min(MOST)).get(),
        first_share: row.first_share.parts(),
        deductible: due.get(),
        most: most.get(),
        top: due.plus(most).min(MOST).get(),
        curve: curve(bands, begin, due),
        half: match tier.rounding {
            Rounding::Down => 0,
            Rounding::HalfAway => RATE_ONE.wrapping_shr(1),
        },
        facility: tier.above_cap_facility,
    })
}

/// The most that enters a tier.
const MOST: Fen = Fen::new(BILL_FEN_MAX);

/// Bands of which the stretch that is paid for begins at a place of their axis, above a deductible.
fn curve(bands: &[Band], begin: Fen, deductible: Fen) -> Curve {
    let mut curve = Curve::default();
    let (mut low, mut rate) = (Fen::ZERO, 0_i64);
    for band in bands {
        let at = deductible.plus(low.less(begin));
        if band.to > begin && at < MOST {
            curve.turn(at.get(), band.rate.parts().saturating_sub(rate));
            rate = band.rate.parts();
        }
        low = band.to;
    }
    curve
}

/// A bit for each slot that a tier reads in a row.
fn read(tier: &Tier, row: &Row) -> u64 {
    let caps = row.cost_before.iter().chain(&row.cost_after).chain(&row.payment);
    let deductible = row.deductible.as_ref();
    let of_deductible = deductible.into_iter().flat_map(|one| {
        let ceiling = one.ceiling.map(|(_, slot)| slot);
        one.less.into_iter().chain(ceiling).chain(of_admissions(&one.amount))
    });
    bits(caps.filter_map(|cap| cap.slot).chain(of_deductible).chain(tier.bands_at))
}

/// A bit for each slot that a tier writes in a row.
fn written(tier: &Tier, row: &Row) -> u64 {
    let adds = tier.adds.iter().chain(&row.adds).map(|add| add.slot);
    let amount = row.deductible.as_ref().map(|one| &one.amount);
    bits(adds.chain(amount.into_iter().flat_map(of_admissions)))
}

/// The slots that a deductible by admission reads and writes.
fn of_admissions(amount: &DeductibleAmount) -> impl Iterator<Item = SlotId> {
    let slots = match amount {
        DeductibleAmount::ByAdmission { count, counted, .. } => [Some(*count), Some(*counted)],
        DeductibleAmount::Fixed(_) | DeductibleAmount::Share { .. } => [None, None],
    };
    slots.into_iter().flatten()
}

fn bits(slots: impl Iterator<Item = SlotId>) -> u64 {
    slots.fold(0, |bits, slot| bits | 1_u64.wrapping_shl(u32::from(slot.get())))
}
