//! One tier in one edition: every circumstance its conditions tell apart, each with its row; and the same for accounts.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use yidan_settlement::date::Span;
use yidan_settlement::pack::{AccountRow, Accounts, Axis, PackData, Row, Tier};

use super::census::Census;
use super::condition::{Condition, RowHead};
use super::resolve::{self, Held, Problem, heads};
use super::space::{CELLS_MAX, Cuts, Space};
use super::tier::{ChangeOf, Ruled, TierDraft};
use super::trouble::{Told, Troubles, shared};
use super::words;

/// Where a table is made: the pack, one of its editions, and the place for troubles.
pub(super) struct Maker<'m> {
    pub(super) data: &'m PackData,
    pub(super) cuts: &'m Cuts,
    pub(super) edition: Span,
    pub(super) troubles: &'m mut Troubles,
}

/// Distinct values in order of first use.
struct Interned<T> {
    index: HashMap<T, u32>,
    values: Vec<T>,
}

impl Maker<'_> {
    /// The tier's table.
    pub(super) fn tier(&mut self, draft: &TierDraft) -> Tier {
        let mut tier = empty(draft);
        if !draft.head.span.overlaps(self.edition) {
            return tier;
        }
        let (data, cuts, edition) = (self.data, self.cuts, self.edition);
        let in_force = heads(draft).filter(|head| head.span.overlaps(edition));
        let asking = std::iter::once(&draft.head).chain(in_force);
        let grows = Grows::of(draft, edition);
        let space = Space::of(asking, &grows.axes(), data, cuts);
        let Some(size) = space.size() else {
            self.too_large(&space, draft.head.at, &format!("tier \"{}\"", draft.name));
            // Nothing is known of its rows, so none is called idle.
            self.troubles.held.insert(draft.head.at);
            self.troubles.held.extend(heads(draft).map(|head| head.at));
            return tier;
        };
        let in_force: Vec<(usize, &RowHead)> =
            heads(draft).enumerate().filter(|(_, head)| head.span.overlaps(edition)).collect();
        let conditions: Vec<&Condition> =
            in_force.iter().map(|(_, head)| &head.condition).collect();
        let applies = &draft.head.condition;
        let census = Census::take(&space, size, applies, &conditions, &grows.axes());
        let mut rows = Interned::new();
        let mut marked: BTreeMap<Problem, Vec<bool>> = BTreeMap::new();
        let mut row_of_case = vec![0];
        for (number, case) in (1_u32..).zip(&census.cases) {
            let held: Vec<usize> = case.rows.iter().map(|row| in_force[*row].0).collect();
            self.troubles.held.extend(case.rows.iter().map(|row| in_force[*row].1.at));
            let mut held = Held::of(draft, &held);
            grows.take(&space, &case.grown, &mut held);
            held.adds.retain(|add| !draft.adds[*add].head.condition.tests.is_empty());
            let (row, problems) = settle(draft, &held, &mut rows);
            row_of_case.push(row.map_or(0, |row| row + 1));
            for problem in problems {
                mark(marked.entry(problem).or_default(), &census, number);
            }
        }
        tier.cells = cells(&census, &row_of_case);
        let everywhere = draft
            .adds
            .iter()
            .filter(|add| add.head.span.overlaps(edition) && add.head.condition.tests.is_empty());
        tier.adds = everywhere.map(|add| add.value).collect();
        if !census.cases.is_empty() {
            self.troubles.held.insert(draft.head.at);
        }
        let matters: Vec<bool> = census.case_of.iter().map(|case| *case > 0).collect();
        let life = shared(draft.head.span, data.span);
        let what = Some(draft.name.as_str());
        self.tell(&space, &marked, &matters, life, (draft.head.at, what));
        tier.axes = space.strides();
        tier.rows = rows.values;
        tier
    }

    /// The table of accounts.
    pub(super) fn accounts(&mut self, drafts: &[Ruled<AccountRow>]) -> Accounts {
        let (data, cuts, edition) = (self.data, self.cuts, self.edition);
        let in_force: Vec<usize> =
            (0..drafts.len()).filter(|row| drafts[*row].head.span.overlaps(edition)).collect();
        let heads = in_force.iter().map(|row| &drafts[*row].head);
        let space = Space::of(heads, &[], data, cuts);
        let at = drafts.first().map_or(0, |draft| draft.head.at);
        let Some(size) = space.size() else {
            self.too_large(&space, at, "accounts");
            return Accounts { cells: vec![0], ..Accounts::default() };
        };
        let conditions: Vec<&Condition> =
            in_force.iter().map(|row| &drafts[*row].head.condition).collect();
        let census = Census::take(&space, size, &Condition::default(), &conditions, &[]);
        let mut rows: Interned<AccountRow> = Interned::new();
        let mut marked: BTreeMap<Problem, Vec<bool>> = BTreeMap::new();
        let mut row_of_case = vec![0];
        for (number, case) in (1_u32..).zip(&census.cases) {
            let held: Vec<usize> = case.rows.iter().map(|row| in_force[*row]).collect();
            self.troubles.held.extend(held.iter().map(|row| drafts[*row].head.at));
            let mut problems = Vec::new();
            let row = resolve::only(drafts, &held, "account", &mut problems);
            row_of_case.push(row.map_or(0, |row| rows.number(row.value.clone()) + 1));
            for problem in problems {
                mark(marked.entry(problem).or_default(), &census, number);
            }
        }
        let matters: Vec<bool> = census.case_of.iter().map(|case| *case > 0).collect();
        self.tell(&space, &marked, &matters, data.span, (at, None));
        let cells = cells(&census, &row_of_case);
        Accounts { axes: space.strides(), cells, rows: rows.values }
    }

    /// Tells each problem with the circumstances it is met in, at most three blocks of them.
    fn tell(
        &mut self,
        space: &Space<'_>,
        marked: &BTreeMap<Problem, Vec<bool>>,
        matters: &[bool],
        life: Span,
        (tier_at, tier): (usize, Option<&str>),
    ) {
        let of = tier.map(|name| format!("tier \"{name}\": ")).unwrap_or_default();
        let mut ratios_told = Vec::new();
        for (problem, cells) in marked {
            if let Problem::Ratio(at, _) = problem {
                // One example of a band row is enough.
                if ratios_told.contains(at) {
                    continue;
                }
                ratios_told.push(*at);
            }
            let where_ = blocks(space, cells, matters);
            let told = match problem {
                Problem::Gap(part) => Told {
                    at: tier_at,
                    message: format!("{of}no {part} row holds{}", prefixed(" for ", &where_)),
                    expected: "exactly one wherever the tier applies",
                    help: "",
                },
                Problem::Overlap(part, first, second) => Told {
                    at: second.0,
                    message: format!(
                        "{of}this {part} row and the one on line {} both hold{}",
                        first.1,
                        prefixed(" for ", &where_)
                    ),
                    expected: "rows that exclude each other",
                    help: "narrow a condition or a span, or mark one of the two `exception = true`",
                },
                Problem::Ratio(at, text) => Told {
                    at: *at,
                    message: format!("{of}{text}{}", prefixed(", for ", &where_)),
                    expected: "ratios from 0% to 100% with at most two decimals after all changes",
                    help: "",
                },
            };
            self.troubles.tell(told, self.edition, life);
        }
    }

    fn too_large(&mut self, space: &Space<'_>, at: usize, what: &str) {
        let axes: Vec<String> =
            space.axes.iter().map(|(axis, radix)| format!("{axis:?} {radix}")).collect();
        let told = Told {
            at,
            message: format!(
                "{what}: the conditions tell apart more than {CELLS_MAX} circumstances: {}",
                axes.join(" × ")
            ),
            expected: "a smaller table",
            help: "split the tier by a condition, such as `benefit`, or let its rows ask for less",
        };
        self.troubles.tell(told, self.edition, self.data.span);
    }
}

