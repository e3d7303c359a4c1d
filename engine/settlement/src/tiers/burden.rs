//! What the member still bears while the tiers run: five parts, what no tier has touched, and the filing loss.

use crate::id::{LineKind, TierId};
use crate::limits::LINE_KINDS_MAX;
use crate::money::Fen;
use crate::pack::{Base, IN_SCOPE, PARTS, Part, Takes, Tier};
use crate::price::Totals;

use super::TierRow;

/// The order in which payments on what is left are taken off.
const TAKEN_OFF: [Part; PARTS] =
    [Part::AboveCap, Part::CoPay, Part::FirstShare, Part::Deductible, Part::PrePay];

/// The order in which the filing loss is left out of a base.
const LOSS_LIES_IN: [Part; PARTS] =
    [Part::FirstShare, Part::CoPay, Part::Deductible, Part::AboveCap, Part::PrePay];

/// What the member bears of covered cost.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Burden<'t> {
    totals: &'t Totals,
    parts: Parts,
    /// In scope that no tier has touched, of all kinds.
    untouched: Fen,
    /// A bit for each kind whose in scope was touched.
    scope_touched: u32,
    /// A bit for each kind whose pre-pay was taken into a base.
    pre_pay_touched: u32,
    filing_loss: Fen,
}

/// An amount for each of the five parts.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
struct Parts {
    pre_pay: Fen,
    first_share: Fen,
    deductible: Fen,
    co_pay: Fen,
    above_cap: Fen,
}

// A bit for each kind.
const _: () = assert!(LINE_KINDS_MAX <= 32);

impl Parts {
    #[inline]
    fn get(&self, part: Part) -> Fen {
        match part {
            Part::PrePay => self.pre_pay,
            Part::FirstShare => self.first_share,
            Part::Deductible => self.deductible,
            Part::CoPay => self.co_pay,
            Part::AboveCap => self.above_cap,
        }
    }

    #[inline]
    fn place(&mut self, part: Part) -> &mut Fen {
        match part {
            Part::PrePay => &mut self.pre_pay,
            Part::FirstShare => &mut self.first_share,
            Part::Deductible => &mut self.deductible,
            Part::CoPay => &mut self.co_pay,
            Part::AboveCap => &mut self.above_cap,
        }
    }

    #[inline]
    fn sum(&self) -> Fen {
        let above = self.co_pay.plus(self.above_cap);
        self.pre_pay.plus(self.first_share).plus(self.deductible).plus(above)
    }
}

