//! Everything that can be wrong with a case, a file or an image: a clear answer that names the place, and an exit code.

use serde_json::{Value, json};

use crate::program::{Folder, Ran, by_lines, by_totals, catalogue, line, piped, run, set, settled};

/// Settles one case by the small catalogue.
fn one(case: &Value) -> (Ran, Value) {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let (ran, answers) = settled("case.json", case.to_string(), &["--catalog", &image]);
    (ran, answers.into_iter().next().unwrap_or_default())
}

#[test]
fn refused_cases_have_a_numbered_reason_and_exit_code_1() {
    let (totals, lines) = (by_totals(), by_lines());
    let ended = json!([{ "insutype": "390", "from": "2020-01-01", "to": "2024-01-01" }]);
    let waiting = json!([{ "insutype": "390", "from": "2025-01-01", "waiting_to": "2025-06-01" }]);
    let returned = |returns: &str, cnt: &str, amount: &str| {
        let mut row = line("3", "QD1", cnt, "12.5", amount);
        row["init_feedetl_sn"] = json!(returns);
        set(&lines, "/lines/-", row)
    };
    let huge = line("3", "QD1", "9900", "10000000", "99000000000.00");
    let twice_huge = line("4", "QD1", "9900", "10000000", "99000000000.00");
    let table = [
        ("a pool without a pack", set(&totals, "/admdvs", json!("990000")), 101),
        ("a year without rules", set(&totals, "/visit/endtime", json!("2031-01-01")), 102),
        ("dates reversed", set(&totals, "/visit/endtime", json!("2025-02-01")), 103),
        ("not in force", set(&totals, "/member/spells", ended), 110),
        ("in waiting time", set(&totals, "/member/spells", waiting), 111),
        ("another scheme", set(&totals, "/member/insutype", json!("999")), 112),
        ("another kind of person", set(&totals, "/member/psn_type", json!("98")), 113),
        ("an unmapped med_type", set(&totals, "/visit/med_type", json!("77")), 114),
        (
            "no agreement for this",
            set(&totals, "/facility/agreements", json!([{ "for": ["outpatient"] }])),
            115,
        ),
        ("somebody else is liable", set(&totals, "/visit/rel_ttp_flag", json!("1")), 116),
        ("nothing billed", set(&lines, "/lines", json!([])), 130),
        ("a serial twice", set(&lines, "/lines/-", line("1", "QS1", "1", "30", "30.00")), 132),
        ("more than any bill", set(&set(&lines, "/lines/-", huge), "/lines/-", twice_huge), 133),
        (
            "less than nothing",
            set(&lines, "/lines/-", line("3", "QD1", "-1", "12.5", "-12.50")),
            134,
        ),
        ("a return of nothing", returned("9", "-1", "-12.50"), 135),
        ("a return of too much", returned("1", "-4", "-50.00"), 137),
        (
            "a line that does not add up",
            set(&lines, "/lines/1/det_item_fee_sumamt", json!("31.00")),
            138,
        ),
        ("totals that do not add up", set(&totals, "/totals/inscp_scp_amt", json!("9000.01")), 139),
        ("a negative total", set(&totals, "/totals/fulamt_ownpay_amt", json!("-500.00")), 134),
    ];
    for (what, case, reason) in table {
        let (ran, answer) = one(&case);
        assert_eq!(ran.code, Some(1), "{what}: {ran:?}");
        assert_eq!(answer["refused"], json!(reason), "{what}: {}", ran.out);
        let message = answer["err_msg"].as_str().unwrap_or_default();
        assert!(message.ends_with(&format!("[{reason}]")), "{what}: {message}");
    }
}

#[test]
fn a_refusal_names_the_line_and_the_figures_for_people_too() {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let case = set(&by_lines(), "/lines/1/det_item_fee_sumamt", json!("31.00"));
    let file = folder.write("case.json", case.to_string());
    let ran = run(&["settle", &file, "--catalog", &image]);
    assert_eq!(ran.code, Some(1));
    for said in ["[138]", "lines[1]", "31.00", "30.00", "处理"] {
        assert!(ran.out.contains(said), "{said} is not in {}", ran.out);
    }
}

