//! Bands on an axis: what a stretch of it pays, and the least stretch that pays a given amount. Exact to the fen.

use crate::money::{Fen, RATE_ONE, Rate, Rounding, divide};
use crate::pack::Band;

/// What lies in one band.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Piece {
    /// Where it begins on the axis.
    pub from: Fen,
    /// Where it ends.
    pub to: Fen,
    /// The ratio.
    pub rate: Rate,
}

/// The pieces of the stretch from `begin` to `end`, band by band; empty ones are left out.
#[inline]
pub fn pieces(bands: &[Band], begin: Fen, end: Fen) -> impl Iterator<Item = Piece> {
    let mut low = Fen::ZERO;
    bands.iter().filter_map(move |band| {
        let (from, to) = (low.max(begin), band.to.min(end));
        low = band.to;
        (from < to).then_some(Piece { from, to, rate: band.rate })
    })
}

/// Prices a stretch that begins at a place of the axis.
pub(crate) struct Payer<'b> {
    bands: &'b [Band],
    begin: Fen,
    /// Scaled payment from the origin of F to the begin.
    scaled_before: i64,
    /// The same, rounded: F(begin).
    paid_before: i64,
    rounding: Rounding,
}

impl<'b> Payer<'b> {
    /// F counts from `origin`; where that is `begin`, only the stretch itself is priced.
    #[inline(always)]
    pub(crate) fn new(bands: &'b [Band], begin: Fen, origin: Fen, rounding: Rounding) -> Payer<'b> {
        let scaled_before = if origin < begin { scaled(bands, origin, begin) } else { 0 };
        let paid_before =
            if scaled_before == 0 { 0 } else { divide(scaled_before, RATE_ONE, rounding) };
        Payer { bands, begin, scaled_before, paid_before, rounding }
    }

    /// The payment for a stretch of this length.
    #[inline(always)]
    pub(crate) fn pay(&self, length: Fen) -> Fen {
        let own = scaled(self.bands, self.begin, self.begin.plus(length));
        let paid = divide(plus(self.scaled_before, own), RATE_ONE, self.rounding);
        Fen::new(minus(paid, self.paid_before))
    }

    /// The least length, at most `most`, whose payment is at least `target`.
    #[inline(always)]
    pub(crate) fn least_for(&self, target: Fen, most: Fen) -> Fen {
        // Rarely asked for: what it works with need not lie in memory for it.
        let Payer { bands, begin, scaled_before, paid_before, rounding } = *self;
        Payer { bands, begin, scaled_before, paid_before, rounding }.search(target, most)
    }

    #[cold]
    fn search(self, target: Fen, most: Fen) -> Fen {
        let wanted = threshold(target.plus(Fen::new(self.paid_before)), self.rounding);
        least(
            pieces(self.bands, self.begin, self.begin.plus(most)),
            minus(wanted, self.scaled_before),
        )
    }
}

/// The scaled payment of a stretch.
#[inline(always)]
pub(super) fn scaled(bands: &[Band], begin: Fen, end: Fen) -> i64 {
    let mut sum = 0_i64;
    let mut low = Fen::ZERO;
    for band in bands {
        // What lies below the stretch, or above it, is nought: no branch hangs on the amounts.
        let length = band.to.min(end).less(low.max(begin));
        sum = plus(sum, length.scaled(band.rate));
        low = band.to;
    }
    sum
}

/// The scaled payment from which on rounding gives `target`.
pub(super) fn threshold(target: Fen, rounding: Rounding) -> i64 {
    let whole = target.times(RATE_ONE).get();
    match rounding {
        Rounding::Down => whole,
        Rounding::HalfAway => minus(whole, RATE_ONE.wrapping_div(2)),
    }
}

/// The least length of some pieces, in order, whose scaled payment is at least `wanted`.
pub(super) fn least(pieces: impl Iterator<Item = Piece>, wanted: i64) -> Fen {
    let mut missing = wanted;
    let mut length = Fen::ZERO;
    for piece in pieces {
        if missing <= 0 {
            return length;
        }
        let whole = piece.to.minus(piece.from);
        let pays = whole.scaled(piece.rate);
        if pays >= missing {
            // Rounded up: the least whole fen that brings what is missing. The ratio is above nought here.
            let up = plus(missing, piece.rate.parts().saturating_sub(1));
            return length.plus(Fen::new(up.checked_div(piece.rate.parts()).unwrap_or(0)));
        }
        missing = minus(missing, pays);
        length = length.plus(whole);
    }
    length
}

#[inline]
fn plus(a: i64, b: i64) -> i64 {
    match a.checked_add(b) {
        Some(sum) => sum,
        None => panic!("a sum of scaled payments overflows: a slot or amount passed its bound"),
    }
}

#[inline]
fn minus(a: i64, b: i64) -> i64 {
    match a.checked_sub(b) {
        Some(difference) => difference,
        None => {
            panic!("a difference of scaled payments overflows: a slot or amount passed its bound")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(of: &[(i64, u16)]) -> alloc::vec::Vec<Band> {
        let band = |(to, rate): &(i64, u16)| Band {
            to: if *to == 0 { Fen::UNLIMITED } else { Fen::new(*to) },
            rate: Rate::new(*rate).expect("a ratio"),
        };
        of.iter().map(band).collect()
    }

    #[test]
    fn the_least_length_is_the_least_by_search_too() {
        let bands = bands(&[(37, 5000), (90, 0), (200, 3333), (0, 9999)]);
        for begin in [0, 1, 36, 37, 88, 199, 250] {
            for origin in [0, begin] {
                for rounding in [Rounding::HalfAway, Rounding::Down] {
                    let payer = Payer::new(&bands, Fen::new(begin), Fen::new(origin), rounding);
                    let most = Fen::new(400);
                    for target in 0..=payer.pay(most).get() {
                        let found = payer.least_for(Fen::new(target), most);
                        let searched = (0..=400).find(|n| payer.pay(Fen::new(*n)).get() >= target);
                        assert_eq!(
                            Some(found.get()),
                            searched,
                            "begin {begin} origin {origin} target {target}"
                        );
                        assert_eq!(payer.pay(found).get(), target);
                    }
                }
            }
        }
    }
}