/// The row of a set of held rows, interned, and that without penalties beside it.
fn settle(draft: &TierDraft, held: &Held, rows: &mut Interned<Row>) -> (Option<u32>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut row = resolve::row(draft, held, &mut problems);
    if let (Some(row), true) = (&mut row, held.penalised(draft)) {
        let whole = resolve::row(draft, &held.unpenalised(draft), &mut problems);
        row.unpenalised = whole.map(|whole| rows.number(whole));
    }
    problems.sort();
    problems.dedup();
    (row.map(|row| rows.number(row)), problems)
}

/// Marks the cells of a case.
fn mark(marked: &mut Vec<bool>, census: &Census, number: u32) {
    marked.resize(census.case_of.len(), false);
    let cells = marked.iter_mut().zip(&census.case_of);
    cells.for_each(|(mark, case)| *mark |= *case == number);
}

/// The table: for each cell 1 + its row.
fn cells(census: &Census, row_of_case: &[u32]) -> Vec<u32> {
    let row = |case: &u32| usize::try_from(*case).ok().and_then(|case| row_of_case.get(case));
    census.case_of.iter().map(|case| row(case).copied().unwrap_or(0)).collect()
}

/// Up to three blocks of marked cells in words.
pub(super) fn blocks(space: &Space<'_>, marked: &[bool], matters: &[bool]) -> String {
    let mut rest = marked.to_vec();
    let mut told = Vec::new();
    while rest.contains(&true) && told.len() < 3 {
        let (words, inside) = words::block(space, &rest, matters);
        rest.iter_mut().zip(inside).for_each(|(cell, covered)| *cell &= !covered);
        told.push(words);
    }
    if rest.contains(&true) {
        told.push("others".to_owned());
    }
    told.join("; ")
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}

