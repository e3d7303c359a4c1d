//! The compiler against small files: R1 as it should come out, every error with its exact words, and differences.
//!
//! `testdata/findings.txt` holds the cases of errors. A case that lacks a part which every pack needs gets it appended, so
//! lines count within the case. `YIDAN_RECORD=1` writes what is found into the file, to be reviewed as a diff.

use std::fmt::Write;

use yidan_settlement::date::Day;
use yidan_settlement::id::SlotId;
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{
    Axis, Circumstance, DeductibleAmount, HospitalLevel, Pack, Row, Tier,
};

use super::{check, compile, diff, show};

const R1: &str = include_str!("../../../sources/R1/policy.toml");
const FINDINGS: &str = include_str!("testdata/findings.txt");

/// What a case lacks and every pack needs.
const NEEDED: [(&str, &str); 6] = [
    (
        "[pack]",
        "[pack]\npool = \"000000\"\ntitle = \"T\"\ndivisions = [\"0000\"]\nprovince = [\"00\"]\n\
         from = \"2023-01-01\"\nto = \"2025-01-01\"\nfilings = [\"referral\"]\n",
    ),
    ("[[source]]", "[[source]]\nid = \"S\"\ndocument = \"D\"\ndate = \"2022\"\ngrade = \"O\"\n"),
    ("[[scheme]]", "[[scheme]]\ninsutype = \"390\"\nname = \"N\"\nfamily = \"resident\"\n"),
    ("[[person]]", "[[person]]\nid = \"anyone\"\npsn_type = [\"\"]\n"),
    (
        "[[benefit]]",
        "[[benefit]]\nid = \"visit\"\nname = \"N\"\nmed_type = [\"\"]\n\
         setting = \"inpatient\"\nagreement = \"inpatient\"\n",
    ),
    (
        "[[tier]]",
        "[[tier]]\nid = \"T\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"50%\"\nsource = \"S\"\n",
    ),
];

/// A case with what it lacks behind it.
fn whole(case: &str) -> String {
    let lacking = NEEDED.iter().filter(|(key, _)| !case.lines().any(|line| line.trim() == *key));
    lacking.fold(case.to_owned(), |text, (_, part)| text + "\n" + part)
}

fn pack(text: &str) -> Pack {
    compile(text, "policy.toml").unwrap_or_else(|errors| panic!("{errors}"))
}

/// The only row of a tier that holds in a circumstance.
fn row<'p>(tier: &'p Tier, at: &[(Axis, u16)]) -> &'p Row {
    let mut circumstance = Circumstance::default();
    at.iter().for_each(|(axis, coordinate)| circumstance.set(*axis, *coordinate));
    tier.row(&circumstance).expect("the tier applies")
}

fn ratios(row: &Row) -> Vec<u16> {
    row.bands.iter().map(|band| band.rate.raw()).collect()
}

