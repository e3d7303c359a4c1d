//! Every recorded and printed message of `../shared/samples`, read: what was tolerated, what is missing, which of its fields the
//! table does not have. `samples.txt` says what must come out; `YIDAN_RECORD=1` writes it anew, to be looked at.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use yidan_gateway::envelope::{Call, read_answer};
use yidan_gateway::table::{Kind, Node};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Borne, Faults, Profile, decode_answer};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn samples_are_read_as_recorded() {
    let folder = Path::new(HERE).join("../../../shared/samples");
    let Ok(entries) = fs::read_dir(&folder) else {
        // The samples stay where they were collected.
        let said = format!("{} is not there: no sample was read\n", folder.display());
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("one line");
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut told = String::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let body = fs::read(&path).expect("a sample is readable");
        let _ = writeln!(told, "{name}");
        let parsed: Value = serde_json::from_slice(&body).expect("a sample is JSON");
        if parsed.get("input").is_some() {
            request(&body, &parsed, &mut told);
        } else {
            answer(&name, &body, &parsed, &mut told);
        }
    }
    let golden = Path::new(HERE).join("tests/samples.txt");
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&golden, &told).expect("the record is written");
    }
    assert_eq!(told, fs::read_to_string(&golden).unwrap_or_default());
}

fn request(body: &[u8], parsed: &Value, told: &mut String) {
    for (profile, word) in [(Profile::STRICT, "strict"), (Profile::LENIENT, "lenient")] {
        let call = match Call::read(body, &profile) {
            Ok(call) => call,
            Err(faults) => {
                put_faults(told, &format!("{word} envelope"), &faults);
                continue;
            }
        };
        put_borne(told, &format!("{word} envelope"), &call.borne);
        let infno = call.envelope.infno.as_deref().unwrap_or_default();
        let one = call.transaction().or_else(|| {
            let _ = writeln!(told, "  {infno} is not served");
            // The printed example of 4102 has another number.
            (infno == "4501").then_some(Transaction::T4102)
        });
        let Some(one) = one else { continue };
        match call.decode(one, &profile) {
            Ok(decoded) => put_borne(told, &format!("{word} {}", one.infno()), &decoded.borne),
            Err(faults) => put_faults(told, &format!("{word} {}", one.infno()), &faults),
        }
        put_strangers(told, &parsed["input"], one.entry().input);
    }
}

fn answer(name: &str, body: &[u8], parsed: &Value, told: &mut String) {
    match read_answer(body, &Profile::LENIENT) {
        Ok((_, borne)) => put_borne(told, "envelope", &borne),
        Err(faults) => return put_faults(told, "envelope", &faults),
    }
    let Some(output) = parsed.get("output").filter(|output| output.is_object()) else {
        let _ = writeln!(told, "  no output in the open");
        return;
    };
    let one = name.split('_').find_map(Transaction::of).or_else(|| {
        // The middleware's numbers of 5203 and of the cards, and an example of 1101.
        match name {
            "hsahis_5261_response" | "hsahis_5262_response" => Some(Transaction::T5203),
            "hzg_doc_1101_3" => Some(Transaction::T1101),
            _ if name.contains("_1161_") => Some(Transaction::T1101),
            _ => None,
        }
    });
    let Some(one) = one else {
        let _ = writeln!(told, "  a transaction that is not served");
        return;
    };
    match decode_answer(one, &output.to_string(), &Profile::LENIENT) {
        Ok((_, borne)) => put_borne(told, one.infno(), &borne),
        Err(faults) => put_faults(told, one.infno(), &faults),
    }
    put_strangers(told, output, one.entry().output);
}

fn put_borne(told: &mut String, what: &str, borne: &Borne) {
    let _ = writeln!(told, "  {what}: read");
    for (oddity, place, count) in borne.places() {
        let _ = writeln!(told, "    {oddity:?} {place} x{count}");
    }
}

/// Places and numbers alone: no value of a message.
fn put_faults(told: &mut String, what: &str, faults: &Faults) {
    let _ = writeln!(told, "  {what}: {} faults", faults.count());
    for fault in faults.told() {
        let _ = writeln!(told, "    {} {}", fault.wrong.number(), fault.place);
    }
}

/// The fields of a message that the table does not have.
fn put_strangers(told: &mut String, value: &Value, node: &'static Node) {
    let mut strangers = BTreeSet::new();
    gather(value, node, &mut strangers);
    if !strangers.is_empty() {
        let names: Vec<String> = strangers.into_iter().collect();
        let _ = writeln!(told, "    not in the table: {}", names.join(" "));
    }
}

fn gather(value: &Value, node: &'static Node, strangers: &mut BTreeSet<String>) {
    match value {
        Value::Array(rows) => rows.iter().for_each(|row| gather(row, node, strangers)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let Some(at) = (node.find)(name) else {
                    strangers.insert(format!("{}.{name}", node.path));
                    continue;
                };
                if let Kind::One(child) | Kind::Many(child) = node.fields[at].kind {
                    gather(value, child, strangers);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
