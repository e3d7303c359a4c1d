//! Money, rates, prices and quantities as checked integers, and the one place where a decimal becomes one of them.

use core::fmt;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::limits;

/// An amount of money in fen (分, a hundredth of a yuan); negative for returns and reversals.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default)]
pub struct Fen(i64);

/// How a product is brought back to whole fen.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Hash)]
pub enum Rounding {
    /// To the nearest fen, half away from nought: the negative of a product is the product of the negative.
    #[default]
    HalfAway,
    /// Towards nought, as workload R1 has it.
    Down,
}

/// A ratio in parts per ten thousand, 0 ..= 10,000.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default)]
pub struct Rate(u16);

/// A unit price in millionths of a yuan (`pric`, six decimals).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default, Debug)]
pub struct Price(i64);

/// A quantity in ten-thousandths of a unit (`cnt`, four decimals); negative on a return.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default, Debug)]
pub struct Quantity(i64);

/// Why a decimal is not an amount, price, quantity or ratio.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum AmountError {
    /// Not a plain decimal number.
    NotANumber,
    /// More decimals than the field has; carries how many it has.
    TooManyDecimals(u32),
    /// Beyond what the engine accepts for the field.
    OutOfRange,
}

/// Parts per ten thousand in one.
pub const RATE_ONE: i64 = 10_000;

/// Of the products of prices and quantities, how many units are a fen.
const FEN_OF_PRODUCT: i64 = 100_000_000;

// What fits 64 bits as a product is far below the bound of a bill.
const _: () = assert!(i64::MAX / FEN_OF_PRODUCT < limits::BILL_FEN_MAX);

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);
    /// More than any bill or slot can hold; stands for "no limit".
    pub const UNLIMITED: Fen = Fen(i64::MAX / 4);

    /// An amount of `fen` fen.
    pub const fn new(fen: i64) -> Fen {
        Fen(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether this is nought.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is below nought.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum. Panics on overflow, which the bounds of `limits` rule out for admitted claims.
    #[inline]
    pub const fn plus(self, other: Fen) -> Fen {
        match self.0.checked_add(other.0) {
            Some(sum) => Fen(sum),
            None => panic!("sum of fen overflows: an amount passed admission beyond its bound"),
        }
    }

    /// The difference. Panics on overflow, as [`Fen::plus`].
    #[inline]
    pub const fn minus(self, other: Fen) -> Fen {
        match self.0.checked_sub(other.0) {
            Some(difference) => Fen(difference),
            None => {
                panic!("difference of fen overflows: an amount passed admission beyond its bound")
            }
        }
    }

    /// The same amount with the other sign.
    pub const fn negated(self) -> Fen {
        Fen::ZERO.minus(self)
    }

    /// `self - other`, never below nought.
    #[inline]
    pub const fn less(self, other: Fen) -> Fen {
        let difference = self.minus(other);
        if difference.0 < 0 { Fen::ZERO } else { difference }
    }

    /// This amount where something holds, else nought, without a branch.
    #[inline(always)]
    pub(crate) fn when(self, holds: bool) -> Fen {
        Fen(self.0 & i64::from(holds).wrapping_neg())
    }

    /// This amount times a whole number. Panics on overflow.
    #[inline]
    pub const fn times(self, n: i64) -> Fen {
        match self.0.checked_mul(n) {
            Some(product) => Fen(product),
            None => panic!("product of fen overflows: an amount passed admission beyond its bound"),
        }
    }

    /// This amount, not negative, times a whole number, but never more than any bill or slot can bring: an amount beyond that
    /// takes no more off.
    #[inline]
    pub(crate) fn times_bounded(self, n: i64) -> Fen {
        const MOST: i64 = limits::SLOT_FEN_MAX + limits::BILL_FEN_MAX;
        Fen(self.0.checked_mul(n).map_or(MOST, |product| product.min(MOST)))
    }

    /// This amount times a ratio, rounded once to the fen.
    #[inline]
    pub fn share(self, rate: Rate, rounding: Rounding) -> Fen {
        Fen(divide(self.scaled(rate), RATE_ONE, rounding))
    }

    /// From one scaled amount to another, rounded once to the fen. Panics on overflow, as [`Fen::plus`].
    #[inline(always)]
    pub(crate) fn rounded_between(from: i64, to: i64, rounding: Rounding) -> Fen {
        match to.checked_sub(from) {
            Some(scaled) => Fen(divide(scaled, RATE_ONE, rounding)),
            None => {
                panic!("difference of scaled amounts overflows: a slot or amount passed its bound")
            }
        }
    }

    /// This amount times a ratio, in ten-thousandths of a fen, not rounded.
    #[inline]
    pub const fn scaled(self, rate: Rate) -> i64 {
        match self.0.checked_mul(rate.parts()) {
            Some(product) => product,
            None => {
                panic!("amount times ratio overflows: an amount passed admission beyond its bound")
            }
        }
    }

    /// `self × part ÷ whole`, rounded half away from nought; `whole` is not nought.
    pub fn proportion(self, part: i64, whole: i64) -> Fen {
        Fen(divide_wide(i128::from(self.0), part, whole))
    }

    /// An amount given in yuan with at most two decimals, within the bound of a bill.
    pub fn from_yuan(yuan: Decimal) -> Result<Fen, AmountError> {
        let fen = fixed_point(yuan, 2)?;
        if fen.unsigned_abs() > limits::BILL_FEN_MAX.unsigned_abs() {
            return Err(AmountError::OutOfRange);
        }
        Ok(Fen(fen))
    }

    /// The amount in yuan, two decimals.
    pub fn to_yuan(self) -> Decimal {
        Decimal::new(self.0, 2)
    }
}

/// The amount in yuan with two decimals, as every statement prints it.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_yuan(), f)
    }
}

