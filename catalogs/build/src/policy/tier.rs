//! A tier as written: what holds for all of it. Its rows are read in `part`.

use yidan_settlement::id::{LineKind, SlotId, TierId};
use yidan_settlement::money::{Fen, Rate, Rounding};
use yidan_settlement::pack::{
    Add, Band, BandsFrom, BandsPay, Base, Deductible, FundType, PARTS, Part, Per,
};

use super::condition::{self, LevelMeans, RowHead};
use super::heading::Heading;
use super::names::unknown;
use super::part;
use super::read::{Node, Value};
use super::slots::SlotsOfTier;

/// A tier with its rows.
#[derive(Clone, Debug)]
pub(super) struct TierDraft {
    pub(super) head: RowHead,
    pub(super) name: String,
    pub(super) fund: FundType,
    pub(super) basic: bool,
    pub(super) base: Base,
    pub(super) kinds: Vec<LineKind>,
    pub(super) rounding: Rounding,
    pub(super) bands_at: Option<SlotId>,
    pub(super) bands_from: BandsFrom,
    pub(super) bands_pay: BandsPay,
    pub(super) above_cap_facility: bool,
    pub(super) changes_listed: bool,
    pub(super) first_shares: Vec<Ruled<FirstShare>>,
    pub(super) deductibles: Vec<Ruled<Deductible>>,
    pub(super) factors: Vec<Ruled<Rate>>,
    pub(super) bands: Vec<Ruled<Vec<Band>>>,
    pub(super) changes: Vec<Ruled<Change>>,
    pub(super) caps: Vec<Ruled<CapDraft>>,
    pub(super) floors: Vec<Ruled<FloorDraft>>,
    pub(super) adds: Vec<Ruled<Add>>,
}

/// A value and where, when and on what ground it holds.
#[derive(Clone, Debug)]
pub(super) struct Ruled<T> {
    pub(super) head: RowHead,
    pub(super) value: T,
}

#[derive(Copy, Clone, Debug)]
pub(super) struct FirstShare {
    pub(super) rate: Rate,
    pub(super) penalty: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) of: ChangeOf,
    pub(super) penalty: bool,
    /// Only for these line kinds.
    pub(super) kinds: Option<Vec<LineKind>>,
}

/// Ratios in parts per ten thousand.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum ChangeOf {
    /// On the member's share; may be above the whole.
    Factor(i64),
    Points(i64),
    /// `each` for every year of age from `from` on, that one among them.
    PointsPerYear {
        from: u16,
        each: i64,
        most: i64,
    },
    Floor(Rate),
    Ceiling(Rate),
}

#[derive(Clone, Debug)]
pub(super) struct CapDraft {
    pub(super) on: CapOn,
    pub(super) slot: Option<SlotId>,
    pub(super) amount: CapAmountDraft,
    pub(super) per: Per,
    pub(super) plus: Option<Plus>,
}

#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub(super) enum CapOn {
    CostBefore,
    CostAfter,
    Payment,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum CapAmountDraft {
    Fixed(Fen),
    Approval,
    Unlimited,
}

/// A bonus for paid years: `each` for every year from `from` on, that one among them.
#[derive(Copy, Clone, Debug)]
pub(super) struct Plus {
    pub(super) from: u16,
    pub(super) each: Fen,
    pub(super) most: Fen,
}

#[derive(Copy, Clone, Debug)]
pub(super) struct FloorDraft {
    pub(super) rate: Rate,
    pub(super) of_total: bool,
    pub(super) without_deductible: bool,
}

const PART_NAMES: [(&str, Part); PARTS] = [
    ("prepay", Part::PrePay),
    ("first_share", Part::FirstShare),
    ("deductible", Part::Deductible),
    ("copay", Part::CoPay),
    ("above_cap", Part::AboveCap),
];

/// Funds whose deductible is `act_pay_dedc` unless the tier says otherwise.
const BASIC_FUNDS: [u32; 4] = [310_100, 310_102, 390_100, 390_102];

/// Reads all tiers, in order, and tells of each whether it was read without an error.
pub(super) fn read(root: &Node<'_>, heading: &Heading) -> (Vec<TierDraft>, Vec<bool>) {
    let (mut tiers, mut whole) = (Vec::new(), Vec::new());
    for node in root.tables("tier", "[[tier]]") {
        let before = root.sink.errors();
        let tier = tier(&node, heading, &tiers);
        node.finish();
        whole.push(root.sink.errors() == before);
        tiers.push(tier);
    }
    (tiers, whole)
}

