//! `yidan serve` as hospitals meet it: the program, its port, and what goes over it. Every scenario is a visit as the interface's order
//! of calls has it, retried and broken where clients do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::journey::{admission, leaving, sale, stay_bill, stay_line};
use crate::program::Folder;

pub(crate) const HOSPITAL: &str = "H630103Q0001";
pub(crate) const OTHER_HOSPITAL: &str = "H630103Q0002";
pub(crate) const PHARMACY: &str = "P630103Q0001";

/// A server, and who can be asked about.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) calls: String,
    pub(crate) operators: String,
    pub(crate) people: Vec<Person>,
    /// What it said before it took calls.
    pub(crate) said: String,
    /// What it said of troubles since.
    troubles: Arc<Mutex<Vec<String>>>,
}

/// Words of the log, and of the language's own, that say that something broke.
const TROUBLES: [&str; 4] = ["ERROR", "broke down", "panicked", "error:"];

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) psn_no: String,
    pub(crate) certno: String,
    pub(crate) name: String,
    pub(crate) insutype: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address behind `http://` or `https://` in a line.
fn address(line: &str) -> String {
    let behind = line.split("://").nth(1).expect("an address");
    behind.split('/').next().expect("it").to_owned()
}

impl Served {
    /// The example town, on free ports.
    pub(crate) fn town() -> Served {
        Served::start(&[])
    }

    pub(crate) fn start(arguments: &[&str]) -> Served {
        let started = Served::start_at("127.0.0.1:0", arguments);
        started.unwrap_or_else(|said| panic!("it ended: {said}"))
    }

    /// A server at an address; or what it said before it ended.
    pub(crate) fn start_at(address_of_calls: &str, arguments: &[&str]) -> Result<Served, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yidan"))
            .arg("serve")
            .args(arguments)
            .args(["--listen", address_of_calls, "--operators", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let (mut calls, mut operators, mut people) = (None, None, Vec::new());
        let mut said = String::new();
        while calls.is_none() || operators.is_none() {
            let Some(Ok(line)) = lines.next() else {
                assert_eq!(child.wait().expect("it ends").code(), Some(2), "{said}");
                return Err(said);
            };
            said = format!("{said}\n{line}");
            if line.contains("hospitals call") {
                calls = Some(address(&line));
            } else if line.contains("operators look") {
                operators = Some(address(&line));
            } else if let Some(person) = person(&line) {
                people.push(person);
            }
        }
        let troubles = Arc::<Mutex<Vec<String>>>::default();
        let to = Arc::clone(&troubles);
        std::thread::spawn(move || {
            let is_trouble = |line: &String| TROUBLES.iter().any(|word| line.contains(word));
            let lines = lines.map_while(Result::ok).filter(is_trouble);
            lines.for_each(|line| to.lock().expect("nobody broke down").push(line));
        });
        let (calls, operators) = (calls.expect("told"), operators.expect("told"));
        Ok(Served { child, calls, operators, people, said, troubles })
    }

    /// What it said of troubles since it took calls.
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.troubles.lock().expect("nobody broke down").clone()
    }

    pub(crate) fn at(&self, hospital: &'static str) -> His<'_> {
        His { served: self, hospital }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        exchange(&self.operators, head.as_bytes())
    }
}

/// A line of the town: `psn_no … certno … name insutype …`.
fn person(line: &str) -> Option<Person> {
    let mut words = line.trim().strip_prefix("psn_no ")?.split_whitespace();
    let psn_no = words.next()?.to_owned();
    let certno = words.nth(1)?.to_owned();
    let name = words.next()?.to_owned();
    let insutype = words.nth(1)?.to_owned();
    Some(Person { psn_no, certno, name, insutype })
}

pub(crate) fn exchange(address: &str, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("connects");
    stream.write_all(request).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// A hospital's HIS.
#[derive(Clone, Copy)]
pub(crate) struct His<'s> {
    pub(crate) served: &'s Served,
    pub(crate) hospital: &'static str,
}

static SERIAL: AtomicU32 = AtomicU32::new(1);

impl His<'_> {
    pub(crate) fn msgid(&self) -> String {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        format!("{}20260102030405{serial:04}", self.hospital)
    }

    /// Sends a transaction under a message number of its own.
    pub(crate) fn call(&self, infno: &str, input: Value) -> Value {
        self.call_as(infno, &self.msgid(), input)
    }

