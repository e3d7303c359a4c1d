//! What a hospital hands in beside settlements, over the program's port: remarks on lines (2306), its own catalogue (3301 3302), lists of
//! settled cases (4101 4102). Each repeated call gets the answer it got.

use serde_json::{Value, json};

use crate::serve::{HOSPITAL, His, OTHER_HOSPITAL, Served, settling};

/// A call that is done, and done again under its number with the same answer; with other content it is refused.
fn done_twice(his: &His<'_>, infno: &str, input: &Value, other: &Value) -> Value {
    let msgid = his.msgid();
    let first = his.call_as(infno, &msgid, input.clone());
    assert_eq!(first["infcode"], 0, "{infno}: {first}");
    let again = his.call_as(infno, &msgid, input.clone());
    for name in ["output", "inf_refmsgid"] {
        assert_eq!(again[name], first[name], "{infno}");
    }
    let conflict = his.call_as(infno, &msgid, other.clone());
    assert!(conflict["err_msg"].as_str().is_some_and(|said| said.ends_with("[301]")), "{conflict}");
    first["output"].clone()
}

pub(crate) fn list(psn_no: &str, mdtrt_id: &str, setl_id: &Value) -> Value {
    json!({ "setlinfo": {
        "psn_no": psn_no, "mdtrt_id": mdtrt_id, "setl_id": setl_id, "ntly": "CHN", "prfs": "90",
        "patn_rlts": "1", "coner_addr": "地址", "coner_tel": "1", "dscg_caty": "A03",
        "bill_code": "B", "bill_no": "N", "biz_sn": "S", "setl_begn_date": "2026-01-02",
        "setl_end_date": "2026-01-02", "medins_fill_dept": "医保科", "medins_fill_psn": "某人",
    }, "opspdiseinfo": [], "diseinfo": [{
        "diag_type": "1", "diag_code": "J06.900", "diag_name": "急性上呼吸道感染",
        "adm_cond_type": "1", "maindiag_flag": "1",
    }], "oprninfo": [], "icuinfo": [], "payinfo": [], "bldinfo": [] })
}

#[test]
fn lists_of_settled_cases_are_handed_in_locked_and_unlocked() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let mdtrt_id = his.outpatient(&person, "B1");
    let settled = his.done("2207", settling(&person, &mdtrt_id, "B1", "100.00"));
    let setl_id = &settled["setlinfo"]["setl_id"];
    let asked = list(&person.psn_no, &mdtrt_id, setl_id);
    let mut other = asked.clone();
    other["setlinfo"]["bill_no"] = json!("N2");
    let first = done_twice(&his, "4101", &asked, &other);
    assert_eq!(first["data"]["setl_list_id"], "000000001", "{first}");
    // Corrected, it is the same list.
    assert_eq!(his.done("4101", other.clone())["data"]["setl_list_id"], "000000001");
    let mark = |stas: &str, setl_id: &Value| {
        json!({ "data": { "stastinfo": [
            { "psn_no": person.psn_no, "setl_id": setl_id, "stas_type": stas },
        ] } })
    };
    done_twice(&his, "4102", &mark("1", setl_id), &mark("0", setl_id));
    his.refused("4101", other.clone(), 486);
    his.refused("4102", mark("1", &json!("123456")), 487);
    his.refused("4102", mark("7", setl_id), 466);
    his.done("4102", mark("0", setl_id));
    his.done("4101", other.clone());
    // Of its own settlements alone, and of the visit they are of.
    served.at(OTHER_HOSPITAL).refused("4101", other, 473);
    his.refused("4101", list(&person.psn_no, "1", setl_id), 466);
}

