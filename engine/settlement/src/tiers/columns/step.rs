//! One tier after the other over a chunk of amounts, by figures that are the same for all: no branch hangs on an amount.
//!
//! Bounds: amounts and figures are 0 ..= [`BILL_FEN_MAX`] and ratios at most 10,000, so that a product is at most 10¹⁷, and the
//! twelve of a curve with what is taken off for where they begin at most 2.4 × 10¹⁸, below 2⁶³: nothing wraps.

use alloc::vec;
use alloc::vec::Vec;

use crate::limits::{BANDS_MAX, BILL_FEN_MAX};
use crate::money::{Fen, RATE_ONE};
use crate::pack::PARTS;

use super::CHUNK;

// What the head of this file says of sums, with half a divisor more; a sum of a chunk of payments is less.
const _: () = assert!(BILL_FEN_MAX < i64::MAX / (RATE_ONE * 24 + 1) && BANDS_MAX <= 12);
const _: () = assert!(CHUNK <= 100_000);

/// The figures of one tier, in fen where they are amounts.
#[derive(Copy, Clone, Debug)]
pub(super) struct Step {
    /// Its place among the tiers.
    pub(super) column: usize,
    pub(super) takes: Takes,
    /// What is above it is cut before the first share.
    pub(super) cut: i64,
    /// Parts per ten thousand.
    pub(super) first_share: i64,
    pub(super) deductible: i64,
    /// What is above it, above the deductible, is not paid for.
    pub(super) most: i64,
    /// Where it ends to pay more, in what is left above a first share; at most [`BILL_FEN_MAX`], as each amount is.
    pub(super) top: i64,
    pub(super) curve: Curve,
    /// What is added before an amount is rounded down, in ten-thousandths of a fen.
    pub(super) half: i64,
    /// Whether what is above caps is the facility's.
    pub(super) facility: bool,
}

/// What enters a tier.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Takes {
    /// All of in scope, which no tier has taken in before.
    InScope,
    /// Of all parts what is left.
    Whole,
    /// What is left of these parts.
    Left([bool; PARTS]),
    /// What this step left above its cap.
    AboveCapOf(usize),
}

/// What is paid by cost above a first share, in ten-thousandths of a fen, as the places where it turns.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Curve {
    rises: [Rise; BANDS_MAX],
    count: usize,
    /// What the rises together come to where the cost is nought, with the other sign.
    offset: i64,
}

/// From a place on, each fen pays so much more than before it.
#[derive(Copy, Clone, Debug, Default)]
struct Rise {
    at: i64,
    /// Ten-thousandths of a fen.
    by: i64,
}

impl Curve {
    /// Turns at a place that is not above [`BILL_FEN_MAX`], by at most the whole.
    pub(super) fn turn(&mut self, at: i64, by: i64) {
        if let Some(place) = self.rises.get_mut(self.count) {
            *place = Rise { at, by };
            self.count = self.count.saturating_add(1);
            self.offset = self.offset.wrapping_sub(at.wrapping_mul(by));
        }
    }
}

/// The steps of a group.
#[derive(Clone, Debug)]
pub(super) struct Flat {
    steps: Vec<Step>,
    /// Whether some tier asks for certain parts of what is left: else their sum is enough.
    by_parts: bool,
}

/// Columns that steps hand to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    /// What no tier has paid, nor is the facility's.
    left: Vec<i64>,
    /// The same as first share, deductible, co-pay with what no tier took in, above cap.
    parts: [Vec<i64>; KEPT],
    /// For each step what it left above its cap.
    above: Vec<Vec<i64>>,
}

/// The parts that there are without pre-pay.
const KEPT: usize = PARTS - 1;

impl Room {
    /// What the steps need, so that none is made while they run.
    pub(super) fn of(flat: Option<&Flat>) -> Room {
        let Some(flat) = flat else { return Room::default() };
        let column = || vec![0; CHUNK];
        if flat.by_parts {
            let parts = [column(), column(), column(), column()];
            Room { left: Vec::new(), parts, above: flat.steps.iter().map(|_| column()).collect() }
        } else {
            Room { left: column(), ..Room::default() }
        }
    }
}

