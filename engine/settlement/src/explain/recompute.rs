//! Whether an explanation gives the bill: every figure of the decision, summed again from the leaves.

use crate::bill::Decision;
use crate::money::Fen;
use crate::pack::{FundField, PARTS, Part};

use super::{Explanation, TierNode};

/// A figure that the explanation does not give.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Mismatch {
    /// Which.
    pub figure: Figure,
    /// What the leaves sum to.
    pub explained: Fen,
    /// What was decided.
    pub decided: Fen,
}

/// A figure of a decision.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Figure {
    /// `medfee_sumamt`
    Total,
    /// `fulamt_ownpay_amt`
    Own,
    /// `overlmt_selfpay`
    Over,
    /// `preselfpay_amt`
    PrePay,
    /// `inscp_scp_amt`
    InScope,
    /// A field of funds, or the facility's.
    Field(FundField),
    /// `fund_pay_sumamt`
    FundSum,
    /// What the person bears of covered cost.
    Borne(Part),
    /// `psn_part_amt`
    PersonPart,
    /// `acct_pay` and `psn_cash_pay`
    AccountAndCash,
    /// How many tiers there are.
    Tiers,
    /// A step of a tier, by the tier's place.
    Tier(usize, TierFigure),
    /// The last value of a slot, by the change's place.
    Slot(usize),
}

/// A step of a tier.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum TierFigure {
    /// What the base is made of.
    Base,
    /// What caps before the deductible cut.
    Cut,
    /// The first share.
    FirstShare,
    /// The deductible.
    Deductible,
    /// What the bands price.
    Covered,
    /// What lies in the bands.
    Pieces,
    /// What the bands pay.
    Banded,
    /// The payment.
    Paid,
    /// What is above caps.
    AboveCap,
    /// The payment by line.
    Shares,
    /// What lines weigh.
    Weights,
}

impl Explanation {
    /// Whether the leaves give the bill, to the fen.
    ///
    /// # Errors
    /// The first figure they do not give.
    pub fn recomputes(&self, decision: &Decision) -> Result<(), Mismatch> {
        if self.reversed {
            return Explanation { reversed: false, ..self.clone() }
                .recomputes(&decision.reversed());
        }
        self.catalogues(decision)?;
        let rows = i64::try_from(decision.tiers.len()).unwrap_or(i64::MAX);
        let nodes = i64::try_from(self.tiers.len()).unwrap_or(i64::MAX);
        same(Figure::Tiers, Fen::new(nodes), Fen::new(rows))?;
        for (place, (node, row)) in self.tiers.iter().zip(&decision.tiers).enumerate() {
            let of = |figure| Figure::Tier(place, figure);
            node.steps(&of)?;
            same(of(TierFigure::Base), node.base, row.base)?;
            same(of(TierFigure::Paid), node.paid, row.paid)?;
            same(of(TierFigure::AboveCap), node.above_cap, row.above_cap)?;
        }
        self.funds(decision)?;
        self.slots(decision)?;
        self.person(decision)
    }

    /// The four parts of the bill, from their lines where there are lines.
    fn catalogues(&self, decision: &Decision) -> Result<(), Mismatch> {
        let outside = &self.outside;
        let by_lines = !decision.lines.is_empty();
        let lines = |taken: &super::Taken| {
            let sum = taken.lines.iter().map(|line| line.amount).sum::<Fen>();
            if by_lines { sum } else { taken.amount }
        };
        let own = outside.own.iter().map(|own| {
            let sum = own.lines.iter().map(|line| line.amount).sum::<Fen>();
            if by_lines { sum } else { own.amount }
        });
        let own = own.sum::<Fen>();
        let (over, pre_pay) = (lines(&outside.over), lines(&outside.pre_pay));
        same(Figure::Own, own, decision.split.own)?;
        same(Figure::Over, over, decision.split.over)?;
        same(Figure::PrePay, pre_pay, decision.split.pre_pay)?;
        same(Figure::InScope, outside.in_scope, decision.split.in_scope)?;
        let total = own.plus(over).plus(pre_pay).plus(outside.in_scope);
        same(Figure::Total, total, decision.total)
    }

    /// Each field, from the payments of the tiers' bands, floors and caps.
    fn funds(&self, decision: &Decision) -> Result<(), Mismatch> {
        let of_field = |field: FundField| {
            let tiers = self.tiers.iter().filter(|tier| tier.fund.field() == field);
            tiers.map(TierNode::payment).sum::<Fen>()
        };
        let mut sum = Fen::ZERO;
        for field in FundField::ALL {
            let paid = of_field(field);
            same(Figure::Field(field), paid, decision.fund(field))?;
            sum = sum.plus(paid);
        }
        same(Figure::FundSum, sum, decision.fund_sum())?;
        let by_edits = self.outside.own.iter().map(|own| own.facility).sum::<Fen>();
        let above = self.tiers.iter().map(|tier| tier.facility).sum::<Fen>();
        let facility = of_field(FundField::HospPart).plus(by_edits).plus(above);
        same(Figure::Field(FundField::HospPart), facility, decision.hosp_part)
    }

