//! The table of members: one row each, found by `psn_no`. Facts stand as the bytes they are journaled in, which is a third of
//! their room as values; slots and settlements in lists that have no more room than they need, and no word to say how much they have.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use super::grow::{BLOCK, Rows, Spread};
use super::symbols::Symbol;
use crate::admit::Period;
use crate::facts::MemberFacts;
use crate::money::Fen;
use crate::stored::{Bytes, Stored, put_text};

/// All members of a shard.
#[derive(Clone, Debug, Default)]
pub struct Members {
    rows: Rows<Member>,
    places: Spread<u32>,
    hasher: Hasher,
}

/// The row of a member, which stays where it is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Row(usize);

/// The same in every run: places never show outside, and numbers of persons are given by the bureau.
type Hasher = foldhash::fast::FixedState;

/// One member. A row fills one line of the processor's memory and none stands in two: it is fetched at once.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Member {
    /// `psn_no`, then the facts.
    bytes: Box<[u8]>,
    /// The record that says so.
    known: u64,
    /// Balance of the own account.
    pub(super) balance: Fen,
    /// Values of slots, in no order.
    slots: Box<[HeldSlot]>,
    /// Settlements, in the order they were made.
    settled: Box<[HeldSettlement]>,
}

/// A slot's value.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct HeldSlot {
    /// Which.
    pub key: HeldKey,
    /// How much.
    pub value: Fen,
}

/// Which value of which slot, in names that hold from pack to pack.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct HeldKey {
    /// The name of the slot.
    pub slot: Symbol,
    /// The name of its sub-key.
    pub sub: Symbol,
    /// Kind, how often taken in again, and number of the period.
    pub period: u64,
}

/// A settlement of a member: enough to find it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct HeldSettlement {
    /// Its number; above it the upper bits of the mark of its request's key.
    seq: u64,
    /// The record that says what it is now, or that cancelled it; above it the lower bits of the mark; the top bit says that it
    /// was cancelled, the next that its visit was settled midway.
    place: u64,
}

/// The kind of a period that is a filing.
pub(super) const FILING: u8 = 5;

const CANCELLED: u64 = 1 << 63;
const MID_STAY: u64 = 1 << 62;
/// Numbers of commands and places of records have 46 bits: two thousand years at a thousand a second.
pub(super) const NUMBER_BITS: u32 = 46;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;
/// Bits of a mark: what the numbers and the flags leave of two words, the upper ones above the number of the settlement.
pub(super) const MARK_BITS: u32 = MARK_HIGH_BITS + MARK_LOW_BITS;
const MARK_HIGH_BITS: u32 = 64 - NUMBER_BITS;
const MARK_LOW_BITS: u32 = 16;
const MARK_LOW: u64 = (1 << MARK_LOW_BITS) - 1;

/// Bits of a request's key: by them a settlement is found again when its key is forgotten, and its record then tells whether it
/// is the one. Of 17 billion other requests one has the same.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct KeyMark(u64);

const _: () = assert!(MARK_BITS == 34 && NUMBER_BITS + MARK_LOW_BITS == MID_STAY.trailing_zeros());
// At rest a member with six slots and three settlements is to stay within 400 bytes.
const _: () = assert!(size_of::<Member>() == 64 && size_of::<HeldSlot>() <= 24);
const _: () = assert!(size_of::<HeldSettlement>() == 16);
const _: () = assert!((BLOCK + 1) * size_of::<Member>() == 320 << 10);

impl KeyMark {
    /// The lowest bits of this number.
    pub(super) fn of(bits: u64) -> KeyMark {
        KeyMark(bits & ((1 << MARK_BITS) - 1))
    }

    /// Its bits.
    pub(super) fn get(self) -> u64 {
        self.0
    }
}

/// A number that stands below others in a word: one that does not fit would change them.
fn low(number: u64) -> u64 {
    assert!(number <= NUMBER, "a journal has numbers for two thousand years");
    number
}

