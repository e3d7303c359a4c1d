//! What the member still bears while the tiers run: five parts, what no tier has touched, and the filing loss.

use crate::id::LineKind;
use crate::limits::LINE_KINDS_MAX;
use crate::money::Fen;
use crate::pack::{Base, PARTS, Part, Tier};
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
pub struct Burden {
    parts: [Fen; PARTS],
    in_scope: [Fen; LINE_KINDS_MAX],
    pre_pay: [Fen; LINE_KINDS_MAX],
    filing_loss: Fen,
    facility: Fen,
    paid: Fen,
}

/// What enters a tier, and where it comes from.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Entering {
    pub(crate) base: Fen,
    /// For tiers on what is left: how much of each part.
    pub(crate) took: [Fen; PARTS],
    /// For tiers on in scope: by kind, in scope and pre-pay together.
    pub(crate) by_kind: [Fen; LINE_KINDS_MAX],
}

impl Burden {
    /// Before any tier.
    #[inline]
    pub(crate) fn of(totals: &Totals) -> Burden {
        let mut parts = [Fen::ZERO; PARTS];
        set(&mut parts, Part::PrePay, totals.parts.pre_pay);
        Burden {
            parts,
            in_scope: totals.in_scope,
            pre_pay: totals.pre_pay,
            filing_loss: Fen::ZERO,
            facility: Fen::ZERO,
            paid: Fen::ZERO,
        }
    }

    /// One of the five parts; co-pay includes what no tier took in.
    pub fn part(&self, part: Part) -> Fen {
        match part {
            Part::CoPay => get(&self.parts, part).plus(self.untouched()),
            Part::PrePay | Part::FirstShare | Part::Deductible | Part::AboveCap => {
                get(&self.parts, part)
            }
        }
    }

    /// All of it.
    pub fn sum(&self) -> Fen {
        self.parts.iter().copied().sum::<Fen>().plus(self.untouched())
    }

    /// What all tiers together paid.
    pub fn paid(&self) -> Fen {
        self.paid
    }

    /// What tiers put on the facility.
    pub fn facility(&self) -> Fen {
        self.facility
    }

    /// What the lack of a filing cost, over all tiers.
    pub fn filing_loss(&self) -> Fen {
        self.filing_loss
    }

    /// What no tier has touched of one line kind: in scope and pre-pay.
    pub(crate) fn untouched_of(&self, kind: LineKind) -> (Fen, Fen) {
        let of = |amounts: &[Fen; LINE_KINDS_MAX]| amounts.get(kind.index()).copied();
        (of(&self.in_scope).unwrap_or_default(), of(&self.pre_pay).unwrap_or_default())
    }

    #[inline]
    fn untouched(&self) -> Fen {
        self.in_scope.iter().copied().fold(Fen::ZERO, Fen::plus)
    }

    /// Step 1: what enters a tier; `None` when that is nothing.
    #[inline]
    pub(crate) fn entering(
        &self,
        tier: &Tier,
        stay_part: u8,
        rows: &[TierRow],
    ) -> Option<Entering> {
        let mut entering = Entering {
            base: Fen::ZERO,
            took: [Fen::ZERO; PARTS],
            by_kind: [Fen::ZERO; LINE_KINDS_MAX],
        };
        match tier.base {
            Base::InScope | Base::InScopeAndPrePay => {
                for kind in &tier.kinds {
                    let mut amount = self.in_scope.get(kind.index()).copied().unwrap_or_default();
                    if tier.base == Base::InScopeAndPrePay {
                        amount = amount
                            .plus(self.pre_pay.get(kind.index()).copied().unwrap_or_default());
                    }
                    if let Some(place) = entering.by_kind.get_mut(kind.index()) {
                        *place = amount;
                    }
                    entering.base = entering.base.plus(amount);
                }
            }
            Base::AboveCapOf(earlier) => {
                // What that tier added and later ones have not yet taken off.
                let there = get(&self.parts, Part::AboveCap);
                let added =
                    rows.iter().find(|row| row.tier == earlier && row.stay_part == stay_part);
                let mine =
                    added.map_or(Fen::ZERO, |row| row.above_cap.minus(row.facility)).min(there);
                set(&mut entering.took, Part::AboveCap, mine);
                entering.base = mine;
            }
            Base::Left { parts, without_filing_loss } => {
                for part in TAKEN_OFF {
                    if parts.get(part.index()) == Some(&true) {
                        set(&mut entering.took, part, self.part(part));
                    }
                }
                if without_filing_loss {
                    leave_out(&mut entering.took, self.filing_loss, &LOSS_LIES_IN);
                }
                entering.base = entering.took.iter().copied().fold(Fen::ZERO, Fen::plus);
            }
        }
        (entering.base > Fen::ZERO).then_some(entering)
    }

