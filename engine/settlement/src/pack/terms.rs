//! The words of a pack: sources and their grades, dates that govern, causes, schemes, benefit kinds, slots.

use alloc::string::String;

use crate::catalogue::{Family, Setting};
use crate::date::Day;
use crate::id::Insutype;

/// Which day governs something.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Governs {
    /// The end of the visit.
    #[default]
    Discharge,
    /// The begin of the visit.
    Admission,
    /// The day of settlement.
    Settlement,
}

/// Which day governs what.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct GoverningDates {
    /// The rows of the pack and the period of slots.
    pub pack: Governs,
    /// The identity class.
    pub identity: Governs,
    /// The filing.
    pub filing: Governs,
    /// Approvals.
    pub approval: Governs,
    /// Being insured.
    pub cover: Governs,
    /// The age.
    pub age: Governs,
}

/// What becomes of a stay that crosses the end of a year.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum YearRule {
    /// Everything is of the governing year.
    #[default]
    Discharge,
    /// Lines are divided by the year of their fee date; slots of the stay run on.
    Split,
    /// As if settled on 31 December and taken in again on 1 January.
    Cut {
        /// Only when identity class or cover differ between the two days.
        only_when_ending: bool,
        /// The deductible of the second part.
        second: SecondDeductible,
    },
}

/// The deductible of the part of a stay after the year end.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum SecondDeductible {
    /// None is taken.
    Nought,
    /// Taken as of a new admission.
    Full,
    /// None when first admitted on or after this month and day of the year, else full.
    NoughtFrom {
        /// 1 ..= 12
        month: u8,
        /// 1 ..= 31
        day: u8,
    },
}

/// What becomes of a visit that another party answers for.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum CauseRule {
    /// The claim is refused.
    #[default]
    Refuse,
    /// Every line is the member's own cost.
    Own,
}

/// What becomes of visits with a cause.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Causes {
    /// 工伤
    pub work_injury: CauseRule,
    /// 第三方责任
    pub third_party: CauseRule,
    /// 外伤未备案
    pub accident_without_filing: CauseRule,
}

/// How sure a value is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Grade {
    /// Official text.
    Official,
    /// Local news.
    News,
    /// A mirror of an official table.
    Mirror,
    /// Weak.
    Weak,
    /// Inferred from other figures.
    Inferred,
    /// General knowledge, unverified.
    General,
    /// No source gives it: an assumption.
    Assumption,
}

/// A document that values rest on.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Source {
    /// The id rows refer to.
    pub id: String,
    /// Title and number.
    pub document: String,
    /// Its date as written.
    pub date: String,
    /// The clause, where known.
    pub clause: Option<String>,
    /// How sure it is.
    pub grade: Grade,
    /// A remark.
    pub note: Option<String>,
    /// What of its values is assumed though the document is not, in words for a statement.
    pub assumes: Option<String>,
    /// Before this day its values are taken to have held already: no document says so.
    pub assumed_before: Option<Day>,
}

/// A scheme that visits may be settled under.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Scheme {
    /// The type of insurance; `None` takes any.
    pub insutype: Option<Insutype>,
    /// Its name.
    pub name: String,
    /// The share column of catalogues it reads.
    pub family: Family,
}

/// A kind of visit.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Benefit {
    /// The id conditions refer to.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where care is given, for restrictions.
    pub setting: Setting,
    /// What the facility must have agreed to.
    pub agreement: Agreement,
    /// Whether `level` means the prescribing hospital's.
    pub level_of_prescriber: bool,
    /// Whether it is a maternity benefit.
    pub maternity: bool,
    /// Whether it needs an approval in force for the disease.
    pub approval: bool,
    /// Whether it is a work injury.
    pub work_injury: bool,
}

/// What a facility's agreement may be for.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Agreement {
    /// 住院
    Inpatient,
    /// 普通门诊
    Outpatient,
    /// 门诊慢特病
    Chronic,
    /// 定点药店
    Pharmacy,
}

/// An accumulator.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Slot {
    /// Its id.
    pub id: String,
    /// Whether it counts instead of adding fen.
    pub count: bool,
    /// How long it runs.
    pub scope: SlotScope,
    /// What besides tells two of its values apart.
    pub key: SlotKeyKind,
}

/// How long a slot runs.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum SlotScope {
    /// All settlements of one admission.
    Stay,
    /// A day.
    Day,
    /// A calendar month.
    Month,
    /// A quarter.
    Quarter,
    /// A benefit year.
    Year,
    /// One pregnancy, approval or referral.
    Filing,
    /// For life.
    Life,
}

/// The sub-key of a slot.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum SlotKeyKind {
    /// None.
    None,
    /// By disease.
    Disease,
    /// By group of diseases.
    DiseaseGroup,
    /// By scheme.
    Scheme,
}

/// A text that stands for a number of the pack, exactly or by prefix.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Naming {
    /// The text.
    pub text: String,
    /// What it stands for.
    pub index: u16,
}

impl Source {
    /// Whether bills that rest on it must say so on every day.
    pub fn is_assumed(&self) -> bool {
        self.grade.is_assumption() || self.assumes.is_some()
    }

    /// What a bill of a governing day that rests on it must say is assumed; `None` where its document says it all.
    pub fn assumed_on(&self, day: Day) -> Option<impl Iterator<Item = &str>> {
        let before = self.assumed_before.filter(|first| day < *first);
        let before = before.map(|_| "此前的日期未见文件，视为同样执行");
        let said = self.assumes.as_deref().into_iter().chain(before);
        (self.is_assumed() || before.is_some()).then_some(said)
    }
}

impl Grade {
    /// Whether bills that used such a value must say so.
    pub const fn is_assumption(self) -> bool {
        match self {
            Grade::Inferred | Grade::General | Grade::Assumption => true,
            Grade::Official | Grade::News | Grade::Mirror | Grade::Weak => false,
        }
    }

    /// The letter by which packs write it.
    pub const fn letter(self) -> &'static str {
        match self {
            Grade::Official => "O",
            Grade::News => "N",
            Grade::Mirror => "M",
            Grade::Weak => "W",
            Grade::Inferred => "I",
            Grade::General => "G",
            Grade::Assumption => "A",
        }
    }
}