impl HeldSettlement {
    /// A settlement that stands.
    ///
    /// # Panics
    /// On a number or a place of more than 46 bits.
    pub fn new(seq: u64, place: u64, mid_stay: bool, mark: KeyMark) -> HeldSettlement {
        let high = mark.0.wrapping_shr(MARK_LOW_BITS).wrapping_shl(NUMBER_BITS);
        let below = (mark.0 & MARK_LOW).wrapping_shl(NUMBER_BITS);
        let flag = if mid_stay { MID_STAY } else { 0 };
        HeldSettlement { seq: low(seq) | high, place: low(place) | below | flag }
    }

    /// Its number.
    pub fn seq(self) -> u64 {
        self.seq & NUMBER
    }

    /// The record that says what it is now; of one that was cancelled, the record that did it.
    pub fn place(self) -> u64 {
        self.place & NUMBER
    }

    /// The mark of its request's key.
    pub fn mark(self) -> KeyMark {
        let high = self.seq.wrapping_shr(NUMBER_BITS).wrapping_shl(MARK_LOW_BITS);
        KeyMark(high | (self.place.wrapping_shr(NUMBER_BITS) & MARK_LOW))
    }

    /// Whether its visit was settled midway.
    pub fn is_mid_stay(self) -> bool {
        self.place & MID_STAY != 0
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(self) -> bool {
        self.place & CANCELLED != 0
    }

    /// Another record says what it is now.
    pub(super) fn stands_by(&mut self, place: u64) {
        self.place = (self.place & !(CANCELLED | NUMBER)) | low(place);
    }

    /// A record cancelled it.
    pub(super) fn cancelled_by(&mut self, place: u64) {
        self.place = (self.place & !NUMBER) | CANCELLED | low(place);
    }
}

impl HeldKey {
    /// Of a slot for a period.
    pub(super) fn new(slot: Symbol, sub: Symbol, period: Period, filing: Symbol) -> HeldKey {
        let number = |value: i32| u64::from(value.cast_unsigned());
        let (kind, again, value) = match period {
            Period::Stay(visit, again) => (0_u64, again, visit.get()),
            Period::Day(day) => (1, 0, number(day.get())),
            Period::Month(months) => (2, 0, number(months)),
            Period::Quarter(quarters) => (3, 0, number(quarters)),
            Period::Year(year) => (4, 0, number(year)),
            Period::Filing(_) => (u64::from(FILING), 0, u64::from(filing.get())),
            Period::Life => (6, 0, 0),
        };
        // Visits are numbered by commands: 2⁴⁸ of them last ten thousand years at a thousand a second.
        let period = kind.wrapping_shl(56) | u64::from(again).wrapping_shl(48) | value;
        HeldKey { slot, sub, period }
    }

    /// Of what [`HeldKey::period_parts`] gives; the number has no more than 48 bits.
    pub(super) fn of_parts(slot: Symbol, sub: Symbol, parts: (u8, u8, u64)) -> HeldKey {
        let (kind, again, number) = parts;
        let period = u64::from(kind).wrapping_shl(56) | u64::from(again).wrapping_shl(48) | number;
        HeldKey { slot, sub, period }
    }

    /// Kind (0 stay … 6 life), how often taken in again, and number of the period.
    pub fn period_parts(self) -> (u8, u8, u64) {
        let [.., again, kind] = self.period.to_le_bytes();
        (kind, again, self.period & 0xFFFF_FFFF_FFFF)
    }
}

impl Member {
    /// `psn_no`
    pub fn psn_no(&self) -> &str {
        Bytes::new(&self.bytes).text().unwrap_or_default()
    }

    /// Whether it is this one: its bytes are compared, and not read as text again.
    fn is(&self, psn_no: &[u8]) -> bool {
        Bytes::new(&self.bytes).text_bytes() == Some(psn_no)
    }

    /// Its number, as bytes.
    fn number(&self) -> &[u8] {
        Bytes::new(&self.bytes).text_bytes().unwrap_or_default()
    }