    pub(crate) fn call_as(&self, infno: &str, msgid: &str, input: Value) -> Value {
        serde_json::from_str(&self.told(infno, msgid, input)).expect("JSON")
    }

    /// The same, as it is written.
    pub(crate) fn told(&self, infno: &str, msgid: &str, input: Value) -> String {
        let body = self.envelope(infno, msgid, input);
        self.posted("/fsi/api/rsfComIfsService/callService", &body.to_string())
    }

    pub(crate) fn envelope(&self, infno: &str, msgid: &str, input: Value) -> Value {
        json!({
            "infno": infno, "msgid": msgid, "mdtrtarea_admvs": "630103", "insuplc_admdvs": "630100",
            "recer_sys_code": "FSI", "dev_no": "", "dev_safe_info": "", "cainfo": "",
            "signtype": "", "infver": "V1.0", "opter_type": "1", "opter": "001",
            "opter_name": "收费员", "inf_time": "2026-01-02 03:04:05",
            "fixmedins_code": self.hospital, "fixmedins_name": "示例", "sign_no": "",
            "input": input,
        })
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Value {
        serde_json::from_str(&self.posted(path, body)).expect("JSON")
    }

    /// The answer as it is written.
    pub(crate) fn posted(&self, path: &str, body: &str) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, body) = exchange(&self.served.calls, request.as_bytes());
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The same, and it must be done.
    pub(crate) fn done(&self, infno: &str, input: Value) -> Value {
        let answer = self.call(infno, input);
        assert_eq!(answer["infcode"], 0, "{infno}: {answer}");
        answer["output"].clone()
    }

    /// The same, and it must be refused with this number.
    pub(crate) fn refused(&self, infno: &str, input: Value, number: u16) -> Value {
        let answer = self.call(infno, input);
        assert_eq!(answer["infcode"], -1, "{infno}: {answer}");
        let err_msg = answer["err_msg"].as_str().expect("said");
        assert!(err_msg.ends_with(&format!("[{number}]")), "{infno}: {err_msg}");
        answer
    }

    /// Registers an outpatient with lines of one batch; gives the visit.
    pub(crate) fn outpatient(&self, person: &Person, batch: &str) -> String {
        let visit = self.done("2201", json!({ "data": registration(person) }));
        let mdtrt_id = visit["data"]["mdtrt_id"].as_str().expect("a number").to_owned();
        self.done(
            "2203",
            json!({ "mdtrtinfo": {
            "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "med_type": "11",
            "begntime": "2026-01-02 08:00:00", "dise_codg": "", "dise_name": "",
        }, "diseinfo": [diagnosis()] }),
        );
        let lines = json!({ "feedetail": [
            line(&mdtrt_id, person, "1", batch, "60.00"),
            line(&mdtrt_id, person, "2", batch, "40.00"),
        ] });
        let split = self.done("2204", lines);
        let rows = split["result"].as_array().expect("rows");
        assert_eq!(rows.len(), 2, "{split}");
        for row in rows {
            let part = |name: &str| fen(&row[name]);
            let parts = part("fulamt_ownpay_amt") + part("overlmt_amt");
            let parts = parts + part("preselfpay_amt") + part("inscp_scp_amt");
            assert_eq!(parts, part("det_item_fee_sumamt"), "{row}");
        }
        mdtrt_id
    }
}

pub(crate) fn registration(person: &Person) -> Value {
    json!({
        "psn_no": person.psn_no, "insutype": person.insutype, "begntime": "2026-01-02 08:00:00",
        "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "card_sn": "",
        "psn_cert_type": "01", "certno": person.certno, "psn_type": "11",
        "psn_name": person.name, "ipt_otp_no": "OTP1", "atddr_no": "D1", "dr_name": "医师",
        "dept_code": "A01", "dept_name": "内科", "caty": "A03",
    })
}

pub(crate) fn diagnosis() -> Value {
    json!({
        "diag_type": "1", "diag_srt_no": 1, "diag_code": "J06.900", "diag_name": "急性上呼吸道感染",
        "diag_dept": "A03", "dise_dor_no": "D1", "dise_dor_name": "医师",
        "diag_time": "2026-01-02 08:10:00", "vali_flag": "1",
    })
}

