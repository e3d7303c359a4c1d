//! A bucket as one cache line of 64 bytes: the entries whose codes hash to it, by fingerprint, and
//! the days at which any of its codes changes to its next period. It turns a hash and a day into a
//! position.
//!
//! ```text
//!  0      4       5       6      8                                                64
//!  | base | items | nought | salt | fingerprints, a byte each →    ← breaks, u16 each |
//! ```
//!
//! The entries of a bucket stand in a row from `base`: code after code, and for each code period
//! after period. Item `i` is the entry `base + i`. Periods of one code have the same fingerprint,
//! which no other code of the bucket has; each period after the first has a break, its first day,
//! in the order of the items. Most codes have one period, and then no break is read.

/// Bytes of a bucket line: one cache line.
pub(crate) const BUCKET_BYTES: usize = 64;

const ITEMS_AT: usize = 4;
const SALT_AT: usize = 6;
const PRINTS_AT: usize = 8;
const BREAK_BYTES: usize = 2;
/// What fingerprints and breaks share.
pub(crate) const ROOM: usize = BUCKET_BYTES - PRINTS_AT;

// Two codes of the most periods fit one bucket.
const _: () = assert!(2 * room_of(crate::PERIODS_MAX) <= ROOM);

/// A code to be placed: its hash, and the stored first days of its periods.
#[derive(Clone, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) hash: u64,
    pub(crate) from: &'a [u16],
}

/// The room in a bucket that a code of so many periods takes.
pub(crate) const fn room_of(periods: usize) -> usize {
    periods + BREAK_BYTES * (periods - 1)
}

/// The bucket of a hash among so many.
#[inline]
pub(crate) fn bucket_of(hash: u64, buckets: usize) -> usize {
    let product = u128::from(hash) * (buckets as u128);
    usize::try_from(product >> 64).unwrap_or(0)
}

/// The fingerprint of a hash under a bucket's salt.
#[inline]
fn fingerprint(hash: u64, salt: u16) -> u8 {
    let low = hash as u32;
    let [.., top] = low.wrapping_mul(u32::from(salt) * 2 + 0x9E37_79B1).to_le_bytes();
    top
}

