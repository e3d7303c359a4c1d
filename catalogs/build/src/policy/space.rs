//! The circumstances a table tells apart: its axes, their segments, and every cell of them with its words.

use yidan_settlement::pack::{ALL_AXES, Axis, Filing, PackData};

use super::condition::{Condition, RowHead, Test, TestOf};

/// Where the segments of numbers begin in one edition, rising, without nought.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub(super) struct Cuts {
    pub(super) ages: Vec<u16>,
    pub(super) paid_years: Vec<u16>,
    pub(super) approvals: Vec<u16>,
    pub(super) fetuses: Vec<u16>,
}

impl Cuts {
    /// The cuts of an axis of numbers.
    pub(super) fn of(&self, axis: Axis) -> &[u16] {
        let lists = [&self.ages, &self.paid_years, &self.approvals, &self.fetuses];
        NUMBERS.iter().position(|number| *number == axis).map_or(&[], |place| lists[place])
    }

    /// Takes in the numbers at which a condition changes.
    pub(super) fn take(&mut self, condition: &Condition) {
        for test in &condition.tests {
            if let TestOf::From(n) | TestOf::Below(n) = test.of {
                self.cut(test.axis, n);
            }
        }
    }

    /// A segment begins at `n` on an axis of numbers.
    pub(super) fn cut(&mut self, axis: Axis, n: u16) {
        let lists = [&mut self.ages, &mut self.paid_years, &mut self.approvals, &mut self.fetuses];
        for (number, cuts) in NUMBERS.into_iter().zip(lists) {
            if let (true, Err(place)) = (number == axis && n > 0, cuts.binary_search(&n)) {
                cuts.insert(place, n);
            }
        }
    }

    /// The least number of a segment.
    pub(super) fn least(&self, axis: Axis, segment: u16) -> u16 {
        match segment.checked_sub(1) {
            Some(cut) => self.of(axis).get(usize::from(cut)).copied().unwrap_or(0),
            None => 0,
        }
    }
}

/// The axes of one table with the number of coordinates on each.
pub(super) struct Space<'s> {
    pub(super) axes: Vec<(Axis, u16)>,
    pub(super) data: &'s PackData,
    pub(super) cuts: &'s Cuts,
}

/// The axes of numbers, in the order of their lists in [`Cuts`].
const NUMBERS: [Axis; 4] = [Axis::Age, Axis::PaidYears, Axis::Approvals, Axis::Fetuses];

/// The most cells a table may have: four megabytes of them.
pub(super) const CELLS_MAX: usize = 1 << 20;

impl<'s> Space<'s> {
    /// The space that these rows need.
    pub(super) fn of<'r>(
        heads: impl Iterator<Item = &'r RowHead>,
        more: &[Axis],
        data: &'s PackData,
        cuts: &'s Cuts,
    ) -> Space<'s> {
        let mut used: Vec<Axis> = more.to_vec();
        used.extend(heads.flat_map(|head| &head.condition.tests).map(|test| test.axis));
        let axes = ALL_AXES.into_iter().filter(|axis| used.contains(axis));
        Space { axes: axes.map(|axis| (axis, radix(axis, data, cuts))).collect(), data, cuts }
    }

    /// How many cells it has; `None` when they are too many.
    pub(super) fn size(&self) -> Option<usize> {
        self.axes.iter().try_fold(1_usize, |size, (_, radix)| {
            size.checked_mul(usize::from(*radix)).filter(|size| *size <= CELLS_MAX)
        })
    }

    /// The axes with their strides, for the pack; those with one coordinate only tell nothing.
    pub(super) fn strides(&self) -> Vec<(Axis, u32)> {
        let mut stride = 1_u32;
        let mut axes = Vec::new();
        for (axis, radix) in &self.axes {
            if *radix > 1 {
                axes.push((*axis, stride));
            }
            stride = stride.saturating_mul(u32::from(*radix));
        }
        axes
    }

    /// The coordinates of a cell, axis by axis.
    pub(super) fn point(&self, cell: usize) -> Vec<u16> {
        let mut rest = cell;
        let mut point = Vec::with_capacity(self.axes.len());
        for (_, radix) in &self.axes {
            let radix = usize::from(*radix);
            point.push(u16::try_from(rest % radix).unwrap_or(0));
            rest /= radix;
        }
        point
    }

    /// Whether a visit can lie there at all: a filing that the pack does not count never holds, and a distance that no
    /// division has is never met.
    pub(super) fn reachable(&self, axis: Axis, at: u16) -> bool {
        let counts = at == Filing::None.coordinate()
            || self.data.filings.iter().any(|filing| filing.coordinate() == at);
        (axis != Axis::Filing || counts) && (axis != Axis::Distance || self.distance_is_met(at))
    }

    /// Whether a condition lets a coordinate of an axis through.
    pub(super) fn lets(&self, condition: &Condition, axis: Axis, at: u16) -> bool {
        let tests = condition.tests.iter().filter(|test| test.axis == axis);
        tests.into_iter().all(|test| self.holds(test, at))
    }

    fn holds(&self, test: &Test, at: u16) -> bool {
        match &test.of {
            TestOf::OneOf(coordinates) => coordinates.contains(&at),
            TestOf::Holds(covers) => covers.iter().any(|cover| at >> cover & 1 == 1),
            TestOf::Lacks(covers) => covers.iter().any(|cover| at >> cover & 1 == 0),
            TestOf::From(n) => self.cuts.least(test.axis, at) >= *n,
            TestOf::Below(n) => self.cuts.least(test.axis, at) < *n,
        }
    }

    fn distance_is_met(&self, at: u16) -> bool {
        let PackData { divisions, city, province, .. } = self.data;
        let beyond = |wider: &[String], within: &[&[String]]| {
            wider.iter().any(|prefix| {
                let inside = |outer: &String| prefix.starts_with(outer.as_str());
                !within.iter().any(|narrower| narrower.iter().any(inside))
            })
        };
        match at {
            0 => true,
            1 => beyond(city, &[divisions]),
            2 => beyond(province, &[divisions, city]),
            _ => ![divisions, city, province].iter().any(|list| list.iter().any(String::is_empty)),
        }
    }
}

/// How many coordinates an axis has.
fn radix(axis: Axis, data: &PackData, cuts: &Cuts) -> u16 {
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    match axis {
        Axis::Benefit => count(data.benefits.len().max(1)),
        Axis::Scheme => count(data.schemes.len().max(1)),
        Axis::Covers => 1 << data.covers.len().min(6),
        Axis::Identity => count(data.identities.len() + 1),
        Axis::Filing | Axis::Distance | Axis::Level | Axis::DeductibleLevel => 4,
        Axis::Person => count(data.persons.len().max(1)),
        Axis::Age | Axis::PaidYears | Axis::Approvals | Axis::Fetuses => {
            count(cuts.of(axis).len() + 1)
        }
        Axis::Contribution => count(data.contributions.len() + 1),
        Axis::Disease => count(data.diseases.len() + 2),
        Axis::Birth | Axis::FamilyPlanning => 10,
        Axis::CivilServant | Axis::Accident | Axis::Pregnancy | Axis::Continued | Axis::Channel => {
            2
        }
    }
}
