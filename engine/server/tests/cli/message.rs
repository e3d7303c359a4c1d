//! `yidan message`: requests as HIS systems send them, sound, odd and wrong; and the fields of a transaction.

use serde_json::{Value, json};

use crate::program::{Folder, piped, run};

/// A request of a hospital; its person and certificate are made up.
fn request(infno: &str, input: Value) -> Value {
    json!({"infno": infno, "msgid": "H63010000001202601020304050001", "mdtrtarea_admvs": "630100",
        "insuplc_admdvs": "630100", "recer_sys_code": "99", "infver": "V1.0", "opter_type": "1", "opter": "01",
        "opter_name": "示例", "inf_time": "2026-01-02 03:04:05", "fixmedins_code": "H63010000001",
        "fixmedins_name": "示例医院", "input": input})
}

fn cancel() -> Value {
    json!({"data": {"psn_no": "P1", "mdtrt_id": "7", "ipt_otp_no": "3"}})
}

#[test]
fn a_sound_request_is_sound_and_an_odd_one_is_borne_or_refused() {
    let folder = Folder::new();
    let sound = folder.write("sound.json", request("2202", cancel()).to_string());
    let ran = run(&["message", "check", "--strict", &sound]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert!(ran.out.contains("2202 ") && ran.out.contains(": sound"), "{}", ran.out);

    // The input as a text, as one family of clients sends it.
    let odd = request("2202", Value::String(cancel().to_string()));
    let odd = folder.write("odd.json", odd.to_string());
    let ran = run(&["message", "check", &sound, &odd]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(ran.out.contains("borne: 交易输入以字符串传输 (1 times)"), "{}", ran.out);
    let ran = run(&["message", "check", "--strict", &odd]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("[409]"), "{}", ran.out);
}

#[test]
fn every_field_that_is_wrong_is_named_at_once_and_no_certificate_is_shown() {
    let lines = json!([{"feedetl_sn": "1", "mdtrt_id": "7", "psn_no": "P1", "cnt": "abc", "pric": "1.2345678"}]);
    let wrong = request("2204", json!({"feedetail": lines}));
    let ran = piped(&["message", "check", "-"], wrong.to_string().as_bytes());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    for told in
        ["feedetail第1行cnt（数量）", "“abc”", "feedetail第1行pric", "feedetail第1行med_list_codg"]
    {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    let certificate = "630101199001011234567890123456789012345678901234567890";
    let person = json!({"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": certificate, "certno": certificate}});
    let ran = piped(&["message", "check", "-"], request("1101", person).to_string().as_bytes());
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(!ran.out.contains("19900101"), "{}", ran.out);
}

#[test]
fn what_is_no_message_is_told_in_one_line() {
    for (body, told) in
        [("", "报文不是合法的JSON"), ("[1]", "应为对象"), ("{\"infno\": ", "报文不是合法的JSON")]
    {
        let ran = piped(&["message", "check", "-"], body.as_bytes());
        assert_eq!(ran.code, Some(1), "{body}: {}", ran.err);
        assert!(ran.out.contains(told), "{body}: {}", ran.out);
    }
    let unknown =
        piped(&["message", "check", "-"], request("9999", cancel()).to_string().as_bytes());
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.out.contains("\"9999\" is not known"), "{}", unknown.out);
    let missing = run(&["message", "check", "/nowhere/at/all.json"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("/nowhere/at/all.json: "), "{}", missing.err);
}

#[test]
fn the_fields_of_a_transaction_are_listed() {
    let all = run(&["message", "fields"]);
    assert!(all.out.contains("2207   门诊结算") && all.out.contains("2601"), "{}", all.out);
    let one = run(&["message", "fields", "2204"]);
    for told in ["2204 门诊", "* feedetl_sn", "num 16,4", "数量", "output"] {
        assert!(one.out.contains(told), "{told}: {}", one.out);
    }
    let none = run(&["message", "fields", "1"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("there is no transaction 1"), "{}", none.err);
}
