//! Rows of restrictions.csv, groups.csv and edits.csv, and the rules that entries come to share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use yidan_image::DiagnosisContents;
use yidan_settlement::catalogue::{Condition, Edit, EditKind, Rule, Test};
use yidan_settlement::id::{DiagnosisId, DiagnosisSetId, GroupId, RuleId};

use crate::condition::{self, WrittenCondition, WrittenEdit, WrittenEditKind, WrittenTest};
use crate::field;
use crate::problem::Problems;
use crate::source::{Column, Source, Table};
use Column::Must;

const RESTRICTION_COLUMNS: &[Column] = &[Must("code"), Must("conditions"), Must("source")];
const GROUP_COLUMNS: &[Column] = &[Must("group"), Must("code"), Must("source")];
const EDIT_COLUMNS: &[Column] =
    &[Must("code"), Must("edit"), Must("window"), Must("outcome"), Must("source")];

/// A written thing with its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) what: T,
    pub(crate) file: String,
    pub(crate) line: u64,
}

/// What the rule files of one region say, by code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) conditions: BTreeMap<String, Placed<Vec<WrittenCondition>>>,
    pub(crate) edits: BTreeMap<String, Vec<Placed<WrittenEdit>>>,
    pub(crate) groups: BTreeMap<String, BTreeMap<String, Placed<()>>>,
}

impl Written {
    /// A region's rules over the base's: for a code that the region names in a file, that file's
    /// rows replace the base's; members of groups are added.
    pub(crate) fn over(&self, base: &Written) -> Written {
        let mut all = base.clone();
        all.conditions.extend(self.conditions.clone());
        all.edits.extend(self.edits.clone());
        for (code, groups) in &self.groups {
            all.groups.entry(code.clone()).or_default().extend(groups.clone());
        }
        all
    }

    pub(crate) fn read_restrictions(&mut self, source: &Source, problems: &mut Problems) {
        let Some(table) = Table::read(source, RESTRICTION_COLUMNS, problems) else { return };
        for row in table.rows() {
            let code =
                row.value("code", field::CODE, problems, |t| field::code(t).map(str::to_owned));
            let what =
                row.value("conditions", condition::CONDITION, problems, condition::conditions);
            if let (Some(code), Some(what)) = (code, what) {
                let (file, line) = (source.path.clone(), row.line());
                if let Some(before) = self.conditions.get(&code) {
                    let found = format!("{code} again, after {}:{}", before.file, before.line);
                    problems.add(
                        row.place(),
                        "code",
                        found,
                        "one row a code, conditions joined by ;",
                    );
                }
                self.conditions.insert(code, Placed { what, file, line });
            }
        }
    }

    pub(crate) fn read_groups(&mut self, source: &Source, problems: &mut Problems) {
        let Some(table) = Table::read(source, GROUP_COLUMNS, problems) else { return };
        for row in table.rows() {
            let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let group = row.value("group", "the name of a group", problems, named);
            let code =
                row.value("code", field::CODE, problems, |t| field::code(t).map(str::to_owned));
            if let (Some(group), Some(code)) = (group, code) {
                let placed = Placed { what: (), file: source.path.clone(), line: row.line() };
                self.groups.entry(code).or_default().insert(group, placed);
            }
        }
    }

    pub(crate) fn read_edits(&mut self, source: &Source, problems: &mut Problems) {
        let Some(table) = Table::read(source, EDIT_COLUMNS, problems) else { return };
        for row in table.rows() {
            let code =
                row.value("code", field::CODE, problems, |t| field::code(t).map(str::to_owned));
            let kind = row.value("edit", condition::EDIT, problems, condition::edit_kind);
            let window = row.value("window", condition::WINDOW, problems, condition::window);
            let then = kind.as_ref().and_then(|kind| {
                let outcome = |text: &str| condition::outcome(text, kind);
                row.value("outcome", condition::OUTCOME, problems, outcome)
            });
            if let (Some(code), Some(kind), Some(window), Some(then)) = (code, kind, window, then) {
                let what = WrittenEdit { kind, window, then };
                let placed = Placed { what, file: source.path.clone(), line: row.line() };
                self.edits.entry(code).or_default().push(placed);
            }
        }
    }

    /// Every code that some rule file names must be one that the region has.
    pub(crate) fn check_codes(&self, known: impl Fn(&str) -> bool, problems: &mut Problems) {
        let mut check = |code: &str, (file, line): (&str, u64)| {
            if !known(code) {
                let expected = "a code of drugs.csv, services.csv or consumables.csv";
                problems.add((file, line), "code", format!("{code:?}"), expected);
            }
        };
        for (code, placed) in &self.conditions {
            check(code, (&placed.file, placed.line));
        }
        for (code, edits) in &self.edits {
            for placed in edits {
                check(code, (&placed.file, placed.line));
            }
        }
        for (code, groups) in &self.groups {
            for placed in groups.values() {
                check(code, (&placed.file, placed.line));
            }
        }
    }
}

