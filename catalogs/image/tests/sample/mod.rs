//! Contents for tests: small ones that use every field, and large ones of any number of codes.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::allow_attributes, reason = "the parts left over differ from file to file")]

use std::sync::Arc;

use yidan_image::{
    AgreementContents, CodeStatus, Contents, DiagnosisContents, EntryContents, FacilityContents,
    FacilityKind, PriceMark, Purposes, RegionContents, SourceFile,
};
use yidan_settlement::catalogue::{
    Ceilings, Class, Condition, Edit, EditKind, EditOutcome, Entry, Family, Level, List, Rule,
    Scope, Setting, Sex, Test, Window,
};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{Admdvs, DiagnosisId, DiagnosisSetId, EntryId, GroupId, RuleId, Tag};
use yidan_settlement::money::{Price, Quantity, Rate};

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

pub(crate) fn division(text: &str) -> Admdvs {
    Admdvs::parse(text).expect("six digits")
}

pub(crate) fn entry(code: &str, from: &str, to: Option<&str>) -> EntryContents {
    EntryContents {
        code: code.into(),
        name: "阿莫西林胶囊".into(),
        source: "test".into(),
        charge_type: 9,
        status: CodeStatus::Shape,
        price_mark: PriceMark::Plausible,
        facts: Entry {
            id: EntryId::new(0),
            valid: Span { from: day(from), to: to.map_or(Day::MAX, day) },
            list: List::WesternDrug,
            class: Class::B,
            scope: Scope { employee: true, resident: true, maternity: false },
            share: [Rate::new(300).expect("3 %"), Rate::new(1_000).expect("10 %")],
            ceiling: Ceilings::new([
                None,
                Some(Price::new(1_234_567)),
                Some(Price::new(2_000_000)),
            ])
            .expect("one scale"),
            tag: Tag::new(2),
            rule: RuleId::new(1),
        },
    }
}

/// One of everything.
pub(crate) fn small() -> Contents {
    let test = |test, attested| Condition { test, attested };
    let rule = Rule {
        conditions: vec![
            test(Test::LevelAtLeast(Level::Second), false),
            test(Test::Setting(Setting::Inpatient), false),
            test(Test::Setting(Setting::Pharmacy), false),
            test(Test::Sex(Sex::Female), false),
            test(Test::AgeFrom(18), false),
            test(Test::AgeBelow(65), false),
            test(Test::Scheme(Family::Resident), false),
            test(Test::Maternity, false),
            test(Test::Diagnosis(DiagnosisSetId::new(0)), true),
            test(Test::Indication, true),
            test(Test::FailureOfAnother, true),
            test(Test::QuantityPerVisit(Quantity::new(25_000)), false),
            test(Test::QuantityPerDay(Quantity::ONE), false),
            test(Test::Days(14), false),
        ],
        edits: vec![
            edit(EditKind::Exclusive(GroupId::new(0)), Window::Day, EditOutcome::Own),
            edit(EditKind::IncludedIn(GroupId::new(1)), Window::Visit, EditOutcome::Facility),
            edit(EditKind::MoreThan(Quantity::ONE), Window::Day, EditOutcome::Cut),
            edit(EditKind::MoreThan(Quantity::ONE), Window::Visit, EditOutcome::Flag),
        ],
        groups: vec![GroupId::new(1)],
    };
    let base = vec![
        entry("A", "2020-01-01", Some("2022-01-01")),
        entry("A", "2023-01-01", Some("2024-01-01")),
        entry("A", "2024-01-01", None),
        entry("XJ01CAA040A001010102699", "2020-01-01", None),
    ];
    let mut overlaid = base.clone();
    overlaid[3].facts.share = [Rate::ZERO, Rate::ONE];
    Contents {
        sources: vec![SourceFile { path: "national/drugs.csv".into(), digest: [7; 32], rows: 4 }],
        tags: vec!["essential".into(), "special".into()],
        rules: vec![rule],
        sets: vec![vec![(DiagnosisId::new(0), DiagnosisId::new(1))]],
        groups: vec!["one a day".into(), "part of the operation".into()],
        diagnoses: vec![diagnosis("C34.900", "肺恶性肿瘤"), diagnosis("I10.x00x002", "高血压")],
        facilities: vec![facility("H63010000001"), facility("P63010000002")],
        regions: vec![
            RegionContents { admdvs: division("000000"), entries: base },
            RegionContents { admdvs: division("630100"), entries: overlaid },
        ],
    }
}

fn edit(kind: EditKind, window: Window, then: EditOutcome) -> Edit {
    Edit { kind, window, then }
}

fn diagnosis(code: &str, name: &str) -> DiagnosisContents {
    DiagnosisContents { code: code.into(), name: name.into(), status: CodeStatus::Real }
}

fn facility(code: &str) -> FacilityContents {
    let purposes = Purposes { inpatient: true, outpatient: true, chronic: false, pharmacy: false };
    let valid = Span { from: day("2020-01-01"), to: Day::MAX };
    FacilityContents {
        code: code.into(),
        name: "示例医院".into(),
        admdvs: division("630103"),
        hosp_lv: 5,
        deductible_level: None,
        price_level: Some(Level::Third),
        kind: if code.starts_with('H') { FacilityKind::Hospital } else { FacilityKind::Pharmacy },
        agreements: vec![AgreementContents { valid, purposes }; 2],
    }
}

/// The `n`-th code of a large sample: 23 characters, all different.
pub(crate) fn code(n: usize) -> String {
    format!("X{:022}", n * 7_919)
}

/// So many codes, every twentieth with two to eight periods.
pub(crate) fn large(codes: usize) -> Contents {
    let name: Arc<str> = "示例".into();
    let mut entries = Vec::new();
    for n in 0..codes {
        let periods = if n % 20 == 0 { 2 + n / 20 % 7 } else { 1 };
        for period in 0..periods {
            let from = format!("{}-01-01", 2016 + period);
            let to = format!("{}-01-01", 2017 + period);
            let open = period + 1 == periods;
            let mut entry = entry(&code(n), &from, (!open).then_some(to.as_str()));
            entry.name = Arc::clone(&name);
            entry.facts.rule = RuleId::new(0);
            entry.facts.tag = Tag::new(0);
            entries.push(entry);
        }
    }
    Contents {
        regions: vec![RegionContents { admdvs: division("000000"), entries }],
        ..Contents::default()
    }
}
