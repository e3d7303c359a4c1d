//! Bodies as a HIS sends them: a 2204 of so many lines with the fields that clients fill, and a 2207; and the output that it is answered.

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

/// The output of a 2207 with three payments, as [`yidan_gateway::answer::output`] writes it.
pub fn settled() -> String {
    const SETLINFO: &str = concat!(
        r#""mdtrt_id":"630100202601020000000017","setl_id":"630100202601020000000018","#,
        r#""psn_no":"63010000000000000001139482","psn_name":"某某","psn_cert_type":"01","#,
        r#""certno":"630103199001010000","gend":"1","naty":"01","brdy":"1990-01-01","age":36.0,"#,
        r#""insutype":"310","psn_type":"1101","cvlserv_flag":"0","setl_time":"2026-01-02 09:30:05","#,
        r#""mdtrt_cert_type":null,"med_type":"11","medfee_sumamt":361.60,"fulamt_ownpay_amt":0.00,"#,
        r#""overlmt_selfpay":0.00,"preselfpay_amt":18.08,"inscp_scp_amt":343.52,"#,
        r#""act_pay_dedc":0.00,"hifp_pay":206.11,"pool_prop_selfpay":0.6000,"cvlserv_pay":0.00,"#,
        r#""hifes_pay":0.00,"hifmi_pay":0.00,"hifob_pay":82.45,"maf_pay":0.00,"oth_pay":0.00,"#,
        r#""fund_pay_sumamt":288.56,"psn_part_amt":73.04,"acct_pay":54.96,"psn_cash_pay":18.08,"#,
        r#""hosp_part_amt":0.00,"balc":1204.17,"acct_mulaid_pay":0.00,"#,
        r#""medins_setl_id":"H63010300001202601020930050001","clr_optins":"630103","clr_way":"1","#,
        r#""clr_type":"11","hifdm_pay":0.00,"exp_content":null"#,
    );
    const PAID: [(&str, &str, &str, &str); 3] = [
        ("310100", "343.52", "城镇职工基本医疗保险统筹基金", "206.11"),
        ("330100", "137.41", "大额医疗费用补助", "82.45"),
        ("310200", "54.96", "城镇职工基本医疗保险个人账户基金", "54.96"),
    ];
    let row = |(fund, scope, name, paid)| {
        format!(
            "{{\"fund_pay_type\":\"{fund}\",\"inscp_scp_amt\":{scope},\"crt_payb_lmt_amt\":null,\
             \"fund_payamt\":{paid},\"fund_pay_type_name\":\"{name}\",\
             \"setl_proc_info\":\"进入{scope}，首先自付0.00，起付线0.00，按60%支付{paid}，\
             无封顶线，超封顶0.00\"}}"
        )
    };
    let rows = PAID.map(row).join(",");
    format!("{{\"setlinfo\":{{{SETLINFO}}},\"setldetail\":[{rows}]}}")
}

fn body(infno: &str, input: &str) -> String {
    format!(
        r#"{{"infno":"{infno}","msgid":"H63010300001202601020930050001","mdtrtarea_admvs":"630103",
        "insuplc_admdvs":"630100","recer_sys_code":"99","dev_no":"","dev_safe_info":"","cainfo":"","signtype":"",
        "infver":"V1.0","opter_type":"1","opter":"0053","opter_name":"某某","inf_time":"2026-01-02 09:30:05",
        "fixmedins_code":"H63010300001","fixmedins_name":"某某医院","sign_no":"651918","input":{input}}}"#
    )
}