/// Which numbers the values of a tier grow with.
struct Grows {
    with_age: bool,
    with_paid_years: bool,
}

impl Grows {
    fn of(draft: &TierDraft, edition: Span) -> Grows {
        let per_year = |of: ChangeOf| matches!(of, ChangeOf::PointsPerYear { .. });
        let changes = draft.changes.iter().filter(|row| row.head.span.overlaps(edition));
        let caps = draft.caps.iter().filter(|row| row.head.span.overlaps(edition));
        Grows {
            with_age: changes.into_iter().any(|row| per_year(row.value.of)),
            with_paid_years: caps.into_iter().any(|row| row.value.plus.is_some()),
        }
    }

    fn axes(&self) -> Vec<Axis> {
        let all = [(self.with_age, Axis::Age), (self.with_paid_years, Axis::PaidYears)];
        all.into_iter().filter(|(grows, _)| *grows).map(|(_, axis)| axis).collect()
    }

    /// Puts the least numbers of the segments of a case into what is held.
    fn take(&self, space: &Space<'_>, grown: &[u16], held: &mut Held) {
        for (axis, at) in self.axes().into_iter().zip(grown) {
            let least = space.cuts.least(axis, *at);
            if axis == Axis::Age { held.age = least } else { held.paid_years = least }
        }
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    fn new() -> Interned<T> {
        Interned { index: HashMap::new(), values: Vec::new() }
    }

    fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.values.len()).expect("fewer rows than cells");
        *self.index.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}

/// The tier with a table that applies nowhere.
fn empty(draft: &TierDraft) -> Tier {
    Tier {
        name: draft.name.clone(),
        fund: draft.fund,
        basic: draft.basic,
        base: draft.base,
        kinds: draft.kinds.clone(),
        rounding: draft.rounding,
        bands_at: draft.bands_at,
        bands_from: draft.bands_from,
        bands_pay: draft.bands_pay,
        above_cap_facility: draft.above_cap_facility,
        adds: Vec::new(),
        axes: Vec::new(),
        cells: vec![0],
        rows: Vec::new(),
        source: draft.head.source,
    }
}
