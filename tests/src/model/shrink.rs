//! Runs model and engine over a sequence of cases, and makes a sequence on which they differ
//! smaller.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value as Json;
use toml::{Table, Value};

use super::catalogue::Catalogue;
use super::compare::compare;
use super::pack::Pack;
use super::settle::settle_with;
use super::slots::Slots;

/// Settles the cases in order under a pack, slots and balances carried, and answers as `--json`
/// prints, one value a case.
/// An empty answer says that the pack itself was refused.
pub type Engine<'a> = dyn FnMut(&str, &[Json]) -> Vec<Json> + 'a;

/// A sequence on which model and engine differ.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The pack's text.
    pub pack: String,
    /// The cases in order.
    pub cases: Vec<Json>,
    /// What differs, each with the index of its case.
    pub differences: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "--- pack\n{}--- cases", self.pack)?;
        for case in &self.cases {
            writeln!(f, "{case}")?;
        }
        writeln!(f, "--- differences")?;
        self.differences.iter().try_for_each(|d| writeln!(f, "{d}"))
    }
}

/// Model and engine over one sequence; `None` when they agree.
pub fn check(
    engine: &mut Engine<'_>,
    catalogue: &Catalogue,
    pack: &str,
    cases: &[Json],
) -> Option<Failure> {
    let failure = |differences: Vec<String>| {
        Some(Failure { pack: pack.to_owned(), cases: cases.to_vec(), differences })
    };
    let model = match Pack::read(pack) {
        Ok(model) => model,
        Err(error) => return failure(vec![format!("the model cannot read the pack: {error}")]),
    };
    let answers = engine(pack, cases);
    if answers.len() != cases.len() {
        return failure(vec![format!("{} answers for {} cases", answers.len(), cases.len())]);
    }
    let mut slots = Slots::new();
    for (n, (case, answer)) in cases.iter().zip(&answers).enumerate() {
        let outcome = settle_with(&model, catalogue, case, &mut slots);
        let differences = compare(&outcome, answer);
        if !differences.is_empty() {
            return failure(differences.into_iter().map(|d| format!("case {n}: {d}")).collect());
        }
    }
    None
}

/// The smallest failing sequence that dropping bills, tiers, rows and facts of the member leads to.
pub fn shrink(engine: &mut Engine<'_>, catalogue: &Catalogue, failure: Failure) -> Failure {
    let mut best = failure;
    loop {
        let smaller = candidates(&best)
            .into_iter()
            .find_map(|(pack, cases)| still_fails(engine, catalogue, &pack, &cases));
        match smaller {
            Some(failure) => best = failure,
            None => return best,
        }
    }
}

/// The failure of a candidate; a pack that either side refuses, or a panic, is another matter.
fn still_fails(
    engine: &mut Engine<'_>,
    catalogue: &Catalogue,
    pack: &str,
    cases: &[Json],
) -> Option<Failure> {
    let run = || {
        Pack::read(pack).ok()?;
        check(engine, catalogue, pack, cases)
    };
    let failure = catch_unwind(AssertUnwindSafe(run)).ok().flatten()?;
    let bills_differ = |d: &String| d.starts_with("case ") && !d.contains("cannot read");
    failure.differences.iter().all(bills_differ).then_some(failure)
}

/// Everything one step smaller, the greatest steps first.
fn candidates(failure: &Failure) -> Vec<(String, Vec<Json>)> {
    let mut all = Vec::new();
    for n in (0..failure.cases.len()).rev() {
        let mut cases = failure.cases.clone();
        cases.remove(n);
        all.push((failure.pack.clone(), cases));
    }
    for pack in smaller_packs(&failure.pack) {
        all.push((pack, failure.cases.clone()));
    }
    for part in ["member", "visit", "facility"] {
        for key in keys(&failure.cases, part) {
            let mut cases = failure.cases.clone();
            for case in &mut cases {
                if let Some(map) = case.get_mut(part).and_then(Json::as_object_mut) {
                    map.remove(&key);
                }
            }
            all.push((failure.pack.clone(), cases));
        }
    }
    all
}

/// The keys of a part of the cases that a case can do without.
fn keys(cases: &[Json], part: &str) -> Vec<String> {
    const REQUIRED: [&str; 10] = [
        "psn_no",
        "insutype",
        "psn_type",
        "fixmedins_code",
        "admdvs",
        "kind",
        "hosp_lv",
        "med_type",
        "begntime",
        "mdtrt_id",
    ];
    let mut keys: Vec<String> = cases
        .iter()
        .filter_map(|case| case.get(part)?.as_object())
        .flat_map(|map| map.keys().cloned())
        .filter(|key| !REQUIRED.contains(&key.as_str()))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The pack without one tier, or without one row of a tier.
fn smaller_packs(pack: &str) -> Vec<String> {
    let Ok(table) = pack.parse::<Table>() else { return Vec::new() };
    let mut packs = Vec::new();
    let tiers = rows(&table, "tier");
    for n in 0..tiers {
        let mut smaller = table.clone();
        remove(&mut smaller, "tier", n);
        packs.push(smaller);
    }
    for key in ["account", "identity", "disease", "slot", "line_kind", "cover"] {
        for n in 0..rows(&table, key) {
            let mut smaller = table.clone();
            remove(&mut smaller, key, n);
            packs.push(smaller);
        }
    }
    let parts =
        ["first_share", "deductible", "deductible_factor", "band", "change", "cap", "floor", "add"];
    for tier in 0..tiers {
        for part in parts {
            let there = tier_of(&table, tier).map_or(0, |t| rows(t, part));
            for n in 0..there {
                let mut smaller = table.clone();
                if let Some(t) = tier_of_mut(&mut smaller, tier) {
                    remove(t, part, n);
                }
                packs.push(smaller);
            }
        }
    }
    packs.iter().filter_map(|table| toml::to_string(table).ok()).collect()
}

fn rows(table: &Table, key: &str) -> usize {
    table.get(key).and_then(Value::as_array).map_or(0, Vec::len)
}

fn remove(table: &mut Table, key: &str, n: usize) {
    if let Some(rows) = table.get_mut(key).and_then(Value::as_array_mut) {
        rows.remove(n);
    }
    if rows(table, key) == 0 {
        table.remove(key);
    }
}

fn tier_of(table: &Table, n: usize) -> Option<&Table> {
    table.get("tier")?.as_array()?.get(n)?.as_table()
}

fn tier_of_mut(table: &mut Table, n: usize) -> Option<&mut Table> {
    table.get_mut("tier")?.as_array_mut()?.get_mut(n)?.as_table_mut()
}
