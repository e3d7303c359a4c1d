//! What a bill says beside its figures: assumptions it rests on, own cost by cause; and which fields change nothing.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Folder, by_totals, run, set, settled};

/// The warnings of a settled case, and its statement.
fn noted(case: &Value) -> (String, String) {
    let (ran, answers) = settled("case.json", case.to_string(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let warnings = answers[0]["warnings"].as_array().expect("a list").iter();
    let warnings: Vec<&str> = warnings.filter_map(Value::as_str).collect();
    let folder = Folder::new();
    let file = folder.write("case.json", case.to_string());
    (warnings.join("\n"), run(&["settle", &file]).out.replace("\n   ", ""))
}

/// An employee's stay in Xining.
fn employee() -> Value {
    let case = set(&by_totals(), "/member/insutype", json!("310"));
    set(&case, "/member/psn_type", json!("11"))
}

/// A stay with one line of the curated catalogue.
fn with_line(code: &str, price: &str) -> Value {
    let mut case = employee();
    case.as_object_mut().expect("an object").remove("totals");
    let line = json!({
        "feedetl_sn": "1", "med_list_codg": code, "fee_ocur_time": "2025-03-02", "cnt": "1",
        "pric": price, "det_item_fee_sumamt": price
    });
    set(&case, "/lines", json!([line]))
}

#[test]
fn an_account_that_paid_names_the_assumption_it_rests_on() {
    let (without, _) = noted(&set(&employee(), "/member/balc", json!("300.00")));
    assert!(!without.contains("个人账户"), "it was not asked: {without}");
    let asked = set(&employee(), "/visit/acct_used_flag", json!("1"));
    let (empty, _) = noted(&asked);
    assert!(!empty.contains("个人账户"), "it had nothing: {empty}");
    let (paid, statement) = noted(&set(&asked, "/member/balc", json!("300.00")));
    assert!(paid.contains("假定：个人账户支付范围（"), "{paid}");
    assert!(statement.contains("假定：个人账户支付范围（"), "{statement}");
}

#[test]
fn lines_split_by_values_that_nobody_published_are_counted() {
    // A bath of Tibetan medicine: class 乙 by the share of the region, its ceiling of a likely size.
    let (warnings, statement) = noted(&with_line("QS63000001", "150.00"));
    for said in [
        "1条明细的目录类别或先行自付比例是未经文件证实的假定",
        "1条明细的限价是推定的，不是公布的价格，其中1条超过它",
    ] {
        assert!(warnings.contains(said), "{said} is not in {warnings}");
        assert!(statement.contains(said), "{said} is not in {statement}");
    }
    let (unknown, _) = noted(&with_line("NOSUCHCODE", "150.00"));
    assert!(!unknown.contains("条明细"), "nothing was used: {unknown}");
}

#[test]
fn what_a_document_does_not_say_is_told_on_the_days_it_is_used() {
    // Kunming's dialysis: the quota is of a table of 2024, and who bears what is above it of none.
    let dialysis = json!({"admdvs": "530100",
        "member": {"psn_no": "P1", "insutype": "310", "psn_type": "11", "brdy": "1970-01-01",
            "approvals": [{"dise_codg": "M07800", "from": "2020-01-01"}]},
        "facility": {"fixmedins_code": "H1", "admdvs": "530102", "kind": "hospital", "hosp_lv": "三级"},
        "visit": {"med_type": "14", "begntime": "2025-03-01", "endtime": "2025-03-31", "dise_codg": "M07800"},
        "totals": {"medfee_sumamt": "9000.00", "inscp_scp_amt": "9000.00",
            "kinds": {"hemodialysis": {"inscp_scp_amt": "9000.00"}}}});
    let (warnings, statement) = noted(&dialysis);
    for said in [&warnings, &statement] {
        assert!(said.contains("超定额部分由医院承担"), "{said}");
    }
    let stay = |begin: &str, end: &str| {
        let case = set(&employee(), "/visit/begntime", json!(begin));
        noted(&set(&case, "/visit/endtime", json!(end))).0
    };
    let (before, since) = (stay("2022-03-01", "2022-03-09"), stay("2025-03-01", "2025-03-09"));
    assert!(before.contains("此前的日期未见文件"), "{before}");
    assert!(!since.contains("此前的日期未见文件"), "{since}");
}

#[test]
fn classes_and_days_that_are_probably_mistakes_are_told() {
    let (plain, _) = noted(&by_totals());
    let misspelt = json!([{"type": "低饱", "from": "2024-01-01"}]);
    let (told, statement) = noted(&set(&by_totals(), "/member/identities", misspelt));
    assert!(told.contains("政策包没有这些身份的待遇，未计入：低饱"), "{told}");
    assert!(statement.contains("低饱"), "{statement}");
    let twice = json!([{"type": "低饱", "from": "2024-01-01", "to": "2024-06-01"}, {"type": "低饱", "from": "2024-06-01"}]);
    let (twice, _) = noted(&set(&by_totals(), "/member/identities", twice));
    assert_eq!(twice.matches("低饱").count(), 1, "{twice}");
    let (newborn, _) = noted(&set(&by_totals(), "/member/brdy", json!("2025-03-02")));
    assert!(!newborn.contains("出生日期"), "born in the stay: {newborn}");
    let (unborn, _) = noted(&set(&by_totals(), "/member/brdy", json!("2030-01-01")));
    assert!(unborn.contains("出生日期"), "{unborn}");
    let late =
        set(&with_line("QS63000002", "30.00"), "/lines/0/fee_ocur_time", json!("2025-05-02"));
    let (late, _) = noted(&late);
    assert!(late.contains("1条明细的费用日期不在就诊起止日期内"), "{late}");
    let (in_time, _) = noted(&with_line("QS63000002", "30.00"));
    for said in [plain, in_time] {
        assert!(!said.contains("身份") && !said.contains("日期"), "{said}");
    }
}

#[test]
fn own_cost_by_cause_names_the_cause() {
    let folder = Folder::new();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources"));
    let text = fs::read_to_string(root.join("630100/policy.toml")).expect("the pack is there");
    let own = text.replacen("third_party = \"refuse\"", "third_party = \"own\"", 1);
    let pack = folder.write("policy.toml", own);
    for (flag, cause) in [("trum_flag", "118"), ("rel_ttp_flag", "116")] {
        for case in [by_totals(), with_line("QS63000002", "30.00")] {
            let case = set(&case, &format!("/visit/{flag}"), json!("1"));
            let file = folder.write("case.json", case.to_string());
            let ran = run(&["settle", &file, "--policy", &pack]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let statement = ran.out.replace("\n   ", "");
            let said = "就诊原因不属于基金支付范围[202]，费用全部由个人承担：";
            assert!(statement.contains(said), "{statement}");
            assert!(statement.contains(&format!("[{cause}]")), "{cause}: {statement}");
        }
    }
    let (filed, _) = noted(&by_totals());
    assert!(!filed.contains("[202]"), "{filed}");
}

#[test]
fn fields_without_effect_change_no_bill_and_are_listed_in_the_help() {
    let plain = set(&with_line("QS63000002", "30.00"), "/visit/mdtrt_id", json!("V1"));
    let answered = |case: &Value| settled("case.json", case.to_string(), &[]).1[0].clone();
    let before = answered(&plain);
    let help = run(&["settle", "--help"]).out;
    let table = [
        ("/facility/kind", json!("pharmacy")),
        ("/visit/msgid", json!("M1")),
        ("/visit/mid_setl_flag", json!("1")),
        ("/visit/geso_val", json!("20")),
        ("/lines/0/etip_flag", json!("1")),
        ("/lines/0/dscg_tkdrug_flag", json!("1")),
        ("/lines/0/dise_codg", json!("M03900")),
        ("/lines/0/rx_hosp_lv", json!("一级")),
    ];
    for (pointer, value) in table {
        let mut after = answered(&set(&plain, pointer, value));
        after["setlinfo"]["medins_setl_id"] = json!("");
        assert_eq!(after, before, "{pointer}");
        let listed = pointer.trim_start_matches('/').replace("/0/", "[].").replace('/', ".");
        assert!(help.contains(&listed), "{listed} is not in {help}");
    }
}

#[test]
fn only_an_outside_prescription_brings_the_level_of_its_hospital() {
    let folder = Folder::new();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources"));
    let text = fs::read_to_string(root.join("630100/policy.toml")).expect("the pack is there");
    let all = text.lines().map(|line| match line.starts_with("setting = ") {
        true => format!("{line}\nlevel_of = \"prescriber\""),
        false => line.to_owned(),
    });
    let pack = folder.write("policy.toml", all.collect::<Vec<_>>().join("\n"));
    let answered = |case: &Value| {
        let file = folder.write("case.json", case.to_string());
        let ran = run(&["settle", &file, "--json", "--policy", &pack]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str::<Value>(&ran.out).expect("JSON")
    };
    let plain = with_line("QXJ01CA0001", "5000.00");
    let level = set(&plain, "/lines/0/rx_hosp_lv", json!("一级"));
    assert_eq!(answered(&level), answered(&plain));
    let outside = answered(&set(&level, "/lines/0/rx_circ_flag", json!("1")));
    assert_ne!(outside["tiers"], answered(&plain)["tiers"]);
    let unsaid = answered(&set(&plain, "/lines/0/rx_circ_flag", json!("1")));
    assert!(unsaid["warnings"].to_string().contains("rx_hosp_lv"), "{unsaid}");
}
