//! The example town: the people and facilities of the made-up year with names and certificate numbers, for a server that works at
//! once. Nobody in it is real: no certificate number of it can be, as its serial is of a form that is not given out.

use yidan_gateway::persons::Person;
use yidan_settlement::date::Day;
use yidan_settlement::facts::{FacilityFacts, MemberFacts};
use yidan_settlement::money::Fen;

use super::dice::Dice;
use super::person;
use super::place::{Hospital, PLACES};
use crate::case::{FacilityCase, MemberCase};
use crate::certificate::check_digit;
use crate::facts::{facility_facts, member_facts};
use crate::world::World;

/// A facility of the town.
#[derive(Debug, Clone)]
pub struct TownFacility {
    /// `fixmedins_code`
    pub code: &'static str,
    /// `fixmedins_name`
    pub name: &'static str,
    /// What the ledger knows of it.
    pub facts: FacilityFacts,
}

/// A member of the town.
#[derive(Debug, Clone)]
pub struct TownMember {
    /// `psn_no`
    pub psn_no: String,
    /// Name and certificate.
    pub person: Person,
    /// What the ledger knows.
    pub facts: MemberFacts,
    /// The own account.
    pub balance: Fen,
}

/// People and facilities.
#[derive(Debug, Clone, Default)]
pub struct Town {
    /// Facilities of all places.
    pub facilities: Vec<TownFacility>,
    /// Members of all places.
    pub members: Vec<TownMember>,
}

const SURNAMES: [&str; 12] =
    ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "马", "韩"];

const GIVEN: [&str; 12] =
    ["示例", "样例", "范例", "例一", "例二", "例三", "甲", "乙", "丙", "丁", "戊", "己"];

/// The seed of the example town, and its people in each of three places: those that the guide for HIS vendors names.
const EXAMPLE: (u64, u32) = (2026, 100);

impl Town {
    /// The town that is served where no folder is given, always the same.
    ///
    /// # Errors
    /// A mistake of ours: what is made up does not read.
    pub fn example(world: &World) -> Result<Town, String> {
        let (seed, people_per_place) = EXAMPLE;
        Town::of(world, seed, people_per_place)
    }

    /// Of the packs of a world, from a seed.
    ///
    /// # Errors
    /// A mistake of ours: what is made up does not read.
    fn of(world: &World, seed: u64, people_per_place: u32) -> Result<Town, String> {
        let mut town = Town::default();
        for (number, place) in (0_u64..).zip(&PLACES) {
            let Some(loaded) = world.pack_of(place.pool) else { continue };
            let mut dice = Dice::new(seed, number);
            let own = [place.third, place.second, place.first, place.pharmacy];
            for hospital in own.into_iter().chain(place.away) {
                town.facilities.push(facility(hospital)?);
            }
            for one in 0..people_per_place {
                let made = person::make(place, &loaded.pack, one, &mut dice);
                let balance = Fen::new(i64::try_from(made.balance).unwrap_or(0) * 100);
                town.members.push(member(place.pool, made.member, balance, one, &mut dice)?);
            }
        }
        Ok(town)
    }
}

fn facility(hospital: Hospital) -> Result<TownFacility, String> {
    let Hospital { code, name, admdvs, level } = hospital;
    let kind = if code.starts_with('P') { "pharmacy" } else { "hospital" };
    let case = serde_json::json!({
        "fixmedins_code": code, "admdvs": admdvs, "kind": kind, "hosp_lv": level,
    });
    let case: FacilityCase =
        serde_json::from_str(&case.to_string()).map_err(|error| error.to_string())?;
    let facts = facility_facts(&case, None).map_err(|error| error.to_string())?;
    Ok(TownFacility { code, name, facts })
}

fn member(
    pool: &str,
    case: serde_json::Value,
    balance: Fen,
    number: u32,
    dice: &mut Dice,
) -> Result<TownMember, String> {
    let case: MemberCase =
        serde_json::from_str(&case.to_string()).map_err(|error| error.to_string())?;
    let facts = member_facts(&case, Some(pool)).map_err(|error| error.to_string())?;
    let surname = dice.of(&SURNAMES).unwrap_or(&"王");
    let given = dice.of(&GIVEN).unwrap_or(&"甲");
    let person = Person {
        cert_type: "01".to_owned(),
        certno: certificate(pool, facts.birth, number),
        name: format!("{surname}{given}"),
        ethnicity: Some("01".to_owned()),
    };
    Ok(TownMember { psn_no: case.psn_no, person, facts, balance })
}

/// A number of 18 digits with a right check digit, in a division that was never given out (`…99`).
fn certificate(pool: &str, birth: Option<Day>, number: u32) -> String {
    let province: String = pool.chars().take(2).collect();
    let birth = birth.map_or_else(|| "19000101".to_owned(), |day| day.to_string().replace('-', ""));
    let body = format!("{province}9999{birth}{:03}", number % 1_000);
    let check = check_digit(&body);
    format!("{body}{check}")
}
