//! F of a row with few bands: what it pays from nought to a place of its axis, as a line from each edge to the next, so
//! that a stretch is two points of it and no walk over the bands.

use crate::money::{Fen, Rate};

use super::tier::Band;

/// Bands at most.
const CURVE_BANDS: usize = 4;

/// Payments in ten-thousandths of a fen, not rounded, by place.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(crate) struct Curve {
    /// Where a band ends and the next begins; those that are not there lie beyond all places.
    edges: [Fen; CURVE_BANDS - 1],
    lines: [Line; CURVE_BANDS],
}

/// `rate × place + offset`.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
struct Line {
    rate: Rate,
    offset: i64,
}

impl Curve {
    /// Of bands as a row has them; `None` where they are too many.
    pub(super) fn of(bands: &[Band]) -> Option<Curve> {
        let mut curve = Curve {
            edges: [Fen::UNLIMITED; CURVE_BANDS - 1],
            lines: [Line::default(); CURVE_BANDS],
        };
        if bands.len() > CURVE_BANDS {
            return None;
        }
        for (edge, band) in curve.edges.iter_mut().zip(bands) {
            *edge = band.to;
        }
        let (mut low, mut paid) = (Fen::ZERO, 0_i64);
        for (line, band) in curve.lines.iter_mut().zip(bands) {
            let scaled = |place: Fen| place.get().checked_mul(band.rate.parts());
            *line = Line { rate: band.rate, offset: paid.checked_sub(scaled(low)?)? };
            if band.to != Fen::UNLIMITED {
                paid = scaled(band.to)?.checked_add(line.offset)?;
            }
            low = band.to;
        }
        Some(curve)
    }

    /// What is paid from nought to a place that is not below it. No branch hangs on the place.
    #[inline(always)]
    pub(crate) fn at(&self, place: Fen) -> i64 {
        let [first, later @ ..] = &self.lines;
        let mut line = first;
        for (edge, next) in self.edges.iter().zip(later) {
            line = if *edge <= place { next } else { line };
        }
        match place.scaled(line.rate).checked_add(line.offset) {
            Some(paid) => paid,
            None => panic!("a scaled payment overflows: a slot or amount passed its bound"),
        }
    }
}
