//! Small random catalogues, and lines that buy from them: returns, limits, conflicts, ceilings,
//! shares, dates.

use serde_json::{Value, json};

use super::dice::Dice;
use crate::model::{Catalogue, Class, Edit, Exact, Look, Period, Restriction, Test, Then};

/// A catalogue of some twenty codes.
pub fn catalogue(seed: u64) -> Catalogue {
    let mut dice = Dice::new(seed ^ 0xCA7A_1060);
    let mut catalogue = Catalogue::default();
    for n in 0..dice.between(5, 25) {
        let mut periods = vec![period(&mut dice)];
        if dice.percent(25) {
            let mut later = period(&mut dice);
            let change = (*dice.one(&["2025-07-01", "2026-01-01"])).to_owned();
            periods[0].to = Some(change.clone());
            later.from = change;
            periods.push(later);
        }
        if dice.percent(10) {
            periods[0].from = "2025-03-01".to_owned();
        }
        catalogue.entries.insert(format!("X{n:022}"), periods);
    }
    catalogue
}

fn small(n: u64) -> Exact {
    Exact::from_integer(i128::from(n))
}

fn period(dice: &mut Dice) -> Period {
    let class = match dice.below(8) {
        0 => Class::C,
        1..=3 => Class::A,
        _ => Class::B,
    };
    let shares = [0_i128, 500, 1_000, 2_000, 3_000, 1_234];
    let mut share = || match class {
        Class::B => Exact::new(*dice.one(&shares), 10_000),
        Class::A | Class::C => Exact::from_integer(0),
    };
    let share = [share(), share()];
    let mut ceiling = [None; 3];
    if dice.percent(40) {
        for level in &mut ceiling {
            *level = dice.percent(80).then(|| Exact::new(i128::from(dice.between(1, 20_000)), 100));
        }
    }
    let groups = ["G1", "G2", "G3"];
    Period {
        from: "2020-01-01".to_owned(),
        to: None,
        class,
        employee: dice.percent(92),
        resident: dice.percent(92),
        maternity: dice.percent(60),
        share,
        ceiling,
        tag: (*dice.one(&["", "", "essential", "special", "dialysis"])).to_owned(),
        conditions: if dice.percent(40) { conditions(dice) } else { Vec::new() },
        edits: if dice.percent(35) { edits(dice) } else { Vec::new() },
        groups: if dice.percent(40) { vec![(*dice.one(&groups)).to_owned()] } else { Vec::new() },
    }
}

/// Some tests that are a yes or no, and at most one limit of quantity.
fn conditions(dice: &mut Dice) -> Vec<Restriction> {
    let mut all = Vec::new();
    for _ in 0..dice.between(0, 2) {
        let test = match dice.below(9) {
            0 => Test::LevelAtLeast(1 + dice.index(2)),
            1 => Test::Setting((*dice.one(&["inpatient", "outpatient"])).to_owned()),
            2 => Test::Male(dice.percent(50)),
            3 => Test::AgeFrom(i128::from(dice.between(10, 60))),
            4 => Test::AgeBelow(i128::from(dice.between(18, 70))),
            5 => Test::Family((*dice.one(&["employee", "resident"])).to_owned()),
            6 => Test::Maternity,
            7 => Test::Diagnosis(vec!["I10".to_owned(), "N18.5".to_owned()]),
            _ => {
                all.push(Restriction { test: Test::Words, attested: true });
                continue;
            }
        };
        all.push(Restriction { test, attested: dice.percent(15) });
    }
    let limit = match dice.below(4) {
        0 => Some(Test::QuantityPerVisit(small(dice.between(1, 8)))),
        1 => Some(Test::QuantityPerDay(small(dice.between(1, 4)))),
        2 => Some(Test::Days(7)),
        _ => None,
    };
    all.extend(limit.map(|test| Restriction { test, attested: false }));
    all
}

fn edits(dice: &mut Dice) -> Vec<Edit> {
    let mut all = Vec::new();
    for _ in 0..dice.between(1, 2) {
        let group = (*dice.one(&["G1", "G2", "G3"])).to_owned();
        let look = match dice.below(3) {
            0 => Look::Exclusive(group),
            1 => Look::IncludedIn(group),
            _ => Look::MoreThan(small(dice.between(1, 5))),
        };
        let more = matches!(look, Look::MoreThan(_));
        let then = match dice.below(4) {
            0 => Then::Own,
            1 => Then::Facility,
            2 if more => Then::Cut,
            _ => Then::Flag,
        };
        all.push(Edit { look, same_day: dice.percent(50), then });
    }
    all
}

