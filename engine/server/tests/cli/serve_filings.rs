//! What hospitals file for a person over the port of `yidan serve`: a referral, a disease, a chosen institution, an accident. The
//! settlement that follows sees it, a withdrawal takes it back, and a kill loses neither it nor its words.

use serde_json::{Value, json};

use crate::journey::{admission, leaving, stay_bill, stay_line};
use crate::serve::{His, Person, Served, fen, line, made_town, registration, settling};

const HOSPITAL: &str = "H630103Q0001";
const OTHER_HOSPITAL: &str = "H630103Q0002";
/// In another province.
const FAR_HOSPITAL: &str = "H510107Q0001";

/// 1101: from here on the hospital may ask about the person.
pub(crate) fn identify(his: His<'_>, person: &Person) {
    let asked = json!({ "data": {
        "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "card_sn": "",
        "begntime": "", "psn_cert_type": "01", "certno": person.certno, "psn_name": person.name,
    } });
    his.done("1101", asked);
}

pub(crate) fn referral(person: &Person) -> Value {
    json!({ "refmedin": [{
        "psn_no": person.psn_no, "insutype": person.insutype, "tel": "13900000000",
        "addr": "示例路1号", "insu_optins": "630100", "diag_code": "C34.900",
        "diag_name": "支气管或肺恶性肿瘤", "dise_cond_dscr": "需放射治疗",
        "reflin_medins_no": FAR_HOSPITAL, "reflin_medins_name": "成都示例医院",
        "mdtrtarea_admdvs": "510107", "hosp_agre_refl_flag": "1", "refl_type": "3",
        "refl_date": "2026-01-01", "refl_rea": "本地无放疗条件", "refl_opnn": "同意转院",
        "begndate": "2026-01-01", "enddate": "2026-12-31",
    }] })
}

pub(crate) fn disease(person: &Person, code: &str) -> Value {
    json!({ "data": {
        "psn_no": person.psn_no, "insutype": person.insutype, "opsp_dise_code": code,
        "opsp_dise_name": "糖尿病（伴并发症）", "tel": "13900000000", "insu_optins": "630100",
        "ide_fixmedins_no": HOSPITAL, "ide_fixmedins_name": "西宁示例第一医院",
        "hosp_ide_date": "2026-01-01", "diag_dr_codg": "D1", "diag_dr_name": "医师",
        "begndate": "2026-01-01", "enddate": "", "memo": "",
    } })
}

pub(crate) fn choice(person: &Person, order: &str, code: &str) -> Value {
    json!({ "data": {
        "psn_no": person.psn_no, "biz_appy_type": "03", "begndate": "2026-01-01",
        "fix_srt_no": order, "fixmedins_code": code, "fixmedins_name": "就近的医院",
        "memo": "本人选择",
    } })
}

pub(crate) fn accident(person: &Person) -> Value {
    json!({ "data": {
        "dcla_souc": "01", "insutype": person.insutype, "psn_no": person.psn_no,
        "psn_cert_type": "01", "certno": person.certno, "psn_name": person.name,
        "insu_admdvs": "630100", "trum_time": "2026-01-01", "trum_site": "家中",
        "trum_rea": "跌倒", "chk_pay_flag": "1", "begndate": "2026-01-01", "memo": "",
    } })
}

pub(crate) fn withdrawal(person: &Person, number: &str) -> Value {
    json!({ "data": {
        "trt_dcla_detl_sn": number, "psn_no": person.psn_no, "memo": "登记有误",
    } })
}

/// The number that a filing is answered with.
pub(crate) fn number(output: &Value) -> String {
    let result = &output["result"];
    let result = if result.is_array() { &result[0] } else { result };
    result["trt_dcla_detl_sn"].as_str().unwrap_or_else(|| panic!("{output}")).to_owned()
}

/// A stay that has ended and waits for its settlement: the visit.
fn stay(his: His<'_>, person: &Person, is_accident: bool) -> String {
    let mut admission = admission(person);
    if is_accident {
        admission["mdtrtinfo"]["exp_content"] = json!("{\"TRUM_FLAG\":\"1\"}");
    }
    let admitted = his.done("2401", admission);
    let mdtrt_id = admitted["result"]["mdtrt_id"].as_str().expect("a number").to_owned();
    let fee = stay_line(person, &mdtrt_id, "1", "9000.00");
    his.done("2301", json!({ "feedetail": [fee] }));
    his.done("2402", leaving(person, &mdtrt_id));
    mdtrt_id
}

