//! From sources to an image: the curated sources build, regions lie over the base, encodings are
//! told apart, and every fault of every file is named at once.

use std::fs;
use std::path::Path;

use encoding_rs::GB18030;
use yidan_build::{
    BuildError, Sizes, Source, assemble, build, build_of, diff, generate, read_folder, real_codes,
    show, verify, write_sources,
};
use yidan_image::{Contents, Image};
use yidan_settlement::catalogue::{Class, EditOutcome, Found, Level, Test};
use yidan_settlement::date::Day;
use yidan_settlement::id::{Admdvs, DiagnosisSetId};
use yidan_settlement::money::{Price, Rate};

const HEADING: &str = "code,code_status,name,list,charge_type,class,share_employee,share_resident,\
    ceiling_l1,ceiling_l2,ceiling_l3,price_mark,tag,from,to,source,action\n";

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn entries(path: &str, rows: &[&str]) -> Source {
    source(path, &format!("{HEADING}{}\n", rows.join("\n")))
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn division(text: &str) -> Admdvs {
    Admdvs::parse(text).expect("six digits")
}

fn image_of(contents: &Contents) -> Image {
    Image::from_bytes(&contents.encode().expect("sound")).expect("opens")
}

fn assembled(sources: &[Source]) -> Image {
    let contents = assemble(sources).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    image_of(&contents)
}

fn curated() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sources");
    read_folder(&folder).expect("readable")
}

#[test]
fn the_curated_sources_build_and_hold_what_they_promise() {
    let contents = match assemble(&curated()) {
        Ok(contents) => contents,
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        }
    };
    let base = &contents.regions[0].entries;
    assert!(base.len() >= 400, "only {} entries", base.len());
    assert!(real_codes(&contents) >= 5);
    assert!(contents.facilities.len() >= 20);
    assert_eq!(contents.regions.len(), 4);
    for class in [Class::A, Class::B, Class::C] {
        assert!(base.iter().any(|entry| entry.facts.class == class), "{class:?}");
    }
    // Every kind of condition and every outcome of an edit stands somewhere.
    let conditions = || contents.rules.iter().flat_map(|rule| &rule.conditions);
    let kinds: Vec<_> = conditions().map(|c| std::mem::discriminant(&c.test)).collect();
    let mut different = kinds.clone();
    different.sort_by_key(|kind| format!("{kind:?}"));
    different.dedup();
    assert_eq!(different.len(), 13, "kinds of conditions");
    assert!(conditions().any(|c| c.test == Test::Indication && c.attested));
    for then in [EditOutcome::Own, EditOutcome::Facility, EditOutcome::Cut, EditOutcome::Flag] {
        let mut edits = contents.rules.iter().flat_map(|rule| &rule.edits);
        assert!(edits.any(|edit| edit.then == then), "{then:?}");
    }
    let image = image_of(&contents);
    for tag in ["essential", "special", "negotiated", "dialysis", "implant-domestic"] {
        assert!(image.tag(tag).is_some(), "{tag}");
    }
    assert!(image.region(division("530111")).is_some_and(|v| v.admdvs() == division("530100")));
}

#[test]
fn a_region_lies_over_the_base_period_by_period() {
    let sources = [
        entries(
            "530100/drugs.csv",
            &[
                "QX1,shape,甲药,western,09,乙,0.03,0.05,,,,,,2022-01-01,2023-01-01,local,",
                "QX2,,,,,,,,,,,,,2022-01-01,,,remove",
                "QX3,shape,丙药,inhouse,09,甲,,,1.5,2,2.5,published,,2020-01-01,,local,set",
            ],
        ),
        source(
            "530100/shares.csv",
            "list,tag,share_employee,share_resident,source\nwestern,,0.04,0.06,s\n",
        ),
        entries(
            "national/drugs.csv",
            &[
                "QX1,shape,甲药,western,09,乙,,,,,,,special,2020-01-01,,list,",
                "QX2,shape,乙药,western,09,01,,,,,,,,2020-01-01,,list,",
            ],
        ),
        source(
            "national/shares.csv",
            "list,tag,share_employee,share_resident,source\n\
             any,,0.1,0.2,s\nwestern,,0.3,0.3,s\nany,special,0.15,0.25,s\n",
        ),
    ];
    let image = assembled(&sources);
    let shares = |region: &str, on: &str| {
        let view = image.region(division(region)).expect("a view");
        match view.look_up(b"QX1", day(on)) {
            Found::Entry(entry) => entry.entry().share.map(|share| share.raw()),
            other @ (Found::Unknown | Found::NotInForce) => {
                panic!("QX1 in {region} on {on}: {other:?}")
            }
        }
    };
    assert_eq!(shares("000000", "2022-06-01"), [1500, 2500], "the row with the tag goes first");
    assert_eq!(shares("530100", "2021-06-01"), [400, 600], "the region's shares go first");
    assert_eq!(shares("530100", "2022-06-01"), [300, 500], "a row's own shares go first of all");
    assert_eq!(shares("530100", "2023-06-01"), [400, 600], "what the base says after stays");
    let local = image.region(division("530111")).expect("a view");
    assert!(matches!(local.look_up(b"QX2", day("2021-12-31")), Found::Entry(_)));
    assert_eq!(local.look_up(b"QX2", day("2022-01-01")), Found::NotInForce);
    let Found::Entry(added) = local.look_up(b"QX3", day("2024-01-01")) else { panic!("added") };
    assert_eq!(added.ceiling_at(Level::First), Some(Price::new(1_500_000)));
    assert_eq!(added.entry().share, [Rate::ZERO; 2]);
    let base = image.national().expect("a base");
    assert_eq!(base.look_up(b"QX3", day("2024-01-01")), Found::Unknown);
    assert!(matches!(base.look_up(b"QX2", day("2024-01-01")), Found::Entry(_)));
}