impl fmt::Debug for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl core::iter::Sum for Fen {
    fn sum<I: Iterator<Item = Fen>>(iter: I) -> Fen {
        iter.fold(Fen::ZERO, Fen::plus)
    }
}

impl Rate {
    /// Nothing.
    pub const ZERO: Rate = Rate(0);
    /// The whole.
    pub const ONE: Rate = Rate(10_000);

    /// A ratio of `parts` per ten thousand; `None` above the whole.
    pub const fn new(parts: u16) -> Option<Rate> {
        if parts > 10_000 { None } else { Some(Rate(parts)) }
    }

    /// Parts per ten thousand, 0 ..= 10,000.
    #[inline]
    pub const fn parts(self) -> i64 {
        // A widening cast: `i64::from` is not const.
        #[expect(clippy::as_conversions, reason = "u16 to i64 loses nothing; From is not const")]
        {
            self.0 as i64
        }
    }

    /// Parts per ten thousand as stored in an image.
    pub const fn raw(self) -> u16 {
        self.0
    }

    /// What is left of the whole.
    pub const fn complement(self) -> Rate {
        match 10_000_u16.checked_sub(self.0) {
            Some(rest) => Rate(rest),
            None => panic!("a rate is never above the whole"),
        }
    }

    /// A ratio given as a fraction (0.85) with at most four decimals.
    pub fn from_fraction(fraction: Decimal) -> Result<Rate, AmountError> {
        let parts = fixed_point(fraction, 4)?;
        u16::try_from(parts).ok().and_then(Rate::new).ok_or(AmountError::OutOfRange)
    }

    /// The ratio as a fraction, four decimals.
    pub fn to_fraction(self) -> Decimal {
        Decimal::new(self.parts(), 4)
    }
}

