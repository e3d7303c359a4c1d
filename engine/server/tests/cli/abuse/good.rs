//! A hospital that works: visit after visit on an open connection, each answer held against what it must be. What it booked is
//! compared with the server's books at the end.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::dice::Dice;
use super::known::{Known, Stolen};
use super::town::{GOOD, signed};
use super::wire::{Line, Way, post};
use crate::serve::{Person, diagnosis, fen, is_sound, line, registration, settling};

const PATH: &str = "/fsi/api/rsfComIfsService/callService";

/// Longer than a call may take.
const WAIT: Duration = Duration::from_secs(90);

/// Between two calls of one window.
const PACE: Duration = Duration::from_millis(40);

/// One window of a hospital, with a queue of people of its own.
pub(super) struct Window<'k> {
    which: usize,
    secret: &'k str,
    people: &'k [Person],
    known: &'k Known,
    dice: Dice,
    books: Books,
    line: Line,
}

/// What it booked: the sums of each way of clearing.
#[derive(Default)]
pub(super) struct Books {
    sums: BTreeMap<String, Sums>,
    days: Vec<String>,
}

#[derive(Default)]
struct Sums {
    count: i64,
    total: i64,
    fund: i64,
    account: i64,
}

/// What a settlement was answered, with what is needed to ask for it again.
struct Settled {
    msgid: String,
    call: Stolen,
    setlinfo: Value,
}

impl Books {
    /// Books a settlement or, with its signs turned, its refund; `times` −1 takes it out again.
    fn book(&mut self, clr_type: &str, setlinfo: &Value, times: i64) {
        let sums = self.sums.entry(clr_type.to_owned()).or_default();
        sums.count += times;
        sums.total += times * fen(&setlinfo["medfee_sumamt"]);
        sums.fund += times * fen(&setlinfo["fund_pay_sumamt"]);
        sums.account += times * fen(&setlinfo["acct_pay"]);
        let day = &setlinfo["setl_time"].as_str().expect("a time")[..10];
        if !self.days.iter().any(|known| known == day) {
            self.days.push(day.to_owned());
        }
    }

    pub(super) fn add(&mut self, other: Books) {
        for (clr_type, more) in other.sums {
            let sums = self.sums.entry(clr_type).or_default();
            sums.count += more.count;
            sums.total += more.total;
            sums.fund += more.fund;
            sums.account += more.account;
        }
        self.days.extend(other.days);
    }

    /// A statement (3201) for each way of clearing.
    pub(super) fn statements(&self) -> Vec<Value> {
        let yuan = |fen: i64| format!("{:.2}", rust_decimal::Decimal::new(fen, 2));
        let statement = |(clr_type, sums): (&String, &Sums)| {
            json!({ "data": {
                "setl_optins": "630100", "insutype": "310", "clr_type": clr_type,
                "stmt_begndate": self.days.iter().min(), "stmt_enddate": self.days.iter().max(),
                "medfee_sumamt": yuan(sums.total), "fund_pay_sumamt": yuan(sums.fund),
                "acct_pay": yuan(sums.account), "cash_payamt": "0",
                "fixmedins_setl_cnt": sums.count, "refd_setl_flag": "",
                "fixmedins_refd_setl_flag": "0",
            } })
        };
        self.sums.iter().map(statement).collect()
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

impl<'k> Window<'k> {
    pub(super) fn open(
        (which, secret): (usize, &'k str),
        people: &'k [Person],
        known: &'k Known,
        (way, seed): (&Way, u64),
    ) -> Window<'k> {
        let line = Line::open(way, Window::home(which), WAIT).expect("it listens");
        let dice = Dice::new(seed);
        Window { which, secret, people, known, dice, books: Books::default(), line }
    }

    /// Each hospital has an address of its own.
    fn home(which: usize) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 1, u8::try_from(which + 1).expect("two hospitals"))
    }

    /// Visits until it is over.
    pub(super) fn work(mut self) -> Books {
        while !self.known.over.load(Ordering::Relaxed) {
            let person = self.people[self.dice.below(self.people.len())].clone();
            self.visit(&person);
            self.known.visits.fetch_add(1, Ordering::Relaxed);
        }
        self.books
    }

    /// What went over the wire, and its whole answer. A busy server is asked again, as the guide says.
    fn send(&mut self, call: &Stolen) -> Value {
        let bytes = post(PATH, &call.headers, &call.body);
        loop {
            let from = Instant::now();
            let heard = self.line.ask(&bytes).unwrap_or_else(|error| panic!("unanswered: {error}"));
            self.known.took(from.elapsed());
            std::thread::sleep(PACE);
            assert_eq!(heard.status, 200);
            let answer: Value = serde_json::from_slice(&heard.body).expect("JSON");
            let busy = answer["err_msg"].as_str().is_some_and(|said| said.ends_with("[436]"));
            if !busy {
                return answer;
            }
            std::thread::sleep(PACE * 10);
        }
    }

    fn call(&mut self, infno: &str, input: &Value) -> (String, Stolen) {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let code = GOOD[self.which];
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let msgid = format!("{code}20260102{serial:010}");
        let body = envelope(code, infno, &msgid, input).to_string().into_bytes();
        let headers = signed(code, self.secret, now_s(), &body);
        (msgid, Stolen { headers, body, output: String::new() })
    }

