//! What the engine answers for a case beside what the model computed: every difference in words.

use serde_json::Value;

use super::exact::{Fen, decimal, yuan};
use super::refusal::Refusal;
use super::settle::{Bill, Outcome};

/// The engine's reasons that a refusal of the model may be answered with; none compares only that
/// both refuse.
pub const REFUSAL_NUMBERS: [(Refusal, &[u64]); 16] = [
    (Refusal::NoPack, &[101, 102]),
    (Refusal::NotInForce, &[110]),
    (Refusal::WaitingTime, &[111]),
    (Refusal::UnknownScheme, &[112]),
    (Refusal::PersonWithoutClass, &[113]),
    (Refusal::UnmappedMedType, &[114]),
    (Refusal::NoAgreement, &[115]),
    (Refusal::ThirdParty, &[116]),
    (Refusal::WorkInjury, &[117]),
    (Refusal::AccidentWithoutFiling, &[118]),
    (Refusal::NoApproval, &[119]),
    (Refusal::PrescribersDiffer, &[120]),
    (Refusal::NoBirthday, &[121]),
    (Refusal::DatesReversed, &[103]),
    (Refusal::TotalsNeedLines, &[140]),
    (Refusal::Structure, &[131, 132, 133, 134, 135, 136, 137, 138, 139]),
];

/// The differences between the model's outcome and the engine's answer; none when they agree.
pub fn compare(model: &Outcome, engine: &Value) -> Vec<String> {
    if let Some(error) = engine.get("error") {
        return vec![format!("the engine cannot read this: {error}")];
    }
    match (model, engine.get("refused").filter(|r| !r.is_null())) {
        (Outcome::Refused(refusal), Some(number)) => refused(*refusal, number),
        (Outcome::Refused(refusal), None) => {
            vec![format!("the model refuses ({refusal:?}), the engine settles")]
        }
        (Outcome::Settled(_), Some(_)) => {
            vec![format!("the model settles, the engine refuses: {engine}")]
        }
        (Outcome::Settled(bill), None) => settled(bill, engine),
    }
}

fn refused(refusal: Refusal, number: &Value) -> Vec<String> {
    let known = REFUSAL_NUMBERS.iter().find(|(r, _)| *r == refusal).map_or(&[][..], |(_, n)| n);
    if known.is_empty() || number.as_u64().is_some_and(|n| known.contains(&n)) {
        Vec::new()
    } else {
        vec![format!("refused: model {refusal:?} {known:?}, engine {number}")]
    }
}

/// An amount or a count of the engine's answer in hundredths.
fn hundredths(value: &Value) -> Option<Fen> {
    let number = value.as_number().map(ToString::to_string);
    let text = value.as_str().map(str::to_owned).or(number)?;
    let scaled = decimal(&text)? * 100;
    scaled.is_integer().then(|| scaled.to_integer())
}

struct Differences(Vec<String>);

impl Differences {
    fn amount(&mut self, what: &str, model: Fen, engine: Option<&Value>) {
        match engine.and_then(hundredths) {
            Some(amount) if amount == model => {}
            Some(amount) => {
                self.0.push(format!("{what}: model {}, engine {}", yuan(model), yuan(amount)));
            }
            None => self.0.push(format!("{what}: model {}, engine {engine:?}", yuan(model))),
        }
    }
}

fn settled(bill: &Bill, engine: &Value) -> Vec<String> {
    let mut found = Differences(Vec::new());
    let info = engine.get("setlinfo").unwrap_or(&Value::Null);
    for (name, amount) in setlinfo(bill) {
        found.amount(&format!("setlinfo.{name}"), amount, info.get(name));
    }
    tiers(bill, engine, &mut found);
    slots(bill, engine, &mut found);
    lines(bill, engine, &mut found);
    found.0
}