#[test]
fn both_encodings_give_the_same_entries() {
    let text = format!("{HEADING}QX1,shape,阿莫西林㐀,western,09,甲,,,,,,,,2020-01-01,,目录,\n");
    let (gb18030, _, unmappable) = GB18030.encode(&text);
    assert!(!unmappable && gb18030 != text.as_bytes());
    let with_mark = ["\u{FEFF}".as_bytes(), text.as_bytes()].concat();
    for bytes in [text.as_bytes().to_vec(), with_mark, gb18030.into_owned()] {
        let source = Source { path: "national/drugs.csv".to_owned(), bytes };
        let image = assembled(&[source]);
        let shown = show(&image, "QX1", day("2024-01-01"), division("000000")).expect("a base");
        assert!(shown.to_string().contains("阿莫西林㐀"), "{shown}");
    }
    let broken = [text.as_bytes(), b"QX2,\xFF\xFF\n"].concat();
    let source = Source { path: "national/drugs.csv".to_owned(), bytes: broken };
    let problems = assemble(&[source]).expect_err("no text");
    assert_eq!((problems[0].line, problems.len()), (3, 1), "{}", problems[0]);
}

#[test]
fn prefixes_of_diagnoses_become_ranges_of_ids() {
    let diagnoses = "code,code_status,name,source\n\
        C00.0,real,唇,w\nC97,real,多处,w\nD04.9,real,皮肤,w\nD05.1,real,导管,w\nD06,real,宫颈,w\n";
    let sources = [
        entries("national/drugs.csv", &["QX1,shape,甲药,western,09,甲,,,,,,,,2020-01-01,,list,"]),
        source("national/diagnoses.csv", diagnoses),
        source(
            "national/restrictions.csv",
            "code,conditions,source\nQX1,diagnosis=C00-C97|D05!;level>=2,s\n",
        ),
    ];
    let image = assembled(&sources);
    let inside = |code: &str| {
        let id = image.diagnosis(code).expect("listed");
        image.rules().set_contains(DiagnosisSetId::new(0), id)
    };
    for (code, expected) in
        [("C00.0", true), ("C97", true), ("D04.9", false), ("D05.1", true), ("D06", false)]
    {
        assert_eq!(inside(code), expected, "{code}");
    }
    let shown = show(&image, "QX1", day("2024-01-01"), division("000000")).expect("a base");
    assert!(shown.to_string().contains("diagnosis=C00.0-C97|D05.1-D05.1!;level>=2"), "{shown}");
}

/// The golden file is read by people: every line says where, what stands there, and what should.
#[test]
fn all_faults_of_all_files_are_named_at_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let out = tempfile::tempdir().expect("a folder");
    let target = out.path().join("none.img");
    let Err(BuildError::Sources(problems)) = build(&folder.join("faulty"), &target) else {
        panic!("the sources are faulty")
    };
    let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    let golden = folder.join("faulty.txt");
    if std::env::var_os("RECORD").is_some() {
        fs::write(&golden, &lines).expect("recorded");
    }
    assert_eq!(lines, fs::read_to_string(&golden).expect("recorded before"));
    assert_eq!(fs::read_dir(out.path()).expect("readable").count(), 0, "nothing is written");
}

const FEW: Sizes =
    Sizes { drugs: 3_000, services: 500, consumables: 1_500, diagnoses: 3_000, facilities: 500 };

#[test]
fn the_generator_gives_the_same_image_from_folder_and_memory() {
    let sources = generate(7, FEW);
    assert_eq!(sources, generate(7, FEW));
    assert_ne!(sources, generate(8, FEW));
    let folder = tempfile::tempdir().expect("a folder");
    write_sources(&sources, &folder.path().join("sources")).expect("written");
    let (first, second) = (folder.path().join("a.img"), folder.path().join("b.img"));
    let from_folder = build(&folder.path().join("sources"), &first).expect("builds");
    let from_memory = build_of(&sources, &second).expect("builds");
    assert_eq!(from_folder, from_memory);
    assert_eq!(fs::read(&first).expect("there"), fs::read(&second).expect("there"));
    assert_eq!((from_folder.diagnoses, from_folder.facilities), (3_000, 500));
    let [(_, entries)] = from_folder.regions[..] else { panic!("the base alone") };
    assert!(entries > 5_000 && entries < 5_500, "{entries}: a few codes have several periods");
    let verified = verify(&first).expect("opens");
    assert_eq!(verified.digest, from_folder.digest);
    assert_eq!(verified.sources.len(), sources.len());
}

#[test]
fn a_difference_names_code_field_and_both_values() {
    let row = |code: &str, class: &str| {
        format!("{code},shape,甲药,western,09,{class},0.1,0.1,,,,,,2020-01-01,,list,")
    };
    let image = |rows: &[String]| {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assembled(&[entries("national/drugs.csv", &rows)])
    };
    let old = image(&[row("QX1", "甲"), row("QX2", "甲")]);
    let new = image(&[row("QX2", "乙"), row("QX3", "甲")]);
    assert_eq!(
        diff(&old, &new).to_string(),
        "000000 - QX1 from 2020-01-01\n\
         000000 ~ QX2 from 2020-01-01; class: 甲 -> 乙\n\
         000000 + QX3 from 2020-01-01\n"
    );
    assert!(diff(&old, &old).changes.is_empty());
}