    /// A transaction that must be done.
    pub(super) fn done(&mut self, infno: &str, input: &Value) -> Value {
        let (_, call) = self.call(infno, input);
        let answer = self.send(&call);
        assert_eq!(answer["infcode"], 0, "{infno}: {answer}");
        answer["output"].clone()
    }

    /// The answer byte for byte.
    fn raw(&mut self, call: &Stolen) -> Box<RawValue> {
        let heard = self.line.ask(&post(PATH, &call.headers, &call.body)).expect("answered");
        std::thread::sleep(PACE);
        let answer: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(&heard.body).expect("JSON");
        answer["output"].clone()
    }

    fn visit(&mut self, person: &Person) {
        if self.dice.one_in(8) {
            let asked = json!({ "data": {
                "mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "card_sn": "",
                "begntime": "", "psn_cert_type": "01", "certno": person.certno,
                "psn_name": person.name,
            } });
            let known = self.done("1101", &asked);
            assert_eq!(known["baseinfo"]["psn_no"], *person.psn_no, "{known}");
        }
        let registered = self.done("2201", &json!({ "data": registration(person) }));
        let mdtrt_id = text(&registered["data"]["mdtrt_id"]);
        self.known.learn(&mdtrt_id);
        self.done(
            "2203",
            &json!({ "mdtrtinfo": {
            "mdtrt_id": mdtrt_id, "psn_no": person.psn_no, "med_type": "11",
            "begntime": "2026-01-02 08:00:00", "dise_codg": "", "dise_name": "",
        }, "diseinfo": [diagnosis()] }),
        );
        let yuan = 20 + self.dice.below(200);
        let amount = format!("{yuan}.00");
        let fees = json!({ "feedetail": [line(&mdtrt_id, person, "1", "B1", &amount)] });
        let split = self.done("2204", &fees);
        assert_eq!(split["result"].as_array().map(Vec::len), Some(1), "{split}");
        let bill = settling(person, &mdtrt_id, "B1", &amount);
        let before = self.done("2206", &bill)["setlinfo"].clone();
        let settled = self.settle(&bill, &before);
        let clr_type = text(&settled.setlinfo["clr_type"]);
        let setl_id = text(&settled.setlinfo["setl_id"]);
        self.known.learn(&setl_id);
        self.books.book(&clr_type, &settled.setlinfo, 1);
        let asked = json!({ "data": {
            "psn_no": person.psn_no, "setl_id": setl_id, "mdtrt_id": mdtrt_id,
        } });
        let found = self.done("5203", &asked)["setlinfo"].clone();
        assert_eq!(found["fund_pay_sumamt"], settled.setlinfo["fund_pay_sumamt"], "{found}");
        assert_eq!(found["refd_setl_flag"], "0", "{found}");
        match self.dice.below(4) {
            0 => {
                let undone = self.done("2208", &asked)["setlinfo"].clone();
                for name in ["medfee_sumamt", "fund_pay_sumamt", "psn_cash_pay"] {
                    assert_eq!(fen(&undone[name]), -fen(&settled.setlinfo[name]), "{undone}");
                }
                self.known.learn(&text(&undone["setl_id"]));
                self.books.book(&clr_type, &undone, 1);
            }
            1 => {
                let reversal = json!({ "data": {
                    "psn_no": person.psn_no, "omsgid": settled.msgid, "oinfno": "2207",
                } });
                self.done("2601", &reversal);
                self.books.book(&clr_type, &settled.setlinfo, -1);
            }
            _ => {}
        }
        self.known.steal(settled.call);
    }

    /// Settles, and asks again as after an answer that was lost.
    fn settle(&mut self, bill: &Value, before: &Value) -> Settled {
        let (msgid, mut call) = self.call("2207", bill);
        let answer = self.send(&call);
        assert_eq!(answer["infcode"], 0, "{answer}");
        let setlinfo = answer["output"]["setlinfo"].clone();
        is_sound(&setlinfo);
        for name in ["medfee_sumamt", "fund_pay_sumamt", "psn_cash_pay", "inscp_scp_amt"] {
            assert_eq!(before[name], setlinfo[name], "{name}: as it was said before");
        }
        call.output = self.raw(&call).get().to_owned();
        let again: Value = serde_json::from_str(&call.output).expect("JSON");
        assert_eq!(again, answer["output"], "the repeated call");
        Settled { msgid, call, setlinfo }
    }

    /// The hospital's statements agree with the server's books.
    pub(super) fn agrees(&mut self, books: &Books) {
        for statement in books.statements() {
            let compared = self.done("3201", &statement)["stmtinfo"].clone();
            assert_eq!(compared["stmt_rslt"], "0", "{compared} of {statement}");
        }
    }
}

/// What every call of a hospital begins with.
pub(super) fn envelope(code: &str, infno: &str, msgid: &str, input: &Value) -> Value {
    json!({
        "infno": infno, "msgid": msgid, "mdtrtarea_admvs": "630103", "insuplc_admdvs": "630100",
        "recer_sys_code": "FSI", "dev_no": "", "dev_safe_info": "", "cainfo": "", "signtype": "",
        "infver": "V1.0", "opter_type": "1", "opter": "001", "opter_name": "收费员",
        "inf_time": "2026-01-02 03:04:05", "fixmedins_code": code, "fixmedins_name": "示例",
        "sign_no": "", "input": input,
    })
}
