//! How values of the domain stand in a record of the journal and in a snapshot: whole numbers in as few bytes as they need,
//! texts with their length, lists with their count. `engine/journal/RECORDS.md` draws the records. Reading never panics.

mod code;
mod decision;
mod facts;
mod lines;

use alloc::string::String;
use alloc::vec::Vec;

use crate::facts::Text;

/// A value that is written to bytes and read back as it was.
pub trait Stored: Sized {
    /// Appends it.
    fn put(&self, to: &mut Vec<u8>);
    /// Reads it; `None` where the bytes are no such value.
    fn read(from: &mut Bytes<'_>) -> Option<Self>;

    /// Appends it as an item of a list, where it may say no more than how it differs from the one before.
    #[inline]
    fn put_after(&self, _before: Option<&Self>, to: &mut Vec<u8>) {
        self.put(to);
    }

    /// Reads what was appended so.
    #[inline]
    fn read_after(_before: Option<&Self>, from: &mut Bytes<'_>) -> Option<Self> {
        Self::read(from)
    }
}

/// Bytes being read.
#[derive(Clone, Debug)]
pub struct Bytes<'a> {
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// All of these.
    pub fn new(left: &'a [u8]) -> Bytes<'a> {
        Bytes { left }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The next so many.
    #[inline]
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.left.split_at_checked(count)?;
        self.left = tail;
        Some(head)
    }

    /// The next text, lent.
    pub fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.text_bytes()?).ok()
    }

    /// The bytes of the next text, which are not looked at.
    #[inline]
    pub(crate) fn text_bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::read(self)?;
        self.take(length)
    }

    /// A count of things that each need at least one byte: never more than there are bytes, so that room may be made for it.
    fn count(&mut self) -> Option<usize> {
        usize::read(self).filter(|count| *count <= self.left.len())
    }

    /// The next list, into room that is emptied first.
    #[inline]
    pub(crate) fn list_into<T: Stored>(&mut self, items: &mut Vec<T>) -> Option<()> {
        let count = self.count()?;
        items.clear();
        items.reserve(count);
        for _ in 0..count {
            let item = T::read_after(items.last(), self)?;
            items.push(item);
        }
        Some(())
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.left.split_first()?;
        self.left = rest;
        Some(*first)
    }

    /// The next number, eight bytes side by side: how many an amount has cannot be foretold, and a loop over them would be
    /// guessed wrong about as often as not.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let Some(word) = self.left.first_chunk::<8>() else { return self.number_by_bytes() };
        let word = u64::from_le_bytes(*word);
        let ends = !word & EACH_TOP_BIT;
        if ends == 0 {
            return self.number_by_bytes();
        }
        // The top bit of its last byte, counted from nought: 7, 15 … 63.
        let last = ends.trailing_zeros();
        let own = word & u64::MAX.wrapping_shr(63_u32.wrapping_sub(last)) & !EACH_TOP_BIT;
        // One way to write each number: no empty byte at the end.
        if last > 7 && own.wrapping_shr(last.wrapping_sub(7)) == 0 {
            return None;
        }
        let (_, rest) =
            self.left.split_at_checked(usize::try_from(last / 8).ok()?.wrapping_add(1))?;
        self.left = rest;
        let pairs = (own & 0x007F_007F_007F_007F) | ((own & 0x7F00_7F00_7F00_7F00) >> 1);
        let fours = (pairs & 0x0000_3FFF_0000_3FFF) | ((pairs & 0x3FFF_0000_3FFF_0000) >> 2);
        Some((fours & 0x0FFF_FFFF) | ((fours & 0x0FFF_FFFF_0000_0000) >> 4))
    }

    /// The next number, byte after byte: at the end of the bytes, and one of more than 56 bits.
    #[cold]
    fn number_by_bytes(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64_u32).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has one bit of room.
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits.wrapping_shl(shift);
            if byte & 0x80 == 0 {
                // One way to write each number: no empty byte at the end.
                return (byte != 0 || shift == 0).then_some(value);
            }
        }
        None
    }
}