fn found(text: &str) -> String {
    match check(text, "p") {
        Ok(compiled) => {
            compiled.warnings.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n")
        }
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn r1_compiles_to_three_small_tables() {
    let pack = pack(R1);
    assert_eq!(pack.data().digest, *blake3::hash(R1.as_bytes()).as_bytes());
    let edition = pack.edition(Day::parse("2026-05-01").expect("a day")).expect("in force");
    assert_eq!(pack.data().editions.len(), 1);
    let [basic, critical, assistance] = edition.tiers.as_slice() else { panic!("three tiers") };

    assert_eq!((basic.basic, critical.basic), (true, false));
    let level = |level: HospitalLevel| {
        [(Axis::Level, level.coordinate()), (Axis::DeductibleLevel, level.coordinate())]
    };
    for (of, amount, rates) in [
        (HospitalLevel::First, 40_000, [8_500, 9_000]),
        (HospitalLevel::Second, 80_000, [7_500, 8_000]),
        (HospitalLevel::Third, 120_000, [6_000, 7_000]),
        (HospitalLevel::Unrated, 120_000, [6_000, 7_000]),
    ] {
        let row = row(basic, &level(of));
        let deductible = row.deductible.as_ref().expect("a deductible");
        assert_eq!(deductible.amount, DeductibleAmount::Fixed(Fen::new(amount)));
        assert_eq!(deductible.less, Some(SlotId::new(0)));
        assert_eq!(ratios(row), rates);
        assert_eq!(row.bands.first().map(|band| band.to), Some(Fen::new(1_000_000)));
        assert_eq!(row.payment.len(), 1);
    }
    // A deductible of each of three amounts with bands of each of three rows.
    assert_eq!((basic.cells.len(), basic.rows.len()), (16, 9));
    assert_eq!((critical.cells.len(), critical.rows.len()), (1, 1));
    assert_eq!(assistance.cells, [0, 1, 2]);
    assert_eq!(ratios(row(assistance, &[(Axis::Identity, 1)])), [7_000]);
    assert_eq!(edition.plans.first().map(Vec::len), Some(3));
}

#[test]
fn the_same_text_compiles_to_the_same_pack() {
    assert_eq!(pack(R1), pack(R1));
}

#[test]
fn a_file_that_lacks_or_repeats_a_line_is_answered_and_never_panics() {
    let lines: Vec<&str> = R1.lines().collect();
    for at in 0..lines.len() {
        let (before, after) = lines.split_at(at);
        let lacking = [before, &after[1..]].concat().join("\n");
        let repeating = [before, &after[..1], after].concat().join("\n");
        for text in [lacking, repeating] {
            if let Err(errors) = compile(&text, "p") {
                assert!(!errors.findings.is_empty(), "line {}", at + 1);
            }
        }
    }
}

#[test]
fn every_finding_has_its_place_and_its_words() {
    let mut recorded = String::new();
    let mut differing = Vec::new();
    let mut cases = 0;
    for section in FINDINGS.split("=== ").skip(1) {
        let (title, rest) = section.split_once('\n').expect("a title");
        let (case, expected) = rest.split_once("---\n").expect("a case and its findings");
        let found = found(&whole(case));
        if found.trim() != expected.trim() {
            differing.push(format!("{title}\n{found}"));
        }
        cases += 1;
        write!(recorded, "=== {title}\n{case}---\n{found}\n\n").expect("a String takes all");
    }
    if std::env::var_os("YIDAN_RECORD").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy/testdata/findings.txt");
        std::fs::write(path, recorded).expect("the test data can be written");
        return;
    }
    assert!(differing.is_empty(), "{}", differing.join("\n\n"));
    assert!(cases >= 60, "only {cases} cases");
}

#[test]
fn dates_make_editions_and_an_exception_stands_in_place_of_the_others() {
    let text = whole(
        "[[tier]]\nid = \"T\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"50%\"\nto = \"2024-01-01\"\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"60%\"\nfrom = \"2024-01-01\"\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"70%\"\nage_from = 70\nexception = true\nsource = \"S\"\n\
         [[tier.cap]]\namount = \"100.00\"\non = \"payment\"\nsource = \"S\"\n\
         [[tier.cap]]\nunlimited = true\nage_from = 80\non = \"payment\"\nsource = \"S\"\n",
    );
    let pack = pack(&text);
    let spans: Vec<String> =
        pack.data().editions.iter().map(|edition| edition.span.from.to_string()).collect();
    assert_eq!(spans, ["2023-01-01", "2024-01-01"]);
    for (edition, young) in pack.data().editions.iter().zip([5_000, 6_000]) {
        assert_eq!(edition.age_cuts, [70, 80]);
        let tier = edition.tiers.first().expect("one tier");
        let rates: Vec<(Vec<u16>, usize)> = (0..3)
            .map(|age| row(tier, &[(Axis::Age, age)]))
            .map(|row| (ratios(row), row.payment.len()))
            .collect();
        assert_eq!(rates, [(vec![young], 1), (vec![7_000], 1), (vec![7_000], 0)]);
    }
}

#[test]
fn values_that_grow_with_a_number_are_cut_at_each_step() {
    let text = whole(
        "[[tier]]\nid = \"T\"\nfund = \"390200\"\nbase = \"in_scope\"\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"50%\"\nsource = \"S\"\n\
         [[tier.change]]\npoints_per_year = { age_from = 60, points = \"1%\", max = \"2.5%\" }\n\
         source = \"S\"\n\
         [[tier.cap]]\namount = \"100.00\"\non = \"payment\"\nsource = \"S\"\n\
         plus = { paid_years_from = 4, each = \"40.00\", max = \"100.00\" }\n",
    );
    let pack = pack(&text);
    let edition = pack.data().editions.first().expect("one edition");
    assert_eq!(edition.age_cuts, [60, 61, 62]);
    assert_eq!(edition.paid_year_cuts, [4, 5, 6]);
    let tier = edition.tiers.first().expect("one tier");
    let by_age: Vec<Vec<u16>> = (0..4).map(|age| ratios(row(tier, &[(Axis::Age, age)]))).collect();
    assert_eq!(by_age, [[5_000], [5_100], [5_200], [5_250]]);
    let caps: Vec<String> = (0..4)
        .map(|years| format!("{:?}", row(tier, &[(Axis::PaidYears, years)]).payment[0].amount))
        .collect();
    assert_eq!(caps, ["Fixed(100.00)", "Fixed(140.00)", "Fixed(180.00)", "Fixed(200.00)"]);
}

#[test]
fn the_row_without_penalties_stands_beside_the_penalised_one() {
    let text = whole(
        "[[tier]]\nid = \"T\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n\
         [[tier.first_share]]\nrate = \"10%\"\noff_region = true\nfiling = \"none\"\n\
         penalty = true\nsource = \"S\"\n\
         [[tier.band]]\nrate = \"80%\"\nsource = \"S\"\n\
         [[tier.change]]\npoints = \"-20%\"\noff_region = true\nfiling = \"none\"\n\
         penalty = true\nsource = \"S\"\n\
         [[tier.change]]\npoints = \"+5%\"\nsource = \"S\"\n\
         [[tier.add]]\nslot = \"s\"\nof = \"paid\"\noff_region = true\nsource = \"S\"\n\
         [[slot]]\nid = \"s\"\nscope = \"year\"\n",
    );
    let pack = pack(&text);
    let tier = pack.data().editions.first().and_then(|e| e.tiers.first()).expect("one tier");
    let home = row(tier, &[]);
    let away = row(tier, &[(Axis::Distance, 3)]);
    assert_eq!((home.unpenalised, ratios(home), home.adds.len()), (None, vec![8_500], 0));
    assert_eq!((away.first_share, ratios(away), away.adds.len()), (rate(1_000), vec![6_500], 1));
    let place = away.unpenalised.and_then(|place| usize::try_from(place).ok());
    let whole = place.and_then(|place| tier.rows.get(place)).expect("a row without penalties");
    assert_eq!((whole.first_share, ratios(whole)), (Rate::ZERO, vec![8_500]));
}

#[test]
fn kinds_with_ratios_of_their_own_get_bands_of_their_own() {
    let text = whole(
        "[[tier]]\nid = \"T\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n\
         kinds = [\"essential\", \"ordinary\"]\n\
         [[tier.band]]\nrate = \"80%\"\nsource = \"S\"\n\
         [[tier.change]]\npoints = \"+10%\"\nkinds = [\"essential\"]\nsource = \"S\"\n\
         [[line_kind]]\nid = \"essential\"\ntags = [\"e\"]\n",
    );
    let pack = pack(&text);
    let tier = pack.data().editions.first().and_then(|e| e.tiers.first()).expect("one tier");
    let own: Vec<(u8, u16)> = row(tier, &[])
        .kind_bands
        .iter()
        .map(|own| (own.kind.get(), own.bands[0].rate.raw()))
        .collect();
    assert_eq!(own, [(1, 9_000), (0, 8_000)]);
    assert_eq!(ratios(row(tier, &[])), [8_000]);
}

#[test]
fn a_slot_by_line_kind_is_one_slot_for_each_kind() {
    let text = |key: &str| {
        whole(&format!(
            "[[tier]]\nid = \"T\"\nfund = \"390100\"\nbase = \"in_scope\"\nsource = \"S\"\n\
             kinds = [\"special\"]\n\
             [[tier.band]]\nrate = \"80%\"\nsource = \"S\"\n\
             [[tier.add]]\nslot = \"paid\"\nof = \"paid\"\nsource = \"S\"\n\
             [[line_kind]]\nid = \"special\"\ntags = [\"s\"]\n\
             [[slot]]\nid = \"first\"\nscope = \"life\"\n\
             [[slot]]\nid = \"paid\"\nscope = \"year\"\n{key}"
        ))
    };
    let one = check(&text(""), "one").expect("the pack compiles");
    let split = check(&text("key = \"line_kind\"\n"), "split").expect("the pack compiles");
    let slots: Vec<&str> = split.pack.data().slots.iter().map(|slot| slot.id.as_str()).collect();
    assert_eq!(slots, ["first", "paid@ordinary", "paid@special"]);
    let tier = split.pack.data().editions.first().and_then(|e| e.tiers.first()).expect("one tier");
    assert_eq!(tier.adds.first().map(|add| add.slot), Some(SlotId::new(2)));
    let lines: Vec<String> = diff(&one, &split).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "~ tier \"T\" add: paid ← 支付额，据 S → paid@special ← 支付额，据 S (line 10 → 10)",
            "- slot \"paid\" scope: 金额；每年 (line 21)",
            "+ slot \"paid@ordinary\" scope: 金额；每年；分费用类别 (line 21)",
            "+ slot \"paid@special\" scope: 金额；每年；分费用类别 (line 21)",
        ]
    );
    assert!(show(&split).contains("| paid@special | scope | 金额；每年；分费用类别 |"));
}

