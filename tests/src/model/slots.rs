//! Accumulators and account balances of members, kept from bill to bill of a sequence.

use std::collections::{BTreeMap, BTreeSet};

use super::case::Case;
use super::exact::{Fen, yuan};
use super::facts::Facts;
use super::pack::{Pack, SlotRow};

/// The name of one accumulator: its scope (`2026`, `stay:V1`, `life`) and its slot with the
/// sub-key.
pub type Place = (String, String);

/// What is kept of every member.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Slots {
    values: BTreeMap<(String, Place), Fen>,
    balances: BTreeMap<String, Fen>,
    known: BTreeSet<String>,
}

impl Slots {
    /// Nothing accumulated by anybody.
    pub fn new() -> Slots {
        Slots::default()
    }

    /// The value of one accumulator of a member, in fen or as a count; nought when it was never
    /// written.
    pub fn get(&self, psn_no: &str, scope: &str, slot: &str) -> Fen {
        self.at(psn_no, &(scope.to_owned(), slot.to_owned()))
    }

    pub(crate) fn at(&self, psn_no: &str, place: &Place) -> Fen {
        self.values.get(&(psn_no.to_owned(), place.clone())).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, psn_no: &str, place: &Place, amount: Fen) {
        *self.values.entry((psn_no.to_owned(), place.clone())).or_insert(0) += amount;
    }

    pub(crate) fn set(&mut self, psn_no: &str, place: &Place, amount: Fen) {
        self.values.insert((psn_no.to_owned(), place.clone()), amount);
    }

    /// The account balance of a member, nought when none was given.
    pub(crate) fn balance(&self, psn_no: &str) -> Fen {
        self.balances.get(psn_no).copied().unwrap_or(0)
    }

    pub(crate) fn spend(&mut self, psn_no: &str, amount: Fen) {
        *self.balances.entry(psn_no.to_owned()).or_insert(0) -= amount;
    }

    /// All accumulators of a member that are not nought, with counts and fen alike as numbers.
    pub fn of(&self, psn_no: &str) -> BTreeMap<Place, Fen> {
        let own = self.values.iter().filter(|((who, _), value)| who == psn_no && **value != 0);
        own.map(|((_, place), value)| (place.clone(), *value)).collect()
    }

    /// Takes in what the first case of a member brings.
    pub(crate) fn bring(&mut self, pack: &Pack, case: &Case) {
        let psn_no = &case.member.psn_no;
        if self.known.insert(psn_no.clone()) {
            for (scope, values) in &case.member.slots {
                for (name, value) in values {
                    let id = name.split('[').next().unwrap_or(name);
                    let scale = if pack.slot(id).count { 1 } else { 100 };
                    let value = (value * scale).to_integer();
                    self.set(psn_no, &(scope.clone(), name.clone()), value);
                }
            }
        }
        let own = case.member.balance.map(|balance| (psn_no.clone(), Some(balance)));
        for (who, balance) in own.into_iter().chain(case.member.family.iter().cloned()) {
            if let Some(balance) = balance {
                self.balances.insert(who, balance);
            }
        }
    }

    /// A printable list of a member's accumulators.
    pub fn show(&self, psn_no: &str) -> String {
        let lines = self.of(psn_no).into_iter();
        lines.map(|((scope, slot), v)| format!("{scope} {slot} {}\n", yuan(v))).collect()
    }
}

/// Where a slot of the pack lies for this settlement.
pub(crate) fn place(slot: &SlotRow, facts: &Facts) -> Place {
    let in_year = facts.slots_day;
    let scope = match slot.scope.as_str() {
        "stay" => format!("stay:{}", facts.stay),
        "day" => format!("day:{}", facts.slots_day.text()),
        "month" => format!("month:{}", in_year.month_text()),
        "quarter" => format!("quarter:{}", in_year.quarter_text()),
        "year" => facts.year.to_string(),
        "filing" => format!("filing:{}", facts.filing_record),
        "life" => "life".to_owned(),
        other => panic!("`{other}` is not a scope"),
    };
    let sub_key = match slot.key.as_deref() {
        None => None,
        Some("disease") => facts.disease_code.clone(),
        Some("disease_group") => facts.disease_group.clone(),
        Some("scheme") => Some(facts.scheme.clone()),
        Some(other) => panic!("`{other}` is not a sub-key"),
    };
    let name = match sub_key {
        None => slot.id.clone(),
        Some(key) => format!("{}[{key}]", slot.id),
    };
    (scope, name)
}
