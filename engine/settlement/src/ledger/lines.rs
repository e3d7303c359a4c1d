//! The lines of a registered visit. Of one that has ended they stand packed, as bytes, in a sixth of the room or less: it is kept until
//! its day is closed, so that a day's visits are in memory at its end, and hardly one of them is looked at again.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::facts::LineFacts;
use crate::stored::{self, Bytes, Stored};

/// An uploaded line.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct HeldLine {
    /// As uploaded.
    pub facts: LineFacts,
    /// The record that uploaded it, and which of its lines it is.
    pub place: u64,
    /// Counted from nought.
    pub index: u32,
    /// The settlement that took it in; nought for none.
    pub settled: u64,
}

/// Lines in the order they came.
#[derive(Clone)]
pub struct HeldLines(State);

#[derive(Clone)]
enum State {
    /// As they are worked with.
    Loose(Vec<HeldLine>),
    /// So many, each taken in by a settlement.
    Packed(usize, Box<[u8]>),
}

impl HeldLines {
    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            State::Loose(lines) => lines.len(),
            State::Packed(count, _) => *count,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them; packed ones are unpacked for it.
    pub fn all(&self) -> Cow<'_, [HeldLine]> {
        match &self.0 {
            State::Loose(lines) => Cow::Borrowed(lines),
            State::Packed(_, bytes) => Cow::Owned(unpacked(bytes)),
        }
    }

    /// Those that no settlement has taken in.
    pub(super) fn open(&self) -> impl Iterator<Item = &HeldLine> {
        let lines = match &self.0 {
            State::Loose(lines) => &lines[..],
            State::Packed(_, _) => &[],
        };
        lines.iter().filter(|line| line.settled == 0)
    }

    /// The same, of which some may go.
    pub(super) fn keep_open(&mut self, keep: impl Fn(&HeldLine) -> bool) {
        match &mut self.0 {
            State::Loose(lines) => lines.retain(|line| line.settled != 0 || keep(line)),
            State::Packed(_, _) => {}
        }
    }

    /// All, to be changed.
    pub(super) fn loose(&mut self) -> &mut Vec<HeldLine> {
        if let State::Packed(_, bytes) = &self.0 {
            self.0 = State::Loose(unpacked(bytes));
        }
        match &mut self.0 {
            State::Loose(lines) => lines,
            #[expect(clippy::unreachable, reason = "they were unpacked just now")]
            State::Packed(_, _) => unreachable!("they were unpacked just now"),
        }
    }

    /// Packs them where all are settled.
    pub(super) fn pack(&mut self) {
        let all_settled = self.open().next().is_none();
        if let State::Loose(lines) = &self.0
            && all_settled
            && !lines.is_empty()
        {
            let mut bytes = Vec::new();
            lines.put(&mut bytes);
            self.0 = State::Packed(lines.len(), bytes.into_boxed_slice());
        }
    }
}

#[expect(clippy::expect_used, reason = "they were packed by this process, and never left it")]
fn unpacked(bytes: &[u8]) -> Vec<HeldLine> {
    stored::whole(bytes).expect("lines as they were packed")
}

impl Default for HeldLines {
    fn default() -> HeldLines {
        HeldLines(State::Loose(Vec::new()))
    }
}

/// The lines, however they stand.
impl fmt::Debug for HeldLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter()).finish()
    }
}

/// Packed or not, they are the same lines.
impl PartialEq for HeldLines {
    fn eq(&self, other: &HeldLines) -> bool {
        self.all() == other.all()
    }
}

impl Eq for HeldLines {}

/// In memory alone: numbers by what they differ from the line before, in bytes that hold all of them.
impl Stored for HeldLine {
    fn put(&self, to: &mut Vec<u8>) {
        self.put_after(None, to);
    }

    fn read(from: &mut Bytes<'_>) -> Option<HeldLine> {
        HeldLine::read_after(None, from)
    }

