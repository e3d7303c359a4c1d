//! The third stage: basic insurance, large-sum aid, critical illness, supplements and assistance are one computation
//! with other parameters. The steps are numbered as in `catalogs/sources/POLICY.md` §4.

mod axis;
mod burden;
mod kinds;

use alloc::vec::Vec;

use crate::id::{BenefitId, LineKind, SlotId, TierId};
use crate::money::{Fen, Quantity};
use crate::pack::{
    ADDS_OF, Add, Axis, BandsFrom, BandsPay, Base, Cap, CapAmount, Circumstance, Continued,
    Deductible, DeductibleAmount, Edition, Floor, Per, Row, ShareOf, Tier,
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

/// Runs the tiers of a visit in order. `frame` holds the value of each slot of the pack and is written. Returns what is
/// left of the member's burden.
pub fn run<'s>(
    situation: &Situation<'s>,
    stay_part: u8,
    frame: &mut [Fen],
    rows: &mut Vec<TierRow>,
) -> Burden<'s> {
    let mut burden = Burden::of(situation.totals);
    // A stay taken in again, or one that continues another, has its own way with deductibles.
    let usual = !situation.deductible_nought && situation.at.get(Axis::Continued) == 0;
    let plan =
        situation.edition.plans.get(situation.benefit.index()).map_or(&[][..], Vec::as_slice);
    for id in plan {
        let Some(tier) = situation.edition.tiers.get(id.index()) else { continue };
        let Some(index) = tier.row_index(situation.at) else { continue };
        let Some(row) = tier.rows.get(index) else { continue };
        let Some(entering) = burden.entering(tier, stay_part, rows) else { continue };
        let measure = Measure { situation, tier, frame };
        let plain = usual && row.is_plain();
        let done = if plain {
            compute::<true>(&measure, row, &burden, entering.base)
        } else {
            compute_in_full(&measure, row, &burden, entering.base)
        };
        // Built where it stays: a row is a cache line or two.
        rows.push(done);
        let Some(done) = rows.last_mut() else { continue };
        done.stay_part = stay_part;
        done.tier = *id;
        done.row = u32::try_from(index).unwrap_or(u32::MAX);
        if !plain && let Some(other) = row.unpenalised {
            let without = paid_without_penalty(&measure, other, &burden, entering.base);
            done.filing_loss = without.less(done.paid);
        }
        burden.take(tier, &entering, done);
        if plain {
            let values = written(done);
            tier.adds.iter().for_each(|add| write(add, &values, frame));
        } else {
            write_slots(tier, row, done, frame);
        }
    }
    burden
}

/// Step 11: the count of admissions, and the adds of the tier and of its row.
pub(crate) fn write_slots(tier: &Tier, row: &Row, done: &TierRow, frame: &mut [Fen]) {
    count_admission(row, frame);
    let values = written(done);
    for add in tier.adds.iter().chain(&row.adds) {
        write(add, &values, frame);
    }
}

/// What lies in each band of each kind, for a row whose kinds have ratios of their own.
pub(crate) fn pieces_by_kind(
    tier: &Tier,
    row: &Row,
    burden: &Burden<'_>,
    done: &TierRow,
) -> Vec<(LineKind, Piece)> {
    let TierRow { cut, first_share, deductible, covered, begin, .. } = *done;
    kinds::lay_out(row, tier, burden, cut, first_share, deductible, covered, begin)
        .by_kind()
        .collect()
}

/// Step 10: what the tier would pay by the row without its penalties.
#[inline(never)]
fn paid_without_penalty(measure: &Measure<'_>, other: u32, burden: &Burden<'_>, base: Fen) -> Fen {
    let row = usize::try_from(other).ok().and_then(|other| measure.tier.rows.get(other));
    row.map_or(Fen::ZERO, |row| compute::<false>(measure, row, burden, base).paid)
}

#[inline(never)]
fn compute_in_full(measure: &Measure<'_>, row: &Row, burden: &Burden<'_>, base: Fen) -> TierRow {
    compute::<false>(measure, row, burden, base)
}

