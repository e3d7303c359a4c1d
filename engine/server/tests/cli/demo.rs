//! The demo: the same seed gives the same bills, to the fen. `YIDAN_RECORD=1` records the golden sums anew.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Folder, run};

/// What hospitals call in the demo.
const CALLED: [&str; 21] = [
    "1101", "2101", "2102", "2201", "2203", "2204", "2206", "2207", "2208", "2301", "2303", "2304",
    "2305", "2401", "2402", "2403", "2501", "2601", "3201", "5203", "9001",
];

/// The year, and what hospitals called.
fn demo(args: &[&str]) -> (Value, Value) {
    let ran = run(&[&["demo", "--json"], args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    for times in ["/times/latency/core", "/times/calls"] {
        let times = answer.pointer(times).expect("it is told");
        assert!(times["p50_ns"].as_u64() > Some(0) && times["p99_ns"].is_u64(), "{times}");
    }
    (answer["year"].take(), answer["his"].take())
}

fn is_golden(name: &str, value: &Value) {
    let text = serde_json::to_string_pretty(value).expect("JSON") + "\n";
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli")).join(name);
    if env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&file, &text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&file).expect("the golden file is there");
    assert_eq!(text, golden);
}

#[test]
fn the_sums_of_the_year_and_what_hospitals_were_answered_are_golden() {
    let (year, his) = demo(&[]);
    is_golden("demo.json", &year);
    is_golden("demo_his.json", &his);
}

#[test]
fn every_place_and_kind_has_settled_visits_and_every_fen_is_somewhere() {
    let (year, his) = demo(&["--seed", "7"]);
    let visits = year["visits"].as_u64().unwrap_or(0);
    assert!((1_500..3_000).contains(&visits), "{visits}");
    let fen = |amount: &Value| -> i64 {
        amount.as_str().unwrap_or_default().replace('.', "").parse().expect("an amount")
    };
    for place in year["places"].as_array().expect("a list") {
        let kinds = place["kinds"].as_array().expect("a list");
        assert!(kinds.iter().all(|kind| kind["settled"].as_u64() > Some(0)), "{place}");
        let sum = |name: &str| {
            let sums = place["sums"].as_array().expect("a list");
            sums.iter().find(|sum| sum["field"] == name).map_or(0, |sum| fen(&sum["amount"]))
        };
        let paid =
            sum("fund_pay_sumamt") + sum("hosp_part_amt") + sum("acct_pay") + sum("psn_cash_pay");
        assert_eq!(paid, sum("medfee_sumamt"), "{place}");
    }
    // The town that hospitals call is the same whatever the seed of the year.
    is_golden("demo_his.json", &his);
}

#[test]
fn statements_and_tables_are_printed_and_the_year_can_be_settled_again() {
    let folder = Folder::new();
    let kept = folder.path("year");
    let ran = run(&["demo", "--seed", "3", "--out", &kept]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let statements = ran.out.matches("医疗保障基金结算单").count();
    assert!((3..=5).contains(&statements), "{statements} statements");
    for said in ["西宁市", "昆明市", "济宁市", "三地合计", "整单拒付", "p99.9"] {
        assert!(ran.out.contains(said), "{said} is not in {}", ran.out);
    }
    let called = |infno: &str| {
        ran.out.lines().any(|line| line.starts_with("  ") && line.contains(&format!("  {infno} ")))
    };
    for infno in CALLED {
        assert!(called(infno), "{infno} is not in {}", ran.out);
    }
    let (_, last) = ran.out.split_once("\n共 ").expect("how many calls there were");
    assert!(last.contains("p50") && last.contains("p99"), "{last}");
    let (cases, image) = (format!("{kept}/visits.jsonl"), format!("{kept}/curated.img"));
    let args = ["settle", &cases, "--sequence", "--json", "--explain=none", "--catalog", &image];
    let again = run(&args);
    assert_eq!(again.code, Some(1), "some are refused: {}", again.err);
    let funds = ran.out.lines().rfind(|line| line.starts_with("基金支付合计  "));
    let total = funds.and_then(|line| line.split_whitespace().last()).unwrap_or_default();
    let total = total.replace(',', "");
    assert!(again.err.contains(&format!("fund_pay_sumamt {total}, ")), "{total}: {}", again.err);
    assert_eq!(run(&args).out, again.out, "the same every time");
}
