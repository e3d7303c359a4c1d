//! Look-ups: every field comes back, and at most two reads of two cache lines at any size.

mod sample;

use sample::{code, day, division};
use yidan_image::{Image, Purposes};
use yidan_settlement::catalogue::{Found, Level};
use yidan_settlement::date::Day;
use yidan_settlement::id::{DiagnosisId, RuleId, Tag};

fn open(contents: &yidan_image::Contents) -> Image {
    Image::from_bytes(&contents.encode().expect("sound")).expect("opens")
}

#[test]
fn every_field_of_every_entry_comes_back() {
    let contents = sample::small();
    let image = open(&contents);
    for region in &contents.regions {
        let view = image.region(region.admdvs).expect("a view");
        assert_eq!(view.admdvs(), region.admdvs);
        assert_eq!(view.len(), region.entries.len());
        for given in &region.entries {
            let Found::Entry(found) = view.look_up(given.code.as_bytes(), given.facts.valid.from)
            else {
                panic!("{} is not found", given.code)
            };
            let found = found.entry();
            let mut expected = given.facts;
            expected.id = found.id;
            assert_eq!(found, expected);
            assert_eq!(view.entry(found.id), Some(found));
            let text = view.entry_text(found.id).expect("texts");
            assert_eq!((text.code, text.name), (&*given.code, &*given.name));
            assert_eq!((text.source, text.charge_type), (&*given.source, given.charge_type));
            assert_eq!((text.status, text.price_mark), (given.status, given.price_mark));
        }
    }
    assert_eq!(image.rules().rule(RuleId::new(1)), Some(&contents.rules[0]));
    assert_eq!(image.rules().rule(RuleId::new(2)), None);
    assert_eq!(image.tag("special"), Some(Tag::new(2)));
    assert_eq!(image.tag_name(Tag::new(2)), Some("special"));
    assert_eq!(image.tag_name(Tag::new(0)), None);
    assert_eq!(image.sources().collect::<Vec<_>>(), contents.sources);
    let window = image.window().expect("entries");
    assert_eq!((window.from, window.to), (day("2020-01-01"), Day::MAX));
}

#[test]
fn a_code_is_in_force_in_its_periods_alone() {
    let image = open(&sample::small());
    let view = image.national().expect("a base");
    let from = |on: &str| match view.look_up(b"A", day(on)) {
        Found::Entry(entry) => Some(entry.valid().from.to_string()),
        Found::NotInForce => None,
        Found::Unknown => panic!("A is known"),
    };
    for (on, expected) in [
        ("1985-01-01", None),
        ("2019-12-31", None),
        ("2020-01-01", Some("2020-01-01")),
        ("2021-12-31", Some("2020-01-01")),
        ("2022-01-01", None),
        ("2022-12-31", None),
        ("2023-01-01", Some("2023-01-01")),
        ("2023-12-31", Some("2023-01-01")),
        ("2024-01-01", Some("2024-01-01")),
        ("2199-12-31", Some("2024-01-01")),
    ] {
        assert_eq!(from(on).as_deref(), expected, "{on}");
    }
    for unknown in ["", "a", "A ", "AA", "A\0", "XJ01CAA040A00101010269"] {
        assert_eq!(view.look_up(unknown.as_bytes(), day("2024-01-01")), Found::Unknown);
    }
    assert_eq!(view.look_up(&[b'A'; 4096], day("2024-01-01")), Found::Unknown);
    assert_eq!(view.periods(b"A").len(), 3);
    assert!(view.periods(b"B").is_empty());
}

#[test]
fn the_nearest_region_answers() {
    let image = open(&sample::small());
    let asked = |code: &str| image.region(division(code)).expect("the base").admdvs().to_string();
    for (code, expected) in
        [("630100", "630100"), ("630103", "630100"), ("630200", "000000"), ("110000", "000000")]
    {
        assert_eq!(asked(code), expected, "{code}");
    }
}

#[test]
fn diagnoses_and_facilities_are_found_by_code() {
    let image = open(&sample::small());
    assert_eq!(image.diagnosis("C34.900"), Some(DiagnosisId::new(0)));
    assert_eq!(image.diagnosis("I10.x00x002"), Some(DiagnosisId::new(1)));
    assert_eq!(image.diagnosis("I10"), None);
    assert_eq!(image.diagnosis_text(DiagnosisId::new(1)).map(|text| text.name), Some("高血压"));
    assert_eq!(image.diagnosis_text(DiagnosisId::new(2)), None);
    let facility = image.facility("P63010000002").expect("there");
    assert_eq!((facility.hosp_lv, facility.level), (5, Level::Second));
    assert_eq!((facility.deductible_level, facility.price_level), (None, Some(Level::Third)));
    assert_eq!(facility.agreements.len(), 2);
    let expected = Purposes { inpatient: true, outpatient: true, ..Purposes::default() };
    assert_eq!(facility.agreements[1].purposes, expected);
    assert_eq!(image.facility("H6301"), None);
    assert_eq!(image.facilities().count(), 2);
}

#[test]
fn a_look_up_reads_two_records_of_two_cache_lines_at_any_size() {
    let sizes = if cfg!(debug_assertions) { 3..=5 } else { 3..=6 };
    for exponent in sizes {
        let codes = 10_usize.pow(exponent);
        let image = open(&sample::large(codes));
        let view = image.national().expect("a base");
        let mut found = 0;
        for n in 0..codes {
            // The later half is of codes that the image does not have.
            for code in [code(n), code(codes + n)] {
                for on in ["2015-06-01", "2016-06-01", "2019-06-01", "2030-01-01"] {
                    let (answer, probes) = view.look_up_counted(code.as_bytes(), day(on));
                    assert!(probes.reads <= 2 && probes.cache_lines <= 2, "{code}: {probes:?}");
                    assert_eq!(answer, view.look_up(code.as_bytes(), day(on)));
                    found += usize::from(matches!(answer, Found::Entry(_)));
                }
            }
        }
        // All codes begin in 2016 and the last period of each is open.
        assert_eq!(found, 3 * codes, "of {codes} codes");
    }
}

#[test]
fn look_ups_together_answer_as_one_by_one() {
    let image = open(&sample::large(10_000));
    let view = image.national().expect("a base");
    let codes: Vec<String> = (0..15_000).step_by(3).map(code).collect();
    let days = [day("2010-01-01"), day("2017-03-01"), day("2026-01-01")];
    let asked: Vec<(&[u8], Day)> =
        codes.iter().zip(days.iter().cycle()).map(|(code, on)| (code.as_bytes(), *on)).collect();
    let mut together = Vec::new();
    view.look_up_all(&asked, &mut together);
    let singly: Vec<Found> = asked.iter().map(|(code, on)| view.look_up(code, *on)).collect();
    assert_eq!(together, singly);
}
