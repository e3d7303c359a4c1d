//! The rows of a tier as written: first shares, deductibles, factors, bands, changes, caps, floors and adds; and accounts.

use yidan_settlement::id::LineKind;
use yidan_settlement::limits;
use yidan_settlement::money::{Fen, Rate};
use yidan_settlement::pack::{
    AccountRow, Add, AddOf, Band, Continued, Deductible, DeductibleAmount, PARTS, Part, Per,
    ShareOf,
};

use super::condition::{self, LevelMeans};
use super::heading::Heading;
use super::read::{Node, Value};
use super::slots::SlotsOfTier;
use super::tier::{
    CapAmountDraft, CapDraft, CapOn, Change, ChangeOf, FirstShare, FloorDraft, Plus, Ruled,
};

/// A tier whose rows are to be read.
pub(super) struct Rows<'r, 'a> {
    pub(super) node: &'r Node<'a>,
    pub(super) heading: &'r Heading,
    /// The line kinds of the tier.
    pub(super) kinds: &'r [LineKind],
}

const PERS: [(&str, Per); 3] =
    [("visit", Per::Visit), ("session", Per::Session), ("day", Per::Day)];

/// The most that a factor on the member's share may be, in parts per ten thousand.
const FACTOR_MAX: i64 = 100_000;

impl<'a> Rows<'_, 'a> {
    pub(super) fn first_shares(&self) -> Vec<Ruled<FirstShare>> {
        self.rows("first_share", "[[tier.first_share]]", |node| {
            let rate = node.need("rate").and_then(Value::rate);
            let penalty = node.get("penalty").and_then(Value::truth).unwrap_or(false);
            Some(FirstShare { rate: rate?, penalty })
        })
    }

    pub(super) fn deductibles(&self) -> Vec<Ruled<Deductible>> {
        let slots = self.slots();
        self.rows("deductible", "[[tier.deductible]]", |node| deductible(node, slots))
    }

    pub(super) fn factors(&self) -> Vec<Ruled<Rate>> {
        self.rows("deductible_factor", "[[tier.deductible_factor]]", |node| {
            node.need("rate").and_then(Value::rate)
        })
    }

    pub(super) fn bands(&self) -> Vec<Ruled<Vec<Band>>> {
        self.rows("band", "[[tier.band]]", bands)
    }

    pub(super) fn changes(&self) -> Vec<Ruled<Change>> {
        self.rows("change", "[[tier.change]]", |node| {
            let of = change(node);
            let penalty = node.get("penalty").and_then(Value::truth).unwrap_or(false);
            let value = node.get("kinds");
            let kinds = value.map(|value| line_kinds(value, self.heading));
            for kind in kinds.iter().flatten().filter(|kind| !self.kinds.contains(kind)) {
                let name = self.heading.known.line_kinds.get(u16::from(kind.get()));
                let message = format!("the tier does not take the line kind \"{name}\"");
                node.sink.error(value.map_or(node.at, Value::at), message);
            }
            Some(Change { of: of?, penalty, kinds })
        })
    }

    pub(super) fn caps(&self) -> Vec<Ruled<CapDraft>> {
        let slots = self.slots();
        let mut rows = self.rows("cap", "[[tier.cap]]", |node| cap(node, slots));
        for row in &mut rows {
            // A row that lifts a cap is there to stand in place of the others.
            row.head.exception |= row.value.amount == CapAmountDraft::Unlimited;
        }
        rows
    }

    pub(super) fn floors(&self) -> Vec<Ruled<FloorDraft>> {
        self.rows("floor", "[[tier.floor]]", |node| {
            let rate = node.need("rate").and_then(Value::rate);
            let of = node
                .get("of")
                .map_or(Some(false), |v| v.choice(&[("base", false), ("total", true)]));
            let out = node
                .get("deductible")
                .map_or(Some(false), |v| v.choice(&[("in", false), ("out", true)]));
            Some(FloorDraft { rate: rate?, of_total: of?, without_deductible: out? })
        })
    }

    pub(super) fn adds(&self) -> Vec<Ruled<Add>> {
        let slots = self.slots();
        self.rows("add", "[[tier.add]]", |node| add(node, slots))
    }

    fn slots(&self) -> SlotsOfTier<'_> {
        SlotsOfTier { slots: &self.heading.known.slots, kinds: self.kinds }
    }

    /// Reads the rows of one part; a row whose value is wrong was reported and is left out.
    fn rows<T>(
        &self,
        key: &'static str,
        name: &str,
        read: impl Fn(&Node<'a>) -> Option<T>,
    ) -> Vec<Ruled<T>> {
        let level = match key {
            "deductible" | "deductible_factor" => LevelMeans::Deductible,
            _ => LevelMeans::Care,
        };
        // Adds never stand in each other's way, so none is an exception.
        let may_be_exception = key != "add";
        let mut rows = Vec::new();
        for node in self.node.tables(key, name) {
            let head = condition::head(&node, self.heading, level, may_be_exception);
            let value = read(&node);
            node.finish();
            rows.extend(value.map(|value| Ruled { head, value }));
        }
        rows
    }
}

