//! Step 1 of the line check: bounds, serials, amounts that are price times quantity, and returns that fit their lines.

use super::{Kept, LineOutcome, Room};
use crate::claim::FeeLine;
use crate::limits;
use crate::money::Fen;
use crate::reason::{LineReason, Reason, Refusal};

/// What is among the lines.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Among {
    /// Returns of others.
    pub(super) returns: bool,
    /// So many whose amount was within the tolerance but not exact.
    pub(super) tolerated: u32,
}

/// Checks lines one after another, each by itself and returns against their lines.
pub(super) struct Check<'c> {
    lines: &'c [FeeLine],
    tolerance: Fen,
    room: &'c mut Room,
    next: u32,
    among: Among,
}

impl<'c> Check<'c> {
    /// Before the first line.
    pub(super) fn begin(
        lines: &'c [FeeLine],
        tolerance: Fen,
        room: &'c mut Room,
    ) -> Result<Check<'c>, Refusal> {
        if lines.is_empty() {
            return Err(Refusal::of(Reason::NothingToSettle));
        }
        if lines.len() > limits::LINES_MAX {
            return Err(Refusal::of(Reason::TooManyLines));
        }
        room.by_serial.clear();
        room.by_serial.resize(lines.len(), u32::MAX);
        room.parents.clear();
        room.ruled.clear();
        Ok(Check { lines, tolerance, room, next: 0, among: Among::default() })
    }

    /// Checks the next line: whether its amount is exact, and not only within the tolerance.
    #[inline(always)]
    pub(super) fn line(&mut self, line: &FeeLine) -> Result<bool, Refusal> {
        let index = self.next;
        self.next = index.wrapping_add(1);
        // Most lines pass everything below at once. An amount that is a small product is within its bound.
        let bounded = (0..=limits::QUANTITY_MAX).contains(&line.quantity.get())
            && (0..=limits::PRICE_MAX).contains(&line.price.get());
        if bounded
            && line.returns.is_none()
            && line.price.times_small(line.quantity) == Some(line.amount)
            && let Some(place) = self.room.by_serial.get_mut(line.serial.index())
            && *place == u32::MAX
        {
            *place = index;
            return Ok(true);
        }
        self.in_order(index, line)
    }

    /// The checks of a line in order of precedence.
    #[inline(never)]
    fn in_order(&mut self, index: u32, line: &FeeLine) -> Result<bool, Refusal> {
        let refuse = |reason| Err(Refusal { reason, line: Some(index), figures: None });
        if line.quantity.get().unsigned_abs() > limits::QUANTITY_MAX.unsigned_abs()
            || !(0..=limits::PRICE_MAX).contains(&line.price.get())
            || line.amount.get().unsigned_abs() > limits::BILL_FEN_MAX.unsigned_abs()
        {
            return refuse(Reason::AmountOutOfBounds);
        }
        match self.room.by_serial.get_mut(line.serial.index()) {
            Some(place) if *place == u32::MAX => *place = index,
            Some(_) | None => return refuse(Reason::DuplicateLine),
        }
        let Some(computed) = line.price.times(line.quantity) else {
            return refuse(Reason::AmountOutOfBounds);
        };
        let off = line.amount.minus(computed);
        if !off.is_zero() {
            if off.get().unsigned_abs() > self.tolerance.get().unsigned_abs() {
                let refusal =
                    Refusal { reason: Reason::AmountMismatch, line: Some(index), figures: None };
                return Err(refusal.with(line.amount, computed));
            }
            self.among.tolerated = self.among.tolerated.saturating_add(1);
        }
        if line.returns.is_some() {
            if !self.among.returns {
                self.room.parents.resize(self.lines.len(), None);
                self.among.returns = true;
            }
            take_back(self.lines, index, line, self.room)?;
        } else if line.quantity.get() < 0 || line.amount.is_negative() {
            return refuse(Reason::NegativeAmount);
        }
        Ok(off.is_zero())
    }

    /// Sets the line just checked aside: its entry has a rule.
    pub(super) fn set_aside(&mut self) {
        self.room.ruled.push(self.next.wrapping_sub(1));
    }

    /// What was met.
    pub(super) fn among(self) -> Among {
        self.among
    }
}

impl Among {
    /// Adds the reason to a line whose amount was within the tolerance but not exact.
    pub(super) fn mark_tolerated(&self, line: &FeeLine, outcome: &mut LineOutcome) {
        if self.tolerated > 0 && line.price.times(line.quantity) != Some(line.amount) {
            outcome.reasons.add(LineReason::AmountTolerated);
        }
    }
}

/// Takes a return off the line it names.
fn take_back(
    lines: &[FeeLine],
    index: u32,
    line: &FeeLine,
    room: &mut Room,
) -> Result<(), Refusal> {
    let refuse = |reason| Err(Refusal { reason, line: Some(index), figures: None });
    let earlier = line.returns.and_then(|serial| room.by_serial.get(serial.index()).copied());
    let Some(place) =
        earlier.filter(|place| *place < index).and_then(|place| usize::try_from(place).ok())
    else {
        return refuse(Reason::ReturnWithoutLine);
    };
    let Some(parent) = lines.get(place).filter(|parent| parent.returns.is_none()) else {
        return refuse(Reason::ReturnWithoutLine);
    };
    if line.quantity.get() > 0 || line.amount.get() > 0 {
        return refuse(Reason::ReturnUnlikeLine);
    }
    if parent.code != line.code || parent.price != line.price {
        return refuse(Reason::ReturnUnlikeLine);
    }
    let Some(kept) = room.parents.get_mut(place) else { return refuse(Reason::ReturnWithoutLine) };
    let whole = (parent.quantity, parent.amount);
    let mut kept_now = kept.unwrap_or(Kept { net: whole, left: whole, judged: None });
    kept_now.net = (kept_now.net.0.plus(line.quantity), kept_now.net.1.plus(line.amount));
    if kept_now.net.0.get() < 0 || kept_now.net.1.is_negative() {
        return refuse(Reason::ReturnExceedsLine);
    }
    *kept = Some(kept_now);
    Ok(())
}
