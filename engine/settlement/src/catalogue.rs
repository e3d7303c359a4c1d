//! What a catalogue says of one code on one day, as plain values: the entry, and the rules it points to.
//! Looking them up is the image's business; nothing here holds a map or a path.

pub mod terms;

use alloc::vec::Vec;
use core::hint::select_unpredictable;

use crate::date::Span;
use crate::id::{DiagnosisId, DiagnosisSetId, EntryId, GroupId, RuleId, Tag};
use crate::limits::PRICE_MAX;
use crate::money::{Price, Quantity, Rate};

/// The list an entry stands in.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum List {
    /// 西药
    WesternDrug,
    /// 中成药
    PatentMedicine,
    /// 中药饮片
    HerbalPiece,
    /// 院内制剂
    InHousePreparation,
    /// 医疗服务项目
    Service,
    /// 医用耗材
    Consumable,
}

/// `chrgitm_lv`: how the insurance takes an entry in.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Class {
    /// 甲类: wholly in scope.
    A,
    /// 乙类: in scope after a first self-pay.
    B,
    /// 丙类: outside.
    C,
}

/// The two families of schemes by which catalogues give shares; a pack says which of its schemes reads which.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Family {
    /// 职工
    Employee,
    /// 居民
    Resident,
}

/// What an entry may be paid for; empty for an entry that is outside every scope.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Scope {
    /// Members of an employee scheme, any illness.
    pub employee: bool,
    /// Members of a resident scheme, any illness.
    pub resident: bool,
    /// Maternity benefits of either.
    pub maternity: bool,
}

/// The three levels of facilities that price ceilings and restrictions know (`lmtpric_hosp_lv`).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum Level {
    /// 一级及以下, and facilities without a level.
    First,
    /// 二级
    Second,
    /// 三级
    Third,
}

/// Ceiling prices by level (first, second, third), in units of one scale, so that an entry stays small.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Ceilings {
    units: [u32; 3],
    scale: Scale,
}

/// What a unit of a ceiling is.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Scale {
    /// A millionth of a yuan.
    Millionth,
    /// A hundredth of a fen.
    HundredthOfFen,
    /// A fen.
    Fen,
}

/// One entry of a catalogue, valid for a span of days.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Entry {
    /// Its place in the image.
    pub id: EntryId,
    /// The fee dates for which it holds.
    pub valid: Span,
    /// The list it stands in.
    pub list: List,
    /// 甲, 乙 or 丙.
    pub class: Class,
    /// What it may be paid for.
    pub scope: Scope,
    /// First self-pay by family: employee, resident.
    pub share: [Rate; 2],
    /// Ceiling prices.
    pub ceiling: Ceilings,
    /// The tag that packs map to a line kind.
    pub tag: Tag,
    /// Its restrictions and edits; nought is none.
    pub rule: RuleId,
}

pub use terms::Terms;

/// What looking a code up on a day gave.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Found {
    /// No such code in the image.
    Unknown,
    /// The code exists, and no period of it holds on that day.
    NotInForce,
    /// What the entry in force says.
    Entry(Terms),
}

/// Sex, where the member's record states it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Sex {
    /// 男
    Male,
    /// 女
    Female,
}

/// Where care is given.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Setting {
    /// 住院
    Inpatient,
    /// 门诊
    Outpatient,
    /// 急诊抢救
    EmergencyRescue,
    /// 定点药店
    Pharmacy,
}

/// One restriction (限定支付): a test that the visit must pass, wholly or up to a quantity.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Condition {
    /// What is tested.
    pub test: Test,
    /// Whether the hospital's word (`hosp_appr_flag` 1) answers it, so that it is not tested here.
    pub attested: bool,
}

