//! What the catalogues left outside, by the reasons of the lines.

use crate::bill::Decision;
use crate::money::Fen;
use crate::reason::{LineReason, LineReasons};

use super::{LineAmount, Outside, OwnCost, Taken};

/// Whether a reason only notes something, or takes its part as over-ceiling or first self-pay: it makes no own cost.
pub fn makes_no_own_cost(reason: LineReason) -> bool {
    match reason {
        LineReason::AmountTolerated | LineReason::OverCeiling | LineReason::FirstSelfPay => true,
        LineReason::CauseIsOwnCost
        | LineReason::CoverEnded
        | LineReason::CodeUnknown
        | LineReason::CodeNotInForce
        | LineReason::ClassC
        | LineReason::OutsideScope
        | LineReason::HospitalDeclined
        | LineReason::RestrictionNotApproved
        | LineReason::LevelTooLow
        | LineReason::WrongSetting
        | LineReason::WrongSex
        | LineReason::WrongAge
        | LineReason::WrongScheme
        | LineReason::NotMaternity
        | LineReason::DiagnosisNotCovered
        | LineReason::QuantityPerVisitExceeded
        | LineReason::QuantityPerDayExceeded
        | LineReason::DaysExceeded
        | LineReason::Exclusive
        | LineReason::Included
        | LineReason::TooOften => false,
    }
}

/// The bill by its catalogues. `cause` says that the whole visit is own cost by its cause.
pub fn outside(decision: &Decision, cause: bool) -> Outside {
    let mut outside = Outside { in_scope: decision.split.in_scope, ..Outside::default() };
    if decision.lines.is_empty() {
        let mut reasons = LineReasons::NONE;
        if cause {
            reasons.add(LineReason::CauseIsOwnCost);
        }
        outside.over.amount = decision.split.over;
        outside.pre_pay.amount = decision.split.pre_pay;
        if !decision.split.own.is_zero() {
            let facility = decision.facility_by_edits();
            let own = OwnCost { amount: decision.split.own, facility, ..OwnCost::of(reasons) };
            outside.own.push(own);
        }
        return outside;
    }
    for (line, outcome) in (0_u32..).zip(&decision.lines) {
        outside.over.add(line, outcome.parts.over);
        outside.pre_pay.add(line, outcome.parts.pre_pay);
        if outcome.parts.own.is_zero() && outcome.facility.is_zero() {
            continue;
        }
        let mut reasons = LineReasons::NONE;
        outcome
            .reasons
            .iter()
            .filter(|one| !makes_no_own_cost(*one))
            .for_each(|one| reasons.add(one));
        let place = outside.own.iter().position(|own| own.reasons == reasons);
        let place = place.unwrap_or_else(|| {
            outside.own.push(OwnCost::of(reasons));
            outside.own.len().saturating_sub(1)
        });
        if let Some(own) = outside.own.get_mut(place) {
            own.amount = own.amount.plus(outcome.parts.own);
            own.facility = own.facility.plus(outcome.facility);
            own.lines.push(LineAmount { line, amount: outcome.parts.own });
        }
    }
    outside
}

impl OwnCost {
    fn of(reasons: LineReasons) -> OwnCost {
        let lines = alloc::vec::Vec::new();
        OwnCost { reasons, amount: Fen::ZERO, facility: Fen::ZERO, lines }
    }
}

impl Taken {
    fn add(&mut self, line: u32, amount: Fen) {
        if !amount.is_zero() {
            self.amount = self.amount.plus(amount);
            self.lines.push(LineAmount { line, amount });
        }
    }
}
