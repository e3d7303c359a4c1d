//! Restrictions and edits as they are written in sources: `level>=2`, `diagnosis=C00-C97|D05!`,
//! `more-than=1`. What they name (diagnoses, groups) is resolved when all files were read.

use yidan_settlement::catalogue::{EditOutcome, Family, Setting, Sex, Test, Window};
use yidan_settlement::limits::AGE_MAX;
use yidan_settlement::money::Quantity;

use crate::field;

/// A condition whose diagnoses are still prefixes.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct WrittenCondition {
    pub(crate) test: WrittenTest,
    pub(crate) attested: bool,
}

#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum WrittenTest {
    Plain(Test),
    /// Ranges of code prefixes, both ends inside.
    Diagnosis(Vec<(String, String)>),
}

pub(crate) const CONDITION: &str = "conditions joined by ; each one of level>=2, \
    setting=inpatient|outpatient|rescue|pharmacy (one), sex=F, sex=M, age>=18, age<14, \
    scheme=employee, scheme=resident, maternity, diagnosis=C00-C97|D05, indication!, \
    after-failure!, per-visit<=N, per-day<=N, days<=N; a trailing ! says that hosp_appr_flag \
    answers it, and indication and after-failure always have it";

/// All conditions of a field; `None` when one of them is none.
pub(crate) fn conditions(text: &str) -> Option<Vec<WrittenCondition>> {
    text.split(';').map(|part| condition(part.trim())).collect()
}

fn condition(text: &str) -> Option<WrittenCondition> {
    let (body, attested) = match text.strip_suffix('!') {
        Some(body) => (body, true),
        None => (text, false),
    };
    let years = |text: &str| text.parse().ok().filter(|years| *years <= AGE_MAX);
    let days = |text: &str| text.parse().ok().filter(|days| *days > 0);
    let after = |mark: &str| body.strip_prefix(mark);
    let test = if let Some(level) = after("level>=") {
        Test::LevelAtLeast(field::level(level)?)
    } else if let Some(setting) = after("setting=") {
        Test::Setting(setting_of(setting)?)
    } else if let Some(years_from) = after("age>=") {
        Test::AgeFrom(years(years_from)?)
    } else if let Some(years_below) = after("age<") {
        Test::AgeBelow(years(years_below)?)
    } else if let Some(prefixes) = after("diagnosis=") {
        let test = WrittenTest::Diagnosis(prefixes.split('|').map(range).collect::<Option<_>>()?);
        return Some(WrittenCondition { test, attested });
    } else if let Some(quantity) = after("per-visit<=") {
        Test::QuantityPerVisit(field::quantity(quantity)?)
    } else if let Some(quantity) = after("per-day<=") {
        Test::QuantityPerDay(field::quantity(quantity)?)
    } else if let Some(most) = after("days<=") {
        Test::Days(days(most)?)
    } else {
        match body {
            "sex=F" => Test::Sex(Sex::Female),
            "sex=M" => Test::Sex(Sex::Male),
            "scheme=employee" => Test::Scheme(Family::Employee),
            "scheme=resident" => Test::Scheme(Family::Resident),
            "maternity" => Test::Maternity,
            "indication" if attested => Test::Indication,
            "after-failure" if attested => Test::FailureOfAnother,
            _ => return None,
        }
    };
    Some(WrittenCondition { test: WrittenTest::Plain(test), attested })
}

fn setting_of(text: &str) -> Option<Setting> {
    match text {
        "inpatient" => Some(Setting::Inpatient),
        "outpatient" => Some(Setting::Outpatient),
        "rescue" => Some(Setting::EmergencyRescue),
        "pharmacy" => Some(Setting::Pharmacy),
        _ => None,
    }
}

fn range(text: &str) -> Option<(String, String)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let prefix = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    (prefix(first) && prefix(last) && first <= last).then(|| (first.to_owned(), last.to_owned()))
}

/// An edit whose group is still a name.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct WrittenEdit {
    pub(crate) kind: WrittenEditKind,
    pub(crate) window: Window,
    pub(crate) then: EditOutcome,
}

#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum WrittenEditKind {
    Exclusive(String),
    IncludedIn(String),
    MoreThan(Quantity),
}

pub(crate) const EDIT: &str = "exclusive=GROUP, included-in=GROUP or more-than=N";

pub(crate) fn edit_kind(text: &str) -> Option<WrittenEditKind> {
    let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (kind, argument) = text.split_once('=')?;
    match kind {
        "exclusive" => name(argument).map(WrittenEditKind::Exclusive),
        "included-in" => name(argument).map(WrittenEditKind::IncludedIn),
        "more-than" => field::quantity(argument).map(WrittenEditKind::MoreThan),
        _ => None,
    }
}

pub(crate) const WINDOW: &str = "day or visit";

pub(crate) fn window(text: &str) -> Option<Window> {
    match text {
        "day" => Some(Window::Day),
        "visit" => Some(Window::Visit),
        _ => None,
    }
}

pub(crate) const OUTCOME: &str = "own, facility, flag, or, with more-than, cut";

pub(crate) fn outcome(text: &str, kind: &WrittenEditKind) -> Option<EditOutcome> {
    match (text, kind) {
        ("own", _) => Some(EditOutcome::Own),
        ("facility", _) => Some(EditOutcome::Facility),
        ("flag", _) => Some(EditOutcome::Flag),
        ("cut", WrittenEditKind::MoreThan(_)) => Some(EditOutcome::Cut),
        (_, _) => None,
    }
}
