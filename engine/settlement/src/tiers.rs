//! The third stage: basic insurance, large-sum aid, critical illness, supplements and assistance are one computation
//! with other parameters. The steps are numbered as in `catalogs/sources/POLICY.md` §4.

mod axis;
mod burden;
mod kinds;

use alloc::vec::Vec;

use crate::id::{BenefitId, LineKind, SlotId, TierId};
use crate::money::{Fen, Quantity};
use crate::pack::{
    Add, AddOf, Axis, BandsFrom, BandsPay, Base, Cap, CapAmount, Circumstance, Continued,
    Deductible, DeductibleAmount, Edition, Per, Row, ShareOf, Tier,
};
use crate::price::Totals;

pub(crate) use axis::Payer;
pub use axis::{Piece, pieces};
pub use burden::Burden;
pub(crate) use burden::Entering;

/// What the tiers of one part of a stay go by.
#[derive(Copy, Clone, Debug)]
pub struct Situation<'a> {
    /// The pack between two dates.
    pub edition: &'a Edition,
    /// The kind of visit.
    pub benefit: BenefitId,
    /// Everything conditions may ask for.
    pub at: &'a Circumstance,
    /// The sums of the bill.
    pub totals: &'a Totals,
    /// Whether no deductible is taken, because the stay was taken in again at a year end.
    pub deductible_nought: bool,
    /// The limit of the approval for the visit's disease.
    pub approval_limit: Option<Fen>,
}

/// What one tier did.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct TierRow {
    /// The part of the stay.
    pub stay_part: u8,
    /// The tier.
    pub tier: TierId,
    /// The row of its table.
    pub row: u32,
    /// What entered.
    pub base: Fen,
    /// What was cut by caps on the cost before the deductible.
    pub cut: Fen,
    /// First share.
    pub first_share: Fen,
    /// The deductible as the row has it, before what was borne earlier is taken off.
    pub deductible_whole: Fen,
    /// The deductible taken.
    pub deductible: Fen,
    /// Where on the axis of the bands the covered amount begins.
    pub begin: Fen,
    /// What is above the deductible and below caps on the cost: what the bands price.
    pub covered: Fen,
    /// The payment of the bands, before floor and caps.
    pub banded: Fen,
    /// What the payment is for: covered, less what lies above a cap on the payment.
    pub paid_for: Fen,
    /// The least rest of the caps on the payment, if there is one.
    pub cap_left: Option<Fen>,
    /// The payment.
    pub paid: Fen,
    /// What is above caps: the member's or the facility's.
    pub above_cap: Fen,
    /// What of it is the facility's.
    pub facility: Fen,
    /// What the lack of a filing cost.
    pub filing_loss: Fen,
}

/// Runs the tiers of a visit in order. `frame` holds the value of each slot of the pack and is written; `changed`
/// gets a bit for each slot written. Returns what is left of the member's burden.
pub fn run(
    situation: &Situation<'_>,
    stay_part: u8,
    frame: &mut [Fen],
    rows: &mut Vec<TierRow>,
    changed: &mut u64,
) -> Burden {
    let mut burden = Burden::of(situation.totals);
    let plan =
        situation.edition.plans.get(situation.benefit.index()).map_or(&[][..], Vec::as_slice);
    for id in plan {
        let Some(tier) = situation.edition.tiers.get(id.index()) else { continue };
        let Some(index) = tier.row_index(situation.at) else { continue };
        let Some(row) = tier.rows.get(index) else { continue };
        let Some(entering) = burden.entering(tier, stay_part, rows) else { continue };
        let computed = compute(situation, tier, row, &entering, frame);
        let unpenalised =
            row.unpenalised.and_then(|other| tier.rows.get(usize::try_from(other).ok()?));
        let filing_loss = unpenalised.map_or(Fen::ZERO, |other| {
            compute(situation, tier, other, &entering, frame).paid.less(computed.paid)
        });
        let above_cap = computed.above.minus(computed.paid_for).plus(computed.cut);
        let done = TierRow {
            stay_part,
            tier: *id,
            row: u32::try_from(index).unwrap_or(u32::MAX),
            base: entering.base,
            cut: computed.cut,
            first_share: computed.first_share,
            deductible_whole: computed.deductible_whole,
            deductible: computed.deductible,
            begin: computed.begin,
            covered: computed.covered,
            banded: computed.banded,
            paid_for: computed.paid_for,
            cap_left: computed.cap_left,
            paid: computed.paid,
            above_cap,
            facility: if tier.above_cap_facility { above_cap } else { Fen::ZERO },
            filing_loss,
        };
        burden.take(tier, &entering, &done);
        write_slots(tier, row, &done, frame, changed);
        rows.push(done);
    }
    burden
}

