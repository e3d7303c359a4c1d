//! Gaps in caps. A cap need not hold everywhere, but where it stands it may not be missing for the days between two of its
//! rows, nor for one level of facility when it holds for another: it would vanish at settlement, and the fund would pay.

use std::collections::BTreeMap;

use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::SlotId;
use yidan_settlement::pack::{Axis, PackData};

use super::census::Census;
use super::condition::{Condition, RowHead};
use super::finding::Sink;
use super::heading::Heading;
use super::space::{CELLS_MAX, Cuts, Space};
use super::table::blocks;
use super::tier::{CapAmountDraft, CapDraft, CapOn, Ruled, TierDraft};
use super::trouble::{Told, Troubles, shared};

/// One cap of a tier: its rows have `on` and `slot` in common, and exclude each other.
struct CapRows<'c> {
    /// The tier and the cap, for messages.
    tier: &'c str,
    name: String,
    rows: Vec<&'c Ruled<CapDraft>>,
    /// The days on which the tier is in force.
    life: Span,
}

/// The row that counts in one circumstance on the days of one segment.
#[derive(Copy, Clone)]
struct Counting {
    row: usize,
    /// False for `unlimited = true`, which says that there is no cap.
    limits: bool,
}

/// By segment of days: the row that counts, if any.
type Days = Vec<Option<Counting>>;

/// Reports the gaps in the caps of a tier.
pub(super) fn check(sink: &Sink<'_>, heading: &Heading, tier: &TierDraft) {
    let life = shared(tier.head.span, heading.data.span);
    if life.from >= life.to {
        return; // It never applies, of which it is warned.
    }
    let mut troubles = Troubles::default();
    let mut told: Vec<(CapOn, Option<SlotId>)> = Vec::new();
    for Ruled { value: CapDraft { on, slot, .. }, .. } in &tier.caps {
        if told.contains(&(*on, *slot)) {
            continue;
        }
        told.push((*on, *slot));
        let same = |row: &&Ruled<CapDraft>| (row.value.on, row.value.slot) == (*on, *slot);
        let rows = tier.caps.iter().filter(same).collect();
        let cap = CapRows { tier: &tier.name, name: cap_name(heading, *on, *slot), rows, life };
        cap.check(sink, &heading.data, &tier.head, &mut troubles);
    }
    troubles.report(sink);
}

fn cap_name(heading: &Heading, on: CapOn, slot: Option<SlotId>) -> String {
    let on = match on {
        CapOn::Payment => "payment",
        CapOn::CostBefore => "cost_before",
        CapOn::CostAfter => "cost_after",
    };
    match slot {
        Some(slot) => {
            format!("cap on {on} with the slot \"{}\"", heading.slot_name(slot))
        }
        None => format!("cap on {on} without a slot"),
    }
}

