//! Conditions, edits and levels as small numbers: written by the writer, read once at open.

use yidan_settlement::catalogue::{
    Condition, Edit, EditKind, EditOutcome, Family, Level, Rule, RuleBook, Setting, Sex, Test,
    Window,
};
use yidan_settlement::id::{DiagnosisId, DiagnosisSetId, GroupId};
use yidan_settlement::limits::{AGE_MAX, QUANTITY_MAX};
use yidan_settlement::money::Quantity;

use crate::archive::{
    ArchivedConditionRow, ArchivedEditRow, ArchivedPayload, ConditionRow, EditRow, RuleRow,
};
use crate::error::Fault;

/// The row of a rule.
pub(crate) fn encode(rule: &Rule) -> RuleRow {
    RuleRow {
        conditions: rule.conditions.iter().map(encode_condition).collect(),
        edits: rule.edits.iter().map(encode_edit).collect(),
        groups: rule.groups.iter().map(|group| group.get()).collect(),
    }
}

/// All rules of a payload, with every number checked.
pub(crate) fn decode(payload: &ArchivedPayload) -> Result<RuleBook, Fault> {
    let diagnoses = payload.diagnoses.len() as u64;
    let mut sets = Vec::with_capacity(payload.sets.len());
    for set in payload.sets.iter() {
        let mut ranges = Vec::with_capacity(set.len());
        for range in set.iter() {
            let (first, last) = (range[0].to_native(), range[1].to_native());
            if first > last || u64::from(last) >= diagnoses {
                return Err(Fault::unsound("a diagnosis set beyond the diagnoses"));
            }
            ranges.push((DiagnosisId::new(first), DiagnosisId::new(last)));
        }
        sets.push(ranges);
    }
    let mut rules = Vec::with_capacity(payload.rules.len());
    for row in payload.rules.iter() {
        let mut rule = Rule::default();
        for condition in row.conditions.iter() {
            rule.conditions.push(
                decode_condition(condition, sets.len())
                    .ok_or_else(|| Fault::unsound("a condition that does not exist"))?,
            );
        }
        for edit in row.edits.iter() {
            rule.edits.push(
                decode_edit(edit, payload.groups.len())
                    .ok_or_else(|| Fault::unsound("an edit that does not exist"))?,
            );
        }
        for group in row.groups.iter() {
            let group = group_of(i64::from(group.to_native()), payload.groups.len());
            rule.groups.push(group.ok_or_else(|| Fault::unsound("a group without a name"))?);
        }
        rules.push(rule);
    }
    Ok(RuleBook::new(rules, sets))
}

fn encode_condition(condition: &Condition) -> ConditionRow {
    let (test, argument) = match condition.test {
        Test::LevelAtLeast(level) => (0, i64::from(level_number(Some(level)))),
        Test::Setting(Setting::Inpatient) => (1, 0),
        Test::Setting(Setting::Outpatient) => (1, 1),
        Test::Setting(Setting::EmergencyRescue) => (1, 2),
        Test::Setting(Setting::Pharmacy) => (1, 3),
        Test::Sex(Sex::Male) => (2, 1),
        Test::Sex(Sex::Female) => (2, 2),
        Test::AgeFrom(years) => (3, i64::from(years)),
        Test::AgeBelow(years) => (4, i64::from(years)),
        Test::Scheme(Family::Employee) => (5, 0),
        Test::Scheme(Family::Resident) => (5, 1),
        Test::Maternity => (6, 0),
        Test::Diagnosis(set) => (7, i64::from(set.get())),
        Test::Indication => (8, 0),
        Test::FailureOfAnother => (9, 0),
        Test::QuantityPerVisit(quantity) => (10, quantity.get()),
        Test::QuantityPerDay(quantity) => (11, quantity.get()),
        Test::Days(days) => (12, i64::from(days)),
    };
    ConditionRow { argument, test, attested: u8::from(condition.attested) }
}

