//! Lays a region's rows over the national base, period by period.

use std::collections::BTreeMap;
use std::sync::Arc;

use yidan_settlement::date::Span;

use crate::entry::EntryRow;
use crate::problem::Problems;

/// The rows of each code, by period.
pub(crate) type Rows = BTreeMap<Arc<str>, Vec<EntryRow>>;

/// Rows by code and period; two that hold on one day are a problem that names both lines.
pub(crate) fn by_code(rows: Vec<EntryRow>, problems: &mut Problems) -> Rows {
    let mut by_code = Rows::new();
    for row in rows {
        by_code.entry(Arc::clone(&row.code)).or_default().push(row);
    }
    for (code, rows) in &mut by_code {
        rows.sort_by_key(|row| row.valid.from);
        for pair in rows.windows(2) {
            let [before, after] = pair else { continue };
            if before.valid.overlaps(after.valid) {
                let found = format!(
                    "{code} from {} on, while {}:{} holds until {}",
                    after.valid.from, before.file, before.line, before.valid.to
                );
                let expected = "periods of a code that share no day (to is the first day after)";
                problems.add((&after.file, after.line), "from", found, expected);
            }
        }
    }
    by_code
}

/// The base with a region's rows over it: each holds alone in its period, and what the base says
/// before and after stays.
pub(crate) fn overlay(base: &Rows, region: &Rows) -> Rows {
    let mut all = base.clone();
    for (code, rows) in region {
        let below = all.remove(code).unwrap_or_default();
        let mut laid: Vec<EntryRow> =
            below.into_iter().flat_map(|row| uncovered(&row, rows)).collect();
        laid.extend(rows.iter().filter(|row| row.facts.is_some()).cloned());
        laid.sort_by_key(|row| row.valid.from);
        if !laid.is_empty() {
            all.insert(Arc::clone(code), laid);
        }
    }
    all
}

/// The parts of a row's period that no row above covers; the rows above are in order.
fn uncovered(row: &EntryRow, above: &[EntryRow]) -> Vec<EntryRow> {
    let mut parts = Vec::new();
    let mut rest = row.valid;
    for cover in above.iter().map(|row| row.valid) {
        if !rest.overlaps(cover) {
            continue;
        }
        if rest.from < cover.from {
            parts.push(Span { from: rest.from, to: cover.from });
        }
        rest.from = cover.to.min(rest.to);
    }
    if rest.from < rest.to {
        parts.push(rest);
    }
    parts.into_iter().map(|valid| EntryRow { valid, ..row.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use yidan_settlement::date::Day;

    use super::*;

    fn row(from: i32, to: i32, line: u64) -> EntryRow {
        let valid = Span { from: Day::new(from), to: Day::new(to) };
        EntryRow { code: "A".into(), valid, facts: None, file: "f".into(), line }
    }

    #[test]
    fn a_row_keeps_what_is_left_of_it_on_both_sides() {
        let left = |above: &[EntryRow]| -> Vec<(i32, i32)> {
            let parts = uncovered(&row(10, 20, 1), above);
            parts.iter().map(|p| (p.valid.from.get(), p.valid.to.get())).collect()
        };
        assert_eq!(left(&[]), [(10, 20)]);
        assert_eq!(left(&[row(12, 14, 2)]), [(10, 12), (14, 20)]);
        assert_eq!(left(&[row(5, 12, 2), row(18, 30, 3)]), [(12, 18)]);
        assert_eq!(left(&[row(10, 20, 2)]), []);
        assert_eq!(left(&[row(5, 10, 2), row(20, 30, 3)]), [(10, 20)]);
    }

    #[test]
    fn periods_that_share_a_day_name_both_lines() {
        let mut problems = Problems::default();
        by_code(vec![row(10, 20, 2), row(19, 30, 3), row(30, 40, 4)], &mut problems);
        let problems = problems.sorted();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 3);
        assert!(problems[0].found.contains("f:2"), "{}", problems[0]);
    }
}