    /// Steps 9 and 10: the base leaves where it was, and what the tier made of it comes in.
    #[inline]
    pub(crate) fn take(&mut self, tier: &Tier, entering: &Entering, row: &TierRow) {
        self.paid = self.paid.plus(row.paid);
        self.facility = self.facility.plus(row.facility);
        self.filing_loss = self.filing_loss.plus(row.filing_loss);
        match tier.base {
            Base::InScope | Base::InScopeAndPrePay => {
                for kind in &tier.kinds {
                    clear(&mut self.in_scope, kind.index());
                    if tier.base == Base::InScopeAndPrePay {
                        let was = clear(&mut self.pre_pay, kind.index());
                        let rest = get(&self.parts, Part::PrePay).minus(was);
                        set(&mut self.parts, Part::PrePay, rest);
                    }
                }
                // A floor may pay more than what the bands cover: the excess comes off what the member bears else.
                let mut over = row.paid.less(row.paid_for);
                let mut off = |amount: Fen| {
                    let taken = over.min(amount);
                    over = over.minus(taken);
                    amount.minus(taken)
                };
                let (first_share, deductible) = (off(row.first_share), off(row.deductible));
                let above_cap = off(row.above_cap.minus(row.facility));
                self.add(Part::FirstShare, first_share);
                self.add(Part::Deductible, deductible);
                self.add(Part::CoPay, row.paid_for.less(row.paid));
                self.add(Part::AboveCap, above_cap);
            }
            Base::AboveCapOf(_) | Base::Left { .. } => {
                self.touch(tier.base);
                let mut took = entering.took;
                for amount in [row.paid, row.facility] {
                    self.take_off(amount, &mut took);
                }
            }
        }
    }

    /// Naming co-pay takes in what no tier has touched.
    fn touch(&mut self, base: Base) {
        match base {
            Base::Left { parts, .. } if parts.get(Part::CoPay.index()) == Some(&true) => {
                let untouched = self.untouched();
                self.in_scope = [Fen::ZERO; LINE_KINDS_MAX];
                self.add(Part::CoPay, untouched);
            }
            Base::Left { .. } | Base::AboveCapOf(_) | Base::InScope | Base::InScopeAndPrePay => {}
        }
    }

    /// Takes an amount off the parts, each only as far as the base took it in.
    #[inline]
    fn take_off(&mut self, amount: Fen, took: &mut [Fen; PARTS]) {
        let mut rest = amount;
        for part in TAKEN_OFF {
            let taken = rest.min(get(took, part));
            rest = rest.minus(taken);
            let (left, of_base) =
                (get(&self.parts, part).minus(taken), get(took, part).minus(taken));
            set(&mut self.parts, part, left);
            set(took, part, of_base);
        }
        assert!(rest.is_zero(), "a tier pays no more than what entered it");
    }

    #[inline]
    fn add(&mut self, part: Part, amount: Fen) {
        let sum = get(&self.parts, part).plus(amount);
        set(&mut self.parts, part, sum);
    }
}

/// Leaves an amount out of parts in an order, as far as they go.
fn leave_out(took: &mut [Fen; PARTS], amount: Fen, order: &[Part; PARTS]) {
    let mut rest = amount;
    for part in order {
        let left = rest.min(get(took, *part));
        rest = rest.minus(left);
        let kept = get(took, *part).minus(left);
        set(took, *part, kept);
    }
}

#[inline]
fn get(parts: &[Fen; PARTS], part: Part) -> Fen {
    parts.get(part.index()).copied().unwrap_or_default()
}

#[inline]
fn set(parts: &mut [Fen; PARTS], part: Part, amount: Fen) {
    if let Some(place) = parts.get_mut(part.index()) {
        *place = amount;
    }
}

/// Takes out what stands at a place.
#[inline]
fn clear(amounts: &mut [Fen; LINE_KINDS_MAX], index: usize) -> Fen {
    amounts.get_mut(index).map(core::mem::take).unwrap_or_default()
}