/// A quantity in ten-thousandths, even, so that half of it is a quantity too.
fn quantity(dice: &mut Dice) -> u64 {
    match dice.below(6) {
        0 => dice.between(1, 20_000) * 2,
        1 => 5_000,
        _ => dice.between(1, 12) * 10_000,
    }
}

/// A price in millionths of a yuan.
fn price(dice: &mut Dice) -> u64 {
    match dice.below(5) {
        0 => dice.between(1, 9_999),
        1 => dice.between(1, 50_000_000),
        2 => dice.between(1, 500) * 100_000_000,
        _ => dice.between(1, 30_000) * 10_000,
    }
}

fn decimal(value: u64, places: u32) -> String {
    let scale = 10_u64.pow(places);
    let width = usize::try_from(places).unwrap_or(0);
    format!("{}.{:0width$}", value / scale, value % scale)
}

/// Price times quantity in fen, rounded half up.
fn amount(price: u64, quantity: u64) -> u64 {
    // Millionths of a yuan times ten-thousandths: 10^8 of them are a fen.
    (price * quantity + 50_000_000) / 100_000_000
}

fn yuan(fen: u64) -> String {
    decimal(fen, 2)
}

/// Lines of one bill on these days.
pub(crate) fn lines(dice: &mut Dice, catalogue: &Catalogue, days: &[String]) -> Vec<Value> {
    let codes: Vec<&String> = catalogue.entries.keys().collect();
    let prescriber = dice.percent(40).then(|| *dice.one(&["三级甲等", "二级", "8"]));
    let mut lines: Vec<Value> = Vec::new();
    let mut returnable: Vec<(usize, u64, u64, u64)> = Vec::new();
    for n in 0..dice.between(1, 14) {
        let serial = format!("{n}");
        if !returnable.is_empty() && dice.percent(15) {
            let at = dice.index(returnable.len());
            let (of, price, held, left) = returnable[at];
            let back = if dice.percent(50) { held } else { (held / 4).max(1) * 2 };
            let fen = amount(price, back);
            if back <= held && fen <= left && (back < held || fen == left) {
                returnable[at] = (of, price, held - back, left - fen);
                let mut line = lines[of].clone();
                line["init_feedetl_sn"] = line["feedetl_sn"].clone();
                line["feedetl_sn"] = json!(serial);
                // A return may be booked on a later day than its line.
                if dice.percent(30) {
                    line["fee_ocur_time"] = json!(format!("{} 10:00:00", dice.one(days)));
                }
                line["cnt"] = json!(format!("-{}", decimal(back, 4)));
                line["det_item_fee_sumamt"] = json!(format!("-{}", yuan(fen)));
                lines.push(line);
                if held == back {
                    returnable.remove(at);
                }
                continue;
            }
        }
        let unknown = "X-UNKNOWN".to_owned();
        let code = if dice.percent(4) { &unknown } else { *dice.one(&codes) };
        let (price, quantity) = (price(dice), quantity(dice));
        let fen = amount(price, quantity);
        let mut line = json!({
            "feedetl_sn": serial,
            "med_list_codg": code,
            "fee_ocur_time": format!("{} 10:00:00", dice.one(days)),
            "cnt": decimal(quantity, 4),
            "pric": decimal(price, 6),
            "det_item_fee_sumamt": yuan(fen),
        });
        match dice.below(10) {
            0 => line["hosp_appr_flag"] = json!("2"),
            1..7 => line["hosp_appr_flag"] = json!("1"),
            _ => {}
        }
        if dice.percent(30) {
            line["prd_days"] = json!(dice.one(&["7", "14"]));
        }
        if dice.percent(10) {
            line["matn_fee_flag"] = json!("1");
        }
        if let Some(level) = prescriber {
            line["rx_circ_flag"] = json!("1");
            line["rx_hosp_lv"] = json!(if dice.percent(2) { "二级" } else { level });
        }
        returnable.push((lines.len(), price, quantity, fen));
        lines.push(line);
    }
    lines
}