impl<'t> Burden<'t> {
    /// Before any tier.
    #[inline]
    pub fn of(totals: &'t Totals) -> Burden<'t> {
        Burden {
            totals,
            parts: Parts { pre_pay: totals.parts.pre_pay, ..Parts::default() },
            untouched: totals.parts.in_scope,
            scope_touched: 0,
            pre_pay_touched: 0,
            filing_loss: Fen::ZERO,
        }
    }

    /// One of the five parts; co-pay includes what no tier took in.
    #[inline]
    pub fn part(&self, part: Part) -> Fen {
        match part {
            Part::CoPay => self.parts.co_pay.plus(self.untouched),
            Part::PrePay | Part::FirstShare | Part::Deductible | Part::AboveCap => {
                self.parts.get(part)
            }
        }
    }

    /// What the lack of a filing cost, over all tiers.
    pub fn filing_loss(&self) -> Fen {
        self.filing_loss
    }

    /// Of a kind, what a tier on in scope would take in.
    #[inline]
    pub(crate) fn of_kind(&self, kind: LineKind, base: Base) -> Fen {
        let Some(totals) = self.totals.kinds.get(kind.index()) else { return Fen::ZERO };
        let unless = |touched: u32, amount: Fen| {
            if touched & bit(kind) == 0 { amount } else { Fen::ZERO }
        };
        let in_scope = unless(self.scope_touched, totals.in_scope);
        match base {
            Base::InScopeAndPrePay => in_scope.plus(unless(self.pre_pay_touched, totals.pre_pay)),
            Base::InScope | Base::AboveCapOf(_) | Base::Left { .. } => in_scope,
        }
    }

    /// Of a kind, in scope and pre-pay that no tier has taken in.
    pub(crate) fn untouched_of(&self, kind: LineKind) -> (Fen, Fen) {
        let in_scope = self.of_kind(kind, Base::InScope);
        (in_scope, self.of_kind(kind, Base::InScopeAndPrePay).minus(in_scope))
    }

    /// Step 1 for a plain row; nothing enters where that is not above nought.
    #[inline(always)]
    pub(crate) fn entering_plain(
        &self,
        takes: &Takes,
        tier: &Tier,
        stay_part: u8,
        rows: &[TierRow],
    ) -> Fen {
        match takes {
            Takes::Kind(kind) => self.of_kind(*kind, Base::InScope),
            Takes::LeftInScope => self.named(&IN_SCOPE).sum(),
            Takes::Left(parts) => self.named(parts).sum(),
            Takes::Other => self.entering(tier, stay_part, rows),
        }
    }

    /// Step 1: what enters a tier; nothing where that is not above nought.
    #[inline(never)]
    pub(crate) fn entering(&self, tier: &Tier, stay_part: u8, rows: &[TierRow]) -> Fen {
        match tier.base {
            Base::InScope | Base::InScopeAndPrePay => {
                tier.kinds.iter().map(|kind| self.of_kind(*kind, tier.base)).sum()
            }
            Base::AboveCapOf(earlier) => self.above_cap_of(earlier, stay_part, rows),
            Base::Left { parts, without_filing_loss } => {
                if without_filing_loss && !self.filing_loss.is_zero() {
                    self.without_loss(&parts, self.filing_loss).sum()
                } else {
                    self.named(&parts).sum()
                }
            }
        }
    }

    /// What an earlier tier added above its cap and later ones have not yet taken off.
    #[inline(never)]
    fn above_cap_of(&self, earlier: TierId, stay_part: u8, rows: &[TierRow]) -> Fen {
        let same = |row: &&TierRow| row.tier == earlier && row.stay_part == stay_part;
        // A floor may have paid some of what is above the cap already.
        let mine = rows.iter().find(same).map_or(Fen::ZERO, |row| {
            let below = row.paid_for.plus(row.first_share).plus(row.deductible);
            row.above_cap.minus(row.facility).less(row.paid.less(below))
        });
        mine.min(self.parts.above_cap)
    }

    /// What is left of the named parts.
    #[inline(always)]
    fn named(&self, named: &[bool; PARTS]) -> Parts {
        let &[pre_pay, first_share, deductible, co_pay, above_cap] = named;
        let when = |named: bool, amount: Fen| if named { amount } else { Fen::ZERO };
        Parts {
            pre_pay: when(pre_pay, self.parts.pre_pay),
            first_share: when(first_share, self.parts.first_share),
            deductible: when(deductible, self.parts.deductible),
            co_pay: when(co_pay, self.parts.co_pay.plus(self.untouched)),
            above_cap: when(above_cap, self.parts.above_cap),
        }
    }

    /// The same, without a filing loss that lies in them.
    #[inline(never)]
    fn without_loss(&self, named: &[bool; PARTS], loss: Fen) -> Parts {
        let mut kept = self.named(named);
        take(&mut kept, loss, &LOSS_LIES_IN);
        kept
    }

    /// How much of a part did not enter a tier on what is left, because a filing loss lies in it.
    pub(crate) fn left_out(&self, tier: &Tier, part: Part) -> Fen {
        match tier.base {
            Base::Left { parts, without_filing_loss: true } => {
                let kept = self.without_loss(&parts, self.filing_loss);
                self.named(&parts).get(part).minus(kept.get(part))
            }
            Base::Left { without_filing_loss: false, .. }
            | Base::InScope
            | Base::InScopeAndPrePay
            | Base::AboveCapOf(_) => Fen::ZERO,
        }
    }

    /// Step 9 for a plain row.
    #[inline(always)]
    pub(crate) fn take_plain(&mut self, takes: &Takes, tier: &Tier, row: &TierRow) {
        match takes {
            Takes::Kind(kind) => {
                self.scope_touched |= bit(*kind);
                self.untouched = self.untouched.minus(row.base);
                self.add_made(row);
            }
            Takes::LeftInScope => self.take_left(row, &IN_SCOPE),
            Takes::Left(named) => self.take_left_of(row, named),
            Takes::Other => self.take(tier, row),
        }
    }

    /// Steps 9 and 10: the base leaves where it was, and what the tier made of it comes in.
    #[inline(never)]
    pub(crate) fn take(&mut self, tier: &Tier, row: &TierRow) {
        let loss_before = self.filing_loss;
        self.filing_loss = loss_before.plus(row.filing_loss);
        match tier.base {
            Base::InScope | Base::InScopeAndPrePay => {
                self.touch_kinds(tier, row.base);
                self.add_made(row);
            }
            Base::AboveCapOf(_) => {
                self.parts.above_cap = self.parts.above_cap.minus(row.paid).minus(row.facility);
            }
            Base::Left { parts: named, without_filing_loss } => {
                if without_filing_loss && !loss_before.is_zero() {
                    let mut took = self.without_loss(&named, loss_before);
                    self.touch_rest(&named);
                    self.take_off_of(row.paid, &mut took);
                    self.take_off_of(row.facility, &mut took);
                } else {
                    self.take_left_of(row, &named);
                }
            }
        }
    }

    /// What a tier on in scope made of its base comes in.
    #[inline(always)]
    fn add_made(&mut self, row: &TierRow) {
        let above_cap = row.above_cap.minus(row.facility);
        if row.paid > row.paid_for {
            let excess = row.paid.minus(row.paid_for);
            self.add_floored(row.first_share, row.deductible, above_cap, excess);
        } else {
            let parts = &mut self.parts;
            parts.first_share = parts.first_share.plus(row.first_share);
            parts.deductible = parts.deductible.plus(row.deductible);
            parts.co_pay = parts.co_pay.plus(row.paid_for.minus(row.paid));
            parts.above_cap = parts.above_cap.plus(above_cap);
        }
    }

    /// What a tier on what is left has paid goes off it.
    #[inline(always)]
    fn take_left(&mut self, row: &TierRow, named: &[bool; PARTS]) {
        self.touch_rest(named);
        self.keep(row.base.less(row.paid.plus(row.facility)), named);
    }

    /// The same of parts that are not known beforehand.
    #[inline(never)]
    fn take_left_of(&mut self, row: &TierRow, named: &[bool; PARTS]) {
        self.take_left(row, named);
    }

    /// Naming co-pay takes in what no tier has touched.
    #[inline(always)]
    fn touch_rest(&mut self, named: &[bool; PARTS]) {
        let &[_, _, _, co_pay, _] = named;
        if co_pay {
            self.parts.co_pay = self.parts.co_pay.plus(self.untouched);
            self.untouched = Fen::ZERO;
            self.scope_touched = u32::MAX;
        }
    }

    /// A floor pays more than what the bands cover: the excess comes off what else the tier leaves to the member.
    #[inline(never)]
    fn add_floored(&mut self, first_share: Fen, deductible: Fen, above_cap: Fen, excess: Fen) {
        let mut made =
            Parts { pre_pay: Fen::ZERO, first_share, deductible, co_pay: Fen::ZERO, above_cap };
        let order = [Part::FirstShare, Part::Deductible, Part::AboveCap, Part::CoPay, Part::PrePay];
        take(&mut made, excess, &order);
        self.parts.first_share = self.parts.first_share.plus(made.first_share);
        self.parts.deductible = self.parts.deductible.plus(made.deductible);
        self.parts.above_cap = self.parts.above_cap.plus(made.above_cap);
    }

    /// The kinds of a tier are touched, by a base of which in scope is all or the rest.
    fn touch_kinds(&mut self, tier: &Tier, base: Fen) {
        if tier.base == Base::InScopeAndPrePay {
            return self.touch_with_pre_pay(tier, base);
        }
        self.scope_touched |= bits(&tier.kinds);
        self.untouched = self.untouched.minus(base);
    }

    fn touch_with_pre_pay(&mut self, tier: &Tier, base: Fen) {
        let pre_pay = tier.kinds.iter().map(|kind| self.untouched_of(*kind).1).sum::<Fen>();
        self.scope_touched |= bits(&tier.kinds);
        self.pre_pay_touched |= bits(&tier.kinds);
        self.untouched = self.untouched.minus(base.minus(pre_pay));
        self.parts.pre_pay = self.parts.pre_pay.less(pre_pay);
    }

    /// Leaves an amount, at most their sum, in the named parts. They are taken off in the order above cap, co-pay, first share,
    /// deductible, pre-pay; so what is left lies in them in the order that is its reverse. What a tier pays beyond them, by a
    /// pack that makes no sense, is in no part: then the person does not bear the rest, and the bill is refused.
    /// No branch hangs on the amount: whether a tier pays is too often guessed wrong.
    #[inline(always)]
    fn keep(&mut self, left: Fen, named: &[bool; PARTS]) {
        let &[pre_pay, first_share, deductible, co_pay, above_cap] = named;
        let mut rest = left;
        let mut keep = |named: bool, mine: &mut Fen| {
            if named {
                *mine = rest.min(*mine);
                rest = rest.minus(*mine);
            }
        };
        keep(pre_pay, &mut self.parts.pre_pay);
        keep(deductible, &mut self.parts.deductible);
        keep(first_share, &mut self.parts.first_share);
        keep(co_pay, &mut self.parts.co_pay);
        keep(above_cap, &mut self.parts.above_cap);
    }

    /// Takes an amount off the parts in their order, each only as far as the base took it in.
    #[inline(never)]
    fn take_off_of(&mut self, amount: Fen, took: &mut Parts) {
        let mut rest = amount;
        for part in TAKEN_OFF {
            let of_base = took.place(part);
            let taken = rest.min(*of_base);
            rest = rest.minus(taken);
            *of_base = of_base.minus(taken);
            let mine = self.parts.place(part);
            *mine = mine.minus(taken);
        }
    }
}

#[inline]
fn bit(kind: LineKind) -> u32 {
    1_u32.wrapping_shl(u32::from(kind.get()))
}

fn bits(kinds: &[LineKind]) -> u32 {
    kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
}

/// Takes an amount off parts in an order, as far as they go.
fn take(parts: &mut Parts, amount: Fen, order: &[Part; PARTS]) {
    let mut rest = amount;
    for part in order {
        let place = parts.place(*part);
        let taken = rest.min(*place);
        rest = rest.minus(taken);
        *place = place.minus(taken);
    }
}