fn tier(node: &Node<'_>, heading: &Heading, earlier: &[TierDraft]) -> TierDraft {
    let head = condition::head(node, heading, LevelMeans::Care, false);
    let name = tier_name(node, earlier);
    let fund = fund(node);
    let basic = BASIC_FUNDS.contains(&fund.get());
    let base = node.need("base").and_then(|value| base(value, earlier));
    let kinds = kinds(node, heading);
    let slots = SlotsOfTier { slots: &heading.known.slots, kinds: &kinds };
    let choose = |key, words: &[(&'static str, bool)]| {
        node.get(key).and_then(|value| value.choice(words)).unwrap_or(false)
    };
    let down = choose("rounding", &[("half_away", false), ("down", true)]);
    let from_zero = choose("bands_from", &[("deductible", false), ("zero", true)]);
    let increment = choose("bands_pay", &[("difference", false), ("increment", true)]);
    let above_cap_facility = choose("above_cap", &[("member", false), ("facility", true)]);
    let changes_listed = choose("changes_order", &[("standard", false), ("listed", true)]);
    let bands_at = node.get("bands_at").and_then(|value| match value.text()? {
        "visit" => None,
        _ => slots.find(value),
    });
    let rows = part::Rows { node, heading, kinds: &kinds };
    TierDraft {
        basic: node.get("basic").and_then(Value::truth).unwrap_or(basic),
        base: base.unwrap_or(Base::InScope),
        rounding: if down { Rounding::Down } else { Rounding::HalfAway },
        bands_at,
        bands_from: if from_zero { BandsFrom::Zero } else { BandsFrom::Deductible },
        bands_pay: if increment { BandsPay::Increment } else { BandsPay::Difference },
        above_cap_facility,
        changes_listed,
        first_shares: rows.first_shares(),
        deductibles: rows.deductibles(),
        factors: rows.factors(),
        bands: rows.bands(),
        changes: rows.changes(),
        caps: rows.caps(),
        floors: rows.floors(),
        adds: rows.adds(),
        head,
        name,
        fund,
        kinds,
    }
}

fn tier_name(node: &Node<'_>, earlier: &[TierDraft]) -> String {
    let value = node.need("id");
    let name = value.and_then(Value::name).unwrap_or("").to_owned();
    if let Some(other) = earlier.iter().find(|tier| !name.is_empty() && tier.name == name) {
        let line = other.head.line;
        let at = value.map_or(node.at, Value::at);
        node.sink.error(at, format!("two tiers have the id \"{name}\", the first on line {line}"));
    }
    name
}

fn fund(node: &Node<'_>) -> FundType {
    let any = FundType::parse("000000").expect("six digits");
    let Some(value) = node.need("fund") else { return any };
    let Some(text) = value.text() else { return any };
    FundType::parse(text).unwrap_or_else(|| {
        let message = format!("\"{text}\" is not a fund");
        node.sink.unexpected(
            value.at(),
            message,
            "a fund_pay_type of six digits, such as \"390100\"",
        );
        any
    })
}

fn base(value: Value<'_>, earlier: &[TierDraft]) -> Option<Base> {
    if value.is_text() {
        let words = [("in_scope", Base::InScope), ("in_scope+prepay", Base::InScopeAndPrePay)];
        return value.choice(&words);
    }
    let node = value.table("`base`".to_owned())?;
    let (above, left) = (node.get("above_cap_of"), node.get("left"));
    let loss = node.get("filing_loss");
    node.finish();
    match (above, left) {
        (Some(above), None) => {
            if let Some(loss) = loss {
                let message = "`filing_loss` is said only of `left`".to_owned();
                node.sink.error(loss.at(), message);
            }
            let text = above.text()?;
            let index = earlier.iter().position(|tier| tier.name == text);
            let Some(index) = index.and_then(|index| u8::try_from(index).ok()) else {
                let known: Vec<&str> = earlier.iter().map(|tier| tier.name.as_str()).collect();
                unknown(node.sink, above.at(), "earlier tier", text, &known);
                return None;
            };
            Some(Base::AboveCapOf(TierId::new(index)))
        }
        (None, Some(left)) => {
            let mut parts = [false; PARTS];
            for item in left.each() {
                let Some(part) = item.choice(&PART_NAMES) else { continue };
                let place = &mut parts[part.index()];
                if *place {
                    node.sink.error(item.at(), "a part is named twice".to_owned());
                }
                *place = true;
            }
            let words = [("in", false), ("out", true)];
            let out = loss.and_then(|value| value.choice(&words)).unwrap_or(false);
            Some(Base::Left { parts, without_filing_loss: out })
        }
        _ => {
            let message = "`base` as a table says one of two things".to_owned();
            let expected = "{ above_cap_of = \"tier\" } or { left = [parts] }";
            node.sink.unexpected(node.at, message, expected);
            None
        }
    }
}

fn kinds(node: &Node<'_>, heading: &Heading) -> Vec<LineKind> {
    let names = &heading.known.line_kinds;
    let Some(value) = node.get("kinds") else {
        let count = u8::try_from(names.len()).unwrap_or(u8::MAX);
        return (0..count).map(LineKind::new).collect();
    };
    part::line_kinds(value, heading)
}
