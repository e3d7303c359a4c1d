//! Tables and rows that grow a part at a time. One that is moved whole when it is full stops its shard for as long as that takes,
//! with millions of entries half a second, and whoever asked meanwhile waits; here no growth moves more than one part.

use alloc::vec::Vec;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Entries for each part on average, when one is split. One that is to be split has this many to twice as many, in a table of 2,048
/// places that may be filled by seven eighths; half of them go into a new table of 1,024 places, and the old one keeps its own. (To
/// shrink it made nothing smaller: the allocator kept the holes.) One that has forgotten much may double once, to be rid of the marks
/// that what was removed leaves.
const PART: usize = 800;

/// A hash table in parts. By linear hashing (Litwin, 1980) one part is split at a time, in order, whenever there are more than
/// [`PART`] entries for each; the hash's middle bits choose a part, so that those that its own table uses differ within it.
#[derive(Clone, Debug)]
pub(super) struct Spread<T> {
    parts: Vec<HashTable<T>>,
    len: usize,
}

/// Rows by number, in blocks; all but the first, which begins small, stay where they are.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    blocks: Vec<Vec<T>>,
}

/// Rows of a block: with members of 64 bytes, and what aligning them takes, just within the 320 KiB that mimalloc has for it. Of
/// 4,096 rows a fifth of that would be waste.
pub(super) const BLOCK: usize = 5_119;

impl<T> Default for Spread<T> {
    fn default() -> Spread<T> {
        Spread { parts: Vec::new(), len: 0 }
    }
}

impl<T> Spread<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part of a hash.
    fn part(&self, hash: u64) -> usize {
        part_of(hash, self.parts.len())
    }

    /// The entry of a hash that is the one.
    pub(super) fn find(&self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<&T> {
        self.parts.get(self.part(hash))?.find(hash, is)
    }

    /// The first entry that may have this hash.
    pub(super) fn candidate(&self, hash: u64) -> Option<&T> {
        self.parts.get(self.part(hash))?.iter_hash(hash).next()
    }

    /// Puts an entry in, in place of the one that it is.
    pub(super) fn put(
        &mut self,
        hash: u64,
        entry: T,
        is: impl FnMut(&T) -> bool,
        hash_of: impl Fn(&T) -> u64,
    ) {
        if self.len >= self.parts.len().saturating_mul(PART) {
            self.split(&hash_of);
        }
        let part = self.part(hash);
        #[expect(clippy::expect_used, reason = "the first is there since the split above")]
        let part = self.parts.get_mut(part).expect("a part for every hash");
        match part.entry(hash, is, hash_of) {
            Entry::Occupied(mut there) => *there.get_mut() = entry,
            Entry::Vacant(room) => {
                room.insert(entry);
                self.len = self.len.saturating_add(1);
            }
        }
    }

    /// Adds a part, with those of an earlier one that are of it from now on.
    fn split(&mut self, hash_of: impl Fn(&T) -> u64) {
        let added = self.parts.len();
        let parts = added.saturating_add(1);
        let before = added.checked_ilog2().map_or(0, |bits| added ^ 1_usize.wrapping_shl(bits));
        // The first part of all begins small: most ledgers of tests have no more.
        let mut new = HashTable::with_capacity(if added == 0 { 0 } else { PART });
        if let Some(part) = self.parts.get_mut(before) {
            for entry in part.extract_if(|entry| part_of(hash_of(entry), parts) == added) {
                new.insert_unique(hash_of(&entry), entry, &hash_of);
            }
        }
        self.parts.push(new);
    }

    /// All entries, in an order of no meaning.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts.iter().flat_map(HashTable::iter)
    }

    /// Keeps those entries only.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.parts.iter_mut().for_each(|part| part.retain(|entry| keep(entry)));
        self.len = self.parts.iter().map(HashTable::len).sum();
    }
}

/// Which of so many parts a hash is of: that of as many lower bits as number the parts, without the top one where that part
/// has not been split off yet.
fn part_of(hash: u64, parts: usize) -> usize {
    let [_, _, _, bits @ .., _] = hash.to_le_bytes();
    let bits = usize::try_from(u32::from_le_bytes(bits)).unwrap_or(0);
    let top = parts.checked_ilog2().map_or(0, |bits| 1_usize.wrapping_shl(bits));
    let below = top.wrapping_sub(1);
    let part = bits & (below | top);
    if part < parts { part } else { part & below }
}

impl<T> Default for Rows<T> {
    fn default() -> Rows<T> {
        Rows { blocks: Vec::new() }
    }
}