/// Steps 2 to 8: what a row makes of a base. Who it is of, and the filing loss, are filled in by the caller. For a plain
/// row the steps it does not have are left out when this is compiled; what is left is the same.
#[inline(always)]
fn compute<const PLAIN: bool>(
    measure: &Measure<'_>,
    row: &Row,
    burden: &Burden<'_>,
    base: Fen,
) -> TierRow {
    let Measure { tier, frame, .. } = *measure;
    // 2
    let least = |caps: &[Cap]| if PLAIN { None } else { measure.least(caps) };
    let in_play = least(&row.cost_before).map_or(base, |rest| rest.min(base));
    let cut = base.minus(in_play);
    // 3
    let first_share = if PLAIN { Fen::ZERO } else { in_play.share(row.first_share, tier.rounding) };
    let after_first_share = in_play.minus(first_share);
    // 4
    let (deductible_whole, due) = match &row.deductible {
        Some(Deductible { amount: DeductibleAmount::Fixed(amount), less, .. }) if PLAIN => {
            (*amount, less.map_or(*amount, |slot| amount.less(slot_value(frame, slot))))
        }
        Some(deductible) => measure.deductible(deductible, base),
        None => (Fen::ZERO, Fen::ZERO),
    };
    let deductible = due.min(after_first_share);
    let above = after_first_share.minus(deductible);
    // 5
    let covered = least(&row.cost_after).map_or(above, |rest| rest.min(above));
    // 6
    let start = tier.bands_at.map_or(Fen::ZERO, |slot| slot_value(frame, slot));
    let begin = match tier.bands_from {
        BandsFrom::Deductible => start,
        BandsFrom::Zero => start.plus(deductible),
    };
    let payer = Payer::new(&row.bands, begin, origin(tier, begin, deductible_whole), tier.rounding);
    let laid = if PLAIN || row.kind_bands.is_empty() {
        None
    } else {
        Some(kinds::lay_out(row, tier, burden, cut, first_share, deductible, covered, begin))
    };
    let banded = match &laid {
        None => payer.pay(covered),
        Some(laid) => laid.pay(tier.rounding),
    };
    // 7
    let floored = match &row.floor {
        Some(floor) if !PLAIN => banded.max(measure.floor(floor, base, cut, deductible)),
        Some(_) | None => banded,
    };
    // 8
    let cap_left = match row.payment.first() {
        Some(Cap { amount: CapAmount::Fixed(amount), slot, .. }) if PLAIN => {
            Some(slot.map_or(*amount, |slot| amount.less(slot_value(frame, slot))))
        }
        Some(_) | None => least(&row.payment),
    };
    let (paid, paid_for) = match (cap_left, &laid) {
        (Some(rest), _) if floored >= rest && banded < rest => (rest, covered),
        (Some(rest), None) if floored >= rest => (rest, payer.least_for(rest, covered)),
        (Some(rest), Some(laid)) if floored >= rest => (rest, laid.least_for(rest, tier.rounding)),
        (Some(_) | None, _) => (floored, covered),
    };
    let above_cap = above.minus(paid_for).plus(cut);
    // A floor may have paid some of what is above the cap: the facility bears no more than is left.
    let facility =
        if tier.above_cap_facility { above_cap.min(base.minus(paid)) } else { Fen::ZERO };
    TierRow {
        stay_part: 0,
        tier: TierId::new(0),
        row: 0,
        base,
        cut,
        first_share,
        deductible_whole,
        deductible,
        begin,
        covered,
        banded,
        paid_for,
        cap_left,
        paid,
        above_cap,
        facility,
        filing_loss: Fen::ZERO,
    }
}

/// From where on F counts; where that is the begin, only the visit's own stretch is priced (step 6).
#[inline]
pub(crate) fn origin(tier: &Tier, begin: Fen, deductible_whole: Fen) -> Fen {
    match (tier.bands_pay, tier.bands_at, tier.bands_from) {
        (BandsPay::Increment, _, _) | (BandsPay::Difference, None, _) => begin,
        (BandsPay::Difference, Some(_), BandsFrom::Deductible) => Fen::ZERO,
        (BandsPay::Difference, Some(_), BandsFrom::Zero) => deductible_whole.min(begin),
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
    fn least(&self, caps: &[Cap]) -> Option<Fen> {
        match caps {
            [] => None,
            [one] => self.rest(one),
            [..] => caps.iter().filter_map(|cap| self.rest(cap)).min(),
        }
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

    /// Step 7: what a floor guarantees.
    #[inline(never)]
    fn floor(&self, floor: &Floor, base: Fen, cut: Fen, deductible: Fen) -> Fen {
        let of = if floor.of_total { self.situation.totals.parts.sum() } else { base };
        let of = if floor.without_deductible { of.less(deductible) } else { of };
        of.share(floor.rate, self.tier.rounding).min(base.minus(cut))
    }
}

/// The number of the admission: the stay's own where it was counted before, else the next of the year.
pub(crate) fn admission(frame: &[Fen], count: SlotId, counted: SlotId) -> i64 {
    let own = slot_value(frame, counted).get();
    if own > 0 { own } else { slot_value(frame, count).get().saturating_add(1) }
}

/// Counts a stay whose tier was entered and that was not counted before.
fn count_admission(row: &Row, frame: &mut [Fen]) {
    let Some(deductible) = &row.deductible else { return };
    match &deductible.amount {
        DeductibleAmount::ByAdmission { count, counted, .. } => {
            if slot_value(frame, *counted).get() > 0 {
                return;
            }
            let number = admission(frame, *count, *counted);
            add_to(frame, *counted, Fen::new(number));
            add_to(frame, *count, Fen::new(1));
        }
        DeductibleAmount::Fixed(_) | DeductibleAmount::Share { .. } => {}
    }
}

/// What a tier may write, in the order of [`AddOf`].
#[inline]
fn written(row: &TierRow) -> [Fen; ADDS_OF] {
    let above_deductible = row.base.minus(row.cut).minus(row.first_share).minus(row.deductible);
    let left = row.base.minus(row.paid);
    [row.base, row.first_share, row.deductible, above_deductible, row.paid, left, Fen::new(1)]
}

#[inline]
fn write(add: &Add, values: &[Fen; ADDS_OF], frame: &mut [Fen]) {
    let value = values.get(add.of.index()).copied().unwrap_or_default();
    add_to(frame, add.slot, value);
}

#[inline]
fn add_to(frame: &mut [Fen], slot: SlotId, value: Fen) {
    if let Some(place) = frame.get_mut(slot.index()) {
        *place = place.plus(value);
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
