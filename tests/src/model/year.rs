//! The parts into which a stay over year ends is divided (POLICY.md §5).

use super::case::{BillIn, Case};
use super::date::Date;
use super::facts::{Facts, Governing, spell};
use super::pack::Pack;
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
    let years: Vec<i32> = (case.visit.begin.year..=case.visit.end.year).collect();
    let by_lines = matches!(case.bill, BillIn::Lines(_));
    let divided = match pack.year.rule.as_str() {
        "split" => true,
        "cut" => pack.year.cut_for == "all" || ends(pack, case, admitted),
        _ => false,
    };
    if !divided || !by_lines || years.len() == 1 {
        return vec![YearPart { facts: whole, items, no_deductible: false }];
    }
    let mut parts = Vec::new();
    for year in &years {
        let mine = |item: &&Item| item.day.map(|day| within(day, case)) == Some(*year);
        let items = items.iter().filter(mine).cloned().collect();
        if pack.year.rule == "split" {
            let facts = Facts { year: *year, ..whole.clone() };
            parts.push(YearPart { facts, items, no_deductible: false });
        } else {
            parts.push(cut(pack, case, admitted, *year, items));
        }
    }
    parts
}

/// The year of the part in which a fee day lies.
fn within(day: Date, case: &Case) -> i32 {
    day.year.clamp(case.visit.begin.year, case.visit.end.year)
}

fn last_day(year: i32) -> Date {
    Date { year, month: 12, day: 31 }
}

/// The governing day of the part of a year: 31 December or the discharge, not after the last day of
/// cover.
fn governing(case: &Case, year: i32) -> Governing {
    let day = last_day(year).min(case.visit.end);
    let last = spell(case).and_then(|s| s.span.to).map(Date::previous);
    Governing::all(last.map_or(day, |last| day.min(last)))
}

/// Whether the member's identity class or cover is not the same on 31 December and at discharge.
fn ends(pack: &Pack, case: &Case, admitted: &Admitted<'_>) -> bool {
    let on = |year: i32| Facts::of(pack, case, admitted.benefit, governing(case, year));
    let (before, after) = (on(case.visit.begin.year), on(case.visit.end.year));
    before.identity != after.identity || before.held != after.held
}

/// The part of one year of a stay that is cut.
fn cut(pack: &Pack, case: &Case, admitted: &Admitted<'_>, year: i32, items: Vec<Item>) -> YearPart {
    let mut facts = Facts::of(pack, case, admitted.benefit, governing(case, year));
    let first_day = case.visit.begin.max(Date { year, month: 1, day: 1 });
    facts.days = first_day.days_to(last_day(year).min(case.visit.end)).max(1);
    let second = year > case.visit.begin.year;
    if second {
        facts.stay = format!("{}+{year}", facts.stay);
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