/// What a restriction tests.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Test {
    /// The facility's level is at least this.
    LevelAtLeast(Level),
    /// Care is given in this setting.
    Setting(Setting),
    /// The member is of this sex.
    Sex(Sex),
    /// The member has reached this age in years.
    AgeFrom(u16),
    /// The member has not reached this age in years.
    AgeBelow(u16),
    /// The member is in a scheme of this family.
    Scheme(Family),
    /// The visit is a maternity benefit.
    Maternity,
    /// A diagnosis of the visit is in the set.
    Diagnosis(DiagnosisSetId),
    /// The indication in words that no code expresses; always `attested`.
    Indication,
    /// Another drug has failed before; always `attested`.
    FailureOfAnother,
    /// At most so much in a visit; what is beyond is own cost.
    QuantityPerVisit(Quantity),
    /// At most so much in a day; what is beyond is own cost.
    QuantityPerDay(Quantity),
    /// At most so many days of use (`prd_days`); the share of the days beyond is own cost.
    Days(u16),
}

/// One edit: a conflict or frequency that the bill itself shows (重复收费、分解收费).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Edit {
    /// What is looked for.
    pub kind: EditKind,
    /// Within a day or within the visit.
    pub window: Window,
    /// What happens to the line.
    pub then: EditOutcome,
}

/// What an edit looks for.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum EditKind {
    /// An earlier line of the window is another member of the group (互斥): the later line is hit.
    Exclusive(GroupId),
    /// Any line of the window is a member of the group that contains this item (内涵包含).
    IncludedIn(GroupId),
    /// More than this quantity in the window.
    MoreThan(Quantity),
}

/// Over what lines an edit looks.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Window {
    /// Lines with the same fee day.
    Day,
    /// All lines of the visit.
    Visit,
}

/// What an edit does with the line it hits.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum EditOutcome {
    /// The whole line is the member's own cost.
    Own,
    /// The whole line is the facility's cost.
    Facility,
    /// Only what exceeds the quantity is taken off, at the facility's cost; only with [`EditKind::MoreThan`].
    Cut,
    /// Nothing changes; the line is marked for review.
    Flag,
}

/// Restrictions and edits that one or more entries share.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Rule {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Each is looked for, in this order; the first that hits decides.
    pub edits: Vec<Edit>,
    /// The groups that an entry with this rule is a member of.
    pub groups: Vec<GroupId>,
}

/// All rules of one image, with the sets they name.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct RuleBook {
    rules: Vec<Rule>,
    sets: Vec<Vec<(DiagnosisId, DiagnosisId)>>,
}

impl RuleBook {
    /// A book of rules 1 ..= n and of diagnosis sets, each a list of ranges with both ends inside.
    pub fn new(rules: Vec<Rule>, sets: Vec<Vec<(DiagnosisId, DiagnosisId)>>) -> RuleBook {
        RuleBook { rules, sets }
    }

    /// The rule of an entry; `None` for nought, and for a number the book does not have.
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(id.index().checked_sub(1)?)
    }

    /// The ranges of a set, both ends inside; `None` for a number the book does not have.
    pub fn set(&self, set: DiagnosisSetId) -> Option<&[(DiagnosisId, DiagnosisId)]> {
        self.sets.get(set.index()).map(Vec::as_slice)
    }

    /// Whether a diagnosis is in a set.
    pub fn set_contains(&self, set: DiagnosisSetId, diagnosis: DiagnosisId) -> bool {
        self.sets.get(set.index()).is_some_and(|ranges| {
            ranges.iter().any(|(first, last)| *first <= diagnosis && diagnosis <= *last)
        })
    }
}

impl Level {
    /// Its place among ceilings.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    const fn index(self) -> usize {
        self as usize
    }
}

impl Scale {
    /// All, the finest first.
    pub const ALL: [Scale; 3] = [Scale::Millionth, Scale::HundredthOfFen, Scale::Fen];

    /// A unit.
    pub(crate) const fn unit(self) -> Price {
        Price::new(self.millionths())
    }

    /// Millionths of a yuan in a unit.
    #[inline]
    const fn millionths(self) -> i64 {
        match self {
            Scale::Millionth => 1,
            Scale::HundredthOfFen => 100,
            Scale::Fen => 10_000,
        }
    }
}

