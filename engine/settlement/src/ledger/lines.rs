//! The lines of a registered visit. Of one that has ended they stand packed, as bytes, in a tenth of the room: it is kept until its
//! day is closed, so that a day's visits are in memory at its end, and hardly one of them is looked at again.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

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
#[derive(Clone, Debug, Default)]
pub struct HeldLines {
    /// As they are worked with; none where they are packed.
    loose: Vec<HeldLine>,
    packed: Option<Packed>,
}

#[derive(Clone, Debug)]
struct Packed {
    count: usize,
    bytes: Box<[u8]>,
}

impl HeldLines {
    /// How many.
    pub fn len(&self) -> usize {
        self.packed.as_ref().map_or(self.loose.len(), |packed| packed.count)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them; packed ones are unpacked for it.
    pub fn all(&self) -> Cow<'_, [HeldLine]> {
        match &self.packed {
            None => Cow::Borrowed(&self.loose),
            Some(packed) => Cow::Owned(packed.unpacked()),
        }
    }

    /// Those that no settlement has taken in. Packed ones are all settled.
    pub(super) fn open(&self) -> impl Iterator<Item = &HeldLine> {
        self.loose.iter().filter(|line| line.settled == 0)
    }

    /// The same, of which some may go.
    pub(super) fn keep_open(&mut self, keep: impl Fn(&HeldLine) -> bool) {
        self.loose.retain(|line| line.settled != 0 || keep(line));
    }

    /// All, to be changed.
    pub(super) fn loose(&mut self) -> &mut Vec<HeldLine> {
        if let Some(packed) = self.packed.take() {
            self.loose = packed.unpacked();
        }
        &mut self.loose
    }

    /// Packs them where all are settled.
    pub(super) fn pack(&mut self) {
        if self.loose.is_empty() || self.open().next().is_some() {
            return;
        }
        let mut bytes = Vec::new();
        self.loose.put(&mut bytes);
        self.packed = Some(Packed { count: self.loose.len(), bytes: bytes.into_boxed_slice() });
        self.loose = Vec::new();
    }
}

impl Packed {
    #[expect(clippy::expect_used, reason = "they were packed by this process, and never left it")]
    fn unpacked(&self) -> Vec<HeldLine> {
        stored::whole(&self.bytes).expect("lines as they were packed")
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
        assert!(lines.packed.is_some() && lines.loose.is_empty());
        assert_eq!((lines.len(), &lines.all()[..]), (all.len(), &all[..]));
        assert_eq!(lines, loose);
        assert_eq!(lines.open().count(), 0);
        lines.keep_open(|_| false);
        assert_eq!(lines, loose, "what is settled does not go");
        assert_eq!(lines.loose(), &all);
        assert!(lines.packed.is_none());
    }

    #[test]
    fn lines_that_are_open_stay_loose() {
        let mut lines = HeldLines::default();
        lines.pack();
        assert!(lines.is_empty() && lines.packed.is_none());
        lines.loose().extend([line(1, 5, 0, 7), line(2, 5, 1, 0)]);
        lines.pack();
        assert_eq!((lines.open().count(), lines.loose.len()), (1, 2));
        lines.keep_open(|_| false);
        lines.pack();
        assert_eq!((lines.len(), lines.loose.len()), (1, 0));
    }

    #[test]
    fn a_packed_line_takes_a_tenth_of_the_room() {
        let mut lines = HeldLines::default();
        lines.loose().extend((0..100_u32).map(|number| line(number, 5, number, 7)));
        let loose = size_of::<HeldLine>().saturating_mul(lines.len());
        lines.pack();
        let packed = lines.packed.expect("all are settled").bytes.len();
        assert!(packed.saturating_mul(6) < loose, "{packed} of {loose}");
    }
}
