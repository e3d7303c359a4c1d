//! The order of calls: in every state that a visit, a stay or a sale can be in, each call is done or refused by a number. `order.txt` is
//! the table of it; `YIDAN_RECORD=1` writes it anew, to be looked at.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::answered::refusal;
use crate::journey::{admission, changed, described, leaving, sale, stay_bill, stay_line, town};
use crate::serve::{HOSPITAL, His, PHARMACY, Person, line, registration, settling};

/// A kind of visit: its states, each with the calls that lead to it, and the calls that are tried in each.
struct Kind {
    name: &'static str,
    hospital: &'static str,
    states: &'static [(&'static str, &'static [&'static str])],
    tried: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "outpatient",
        hospital: HOSPITAL,
        states: &[
            ("no visit", &[]),
            ("registered", &["2201"]),
            ("described", &["2201", "2203"]),
            ("uploaded", &["2201", "2203", "2204"]),
            ("settled", &["2201", "2203", "2204", "2207"]),
            ("settlement cancelled", &["2201", "2203", "2204", "2207", "2208"]),
            ("settlement reversed", &["2201", "2203", "2204", "2207", "2601"]),
            ("lines withdrawn", &["2201", "2203", "2204", "2205"]),
            ("registration withdrawn", &["2201", "2202"]),
        ],
        tried: &["2202", "2203", "2204", "2205", "2206", "2207", "2208", "2601"],
    },
    Kind {
        name: "inpatient",
        hospital: HOSPITAL,
        states: &[
            ("no stay", &[]),
            ("admitted", &["2401"]),
            ("uploaded", &["2401", "2301"]),
            ("discharged without lines", &["2401", "2402"]),
            ("discharged", &["2401", "2301", "2402"]),
            ("discharge undone", &["2401", "2301", "2402", "2405"]),
            ("settled", &["2401", "2301", "2402", "2304"]),
            ("settlement cancelled", &["2401", "2301", "2402", "2304", "2305"]),
            ("settlement reversed", &["2401", "2301", "2402", "2304", "2601"]),
            ("admission withdrawn", &["2401", "2404"]),
        ],
        tried: &["2301", "2302", "2303", "2304", "2305", "2402", "2403", "2404", "2405", "2601"],
    },
    Kind {
        name: "pharmacy",
        hospital: PHARMACY,
        states: &[
            ("no sale", &[]),
            ("sold", &["2102"]),
            ("sale cancelled", &["2102", "2103"]),
            ("sale reversed", &["2102", "2601"]),
        ],
        tried: &["2103", "2601"],
    },
];

/// A visit on its way. Until a call gives them, its numbers are no one's.
struct Visit<'v> {
    his: His<'v>,
    person: &'v Person,
    mdtrt_id: String,
    setl_id: String,
    /// What a reversal names: the settlement, by transaction and message.
    settled_as: (&'static str, String),
    /// Lines that were uploaded.
    serial: u32,
}

impl Visit<'_> {
    fn input(&self, infno: &str) -> Value {
        let Visit { person, mdtrt_id, setl_id, .. } = self;
        let of_visit = json!({ "data": {
            "psn_no": person.psn_no, "mdtrt_id": mdtrt_id, "setl_id": setl_id,
            "ipt_otp_no": "OTP1", "chrg_bchno": "0000",
        } });
        let serial = (self.serial + 1).to_string();
        match infno {
            "2102" => sale(person),
            "2201" => json!({ "data": registration(person) }),
            "2203" => described(person, mdtrt_id),
            "2204" => json!({ "feedetail": [line(mdtrt_id, person, &serial, "B1", "100.00")] }),
            "2206" | "2207" => settling(person, mdtrt_id, "B1", "100.00"),
            "2301" => json!({ "feedetail": [stay_line(person, mdtrt_id, &serial, "100.00")] }),
            "2302" => json!({ "data": [{
                "feedetl_sn": "0000", "mdtrt_id": mdtrt_id, "psn_no": person.psn_no,
            }] }),
            "2303" | "2304" => stay_bill(person, mdtrt_id, "100.00"),
            "2401" => admission(person),
            "2402" => leaving(person, mdtrt_id),
            "2403" => changed(person, mdtrt_id),
            "2601" => json!({ "data": {
                "psn_no": person.psn_no, "oinfno": self.settled_as.0, "omsgid": self.settled_as.1,
            } }),
            "2103" | "2202" | "2205" | "2208" | "2305" | "2404" | "2405" => of_visit,
            other => panic!("{other} is in no table"),
        }
    }

    fn call(&mut self, infno: &'static str) -> Option<u16> {
        let msgid = self.his.msgid();
        let answer = self.his.call_as(infno, &msgid, self.input(infno));
        let refused = refusal(&answer);
        if refused.is_some() {
            return refused;
        }
        let output = &answer["output"];
        let text = |node: &str, name: &str| output[node][name].as_str().map(str::to_owned);
        match infno {
            "2201" => self.mdtrt_id = text("data", "mdtrt_id").expect("a number"),
            "2401" => self.mdtrt_id = text("result", "mdtrt_id").expect("a number"),
            "2204" | "2301" => self.serial += 1,
            "2102" | "2207" | "2304" => {
                self.mdtrt_id = text("setlinfo", "mdtrt_id").expect("a number");
                self.setl_id = text("setlinfo", "setl_id").expect("a number");
                self.settled_as = (infno, msgid);
            }
            _ => {}
        }
        None
    }
}

#[test]
fn in_each_state_each_call_is_done_or_refused_by_its_number() {
    let served = town();
    let person = &served.people[0];
    let mut told = String::new();
    for Kind { name, hospital, states, tried } in KINDS {
        let _ = writeln!(told, "{name:<25}{}", tried.join("  "));
        for (state, calls) in states {
            let mut row = format!("{state:<25}");
            for infno in tried {
                let his = served.at(hospital);
                let (mdtrt_id, setl_id) = ("987654321".to_owned(), "987654321".to_owned());
                let settled_as = ("2207", his.msgid());
                let mut visit = Visit { his, person, mdtrt_id, setl_id, settled_as, serial: 0 };
                for call in *calls {
                    assert_eq!(visit.call(call), None, "{call} on the way to {state}");
                }
                let end = visit.call(infno).map(|number| number.to_string());
                let _ = write!(row, "{:<6}", end.as_deref().unwrap_or("done"));
            }
            let _ = writeln!(told, "{}", row.trim_end());
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/order.txt");
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&golden, &told).expect("the record is written");
    }
    assert_eq!(told, fs::read_to_string(&golden).unwrap_or_default());
}
