//! Cases come one a line, in an array, spread over lines, from a file or a pipe: the answers are the same.

use serde_json::{Value, json};

use crate::program::{Folder, by_lines, by_totals, catalogue, piped, run, set, settled};

/// Sixty cases of sixty bills, some of them refused.
fn cases() -> Vec<Value> {
    (1..=60)
        .map(|number| {
            let case = set(&by_totals(), "/member/psn_no", json!(format!("P{number}\"}}{{[\\")));
            let case = set(&case, "/totals/medfee_sumamt", json!(format!("{}.00", 1000 + number)));
            match number % 7 {
                0 => case,
                _ => set(&case, "/totals/inscp_scp_amt", json!(format!("{number}.00"))),
            }
        })
        .collect()
}

#[test]
fn every_layout_gives_the_same_answers() {
    let cases = cases();
    let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let pretty = |case: &Value| serde_json::to_string_pretty(case).expect("JSON");
    let spread: String = cases.iter().map(|case| pretty(case) + "\n\n").collect();
    let array = serde_json::to_string(&cases).expect("JSON");
    let (expected, answers) = settled("cases.jsonl", &lines, &[]);
    assert_eq!(answers.len(), 60);
    assert_eq!(expected.code, Some(1));
    let layouts = [
        ("lines", lines.clone()),
        ("lines without a last end", lines.trim_end().to_owned()),
        ("lines of Windows", lines.replace('\n', "\r\n")),
        ("lines with blank ones", lines.replace('\n', "\n\n  \n")),
        ("a byte order mark", format!("\u{FEFF}{lines}")),
        ("spread", spread),
        ("an array", array.clone()),
        ("an array with a byte order mark", format!("\u{FEFF}{array}")),
        ("a pretty array", serde_json::to_string_pretty(&cases).expect("JSON")),
        ("an array in lines", format!("[\n{}\n]\n", lines.trim_end().replace('\n', "\n,"))),
    ];
    for (layout, text) in layouts {
        let (ran, _) = settled("cases.json", &text, &[]);
        assert_eq!(ran.out, expected.out, "{layout}: {}", ran.err);
        assert_eq!(ran.code, Some(1), "{layout}");
        let piped = piped(&["settle", "-", "--json"], text.as_bytes());
        assert_eq!(piped.out, expected.out, "{layout}, piped: {}", piped.err);
    }
}

#[test]
fn no_cases_at_all_are_no_error_where_that_can_be_said() {
    for (name, text) in [("cases.json", "[]"), ("cases.json", " [ ]\n"), ("cases.jsonl", "")] {
        let (ran, answers) = settled(name, text, &[]);
        assert_eq!((ran.code, answers.len()), (Some(0), 0), "{name} {text:?}: {}", ran.err);
    }
}

#[test]
fn one_case_makes_one_statement() {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let file = folder.write("case.json", serde_json::to_string_pretty(&by_lines()).expect("JSON"));
    let ran = run(&["settle", &file, "--catalog", &image]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert!(ran.out.contains("医疗保障基金结算单"), "{}", ran.out);
    assert!(ran.out.contains("67.50") && !ran.out.contains("片剂"), "{}", ran.out);
    let with_lines = run(&["settle", &file, "--catalog", &image, "--lines"]);
    assert!(with_lines.out.contains("片剂"), "{}", with_lines.out);
    let explained = run(&["settle", &file, "--catalog", &image, "--explain=full"]);
    assert!(explained.out.starts_with(ran.out.trim_end()), "{}", explained.out);
    assert!(explained.out.len() > ran.out.len());
    assert_eq!(run(&["settle", &file, "--catalog", &image]), ran, "the same every time");
}

#[test]
fn json_says_why_unless_it_is_not_wanted() {
    let (_, plain) = settled("case.json", by_totals().to_string(), &["--explain=none"]);
    let (_, explained) = settled("case.json", by_totals().to_string(), &[]);
    assert!(plain[0].get("explain").is_none());
    assert!(explained[0]["explain"]["tiers"].is_array(), "{}", explained[0]);
    assert_eq!(plain[0]["setlinfo"], explained[0]["setlinfo"]);
}

#[test]
fn lines_without_a_catalogue_take_the_curated_one_and_say_so() {
    let (ran, answers) = settled("case.json", by_lines().to_string(), &[]);
    assert!(ran.err.contains("curated catalogue"), "{}", ran.err);
    assert_eq!(answers[0]["lines"][0]["reasons"], json!([210]), "{}", ran.out);
    let (ran, _) = settled("case.json", by_totals().to_string(), &[]);
    assert_eq!(ran.err, "", "totals need no catalogue");
}

#[test]
fn one_policy_file_serves_every_pool() {
    let folder = Folder::new();
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/630100/policy.toml");
    let mut elsewhere = by_totals();
    elsewhere.as_object_mut().expect("an object").remove("admdvs");
    let (named, answers) = settled("case.json", elsewhere.to_string(), &["--policy", pack]);
    assert_eq!(named.code, Some(0), "{}", named.err);
    let (_, usual) = settled("case.json", by_totals().to_string(), &[]);
    assert_eq!(answers[0]["setlinfo"], usual[0]["setlinfo"]);
    let text = std::fs::read_to_string(pack).expect("the pack is there");
    folder.write("630100/policy.toml", text);
    let (found, answers) =
        settled("case.json", by_totals().to_string(), &["--policies", &folder.path("")]);
    assert_eq!(found.code, Some(0), "{}", found.err);
    assert_eq!(answers[0]["setlinfo"], usual[0]["setlinfo"]);
    let (unnamed, _) = settled("case.json", elsewhere.to_string(), &[]);
    assert_eq!(unnamed.code, Some(2));
    assert!(unnamed.err.contains("field `admdvs`"), "{}", unnamed.err);
}
