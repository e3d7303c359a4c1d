//! A catalogue code as five words: what is hashed, and what is compared, always whole.

use yidan_settlement::limits::CODE_BYTES_MAX;

/// Words of eight bytes in a padded code.
pub(crate) const WORDS: usize = CODE_BYTES_MAX / 8;

const _: () = assert!(WORDS * 8 == CODE_BYTES_MAX, "a code fills its words");

/// A code padded with noughts to [`CODE_BYTES_MAX`] bytes, little-endian.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct CodeWords(pub(crate) [u64; WORDS]);

// The digits of pi in hexadecimal: constants that nobody chose. They are part of the format.
const PI: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
];

impl CodeWords {
    /// The words of a code; `None` for one that no image can hold: empty, too long, or ending in a
    /// nought byte, which padding could not tell from its absence.
    #[inline]
    pub(crate) fn read(code: &[u8]) -> Option<CodeWords> {
        let length = code.len();
        if length > CODE_BYTES_MAX || code.last().is_none_or(|last| *last == 0) {
            return None;
        }
        let mut words = [0; WORDS];
        if length < 8 {
            let mut bytes = [0; 8];
            for (byte, given) in bytes.iter_mut().zip(code) {
                *byte = *given;
            }
            words[0] = u64::from_le_bytes(bytes);
            return Some(CodeWords(words));
        }
        // Every word is read whole; the last ones overlap and are shifted, so no branch depends on
        // the length, which differs from line to line of a bill.
        for (i, word) in words.iter_mut().enumerate() {
            let at = (8 * i).min(length - 8);
            let read = u64::from_le_bytes(*code.get(at..)?.first_chunk()?);
            let beyond = (8 * i - at) * 8;
            *word = if beyond < 64 { read >> beyond } else { 0 };
        }
        Some(CodeWords(words))
    }

    /// The hash of the code under a seed; stable for ever, since it is part of the file format.
    #[inline]
    pub(crate) fn hash(self, seed: u64) -> u64 {
        let [a, b, c, d, e] = self.0;
        let mixed = fold(a ^ seed ^ PI[0], b ^ PI[1])
            ^ fold(c ^ seed ^ PI[2], d ^ PI[3])
            ^ fold(e ^ seed ^ PI[4], PI[5]);
        fold(mixed ^ PI[3], seed ^ PI[5])
    }
}

/// Both halves of the full product, added without carry.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(code: &[u8]) -> [u64; WORDS] {
        let mut bytes = [0; CODE_BYTES_MAX];
        bytes[..code.len()].copy_from_slice(code);
        let mut words = [0; WORDS];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        }
        words
    }

    #[test]
    fn every_length_is_padded_with_noughts() {
        let long: Vec<u8> = (1..=CODE_BYTES_MAX as u8).collect();
        for length in 1..=CODE_BYTES_MAX {
            let code = &long[..length];
            assert_eq!(CodeWords::read(code), Some(CodeWords(padded(code))), "{length} bytes");
        }
    }

    #[test]
    fn what_padding_could_confuse_is_no_code() {
        assert_eq!(CodeWords::read(b""), None);
        assert_eq!(CodeWords::read(b"I10\0"), None);
        assert_eq!(CodeWords::read(&[b'X'; CODE_BYTES_MAX + 1]), None);
    }

    #[test]
    fn the_hash_is_pinned_because_it_is_stored_format() {
        let hash = |code: &[u8], seed| CodeWords::read(code).expect("a code").hash(seed);
        assert_eq!(hash(b"XJ01CAA040A001010102699", 0), PINNED[0]);
        assert_eq!(hash(b"001102000010000", 1), PINNED[1]);
    }

    const PINNED: [u64; 2] = [17_810_679_045_198_107_300, 8_047_602_497_024_251_571];
}
