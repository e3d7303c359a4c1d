//! What conditions of a pack may ask for: the axes of its tables, and a visit's coordinate on each.

/// What a circumstance is measured along. Each tier's table uses a few of these.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Axis {
    /// Index of the benefit kind.
    Benefit,
    /// Index of the scheme the visit is settled under.
    Scheme,
    /// Bits of the covers held besides, in the order of the pack.
    Covers,
    /// 1 with civil-servant cover.
    CivilServant,
    /// 0 none, else 1 + index of the identity class (best first).
    Identity,
    /// See [`Filing`].
    Filing,
    /// See [`Distance`].
    Distance,
    /// Index of the class of person.
    Person,
    /// Index of the age segment of the edition.
    Age,
    /// See [`HospitalLevel`]: of the facility or the prescriber.
    Level,
    /// See [`HospitalLevel`]: for deductibles.
    DeductibleLevel,
    /// 0 none, else 1 + index of the contribution class.
    Contribution,
    /// Index of the segment of paid years.
    PaidYears,
    /// 0 none, 1 other, else 2 + index of the disease.
    Disease,
    /// 1 for an accident.
    Accident,
    /// Index of the segment of approvals in force.
    Approvals,
    /// 1 with a pregnancy filing in force.
    Pregnancy,
    /// 0 none, else `matn_type` 1 ..= 9.
    Birth,
    /// 0 none, else `birctrl_type` 1 ..= 9.
    FamilyPlanning,
    /// Index of the segment of fetuses.
    Fetuses,
    /// 1 when the visit continues an earlier stay.
    Continued,
    /// See [`Channel`].
    Channel,
}

/// How many axes there are.
pub const AXES: usize = 22;

/// All axes, in order of their index.
pub const ALL_AXES: [Axis; AXES] = [
    Axis::Benefit,
    Axis::Scheme,
    Axis::Covers,
    Axis::CivilServant,
    Axis::Identity,
    Axis::Filing,
    Axis::Distance,
    Axis::Person,
    Axis::Age,
    Axis::Level,
    Axis::DeductibleLevel,
    Axis::Contribution,
    Axis::PaidYears,
    Axis::Disease,
    Axis::Accident,
    Axis::Approvals,
    Axis::Pregnancy,
    Axis::Birth,
    Axis::FamilyPlanning,
    Axis::Fetuses,
    Axis::Continued,
    Axis::Channel,
];

/// One coordinate on each axis: everything about a visit that a pack may ask for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Circumstance([u16; AXES]);

/// The filing that counts. The numbers are coordinates.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Filing {
    /// No filing in force for the place.
    None,
    /// Emergency (急诊抢救)
    Emergency,
    /// Referral (转诊)
    Referral,
    /// Long-term residence (长期居住)
    Residence,
}

/// How far treatment is from the pool.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Distance {
    /// In a division of the pool.
    Home,
    /// In the same city.
    City,
    /// In the same province.
    Province,
    /// In another province.
    Away,
}

/// The level of a facility as policies name it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum HospitalLevel {
    /// 三级
    Third,
    /// 二级
    Second,
    /// 一级
    First,
    /// 未定级
    Unrated,
}

/// How a claim reaches the fund.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Channel {
    /// 联网直接结算
    Direct,
    /// 零星报销
    Manual,
}

impl Axis {
    /// Its index in a circumstance.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Circumstance {
    /// The coordinate on an axis.
    #[inline]
    pub fn get(&self, axis: Axis) -> u16 {
        // The index of an axis is below AXES by construction of the enum.
        self.0.get(axis.index()).copied().unwrap_or(0)
    }

    /// The same with another coordinate on one axis.
    #[inline]
    pub fn set(&mut self, axis: Axis, coordinate: u16) {
        if let Some(place) = self.0.get_mut(axis.index()) {
            *place = coordinate;
        }
    }
}

impl Filing {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl Distance {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl HospitalLevel {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

impl Channel {
    /// Its coordinate.
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn coordinate(self) -> u16 {
        self as u16
    }
}

/// The cell of a table for a circumstance.
#[inline(always)]
pub(crate) fn cell(axes: &[(Axis, u32)], cells: &[u32], at: &Circumstance) -> Option<usize> {
    let along = |(axis, stride): &(Axis, u32)| u32::from(at.get(*axis)).wrapping_mul(*stride);
    // Most tables have few axes.
    let place = match axes {
        [] => 0,
        [one] => along(one),
        [one, other] => along(one).wrapping_add(along(other)),
        [..] => axes.iter().map(along).fold(0, u32::wrapping_add),
    };
    let row = cells.get(usize::try_from(place).ok()?)?;
    usize::try_from(row.checked_sub(1)?).ok()
}
