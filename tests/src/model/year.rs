//! The parts into which a stay over year ends is divided (POLICY.md §5).

use super::case::Case;
use super::date::Date;
use super::facts::{Facts, Governing, cover_ends};
use super::pack::{Benefit, Pack};
use super::refusal::Admitted;
use super::settle::Item;

/// One part, with the facts that govern it and the bits of the bill in it.
pub(crate) struct YearPart {
    pub(crate) facts: Facts,
    pub(crate) items: Vec<Item>,
    pub(crate) no_deductible: bool,
}

/// The parts of a bill; one, unless the pack divides stays and this one crosses a year end.
pub(crate) fn parts_of(
    pack: &Pack,
    case: &Case,
    admitted: &Admitted<'_>,
    items: Vec<Item>,
) -> Vec<YearPart> {
    let whole = Facts::of(pack, case, admitted.benefit, admitted.on);
    if !divided(pack, case, admitted.benefit) {
        return vec![YearPart { facts: whole, items, no_deductible: false }];
    }
    let mut parts = Vec::new();
    for year in &(case.visit.begin.year..=last_covered(case).year).collect::<Vec<i32>>() {
        let mine = |item: &&Item| item.day.map(|day| within(day, case)) == Some(*year);
        let items = items.iter().filter(mine).cloned().collect();
        if pack.year.rule == "split" {
            let slots_day = last_day(*year).min(last_covered(case));
            let facts = Facts { year: *year, slots_day, ..whole.clone() };
            parts.push(YearPart { facts, items, no_deductible: false });
        } else {
            parts.push(cut(pack, case, admitted, *year, items));
        }
    }
    parts
}

/// Whether the year rule divides the stay.
pub(crate) fn divided(pack: &Pack, case: &Case, benefit: &Benefit) -> bool {
    let crosses = case.visit.begin.year < last_covered(case).year;
    let rule = match pack.year.rule.as_str() {
        "split" => true,
        "cut" => pack.year.cut_for == "all" || ends(pack, case, benefit),
        _ => false,
    };
    crosses && rule
}

/// What governs the first part of a stay that is cut.
pub(crate) fn first_governing(pack: &Pack, case: &Case, benefit: &Benefit) -> Option<Governing> {
    let cut = pack.year.rule == "cut" && divided(pack, case, benefit);
    cut.then(|| governing(case, case.visit.begin.year))
}

/// The day by which the age counts for a line of a fee day.
pub(crate) fn age_day(pack: &Pack, case: &Case, admitted: &Admitted<'_>, day: Date) -> Date {
    if pack.year.rule == "cut" && divided(pack, case, admitted.benefit) {
        governing(case, within(day, case)).age
    } else {
        admitted.on.age
    }
}

/// The year of the part in which a fee day lies.
pub(crate) fn within(day: Date, case: &Case) -> i32 {
    day.year.clamp(case.visit.begin.year, last_covered(case).year)
}

/// The last day of the stay that is covered.
fn last_covered(case: &Case) -> Date {
    let last = cover_ends(case).map(Date::previous);
    last.map_or(case.visit.end, |last| case.visit.end.min(last))
}

fn last_day(year: i32) -> Date {
    Date { year, month: 12, day: 31 }
}

/// The governing day of the part of a year: 31 December or the discharge, not after the last day of
/// cover.
pub(crate) fn governing(case: &Case, year: i32) -> Governing {
    Governing::all(last_day(year).min(last_covered(case)))
}

/// Whether the member's identity class or cover is not the same on 31 December and at discharge.
fn ends(pack: &Pack, case: &Case, benefit: &Benefit) -> bool {
    let on = |year: i32| Facts::of(pack, case, benefit, governing(case, year));
    let last = last_covered(case).year;
    let after = on(last);
    (case.visit.begin.year..last)
        .map(on)
        .any(|before| before.identity != after.identity || before.held != after.held)
}

/// The part of one year of a stay that is cut.
fn cut(pack: &Pack, case: &Case, admitted: &Admitted<'_>, year: i32, items: Vec<Item>) -> YearPart {
    let mut facts = Facts::of(pack, case, admitted.benefit, governing(case, year));
    let second = year > case.visit.begin.year;
    if second {
        facts.stay = format!("{}+{}", facts.stay, year - case.visit.begin.year);
        facts.continued = false;
    }
    let admitted_on = case.visit.begin.text();
    let no_deductible = second
        && match pack.year.second_deductible.as_str() {
            "nought" => true,
            "nought_if_admitted_from" => {
                admitted_on.get(5..).is_some_and(|day| day >= pack.year.second_from.as_str())
            }
            _ => false,
        };
    YearPart { facts, items, no_deductible }
}