impl<T> Rows<T> {
    pub(super) fn len(&self) -> usize {
        let full = self.blocks.len().saturating_sub(1).saturating_mul(BLOCK);
        full.saturating_add(self.blocks.last().map_or(0, Vec::len))
    }

    pub(super) fn get(&self, row: usize) -> Option<&T> {
        self.blocks.get(row / BLOCK)?.get(row % BLOCK)
    }

    pub(super) fn get_mut(&mut self, row: usize) -> Option<&mut T> {
        self.blocks.get_mut(row / BLOCK)?.get_mut(row % BLOCK)
    }

    pub(super) fn push(&mut self, row: T) {
        match self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
            Some(block) => block.push(row),
            None => {
                // The first begins small, as above.
                let room = if self.blocks.is_empty() { 0 } else { BLOCK };
                let mut block = Vec::with_capacity(room);
                block.push(row);
                self.blocks.push(block);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        let mixed = (number ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (mixed ^ mixed.wrapping_shr(32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }

    #[test]
    fn every_entry_is_found_at_every_number_of_parts() {
        let mut spread = Spread::default();
        assert_eq!(spread.find(hash(0), |_| true), None);
        let count = 40 * PART;
        for number in 0..u64::try_from(count).expect("few") {
            spread.put(hash(number), number, |entry| *entry == number, |entry| hash(*entry));
            // Just after a split, the first, the last and those around the middle are still there.
            if spread.len() % PART == 1 {
                for known in [0, number / 3, number / 2, number] {
                    assert_eq!(spread.find(hash(known), |entry| *entry == known), Some(&known));
                }
            }
        }
        assert_eq!((spread.len(), spread.parts.len()), (count, 40));
        for known in 0..u64::try_from(count).expect("few") {
            assert_eq!(spread.find(hash(known), |entry| *entry == known), Some(&known));
        }
        spread.put(hash(7), 7, |entry| *entry == 7, |entry| hash(*entry));
        assert_eq!(
            (spread.len(), spread.parts.len()),
            (count, 41),
            "it was there, and room was made first"
        );
        let most = spread.parts.iter().map(HashTable::len).max().expect("parts");
        let least = spread.parts.iter().map(HashTable::len).min().expect("parts");
        assert!(least > PART / 2 && most < 1_792, "{least} to {most} in 2,048 places");
        assert!(spread.parts.iter().all(|part| part.capacity() <= 1_792), "none has grown");
        let mut all: Vec<u64> = spread.iter().copied().collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..u64::try_from(count).expect("few")));
        spread.retain(|entry| entry % 3 == 0);
        assert_eq!(spread.len(), spread.iter().count());
        assert_eq!(spread.find(hash(4), |entry| *entry == 4), None);
        assert_eq!(spread.find(hash(6), |entry| *entry == 6), Some(&6));
    }

    #[test]
    fn what_is_forgotten_day_by_day_leaves_room_for_what_comes() {
        let (mut spread, a_day, kept) = (Spread::default(), 2_000_u64, 10);
        for day in 0..8 * kept {
            for number in day * a_day..(day + 1) * a_day {
                spread.put(hash(number), number, |entry| *entry == number, |entry| hash(*entry));
            }
            let first = (day + 1).saturating_sub(kept) * a_day;
            spread.retain(|entry| *entry >= first);
            let there = usize::try_from((day + 1) * a_day - first).expect("few");
            assert_eq!((spread.len(), spread.iter().count()), (there, there));
            for known in [first, (first + day * a_day) / 2, day * a_day + a_day - 1] {
                assert_eq!(spread.find(hash(known), |entry| *entry == known), Some(&known));
            }
            if let Some(gone) = first.checked_sub(1) {
                assert_eq!(spread.find(hash(gone), |entry| *entry == gone), None);
            }
        }
        assert!(spread.parts.len() <= 28, "{} parts for eleven days", spread.parts.len());
        assert!(spread.parts.iter().all(|part| part.capacity() <= 3_584), "doubled once at most");
    }

    #[test]
    fn rows_are_where_they_were_put() {
        let mut rows = Rows::default();
        assert_eq!((rows.len(), rows.get(0)), (0, None));
        for row in 0..3 * BLOCK + 1 {
            assert_eq!(rows.len(), row);
            rows.push(row);
        }
        for row in [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK, 3 * BLOCK] {
            assert_eq!(rows.get(row), Some(&row));
        }
        assert_eq!(rows.get(3 * BLOCK + 1), None);
        assert!(rows.iter().copied().eq(0..3 * BLOCK + 1));
    }
}
