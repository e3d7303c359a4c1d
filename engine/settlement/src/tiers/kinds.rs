//! A tier whose ratios differ by line kind: the kinds lie one after another on the axis (step 6).

use crate::id::LineKind;
use crate::limits::LINE_KINDS_MAX;
use crate::money::{Fen, RATE_ONE, Rounding, divide};
use crate::pack::{Row, Tier};

use super::axis::{Piece, least, pieces, threshold};
use super::burden::Burden;

/// The stretches of the kinds on the axis, each with its own bands.
pub(super) struct Laid<'r> {
    row: &'r Row,
    begin: Fen,
    lengths: [Fen; LINE_KINDS_MAX],
}

/// Lays what is covered on the axis, kind after kind.
#[expect(
    clippy::too_many_arguments,
    reason = "the figures of one tier, each computed once by the caller"
)]
pub(super) fn lay_out<'r>(
    row: &'r Row,
    tier: &Tier,
    burden: &Burden<'_>,
    cut: Fen,
    first_share: Fen,
    deductible: Fen,
    covered: Fen,
    begin: Fen,
) -> Laid<'r> {
    let mut lengths = [Fen::ZERO; LINE_KINDS_MAX];
    for (place, kind) in lengths.iter_mut().zip(&tier.kinds) {
        *place = burden.of_kind(*kind, tier.base);
    }
    take_last(&mut lengths, cut);
    let whole = lengths.iter().copied().sum::<Fen>();
    apportion_off(&mut lengths, first_share, whole);
    take_first(&mut lengths, deductible);
    let rest = lengths.iter().copied().sum::<Fen>();
    take_last(&mut lengths, rest.minus(covered));
    Laid { row, begin, lengths }
}

impl Laid<'_> {
    /// The payment of all bands of all kinds, rounded once.
    pub(super) fn pay(&self, rounding: Rounding) -> Fen {
        let scaled = self.by_kind().map(|(_, piece)| piece.to.minus(piece.from).scaled(piece.rate));
        let sum = scaled.fold(0_i64, |sum, one| match sum.checked_add(one) {
            Some(sum) => sum,
            None => panic!("a sum of scaled payments overflows: an amount passed its bound"),
        });
        Fen::new(divide(sum, RATE_ONE, rounding))
    }

    /// The least length whose payment is at least `target`.
    pub(super) fn least_for(&self, target: Fen, rounding: Rounding) -> Fen {
        least(self.by_kind().map(|(_, piece)| piece), threshold(target, rounding))
    }

    /// The pieces, kind after kind, band after band.
    pub(super) fn by_kind(&self) -> impl Iterator<Item = (LineKind, Piece)> {
        let mut begin = self.begin;
        self.row.kind_bands.iter().zip(&self.lengths).flat_map(move |(own, length)| {
            let from = begin;
            begin = begin.plus(*length);
            pieces(&own.bands, from, begin).map(|piece| (own.kind, piece))
        })
    }
}

/// Takes an amount off the last lengths first.
fn take_last(lengths: &mut [Fen; LINE_KINDS_MAX], amount: Fen) {
    let mut rest = amount;
    for length in lengths.iter_mut().rev() {
        let taken = rest.min(*length);
        *length = length.minus(taken);
        rest = rest.minus(taken);
    }
}

/// Takes an amount off the first lengths first.
fn take_first(lengths: &mut [Fen; LINE_KINDS_MAX], amount: Fen) {
    let mut rest = amount;
    for length in lengths.iter_mut() {
        let taken = rest.min(*length);
        *length = length.minus(taken);
        rest = rest.minus(taken);
    }
}

/// Takes an amount off all lengths in proportion: floor, the rest to the largest remainders in order.
fn apportion_off(lengths: &mut [Fen; LINE_KINDS_MAX], amount: Fen, whole: Fen) {
    if amount.is_zero() || whole.is_zero() {
        return;
    }
    let mut shares = [Fen::ZERO; LINE_KINDS_MAX];
    let mut room = [(0, 0); LINE_KINDS_MAX];
    crate::apportion::apportion(amount, lengths, &mut shares, &mut room);
    for (length, share) in lengths.iter_mut().zip(shares) {
        *length = length.minus(share);
    }
}