    /// What is known of the member.
    pub fn facts(&self) -> Option<MemberFacts> {
        let mut bytes = Bytes::new(&self.bytes);
        bytes.text()?;
        MemberFacts::read(&mut bytes)
    }

    /// The record that says what is known of the member.
    pub fn known(&self) -> u64 {
        self.known
    }

    /// Number and facts as they are stored.
    pub fn stored(&self) -> &[u8] {
        &self.bytes
    }

    /// Balance of the own account.
    pub fn balance(&self) -> Fen {
        self.balance
    }

    /// Values of slots.
    pub fn slots(&self) -> &[HeldSlot] {
        &self.slots
    }

    /// Settlements, in the order they were made.
    pub fn settled(&self) -> &[HeldSettlement] {
        &self.settled
    }

    /// The value of a slot, nought where it was never written.
    pub fn slot(&self, key: HeldKey) -> Fen {
        self.slots.iter().find(|slot| slot.key == key).map_or(Fen::ZERO, |slot| slot.value)
    }

    /// Adds to a slot and gives its value; a slot that comes to nought is forgotten.
    pub(super) fn add(&mut self, key: HeldKey, amount: Fen) -> Fen {
        match self.slots.iter().position(|slot| slot.key == key) {
            Some(place) => {
                let Some(slot) = self.slots.get_mut(place) else { return Fen::ZERO };
                slot.value = slot.value.plus(amount);
                let value = slot.value;
                if value.is_zero() {
                    let mut slots = core::mem::take(&mut self.slots).into_vec();
                    slots.swap_remove(place);
                    self.slots = slots.into_boxed_slice();
                }
                value
            }
            None if amount.is_zero() => Fen::ZERO,
            None => {
                push(&mut self.slots, HeldSlot { key, value: amount });
                amount
            }
        }
    }

    pub(super) fn settlement_mut(&mut self, seq: u64) -> Option<&mut HeldSettlement> {
        self.settled.iter_mut().find(|one| one.seq() == seq)
    }

    pub(super) fn keep_settlement(&mut self, settlement: HeldSettlement) {
        push(&mut self.settled, settlement);
    }
}

/// Adds one, with room for no more: doubling would waste as much again for millions of members.
fn push<T>(list: &mut Box<[T]>, one: T) {
    let mut longer = core::mem::take(list).into_vec();
    longer.reserve_exact(1);
    longer.push(one);
    *list = longer.into_boxed_slice();
}

impl Members {
    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All, in the order they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.rows.iter()
    }

    /// One.
    pub fn get(&self, psn_no: &str) -> Option<&Member> {
        let place = self.place(psn_no.as_bytes())?;
        self.rows.get(place)
    }

    pub(super) fn get_mut(&mut self, psn_no: &str) -> Option<&mut Member> {
        let place = self.place(psn_no.as_bytes())?;
        self.rows.get_mut(place)
    }

    /// The row of one.
    pub(super) fn row(&self, psn_no: &[u8]) -> Option<Row> {
        self.place(psn_no).map(Row)
    }

    /// The member of a row.
    pub(super) fn at(&self, row: Row) -> Option<&Member> {
        self.rows.get(row.0)
    }

    pub(super) fn at_mut(&mut self, row: Row) -> Option<&mut Member> {
        self.rows.get_mut(row.0)
    }

    fn place(&self, psn_no: &[u8]) -> Option<usize> {
        self.row_of_hash(self.hash(psn_no), psn_no).map(|row| row.0)
    }

    /// The hash by which a member is found.
    pub(super) fn hash(&self, psn_no: &[u8]) -> u64 {
        self.hasher.hash_one(psn_no)
    }

    /// The first row that a hash leads to; it may be another member's.
    pub(super) fn candidate(&self, hash: u64) -> Option<Row> {
        let place = self.places.candidate(hash);
        place.and_then(|place| usize::try_from(*place).ok()).map(Row)
    }

