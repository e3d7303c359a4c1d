//! Circumstances in words: what a set of cells of a table has in common, as an expert would say it.

use yidan_settlement::pack::{Axis, PackData};

use super::space::{Cuts, Space};

/// The widest block of cells around the first marked one that holds only marked cells (and such as do not matter),
/// in words, and the block itself. Empty words: everywhere that matters.
pub(super) fn block(space: &Space<'_>, marked: &[bool], matters: &[bool]) -> (String, Vec<bool>) {
    let first = marked.iter().position(|mark| *mark).unwrap_or(0);
    let mut sides: Vec<Vec<u16>> = space.point(first).into_iter().map(|at| vec![at]).collect();
    for place in 0..sides.len() {
        for at in 0..space.axes[place].1 {
            if sides[place].contains(&at) {
                continue;
            }
            let mut slab = sides.clone();
            slab[place] = vec![at];
            let fits = |cell: usize| marked[cell] || !matters[cell];
            if cells(space, &slab).into_iter().all(fits) {
                sides[place].push(at);
            }
        }
        sides[place].sort_unstable();
    }
    let mut inside = vec![false; marked.len()];
    for cell in cells(space, &sides) {
        inside[cell] = true;
    }
    let mut words = Vec::new();
    for (place, (axis, radix)) in space.axes.iter().enumerate() {
        if sides[place].len() == usize::from(*radix) {
            continue;
        }
        let telling = |at: &u16| {
            let mut slab = sides.clone();
            slab[place] = vec![*at];
            cells(space, &slab).into_iter().any(|cell| marked[cell])
        };
        let told: Vec<u16> = sides[place].iter().copied().filter(telling).collect();
        words.push(axis_words(*axis, &told, space.data, space.cuts));
    }
    (words.join(", "), inside)
}

/// The cells of a block.
fn cells(space: &Space<'_>, sides: &[Vec<u16>]) -> Vec<usize> {
    let mut cells = vec![0];
    let mut stride = 1;
    for (side, (_, radix)) in sides.iter().zip(&space.axes) {
        let beside = |at: &u16| stride * usize::from(*at);
        cells = side
            .iter()
            .map(beside)
            .flat_map(|step| cells.iter().map(move |cell| cell + step))
            .collect();
        stride *= usize::from(*radix);
    }
    cells
}

/// Coordinates on an axis in words.
fn axis_words(axis: Axis, at: &[u16], data: &PackData, cuts: &Cuts) -> String {
    let numbers = |what: &str| format!("{what} {}", segments(axis, at, cuts));
    let named = |what: &str, name: &dyn Fn(u16) -> String| {
        let names: Vec<String> = at.iter().map(|at| name(*at)).collect();
        format!("{what} {}", names.join(" or "))
    };
    let listed = |list: &[String], first: u16, before: &[&str], at: u16| -> String {
        let name = match at.checked_sub(first) {
            Some(index) => list.get(usize::from(index)).map(String::as_str),
            None => before.get(usize::from(at)).copied(),
        };
        name.unwrap_or("?").to_owned()
    };
    let word = |words: &[&str], at: u16| words.get(usize::from(at)).unwrap_or(&"?").to_string();
    let truth = |what: &str| named(what, &|at| word(&["false", "true"], at));
    let digits = |at: u16| if at == 0 { "none".to_owned() } else { at.to_string() };
    let levels = ["三级", "二级", "一级", "未定级"];
    match axis {
        Axis::Benefit => named("benefit", &|at| {
            data.benefits.get(usize::from(at)).map_or("?", |benefit| &benefit.id).to_owned()
        }),
        Axis::Scheme => named("scheme", &|at| {
            let insutype = data.schemes.get(usize::from(at)).and_then(|scheme| scheme.insutype);
            insutype.map_or("*".to_owned(), |insutype| insutype.to_string())
        }),
        Axis::Covers => named("holding", &|at| covers(at, data)),
        Axis::CivilServant => truth("cvlserv"),
        Axis::Identity => named("identity", &|at| listed(&data.identities, 1, &["none"], at)),
        Axis::Filing => {
            named("filing", &|at| word(&["none", "emergency", "referral", "residence"], at))
        }
        Axis::Distance => named("distance", &|at| word(&["home", "city", "province", "away"], at)),
        Axis::Person => named("person", &|at| listed(&data.persons, 0, &[], at)),
        Axis::Age => numbers("age"),
        Axis::Level => named("level", &|at| word(&levels, at)),
        Axis::DeductibleLevel => named("level for deductibles", &|at| word(&levels, at)),
        Axis::Contribution => {
            named("contribution", &|at| listed(&data.contributions, 1, &["none"], at))
        }
        Axis::PaidYears => numbers("paid years"),
        Axis::Disease => named("disease", &|at| listed(&data.diseases, 2, &["none", "other"], at)),
        Axis::Accident => truth("accident"),
        Axis::Approvals => numbers("approvals"),
        Axis::Pregnancy => truth("pregnancy"),
        Axis::Birth => named("birth", &digits),
        Axis::FamilyPlanning => named("family planning", &digits),
        Axis::Fetuses => numbers("fetuses"),
        Axis::Continued => truth("continued"),
        Axis::Channel => named("channel", &|at| word(&["direct", "manual"], at)),
    }
}

fn covers(bits: u16, data: &PackData) -> String {
    let held = (0_u16..).zip(&data.covers).filter(|(bit, _)| bits >> bit & 1 == 1);
    let held: Vec<String> = held.map(|(_, cover)| cover.to_string()).collect();
    if held.is_empty() { "no cover besides".to_owned() } else { held.join(" and ") }
}

/// Segments of a number, neighbours joined: `below 18 or from 60`.
fn segments(axis: Axis, at: &[u16], cuts: &Cuts) -> String {
    let cuts = cuts.of(axis);
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for segment in at {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*segment) => *last = *segment,
            _ => runs.push((*segment, *segment)),
        }
    }
    let start =
        |segment: u16| segment.checked_sub(1).and_then(|cut| cuts.get(usize::from(cut)).copied());
    let beyond = |segment: u16| cuts.get(usize::from(segment)).copied();
    let text = |(first, last): &(u16, u16)| match (start(*first), beyond(*last)) {
        (Some(from), Some(to)) if to == from.saturating_add(1) => from.to_string(),
        (Some(from), Some(to)) => format!("{from} to {}", to.saturating_sub(1)),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("below {to}"),
        (None, None) => "any".to_owned(),
    };
    runs.iter().map(text).collect::<Vec<String>>().join(" or ")
}