/// The top bit of each byte: it says that the number goes on.
const EACH_TOP_BIT: u64 = 0x8080_8080_8080_8080;

/// Reads a value that fills the bytes.
pub fn whole<T: Stored>(bytes: &[u8]) -> Option<T> {
    let mut from = Bytes::new(bytes);
    let value = T::read(&mut from)?;
    from.is_empty().then_some(value)
}

/// Appends a text.
pub fn put_text(text: &str, to: &mut Vec<u8>) {
    text.len().put(to);
    to.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
impl Stored for u64 {
    #[inline]
    fn put(&self, to: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            to.push(low_byte(left) | 0x80);
            left >>= 7;
        }
        to.push(low_byte(left));
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<u64> {
        // Counts, kinds and codes are mostly of one byte, and the same one at the same place.
        if let Some((first @ 0..0x80, rest)) = from.left.split_first() {
            from.left = rest;
            return Some(u64::from(*first));
        }
        from.number()
    }
}

/// The lowest byte of a number.
fn low_byte(number: u64) -> u8 {
    let [first, ..] = number.to_le_bytes();
    first
}

/// Nought, −1, 1, −2, 2 … as 0, 1, 2, 3, 4 …
impl Stored for i64 {
    #[inline]
    fn put(&self, to: &mut Vec<u8>) {
        (self.wrapping_shl(1) ^ self.wrapping_shr(63)).cast_unsigned().put(to);
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<i64> {
        // An amount: of one byte or of four, as it comes.
        let folded = from.number()?;
        Some((folded >> 1).cast_signed() ^ (folded & 1).cast_signed().wrapping_neg())
    }
}

macro_rules! narrower {
    ($($narrow:ty: $wide:ty),*) => {$(
        impl Stored for $narrow {
            #[inline]
            fn put(&self, to: &mut Vec<u8>) {
                <$wide>::from(*self).put(to);
            }

            #[inline]
            fn read(from: &mut Bytes<'_>) -> Option<$narrow> {
                <$wide>::read(from)?.try_into().ok()
            }
        }
    )*};
}

narrower! { u32: u64, u16: u64, i32: i64 }

impl Stored for u8 {
    #[inline]
    fn put(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<u8> {
        from.byte()
    }
}

impl Stored for usize {
    #[inline]
    fn put(&self, to: &mut Vec<u8>) {
        // A usize is at most 64 bits on every target we build for.
        u64::try_from(*self).unwrap_or(u64::MAX).put(to);
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<usize> {
        u64::read(from)?.try_into().ok()
    }
}

impl Stored for bool {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<bool> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Stored for [u8; N] {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }

    #[inline]
    fn read(from: &mut Bytes<'_>) -> Option<[u8; N]> {
        from.take(N)?.first_chunk().copied()
    }
}

impl Stored for Text {
    fn put(&self, to: &mut Vec<u8>) {
        put_text(self, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<Text> {
        from.text().map(Text::from)
    }
}

impl Stored for String {
    fn put(&self, to: &mut Vec<u8>) {
        put_text(self, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<String> {
        from.text().map(String::from)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        match self {
            None => to.push(0),
            Some(value) => {
                to.push(1);
                value.put(to);
            }
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Option<T>> {
        match from.byte()? {
            0 => Some(None),
            1 => T::read(from).map(Some),
            _ => None,
        }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        self.len().put(to);
        let mut before = None;
        for item in self {
            item.put_after(before, to);
            before = Some(item);
        }
    }

    fn read(from: &mut Bytes<'_>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        from.list_into(&mut items)?;
        Some(items)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn put(&self, to: &mut Vec<u8>) {
        self.0.put(to);
        self.1.put(to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<(A, B)> {
        Some((A::read(from)?, B::read(from)?))
    }
}

/// A struct, field after field in the order given.
macro_rules! stored_struct {
    ($($type:path { $($field:ident),* $(,)? })*) => {$(
        impl $crate::stored::Stored for $type {
            fn put(&self, to: &mut alloc::vec::Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(to);)*
            }

            #[inline]
            fn read(from: &mut $crate::stored::Bytes<'_>) -> Option<Self> {
                $(let $field = $crate::stored::Stored::read(from)?;)*
                Some(Self { $($field),* })
            }
        }
    )*};
}

/// A number with a name: a type with `new` and `get`.
macro_rules! stored_number {
    ($($type:path),* $(,)?) => {$(
        impl $crate::stored::Stored for $type {
            #[inline]
            fn put(&self, to: &mut alloc::vec::Vec<u8>) {
                self.get().put(to);
            }

            #[inline]
            fn read(from: &mut $crate::stored::Bytes<'_>) -> Option<Self> {
                Some(Self::new($crate::stored::Stored::read(from)?))
            }
        }
    )*};
}

/// An enum of names alone, each with the byte that stands for it.
macro_rules! stored_enum {
    ($($type:path { $($name:ident = $byte:literal),* $(,)? })*) => {$(
        impl $crate::stored::Stored for $type {
            fn put(&self, to: &mut alloc::vec::Vec<u8>) {
                to.push(match self { $(Self::$name => $byte,)* });
            }

            #[inline]
            fn read(from: &mut $crate::stored::Bytes<'_>) -> Option<Self> {
                match u8::read(from)? {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    )*};
}

pub(crate) use {stored_enum, stored_number, stored_struct};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn back<T: Stored + PartialEq + core::fmt::Debug>(value: &T) {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        assert_eq!(whole::<T>(&bytes).as_ref(), Some(value), "{bytes:?}");
        for cut in 0..bytes.len() {
            assert_eq!(whole::<T>(&bytes[..cut]), None, "a beginning is no whole value");
        }
    }

    #[test]
    fn values_come_back_and_their_beginnings_do_not() {
        for shift in 0..64 {
            for around in [0, 1, u64::MAX] {
                let number = (1_u64 << shift).wrapping_add(around);
                back(&number);
                back(&number.cast_signed());
            }
        }
        back(&[i64::MIN, i64::MAX].to_vec());
        back(&vec![Some(String::from("四级")), None]);
        back(&(Some(true), [1_u8, 2, 3]));
    }

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!(whole::<u64>(&[0x80, 0x00]), None);
        assert_eq!(whole::<u64>(&[0xFF; 10]), None);
        assert_eq!(whole::<u16>(&[0xFF, 0xFF, 0x7F]), None);
        assert_eq!(whole::<bool>(&[2]), None);
    }

    #[test]
    fn a_number_is_the_same_eight_bytes_at_once_and_one_after_the_other() {
        // Each byte of nothing, something, or all bits, and going on or not; more behind it, and nothing.
        let choices = [0x00, 0x05, 0x7F, 0x80, 0x85, 0xFF];
        let mut beginnings = vec![Vec::new()];
        for _ in 0..5 {
            let longer = |bytes: &Vec<u8>| choices.map(|byte| [&bytes[..], &[byte]].concat());
            beginnings = beginnings.iter().flat_map(longer).collect();
        }
        for end in [&[][..], &[0x01, 0xFF], &[0xFF, 0xFF, 0x85, 0x01, 0x00], &[0xFF; 9]] {
            for beginning in &beginnings {
                let bytes = [&beginning[..], end].concat();
                let (mut at_once, mut in_turn) = (Bytes::new(&bytes), Bytes::new(&bytes));
                let (number, same) = (at_once.number(), in_turn.number_by_bytes());
                assert_eq!(number, same, "{bytes:02X?}");
                assert!(number.is_none() || at_once.left == in_turn.left, "{bytes:02X?}");
            }
        }
    }

    #[test]
    fn a_count_beyond_the_bytes_makes_no_room() {
        let mut bytes = Vec::new();
        u64::MAX.put(&mut bytes);
        assert_eq!(whole::<Vec<u64>>(&bytes), None);
    }
}
