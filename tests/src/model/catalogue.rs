//! A catalogue for the naive line check: codes with their periods, as plain values in the words of
//! the sources.

use std::collections::BTreeMap;

use super::exact::Exact;

/// Codes, each with its periods of validity.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// The periods of each code.
    pub entries: BTreeMap<String, Vec<Period>>,
}

/// 甲, 乙 or 丙.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Class {
    /// 甲
    A,
    /// 乙
    B,
    /// 丙
    C,
}

/// What a code is from one day to another.
#[derive(Clone, Debug)]
pub struct Period {
    /// First day, `2024-01-01`.
    pub from: String,
    /// First day after; `None` is open.
    pub to: Option<String>,
    /// 甲, 乙 or 丙.
    pub class: Class,
    /// Paid for in employee schemes.
    pub employee: bool,
    /// Paid for in resident schemes.
    pub resident: bool,
    /// Paid for as a maternity benefit.
    pub maternity: bool,
    /// First self-pay for employees and for residents, as fractions.
    pub share: [Exact; 2],
    /// Ceiling price in yuan at the first, second and third level.
    pub ceiling: [Option<Exact>; 3],
    /// The tag that packs map to a line kind; empty for none.
    pub tag: String,
    /// Restrictions in order.
    pub conditions: Vec<Restriction>,
    /// Edits in order; the first that hits decides.
    pub edits: Vec<Edit>,
    /// The groups it is a member of.
    pub groups: Vec<String>,
}

/// One restriction (限定支付).
#[derive(Clone, Debug)]
pub struct Restriction {
    /// What is tested.
    pub test: Test,
    /// Whether the hospital's word answers it.
    pub attested: bool,
}

/// What a restriction tests.
#[derive(Clone, Debug)]
pub enum Test {
    /// The facility's level (0 first, 1 second, 2 third) is at least this.
    LevelAtLeast(usize),
    /// `inpatient`, `outpatient`, `emergency` or `pharmacy`.
    Setting(String),
    /// The member is a man (true) or a woman (false).
    Male(bool),
    /// Age in years is at least this.
    AgeFrom(i128),
    /// Age in years is below this.
    AgeBelow(i128),
    /// `employee` or `resident`.
    Family(String),
    /// The visit is a maternity benefit.
    Maternity,
    /// A diagnosis of the visit begins with one of these.
    Diagnosis(Vec<String>),
    /// An indication in words, or the failure of another drug: only the hospital's word answers it.
    Words,
    /// At most so much in a visit.
    QuantityPerVisit(Exact),
    /// At most so much in a day.
    QuantityPerDay(Exact),
    /// At most so many days of use.
    Days(i128),
}

/// One edit.
#[derive(Clone, Debug)]
pub struct Edit {
    /// What is looked for.
    pub look: Look,
    /// Only lines of the same fee day count.
    pub same_day: bool,
    /// What becomes of the line.
    pub then: Then,
}

/// What an edit looks for.
#[derive(Clone, Debug)]
pub enum Look {
    /// An earlier line is another member of the group.
    Exclusive(String),
    /// Any line is a member of the group that contains this item.
    IncludedIn(String),
    /// More than this quantity.
    MoreThan(Exact),
}

/// What an edit does with a line that it hits.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Then {
    /// All own cost.
    Own,
    /// All the facility's cost.
    Facility,
    /// What exceeds the quantity is the facility's cost.
    Cut,
    /// Nothing but a mark.
    Flag,
}

impl Catalogue {
    /// The period of a code that holds on a day written `2024-01-01`.
    pub(crate) fn on(&self, code: &str, day: &str) -> Option<&Period> {
        self.entries
            .get(code)?
            .iter()
            .find(|p| p.from.as_str() <= day && p.to.as_deref().is_none_or(|to| day < to))
    }
}
