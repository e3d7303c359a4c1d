//! What the hospitals of the demo have booked, and the statements they make of it at the day's end.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use yidan_settlement::money::{Fen, decimal};

use super::super::place::Hospital;

/// What a facility booked of one settlement, or of its refund.
struct Booked {
    at: Hospital,
    insutype: String,
    clr_type: String,
    day: String,
    /// `medfee_sumamt`, `fund_pay_sumamt`, `acct_pay`, `psn_cash_pay`.
    amounts: [Fen; 4],
    msgid: String,
}

/// All of it.
#[derive(Default)]
pub(super) struct Books {
    booked: Vec<Booked>,
}

/// An amount of an answer.
pub(super) fn amount(of: &Value, field: &str) -> Option<Fen> {
    let number = of.get(field).filter(|value| value.is_number())?;
    Fen::from_yuan(decimal(&number.to_string()).ok()?).ok()
}

fn amounts(setlinfo: &Value) -> [Fen; 4] {
    ["medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"]
        .map(|field| amount(setlinfo, field).unwrap_or(Fen::ZERO))
}

fn text(of: &Value, field: &str) -> String {
    of.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Books {
    /// Books a settlement.
    pub(super) fn settled(&mut self, at: Hospital, msgid: &str, setlinfo: &Value) {
        self.booked.push(Booked {
            at,
            insutype: text(setlinfo, "insutype"),
            clr_type: text(setlinfo, "clr_type"),
            day: text(setlinfo, "setl_time").chars().take(10).collect(),
            amounts: amounts(setlinfo),
            msgid: msgid.to_owned(),
        });
    }

    /// Books the refund of a settlement, on the day on which it was cancelled.
    pub(super) fn refunded(&mut self, of: &str, msgid: &str, setlinfo: &Value) {
        let Some(first) = self.booked.iter().find(|one| one.msgid == of) else { return };
        let refund = Booked {
            at: first.at,
            insutype: first.insutype.clone(),
            clr_type: first.clr_type.clone(),
            day: text(setlinfo, "setl_time").chars().take(10).collect(),
            amounts: amounts(setlinfo),
            msgid: msgid.to_owned(),
        };
        self.booked.push(refund);
    }

    /// What was reversed is in nobody's books.
    pub(super) fn reversed(&mut self, of: &str) {
        self.booked.retain(|one| one.msgid != of);
    }

    /// A statement (3201) for each facility, insurance and way of clearing: settlements and refunds together.
    pub(super) fn statements(&self) -> Vec<(Hospital, Value)> {
        let mut kinds: BTreeMap<(&str, &str, &str), Vec<&Booked>> = BTreeMap::new();
        for one in &self.booked {
            kinds.entry((one.at.code, &one.insutype, &one.clr_type)).or_default().push(one);
        }
        let statement = |booked: Vec<&Booked>| {
            let first = booked.first()?;
            let sum = |which: usize| -> Fen {
                booked.iter().filter_map(|one| one.amounts.get(which)).copied().sum()
            };
            let days = || booked.iter().map(|one| &one.day);
            let input = json!({ "data": {
                "setl_optins": "630100", "insutype": first.insutype, "clr_type": first.clr_type,
                "stmt_begndate": days().min(), "stmt_enddate": days().max(),
                "medfee_sumamt": sum(0).to_string(), "fund_pay_sumamt": sum(1).to_string(),
                "acct_pay": sum(2).to_string(), "cash_payamt": sum(3).to_string(),
                "fixmedins_setl_cnt": booked.len(), "refd_setl_flag": "",
                "fixmedins_refd_setl_flag": "0",
            } });
            Some((first.at, input))
        };
        kinds.into_values().filter_map(statement).collect()
    }
}
