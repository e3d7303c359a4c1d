//! What an answer says, in a few words.

use serde_json::Value;
use yidan_settlement::money::Fen;

use super::books::amount;
use crate::text::money;

/// Funds that are named beside their sum where they paid anything.
const FUNDS: [(&str, &str); 4] =
    [("hifp_pay", "统筹"), ("hifmi_pay", "大病"), ("hifob_pay", "大额"), ("maf_pay", "救助")];

/// What the person paid from.
const OWN: [(&str, &str); 2] = [("acct_pay", "个账"), ("psn_cash_pay", "现金")];

/// The answer of a transaction that was done.
pub(super) fn told(infno: &str, output: &Value) -> String {
    let text = |path: &str| output.pointer(path).and_then(Value::as_str).unwrap_or_default();
    match infno {
        "9001" => "已签到".to_owned(),
        "1101" => {
            let (psn_no, name) = (text("/baseinfo/psn_no"), text("/baseinfo/psn_name"));
            let insutype = text("/insuinfo/0/insutype");
            let balance = output.pointer("/insuinfo/0").and_then(|row| amount(row, "balc"));
            let balance = money(balance.unwrap_or(Fen::ZERO));
            format!("{psn_no} {name}，险种 {insutype}，个账余额 {balance}")
        }
        "2201" => format!("就诊 {}", text("/data/mdtrt_id")),
        "2401" => format!("就诊 {}", text("/result/mdtrt_id")),
        "2204" | "2301" => split(output),
        "2501" => format!("备案 {}", text("/result/trt_dcla_detl_sn")),
        "2601" => "原交易已冲正".to_owned(),
        "3201" => text("/stmtinfo/stmt_rslt_dscr").to_owned(),
        _ => output.get("setlinfo").map_or_else(|| "成功".to_owned(), bill),
    }
}

/// Fee lines, and how much of them is in scope.
fn split(output: &Value) -> String {
    let rows = output.get("result").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let sum = |field| -> Fen { rows.iter().filter_map(|row| amount(row, field)).sum() };
    let (all, inside) = (money(sum("det_item_fee_sumamt")), money(sum("inscp_scp_amt")));
    format!("{} 条，共 {all}，符合政策范围 {inside}", rows.len())
}

/// The amounts of a settlement.
fn bill(setlinfo: &Value) -> String {
    let parts = |fields: &[(&'static str, &str)]| {
        let paid = fields.iter().filter(|(field, _)| of(setlinfo, field) != Fen::ZERO);
        let parts: Vec<String> =
            paid.map(|(field, name)| format!("{name} {}", money(of(setlinfo, field)))).collect();
        if parts.len() > 1 { format!("（{}）", parts.join("，")) } else { String::new() }
    };
    format!(
        "医疗费 {}，基金支付 {}{}，个人负担 {}{}",
        money(of(setlinfo, "medfee_sumamt")),
        money(of(setlinfo, "fund_pay_sumamt")),
        parts(&FUNDS),
        money(of(setlinfo, "psn_part_amt")),
        parts(&OWN),
    )
}

/// An amount of a settlement, by either of its names: 5203 has its own for some.
fn of(setlinfo: &Value, field: &'static str) -> Fen {
    let also = match field {
        "psn_part_amt" => "psn_pay",
        "psn_cash_pay" => "cash_payamt",
        field => field,
    };
    amount(setlinfo, field).or_else(|| amount(setlinfo, also)).unwrap_or(Fen::ZERO)
}
