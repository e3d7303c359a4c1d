//! Decimal texts as whole numbers of a scale and back: exact, never by way of a float.

use crate::limits::NUMBER_CHARS_MAX;

/// Why a text is not a number of a field.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum NotFixed {
    NotANumber,
    TooManyDecimals,
    OutOfRange,
}

/// A decimal as a whole number of units of `10^-decimals`, and whether an exponent was written.
pub(crate) fn fixed(text: &str, decimals: u32) -> Result<(i64, bool), NotFixed> {
    if text.len() > NUMBER_CHARS_MAX {
        return Err(NotFixed::NotANumber);
    }
    let (magnitude, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (plain, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((plain, exponent)) => (plain, Some(self::exponent(exponent)?)),
        None => (magnitude, None),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(NotFixed::NotANumber);
    }
    let mut mantissa = 0_i128;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(NotFixed::NotANumber);
        }
        let next = mantissa.checked_mul(10).and_then(|ten| ten.checked_add((byte - b'0').into()));
        mantissa = next.ok_or(NotFixed::OutOfRange)?;
    }
    let shift = i64::from(decimals) + exponent.unwrap_or(0) - fraction.len() as i64;
    let units = shifted(mantissa, shift)?;
    let units = i64::try_from(units).map_err(|_| NotFixed::OutOfRange)?;
    Ok((if negative { -units } else { units }, exponent.is_some()))
}

fn exponent(text: &str) -> Result<i64, NotFixed> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotFixed::NotANumber);
    }
    let size: i64 = digits.parse().map_err(|_| NotFixed::OutOfRange)?;
    if size > 1_000 {
        return Err(NotFixed::OutOfRange);
    }
    Ok(if text.starts_with('-') { -size } else { size })
}

/// `mantissa × 10^shift`, exact or not at all.
fn shifted(mantissa: i128, shift: i64) -> Result<i128, NotFixed> {
    if mantissa == 0 {
        return Ok(0);
    }
    let steps = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
    let power = 10_i128.checked_pow(steps);
    match (shift >= 0, power) {
        (true, Some(power)) => mantissa.checked_mul(power).ok_or(NotFixed::OutOfRange),
        (true, None) => Err(NotFixed::OutOfRange),
        (false, Some(power)) if mantissa % power == 0 => Ok(mantissa / power),
        (false, _) => Err(NotFixed::TooManyDecimals),
    }
}

/// Writes a number of units of `10^-decimals` with all its decimals.
pub(crate) fn write_fixed(units: i64, decimals: u32, to: &mut Vec<u8>) {
    let mut digits = [b'0'; 24];
    let mut left = units.unsigned_abs();
    let mut at = digits.len();
    let mut written = 0;
    while left > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        written += 1;
    }
    if units < 0 {
        to.push(b'-');
    }
    to.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        let of = |text, decimals| fixed(text, decimals).map(|(units, _)| units);
        assert_eq!(of("12.5", 2), Ok(1_250));
        assert_eq!(of("-0.01", 2), Ok(-1));
        assert_eq!(of("9", 2), Ok(900));
        assert_eq!(of("12.5000000000000000000", 2), Ok(1_250));
        assert_eq!(of(".5", 2), Ok(50));
        assert_eq!(of("5.", 2), Ok(500));
        assert_eq!(of("1.2E+1", 2), Ok(1_200));
        assert_eq!(of("1200e-2", 0), Ok(12));
        assert_eq!(of("0E900", 2), Ok(0));
        assert_eq!(of("0.1", 0), Err(NotFixed::TooManyDecimals));
        assert_eq!(of("12.345", 2), Err(NotFixed::TooManyDecimals));
        assert_eq!(of("1e900", 2), Err(NotFixed::OutOfRange));
        assert_eq!(of("1e99999999999999999999", 2), Err(NotFixed::OutOfRange));
        assert_eq!(of("1e-900", 2), Err(NotFixed::TooManyDecimals));
        assert_eq!(of("92233720368547758.08", 2), Err(NotFixed::OutOfRange));
        for text in ["", ".", "-", "+1", "1,200", "1.2.3", "0x10", "１２", "1e", "1e+", "NaN", " 1"]
        {
            assert_eq!(of(text, 2), Err(NotFixed::NotANumber), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_with_their_decimals() {
        let text = |units, decimals| {
            let mut to = Vec::new();
            write_fixed(units, decimals, &mut to);
            String::from_utf8(to).expect("digits")
        };
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(-1, 2), "-0.01");
        assert_eq!(text(1_250, 2), "12.50");
        assert_eq!(text(7, 0), "7");
        assert_eq!(text(i64::MIN, 6), "-9223372036854.775808");
    }
}