// The coarsest scale holds every price that the domain accepts to the fen.
const _: () = assert!(PRICE_MAX / 10_000 < 0xFFFF_FFFF);

impl Ceilings {
    /// What stands for "no ceiling" among the units.
    const FREE: u32 = u32::MAX;

    /// No ceiling at any level.
    pub const NONE: Ceilings = Ceilings { units: [Ceilings::FREE; 3], scale: Scale::Millionth };

    /// In the finest scale that holds all three exactly: in millionths of a yuan up to 4294, in ten-thousandths up to
    /// 429496, in hundredths beyond. `None` where no scale does.
    pub fn new(prices: [Option<Price>; 3]) -> Option<Ceilings> {
        Scale::ALL.into_iter().find_map(|scale| {
            let mut units = [Ceilings::FREE; 3];
            for (place, price) in units.iter_mut().zip(prices) {
                if let Some(price) = price {
                    let whole = price.get().checked_rem(scale.millionths()) == Some(0);
                    let counted = price.get().checked_div(scale.millionths())?;
                    let counted = u32::try_from(counted).ok();
                    *place = counted.filter(|n| whole && *n != Ceilings::FREE)?;
                }
            }
            Some(Ceilings { units, scale })
        })
    }

    /// As an image stores them: by level, the largest number for none.
    #[inline]
    pub const fn of_units(units: [u32; 3], scale: Scale) -> Ceilings {
        Ceilings { units, scale }
    }

    /// The units, by level, the largest number for none.
    pub const fn units(&self) -> [u32; 3] {
        self.units
    }

    /// What a unit is.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    #[inline(always)]
    fn of_level(units: &[u32; 3], level: Level) -> u32 {
        units.get(level.index()).copied().unwrap_or(Ceilings::FREE)
    }

    /// The ceiling at a facility of this level.
    #[inline]
    pub fn at(&self, level: Level) -> Option<Price> {
        let units = Ceilings::of_level(&self.units, level);
        let ceiling = i64::from(units).saturating_mul(self.scale.millionths());
        (units != Ceilings::FREE).then_some(Price::new(ceiling))
    }

    /// A price, or so many units where that is lower.
    #[inline(always)]
    fn lower(price: Price, units: u32, unit: Price) -> Price {
        let ceiling = i64::from(units).saturating_mul(unit.get());
        let above = units != Ceilings::FREE && ceiling < price.get();
        Price::new(select_unpredictable(above, ceiling, price.get()))
    }

    /// Whether there is none at any level.
    pub fn is_none(&self) -> bool {
        self.units == [Ceilings::FREE; 3]
    }
}

impl Entry {
    /// The ceiling at a facility of this level.
    #[inline]
    pub fn ceiling_at(&self, level: Level) -> Option<Price> {
        self.ceiling.at(level)
    }
}

/// Look-ups of a claim's lines, on their way: memory is read while the claim is looked at otherwise.
pub trait LookUps {
    /// Has what was asked for so far read, and asks for the rest; what is left of that, the next line does.
    fn approach(&mut self);

    /// What the next line's code gave; lines are read once, in their order.
    fn next(&mut self) -> Option<Found>;

    /// What each line's code gave, once all were read.
    fn all(&self) -> &[Found];
}

/// What was looked up before.
#[derive(Copy, Clone, Debug)]
pub struct Known<'a> {
    found: &'a [Found],
    next: usize,
}

impl<'a> Known<'a> {
    /// For each line, in order; empty for a claim by totals.
    pub fn new(found: &'a [Found]) -> Known<'a> {
        Known { found, next: 0 }
    }
}

impl LookUps for Known<'_> {
    fn approach(&mut self) {}

    fn next(&mut self) -> Option<Found> {
        let found = self.found.get(self.next).copied();
        self.next = self.next.saturating_add(1);
        found
    }

    fn all(&self) -> &[Found] {
        self.found
    }
}