/// Reads the account rows.
pub(super) fn accounts(root: &Node<'_>, heading: &Heading) -> Vec<Ruled<AccountRow>> {
    let mut rows = Vec::new();
    for node in root.tables("account", "[[account]]") {
        let head = condition::head(&node, heading, LevelMeans::Care, true);
        let mut row = account(&node);
        row.source = head.source;
        node.finish();
        rows.push(Ruled { head, value: row });
    }
    rows
}

fn account(node: &Node<'_>) -> AccountRow {
    let names = [
        ("own", None),
        ("over_ceiling", None),
        ("prepay", Some(Part::PrePay)),
        ("first_share", Some(Part::FirstShare)),
        ("deductible", Some(Part::Deductible)),
        ("copay", Some(Part::CoPay)),
        ("above_cap", Some(Part::AboveCap)),
    ];
    let mut row = AccountRow {
        own_cost: false,
        over_ceiling: false,
        parts: [false; PARTS],
        own: false,
        family: false,
        family_first: false,
        source: yidan_settlement::id::SourceId::new(0),
    };
    for item in node.need("parts").map(Value::each).unwrap_or_default() {
        match item.choice(&names) {
            Some(Some(part)) => row.parts[part.index()] = true,
            Some(None) if item.text() == Some("own") => row.own_cost = true,
            Some(None) => row.over_ceiling = true,
            None => {}
        }
    }
    for item in node.need("order").map(Value::each).unwrap_or_default() {
        match item.choice(&[("own", true), ("family", false)]) {
            Some(true) => {
                row.family_first = row.family;
                row.own = true;
            }
            Some(false) => row.family = true,
            None => {}
        }
    }
    row
}

/// Line kinds that a value names, each once.
pub(super) fn line_kinds(value: Value<'_>, heading: &Heading) -> Vec<LineKind> {
    let mut kinds: Vec<LineKind> = Vec::new();
    for item in value.each() {
        let index = heading.known.line_kinds.find(value.sink, item);
        let Some(index) = index.and_then(|index| u8::try_from(index).ok()) else { continue };
        let kind = LineKind::new(index);
        if kinds.contains(&kind) {
            value.sink.error(item.at(), "a line kind is named twice".to_owned());
            continue;
        }
        kinds.push(kind);
    }
    kinds
}

/// Exactly one of some keys; which one, and its value.
fn one_key<'a>(node: &Node<'a>, keys: &[&'static str]) -> Option<(&'static str, Value<'a>)> {
    let mut found = None;
    let mut count = 0_usize;
    for key in keys {
        if let Some(value) = node.get(key) {
            count += 1;
            found = Some((*key, value));
        }
    }
    if count != 1 {
        let what = if count == 0 { "none" } else { "more than one" };
        let listed: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let expected = format!("exactly one of {}", listed.join(", "));
        let message = format!("{} has {what} of the keys that give its value", node.name);
        node.sink.unexpected(node.at, message, &expected);
        return None;
    }
    found
}