fn decode_condition(row: &ArchivedConditionRow, sets: usize) -> Option<Condition> {
    let argument = row.argument.to_native();
    let test = match (row.test, argument) {
        (0, _) => Test::LevelAtLeast(level_of(u8::try_from(argument).ok()?)??),
        (1, 0) => Test::Setting(Setting::Inpatient),
        (1, 1) => Test::Setting(Setting::Outpatient),
        (1, 2) => Test::Setting(Setting::EmergencyRescue),
        (1, 3) => Test::Setting(Setting::Pharmacy),
        (2, 1) => Test::Sex(Sex::Male),
        (2, 2) => Test::Sex(Sex::Female),
        (3, _) => Test::AgeFrom(u16::try_from(argument).ok().filter(|age| *age <= AGE_MAX)?),
        (4, _) => Test::AgeBelow(u16::try_from(argument).ok().filter(|age| *age <= AGE_MAX)?),
        (5, 0) => Test::Scheme(Family::Employee),
        (5, 1) => Test::Scheme(Family::Resident),
        (6, 0) => Test::Maternity,
        (7, _) => {
            let set = DiagnosisSetId::new(u16::try_from(argument).ok()?);
            Test::Diagnosis((set.index() < sets).then_some(set)?)
        }
        (8, 0) => Test::Indication,
        (9, 0) => Test::FailureOfAnother,
        (10, _) => Test::QuantityPerVisit(quantity_of(argument)?),
        (11, _) => Test::QuantityPerDay(quantity_of(argument)?),
        (12, _) => Test::Days(u16::try_from(argument).ok()?),
        _ => return None,
    };
    Some(Condition { test, attested: flag_of(row.attested)? })
}

fn encode_edit(edit: &Edit) -> EditRow {
    let (kind, argument) = match edit.kind {
        EditKind::Exclusive(group) => (0, i64::from(group.get())),
        EditKind::IncludedIn(group) => (1, i64::from(group.get())),
        EditKind::MoreThan(quantity) => (2, quantity.get()),
    };
    let window = match edit.window {
        Window::Day => 0,
        Window::Visit => 1,
    };
    let outcome = match edit.then {
        EditOutcome::Own => 0,
        EditOutcome::Facility => 1,
        EditOutcome::Cut => 2,
        EditOutcome::Flag => 3,
    };
    EditRow { argument, kind, window, outcome }
}

fn decode_edit(row: &ArchivedEditRow, groups: usize) -> Option<Edit> {
    let argument = row.argument.to_native();
    let kind = match row.kind {
        0 => EditKind::Exclusive(group_of(argument, groups)?),
        1 => EditKind::IncludedIn(group_of(argument, groups)?),
        2 => EditKind::MoreThan(quantity_of(argument)?),
        _ => return None,
    };
    let window = if flag_of(row.window)? { Window::Visit } else { Window::Day };
    let then = match row.outcome {
        0 => EditOutcome::Own,
        1 => EditOutcome::Facility,
        2 if matches!(kind, EditKind::MoreThan(_)) => EditOutcome::Cut,
        3 => EditOutcome::Flag,
        _ => return None,
    };
    Some(Edit { kind, window, then })
}

fn group_of(number: i64, groups: usize) -> Option<GroupId> {
    let group = GroupId::new(u16::try_from(number).ok()?);
    (group.index() < groups).then_some(group)
}

fn quantity_of(parts: i64) -> Option<Quantity> {
    (0..=QUANTITY_MAX).contains(&parts).then(|| Quantity::new(parts))
}

fn flag_of(number: u8) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// `lmtpric_hosp_lv` of a level; nought for none.
pub(crate) fn level_number(level: Option<Level>) -> u8 {
    match level {
        None => 0,
        Some(Level::First) => 1,
        Some(Level::Second) => 2,
        Some(Level::Third) => 3,
    }
}

/// The level of a number as [`level_number`] gives it; the outer `None` for any other.
pub(crate) fn level_of(number: u8) -> Option<Option<Level>> {
    match number {
        0 => Some(None),
        1 => Some(Some(Level::First)),
        2 => Some(Some(Level::Second)),
        3 => Some(Some(Level::Third)),
        _ => None,
    }
}
