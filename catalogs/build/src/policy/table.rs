//! One tier in one edition: every circumstance its conditions tell apart, each with its row; and the same for accounts.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use yidan_settlement::date::Span;
use yidan_settlement::pack::{Accounts, AccountRow, Axis, PackData, Row, Tier};

use super::condition::RowHead;
use super::resolve::{self, Held, Problem};
use super::space::{CELLS_MAX, Cuts, Mask, Space};
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

/// Rows of a part that are in force, with their masks.
struct Part {
    rows: Vec<(usize, Mask)>,
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
        if !self.in_force(&draft.head) {
            return tier;
        }
        let (data, cuts, edition) = (self.data, self.cuts, self.edition);
        let heads = heads(draft).filter(|head| head.span.overlaps(edition));
        let heads = std::iter::once(&draft.head).chain(heads);
        let grows = Grows::of(draft, edition);
        let space = Space::of(heads, &grows.axes(), data, cuts);
        let Some(size) = space.size() else {
            self.too_large(&space, draft.head.at, &format!("tier \"{}\"", draft.name));
            return tier;
        };
        let applies = space.mask(&draft.head.condition);
        let parts = Parts::of(draft, &space, edition);
        let mut rows = Interned::new();
        let mut known: HashMap<Held, (Option<u32>, Vec<Problem>)> = HashMap::new();
        let mut marked: BTreeMap<Problem, Vec<bool>> = BTreeMap::new();
        let mut matters = vec![false; size];
        tier.cells = vec![0; size];
        for (cell, place) in tier.cells.iter_mut().enumerate() {
            let point = space.point(cell);
            if !applies.lets(&point) || !space.reachable(&point) {
                continue;
            }
            matters[cell] = true;
            let mut held = parts.held(&point);
            grows.take(&space, &point, &mut held);
            let (row, problems) =
                known.entry(held).or_insert_with_key(|held| settle(draft, held, &mut rows));
            *place = row.map_or(0, |row| row + 1);
            for problem in problems.iter() {
                let cells = marked.entry(problem.clone()).or_insert_with(|| vec![false; size]);
                cells[cell] = true;
            }
        }
        for held in known.keys() {
            self.troubles.held.extend(held_places(draft, held));
        }
        let adds: Vec<_> = draft.adds.iter().filter(|add| self.in_force(&add.head)).collect();
        let everywhere = adds.iter().filter(|add| add.head.condition.tests.is_empty());
        tier.adds = everywhere.clone().map(|add| add.value).collect();
        if matters.contains(&true) {
            self.troubles.held.insert(draft.head.at);
            self.troubles.held.extend(everywhere.map(|add| add.head.at));
        }
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
        let heads = drafts.iter().map(|draft| &draft.head);
        let space =
            Space::of(heads.filter(|head| head.span.overlaps(edition)), &[], data, cuts);
        let at = drafts.first().map_or(0, |draft| draft.head.at);
        let Some(size) = space.size() else {
            self.too_large(&space, at, "accounts");
            return Accounts { cells: vec![0], ..Accounts::default() };
        };
        let part = Part::of(drafts, &space, edition);
        let mut rows: Interned<AccountRow> = Interned::new();
        let mut marked: BTreeMap<Problem, Vec<bool>> = BTreeMap::new();
        let mut matters = vec![false; size];
        let mut cells = vec![0; size];
        for cell in 0..size {
            let point = space.point(cell);
            if !space.reachable(&point) {
                continue;
            }
            matters[cell] = true;
            let held = part.held(&point);
            self.troubles.held.extend(held.iter().map(|row| drafts[*row].head.at));
            let mut problems = Vec::new();
            let row = resolve::only(drafts, &held, "account", &mut problems);
            cells[cell] = row.map_or(0, |row| rows.number(row.value.clone()) + 1);
            for problem in problems {
                marked.entry(problem).or_insert_with(|| vec![false; size])[cell] = true;
            }
        }
        self.tell(&space, &marked, &matters, data.span, (at, None));
        Accounts { axes: space.strides(), cells, rows: rows.values }
    }

    fn in_force(&self, head: &RowHead) -> bool {
        head.span.overlaps(self.edition)
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
fn settle(
    draft: &TierDraft,
    held: &Held,
    rows: &mut Interned<Row>,
) -> (Option<u32>, Vec<Problem>) {
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

/// Up to three blocks of marked cells in words.
fn blocks(space: &Space<'_>, marked: &[bool], matters: &[bool]) -> String {
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

/// The parts of a tier with what is in force of them.
struct Parts {
    first_shares: Part,
    deductibles: Part,
    factors: Part,
    bands: Part,
    changes: Part,
    caps: Part,
    floors: Part,
    adds: Part,
}

impl Parts {
    fn of(draft: &TierDraft, space: &Space<'_>, edition: Span) -> Parts {
        Parts {
            first_shares: Part::of(&draft.first_shares, space, edition),
            deductibles: Part::of(&draft.deductibles, space, edition),
            factors: Part::of(&draft.factors, space, edition),
            bands: Part::of(&draft.bands, space, edition),
            changes: Part::of(&draft.changes, space, edition),
            caps: Part::of(&draft.caps, space, edition),
            floors: Part::of(&draft.floors, space, edition),
            adds: Part::of(&draft.adds, space, edition).conditional(&draft.adds),
        }
    }

    fn held(&self, point: &[u16]) -> Held {
        Held {
            first_shares: self.first_shares.held(point),
            deductibles: self.deductibles.held(point),
            factors: self.factors.held(point),
            bands: self.bands.held(point),
            changes: self.changes.held(point),
            caps: self.caps.held(point),
            floors: self.floors.held(point),
            adds: self.adds.held(point),
            age: 0,
            paid_years: 0,
        }
    }
}

impl Part {
    fn of<T>(rows: &[Ruled<T>], space: &Space<'_>, edition: Span) -> Part {
        let in_force = rows.iter().enumerate().filter(|(_, row)| row.head.span.overlaps(edition));
        let masked = in_force.map(|(index, row)| (index, space.mask(&row.head.condition)));
        Part { rows: masked.collect() }
    }

    /// Only rows with conditions of their own.
    fn conditional<T>(mut self, rows: &[Ruled<T>]) -> Part {
        self.rows.retain(|(index, _)| !rows[*index].head.condition.tests.is_empty());
        self
    }

    fn held(&self, point: &[u16]) -> Vec<usize> {
        let lets = self.rows.iter().filter(|(_, mask)| mask.lets(point));
        lets.map(|(index, _)| *index).collect()
    }
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

    fn take(&self, space: &Space<'_>, point: &[u16], held: &mut Held) {
        let least = |axis| space.on(axis, point).map_or(0, |at| space.cuts.least(axis, at));
        held.age = if self.with_age { least(Axis::Age) } else { 0 };
        held.paid_years = if self.with_paid_years { least(Axis::PaidYears) } else { 0 };
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

/// The heads of all rows of a tier whose conditions its table must tell apart.
pub(super) fn heads(draft: &TierDraft) -> impl Iterator<Item = &RowHead> {
    fn of<T>(rows: &[Ruled<T>]) -> impl Iterator<Item = &RowHead> {
        rows.iter().map(|row| &row.head)
    }
    of(&draft.first_shares)
        .chain(of(&draft.deductibles))
        .chain(of(&draft.factors))
        .chain(of(&draft.bands))
        .chain(of(&draft.changes))
        .chain(of(&draft.caps))
        .chain(of(&draft.floors))
        .chain(of(&draft.adds))
}

/// Where the held rows stand.
fn held_places(draft: &TierDraft, held: &Held) -> Vec<usize> {
    fn of<T>(rows: &[Ruled<T>], held: &[usize]) -> Vec<usize> {
        held.iter().map(|row| rows[*row].head.at).collect()
    }
    [
        of(&draft.first_shares, &held.first_shares),
        of(&draft.deductibles, &held.deductibles),
        of(&draft.factors, &held.factors),
        of(&draft.bands, &held.bands),
        of(&draft.changes, &held.changes),
        of(&draft.caps, &held.caps),
        of(&draft.floors, &held.floors),
        of(&draft.adds, &held.adds),
    ]
    .concat()
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
