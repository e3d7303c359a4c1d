//! What a HIS sends of a visit, transaction by transaction. Text is put together by hand: a generator that builds trees of it
//! would measure itself.

use std::fmt::Write as _;

use crate::answers::Setlinfo;
use crate::fen::Fen;
use crate::mix::Line;
use crate::town::Member;

/// A visit, as its inputs need it.
pub struct Visit<'v> {
    /// Who.
    pub member: &'v Member,
    /// What is done.
    pub lines: &'v [Line],
    /// Codes of the catalogue, by their numbers.
    pub codes: &'v [String],
    /// `med_type`
    pub med_type: &'static str,
    /// The disease that was approved, or nothing.
    pub disease: &'v str,
    /// When it begins, when fees arise, and when it ends: `yyyy-MM-dd HH:mm:ss`.
    pub times: (&'v str, &'v str, &'v str),
    /// Where it is.
    pub admdvs: &'static str,
}

const DIAGNOSIS: (&str, &str) = ("J18.900", "肺炎");

impl Visit<'_> {
    /// What it comes to.
    pub fn total(&self) -> Fen {
        self.lines.iter().map(Line::amount).sum()
    }

    fn who(&self) -> String {
        let Member { psn_no, certno, name, insutype, psn_type, .. } = self.member;
        format!(
            r#""psn_no":"{psn_no}","insutype":"{insutype}","mdtrt_cert_type":"02","mdtrt_cert_no":"{certno}","psn_cert_type":"01","certno":"{certno}","psn_type":"{psn_type}","psn_name":"{name}""#
        )
    }

    /// 1101
    pub fn identify(&self) -> String {
        format!(r#"{{"data":{{{},"card_sn":"","begntime":""}}}}"#, self.who())
    }

    /// 2201
    pub fn register(&self) -> String {
        format!(
            r#"{{"data":{{{},"begntime":"{}","ipt_otp_no":"MZ0001","atddr_no":"D001","dr_name":"医师","dept_code":"A03","dept_name":"内科","caty":"A03"}}}}"#,
            self.who(),
            self.times.0
        )
    }

    fn diagnoses(&self, mdtrt_id: &str) -> String {
        let (code, name) = DIAGNOSIS;
        format!(
            r#"[{{"mdtrt_id":"{mdtrt_id}","psn_no":"{}","diag_type":"1","maindiag_flag":"1","diag_srt_no":1,"diag_code":"{code}","diag_name":"{name}","diag_dept":"A03","dise_dor_no":"D001","dise_dor_name":"医师","diag_time":"{}","vali_flag":"1"}}]"#,
            self.member.psn_no, self.times.0
        )
    }

    /// 2203
    pub fn consultation(&self, mdtrt_id: &str) -> String {
        // Who has no approved disease is treated for what was diagnosed.
        let (code, name) =
            if self.disease.is_empty() { DIAGNOSIS } else { (self.disease, self.disease) };
        format!(
            r#"{{"mdtrtinfo":{{"mdtrt_id":"{mdtrt_id}","psn_no":"{}","med_type":"{}","begntime":"{}","dise_codg":"{}","dise_name":"{}"}},"diseinfo":{}}}"#,
            self.member.psn_no,
            self.med_type,
            self.times.0,
            code,
            name,
            self.diagnoses(mdtrt_id)
        )
    }

    fn admitted_with(&self) -> String {
        let (code, name) = DIAGNOSIS;
        format!(
            r#"[{{"psn_no":"{}","diag_type":"1","maindiag_flag":"1","diag_srt_no":1,"diag_code":"{code}","diag_name":"{name}","diag_dept":"A03","dise_dor_no":"D001","dise_dor_name":"医师","diag_time":"{}"}}]"#,
            self.member.psn_no, self.times.0
        )
    }

    fn row(&self, rows: &mut String, (number, line): (usize, &Line), more: &str) {
        let (code, time) = (&self.codes[line.code], self.times.1);
        let (sum, count, price) = (line.amount(), line.count, line.price);
        let comma = if rows.ends_with('}') { "," } else { "" };
        let _ = write!(
            rows,
            r#"{comma}{{"feedetl_sn":"{number}","rx_circ_flag":"0","fee_ocur_time":"{time}","med_list_codg":"{code}","medins_list_codg":"{code}","det_item_fee_sumamt":{sum},"cnt":{count},"pric":{price},"hosp_appr_flag":"1"{more}}}"#
        );
    }

    /// 2204 or 2301 of the lines from one number on, at most so many.
    pub fn upload(&self, mdtrt_id: &str, from: usize, most: usize) -> String {
        let mut rows = String::with_capacity(most.min(self.lines.len()) * 400);
        let more = format!(
            r#","mdtrt_id":"{mdtrt_id}","psn_no":"{}","med_type":"{}","chrg_bchno":"B1","bilg_dept_codg":"A03","bilg_dept_name":"内科","bilg_dr_codg":"D001","bilg_dr_name":"医师""#,
            self.member.psn_no, self.med_type
        );
        for line in self.lines.iter().enumerate().skip(from).take(most) {
            self.row(&mut rows, line, &more);
        }
        format!(r#"{{"feedetail":[{rows}]}}"#)
    }

    /// 2206 and 2303, and with the split of that, 2207 and 2304.
    pub fn bill(&self, mdtrt_id: &str, split: Option<&Setlinfo>) -> String {
        let mut data = format!(
            r#"{{"data":{{{},"med_type":"{}","medfee_sumamt":{},"psn_setlway":"01","mdtrt_id":"{mdtrt_id}","chrg_bchno":"B1","acct_used_flag":"1","invono":"","mid_setl_flag":"0","dise_codg":"{}","insuplc_admdvs":"630100","mdtrtarea_admvs":"{}""#,
            self.who(),
            self.med_type,
            self.total(),
            self.disease,
            self.admdvs
        );
        if let Some(split) = split {
            let _ = write!(
                data,
                r#","fulamt_ownpay_amt":{},"overlmt_selfpay":{},"preselfpay_amt":{},"inscp_scp_amt":{}"#,
                split.fulamt_ownpay_amt,
                split.overlmt_selfpay,
                split.preselfpay_amt,
                split.inscp_scp_amt
            );
        }
        data + "}}"
    }

    /// 2208, 2305, 2103
    pub fn settlement(&self, mdtrt_id: &str, setl_id: &str) -> String {
        format!(
            r#"{{"data":{{"psn_no":"{}","mdtrt_id":"{mdtrt_id}","setl_id":"{setl_id}"}}}}"#,
            self.member.psn_no
        )
    }

    /// 2401
    pub fn admission(&self) -> String {
        let (code, name) = DIAGNOSIS;
        format!(
            r#"{{"mdtrtinfo":{{{},"begntime":"{}","cert_type":"01","med_type":"21","ipt_no":"ZY0001","atddr_no":"D001","chfpdr_name":"医师","adm_diag_dscr":"{name}","adm_dept_codg":"A03","adm_dept_name":"内科","adm_bed":"01","dscg_maindiag_code":"{code}","dscg_maindiag_name":"{name}","insuplc_admdvs":"630100","mdtrtarea_admvs":"{}"}},"diseinfo":{}}}"#,
            self.who(),
            self.times.0,
            self.admdvs,
            self.admitted_with()
        )
    }

    /// 2402
    pub fn discharge(&self, mdtrt_id: &str) -> String {
        format!(
            r#"{{"dscginfo":{{"mdtrt_id":"{mdtrt_id}","psn_no":"{}","insutype":"{}","endtime":"{}","dscg_dept_codg":"A03","dscg_dept_name":"内科","dscg_bed":"01","dscg_way":"1"}},"diseinfo":{}}}"#,
            self.member.psn_no,
            self.member.insutype,
            self.times.2,
            self.diagnoses(mdtrt_id)
        )
    }

    /// 2101 and 2102
    pub fn sale(&self) -> String {
        let mut rows = String::with_capacity(self.lines.len() * 300);
        for line in self.lines.iter().enumerate() {
            self.row(&mut rows, line, "");
        }
        format!(
            r#"{{"druginfo":{{{},"begntime":"{}","medfee_sumamt":{},"acct_used_flag":"1","med_type":"41"}},"drugdetail":[{rows}]}}"#,
            self.who(),
            self.times.0,
            self.total()
        )
    }
}