/// The fields of `setlinfo` that the model knows.
pub(crate) fn setlinfo(bill: &Bill) -> Vec<(&'static str, Fen)> {
    let fields = [
        "hifp_pay",
        "cvlserv_pay",
        "hifes_pay",
        "hifmi_pay",
        "hifob_pay",
        "hifdm_pay",
        "maf_pay",
        "oth_pay",
    ];
    let mut all = vec![
        ("medfee_sumamt", bill.medfee),
        ("fulamt_ownpay_amt", bill.own),
        ("overlmt_selfpay", bill.over),
        ("preselfpay_amt", bill.prepay),
        ("inscp_scp_amt", bill.in_scope),
        ("fund_pay_sumamt", bill.funds.values().sum()),
        ("hosp_part_amt", bill.hosp_part),
        ("psn_part_amt", bill.psn_part),
        ("acct_pay", bill.acct_pay),
        ("acct_mulaid_pay", bill.acct_mulaid_pay),
        ("psn_cash_pay", bill.cash),
        ("act_pay_dedc", bill.act_pay_dedc),
        ("balc", bill.balance),
    ];
    all.extend(fields.map(|field| (field, bill.fund(field))));
    all
}

fn tiers(bill: &Bill, engine: &Value, found: &mut Differences) {
    let rows = engine.get("tiers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let ids: Vec<&str> = bill.rows.iter().map(|row| row.id.as_str()).collect();
    let theirs: Vec<&str> =
        rows.iter().filter_map(|row| row.get("id").and_then(Value::as_str)).collect();
    if ids != theirs {
        found.0.push(format!("tiers: model {ids:?}, engine {theirs:?}"));
        return;
    }
    for (mine, row) in bill.rows.iter().zip(rows) {
        let columns = [
            ("base", mine.base),
            ("first_share", mine.first_share),
            ("deductible", mine.deductible),
            ("covered", mine.covered),
            ("above_cap", mine.above_cap),
            ("paid", mine.paid),
            ("filing_loss", mine.filing_loss),
        ];
        for (name, amount) in columns {
            found.amount(&format!("tiers.{}.{name}", mine.id), amount, row.get(name));
        }
    }
}

/// Every accumulator of the answer, and every one that this bill wrote.
fn slots(bill: &Bill, engine: &Value, found: &mut Differences) {
    let answered = engine.get("slots").and_then(Value::as_object);
    for (scope, names) in answered.into_iter().flatten() {
        for (name, value) in names.as_object().into_iter().flatten() {
            let place = (scope.clone(), name.clone());
            let mine = bill.slots.get(&place).copied().unwrap_or(0);
            let scale = if bill.counts.contains(plain_name(name)) { 100 } else { 1 };
            found.amount(&format!("slots.{scope}.{name}"), mine * scale, Some(value));
        }
    }
    for place in &bill.written {
        let (scope, name) = place;
        let mine = bill.slots.get(place).copied().unwrap_or(0);
        let there = answered.and_then(|a| a.get(scope)).and_then(|names| names.get(name));
        if mine != 0 && there.is_none() {
            found.0.push(format!("slots.{scope}.{name}: model {mine}, engine does not list it"));
        }
    }
}

/// The name of a slot without its sub-key.
fn plain_name(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

fn lines(bill: &Bill, engine: &Value, found: &mut Differences) {
    let rows = engine.get("lines").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !bill.lines.is_empty() && bill.lines.len() != rows.len() {
        found.0.push(format!("lines: model {}, engine {}", bill.lines.len(), rows.len()));
        return;
    }
    for (n, (mine, row)) in bill.lines.iter().zip(rows).enumerate() {
        let columns = [
            ("fulamt_ownpay_amt", mine.own),
            ("overlmt_amt", mine.over),
            ("preselfpay_amt", mine.prepay),
            ("inscp_scp_amt", mine.scope),
        ];
        for (name, amount) in columns {
            found.amount(&format!("lines.{n}.{name}"), amount, row.get(name));
        }
    }
}
