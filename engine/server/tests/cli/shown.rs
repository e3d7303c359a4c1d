//! `yidan journal show` on a journal of real commands: figures as they were answered, books that balance, one object a line.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::durable::{FACILITY, opening, ran, settle};
use crate::program::{Folder, Ran, program, run};

/// A member, a bill of two lines, a bill by totals, and that one cancelled; with the answers.
fn journal(folder: &Folder) -> (String, Vec<Value>) {
    let path = folder.path("journal");
    let line = |serial: &str, code: &str, amount: &str| {
        json!({"feedetl_sn": serial, "med_list_codg": code, "cnt": 1, "pric": amount,
            "fee_ocur_time": "2025-03-01", "det_item_fee_sumamt": amount})
    };
    let mut by_lines = settle("s1", "P1", "0");
    let fields = by_lines.as_object_mut().expect("an object");
    fields.remove("totals");
    let lines = [line("a1", "001102000010000", "20.50"), line("a2", "NOBODY", "9.50")];
    fields.insert("lines".to_owned(), json!(lines));
    let mut commands = opening();
    commands.extend([by_lines, settle("s2", "P2", "10000.00")]);
    commands
        .push(json!({"op": "cancel", "fixmedins_code": FACILITY, "msgid": "c1", "psn_no": "P2",
        "setl_id": "@s2"}));
    let (ran, answers) = ran(&path, &commands, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    (path, answers)
}

fn shown(path: &str, args: &[&str]) -> Ran {
    let ran = run(&[&["journal", "show", path], args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran
}

fn objects(path: &str, args: &[&str]) -> Vec<Value> {
    let ran = shown(path, &[&["--json"], args].concat());
    ran.out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn of<'o>(objects: &'o [Value], what: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["what"] == what).collect()
}

fn fen(amount: &Value) -> i64 {
    amount.as_str().expect("an amount").replace('.', "").parse().expect("two decimals")
}

#[test]
fn records_say_what_was_answered_and_their_books_balance() {
    let folder = Folder::new();
    let (path, answers) = journal(&folder);
    let objects = objects(&path, &[]);
    let numbers: Vec<u64> = objects.iter().filter_map(|object| object["record"].as_u64()).collect();
    assert_eq!(numbers, (1..=objects.len() as u64).collect::<Vec<_>>());
    assert_eq!(of(&objects, "member")[0]["balc"], "100.00");
    assert_eq!(of(&objects, "facility")[0]["fixmedins_code"], FACILITY);
    let settled = of(&objects, "settled");
    let mut compared = 0;
    for (object, answer) in settled.iter().zip(&answers[3..]) {
        assert_eq!(object["setl_id"], answer["setl_id"]);
        for (field, amount) in object["setlinfo"].as_object().expect("amounts") {
            if let Some(answered) = answer.get(field) {
                assert_eq!(amount, answered, "{field}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 10, "only {compared} amounts");
    let [by_lines, by_totals] = settled[..] else { panic!("two settlements: {settled:?}") };
    assert_eq!(by_lines["lines"][0]["chrgitm_lv"], "01");
    assert_eq!(by_lines["lines"][1]["fulamt_ownpay_amt"], "9.50");
    assert!(by_lines["catalogue_digest"].is_string() && by_lines["policy_digest"].is_string());
    assert!(fen(&by_totals["setlinfo"]["hifp_pay"]) > 0, "{by_totals}");
    assert!(by_totals["tiers"][0]["bands"][0]["ratio"].is_string(), "{by_totals}");
    assert!(by_totals["sources"][0]["document"].is_string(), "{by_totals}");
    let cancelled = of(&objects, "cancelled")[0];
    assert_eq!(cancelled["cancels"], by_totals["setl_id"]);
    let sum = |object: &Value, side: &str| -> i64 {
        object["postings"].as_array().expect("entries").iter().map(|one| fen(&one[side])).sum()
    };
    for object in [by_lines, by_totals, cancelled] {
        assert_eq!(sum(object, "debit"), sum(object, "credit"), "{object}");
        assert_eq!(object["postings_balanced"], true);
    }
    assert_eq!(sum(by_totals, "debit"), -sum(cancelled, "debit"), "the exact opposite");
    for (was, undone) in by_totals["slots"].as_array().expect("slots").iter().zip(0..) {
        assert!(was["written"] == false || cancelled["slots"][undone]["delta"].is_string());
    }
}

#[test]
fn people_read_a_form_and_no_structures() {
    let folder = Folder::new();
    let (path, answers) = journal(&folder);
    let all = shown(&path, &[]);
    assert_eq!(all.err, "", "packs and the image are at hand");
    for mark in ["Some(", "None", "{", "Fen("] {
        assert!(!all.out.contains(mark), "{mark}: {}", all.out);
    }
    let bill = objects(&path, &[]);
    let number = of(&bill, "settled")[1]["record"].to_string();
    let one = shown(&path, &["--record", &number]).out;
    let lines = one.lines().count();
    assert!(lines < 50, "about a screen: {lines}");
    let paid = answers[4]["psn_cash_pay"].as_str().expect("an amount");
    let (yuan, fen) = paid.split_once('.').expect("two decimals");
    let grouped = match yuan.len() {
        4.. => format!("{},{}.{fen}", &yuan[..yuan.len() - 3], &yuan[yuan.len() - 3..]),
        _ => paid.to_owned(),
    };
    for told in [
        "settlement 结算: setl_id ",
        "医疗费总额 10,000.00",
        &format!("cash 个人现金 {grouped}"),
        "390100 居民住院统筹",
        "QH居民-2023：",
        "balanced 借贷平衡",
        &format!("payable to facility 应付医药机构 {FACILITY}"),
    ] {
        assert!(one.contains(told), "{told}: {one}");
    }
}

#[test]
fn what_is_not_at_hand_is_told_and_shown_by_number() {
    let folder = Folder::new();
    let (path, _) = journal(&folder);
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/530100/policy.toml");
    let text = std::fs::read_to_string(other).expect("the pack is there");
    folder.write("packs/530100/policy.toml", text);
    let ran = shown(&path, &["--policies", &folder.path("packs")]);
    assert!(
        ran.err.contains("pack of pool 630100") && ran.err.contains("--policy-was"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("tier ") && ran.out.contains("居民基本支付"), "{}", ran.out);
    let was = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/630100/policy.toml");
    let ran = shown(&path, &["--policies", &folder.path("packs"), "--policy-was", was]);
    assert_eq!(ran.err, "");
}

#[test]
fn bytes_are_shown_where_they_are_asked_for() {
    let folder = Folder::new();
    let (path, _) = journal(&folder);
    let raw = shown(&path, &["--raw", "--record", "1"]).out;
    let mut lines = raw.lines();
    assert!(lines.next().is_some_and(|head| head.starts_with("record 1  batch 1  segment 1  ")));
    assert!(lines.all(|line| line.starts_with("  000")), "{raw}");
    let both = run(&["journal", "show", &path, "--raw", "--json"]);
    assert_eq!(both.code, Some(2), "{}", both.out);
}

#[test]
fn a_reader_who_goes_away_ends_it_without_a_word() {
    let folder = Folder::new();
    let (path, _) = journal(&folder);
    let mut show = program(&["journal", "show", &path, "--json"]);
    let mut child = show.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}