/// Step 11: the count of admissions, and the adds of the tier and of its row.
#[inline]
pub(crate) fn write_slots(
    tier: &Tier,
    row: &Row,
    done: &TierRow,
    frame: &mut [Fen],
    changed: &mut u64,
) {
    count_admission(row, frame, changed);
    let above = done.base.minus(done.cut).minus(done.first_share).minus(done.deductible);
    for add in tier.adds.iter().chain(&row.adds) {
        write(add, done, above, frame, changed);
    }
}

/// What lies in each band of each kind, for a row whose kinds have ratios of their own.
pub(crate) fn pieces_by_kind(
    tier: &Tier,
    row: &Row,
    entering: &Entering,
    done: &TierRow,
) -> Vec<(LineKind, Piece)> {
    let TierRow { cut, first_share, deductible, covered, begin, .. } = *done;
    kinds::lay_out(row, tier, entering, cut, first_share, deductible, covered, begin)
        .by_kind()
        .collect()
}

/// The figures of steps 2 to 8.
struct Computed {
    cut: Fen,
    first_share: Fen,
    deductible_whole: Fen,
    deductible: Fen,
    above: Fen,
    begin: Fen,
    covered: Fen,
    banded: Fen,
    paid_for: Fen,
    cap_left: Option<Fen>,
    paid: Fen,
}

/// Steps 2 to 8.
#[inline]
fn compute(
    situation: &Situation<'_>,
    tier: &Tier,
    row: &Row,
    entering: &Entering,
    frame: &[Fen],
) -> Computed {
    let measure = Measure { situation, tier, frame };
    // 2
    let in_play =
        measure.least(&row.cost_before).map_or(entering.base, |rest| rest.min(entering.base));
    let cut = entering.base.minus(in_play);
    // 3
    let first_share = in_play.share(row.first_share, tier.rounding);
    let after_first_share = in_play.minus(first_share);
    // 4
    let (deductible_whole, due) = match &row.deductible {
        Some(deductible) => measure.deductible(deductible, entering.base),
        None => (Fen::ZERO, Fen::ZERO),
    };
    let deductible = due.min(after_first_share);
    let above = after_first_share.minus(deductible);
    // 5
    let covered = measure.least(&row.cost_after).map_or(above, |rest| rest.min(above));
    // 6
    let start = tier.bands_at.map_or(Fen::ZERO, |slot| slot_value(frame, slot));
    let begin = match tier.bands_from {
        BandsFrom::Deductible => start,
        BandsFrom::Zero => start.plus(deductible),
    };
    let origin = match (tier.bands_pay, tier.bands_at, tier.bands_from) {
        (BandsPay::Increment, _, _) | (BandsPay::Difference, None, _) => begin,
        (BandsPay::Difference, Some(_), BandsFrom::Deductible) => Fen::ZERO,
        (BandsPay::Difference, Some(_), BandsFrom::Zero) => deductible_whole.min(begin),
    };
    let payer = if row.kind_bands.is_empty() {
        Payer::new(&row.bands, begin, origin, tier.rounding)
    } else {
        let laid =
            kinds::lay_out(row, tier, entering, cut, first_share, deductible, covered, begin);
        return finish_by_kind(
            &measure,
            row,
            entering,
            &laid,
            Figures { cut, first_share, deductible_whole, deductible, above, begin, covered },
        );
    };
    let banded = payer.pay(covered);
    // 7 and 8
    let floored = measure.floored(row, entering.base, cut, deductible, banded);
    let cap_left = measure.least(&row.payment);
    let (paid, paid_for) = match cap_left {
        Some(rest) if floored >= rest => {
            (rest, if banded >= rest { payer.least_for(rest, covered) } else { covered })
        }
        Some(_) | None => (floored, covered),
    };
    Computed {
        cut,
        first_share,
        deductible_whole,
        deductible,
        above,
        begin,
        covered,
        banded,
        paid_for,
        cap_left,
        paid,
    }
}

