//! Journeys through all transactions, each call one that is done: a day at a hospital, a stay, a sale, filings, catalogues, a day's
//! end. Tests that look at every call of them share them, each with a witness of its own.

use serde_json::{Value, json};
use yidan_gateway::wire::Transaction;

use crate::answered::refusal;
use crate::documents::list;
use crate::program::Folder;
use crate::serve::{
    HOSPITAL, His, OTHER_HOSPITAL, PHARMACY, Person, Served, diagnosis, fen, line, registration,
    settling,
};
use crate::serve_filings::{accident, choice, disease, number, referral, withdrawal};
use crate::statements::{download_of, zipped};

/// A call of a journey.
pub(crate) struct Call<'c> {
    pub(crate) his: His<'c>,
    pub(crate) one: Transaction,
    pub(crate) msgid: &'c str,
    pub(crate) input: &'c Value,
}

/// Who looks at the calls of a journey.
pub(crate) trait Witness {
    /// What is about to be called will be done.
    fn before(&mut self, _: &Call<'_>) {}

    /// It was done, and answered so, as it is written.
    fn after(&mut self, _: &Call<'_>, _answer: &str) {}

    /// A file was given.
    fn given(&mut self, _: &Call<'_>) {}
}

/// The example town with room for as many calls as tests make.
pub(crate) fn town() -> Served {
    let folder = Folder::new();
    let room: String = [HOSPITAL, OTHER_HOSPITAL, PHARMACY]
        .iter()
        .map(|code| format!("[institution.{code}]\nper_second = 100000\nburst = 100000\n"))
        .collect();
    Served::start(&["--config", &folder.write("serve.toml", room)])
}

/// One who goes.
pub(crate) struct Way<'s, 'w> {
    pub(crate) his: His<'s>,
    pub(crate) person: &'s Person,
    pub(crate) witness: &'w mut dyn Witness,
}

/// All of them, on one town.
pub(crate) fn go(served: &Served, witness: &mut dyn Witness) {
    let [first, second, third, ..] = &*served.people else { panic!("people are told") };
    let mut way = |hospital, person, journey: fn(&mut Way<'_, '_>)| {
        journey(&mut Way { his: served.at(hospital), person, witness: &mut *witness });
    };
    way(HOSPITAL, first, outpatient);
    way(HOSPITAL, first, outpatient_in_other_forms);
    way(HOSPITAL, second, inpatient);
    way(PHARMACY, first, pharmacy);
    way(HOSPITAL, third, filings);
    way(HOSPITAL, first, catalogues);
    way(HOSPITAL, first, days_end);
}

impl Way<'_, '_> {
    pub(crate) fn done(&mut self, infno: &str, input: Value) -> Value {
        let msgid = self.his.msgid();
        self.done_as(infno, &msgid, input)
    }

    fn done_as(&mut self, infno: &str, msgid: &str, input: Value) -> Value {
        let one = Transaction::of(infno).expect("a transaction");
        let call = Call { his: self.his, one, msgid, input: &input };
        self.witness.before(&call);
        let told = self.his.told(infno, msgid, input.clone());
        let mut answer: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(refusal(&answer), None, "{infno}: {answer}");
        self.witness.after(&call, &told);
        answer["output"].take()
    }

    /// 9102: the answer is the file itself.
    fn fetched(&mut self, owner: &str, number: &str) {
        let input = json!({ "fsDownloadIn": {
            "file_qury_no": number, "filename": "any.zip", "fixmedins_code": owner,
        } });
        let msgid = self.his.msgid();
        let call = Call { his: self.his, one: Transaction::T9102, msgid: &msgid, input: &input };
        self.witness.before(&call);
        download_of(&self.his, owner, number).expect("a file");
        self.witness.given(&call);
    }

    fn of_person(&self, more: &[(&str, &str)]) -> Value {
        let mut data = json!({ "psn_no": self.person.psn_no });
        for (name, value) in more {
            data[*name] = json!(value);
        }
        json!({ "data": data })
    }

    fn identified(&mut self) {
        let Person { certno, name, .. } = self.person;
        self.done(
            "1101",
            json!({ "data": {
            "mdtrt_cert_type": "02", "mdtrt_cert_no": certno, "card_sn": "",
            "begntime": "2026-01-02 08:00:00", "psn_cert_type": "01", "certno": certno,
            "psn_name": name,
        } }),
        );
    }

    /// A visit that was registered.
    pub(crate) fn registered(&mut self) -> String {
        let visit = self.done("2201", json!({ "data": registration(self.person) }));
        visit["data"]["mdtrt_id"].as_str().expect("a number").to_owned()
    }

    pub(crate) fn described(&mut self, infno: &str, mdtrt_id: &str) {
        let described = described(self.person, mdtrt_id);
        self.done(infno, described);
    }

    pub(crate) fn admitted(&mut self) -> String {
        let admission = admission(self.person);
        let admitted = self.done("2401", admission);
        admitted["result"]["mdtrt_id"].as_str().expect("a number").to_owned()
    }
}

pub(crate) fn described(person: &Person, mdtrt_id: &str) -> Value {
    json!({ "mdtrtinfo": {
        "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "med_type": "11",
        "begntime": "2026-01-02 08:00:00", "dise_codg": "", "dise_name": "",
        "main_cond_dscr": "咳嗽三天",
    }, "diseinfo": [diagnosis()] })
}

pub(crate) fn admission(person: &Person) -> Value {
    json!({ "mdtrtinfo": {
        "psn_no": person.psn_no, "insutype": person.insutype, "begntime": "2026-01-02 09:00:00",
        "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "cert_type": "01",
        "certno": person.certno, "med_type": "21", "ipt_no": "I1", "atddr_no": "D1",
        "chfpdr_name": "医师", "adm_diag_dscr": "肺炎", "adm_dept_codg": "A01",
        "adm_dept_name": "内科", "adm_bed": "1", "dscg_maindiag_code": "J18.900",
        "dscg_maindiag_name": "肺炎", "insuplc_admdvs": "630100", "mdtrtarea_admvs": "630103",
    }, "diseinfo": [] })
}

pub(crate) fn changed(person: &Person, mdtrt_id: &str) -> Value {
    json!({ "adminfo": {
        "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "begntime": "2026-01-02 09:00:00",
        "mdtrt_cert_type": "02", "med_type": "21", "ipt_otp_no": "I1", "atddr_no": "D2",
        "chfpdr_name": "另一医师", "adm_diag_dscr": "肺炎", "adm_dept_codg": "A01",
        "adm_dept_name": "内科", "adm_bed": "2", "dscg_maindiag_code": "J18.900",
        "dscg_maindiag_name": "肺炎",
    }, "diseinfo": [] })
}

pub(crate) fn leaving(person: &Person, mdtrt_id: &str) -> Value {
    json!({ "dscginfo": {
        "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "insutype": person.insutype,
        "endtime": "2026-01-09 10:00:00", "dscg_dept_codg": "A01", "dscg_dept_name": "内科",
        "dscg_way": "1",
    }, "diseinfo": [] })
}

pub(crate) fn stay_line(person: &Person, mdtrt_id: &str, serial: &str, amount: &str) -> Value {
    let mut line = line(mdtrt_id, person, serial, "", amount);
    line["med_type"] = json!("21");
    line
}

pub(crate) fn stay_bill(person: &Person, mdtrt_id: &str, total: &str) -> Value {
    let mut bill = settling(person, mdtrt_id, "", total);
    for (name, value) in
        [("mid_setl_flag", "0"), ("insuplc_admdvs", "630100"), ("mdtrtarea_admvs", "630103")]
    {
        bill["data"][name] = json!(value);
    }
    bill
}

pub(crate) fn sale(person: &Person) -> Value {
    json!({ "druginfo": {
        "psn_no": person.psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno,
        "psn_cert_type": "01", "certno": person.certno, "psn_type": "11",
        "psn_name": person.name, "begntime": "2026-01-02 10:00:00", "medfee_sumamt": 30,
        "insutype": person.insutype, "acct_used_flag": "1", "med_type": "41",
    }, "drugdetail": [{
        "feedetl_sn": "1", "rx_circ_flag": "0", "fee_ocur_time": "2026-01-02 10:00:00",
        "med_list_codg": "QXJ01CA0001", "medins_list_codg": "L1",
        "det_item_fee_sumamt": 30, "cnt": 1, "pric": 30,
    }] })
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap_or_else(|| panic!("{name}: {of}"))
}

fn outpatient(way: &mut Way<'_, '_>) {
    let person = way.person;
    let signed = way.done("9001", json!({ "signIn": { "opter_no": "1", "mac": "m", "ip": "i" } }));
    way.identified();
    way.done(
        "1201",
        json!({ "medinsinfo": { "fixmedins_type": "1", "fixmedins_code": HOSPITAL } }),
    );
    way.done(
        "1901",
        json!({ "data": {
        "type": "insutype", "parent_value": "", "admdvs": "630100", "date": "2026-01-02",
        "Vali_Flag": "1",
    } }),
    );
    way.done(
        "2001",
        way.of_person(&[
            ("insutype", &person.insutype),
            ("fixmedins_code", HOSPITAL),
            ("med_type", "11"),
            ("begntime", "2026-01-02 08:00:00"),
        ]),
    );
    let mdtrt_id = way.registered();
    way.described("2203", &mdtrt_id);
    let lines = ["60.00", "40.00"].iter().zip(["1", "2"]);
    let lines: Vec<Value> =
        lines.map(|(amount, serial)| line(&mdtrt_id, person, serial, "B1", amount)).collect();
    way.done("2204", json!({ "feedetail": lines }));
    way.done(
        "2306",
        json!({ "data": [{
        "mdtrt_id": mdtrt_id, "bkkp_sn": "1", "psn_no": person.psn_no, "memo": "追溯码",
        "med_list_codg": "QXJ01CA0001",
    }] }),
    );
    let bill = settling(person, &mdtrt_id, "B1", "100.00");
    way.done("2206", bill.clone());
    let settled = way.done("2207", bill);
    let setl_id = text(&settled["setlinfo"], "setl_id").to_owned();
    let of_settlement = way.of_person(&[("setl_id", &setl_id), ("mdtrt_id", &mdtrt_id)]);
    way.done(
        "5201",
        way.of_person(&[
            ("begntime", "2026-01-01 00:00:00"),
            ("endtime", "2026-01-31 00:00:00"),
            ("med_type", "11"),
            ("mdtrt_id", &mdtrt_id),
        ]),
    );
    way.done("5202", way.of_person(&[("mdtrt_id", &mdtrt_id)]));
    way.done("5203", of_settlement.clone());
    way.done("5204", of_settlement.clone());
    way.done("5206", way.of_person(&[("cum_ym", "")]));
    way.done("4101", list(&person.psn_no, &mdtrt_id, &json!(setl_id)));
    way.done(
        "4102",
        json!({ "data": { "stastinfo": [
        { "psn_no": person.psn_no, "setl_id": setl_id, "stas_type": "1" },
    ] } }),
    );
    way.done("2208", of_settlement);
    way.done("2205", way.of_person(&[("mdtrt_id", &mdtrt_id), ("chrg_bchno", "0000")]));
    way.done("2202", way.of_person(&[("mdtrt_id", &mdtrt_id), ("ipt_otp_no", "OTP1")]));
    let sign_no = text(&signed["signinoutb"], "sign_no");
    way.done("9002", json!({ "signOut": { "sign_no": sign_no, "opter_no": "1" } }));
}

fn outpatient_in_other_forms(way: &mut Way<'_, '_>) {
    let person = way.person;
    let mdtrt_id = way.registered();
    way.described("2203A", &mdtrt_id);
    let lines = json!({ "feedetail": [line(&mdtrt_id, person, "1", "B1", "80.00")] });
    way.done("2204", lines);
    let bill = settling(person, &mdtrt_id, "B1", "80.00");
    way.done("2206A", bill.clone());
    let msgid = way.his.msgid();
    way.done_as("2207A", &msgid, bill);
    way.done("2601", way.of_person(&[("omsgid", &msgid), ("oinfno", "2207")]));
}

fn inpatient(way: &mut Way<'_, '_>) {
    let person = way.person;
    let mdtrt_id = way.admitted();
    let of_visit = way.of_person(&[("mdtrt_id", &mdtrt_id)]);
    way.done("2403", changed(person, &mdtrt_id));
    way.done("2301", json!({ "feedetail": [stay_line(person, &mdtrt_id, "1", "9000.00")] }));
    way.done(
        "5303",
        way.of_person(&[("begntime", "2026-01-01 00:00:00"), ("endtime", "2026-01-31 00:00:00")]),
    );
    let bill = stay_bill(person, &mdtrt_id, "9000.00");
    way.done("2303", bill.clone());
    way.done("2303A", bill.clone());
    way.done("2402", leaving(person, &mdtrt_id));
    for infno in ["2304", "2304A"] {
        let settled = way.done(infno, bill.clone());
        let setl_id = text(&settled["setlinfo"], "setl_id");
        way.done("2305", way.of_person(&[("setl_id", setl_id), ("mdtrt_id", &mdtrt_id)]));
    }
    way.done("2405", of_visit.clone());
    way.done(
        "2302",
        json!({ "data": [{
        "feedetl_sn": "0000", "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
    }] }),
    );
    way.done("2404", of_visit);
}

fn pharmacy(way: &mut Way<'_, '_>) {
    let sale = sale(way.person);
    way.done("2101", sale.clone());
    let sold = way.done("2102", sale);
    let setlinfo = &sold["setlinfo"];
    let of_sale =
        [("setl_id", text(setlinfo, "setl_id")), ("mdtrt_id", text(setlinfo, "mdtrt_id"))];
    way.done("2103", way.of_person(&of_sale));
}

fn filings(way: &mut Way<'_, '_>) {
    let person = way.person;
    way.identified();
    let since = way.of_person(&[("begntime", "2026-01-02 00:00:00")]);
    let filed = number(&way.done("2501", referral(person)));
    way.done("5304", since.clone());
    way.done("2502", withdrawal(person, &filed));

    let filed = number(&way.done("2503", disease(person, "M01600")));
    way.done("5301", way.of_person(&[]));
    let mdtrt_id = way.registered();
    let mut chronic = described(person, &mdtrt_id);
    for (name, value) in [("med_type", "14"), ("dise_codg", "M01600"), ("dise_name", "糖尿病")] {
        chronic["mdtrtinfo"][name] = json!(value);
    }
    way.done("2203", chronic);
    way.done("2204", json!({ "feedetail": [line(&mdtrt_id, person, "1", "B1", "100.00")] }));
    let mut bill = settling(person, &mdtrt_id, "B1", "100.00");
    bill["data"]["med_type"] = json!("14");
    let settled = way.done("2207", bill);
    way.done("5205", since);
    let setl_id = text(&settled["setlinfo"], "setl_id");
    way.done("2208", way.of_person(&[("setl_id", setl_id), ("mdtrt_id", &mdtrt_id)]));
    way.done("2504", withdrawal(person, &filed));

    let filed = number(&way.done("2505", choice(person, "1", OTHER_HOSPITAL)));
    way.done("5302", way.of_person(&[("biz_appy_type", "03")]));
    way.done("2506", withdrawal(person, &filed));
    way.done("2507", accident(person));
}

fn catalogues(way: &mut Way<'_, '_>) {
    for infno in ["1301", "1302", "1303", "1305", "1306", "1307", "1308", "1309", "1310", "1311"] {
        let listed = way.done(infno, json!({ "data": { "ver": "v0000" } }));
        way.fetched("plc", text(&listed, "file_qury_no"));
    }
    let own = json!({
        "fixmedins_hilist_id": "L1", "fixmedins_hilist_name": "阿莫西林", "list_type": "101",
        "med_list_codg": "QXJ01CA0001", "begndate": "2026-01-01", "enddate": "2030-12-31",
    });
    way.done("3301", json!({ "data": [own] }));
    let page = json!({ "data": { "updt_time": "2020-01-01", "page_num": 1, "page_size": 100 } });
    for infno in ["1304", "1312", "1316", "1317", "1318", "1319"] {
        way.done(infno, page.clone());
    }
    way.done(
        "3302",
        json!({ "data": {
        "fixmedins_code": HOSPITAL, "fixmedins_hilist_id": "L1", "list_type": "101",
        "med_list_codg": "QXJ01CA0001",
    } }),
    );
}

fn days_end(way: &mut Way<'_, '_>) {
    let person = way.person;
    let mdtrt_id = way.registered();
    way.described("2203", &mdtrt_id);
    way.done("2204", json!({ "feedetail": [line(&mdtrt_id, person, "1", "B1", "50.00")] }));
    let settled = way.done("2207", settling(person, &mdtrt_id, "B1", "50.00"));
    let setlinfo = &settled["setlinfo"];
    let day = &text(setlinfo, "setl_time")[..10];
    let mut totals = json!({
        "setl_optins": "630100", "insutype": person.insutype, "clr_type": setlinfo["clr_type"],
        "stmt_begndate": day, "stmt_enddate": day, "medfee_sumamt": "50.00",
        "fund_pay_sumamt": setlinfo["fund_pay_sumamt"], "acct_pay": setlinfo["acct_pay"],
        "cash_payamt": "0", "fixmedins_setl_cnt": 1, "refd_setl_flag": "0",
        "fixmedins_refd_setl_flag": "0",
    });
    way.done("3201", json!({ "data": totals }));
    let yuan = |name: &str| {
        let fen = fen(&setlinfo[name]);
        format!("{}.{:02}", fen / 100, fen % 100)
    };
    let (fund, account) = (yuan("fund_pay_sumamt"), yuan("acct_pay"));
    let row = format!(
        "{}\t{mdtrt_id}\t{}\t50.00\t{fund}\t{account}\t0\r\n",
        text(setlinfo, "setl_id"),
        person.psn_no
    );
    let sent = way.done(
        "9101",
        json!({ "fsUploadIn": {
        "in": zipped(&row), "filename": "any.zip", "fixmedins_code": HOSPITAL,
    } }),
    );
    totals["file_qury_no"] = sent["file_qury_no"].clone();
    let told = way.done("3202", json!({ "data": totals }));
    way.fetched(HOSPITAL, text(&told["fileinfo"], "file_qury_no"));
}
