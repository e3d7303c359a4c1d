//! A year of visits of one person, each a case of the command line.

use std::collections::HashSet;

use serde_json::{Value, json};
use yidan_settlement::date::Day;

use super::dice::Dice;
use super::person::{Course, Person, filing};
use super::place::{Hospital, Place};
use super::shelf::Shelf;
use super::stay;

/// 2025-01-01, the first day of the year; some stays begin before it.
const NEW_YEAR: i32 = 20_089;

/// What kind of visit.
#[derive(Debug, Clone, Copy, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Kind {
    /// 普通门诊
    Outpatient,
    /// 门诊慢特病
    Chronic,
    /// 特药
    SpecialDrug,
    /// 药店购药
    Pharmacy,
    /// 急诊抢救
    Emergency,
    /// 住院
    Inpatient,
    /// 困难群众住院
    Poor,
    /// 异地住院
    Away,
    /// 产前检查
    Antenatal,
    /// 生育住院
    Delivery,
}

/// A visit as a case, and what it is meant to be.
#[derive(Debug)]
pub struct MadeVisit {
    /// The pool.
    pub pool: &'static str,
    /// The kind.
    pub kind: Kind,
    /// Its number.
    pub mdtrt_id: String,
    /// When it is settled.
    pub settled_on: Day,
    /// How many fee lines.
    pub lines: usize,
    psn_no: String,
    balance: u64,
    case: Value,
}

impl Kind {
    /// All kinds, in order of the summary.
    pub const ALL: [Kind; 10] = [
        Kind::Outpatient,
        Kind::Chronic,
        Kind::SpecialDrug,
        Kind::Pharmacy,
        Kind::Emergency,
        Kind::Inpatient,
        Kind::Poor,
        Kind::Away,
        Kind::Antenatal,
        Kind::Delivery,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Outpatient => "普通门诊",
            Kind::Chronic => "门诊慢特病",
            Kind::SpecialDrug => "特药",
            Kind::Pharmacy => "药店购药",
            Kind::Emergency => "急诊抢救",
            Kind::Inpatient => "住院",
            Kind::Poor => "困难群众住院",
            Kind::Away => "异地住院",
            Kind::Antenatal => "产前检查",
            Kind::Delivery => "生育住院",
        }
    }

    pub(super) const fn med_type(self) -> &'static str {
        match self {
            Kind::Outpatient => "11",
            Kind::Chronic => "14",
            Kind::SpecialDrug => "18",
            Kind::Pharmacy => "41",
            Kind::Emergency => "1301",
            Kind::Inpatient | Kind::Poor | Kind::Away => "21",
            Kind::Antenatal => "51",
            Kind::Delivery => "52",
        }
    }

    pub(super) const fn stays(self) -> bool {
        match self {
            Kind::Inpatient | Kind::Poor | Kind::Away | Kind::Delivery => true,
            Kind::Outpatient
            | Kind::Chronic
            | Kind::SpecialDrug
            | Kind::Pharmacy
            | Kind::Emergency
            | Kind::Antenatal => false,
        }
    }
}

impl MadeVisit {
    /// The case as a line of JSON.
    pub fn json(&self) -> String {
        self.case.to_string()
    }
}

/// The visits of a person; `shelf` is the place's own, `away` that of any other.
pub(super) fn year_of(
    person: &Person,
    place: &Place,
    (shelf, away): (&Shelf, &Shelf),
    dice: &mut Dice,
) -> Vec<MadeVisit> {
    let stay = if person.poor { Kind::Poor } else { Kind::Inpatient };
    let mut kinds = Vec::new();
    let mut times = |kind, count| kinds.extend((0..count).map(|_| kind));
    match person.course {
        Course::Ordinary => {
            times(Kind::Outpatient, dice.between(1, 4));
            times(Kind::Pharmacy, dice.between(0, 2));
            times(Kind::Emergency, u64::from(dice.percent(5)));
            times(stay, u64::from(dice.percent(if person.poor { 80 } else { 12 })));
        }
        Course::Chronic => {
            times(Kind::Chronic, dice.between(2, 6));
            times(Kind::Outpatient, dice.between(0, 2));
            times(Kind::Pharmacy, dice.between(0, 1));
            times(stay, u64::from(dice.percent(25)));
        }
        Course::Severe => {
            times(Kind::Chronic, dice.between(3, 8));
            times(stay, dice.between(1, 3));
            if person.disease == Some("M00500") {
                times(Kind::SpecialDrug, dice.between(1, 3));
            }
        }
        Course::Birth => {
            times(Kind::Antenatal, dice.between(1, 4));
            times(Kind::Delivery, 1);
        }
        Course::Away => {
            times(Kind::Away, dice.between(1, 2));
            times(Kind::Outpatient, dice.between(0, 2));
        }
    }
    let mut visits = Vec::with_capacity(kinds.len());
    for (number, kind) in (1..).zip(kinds) {
        let shelf = if kind == Kind::Away { away } else { shelf };
        visits.push(one(person, place, kind, number, shelf, dice));
    }
    visits
}