impl CapRows<'_> {
    fn check(&self, sink: &Sink<'_>, data: &PackData, tier: &RowHead, troubles: &mut Troubles) {
        let heads = || std::iter::once(tier).chain(self.rows.iter().map(|row| &row.head));
        let mut cuts = Cuts::default();
        heads().for_each(|head| cuts.take(&head.condition));
        let space = Space::of(heads(), &[], data, &cuts);
        let Some(size) = space.size() else {
            let message = format!(
                "tier \"{}\": the rows of the {} tell apart more than {CELLS_MAX} circumstances",
                self.tier, self.name
            );
            sink.unexpected(tier.at, message, "rows that ask for less");
            return;
        };
        let conditions: Vec<&Condition> = self.rows.iter().map(|row| &row.head.condition).collect();
        let census = Census::take(&space, size, &tier.condition, &conditions, &[]);
        let segments = self.segments();
        let days: Vec<Days> =
            census.cases.iter().map(|case| self.days(&case.rows, &segments)).collect();
        let gaps: Vec<Vec<(usize, usize)>> = days.iter().map(between).collect();
        let place = Cells { space: &space, census: &census };
        self.tell_days(&place, &segments, &days, &gaps, troubles);
        self.tell_levels(&place, &segments, &days, &gaps, troubles);
    }

    /// The days of the tier, cut where a row begins or ends.
    fn segments(&self) -> Vec<Span> {
        let Span { from, to } = self.life;
        let mut days: Vec<Day> = vec![from, to];
        for Ruled { head, .. } in &self.rows {
            let ends = [head.span.from, head.span.to].into_iter();
            days.extend(ends.filter(|day| from < *day && *day < to));
        }
        days.sort_unstable();
        days.dedup();
        days.windows(2).map(|pair| Span { from: pair[0], to: pair[1] }).collect()
    }

    /// Which of the rows, whose conditions hold, counts in each segment: an exception before the others.
    fn days(&self, rows: &[usize], segments: &[Span]) -> Days {
        let counting = |segment: &Span| {
            let mut held = rows.iter().filter(|row| self.rows[**row].head.span.overlaps(*segment));
            let exception = held.clone().find(|row| self.rows[**row].head.exception);
            let row = *exception.or_else(|| held.next())?;
            let limits = match self.rows[row].value.amount {
                CapAmountDraft::Fixed(_) | CapAmountDraft::Approval => true,
                CapAmountDraft::Unlimited => false,
            };
            Some(Counting { row, limits })
        };
        segments.iter().map(counting).collect()
    }

    /// Tells each gap between two rows with the circumstances in which both hold.
    fn tell_days(
        &self,
        place: &Cells<'_>,
        segments: &[Span],
        days: &[Days],
        gaps: &[Vec<(usize, usize)>],
        troubles: &mut Troubles,
    ) {
        let mut marked: BTreeMap<(Day, Day, usize, usize), Vec<bool>> = BTreeMap::new();
        for ((number, days), gaps) in (1_u32..).zip(days).zip(gaps) {
            for (first, beyond) in gaps {
                let row = |segment: usize| days[segment].map_or(0, |counting| counting.row);
                let span = (segments[*first].from, segments[*beyond - 1].to);
                let key = (span.0, span.1, row(*first - 1), row(*beyond));
                let cells = marked.entry(key).or_insert_with(|| place.none());
                place.of_case(number).for_each(|cell| cells[cell] = true);
            }
        }
        for ((from, to, before, after), cells) in marked {
            let (before, after) = (&self.rows[before].head, &self.rows[after].head);
            let told = Told {
                at: after.at,
                message: format!(
                    "tier \"{}\": no row says the {} between the end of the row on line {} and the \
                     begin of this one{}",
                    self.tier,
                    self.name,
                    before.line,
                    place.words(&cells)
                ),
                expected: "an amount or `unlimited = true` for every day between two amounts",
                help: "let one row begin on the day the other ends; where there was no such cap \
                       between them, say so in a row with `unlimited = true` for these days",
            };
            troubles.tell(told, Span { from, to }, self.life);
        }
    }

    /// Tells each level without a row where other levels have one, all else equal.
    fn tell_levels(
        &self,
        place: &Cells<'_>,
        segments: &[Span],
        days: &[Days],
        gaps: &[Vec<(usize, usize)>],
        troubles: &mut Troubles,
    ) {
        for (number, segment) in segments.iter().enumerate() {
            let mut marked: BTreeMap<Vec<usize>, Vec<bool>> = BTreeMap::new();
            for cell in 0..place.census.case_of.len() {
                let Some(case) = place.case(cell) else { continue };
                let in_gap = |(first, beyond): &(usize, usize)| (*first..*beyond).contains(&number);
                if days[case][number].is_some() || gaps[case].iter().any(in_gap) {
                    continue; // There is a row, or the days without were told.
                }
                let others = place.other_levels(cell).into_iter();
                let others = others.filter_map(|other| days[place.case(other)?][number]);
                let mut rows: Vec<usize> =
                    others.filter(|other| other.limits).map(|other| other.row).collect();
                rows.sort_unstable();
                rows.dedup();
                if !rows.is_empty() {
                    marked.entry(rows).or_insert_with(|| place.none())[cell] = true;
                }
            }
            for (rows, cells) in marked {
                let told = self.level_without(&rows, &place.words(&cells));
                troubles.tell(told, *segment, self.life);
            }
        }
    }

    fn level_without(&self, rows: &[usize], where_: &str) -> Told {
        let heads: Vec<&RowHead> = rows.iter().map(|row| &self.rows[*row].head).collect();
        let lines: Vec<String> = heads.iter().skip(1).map(|head| head.line.to_string()).collect();
        let say = match lines.as_slice() {
            [] => "this row says".to_owned(),
            [one] => format!("this row and the one on line {one} say"),
            many => format!("this row and those on lines {} say", many.join(", ")),
        };
        Told {
            at: heads.first().map_or(0, |head| head.at),
            message: format!(
                "tier \"{}\": no row says the {}{where_}; {say} it for other levels",
                self.tier, self.name
            ),
            expected: "an amount or `unlimited = true` for every level, or a row that asks for none",
            help: "write the row of the level; where it has no such cap, say so with its `level` \
                   and `unlimited = true`",
        }
    }
}

/// The runs of segments without a row that lie between two that limit; first and first beyond.
fn between(days: &Days) -> Vec<(usize, usize)> {
    let limits = |counting: &Option<Counting>| counting.is_some_and(|counting| counting.limits);
    let first = days.iter().position(limits);
    let last = days.iter().rposition(limits);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let (Some(first), Some(last)) = (first, last) else { return runs };
    for segment in (first..last).filter(|segment| days[*segment].is_none()) {
        match runs.last_mut() {
            Some((_, beyond)) if *beyond == segment => *beyond += 1,
            Some(_) | None => runs.push((segment, segment + 1)),
        }
    }
    runs
}

/// The circumstances that the rows of a cap tell apart.
struct Cells<'s> {
    space: &'s Space<'s>,
    census: &'s Census,
}

impl Cells<'_> {
    /// The index of the case of a cell; `None` where the tier does not apply.
    fn case(&self, cell: usize) -> Option<usize> {
        let number = usize::try_from(*self.census.case_of.get(cell)?).ok()?;
        number.checked_sub(1)
    }

    fn none(&self) -> Vec<bool> {
        vec![false; self.census.case_of.len()]
    }

    /// The cells of a case, by its number.
    fn of_case(&self, number: u32) -> impl Iterator<Item = usize> {
        let cases = self.census.case_of.iter().enumerate();
        cases.filter(move |(_, case)| **case == number).map(|(cell, _)| cell)
    }

    /// The cells that differ from a cell only in the level.
    fn other_levels(&self, cell: usize) -> Vec<usize> {
        let mut stride = 1;
        for (axis, radix) in &self.space.axes {
            let radix = usize::from(*radix);
            if *axis == Axis::Level {
                let at = cell / stride % radix;
                let others = (0..radix).filter(|other| *other != at);
                return others.map(|other| cell - at * stride + other * stride).collect();
            }
            stride *= radix;
        }
        Vec::new()
    }

    /// Cells in words, for behind a statement; empty for all in which the tier applies.
    fn words(&self, cells: &[bool]) -> String {
        let matters: Vec<bool> = self.census.case_of.iter().map(|case| *case > 0).collect();
        let words = blocks(self.space, cells, &matters);
        if words.is_empty() { words } else { format!(" for {words}") }
    }
}
