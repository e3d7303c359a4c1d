//! Fee lines as a hospital writes them: serials, quantities, prices that add up, now and then a return.

use serde_json::{Value, json};
use yidan_settlement::catalogue::Level;
use yidan_settlement::date::Day;
use yidan_settlement::money::{Price, Quantity};

use super::dice::Dice;
use super::shelf::{Charge, Item, Shelf};

/// A bill being written.
pub(super) struct Bill<'a> {
    shelf: &'a Shelf,
    level: Level,
    visit: &'a str,
    /// Given once and again: the drugs of a stay or of a prescription.
    prescribed: Vec<&'a Item>,
    lines: Vec<Value>,
}

impl<'a> Bill<'a> {
    pub(super) fn new(shelf: &'a Shelf, level: Level, visit: &'a str) -> Bill<'a> {
        Bill { shelf, level, visit, prescribed: Vec::new(), lines: Vec::new() }
    }

    /// So many different things of a kind on a day, each `low` to `high` of it.
    pub(super) fn add(
        &mut self,
        charge: Charge,
        kinds: u64,
        (low, high): (u64, u64),
        day: Day,
        dice: &mut Dice,
    ) {
        for _ in 0..kinds {
            if let Some(item) = self.shelf.draw(charge, day, dice) {
                let count = dice.between(low, high);
                self.line(item, count, day, dice);
            }
        }
    }

    /// Prescribes so many drugs of a kind, for `give`.
    pub(super) fn prescribe(&mut self, charge: Charge, kinds: u64, day: Day, dice: &mut Dice) {
        for _ in 0..kinds {
            self.prescribed.extend(self.shelf.draw(charge, day, dice));
        }
    }

    /// Gives about `hundredths` of what is prescribed.
    pub(super) fn give(&mut self, hundredths: u64, day: Day, dice: &mut Dice) {
        for item in std::mem::take(&mut self.prescribed) {
            if dice.percent(hundredths) && item.valid.contains(day) {
                let count = dice.between(1, 3);
                self.line(item, count, day, dice);
            }
            self.prescribed.push(item);
        }
    }

    fn line(&mut self, item: &Item, count: u64, day: Day, dice: &mut Dice) {
        let price = item.price(self.level, dice);
        let quantity = Quantity::new(i64::try_from(count).unwrap_or(1) * 10_000);
        let approved =
            if item.restricted { Some(if dice.percent(85) { "1" } else { "0" }) } else { None };
        let days = matches!(item.charge, Charge::WesternDrug | Charge::PatentMedicine)
            .then(|| dice.between(3, 14));
        self.write(&item.code, (quantity, price), day, approved, days, None);
        let serial = self.lines.len();
        if count > 1 && dice.percent(2) {
            let back = Quantity::new(-10_000);
            self.write(&item.code, (back, price), day, approved, days, Some(serial));
        }
    }

    fn write(
        &mut self,
        code: &str,
        (quantity, price): (Quantity, Price),
        day: Day,
        approved: Option<&str>,
        days: Option<u64>,
        returns: Option<usize>,
    ) {
        let Some(amount) = price.times(quantity) else { return };
        let mut line = json!({
            "feedetl_sn": format!("{}-{}", self.visit, self.lines.len() + 1),
            "med_list_codg": code,
            "fee_ocur_time": day.to_string(),
            "cnt": quantity.to_units().normalize().to_string(),
            "pric": price.to_yuan().normalize().to_string(),
            "det_item_fee_sumamt": amount.to_string(),
        });
        if let Some(flag) = approved {
            line["hosp_appr_flag"] = json!(flag);
        }
        if let Some(days) = days {
            line["prd_days"] = json!(days);
        }
        if let Some(serial) = returns {
            line["init_feedetl_sn"] = json!(format!("{}-{serial}", self.visit));
        }
        self.lines.push(line);
    }

    /// What was written.
    pub(super) fn lines(self) -> Vec<Value> {
        self.lines
    }
}