/// What a tier makes of its base.
struct Made {
    first_share: i64,
    deductible: i64,
    paid_for: i64,
    paid: i64,
    above_cap: i64,
    facility: i64,
}

/// A step whose curve has a known number of rises.
struct Known<const RISES: usize> {
    rises: [Rise; RISES],
    step: Step,
}

impl<const RISES: usize> Known<RISES> {
    fn of(step: &Step) -> Known<RISES> {
        let mut rises = [Rise::default(); RISES];
        for (place, rise) in rises.iter_mut().zip(&step.curve.rises) {
            *place = *rise;
        }
        Known { rises, step: *step }
    }

    /// The payment for what a first share has left. A rise counts cost from its place on; below it, as much as lies at the
    /// place, which the offset takes off. A difference that is nought below the place would be made a branch, and that took
    /// three times as long.
    #[inline(always)]
    fn pay(&self, cost: i64) -> i64 {
        let cost = cost.min(self.step.top);
        let mut scaled = self.step.curve.offset.wrapping_add(self.step.half);
        for rise in &self.rises {
            scaled = scaled.wrapping_add(cost.max(rise.at).wrapping_mul(rise.by));
        }
        whole(scaled)
    }

    /// The whole of the tier, in the order of `catalogs/sources/POLICY.md` §4.
    #[inline(always)]
    fn made(&self, base: i64) -> Made {
        let Step { cut, first_share, deductible, most, half, facility, .. } = self.step;
        let in_play = base.min(cut);
        let share = in_play.wrapping_mul(first_share).wrapping_add(half);
        let first_share = whole(share);
        let after = in_play.wrapping_sub(first_share);
        let deductible = deductible.min(after);
        let above = after.wrapping_sub(deductible);
        let paid_for = above.min(most);
        let above_cap = above.wrapping_sub(paid_for).wrapping_add(base.wrapping_sub(in_play));
        let facility = above_cap & i64::from(facility).wrapping_neg();
        let paid = self.pay(after);
        Made { first_share, deductible, paid_for, paid, above_cap, facility }
    }
}

impl Flat {
    pub(super) fn new(steps: Vec<Step>) -> Flat {
        let of_parts = |step: &Step| match step.takes {
            Takes::InScope | Takes::Whole => false,
            Takes::Left(_) | Takes::AboveCapOf(_) => true,
        };
        Flat { by_parts: steps.iter().any(of_parts), steps }
    }

    /// All steps over a chunk of in scope, which is no longer than [`CHUNK`].
    pub(super) fn run(&self, in_scope: &[Fen], room: &mut Room, paid: &mut [[Fen; CHUNK]]) {
        let [_, _, co_pay, _] = &mut room.parts;
        let start = if self.by_parts { co_pay } else { &mut room.left };
        for (place, amount) in start.iter_mut().zip(in_scope) {
            *place = amount.get();
        }
        if self.by_parts {
            let [first_share, deductible, _, above_cap] = &mut room.parts;
            [first_share, deductible, above_cap].into_iter().for_each(|part| part.fill(0));
        }
        for (number, step) in self.steps.iter().enumerate() {
            let Some(column) = paid.get_mut(step.column) else { continue };
            let Some(column) = column.get_mut(..in_scope.len()) else { continue };
            let run = match (self.by_parts, step.curve.count) {
                (false, 0 | 1) => run_whole::<1>,
                (false, 2) => run_whole::<2>,
                (false, 3) => run_whole::<3>,
                (false, 4) => run_whole::<4>,
                (false, _) => run_whole::<BANDS_MAX>,
                (true, 0..=4) => run_by_parts::<4>,
                (true, _) => run_by_parts::<BANDS_MAX>,
            };
            run(step, number, in_scope, room, column);
        }
    }
}

/// A step where the sum of what is left is enough to go by.
#[inline(never)]
fn run_whole<const RISES: usize>(
    step: &Step,
    _: usize,
    _: &[Fen],
    room: &mut Room,
    column: &mut [Fen],
) {
    let known = Known::<RISES>::of(step);
    let all = room.left.iter_mut().zip(column);
    // A facility's part is told from the member's only where there is one; what a cap leaves is the member's else.
    if step.facility || step.cut < BILL_FEN_MAX || step.first_share > 0 {
        for (left, place) in all {
            let made = known.made(*left);
            *left = left.wrapping_sub(made.paid).wrapping_sub(made.facility);
            *place = Fen::new(made.paid);
        }
    } else {
        for (left, place) in all {
            let paid = known.pay(*left);
            *left = left.wrapping_sub(paid);
            *place = Fen::new(paid);
        }
    }
}