pub(crate) fn line(
    mdtrt_id: &str,
    person: &Person,
    serial: &str,
    batch: &str,
    amount: &str,
) -> Value {
    json!({
        "feedetl_sn": serial, "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
        "chrg_bchno": batch, "rxno": "", "rx_circ_flag": "0",
        "fee_ocur_time": "2026-01-02 08:30:00", "med_list_codg": "QXJ01CA0001",
        "medins_list_codg": "L1", "det_item_fee_sumamt": amount, "cnt": 1, "pric": amount,
        "bilg_dept_codg": "A01", "bilg_dept_name": "内科", "bilg_dr_codg": "D1",
        "bilg_dr_name": "医师", "hosp_appr_flag": "1",
    })
}

pub(crate) fn settling(person: &Person, mdtrt_id: &str, batch: &str, total: &str) -> Value {
    json!({ "data": {
        "psn_no": person.psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno,
        "card_sn": "", "psn_cert_type": "01", "certno": person.certno, "psn_type": "11",
        "psn_name": person.name, "med_type": "11", "medfee_sumamt": total, "psn_setlway": "01",
        "mdtrt_id": mdtrt_id, "chrg_bchno": batch, "acct_used_flag": "0",
        "insutype": person.insutype, "invono": "", "fulamt_ownpay_amt": "0",
        "overlmt_selfpay": "0", "preselfpay_amt": "0", "inscp_scp_amt": total,
    } })
}

/// An amount of JSON in fen.
pub(crate) fn fen(value: &Value) -> i64 {
    let text = value.to_string();
    let (yuan, rest) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if yuan.starts_with('-') { -1 } else { 1 };
    let yuan: i64 = yuan.trim_start_matches('-').parse().expect("yuan");
    let rest: i64 = format!("{rest:0<2}").parse().expect("fen");
    sign * (yuan * 100 + rest)
}

/// The identities of a settlement that every client checks.
pub(crate) fn is_sound(setlinfo: &Value) {
    let amount = |name: &str| fen(&setlinfo[name]);
    let parts = amount("fulamt_ownpay_amt") + amount("overlmt_selfpay");
    let parts = parts + amount("preselfpay_amt") + amount("inscp_scp_amt");
    assert_eq!(parts, amount("medfee_sumamt"), "{setlinfo}");
    let funds =
        ["hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay"];
    let funds: i64 = funds.iter().map(|name| amount(name)).sum::<i64>() + amount("hifdm_pay");
    assert_eq!(funds, amount("fund_pay_sumamt"), "{setlinfo}");
    let borne = amount("fund_pay_sumamt") + amount("psn_part_amt") + amount("hosp_part_amt");
    assert_eq!(borne, amount("medfee_sumamt"), "{setlinfo}");
    assert_eq!(amount("acct_pay") + amount("psn_cash_pay"), amount("psn_part_amt"), "{setlinfo}");
}