fn one(
    person: &Person,
    place: &Place,
    kind: Kind,
    number: u32,
    shelf: &Shelf,
    dice: &mut Dice,
) -> MadeVisit {
    // A birth comes after its checks; a few stays begin before the year.
    let (first_day, last_day) = match kind {
        Kind::Antenatal => (5, 150),
        Kind::Delivery => (160, 340),
        Kind::Inpatient | Kind::Poor | Kind::Away => (-12, 340),
        Kind::Outpatient | Kind::Chronic | Kind::SpecialDrug | Kind::Pharmacy | Kind::Emergency => {
            (1, 360)
        }
    };
    let begin = Day::new(NEW_YEAR + dice.days(first_day, last_day));
    let mut member = person.member.clone();
    let hospital = hospital_of(person, place, kind, dice);
    if kind == Kind::Away
        && let Some(kind) = dice.of(&["residence", "referral", "emergency", "none"])
        && *kind != "none"
    {
        member["filings"] = json!([filing(kind, hospital.admdvs, begin)]);
    }
    let mdtrt_id = format!("{}-{number:02}", person.number);
    let (end, lines) = stay::bill(person, kind, hospital, &mdtrt_id, begin, shelf, dice);
    let mut visit = json!({
        "med_type": kind.med_type(),
        "mdtrt_id": mdtrt_id,
        "begntime": format!("{begin} 08:30:00"),
        "endtime": format!("{end} 11:00:00"),
        "acct_used_flag": if person.employee { "1" } else { "0" },
    });
    let known: Vec<&str> = (0..dice.between(1, 4)).filter_map(|_| shelf.diagnosis(dice)).collect();
    visit["diagnoses"] = json!(known);
    if matches!(kind, Kind::Chronic | Kind::SpecialDrug) {
        visit["dise_codg"] = json!(person.disease);
    }
    if kind == Kind::Delivery {
        visit["matn_type"] = json!(if dice.percent(60) { "1" } else { "3" });
        visit["fetts"] = json!(if dice.percent(3) { 2 } else { 1 });
    }
    let lines_count = lines.len();
    let mut case = json!({
        "admdvs": place.pool,
        "member": member,
        "facility": {
            "fixmedins_code": hospital.code,
            "fixmedins_name": hospital.name,
            "admdvs": hospital.admdvs,
            "kind": if kind == Kind::Pharmacy { "pharmacy" } else { "hospital" },
            "hosp_lv": hospital.level,
        },
        "visit": visit,
        "lines": lines,
    });
    if number > 1 && dice.percent(3) {
        spoil(&mut case, dice);
    }
    MadeVisit {
        pool: place.pool,
        kind,
        mdtrt_id,
        settled_on: end,
        lines: lines_count,
        psn_no: person.number.clone(),
        balance: person.balance,
        case,
    }
}

fn hospital_of(person: &Person, place: &Place, kind: Kind, dice: &mut Dice) -> Hospital {
    match kind {
        Kind::Pharmacy => place.pharmacy,
        Kind::Away => *dice.of(&place.away).unwrap_or(&place.third),
        Kind::Outpatient | Kind::Chronic => match dice.below(10) {
            0..3 => place.first,
            3..6 => place.second,
            _ => place.third,
        },
        Kind::SpecialDrug | Kind::Emergency => place.third,
        Kind::Inpatient | Kind::Poor if person.course == Course::Severe => place.third,
        Kind::Inpatient | Kind::Poor | Kind::Antenatal | Kind::Delivery => match dice.below(10) {
            0..1 => place.first,
            1..5 => place.second,
            _ => place.third,
        },
    }
}

/// Makes a case one that is refused, as some are every day.
fn spoil(case: &mut Value, dice: &mut Dice) {
    match dice.below(8) {
        0 => case["visit"]["rel_ttp_flag"] = json!("1"),
        1 => case["visit"]["med_type"] = json!("99"),
        2 => case["facility"]["agreements"] = json!([{ "for": [], "from": "2020-01-01" }]),
        3 => case["visit"]["endtime"] = json!("2024-01-05 08:00:00"),
        4 => case["member"]["spells"][0]["waiting_to"] = json!("2026-06-01"),
        5 => case["lines"][0]["det_item_fee_sumamt"] = json!("99999.01"),
        6 => case["lines"][0]["init_feedetl_sn"] = json!("nowhere"),
        _ => {
            let again = case["lines"][0].clone();
            if let Some(lines) = case["lines"].as_array_mut() {
                lines.push(again);
            }
        }
    }
}

/// The first visit of a person in the order of settlement says what is on the account; later ones have it carried.
pub(super) fn state_balances(visits: &mut [MadeVisit]) {
    let mut seen = HashSet::new();
    for visit in visits {
        if visit.balance > 0 && seen.insert(visit.psn_no.clone()) {
            visit.case["member"]["balc"] = json!(format!("{}.00", visit.balance));
        }
    }
}
