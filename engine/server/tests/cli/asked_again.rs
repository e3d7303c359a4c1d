//! What was diagnosed, charged and dispensed, asked again (5202 5204 5205), over the program's port.

use serde_json::{Value, json};

use crate::serve::{HOSPITAL, OTHER_HOSPITAL, Served, fen, settling};

#[test]
fn lines_and_diagnoses_of_a_settlement_are_told_as_they_were_split() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let mdtrt_id = his.outpatient(&person, "B1");
    let of_visit = json!({ "data": { "psn_no": person.psn_no, "mdtrt_id": mdtrt_id } });
    let diagnosed = his.done("5202", of_visit.clone());
    let rows = diagnosed["diseinfo"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{diagnosed}");
    assert_eq!(
        (&rows[0]["diag_code"], &rows[0]["maindiag_flag"], &rows[0]["diag_srt_no"]),
        (&json!("J06.900"), &json!("1"), &json!(1))
    );
    let settled = his.done("2207", settling(&person, &mdtrt_id, "B1", "100.00"));
    let setlinfo = &settled["setlinfo"];
    let of_settlement = |mdtrt_id: &str| {
        json!({ "data": {
            "psn_no": person.psn_no, "setl_id": setlinfo["setl_id"], "mdtrt_id": mdtrt_id,
        } })
    };
    let lines = his.done("5204", of_settlement(&mdtrt_id));
    let lines = lines.as_array().expect("rows");
    let told: Vec<(&str, i64)> = lines
        .iter()
        .map(|line| {
            (line["feedetl_sn"].as_str().expect("a serial"), fen(&line["det_item_fee_sumamt"]))
        })
        .collect();
    assert_eq!(told, [("1", 6_000), ("2", 4_000)]);
    // What the lines come to is what the bill says.
    for name in ["fulamt_ownpay_amt", "preselfpay_amt", "inscp_scp_amt"] {
        let sum: i64 = lines.iter().map(|line| fen(&line[name])).sum();
        assert_eq!(sum, fen(&setlinfo[name]), "{name}");
    }
    for (name, value) in
        [("hilist_name", "阿莫西林口服常释剂型"), ("list_type", "101"), ("hosp_appr_flag", "1")]
    {
        assert_eq!(lines[0][name], value, "{}", lines[0]);
    }
    his.refused("5204", of_settlement("1"), 466);
    served.at(OTHER_HOSPITAL).refused("5204", of_settlement(&mdtrt_id), 473);
    served.at(OTHER_HOSPITAL).refused("5202", of_visit.clone(), 466);
    // The diagnoses of a settled visit are there still; a settlement that was cancelled has no lines.
    assert_eq!(his.done("5202", of_visit), diagnosed);
    his.done("2208", of_settlement(&mdtrt_id));
    his.refused("5204", of_settlement(&mdtrt_id), 473);
}

#[test]
fn drugs_are_told_of_visits_for_chronic_diseases_alone() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let asked = |psn_no: &str, from: &str| json!({ "data": { "psn_no": psn_no, "begntime": from, "endtime": "" } });
    let person = served.people[0].clone();
    let mdtrt_id = his.outpatient(&person, "B1");
    his.done("2207", settling(&person, &mdtrt_id, "B1", "100.00"));
    let none = his.done("5205", asked(&person.psn_no, "2026-01-01 00:00:00"));
    assert_eq!(none["feedetail"], Value::Array(Vec::new()), "an ordinary visit");
    served.at(OTHER_HOSPITAL).refused("5205", asked(&person.psn_no, "2026-01-01 00:00:00"), 463);
}
