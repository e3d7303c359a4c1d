//! An outcome of the model as `yidan settle --json` would print it, so that it can stand in an
//! engine's place.

use serde_json::{Map, Value, json};

use super::compare::{REFUSAL_NUMBERS, setlinfo};
use super::exact::yuan;
use super::machine::TierRow;
use super::settle::Outcome;

/// The model's bill or refusal in the form of the engine's answer; the parts of lines are left out.
pub fn printed(outcome: &Outcome) -> Value {
    let bill = match outcome {
        Outcome::Settled(bill) => bill,
        Outcome::Refused(refusal) => {
            let row = REFUSAL_NUMBERS.iter().find(|(why, _)| why == refusal);
            return json!({ "refused": row.and_then(|(_, numbers)| numbers.first()) });
        }
    };
    let fields = setlinfo(bill).into_iter().map(|(name, fen)| (name.to_owned(), json!(yuan(fen))));
    let mut slots = json!({});
    for ((scope, name), value) in &bill.slots {
        let plain = name.split('[').next().unwrap_or(name);
        let count = bill.counts.contains(plain);
        slots[scope][name] = json!(if count { value.to_string() } else { yuan(*value) });
    }
    json!({
        "setlinfo": fields.collect::<Map<String, Value>>(),
        "tiers": bill.rows.iter().map(tier).collect::<Vec<Value>>(),
        "slots": slots,
    })
}

fn tier(row: &TierRow) -> Value {
    json!({
        "id": row.id,
        "base": yuan(row.base),
        "first_share": yuan(row.first_share),
        "deductible": yuan(row.deductible),
        "covered": yuan(row.covered),
        "above_cap": yuan(row.above_cap),
        "paid": yuan(row.paid),
        "filing_loss": yuan(row.filing_loss),
    })
}
