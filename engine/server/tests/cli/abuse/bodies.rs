//! Inputs of every transaction of the table, as who means harm fills them in: in part by the text, with the numbers of other
//! hospitals' visits and people, and here and there a value that no field may have.

use serde_json::{Map, Value, json};
use yidan_gateway::table::{Field, Kind, Node};
use yidan_gateway::wire::Transaction;

use super::dice::Dice;
use super::known::Known;
use crate::serve::Person;

/// Fields that say whom and what an input is about.
pub(super) const IDS: [&str; 3] = ["mdtrt_id", "setl_id", "psn_no"];

/// Whom an input names.
pub(super) struct Names<'a> {
    /// A number of a person, and of a certificate. They are of one person where `own`, and else never.
    pub(super) person: &'a Person,
    pub(super) certificate: &'a Person,
    /// Visits and settlements of the bad hospital itself.
    pub(super) own_ids: &'a [String],
    pub(super) own: bool,
    pub(super) known: &'a Known,
}

/// Any transaction, and an input of it.
pub(super) fn any(dice: &mut Dice, names: &Names<'_>) -> (&'static str, Value) {
    let one = Transaction::ALL[dice.below(Transaction::ALL.len())].entry();
    (one.infno, node(one.input, dice, names))
}

fn node(of: &Node, dice: &mut Dice, names: &Names<'_>) -> Value {
    let mut filled = Map::new();
    for field in of.fields {
        let left_out = if field.required { dice.one_in(60) } else { dice.one_in(2) };
        if !left_out {
            filled.insert(field.name.to_owned(), value(field, dice, names));
        }
        if dice.one_in(400) && !IDS.contains(&field.name) {
            // The same under a name that differs by its capitals. Whom an input is about is said once, so that it is known.
            filled.insert(field.name.to_uppercase(), value(field, dice, names));
        }
    }
    Value::Object(filled)
}

fn value(field: &Field, dice: &mut Dice, names: &Names<'_>) -> Value {
    if dice.one_in(60) {
        return nasty(dice);
    }
    match field.kind {
        Kind::One(inner) => node(inner, dice, names),
        Kind::Many(inner) => {
            let rows = 1 + dice.below(3);
            (0..rows).map(|_| node(inner, dice, names)).collect()
        }
        Kind::Text(_) | Kind::Serial(_) => json!(text(field, dice, names)),
        Kind::Amount | Kind::Quantity | Kind::Price | Kind::Decimal(..) | Kind::Integer(_) => {
            number(dice)
        }
        Kind::Flag => json!(dice.one_in(2)),
        Kind::Date => json!("2026-01-02"),
        Kind::Datetime => json!("2026-01-02 08:30:00"),
        Kind::Bytes => json!(dice.bytes(40)),
        Kind::Raw => json!({ "any": "thing" }),
    }
}

fn number(dice: &mut Dice) -> Value {
    match dice.below(6) {
        0 => json!(dice.below(1_000_000)),
        1 => json!(format!("{}.{:02}", dice.below(10_000), dice.below(100))),
        2 => json!(-1),
        3 => json!("9999999999999999.99"),
        _ => json!(100),
    }
}

fn text(field: &Field, dice: &mut Dice, names: &Names<'_>) -> String {
    match field.name {
        "psn_no" => names.person.psn_no.clone(),
        "certno" | "mdtrt_cert_no" => names.certificate.certno.clone(),
        "psn_name" => names.certificate.name.clone(),
        "mdtrt_id" | "setl_id" | "oldmdtrt_id" | "init_feedetl_sn" => {
            let other = || names.known.some_id(dice_seed(names));
            let own = names.own_ids.get(dice.below(names.own_ids.len())).cloned();
            let id = if names.own || dice.one_in(8) { own } else { None };
            id.or_else(other).unwrap_or_else(|| "1".to_owned())
        }
        "mdtrt_cert_type" => "02".to_owned(),
        "psn_cert_type" | "cert_type" => "01".to_owned(),
        "insutype" => "310".to_owned(),
        "med_type" => dice.of(&["11", "21", "41", "14", "52"]).to_owned(),
        "med_list_codg" => dice.of(&["QXJ01CA0001", "001102000010000", "NONE"]).to_owned(),
        "feedetl_sn" => dice.of(&["1", "2", "0000"]).to_owned(),
        "chrg_bchno" => dice.of(&["B1", "B2", "0000"]).to_owned(),
        "omsgid" => {
            let stolen = names.known.some_stolen(dice.next());
            let msgid = stolen.and_then(|call| msgid_of(&call.body));
            msgid.unwrap_or_else(|| "M1".to_owned())
        }
        "oinfno" => dice.of(&["2207", "2208", "2304", "2102", "2401"]).to_owned(),
        "fixmedins_code" | "reflin_medins_no" => "H630103Q0001".to_owned(),
        _ => match field.codes {
            Some(codes) if !codes.codes.is_empty() => {
                codes.codes[dice.below(codes.codes.len())].0.to_owned()
            }
            Some(_) | None => dice.of(&["", "1", "示例", "D001", "J06.900", "630103"]).to_owned(),
        },
    }
}

fn dice_seed(names: &Names<'_>) -> u64 {
    names.known.bad_acts.load(std::sync::atomic::Ordering::Relaxed)
}

fn msgid_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["msgid"].as_str().map(str::to_owned)
}

/// What no field may have.
pub(super) fn nasty(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(true),
        4 => json!("a".repeat(20_000)),
        5 => json!("\u{0}\u{7}\u{1b}[31m\u{202e}"),
        6 => json!("'; drop table persons; --"),
        7 => json!(u64::MAX),
        8 => json!(i64::MIN),
        9 => json!(1e300),
        10 => json!([[[[[[[[{}]]]]]]]]),
        _ => json!("999999999999999999999999999999999999999999999999999999999"),
    }
}

/// Some bytes of a body changed, lost, doubled or put elsewhere.
pub(super) fn flipped(body: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..1 + dice.below(6) {
        if body.is_empty() {
            return;
        }
        let at = dice.below(body.len());
        match dice.below(6) {
            0 => body[at] = dice.next().to_le_bytes()[0],
            1 => body[at] ^= 1 << dice.below(8),
            2 => drop(body.remove(at)),
            3 => body.insert(at, dice.of(&["{", "}", "[", "\"", "\\", ",", "9"]).as_bytes()[0]),
            4 => {
                let end = (at + dice.below(200)).min(body.len());
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            _ => body.truncate(at),
        }
    }
}