/// A step where parts of what is left are told apart.
#[inline(never)]
fn run_by_parts<const RISES: usize>(
    step: &Step,
    number: usize,
    in_scope: &[Fen],
    room: &mut Room,
    column: &mut [Fen],
) {
    let known = Known::<RISES>::of(step);
    let Some((earlier, [own, ..])) = room.above.split_at_mut_checked(number) else { return };
    let [first_share, deductible, co_pay, above_cap] = &mut room.parts;
    let first_two = first_share.iter_mut().zip(deductible);
    let parts = first_two.zip(co_pay.iter_mut().zip(above_cap));
    let all = parts.zip(own).zip(column.iter_mut().zip(in_scope));
    match step.takes {
        Takes::InScope => {
            for ((((first_share, deductible), (co_pay, above_cap)), own), (place, base)) in all {
                let made = known.made(base.get());
                *own = made.above_cap.wrapping_sub(made.facility);
                *place = Fen::new(made.paid);
                *first_share = first_share.wrapping_add(made.first_share);
                *deductible = deductible.wrapping_add(made.deductible);
                let paid_for = made.paid_for.wrapping_sub(made.paid);
                *co_pay = co_pay.wrapping_sub(base.get()).wrapping_add(paid_for);
                *above_cap = above_cap.wrapping_add(*own);
            }
        }
        Takes::Whole | Takes::Left(_) => {
            let named = match step.takes {
                Takes::Left([_, named @ ..]) => named,
                Takes::InScope | Takes::Whole | Takes::AboveCapOf(_) => [true; KEPT],
            };
            let [of_first_share, of_deductible, of_co_pay, of_above_cap] =
                named.map(|named| i64::from(named).wrapping_neg());
            for ((((first_share, deductible), (co_pay, above_cap)), own), (place, _)) in all {
                let low = (*first_share & of_first_share).wrapping_add(*deductible & of_deductible);
                let high = (*co_pay & of_co_pay).wrapping_add(*above_cap & of_above_cap);
                let base = low.wrapping_add(high);
                let made = known.made(base);
                *own = made.above_cap.wrapping_sub(made.facility);
                *place = Fen::new(made.paid);
                // Taken off above cap first and the deductible last, so what is left lies in them the other way round.
                let mut rest = base.wrapping_sub(made.paid).wrapping_sub(made.facility);
                keep(&mut rest, deductible, of_deductible);
                keep(&mut rest, first_share, of_first_share);
                keep(&mut rest, co_pay, of_co_pay);
                keep(&mut rest, above_cap, of_above_cap);
            }
        }
        Takes::AboveCapOf(step) => {
            let Some(earlier) = earlier.get(step) else { return };
            for ((((_, (_, above_cap)), own), (place, _)), earlier) in all.zip(earlier) {
                let made = known.made((*above_cap).min(*earlier));
                *own = made.above_cap.wrapping_sub(made.facility);
                *place = Fen::new(made.paid);
                *above_cap = above_cap.wrapping_sub(made.paid).wrapping_sub(made.facility);
            }
        }
    }
}

/// Whole fen of a scaled amount that is not below nought: without its sign the division is a multiplication and shifts.
#[inline(always)]
fn whole(scaled: i64) -> i64 {
    const ONE: u64 = RATE_ONE.unsigned_abs();
    scaled.cast_unsigned().wrapping_div(ONE).cast_signed()
}

/// Leaves in a part, where it is named, as much of a rest as it had.
#[inline(always)]
fn keep(rest: &mut i64, part: &mut i64, named: i64) {
    let kept = (*rest).min(*part) & named;
    *part = kept | (*part & !named);
    *rest = rest.wrapping_sub(kept);
}

/// The sum of a chunk of payments in fen.
#[inline]
pub(super) fn sum(paid: &[Fen]) -> i64 {
    paid.iter().fold(0, |sum, one| sum.wrapping_add(one.get()))
}