#[test]
fn unreadable_cases_name_file_line_column_field_and_what_was_expected() {
    let totals = by_totals();
    let table = [
        (
            "an unknown field",
            set(&totals, "/visit/colour", json!("red")),
            "`visit.colour`",
            "unknown",
        ),
        (
            "a missing field",
            set(&totals, "/member", json!({ "psn_no": "P1" })),
            "`member`",
            "missing",
        ),
        (
            "a code that is no text",
            set(&totals, "/visit/med_type", json!([21])),
            "`visit.med_type`",
            "expected a string or a number",
        ),
        (
            "three decimals",
            set(&totals, "/totals/medfee_sumamt", json!("10000.001")),
            "`totals.medfee_sumamt`",
            "two decimals",
        ),
        (
            "more than any amount",
            set(&totals, "/totals/medfee_sumamt", json!("1000000000000.00")),
            "`totals.medfee_sumamt`",
            "up to 10^11",
        ),
        (
            "no such day",
            set(&totals, "/visit/begntime", json!("2025-02-30")),
            "`visit.begntime`",
            "yyyy-MM-dd",
        ),
        (
            "a level that is none",
            set(&totals, "/facility/hosp_lv", json!("15")),
            "`facility.hosp_lv`",
            "三级甲等",
        ),
        (
            "both ways to state a bill",
            set(&totals, "/lines", json!([])),
            "`totals`",
            "either `lines` or `totals`",
        ),
        (
            "a slot of another pack",
            set(&totals, "/member/slots", json!({ "2025": { "起付": "1.00" } })),
            "`member.slots",
            "居民基本支付",
        ),
    ];
    for (what, case, field, expected) in table {
        let text = serde_json::to_string_pretty(&case).expect("JSON");
        let (ran, answers) = settled("case.json", &text, &[]);
        assert_eq!(ran.code, Some(2), "{what}: {ran:?}");
        for said in ["error: case.json:", "case 1: ", field, expected] {
            assert!(ran.err.contains(said), "{what}: {said} is not in {}", ran.err);
        }
        // The place that is told is where the field's value begins.
        let place = ran.err.split_once("error: case.json:").map_or("", |(_, place)| place);
        let mut numbers = place.split(':').map(|number| number.parse::<usize>().unwrap_or(0));
        let (row, column) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        assert!(row > 0 && column > 0, "{what}: {}", ran.err);
        assert_eq!(answers[0]["line"], json!(row), "{what}");
        assert_eq!(answers[0]["column"], json!(column), "{what}");
        let name = field.trim_matches('`').rsplit('.').next().unwrap_or_default();
        let told = text.lines().nth(row - 1).unwrap_or_default();
        assert!(told.contains(name), "{what}: line {row} is {told}");
    }
}

#[test]
fn a_field_deep_in_a_line_is_found_under_chinese_text() {
    let mut case = by_totals();
    case["member"]["psn_no"] = json!("张三");
    case["totals"]["medfee_sumamt"] = json!("x");
    let text = format!("[{case}]");
    let (ran, _) = settled("case.json", &text, &[]);
    let before = text.split("\"x\"").next().unwrap_or_default();
    let column = before.chars().count() + 1;
    assert!(ran.err.contains(&format!("case.json:1:{column}: ")), "{}", ran.err);
}

