//! A tier's payment by line: in proportion to the line's part of what entered the tier.

use alloc::vec;
use alloc::vec::Vec;

use crate::apportion::apportion;
use crate::bill::Decision;
use crate::claim::{Charges, Submitted};
use crate::id::LineKind;
use crate::limits::LINE_KINDS_MAX;
use crate::money::Fen;
use crate::pack::{Base, Part, Tier};
use crate::tiers::Burden;

use super::{LineShare, TierNode};

/// Which parts of a line's kind entered a tier.
#[derive(Copy, Clone, Default)]
struct Weighs {
    in_scope: bool,
    pre_pay: bool,
}

/// The shares of a payment; none where the claim has no lines. `burden` is that before the tier.
pub(super) fn shares(
    tier: &Tier,
    paid: Fen,
    stay_part: u8,
    decision: &Decision,
    claim: &Submitted<'_>,
    burden: &Burden,
    earlier: &[TierNode],
) -> Vec<LineShare> {
    let weights = match tier.base {
        Base::InScope | Base::InScopeAndPrePay | Base::Left { .. } => {
            weights(&weighs(tier, burden), stay_part, decision, claim)
        }
        Base::AboveCapOf(below) => {
            let mut weights = vec![Fen::ZERO; decision.lines.len()];
            let of = earlier.iter().find(|one| one.tier == below && one.stay_part == stay_part);
            for share in of.into_iter().flat_map(|node| &node.shares) {
                let place = usize::try_from(share.line).ok();
                if let Some(weight) = place.and_then(|place| weights.get_mut(place)) {
                    *weight = share.weight;
                }
            }
            weights
        }
    };
    divide(paid, &weights)
}

/// Which parts of each line kind entered.
fn weighs(tier: &Tier, burden: &Burden) -> [Weighs; LINE_KINDS_MAX] {
    let mut weighs = [Weighs::default(); LINE_KINDS_MAX];
    match tier.base {
        Base::InScope | Base::InScopeAndPrePay => {
            for kind in &tier.kinds {
                let (in_scope, pre_pay) = burden.untouched_of(*kind);
                if let Some(place) = weighs.get_mut(kind.index()) {
                    place.in_scope = !in_scope.is_zero();
                    place.pre_pay = tier.base == Base::InScopeAndPrePay && !pre_pay.is_zero();
                }
            }
        }
        Base::Left { parts, .. } => {
            let named = |part: Part| parts.get(part.index()) == Some(&true);
            let others = [Part::FirstShare, Part::Deductible, Part::CoPay, Part::AboveCap];
            let in_scope = others.into_iter().any(named);
            for (kind, place) in (0_u8..).zip(weighs.iter_mut()) {
                // Pre-pay that an earlier tier took in has become deductible and co-pay.
                let (_, untouched) = burden.untouched_of(LineKind::new(kind));
                let pre_pay = named(Part::PrePay) || (in_scope && untouched.is_zero());
                *place = Weighs { in_scope, pre_pay };
            }
        }
        Base::AboveCapOf(_) => {}
    }
    weighs
}

/// The weight of each line of a part of the stay, net of returns, which themselves weigh nothing.
fn weights(
    weighs: &[Weighs; LINE_KINDS_MAX],
    stay_part: u8,
    decision: &Decision,
    claim: &Submitted<'_>,
) -> Vec<Fen> {
    let Charges::Lines(lines) = &claim.charges else { return Vec::new() };
    let mut weights = vec![Fen::ZERO; decision.lines.len()];
    let mut by_serial = vec![None; lines.len()];
    for (index, (line, outcome)) in lines.iter().zip(&decision.lines).enumerate() {
        let weighs = weighs.get(outcome.kind.index()).copied().unwrap_or_default();
        let mut weight = if weighs.in_scope { outcome.parts.in_scope } else { Fen::ZERO };
        if weighs.pre_pay {
            weight = weight.plus(outcome.parts.pre_pay);
        }
        let place = match line.returns {
            Some(serial) => by_serial.get(serial.index()).copied().flatten(),
            None => {
                if let Some(place) = by_serial.get_mut(line.serial.index()) {
                    *place = Some(index);
                }
                Some(index)
            }
        };
        let of = place.and_then(|place| weights.get_mut(place));
        if let (Some(sum), true) = (of, outcome.stay_part == stay_part) {
            *sum = sum.plus(weight);
        }
    }
    weights
}

/// Divides a payment over the lines that weigh something.
fn divide(paid: Fen, weights: &[Fen]) -> Vec<LineShare> {
    let heavy = || (0_u32..).zip(weights).filter(|(_, weight)| **weight > Fen::ZERO);
    let weights: Vec<Fen> = heavy().map(|(_, weight)| *weight).collect();
    if weights.is_empty() {
        return Vec::new();
    }
    let mut shares = vec![Fen::ZERO; weights.len()];
    let mut room = vec![(0, 0); weights.len()];
    apportion(paid, &weights, &mut shares, &mut room);
    heavy()
        .zip(shares)
        .map(|((line, weight), paid)| LineShare { line, weight: *weight, paid })
        .collect()
}
