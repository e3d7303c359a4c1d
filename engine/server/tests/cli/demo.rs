//! The demo: the same seed gives the same bills, to the fen. `YIDAN_RECORD=1` records the golden sums anew.

use std::env;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{Folder, run};

fn year(args: &[&str]) -> Value {
    let ran = run(&[&["demo", "--json"], args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(answer["times"]["latency"]["core"]["p50_ns"].is_u64(), "{answer}");
    answer["year"].take()
}

#[test]
fn the_sums_of_the_year_are_golden() {
    let year = year(&[]);
    let text = serde_json::to_string_pretty(&year).expect("JSON") + "\n";
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/demo.json"));
    if env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&file, &text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&file).expect("the golden file is there");
    assert_eq!(text, golden);
}

#[test]
fn every_place_and_kind_has_settled_visits_and_every_fen_is_somewhere() {
    let year = year(&["--seed", "7"]);
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
    let (cases, image) = (format!("{kept}/visits.jsonl"), format!("{kept}/curated.img"));
    let args = ["settle", &cases, "--sequence", "--json", "--catalog", &image];
    let again = run(&args);
    assert_eq!(again.code, Some(1), "some are refused: {}", again.err);
    let funds = ran.out.lines().rfind(|line| line.starts_with("基金支付合计  "));
    let total = funds.and_then(|line| line.split_whitespace().last()).unwrap_or_default();
    let total = total.replace(',', "");
    assert!(again.err.contains(&format!("fund_pay_sumamt {total}, ")), "{total}: {}", again.err);
    assert_eq!(run(&args).out, again.out, "the same every time");
}