/// Writes a bucket of these codes, in their order; `None` when they do not fit or no salt tells
/// them apart.
pub(crate) fn encode(base: u32, keys: &[Key<'_>]) -> Option<[u8; BUCKET_BYTES]> {
    if keys.iter().map(|key| room_of(key.from.len())).sum::<usize>() > ROOM {
        return None;
    }
    let salt = (0..=u16::MAX).find(|salt| {
        let mut seen = [0_u64; 4];
        keys.iter().all(|key| {
            let print = fingerprint(key.hash, *salt);
            let (word, bit) = (usize::from(print >> 6), 1_u64 << (print & 63));
            let new = seen[word] & bit == 0;
            seen[word] |= bit;
            new
        })
    })?;
    let mut line = [0; BUCKET_BYTES];
    let (mut print_at, mut break_at) = (PRINTS_AT, BUCKET_BYTES);
    for key in keys {
        line[print_at..][..key.from.len()].fill(fingerprint(key.hash, salt));
        print_at += key.from.len();
        for day in key.from.iter().skip(1) {
            break_at -= BREAK_BYTES;
            line[break_at..][..BREAK_BYTES].copy_from_slice(&day.to_le_bytes());
        }
    }
    line[..ITEMS_AT].copy_from_slice(&base.to_le_bytes());
    line[ITEMS_AT] = u8::try_from(print_at - PRINTS_AT).ok()?;
    line[SALT_AT..PRINTS_AT].copy_from_slice(&salt.to_le_bytes());
    Some(line)
}

/// The position at which the entry of this hash and day stands, if the code is there at all.
#[inline]
pub(crate) fn position(line: &[u8; BUCKET_BYTES], hash: u64, day: u16) -> Option<usize> {
    let salt = u16::from_le_bytes([line[SALT_AT], line[SALT_AT + 1]]);
    let inside = (1_u64 << (line[ITEMS_AT] & 63)) - 1;
    let items = equal_bytes(line, fingerprint(hash, salt)) >> PRINTS_AT & inside;
    if items == 0 {
        return None;
    }
    let first = items.trailing_zeros() as usize;
    let later = if items & (items - 1) == 0 { 0 } else { later(line, items, first, day) };
    Some(base_of(line) + first + later)
}

/// How many periods after its first the code of these items has begun by a day.
fn later(line: &[u8; BUCKET_BYTES], items: u64, first: usize, day: u16) -> usize {
    let pairs = line[PRINTS_AT..].windows(2);
    let before = pairs.take(first).filter(|pair| pair[0] == pair[1]).count();
    let periods = items.count_ones() as usize;
    (before..before + periods - 1).take_while(|number| break_of(line, *number) <= day).count()
}

fn break_of(line: &[u8; BUCKET_BYTES], number: usize) -> u16 {
    let at = BUCKET_BYTES.saturating_sub(BREAK_BYTES * (number + 1));
    u16::from_le_bytes([line[at], line[at + 1]])
}

#[inline]
fn base_of(line: &[u8; BUCKET_BYTES]) -> usize {
    u32::from_le_bytes([line[0], line[1], line[2], line[3]]) as usize
}

/// The range of positions that look-ups in this bucket can give; `None` for one that was not
/// written by [`encode`].
pub(crate) fn reach(line: &[u8; BUCKET_BYTES]) -> Option<(usize, usize)> {
    let items = usize::from(line[ITEMS_AT]);
    let prints = line[PRINTS_AT..].get(..items)?;
    let breaks = prints.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let sound = items + BREAK_BYTES * breaks <= ROOM && line[ITEMS_AT + 1] == 0;
    sound.then(|| (base_of(line), base_of(line) + items))
}

/// Bit `i` says whether byte `i` equals the given one.
#[cfg(target_arch = "x86_64")]
#[inline]
fn equal_bytes(line: &[u8; BUCKET_BYTES], byte: u8) -> u64 {
    #[expect(unsafe_code, reason = "the compiler does not take the baseline for granted here")]
    // SAFETY: SSE2 is part of every x86-64.
    unsafe {
        sse2::equal_bytes(line, byte)
    }
}

/// The mask, sixteen bytes at a time.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8,
    };

    use super::BUCKET_BYTES;

    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn equal_bytes(line: &[u8; BUCKET_BYTES], byte: u8) -> u64 {
        let wanted = _mm_set1_epi8(byte.cast_signed());
        let mut mask = 0;
        for at in [48, 32, 16, 0] {
            let bits = _mm_movemask_epi8(_mm_cmpeq_epi8(quarter(line, at), wanted));
            mask = mask << 16 | u64::from(bits.cast_unsigned());
        }
        mask
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn quarter(line: &[u8; BUCKET_BYTES], at: usize) -> __m128i {
        let word = |at: usize| {
            line.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| i64::from_le_bytes(*b))
        };
        _mm_set_epi64x(word(at + 8), word(at))
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable::equal_bytes;

/// The same mask byte by byte, for other machines and as the test's second opinion.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::BUCKET_BYTES;

    pub(super) fn equal_bytes(line: &[u8; BUCKET_BYTES], byte: u8) -> u64 {
        (0..).zip(line).fold(0, |mask, (i, b): (u32, &u8)| mask | u64::from(*b == byte) << i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(n: u64) -> Vec<u64> {
        (1..=n).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect()
    }

    #[test]
    fn a_full_bucket_finds_every_code_and_period() {
        let hashes = hashes(20);
        let from: Vec<Vec<u16>> = (0..20_u16)
            .map(|i| (0..1 + i % 4 * 4 / 3).map(|period| 10 + i + period * 1000).collect())
            .collect();
        let keys: Vec<Key<'_>> =
            hashes.iter().zip(&from).map(|(hash, from)| Key { hash: *hash, from }).collect();
        let keys = &keys[..10];
        let line = encode(1000, keys).expect("fits");
        let entries: usize = keys.iter().map(|key| key.from.len()).sum();
        assert_eq!(reach(&line), Some((1000, 1000 + entries)));
        let mut first = 1000;
        for key in keys {
            for (period, from) in key.from.iter().enumerate() {
                let expected = first + period;
                assert_eq!(position(&line, key.hash, *from), Some(expected));
                assert_eq!(position(&line, key.hash, from + 999), Some(expected));
                assert_eq!(position(&line, key.hash, from - 1), Some(expected.max(first + 1) - 1));
            }
            first += key.from.len();
        }
    }

    #[test]
    fn a_bucket_too_full_is_not_written() {
        let hashes = hashes(57);
        let keys: Vec<Key<'_>> =
            hashes.iter().map(|hash| Key { hash: *hash, from: &[1] }).collect();
        assert!(encode(0, &keys).is_none());
        let same = [keys[0].clone(), keys[0].clone()];
        assert!(encode(0, &same).is_none(), "no salt tells equal hashes apart");
        let empty = encode(0, &[]).expect("nothing fits");
        assert_eq!((position(&empty, 1, 1), reach(&empty)), (None, Some((0, 0))));
    }

    #[test]
    fn both_ways_of_comparing_agree() {
        let mut line = [0; BUCKET_BYTES];
        for (i, hash) in hashes(200).into_iter().enumerate() {
            let bytes = hash.to_le_bytes();
            line[(i * 5) % 57..][..7].copy_from_slice(&bytes[..7]);
            assert_eq!(equal_bytes(&line, bytes[3]), portable::equal_bytes(&line, bytes[3]));
        }
    }
}
