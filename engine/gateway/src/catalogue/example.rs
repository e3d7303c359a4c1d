//! A catalogue for the tests beside it: eight national entries, and a region that changes one of them and adds one.

use std::sync::Arc;

use yidan_image::{
    CodeStatus, Contents, DiagnosisContents, EntryContents, Image, NATIONAL, PriceMark,
    RegionContents,
};
use yidan_pipeline::world::World;
use yidan_settlement::catalogue::{
    Ceilings, Class, Condition, Entry, List, Rule, Scope, Setting, Test,
};
use yidan_settlement::date::{Day, Span};
use yidan_settlement::id::{Admdvs, EntryId, RuleId, Tag};
use yidan_settlement::money::{Price, Rate};

pub(super) const REGION: &str = "630100";

pub(super) fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

pub(super) fn division(text: &str) -> Admdvs {
    Admdvs::parse(text).expect("a division")
}

/// An entry of 2020 and after, of class 甲, without a ceiling.
fn entry(code: &str, name: &str, list: List) -> EntryContents {
    let charge_type = match list {
        List::WesternDrug => 9,
        List::PatentMedicine | List::InHousePreparation => 11,
        List::HerbalPiece => 10,
        List::Service => 5,
        List::Consumable => 8,
    };
    EntryContents {
        code: code.into(),
        name: name.into(),
        source: "an example".into(),
        charge_type,
        status: CodeStatus::Shape,
        price_mark: PriceMark::None,
        facts: Entry {
            id: EntryId::new(0),
            valid: Span { from: day("2020-01-01"), to: Day::MAX },
            list,
            class: Class::A,
            scope: Scope { employee: true, resident: true, maternity: false },
            share: [Rate::ZERO; 2],
            ceiling: Ceilings::NONE,
            tag: Tag::new(0),
            rule: RuleId::new(0),
        },
    }
}

fn of_class_b(mut entry: EntryContents, share: u16) -> EntryContents {
    entry.facts.class = Class::B;
    entry.facts.share = [Rate::new(share).expect("a share"); 2];
    entry
}

fn capped(mut entry: EntryContents, yuan: [Option<i64>; 3]) -> EntryContents {
    let prices = yuan.map(|yuan| yuan.map(|yuan| Price::new(yuan * 1_000_000)));
    entry.facts.ceiling = Ceilings::new(prices).expect("fits");
    entry.price_mark = PriceMark::Plausible;
    entry
}

pub(super) fn image() -> Image {
    let mut old = capped(entry("S1", "护理", List::Service), [Some(10), Some(20), Some(30)]);
    old.facts.valid.to = day("2024-01-01");
    let mut new = capped(entry("S1", "护理", List::Service), [None, None, Some(35)]);
    new.facts.valid.from = day("2024-01-01");
    let mut restricted = entry("QD2", "限住院的片剂", List::WesternDrug);
    restricted.facts.rule = RuleId::new(1);
    restricted.facts.scope.resident = false;
    let mut outside = entry("QH1", "不予\t支付的饮片", List::HerbalPiece);
    outside.facts.class = Class::C;
    outside.facts.scope = Scope::default();
    outside.facts.share = [Rate::ONE; 2];
    let national = vec![
        of_class_b(entry("QC1", "导管", List::Consumable), 2_000),
        entry("QD1", "片剂", List::WesternDrug),
        restricted,
        outside,
        entry("QH2", "饮片", List::HerbalPiece),
        of_class_b(entry("QP1", "丸剂", List::PatentMedicine), 1_000),
        old,
        new,
    ];
    let mut regional = national.clone();
    regional[0] = of_class_b(entry("QC1", "导管", List::Consumable), 500);
    regional.insert(6, entry("QY1", "院内制剂", List::InHousePreparation));
    let diagnosis = |code: &str, name: &str| DiagnosisContents {
        code: code.to_owned(),
        name: name.to_owned(),
        status: CodeStatus::Shape,
    };
    let inpatient = Condition { test: Test::Setting(Setting::Inpatient), attested: false };
    let contents = Contents {
        rules: vec![Rule { conditions: vec![inpatient], ..Rule::default() }],
        diagnoses: vec![
            diagnosis("A09.9", "胃肠炎"),
            diagnosis("M03900", "高血压（门诊慢特病病种）"),
            diagnosis("M05.9", "类风湿性关节炎"),
        ],
        regions: vec![
            RegionContents { admdvs: division(NATIONAL), entries: national },
            RegionContents { admdvs: division(REGION), entries: regional },
        ],
        ..Contents::default()
    };
    Image::from_bytes(&contents.encode().expect("fits")).expect("it is sound")
}

pub(super) fn world() -> World {
    let mut world = World::new();
    world.set_image(Arc::new(image()));
    world
}
