//! What the rows that hold in a circumstance come to: one row of the table, or what is wrong with them together.

use yidan_settlement::id::{LineKind, SlotId};
use yidan_settlement::limits;
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{Band, Basis, BasisOf, Cap, CapAmount, Floor, KindBands, Row};

use super::condition::RowHead;
use super::ratio::{self, RatioFault, Step};
use super::tier::{CapAmountDraft, CapDraft, CapOn, Change, ChangeOf, Plus, Ruled, TierDraft};

/// Which rows of each part hold, by index, and the numbers that values depend on.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) first_shares: Vec<usize>,
    pub(super) deductibles: Vec<usize>,
    pub(super) factors: Vec<usize>,
    pub(super) bands: Vec<usize>,
    pub(super) changes: Vec<usize>,
    pub(super) caps: Vec<usize>,
    pub(super) floors: Vec<usize>,
    /// Only adds with conditions of their own.
    pub(super) adds: Vec<usize>,
    /// Least age of the segment, where points grow with age; else nought.
    pub(super) age: u16,
    /// Least paid years of the segment, where a cap grows with them; else nought.
    pub(super) paid_years: u16,
}

/// What is wrong in a circumstance.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(super) enum Problem {
    /// No row of the part holds.
    Gap(&'static str),
    /// Two rows of the part hold; where the two begin, and on which lines.
    Overlap(&'static str, (usize, u32), (usize, u32)),
    /// A ratio after changes is none; where the band row begins, and what happened.
    Ratio(usize, String),
}

impl Held {
    /// From the numbers of rows counted through all parts in the order of [`heads`].
    pub(super) fn of(draft: &TierDraft, rows: &[usize]) -> Held {
        let mut first = 0;
        let mut next = |length: usize| {
            let part = first..first + length;
            first += length;
            let held = rows.iter().filter(|row| part.contains(row));
            held.map(|row| row - part.start).collect()
        };
        Held {
            first_shares: next(draft.first_shares.len()),
            deductibles: next(draft.deductibles.len()),
            factors: next(draft.factors.len()),
            bands: next(draft.bands.len()),
            changes: next(draft.changes.len()),
            caps: next(draft.caps.len()),
            floors: next(draft.floors.len()),
            adds: next(draft.adds.len()),
            age: 0,
            paid_years: 0,
        }
    }

    /// Whether a row marked as penalty is among them.
    pub(super) fn penalised(&self, draft: &TierDraft) -> bool {
        self.first_shares.iter().any(|row| draft.first_shares[*row].value.penalty)
            || self.changes.iter().any(|row| draft.changes[*row].value.penalty)
    }

    /// The same without what is marked as penalty.
    pub(super) fn unpenalised(&self, draft: &TierDraft) -> Held {
        let mut rest = self.clone();
        rest.first_shares.retain(|row| !draft.first_shares[*row].value.penalty);
        rest.changes.retain(|row| !draft.changes[*row].value.penalty);
        rest
    }
}

/// The heads of all rows of a tier, part after part.
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

/// The row that the held rows come to; `None` when some problem leaves none.
pub(super) fn row(draft: &TierDraft, held: &Held, problems: &mut Vec<Problem>) -> Option<Row> {
    let mut basis = Vec::new();
    let first_share = only(&draft.first_shares, &held.first_shares, "first_share", problems);
    cite(&mut basis, BasisOf::FirstShare, first_share);
    let deductible = only(&draft.deductibles, &held.deductibles, "deductible", problems);
    if deductible.is_none() && !draft.deductibles.is_empty() {
        problems.push(Problem::Gap("deductible"));
    }
    cite(&mut basis, BasisOf::Deductible, deductible);
    let factors = all(&draft.factors, &held.factors, "deductible_factor", problems);
    if deductible.is_some() {
        factors.iter().for_each(|factor| cite(&mut basis, BasisOf::Factor, Some(*factor)));
    }
    let band = only(&draft.bands, &held.bands, "band", problems);
    let Some(band) = band else {
        // That a tier has no bands at all is told once, by the rules.
        problems.extend((!draft.bands.is_empty()).then_some(Problem::Gap("band")));
        return None;
    };
    cite(&mut basis, BasisOf::Bands, Some(band));
    let changes = all(&draft.changes, &held.changes, "change", problems);
    changes.iter().for_each(|change| cite(&mut basis, BasisOf::Change, Some(*change)));
    let changed = Changed { draft, band, changes: &changes, age: held.age };
    let (bands, kind_bands) = changed.bands(problems)?;
    let floor = only(&draft.floors, &held.floors, "floor", problems);
    let caps = caps(draft, held, problems);
    let on = |wanted: CapOn| {
        let of = caps.iter().filter(|(on, _)| *on == wanted);
        of.map(|(_, cap)| cap.clone()).collect()
    };
    Some(Row {
        first_share: first_share.map_or(Rate::ZERO, |row| row.value.rate),
        deductible: deductible.map(|row| {
            let mut deductible = row.value.clone();
            deductible.factors = factors.iter().map(|factor| factor.value).collect();
            deductible
        }),
        bands,
        kind_bands,
        cost_before: on(CapOn::CostBefore),
        cost_after: on(CapOn::CostAfter),
        payment: on(CapOn::Payment),
        floor: floor.map(|row| Floor {
            rate: row.value.rate,
            of_total: row.value.of_total,
            without_deductible: row.value.without_deductible,
            source: row.head.source,
        }),
        adds: held.adds.iter().map(|row| draft.adds[*row].value).collect(),
        unpenalised: None,
        plain: None,
        basis,
    })
}

/// The one row that counts of a part of which one may hold: the exception, if one holds, else the only one.
pub(super) fn only<'d, T>(
    rows: &'d [Ruled<T>],
    held: &[usize],
    part: &'static str,
    problems: &mut Vec<Problem>,
) -> Option<&'d Ruled<T>> {
    let exceptions: Vec<usize> =
        held.iter().copied().filter(|row| rows[*row].head.exception).collect();
    let counting = if exceptions.is_empty() { held } else { &exceptions };
    for pair in counting.windows(2) {
        let place = |of: usize| (rows[pair[of]].head.at, rows[pair[of]].head.line);
        problems.push(Problem::Overlap(part, place(0), place(1)));
    }
    counting.first().map(|row| &rows[*row])
}