/// The rules, sets and groups of the image, each once, numbered as they come to be used.
pub(crate) struct Rules<'a> {
    diagnoses: &'a [DiagnosisContents],
    pub(crate) groups: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) sets: Vec<Vec<(DiagnosisId, DiagnosisId)>>,
    numbers: BTreeMap<String, RuleId>,
    by_code: BTreeMap<Arc<str>, RuleId>,
}

impl<'a> Rules<'a> {
    /// Without rules yet; with all groups that some region names.
    pub(crate) fn new<'w>(
        diagnoses: &'a [DiagnosisContents],
        written: impl Iterator<Item = &'w Written>,
    ) -> Rules<'a> {
        let groups: BTreeSet<&String> =
            written.flat_map(|w| w.groups.values().flat_map(BTreeMap::keys)).collect();
        Rules {
            diagnoses,
            groups: groups.into_iter().cloned().collect(),
            rules: Vec::new(),
            sets: Vec::new(),
            numbers: BTreeMap::new(),
            by_code: BTreeMap::new(),
        }
    }

    /// Forgets which code has which rule: the next region may differ.
    pub(crate) fn next_region(&mut self) {
        self.by_code.clear();
    }

    /// The rule of a code in a region; nought where nothing is written of it.
    pub(crate) fn of_code(
        &mut self,
        code: &Arc<str>,
        written: &Written,
        problems: &mut Problems,
    ) -> RuleId {
        if let Some(rule) = self.by_code.get(code) {
            return *rule;
        }
        let conditions = written.conditions.get(&**code);
        let edits = written.edits.get(&**code);
        let groups = written.groups.get(&**code);
        if conditions.is_none() && edits.is_none() && groups.is_none() {
            return RuleId::new(0);
        }
        let mut rule = Rule::default();
        if let Some(placed) = conditions {
            for condition in &placed.what {
                rule.conditions.extend(self.condition(condition, placed, problems));
            }
        }
        for placed in edits.into_iter().flatten() {
            rule.edits.extend(self.edit(placed, problems));
        }
        for group in groups.into_iter().flat_map(BTreeMap::keys) {
            rule.groups.extend(self.group(group));
        }
        let next = RuleId::new(u32::try_from(self.rules.len() + 1).unwrap_or(u32::MAX));
        let number = *self.numbers.entry(format!("{rule:?}")).or_insert(next);
        if number == next {
            self.rules.push(rule);
        }
        self.by_code.insert(Arc::clone(code), number);
        number
    }

    fn group(&self, name: &String) -> Option<GroupId> {
        let place = self.groups.binary_search(name).ok()?;
        u16::try_from(place).ok().map(GroupId::new)
    }

    fn edit(&self, placed: &Placed<WrittenEdit>, problems: &mut Problems) -> Option<Edit> {
        let group = |name: &String, problems: &mut Problems| {
            let group = self.group(name);
            if group.is_none() {
                let place = (placed.file.as_str(), placed.line);
                problems.add(place, "edit", format!("{name:?}"), "a group of groups.csv");
            }
            group
        };
        let kind = match &placed.what.kind {
            WrittenEditKind::Exclusive(name) => EditKind::Exclusive(group(name, problems)?),
            WrittenEditKind::IncludedIn(name) => EditKind::IncludedIn(group(name, problems)?),
            WrittenEditKind::MoreThan(quantity) => EditKind::MoreThan(*quantity),
        };
        Some(Edit { kind, window: placed.what.window, then: placed.what.then })
    }

    fn condition(
        &mut self,
        written: &WrittenCondition,
        placed: &Placed<Vec<WrittenCondition>>,
        problems: &mut Problems,
    ) -> Option<Condition> {
        let test = match &written.test {
            WrittenTest::Plain(test) => *test,
            WrittenTest::Diagnosis(prefixes) => {
                let mut ranges = Vec::new();
                for (first, last) in prefixes {
                    let range = self.range(first, last);
                    if range.is_none() {
                        let found = format!("diagnosis={first}-{last}");
                        let expected = "a range with some diagnosis of diagnoses.csv";
                        problems.add((&placed.file, placed.line), "conditions", found, expected);
                    }
                    ranges.extend(range);
                }
                Test::Diagnosis(self.set(ranges)?)
            }
        };
        Some(Condition { test, attested: written.attested })
    }

    /// From the first code not before one prefix to the last that begins with, or is before, the
    /// other.
    fn range(&self, first: &str, last: &str) -> Option<(DiagnosisId, DiagnosisId)> {
        let from = self.diagnoses.partition_point(|d| d.code.as_str() < first);
        let to =
            self.diagnoses.partition_point(|d| d.code.as_str() < last || d.code.starts_with(last));
        let id = |place| u32::try_from(place).ok().map(DiagnosisId::new);
        if from < to { id(from).zip(id(to - 1)) } else { None }
    }

    fn set(&mut self, ranges: Vec<(DiagnosisId, DiagnosisId)>) -> Option<DiagnosisSetId> {
        let place = self.sets.iter().position(|set| *set == ranges).unwrap_or_else(|| {
            self.sets.push(ranges);
            self.sets.len() - 1
        });
        u16::try_from(place).ok().map(DiagnosisSetId::new)
    }
}
