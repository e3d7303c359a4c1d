//! What records say of settlements that were undone, stand again, or were made anew by an operator: what that moves.

use std::collections::BTreeMap;

use serde::Serialize;
use yidan_settlement::event::{Adjusted, Cancelled, Corrected, Event, Moved, Record, Settled};
use yidan_settlement::money::Fen;

use super::books::{Entries, Owners};
use super::form::{Facts, Form, Row, Said};
use super::known::id;
use super::past::{Past, slot_name};
use super::settled::{bill, body, counts, settled_by};
use super::signed;
use crate::answer::{SetlSums, Yuan};
use crate::explain_json::SlotFigure;
use crate::text::Side;

/// What a slot gained or lost.
#[derive(Serialize)]
struct SlotMoved {
    slot: String,
    period: String,
    delta: SlotFigure,
}

/// A settlement that was undone, or stands again.
pub(super) fn undone(
    form: &mut Form,
    cancelled: &Cancelled,
    psn_no: &str,
    facility: &str,
    stands_again: bool,
    past: &Past<'_>,
) {
    let Cancelled { settlement, place, posted, shares } = cancelled;
    let of = Facts::new()
        .with("cancels", "setl_id", Said::Id(*settlement))
        .with("mdtrt_id", "mdtrt_id", id(posted.visit))
        .some(posted.batch.as_ref(), |facts, batch| facts.text("chrg_bchno", "batch 批次", batch))
        .number("settled_in", "settled in record", *place);
    form.line(if stands_again { "put back 恢复" } else { "undone 撤销" }, of);
    let policy = past.policy(posted.policy);
    let was = past.record(*place).and_then(|record| settled_in(record, *settlement));
    if let Some(was) = was {
        let decision = if stands_again { was.decision } else { was.decision.reversed() };
        let pack = policy.as_ref().and_then(|policy| policy.pack.as_deref());
        // What the account has after it is not of the record: others may have come between.
        bill(form, &SetlSums { balc: None, ..SetlSums::of(&decision, pack) });
    }
    moved_slots(form, &[posted], &BTreeMap::new(), past);
    let owners = Owners { psn_no, facility, shares };
    Entries::of_moved(posted, owners).put(form);
}

/// The settlement of a number, in the record that says what it was.
fn settled_in(record: Record, settlement: u64) -> Option<Settled> {
    if let Event::Settled(settled) = record.event {
        return (record.seq == settlement).then_some(*settled);
    }
    let Event::Corrected(corrected) = record.event else { return None };
    let mut adjusted = corrected.adjusted.into_iter();
    adjusted.find(|one| one.settlement == settlement).map(|one| one.settled)
}

/// By period and slot: whether it counts, and what it gained.
type Gained = BTreeMap<(String, String), (bool, Fen)>;

fn gain(gained: &mut Gained, name: (String, String), count: bool, delta: Fen) {
    let (_, sum) = gained.entry(name).or_insert((count, Fen::ZERO));
    *sum = sum.plus(delta);
}

fn moved_slots(form: &mut Form, moved: &[&Moved], more: &Gained, past: &Past<'_>) {
    let mut gained = more.clone();
    for one in moved {
        let policy = past.policy(one.policy);
        for (key, delta) in &one.slots {
            let name = slot_name(*key, &one.labels, policy.as_ref());
            gain(&mut gained, name, counts(*key, policy.as_ref()), *delta);
        }
    }
    let heads = [("", Side::Left), ("change 增减", Side::Right)];
    let rows = gained.into_iter().filter(|(_, (_, delta))| !delta.is_zero());
    let row = |((period, slot), (count, value)): ((String, String), (bool, Fen))| {
        let delta = SlotFigure { count, value };
        let shown = if count { format!("{:+}", value.get()) } else { signed(value) };
        Row::new(vec![format!("{period} {slot}"), shown], &SlotMoved { slot, period, delta })
    };
    form.table("slots 累计", "slots", &heads, rows.map(row).collect(), None);
}

/// What an operator had made anew.
pub(super) fn corrected(form: &mut Form, record: &Record, corrected: &Corrected, past: &Past<'_>) {
    let Corrected { correction, cancelled, adjusted } = corrected;
    let title = Facts::new()
        .with("setl_id", "own setl_id", Said::Id(record.seq))
        .text("psn_no", "psn_no", &record.request.psn_no)
        .with("first", "from settlement", Said::Id(correction.first))
        .with("cancel", "it is cancelled 撤销", Said::Flag(correction.cancel))
        .text("day", "posted to 记账日", correction.day);
    form.title("corrected", "settlements made anew 更正重算", title);
    let psn_no = &record.request.psn_no;
    if let Some((facility, one)) = cancelled {
        let mut part = Form::default();
        part.object("fixmedins_code", &facility.as_str());
        undone(&mut part, one, psn_no, facility, false, past);
        form.words("cancelled 撤销", &[format!("of {facility}")], "");
        form.part("cancelled", part);
    }
    let parts: Vec<(String, Form)> =
        adjusted.iter().map(|one| adjustment(one, psn_no, past)).collect();
    if parts.is_empty() {
        form.words("adjusted 调整", &["none: the others come out as they were".to_owned()], "");
    }
    form.parts("adjusted", &parts);
}

/// A settlement that comes out otherwise: what it is now, and what that moves.
fn adjustment(one: &Adjusted, psn_no: &str, past: &Past<'_>) -> (String, Form) {
    let Adjusted { number, settlement, place, facility, taken_back, settled } = one;
    let funds_before: Fen = taken_back.funds.iter().map(|(_, amount)| *amount).sum();
    let funds = settled.decision.fund_sum().plus(funds_before);
    let heading = format!(
        "adjustment 调整 {number}: of setl_id {settlement}, of {facility}; funds pay {} 基金增减",
        signed(funds)
    );
    let mut form = Form::default();
    form.object("setl_id", &number.to_string());
    form.object("adjusts", &settlement.to_string());
    form.object("fixmedins_code", &facility.as_str());
    form.object("fund_pay_sumamt", &Yuan(funds));
    let was = Facts::new().number("settled_in", "settled in record", *place);
    form.line("was 原", was);
    let policy = past.policy(settled.policy);
    let owners = Owners { psn_no, facility, shares: &settled.shares };
    body(&mut form, settled, policy.as_ref(), owners, past);
    let mut gained = Gained::new();
    for change in &settled.decision.changes {
        let name = slot_name(change.key, &settled.labels, policy.as_ref());
        gain(&mut gained, name, counts(change.key, policy.as_ref()), change.delta());
    }
    moved_slots(&mut form, &[taken_back], &gained, past);
    // What was posted is taken back, and what it is now posted. Where its record is here, that names the family accounts.
    let was = past.record(*place).and_then(|record| settled_in(record, *settlement));
    let mut entries = match was {
        Some(was) => {
            Entries::of(&was.decision.reversed(), Owners { shares: &was.shares, ..owners })
        }
        None => Entries::of_moved(taken_back, owners),
    };
    entries.plus(Entries::of(&settled.decision, owners));
    entries.put(&mut form);
    settled_by(&mut form, settled, policy.as_ref(), past);
    (heading, form)
}