fn bill(person: &Person, mdtrt_id: &str) -> Value {
    stay_bill(person, mdtrt_id, "9000.00")
}

/// What the funds would pay for a stay now.
fn funds(his: His<'_>, person: &Person, mdtrt_id: &str) -> i64 {
    fen(&his.done("2303", bill(person, mdtrt_id))["setlinfo"]["fund_pay_sumamt"])
}

#[test]
fn a_referral_changes_the_stay_far_away_until_it_is_withdrawn() {
    let served = Served::town();
    let (home, far) = (served.at(HOSPITAL), served.at(FAR_HOSPITAL));
    let person = served.people[2].clone();
    let mdtrt_id = stay(far, &person, false);
    let before = funds(far, &person, &mdtrt_id);
    home.refused("2501", referral(&person), 463);
    identify(home, &person);
    let msgid = home.msgid();
    let filed = home.call_as("2501", &msgid, referral(&person));
    assert_eq!(filed["infcode"], 0, "{filed}");
    let filing = number(&filed["output"]);
    let after = funds(far, &person, &mdtrt_id);
    assert!(after > before && before > 0, "{after} after {before}");
    // The same call is the same filing, with other content it is none, and another call files nothing twice.
    let again = home.call_as("2501", &msgid, referral(&person));
    assert_eq!(again["output"], filed["output"]);
    assert_eq!(again["inf_refmsgid"], filed["inf_refmsgid"]);
    let mut other = referral(&person);
    other["refmedin"][0]["tel"] = json!("13911111111");
    let conflict = home.call_as("2501", &msgid, other);
    assert!(conflict["err_msg"].as_str().is_some_and(|said| said.ends_with("[301]")), "{conflict}");
    home.refused("2501", referral(&person), 334);

    let asked = json!({ "data": {
        "psn_no": person.psn_no, "begntime": "2026-02-01 00:00:00", "endtime": "2026-02-28 00:00:00",
    } });
    let listed = home.done("5304", asked.clone());
    let row = &listed["refmedin"][0];
    for (name, value) in [
        ("psn_no", &*person.psn_no),
        ("certno", &*person.certno),
        ("psn_name", &*person.name),
        ("tel", "13900000000"),
        ("diag_code", "C34.900"),
        ("reflin_medins_no", FAR_HOSPITAL),
        ("reflin_medins_name", "成都示例医院"),
        ("out_flag", "1"),
        ("refl_date", "2026-01-01"),
        ("refl_rea", "本地无放疗条件"),
        ("begndate", "2026-01-01"),
        ("enddate", "2026-12-31"),
        ("hosp_agre_refl_flag", "1"),
    ] {
        assert_eq!(row[name], *value, "{name}: {listed}");
    }
    assert_eq!(listed["refmedin"].as_array().map(Vec::len), Some(1), "{listed}");
    served.at(OTHER_HOSPITAL).refused("5304", asked.clone(), 463);
    let next_year =
        json!({ "data": { "psn_no": person.psn_no, "begntime": "2027-01-01 00:00:00" } });
    assert_eq!(home.done("5304", next_year)["refmedin"], json!([]));

    // Withdrawn by who filed it, as what it is, once.
    far.refused("2502", withdrawal(&person, &filing), 335);
    home.refused("2504", withdrawal(&person, &filing), 335);
    let msgid_of_withdrawal = home.msgid();
    let withdrawn = home.call_as("2502", &msgid_of_withdrawal, withdrawal(&person, &filing));
    assert_eq!(withdrawn["infcode"], 0, "{withdrawn}");
    assert_eq!(funds(far, &person, &mdtrt_id), before);
    home.refused("2502", withdrawal(&person, &filing), 335);
    let again = home.call_as("2502", &msgid_of_withdrawal, withdrawal(&person, &filing));
    assert_eq!(again["inf_refmsgid"], withdrawn["inf_refmsgid"]);
    let late = home.call_as("2501", &msgid, referral(&person));
    assert!(late["err_msg"].as_str().is_some_and(|said| said.ends_with("[337]")), "{late}");
    assert_eq!(home.done("5304", asked)["refmedin"], json!([]));

    // What a settlement was decided by stays while it stands.
    let filing = number(&home.done("2501", referral(&person)));
    let settled = far.done("2304", bill(&person, &mdtrt_id));
    assert_eq!(fen(&settled["setlinfo"]["fund_pay_sumamt"]), after, "{settled}");
    home.refused("2502", withdrawal(&person, &filing), 336);
    let undo = json!({ "data": {
        "setl_id": settled["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    } });
    far.done("2305", undo);
    home.done("2502", withdrawal(&person, &filing));
}

#[test]
fn a_chronic_disease_is_settled_once_it_is_filed() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[2].clone();
    let visit = his.done("2201", json!({ "data": registration(&person) }));
    let mdtrt_id = visit["data"]["mdtrt_id"].as_str().expect("a number").to_owned();
    let described = json!({ "mdtrtinfo": {
        "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "med_type": "14",
        "begntime": "2026-01-02 08:00:00", "dise_codg": "M01600", "dise_name": "糖尿病",
    }, "diseinfo": [crate::serve::diagnosis()] });
    his.done("2203", described);
    his.done("2204", json!({ "feedetail": [line(&mdtrt_id, &person, "1", "B1", "100.00")] }));
    let mut asked = settling(&person, &mdtrt_id, "B1", "100.00");
    asked["data"]["med_type"] = json!("14");
    let of = json!({ "data": { "psn_no": person.psn_no } });
    // The bureau knows of another disease: that has no paper, and the name that the pool gives it.
    let known = his.done("5301", of.clone())["feedetail"].clone();
    assert_eq!(known[0]["opsp_dise_name"], "高血压", "{known}");
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{known}");
    his.refused("2206", asked.clone(), 119);
    his.refused("2503", disease(&person, "M99999"), 485);
    his.refused("2503", disease(&person, "M03900"), 334);
    let mut elsewhere = disease(&person, "M01600");
    elsewhere["data"]["ide_fixmedins_no"] = json!("H999999Q9999");
    his.refused("2503", elsewhere, 484);
    let filing = number(&his.done("2503", disease(&person, "M01600")));
    let listed = his.done("5301", of.clone());
    let row = json!({
        "opsp_dise_code": "M01600", "opsp_dise_name": "糖尿病（伴并发症）",
        "begndate": "2026-01-01", "enddate": null,
    });
    assert_eq!(listed["feedetail"], json!([row, known[0]]));
    let settled = his.done("2207", asked.clone());
    assert!(fen(&settled["setlinfo"]["fund_pay_sumamt"]) > 0, "{settled}");
    his.refused("2504", withdrawal(&person, &filing), 336);
    // What was dispensed for it is told, by the days of the lines.
    let drugs = |from: &str| {
        let asked = json!({ "data": { "psn_no": person.psn_no, "begntime": from } });
        his.done("5205", asked)["feedetail"].clone()
    };
    let told = drugs("2026-01-02 00:00:00");
    assert_eq!((&told[0]["feedetl_sn"], &told[0]["list_type"]), (&json!("1"), &json!("101")));
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(drugs("2026-01-03 00:00:00"), json!([]));
    let undo = json!({ "data": {
        "setl_id": settled["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    } });
    his.done("2208", undo);
    his.done("2504", withdrawal(&person, &filing));
    assert_eq!(his.done("5301", of)["feedetail"], known);
    his.refused("2206", asked, 119);
}

#[test]
fn an_accident_is_paid_for_once_it_is_filed() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[1].clone();
    let mdtrt_id = stay(his, &person, true);
    assert_eq!(funds(his, &person, &mdtrt_id), 0);
    let mut stranger = accident(&person);
    stranger["data"]["certno"] = json!("110101199003070011");
    his.refused("2507", stranger, 462);
    let mut unpaid = accident(&person);
    unpaid["data"]["chk_pay_flag"] = json!("0");
    let said = his.refused("2507", unpaid, 466);
    assert!(said["err_msg"].as_str().is_some_and(|said| said.contains("chk_pay_flag")), "{said}");
    let msgid = his.msgid();
    let filed = his.call_as("2507", &msgid, accident(&person));
    assert!(filed["output"]["result"].is_array(), "{filed}");
    assert!(funds(his, &person, &mdtrt_id) > 0);
    let again = his.call_as("2507", &msgid, accident(&person));
    assert_eq!(again["output"], filed["output"]);
    assert_eq!(again["inf_refmsgid"], filed["inf_refmsgid"]);
    his.refused("2507", accident(&person), 334);
}

#[test]
fn chosen_institutions_are_filed_listed_and_withdrawn() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    identify(his, &person);
    let second = number(&his.done("2505", choice(&person, "2", OTHER_HOSPITAL)));
    his.done("2505", choice(&person, "1", HOSPITAL));
    his.refused("2505", choice(&person, "3", HOSPITAL), 334);
    his.refused("2505", choice(&person, "3", "H999999Q9999"), 484);
    let of = |kind: &str| json!({ "data": { "psn_no": person.psn_no, "biz_appy_type": kind } });
    let listed = his.done("5302", of("03"));
    let row = |order: &str, code: &str| {
        json!({
            "psn_no": person.psn_no, "insutype": null, "fix_srt_no": order, "fixmedins_code": code,
            "fixmedins_name": "就近的医院", "begndate": "2026-01-01", "enddate": null,
            "memo": "本人选择",
        })
    };
    let rows = json!([row("1", HOSPITAL), row("2", OTHER_HOSPITAL)]);
    assert_eq!(listed["psnfixmedin"], rows);
    assert_eq!(his.done("5302", of("01"))["psnfixmedin"], json!([]));
    served.at(OTHER_HOSPITAL).refused("2506", withdrawal(&person, &second), 335);
    his.done("2506", withdrawal(&person, &second));
    let listed = his.done("5302", of("03"));
    assert_eq!(listed["psnfixmedin"], json!([row("1", HOSPITAL)]));
    his.refused("2506", withdrawal(&person, &second), 335);
    his.refused("2506", withdrawal(&person, "x"), 466);
}

#[test]
fn a_filing_that_means_nothing_is_declined_by_the_name_of_its_field() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    identify(his, &person);
    let other = |name: &str, value: Value| {
        let mut asked = referral(&person);
        asked["refmedin"][0][name] = value;
        asked
    };
    for (name, value) in [
        ("mdtrtarea_admdvs", json!("成都")),
        // The hospital is known, and lies elsewhere.
        ("mdtrtarea_admdvs", json!("110105")),
        ("hosp_agre_refl_flag", json!("0")),
        ("insutype", json!("abc")),
    ] {
        let said = his.call("2501", other(name, value.clone()));
        let told = said["err_msg"].as_str().is_some_and(|said| said.contains(name));
        assert!(said["infcode"] == -1 && told, "{name} {value}: {said}");
    }
    his.refused("2501", other("enddate", json!("2025-12-31")), 333);
    his.refused("2501", json!({ "refmedin": [] }), 401);
    let one = referral(&person)["refmedin"][0].clone();
    his.refused("2501", json!({ "refmedin": [one, one] }), 466);
    // A hospital that is not known here takes patients in all the same.
    his.done("2501", other("reflin_medins_no", json!("H999999Q9999")));
}

#[test]
fn killed_it_keeps_what_was_filed_and_the_words_it_came_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = made_town(folder.path());
    let path = folder.path().to_str().expect("a path");
    let mut served = Served::start(&[path]);
    let person = made[0].clone();
    identify(served.at(HOSPITAL), &person);
    let msgid = served.at(HOSPITAL).msgid();
    let first = served.at(HOSPITAL).call_as("2501", &msgid, referral(&person));
    assert_eq!(first["infcode"], 0, "{first}");
    let asked = json!({ "data": { "psn_no": person.psn_no, "begntime": "2026-02-01 00:00:00" } });
    let listed = served.at(HOSPITAL).done("5304", asked.clone());
    assert_eq!(listed["refmedin"][0]["refl_rea"], "本地无放疗条件", "{listed}");
    for _ in 0..2 {
        served.child.kill().expect("killed");
        served.child.wait().expect("ended");
        served = Served::start(&[path]);
        // Who filed may ask, though nobody was identified in this run.
        let his = served.at(HOSPITAL);
        assert_eq!(his.done("5304", asked.clone()), listed);
        let again = his.call_as("2501", &msgid, referral(&person));
        assert_eq!(again["output"], first["output"]);
        assert_eq!(again["inf_refmsgid"], first["inf_refmsgid"]);
    }
    let his = served.at(HOSPITAL);
    his.done("2502", withdrawal(&person, &number(&first["output"])));
    his.refused("5304", asked.clone(), 463);
    identify(his, &person);
    assert_eq!(his.done("5304", asked)["refmedin"], json!([]));
    // The words stand in a file of their own, and not in the journal.
    let said = "本地无放疗条件".as_bytes();
    let holds = |file: &std::path::Path| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes.windows(said.len()).any(|part| part == said)
    };
    let files = std::fs::read_dir(folder.path()).expect("a folder").flatten();
    let holding: Vec<_> = files.map(|file| file.path()).filter(|file| holds(file)).collect();
    assert_eq!(holding, [folder.path().join("papers.redb")]);
}
