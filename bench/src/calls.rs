//! Bodies as a HIS sends them: a 2204 of so many lines with the fields that clients fill, and a 2207.

use std::fmt::Write as _;

/// The body of a 2204 of so many lines, each value as the text has it.
pub fn upload(lines: usize) -> String {
    let mut rows = String::new();
    for line in 0..lines {
        if line > 0 {
            rows.push(',');
        }
        let _ = write!(
            rows,
            r#"{{"feedetl_sn":"{}","mdtrt_id":"630100202601020000000017","psn_no":"63010000000000000001139482",
            "chrg_bchno":"202601020930000001","dise_codg":"","rxno":"R20260102000{line:03}","rx_circ_flag":"0",
            "fee_ocur_time":"2026-01-02 09:{:02}:05","med_list_codg":"XJ01CAA040A0010101{line:05}",
            "medins_list_codg":"YP{line:06}","det_item_fee_sumamt":{}.52,"cnt":{},"pric":4.52,"sin_dos_dscr":"0.5g",
            "used_frqu_dscr":"一日三次","prd_days":3,"medc_way_dscr":"口服","bilg_dept_codg":"A03",
            "bilg_dept_name":"普通内科","bilg_dr_codg":"D630103000123","bilg_dr_name":"某某","acord_dept_codg":"",
            "acord_dept_name":"","orders_dr_code":"","orders_dr_name":"","hosp_appr_flag":"0","tcmdrug_used_way":"",
            "etip_flag":"0","etip_hosp_code":"","dscg_tkdrug_flag":"0","matn_fee_flag":"0"}}"#,
            100_000 + line,
            line % 60,
            4 * (line + 1),
            line + 1,
        );
    }
    body("2204", &format!(r#"{{"feedetail":[{rows}]}}"#))
}

/// The body of a 2207.
pub fn settle() -> String {
    body(
        "2207",
        r#"{"data":{"psn_no":"63010000000000000001139482","mdtrt_cert_type":"02","mdtrt_cert_no":"630103199001010000",
        "psn_cert_type":"01","certno":"630103199001010000","med_type":"11","medfee_sumamt":361.60,"psn_setlway":"01",
        "mdtrt_id":"630100202601020000000017","chrg_bchno":"202601020930000001","insutype":"310","acct_used_flag":"1",
        "invono":"","fulamt_ownpay_amt":0,"overlmt_selfpay":0,"preselfpay_amt":18.08,"inscp_scp_amt":343.52}}"#,
    )
}

fn body(infno: &str, input: &str) -> String {
    format!(
        r#"{{"infno":"{infno}","msgid":"H63010300001202601020930050001","mdtrtarea_admvs":"630103",
        "insuplc_admdvs":"630100","recer_sys_code":"99","dev_no":"","dev_safe_info":"","cainfo":"","signtype":"",
        "infver":"V1.0","opter_type":"1","opter":"0053","opter_name":"某某","inf_time":"2026-01-02 09:30:05",
        "fixmedins_code":"H63010300001","fixmedins_name":"某某医院","sign_no":"651918","input":{input}}}"#
    )
}
