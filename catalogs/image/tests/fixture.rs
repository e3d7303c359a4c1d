//! An image shipped in format version 1 opens for good, and says what it always said (`fixtures/README.md`).
//! That the builder makes the same bytes of the same sources is `tests/tests/fixture.rs`.

use std::path::Path;

use yidan_image::{CodeStatus, FacilityKind, Image, PriceMark, Purposes};
use yidan_settlement::catalogue::{
    Class, EditKind, EditOutcome, Entry, Found, Level, List, Scope, Setting, Sex, Test, Window,
};
use yidan_settlement::date::Day;
use yidan_settlement::id::Admdvs;
use yidan_settlement::money::{Price, Quantity, Rate};

/// The digest of the image as it was shipped: of its payload, and so of all it says.
const DIGEST: &str = "16bafd7e9b3b45fc75567d82a7702dc45033d444a9765e0ebed6b5664cc120ab";

fn opened() -> Image {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1.image");
    Image::open(path).unwrap_or_else(|error| panic!("{error}"))
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn division(text: &str) -> Admdvs {
    Admdvs::parse(text).expect("six digits")
}

fn found(image: &Image, region: &str, code: &str, on: &str) -> Option<Entry> {
    let view = image.region(division(region)).expect("every division has a view");
    match view.look_up(code.as_bytes(), day(on)) {
        Found::Entry(entry) => Some(entry.entry()),
        Found::Unknown | Found::NotInForce => None,
    }
}

#[test]
fn the_fixture_is_the_one_that_was_shipped() {
    let hex: String = opened().digest().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, DIGEST);
}

#[test]
fn entries_say_what_they_said() {
    let image = opened();
    assert_eq!(image.regions(), [division("000000"), division("630100")]);
    assert_eq!(image.national().map(|view| view.len()), Some(6));

    let plain = found(&image, "000000", "QXA0001", "2021-06-01").expect("in force");
    assert_eq!((plain.list, plain.class), (List::WesternDrug, Class::A));
    assert_eq!(image.tag_name(plain.tag), Some("essential"));
    assert!(plain.ceiling.is_none());
    assert_eq!(plain.rule.get(), 0);

    let first = found(&image, "000000", "QXB0001", "2022-12-31").expect("in force");
    assert_eq!((first.valid.from, first.valid.to), (day("2020-01-01"), day("2023-01-01")));
    assert_eq!(first.share.map(Rate::parts), [1_000, 2_000]);
    let ceilings = [Level::First, Level::Second, Level::Third].map(|at| first.ceiling_at(at));
    assert_eq!(ceilings, [1_234_567, 2_000_000, 2_500_000].map(|price| Some(Price::new(price))));
    assert_eq!(image.tag_name(first.tag), Some("special"));

    assert_eq!(found(&image, "000000", "QXB0001", "2023-01-01"), None, "between two periods");
    let second = found(&image, "000000", "QXB0001", "2024-01-01").expect("in force");
    assert_eq!(second.share.map(Rate::parts), [500, 2_500]);
    assert!(second.ceiling.is_none());
    assert_eq!(found(&image, "000000", "QXB0002", "2024-01-01"), None, "a code nobody has");

    let outside = found(&image, "000000", "QXC0001", "2024-01-01").expect("in force");
    assert_eq!(outside.class, Class::C);
}

#[test]
fn a_region_lies_over_the_base_as_it_did() {
    let image = opened();
    let scope = Scope { employee: true, resident: false, maternity: true };
    let shared = found(&image, "000000", "QS0001", "2024-06-01").expect("in force");
    assert_eq!((shared.class, shared.scope), (Class::A, scope));
    let over = found(&image, "630100", "QS0001", "2024-06-01").expect("in force");
    assert_eq!((over.class, over.share.map(Rate::parts)), (Class::B, [1_500, 2_500]));
    let after = found(&image, "630100", "QS0001", "2025-01-01").expect("in force");
    assert_eq!(
        (after.class, after.ceiling_at(Level::Third)),
        (Class::A, Some(Price::new(24_000_000)))
    );
    let elsewhere = image.region(division("110000")).map(|view| view.admdvs());
    assert_eq!(elsewhere, Some(division("000000")), "other divisions have the base");
}

#[test]
fn rules_texts_diagnoses_and_facilities_say_what_they_said() {
    let image = opened();
    let entry = found(&image, "000000", "QXB0001", "2024-01-01").expect("in force");
    let rule = image.rules().rule(entry.rule).expect("its rule");
    let tests: Vec<(Test, bool)> =
        rule.conditions.iter().map(|one| (one.test, one.attested)).collect();
    let [level, setting, sex, age, (Test::Diagnosis(set), true), indication, visit, days] =
        tests[..]
    else {
        panic!("{tests:?}")
    };
    assert_eq!(level, (Test::LevelAtLeast(Level::Second), false));
    assert_eq!(setting, (Test::Setting(Setting::Inpatient), false));
    assert_eq!(sex, (Test::Sex(Sex::Female), false));
    assert_eq!(age, (Test::AgeFrom(18), false));
    assert_eq!(indication, (Test::Indication, true));
    assert_eq!(visit, (Test::QuantityPerVisit(Quantity::new(25_000)), false));
    assert_eq!(days, (Test::Days(14), false));
    let tumour = image.diagnosis("C34.9").expect("known");
    assert!(image.rules().set_contains(set, tumour));
    assert!(!image.rules().set_contains(set, image.diagnosis("I10").expect("known")));

    let nursing = found(&image, "000000", "QS0001", "2024-01-01").expect("in force");
    let edits = &image.rules().rule(nursing.rule).expect("its rule").edits;
    let [edit] = edits[..] else { panic!("{edits:?}") };
    let EditKind::Exclusive(group) = edit.kind else { panic!("{edit:?}") };
    assert_eq!(image.group_name(group), Some("nursing"));
    assert_eq!((edit.window, edit.then), (Window::Day, EditOutcome::Facility));

    let view = image.national().expect("a base");
    let text = view.entry_text(entry.id).expect("its texts");
    assert_eq!((text.code, text.name, text.source), ("QXB0001", "乙类药", "fixture"));
    assert_eq!(
        (text.charge_type, text.status, text.price_mark),
        (11, CodeStatus::Shape, PriceMark::None)
    );

    let facility = image.facility("H630103Q0001").expect("known");
    assert_eq!(
        (facility.hosp_lv, facility.level, facility.kind),
        (2, Level::Third, FacilityKind::Hospital)
    );
    let [first, second] = &facility.agreements[..] else { panic!("{:?}", facility.agreements) };
    let chronic = Purposes { inpatient: false, outpatient: false, chronic: true, pharmacy: false };
    assert_eq!((first.valid.to, second.purposes), (day("2026-01-01"), chronic));
    assert_eq!(image.sources().count(), 9);
}
