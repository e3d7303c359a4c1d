//! Where the day happens: three pools with their packs, facilities of each level, and members whose facts follow from their numbers.

use std::path::Path;

use yidan_pipeline::world::World;
use yidan_settlement::catalogue::{Level, Sex};
use yidan_settlement::claim::Spell;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::facts::{ApprovalFact, FacilityFacts, IdentityFact, MemberFacts, Text};
use yidan_settlement::id::{Admdvs, Insutype};
use yidan_settlement::money::Fen;
use yidan_settlement::pack::{HospitalLevel, Pack};

/// Facilities of one level in one pool.
const EACH: usize = 25;
/// What an employee's own account opens with, in fen.
const OPENING: i64 = 300_000;
/// High blood pressure: what chronic visits are for.
pub(crate) const DISEASE: &str = "M03900";

/// A pool, a division of it where its facilities stand, and its pack.
struct Pool {
    pool: &'static str,
    division: &'static str,
    text: &'static str,
}

const POOLS: [Pool; 3] = [
    Pool {
        pool: "630100",
        division: "630103",
        text: include_str!("../../../catalogs/sources/630100/policy.toml"),
    },
    Pool {
        pool: "530100",
        division: "530102",
        text: include_str!("../../../catalogs/sources/530100/policy.toml"),
    },
    Pool {
        pool: "370800",
        division: "370811",
        text: include_str!("../../../catalogs/sources/370800/policy.toml"),
    },
];

/// A facility's level; pharmacies have none.
#[derive(Copy, Clone)]
pub(crate) enum Standing {
    Pharmacy,
    First,
    Second,
    Third,
}

impl Standing {
    const ALL: [Standing; 4] =
        [Standing::Pharmacy, Standing::First, Standing::Second, Standing::Third];

    fn levels(self) -> (HospitalLevel, Level) {
        match self {
            Standing::Pharmacy => (HospitalLevel::Unrated, Level::First),
            Standing::First => (HospitalLevel::First, Level::First),
            Standing::Second => (HospitalLevel::Second, Level::Second),
            Standing::Third => (HospitalLevel::Third, Level::Third),
        }
    }

    fn place(self) -> usize {
        match self {
            Standing::Pharmacy => 0,
            Standing::First => 1,
            Standing::Second => 2,
            Standing::Third => 3,
        }
    }
}

/// Pools, with what is drawn among them.
pub(crate) struct Places {
    /// Contribution classes of each pool, none where it has none.
    contributions: Vec<Vec<Text>>,
    /// By pool, standing and number.
    facilities: Vec<Text>,
}

/// The packs of all pools.
pub(crate) fn world() -> (World, Places) {
    let (mut world, mut contributions) = (World::new(), Vec::new());
    for Pool { pool, text, .. } in &POOLS {
        let path = format!("{pool}/policy.toml");
        let pack: Pack = match yidan_build::policy::compile(text, &path) {
            Ok(pack) => pack,
            Err(errors) => panic!("{errors}"),
        };
        contributions.push(pack.data().contributions.iter().map(Text::from).collect());
        world.add_pack(pack, Path::new(&path));
    }
    let facilities = POOLS.iter().flat_map(|pool| Standing::ALL.map(|standing| (pool, standing)));
    let facilities = facilities.flat_map(|(pool, standing)| {
        let mark = if matches!(standing, Standing::Pharmacy) { 'P' } else { 'H' };
        let number = move |number| standing.place() * 1_000 + number;
        (0..EACH).map(move |n| format!("{mark}{}Q{:04}", pool.division, number(n)).into())
    });
    (world, Places { contributions, facilities: facilities.collect() })
}

impl Places {
    /// All facilities.
    pub(crate) fn facilities(&self) -> impl Iterator<Item = (Text, FacilityFacts)> {
        self.facilities.iter().enumerate().map(|(place, code)| {
            let pool = &POOLS[place / (EACH * Standing::ALL.len())];
            let standing = Standing::ALL[place / EACH % Standing::ALL.len()];
            let (level, price_level) = standing.levels();
            let admdvs = Admdvs::parse(pool.division).expect("six digits");
            let agreements = None;
            let facts =
                FacilityFacts { admdvs, level, deductible_level: level, price_level, agreements };
            (code.clone(), facts)
        })
    }

    /// One of the facilities of a standing in a member's pool.
    pub(crate) fn facility(&self, member: usize, standing: Standing, number: usize) -> &Text {
        let group = member % POOLS.len() * Standing::ALL.len() + standing.place();
        &self.facilities[group * EACH + number % EACH]
    }

    /// What is known of a member, and what the own account opens with.
    pub(crate) fn member(&self, number: usize) -> (MemberFacts, Fen) {
        let employee = is_employee(number);
        let retired = number / 30 % 10 < 3;
        let psn_type = match (employee, retired) {
            (true, true) => "12",
            (true, false) => "11",
            (false, _) => "15",
        };
        let age = if retired { 62 } else { 24 } + i32::try_from(number / 11 % 34).expect("small");
        let from = Day::from_civil(2015, 1, 1).expect("a day");
        let span = Span { from, to: Day::MAX };
        let spell = |insutype| Spell { insutype, span, waiting_to: from };
        let classes = &self.contributions[number % POOLS.len()];
        let contribution = employee.then(|| classes.get(number / 17 % classes.len().max(1)));
        let identity = IdentityFact { kind: "2303".into(), span };
        let approval = ApprovalFact { disease: DISEASE.into(), span, facility: None, limit: None };
        let facts = MemberFacts {
            admdvs: POOLS[number % POOLS.len()].pool.into(),
            psn_type: psn_type.into(),
            sex: Some(if (number / 13).is_multiple_of(2) { Sex::Male } else { Sex::Female }),
            birth: Day::from_civil(2026 - age, 1 + i32::from(retired), 9),
            contribution: contribution.flatten().cloned(),
            paid_years: if retired { 25 } else { 9 },
            spells: Some(vec![spell(insutype(number))]),
            identities: if has_identity(number) { vec![identity] } else { Vec::new() },
            approvals: if has_approval(number) { vec![approval] } else { Vec::new() },
            ..MemberFacts::default()
        };
        (facts, if employee { Fen::new(OPENING) } else { Fen::ZERO })
    }
}

/// Three in ten, as in the nation.
pub(crate) fn is_employee(number: usize) -> bool {
    number / 3 % 10 < 3
}

/// One in ten residents.
fn has_identity(number: usize) -> bool {
    !is_employee(number) && (number / 300).is_multiple_of(10)
}

fn has_approval(number: usize) -> bool {
    (number / 7).is_multiple_of(4)
}

/// The member next to this one who has an approval: one in four has.
pub(crate) fn with_approval(number: usize) -> usize {
    number - number % 28 + number % 7
}

/// 310 or 390.
pub(crate) fn insutype(number: usize) -> Insutype {
    Insutype::parse(if is_employee(number) { "310" } else { "390" }).expect("three digits")
}

/// The number of a member: of the pool, and twelve digits. By hand, as it is written for every bill.
pub(crate) fn psn_no(number: usize) -> Text {
    let mut text = Text::with_capacity(18);
    text.push_str(POOLS[number % POOLS.len()].pool);
    digits(number as u64, 12, &mut text);
    text
}

/// Appends so many digits of a number.
pub(crate) fn digits(number: u64, count: u32, to: &mut Text) {
    for place in (0..count).rev() {
        let digit = u8::try_from(number / 10_u64.pow(place) % 10).expect("a digit");
        to.push(char::from(b'0' + digit));
    }
}