/// The figures known before bands are priced.
struct Figures {
    cut: Fen,
    first_share: Fen,
    deductible_whole: Fen,
    deductible: Fen,
    above: Fen,
    begin: Fen,
    covered: Fen,
}

/// Steps 6 to 8 where line kinds have ratios of their own.
fn finish_by_kind(
    measure: &Measure<'_>,
    row: &Row,
    entering: &Entering,
    laid: &kinds::Laid<'_>,
    figures: Figures,
) -> Computed {
    let Figures { cut, first_share, deductible_whole, deductible, above, begin, covered } = figures;
    let banded = laid.pay(measure.tier.rounding);
    let floored = measure.floored(row, entering.base, cut, deductible, banded);
    let cap_left = measure.least(&row.payment);
    let (paid, paid_for) = match cap_left {
        Some(rest) if floored >= rest => (
            rest,
            if banded >= rest { laid.least_for(rest, measure.tier.rounding) } else { covered },
        ),
        Some(_) | None => (floored, covered),
    };
    Computed {
        cut,
        first_share,
        deductible_whole,
        deductible,
        above,
        begin,
        covered,
        banded,
        paid_for,
        cap_left,
        paid,
    }
}

/// What amounts are measured by.
pub(crate) struct Measure<'m> {
    pub(crate) situation: &'m Situation<'m>,
    pub(crate) tier: &'m Tier,
    pub(crate) frame: &'m [Fen],
}

impl Measure<'_> {
    /// The least rest of some caps; `None` where there is none.
    #[inline]
    fn least(&self, caps: &[Cap]) -> Option<Fen> {
        caps.iter().filter_map(|cap| self.rest(cap)).min()
    }

    /// What a cap has left.
    #[inline]
    pub(crate) fn rest(&self, cap: &Cap) -> Option<Fen> {
        let amount = match cap.amount {
            CapAmount::Fixed(amount) => amount,
            CapAmount::Approval => self.situation.approval_limit?,
        };
        let whole = self.multiplied(amount, cap.per);
        Some(cap.slot.map_or(whole, |slot| whole.less(slot_value(self.frame, slot))))
    }

    #[inline]
    pub(crate) fn multiplied(&self, amount: Fen, per: Per) -> Fen {
        match per {
            Per::Visit => amount,
            Per::Session => amount.times(self.sessions()),
            Per::Day => amount.times(self.situation.totals.days),
        }
    }

    /// Net quantity of the tier's kinds, rounded up to a whole, at least one.
    pub(crate) fn sessions(&self) -> i64 {
        let quantities = &self.situation.totals.quantity;
        let of_kind =
            |kind: &crate::id::LineKind| quantities.get(kind.index()).copied().unwrap_or_default();
        let sum = if self.situation.totals.by_totals {
            Quantity::ONE
        } else {
            self.tier.kinds.iter().map(of_kind).fold(Quantity::ZERO, Quantity::plus)
        };
        let one = Quantity::ONE.get();
        sum.get().saturating_add(one.saturating_sub(1)).div_euclid(one).max(1)
    }

    /// The whole deductible, and what of it is due: step 4.
    #[inline]
    pub(crate) fn deductible(&self, deductible: &Deductible, base: Fen) -> (Fen, Fen) {
        let continued = self.situation.at.get(Axis::Continued) == 1;
        if self.situation.deductible_nought
            || (continued && deductible.continued == Continued::Nought)
        {
            return (Fen::ZERO, Fen::ZERO);
        }
        let amount = match &deductible.amount {
            DeductibleAmount::Fixed(amount) => *amount,
            DeductibleAmount::ByAdmission { amounts, count, counted } => {
                let number = admission(self.frame, *count, *counted);
                let index = usize::try_from(number.saturating_sub(1)).unwrap_or(0);
                amounts.get(index).or(amounts.last()).copied().unwrap_or_default()
            }
            DeductibleAmount::Share { rate, of, min, max } => {
                let whole = match of {
                    ShareOf::Total => self.situation.totals.parts.sum(),
                    ShareOf::InScope => self.situation.totals.parts.in_scope,
                    ShareOf::Base => base,
                };
                whole.share(*rate, self.tier.rounding).max(*min).min(*max)
            }
        };
        let multiplied = self.multiplied(amount, deductible.per);
        let whole = deductible
            .factors
            .iter()
            .fold(multiplied, |sum, rate| sum.share(*rate, self.tier.rounding));
        let full = continued && deductible.continued == Continued::Full;
        let due = match deductible.less {
            Some(slot) if !full => whole.less(slot_value(self.frame, slot)),
            Some(_) | None => whole,
        };
        let due = match deductible.ceiling {
            Some((ceiling, slot)) => due.min(ceiling.less(slot_value(self.frame, slot))),
            None => due,
        };
        (whole, due)
    }

    /// Step 7: the payment of the bands, lifted to the floor.
    #[inline]
    fn floored(&self, row: &Row, base: Fen, cut: Fen, deductible: Fen, banded: Fen) -> Fen {
        let Some(floor) = row.floor else { return banded };
        let of = if floor.of_total { self.situation.totals.parts.sum() } else { base };
        let of = if floor.without_deductible { of.less(deductible) } else { of };
        banded.max(of.share(floor.rate, self.tier.rounding).min(base.minus(cut)))
    }
}

