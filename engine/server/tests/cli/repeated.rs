//! What changes something, sent again: under its number with its content it gets the answer it got, byte for byte; with any field changed
//! it is refused; and so is another institution that names the visit, settlement, filing or file. `repeated.txt` says by which
//! number for each field of each transaction; `YIDAN_RECORD=1` writes it anew, to be looked at.
//!
//! What stands there as done although a field was changed: sign-in and sign-out, which have no key; of lines that are there (2204 2301)
//! what no settlement goes by; files (9101), as another file has another number; a reversal for another person, as that person's
//! call under the number was refused here just before, and to reverse what was refused is done and does nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use yidan_gateway::table::{Effect, Field, Kind, Node};

use crate::answered::refusal;
use crate::journey::{Call, Witness, go, town};
use crate::serve::OTHER_HOSPITAL;

/// What names a thing of one institution alone.
const OWNED: [&str; 4] = ["mdtrt_id", "setl_id", "trt_dcla_detl_sn", "file_qury_no"];

#[derive(Default)]
struct Repeats {
    told: String,
    strange: BTreeSet<&'static str>,
    repeated: BTreeSet<&'static str>,
}

impl Witness for Repeats {
    fn before(&mut self, call: &Call<'_>) {
        let infno = call.one.infno();
        let owned = |name: &&str| names(call.input, name);
        let is_for_all = infno == "9102" && call.input["fsDownloadIn"]["fixmedins_code"] == "plc";
        if is_for_all || !OWNED.iter().any(owned) || !self.strange.insert(infno) {
            return;
        }
        let other = call.his.served.at(OTHER_HOSPITAL);
        let answer = other.call(infno, call.input.clone());
        let number = refusal(&answer);
        let number = number.unwrap_or_else(|| panic!("{infno} is another's: {answer}"));
        let _ = writeln!(self.told, "{infno} of another institution [{number}]");
    }

    fn after(&mut self, call: &Call<'_>, answer: &str) {
        let Call { his, one, msgid, input } = *call;
        let infno = one.infno();
        if one.entry().effect != Effect::Change || !self.repeated.insert(infno) {
            return;
        }
        let again = || other_than(answer, &his.told(infno, msgid, input.clone()));
        let first = again();
        let end = if first.is_empty() { "the same" } else { "the same but for" };
        let _ =
            writeln!(self.told, "{}", format!("{infno} again {end} {}", first.join(" ")).trim());
        let mut ends: BTreeMap<Option<u16>, Vec<String>> = BTreeMap::new();
        for (place, field) in places(one.entry().input, input, "") {
            let mut other = input.clone();
            let Some(value) = another(field, input.pointer(&place)) else { continue };
            // The identity of a line: with another it is another line.
            if field.name == "feedetl_sn" {
                continue;
            }
            put(&mut other, &place, value);
            let answer = his.call_as(infno, msgid, other);
            ends.entry(refusal(&answer)).or_default().push(place.replace("/0", "")[1..].into());
        }
        for (number, places) in ends {
            let number = number.map_or_else(|| "done".to_owned(), |number| format!("[{number}]"));
            let _ = writeln!(self.told, "  {number} {}", places.join(" ").replace('/', "."));
        }
        assert_eq!(again(), first, "{infno}: what was refused changed nothing");
    }
}

/// An answer, of which `output` stays as it is written.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    output: &'a RawValue,
    inf_refmsgid: Option<&'a str>,
}

/// What of a repeated answer is not as it was, byte for byte: `inf_refmsgid`, and the fields of `output`.
fn other_than(first: &str, again: &str) -> Vec<String> {
    let of = |text| serde_json::from_str::<Written<'_>>(text).expect("JSON");
    let (Written { output, inf_refmsgid }, again) = (of(first), of(again));
    let mut other = Vec::new();
    if again.inf_refmsgid != inf_refmsgid {
        other.push("inf_refmsgid".to_owned());
    }
    let fields = |output: &RawValue| {
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(output.get()).expect("an object");
        fields.into_iter().map(|(name, value)| (name, value.to_string())).collect()
    };
    if again.output.get() != output.get() {
        let (first, again): (BTreeMap<String, String>, BTreeMap<String, String>) =
            (fields(output), fields(again.output));
        let changed = first.into_iter().filter(|(name, value)| again.get(name) != Some(value));
        let names = changed.map(|(name, _)| format!("output.{name}"));
        other.extend(names);
    }
    other
}

/// Whether an input has such a field with something in it.
fn names(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            key == name && value.as_str().is_some_and(|text| !text.is_empty()) || names(value, name)
        }),
        Value::Array(rows) => rows.iter().any(|row| names(row, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Every field of the nodes that an input has, whether it is there or not, as a pointer into it; of rows the first.
fn places(node: &'static Node, value: &Value, way: &str) -> Vec<(String, &'static Field)> {
    let mut found = Vec::new();
    for field in node.fields {
        let place = format!("{way}/{}", field.name);
        let (child, value, place) = if let Kind::One(child) = field.kind {
            (child, &value[field.name], place)
        } else if let Kind::Many(child) = field.kind {
            (child, &value[field.name][0], format!("{place}/0"))
        } else {
            found.push((place, field));
            continue;
        };
        if value.is_object() {
            found.extend(places(child, value, &place));
        }
    }
    found
}

fn put(input: &mut Value, place: &str, value: Value) {
    let (above, name) = place.rsplit_once('/').expect("a pointer begins with a slash");
    input.pointer_mut(above).expect("the node is there")[name] = value;
}

/// A value of the field that is not the one it has.
fn another(field: &Field, value: Option<&Value>) -> Option<Value> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    let of = |first: Value, second: Value| if Some(&first) == value { second } else { first };
    Some(match field.kind {
        Kind::Text(_) | Kind::Serial(_) => match field.codes {
            Some(codes) => {
                let bare = |code: &str| code.trim_start_matches('0').to_owned();
                let mut others = codes.codes.iter().map(|(code, _)| *code);
                json!(others.find(|code| bare(code) != bare(text))?)
            }
            None => {
                let mut letters: Vec<char> = text.chars().collect();
                let last = letters.pop();
                letters.push(if last == Some('7') { '8' } else { '7' });
                json!(letters.into_iter().collect::<String>())
            }
        },
        Kind::Amount | Kind::Quantity | Kind::Price | Kind::Decimal(_, _) | Kind::Integer(_) => {
            of(json!(2), json!(3))
        }
        Kind::Flag => of(json!(true), json!(false)),
        Kind::Date => of(json!("2026-01-03"), json!("2026-01-04")),
        Kind::Datetime => of(json!("2026-01-03 09:09:09"), json!("2026-01-04 09:09:09")),
        Kind::Bytes => json!([1]),
        Kind::Raw | Kind::One(_) | Kind::Many(_) => return None,
    })
}

#[test]
fn what_is_sent_again_is_answered_again_and_what_differs_is_refused() {
    let mut repeats = Repeats::default();
    go(&town(), &mut repeats);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/repeated.txt");
    if std::env::var_os("YIDAN_RECORD").is_some() {
        fs::write(&golden, &repeats.told).expect("the record is written");
    }
    assert_eq!(repeats.told, fs::read_to_string(&golden).unwrap_or_default());
}
