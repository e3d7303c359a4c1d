//! People who do not exist: their insurance, age, approvals and luck.

use serde_json::{Value, json};
use yidan_settlement::date::Day;
use yidan_settlement::pack::Pack;

use super::dice::Dice;
use super::place::Place;

/// What brings a person to a doctor in this year.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Course {
    /// A cold, a check, a box of pills.
    Ordinary,
    /// A long illness with an approval.
    Chronic,
    /// Weeks in hospital, large bills.
    Severe,
    /// A birth.
    Birth,
    /// Care far from home.
    Away,
}

/// A person.
pub(super) struct Person {
    pub(super) number: String,
    pub(super) employee: bool,
    pub(super) course: Course,
    /// The approved disease, if any.
    pub(super) disease: Option<&'static str>,
    /// Whether an identity class is in force.
    pub(super) poor: bool,
    /// Own account, in yuan.
    pub(super) balance: u64,
    pub(super) member: Value,
}

/// Makes up the n-th person of a place.
pub(super) fn make(place: &Place, pack: &Pack, number: u32, dice: &mut Dice) -> Person {
    let course = match dice.below(100) {
        0..45 => Course::Ordinary,
        45..75 => Course::Chronic,
        75..85 => Course::Severe,
        85..92 => Course::Birth,
        _ => Course::Away,
    };
    let birth = course == Course::Birth;
    let employee = dice.percent(if birth { 70 } else { 50 });
    let poor = !employee && dice.percent(if course == Course::Severe { 60 } else { 12 });
    let (age, psn_type) = match (employee, birth) {
        (true, false) if dice.percent(45) => (dice.between(56, 82), "12"),
        (true, false) => (dice.between(23, 58), "11"),
        (true, true) => (dice.between(24, 38), "11"),
        (false, true) => (dice.between(22, 38), "15"),
        (false, false) if dice.percent(15) => (dice.between(3, 17), "14"),
        (false, false) => (dice.between(25, 84), "15"),
    };
    let psn_no = format!("{}Q{number:06}", place.pool);
    let insutype = if employee { "310" } else { "390" };
    let year = 2025 - age;
    let mut member = json!({
        "psn_no": psn_no,
        "insutype": insutype,
        "psn_type": psn_type,
        "gend": if birth || dice.percent(50) { "2" } else { "1" },
        "brdy": format!("{year:04}-{:02}-{:02}", dice.between(1, 12), dice.between(1, 28)),
        "paid_years": dice.between(1, age.min(30)),
        "spells": [{ "insutype": insutype, "from": "2015-01-01" }],
    });
    if employee {
        if let Some(class) = dice.of(&pack.data().contributions) {
            member["contribution_class"] = json!(class);
        }
        if dice.percent(60) {
            let large = json!({ "insutype": "330", "from": "2015-01-01" });
            if let Some(spells) = member["spells"].as_array_mut() {
                spells.push(large);
            }
        }
    }
    if poor {
        let class = dice.of(&["2304", "2303", "2303", "2305", "2306"]).unwrap_or(&"2303");
        member["identities"] = json!([{ "type": class, "from": "2024-01-01" }]);
    }
    let ill = matches!(course, Course::Chronic | Course::Severe);
    let disease = if ill { disease_of(place, course, dice) } else { None };
    if let Some(disease) = disease {
        member["approvals"] = json!([{ "dise_codg": disease, "from": "2024-01-01" }]);
    }
    if birth {
        let id = format!("PREG-{psn_no}");
        member["pregnancy"] = json!({ "id": id, "from": "2024-06-01", "to": "2026-06-01" });
    }
    let balance = if employee { dice.between(0, 6_000) } else { 0 };
    Person { number: psn_no, employee, course, disease, poor, balance, member }
}

fn disease_of(place: &Place, course: Course, dice: &mut Dice) -> Option<&'static str> {
    // The severely ill have the last of the list: cancer and uraemia.
    let severe = course == Course::Severe;
    let choices = place.diseases.iter().skip(if severe { 2 } else { 0 });
    let all: u64 = choices.clone().map(|(_, weight)| weight).sum();
    let mut at = dice.below(all);
    for (code, weight) in choices {
        if at < *weight {
            return Some(code);
        }
        at -= weight;
    }
    None
}

/// A filing of a kind for care away, in force for the year.
pub(super) fn filing(kind: &str, admdvs: &str, day: Day) -> Value {
    let from = Day::new(day.get() - 40);
    let mut filing = json!({ "type": kind, "from": from.to_string() });
    if kind != "emergency" {
        filing["admdvs"] = json!(admdvs);
    }
    filing
}
