//! A refusal names the fields it rests on and what was found there, in JSON and in the text for people.

use serde_json::{Value, json};

use crate::program::{Folder, by_lines, by_totals, catalogue, line, run, set, settled};

/// The grounds of a refused case as `field = found`, and the text that people read.
fn refused(case: &Value) -> (Value, Vec<String>, String) {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let (ran, answers) = settled("case.json", case.to_string(), &["--catalog", &image]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let grounds = answers[0]["grounds"].as_array().expect("a list").iter();
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let grounds = grounds.map(|one| format!("{} = {}", text(one, "field"), text(one, "found")));
    let file = folder.write("case.json", case.to_string());
    let told = run(&["settle", &file, "--catalog", &image]).out;
    (answers[0].clone(), grounds.collect(), told)
}

#[test]
fn every_refusal_names_the_fields_it_rests_on() {
    let (totals, lines) = (by_totals(), by_lines());
    let ended = json!([{ "insutype": "390", "from": "2020-01-01", "to": "2024-01-01" }]);
    let waiting = json!([{ "insutype": "390", "from": "2025-01-01", "waiting_to": "2025-06-01" }]);
    let chronic = set(&totals, "/visit/med_type", json!("14"));
    let mut returned = line("3", "QD1", "-4", "12.5", "-50.00");
    returned["init_feedetl_sn"] = json!("1");
    let huge = |serial| line(serial, "QD1", "9900", "10000000", "99000000000.00");
    let table = [
        (101, set(&totals, "/admdvs", json!("990000")), &["admdvs = 990000"][..]),
        (
            102,
            set(&totals, "/visit/endtime", json!("2031-01-01")),
            &["visit.endtime = 2031-01-01 00:00:00"],
        ),
        (
            103,
            set(&totals, "/visit/endtime", json!("2025-02-01")),
            &["visit.begntime = 2025-03-01 08:00:00", "visit.endtime = 2025-02-01 00:00:00"],
        ),
        (
            103,
            set(&totals, "/visit/setl_time", json!("2025-03-09")),
            &["visit.endtime = 2025-03-10 10:00:00", "visit.setl_time = 2025-03-09 00:00:00"],
        ),
        (
            110,
            set(&totals, "/member/spells", ended),
            &["member.spells[0] = 390 2020-01-01 起、2024-01-01 之前", "member.insutype = 390"],
        ),
        (110, set(&totals, "/member/spells", json!([])), &["member.spells = "]),
        (
            111,
            set(&totals, "/member/spells", waiting),
            &["member.spells[0] = 390 2025-01-01 起，等待期至 2025-06-01"],
        ),
        (112, set(&totals, "/member/insutype", json!("999")), &["member.insutype = 999"]),
        (113, set(&totals, "/member/psn_type", json!("98")), &["member.psn_type = 98"]),
        (114, set(&totals, "/visit/med_type", json!("77")), &["visit.med_type = 77"]),
        (
            115,
            set(&totals, "/facility/agreements", json!([{ "for": ["outpatient"] }])),
            &["facility.agreements[0] = outpatient 始终有效", "visit.med_type = 21"],
        ),
        (116, set(&totals, "/visit/rel_ttp_flag", json!("1")), &["visit.rel_ttp_flag = 1"]),
        (119, set(&chronic, "/visit/dise_codg", json!("M03900")), &["visit.dise_codg = M03900"]),
        (130, set(&lines, "/lines", json!([])), &["lines = "]),
        (
            132,
            set(&lines, "/lines/-", line("1", "QS1", "1", "30", "30.00")),
            &["lines[2].feedetl_sn = 1", "lines[0].feedetl_sn = 1"],
        ),
        (
            133,
            set(&set(&lines, "/lines/-", huge("3")), "/lines/-", huge("4")),
            &["lines = 合计 198000000067.50"],
        ),
        (134, set(&totals, "/member/balc", json!("-5.00")), &["member.balc = -5.00"]),
        (
            134,
            set(&totals, "/totals/fulamt_ownpay_amt", json!("-500.00")),
            &["totals.fulamt_ownpay_amt = -500.00"],
        ),
        (
            137,
            set(&lines, "/lines/-", returned),
            &["lines[2].init_feedetl_sn = 1", "lines[2].cnt = -4", "lines[0].cnt = 3"],
        ),
        (
            138,
            set(&lines, "/lines/1/det_item_fee_sumamt", json!("31.00")),
            &["lines[1].det_item_fee_sumamt = 31.00", "lines[1].pric = 30", "lines[1].cnt = 1"],
        ),
        (
            139,
            set(&totals, "/totals/inscp_scp_amt", json!("9000.01")),
            &["totals.medfee_sumamt = 10000.00", "totals.inscp_scp_amt = 9000.01"],
        ),
    ];
    for (reason, case, expected) in table {
        let (answer, grounds, told) = refused(&case);
        assert_eq!(answer["refused"], json!(reason), "{answer}");
        for one in expected {
            assert!(grounds.iter().any(|ground| ground == one), "{one} is not in {grounds:?}");
            let (field, found) = one.split_once(" = ").expect("a ground");
            let found = if found.is_empty() { "未提供" } else { found };
            let said = format!("  依据  {field} = {found}");
            assert!(told.contains(&said), "{said} is not in {told}");
        }
        let field = answer["field"].as_str().unwrap_or_default();
        assert!(grounds[0].starts_with(field), "{field} is not the first of {grounds:?}");
    }
}

#[test]
fn what_would_have_done_is_said_where_the_pack_says_it() {
    let other = json!([{ "for": ["outpatient"] }]);
    let (answer, _, told) = refused(&set(&by_totals(), "/facility/agreements", other));
    assert_eq!(answer["grounds"][0]["expected"], json!("inpatient"));
    assert!(told.contains("（应为：inpatient）"), "{told}");
    let (answer, ..) = refused(&set(&by_totals(), "/member/insutype", json!("999")));
    assert_eq!(answer["grounds"][0]["expected"], json!("390、310"));
}