/// The ratio in percent, without needless decimals: `85%`, `2.5%`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal::new(self.parts(), 2).normalize())
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Price {
    /// Nothing.
    pub const ZERO: Price = Price(0);

    /// A price of `millionths` of a yuan.
    pub const fn new(millionths: i64) -> Price {
        Price(millionths)
    }

    /// Millionths of a yuan.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// A price in yuan with at most six decimals, not negative and within the bound of a price.
    pub fn from_yuan(yuan: Decimal) -> Result<Price, AmountError> {
        let millionths = fixed_point(yuan, 6)?;
        if !(0..=limits::PRICE_MAX).contains(&millionths) {
            return Err(AmountError::OutOfRange);
        }
        Ok(Price(millionths))
    }

    /// The price in yuan, six decimals.
    pub fn to_yuan(self) -> Decimal {
        Decimal::new(self.0, 6)
    }

    /// Price times quantity, rounded to the fen half away from nought; `None` beyond the bound of a bill.
    #[inline]
    pub fn times(self, quantity: Quantity) -> Option<Fen> {
        match self.times_small(quantity) {
            Some(fen) => Some(fen),
            None => self.times_wide(quantity),
        }
    }

    /// The same where the product is not below nought and fits 64 bits, as nearly all do; else `None`. Such a product is
    /// within the bound of a bill.
    #[inline(always)]
    pub(crate) fn times_small(self, quantity: Quantity) -> Option<Fen> {
        // 10⁻⁶ yuan times 10⁻⁴ units is 10⁻⁸ fen.
        match self.0.checked_mul(quantity.0) {
            Some(product) if product >= 0 => {
                let fen = quotient(product.unsigned_abs(), FEN_OF_PRODUCT, Rounding::HalfAway);
                Some(Fen(fen))
            }
            Some(_) | None => None,
        }
    }

    #[cold]
    fn times_wide(self, quantity: Quantity) -> Option<Fen> {
        let fen = divide_wide(i128::from(self.0), quantity.0, FEN_OF_PRODUCT);
        (fen.unsigned_abs() <= limits::BILL_FEN_MAX.unsigned_abs()).then_some(Fen(fen))
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity(0);
    /// One unit.
    pub const ONE: Quantity = Quantity(10_000);

    /// A quantity of `parts` ten-thousandths.
    pub const fn new(parts: i64) -> Quantity {
        Quantity(parts)
    }

    /// Ten-thousandths of a unit.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum. Panics on overflow, ruled out by the bounds of `limits`.
    #[inline]
    pub const fn plus(self, other: Quantity) -> Quantity {
        match self.0.checked_add(other.0) {
            Some(sum) => Quantity(sum),
            None => {
                panic!("sum of quantities overflows: a quantity passed admission beyond its bound")
            }
        }
    }

    /// The difference. Panics on overflow, as [`Quantity::plus`].
    pub const fn minus(self, other: Quantity) -> Quantity {
        match self.0.checked_sub(other.0) {
            Some(difference) => Quantity(difference),
            None => panic!("difference of quantities overflows: beyond its bound"),
        }
    }

    /// `self - other`, never below nought.
    #[inline]
    pub const fn less(self, other: Quantity) -> Quantity {
        match self.0.checked_sub(other.0) {
            Some(difference) if difference > 0 => Quantity(difference),
            Some(_) => Quantity(0),
            None => panic!("difference of quantities overflows: beyond its bound"),
        }
    }

    /// A quantity with at most four decimals, within the bound of a quantity.
    pub fn from_units(units: Decimal) -> Result<Quantity, AmountError> {
        let parts = fixed_point(units, 4)?;
        if parts.unsigned_abs() > limits::QUANTITY_MAX.unsigned_abs() {
            return Err(AmountError::OutOfRange);
        }
        Ok(Quantity(parts))
    }

    /// The quantity in units, four decimals.
    pub fn to_units(self) -> Decimal {
        Decimal::new(self.0, 4)
    }
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AmountError::NotANumber => write!(f, "not a plain decimal number"),
            AmountError::TooManyDecimals(most) => write!(f, "more than {most} decimals"),
            AmountError::OutOfRange => write!(f, "outside the accepted range"),
        }
    }
}

impl core::error::Error for AmountError {}

/// Reads a plain decimal: digits, at most one point, an optional sign; never an exponent, never rounded.
pub fn decimal(text: &str) -> Result<Decimal, AmountError> {
    let plain = |b: u8| b.is_ascii_digit() || b == b'.' || b == b'-';
    if text.is_empty() || !text.bytes().all(plain) {
        return Err(AmountError::NotANumber);
    }
    Decimal::from_str_exact(text).map_err(|_| AmountError::NotANumber)
}

/// `product ÷ by` in 64 bits, `by` positive. What is below nought is the mirror of what is above.
#[inline]
pub(crate) fn divide(product: i64, by: i64, rounding: Rounding) -> i64 {
    debug_assert!(by > 0, "every divisor is a positive constant or a checked quantity");
    let magnitude = product.unsigned_abs();
    if product < 0 { mirrored(magnitude, by, rounding) } else { quotient(magnitude, by, rounding) }
}

#[cold]
fn mirrored(magnitude: u64, by: i64, rounding: Rounding) -> i64 {
    quotient(magnitude, by, rounding).saturating_neg()
}

