//! What an answer over the port is held to: every field of the envelope, and of the output what the table of fields has, as it has it,
//! and nothing besides.

use std::collections::BTreeSet;

use serde_json::Value;
use yidan_gateway::table::{Entry, Field, Kind, Node};
use yidan_gateway::wire::Transaction;
use yidan_gateway::{Profile, decode_answer};

/// The number at the end of `err_msg`; `None` where the call was done. The envelope must be whole either way.
pub(crate) fn refusal(answer: &Value) -> Option<u16> {
    let names: BTreeSet<&str> =
        answer.as_object().expect("an object").keys().map(String::as_str).collect();
    let text = |name: &str| answer[name].as_str();
    if names == BTreeSet::from(["err_msg", "infcode", "type"]) {
        // To a number or URL that no transaction has.
        assert_eq!((&answer["type"], &answer["infcode"]), (&"error".into(), &(-1).into()));
        return Some(number(text("err_msg").expect("said")));
    }
    let table: BTreeSet<&str> =
        Entry::answer_envelope().fields.iter().map(|field| field.name).collect();
    assert_eq!(names, table, "{answer}");
    for name in ["refmsg_time", "respond_time"] {
        assert!(text(name).is_some_and(|time| is_digits(time, 17)), "{name}: {answer}");
    }
    let refmsgid = text("inf_refmsgid");
    assert!(refmsgid.is_none_or(|id| is_digits(id, 30)), "{answer}");
    if answer["infcode"] == 0 {
        assert!(refmsgid.is_some() && answer["err_msg"].is_null(), "{answer}");
        assert!(!answer["output"].is_null(), "{answer}");
        return None;
    }
    assert!(answer["infcode"] == -1 && answer["output"].is_null(), "{answer}");
    Some(number(text("err_msg").unwrap_or_else(|| panic!("nothing is said: {answer}"))))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `…[301]`
fn number(err_msg: &str) -> u16 {
    let digits = err_msg.strip_suffix(']').and_then(|said| said.rsplit_once('['));
    let number = digits.and_then(|(_, digits)| digits.parse().ok());
    number.unwrap_or_else(|| panic!("no number at its end: {err_msg}"))
}

/// All in which an output differs from the table; and which of its nodes had something in it.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) amiss: BTreeSet<String>,
    pub(crate) filled: BTreeSet<&'static str>,
}

impl Compared {
    pub(crate) fn of(one: Transaction, output: &Value) -> Compared {
        let mut compared = Compared::default();
        match decode_answer(one, &output.to_string(), &Profile::STRICT) {
            Ok((_, borne)) => {
                let odd =
                    borne.places().iter().map(|(oddity, place, _)| format!("{place} {oddity:?}"));
                compared.amiss.extend(odd);
            }
            Err(faults) => {
                // What is required and empty is looked at below, with all that the decoder lets an answer have.
                let others = faults.told().iter().filter(|fault| fault.wrong.number() != 401);
                compared.amiss.extend(others.map(ToString::to_string));
            }
        }
        compared.node(one.entry().output, output);
        compared
    }

    fn node(&mut self, node: &'static Node, value: &Value) {
        if node.is_bare() {
            return self.field(node, &node.fields[0], value);
        }
        let Some(values) = value.as_object() else {
            self.amiss.insert(format!("{} is no object", node.path));
            return;
        };
        for name in values.keys() {
            if (node.find)(name).is_none() {
                self.amiss.insert(format!("{}.{name} is not in the table", node.path));
            }
        }
        for field in node.fields {
            self.field(node, field, values.get(field.name).unwrap_or(&Value::Null));
        }
    }

    fn field(&mut self, node: &'static Node, field: &'static Field, value: &Value) {
        let wrong = match (field.kind, value) {
            (Kind::One(child), Value::Object(_)) => {
                self.filled.insert(child.path);
                return self.node(child, value);
            }
            (Kind::Many(child), Value::Array(rows)) => {
                if !rows.is_empty() {
                    self.filled.insert(child.path);
                }
                return rows.iter().for_each(|row| self.node(child, row));
            }
            (_, Value::Null) if field.required => "is required and not there",
            (_, Value::String(text)) if field.required && text.is_empty() => {
                "is required and empty"
            }
            (_, Value::Null) => return,
            (_, value) if is_of(field.kind, value) => return,
            _ => "is of another kind or size",
        };
        self.amiss.insert(format!("{}.{} {wrong}", node.path, field.name));
    }
}

/// Whether a value is of a type and no longer than it.
fn is_of(kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Text(most) | Kind::Serial(most), Value::String(text)) => {
            u32::try_from(text.chars().count()).is_ok_and(|length| length <= most)
        }
        (Kind::Date, Value::String(text)) => text.len() == "2026-01-02".len(),
        (Kind::Datetime, Value::String(text)) => text.len() == "2026-01-02 03:04:05".len(),
        (Kind::Flag, Value::Bool(_)) | (Kind::Raw, _) => true,
        (_, Value::Number(number)) => {
            let Some(decimals) = kind.decimals() else { return false };
            let text = number.to_string();
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            let part = part.trim_end_matches('0');
            let fits = |length: usize, most: u32| u32::try_from(length).is_ok_and(|it| it <= most);
            fits(part.len(), decimals)
                && fits(whole.trim_start_matches('-').len(), kind.digits() - decimals)
        }
        _ => false,
    }
}