#[test]
fn a_difference_names_what_changed_and_where() {
    let old = check(R1, "old").expect("R1 compiles");
    let text = R1
        .replace("amount = \"800.00\"", "amount = \"700.00\"")
        .replace("title = \"参考负载 R1\"", "title = \"R1\"")
        .replace(
            "[[slot]]\nid = \"deductible\"",
            "[[slot]]\nid = \"other\"\nscope = \"life\"\n\n[[slot]]\nid = \"deductible\"",
        );
    let new = check(&text, "new").expect("the changed pack compiles");
    let lines: Vec<String> = diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "~ pack title: 参考负载 R1 → R1 (line 3 → 3)",
            "~ tier \"basic\" deductible [级别：二级]: 800.00，减已付（deductible），据 R1 → \
             700.00，减已付（deductible），据 R1 (line 86 → 90)",
            "+ slot \"other\" scope: 金额；终身 (line 48)",
        ]
    );
    assert_eq!(diff(&old, &old), []);
}

#[test]
fn a_pack_is_shown_with_its_rows_and_grounds() {
    let compiled = check(R1, "R1").expect("R1 compiles");
    let text = show(&compiled);
    for line in [
        "# 参考负载 R1（R1）",
        "### 1. basic",
        "| 起付线 | 400.00，减已付（deductible） | 级别：一级 |  | R1 [O] | 80 |",
        "| 支付比例 | 0.00–10000.00 85%；10000.00以上 90% | 级别：一级 |  | R1 [O] | 98 |",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
}

fn rate(parts: u16) -> Rate {
    Rate::new(parts).expect("a ratio")
}