#[test]
fn an_outpatient_is_settled_cancelled_and_settled_again_and_every_repeat_gets_the_same_answer() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let signed = his.done("9001", json!({ "signIn": { "opter_no": "1", "mac": "m", "ip": "i" } }));
    assert!(signed["signinoutb"]["sign_no"].is_string(), "{signed}");
    let asked = json!({ "data": {
        "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "card_sn": "",
        "begntime": "", "psn_cert_type": "01", "certno": person.certno, "psn_name": person.name,
    } });
    let known = his.done("1101", asked);
    assert_eq!(known["baseinfo"]["psn_no"], *person.psn_no, "{known}");
    assert_eq!(known["insuinfo"][0]["psn_insu_stas"], "1", "{known}");
    let mdtrt_id = his.outpatient(&person, "B1");
    let before = his.done("2206", settling(&person, &mdtrt_id, "B1", "100.00"));
    is_sound(&before["setlinfo"]);
    let msgid = his.msgid();
    let asked = settling(&person, &mdtrt_id, "B1", "100.00");
    let settled = his.call_as("2207", &msgid, asked.clone());
    assert_eq!(settled["infcode"], 0, "{settled}");
    let setlinfo = settled["output"]["setlinfo"].clone();
    is_sound(&setlinfo);
    for name in ["fund_pay_sumamt", "psn_cash_pay", "hifp_pay", "inscp_scp_amt"] {
        assert_eq!(before["setlinfo"][name], setlinfo[name], "as it was said before");
    }
    assert_eq!(setlinfo["medins_setl_id"], *msgid);
    for _ in 0..3 {
        let again = his.call_as("2207", &msgid, asked.clone());
        assert_eq!(again["output"], settled["output"]);
        assert_eq!(again["inf_refmsgid"], settled["inf_refmsgid"]);
    }
    let other = settling(&person, &mdtrt_id, "B1", "99.00");
    let conflict = his.call_as("2207", &msgid, other);
    assert!(conflict["err_msg"].as_str().is_some_and(|said| said.ends_with("[301]")), "{conflict}");
    let setl_id = setlinfo["setl_id"].as_str().expect("a number");
    let undo = json!({ "data": {
        "setl_id": setl_id, "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    } });
    served.at(OTHER_HOSPITAL).refused("2208", undo.clone(), 312);
    let cancelled = his.done("2208", undo);
    for name in ["medfee_sumamt", "fund_pay_sumamt", "psn_cash_pay"] {
        assert_eq!(fen(&cancelled["setlinfo"][name]), -fen(&setlinfo[name]), "{cancelled}");
    }
    assert_eq!(cancelled["setlinfo"]["pdn_cash_pay"], cancelled["setlinfo"]["psn_cash_pay"]);
    // A repeat of what was undone never says that it stands.
    let late = his.call_as("2207", &msgid, asked);
    assert_eq!(late["infcode"], -1, "{late}");
    let anew = his.done("2207", settling(&person, &mdtrt_id, "B1", "100.00"));
    assert_eq!(anew["setlinfo"]["fund_pay_sumamt"], setlinfo["fund_pay_sumamt"]);
    let looked = json!({ "data": {
        "psn_no": person.psn_no, "setl_id": anew["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id,
    } });
    let found = his.done("5203", looked.clone());
    assert_eq!(found["setlinfo"]["refd_setl_flag"], "0", "{found}");
    assert_eq!(found["setlinfo"]["fund_pay_sumamt"], anew["setlinfo"]["fund_pay_sumamt"]);
    served.at(OTHER_HOSPITAL).refused("5203", looked, 473);
}

#[test]
fn an_inpatient_goes_through_admission_lines_discharge_and_settlement_in_this_order_alone() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[1].clone();
    let admitted = his.done("2401", admission(&person));
    let mdtrt_id = admitted["result"]["mdtrt_id"].as_str().expect("a number").to_owned();
    let fee = |serial: &str, amount: &str| stay_line(&person, &mdtrt_id, serial, amount);
    let lines = json!({ "feedetail": [fee("1", "3000.00"), fee("2", "2000.00")] });
    his.done("2301", lines.clone());
    // Sent again, the lines are there already; with another content they are refused.
    his.done("2301", lines.clone());
    his.refused("2301", json!({ "feedetail": [fee("2", "2000.01")] }), 307);
    // As it was told first it is told at any time after.
    let (msgid, more) = (his.msgid(), json!({ "feedetail": [fee("3", "1000.00")] }));
    let told = his.call_as("2301", &msgid, more.clone());
    assert!(told["output"]["result"][0]["inscp_scp_amt"].is_number(), "{told}");
    let told_again = || {
        let again = his.call_as("2301", &msgid, more.clone());
        for name in ["infcode", "inf_refmsgid", "output"] {
            assert_eq!(again[name], told[name], "{again}");
        }
    };
    told_again();
    let person_data = json!({ "psn_no": person.psn_no, "mdtrt_id": mdtrt_id });
    let settle = |total: &str| stay_bill(&person, &mdtrt_id, total);
    let before = his.done("2303", settle("6000.00"));
    his.refused("2304", settle("6000.00"), 332);
    is_sound(&before["setlinfo"]);
    his.done("2402", leaving(&person, &mdtrt_id));
    told_again();
    his.refused("2304", settle("5999.99"), 310);
    let settled = his.done("2304", settle("6000.00"));
    is_sound(&settled["setlinfo"]);
    told_again();
    his.refused("2404", json!({ "data": person_data }), 306);
    let undo = json!({ "data": {
        "setl_id": settled["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    } });
    let cancelled = his.done("2305", undo);
    assert_eq!(fen(&cancelled["setlinfo"]["medfee_sumamt"]), -600_000, "{cancelled}");
    his.done("2405", json!({ "data": person_data }));
    his.done(
        "2302",
        json!({ "data": [{
        "feedetl_sn": "0000", "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    }] }),
    );
    his.done("2404", json!({ "data": person_data }));
}

#[test]
fn a_pharmacy_sells_in_one_call_and_a_lost_call_is_reversed_whether_it_came_or_not() {
    let served = Served::town();
    let his = served.at(PHARMACY);
    let person = served.people[2].clone();
    let sale = sale(&person);
    let before = his.done("2101", sale.clone());
    is_sound(&before["setlinfo"]);
    let msgid = his.msgid();
    let sold = his.call_as("2102", &msgid, sale.clone());
    assert_eq!(sold["infcode"], 0, "{sold}");
    is_sound(&sold["output"]["setlinfo"]);
    assert_eq!(sold["output"]["detlcutinfo"][0]["feedetl_sn"], "1", "{sold}");
    let reversal = |omsgid: &str| json!({ "data": { "psn_no": person.psn_no, "omsgid": omsgid, "oinfno": "2102" } });
    let undone = his.msgid();
    let first = his.call_as("2601", &undone, reversal(&msgid));
    assert_eq!(first["infcode"], 0, "{first}");
    let again = his.call_as("2601", &undone, reversal(&msgid));
    assert_eq!(again["inf_refmsgid"], first["inf_refmsgid"]);
    let late = his.call_as("2102", &msgid, sale.clone());
    assert_eq!(late["infcode"], -1, "an undone sale never says that it stands: {late}");
    // A reversal that overtakes its original.
    let overtaken = his.msgid();
    his.refused("2601", reversal(&overtaken), 320);
    let late = his.call_as("2102", &overtaken, sale);
    assert!(late["err_msg"].as_str().is_some_and(|said| said.contains("[302]")), "{late}");
}

#[test]
fn what_is_wrong_is_answered_with_200_and_in_chinese() {
    let served = Served::town();
    let his = served.at(HOSPITAL);
    let person = served.people[0].clone();
    let path = "/fsi/api/rsfComIfsService/callService";
    for body in ["", "{", "null", "[1,2]", "\u{0}", "{\"infno\":\"2207\"}"] {
        let answer = his.post(path, body);
        assert_eq!(answer["infcode"], -1, "{body}: {answer}");
        assert!(answer["err_msg"].as_str().is_some_and(|said| !said.is_ascii()), "{answer}");
    }
    let unknown = his.call("7777", json!({}));
    assert!(unknown["err_msg"].as_str().is_some_and(|said| said.contains("未知交易编号")));
    his.refused("4101", json!({ "setlinfo": {} }), 401);
    let stranger = His { served: &served, hospital: "H999999Q9999" };
    let answer = stranger.call("2201", json!({ "data": registration(&person) }));
    assert_eq!(answer["infcode"], -1, "{answer}");
    let mut other = registration(&person);
    other["certno"] = json!("110101199003070011");
    his.refused("2201", json!({ "data": other }), 462);
    let visit =
        json!({ "data": { "psn_no": person.psn_no, "mdtrt_id": "999999", "ipt_otp_no": "1" } });
    his.refused("2202", visit, 305);
    // Nobody asks about a person he has nothing to do with.
    let query = json!({ "data": { "psn_no": person.psn_no, "cum_ym": "" } });
    served.at(OTHER_HOSPITAL).refused("5206", query, 463);
    let (status, metrics) = served.get("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("yidan_transactions_total{institution=\"H630103Q0001\""), "{metrics}");
    assert_eq!(served.get("/healthz").0, 200);
    assert_eq!(served.get("/readyz").0, 200);
}

#[test]
fn killed_between_any_two_calls_it_answers_the_repeated_call_as_it_would_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = made_town(folder.path());
    let path = folder.path().to_str().expect("a path");
    let mut served = Served::start(&[path]);
    let person = made[0].clone();
    let mdtrt_id = served.at(HOSPITAL).outpatient(&person, "B1");
    let msgid = served.at(HOSPITAL).msgid();
    let asked = settling(&person, &mdtrt_id, "B1", "100.00");
    let first = served.at(HOSPITAL).call_as("2207", &msgid, asked.clone());
    assert_eq!(first["infcode"], 0, "{first}");
    for _ in 0..3 {
        served.child.kill().expect("killed");
        served.child.wait().expect("ended");
        served = Served::start(&[path]);
        let again = served.at(HOSPITAL).call_as("2207", &msgid, asked.clone());
        assert_eq!(again["output"], first["output"]);
        assert_eq!(again["inf_refmsgid"], first["inf_refmsgid"]);
    }
}

#[test]
fn what_was_settled_by_an_earlier_pack_is_told_and_cancelled_where_that_is_given() {
    let (folder, packs) = (tempfile::tempdir().expect("a folder"), Folder::new());
    let made = made_town(folder.path());
    let path = folder.path().to_str().expect("a path");
    let was = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogs/sources/630100/policy.toml");
    let text = std::fs::read_to_string(was).expect("the pack is there");
    packs.write("630100/policy.toml", format!("{text}\n# As of this year.\n"));
    let person = made[0].clone();
    let mut served = Served::start(&[path]);
    let mdtrt_id = served.at(HOSPITAL).outpatient(&person, "B1");
    let msgid = served.at(HOSPITAL).msgid();
    let asked = settling(&person, &mdtrt_id, "B1", "100.00");
    let first = served.at(HOSPITAL).call_as("2207", &msgid, asked.clone());
    assert_eq!(first["infcode"], 0, "{first}");
    let undo = json!({ "data": {
        "setl_id": first["output"]["setlinfo"]["setl_id"], "mdtrt_id": mdtrt_id,
        "psn_no": person.psn_no,
    } });
    let now = ["--policies", &packs.path("")];
    served.child.kill().expect("killed");
    served.child.wait().expect("ended");
    served = Served::start(&[&[path][..], &now].concat());
    let again = served.at(HOSPITAL).call_as("2207", &msgid, asked.clone());
    let said = again["err_msg"].as_str().expect("said");
    assert!(said.ends_with("[478]"), "{again}");
    served.at(HOSPITAL).refused("2208", undo.clone(), 478);
    served.child.kill().expect("killed");
    served.child.wait().expect("ended");
    served = Served::start(&[&[path][..], &now, &["--policy-was", was]].concat());
    let again = served.at(HOSPITAL).call_as("2207", &msgid, asked);
    assert_eq!(again["output"], first["output"]);
    assert_eq!(again["inf_refmsgid"], first["inf_refmsgid"]);
    served.at(HOSPITAL).done("2208", undo);
}

#[test]
fn who_is_not_registered_and_what_is_empty_is_told_at_the_start() {
    let folder = Folder::new();
    let empty = Served::start(&[&folder.path("new")]);
    assert!(empty.said.contains("warning: no institution may call: none is registered"));
    let path = folder.path("journal");
    made_town(Path::new(&path));
    let secret = folder.write("secret", "0123456789abcdef0123456789abcdef");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let config = format!(
        "[credential.k1]\nfamily = \"ca\"\ninstitutions = [\"H630103Q00O1\"]\nsecret_file = {secret:?}\n\
         [institution.H630103Q0002]\nper_second = 9\n"
    );
    let served = Served::start(&[&path, "--config", &folder.write("yidan.toml", config)]);
    for told in [
        "warning: credential k1: H630103Q00O1 is not registered",
        "warning: institution.H630103Q0002 is not registered",
    ] {
        assert!(served.said.contains(told), "{told}: {}", served.said);
    }
}

/// A certificate number with a right check digit, in a division that does not exist.
const CERTNO: &str = "639999198005010017";

/// A folder with the facility and two members, put there by the program itself.
pub(crate) fn made_town(folder: &Path) -> Vec<Person> {
    let run = |arguments: &[&str], text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yidan"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("sent");
        let ended = child.wait_with_output().expect("ends");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    };
    let folder = folder.to_str().expect("a path");
    let facilities = "fixmedins_code,admdvs,kind,hosp_lv\nH630103Q0001,630103,hospital,三级甲等\n";
    run(&["import", "facilities", folder, "-"], facilities);
    let members = "psn_no,admdvs,insutype,psn_type,gend,brdy\nP1,630100,310,11,1,1980-05-01\n";
    run(&["import", "members", folder, "-"], members);
    let persons = format!("psn_no,psn_cert_type,certno,psn_name\nP1,01,{CERTNO},张三\n");
    run(&["import", "persons", folder, "-"], &persons);
    let (certno, name) = (CERTNO.into(), "张三".into());
    vec![Person { psn_no: "P1".into(), certno, name, insutype: "310".into() }]
}