    /// The value each slot ends with, from the chain of the tiers that wrote it.
    fn slots(&self, decision: &Decision) -> Result<(), Mismatch> {
        for (place, change) in decision.changes.iter().enumerate() {
            let of_part = self.tiers.iter().filter(|tier| tier.stay_part == change.stay_part);
            let written =
                of_part.flat_map(|tier| &tier.slots).filter(|slot| slot.key == change.key);
            let mut value = change.before;
            for slot in written {
                same(Figure::Slot(place), slot.before, value)?;
                value = slot.after;
            }
            same(Figure::Slot(place), value, change.after)?;
        }
        Ok(())
    }

    fn person(&self, decision: &Decision) -> Result<(), Mismatch> {
        let person = &self.person;
        let parts: [Part; PARTS] =
            [Part::PrePay, Part::FirstShare, Part::Deductible, Part::CoPay, Part::AboveCap];
        for part in parts {
            let borne = person.borne.get(part.index()).copied().unwrap_or_default();
            same(Figure::Borne(part), borne, decision.borne(part))?;
        }
        let borne = person.borne.iter().copied().sum::<Fen>();
        let owed = person.own.plus(person.over).plus(borne);
        same(Figure::PersonPart, owed, decision.psn_part)?;
        let family = person.account_family.iter().copied().sum::<Fen>();
        let paid = person.account_own.plus(family).plus(person.cash);
        same(Figure::AccountAndCash, paid, decision.psn_part)
    }
}

impl TierNode {
    /// The payment, from bands, floor and the least cap.
    fn payment(&self) -> Fen {
        let banded = self.pieces.iter().map(|piece| piece.payment).sum::<Fen>();
        let lifted = self.floor.map_or(banded, |floor| floor.amount.max(banded));
        let least = self.caps_payment.iter().map(|cap| cap.left).min();
        least.map_or(lifted, |left| lifted.min(left))
    }

    /// Whether each step follows from the one before.
    fn steps(&self, of: &impl Fn(TierFigure) -> Figure) -> Result<(), Mismatch> {
        let entered = self.base_of.iter().map(super::BaseOf::enters).sum::<Fen>();
        same(of(TierFigure::Base), entered, self.base)?;
        let under = |caps: &[super::CapNode], amount: Fen| {
            caps.iter().map(|cap| cap.left).min().map_or(amount, |left| left.min(amount))
        };
        let in_play = under(&self.caps_before, self.base);
        same(of(TierFigure::Cut), self.base.minus(in_play), self.cut)?;
        let share = self.first_share.as_ref();
        let first = share.map_or(Fen::ZERO, |share| in_play.share(share.rate, self.rounding));
        same(of(TierFigure::FirstShare), first, share.map_or(Fen::ZERO, |share| share.amount))?;
        let rest = in_play.minus(first);
        let taken = self.deductible.as_ref().map_or(Fen::ZERO, |one| one.computed().min(rest));
        let deductible = self.deductible.as_ref().map_or(Fen::ZERO, |one| one.taken);
        same(of(TierFigure::Deductible), taken, deductible)?;
        let covered = under(&self.caps_after, rest.minus(taken));
        same(of(TierFigure::Covered), covered, self.covered)?;
        let pieces = self.pieces.iter().map(|piece| piece.amount).sum::<Fen>();
        same(of(TierFigure::Pieces), pieces, covered)?;
        let banded = self.pieces.iter().map(|piece| piece.payment).sum::<Fen>();
        same(of(TierFigure::Banded), banded, self.banded)?;
        same(of(TierFigure::Paid), self.payment(), self.paid)?;
        let above = self.base.minus(first).minus(taken).minus(self.paid_for);
        same(of(TierFigure::AboveCap), above, self.above_cap)?;
        if self.shares.is_empty() {
            return Ok(());
        }
        let by_kind = self.base_of.iter().all(|of| match of {
            super::BaseOf::InScope { .. } | super::BaseOf::PrePay { .. } => true,
            super::BaseOf::AboveCapOf { .. } | super::BaseOf::Left { .. } => false,
        });
        if by_kind {
            let weights = self.shares.iter().map(|share| share.weight).sum::<Fen>();
            same(of(TierFigure::Weights), weights, self.base)?;
        }
        let shared = self.shares.iter().map(|share| share.paid).sum::<Fen>();
        same(of(TierFigure::Shares), shared, self.paid)
    }
}

impl super::DeductibleNode {
    /// What is due, from the amount, its factors and the slots.
    fn computed(&self) -> Fen {
        if self.none.is_some() {
            return Fen::ZERO;
        }
        let whole =
            self.factors.last().map_or_else(|| self.amount.times(self.times), |last| last.1);
        let due = self.less.map_or(whole, |slot| whole.less(slot.value));
        self.ceiling.map_or(due, |(most, slot)| due.min(most.less(slot.value)))
    }
}

fn same(figure: Figure, explained: Fen, decided: Fen) -> Result<(), Mismatch> {
    if explained == decided { Ok(()) } else { Err(Mismatch { figure, explained, decided }) }
}