/// The rows that count of a part of which all hold: the exception alone, if one holds.
fn all<'d, T>(
    rows: &'d [Ruled<T>],
    held: &[usize],
    part: &'static str,
    problems: &mut Vec<Problem>,
) -> Vec<&'d Ruled<T>> {
    if held.iter().any(|row| rows[*row].head.exception) {
        return only(rows, held, part, problems).into_iter().collect();
    }
    held.iter().map(|row| &rows[*row]).collect()
}

fn cite<T>(basis: &mut Vec<Basis>, of: BasisOf, row: Option<&Ruled<T>>) {
    let cited = row.map(|row| Basis { of, source: row.head.source });
    if let Some(cited) = cited.filter(|cited| !basis.contains(cited)) {
        basis.push(cited);
    }
}

/// A band row with the changes of a circumstance.
struct Changed<'d> {
    draft: &'d TierDraft,
    band: &'d Ruled<Vec<Band>>,
    changes: &'d [&'d Ruled<Change>],
    age: u16,
}

impl Changed<'_> {
    /// Bands for all kinds, and those of each kind where they differ.
    fn bands(&self, problems: &mut Vec<Problem>) -> Option<(Vec<Band>, Vec<KindBands>)> {
        if self.changes.iter().all(|change| change.value.kinds.is_none()) {
            return self.changed(None, problems).map(|bands| (bands, Vec::new()));
        }
        let mut own = Vec::new();
        for kind in &self.draft.kinds {
            own.push(KindBands { kind: *kind, bands: self.changed(Some(*kind), problems)? });
        }
        let first = own.first()?.bands.clone();
        if own.iter().all(|kind| kind.bands == first) {
            return Some((first, Vec::new()));
        }
        // Read only where kinds are not told apart; where it would be no ratio the first kind stands for all.
        let bands = self.changed(None, &mut Vec::new()).unwrap_or(first);
        Some((bands, own))
    }

    fn changed(&self, kind: Option<LineKind>, problems: &mut Vec<Problem>) -> Option<Vec<Band>> {
        let applies = |change: &Change| match &change.kinds {
            Some(kinds) => kind.is_some_and(|kind| kinds.contains(&kind)),
            None => true,
        };
        let applied: Vec<&Ruled<Change>> =
            self.changes.iter().copied().filter(|row| applies(&row.value)).collect();
        let steps: Vec<Step> =
            applied.iter().map(|row| ratio::step(row.value.of, self.age)).collect();
        let mut bands = Vec::new();
        for band in &self.band.value {
            match ratio::after(band.rate, &steps, self.draft.changes_listed) {
                Ok(rate) => bands.push(Band { to: band.to, rate }),
                Err(fault) => {
                    let lines: Vec<String> =
                        applied.iter().map(|row| row.head.line.to_string()).collect();
                    let text = ratio_words(band.rate, &fault, &lines);
                    problems.push(Problem::Ratio(self.band.head.at, text));
                    return None;
                }
            }
        }
        Some(bands)
    }
}

