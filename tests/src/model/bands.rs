//! What the bands of a tier pay for a covered amount, and the ratios after the changes (POLICY.md
//! §4, step 6).

use super::exact::{Exact, Fen, Rounding, round, times};
use super::facts::Facts;
use super::rows::{Band, Change, ChangeHow, Tier, holding, one};

/// Amounts by line kind, in the order in which they are laid out; `None` for amounts of no kind.
pub(crate) type ByKind = Vec<(Option<String>, Fen)>;

/// The sum over the kinds.
pub(crate) fn sum(amounts: &ByKind) -> Fen {
    amounts.iter().map(|(_, amount)| amount).sum()
}

/// Takes up to `amount` off the first kinds.
pub(crate) fn take_first(amounts: &mut ByKind, amount: Fen) {
    take(amounts.iter_mut(), amount);
}

/// Takes up to `amount` off the last kinds.
pub(crate) fn take_last(amounts: &mut ByKind, amount: Fen) {
    take(amounts.iter_mut().rev(), amount);
}

fn take<'a>(kinds: impl Iterator<Item = &'a mut (Option<String>, Fen)>, amount: Fen) {
    let mut left = amount;
    for (_, held) in kinds {
        let part = left.min(*held);
        *held -= part;
        left -= part;
    }
    assert!(left == 0, "more is taken than the kinds hold");
}

/// Takes an amount off all kinds in proportion to what they hold: floor, the rest to the largest
/// remainders.
pub(crate) fn take_share(amounts: &mut ByKind, amount: Fen) {
    let whole = sum(amounts);
    if whole == 0 {
        return;
    }
    let exact: Vec<Exact> =
        amounts.iter().map(|(_, held)| Exact::new(held * amount, whole)).collect();
    let mut parts: Vec<Fen> = exact.iter().map(|x| x.floor().to_integer()).collect();
    let rest = amount - parts.iter().sum::<Fen>();
    for _ in 0..rest {
        let mut largest = 0;
        for (n, x) in exact.iter().enumerate() {
            let remainder = |n: usize, x: &Exact| x - Exact::from_integer(parts[n]);
            if remainder(n, x) > remainder(largest, &exact[largest]) {
                largest = n;
            }
        }
        parts[largest] += 1;
    }
    for ((_, held), part) in amounts.iter_mut().zip(parts) {
        *held -= part;
    }
}

/// The axis of one tier for one settlement.
pub(crate) struct Axis<'a> {
    pub(crate) tier: &'a Tier,
    pub(crate) facts: &'a Facts,
    /// Whether rows marked `penalty` are there.
    pub(crate) with_penalty: bool,
    /// Where this visit's covered amount begins.
    pub(crate) begin: Fen,
    /// A of step 6: below it F is nought.
    pub(crate) origin: Fen,
    /// What is covered, kind after kind.
    pub(crate) covered: ByKind,
}

impl Axis<'_> {
    /// The payment of the bands if only the first `amount` of what is covered were covered.
    pub(crate) fn pays(&self, amount: Fen) -> Fen {
        let tier = self.tier;
        let Some(bands) = one(&tier.band, self.facts, &self.facts.level, "band") else {
            return 0;
        };
        if tier.bands_at.is_some() && tier.difference {
            let kind = self.covered.first().and_then(|(kind, _)| kind.as_deref());
            let to = |x: Fen| round(self.priced(bands, kind, self.origin.min(x), x), tier.rounding);
            return to(self.begin + amount) - to(self.begin);
        }
        let mut place = self.begin;
        let mut left = amount;
        let mut pays = Exact::from_integer(0);
        for (kind, held) in &self.covered {
            let part = left.min(*held);
            pays += self.priced(bands, kind.as_deref(), place, place + part);
            place += part;
            left -= part;
        }
        round(pays, tier.rounding)
    }

    /// What the bands pay, unrounded, for the stretch of the axis from `from` to `to`.
    fn priced(&self, bands: &[Band], kind: Option<&str>, from: Fen, to: Fen) -> Exact {
        let mut pays = Exact::from_integer(0);
        let mut lower = 0;
        for band in bands {
            let upper = band.to.unwrap_or(to.max(lower));
            let part = to.min(upper) - from.max(lower);
            if part > 0 {
                pays += times(part, self.ratio(band.rate, kind));
            }
            lower = upper;
        }
        pays
    }

    /// A band's ratio after the changes that hold.
    fn ratio(&self, rate: Exact, kind: Option<&str>) -> Exact {
        let rows = holding(&self.tier.change, self.facts, &self.facts.level);
        let changes: Vec<&Change> = rows
            .into_iter()
            .map(|row| &row.value)
            .filter(|c| self.with_penalty || !c.penalty)
            .filter(|c| match (&c.kinds, kind) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(kinds), Some(kind)) => kinds.iter().any(|k| k == kind),
            })
            .collect();
        let mut r = rate;
        if self.tier.listed_order {
            for change in &changes {
                r = changed(r, change, self.facts);
            }
        } else {
            for turn in 0..4 {
                for change in changes.iter().filter(|c| turn_of(c) == turn) {
                    r = changed(r, change, self.facts);
                }
            }
        }
        let ten_thousandths = r * Exact::from_integer(10_000);
        assert!(ten_thousandths.is_integer(), "ratio {r} is not whole in parts per ten thousand");
        assert!(r >= Exact::from_integer(0) && r <= Exact::from_integer(1), "ratio {r}");
        r
    }

    /// The least whole fen of what is covered for which the bands pay `target`.
    pub(crate) fn least_paying(&self, target: Fen) -> Fen {
        let (mut low, mut high) = (0, sum(&self.covered));
        while low < high {
            let middle = (low + high).div_euclid(2);
            if self.pays(middle) >= target {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

/// When a change has its turn in the standard order.
fn turn_of(change: &Change) -> usize {
    match change.how {
        ChangeHow::Factor(_) => 0,
        ChangeHow::Points(_) | ChangeHow::PointsPerYear { .. } => 1,
        ChangeHow::Floor(_) => 2,
        ChangeHow::Ceiling(_) => 3,
    }
}

fn changed(r: Exact, change: &Change, facts: &Facts) -> Exact {
    let one = Exact::from_integer(1);
    match &change.how {
        ChangeHow::Factor(factor) => one - (one - r) * factor,
        ChangeHow::Points(points) => r + points,
        ChangeHow::PointsPerYear { age_from, points, max } => {
            let years = facts.age.map_or(0, |age| (age - age_from + 1).max(0));
            let all = points * Exact::from_integer(years);
            r + if all > *max { *max } else { all }
        }
        ChangeHow::Floor(floor) => {
            if r < *floor {
                *floor
            } else {
                r
            }
        }
        ChangeHow::Ceiling(ceiling) => {
            if r > *ceiling {
                *ceiling
            } else {
                r
            }
        }
    }
}

/// The rounding of a product of an amount and a ratio.
pub(crate) fn share(amount: Fen, rate: Exact, rounding: Rounding) -> Fen {
    round(times(amount, rate), rounding)
}
