//! A random catalogue as an image, so that the engine looks its codes up as it does any other.

use std::sync::Arc;

use yidan_image::{
    CodeStatus, Contents, DiagnosisContents, EntryContents, Image, NATIONAL, PriceMark,
    RegionContents,
};
use yidan_settlement::catalogue as core;
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{Admdvs, DiagnosisId, DiagnosisSetId, EntryId, GroupId, RuleId, Tag};
use yidan_settlement::money::{Price, Quantity, Rate};

use crate::model::{Catalogue, Class, Edit, Exact, Look, Period, Restriction, Test, Then};

const TAGS: [&str; 3] = ["dialysis", "essential", "special"];
const GROUPS: [&str; 3] = ["G1", "G2", "G3"];
const DIAGNOSES: [&str; 4] = ["E11.900", "I10.x00", "N18.400", "N18.500"];

/// The image of a catalogue.
///
/// # Panics
/// Where the catalogue has what no image can hold.
pub fn image(catalogue: &Catalogue) -> Image {
    let mut contents = Contents {
        tags: TAGS.map(str::to_owned).into(),
        groups: GROUPS.map(str::to_owned).into(),
        diagnoses: DIAGNOSES.map(diagnosis).into(),
        ..Contents::default()
    };
    let mut entries = Vec::new();
    for (code, periods) in &catalogue.entries {
        for period in periods {
            let facts = entry(period, &mut contents);
            entries.push(EntryContents {
                code: code.as_str().into(),
                name: Arc::from(""),
                source: Arc::from("random"),
                charge_type: 9,
                status: CodeStatus::Shape,
                price_mark: PriceMark::Plausible,
                facts,
            });
        }
    }
    let admdvs = Admdvs::parse(NATIONAL).expect("the base has a division");
    contents.regions.push(RegionContents { admdvs, entries });
    let bytes = contents.encode().unwrap_or_else(|error| panic!("{error}"));
    Image::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"))
}

fn diagnosis(code: &str) -> DiagnosisContents {
    DiagnosisContents { code: code.to_owned(), name: String::new(), status: CodeStatus::Real }
}

/// A fraction in units of one in `parts`, whole by construction.
fn in_parts(x: Exact, parts: i128) -> i64 {
    let scaled = x * Exact::from_integer(parts);
    assert!(scaled.is_integer(), "{x} is not whole in parts of {parts}");
    i64::try_from(scaled.to_integer()).expect("a small number")
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("the days of a catalogue are days")
}

fn entry(period: &Period, contents: &mut Contents) -> core::Entry {
    let share = |x: Exact| {
        let parts = u16::try_from(in_parts(x, 10_000)).expect("at most the whole");
        Rate::new(parts).expect("at most the whole")
    };
    let place = TAGS.iter().position(|tag| *tag == period.tag);
    core::Entry {
        id: EntryId::new(0),
        valid: Span { from: day(&period.from), to: period.to.as_deref().map_or(Day::MAX, day) },
        list: core::List::WesternDrug,
        class: match period.class {
            Class::A => core::Class::A,
            Class::B => core::Class::B,
            Class::C => core::Class::C,
        },
        scope: core::Scope {
            employee: period.employee,
            resident: period.resident,
            maternity: period.maternity,
        },
        share: period.share.map(share),
        ceiling: core::Ceilings::new(
            period.ceiling.map(|yuan| yuan.map(|x| Price::new(in_parts(x, 1_000_000)))),
        )
        .expect("small ceilings"),
        tag: Tag::new(place.map_or(0, |place| u8::try_from(place + 1).expect("three tags"))),
        rule: rule(period, contents),
    }
}

/// The rule of a period, added to the book where it says anything.
fn rule(period: &Period, contents: &mut Contents) -> RuleId {
    if period.conditions.is_empty() && period.edits.is_empty() && period.groups.is_empty() {
        return RuleId::new(0);
    }
    let rule = core::Rule {
        conditions: period.conditions.iter().map(|one| condition(one, contents)).collect(),
        edits: period.edits.iter().map(edit).collect(),
        groups: period.groups.iter().map(|name| group(name)).collect(),
    };
    contents.rules.push(rule);
    RuleId::new(u32::try_from(contents.rules.len()).expect("few rules"))
}

fn group(name: &str) -> GroupId {
    let place = GROUPS.iter().position(|one| *one == name).expect("a group of the generator");
    GroupId::new(u16::try_from(place).expect("three groups"))
}

fn quantity(x: Exact) -> Quantity {
    Quantity::new(in_parts(x, 10_000))
}

fn years(n: i128) -> u16 {
    u16::try_from(n).expect("a small number")
}

fn condition(restriction: &Restriction, contents: &mut Contents) -> core::Condition {
    let test = match &restriction.test {
        Test::LevelAtLeast(level) => {
            let levels = [core::Level::First, core::Level::Second, core::Level::Third];
            core::Test::LevelAtLeast(levels[*level])
        }
        Test::Setting(place) => core::Test::Setting(match place.as_str() {
            "inpatient" => core::Setting::Inpatient,
            "outpatient" => core::Setting::Outpatient,
            "emergency" => core::Setting::EmergencyRescue,
            _ => core::Setting::Pharmacy,
        }),
        Test::Male(true) => core::Test::Sex(core::Sex::Male),
        Test::Male(false) => core::Test::Sex(core::Sex::Female),
        Test::AgeFrom(age) => core::Test::AgeFrom(years(*age)),
        Test::AgeBelow(age) => core::Test::AgeBelow(years(*age)),
        Test::Family(family) => core::Test::Scheme(match family.as_str() {
            "resident" => core::Family::Resident,
            _ => core::Family::Employee,
        }),
        Test::Maternity => core::Test::Maternity,
        Test::Diagnosis(prefixes) => {
            contents.sets.push(prefixes.iter().filter_map(|prefix| range(prefix)).collect());
            let place = contents.sets.len() - 1;
            core::Test::Diagnosis(DiagnosisSetId::new(u16::try_from(place).expect("few sets")))
        }
        Test::Words => core::Test::Indication,
        Test::QuantityPerVisit(most) => core::Test::QuantityPerVisit(quantity(*most)),
        Test::QuantityPerDay(most) => core::Test::QuantityPerDay(quantity(*most)),
        Test::Days(most) => core::Test::Days(years(*most)),
    };
    core::Condition { test, attested: restriction.attested }
}

/// The diagnoses that begin with a prefix: codes are in order, so they stand together.
fn range(prefix: &str) -> Option<(DiagnosisId, DiagnosisId)> {
    let id = |place: usize| DiagnosisId::new(u32::try_from(place).expect("four diagnoses"));
    let first = DIAGNOSES.iter().position(|code| code.starts_with(prefix))?;
    let last = DIAGNOSES.iter().rposition(|code| code.starts_with(prefix))?;
    Some((id(first), id(last)))
}

fn edit(edit: &Edit) -> core::Edit {
    core::Edit {
        kind: match &edit.look {
            Look::Exclusive(name) => core::EditKind::Exclusive(group(name)),
            Look::IncludedIn(name) => core::EditKind::IncludedIn(group(name)),
            Look::MoreThan(most) => core::EditKind::MoreThan(quantity(*most)),
        },
        window: if edit.same_day { core::Window::Day } else { core::Window::Visit },
        then: match edit.then {
            Then::Own => core::EditOutcome::Own,
            Then::Facility => core::EditOutcome::Facility,
            Then::Cut => core::EditOutcome::Cut,
            Then::Flag => core::EditOutcome::Flag,
        },
    }
}