fn deductible(node: &Node<'_>, slots: SlotsOfTier<'_>) -> Option<Deductible> {
    let slot_of = |key| node.get(key).and_then(|value| slots.find(value));
    let (count, counted) = (slot_of("count"), slot_of("counted"));
    let less = slot_of("less");
    let per = node.get("per").and_then(|value| value.choice(&PERS)).unwrap_or(Per::Visit);
    let continued_words = [
        ("difference", Continued::Difference),
        ("nought", Continued::Nought),
        ("full", Continued::Full),
    ];
    // The same key is a condition when it is true or false.
    let continued = node.get("continued").filter(|value| value.is_text());
    let continued = continued.and_then(|value| value.choice(&continued_words));
    let ceiling = node.get("ceiling").and_then(|value| value.table("`ceiling`".to_owned()));
    let ceiling = ceiling.and_then(|node| {
        let amount = node.need("amount").and_then(Value::amount);
        let of = node.need("slot").and_then(|value| slots.find(value));
        node.finish();
        Some((amount?, of?))
    });
    let (key, value) = one_key(node, &["amount", "amounts", "share"])?;
    if key != "amounts" && (node.has("count") || node.has("counted")) {
        let message = "`count` and `counted` are said only of `amounts`".to_owned();
        node.sink.error(node.at, message);
    }
    let amount = match key {
        "amount" => DeductibleAmount::Fixed(value.amount()?),
        "amounts" => {
            for key in ["count", "counted"] {
                if !node.has(key) {
                    node.sink.error(node.at, format!("`amounts` needs `{key}`"));
                }
            }
            let amounts: Vec<Fen> = value.each().into_iter().filter_map(Value::amount).collect();
            if amounts.is_empty() {
                return None;
            }
            DeductibleAmount::ByAdmission { amounts, count: count?, counted: counted? }
        }
        _ => share(&value.table("`share`".to_owned())?)?,
    };
    let continued = continued.unwrap_or(Continued::Difference);
    Some(Deductible { amount, per, factors: Vec::new(), less, ceiling, continued })
}

fn share(node: &Node<'_>) -> Option<DeductibleAmount> {
    let rate = node.need("rate").and_then(Value::rate);
    let words =
        [("total", ShareOf::Total), ("in_scope", ShareOf::InScope), ("base", ShareOf::Base)];
    let of = node.need("of").and_then(|value| value.choice(&words));
    let min = node.get("min").map_or(Some(Fen::ZERO), Value::amount);
    let max = node.get("max").map_or(Some(Fen::UNLIMITED), Value::amount);
    node.finish();
    let (min, max) = (min?, max?);
    if min > max {
        node.sink.error(node.at, format!("the least, {min}, is above the most, {max}"));
    }
    Some(DeductibleAmount::Share { rate: rate?, of: of?, min, max })
}

fn bands(node: &Node<'_>) -> Option<Vec<Band>> {
    let (key, value) = one_key(node, &["bands", "rate"])?;
    if key == "rate" {
        return Some(vec![Band { to: Fen::UNLIMITED, rate: value.rate()? }]);
    }
    let items = value.items();
    if items.is_empty() {
        node.sink.unexpected(value.at(), "there are no bands".to_owned(), "at least one band");
        return None;
    }
    let (last, mut before) = (items.len() - 1, Fen::ZERO);
    let mut bands = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let band = item.table("a band".to_owned())?;
        let rate = band.need("rate").and_then(Value::rate);
        let to = band.get("to");
        band.finish();
        let amount = match (to, index == last) {
            (None, true) => Some(Fen::UNLIMITED),
            (None, false) => {
                node.sink.error(band.at, "every band but the last needs `to`".to_owned());
                None
            }
            (Some(to), true) => {
                let message = "the last band has no end".to_owned();
                node.sink.mendable(to.at(), message, "", "leave `to` out of it".to_owned());
                None
            }
            (Some(to), false) => to.amount(),
        };
        let (Some(end), Some(rate)) = (amount, rate) else { continue };
        if end <= before {
            let message = format!("the bands do not rise: {end} does not come after {before}");
            node.sink.error(to.map_or(band.at, Value::at), message);
        }
        before = end;
        bands.push(Band { to: end, rate });
    }
    if last >= limits::BANDS_MAX {
        let message = format!("{} bands; a row has at most {}", last + 1, limits::BANDS_MAX);
        node.sink.error(value.at(), message);
    }
    (bands.len() == last + 1).then_some(bands)
}