#[test]
fn broken_files_are_told_by_line_and_column() {
    let good = by_totals().to_string();
    let cut = &good[..good.len() - 2];
    let table: [(&str, Vec<u8>, &str, usize); 13] = [
        ("nothing", Vec::new(), "1:1: expected a case, found nothing", 0),
        ("a table", b"psn_no,insutype\n1,390\n".to_vec(), "1:1: expected a case, which begins", 0),
        ("cut off", cut.into(), "the input ends inside an object", 0),
        ("an array cut off", format!("[{good}").into(), "expected a comma, or `]`", 1),
        ("an array cut off in a case", format!("[{good},\n{cut}").into(), "error: case.json:2:", 1),
        ("a comma too many", format!("[{good},\n{good},\n]").into(), "2:", 2),
        ("a comma too few", format!("[{good}\n{good}]").into(), "2:1: expected a comma between", 2),
        (
            "text after an array",
            format!("[{good}]\nmore").into(),
            "2:1: expected nothing after the array",
            1,
        ),
        (
            "a number among cases",
            format!("[{good}, 5]").into(),
            "expected a case after the comma, found \"5]\"",
            1,
        ),
        (
            "two on a line",
            format!("{good} {good}").into(),
            "expected the end of the line after the case",
            0,
        ),
        ("brackets crossed", good.replace("}}", "]}").into(), "expected `}`, found `]`", 0),
        ("UTF-16", b"\xFF\xFE{\0".to_vec(), "UTF-16", 0),
        ("an array in an array", format!("[[{good}]]").into(), "1:2: expected a case, or `]`", 0),
    ];
    for (what, text, said, settled_cases) in table {
        let (ran, answers) = settled("case.json", &text, &[]);
        assert_eq!(ran.code, Some(2), "{what}: {ran:?}");
        assert!(ran.err.contains(said), "{what}: {said} is not in {}", ran.err);
        let whole = answers.iter().filter(|answer| answer.get("setlinfo").is_some()).count();
        assert_eq!(whole, settled_cases, "{what}: {}", ran.err);
    }
}

