//! Requests that were recorded at hospitals or are printed in the interface's editions (`../shared/samples`), sent to the port: as they
//! came, which is from institutions that are not registered here, and re-addressed to an institution, a person, a visit and a
//! settlement of the example town. `samples_served.txt` says what each is answered; `YIDAN_RECORD=1` writes it anew, to be looked at.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use yidan_gateway::wire::Transaction;

use crate::answered::{Compared, refusal};
use crate::documents::list;
use crate::journey::town;
use crate::serve::{HOSPITAL, His, PHARMACY, Person, Served, line, registration, settling};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What says that something broke, or may have been done: 469, 470, 477, 478, 482.
const BROKEN: [u16; 5] = [469, 470, 477, 478, 482];

/// What stands in the town for what the samples name.
struct Here {
    person: Person,
    mdtrt_id: String,
    setl_id: String,
}

impl Here {
    /// A resident with a visit whose lines wait for their bill, and a settlement whose list was handed in.
    fn of(served: &Served) -> Here {
        let his = served.at(HOSPITAL);
        let settled = his.outpatient(&served.people[0], "B1");
        let bill = settling(&served.people[0], &settled, "B1", "100.00");
        let setl_id = his.done("2207", bill)["setlinfo"]["setl_id"].clone();
        his.done("4101", list(&served.people[0].psn_no, &settled, &setl_id));
        let person = served.people[2].clone();
        assert_eq!(person.insutype, "390", "as in the recorded settlement");
        let mdtrt_id = waiting(his, &person);
        Here { person, mdtrt_id, setl_id: setl_id.as_str().expect("a number").to_owned() }
    }

    /// The message with what is here in place of what it names; what it leaves empty stays so.
    fn readdressed(&self, mut message: Value) -> Value {
        let is_pharmacy = message["fixmedins_code"].as_str().is_some_and(|it| it.starts_with('P'));
        message["fixmedins_code"] = json!(if is_pharmacy { PHARMACY } else { HOSPITAL });
        self.put(&mut message["input"]);
        message
    }

    fn put(&self, value: &mut Value) {
        match value {
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.put(row)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let ours = match name.as_str() {
                        "psn_no" => &self.person.psn_no,
                        "certno" | "mdtrt_cert_no" => &self.person.certno,
                        "psn_name" => &self.person.name,
                        "mdtrt_id" => &self.mdtrt_id,
                        "setl_id" => &self.setl_id,
                        _ => {
                            self.put(value);
                            continue;
                        }
                    };
                    if value.as_str().is_some_and(|said| !said.is_empty()) {
                        *value = json!(ours);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// A visit with lines of the batch and the amount that the recorded settlement has.
fn waiting(his: His<'_>, person: &Person) -> String {
    let visit = his.done("2201", json!({ "data": registration(person) }));
    let mdtrt_id = visit["data"]["mdtrt_id"].as_str().expect("a number").to_owned();
    let fee = line(&mdtrt_id, person, "1", "202109240828170091", "9.00");
    his.done("2204", json!({ "feedetail": [fee] }));
    mdtrt_id
}

/// What is answered, in a word; whatever it is, it must be whole.
fn answered(his: His<'_>, body: &str) -> String {
    let answer = his.post("/fsi/api/rsfComIfsService/callService", body);
    if let Some(number) = refusal(&answer) {
        assert!(!BROKEN.contains(&number), "{answer}\n{body}");
        return format!("[{number}]");
    }
    let message: Value = serde_json::from_str(body).expect("it was one");
    let one = message["infno"].as_str().and_then(Transaction::of).expect("it was done");
    assert_eq!(Compared::of(one, &answer["output"]).amiss, [].into(), "{answer}");
    "done".to_owned()
}

#[test]
fn recorded_requests_are_answered_as_they_came_and_re_addressed() {
    let folder = Path::new(HERE).join("../../../shared/samples");
    let Ok(entries) = fs::read_dir(&folder) else {
        // The samples stay where they were collected.
        let said = format!("{} is not there: no sample was sent\n", folder.display());
        io::Write::write_all(&mut io::stderr(), said.as_bytes()).expect("one line");
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let served = town();
    let here = Here::of(&served);
    let his = served.at(HOSPITAL);
    let mut told = String::new();
    for path in paths {
        let body = fs::read_to_string(&path).expect("a sample is readable");
        let message: Value = serde_json::from_str(&body).expect("a sample is JSON");
        if message.get("input").is_none() {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let infno = message["infno"].as_str().expect("a number").to_owned();
        let came = answered(his, &body);
        let ours = here.readdressed(message);
        let now = answered(his, &ours.to_string());
        let _ = writeln!(told, "{name} {infno}: as it came {came}, re-addressed {now}");
        // The printed example of 4102 has another number.
        if infno == "4501" {
            let mut named = ours;
            named["infno"] = json!("4102");
            let now = answered(his, &named.to_string());
            let _ = writeln!(told, "{name} 4102: re-addressed {now}");
        }
    }
    let golden = Path::new(HERE).join("tests/cli/samples_served.txt");
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&golden, &told).expect("the record is written");
    }
    assert_eq!(told, fs::read_to_string(&golden).unwrap_or_default());
}
