//! The ratio of a band after the changes that hold, exact; what is not whole in parts per ten thousand is refused.

use yidan_settlement::money::{RATE_ONE, Rate};

use super::tier::ChangeOf;

/// A change with what depends on the circumstance put in.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Step {
    Factor(i64),
    Points(i64),
    Floor(Rate),
    Ceiling(Rate),
}

/// Why changes give no ratio.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(super) enum RatioFault {
    /// Not whole in parts per ten thousand; the exact percentage.
    NotWhole(String),
    /// Below nought or above the whole; the percentage.
    Outside(String),
    /// So many factors that the exact value outgrows 128 bits.
    TooManyFactors,
}

/// A ratio as `value / 10,000^power`.
#[derive(Copy, Clone)]
struct Exact {
    value: i128,
    power: u32,
}

const ONE: i128 = 10_000;

/// The change at an age.
pub(super) fn step(of: ChangeOf, age: u16) -> Step {
    match of {
        ChangeOf::Factor(parts) => Step::Factor(parts),
        ChangeOf::Points(parts) => Step::Points(parts),
        ChangeOf::Floor(rate) => Step::Floor(rate),
        ChangeOf::Ceiling(rate) => Step::Ceiling(rate),
        ChangeOf::PointsPerYear { from, each, most } => {
            let years = (i64::from(age) + 1 - i64::from(from)).max(0);
            let sum = each.saturating_mul(years);
            Step::Points(if most < 0 { sum.max(most) } else { sum.min(most) })
        }
    }
}

/// How many years of age a change grows over before it stays at its most.
pub(super) fn growing_years(each: i64, most: i64) -> u16 {
    let whole = most / each;
    let years = if whole * each == most { whole } else { whole + 1 };
    u16::try_from(years.max(1)).unwrap_or(u16::MAX)
}

/// The ratio after the steps: in the standard order, or as they are listed.
pub(super) fn after(rate: Rate, steps: &[Step], listed: bool) -> Result<Rate, RatioFault> {
    let mut ordered: Vec<Step> = steps.to_vec();
    if !listed {
        ordered.sort_by_key(|step| match step {
            Step::Factor(_) => 0,
            Step::Points(_) => 1,
            Step::Floor(_) => 2,
            Step::Ceiling(_) => 3,
        });
    }
    let mut exact = Exact { value: i128::from(rate.parts()), power: 1 };
    for step in ordered {
        exact = exact.taken(step).ok_or(RatioFault::TooManyFactors)?;
    }
    exact.rate()
}

impl Exact {
    fn taken(self, step: Step) -> Option<Exact> {
        let Exact { value, power } = self;
        let whole = ONE.checked_pow(power)?;
        let scaled = |parts: i64| i128::from(parts).checked_mul(ONE.checked_pow(power - 1)?);
        let value = match step {
            Step::Factor(parts) => {
                // 1 − (1 − r) × factor, one power of ten thousand further.
                let member = whole.checked_sub(value)?.checked_mul(i128::from(parts))?;
                let value = whole.checked_mul(ONE)?.checked_sub(member)?;
                return Some(Exact { value, power: power + 1 }.reduced());
            }
            Step::Points(parts) => value.checked_add(scaled(parts)?)?,
            Step::Floor(rate) => value.max(scaled(rate.parts())?),
            Step::Ceiling(rate) => value.min(scaled(rate.parts())?),
        };
        Some(Exact { value, power })
    }

    /// With the least power that holds the value exactly.
    fn reduced(mut self) -> Exact {
        while self.power > 1 && self.value % ONE == 0 {
            self.value /= ONE;
            self.power -= 1;
        }
        self
    }

    fn rate(self) -> Result<Rate, RatioFault> {
        let Exact { value, power } = self.reduced();
        let inside = ONE.checked_pow(power).is_some_and(|whole| (0..=whole).contains(&value));
        if !inside {
            return Err(RatioFault::Outside(self.percent()));
        }
        if power > 1 {
            return Err(RatioFault::NotWhole(self.percent()));
        }
        let parts = i64::try_from(value).ok().filter(|parts| *parts <= RATE_ONE);
        let rate = parts.and_then(|parts| u16::try_from(parts).ok()).and_then(Rate::new);
        rate.ok_or_else(|| RatioFault::Outside(self.percent()))
    }

    /// The value as a percentage, all its digits.
    fn percent(self) -> String {
        let digits = usize::try_from(self.power * 4).unwrap_or(0) - 2;
        let sign = if self.value < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", self.value.unsigned_abs(), width = digits + 1);
        let (whole, decimals) = text.split_at(text.len() - digits);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{decimals}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(parts: u16) -> Rate {
        Rate::new(parts).expect("a ratio")
    }

    #[test]
    fn changes_stand_in_the_standard_order_unless_they_are_listed() {
        let steps = [Step::Points(500), Step::Factor(6_000)];
        assert_eq!(after(rate(8_000), &steps, false), Ok(rate(9_300))); // 88 + 5
        assert_eq!(after(rate(8_000), &steps, true), Ok(rate(9_100))); // 1 − 15 × 0.6
        let bounds = [Step::Ceiling(rate(9_000)), Step::Points(2_000), Step::Floor(rate(9_500))];
        assert_eq!(after(rate(8_000), &bounds, false), Ok(rate(9_000)));
        assert_eq!(after(rate(8_000), &bounds, true), Ok(rate(10_000)));
    }

    #[test]
    fn a_ratio_that_is_not_whole_or_not_a_share_is_refused() {
        let percent = |text: &str| text.to_owned();
        assert_eq!(
            after(rate(8_533), &[Step::Factor(5_000)], false),
            Err(RatioFault::NotWhole(percent("92.665%")))
        );
        assert_eq!(
            after(rate(9_500), &[Step::Points(1_000)], false),
            Err(RatioFault::Outside(percent("105%")))
        );
        assert_eq!(
            after(rate(500), &[Step::Points(-1_050)], false),
            Err(RatioFault::Outside(percent("-5.5%")))
        );
        // Two factors that are not whole between them, but whole together.
        let halves = [Step::Factor(5_000), Step::Factor(20_000)];
        assert_eq!(after(rate(8_533), &halves, false), Ok(rate(8_533)));
    }

    #[test]
    fn points_grow_with_age_up_to_their_most() {
        let of = ChangeOf::PointsPerYear { from: 60, each: 50, most: 125 };
        let at = |age| step(of, age);
        assert_eq!(
            [at(59), at(60), at(61), at(62), at(90)].map(|s| match s {
                Step::Points(parts) => parts,
                Step::Factor(_) | Step::Floor(_) | Step::Ceiling(_) => -1,
            }),
            [0, 50, 100, 125, 125]
        );
        assert_eq!((growing_years(50, 125), growing_years(50, 100)), (3, 2));
    }
}
