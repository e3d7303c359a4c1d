//! Exact arithmetic of the naive model: amounts are whole fen in `i128`, everything else is a
//! fraction of `i128`; no floats.

use num_rational::Ratio;

/// An exact fraction.
pub type Exact = Ratio<i128>;

/// Whole fen.
pub type Fen = i128;

/// How a fraction of a fen becomes a whole one.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Rounding {
    HalfAway,
    Down,
}

/// The whole fen of a fraction.
pub(crate) fn round(x: Exact, rounding: Rounding) -> Fen {
    let size = if x < Exact::from_integer(0) { -x } else { x };
    let whole = match rounding {
        Rounding::HalfAway => (size + Exact::new(1, 2)).floor().to_integer(),
        Rounding::Down => size.floor().to_integer(),
    };
    if x < Exact::from_integer(0) { -whole } else { whole }
}

/// A decimal number in text.
pub(crate) fn decimal(text: &str) -> Option<Exact> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    if whole.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut scale: i128 = 1;
    for _ in part.bytes() {
        scale *= 10;
    }
    let value = Exact::new(all.parse().ok()?, scale);
    Some(if negative { -value } else { value })
}

/// The fen of an amount in yuan, when it is whole.
pub(crate) fn fen(text: &str) -> Option<Fen> {
    let x = decimal(text)? * Exact::from_integer(100);
    x.is_integer().then(|| x.to_integer())
}

/// The fraction of a ratio in percent: `"85%"` is 85/100.
pub(crate) fn percent(text: &str) -> Option<Exact> {
    Some(decimal(text.strip_suffix('%')?)? / Exact::from_integer(100))
}

/// An amount of fen as yuan with two decimals.
pub fn yuan(fen: Fen) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

/// A whole number of fen times an exact ratio.
pub(crate) fn times(fen: Fen, ratio: Exact) -> Exact {
    Exact::from_integer(fen) * ratio
}