    /// The row of a member, whose hash is known.
    pub(super) fn row_of_hash(&self, hash: u64, psn_no: &[u8]) -> Option<Row> {
        let same = |place: &u32| {
            let row = usize::try_from(*place).ok().and_then(|place| self.rows.get(place));
            row.is_some_and(|row| row.is(psn_no))
        };
        let place = self.places.find(hash, same);
        place.and_then(|place| usize::try_from(*place).ok()).map(Row)
    }

    /// Registers a member, or replaces what is known of one.
    pub(super) fn register(
        &mut self,
        psn_no: &str,
        facts: &MemberFacts,
        known: u64,
    ) -> &mut Member {
        let mut bytes = Vec::new();
        put_text(psn_no, &mut bytes);
        facts.put(&mut bytes);
        let bytes = bytes.into_boxed_slice();
        let place = match self.place(psn_no.as_bytes()) {
            Some(place) => place,
            None => self.add(psn_no.as_bytes()),
        };
        let member = self.rows.get_mut(place);
        #[expect(clippy::expect_used, reason = "it was found there, or put there above")]
        let member = member.expect("the row of a place");
        (member.bytes, member.known) = (bytes, known);
        member
    }

    /// Replaces what is known of a member who is there.
    pub(super) fn change(&mut self, psn_no: &str, facts: &MemberFacts, known: u64) -> Option<()> {
        self.place(psn_no.as_bytes())?;
        self.register(psn_no, facts, known);
        Some(())
    }

    /// Adds a row for one that has none; gives its place.
    fn add(&mut self, psn_no: &[u8]) -> usize {
        let hash = self.hash(psn_no);
        let Members { rows, places, hasher } = self;
        let place = rows.len();
        rows.push(Member {
            bytes: Box::default(),
            known: 0,
            balance: Fen::ZERO,
            slots: Box::default(),
            settled: Box::default(),
        });
        let hash_of = |place: &u32| {
            let row = usize::try_from(*place).ok().and_then(|place| rows.get(place));
            hasher.hash_one(row.map_or(&[][..], Member::number))
        };
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        places.put(hash, number, |_| false, hash_of);
        place
    }

    /// Takes a row in as a snapshot has it; `None` where its number cannot be read, or the member is there already.
    pub(super) fn restore(
        &mut self,
        bytes: Box<[u8]>,
        known: u64,
        balance: Fen,
        slots: Box<[HeldSlot]>,
        settled: Box<[HeldSettlement]>,
    ) -> Option<()> {
        let row = Member { bytes, known, balance, slots, settled };
        let psn_no = Bytes::new(&row.bytes).text()?.as_bytes();
        if self.place(psn_no).is_some() {
            return None;
        }
        let place = self.add(psn_no);
        *self.rows.get_mut(place)? = row;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settlement_held_in_two_words_says_what_it_was_made_of() {
        let (numbers, marks) = ([0, 1, NUMBER], [0, 1, MARK_LOW, MARK_LOW + 1, u64::MAX]);
        for (seq, place) in numbers.into_iter().flat_map(|seq| numbers.map(|place| (seq, place))) {
            for (mark, mid_stay) in marks.iter().flat_map(|mark| [(*mark, false), (*mark, true)]) {
                let mark = KeyMark::of(mark);
                let mut held = HeldSettlement::new(seq, place, mid_stay, mark);
                for (place, cancelled) in [(place, false), (1, true), (NUMBER, true), (2, false)] {
                    match cancelled {
                        true => held.cancelled_by(place),
                        false => held.stands_by(place),
                    }
                    assert_eq!((held.seq(), held.place(), held.mark()), (seq, place, mark));
                    assert_eq!((held.is_mid_stay(), held.is_cancelled()), (mid_stay, cancelled));
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "two thousand years")]
    fn a_number_that_does_not_fit_is_a_mistake() {
        HeldSettlement::new(NUMBER + 1, 1, false, KeyMark::default());
    }
}