    fn put_after(&self, before: Option<&HeldLine>, to: &mut Vec<u8>) {
        self.facts.put_after(before.map(|before| &before.facts), to);
        let (place, index, settled) = next(before);
        self.place.wrapping_sub(place).cast_signed().put(to);
        self.index.wrapping_sub(index).put(to);
        self.settled.wrapping_sub(settled).cast_signed().put(to);
    }

    fn read_after(before: Option<&HeldLine>, from: &mut Bytes<'_>) -> Option<HeldLine> {
        let facts = LineFacts::read_after(before.map(|before| &before.facts), from)?;
        let (place, index, settled) = next(before);
        Some(HeldLine {
            facts,
            place: place.wrapping_add(i64::read(from)?.cast_unsigned()),
            index: index.wrapping_add(u32::read(from)?),
            settled: settled.wrapping_add(i64::read(from)?.cast_unsigned()),
        })
    }
}

/// Place, index and settlement that the next line of an upload has.
fn next(before: Option<&HeldLine>) -> (u64, u32, u64) {
    before.map_or((0, 0, 0), |one| (one.place, one.index.wrapping_add(1), one.settled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::HospitalApproval;
    use crate::date::Day;
    use crate::money::{Fen, Price, Quantity};
    use alloc::format;

    fn line(number: u32, place: u64, index: u32, settled: u64) -> HeldLine {
        let facts = LineFacts {
            serial: format!("SN{number:04}").into(),
            batch: "B1".into(),
            code: "XA01ABD075A002010100483".into(),
            day: Day::new(20_000),
            quantity: Quantity::ONE,
            price: Price::new(12_340_000),
            amount: Fen::new(1_234),
            returns: None,
            approval: HospitalApproval::Given,
            prescriber: None,
            days: Some(7),
            maternity: false,
        };
        HeldLine { facts, place, index, settled }
    }

    fn is_packed(lines: &HeldLines) -> bool {
        matches!(lines.0, State::Packed(_, _))
    }

    #[test]
    fn packed_lines_are_the_same_lines() {
        let all = [
            line(1, 900, 0, 77),
            line(2, 900, 1, 77),
            line(3, 900, 4, 78),
            line(9, u64::MAX, u32::MAX, u64::MAX),
            line(10, 3, 0, 1),
        ];
        let mut lines = HeldLines::default();
        lines.loose().extend(all.iter().cloned());
        let loose = lines.clone();
        lines.pack();
        assert!(is_packed(&lines));
        assert_eq!((lines.len(), &lines.all()[..]), (all.len(), &all[..]));
        assert_eq!(lines, loose);
        assert_eq!(lines.open().count(), 0);
        lines.keep_open(|_| false);
        assert_eq!(lines, loose, "what is settled does not go");
        assert_eq!(lines.loose(), &all);
        assert!(!is_packed(&lines));
    }

    #[test]
    fn lines_that_are_open_stay_loose() {
        let mut lines = HeldLines::default();
        lines.pack();
        assert!(lines.is_empty() && !is_packed(&lines));
        lines.loose().extend([line(1, 5, 0, 7), line(2, 5, 1, 0)]);
        lines.pack();
        assert!(lines.open().count() == 1 && !is_packed(&lines));
        lines.keep_open(|_| false);
        lines.pack();
        assert!(lines.len() == 1 && is_packed(&lines));
    }

    #[test]
    fn a_packed_line_takes_a_sixth_of_the_room_or_less() {
        let mut lines = HeldLines::default();
        lines.loose().extend((0..100_u32).map(|number| line(number, 5, number, 7)));
        let loose = size_of::<HeldLine>().saturating_mul(lines.len());
        lines.pack();
        let State::Packed(_, bytes) = &lines.0 else { panic!("all are settled") };
        let packed = bytes.len();
        assert!(packed.saturating_mul(6) < loose, "{packed} of {loose}");
    }
}