/// `magnitude ÷ by` without a sign: where `by` is a constant, a multiplication and a shift.
#[inline(always)]
fn quotient(magnitude: u64, by: i64, rounding: Rounding) -> i64 {
    let by = by.unsigned_abs();
    let half = match rounding {
        Rounding::Down => 0,
        Rounding::HalfAway => by.wrapping_shr(1),
    };
    // At most 2⁶³, and less than 2⁶² more.
    let biased = magnitude.wrapping_add(half);
    match biased.checked_div(by).map(i64::try_from) {
        Some(Ok(quotient)) => quotient,
        Some(Err(_)) | None => {
            panic!("rounding overflows: a product passed admission beyond its bound")
        }
    }
}

/// `a × b ÷ by`, half away from nought, for the few products beyond 64 bits.
fn divide_wide(a: i128, b: i64, by: i64) -> i64 {
    assert!(by > 0, "every divisor is a positive constant or a checked quantity");
    let by = i128::from(by);
    let quotient = a.checked_mul(i128::from(b)).and_then(|product| {
        let half = by.checked_div(2)?;
        let bias = if product < 0 { half.checked_neg()? } else { half };
        product.checked_add(bias)?.checked_div(by)
    });
    match quotient.map(i64::try_from) {
        Some(Ok(quotient)) => quotient,
        // Saturated, not wrapped: callers compare with their bound and refuse.
        Some(Err(_)) | None if (a < 0) == (b < 0) => i64::MAX,
        Some(Err(_)) | None => i64::MIN.saturating_add(1),
    }
}

/// A decimal with at most `decimals` places as an integer of that many places.
fn fixed_point(value: Decimal, decimals: u32) -> Result<i64, AmountError> {
    let exact = value.normalize();
    if exact.scale() > decimals {
        return Err(AmountError::TooManyDecimals(decimals));
    }
    let mut scaled = exact;
    scaled.rescale(decimals);
    if scaled.scale() != decimals {
        return Err(AmountError::OutOfRange);
    }
    scaled.mantissa().to_i64().ok_or(AmountError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_rounds_half_away_from_nought_on_both_sides() {
        let rate = Rate::new(500).expect("5 %");
        assert_eq!(Fen::new(452).share(rate, Rounding::HalfAway), Fen::new(23)); // M1: 0.226
        assert_eq!(Fen::new(-452).share(rate, Rounding::HalfAway), Fen::new(-23));
        assert_eq!(Fen::new(10).share(rate, Rounding::HalfAway), Fen::new(1)); // 0.5
        assert_eq!(Fen::new(-10).share(rate, Rounding::HalfAway), Fen::new(-1));
        assert_eq!(Fen::new(19).share(rate, Rounding::Down), Fen::ZERO);
    }

    #[test]
    fn decimals_are_read_exactly_or_refused() {
        let fen = |text| decimal(text).and_then(Fen::from_yuan);
        assert_eq!(fen("1200.00"), Ok(Fen::new(120_000)));
        assert_eq!(fen("1.5"), Ok(Fen::new(150)));
        assert_eq!(fen("1.500"), Ok(Fen::new(150)));
        assert_eq!(fen("1.505"), Err(AmountError::TooManyDecimals(2)));
        assert_eq!(fen("1e3"), Err(AmountError::NotANumber));
        assert_eq!(fen(""), Err(AmountError::NotANumber));
        assert_eq!(fen("100000000000.01"), Err(AmountError::OutOfRange));
        assert_eq!(fen("99999999999999999999999999999999"), Err(AmountError::NotANumber));
    }

    #[test]
    fn price_times_quantity_agrees_in_64_and_128_bits() {
        let price = Price::new(999_999_999_999); // nearly a million yuan
        let quantity = Quantity::new(100_000_000); // ten thousand units
        assert_eq!(price.times(quantity), Some(Fen::new(999_999_999_999)));
        assert_eq!(Price::new(1_005_000).times(Quantity::ONE), Some(Fen::new(101)));
        assert_eq!(Price::new(1_005_000).times(Quantity::new(-10_000)), Some(Fen::new(-101)));
        assert_eq!(Price::new(limits::PRICE_MAX).times(Quantity::new(limits::QUANTITY_MAX)), None);
    }
}