/// The number of the admission: the stay's own where it was counted before, else the next of the year.
pub(crate) fn admission(frame: &[Fen], count: SlotId, counted: SlotId) -> i64 {
    let own = slot_value(frame, counted).get();
    if own > 0 { own } else { slot_value(frame, count).get().saturating_add(1) }
}

/// Counts a stay whose tier was entered and that was not counted before.
#[inline]
fn count_admission(row: &Row, frame: &mut [Fen], changed: &mut u64) {
    let Some(deductible) = &row.deductible else { return };
    match &deductible.amount {
        DeductibleAmount::ByAdmission { count, counted, .. } => {
            if slot_value(frame, *counted).get() > 0 {
                return;
            }
            let number = admission(frame, *count, *counted);
            add_to(frame, *counted, Fen::new(number), changed);
            add_to(frame, *count, Fen::new(1), changed);
        }
        DeductibleAmount::Fixed(_) | DeductibleAmount::Share { .. } => {}
    }
}

/// Step 11.
#[inline]
fn write(add: &Add, row: &TierRow, above_deductible: Fen, frame: &mut [Fen], changed: &mut u64) {
    let value = match add.of {
        AddOf::Base => row.base,
        AddOf::FirstShare => row.first_share,
        AddOf::Deductible => row.deductible,
        AddOf::AboveDeductible => above_deductible,
        AddOf::Paid => row.paid,
        AddOf::Left => row.base.minus(row.paid),
        AddOf::One => Fen::new(1),
    };
    add_to(frame, add.slot, value, changed);
}

#[inline]
fn add_to(frame: &mut [Fen], slot: SlotId, value: Fen, changed: &mut u64) {
    if let Some(place) = frame.get_mut(slot.index()) {
        *place = place.plus(value);
        *changed |= 1_u64.wrapping_shl(u32::from(slot.get()));
    }
}

#[inline]
fn slot_value(frame: &[Fen], slot: SlotId) -> Fen {
    frame.get(slot.index()).copied().unwrap_or_default()
}

/// What entered a tier by its base, for explanations.
pub fn is_first_tier(base: Base) -> bool {
    match base {
        Base::InScope | Base::InScopeAndPrePay => true,
        Base::AboveCapOf(_) | Base::Left { .. } => false,
    }
}
