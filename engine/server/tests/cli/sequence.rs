//! With `--sequence`, slots and balances of a member are carried from case to case; without it, every case stands alone.

use serde_json::{Value, json};

use crate::program::{by_totals, set, settled};

fn stay(number: u32, psn_no: &str) -> Value {
    let case = set(&by_totals(), "/visit/mdtrt_id", json!(format!("V{number}")));
    set(&case, "/member/psn_no", json!(psn_no))
}

fn lines(cases: &[Value]) -> String {
    cases.iter().map(|case| format!("{case}\n")).collect()
}

fn slots(answer: &Value) -> &Value {
    &answer["slots"]["2025"]
}

#[test]
fn a_second_stay_goes_on_where_the_first_ended() {
    let text = lines(&[stay(1, "P1"), stay(2, "P2"), stay(3, "P1")]);
    let (ran, carried) = settled("cases.jsonl", &text, &["--sequence"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let (_, apart) = settled("cases.jsonl", &text, &[]);
    assert_eq!(carried[0], apart[0]);
    assert_eq!(carried[1], apart[1], "members do not meet");
    let paid = |answer: &Value| slots(answer)["居民基本支付"].clone();
    assert_eq!(paid(&apart[2]), paid(&apart[0]));
    let twice = |yuan: &Value| {
        let fen: i64 = yuan.as_str().unwrap_or_default().replace('.', "").parse().unwrap_or(0);
        json!(format!("{}.{:02}", 2 * fen / 100, 2 * fen % 100))
    };
    assert_eq!(paid(&carried[2]), twice(&paid(&carried[0])));
}

#[test]
fn what_one_run_answers_another_can_be_given() {
    let text = lines(&[stay(1, "P1"), stay(2, "P1")]);
    let (_, carried) = settled("cases.jsonl", &text, &["--sequence"]);
    let given = set(&stay(2, "P1"), "/member/slots", carried[0]["slots"].clone());
    let (ran, apart) = settled("cases.jsonl", given.to_string(), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(apart[0]["setlinfo"], carried[1]["setlinfo"]);
    assert_eq!(apart[0]["slots"], carried[1]["slots"]);
}

#[test]
fn a_later_case_may_not_bring_what_is_carried() {
    for (field, value) in [("slots", json!({ "2025": {} })), ("balc", json!("5.00"))] {
        let later = set(&stay(2, "P1"), &format!("/member/{field}"), value);
        let text = lines(&[stay(1, "P1"), later, stay(3, "P1")]);
        let (ran, answers) = settled("cases.jsonl", &text, &["--sequence"]);
        assert_eq!(ran.code, Some(2));
        let said = format!("field `member.{field}`: a later case of member P1");
        assert!(ran.err.contains("cases.jsonl:2:") && ran.err.contains(&said), "{}", ran.err);
        assert_eq!(answers[1]["case"], json!(2));
        assert!(answers[2].get("setlinfo").is_some(), "the next goes on");
        let (alone, _) = settled("cases.jsonl", &text, &[]);
        assert_eq!(alone.code, Some(0), "without --sequence nothing is carried: {}", alone.err);
    }
}

#[test]
fn a_refused_case_carries_nothing() {
    let refused = set(&stay(2, "P1"), "/visit/rel_ttp_flag", json!("1"));
    let text = lines(&[stay(1, "P1"), refused, stay(3, "P1")]);
    let (ran, with) = settled("cases.jsonl", &text, &["--sequence"]);
    assert_eq!(ran.code, Some(1));
    let (_, without) =
        settled("cases.jsonl", lines(&[stay(1, "P1"), stay(3, "P1")]), &["--sequence"]);
    assert_eq!(with[2]["setlinfo"], without[1]["setlinfo"]);
    assert_eq!(with[2]["slots"], without[1]["slots"]);
}

#[test]
fn a_case_that_cannot_be_read_leaves_the_names_of_the_others_as_they_are() {
    let mut unnamed = by_totals();
    unnamed["visit"].as_object_mut().expect("an object").remove("mdtrt_id");
    let mut other = unnamed.clone();
    other["member"]["psn_no"] = json!("P2");
    let wrong = set(&unnamed, "/visit/colour", json!("red"));
    let means_nothing = set(&unnamed, "/member/insutype", json!("x"));
    for spoilt in [wrong.to_string(), means_nothing.to_string(), "{\"admdvs\": 1".to_owned()] {
        let text = format!("{unnamed}\n{spoilt}\n{other}\n");
        for args in [&["--sequence"][..], &[]] {
            let (ran, answers) = settled("cases.jsonl", &text, args);
            assert_eq!(ran.code, Some(2));
            assert_eq!(answers[2]["case"], json!(3), "{spoilt}");
            assert_eq!(answers[2]["setlinfo"]["mdtrt_id"], json!("case-3"), "{spoilt}");
        }
    }
}
