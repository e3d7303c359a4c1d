//! Codes of catalogues in half-bytes: a digit takes one, any other sign of ASCII two. National codes are mostly digits.

use alloc::vec::Vec;
use core::str;

use super::{Bytes, Stored};
use crate::facts::Text;

/// The first half-byte that stands for no digit: it and the next are one sign.
const DIGITS: u8 = 10;
/// The signs that two half-bytes reach, six times sixteen of them: all of ASCII from the blank on.
const FIRST_SIGN: u8 = 0x20;
const LAST_SIGN: u8 = 0x7F;

/// Appends a code: twice the count of its half-bytes, then these, the higher half of a byte first. Of a text with any other sign,
/// one more than twice the count of its bytes, then these.
pub(super) fn put(code: &str, to: &mut Vec<u8>) {
    if !code.bytes().all(|sign| (FIRST_SIGN..=LAST_SIGN).contains(&sign)) {
        (code.len().wrapping_mul(2) | 1).put(to);
        to.extend_from_slice(code.as_bytes());
        return;
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let halves = code.len().wrapping_mul(2).wrapping_sub(digits);
    halves.wrapping_mul(2).put(to);
    let mut first = None;
    let mut half = |half: u8| {
        first = match first {
            None => Some(half),
            Some(high) => {
                to.push(high << 4 | half);
                None
            }
        };
    };
    for sign in code.bytes() {
        if sign.is_ascii_digit() {
            half(sign.wrapping_sub(b'0'));
        } else {
            let place = sign.wrapping_sub(FIRST_SIGN);
            half((place >> 4).wrapping_add(DIGITS));
            half(place & 0xF);
        }
    }
    if halves % 2 == 1 {
        half(0);
    }
}

/// Reads a code; `None` where the bytes are none, or one that would be written otherwise.
pub(super) fn read(from: &mut Bytes<'_>) -> Option<Text> {
    let head = usize::read(from)?;
    if head % 2 == 1 {
        let text = str::from_utf8(from.take(head / 2)?).ok()?;
        let other = text.bytes().any(|sign| !(FIRST_SIGN..=LAST_SIGN).contains(&sign));
        return other.then(|| Text::from(text));
    }
    let halves = head / 2;
    let bytes = from.take(halves.div_ceil(2))?;
    let mut each = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    let mut code = Text::with_capacity(halves);
    let mut left = halves;
    while left > 0 {
        let half = each.next()?;
        let sign = if half < DIGITS {
            left = left.wrapping_sub(1);
            b'0'.wrapping_add(half)
        } else {
            left = left.checked_sub(2)?;
            let sign = (half.wrapping_sub(DIGITS) << 4 | each.next()?).wrapping_add(FIRST_SIGN);
            if sign.is_ascii_digit() {
                return None;
            }
            sign
        };
        code.push(char::from(sign));
    }
    // What fills the last byte is nought.
    each.all(|half| half == 0).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn bytes_of(code: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(code, &mut bytes);
        bytes
    }

    fn whole(bytes: &[u8]) -> Option<Text> {
        let mut from = Bytes::new(bytes);
        read(&mut from).filter(|_| from.is_empty())
    }

    #[test]
    fn codes_come_back_and_their_beginnings_do_not() {
        let all: String = (FIRST_SIGN..=LAST_SIGN).map(char::from).collect();
        let codes = ["", "0", "9", "A", "XA01ABD075A002010100483", "001101000010000-110100001"];
        for code in codes.into_iter().chain([&all[..], "自制001", "a\n", "\u{80}"]) {
            let bytes = bytes_of(code);
            assert_eq!(whole(&bytes).as_deref(), Some(code), "{bytes:02X?}");
            for cut in 0..bytes.len() {
                assert_eq!(whole(&bytes[..cut]), None, "{code}: a beginning is no whole code");
            }
        }
    }

    #[test]
    fn a_code_of_digits_takes_half_a_byte_each() {
        assert_eq!(bytes_of("001101000010000").len(), 1 + 8);
        assert_eq!(bytes_of("XA01ABD075A002010100483").len(), 1 + 15);
    }

    #[test]
    fn whatever_is_read_is_written_so() {
        // Every head of up to five half-bytes or two bytes, every first byte.
        let mut read = 0_usize;
        for head in 0..=11_u8 {
            for first in 0..=u8::MAX {
                for second in [0, 1, 0x0A, 0x30, 0x5F, 0x7F, 0x80, 0xA0, 0xAB, 0xB5, 0xC1, 0xFF] {
                    for bytes in [&[head][..], &[head, first], &[head, first, second]] {
                        if let Some(code) = whole(bytes) {
                            assert_eq!(bytes_of(&code), bytes, "{code:?}");
                            read = read.saturating_add(1);
                        }
                    }
                }
            }
        }
        assert!(read > 1_000, "{read}");
    }
}
