//! The third stage: basic insurance, large-sum aid, critical illness, supplements and assistance are one computation
//! with other parameters. The steps are numbered as in `catalogs/sources/POLICY.md` §4.

mod axis;
mod burden;
pub mod columns;
mod kinds;

use alloc::vec::Vec;

use crate::id::{BenefitId, LineKind, SlotId, TierId};
use crate::limits;
use crate::money::{Fen, Quantity};
use crate::pack::{
    ADDS_OF, Add, AddOf, Axis, BandsFrom, Cap, CapAmount, Circumstance, Continued, Deductible,
    DeductibleAmount, Edition, Floor, Origin, Per, Plain, Row, ShareOf, Tier,
};
use crate::price::Totals;

pub(crate) use axis::Payer;
pub use axis::{Piece, pieces};
pub use burden::Burden;
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

/// Runs the tiers of a visit in order. `frame` holds the value of each slot of the pack and is written; `burden` is the
/// member's before any tier and becomes what is left of it.
pub fn run(
    situation: &Situation<'_>,
    stay_part: u8,
    frame: &mut [Fen],
    rows: &mut Vec<TierRow>,
    burden: &mut Burden<'_>,
) {
    // A stay taken in again, or one that continues another, has its own way with deductibles.
    let usual = !situation.deductible_nought && situation.at.get(Axis::Continued) == 0;
    let plan =
        situation.edition.plans.get(situation.benefit.index()).map_or(&[][..], Vec::as_slice);
    for id in plan {
        let Some(tier) = situation.edition.tiers.get(id.index()) else { continue };
        let Some(index) = tier.row_index(situation.at) else { continue };
        let Some(row) = tier.rows.get(index) else { continue };
        let key = RowKey { stay_part, tier: *id, row: u32::try_from(index).unwrap_or(u32::MAX) };
        match row.plain.as_ref().filter(|_| usual) {
            Some(plain) => run_plain(tier, row, plain, key, frame, rows, burden),
            None => run_in_full(situation, tier, row, key, frame, rows, burden),
        }
    }
}

/// Which row of which tier, and for which part of the stay.
#[derive(Copy, Clone)]
struct RowKey {
    stay_part: u8,
    tier: TierId,
    row: u32,
}

/// The steps of a plain row. It is made where it stays, and its figures are read from there by the later steps: kept in
/// registers from the first step to the last, they would be put aside and fetched between them, and once more for the row.
#[inline(always)]
fn run_plain(
    tier: &Tier,
    row: &Row,
    plain: &Plain,
    key: RowKey,
    frame: &mut [Fen],
    rows: &mut Vec<TierRow>,
    burden: &mut Burden<'_>,
) {
    let base = burden.entering_plain(&plain.takes, tier, key.stay_part, rows);
    if base <= Fen::ZERO {
        return;
    }
    rows.push(TierRow::of(key, base));
    if let Some(done) = rows.last_mut() {
        compute_plain(row, plain, frame, done);
        enter_plain(tier, plain, done, frame, burden);
    }
}

/// Steps 9 to 11 of a plain row.
#[inline(never)]
fn enter_plain(
    tier: &Tier,
    plain: &Plain,
    done: &TierRow,
    frame: &mut [Fen],
    burden: &mut Burden<'_>,
) {
    write_plain(plain, done, frame);
    burden.take_plain(&plain.takes, tier, done);
}

/// All steps.
#[inline(never)]
fn run_in_full(
    situation: &Situation<'_>,
    tier: &Tier,
    row: &Row,
    key: RowKey,
    frame: &mut [Fen],
    rows: &mut Vec<TierRow>,
    burden: &mut Burden<'_>,
) {
    let base = burden.entering(tier, key.stay_part, rows);
    if base <= Fen::ZERO {
        return;
    }
    let measure = Measure { situation, tier, frame };
    let mut done = TierRow::of(key, base);
    compute(&measure, row, burden, &mut done);
    done.filing_loss = filing_loss(&measure, row, burden, done);
    burden.take(tier, &done);
    write_slots(tier, row, &done, frame);
    rows.push(done);
}

