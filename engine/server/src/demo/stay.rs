//! What is done in a visit, and so what is billed: an outpatient's few lines, a stay's hundreds.

use serde_json::Value;
use yidan_settlement::catalogue::Level;
use yidan_settlement::date::Day;

use super::dice::Dice;
use super::line::Bill;
use super::person::{Course, Person};
use super::place::Hospital;
use super::shelf::{Charge, Shelf};
use super::visit::Kind;

/// The last day of a visit, and its fee lines.
pub(super) fn bill(
    person: &Person,
    kind: Kind,
    hospital: Hospital,
    visit: &str,
    begin: Day,
    shelf: &Shelf,
    dice: &mut Dice,
) -> (Day, Vec<Value>) {
    let level = match hospital.level {
        level if level.starts_with('三') => Level::Third,
        level if level.starts_with('二') => Level::Second,
        _ => Level::First,
    };
    let mut bill = Bill::new(shelf, level, visit);
    if kind.stays() {
        let end = stay(person, kind, &mut bill, begin, dice);
        return (end, bill.lines());
    }
    match kind {
        Kind::Pharmacy => {
            bill.add(Charge::WesternDrug, dice.between(1, 2), (1, 3), begin, dice);
            bill.add(Charge::PatentMedicine, dice.between(0, 2), (1, 3), begin, dice);
        }
        Kind::SpecialDrug => bill.add(Charge::SpecialDrug, 1, (1, 3), begin, dice),
        Kind::Chronic if person.disease == Some("M07800") => {
            bill.add(Charge::Dialysis, 1, (4, 13), begin, dice);
            bill.add(Charge::WesternDrug, 2, (1, 4), begin, dice);
            bill.add(Charge::Laboratory, 2, (1, 1), begin, dice);
        }
        Kind::Chronic => {
            bill.add(Charge::WesternDrug, dice.between(2, 4), (1, 6), begin, dice);
            bill.add(Charge::PatentMedicine, dice.between(0, 1), (1, 3), begin, dice);
            bill.add(Charge::Laboratory, dice.between(0, 2), (1, 1), begin, dice);
        }
        Kind::Emergency => {
            bill.add(Charge::Visit, 1, (1, 1), begin, dice);
            bill.add(Charge::Treatment, 4, (1, 3), begin, dice);
            bill.add(Charge::WesternDrug, 6, (1, 3), begin, dice);
            bill.add(Charge::Laboratory, 6, (1, 1), begin, dice);
            bill.add(Charge::Examination, 2, (1, 1), begin, dice);
        }
        Kind::Antenatal => {
            bill.add(Charge::Visit, 1, (1, 1), begin, dice);
            bill.add(Charge::Examination, 1, (1, 1), begin, dice);
            bill.add(Charge::Laboratory, dice.between(2, 6), (1, 1), begin, dice);
        }
        Kind::Outpatient | Kind::Inpatient | Kind::Poor | Kind::Away | Kind::Delivery => {
            bill.add(Charge::Visit, 1, (1, 1), begin, dice);
            bill.add(Charge::WesternDrug, dice.between(1, 3), (1, 3), begin, dice);
            bill.add(Charge::Laboratory, dice.between(0, 3), (1, 1), begin, dice);
            bill.add(Charge::Examination, u64::from(dice.percent(30)), (1, 1), begin, dice);
            if dice.percent(15) {
                bill.add(Charge::HerbalPiece, dice.between(6, 12), (30, 120), begin, dice);
            }
        }
    }
    (begin, bill.lines())
}

/// Day after day of a stay.
fn stay(person: &Person, kind: Kind, bill: &mut Bill<'_>, begin: Day, dice: &mut Dice) -> Day {
    let severe = person.course == Course::Severe || (kind == Kind::Away && dice.percent(40));
    let (shortest, longest) = match (kind == Kind::Delivery, severe) {
        (true, _) => (2, 6),
        (false, true) => (12, 38),
        (false, false) => (3, 14),
    };
    let days = dice.days(shortest, longest);
    let (drugs, given) = if severe { (16, 70) } else { (8, 60) };
    bill.prescribe(Charge::WesternDrug, drugs, begin, dice);
    bill.prescribe(Charge::PatentMedicine, 1, begin, dice);
    bill.prescribe(Charge::Material, if severe { 6 } else { 3 }, begin, dice);
    let special = severe && dice.percent(35);
    let operated = dice.percent(if severe || kind == Kind::Delivery { 55 } else { 25 });
    let operation_day = dice.days(1, 2.min(days));
    for past in 0..days {
        let day = Day::new(begin.get() + past);
        bill.add(Charge::Bed, 1, (1, 1), day, dice);
        bill.add(Charge::Visit, 1, (1, 1), day, dice);
        bill.add(Charge::Nursing, 1, (1, 1), day, dice);
        bill.give(given, day, dice);
        bill.add(Charge::Treatment, dice.between(1, 3), (1, 2), day, dice);
        if past % 4 == 0 {
            bill.add(Charge::Laboratory, dice.between(3, 9), (1, 1), day, dice);
            bill.add(Charge::Examination, dice.between(0, 2), (1, 1), day, dice);
        }
        if special && past % 14 == 0 {
            bill.add(Charge::SpecialDrug, 1, (1, 2), day, dice);
        }
        if operated && past == operation_day {
            bill.add(Charge::Operation, dice.between(1, 3), (1, 1), day, dice);
            bill.add(Charge::Material, dice.between(4, 12), (1, 4), day, dice);
            let implants = if dice.percent(40) { dice.between(1, 3) } else { 0 };
            bill.add(Charge::Implant, implants, (1, 2), day, dice);
        }
    }
    Day::new(begin.get() + days)
}