/// A terminal obeys some of them, and a statement's columns are broken by others.
#[test]
fn control_characters_are_refused_where_they_stand() {
    let plain = by_totals().to_string();
    for control in ["\\u001b[31m", "\\n", "\\t", "\\u0000", "\\u0085", "\u{7f}", "\u{9b}2J"] {
        let text = plain.replacen("\"psn_no\":\"", &format!("\"psn_no\":\"P{control}"), 1);
        assert_ne!(text, plain);
        let ran = piped(&["settle", "-"], text.as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{control}");
        let column = text[..text.find(control).expect("it stands there")].chars().count() + 1;
        let place = format!("1:{column}: ");
        assert!(ran.err.contains(&place) && ran.err.contains("control character"), "{}", ran.err);
        assert!(ran.err.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", ran.err);
    }
    for fine in ["\\\\n", "\\\"", "\\u4e00"] {
        let text = plain.replacen("\"psn_no\":\"", &format!("\"psn_no\":\"P{fine}"), 1);
        assert_eq!(piped(&["settle", "-"], text.as_bytes()).code, Some(0), "{fine}");
    }
}

/// In commands as in cases, and a field said twice at its second name.
#[test]
fn what_is_wrong_inside_is_told_at_its_place() {
    let twice = r#"{"admdvs":"630100","member":{"psn_no":"1","psn_no":"2"}}"#;
    let ran = piped(&["settle", "-"], twice.as_bytes());
    let second = twice.rfind("\"psn_no\"").expect("it stands there");
    let column = place(&ran.err);
    assert!((second..=second + 9).contains(&column), "{}", ran.err);
    let command =
        r#"{"op":"member","admdvs":"630100","member":{"psn_no":"P\u001b","insutype":"390"}}"#;
    let folder = Folder::new();
    let ran = piped(&["run", &folder.path("journal"), "-"], command.as_bytes());
    assert_eq!(place(&ran.err), command.find('\\').expect("it stands there") + 1, "{}", ran.err);
}

/// The column that an error on the first line names.
fn place(said: &str) -> usize {
    let column = said.split("stdin:1:").nth(1).and_then(|rest| rest.split(':').next());
    column.and_then(|column| column.parse().ok()).unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn a_bad_line_does_not_keep_the_next_from_being_settled() {
    let good = by_totals().to_string();
    let mut text = Vec::new();
    let rows: [&[u8]; 7] = [
        good.as_bytes(),
        &good.as_bytes()[..40],
        b"not a case",
        b"{\"admdvs\": \"\xB2\xA1\"}",
        b"{\"admdvs\": 5",
        b"",
        good.as_bytes(),
    ];
    rows.iter().for_each(|row| text.extend([row, &b"\r\n"[..]].concat()));
    let (ran, answers) = settled("cases.jsonl", &text, &[]);
    assert_eq!(ran.code, Some(2));
    let whole = |answer: &Value| answer.get("setlinfo").is_some();
    let kinds: Vec<bool> = answers.iter().map(whole).collect();
    assert_eq!(kinds, [true, false, false, false, false, true], "{}", ran.err);
    let numbers: Vec<_> = answers.iter().map(|answer| answer["case"].as_u64()).collect();
    assert_eq!(numbers, (1..=6).map(Some).collect::<Vec<_>>());
    for said in ["jsonl:2:", "jsonl:3:1: ", "jsonl:4:13: case 4: expected UTF-8", "jsonl:5:"] {
        assert!(ran.err.contains(said), "{said} is not in {}", ran.err);
    }
    assert!(ran.err.contains("6 cases: 2 settled, 0 refused, 4 unreadable"), "{}", ran.err);
}

#[test]
fn a_case_over_16_mb_is_refused_by_name_and_the_next_goes_on() {
    let good = by_totals().to_string();
    let large = format!("{{\"admdvs\": \"{}\"}}", "6".repeat(17 << 20));
    for text in [format!("{good}\n{large}\n{good}\n"), format!("[{good},\n{large},\n{good}]")] {
        let (ran, answers) = settled("cases.json", &text, &[]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("cases.json:2:1: case 2: "), "{}", ran.err);
        assert!(ran.err.contains("a case has at most 16777216"), "{}", ran.err);
        assert!(ran.err.len() < 1000, "the case itself is not repeated");
        assert_eq!(answers.len(), 3);
        assert!(answers[2].get("setlinfo").is_some());
    }
}

#[test]
fn missing_and_foreign_files_are_named() {
    let folder = Folder::new();
    let case = folder.write("case.json", by_lines().to_string());
    let image = catalogue(&folder);
    let bytes = std::fs::read(&image).expect("the image is there");
    let cut = folder.write("cut.img", &bytes[..bytes.len() - 1]);
    let foreign = folder.write("foreign.img", b"PK\x03\x04 and a good deal more than a header has");
    let mut flipped = bytes.clone();
    *flipped.last_mut().expect("an image has bytes") ^= 1;
    let flipped = folder.write("flipped.img", flipped);
    let none = folder.path("none");
    let table: [(&[&str], &str); 8] = [
        (&["settle", &none], "none: cannot be read"),
        (&["settle", &folder.path("")], "cannot be read"),
        (&["settle", &case, "--catalog", &none], "none: cannot be read"),
        (&["settle", &case, "--catalog", &cut], "cut.img: "),
        (&["settle", &case, "--catalog", &foreign], "foreign.img: not a catalogue image"),
        (&["settle", &case, "--catalog", &flipped], "flipped.img: the payload fails its checksum"),
        (&["settle", &case, "--policy", &none], "none: cannot be read"),
        (&["settle", &case, "--policies", &folder.path("sources")], "expected <pool>/policy.toml"),
    ];
    for (args, said) in table {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
        assert!(ran.err.starts_with("error: ") && ran.err.contains(said), "{args:?}: {}", ran.err);
    }
}

#[test]
fn arguments_that_mean_nothing_are_told() {
    for args in [
        &["settel"][..],
        &["settle"],
        &["settle", "-", "--explain=loud"],
        &["catalog", "show", "a", "b", "--on", "x"],
    ] {
        let ran = piped(args, b"");
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(ran.err.starts_with("error: "), "{args:?}: {}", ran.err);
    }
}