/// Step 11: the count of admissions, and the adds of the tier and of its row.
pub(crate) fn write_slots(tier: &Tier, row: &Row, done: &TierRow, frame: &mut [Fen]) {
    count_admission(row, frame);
    let values = written(done);
    write(&tier.adds, &values, frame);
    write(&row.adds, &values, frame);
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

/// Step 10: by how much the tier would pay more by the row without its penalties.
fn filing_loss(measure: &Measure<'_>, row: &Row, burden: &Burden<'_>, mut without: TierRow) -> Fen {
    let other = row.unpenalised.and_then(|other| usize::try_from(other).ok());
    let Some(other) = other.and_then(|other| measure.tier.rows.get(other)) else {
        return Fen::ZERO;
    };
    let paid = without.paid;
    compute(measure, other, burden, &mut without);
    without.paid.less(paid)
}

/// Steps 4 to 8 of a row that has nothing else, from its numbers; [`compute`] would give the same.
#[inline(always)]
fn compute_plain(row: &Row, plain: &Plain, frame: &[Fen], done: &mut TierRow) {
    price_plain(plain, frame, done);
    if let Some(rest) = done.cap_left
        && done.banded >= rest
    {
        reach_cap(row, plain, rest, done);
    }
}

/// The same, but for a cap on the payment that is reached.
#[inline(never)]
fn price_plain(plain: &Plain, frame: &[Fen], done: &mut TierRow) {
    // What the slots say goes first: nothing else is needed of them.
    done.cap_left = plain.cap.map(|cap| cap.less(slot_value(frame, plain.cap_slot)));
    let borne = slot_value(frame, plain.less);
    let start = slot_value(frame, plain.bands_at);
    // 4
    let deductible = plain.deductible.less(borne).min(done.base);
    let covered = done.base.minus(deductible);
    done.deductible_whole = plain.deductible;
    done.deductible = deductible;
    done.covered = covered;
    done.paid_for = covered;
    // 6
    let begin = if plain.from_zero { start.plus(deductible) } else { start };
    done.begin = begin;
    let to_begin = plain.curve.at(begin);
    let to_end = plain.curve.at(begin.plus(covered));
    let banded = match plain.origin {
        Origin::Begin => Fen::rounded_between(to_begin, to_end, plain.rounding),
        Origin::Zero | Origin::Deductible => paid_since(plain, begin, to_begin, to_end),
    };
    done.banded = banded;
    done.paid = banded;
}

/// Step 6 of a plain row whose F counts from before the begin: two roundings.
#[inline(never)]
fn paid_since(plain: &Plain, begin: Fen, to_begin: i64, to_end: i64) -> Fen {
    let before = plain.curve.at(plain.origin.of(begin, plain.deductible));
    let paid_before = Fen::rounded_between(before, to_begin, plain.rounding);
    Fen::rounded_between(before, to_end, plain.rounding).minus(paid_before)
}

/// Step 8 of a plain row: it pays what its cap has left, for the least length for which it does.
#[cold]
fn reach_cap(row: &Row, plain: &Plain, rest: Fen, done: &mut TierRow) {
    let origin = plain.origin.of(done.begin, plain.deductible);
    let payer = Payer::new(&row.bands, done.begin, origin, plain.rounding);
    done.paid = rest;
    done.paid_for = payer.least_for(rest, done.covered);
    done.above_cap = done.covered.minus(done.paid_for);
    done.facility = done.above_cap.when(plain.above_cap_facility);
}

/// Steps 2 to 8: what a row makes of the base.
#[inline(never)]
fn compute(measure: &Measure<'_>, row: &Row, burden: &Burden<'_>, done: &mut TierRow) {
    let base = done.base;
    let Measure { tier, frame, .. } = *measure;
    // 2
    let in_play = measure.least(&row.cost_before).map_or(base, |rest| rest.min(base));
    let cut = base.minus(in_play);
    // 3
    let first_share = in_play.share(row.first_share, tier.rounding);
    let after_first_share = in_play.minus(first_share);
    // 4
    let (deductible_whole, due) = match &row.deductible {
        Some(deductible) => measure.deductible(deductible, base),
        None => (Fen::ZERO, Fen::ZERO),
    };
    let deductible = due.min(after_first_share);
    let above = after_first_share.minus(deductible);
    // 5
    let covered = measure.least(&row.cost_after).map_or(above, |rest| rest.min(above));
    // 6
    let begin = begin(tier, frame, deductible);
    let origin = tier.origin().of(begin, deductible_whole);
    let payer = Payer::new(&row.bands, begin, origin, tier.rounding);
    let laid = (!row.kind_bands.is_empty())
        .then(|| kinds::lay_out(row, tier, burden, cut, first_share, deductible, covered, begin));
    let banded = match &laid {
        None => payer.pay(covered),
        Some(laid) => laid.pay(tier.rounding),
    };
    // 7
    let floored = match &row.floor {
        Some(floor) => banded.max(measure.floor(floor, base, cut, deductible)),
        None => banded,
    };
    // 8
    let cap_left = measure.least(&row.payment);
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
    *done = TierRow {
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
        ..*done
    };
}

impl TierRow {
    /// What has entered, before anything is made of it.
    #[inline(always)]
    fn of(key: RowKey, base: Fen) -> TierRow {
        let RowKey { stay_part, tier, row } = key;
        TierRow {
            stay_part,
            tier,
            row,
            base,
            cut: Fen::ZERO,
            first_share: Fen::ZERO,
            deductible_whole: Fen::ZERO,
            deductible: Fen::ZERO,
            begin: Fen::ZERO,
            covered: Fen::ZERO,
            banded: Fen::ZERO,
            paid_for: Fen::ZERO,
            cap_left: None,
            paid: Fen::ZERO,
            above_cap: Fen::ZERO,
            facility: Fen::ZERO,
            filing_loss: Fen::ZERO,
        }
    }
}

/// Where on the axis of the bands the covered amount begins (step 6).
#[inline]
fn begin(tier: &Tier, frame: &[Fen], deductible: Fen) -> Fen {
    let start = tier.bands_at.map_or(Fen::ZERO, |slot| slot_value(frame, slot));
    match tier.bands_from {
        BandsFrom::Deductible => start,
        BandsFrom::Zero => start.plus(deductible),
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
            Per::Session => amount.times_bounded(self.sessions()),
            Per::Day => amount.times_bounded(self.situation.totals.days),
        }
    }

    /// Net quantity of the tier's kinds, rounded up to a whole, at least one.
    pub(crate) fn sessions(&self) -> i64 {
        let kinds = &self.situation.totals.kinds;
        let of_kind = |kind: &LineKind| {
            kinds.get(kind.index()).map_or(Quantity::ZERO, |totals| totals.quantity)
        };
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

/// What a tier may write, in the order of [`AddOf`](crate::pack::AddOf).
fn written(row: &TierRow) -> [Fen; ADDS_OF] {
    let above_deductible = row.base.minus(row.cut).minus(row.first_share).minus(row.deductible);
    let left = row.base.minus(row.paid);
    [row.base, row.first_share, row.deductible, above_deductible, row.paid, left, Fen::new(1)]
}

/// Step 11 of a plain row, of which nothing is cut and no first share taken.
#[inline(always)]
fn write_plain(plain: &Plain, row: &TierRow, frame: &mut [Fen]) {
    let mut add = |of: AddOf, value| add_to(frame, plain.add(of), value);
    add(AddOf::Base, row.base);
    add(AddOf::Deductible, row.deductible);
    add(AddOf::AboveDeductible, row.covered);
    add(AddOf::Paid, row.paid);
    add(AddOf::Left, row.base.minus(row.paid));
    add(AddOf::One, Fen::new(1));
}

fn write(adds: &[Add], values: &[Fen; ADDS_OF], frame: &mut [Fen]) {
    for add in adds {
        let value = values.get(add.of.index()).copied().unwrap_or_default();
        add_to(frame, add.slot, value);
    }
}

#[inline]
fn add_to(frame: &mut [Fen], slot: SlotId, value: Fen) {
    if let Some(place) = frame.get_mut(slot.index()) {
        // Above its bound a slot refuses the claim in the end; until then nothing may overflow on it.
        *place = place.plus(value).min(Fen::new(limits::SLOT_FEN_MAX + limits::BILL_FEN_MAX));
    }
}

#[inline]
fn slot_value(frame: &[Fen], slot: SlotId) -> Fen {
    frame.get(slot.index()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;

    use super::*;
    use crate::id::SourceId;
    use crate::money::{Rate, Rounding};
    use crate::pack::{Band, BandsPay, Base, FundType};

    /// Numbers that look random, the same for a seed.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            self.0.wrapping_shr(33).checked_rem(n).expect("n is not nought")
        }

        fn fen(&mut self, n: u64) -> Fen {
            Fen::new(i64::try_from(self.below(n)).expect("small"))
        }

        fn slot(&mut self) -> Option<SlotId> {
            let slot = u8::try_from(self.below(4)).expect("small");
            (self.below(3) > 0).then(|| SlotId::new(slot))
        }

        fn one<T: Copy>(&mut self, of: [T; 2]) -> T {
            let [first, second] = of;
            if self.below(2) == 0 { first } else { second }
        }
    }

    fn row(dice: &mut Dice, adds: Vec<Add>) -> Row {
        let deductible = (dice.below(3) > 0).then(|| Deductible {
            amount: DeductibleAmount::Fixed(dice.fen(2_000)),
            per: Per::Visit,
            factors: vec![],
            less: dice.slot(),
            ceiling: None,
            continued: Continued::Difference,
        });
        let mut to = Fen::ZERO;
        let count = dice.below(4).saturating_add(1);
        let bands = (1..=count).map(|n| {
            to = to.plus(Fen::new(1)).plus(dice.fen(3_000));
            let to = if n == count { Fen::UNLIMITED } else { to };
            let parts = u16::try_from(dice.below(10_001)).expect("small");
            Band { to, rate: Rate::new(parts).expect("at most the whole") }
        });
        let bands = bands.collect();
        let cap = (dice.below(3) > 0).then(|| Cap {
            amount: CapAmount::Fixed(dice.fen(4_000)),
            per: Per::Visit,
            slot: dice.slot(),
            source: SourceId::new(0),
        });
        Row {
            first_share: Rate::ZERO,
            deductible,
            bands,
            kind_bands: vec![],
            cost_before: vec![],
            cost_after: vec![],
            payment: cap.into_iter().collect(),
            floor: None,
            adds,
            unpenalised: None,
            basis: vec![],
            plain: None,
        }
    }

    /// What the tier writes, and what its row does: each thing once.
    fn adds(dice: &mut Dice) -> (Vec<Add>, Vec<Add>) {
        let of = [
            AddOf::Base,
            AddOf::FirstShare,
            AddOf::Deductible,
            AddOf::AboveDeductible,
            AddOf::Paid,
            AddOf::Left,
            AddOf::One,
        ];
        let adds: Vec<Add> =
            of.into_iter().filter_map(|of| Some(Add { slot: dice.slot()?, of })).collect();
        adds.into_iter().partition(|_| dice.below(2) == 0)
    }

    #[test]
    fn a_plain_row_gives_the_same_by_its_numbers_and_in_full() {
        let mut dice = Dice(20_261_122);
        let edition = Edition {
            span: crate::date::Span::ALWAYS,
            tiers: vec![],
            plans: vec![],
            accounts: crate::pack::Accounts::default(),
            age_cuts: vec![],
            paid_year_cuts: vec![],
            approval_cuts: vec![],
            fetus_cuts: vec![],
        };
        let at = Circumstance::default();
        let totals = Totals { days: 1, ..Totals::default() };
        let situation = Situation {
            edition: &edition,
            benefit: BenefitId::new(0),
            at: &at,
            totals: &totals,
            deductible_nought: false,
            approval_limit: None,
        };
        for _ in 0..50_000 {
            let (of_tier, of_row) = adds(&mut dice);
            let mut tier = Tier {
                name: String::new(),
                fund: FundType::parse("310100").expect("six digits"),
                basic: true,
                base: Base::InScope,
                kinds: vec![LineKind::new(0)],
                rounding: dice.one([Rounding::HalfAway, Rounding::Down]),
                bands_at: dice.slot(),
                bands_from: dice.one([BandsFrom::Deductible, BandsFrom::Zero]),
                bands_pay: dice.one([BandsPay::Difference, BandsPay::Increment]),
                above_cap_facility: dice.below(2) == 0,
                adds: of_tier,
                axes: vec![],
                cells: vec![],
                rows: vec![row(&mut dice, of_row)],
                source: SourceId::new(0),
            };
            tier.find_plain_rows();
            let row = tier.rows.first().expect("one");
            let plain = row.plain.as_ref().expect("it has nothing else");
            let frame = [dice.fen(5_000), dice.fen(5_000), dice.fen(5_000), dice.fen(5_000)];
            let base = Fen::new(1).plus(dice.fen(8_000));
            let key = RowKey { stay_part: 0, tier: TierId::new(0), row: 0 };
            let mut in_full = TierRow::of(key, base);
            let mut by_numbers = in_full;
            compute_plain(row, plain, &frame, &mut by_numbers);
            let measure = Measure { situation: &situation, tier: &tier, frame: &frame };
            compute(&measure, row, &Burden::of(&totals), &mut in_full);
            assert_eq!(by_numbers, in_full, "{tier:?} on {base} with {frame:?}");
            let (mut plainly, mut wholly) = (frame, frame);
            write_plain(plain, &by_numbers, &mut plainly);
            write_slots(&tier, row, &in_full, &mut wholly);
            assert_eq!(plainly, wholly, "{tier:?} writes {in_full:?}");
        }
    }
}