fn change(node: &Node<'_>) -> Option<ChangeOf> {
    let keys = ["factor", "points", "points_per_year", "floor", "ceiling"];
    let (key, value) = one_key(node, &keys)?;
    match key {
        "factor" => {
            let expected = "a factor on the member's share as a percentage, such as \"60%\"";
            value.percent(expected, 0, FACTOR_MAX).map(ChangeOf::Factor)
        }
        "points" => points(value, -10_000).map(ChangeOf::Points),
        "floor" => value.rate().map(ChangeOf::Floor),
        "ceiling" => value.rate().map(ChangeOf::Ceiling),
        _ => {
            let node = value.table("`points_per_year`".to_owned())?;
            let from = node.need("age_from").and_then(|value| value.whole(limits::AGE_MAX));
            let each = node.need("points").and_then(|value| points(value, -10_000));
            let most = node.need("max").and_then(|value| points(value, -10_000));
            node.finish();
            let (from, each, most) = (from?, each?, most?);
            if each == 0 || most == 0 || (each < 0) != (most < 0) {
                let message = "`points` and `max` do not point the same way".to_owned();
                node.sink.unexpected(node.at, message, "both above nought, or both below");
                return None;
            }
            Some(ChangeOf::PointsPerYear { from, each, most })
        }
    }
}

fn points(value: Value<'_>, least: i64) -> Option<i64> {
    value.percent("percentage points with a sign, such as \"+5%\" or \"-10%\"", least, 10_000)
}

fn cap(node: &Node<'_>, slots: SlotsOfTier<'_>) -> Option<CapDraft> {
    let words = [
        ("payment", CapOn::Payment),
        ("cost_before", CapOn::CostBefore),
        ("cost_after", CapOn::CostAfter),
    ];
    let on = node.need("on").and_then(|value| value.choice(&words));
    let named = node.get("slot");
    let of = named.map(|value| slots.find(value));
    let per = node.get("per").and_then(|value| value.choice(&PERS)).unwrap_or(Per::Visit);
    let plus = node.get("plus").and_then(|value| value.table("`plus`".to_owned()));
    let plus = plus.and_then(|node| {
        let from = node.need("paid_years_from").and_then(|value| value.whole(limits::AGE_MAX));
        let each = node.need("each").and_then(Value::amount);
        let most = node.need("max").and_then(Value::amount);
        node.finish();
        let (each, most) = (each?, most?);
        if each.is_zero() || each > most {
            let message = format!("`each`, {each}, is nought or above `max`, {most}");
            node.sink.error(node.at, message);
            return None;
        }
        Some(Plus { from: from?, each, most })
    });
    let (key, value) = one_key(node, &["amount", "unlimited"])?;
    let amount = match key {
        "amount" if value.is_text() && value.text() == Some("approval") => CapAmountDraft::Approval,
        "amount" => CapAmountDraft::Fixed(value.amount()?),
        _ if value.truth()? => CapAmountDraft::Unlimited,
        _ => {
            node.sink
                .error(value.at(), "`unlimited = false` says nothing: leave it out".to_owned());
            return None;
        }
    };
    if plus.is_some() && !matches!(amount, CapAmountDraft::Fixed(_)) {
        node.sink.error(node.at, "`plus` is said only of a cap with a fixed amount".to_owned());
        return None;
    }
    let slot = match of {
        Some(None) => return None,
        Some(slot) => slot,
        None => None,
    };
    Some(CapDraft { on: on?, slot, amount, per, plus })
}

fn add(node: &Node<'_>, slots: SlotsOfTier<'_>) -> Option<Add> {
    let of = node.need("slot").and_then(|value| slots.find(value));
    let words = [
        ("base", AddOf::Base),
        ("first_share", AddOf::FirstShare),
        ("deductible", AddOf::Deductible),
        ("above_deductible", AddOf::AboveDeductible),
        ("paid", AddOf::Paid),
        ("left", AddOf::Left),
        ("one", AddOf::One),
    ];
    let what = node.need("of").and_then(|value| value.choice(&words));
    Some(Add { slot: of?, of: what? })
}
