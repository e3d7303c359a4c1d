//! Conditions of rows, evaluated one key after another on the facts of the case; nothing is
//! compiled.

use super::date::{Date, Span};
use super::facts::Facts;
use super::fields::Fields;

/// The keys of POLICY.md §2, without the dates.
const KEYS: [&str; 27] = [
    "benefit",
    "scheme",
    "holds",
    "lacks",
    "cvlserv",
    "identity",
    "filing",
    "distance",
    "off_region",
    "person",
    "age_from",
    "age_below",
    "level",
    "contribution",
    "paid_years_from",
    "paid_years_below",
    "disease",
    "disease_group",
    "accident",
    "approvals_from",
    "approvals_below",
    "pregnancy",
    "birth",
    "family_planning",
    "fetuses_from",
    "fetuses_below",
    "continued",
];

/// The conditions of a row: all must hold, each by one of its values.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    tests: Vec<(String, Vec<String>)>,
    span: Span,
}

impl Conditions {
    /// Takes the conditions out of a row's table.
    pub(crate) fn read(fields: &mut Fields) -> Result<Conditions, String> {
        let mut tests = Vec::new();
        for key in KEYS.into_iter().chain(["channel"]) {
            // In a deductible `continued` as a word is no condition: it says what becomes of it.
            if key == "continued" && fields.is_word(key) {
                continue;
            }
            if let Some(values) = fields.texts(key)? {
                tests.push((key.to_owned(), values));
            }
        }
        let span = Span { from: fields.date("from")?, to: fields.date("to")? };
        Ok(Conditions { tests, span })
    }

    /// Whether the age is asked for on a day.
    pub(crate) fn asks_for_age(&self, day: Date) -> bool {
        let of_age = |(key, _): &(String, Vec<String>)| key == "age_from" || key == "age_below";
        self.span.contains(day) && self.tests.iter().any(of_age)
    }

    /// Whether the row stands on a day.
    pub(crate) fn stands(&self, day: Date) -> bool {
        self.span.contains(day)
    }

    /// Whether all hold; `level` is the facility's level as this row means it.
    pub(crate) fn hold(&self, facts: &Facts, level: &str) -> bool {
        self.span.contains(facts.day)
            && self
                .tests
                .iter()
                .all(|(key, values)| values.iter().any(|value| holds(key, value, facts, level)))
    }
}

fn number(value: &str) -> i128 {
    value.parse().expect("a condition on a number has a whole number")
}

/// One key with one value.
fn holds(key: &str, value: &str, facts: &Facts, level: &str) -> bool {
    let truth = |fact: bool| value == fact.to_string();
    match key {
        "benefit" => facts.benefit == value,
        "scheme" => facts.scheme == value,
        "holds" => facts.held.iter().any(|h| h == value),
        "lacks" => !facts.held.iter().any(|h| h == value),
        "cvlserv" => truth(facts.civil_servant),
        "identity" => facts.identity == value,
        "filing" => facts.filing == value,
        "distance" => facts.distance == value,
        "off_region" => truth(facts.off_region),
        "person" => facts.person == value,
        "age_from" => facts.age.is_some_and(|age| age >= number(value)),
        "age_below" => facts.age.is_some_and(|age| age < number(value)),
        "level" => level == value,
        "contribution" => facts.contribution == value,
        "paid_years_from" => facts.paid_years >= number(value),
        "paid_years_below" => facts.paid_years < number(value),
        "disease" => facts.disease == value,
        "disease_group" => facts.disease_group.as_deref() == Some(value),
        "accident" => truth(facts.accident),
        "approvals_from" => facts.approvals >= number(value),
        "approvals_below" => facts.approvals < number(value),
        "pregnancy" => truth(facts.pregnancy.is_some()),
        "birth" => facts.birth == value,
        "family_planning" => facts.family_planning == value,
        "fetuses_from" => facts.fetuses >= number(value),
        "fetuses_below" => facts.fetuses < number(value),
        "continued" => truth(facts.continued),
        "channel" => facts.channel == value,
        _ => panic!("`{key}` is not a condition"),
    }
}