#[test]
fn own_codes_match_codes_of_the_catalogue_and_remarks_stand_with_their_lines() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let row = |own: &str, code: &str, begin: &str| {
        json!({
            "fixmedins_hilist_id": own, "fixmedins_hilist_name": "阿莫西林", "list_type": "101",
            "med_list_codg": code, "begndate": begin, "enddate": "2030-12-31",
        })
    };
    let two = json!({ "data": [row("L1", "QXJ01CA0001", "2026-01-01"),
        row("L2", "QXJ01CR0001", "2026-01-01")] });
    let one = json!({ "data": [row("L1", "QXJ01CA0001", "2026-01-01")] });
    done_twice(&his, "3301", &two, &one);
    let unknown = json!({ "data": [row("L1", "QXJ01CA0001", "2026-01-01"),
        row("L3", "NOTHING", "2026-01-01")] });
    let refused = his.refused("3301", unknown, 488);
    assert!(refused["err_msg"].as_str().is_some_and(|said| said.contains("第2行")), "{refused}");
    his.refused("3301", json!({ "data": [row("L1", "QXJ01CA0001", "2031-01-01")] }), 466);
    // They are told page by page, to this hospital alone.
    let own = |name: &str, value: &str, size: u32| {
        let mut data = json!({ "updt_time": "2020-01-01", "page_num": 1, "page_size": size });
        data[name] = json!(value);
        json!({ "data": data })
    };
    let all = his.done("1317", own("insu_admdvs", "630100", 2_147_483_647));
    let codes: Vec<&str> = all["data"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["medins_list_codg"].as_str())
        .collect();
    assert_eq!((codes, &all["recordCounts"]), (vec!["L1", "L2"], &json!(2)));
    let first = his.done("1317", own("fixmedins_code", HOSPITAL, 1));
    assert_eq!(
        (&first["pages"], &first["data"][0]["med_list_codg"]),
        (&json!(2), &json!("QXJ01CA0001"))
    );
    let named = his.done("1317", own("med_list_codg", "QXJ01CR0001", 10));
    assert_eq!(
        (&named["recordCounts"], &named["data"][0]["enddate"]),
        (&json!(1), &json!("2030-12-31"))
    );
    assert_eq!(his.done("1317", own("query_date", "2031-01-01", 10))["recordCounts"], 0);
    let other = served.at(OTHER_HOSPITAL);
    assert_eq!(other.done("1317", own("list_type", "101", 10))["recordCounts"], 0);
    other.refused("1317", own("fixmedins_code", HOSPITAL, 10), 466);
    let gone = |code: &str, own: &str| {
        json!({ "data": {
            "fixmedins_code": code, "fixmedins_hilist_id": own, "list_type": "101",
            "med_list_codg": "QXJ01CR0001",
        } })
    };
    his.refused("3302", gone(OTHER_HOSPITAL, "L2"), 466);
    done_twice(&his, "3302", &gone(HOSPITAL, "L2"), &gone(HOSPITAL, "L9"));
    his.refused("3302", gone(HOSPITAL, "L2"), 489);

    let person = served.people[0].clone();
    let mdtrt_id = his.outpatient(&person, "B1");
    let remark = |serial: &str, memo: &str| {
        json!({ "data": [{
            "mdtrt_id": mdtrt_id, "bkkp_sn": serial, "psn_no": person.psn_no, "memo": memo,
            "med_list_codg": "QXJ01CA0001",
        }] })
    };
    his.refused("2306", remark("99", "码"), 466);
    done_twice(&his, "2306", &remark("1", "追溯码81"), &remark("1", "追溯码82"));
    served.at(OTHER_HOSPITAL).refused("2306", remark("1", "码"), 466);
    let settled = his.done("2207", settling(&person, &mdtrt_id, "B1", "100.00"));
    let lines = his.done(
        "5204",
        json!({ "data": {
        "psn_no": person.psn_no, "setl_id": settled["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id,
    } }),
    );
    assert!(lines[0]["memo"].as_str().is_some_and(|memo| memo.starts_with("追溯码81")), "{lines}");
    assert!(!lines[1]["memo"].to_string().contains("追溯码"), "{lines}");
}
