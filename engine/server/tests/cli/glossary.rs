//! The glossary has every field that is read and every field that is answered.

use serde_json::{Value, json};

use crate::program::{Folder, by_lines, by_totals, catalogue, set, settled};

const GLOSSARY: &str = include_str!("../../GLOSSARY.md");

/// The names of the fields of a case, as its types declare them.
fn fields_of_a_case() -> Vec<&'static str> {
    let types = include_str!("../../src/case.rs");
    let types = types.split_once("/// An amount in yuan").map_or("", |(fields, _)| fields);
    let declared = types.lines().filter_map(|line| line.trim().strip_prefix("pub "));
    let names = declared.filter_map(|line| Some(line.split_once(": ")?.0));
    names.map(|name| name.trim_start_matches("r#")).filter(|name| !name.contains(' ')).collect()
}

fn has(name: &str) -> bool {
    GLOSSARY.contains(&format!("`{name}`"))
}

#[test]
fn it_has_every_field_of_a_case() {
    let fields = fields_of_a_case();
    assert!(fields.len() > 70, "{fields:?}");
    let missing: Vec<&&str> = fields.iter().filter(|name| !has(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn it_has_every_field_of_an_answer() {
    let folder = Folder::new();
    let image = catalogue(&folder);
    let (_, answers) = settled("case.json", by_lines().to_string(), &["--catalog", &image]);
    let mut names: Vec<String> = Vec::new();
    for node in ["/setlinfo", "/setldetail/0", "/lines/0", "/tiers/0"] {
        let object = answers[0].pointer(node).and_then(Value::as_object).expect(node);
        names.extend(object.keys().cloned());
    }
    names.retain(|name| !["id", "fund", "year"].contains(&name.as_str()));
    let missing: Vec<&String> = names.iter().filter(|name| !has(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn setlinfo_and_setldetail_are_the_platforms_own() {
    let case = set(&by_totals(), "/visit/msgid", json!("H1202503101000000001"));
    let case = set(&case, "/member/cvlserv_flag", json!("1"));
    let (_, answers) = settled("case.json", case.to_string(), &[]);
    let setlinfo = &answers[0]["setlinfo"];
    // The output of 2304, table 98 of the edition of Hunan.
    let platform = "mdtrt_id setl_id psn_no psn_name psn_cert_type certno gend naty brdy age insutype psn_type \
        cvlserv_flag setl_time mdtrt_cert_type med_type medfee_sumamt fulamt_ownpay_amt overlmt_selfpay \
        preselfpay_amt inscp_scp_amt act_pay_dedc hifp_pay pool_prop_selfpay cvlserv_pay hifes_pay hifmi_pay \
        hifob_pay maf_pay hosp_part_amt oth_pay fund_pay_sumamt psn_part_amt acct_pay psn_cash_pay balc \
        acct_mulaid_pay medins_setl_id clr_optins clr_way clr_type exp_content hifdm_pay";
    for name in platform.split_whitespace() {
        assert!(setlinfo.get(name).is_some_and(|value| !value.is_null()), "{name}: {setlinfo}");
    }
    let known = [
        ("medins_setl_id", "H1202503101000000001"),
        ("gend", "1"),
        ("brdy", "1960-05-01"),
        ("age", "64"),
        ("cvlserv_flag", "1"),
        ("clr_type", "21"),
        ("psn_name", ""),
    ];
    for (name, value) in known {
        assert_eq!(setlinfo[name], json!(value), "{name}");
    }
    let rows = answers[0]["setldetail"].as_array().expect("a list");
    assert!(!rows.is_empty());
    for row in rows {
        for name in "fund_pay_type inscp_scp_amt crt_payb_lmt_amt fund_payamt fund_pay_type_name setl_proc_info"
            .split_whitespace()
        {
            assert!(row[name].is_string(), "{name}: {row}");
        }
        assert!(
            row["setl_proc_info"].as_str().is_some_and(|text| text.contains("起付线")),
            "{row}"
        );
    }
}