fn ratio_words(rate: Rate, fault: &RatioFault, lines: &[String]) -> String {
    let by = match lines {
        [one] => format!("the change on line {one}"),
        many => format!("the changes on lines {}", many.join(", ")),
    };
    match fault {
        RatioFault::NotWhole(percent) => {
            format!("{rate} becomes {percent} by {by}: more than two decimals")
        }
        RatioFault::Outside(percent) => {
            format!("{rate} becomes {percent} by {by}: not between 0% and 100%")
        }
        RatioFault::TooManyFactors => format!("{rate} meets too many factors by {by}"),
    }
}

/// The caps that hold: of each kind and slot the one that counts.
fn caps(draft: &TierDraft, held: &Held, problems: &mut Vec<Problem>) -> Vec<(CapOn, Cap)> {
    let key = |row: usize| -> (CapOn, Option<SlotId>) {
        let CapDraft { on, slot, .. } = draft.caps[row].value;
        (on, slot)
    };
    let mut groups: Vec<(CapOn, Option<SlotId>)> = Vec::new();
    for row in &held.caps {
        if !groups.contains(&key(*row)) {
            groups.push(key(*row));
        }
    }
    let mut chosen = Vec::new();
    for group in groups {
        let rows: Vec<usize> = held.caps.iter().copied().filter(|row| key(*row) == group).collect();
        let Some(row) = only(&draft.caps, &rows, "cap", problems) else { continue };
        let amount = match row.value.amount {
            CapAmountDraft::Fixed(amount) => {
                CapAmount::Fixed(amount.plus(bonus(row.value.plus, held.paid_years)))
            }
            CapAmountDraft::Approval => CapAmount::Approval,
            CapAmountDraft::Unlimited => continue,
        };
        let CapDraft { on, slot, per, .. } = row.value;
        chosen.push((on, Cap { amount, per, slot, source: row.head.source }));
    }
    chosen
}

/// What paid years add to a cap.
fn bonus(plus: Option<Plus>, paid_years: u16) -> Fen {
    let Some(Plus { from, each, most }) = plus else { return Fen::ZERO };
    let years = (i64::from(paid_years) + 1 - i64::from(from)).max(0);
    each.times(years).min(most)
}

/// The paid years at which a bonus changes.
pub(super) fn bonus_cuts(plus: &Plus) -> impl Iterator<Item = u16> + use<> {
    let years = (plus.most.get() + plus.each.get() - 1) / plus.each.get();
    let years = u16::try_from(years).unwrap_or(u16::MAX);
    (plus.from..plus.from.saturating_add(years)).take(usize::from(limits::AGE_MAX))
}

/// The ages at which a change changes.
pub(super) fn change_cuts(of: ChangeOf) -> impl Iterator<Item = u16> {
    let (from, years) = match of {
        ChangeOf::PointsPerYear { from, each, most } => (from, ratio::growing_years(each, most)),
        ChangeOf::Factor(_) | ChangeOf::Points(_) | ChangeOf::Floor(_) | ChangeOf::Ceiling(_) => {
            (0, 0)
        }
    };
    (from..from.saturating_add(years)).take_while(|age| *age <= limits::AGE_MAX)
}
