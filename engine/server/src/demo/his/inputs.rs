//! What a HIS sends of a visit, transaction by transaction. Its dates are fixed, so that the same visits come to the same amounts.

use serde_json::{Value, json};

use super::super::place::Hospital;
use super::super::town::TownMember;

/// When an outpatient comes, and a pharmacy sells.
const VISITED: &str = "2026-01-05 09:00:00";
/// From when to when a stay goes, and when its fees arise.
const ADMITTED: &str = "2026-03-02 09:00:00";
const TREATED: &str = "2026-03-03 08:00:00";
const DISCHARGED: &str = "2026-03-09 10:00:00";

/// A fee line: its code, how many, and yuan for one.
pub(super) type Fee = (&'static str, u32, u32);

/// A patient as a HIS knows one.
#[derive(Clone)]
pub(super) struct Patient {
    pub(super) psn_no: String,
    pub(super) name: String,
    pub(super) insutype: String,
    certno: String,
    psn_type: String,
}

impl Patient {
    pub(super) fn of(member: &TownMember) -> Patient {
        let spell = member.facts.spells.iter().flatten().next();
        Patient {
            psn_no: member.psn_no.clone(),
            name: member.person.name.clone(),
            insutype: spell.map(|spell| spell.insutype.to_string()).unwrap_or_default(),
            certno: member.person.certno.clone(),
            psn_type: member.facts.psn_type.to_string(),
        }
    }

    /// What most inputs begin with.
    fn data(&self) -> Value {
        json!({
            "psn_no": self.psn_no, "insutype": self.insutype, "mdtrt_cert_type": "02",
            "mdtrt_cert_no": self.certno, "psn_cert_type": "01", "certno": self.certno,
            "psn_type": self.psn_type, "psn_name": self.name,
        })
    }

    fn data_and(&self, more: Value) -> Value {
        merged(self.data(), more)
    }
}

fn merged(mut data: Value, more: Value) -> Value {
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    data
}

/// What fees come to, in yuan.
pub(super) fn total(fees: &[Fee]) -> u32 {
    fees.iter().map(|(_, count, price)| count * price).sum()
}

pub(super) fn sign_in() -> Value {
    json!({ "signIn": { "opter_no": "001", "mac": "00-00-00-00-00-00", "ip": "127.0.0.1" } })
}

pub(super) fn identify(patient: &Patient) -> Value {
    json!({ "data": patient.data_and(json!({ "card_sn": "", "begntime": "" })) })
}

pub(super) fn register(patient: &Patient) -> Value {
    json!({ "data": patient.data_and(json!({
        "begntime": VISITED, "ipt_otp_no": "MZ0001", "atddr_no": "D001", "dr_name": "医师",
        "dept_code": "A03", "dept_name": "内科", "caty": "A03",
    })) })
}

fn diagnosis(patient: &Patient, mdtrt_id: &str, code: &str, name: &str) -> Value {
    json!({
        "mdtrt_id": mdtrt_id, "psn_no": patient.psn_no, "diag_type": "1", "maindiag_flag": "1",
        "diag_srt_no": 1, "diag_code": code, "diag_name": name, "diag_dept": "A03",
        "dise_dor_no": "D001", "dise_dor_name": "医师", "diag_time": VISITED, "vali_flag": "1",
    })
}

/// 2203
pub(super) fn consultation(patient: &Patient, mdtrt_id: &str) -> Value {
    json!({
        "mdtrtinfo": {
            "mdtrt_id": mdtrt_id, "psn_no": patient.psn_no, "med_type": "11", "begntime": VISITED,
            "dise_codg": "", "dise_name": "",
        },
        "diseinfo": [diagnosis(patient, mdtrt_id, "J06.900", "急性上呼吸道感染")],
    })
}

fn line((serial, fee): (usize, &Fee), when: &str) -> Value {
    let (code, count, price) = fee;
    json!({
        "feedetl_sn": (serial + 1).to_string(), "rx_circ_flag": "0", "fee_ocur_time": when,
        "med_list_codg": code, "medins_list_codg": code, "det_item_fee_sumamt": count * price,
        "cnt": count, "pric": price, "hosp_appr_flag": "1",
    })
}

fn charged(patient: &Patient, mdtrt_id: &str, fees: &[Fee], when: &str, more: &Value) -> Value {
    let whose = json!({
        "mdtrt_id": mdtrt_id, "psn_no": patient.psn_no, "bilg_dept_codg": "A03",
        "bilg_dept_name": "内科", "bilg_dr_codg": "D001", "bilg_dr_name": "医师",
    });
    let whose = merged(whose, more.clone());
    let lines = fees.iter().enumerate().map(|fee| merged(line(fee, when), whose.clone()));
    json!({ "feedetail": lines.collect::<Vec<Value>>() })
}

/// 2204
pub(super) fn outpatient_fees(patient: &Patient, mdtrt_id: &str, fees: &[Fee]) -> Value {
    charged(patient, mdtrt_id, fees, VISITED, &json!({ "chrg_bchno": "SF0001" }))
}

/// 2301
pub(super) fn stay_fees(patient: &Patient, mdtrt_id: &str, fees: &[Fee]) -> Value {
    charged(patient, mdtrt_id, fees, TREATED, &json!({ "med_type": "21" }))
}

/// 2206, and 2207 with the split that 2206 was answered with.
pub(super) fn outpatient_bill(patient: &Patient, mdtrt_id: &str, fees: &[Fee]) -> Value {
    json!({ "data": patient.data_and(json!({
        "med_type": "11", "medfee_sumamt": total(fees), "psn_setlway": "01", "mdtrt_id": mdtrt_id,
        "chrg_bchno": "SF0001", "acct_used_flag": "1", "invono": "",
    })) })
}

/// 2303, and 2304 with the split that 2303 was answered with.
pub(super) fn stay_bill(patient: &Patient, mdtrt_id: &str, at: Hospital, fees: &[Fee]) -> Value {
    json!({ "data": patient.data_and(json!({
        "medfee_sumamt": total(fees), "psn_setlway": "01", "mdtrt_id": mdtrt_id,
        "acct_used_flag": "0", "invono": "", "mid_setl_flag": "0", "insuplc_admdvs": "630100",
        "mdtrtarea_admvs": at.admdvs,
    })) })
}

/// A bill that says how the fees are split, as a pre-settlement had it.
pub(super) fn with_split(mut bill: Value, setlinfo: &Value) -> Value {
    for part in ["fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"] {
        bill["data"][part] = setlinfo[part].clone();
    }
    bill
}

/// 2208, 2305, and the question after a settlement, 5203
pub(super) fn settlement(patient: &Patient, mdtrt_id: &str, setl_id: &str) -> Value {
    json!({ "data": { "psn_no": patient.psn_no, "mdtrt_id": mdtrt_id, "setl_id": setl_id } })
}

/// 2601
pub(super) fn reversal(patient: &Patient, infno: &str, msgid: &str) -> Value {
    json!({ "data": { "psn_no": patient.psn_no, "omsgid": msgid, "oinfno": infno } })
}

/// 2401
pub(super) fn admission(patient: &Patient, at: Hospital, (code, name): (&str, &str)) -> Value {
    let more = json!({
        "begntime": ADMITTED, "cert_type": "01", "med_type": "21", "ipt_no": "ZY0001",
        "atddr_no": "D001", "chfpdr_name": "医师", "adm_diag_dscr": name, "adm_dept_codg": "A03",
        "adm_dept_name": "内科", "adm_bed": "01", "dscg_maindiag_code": code,
        "dscg_maindiag_name": name, "insuplc_admdvs": "630100", "mdtrtarea_admvs": at.admdvs,
    });
    json!({ "mdtrtinfo": patient.data_and(more), "diseinfo": [] })
}

/// 2403: another bed, and the diagnosis again.
pub(super) fn change(patient: &Patient, mdtrt_id: &str, (code, name): (&str, &str)) -> Value {
    json!({
        "adminfo": {
            "mdtrt_id": mdtrt_id, "psn_no": patient.psn_no, "begntime": ADMITTED,
            "mdtrt_cert_type": "02", "med_type": "21", "ipt_otp_no": "ZY0001", "atddr_no": "D001",
            "chfpdr_name": "医师", "adm_diag_dscr": name, "adm_dept_codg": "A03",
            "adm_dept_name": "内科", "adm_bed": "02", "dscg_maindiag_code": code,
            "dscg_maindiag_name": name,
        },
        "diseinfo": [diagnosis(patient, mdtrt_id, code, name)],
    })
}

/// 2402
pub(super) fn discharge(patient: &Patient, mdtrt_id: &str, (code, name): (&str, &str)) -> Value {
    json!({
        "dscginfo": {
            "mdtrt_id": mdtrt_id, "psn_no": patient.psn_no, "insutype": patient.insutype,
            "endtime": DISCHARGED, "dscg_dept_codg": "A03", "dscg_dept_name": "内科",
            "dscg_bed": "02", "dscg_way": "1",
        },
        "diseinfo": [diagnosis(patient, mdtrt_id, code, name)],
    })
}

/// 2101 and 2102
pub(super) fn sale(patient: &Patient, fees: &[Fee]) -> Value {
    let lines = fees.iter().enumerate().map(|fee| line(fee, VISITED));
    json!({
        "druginfo": patient.data_and(json!({
            "begntime": VISITED, "medfee_sumamt": total(fees), "acct_used_flag": "1",
            "med_type": "41",
        })),
        "drugdetail": lines.collect::<Vec<Value>>(),
    })
}

/// 2501
pub(super) fn referral(patient: &Patient, to: Hospital, (code, name): (&str, &str)) -> Value {
    json!({ "refmedin": [{
        "psn_no": patient.psn_no, "insutype": patient.insutype, "tel": "", "addr": "",
        "insu_optins": "630100", "diag_code": code, "diag_name": name,
        "dise_cond_dscr": "需放射治疗", "reflin_medins_no": to.code, "reflin_medins_name": to.name,
        "mdtrtarea_admdvs": to.admdvs, "hosp_agre_refl_flag": "1", "refl_type": "3",
        "refl_date": "2026-03-01", "refl_rea": "本地无放疗条件", "refl_opnn": "同意转院",
        "begndate": "2026-03-01", "enddate": "2026-12-31",
    }] })
}
